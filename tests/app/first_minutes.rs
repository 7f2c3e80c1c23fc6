//! The first minutes of a new user: a URL, a user name and a password are all that is known.

use std::time::Duration;

use regtui::app::msg::Msg;
use regtui::app::settings::AppSettings;
use regtui::client::ClientSettings;
use regtui::client::credentials::Credentials;
use regtui::demo::auth::{Account, AuthMode, TokenIssuer};
use regtui::demo::faults::Fault;
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::reference::Target;
use tempfile::TempDir;

use crate::support::harness::{Harness, key_of};
use crate::support::registry;

const PASSWORD: &str = "CANARY7";

fn store() -> Store {
    let store = Store::new();
    store.image("team/app").tag("1.4.2").push();
    store
}

/// Opens regtui without a target, in a home without logins.
async fn started(demo: Demo) -> (Harness, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let variable = |name: &str| (name == "DOCKER_CONFIG").then(|| folder.path().into());
    let credentials = Credentials::from_env(variable, Duration::from_secs(5));
    let client = ClientSettings { credentials, ..registry::settings() };
    (Harness::with(demo, Vec::new(), AppSettings::default(), client).await, folder)
}

/// Types the login, and presses the keys that the screen names. Returns their number.
async fn log_in(harness: &mut Harness, url: &str) -> usize {
    let mut keys = 0;
    harness.type_text(url).await.press("Enter").await;
    keys += 1;
    if !harness.screen().contains("Log in to") {
        harness.shows("logs");
        if harness.screen().contains("╭ Open") {
            harness.press("Esc").await;
            keys += 1;
        }
        harness.press("L").await;
        keys += 1;
    }
    harness.type_text("ann").await.press("Enter").await.type_text(PASSWORD).await.press("Enter").await;
    keys + 2
}

#[tokio::test]
async fn a_url_a_user_and_a_password_lead_to_the_tags_of_a_private_repository_in_few_keys() {
    let account = || Account::new("ann", PASSWORD);
    let tokens = |anonymous_pull| TokenIssuer { anonymous_pull, ..TokenIssuer::new(account()) };
    for auth in [AuthMode::Basic(account()), AuthMode::Bearer(tokens(false)), AuthMode::Bearer(tokens(true))]
    {
        for (path, url) in [("", "/"), ("/team/app", "/team/app")] {
            let settings = DemoSettings { auth: auth.clone(), ..DemoSettings::default() };
            let demo = Demo::start(settings, store()).await.expect("a port");
            let address = demo.address();
            let (mut harness, _folder) = started(demo).await;
            let is_public = matches!(&auth, AuthMode::Bearer(issuer) if issuer.anonymous_pull);
            if is_public && !path.is_empty() {
                continue;
            }
            let keys = log_in(&mut harness, &format!("{address}{url}")).await;
            assert!(keys < 10, "{keys}");
            harness.shows("as ann");
            harness.shows("› team/app › 1.4.2");
            harness.does_not_show(PASSWORD);
        }
    }
}

/// Gitea gives everybody a token, with which only public packages are listed: docs/REGISTRIES.md §4.
#[tokio::test]
async fn on_a_registry_that_lists_only_public_names_a_login_is_one_key_away() {
    let demo = Demo::start(DemoSettings::default(), store()).await.expect("a port");
    let realm = format!("http://{}/v2/token", demo.address());
    demo.fault(move |request, _| {
        let sent = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let challenge = format!("Bearer realm=\"{realm}\",service=\"container_registry\",scope=\"*\"");
        match (request.path, sent) {
            ("/v2/token", None) => Some(Fault::answer(200, &[], r#"{"token":"GHOST"}"#)),
            ("/v2/token", Some("Basic YW5uOkNBTkFSWTc=")) => {
                Some(Fault::answer(200, &[], r#"{"token":"ANN"}"#))
            }
            ("/v2/token", Some(_)) => Some(Fault::status(401)),
            (_, Some("Bearer ANN")) => None,
            ("/v2/", Some("Bearer GHOST")) => Some(Fault::answer(200, &[], "{}")),
            ("/v2/_catalog", Some("Bearer GHOST")) => Some(Fault::answer(200, &[], r#"{"repositories":[]}"#)),
            _ => Some(Fault::answer(401, &[("www-authenticate", &challenge)], "")),
        }
    });
    let address = demo.address();
    let (mut harness, _folder) = started(demo).await;
    harness.type_text(&format!("{address}/")).await.press("Enter").await;
    harness.shows("L logs");
    harness.press("L").await.type_text("ann").await.press("Enter").await.type_text(PASSWORD).await;
    harness.press("Enter").await;
    harness.shows("as ann");
    harness.shows("› team/app › 1.4.2");
}

#[tokio::test]
async fn a_registry_that_does_not_answer_does_not_slow_down_the_others() {
    let mut others = Vec::new();
    for _ in 0..9 {
        others.push(Demo::start(DemoSettings::default(), store()).await.expect("a port"));
    }
    let dead = Demo::start(DemoSettings::default(), store()).await.expect("a port");
    dead.fault(|_, _| Some(Fault::Hang));
    let target = |demo: &Demo| Target::parse(&demo.address().to_string()).expect("a target");
    let targets = [&dead].into_iter().chain(&others).map(target).collect();
    let mut harness = Harness::start(dead, targets, AppSettings::default(), registry::settings());
    for other in &others {
        harness.take(Msg::Key(key_of("1")));
        harness.take(Msg::Key(key_of("j")));
        let path = format!("{} › team/app › 1.4.2", other.address());
        harness.until(|harness| harness.screen().contains(&path)).await;
    }
}
