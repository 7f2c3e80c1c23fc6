//! Manifests put, tags and manifests deleted, blobs looked for and mounted: registries.md §7 and §8, §10 rows 31 to 36.

use regtui::client::{Lane, Mount};
use regtui::demo::faults::Fault;
use regtui::demo::{self, Store};
use regtui::model::digest::Digest;
use regtui::model::reference::Selector;
use regtui::model::server::Ability;

use crate::support::registry::{Registry, name, settings, tag};

fn store() -> Store {
    let store = Store::new();
    store.image("app").tag("1").tag("latest").push();
    store
}

fn by_tag(text: &str) -> Selector {
    Selector::Tag(tag(text))
}

#[tokio::test]
async fn a_manifest_is_put_byte_for_byte_under_another_tag() {
    let registry = Registry::open(store()).await;
    let digest = registry.demo.store().digest_of("app", "1").expect("it is there");
    let (app, client) = (name("app"), &registry.client);
    let manifest = client.manifest(&app, &by_tag("1"), Lane::Interactive).await.expect("a manifest");
    let pushed = client.put_manifest(&app, &by_tag("2"), &manifest).await.expect("it is put");
    assert_eq!((pushed.digest, pushed.subject_seen), (digest, false));
    assert_eq!(registry.demo.store().digest_of("app", "2"), Some(digest));
    let put = registry.demo.requests().into_iter().find(|request| request.method == "PUT").expect("a PUT");
    assert_eq!(put.header("content-type"), Some(manifest.media_type.as_str()));
}

#[tokio::test]
async fn untagging_one_of_two_aliases_leaves_the_other() {
    let registry = Registry::open(store()).await;
    let digest = registry.demo.store().digest_of("app", "1");
    registry.client.untag(&name("app"), &tag("1")).await.expect("it is untagged");
    assert_eq!(registry.demo.store().tags("app"), ["latest"]);
    assert_eq!(registry.demo.store().digest_of("app", "latest"), digest);
    assert_eq!(registry.client.deletes().by_tag, Ability::Yes);
    assert_eq!(registry.requests(), ["DELETE /v2/app/manifests/1"]);
}

/// Registries.md §7.2: nothing else is tried behind the user's back.
#[tokio::test]
async fn where_a_tag_cannot_be_deleted_nothing_is() {
    for (status, body, is_unsupported) in [
        (405, r#"{"errors":[{"code":"UNSUPPORTED"}]}"#, true),
        (400, r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#, true),
        (400, r#"{"errors":[{"code":"TAG_INVALID"}]}"#, true),
        (501, "", true),
        (400, r#"{"errors":[{"code":"TAG_INVALID","message":"the tag is immutable"}]}"#, false),
        (412, r#"{"errors":[{"code":"PRECONDITION","message":"configured as immutable"}]}"#, false),
        (405, r#"{"errors":[{"code":"REGISTRY_DISALLOWED_OPERATION"}]}"#, false),
        (403, r#"{"errors":[{"code":"DENIED"}]}"#, false),
        (404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#, false),
    ] {
        let registry = Registry::open(store()).await;
        registry
            .demo
            .fault(move |request, _| (request.method == "DELETE").then(|| Fault::answer(status, &[], body)));
        let error = registry.client.untag(&name("app"), &tag("1")).await.expect_err("it is refused");
        assert_eq!(error.is_unsupported(), is_unsupported, "{status} {body}");
        assert_eq!(matches!(registry.client.deletes().by_tag, Ability::No(_)), is_unsupported, "{body}");
        assert_eq!(registry.demo.store().tags("app"), ["1", "latest"]);
        assert_eq!(registry.requests().len(), 1, "{:?}", registry.requests());
    }
}

#[tokio::test]
async fn deleting_a_manifest_takes_its_tags_along() {
    let registry = Registry::open(store()).await;
    let digest = registry.demo.store().digest_of("app", "1").expect("it is there");
    registry.client.delete_manifest(&name("app"), &digest).await.expect("it is deleted");
    assert!(registry.demo.store().tags("app").is_empty());
    let selector = Selector::Digest(digest);
    let found = registry.client.head_manifest(&name("app"), &selector, Lane::Interactive).await;
    assert_eq!(found.expect("an answer"), None);
}

#[tokio::test]
async fn a_delete_whose_answer_is_lost_has_happened() {
    let registry = Registry::open(store()).await;
    let store = registry.demo.store().clone();
    registry.demo.fault(move |request, nth| {
        (request.method == "DELETE" && nth == 1).then(|| {
            store.untag("app", "1");
            Fault::Close
        })
    });
    registry.client.untag(&name("app"), &tag("1")).await.expect("it is gone");
    assert_eq!(registry.requests().len(), 2);
}

#[tokio::test]
async fn a_blob_is_there_or_not() {
    let registry = Registry::open(Store::new()).await;
    let digest = registry.demo.store().put_blob("app", "content");
    let ask = |digest: Digest| {
        let client = registry.client.clone();
        async move { client.head_blob(&name("app"), &digest, Lane::Blob).await.expect("an answer") }
    };
    assert_eq!(ask(digest).await, Some(7));
    assert_eq!(ask(Digest::sha256(b"other")).await, None);
}

/// §10 row 31.
#[tokio::test]
async fn a_mount_moves_no_byte_or_opens_an_upload() {
    let registry = Registry::open(Store::new()).await;
    let digest = registry.demo.store().put_blob("base", "content");
    let mount = registry.client.mount_blob(&name("app"), &digest, Some(&name("base"))).await;
    assert!(matches!(mount, Ok(Mount::Mounted)), "{mount:?}");
    assert!(registry.demo.store().repository("app").is_some_and(|app| app.blobs.contains_key(&digest)));

    let demo = demo::Settings { mounts: false, ..demo::Settings::default() };
    let registry = Registry::new(demo, registry.demo.store().clone(), settings()).await;
    let mount = registry.client.mount_blob(&name("other"), &digest, Some(&name("base"))).await;
    let Ok(Mount::Opened(upload)) = mount else { panic!("{mount:?}") };
    assert_eq!((registry.requests().len(), registry.demo.store().open_uploads()), (1, 1));
    assert!(upload.close().await);
    assert_eq!(registry.demo.store().open_uploads(), 0);
}
