//! Pictures of the dialog about the certificate of a server.

use jiff::Timestamp;
use regtui::model::certificate::{Fingerprint, OfferedCertificate, ServerCertificate};
use regtui::model::failure::FailureKind;
use regtui::model::reference::Host;
use regtui::model::server_trust::{Greeting, PlainHttp, ServerTrust};

use super::screen::{Registry, Screen, failure, picture_at};

/// The sizes that every screen must be readable at.
const SIZES: [(u16, u16); 3] = [(50, 15), (80, 24), (150, 42)];

fn fingerprint(pair: &str) -> Fingerprint {
    Fingerprint::parse(&pair.repeat(32)).expect("a fingerprint")
}

fn trust(greeting: Greeting, pinned: Option<Fingerprint>) -> ServerTrust {
    let server = Host::parse("localhost:5000").expect("a host");
    ServerTrust { server, is_registry: true, greeting, pinned, plain: PlainHttp::No, is_unchecked: false }
}

fn certificate(pinned: Option<Fingerprint>) -> ServerTrust {
    let at = |text: &str| text.parse::<Timestamp>().expect("a time");
    let certificate = ServerCertificate {
        fingerprint: fingerprint("a1"),
        subject: "O=Example, OU=Registries, CN=registry.internal".into(),
        names: vec!["registry.internal".into(), "registry.example".into(), "10.1.2.3".into()],
        more_names: 0,
        issuer: "O=Example, CN=Example Private CA 2".into(),
        validity: Some((at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"))),
    };
    let problem = Some("its certificate is from an authority that is not trusted here".into());
    let offer = OfferedCertificate { certificate, problem, pinned: pinned.clone() };
    trust(Greeting::Certificate(Box::new(offer)), pinned)
}

fn untrusted(trust: ServerTrust, size: (u16, u16)) -> Screen {
    let refused = failure(FailureKind::Untrusted);
    let registry = Registry {
        server: Err(refused.clone()),
        catalog: Err(refused),
        trust: Some(trust),
        ..Registry::default()
    };
    Screen::new(registry, size)
}

#[test]
fn a_certificate_that_is_not_trusted_is_shown_with_the_choices() {
    picture_at("trust_certificate", &SIZES, |size| untrusted(certificate(None), size));
}

#[test]
fn another_certificate_than_the_pinned_one_is_shown_with_both_fingerprints() {
    picture_at("trust_changed", &SIZES, |size| {
        let mut screen = untrusted(certificate(Some(fingerprint("b2"))), size);
        screen.press("Down Enter");
        screen
    });
}

#[test]
fn a_registry_without_tls_is_named_as_such() {
    picture_at("trust_plain_http", &SIZES, |size| untrusted(trust(Greeting::NoTls, None), size));
}
