//! `L`: a login that is entered in regtui.

use regtui::app::msg::Msg;
use regtui::app::settings::AppSettings;
use regtui::client::credentials::{Credentials, TokenServices};
use regtui::client::{ClientSettings, Pool};
use regtui::demo::auth::{Account, AuthMode, TokenIssuer};
use regtui::demo::faults::Fault;
use regtui::demo::{Demo, DemoSettings};
use regtui::model::reference::Target;
use regtui::store::state::StateStore;
use tempfile::TempDir;

use crate::support::harness::{Harness, handle, key_of, now};
use crate::support::{registry, samples};

const PASSWORD: &str = "CANARY7";

/// Opens a registry that asks for a login, in a home without logins.
async fn denied(auth: AuthMode, path: &str) -> (Harness, TempDir) {
    let (mut harness, folder) = opened(auth, path).await;
    harness.press("Esc").await;
    (harness, folder)
}

async fn opened(auth: AuthMode, path: &str) -> (Harness, TempDir) {
    let demo = Demo::start(DemoSettings { auth, ..DemoSettings::default() }, samples::sample()).await;
    let demo = demo.expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let variable = |name: &str| (name == "DOCKER_CONFIG").then(|| folder.path().into());
    let credentials = Credentials::from_env(variable, std::time::Duration::from_secs(5));
    let client = ClientSettings { credentials, ..registry::settings() };
    let target = Target::parse(&format!("{}{path}", demo.address())).expect("a target");
    (Harness::with(demo, vec![target], AppSettings::default(), client).await, folder)
}

fn basic() -> AuthMode {
    AuthMode::Basic(Account::new("ann", PASSWORD))
}

fn bearer() -> AuthMode {
    AuthMode::Bearer(TokenIssuer { anonymous_pull: false, ..TokenIssuer::new(Account::new("ann", PASSWORD)) })
}

/// Asks for a login with `L`, and goes on to the password.
async fn at_password(harness: &mut Harness) -> &mut Harness {
    harness.press("L").await.type_text("ann").await.press("Enter").await
}

fn stored(folder: &TempDir) -> Option<String> {
    std::fs::read_to_string(folder.path().join("config.json")).ok()
}

/// Returns the number of requests that carried user and password.
fn logins_sent(harness: &Harness) -> usize {
    let is_login = |sent: &str| sent.starts_with("Basic");
    harness
        .demo
        .requests()
        .iter()
        .filter(|request| request.header("authorization").is_some_and(is_login))
        .count()
}

#[tokio::test]
async fn a_registry_that_shows_nothing_without_a_login_asks_for_it_by_itself() {
    for auth in [basic(), bearer()] {
        let (mut harness, _folder) = opened(auth, "").await;
        harness.shows("now: no login");
        harness.does_not_show("╭ Open");
        harness.type_text("ann").await.press("Enter").await.type_text(PASSWORD).await.press("Enter").await;
        harness.shows("Repositories 22");
    }
}

#[tokio::test]
async fn after_a_login_the_pane_that_was_denied_goes_on_by_itself() {
    for (auth, path) in [(basic(), ""), (bearer(), ""), (basic(), "/team/app"), (bearer(), "/team/app:1.4.2")]
    {
        let (mut harness, folder) = denied(auth, path).await;
        harness.shows("L logs");
        harness.press("L").await;
        harness.shows("now: no login");
        harness.shows("config.json`, where it is not encrypted");
        harness.type_text("ann").await.press("Enter").await.type_text(PASSWORD).await;
        harness.shows("•••••••");
        harness.does_not_show(PASSWORD);
        harness.press("Enter").await;
        harness.shows("as ann");
        match path {
            "" => harness.shows("Repositories 22"),
            _ => harness.shows("1.4.2"),
        }
        assert!(stored(&folder).is_some_and(|text| text.contains("YW5uOkNBTkFSWTc=")));
    }
}

#[tokio::test]
async fn a_login_for_this_run_is_written_nowhere() {
    let (mut harness, folder) = denied(bearer(), "").await;
    at_password(&mut harness).await.type_text(PASSWORD).await;
    harness.press("Tab Space").await;
    harness.shows("[ ] for this run only");
    harness.press("Enter").await;
    harness.shows("Repositories 22");
    assert_eq!(stored(&folder), None);
    harness.press("L").await;
    harness.shows("now: as ann, from `this run`");
}

/// A panic may quote whatever has a `Debug` form: its report shows the message of the panic.
#[tokio::test]
async fn nothing_that_a_panic_could_quote_has_the_password() {
    let (mut harness, _folder) = denied(basic(), "").await;
    at_password(&mut harness).await.type_text(PASSWORD).await;
    assert!(!format!("{:?}", harness.state).contains(PASSWORD), "while it is typed");
    harness.type_text("x").await.press("Enter").await;
    assert!(!format!("{:?}", harness.state).contains(PASSWORD), "after it was refused");
    harness.type_text(PASSWORD).await;
    let cmds = handle(&mut harness.state, now(), Msg::Key(key_of("Enter")));
    let asked = format!("{cmds:?}");
    assert!(asked.contains("Login") && !asked.contains(PASSWORD), "{asked}");
}

#[tokio::test]
async fn each_enter_is_one_try_and_a_refused_password_is_not_sent_again() {
    let (mut harness, folder) = denied(basic(), "").await;
    at_password(&mut harness).await;
    let mut sent = logins_sent(&harness);
    for _ in 0..3 {
        harness.type_text("CANARY8").await.press("Enter").await;
        harness.shows("does not accept");
        assert_eq!(logins_sent(&harness), sent + 1);
        sent += 1;
        // The field is empty now, and Enter sends nothing.
        harness.press("Enter").await;
        harness.shows("a password or a token is needed");
        assert_eq!(logins_sent(&harness), sent);
    }
    assert_eq!(stored(&folder), None);
    harness.type_text(PASSWORD).await.press("Enter").await;
    harness.shows("Repositories 22");
}

#[tokio::test]
async fn pasted_passwords_lose_their_line_break_and_send_nothing() {
    let (mut harness, _folder) = denied(basic(), "").await;
    at_password(&mut harness).await;
    let sent = logins_sent(&harness);
    harness.take(Msg::Pasted(format!("{PASSWORD}\r\nrm -rf /\n")));
    harness.settle().await;
    harness.shows("•••••••");
    assert_eq!(logins_sent(&harness), sent);
    harness.press("Enter").await;
    harness.shows("Repositories 22");
}

#[tokio::test]
async fn a_password_is_not_in_the_state_that_a_panic_would_print() {
    let (mut harness, _folder) = denied(basic(), "").await;
    at_password(&mut harness).await.type_text(PASSWORD).await;
    assert!(!format!("{:?}", harness.state).contains(PASSWORD));
    harness.press("@").await;
    harness.does_not_show(PASSWORD);
}

#[tokio::test]
async fn a_registry_that_asks_for_nothing_gets_a_login_only_after_a_second_enter() {
    let (mut harness, folder) = denied(AuthMode::Open, "").await;
    harness
        .press("L")
        .await
        .type_text("ann")
        .await
        .press("Enter")
        .await
        .type_text(PASSWORD)
        .await
        .press("Enter")
        .await;
    harness.shows("cannot be checked");
    assert_eq!(stored(&folder), None);
    harness.press("Enter").await;
    harness.shows("not checked: the login for");
    assert!(stored(&folder).is_some());
}

/// Opens a registry whose token service is at another address, in a home without logins. Returns the token service, too.
async fn with_token_service() -> (Harness, TempDir, Demo) {
    let service = Demo::start(DemoSettings::default(), samples::sample()).await.expect("a port");
    service.fault(|request, _| {
        let is_ann =
            request.headers.get("authorization").is_some_and(|sent| sent == "Basic YW5uOkNBTkFSWTc=");
        Some(if is_ann { Fault::answer(200, &[], r#"{"token":"TOKEN"}"#) } else { Fault::status(401) })
    });
    let registry = Demo::start(DemoSettings::default(), samples::sample()).await.expect("a port");
    let challenge = format!("Bearer realm=\"http://{}/token\",service=\"demo\"", service.address());
    registry.fault(move |request, _| {
        let is_allowed = request.headers.get("authorization").is_some_and(|sent| sent == "Bearer TOKEN");
        (!is_allowed).then(|| Fault::answer(401, &[("www-authenticate", &challenge)], ""))
    });
    let folder = tempfile::tempdir().expect("a folder");
    let variable = |name: &str| (name == "DOCKER_CONFIG").then(|| folder.path().into());
    let credentials = Credentials::from_env(variable, std::time::Duration::from_secs(5));
    let state = StateStore::new(Some(folder.path().join("state")));
    let token_services = TokenServices::kept_in(state);
    let client = ClientSettings { credentials, token_services, ..registry::settings() };
    let target = Target::parse(&registry.address().to_string()).expect("a target");
    (Harness::with(registry, vec![target], AppSettings::default(), client).await, folder, service)
}

#[tokio::test]
async fn a_token_service_elsewhere_gets_the_login_only_after_a_second_enter_that_names_it() {
    let (mut harness, folder, service) = with_token_service().await;
    let logins = |service: &Demo| {
        let requests = service.requests();
        requests.iter().filter(|request| request.header("authorization").is_some()).count()
    };
    harness.shows("now: no login");
    harness.type_text("ann").await.press("Enter").await.type_text(PASSWORD).await.press("Enter").await;
    harness.shows("which is not part of it, so nothing");
    harness.shows(&format!("Enter lets `{}` have this login", service.address()));
    assert_eq!((logins(&service), stored(&folder)), (0, None));
    harness.press("Enter").await;
    harness.shows("Repositories 22");
    assert!(logins(&service) > 0 && stored(&folder).is_some());
    let state = StateStore::new(Some(folder.path().join("state")));
    let credentials = Credentials::from_env(
        |name: &str| (name == "DOCKER_CONFIG").then(|| folder.path().into()),
        std::time::Duration::from_secs(5),
    );
    let token_services = TokenServices::kept_in(state);
    let pool = Pool::new(ClientSettings { credentials, token_services, ..registry::settings() });
    let names = pool.client(&registry::host(&harness.demo)).catalog(None).await;
    assert!(names.is_ok(), "the permission is remembered: {names:?}");
}

/// Keys that were pressed before the question about the token service was on the screen do not answer it.
#[tokio::test]
async fn a_held_enter_does_not_let_a_token_service_have_the_login() {
    let (mut harness, folder, service) = with_token_service().await;
    harness.type_text("ann").await.press("Enter").await.type_text(PASSWORD).await.press("Enter").await;
    harness.shows("which is not part of it, so nothing");
    for _ in 0..30 {
        harness.wait(20);
        harness.take(Msg::Key(key_of("Enter")));
    }
    harness.settle().await;
    let asked = service.requests();
    assert!(asked.iter().all(|request| request.header("authorization").is_none()));
    assert_eq!(stored(&folder), None);
    harness.press("Enter").await;
    harness.shows("Repositories 22");
}

/// The login that is being checked is the one that the prompt shows, and only one is under way.
#[tokio::test]
async fn nothing_in_the_prompt_changes_while_a_login_is_checked() {
    let (mut harness, folder) = denied(basic(), "").await;
    at_password(&mut harness).await.type_text(PASSWORD).await;
    harness.wait(300);
    for key in ["Enter", "x", "Tab", "Space", "Enter"] {
        harness.wait(40);
        harness.take(Msg::Key(key_of(key)));
    }
    harness.settle().await;
    harness.shows("Repositories 22");
    assert!(harness.state.dialogs.is_empty());
    assert!(stored(&folder).is_some_and(|text| text.contains("YW5uOkNBTkFSWTc=")));
}

#[tokio::test]
async fn a_login_goes_to_the_registry_of_its_prompt_and_to_no_other_that_is_open() {
    let private =
        || Demo::start(DemoSettings { auth: basic(), ..DemoSettings::default() }, samples::sample());
    let (demo, other) = (private().await.expect("a port"), private().await.expect("a port"));
    let folder = tempfile::tempdir().expect("a folder");
    let variable = |name: &str| (name == "DOCKER_CONFIG").then(|| folder.path().into());
    let credentials = Credentials::from_env(variable, std::time::Duration::from_secs(5));
    let client = ClientSettings { credentials, ..registry::settings() };
    let targets = [&demo, &other].map(|demo| Target::parse(&demo.address().to_string()).expect("a target"));
    let mut harness = Harness::with(demo, targets.to_vec(), AppSettings::default(), client).await;
    harness.type_text("ann").await.press("Enter").await.type_text(PASSWORD).await.press("Enter").await;
    harness.shows("Repositories 22");
    let heard: Vec<String> = other
        .requests()
        .iter()
        .filter_map(|request| request.header("authorization").map(String::from))
        .collect();
    assert!(heard.is_empty(), "{heard:?}");
    assert_eq!(stored(&folder).map(|text| text.matches("auth\"").count()), Some(1));
}

#[tokio::test]
async fn two_prompts_for_two_registries_each_send_their_own_password_to_their_own_registry() {
    const OTHER: &str = "CANARY8";
    let private = |password| {
        let auth = AuthMode::Basic(Account::new("ann", password));
        Demo::start(DemoSettings { auth, ..DemoSettings::default() }, samples::sample())
    };
    let (demo, other) = (private(PASSWORD).await.expect("a port"), private(OTHER).await.expect("a port"));
    let folder = tempfile::tempdir().expect("a folder");
    let variable = |name: &str| (name == "DOCKER_CONFIG").then(|| folder.path().into());
    let credentials = Credentials::from_env(variable, std::time::Duration::from_secs(5));
    let client = ClientSettings { credentials, ..registry::settings() };
    let targets = [&demo, &other].map(|demo| Target::parse(&demo.address().to_string()).expect("a target"));
    let mut harness = Harness::with(demo, targets.to_vec(), AppSettings::default(), client).await;
    // The first prompt is left with a password in it, which nobody ever gets.
    harness.type_text("ann").await.press("Enter").await.type_text("CANARY9").await.press("Esc Esc").await;
    harness.press("1 j L").await.type_text("ann").await.press("Enter").await;
    harness.type_text(OTHER).await.press("Enter").await;
    harness.shows("Repositories 22");
    harness.press("1 k L").await.type_text("ann").await.press("Enter").await;
    harness.type_text(PASSWORD).await.press("Enter").await;
    harness.shows("Repositories 22");
    let sent = |demo: &Demo| -> std::collections::BTreeSet<String> {
        let requests = demo.requests();
        requests.iter().filter_map(|request| request.header("authorization").map(String::from)).collect()
    };
    // ann:CANARY7 and ann:CANARY8.
    assert_eq!(sent(&harness.demo), ["Basic YW5uOkNBTkFSWTc=".to_string()].into());
    assert_eq!(sent(&other), ["Basic YW5uOkNBTkFSWTg=".to_string()].into());
}
