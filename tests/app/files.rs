//! The files of images of the demo, read through HTTP.

use std::fs;
use std::time::Duration;

use regtui::app::msg::Msg;
use regtui::app::panes::details::Tab;
use regtui::demo;
use regtui::demo::Store;
use regtui::demo::faults::{Fault, Gate};

use crate::support::harness::{Harness, key_of};
use crate::support::layered::{StoredLayer, names_in, noise, push_image, until_part};
use crate::support::samples;
use crate::support::tars::Tar;

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

/// The files of an image with a device, and a gate before its layer.
async fn held() -> (Harness, Gate) {
    let store = Store::new();
    let tar = Tar::default().directory(b"d/").file(b"d/file", b"content").header(b'3', b"d/device", b"", 0);
    push_image(&store, "1", &[StoredLayer::gzip(&tar.end())]);
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app:1").await;
    harness.press("f").await;
    let gate = Gate::new();
    let hold = gate.clone();
    harness.demo.fault(move |request, _| request.path.contains("/blobs/").then(|| Fault::Gate(hold.clone())));
    (harness, gate)
}

/// Presses keys, and waits for nothing that they set going.
fn press_at_once(harness: &mut Harness, keys: &str) {
    harness.wait(300);
    for key in keys.split(' ') {
        harness.wait(40);
        harness.take(Msg::Key(key_of(key)));
    }
}

#[tokio::test]
async fn an_extraction_is_a_job_that_stops_and_leaves_nothing_behind() {
    let (mut harness, gate) = held().await;
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("out");
    harness.press("x Ctrl-u").await.type_text(&to.display().to_string()).await;
    press_at_once(&mut harness, "Enter");
    harness.until(|harness| harness.state.jobs.are_running()).await;
    gate.reached_by(1).await;
    until_part(folder.path()).await;
    harness.shows("Esc pauses · w");
    press_at_once(&mut harness, "w");
    harness.shows("Jobs 1, 1 running");
    harness.press("s").await;
    harness.press("Esc").await;
    harness.shows("stopped, nothing is left of it");
    assert!(names_in(folder.path()).is_empty(), "{:?}", names_in(folder.path()));
}

#[tokio::test]
async fn an_extraction_that_is_paused_in_the_files_goes_on_with_the_rest() {
    let store = Store::new();
    let content = noise(6 << 20);
    push_image(&store, "1", &[StoredLayer::gzip(&Tar::default().file(b"large", &content).end())]);
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app:1").await;
    harness.press("f").await;
    harness.demo.forget_requests();
    harness.demo.fault(|_, _| Some(Fault::Drip(64 << 10, Duration::from_millis(5))));
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("out");
    harness.press("x Ctrl-u").await.type_text(&to.display().to_string()).await;
    press_at_once(&mut harness, "Enter");
    harness.until(|harness| harness.state.jobs.are_running()).await;
    until_part(folder.path()).await;
    press_at_once(&mut harness, "Esc");
    harness.shows("paused");
    harness.shows("X goes on");
    let part = folder.path().join(&names_in(folder.path())[0]);
    let written = || fs::metadata(&part).expect("a part").len();
    // No event tells that a write in another thread is over: the file is looked at until it stops growing. A pause that
    // does not hold lets it grow to the end, which the assertion below finds.
    let mut before = u64::MAX;
    while before != written() {
        before = written();
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    assert!(before < content.len() as u64);
    harness.demo.clear_faults();
    harness.press("X").await;
    assert!(fs::read(&to).expect("a file") == content);
    let asked = harness.demo.requests();
    let blobs: Vec<_> = asked.iter().filter(|request| request.path.contains("/blobs/")).collect();
    assert_eq!(blobs.len(), 1, "{blobs:?}");
}

#[tokio::test]
async fn several_extractions_run_and_end_one_after_another_and_tell_what_they_left_out() {
    let (mut harness, gate) = held().await;
    let folder = tempfile::tempdir().expect("a folder");
    for (number, name) in [(1, "one"), (2, "two")] {
        let to = folder.path().join(name).display().to_string();
        press_at_once(&mut harness, "x Ctrl-u");
        for letter in to.chars() {
            harness.take(Msg::Key(key_of(&letter.to_string())));
        }
        press_at_once(&mut harness, "Enter");
        harness.until(|harness| harness.state.jobs.all.len() == number).await;
    }
    gate.reached_by(2).await;
    harness.shows("2 jobs");
    gate.open();
    harness.settle().await;
    harness.shows("partly: wrote 1 file (7 B)");
    for name in ["one", "two"] {
        assert_eq!(names_in(&folder.path().join(name)), ["file"]);
    }
    assert_eq!(names_in(folder.path()), ["one", "two"]);
}
