//! What is opened, from the command line and later, and what is remembered of it.

use regtui::app::settings::Settings;
use regtui::demo::{self, Demo, Store};
use regtui::model::reference::Target;

use crate::support::harness::Harness;
use crate::support::registry;

async fn small(repository: &str) -> Demo {
    let store = Store::new();
    for name in [repository, "z/last"] {
        store.image(name).tag("1").push();
        store.image(name).tag("2").push();
    }
    Demo::start(demo::Settings::default(), store).await.expect("a port")
}

/// The first target has the cursor, however the others are mixed.
#[tokio::test]
async fn targets_of_two_registries_in_turn_open_on_the_first_one() {
    let (one, two) = (small("one/app").await, small("two/app").await);
    let target = |demo: &Demo, path: &str| Target::parse(&format!("{}{path}", demo.address())).expect(path);
    let targets = vec![target(&one, "/one/app:1"), target(&two, "/two/app:1"), target(&one, "/z/last")];
    let first = one.address().to_string();
    let harness = Harness::with(one, targets, Settings::default(), registry::settings()).await;
    harness.shows("› one/app › 1");
    assert_eq!(harness.state.registries.items[0].host.as_str(), first);
    assert_eq!(harness.state.registries.items.len(), 2);
}

/// Each target keeps its image until the cursor comes to it.
#[tokio::test]
async fn the_image_of_the_second_target_is_shown_when_the_cursor_comes_to_it() {
    let (one, two) = (small("one/app").await, small("two/app").await);
    let target = |demo: &Demo, path: &str| Target::parse(&format!("{}{path}", demo.address())).expect(path);
    let targets = vec![target(&one, "/one/app:1"), target(&two, "/two/app:1")];
    let mut harness = Harness::with(one, targets, Settings::default(), registry::settings()).await;
    harness.shows("› one/app › 1");
    harness.press("1 j").await;
    harness.shows("› two/app › 1");
    assert_eq!(harness.state.tags.selected().map(|tag| tag.as_str()), Some("1"));
}

/// What was opened in earlier runs is not forgotten because something else is opened in this one.
#[tokio::test]
async fn opening_a_repository_keeps_what_earlier_runs_remember() {
    let demo = small("one/app").await;
    let target = Target::parse(&format!("{}/one/app", demo.address())).expect("a target");
    let host = target.host().clone();
    let remembered = [(host.clone(), vec![registry::name("old/thing"), registry::name("one/app")])].into();
    let settings = Settings { remembered, ..Settings::default() };
    let harness = Harness::with(demo, vec![target], settings, registry::settings()).await;
    let expected = vec![registry::name("one/app"), registry::name("old/thing")];
    assert_eq!(harness.state.settings.remembered.get(&host), Some(&expected));
    assert_eq!(harness.remembered.last(), Some(&(host, expected)));
}

/// A mistyped name is not offered again.
#[tokio::test]
async fn a_repository_that_is_not_there_is_not_remembered() {
    let demo = small("one/app").await;
    let target = Target::parse(&format!("{}/one/ap", demo.address())).expect("a target");
    let host = target.host().clone();
    let harness = Harness::with(demo, vec![target], Settings::default(), registry::settings()).await;
    assert_eq!(harness.state.settings.remembered.get(&host), Some(&vec![]));
    assert_eq!(harness.remembered.last(), Some(&(host, vec![])));
}
