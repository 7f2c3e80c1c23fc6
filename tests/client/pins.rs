//! Pinned certificates, and registries that are reached over plain HTTP by decision. docs/RELIABILITY.md E2.

use std::net::SocketAddr;

use rcgen::{CertificateParams, CertifiedKey, KeyPair};
use regtui::demo::Store;
use regtui::demo::faults::Fault;
use regtui::model::digest::Digest;

use crate::support::hostile;
use crate::support::registry::Registry;
use crate::support::shell::Shell;

fn store() -> Store {
    let store = Store::new();
    store.image("app").tag("1").push();
    store
}

/// A self-signed certificate for a name, valid in these years.
fn certificate(name: &str, years: (i32, i32)) -> CertifiedKey<KeyPair> {
    let mut params = CertificateParams::new(vec![name.to_string()]).expect("a name");
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    let signing_key = KeyPair::generate().expect("a key");
    CertifiedKey { cert: params.self_signed(&signing_key).expect("a certificate"), signing_key }
}

fn fingerprint(key: &CertifiedKey<KeyPair>) -> String {
    Digest::sha256(key.cert.der()).to_string().replace("sha256:", "")
}

fn state(shell: &Shell) -> rusqlite::Connection {
    let state = shell.home.path().join(".local/state/regtui/state.db");
    rusqlite::Connection::open(state).expect("the state")
}

fn here(address: SocketAddr) -> String {
    format!("localhost:{}", address.port())
}

#[tokio::test]
async fn a_pinned_certificate_is_accepted_whatever_is_wrong_with_it_and_only_for_its_port() {
    for key in [
        certificate("localhost", (2020, 2090)),
        certificate("localhost", (2020, 2021)),
        certificate("localhost", (2080, 2090)),
        certificate("other.test", (2020, 2090)),
    ] {
        let (_registry, address) = hostile::tls(store(), &key).await;
        let (_other, elsewhere) = hostile::tls(store(), &key).await;
        let shell = Shell::new();
        shell.run(&["ls", &here(address)]).await.assert_code(1).assert_says("regtui trust");
        let pinned = shell.run(&["trust", &here(address), "--fingerprint", &fingerprint(&key)]).await;
        pinned.assert_code(0);
        // Each command is a run of its own, so the pin has been kept.
        let listed = shell.run(&["ls", &here(address)]).await;
        assert_eq!((listed.stdout.as_str(), listed.code), ("app\n", Some(0)), "{listed:?}");
        shell.run(&["ls", &here(elsewhere)]).await.assert_code(1).assert_says("TLS failed");
        shell.run(&["trust", "--forget", &here(address)]).await.assert_code(0);
        shell.run(&["ls", &here(address)]).await.assert_code(1).assert_says("TLS failed");
    }
}

#[tokio::test]
async fn a_certificate_is_shown_and_pinned_only_with_a_fingerprint_that_fits() {
    let key = certificate("localhost", (2020, 2021));
    let (registry, address) = hostile::tls(store(), &key).await;
    let shell = Shell::new();
    let wrong = shell.run(&["trust", &here(address), "--fingerprint", &"0".repeat(64)]).await;
    wrong.assert_code(1).assert_says("does not have the fingerprint");
    for text in ["localhost", "2020-01-01 to 2021-01-01 (expired", "SHA-256", "has expired"] {
        assert!(wrong.stdout.contains(text), "{text}: {wrong:?}");
    }
    shell.run(&["trust", &here(address)]).await.assert_code(2).assert_says("--fingerprint");
    shell.run(&["trust", &here(address), "--fingerprint", "12"]).await.assert_code(2);
    assert_eq!(shell.run(&["trust", "--list"]).await.stdout, "");
    assert_eq!(registry.demo.requests().len(), 0, "nothing is sent to a server that is not trusted");
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_refused_with_both_fingerprints() {
    let (old, new) = (certificate("localhost", (2020, 2090)), certificate("localhost", (2020, 2090)));
    let (_registry, address) = hostile::tls(store(), &new).await;
    let (_before, elsewhere) = hostile::tls(store(), &old).await;
    let shell = Shell::new();
    shell.run(&["trust", &here(elsewhere), "--fingerprint", &fingerprint(&old)]).await.assert_code(0);
    // The registry of the pin moves to another certificate.
    state(&shell).execute("UPDATE server_trust SET server = ?", [here(address)]).expect("a pin");
    let authority = shell.home.path().join("ca.pem");
    std::fs::write(&authority, new.cert.pem()).expect("a file");
    let authority = authority.to_str().expect("text");
    let colons = |key| {
        let digits = fingerprint(key).to_uppercase();
        let pairs: Vec<&str> = (0..32).map(|at| &digits[2 * at..2 * at + 2]).collect();
        pairs.join(":")
    };
    // Neither an authority that vouches for it nor `--insecure` helps.
    for options in [&["ls"][..], &["--ca-file", authority, "ls"], &["--insecure", "ls"]] {
        let ended = shell.run(&[options, &[&here(address)]].concat()).await;
        ended.assert_code(1).assert_says(&colons(&old)).assert_says(&colons(&new));
    }
    shell.run(&["--plain-http", "ls", &here(address)]).await.assert_code(1).assert_says("pinned");
    let replaced = shell.run(&["trust", &here(address), "--fingerprint", &fingerprint(&new)]).await;
    assert!(replaced.stdout.contains("ANOTHER certificate"), "{replaced:?}");
    shell.run(&["ls", &here(address)]).await.assert_code(0);
    let printed = shell.run(&["config", "print", "--sources", &here(address)]).await;
    assert!(
        printed.stdout.contains("pinned_certificate") && printed.stdout.contains("regtui trust"),
        "{printed:?}"
    );
}

#[tokio::test]
async fn a_token_service_needs_a_pin_of_its_own() {
    let key = certificate("localhost", (2020, 2090));
    let (tokens, token_address) = hostile::tls(store(), &key).await;
    tokens.demo.fault(|_, _| Some(Fault::answer(200, &[], r#"{"token":"T"}"#)));
    let (registry, address) = hostile::tls(store(), &key).await;
    let realm = format!(r#"Bearer realm="https://{}/token",service="x""#, here(token_address));
    registry.demo.fault(move |request, _| match request.headers.get("authorization") {
        None => Some(Fault::answer(401, &[("www-authenticate", &realm)], "")),
        Some(_) => None,
    });
    let shell = Shell::new();
    shell.run(&["trust", &here(address), "--fingerprint", &fingerprint(&key)]).await.assert_code(0);
    let ended = shell.run(&["ls", &here(address)]).await;
    ended.assert_code(1).assert_says(&format!("regtui trust {}", here(token_address)));
    shell.run(&["trust", &here(token_address), "--fingerprint", &fingerprint(&key)]).await.assert_code(0);
    shell.run(&["ls", &here(address)]).await.assert_code(0);
}

#[tokio::test]
async fn a_pinned_registry_that_now_speaks_plain_http_is_refused() {
    let key = certificate("localhost", (2020, 2090));
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    for answer in [answer.to_vec(), Vec::new(), b"HTTP/1.0 400 Bad Request\r\n\r\n".to_vec()] {
        let (_registry, address) = hostile::tls(store(), &key).await;
        let shell = Shell::new();
        shell.run(&["trust", &here(address), "--fingerprint", &fingerprint(&key)]).await.assert_code(0);
        let plain = hostile::serve(answer).await;
        state(&shell).execute("UPDATE server_trust SET server = ?", [here(plain)]).expect("a pin");
        let ended = shell.run(&["ls", &here(plain)]).await;
        assert!(ended.code == Some(1) && ended.stdout.is_empty(), "{ended:?}");
        let asked = shell.run(&["--plain-http", "ls", &here(plain)]).await;
        asked
            .assert_code(1)
            .assert_says("although a certificate is pinned")
            .assert_says("regtui trust --http");
    }
}

#[tokio::test]
async fn pins_that_cannot_be_read_are_not_lost_silently() {
    let key = certificate("localhost", (2020, 2090));
    let (_registry, address) = hostile::tls(store(), &key).await;
    let shell = Shell::new();
    shell.run(&["trust", &here(address), "--fingerprint", &fingerprint(&key)]).await.assert_code(0);
    // A later version of regtui has written the state.
    state(&shell).pragma_update(None, "user_version", 9_999).expect("a version");
    let ended = shell.run(&["ls", &here(address)]).await;
    ended.assert_code(1).assert_says("the pinned certificates").assert_says("TLS failed");
}

#[tokio::test]
async fn a_registry_without_tls_leads_to_no_pinned_server_over_plain_http() {
    let key = certificate("localhost", (2020, 2090));
    let (_before, pinned) = hostile::tls(store(), &key).await;
    let shell = Shell::new();
    shell.run(&["trust", &here(pinned), "--fingerprint", &fingerprint(&key)]).await.assert_code(0);
    // The server of the pin answers without TLS.
    let other = Registry::open(store()).await;
    let at = format!("localhost:{}", other.demo.address().port());
    state(&shell).execute("UPDATE server_trust SET server = ?", [&at]).expect("a pin");
    other.demo.fault(|_, _| Some(Fault::answer(200, &[], r#"{"token":"T"}"#)));
    let realm = format!(r#"Bearer realm="http://{at}/token",service="x""#);
    let storage = format!("http://{at}/blob");
    let token = Fault::answer(401, &[("www-authenticate", &realm)], "");
    let moved = Fault::answer(307, &[("location", &storage)], "");
    for answer in [token, moved] {
        let registry = Registry::open(store()).await;
        registry.demo.fault(move |request, _| {
            let is_led = request.path.contains("/blobs/") || request.path.contains("/_catalog");
            is_led.then(|| answer.clone())
        });
        let address = registry.demo.address();
        let ended = shell.run(&["ls", &here(address)]).await;
        ended.assert_code(1).assert_says("although a certificate is pinned");
    }
    assert_eq!(other.demo.requests().len(), 0, "nothing is sent to it");
}

#[tokio::test]
async fn a_name_without_a_dot_is_a_server_and_no_image_of_docker_hub() {
    let shell = Shell::new();
    for (name, server) in [("vm", "vm"), ("vm:5000", "vm:5000"), ("vm:443", "vm:443"), ("vm/team/app", "vm")]
    {
        let ended = shell.run(&["trust", "--forget", name]).await;
        assert_eq!(ended.stdout, format!("there is no decision about {server}\n"), "{ended:?}");
    }
}
