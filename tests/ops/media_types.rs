//! The media types and contents of a registry apply to that registry only: wrong types, and manifests that another one
//! lacks, do no harm elsewhere.

use regtui::client::{ClientSettings, Pool, Priority};
use regtui::demo::faults::Fault;
use regtui::demo::manifest::media_type;
use regtui::demo::{Demo, Store};
use regtui::model::change::copy::{self, What};
use regtui::model::change::delete::{self, Along, DeleteMethod};
use regtui::model::change::{ChangeRequest, retag};
use regtui::model::digest::Digest;
use regtui::model::reference::{Repository, Selector};
use regtui::ops::context::ChangeContext;
use regtui::ops::journal::Journal;

use crate::support::context::Shop;
use crate::support::registry::{self, Registry, host, name, tag};

/// An image and an index, each with two tags. Their bytes name no media type.
fn untyped() -> Store {
    let store = Store::new();
    let config = store
        .put_blob("app", r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#);
    let bytes = format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":78}},"layers":[]}}"#
    );
    let image = store.put_manifest("app", media_type::OCI_MANIFEST, bytes.clone());
    let bytes = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{}","digest":"{image}","size":{}}}]}}"#,
        media_type::OCI_MANIFEST,
        bytes.len()
    );
    let index = store.put_manifest("app", media_type::OCI_INDEX, bytes);
    for (tag, digest) in [("1", image), ("2", image), ("all", index), ("every", index)] {
        store.tag("app", tag, digest);
    }
    store
}

/// Answers with Docker's media types for every manifest.
fn lies(demo: &Demo, store: &Store) {
    let index = store.digest_of("app", "all").map(|digest| digest.to_string()).unwrap_or_default();
    demo.fault(move |request, _| {
        let is_read =
            matches!(request.method.as_str(), "GET" | "HEAD") && request.path.contains("/manifests/");
        let is_index = ["all", "every", index.as_str()].iter().any(|end| request.path.ends_with(end));
        let said = if is_index { media_type::DOCKER_LIST } else { media_type::DOCKER_MANIFEST };
        is_read.then(|| Fault::Headers(vec![("content-type".into(), Some(said.into()))]))
    });
}

/// A registry that lies, and a shop in front of an honest one with the same content; both use one cache.
async fn liar_and_shop(settings: ClientSettings) -> (Registry, Shop) {
    let liar = Registry::new(Default::default(), untyped(), settings).await;
    lies(&liar.demo, &untyped());
    let mut honest = Registry::open(untyped()).await;
    (honest.pool, honest.client) = (liar.pool.clone(), liar.pool.client(&host(&honest.demo)));
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().join("journal"));
    let context = ChangeContext { pool: liar.pool.clone(), rules: Default::default(), journal };
    (liar, Shop { registry: honest, context, folder })
}

/// Reads everything, by tag and by digest, as browsing does.
async fn browse(registry: &Registry) {
    for text in ["1", "all"] {
        let found =
            registry.client.manifest(&name("app"), &Selector::Tag(tag(text)), Priority::Interactive).await;
        let digest = Selector::Digest(found.expect("a manifest").digest);
        registry.client.manifest(&name("app"), &digest, Priority::Interactive).await.expect("a manifest");
    }
}

fn types(shop: &Shop, repository: &str) -> Vec<String> {
    let found = shop.store().repository(repository).expect("it is there");
    let mut types: Vec<String> =
        found.manifests.values().map(|manifest| manifest.media_type.to_string()).collect();
    types.sort();
    types
}

async fn deletes_and_undoes(shop: &Shop) {
    let before = shop.store().repository("app").expect("it is there").tags.clone();
    let request = ChangeRequest::Delete(delete::DeleteRequest {
        repository: shop.repository("app"),
        selectors: ["1", "all"].iter().map(|text| Selector::Tag(tag(text))).collect(),
        all_tags: false,
        method: Some(DeleteMethod::Image),
        along: Along { children: true, referrers: true },
        keep: false,
    });
    let deleted = shop.carry_out(&request).await;
    assert!(deleted.is_success(), "{deleted:#?}");
    assert!(shop.tags("app").is_empty());
    let undone = shop.undo(&deleted).await;
    assert!(undone.is_success(), "{undone:#?}");
    assert_eq!(shop.tags("app"), before);
    assert_eq!(types(shop, "app"), [media_type::OCI_INDEX, media_type::OCI_MANIFEST]);
}

/// Copies the index, and checks the media types that the destination has then.
async fn copies_with_right_types(shop: &Shop, from: Repository, to: Repository) {
    let what = What::Images(vec![Selector::Tag(tag("all"))]);
    let request = copy::CopyRequest { referrers: false, ..copy::CopyRequest::with_referrers(from, what, to) };
    let report = shop.carry_out(&ChangeRequest::Copy(request)).await;
    assert!(report.is_success(), "{report:#?}");
    assert_eq!(types(shop, "copy"), [media_type::OCI_INDEX, media_type::OCI_MANIFEST]);
}

#[tokio::test]
async fn undo_works_although_another_registry_named_a_wrong_type_of_the_same_bytes() {
    let (liar, shop) = liar_and_shop(registry::settings()).await;
    browse(&liar).await;
    deletes_and_undoes(&shop).await;
}

#[tokio::test]
async fn a_wrong_type_that_an_earlier_run_kept_on_disk_does_no_harm_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = || ClientSettings { cache: Some(folder.path().into()), ..registry::settings() };
    let (liar, shop) = liar_and_shop(settings()).await;
    browse(&liar).await;
    liar.pool.flush().await;
    let context = ChangeContext { pool: Pool::new(settings()), ..shop.context.clone() };
    deletes_and_undoes(&Shop { context, ..shop }).await;
}

#[tokio::test]
async fn tags_and_copies_are_put_under_the_type_of_their_own_registry() {
    let (liar, shop) = liar_and_shop(registry::settings()).await;
    browse(&liar).await;
    let (from, to) = (shop.repository("app"), shop.repository("copy"));
    let items = vec![
        (Selector::Tag(tag("1")), from.clone(), tag("new")),
        (Selector::Tag(tag("all")), from.clone(), tag("new-all")),
    ];
    let retag = retag::RetagRequest { from: from.clone(), items, mode: retag::RetagMode::Add, keep: false };
    let report = shop.carry_out(&ChangeRequest::Retag(retag)).await;
    assert!(report.is_success(), "{report:#?}");
    copies_with_right_types(&shop, from, to).await;
}

#[tokio::test]
async fn a_copy_out_of_a_registry_that_says_wrong_types_says_the_right_ones_to_another() {
    let (liar, shop) = liar_and_shop(registry::settings()).await;
    let from = Repository { host: host(&liar.demo), name: name("app") };
    copies_with_right_types(&shop, from, shop.repository("copy")).await;
}

#[tokio::test]
async fn the_journal_has_the_type_that_the_registry_says_now_and_not_an_older_one() {
    let shop = Shop::open(untyped()).await;
    lies(&shop.registry.demo, shop.store());
    browse(&shop.registry).await;
    shop.registry.demo.clear_faults();
    deletes_and_undoes(&shop).await;
}

#[tokio::test]
async fn a_manifest_of_another_repository_is_not_shown_in_one_that_lacks_it() {
    let (liar, shop) = liar_and_shop(registry::settings()).await;
    let only_there = liar.demo.store().image("app").label("only", "there").tag("x").push().digest;
    let digest: Digest = only_there;
    let read = async |registry: &Registry, repository: &str| {
        registry.client.manifest(&name(repository), &Selector::Digest(digest), Priority::Interactive).await
    };
    liar.demo.clear_faults();
    read(&liar, "app").await.expect("it is there");
    let missing = read(&shop.registry, "app").await.expect_err("it is not there");
    assert_eq!(missing.cause.status(), Some(404));
    let missing = read(&liar, "other").await.expect_err("nor in another repository");
    assert_eq!(missing.cause.status(), Some(404));
}
