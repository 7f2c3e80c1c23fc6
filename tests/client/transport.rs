//! Connections, retries, redirects, limits: docs/REGISTRIES.md §10 rows 14, 36 to 38, 40;
//! docs/RELIABILITY.md D3 to D6, E1 to E5, F1 to F10.

use std::time::Duration;

use regtui::client::{Cause, ClientSettings, Pool, Priority, Timeouts};
use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{self, Store};
use regtui::model::reference::{Host, Selector};
use regtui::model::server::{Ability, Transport};

use crate::support::hostile;
use crate::support::registry::{Registry, host, name, settings, tag, timeouts};

fn store() -> Store {
    let store = Store::new();
    store.image("app").tag("1").push();
    store
}

async fn impatient() -> Registry {
    let timeouts = Timeouts {
        headers: Duration::from_millis(200),
        idle: Duration::from_millis(200),
        tries: 1,
        ..timeouts()
    };
    Registry::new(demo::DemoSettings::default(), store(), ClientSettings { timeouts, ..settings() }).await
}

/// docs/REGISTRIES.md §10 row 36, docs/RELIABILITY.md F5.
#[tokio::test]
async fn busy_servers_are_asked_again_and_those_that_say_when_are_believed() {
    for fault in [
        Fault::status(429),
        Fault::status(503),
        Fault::answer(429, &[("retry-after", "0")], ""),
        Fault::Close,
        Fault::CutAfter(5),
    ] {
        let registry = Registry::open(store()).await;
        let shown = format!("{fault:?}");
        registry.demo.fault(move |_, nth| (nth == 1).then(|| fault.clone()));
        assert!(registry.client.catalog(None).await.is_ok(), "{shown}");
        assert_eq!(registry.requests().len(), 2, "{shown}");
    }
}

#[tokio::test]
async fn a_wait_longer_than_a_person_bears_is_an_error_that_says_so() {
    let registry = Registry::open(store()).await;
    registry.demo.fault(|_, _| Some(Fault::answer(429, &[("retry-after", "86400")], "")));
    let error = registry.client.catalog(None).await.expect_err("a day");
    assert_eq!(error.failure("x").kind, regtui::model::failure::FailureKind::Busy);
    assert_eq!(registry.requests().len(), 1);
}

#[tokio::test]
async fn there_is_no_retry_storm() {
    let registry = Registry::open(store()).await;
    registry.demo.fault(|_, _| Some(Fault::status(503)));
    assert!(registry.client.catalog(None).await.is_err());
    assert_eq!(registry.requests().len(), 3);
    for status in [400, 403, 404, 405] {
        registry.demo.forget_requests();
        registry.demo.fault(move |_, _| Some(Fault::status(status)));
        assert!(
            registry
                .client
                .manifest(&name("app"), &Selector::Tag(tag("x")), Priority::Interactive)
                .await
                .is_err()
        );
        assert_eq!(registry.requests().len(), 1, "{status}");
    }
}

/// docs/REGISTRIES.md §10 row 40, docs/RELIABILITY.md D3.
#[tokio::test]
async fn servers_that_hang_or_drip_are_left() {
    for (fault, expected) in
        [(Fault::Hang, "before the answer began"), (Fault::HangAfter(3), "in the middle of the answer")]
    {
        let registry = impatient().await;
        registry.demo.fault(move |_, _| Some(fault.clone()));
        let error = registry.client.catalog(None).await.expect_err(expected);
        assert!(error.to_string().contains(expected), "{error}");
    }
    let slow = Timeouts {
        idle: Duration::from_millis(100),
        min_bytes_per_second: 1_000_000,
        tries: 1,
        ..timeouts()
    };
    let registry = Registry::new(
        demo::DemoSettings::default(),
        store(),
        ClientSettings { timeouts: slow, ..settings() },
    )
    .await;
    registry.demo.fault(|_, _| Some(Fault::Drip(1, Duration::from_millis(10))));
    let error = registry.client.catalog(None).await.expect_err("a drip");
    assert_eq!(error.cause, Cause::TooSlow);
}

async fn with_timeouts(timeouts: Timeouts) -> Registry {
    let settings = ClientSettings { timeouts, ..settings() };
    Registry::new(demo::DemoSettings::default(), store(), settings).await
}

/// docs/RELIABILITY.md D3. An answer that keeps arriving, and fast enough, has an end too, and is not begun again.
#[tokio::test]
async fn an_answer_that_never_becomes_complete_is_left() {
    let limit = Duration::from_millis(100);
    let registry = with_timeouts(Timeouts { whole: limit, ..timeouts() }).await;
    registry.demo.fault(|_, _| Some(Fault::Drip(1, Duration::from_millis(10))));
    let error = registry.client.catalog(None).await.expect_err("a drip");
    assert_eq!((error.cause, error.tries), (Cause::Unfinished(limit), 1));
}

/// docs/RELIABILITY.md D3.
#[tokio::test]
async fn a_silent_server_gets_more_time_with_each_try_and_is_asked_for_a_list_once() {
    let headers = Duration::from_millis(50);
    let registry = with_timeouts(Timeouts { headers, tries: 4, ..timeouts() }).await;
    registry.demo.fault(|_, _| Some(Fault::Hang));
    let late = |cause: &Cause| match cause {
        Cause::Timeout(_, limit) => *limit,
        other => panic!("{other:?}"),
    };
    let error = registry.client.catalog(None).await.expect_err("silence");
    assert_eq!((late(&error.cause), error.tries), (headers * 10, 1));
    let tags = registry.client.tags(&name("app"), None).await.expect_err("silence");
    assert_eq!((late(&tags.cause), tags.tries), (headers * 10, 1));
    let (app, latest) = (name("app"), Selector::Tag(tag("1")));
    let error = registry.client.manifest(&app, &latest, Priority::Interactive).await.expect_err("silence");
    assert_eq!((late(&error.cause), error.tries), (headers * 4, 3));
}

/// docs/REGISTRIES.md §10 row 14: an expired signed address is asked for again at the registry, and does not count as a
/// missing right.
#[tokio::test]
async fn an_address_of_the_storage_that_ran_out_is_asked_for_again() {
    let storage = Registry::open(store()).await;
    let expired = r#"<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"#;
    storage.demo.fault(move |_, nth| (nth == 1).then(|| Fault::answer(403, &[], expired)));
    let registry = Registry::open(store()).await;
    let there = storage.demo.address();
    registry.demo.fault(move |request, _| {
        let target = format!("http://{there}{}", request.path);
        request.path.contains("/manifests/").then(|| Fault::answer(307, &[("location", &target)], ""))
    });
    let manifest =
        registry.client.manifest(&name("app"), &Selector::Tag(tag("1")), Priority::Interactive).await;
    assert!(manifest.is_ok(), "{manifest:?}");
    assert_eq!((registry.requests().len(), storage.requests().len()), (2, 2));
    storage.demo.fault(move |_, _| Some(Fault::answer(403, &[], expired)));
    let error = registry.client.manifest(&name("app"), &Selector::Tag(tag("1")), Priority::Interactive).await;
    assert_eq!(error.expect_err("it stays so").cause, Cause::Storage(403));
}

/// docs/RELIABILITY.md D4.
#[tokio::test]
async fn redirects_have_an_end() {
    let registry = Registry::open(store()).await;
    registry.demo.fault(|_, _| Some(Fault::answer(302, &[("location", "/v2/_catalog")], "")));
    let error = registry.client.catalog(None).await.expect_err("a loop");
    assert!(matches!(error.cause, Cause::Redirect(_)), "{error}");
    assert!(registry.requests().len() <= 6);
}

#[tokio::test]
async fn redirects_into_this_machine_s_network_link_are_not_followed() {
    for target in
        ["http://169.254.169.254/", "ftp://127.0.0.1/", "http://user:x@127.0.0.1/", "file:///etc/passwd"]
    {
        let registry = Registry::open(store()).await;
        registry.demo.fault(move |_, _| Some(Fault::answer(302, &[("location", target)], "")));
        let error = registry.client.catalog(None).await.expect_err(target);
        assert!(matches!(error.cause, Cause::Redirect(_)), "{target}: {error}");
    }
}

#[tokio::test]
async fn no_more_than_eight_requests_run_at_once_and_a_person_goes_first() {
    let registry = Registry::open(store()).await;
    let gate = Gate::new();
    let held = gate.clone();
    registry.demo.fault(move |request, _| {
        request.path.contains("/manifests/background").then(|| Fault::Gate(held.clone()))
    });
    let app = name("app");
    let background = (0..20).map(|number| {
        let (client, app) = (registry.client.clone(), app.clone());
        async move {
            client
                .manifest(&app, &Selector::Tag(tag(&format!("background{number}"))), Priority::Background)
                .await
                .is_err()
        }
    });
    let person = async {
        gate.reached_by(8).await;
        let selector = Selector::Tag(tag("1"));
        let asked = registry.client.manifest(&app, &selector, Priority::Interactive);
        let open = async { gate.open() };
        let (found, ()) = futures_util::join!(asked, open);
        found.expect("a manifest");
        registry.requests()
    };
    let (_, seen) = futures_util::join!(futures_util::future::join_all(background), person);
    assert!(registry.demo.most_at_once() <= 8);
    assert!(seen.len() <= 17, "the person waited for at most one round: {seen:?}");
}

#[tokio::test]
async fn a_dead_registry_says_why() {
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    };
    let client = Pool::new(settings()).client(&Host::parse(&address.to_string()).expect("a host"));
    let error = client.ping().await.expect_err("nobody there");
    let failure = error.failure("cannot open it");
    assert!(failure.why.as_str().contains("refused"), "{failure}");
}

#[tokio::test]
async fn a_server_that_speaks_no_http_is_no_registry() {
    for answer in [
        &b"SSH-2.0-OpenSSH_9.9\r\n"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: nonsense\r\n\r\n",
        b"\0\0\0\0",
        b"",
    ] {
        let address = hostile::serve(answer.to_vec()).await;
        let client = Pool::new(settings()).client(&Host::parse(&address.to_string()).expect("a host"));
        assert!(client.ping().await.is_err(), "{answer:?}");
    }
}

/// docs/RELIABILITY.md D5.
#[tokio::test]
async fn header_bombs_are_refused() {
    let mut answer = b"HTTP/1.1 200 OK\r\n".to_vec();
    (0..100_000).for_each(|number| answer.extend(format!("x-{number}: y\r\n").bytes()));
    let address = hostile::serve(answer).await;
    let client = Pool::new(settings()).client(&Host::parse(&address.to_string()).expect("a host"));
    assert!(client.ping().await.is_err());
}

#[tokio::test]
async fn the_ping_tells_the_transport_and_the_abilities_of_the_server() {
    let registry = Registry::open(store()).await;
    let server = registry.client.ping().await.expect("a server");
    assert_eq!((server.transport, &server.catalog), (Transport::Plain, &Ability::Unknown));
    registry.client.catalog(None).await.expect("a page");
    assert_eq!(registry.client.ping().await.expect("a server").catalog, Ability::Yes);
    let demo = demo::DemoSettings {
        catalog_refused: Some(hyper::StatusCode::METHOD_NOT_ALLOWED),
        ..demo::DemoSettings::default()
    };
    let registry = Registry::new(demo, store(), settings()).await;
    registry.client.catalog(None).await.expect_err("it is refused");
    assert!(matches!(registry.client.ping().await.expect("a server").catalog, Ability::No(_)));
}

/// Every status that a registry without a catalog answers with is an error of a kind that opens the prompt.
#[tokio::test]
async fn a_refused_catalog_is_told_from_a_broken_one() {
    use regtui::model::failure::FailureKind::{Denied, NotFound, Unsupported};
    for (status, kind) in [(401, Denied), (403, Denied), (404, NotFound), (405, Unsupported)] {
        let registry = Registry::open(store()).await;
        registry
            .demo
            .fault(move |request, _| (request.path == "/v2/_catalog").then(|| Fault::status(status)));
        let error = registry.client.catalog(None).await.expect_err("refused");
        assert_eq!(error.failure("x").kind, kind, "{status}");
    }
}

/// docs/RELIABILITY.md E1: plain HTTP only on loopback or if the user allows it, and never after a bad certificate.
mod tls {
    use super::*;
    use regtui::client::Trust;
    use std::io::Write;

    fn certificate(names: &[&str]) -> rcgen::CertifiedKey<rcgen::KeyPair> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        rcgen::generate_simple_self_signed(names).expect("a certificate")
    }

    fn with(trust: Trust) -> Pool {
        Pool::new(ClientSettings { trust, timeouts: Timeouts { tries: 1, ..timeouts() }, ..settings() })
    }

    #[tokio::test]
    async fn a_certificate_of_an_unknown_authority_is_refused_with_the_way_out() {
        let (registry, address) = hostile::tls(store(), &certificate(&["localhost"])).await;
        let here = Host::parse(&format!("localhost:{}", address.port())).expect("a host");
        let error = with(Trust::default()).client(&here).ping().await.expect_err("self-signed");
        assert!(matches!(error.cause, Cause::Certificate(..)), "{error}");
        assert!(error.failure("x").hint.is_some_and(|hint| hint.as_str().contains("--ca-file")));
        assert!(registry.requests().is_empty(), "nothing was said in the clear");
    }

    #[tokio::test]
    async fn a_ca_file_or_insecure_opens_it() {
        let key = certificate(&["localhost"]);
        let (_registry, address) = hostile::tls(store(), &key).await;
        let here = Host::parse(&format!("localhost:{}", address.port())).expect("a host");
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(key.cert.pem().as_bytes()).expect("it is written");
        let trust = Trust { ca_file: Some(file.path().into()), ..Trust::default() };
        assert_eq!(with(trust).client(&here).ping().await.expect("a server").transport, Transport::Https);
        let trust = Trust { insecure: true, ..Trust::default() };
        assert_eq!(
            with(trust).client(&here).ping().await.expect("a server").transport,
            Transport::Unverified
        );
    }

    #[tokio::test]
    async fn a_certificate_for_another_name_says_so() {
        let key = certificate(&["elsewhere.test"]);
        let (_registry, address) = hostile::tls(store(), &key).await;
        let here = Host::parse(&format!("localhost:{}", address.port())).expect("a host");
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(key.cert.pem().as_bytes()).expect("it is written");
        let trust = Trust { ca_file: Some(file.path().into()), ..Trust::default() };
        let error = with(trust).client(&here).ping().await.expect_err("another name");
        assert!(error.to_string().contains("another name"), "{error}");
        let hint = error.failure("x").hint.map(|hint| hint.to_string()).unwrap_or_default();
        assert!(hint.contains("a name that the certificate has") && !hint.contains("--ca-file"), "{hint}");
    }

    #[tokio::test]
    async fn plain_http_to_a_tls_server_says_so() {
        let (_registry, address) = hostile::tls(store(), &certificate(&["localhost"])).await;
        let here = Host::parse(&address.to_string()).expect("a host");
        let trust = Trust { plain_http: true, ..Trust::default() };
        assert!(with(trust).client(&here).ping().await.is_err());
    }
}

#[tokio::test]
async fn the_second_registry_lists_while_the_first_hangs() {
    let dead = Registry::open(store()).await;
    dead.demo.fault(|_, _| Some(Fault::Hang));
    let alive = Registry::open(store()).await;
    let pool = Pool::new(settings());
    let hanging = pool.client(&host(&dead.demo));
    let waiting = tokio::spawn(async move { hanging.catalog(None).await.is_ok() });
    assert_eq!(pool.client(&host(&alive.demo)).catalog(None).await.expect("a page").items.len(), 1);
    waiting.abort();
}
