//! Registries that list nothing: docs/REGISTRIES.md §9, docs/RELIABILITY.md F11.

use regtui::app::dialogs::Dialog;
use regtui::app::settings::AppSettings;
use regtui::demo::faults::Fault;
use regtui::demo::{self, Demo};
use regtui::model::reference::Target;

use crate::support::harness::Harness;
use crate::support::registry;
use crate::support::samples;

fn refusing(status: u16) -> demo::DemoSettings {
    let status = hyper::StatusCode::from_u16(status).expect("a status");
    demo::DemoSettings { catalog_refused: Some(status), ..demo::DemoSettings::default() }
}

#[tokio::test]
async fn a_registry_without_a_catalog_asks_for_a_name_says_why_and_opens_it() {
    for status in [401, 403, 404, 405] {
        let mut harness = Harness::open(refusing(status), samples::sample(), "").await;
        assert!(matches!(harness.state.dialogs.last(), Some(Dialog::Open(_))), "{status}");
        harness.shows("lists no repositories");
        harness.shows(&status.to_string());
        harness.type_text("team/app").await.press("Enter").await;
        harness.shows("Tags 16");
        harness.shows("1.4.2");
    }
}

#[tokio::test]
async fn repositories_opened_in_earlier_runs_are_listed_again() {
    let demo = Demo::start(refusing(403), samples::sample()).await.expect("a port");
    let target = Target::parse(&demo.address().to_string()).expect("a target");
    let remembered =
        [(target.host().clone(), vec![registry::name("team/app"), registry::name("base/debian")])].into();
    let settings = AppSettings { remembered, ..AppSettings::default() };
    let mut harness = Harness::with(demo, vec![target], settings, registry::settings()).await;
    assert!(harness.state.dialogs.is_empty());
    harness.shows("base/debian");
    harness.shows("no list: 403");
    harness.press("O").await.type_text("app").await;
    harness.shows("team/app");
    harness.press("Down Enter").await;
    harness.shows("› team/app ›");
}

#[tokio::test]
async fn an_invalid_name_is_refused_in_the_prompt() {
    let mut harness = Harness::open(refusing(404), samples::sample(), "").await;
    harness.type_text("Team/App").await.press("Enter").await;
    harness.shows("not a repository name");
    harness.press("Esc").await;
    assert!(harness.state.dialogs.is_empty());
    harness.shows("O opens a repository");
}

#[tokio::test]
async fn esc_leaves_the_prompt_and_it_does_not_come_back_by_itself() {
    let mut harness = Harness::open(refusing(405), samples::sample(), "").await;
    harness.press("Esc r").await;
    assert!(harness.state.dialogs.is_empty());
}

/// docs/REGISTRIES.md §3.4.
#[tokio::test]
async fn a_list_that_may_be_incomplete_says_so_also_if_it_is_empty() {
    for body in [r#"{"repositories":[]}"#, r#"{"repositories":["team/app"]}"#] {
        let demo = Demo::start(demo::DemoSettings::default(), samples::sample()).await.expect("a port");
        demo.fault(move |request, _| {
            let link = [("link", "</elsewhere>; rel=\"next\"")];
            (request.path == "/v2/_catalog").then(|| Fault::answer(200, &link, body))
        });
        let target = Target::parse(&demo.address().to_string()).expect("a target");
        let harness = Harness::with(demo, vec![target], AppSettings::default(), registry::settings()).await;
        harness.shows("may be incomplete");
    }
}
