//! Manifests and configs over connections that break.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use regtui::client::{Client, Pool, Priority};
use regtui::demo::faults::Fault;
use regtui::demo::{DemoSettings, Store};
use regtui::model::digest::Digest;
use regtui::model::reference::{Host, Selector};

use crate::support::copying::noise;
use crate::support::hostile::{self, Through};
use crate::support::registry::{Registry, name, settings, tag};

/// A line that a firewall or a tunnel cuts, in bytes.
const CUT: u64 = 4 * 1024;

/// Text of this length that does not repeat.
fn text(length: usize) -> String {
    noise(7, length / 2).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An image `1` with a config of 60 kB, and an index `many` of 40 kB.
fn large() -> Store {
    let store = Store::new();
    let image = store.image("app").label("long", text(60_000)).tag("1").push();
    store.index("app").child(&image).annotation("long", text(40_000)).tag("many").push();
    store
}

async fn registry(manifest_ranges: bool) -> Registry {
    Registry::new(DemoSettings { manifest_ranges, ..DemoSettings::default() }, large(), settings()).await
}

/// A client behind a line that is cut.
async fn behind_cuts(registry: &Registry) -> (Client, Arc<Through>) {
    let (address, through) = hostile::cutting(registry.demo.address(), CUT).await;
    (Pool::new(settings()).client(&Host::parse(&address.to_string()).expect("a host")), through)
}

fn digest_of(registry: &Registry, tag: &str) -> Digest {
    registry.demo.store().digest_of("app", tag).expect("it is there")
}

/// The heads of the answers do not count: each connection needs one.
#[track_caller]
fn assert_few_bytes(through: &Through, size: u64, least: u64, what: &str) {
    let (body, down) = (through.body(), through.down.load(Ordering::Relaxed));
    let connections = through.connections.load(Ordering::Relaxed);
    println!("{what}: {body} bytes of bodies for {size}, {down} with heads, {connections} connections");
    assert!(size > least && body <= size * 11 / 10, "{what}: {body} bytes for {size}");
}

/// docs/RELIABILITY.md F1: at most a tenth of the bytes moves twice.
#[tokio::test]
async fn a_manifest_and_a_config_come_in_although_every_connection_is_cut_after_4_kib() {
    let registry = registry(true).await;
    let (many, one) = (digest_of(&registry, "many"), digest_of(&registry, "1"));
    for selector in [Selector::Tag(tag("many")), Selector::Digest(many)] {
        let (client, through) = behind_cuts(&registry).await;
        let manifest = client.manifest(&name("app"), &selector, Priority::Interactive).await;
        let manifest = manifest.unwrap_or_else(|error| panic!("{selector}: {error}"));
        assert_eq!(manifest.digest, many);
        assert_few_bytes(&through, manifest.raw.len() as u64, 40_000, &selector.to_string());
    }
    let (client, through) = behind_cuts(&registry).await;
    let image = registry.client.manifest(&name("app"), &Selector::Digest(one), Priority::Interactive).await;
    let image = image.expect("a manifest");
    let config = image.blobs().next().expect("a config");
    client.config(&name("app"), config, Priority::Interactive).await.expect("a config");
    assert_few_bytes(&through, config.size.expect("a size"), 60_000, "the config");
}

#[tokio::test]
async fn a_server_that_sends_no_parts_is_asked_a_few_times_and_the_failure_says_why() {
    let registry = registry(false).await;
    let (client, through) = behind_cuts(&registry).await;
    let many = Selector::Tag(tag("many"));
    let error = client.manifest(&name("app"), &many, Priority::Interactive).await.expect_err("no line");
    assert!(error.to_string().contains("broke off"), "{error}");
    // One more finds out whether the registry speaks TLS.
    let connections = through.connections.load(Ordering::Relaxed);
    assert!(connections <= settings().timeouts.tries as usize + 2, "{connections}");
}

#[tokio::test]
async fn a_tag_that_moves_between_two_parts_is_read_anew() {
    let registry = registry(true).await;
    let store = registry.demo.store().clone();
    let other = store.index("app").annotation("other", text(40_000)).push().digest;
    registry.demo.fault(move |request, nth| {
        if !request.path.ends_with("/manifests/many") {
            return None;
        }
        if nth == 2 {
            store.tag("app", "many", other);
        }
        (nth == 1).then_some(Fault::CutAfter(30_000))
    });
    let many = Selector::Tag(tag("many"));
    let manifest = registry.client.manifest(&name("app"), &many, Priority::Interactive).await;
    assert_eq!(manifest.expect("a manifest").digest, other);
}

#[tokio::test]
async fn a_part_with_other_bytes_is_found_out_and_the_whole_is_read_again() {
    let registry = registry(true).await;
    let many = digest_of(&registry, "many");
    registry.demo.fault(|request, nth| match nth {
        1 if request.path.contains("/manifests/") => Some(Fault::CutAfter(30_000)),
        2 if request.path.contains("/manifests/") => Some(Fault::WrongBytes),
        _ => None,
    });
    for selector in [Selector::Tag(tag("many")), Selector::Digest(many)] {
        let manifest = registry.client.manifest(&name("app"), &selector, Priority::Interactive).await;
        assert_eq!(manifest.expect("a manifest").digest, many, "{selector}");
    }
}
