//! The requests that a registry still answers.

use std::time::Duration;

use regtui::app::msg::Msg;
use regtui::app::settings::AppSettings;
use regtui::demo::faults::Fault;
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::reference::{Host, Target};
use regtui::model::request_budget::RequestBudget;
use regtui::model::request_line::RequestLine;

use crate::support::app::App;
use crate::support::harness::{Harness, now};
use crate::support::registry;

/// The end of a request whose answer says how many of 100 are left.
fn left(host: &str, left: u64) -> Msg {
    let window = Some(Duration::from_secs(21_600));
    let budget = RequestBudget { left, limit: Some(100), window, ..RequestBudget::default() };
    Msg::Requested(RequestLine {
        at: now(),
        method: "GET",
        url: format!("https://{host}/v2/a/manifests/1").into(),
        status: Some(200),
        took: Duration::from_millis(1),
        bytes: 1,
        attempt: 1,
        failure: None,
        budget: Some(Box::new((Host::parse(host).expect("a host"), budget))),
    })
}

/// An app at the tags of `a`, whose rows are not asked for yet.
fn at_tags(budget: Option<u64>) -> App {
    let mut app = App::new("r.test");
    app.answer_usually("server r.test");
    app.answer_usually("repositories r.test");
    if let Some(requests) = budget {
        app.send(left("r.test", requests));
    }
    app.answer_usually("tags a");
    app
}

#[test]
fn rows_do_not_fill_themselves_with_the_last_requests_until_the_user_says_so() {
    let mut app = at_tags(Some(8));
    let asked = app.asked();
    assert!(asked.contains(&"image a:3".to_string()) && !asked.iter().any(|ask| ask.starts_with("row")));
    app.shows("8 of 100 requests left in 6 h");
    app.shows("rows do not fill themselves any more");
    // The user's own requests are sent.
    app.press("Tab j");
    assert!(app.asked().contains(&"image a:2".to_string()), "{:?}", app.asked());
    app.press("r");
    app.answer_usually("tags a");
    assert!(app.asked().contains(&"row a:1".to_string()), "{:?}", app.asked());
}

#[test]
fn a_budget_is_shown_once_it_is_low_and_belongs_to_its_registry() {
    let mut app = at_tags(Some(26));
    assert!(!app.screen().contains("requests left"));
    assert!(app.asked().contains(&"row a:1".to_string()));
    app.send(left("r.test", 25));
    app.shows("25 of 100 requests left in 6 h");
    let mut app = at_tags(None);
    app.send(left("other.test", 0));
    assert!(!app.screen().contains("requests left"));
    assert!(app.asked().contains(&"row a:1".to_string()));
}

#[test]
fn rows_fill_themselves_again_when_requests_are_left_again() {
    let mut app = at_tags(Some(8));
    app.send(left("r.test", 100));
    assert!(app.asked().contains(&"row a:1".to_string()), "{:?}", app.asked());
}

/// A registry whose answers say that this many requests are left, with three tags of `team/app`.
async fn few_left(left: u64) -> Harness {
    let store = Store::new();
    for number in ["1", "2", "3"] {
        store.image("team/app").tag(number).label("number", number).push();
    }
    store.image("team/lib").tag("9").push();
    let demo = Demo::start(DemoSettings::default(), store).await.expect("a port");
    demo.fault(move |_, _| {
        let header = |name: &str, value: String| (name.to_string(), Some(value));
        let window = header("ratelimit-limit", "100;w=21600".into());
        Some(Fault::Headers(vec![window, header("ratelimit-remaining", left.to_string())]))
    });
    let target = format!("{}/team/app", demo.address());
    let target = Target::parse(&target).expect("a target");
    Harness::with(demo, vec![target], AppSettings::default(), registry::settings()).await
}

#[tokio::test]
async fn a_plan_that_needs_more_requests_than_are_left_waits_until_the_user_goes_on() {
    let mut harness = few_left(2).await;
    harness.press("* d").await;
    harness.shows("too few requests are left");
    harness.shows("of 2 requests left at");
    harness.shows("goes on nevertheless");
    harness.press("r").await;
    harness.shows("needs      about 12 of 2 requests left at");
    harness.shows("to untag 3 tags");
}

#[tokio::test]
async fn a_plan_states_its_need_and_does_not_wait_if_enough_requests_are_left() {
    let mut harness = few_left(24).await;
    harness.press("* d").await;
    harness.shows("needs      about 12 of 24 requests left at");
    harness.shows("to untag 3 tags");
}

#[tokio::test]
async fn a_comparison_that_needs_more_requests_than_are_left_waits_until_the_user_goes_on() {
    let mut harness = few_left(2).await;
    harness.press("h C").await;
    harness.type_text("team/lib").await.press("Enter").await;
    harness.shows("too few requests are left");
    harness.shows("goes on nevertheless");
    harness.press("r").await;
    harness.shows("3 missing");
}
