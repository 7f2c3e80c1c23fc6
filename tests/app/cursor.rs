//! The cursor stays on the item that the user chose while other rows come and go.

use regtui::demo::faults::Fault;
use regtui::demo::{self, Store};

use crate::support::harness::Harness;
use crate::support::samples;

fn selected(harness: &Harness) -> String {
    let registry = harness.state.registries.selected().expect("a registry");
    registry.repositories.selected().map(ToString::to_string).unwrap_or_default()
}

fn tag(harness: &Harness) -> String {
    harness.state.tags.selected().map(ToString::to_string).unwrap_or_default()
}

#[tokio::test]
async fn a_refresh_that_brings_new_repositories_keeps_the_cursor_on_its_row() {
    let mut harness = Harness::sample().await;
    harness.press("j Space k").await;
    assert_eq!(selected(&harness), "base/debian");
    harness.demo.store().image("a/first").tag("1").push();
    harness.press("r").await;
    assert_eq!(selected(&harness), "base/debian");
    harness.press("y r").await;
    assert!(harness.copied[0].ends_with("/base/debian"), "{:?}", harness.copied);
}

/// If a tag that was opened by name is pushed later, the cursor goes to it when a refresh lists it.
#[tokio::test]
async fn a_refresh_goes_to_the_tag_that_was_opened_before_it_was_there() {
    let mut harness =
        Harness::open(demo::DemoSettings::default(), samples::sample(), "/team/app:0.0.1").await;
    harness.shows("› team/app › 0.0.1");
    harness.press("v Esc").await;
    harness.demo.store().image("team/app").tag("0.0.1").push();
    harness.press("r").await;
    assert_eq!(tag(&harness), "0.0.1");
    harness.shows("› team/app › 0.0.1");
}

#[tokio::test]
async fn a_dropped_filter_leaves_the_cursor_on_its_match() {
    let mut harness = Harness::sample().await;
    harness.press("/").await.type_text("orders").await.press("Enter").await;
    let found = selected(&harness);
    assert!(found.contains("orders"), "{found}");
    harness.press("Enter h Esc").await;
    harness.shows("Repositories 22");
    assert_eq!(selected(&harness), found);
    harness.press("g T /").await.type_text("orders").await.press("Enter Esc").await;
    assert_eq!(selected(&harness), found, "in a tree, its namespaces are opened");
}

#[tokio::test]
async fn a_filter_moves_the_cursor_to_its_best_match_from_any_row() {
    let mut harness = Harness::sample().await;
    harness.press("G").await;
    harness.press("/").await.type_text("base").await;
    assert_eq!(selected(&harness), "base/alpine");
    harness.press("Down").await.type_text("/deb").await;
    assert_eq!(selected(&harness), "base/debian");
}

#[tokio::test]
async fn a_refresh_that_fails_in_the_middle_leaves_the_list_as_whole_as_it_was() {
    let store = Store::new();
    for number in 0..1500 {
        store.image(&format!("r{number:04}")).tag("1").push();
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "").await;
    harness.press("G").await;
    harness.demo.fault(|request, _| request.query.contains("last=").then(|| Fault::status(403)));
    harness.press("r").await;
    harness.shows("Repositories 1500");
    assert_eq!(selected(&harness), "r1499");
    assert!(harness.state.registries.selected().expect("a registry").repositories.names.complete);
    harness.demo.clear_faults();
    harness.press("r").await;
    harness.shows("Repositories 1500");
    assert_eq!(selected(&harness), "r1499");
    harness.does_not_show("403");
}

/// Tags of the same date must not change places while others are still loading.
#[tokio::test]
async fn tags_that_sort_alike_keep_their_order_when_it_is_settled_again() {
    let store = Store::new();
    for number in 0..6 {
        let image = store.image("same").tag(format!("t{number}")).label("n", number.to_string());
        image.created("2024-01-01T00:00:00Z").push();
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/same").await;
    harness.press("s n s d s d").await;
    let rows = harness.state.tags.list.rows.clone();
    for name in ["t0", "t3"] {
        let image = harness.demo.store().image("same").tag(name).label("moved", name);
        image.created("2024-01-01T00:00:00Z").push();
        harness.press("r").await;
        assert_eq!(harness.state.tags.list.rows, rows, "{name}");
    }
}

#[tokio::test]
async fn text_that_was_scrolled_to_its_end_fills_a_larger_screen() {
    let mut harness = Harness::sample().await;
    harness.resize(50, 15).await;
    harness.press("4 G").await;
    harness.does_not_show("image  ");
    harness.resize(150, 60).await;
    harness.shows("image  ");
    harness.press("] ] ]").await;
    harness.resize(60, 12).await;
    harness.press("G").await;
    harness.resize(150, 60).await;
    harness.shows("\"architecture\"");
}
