//! The files of images of the demo, read through HTTP.

use regtui::app::panes::details::Tab;
use regtui::demo;

use crate::support::harness::Harness;
use crate::support::samples;

async fn at(image: &str) -> Harness {
    Harness::open(demo::DemoSettings::default(), samples::sample(), image).await
}

/// The line under the cursor.
fn cursor_line(harness: &Harness) -> String {
    let screen = harness.screen();
    screen.lines().find(|line| line.contains('▌')).unwrap_or_default().to_string()
}

#[tokio::test]
async fn the_files_of_a_chart_are_browsed_read_and_extracted_without_pulling_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = at("/charts/gateway").await;
    harness.press("f").await;
    assert_eq!(harness.state.detail.tab, Tab::Files);
    harness.press("/").await.type_text("values.yaml").await.press("Enter").await;
    harness.shows("values.yaml");
    harness.press("Enter").await;
    harness.shows("replicas");
    harness.press("q o").await;
    assert!(harness.paged.iter().any(|text| text.contains("replicas")), "{:?}", harness.paged);
    let to = folder.path().join("values.yaml");
    harness.press("x Ctrl-u").await.type_text(&to.display().to_string()).await.press("Enter").await;
    harness.shows("wrote 1 file");
    let written = std::fs::read_to_string(&to).expect("a file");
    assert!(written.contains("replicas"), "{written}");
    harness.press("x Ctrl-u").await.type_text(&to.display().to_string()).await.press("Enter").await;
    harness.shows("it exists already");
}

#[tokio::test]
async fn files_of_a_chart_begin_at_its_description_and_keys_lead_to_values_readme_and_templates() {
    let mut harness = at("/charts/gateway").await;
    harness.press("f").await;
    harness.shows("▾ gateway");
    assert!(cursor_line(&harness).contains("Chart.yaml"));
    harness.press("$").await;
    harness.shows("replicas: 2");
    harness.press("q").await;
    assert!(cursor_line(&harness).contains("values.yaml"));
    harness.press("#").await;
    harness.shows("helm install gateway");
    harness.press("q %").await;
    assert!(cursor_line(&harness).contains("▾ templates"));
    harness.shows("deployment.yaml");
    // They lead there from the other tabs too.
    harness.press("h h l $").await;
    harness.shows("replicas: 2");
}

#[tokio::test]
async fn keys_of_charts_are_refused_for_other_images() {
    let mut harness = at("/base/debian").await;
    harness.press("l $").await;
    harness.shows("this is no Helm chart");
}

#[tokio::test]
async fn a_model_of_hundreds_of_megabytes_is_told_by_its_header() {
    let mut harness = at("/ml/assistant:0.5b-q4-gguf").await;
    harness.press("f").await;
    harness.shows("assistant-q4_k_m.gguf");
    harness.shows("adapters");
    harness.press("/").await.type_text("gguf").await.press("Enter Enter").await;
    harness.shows("quantization     Q4_K_M");
    harness.shows("context          32,768 tokens");
    harness.press("q Esc /").await.type_text("safetensors").await.press("Enter Enter").await;
    harness.shows("safetensors model: 2 tensors");
    // The first bytes, three parts of the header, and the small file.
    let ranges: Vec<_> = harness.demo.requests().into_iter().map(|it| format!("{it:?}")).collect();
    let ranges: Vec<_> = ranges.iter().filter(|it| it.contains("\"range\"")).collect();
    assert_eq!(ranges.len(), 5, "{ranges:?}");
}

#[tokio::test]
async fn files_of_windows_stand_at_the_root_and_a_foreign_layer_is_named() {
    let mut harness = at("/windows/agent:2025").await;
    harness.press("f").await;
    harness.shows("1 of 2 layers");
    harness.shows("at downloads.example.com");
    harness.shows("the registry of Windows");
    harness.press("/").await.type_text("agent.json").await.press("Enter Enter").await;
    harness.shows("\"interval\": 30");
}

#[tokio::test]
async fn a_second_look_requests_nothing() {
    let mut harness = at("/charts/gateway").await;
    harness.press("f").await;
    let before = harness.demo.requests().len();
    harness.press("h j k f").await;
    harness.shows("whole image, 1 layer");
    let new: Vec<_> = harness.demo.requests().into_iter().skip(before).collect();
    assert!(new.iter().all(|request| !format!("{request:?}").contains("/blobs/")), "{new:?}");
}

#[tokio::test]
async fn findings_and_packages_of_an_image_lead_to_its_files() {
    let mut harness = at("/base/debian").await;
    harness.press("f").await;
    harness.press("Enter").await;
    harness.press("i").await;
    harness.shows("hidden (");
    harness.press("o").await;
    assert!(harness.paged.iter().any(|text| text.contains("KIND")), "{:?}", harness.paged);
    harness.press("Enter").await;
    assert!(harness.state.dialogs.is_empty());
    harness.press("P").await;
    harness.shows("ECOSYSTEM");
    harness.press("/").await.type_text("deb").await.press("Enter Enter").await;
    assert!(harness.state.dialogs.is_empty());
    harness.shows("status");
}
