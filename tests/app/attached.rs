//! Attached artifacts in the Details pane, with a registry in memory.

use regtui::app::panes::details::Tab;
use regtui::demo::{DemoSettings, Store};
use serde_json::json;

use crate::support::harness::Harness;

/// The SBOM of `app:1`.
const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","packages":[{"name":"musl","versionInfo":"1.2.5","licenseDeclared":"MIT"}]}"#;

/// `app:1` with an SBOM, a document of an unknown kind, and a signature that names another image. The cursor is on the
/// first of them, in the Referrers tab.
async fn referrers() -> Harness {
    let store = Store::new();
    let image = store.image("app").tag("1").push();
    let artifact = |kind: &str, content: &str| {
        store.artifact("app").kind(kind).layer(kind, content.to_owned()).subject(&image).push();
    };
    artifact("application/spdx+json", SPDX);
    artifact("application/vnd.example.review+json", r#"{"review":{"by":"team"}}"#);
    let other = json!({
        "critical": { "image": { "docker-manifest-digest": format!("sha256:{}", "0".repeat(64)) }, "type": "x" },
    });
    artifact("application/vnd.dev.cosign.simplesigning.v1+json", &other.to_string());
    let mut harness = Harness::open(DemoSettings::default(), store, "/app:1").await;
    harness.press("4").await;
    for _ in 0..4 {
        if harness.screen().contains("simple") || harness.screen().contains("review+json") {
            break;
        }
        harness.press("]").await;
    }
    harness.press("g").await;
    harness
}

/// Opens the artifact whose row has this text.
async fn open(harness: &mut Harness, text: &str) {
    harness.press("/").await;
    harness.type_text(text).await;
    harness.press("Enter Enter").await;
}

#[tokio::test]
async fn an_sbom_is_a_table_of_packages_and_esc_goes_back() {
    let mut harness = referrers().await;
    open(&mut harness, "spdx").await;
    for text in ["PACKAGE", "LICENCE", "musl", "1 package, SPDX 2.3", "it names no image"] {
        harness.shows(text);
    }
    harness.press("o").await;
    assert!(harness.paged.last().is_some_and(|text| text.contains("musl")));
    harness.press("Esc").await;
    harness.does_not_show("PACKAGE");
    harness.shows("Referrers");
}

#[tokio::test]
async fn unknown_documents_are_json_and_signatures_are_claims() {
    let mut harness = referrers().await;
    open(&mut harness, "review").await;
    harness.shows("\"by\": \"team\"");
    harness.press("q Esc").await;
    open(&mut harness, "signature").await;
    harness.shows("claimed and not checked");
    harness.shows("it does not name this image");
}

#[tokio::test]
async fn a_document_is_saved_as_a_new_file_and_never_over_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.spdx.json").display().to_string();
    let mut harness = referrers().await;
    open(&mut harness, "spdx").await;
    harness.press("x").await;
    harness.shows("never written over");
    harness.press("Ctrl-u").await;
    harness.type_text(&path).await;
    harness.press("Enter").await;
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), SPDX);
    harness.shows("saved `");
    harness.press("x Ctrl-u").await;
    harness.type_text(&path).await;
    harness.press("Enter").await;
    harness.shows("the file exists");
    harness.press("Esc Esc").await;
    harness.shows("Referrers");
}

#[tokio::test]
async fn the_rows_of_many_artifacts_send_no_more_requests_than_need_no_announcement() {
    let store = Store::new();
    let image = store.image("app").tag("1").push();
    for number in 0..150 {
        let content = format!("{{\"spdxVersion\":\"SPDX-2.3\",\"name\":\"{number}\",\"packages\":[]}}");
        store
            .artifact("app")
            .kind("application/spdx+json")
            .layer("application/spdx+json", content)
            .subject(&image)
            .push();
    }
    let mut harness = Harness::open(DemoSettings::default(), store, "/app:1").await;
    harness.demo.forget_requests();
    harness.press("4").await;
    for _ in 0..6 {
        if harness.state.detail.tab == Tab::Referrers {
            break;
        }
        harness.press("]").await;
    }
    assert_eq!(harness.state.detail.tab, Tab::Referrers, "{}", harness.screen());
    let asked = harness.demo.requests();
    let count = |part: &str| asked.iter().filter(|request| request.path.contains(part)).count();
    let (manifests, blobs) = (count("/manifests/"), count("/blobs/"));
    assert!(blobs > 40 && manifests + blobs <= 200, "{manifests} manifests, {blobs} blobs");
}
