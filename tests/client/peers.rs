//! Messages name the server that failed: the registry, its token service, its storage, the location of an upload, or
//! the proxy.

use std::net::{SocketAddr, TcpListener};

use regtui::client::{BlobSource, Cause, ClientSettings, HostSettings, Peer, Pool, Priority};
use regtui::demo::Store;
use regtui::demo::faults::Fault;
use regtui::model::failure::Failure;
use regtui::model::reference::{Host, Selector};

use crate::support::blob::{content, descriptor};
use crate::support::hostile;
use crate::support::registry::{Registry, host, logins, name, settings, tag};
use crate::support::shell::Shell;

fn store() -> Store {
    let store = Store::new();
    store.image("app").tag("1").push();
    store
}

/// An address at which nothing listens.
fn closed() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

fn hint(failure: &Failure) -> String {
    failure.hint.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[track_caller]
fn assert_says(failure: &Failure, why: &str, hinted: &str, not: &str) {
    let text = failure.to_string();
    assert!(failure.why.as_str().contains(why) && hint(failure).contains(hinted), "{text}");
    assert!(!text.contains(not), "{text}");
}

#[tokio::test]
async fn a_storage_that_is_down_is_named_instead_of_the_registry() {
    let registry = Registry::open(store()).await;
    let shut = closed();
    registry.demo.fault(move |request, _| {
        let target = format!("http://{shut}/blob?sig=CANARY7");
        request.path.contains("/manifests/").then(|| Fault::answer(307, &[("location", &target)], ""))
    });
    let selector = Selector::Tag(tag("1"));
    let error =
        registry.client.manifest(&name("app"), &selector, Priority::Interactive).await.expect_err("down");
    assert_eq!((&error.cause, &error.peer), (&Cause::Refused, &Peer::Storage(shut.to_string().into())));
    let why = format!("its storage `{shut}`: nothing listens there");
    assert_says(&error.failure("x"), &why, &format!("`{shut}` is down"), "is a registry running");
    assert!(!error.failure("x").to_string().contains("CANARY7"));
}

#[tokio::test]
async fn a_storage_that_fails_while_a_blob_is_read_is_named() {
    let storage = Registry::open(store()).await;
    storage.demo.fault(|_, _| Some(Fault::status(403)));
    let registry = Registry::open(store()).await;
    let there = storage.demo.address();
    registry
        .demo
        .fault(move |_, _| Some(Fault::answer(307, &[("location", &format!("http://{there}/b"))], "")));
    let mut reader = registry.client.read_blob(&name("app"), &descriptor(&content(9)), 0).expect("a reader");
    let error = reader.next().await.expect_err("it refuses");
    assert_says(&error.failure("x"), &format!("its storage `{there}`: 403 Forbidden"), "", "regtui login");
}

#[tokio::test]
async fn a_token_service_that_is_down_is_named_instead_of_the_registry() {
    let registry = Registry::open(store()).await;
    let shut = closed();
    let realm = format!("Bearer realm=\"http://{shut}/token\",service=\"x\"");
    registry.demo.fault(move |_, _| Some(Fault::answer(401, &[("www-authenticate", &realm)], "")));
    let failure = registry.client.tags(&name("app"), None).await.expect_err("down").failure("x");
    let why = format!("its token service `{shut}`: nothing listens there");
    assert_says(&failure, &why, "names it as its token service", "is a registry running");
}

#[tokio::test]
async fn a_certificate_of_the_token_service_is_not_blamed_on_the_registry() {
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_string()]).expect("a certificate");
    let (_sso, address) = hostile::tls(store(), &key).await;
    let registry = Registry::open(store()).await;
    let there = format!("localhost:{}", address.port());
    let realm = format!("Bearer realm=\"https://{there}/token\",service=\"x\"");
    registry.demo.fault(move |_, _| Some(Fault::answer(401, &[("www-authenticate", &realm)], "")));
    let error = registry.client.tags(&name("app"), None).await.expect_err("self-signed");
    assert!(matches!(error.cause, Cause::Certificate(..)), "{error}");
    let why = format!("its token service `{there}`: TLS failed");
    assert_says(&error.failure("x"), &why, &format!("trust the authority of `{there}`"), "skip the check");
}

#[tokio::test]
async fn a_location_of_an_upload_that_is_down_is_named_instead_of_the_registry() {
    let mut registry = Registry::open(Store::new()).await;
    let shut = closed();
    let here = host(&registry.demo);
    let allowed = HostSettings {
        upload_allow: vec![shut.to_string().parse().expect("an origin")],
        ..HostSettings::default()
    };
    registry.client =
        Pool::new(ClientSettings { hosts: [(here.clone(), allowed)].into(), ..settings() }).client(&here);
    registry.demo.fault(move |request, _| {
        let location = format!("http://{shut}/put/here");
        (request.method == "POST").then(|| Fault::answer(202, &[("location", &location)], ""))
    });
    let bytes = content(10);
    let (descriptor, source) = (descriptor(&bytes), BlobSource::Bytes(bytes));
    let pushed = registry.client.push_blob(&name("app"), &descriptor, &source, &Default::default()).await;
    let failure = pushed.expect_err("down").failure("x");
    let why = format!("its address for uploads `{shut}`: nothing listens there");
    assert_says(&failure, &why, "leads uploads there", "is a registry running");
}

#[tokio::test]
async fn a_login_that_is_not_sent_to_a_token_service_is_a_reason_that_is_given() {
    let sso = Registry::open(store()).await;
    sso.demo.fault(|_, _| Some(Fault::status(401)));
    let registry = Registry::open(store()).await;
    let here = host(&registry.demo);
    let settings = ClientSettings { credentials: logins(&[(&here, "ann:CANARY7")]), ..settings() };
    let there = format!("localhost:{}", sso.demo.address().port());
    let realm = format!("Bearer realm=\"http://{there}/token\",service=\"x\"");
    registry.demo.fault(move |_, _| Some(Fault::answer(401, &[("www-authenticate", &realm)], "")));
    let error = Pool::new(settings.clone()).client(&here).tags(&name("app"), None).await.expect_err("denied");
    assert_eq!(error.cause.status(), Some(401));
    let why = format!("its token service `{there}`: 401 Unauthorized; the login is not sent to `{there}`");
    let hinted = format!("add `realm_allow = [\"{there}\"]` below `[registries.\"{here}\"]`");
    assert_says(&error.failure("x"), &why, &hinted, "CANARY7");
    let advised = HostSettings { realm_allow: vec![there], ..HostSettings::default() };
    let settings = ClientSettings { hosts: [(here.clone(), advised)].into(), ..settings };
    Pool::new(settings).client(&here).tags(&name("app"), None).await.expect_err("it refuses");
    let with_login = sso.demo.requests().iter().any(|request| request.header("authorization").is_some());
    assert!(with_login, "the setting that the hint names works");
}

#[tokio::test]
async fn a_registry_that_is_down_is_the_one_that_is_named() {
    let shut = closed();
    let here = Host::parse(&shut.to_string()).expect("a host");
    let failure =
        Pool::new(settings()).client(&here).tags(&name("app"), None).await.expect_err("down").failure("x");
    assert!(failure.why.as_str().starts_with("nothing listens there"), "{failure}");
    assert_eq!(hint(&failure), format!("is a registry running at `{here}`, and is the port right?"));
}

#[tokio::test]
async fn a_proxy_that_is_down_is_named_instead_of_the_registry() {
    let shut = closed();
    for scheme in ["http", "https"] {
        let shell = Shell::new();
        let mut command = shell.command(&["ls", &format!("{scheme}://registry.test")]);
        let (variable, proxy) =
            (format!("{}_PROXY", scheme.to_uppercase()), format!("http://me:CANARY7@{shut}"));
        let output = command.env(variable, proxy).output().await.expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(&format!("the proxy `{shut}`: nothing listens there")), "{scheme}: {said}");
        assert!(said.contains("`NO_PROXY`") && !said.contains("CANARY7"), "{scheme}: {said}");
        assert!(!said.contains("is a registry running"), "{scheme}: {said}");
    }
}
