//! Documents of very many elements on one screen: memory has a bound. Each is far smaller than the largest body, because
//! a debug build reads slowly. As elements it would take a multiple of the bound. `benches/large.rs` takes the largest.

use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::digest::Digest;
use regtui::model::media_type::{OCI_CONFIG, OCI_INDEX, OCI_MANIFEST};

use crate::support::pty::{Pty, regtui};

/// The most memory that the program may take, in MiB: without documents it takes a third.
const MOST: f64 = 100.0;
/// Bytes of each document: 262,144 elements, which would take 300 MiB if each were kept.
const SIZE: usize = 768 * 1024;

/// As many of these elements as fill a document.
fn filled(element: &str) -> String {
    vec![element; SIZE / (element.len() + 1)].join(",")
}

fn manifest(store: &Store, tag: &str, layers: &str, config: &str) {
    let config = store.put_blob("app", config.to_string());
    let media_type = format!(r#"{{"mediaType":"{OCI_CONFIG}","digest":"{config}"}}"#);
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","tag":"{tag}","config":{media_type},"layers":[{layers}]}}"#
    );
    let digest = store.put_manifest("app", OCI_MANIFEST, text);
    store.tag("app", tag, digest);
}

#[test]
fn documents_of_millions_of_elements_keep_memory_bounded() {
    let store = Store::new();
    manifest(&store, "v1", &filled("{}"), "{}");
    let index = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{}]}}"#, filled("{}"));
    let digest = store.put_manifest("app", OCI_INDEX, index);
    store.tag("app", "v2", digest);
    manifest(&store, "v3", "", &format!(r#"{{"os":"linux","history":[{}]}}"#, filled("{}")));
    let labels: Vec<String> = (0..60_000).map(|number| format!(r#""{number:x}":"1""#)).collect();
    manifest(
        &store,
        "v4",
        "",
        &format!(r#"{{"os":"linux","config":{{"Labels":{{{}}}}}}}"#, labels.join(",")),
    );
    let layer =
        |number: usize| format!(r#"{{"digest":"{}","size":5}}"#, Digest::sha256(&number.to_be_bytes()));
    let layers: Vec<String> = (0..10_002).map(layer).collect();
    manifest(&store, "v5", &layers.join(","), "{}");

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a thread");
    let demo = runtime.block_on(Demo::start(DemoSettings::default(), store)).expect("a registry");
    let mut pty = Pty::open(150, 42);
    let program = pty.start(regtui(&[&format!("{}/app", demo.address())]));
    pty.wait_for("Tags 5");
    // Sorted by version, the newest first.
    for (tag, said) in [
        ("v5", "10000, and 2 more"),
        ("v4", "labels      0=1"),
        ("v3", "linux/unknown"),
        ("v2", "index of 64 images"),
        ("v1", "10000, and"),
    ] {
        pty.wait_for(&format!("/app:{tag}"));
        pty.wait_for(said);
        pty.press("j");
    }
    // Each row is known.
    pty.wait_until("all rows", |screen| !screen.contents().contains(" …"));
    let peak = program.peak();
    assert!(peak < MOST, "{peak:.1} MiB");
}
