//! Certificates that are not trusted, and registries without TLS: the decision of the user in regtui.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedKey, IsCa, Issuer, KeyPair};
use regtui::app::msg::Msg;
use regtui::app::settings::AppSettings;
use regtui::client::credentials::Credentials;
use regtui::client::{ClientSettings, Pins, Trust};
use regtui::demo::auth::{Account, AuthMode};
use regtui::demo::faults::Fault;
use regtui::demo::layer::DemoLayer;
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::reference::Target;
use regtui::store::state::StateStore;
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

use crate::support::harness::{Harness, key_of};
use crate::support::{hostile, registry};

const PASSWORD: &str = "CANARY7";

fn store() -> Store {
    let store = Store::new();
    store.image("team/app").tag("1.4.2").push();
    store
}

async fn demo(auth: AuthMode) -> Demo {
    Demo::start(DemoSettings { auth, ..DemoSettings::default() }, store()).await.expect("a port")
}

fn self_signed() -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed(["localhost".to_string()]).expect("a certificate")
}

/// A certificate for localhost, and that of the private authority that signed it.
fn of_private_authority() -> (CertifiedKey<KeyPair>, CertificateDer<'static>) {
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().expect("a key");
    let authority_certificate = authority.self_signed(&authority_key).expect("a certificate");
    let issuer = Issuer::from_params(&authority, &authority_key);
    let params = CertificateParams::new(["localhost".to_string()]).expect("a name");
    let signing_key = KeyPair::generate().expect("a key");
    let cert = params.signed_by(&signing_key, &issuer).expect("a certificate");
    (CertifiedKey { cert, signing_key }, authority_certificate.der().clone())
}

async fn before(demo: &Demo, key: &CertifiedKey<KeyPair>) -> SocketAddr {
    hostile::tls_before(demo.address(), hostile::server_config(vec![key.cert.der().clone()], key)).await
}

/// The home of a user, and the settings with it.
fn home() -> (TempDir, ClientSettings) {
    let folder = tempfile::tempdir().expect("a folder");
    let variable = |name: &str| (name == "DOCKER_CONFIG").then(|| folder.path().into());
    let credentials = Credentials::from_env(variable, Duration::from_secs(5));
    let pins = Pins::kept_in(StateStore::new(Some(folder.path().join("state"))));
    (folder, ClientSettings { credentials, pins, ..registry::settings() })
}

async fn opened(demo: Demo, target: &str, client: ClientSettings) -> Harness {
    let target = Target::parse(target).expect("a target");
    Harness::with(demo, vec![target], AppSettings::default(), client).await
}

fn here(address: SocketAddr) -> String {
    format!("localhost:{}", address.port())
}

#[tokio::test]
async fn a_url_a_user_and_a_password_lead_to_the_tags_behind_a_certificate_that_nothing_vouches_for() {
    let (signed, authority) = of_private_authority();
    let self_signed = self_signed();
    let own = vec![self_signed.cert.der().clone()];
    for (key, chain) in [(&self_signed, own), (&signed, vec![signed.cert.der().clone(), authority])] {
        let demo = demo(AuthMode::Basic(Account::new("ann", PASSWORD))).await;
        let address = hostile::tls_before(demo.address(), hostile::server_config(chain, key)).await;
        let (_home, client) = home();
        let mut harness = Harness::with(demo, Vec::new(), AppSettings::default(), client).await;
        harness.type_text(&here(address)).await.press("Enter").await;
        harness.shows(&format!("Certificate of {}", here(address)));
        harness.shows("SHA-256");
        assert!(harness.demo.requests().is_empty(), "nothing is sent before the decision");
        harness.press("j j Enter").await;
        harness.shows("Log in to");
        harness.type_text("ann").await.press("Enter").await.type_text(PASSWORD).await.press("Enter").await;
        harness.shows("as ann");
        harness.shows("pinned certificate");
        harness.shows("› team/app › 1.4.2");
        harness.does_not_show(PASSWORD);
    }
}

#[tokio::test]
async fn a_decision_for_good_is_kept_and_one_for_this_run_is_not() {
    for (keys, is_kept) in [("j Enter", false), ("j j Enter", true)] {
        let key = self_signed();
        let first = demo(AuthMode::Open).await;
        let address = before(&first, &key).await;
        let (home, client) = home();
        let mut harness = opened(first, &here(address), client.clone()).await;
        harness.press(keys).await;
        harness.shows("› team/app › 1.4.2");
        let pins = Pins::kept_in(StateStore::new(Some(home.path().join("state"))));
        let again = demo(AuthMode::Open).await;
        let later = opened(again, &here(address), ClientSettings { pins, ..client }).await;
        assert_eq!(later.screen().contains("team/app"), is_kept, "{keys}");
        assert_eq!(later.screen().contains("Certificate of"), !is_kept, "{keys}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_shown_once_by_itself_and_again_with_its_key() {
    let key = self_signed();
    let demo = demo(AuthMode::Open).await;
    let address = before(&demo, &key).await;
    let mut harness = opened(demo, &here(address), home().1).await;
    harness.shows("not now: nothing is sent to it");
    harness.press("Enter").await;
    harness.does_not_show("Certificate of");
    harness.press("r").await;
    harness.does_not_show("Certificate of");
    harness.press("K").await;
    harness.shows("not now: nothing is sent to it");
    harness.press("j Enter").await;
    harness.shows("› team/app › 1.4.2");
    harness.press("K").await;
    harness.shows("it is the pinned certificate");
    harness.press("j Enter").await;
    harness.shows("is forgotten");
    harness.shows("not now: nothing is sent to it");
}

#[tokio::test]
async fn keys_that_were_typed_ahead_decide_nothing() {
    let key = self_signed();
    let demo = demo(AuthMode::Open).await;
    let address = before(&demo, &key).await;
    let mut harness = opened(demo, &here(address), home().1).await;
    for key in ["j", "j", "Enter"] {
        harness.take(Msg::Key(key_of(key)));
    }
    harness.settle().await;
    harness.shows("not now: nothing is sent to it");
    assert!(harness.demo.requests().is_empty());
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_trusted_only_after_the_host_was_typed() {
    let (old, new) = (self_signed(), self_signed());
    let first = demo(AuthMode::Open).await;
    let address = before(&first, &old).await;
    let (home, client) = home();
    let mut harness = opened(first, &here(address), client.clone()).await;
    harness.press("j j Enter").await;
    harness.shows("› team/app › 1.4.2");
    // The registry of the pin moves to another certificate.
    let second = demo(AuthMode::Open).await;
    let moved = before(&second, &new).await;
    let database = rusqlite::Connection::open(home.path().join("state/state.db")).expect("the state");
    database.execute("UPDATE server_trust SET server = ?", [here(moved)]).expect("a pin");
    drop(database);
    let pins = Pins::kept_in(StateStore::new(Some(home.path().join("state"))));
    let mut harness = opened(second, &here(moved), ClientSettings { pins, ..client }).await;
    harness.shows("is not the server that was pinned");
    harness.shows("ANOTHER");
    harness.press("Down Down Enter").await;
    harness.shows("must be typed");
    harness.type_text("localhost").await.press("Enter").await;
    harness.shows("must be typed");
    assert!(harness.demo.requests().is_empty(), "nothing is sent to another server");
    harness.type_text(&format!(":{}", moved.port())).await.press("Enter").await;
    harness.shows("› team/app › 1.4.2");
}

#[tokio::test]
async fn a_token_service_with_a_certificate_of_its_own_is_asked_about_after_the_registry() {
    let (key, other) = (self_signed(), self_signed());
    let tokens = demo(AuthMode::Open).await;
    tokens.fault(|_, _| Some(Fault::answer(200, &[], r#"{"token":"T"}"#)));
    let service = before(&tokens, &other).await;
    let demo = demo(AuthMode::Open).await;
    let address = before(&demo, &key).await;
    let realm = format!(r#"Bearer realm="https://{}/token",service="x""#, here(service));
    demo.fault(move |request, _| match request.headers.get("authorization") {
        None => Some(Fault::answer(401, &[("www-authenticate", &realm)], "")),
        Some(_) => None,
    });
    let mut harness = opened(demo, &here(address), home().1).await;
    harness.press("j Enter").await;
    harness.shows(&format!("Certificate of {}, to which {} leads", here(service), here(address)));
    harness.press("j Enter").await;
    harness.shows("› team/app › 1.4.2");
}

#[tokio::test]
async fn a_registry_without_tls_says_so_and_is_reached_over_plain_http_only_after_the_choice() {
    for keys in ["j Enter", "j j Enter"] {
        let demo = demo(AuthMode::Open).await;
        let target = format!("https://localhost:{}", demo.address().port());
        let mut harness = Harness::with(demo, Vec::new(), AppSettings::default(), home().1).await;
        harness.type_text(&target).await.press("Enter").await;
        harness.shows("it answers without TLS");
        assert!(harness.demo.requests().is_empty(), "nothing is sent unencrypted before the choice");
        harness.press(keys).await;
        harness.shows("› team/app › 1.4.2");
        harness.shows("plain HTTP");
        harness.press("K").await;
        harness.shows("do not use plain HTTP any more");
        let sent = harness.demo.requests().len();
        harness.press("j Enter").await;
        harness.shows("plain HTTP is not used for");
        harness.shows("not now: nothing is sent to it");
        assert_eq!(harness.demo.requests().len(), sent, "nothing is sent unencrypted after the choice");
    }
}

#[tokio::test]
async fn a_registry_with_tls_that_was_named_with_http_is_reached_with_tls_after_the_choice() {
    let key = self_signed();
    let demo = demo(AuthMode::Open).await;
    let address = before(&demo, &key).await;
    let mut harness = Harness::with(demo, Vec::new(), AppSettings::default(), home().1).await;
    harness.type_text(&format!("http://{}", here(address))).await.press("Enter").await;
    // A server with TLS may answer plain HTTP with an alert, which is no answer at all.
    harness.press("K").await;
    harness.shows("use TLS in this run");
    harness.press("j Enter").await;
    harness.shows("trust this certificate in this run");
    harness.press("j Enter").await;
    harness.shows("› team/app › 1.4.2");
}

#[tokio::test]
async fn nothing_ends_the_dialog_while_a_decision_is_carried_out() {
    for keys in [["k", "Enter"], ["Esc", "Esc"], ["q", "Enter"]] {
        let key = self_signed();
        let demo = demo(AuthMode::Open).await;
        let address = before(&demo, &key).await;
        let mut harness = opened(demo, &here(address), home().1).await;
        harness.press("j").await;
        harness.key("Enter");
        for key in keys {
            harness.key(key);
        }
        harness.settle().await;
        harness.shows("is trusted in this run");
        harness.shows("› team/app › 1.4.2");
    }
}

#[tokio::test]
async fn a_token_service_of_a_registry_without_tls_or_with_an_unchecked_certificate_can_be_decided_about() {
    for is_plain in [true, false] {
        let key = self_signed();
        let tokens = demo(AuthMode::Open).await;
        tokens.fault(|_, _| Some(Fault::answer(200, &[], r#"{"token":"T"}"#)));
        let service = before(&tokens, &key).await;
        let demo = demo(AuthMode::Open).await;
        let address = if is_plain { demo.address() } else { before(&demo, &key).await };
        let realm = format!(r#"Bearer realm="https://{}/token",service="x""#, here(service));
        demo.fault(move |request, _| match request.headers.get("authorization") {
            None => Some(Fault::answer(401, &[("www-authenticate", &realm)], "")),
            Some(_) => None,
        });
        let (_home, client) = home();
        let trust = Trust { insecure: !is_plain, ..Trust::default() };
        let mut harness = opened(demo, &here(address), ClientSettings { trust, ..client }).await;
        harness.shows(&format!("Certificate of {}, to which", here(service)));
        harness.press("j Enter").await;
        harness.shows("› team/app › 1.4.2");
        harness.press("K").await;
        harness.shows("leave it so");
        harness.does_not_show("nothing is sent to it");
    }
}

#[tokio::test]
async fn files_behind_a_storage_that_is_not_trusted_are_read_after_the_decision() {
    let store = Store::new();
    let layer = DemoLayer::of(&[("motd", "welcome")]);
    store.image("team/app").layer("COPY motd /", layer).tag("1.4.2").push();
    let storage = Demo::start(DemoSettings::default(), store.clone()).await.expect("a port");
    let behind = before(&storage, &self_signed()).await;
    let demo = Demo::start(DemoSettings::default(), store).await.expect("a port");
    let is_moved = Arc::new(AtomicBool::new(false));
    let moved = is_moved.clone();
    demo.fault(move |request, _| {
        let there = format!("https://{}{}", here(behind), request.path);
        let leads = moved.load(Ordering::Relaxed) && request.path.contains("/blobs/");
        leads.then(|| Fault::answer(307, &[("location", &there)], ""))
    });
    let target = format!("{}/team/app:1.4.2", here(demo.address()));
    let mut harness = opened(demo, &target, home().1).await;
    is_moved.store(true, Ordering::Relaxed);
    harness.press("f").await;
    harness.does_not_show("motd");
    harness.press("K").await;
    harness.shows(&format!("Certificate of {}, to which", here(behind)));
    harness.press("j Enter").await;
    harness.shows("motd");
    assert!(!storage.requests().is_empty());
}

#[tokio::test]
async fn a_pinned_registry_that_speaks_no_tls_any_more_is_reached_only_after_the_host_was_typed() {
    for (keys, is_plain) in [("Down Enter", false), ("Down Down Enter", true)] {
        let demo = demo(AuthMode::Open).await;
        let server = here(demo.address());
        let (home, client) = home();
        let state = StateStore::new(Some(home.path().join("state")));
        // A decision of an earlier run, made at another server.
        let key = self_signed();
        let other = Demo::start(DemoSettings::default(), Store::new()).await.expect("a port");
        let before = before(&other, &key).await;
        opened(other, &here(before), client.clone()).await.press("j j Enter").await;
        let database = rusqlite::Connection::open(home.path().join("state/state.db")).expect("the state");
        database.execute("UPDATE server_trust SET server = ?", [&server]).expect("a pin");
        drop(database);
        let client = ClientSettings { pins: Pins::kept_in(state), ..client };
        let mut harness = opened(demo, &server, client).await;
        harness.shows("is not the server that was pinned");
        harness.shows("it answers without TLS, although a certificate is pinned for it");
        harness.press(keys).await;
        harness.shows("must be typed");
        assert!(harness.demo.requests().is_empty(), "nothing is sent unencrypted before the host was typed");
        harness.type_text(&server).await.press("Enter").await;
        harness.shows("› team/app › 1.4.2");
        let trusted = harness.screen().contains("from now on");
        assert_eq!(trusted, is_plain, "{keys}");
    }
}
