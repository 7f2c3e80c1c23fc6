//! The files of images of the demo, read through HTTP.

use regtui::app::panes::details::Tab;
use regtui::demo;

use crate::support::harness::Harness;
use crate::support::samples;

async fn at(image: &str) -> Harness {
    Harness::open(demo::DemoSettings::default(), samples::sample(), image).await
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
