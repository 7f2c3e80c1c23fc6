//! Whether a registry on this machine speaks TLS, if it does not answer the greeting at once: docs/RELIABILITY.md E1.

use std::net::SocketAddr;
use std::time::Duration;

use regtui::client::{Cause, Client, ClientSettings, Pool, Timeouts, Trust};
use regtui::demo::faults::{Fault, OnTls};
use regtui::demo::{self, Store};
use regtui::model::reference::{Host, Scheme};
use regtui::model::server::Transport;

use crate::support::hostile;
use crate::support::registry::{Registry, settings, timeouts};

/// Waits for an answer to the greeting as shortly as possible; the length does not decide the result.
fn soon() -> ClientSettings {
    let timeouts = Timeouts { silence: Duration::from_millis(5), tries: 1, ..timeouts() };
    ClientSettings { timeouts, ..settings() }
}

fn store() -> Store {
    let store = Store::new();
    store.image("team/app").tag("1").push();
    store
}

async fn silent(one_at_a_time: bool, on_tls: OnTls) -> Registry {
    let demo = demo::DemoSettings { on_tls, one_at_a_time, ..demo::DemoSettings::default() };
    Registry::new(demo, store(), soon()).await
}

fn client_of(address: SocketAddr, settings: ClientSettings) -> Client {
    Pool::new(settings).client(&Host::parse(&address.to_string()).expect("a host"))
}

#[tokio::test]
async fn a_registry_that_says_nothing_to_tls_is_reached_in_plain_http() {
    for (one_at_a_time, on_tls) in
        [(false, OnTls::Silent), (true, OnTls::Silent), (false, OnTls::Closed), (true, OnTls::Closed)]
    {
        let registry = silent(one_at_a_time, on_tls).await;
        let server = registry.client.ping().await.expect("a registry");
        assert_eq!(server.transport, Transport::Plain, "{one_at_a_time} {on_tls:?}");
        assert_eq!(registry.client.catalog(None).await.expect("a page").items.len(), 1);
    }
}

#[tokio::test]
async fn a_registry_that_wants_a_login_is_one() {
    let registry = silent(false, OnTls::Silent).await;
    registry.demo.fault(|request, _| {
        let challenge = [("www-authenticate", "Basic realm=\"x\"")];
        (request.path == "/v2/").then(|| Fault::answer(401, &challenge, ""))
    });
    registry.client.catalog(None).await.expect("a page");
}

#[tokio::test]
async fn a_server_that_is_no_registry_is_not_used_and_says_how_it_answered() {
    for (status, body) in [(404, "not here"), (200, "<html>hello"), (200, "hello"), (503, "")] {
        let registry = silent(false, OnTls::Silent).await;
        registry.demo.fault(move |_, _| Some(Fault::answer(status, &[], body)));
        let error = registry.client.ping().await.expect_err("no registry");
        assert!(matches!(error.cause, Cause::NotARegistry(_)), "{status}: {error}");
        let failure = error.failure("x");
        assert!(failure.why.as_str().contains(&status.to_string()), "{failure}");
        let hint = failure.hint.expect("a hint").to_string();
        assert!(hint.contains(&format!("http://{}", registry.demo.address())), "{hint}");
        assert!(registry.requests().iter().all(|line| line == "GET /v2/"), "{:?}", registry.requests());
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_one_greeting_for_all_requests() {
    let (address, _server) = hostile::mute().await;
    let timeouts = Timeouts { connect: Duration::from_millis(200), ..soon().timeouts };
    let client = client_of(address, ClientSettings { timeouts, ..settings() });
    let (one, two) = futures_util::join!(client.ping(), client.catalog(None));
    let (one, two) = (one.expect_err("it is mute"), two.expect_err("it is mute"));
    assert!(
        matches!(one.cause, Cause::NotARegistry(_)) && matches!(two.cause, Cause::NotARegistry(_)),
        "{one} {two}"
    );
    assert_eq!((one.tries, two.tries), (1, 1));
}

/// A server with TLS that answers later than the client waits, and answers plain HTTP first.
#[tokio::test]
async fn a_slow_tls_server_is_reached_over_tls_however_it_answers_plain_http() {
    let key = rcgen::generate_simple_self_signed(["localhost".to_string()]).expect("a certificate");
    for to_plain in [
        &b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"[..],
        b"HTTP/1.1 301 Moved\r\nlocation: https://localhost/\r\ncontent-length: 0\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"",
    ] {
        let (registry, address) = hostile::slow_tls(store(), &key, to_plain).await;
        let here = Host::parse(&format!("localhost:{}", address.port())).expect("a host");
        let trust = Trust { insecure: true, ..Trust::default() };
        let client = Pool::new(ClientSettings { trust, ..soon() }).client(&here);
        let server = client.ping().await.expect("a registry");
        assert_eq!(server.transport, Transport::Unverified, "{to_plain:?}");
        assert_eq!(registry.requests(), ["GET /v2/"], "over TLS");
        let client = Pool::new(soon()).client(&here);
        let error = client.ping().await.expect_err("its certificate is its own");
        assert!(matches!(error.cause, Cause::Certificate(..)), "{error}");
    }
}

#[tokio::test]
async fn a_look_that_is_given_up_leaves_nothing_behind() {
    let registry = silent(true, OnTls::Silent).await;
    {
        let looking = registry.client.ping();
        tokio::pin!(looking);
        tokio::select! {
            biased;
            _ = &mut looking => panic!("it cannot be answered before a word is sent"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(registry.client.ping().await.expect("a registry").transport, Transport::Plain);
}

#[tokio::test]
async fn a_registry_that_starts_later_is_found_by_the_next_request() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let client = client_of(address, soon());
    assert_eq!(client.ping().await.expect_err("nothing listens").cause, Cause::Refused);
    let _server = hostile::plain_at(address).await;
    assert_eq!(client.ping().await.expect("a registry").transport, Transport::Plain);
}

#[tokio::test]
async fn a_scheme_spares_the_look() {
    let registry = silent(false, OnTls::Silent).await;
    registry.demo.fault(|_, _| Some(Fault::answer(404, &[], "not here")));
    let host = registry.client.host().clone();
    registry.pool.set_transport(&host, |trust| trust.set_scheme(Scheme::Http));
    let error = registry.pool.client(&host).ping().await.expect_err("not here");
    assert_eq!(error.cause.status(), Some(404));
}
