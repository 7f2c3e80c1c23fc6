//! Inspecting and summarizing images: the requests, the findings, and that a missing part hides only itself.

use regtui::client::Priority;
use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{self, Store};
use regtui::model::inspection::{Inspection, ReferrerSource};
use regtui::model::reference::{Repository, Selector};
use regtui::model::summary::Kind;
use regtui::ops::{inspect, summary};

use crate::support::registry::{Registry, host, name, settings, tag};

async fn look(registry: &Registry, at: &str) -> Inspection {
    let repository = Repository { host: host(&registry.demo), name: name("app") };
    let found = inspect::inspect(&registry.client, &repository, &Selector::Tag(tag(at)), None).await;
    found.expect("an image")
}

/// Requests for content, without those that greet the registry.
fn content(registry: &Registry) -> Vec<String> {
    let lines = registry.requests().into_iter();
    lines.filter(|line| line.contains("/manifests/") || line.contains("/blobs/")).collect()
}

#[tokio::test]
async fn a_row_costs_a_manifest_and_the_config_of_an_image() {
    let store = Store::new();
    store.image("app").tag("image").push();
    store
        .artifact("app")
        .kind("application/vnd.example.thing")
        .layer("text/plain", "hello")
        .tag("thing")
        .push();
    let registry = Registry::open(store).await;
    for (at, requests) in [("image", 2), ("thing", 1)] {
        registry.demo.forget_requests();
        let found = summary::of_tag(&registry.client, &name("app"), &tag(at), Priority::Background).await;
        assert!(found.expect("a summary").size.is_some(), "{at}");
        assert_eq!(content(&registry).len(), requests, "{at}: {:?}", registry.requests());
    }
}

#[tokio::test]
async fn the_size_of_an_index_counts_a_shared_layer_once() {
    let store = Store::new();
    let one = store.image("app").tag("one").platform("linux", "amd64").push();
    let two = store.image("app").tag("two").platform("linux", "arm64").push();
    store.index("app").child(&one).child(&two).tag("both").push();
    let registry = Registry::open(store).await;
    let size = async |at: &str| {
        let found = summary::of_tag(&registry.client, &name("app"), &tag(at), Priority::Background).await;
        found.expect("a summary").size.expect("a size")
    };
    let (one, two, both) = (size("one").await, size("two").await, size("both").await);
    assert!(both <= one + two && both >= one.max(two), "{one} {two} {both}");
    assert_eq!(look(&registry, "both").await.summary.size, Some(both), "the row and the details agree");
}

#[tokio::test]
async fn an_attestation_folds_under_the_platform_that_it_is_about() {
    let store = Store::new();
    let amd64 = store.image("app").platform("linux", "amd64").push();
    let arm64 = store.image("app").platform("linux", "arm64").push();
    store.index("app").child(&amd64).child(&arm64).attestation(&arm64).tag("1").push();
    let registry = Registry::open(store).await;
    let found = look(&registry, "1").await;
    let attestations: Vec<usize> = found.variants.iter().map(|variant| variant.referrers.len()).collect();
    assert_eq!((found.summary.kind, attestations), (Kind::Index, vec![0, 1]));
    assert_eq!(found.summary.platforms.len(), 2, "an attestation is no platform");
}

#[tokio::test]
async fn the_children_of_an_index_are_asked_for_together() {
    let store = Store::new();
    let mut index = store.index("app");
    for architecture in ["amd64", "arm64", "s390x", "riscv64"] {
        index = index.child(&store.image("app").platform("linux", architecture).push());
    }
    index.tag("1").push();
    let registry = Registry::open(store).await;
    let gate = Gate::new();
    let held = gate.clone();
    registry.demo.fault(move |request, _| {
        request.path.contains("/manifests/sha256:").then(|| Fault::Gate(held.clone()))
    });
    let opener = async {
        gate.reached_by(4).await;
        gate.open();
    };
    let (found, ()) = tokio::join!(look(&registry, "1"), opener);
    assert_eq!(found.variants.len(), 4);
}

#[tokio::test]
async fn an_index_of_too_many_manifests_shows_the_first_and_counts_the_rest() {
    let store = Store::new();
    let image = store.image("app").push();
    let mut index = store.index("app");
    for _ in 0..100 {
        index = index.child(&image);
    }
    index.tag("1").push();
    let registry = Registry::open(store).await;
    let found = look(&registry, "1").await;
    assert_eq!((found.variants.len(), found.left_out), (64, 36));
    assert_eq!(found.summary.size, None, "what was not looked at is not summed up");
    let manifests = content(&registry).iter().filter(|line| line.contains("/manifests/sha256:")).count();
    assert_eq!(manifests, 1, "the same child is asked for once");
}

#[tokio::test]
async fn referrers_are_found_by_the_api_and_by_digest_tags() {
    let store = Store::new();
    let image = store.image("app").tag("1").push();
    store.artifact("app").kind("application/spdx+json").layer("text/plain", "{}").subject(&image).push();
    let signature = format!("sha256-{}.sig", image.digest.hex());
    store.artifact("app").kind("application/octet-stream").layer("text/plain", "s").tag(signature).push();
    for referrers in [true, false] {
        let settings_of_demo = demo::DemoSettings { referrers, ..demo::DemoSettings::default() };
        let registry = Registry::new(settings_of_demo, store.clone(), settings()).await;
        let found = look(&registry, "1").await.referrers;
        let signed =
            found.iter().any(|one| one.kinds == [Kind::Signature] && one.found == ReferrerSource::DigestTag);
        let described = found.iter().any(|one| one.kinds == [Kind::Spdx] && one.found == ReferrerSource::Api);
        assert_eq!((signed, described), (true, referrers), "{found:?}");
    }
}

#[tokio::test]
async fn referrers_that_cannot_be_read_do_not_hide_the_image() {
    let store = Store::new();
    store.image("app").tag("1").push();
    let registry = Registry::open(store).await;
    registry.demo.fault(|request, _| {
        (request.path.contains("/referrers/") || request.path.ends_with(".sig")).then(|| Fault::status(403))
    });
    let found = look(&registry, "1").await;
    assert!(found.referrers.is_empty() && found.variants[0].manifest.is_ok());
}
