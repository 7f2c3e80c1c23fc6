//! From the registry to the layer, by keys alone.

use regtui::app::Pane;
use regtui::app::msg::Msg;
use regtui::app::panes::details::Tab;
use regtui::app::settings::AppSettings;
use regtui::client::ClientSettings;
use regtui::client::credentials::Credentials;
use regtui::demo::auth::{Account, AuthMode};
use regtui::demo::faults::Fault;
use regtui::demo::{self, Demo, Store};
use regtui::model::reference::Target;

use crate::support::harness::Harness;
use crate::support::registry;
use crate::support::samples;

#[tokio::test]
async fn a_registry_opens_on_its_repositories_their_tags_and_the_image() {
    let harness = Harness::sample().await;
    harness.shows("Repositories 22");
    harness.shows("base/alpine");
    harness.shows("Tags 8");
    harness.shows("3.22.2");
    harness.shows("index of 3 images");
}

#[tokio::test]
async fn keys_lead_from_the_repository_to_the_layer_and_back() {
    let mut harness = Harness::sample().await;
    harness.press("/").await.type_text("team/app").await.press("Enter Enter").await;
    assert_eq!(harness.state.focus, Pane::Tags);
    harness.shows("› team/app › 1.4.2");
    harness.press("j Enter ]").await;
    assert_eq!((harness.state.focus, harness.state.detail.tab), (Pane::Details, Tab::Layers));
    harness.shows("COPY --from=bu");
    harness.press("}").await;
    harness.shows("platform 2 of 3");
    // The images of an index have attestations, so there is a tab of referrers.
    harness.press("] ] ] ] ]").await;
    assert_eq!(harness.state.detail.tab, Tab::Overview);
    harness.press("h h").await;
    assert_eq!(harness.state.focus, Pane::Repositories);
    harness.press("Esc").await;
    harness.shows("Repositories 22");
    harness.press("h").await;
    assert_eq!(harness.state.focus, Pane::Registries);
    harness.shows("Registries 1");
}

#[tokio::test]
async fn an_image_on_the_command_line_is_shown_although_its_tag_is_not_the_first() {
    let harness = Harness::open(demo::DemoSettings::default(), samples::sample(), "/team/app:1.2.9").await;
    harness.shows("› team/app › 1.2.9");
    assert_eq!(harness.state.tags.selected().map(|tag| tag.as_str()), Some("1.2.9"));
    assert_eq!(
        harness.state.registries.selected().and_then(|r| r.repositories.selected()).map(|n| n.as_str()),
        Some("team/app")
    );
}

#[tokio::test]
async fn an_image_by_digest_is_shown() {
    let store = samples::sample();
    let digest = store.digest_of("team/app", "1.2.9").expect("a sample");
    let harness = Harness::open(demo::DemoSettings::default(), store, &format!("/team/app@{digest}")).await;
    harness.shows(&format!("› {}", &digest.to_string()[..20]));
    harness.shows("index of");
}

#[tokio::test]
async fn two_registries_stand_side_by_side() {
    let other = Demo::start(demo::DemoSettings::default(), {
        let store = Store::new();
        store.image("other/thing").tag("9").push();
        store
    });
    let other = other.await.expect("a port");
    let demo = Demo::start(demo::DemoSettings::default(), samples::sample()).await.expect("a port");
    let target = |demo: &Demo| Target::parse(&demo.address().to_string()).expect("a target");
    let targets = vec![target(&demo), target(&other)];
    let mut harness = Harness::with(demo, targets, AppSettings::default(), registry::settings()).await;
    harness.resize(160, 40).await;
    harness.shows("Registries 2");
    harness.shows("base/alpine");
    harness.press("1 j").await;
    harness.shows("other/thing");
    harness.press("k").await;
    harness.shows("base/alpine");
}

#[tokio::test]
async fn a_dead_registry_is_said_in_its_place_and_the_other_works() {
    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    };
    let demo = Demo::start(demo::DemoSettings::default(), samples::sample()).await.expect("a port");
    let targets =
        [dead.to_string(), demo.address().to_string()].map(|text| Target::parse(&text).expect("a target"));
    let mut harness = Harness::with(demo, targets.into(), AppSettings::default(), registry::settings()).await;
    harness.shows("refused");
    harness.press("1 j 2").await;
    harness.shows("base/alpine");
}

/// Rows appear page by page; a refresh that fails keeps them and says so; `r` asks again.
#[tokio::test]
async fn old_rows_stay_when_a_refresh_fails() {
    let mut harness = Harness::sample().await;
    harness.press("/").await.type_text("team/app").await.press("Enter l").await;
    harness.demo.fault(|request, _| request.path.ends_with("/tags/list").then(|| Fault::status(403)));
    harness.press("r").await;
    harness.shows("1.4.2");
    harness.shows("not refreshed: 403");
    harness.demo.clear_faults();
    harness.press("r").await;
    harness.does_not_show("not refreshed");
}

#[tokio::test]
async fn a_failure_shows_the_action_and_a_hint_and_hides_nothing_else() {
    let mut harness = Harness::sample().await;
    harness.demo.fault(|request, _| request.path.ends_with("/tags/list").then(|| Fault::status(401)));
    harness.press("j").await;
    harness.shows("cannot list the tags of base/debian");
    harness.shows("hint: log in with");
    harness.shows("base/alpine");
}

#[tokio::test]
async fn a_late_answer_does_not_show_one_repository_under_the_name_of_another() {
    let mut harness = Harness::sample().await;
    let gate = demo::faults::Gate::new();
    let held = gate.clone();
    harness.demo.fault(move |request, _| {
        (request.path == "/v2/base/debian/tags/list").then(|| Fault::Gate(held.clone()))
    });
    for key in ["j", "j"] {
        harness.take(Msg::Key(crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Char(
            key.chars().next().expect("a key"),
        ))));
    }
    gate.open();
    harness.settle().await;
    let shown = harness.state.tags.repository.as_ref().map(|repository| repository.name.to_string());
    assert_eq!(shown.as_deref(), Some("base/distroless"));
    let tags = harness.demo.store().tags("base/distroless");
    assert_eq!(harness.state.tags.tags.items.len(), tags.len());
}

/// Only visible rows are loaded, and a few beyond them.
#[tokio::test]
async fn details_are_loaded_for_visible_rows_only_and_each_blob_once() {
    let store = Store::new();
    for number in 0..1000 {
        store.image("many").tag(format!("1.{number}.0")).label("number", number.to_string()).push();
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/many").await;
    let manifests = |harness: &Harness| {
        harness.demo.requests().iter().filter(|request| request.path.contains("/manifests/")).count()
    };
    let first = manifests(&harness);
    assert!((30..130).contains(&first), "{first} manifests");
    harness.press("G").await;
    assert!(manifests(&harness) < 260, "{} manifests", manifests(&harness));
    let mut blobs: Vec<String> = harness
        .demo
        .requests()
        .iter()
        .filter(|r| r.path.contains("/blobs/"))
        .map(|r| r.path.clone())
        .collect();
    let all = blobs.len();
    blobs.sort();
    blobs.dedup();
    assert_eq!(blobs.len(), all, "no blob twice");
    assert_eq!(harness.state.tags.selected().map(|tag| tag.as_str()), Some("1.0.0"));
}

#[tokio::test]
async fn sorting_by_date_loads_every_row_and_sorts() {
    let store = Store::new();
    for (number, year) in [2021, 2024, 2019, 2023].into_iter().enumerate() {
        store.image("dated").tag(format!("v{number}")).created(format!("{year}-01-01T00:00:00Z")).push();
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/dated").await;
    harness.press("s d").await;
    let order = |harness: &Harness| {
        let tags = &harness.state.tags;
        tags.list.rows.iter().map(|row| tags.tags.items[*row as usize].text().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(order(&harness), ["v1", "v3", "v0", "v2"]);
    harness.press("s d").await;
    assert_eq!(order(&harness), ["v2", "v0", "v3", "v1"]);
    harness.press("s n").await;
    assert_eq!(order(&harness), ["v0", "v1", "v2", "v3"]);
}

/// Each question is asked once: the row and the details share their answers.
#[tokio::test]
async fn moving_over_a_list_asks_nothing_twice() {
    let store = Store::new();
    for number in 0..5 {
        store.image("app").tag(format!("1.{number}")).label("number", number.to_string()).push();
    }
    let demo = demo::DemoSettings { referrers: false, ..demo::DemoSettings::default() };
    let mut harness = Harness::open(demo, store, "/app").await;
    harness.press("j").await.press("j").await.press("k").await;
    let mut lines: Vec<String> = harness.demo.requests().iter().map(|request| request.line()).collect();
    lines.retain(|line| line.contains("/manifests/") || line.contains("/blobs/"));
    let all = lines.len();
    lines.sort();
    lines.dedup();
    assert_eq!((lines.len(), all), (10, 10), "{lines:?}");
}

/// The header shows at once the facts of the registry that inspecting an image brought.
#[tokio::test]
async fn the_header_learns_whether_there_is_a_referrers_api() {
    for (referrers, shown) in [(true, "referrers ✓"), (false, "referrers ✗")] {
        let store = Store::new();
        store.image("app").tag("1").push();
        let settings = demo::DemoSettings { referrers, ..demo::DemoSettings::default() };
        let harness = Harness::open(settings, store, "/app").await;
        harness.shows(shown);
    }
}

#[tokio::test]
async fn after_a_login_elsewhere_r_goes_on_in_the_pane_that_failed() {
    for path in ["", "/team/app", "/team/app:1.4.2"] {
        let auth = AuthMode::Basic(Account::new("ann", "CANARY7"));
        let demo =
            Demo::start(demo::DemoSettings { auth, ..demo::DemoSettings::default() }, samples::sample());
        let demo = demo.await.expect("a port");
        let host = demo.address();
        let folder = tempfile::tempdir().expect("a folder");
        let variable = |name: &str| (name == "DOCKER_CONFIG").then(|| folder.path().into());
        let credentials = Credentials::from_env(variable, std::time::Duration::from_secs(5));
        let client = ClientSettings { credentials, ..registry::settings() };
        let target = Target::parse(&format!("{host}{path}")).expect("a target");
        let mut harness = Harness::with(demo, vec![target], AppSettings::default(), client).await;
        harness.press("Esc").await;
        harness.shows("regtui login");
        harness.shows("401");
        let login = format!(r#"{{"auths":{{"{host}":{{"auth":"YW5uOkNBTkFSWTc="}}}}}}"#);
        std::fs::write(folder.path().join("config.json"), login).expect("a file");
        harness.press("r").await;
        harness.settle().await;
        match path {
            "" => harness.shows("Repositories 22"),
            _ => harness.shows("1.4.2"),
        }
        harness.shows("as ann");
        harness.does_not_show("CANARY7");
    }
}
