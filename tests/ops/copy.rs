//! Copies between two registries in memory: byte for byte, each blob once, tags last, and nothing else changed.

use regtui::demo::faults::{self, Fault};
use regtui::demo::layer::DemoLayer;
use regtui::demo::{self, Store};
use regtui::model::change::copy::{BlobTransfer, CopyRequest, What};
use regtui::model::change::progress::Outcome;
use regtui::model::change::rules::Rules;
use regtui::model::digest::Digest;
use regtui::model::failure::FailureKind;
use regtui::model::platform::Platform;
use regtui::model::reference::{Repository, Selector};
use regtui::ops::change;

use crate::support::copying::{Sides, layer, noise, outcome};
use crate::support::registry::{Registry, name, settings, tag};

fn one_image() -> Store {
    let store = Store::new();
    store
        .image("app")
        .layer("COPY a /", DemoLayer::of(&[("a", "1")]))
        .layer("COPY b /", layer(7, 300_000))
        .tag("1")
        .push();
    store
}

fn platform(text: &str) -> Platform {
    Platform::parse(text).expect("a platform")
}

#[tokio::test]
async fn an_image_is_copied_byte_for_byte() {
    let sides = Sides::of(one_image()).await;
    let request = sides.request(&["1"]);
    let plan = sides.plan(&request).await.expect("a plan");
    assert_eq!(sides.writes(), [""; 0], "a plan only asks");
    assert_eq!(plan.blobs.iter().filter(|blob| blob.transfer == BlobTransfer::Move).count(), 3);
    assert_eq!((plan.images[0].replaces, plan.digests_change, plan.left_out.len()), (None, false, 0));
    let report = sides.run(&plan).await;
    assert!(report.is_success(), "{report:#?}");
    sides.is_same("1");
    assert_eq!((report.moved, report.again), (plan.bytes(), 0));
    assert!(report.undo.is_some() && report.notes.is_empty(), "{report:#?}");
    let progress = sides.watch.progress.borrow();
    assert_eq!((progress.moved, progress.total_bytes, progress.ended()), (plan.bytes(), plan.bytes(), 1));
    assert!(sides.from.requests().iter().all(|line| line.starts_with("GET ") || line.starts_with("HEAD ")));
}

#[tokio::test]
async fn a_second_copy_moves_and_changes_nothing() {
    let sides = Sides::of(one_image()).await;
    let request = sides.request(&["1"]);
    sides.copy(&request).await;
    sides.to.demo.forget_requests();
    let (plan, report) = sides.copy(&request).await;
    assert_eq!((plan.bytes(), report.moved, report.undo.clone()), (0, 0, None));
    assert_eq!(sides.writes(), [""; 0]);
    assert!(matches!(outcome(&report, "1"), Outcome::Unchanged(_)), "{report:#?}");
    assert_eq!(plan.summary().as_str(), "0 of 3 blobs, 0 B; the rest is there already");
}

#[tokio::test]
async fn an_index_comes_with_its_platforms_and_attestations() {
    let store = Store::new();
    let amd64 =
        store.image("app").platform("linux", "amd64").layer("COPY a /", DemoLayer::of(&[("a", "1")])).push();
    let arm64 =
        store.image("app").platform("linux", "arm64").layer("COPY a /", DemoLayer::of(&[("a", "2")])).push();
    let index = store.index("app").child(&amd64).child(&arm64).attestation(&amd64).attestation(&arm64);
    index.annotation("org.example", "kept").tag("1").push();
    let sides = Sides::of(store).await;
    let (plan, _) = sides.copy(&sides.request(&["1"])).await;
    assert_eq!(plan.manifests.len(), 4);
    sides.is_same("1");
    let puts: Vec<String> =
        sides.writes().into_iter().filter(|line| line.starts_with("PUT /v2/copy/manifests/")).collect();
    assert_eq!(puts.len(), 5, "{puts:?}");
    assert_eq!(puts[4], "PUT /v2/copy/manifests/1", "the tag is last");
}

#[tokio::test]
async fn other_artifacts_and_compressions_are_copied_as_they_are() {
    let store = Store::new();
    store
        .artifact("app")
        .config("application/vnd.cncf.helm.config.v1+json", r#"{"name":"chart","version":"1.0.0"}"#)
        .archive(
            "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            &DemoLayer::of(&[("chart/Chart.yaml", "name: chart")]),
        )
        .layer("application/vnd.cncf.helm.chart.provenance.v1.prov", "signed")
        .tag("chart")
        .push();
    let zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    store.image("app").layer_type(zstd).layer("COPY z /", layer(3, 100_000)).tag("zstd").push();
    store.image("app").docker().layer("COPY d /", layer(4, 1_000)).tag("docker").push();
    let child = store.image("app").docker().platform("linux", "s390x").push();
    store.index("app").docker().child(&child).tag("list").push();
    store.image("app").layer("COPY nothing /", layer(5, 0)).tag("empty").push();
    let sides = Sides::of(store).await;
    let all = ["chart", "zstd", "docker", "list", "empty"];
    sides.copy(&sides.request(&all)).await;
    all.iter().for_each(|tag| sides.is_same(tag));
}

#[tokio::test]
async fn an_image_of_200_layers_is_copied() {
    let store = Store::new();
    let mut image = store.image("app");
    for number in 0..200 {
        image = image.layer(format!("RUN {number}"), layer(number, 2_000));
    }
    image.tag("1").push();
    let sides = Sides::of(store).await;
    let (plan, report) = sides.copy(&sides.request(&["1"])).await;
    assert_eq!((plan.blobs.len(), report.moved), (201, plan.bytes()));
    sides.is_same("1");
}

#[tokio::test]
async fn a_layer_that_several_images_share_moves_once() {
    let store = Store::new();
    let shared = layer(1, 200_000);
    for number in 0..20 {
        let own = layer(100 + number, 1_000);
        store
            .image("app")
            .layer("COPY base /", shared.clone())
            .layer("COPY own /", own)
            .tag(format!("{number}"))
            .push();
    }
    let sides = Sides::of(store).await;
    let request = CopyRequest { what: What::AllTags, ..sides.request(&[]) };
    let (plan, report) = sides.copy(&request).await;
    assert_eq!((plan.images.len(), report.moved), (20, plan.bytes()));
    let reads =
        sides.from.requests().into_iter().filter(|line| line.contains(&shared.digest.to_string())).count();
    assert_eq!(reads, 1);
    (0..20).for_each(|number| sides.is_same(&number.to_string()));
}

#[tokio::test]
async fn in_one_registry_blobs_are_mounted_and_no_byte_moves() {
    let sides = Sides::of(one_image()).await;
    let to = Repository { host: sides.source().host, name: name("copy") };
    let request = CopyRequest { to, ..sides.request(&["1"]) };
    let (plan, report) = sides.copy(&request).await;
    assert!(plan.blobs.iter().all(|blob| blob.transfer == BlobTransfer::Mount(name("app"))), "{plan:#?}");
    assert_eq!((plan.bytes(), report.moved), (0, 0));
    let store = sides.from.demo.store();
    assert_eq!(store.digest_of("copy", "1"), store.digest_of("app", "1"));
    assert_eq!(store.open_uploads(), 0);
}

#[tokio::test]
async fn bytes_move_if_the_registry_cannot_mount() {
    let registry = demo::DemoSettings { mounts: false, ..demo::DemoSettings::default() };
    let sides = Sides::to(Store::new(), registry, one_image()).await;
    let repository = |path: &str| Repository { host: sides.target().host, name: name(path) };
    let request = CopyRequest { from: repository("app"), to: repository("copy"), ..sides.request(&["1"]) };
    let (_, report) = sides.copy(&request).await;
    let store = sides.to.demo.store();
    assert_eq!(store.digest_of("copy", "1"), store.digest_of("app", "1"));
    assert!(report.moved > 300_000 && store.open_uploads() == 0, "{report:#?}");
    let progress = sides.watch.progress.borrow();
    assert_eq!(
        (progress.moved, progress.total_bytes),
        (report.moved, report.moved),
        "the bar ends at its end"
    );
}

#[tokio::test]
async fn a_copy_can_have_another_tag_or_no_tag() {
    let sides = Sides::of(one_image()).await;
    sides.copy(&CopyRequest { tag: Some(tag("stable")), ..sides.request(&["1"]) }).await;
    assert_eq!((sides.there("stable"), sides.there("1")), (sides.here("1"), None));
    let digest = sides.here("1").expect("a digest");
    let sides = Sides::of(one_image()).await;
    let request = CopyRequest { what: What::Images(vec![Selector::Digest(digest)]), ..sides.request(&[]) };
    let (_, report) = sides.copy(&request).await;
    sides.is_there(&digest);
    assert_eq!(sides.to.demo.store().tags("copy"), [""; 0]);
    assert_eq!(report.undo, None, "nothing was replaced");
    let several = CopyRequest { tag: Some(tag("x")), ..sides.request(&["1", "2"]) };
    let failure = sides.plan(&several).await.expect_err("two images and one tag");
    assert!(failure.why.as_str().contains("one tag"), "{failure}");
}

#[tokio::test]
async fn the_image_that_a_copy_replaces_is_shown_kept_and_checked_again() {
    let there = Store::new();
    let old = there.image("copy").label("old", "1").tag("1").tag("2").push();
    let source = one_image();
    source.image("app").label("two", "2").tag("2").push();
    let sides = Sides::to(source, demo::DemoSettings::default(), there).await;
    let plan = sides.plan(&sides.request(&["1", "2"])).await.expect("a plan");
    assert!(plan.images.iter().all(|image| image.replaces == Some(old.digest)));
    // Another client is faster with one of them.
    let other = sides.to.demo.store().image("copy").label("other", "1").tag("2").push();
    let report = sides.run(&plan).await;
    assert!(matches!(outcome(&report, "1"), Outcome::Done(_)), "{report:#?}");
    assert!(
        matches!(outcome(&report, "2"), Outcome::Skipped(why) if why.as_str().contains("moved")),
        "{report:#?}"
    );
    assert_eq!((sides.there("1"), sides.there("2")), (sides.here("1"), Some(other.digest)));
    let entry = sides.context.journal.entry(&report.undo.expect("an entry")).await.expect("the entry");
    let kept: Vec<_> =
        entry.items.iter().map(|item| (item.before.as_ref().map(|held| held.digest), item.done)).collect();
    assert_eq!(kept, [(Some(old.digest), Some(true)), (Some(old.digest), Some(false))]);
    let bytes = &entry.items[0].before.as_ref().expect("the manifest").bytes;
    assert_eq!(Digest::sha256(bytes), old.digest, "byte for byte");
}

#[tokio::test]
async fn a_copy_is_taken_back_by_undo() {
    use regtui::model::change::ChangeRequest as Any;
    for delete_by_tag in [true, false] {
        let there = Store::new();
        let old = there.image("copy").label("old", "1").tag("1").push();
        let source = one_image();
        source.image("app").label("two", "2").tag("2").push();
        let settings = demo::DemoSettings { delete_by_tag, ..demo::DemoSettings::default() };
        let sides = Sides::to(source, settings, there).await;
        let (_, report) = sides.copy(&sides.request(&["1", "2"])).await;
        let entry = report.undo.expect("an entry");
        let undo = if delete_by_tag { Any::Undo(entry) } else { Any::UndoByReplacement(entry) };
        let work = change::plan(&sides.context, &undo).await.expect("a plan");
        assert_eq!(work.replaces_images(), !delete_by_tag);
        let report = change::run(&sides.context, &work, &sides.watch).await;
        assert!(report.is_success(), "{report:#?}");
        assert_eq!((sides.there("1"), sides.there("2")), (Some(old.digest), None));
    }
}

#[tokio::test]
async fn a_copy_of_one_platform_is_the_plain_manifest_with_its_own_digest() {
    let store = Store::new();
    let amd64 = store.image("app").platform("linux", "amd64").push();
    let arm64 = store.image("app").platform("linux", "arm64").push();
    store.index("app").child(&amd64).child(&arm64).attestation(&arm64).tag("1").push();
    let sides = Sides::of(store).await;
    let request = CopyRequest { platforms: vec![platform("linux/arm64/v8")], ..sides.request(&["1"]) };
    let (plan, _) = sides.copy(&request).await;
    assert!(plan.digests_change);
    assert_eq!(plan.platforms(), ["takes linux/arm64; leaves linux/amd64"]);
    assert!(plan.left_out.iter().any(|text| text.as_str().contains("attestation")), "{:?}", plan.left_out);
    assert_eq!(sides.there("1"), Some(arm64.digest));
    sides.is_there(&arm64.digest);
}

#[tokio::test]
async fn a_copy_of_some_platforms_is_a_shorter_index_with_their_attestations() {
    let store = Store::new();
    let [amd64, arm64, s390x] =
        ["amd64", "arm64", "s390x"].map(|arch| store.image("app").platform("linux", arch).push());
    let index =
        store.index("app").child(&amd64).attestation(&amd64).child(&arm64).attestation(&arm64).child(&s390x);
    index.annotation("org.example", "kept").tag("1").push();
    let sides = Sides::of(store).await;
    let request = CopyRequest {
        platforms: vec![platform("linux/amd64"), platform("linux/s390x"), platform("linux/386")],
        ..sides.request(&["1"])
    };
    let (plan, _) = sides.copy(&request).await;
    assert!(plan.digests_change && plan.images[0].digest != plan.images[0].source);
    assert!(plan.left_out.iter().any(|text| text.as_str().contains("linux/386")), "{:?}", plan.left_out);
    let there = sides.to.demo.store().repository("copy").expect("the copy");
    let index = &there.manifests[&sides.there("1").expect("the tag")];
    let document: serde_json::Value = serde_json::from_slice(&index.bytes).expect("JSON");
    assert_eq!(document["annotations"]["org.example"], "kept");
    assert_eq!(document["manifests"].as_array().map(Vec::len), Some(3), "{document:#}");
    sides.is_there(&amd64.digest);
    sides.is_there(&s390x.digest);
    assert!(!there.manifests.contains_key(&arm64.digest));
}

#[tokio::test]
async fn a_platform_that_is_not_there_is_said_so() {
    let store = Store::new();
    let amd64 = store.image("app").platform("linux", "amd64").push();
    store.index("app").child(&amd64).tag("index").push();
    store.image("app").platform("linux", "amd64").label("a", "b").tag("plain").push();
    let sides = Sides::of(store).await;
    for at in ["index", "plain"] {
        let request = CopyRequest { platforms: vec![platform("linux/s390x")], ..sides.request(&[at]) };
        let failure = sides.plan(&request).await.expect_err("no such platform");
        assert!(failure.why.as_str().contains("linux/amd64"), "{failure}");
    }
}

/// An image with signatures and descriptions of all kinds.
fn signed() -> (Store, Digest, Vec<Digest>) {
    let store = Store::new();
    let image = store.image("app").layer("COPY a /", DemoLayer::of(&[("a", "1")])).tag("1").push();
    let sbom =
        store.artifact("app").kind("application/spdx+json").layer("text/spdx", "{}").subject(&image).push();
    let signature = store
        .artifact("app")
        .kind("application/vnd.cncf.notary.signature")
        .layer("text/plain", "s")
        .subject(&sbom)
        .push();
    let cosign = format!("sha256-{}.sig", image.digest.hex());
    let tagged = store
        .artifact("app")
        .layer("application/vnd.dev.cosign.simplesigning.v1+json", "c")
        .tag(&cosign)
        .push();
    (store, image.digest, vec![sbom.digest, signature.digest, tagged.digest])
}

#[tokio::test]
async fn referrers_come_along_if_requested() {
    let (store, image, belongings) = signed();
    let sides = Sides::of(store.clone()).await;
    sides.copy(&sides.request(&["1"])).await;
    let there = sides.to.demo.store().repository("copy").expect("the copy");
    assert!(belongings.iter().all(|digest| !there.manifests.contains_key(digest)));

    let sides = Sides::of(store).await;
    let (plan, report) = sides.copy(&CopyRequest { referrers: true, ..sides.request(&["1"]) }).await;
    sides.is_same("1");
    sides.is_same(&format!("sha256-{}.sig", image.hex()));
    belongings.iter().for_each(|digest| sides.is_there(digest));
    assert_eq!(report.items.len(), 2);
    assert!(plan.title().as_str().starts_with("copy app:1 → "), "{}", plan.title());
    let puts: Vec<String> = sides.writes().into_iter().filter(|line| line.contains("/manifests/")).collect();
    let at = |what: &str| {
        puts.iter().position(|line| line.ends_with(what)).unwrap_or_else(|| panic!("{what}: {puts:?}"))
    };
    assert!(at(&image.to_string()) < at(&belongings[0].to_string()), "{puts:?}");
    assert!(at(&belongings[0].to_string()) < at(&belongings[1].to_string()), "{puts:?}");
    assert!(at(&belongings[1].to_string()) < at("/manifests/1"), "{puts:?}");
}

#[tokio::test]
async fn without_a_referrers_api_referrers_are_found_and_listed_by_fallback_tags() {
    let (store, image, belongings) = signed();
    let without = demo::DemoSettings { referrers: false, ..demo::DemoSettings::default() };
    let list = |store: &Store, of: &Digest, digest: &Digest| {
        let descriptor = serde_json::json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest,
            "size": store.repository("app").expect("the source").manifests[digest].bytes.len(),
        });
        store.index("app").descriptor(descriptor).tag(format!("sha256-{}", of.hex())).push();
    };
    list(&store, &image, &belongings[0]);
    list(&store, &belongings[0], &belongings[1]);
    let from = Registry::new(without.clone(), store, settings()).await;
    let to = Registry::new(without, Store::new(), settings()).await;
    let sides = Sides::with(from, to);
    let (_, report) = sides.copy(&CopyRequest { referrers: true, ..sides.request(&["1"]) }).await;
    assert_eq!((report.items.len(), report.done()), (4, 4), "each list is a part of its own: {report:#?}");
    belongings.iter().for_each(|digest| sides.is_there(digest));
    let there = sides.to.demo.store().repository("copy").expect("the copy");
    for (of, digest) in [(&image, &belongings[0]), (&belongings[0], &belongings[1])] {
        let fallback = there.tags.get(&format!("sha256-{}", of.hex())).expect("a fallback tag");
        let listed = String::from_utf8_lossy(&there.manifests[fallback].bytes).into_owned();
        assert!(listed.contains(&digest.to_string()), "{listed}");
    }
}

#[tokio::test]
async fn a_whole_repository_is_copied_with_its_digest_tags_if_requested() {
    let (store, image, belongings) = signed();
    store.image("app").label("two", "2").tag("2").push();
    let orphan = format!("sha256-{}.sig", "ab".repeat(32));
    store.artifact("app").layer("text/plain", "orphan").tag(&orphan).push();
    let sides = Sides::of(store.clone()).await;
    let (plan, _) =
        sides.copy(&CopyRequest { what: What::AllTags, referrers: true, ..sides.request(&[]) }).await;
    assert_eq!(
        sides.to.demo.store().tags("copy"),
        sides.from.demo.store().tags("app"),
        "{:?}",
        plan.left_out
    );
    belongings.iter().for_each(|digest| sides.is_there(digest));
    assert!(plan.title().as_str().starts_with("copy 2 tags"), "{}", plan.title());

    let sides = Sides::of(store).await;
    let (plan, _) = sides.copy(&CopyRequest { what: What::AllTags, ..sides.request(&[]) }).await;
    assert_eq!(sides.to.demo.store().tags("copy"), ["1", "2"]);
    assert!(plan.left_out.iter().any(|text| text.as_str().contains("2 digest tags")), "{:?}", plan.left_out);
    assert!(sides.there(&format!("sha256-{}.sig", image.hex())).is_none());
}

#[tokio::test]
async fn an_image_that_cannot_be_copied_is_refused_with_a_reason_and_hides_no_other() {
    let store = one_image();
    demo::content::push(&store);
    let legacy =
        store.repositories().into_iter().find(|name| name.contains("legacy")).expect("a sample of schema 1");
    let tags = store.tags(&legacy);
    let repository = store.repository(&legacy).expect("the sample");
    let schema1 = tags
        .iter()
        .find(|tag| repository.manifests[&repository.tags[*tag]].media_type.contains(".v1+"))
        .expect("schema 1");
    let digest = repository.tags[schema1];
    store.put_manifest_as("app", digest, repository.manifests[&digest].clone());
    store.tag("app", "old", digest);
    let sides = Sides::of(store).await;
    let failure = sides.plan(&sides.request(&["old"])).await.expect_err("schema 1");
    assert_eq!(failure.kind, FailureKind::Unsupported);
    assert!(failure.why.as_str().contains("schema 1"), "{failure}");
    let plan = sides.plan(&sides.request(&["old", "1", "gone"])).await.expect("a plan");
    assert_eq!((plan.images.len(), plan.common.unresolved.len()), (1, 2), "{:?}", plan.common.unresolved);
    let report = sides.run(&plan).await;
    assert_eq!((report.done(), report.failures().count()), (1, 2), "{report:#?}");
    sides.is_same("1");
}

#[tokio::test]
async fn foreign_layers_are_copied_only_if_the_source_has_them() {
    let store = Store::new();
    let foreign = layer(9, 5_000);
    let image = |store: &Store| {
        let image =
            store.image("app").docker().layer("base", foreign.clone()).layer("COPY a /", layer(1, 100));
        image.foreign_base("https://example.com/base.tar.gz").tag("1").push();
    };
    image(&store);
    let sides = Sides::of(store.clone()).await;
    let (plan, _) = sides.copy(&sides.request(&["1"])).await;
    sides.is_same("1");
    assert_eq!(plan.left_out.len(), 1, "{:?}", plan.left_out);
    store.put_blob("app", noise(9, 5_000));
    let sides = Sides::of(store).await;
    let (plan, _) = sides.copy(&sides.request(&["1"])).await;
    assert!(plan.left_out.is_empty());
    sides.is_same("1");
    assert!(
        sides
            .to
            .demo
            .store()
            .repository("copy")
            .is_some_and(|there| there.blobs.contains_key(&foreign.digest))
    );
}

#[tokio::test]
async fn absurd_sizes_add_up_without_a_panic() {
    let store = Store::new();
    let config = store.put_blob("app", "{}");
    let layers: Vec<serde_json::Value> = (0..2)
        .map(|number: u32| {
            let digest = Digest::sha256(&number.to_le_bytes());
            serde_json::json!({ "mediaType": "text/plain", "digest": digest, "size": 1u64 << 50, "urls": ["https://x.test/"] })
        })
        .collect();
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let document = serde_json::json!({
        "schemaVersion": 2, "mediaType": media_type, "layers": layers,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2 },
    });
    let digest = store.put_manifest("app", media_type, document.to_string());
    store.tag("app", "1", digest);
    let sides = Sides::of(store).await;
    let mut plan = sides.plan(&sides.request(&["1"])).await.expect("a plan");
    assert_eq!(plan.left_out.len(), 2, "{:?}", plan.left_out);
    let mut blob = plan.blobs[0].clone();
    blob.transfer = BlobTransfer::Move;
    blob.descriptor.size = Some(1 << 50);
    plan.blobs.extend(vec![blob; 20_000]);
    assert_eq!(plan.bytes(), u64::MAX);
}

#[tokio::test]
async fn an_index_with_a_missing_child_says_so_before() {
    let store = Store::new();
    let here = store.image("app").platform("linux", "amd64").push();
    let gone = serde_json::json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": Digest::sha256(b"gone"), "size": 4,
        "platform": { "os": "linux", "architecture": "arm64" },
    });
    store.index("app").child(&here).descriptor(gone).tag("1").push();
    for sparse_manifests in [true, false] {
        let lenient = demo::DemoSettings { sparse_manifests, ..demo::DemoSettings::default() };
        let sides = Sides::to(store.clone(), lenient, Store::new()).await;
        let plan = sides.plan(&sides.request(&["1"])).await.expect("a plan");
        assert!(
            plan.left_out.iter().any(|text| text.as_str().contains("does not have")),
            "{:?}",
            plan.left_out
        );
        let report = sides.run(&plan).await;
        assert_eq!(report.is_success(), sparse_manifests, "{report:#?}");
        assert_eq!(sides.there("1").is_some(), sparse_manifests);
    }
}

#[tokio::test]
async fn rules_hold_when_planned_and_when_run() {
    let mut sides = Sides::of(one_image()).await;
    let request = sides.request(&["1"]);
    let allowed = sides.plan(&request).await.expect("a plan");
    sides.to.demo.forget_requests();
    sides.context.rules = Rules { read_only: Some("`--read-only`"), rules: Vec::new(), ..Rules::default() };
    let plan = sides.plan(&request).await.expect("a plan");
    assert!(plan.common.refused.is_some());
    assert_eq!(sides.to.requests(), [""; 0], "who may not go there does not look there");
    for plan in [plan, allowed] {
        let report = sides.run(&plan).await;
        assert!(
            matches!(outcome(&report, "1"), Outcome::Failed(failure) if failure.why.as_str().contains("--read-only"))
        );
    }
    assert_eq!(sides.to.requests(), [""; 0]);
}

#[tokio::test]
async fn a_tag_that_cannot_be_copied_fails_and_the_others_come() {
    let store = one_image();
    store.image("app").created("2026-01-01T00:00:00Z").tag("2").push();
    store.image("app").created("2026-02-01T00:00:00Z").tag("3").push();
    let sides = Sides::of(store).await;
    sides.from.demo.fault(|request, _| request.path.ends_with("/manifests/2").then(|| Fault::status(403)));
    let plan = sides.plan(&CopyRequest { what: What::AllTags, ..sides.request(&[]) }).await.expect("a plan");
    let report = sides.run(&plan).await;
    assert!(!report.is_success(), "{report:#?}");
    assert!(
        matches!(outcome(&report, "2"), Outcome::Failed(failure) if failure.why.as_str().contains("403")),
        "{report:#?}"
    );
    for tag in ["1", "3"] {
        sides.is_same(tag);
    }
}

#[tokio::test]
async fn referrers_that_cannot_be_read_fail_and_the_image_comes() {
    let store = one_image();
    let image = store.image("app").created("2026-01-01T00:00:00Z").tag("signed").push();
    let signature = store.artifact("app").kind("application/spdx+json").subject(&image).push();
    let sides = Sides::of(store).await;
    let digest = signature.digest.to_string();
    sides.from.demo.fault(move |request, _| request.path.ends_with(&digest).then(|| Fault::status(403)));
    let plan =
        sides.plan(&CopyRequest { referrers: true, ..sides.request(&["signed"]) }).await.expect("a plan");
    let report = sides.run(&plan).await;
    assert!(!report.is_success(), "{report:#?}");
    sides.is_same("signed");
}

#[tokio::test]
async fn a_destination_that_denies_reading_is_noted_in_the_plan() {
    let sides = Sides::of(one_image()).await;
    sides.to.demo.fault(|_, _| Some(Fault::answer(403, &[], "")));
    let plan = sides.plan(&sides.request(&["1"])).await.expect("the first push may make the repository");
    assert!(plan.common.notes.iter().any(|text| text.as_str().contains("403")), "{:?}", plan.common.notes);
    assert!(plan.images[0].unknown && plan.common.refused.is_none(), "a push may be allowed all the same");
    sides.to.demo.clear_faults();
    let plan = sides.plan(&sides.request(&["1"])).await.expect("a plan");
    assert_eq!(plan.common.notes, [], "what is not there is not there");
}

#[tokio::test]
async fn a_destination_that_wants_a_login_is_not_even_tried() {
    let sides = Sides::of(one_image()).await;
    sides.to.demo.fault(|_, _| Some(Fault::answer(401, &[], "")));
    let plan = sides.plan(&sides.request(&["1"])).await.expect("a plan");
    assert!(plan.images[0].unknown, "nothing is known of its tags");
    let refusal = plan.common.refused.clone().expect("it is refused");
    assert!(refusal.why.as_str().contains("401"), "{refusal:?}");
    assert!(refusal.hint.is_some_and(|hint| hint.as_str().contains("regtui login")));
    sides.to.demo.forget_requests();
    let report = sides.run(&plan).await;
    assert!(matches!(outcome(&report, "1"), Outcome::Failed(_)), "{report:#?}");
    assert_eq!(sides.to.requests(), [""; 0]);
}

#[tokio::test]
async fn all_tags_are_planned_in_the_order_in_which_they_are_listed() {
    let store = Store::new();
    for tag in ["latest", "1.10.0", "1.9.0", "1.10.0-rc1"] {
        store.image("app").label("tag", tag).tag(tag).push();
    }
    let sides = Sides::of(store).await;
    let plan = sides.plan(&CopyRequest { what: What::AllTags, ..sides.request(&[]) }).await.expect("a plan");
    let tags: Vec<String> = plan.images.iter().map(|image| image.selector.to_string()).collect();
    assert_eq!(tags, ["1.10.0", "1.10.0-rc1", "1.9.0", "latest"]);
}

/// Whether there are few tags or many, the list of the destination is not believed: tags that it leaves out are
/// replaced, and the plan says so.
#[tokio::test]
async fn tags_that_the_destination_does_not_list_yet_are_in_the_plan() {
    for count in [2, 15, 16, 40] {
        let (store, there, empty) = (Store::new(), Store::new(), Store::new());
        let tags: Vec<String> = (0..count).map(|number| format!("t{number:02}")).collect();
        for tag in &tags {
            store.image("app").label("tag", tag.as_str()).tag(tag).push();
            there.image("copy").label("old", tag.as_str()).tag(tag).push();
        }
        empty.create("copy");
        let sides = Sides::to(store, demo::DemoSettings::default(), there).await;
        sides.to.demo.fault(faults::lagging_tags(&empty));
        let before: Vec<_> = tags.iter().map(|tag| sides.there(tag)).collect();
        let (plan, report) = sides.copy(&CopyRequest { what: What::AllTags, ..sides.request(&[]) }).await;
        let mut replaced: Vec<_> = plan.images.iter().map(|image| image.replaces).collect();
        replaced.reverse();
        assert_eq!(replaced, before, "{count}");
        assert_eq!(report.done(), count);
        tags.iter().for_each(|tag| sides.is_same(tag));
    }
}

/// docs/REGISTRIES.md §3.4.
#[tokio::test]
async fn a_copy_of_all_tags_says_that_their_list_may_be_incomplete() {
    let sides = Sides::of(one_image()).await;
    sides.from.demo.fault(|request, _| {
        let link = [("link".to_string(), Some("<https://other.test/next>; rel=\"next\"".to_string()))];
        request.path.ends_with("/tags/list").then(|| Fault::Headers(link.into()))
    });
    let plan = sides.plan(&CopyRequest { what: What::AllTags, ..sides.request(&[]) }).await.expect("a plan");
    let unresolved: Vec<String> =
        plan.common.unresolved.iter().map(|one| one.failure.why.to_string()).collect();
    assert_eq!(
        unresolved,
        ["the list of tags may be incomplete: the server's next page is at another place"]
    );
}
