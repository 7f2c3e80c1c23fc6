//! Pinned certificates: a server whose certificate the user has pinned must present exactly that one.
//!
//! A pin belongs to one server, which is a host with a port. It replaces the check by authorities, names and dates, in
//! both directions: the pinned certificate is accepted whatever is wrong with it, and every other one is refused even
//! if an authority vouches for it. The signatures of the handshake are always checked with a pinned certificate, so that
//! the server proves that it has the key.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Url;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use super::elliptic;
use crate::client::error::Cause;
use crate::model::certificate::{Fingerprint, OfferedCertificate, ServerCertificate};
use crate::model::reference::Host;
use crate::store::state::StateStore;
use crate::store::trust::{self, TrustRow};

/// Most servers whose last certificate is kept.
const MOST_OFFERS: usize = 64;

/// A host with a port: `registry.example:443`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ServerAddress(String);

impl ServerAddress {
    /// Returns the address in a URL.
    pub(crate) fn of(url: &Url) -> Option<ServerAddress> {
        Some(ServerAddress(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)))
    }

    /// Returns the address of a registry that is reached with TLS.
    pub(crate) fn of_registry(host: &Host) -> Option<ServerAddress> {
        ServerAddress::of(&Url::parse(&format!("https://{}/", host.api())).ok()?)
    }

    /// Returns the address as a host with a port.
    pub(crate) fn to_host(&self) -> Option<Host> {
        Host::parse(&self.0).ok()
    }

    /// Returns whether the host of the address has this name.
    fn is_named(&self, name: &ServerName<'_>) -> bool {
        let host = self.0.rsplit_once(':').map_or(self.0.as_str(), |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match name {
            // An address has more than one spelling: `::ffff:127.0.0.1` is `::ffff:7f00:1`.
            ServerName::IpAddress(address) => host.parse() == Ok(IpAddr::from(*address)),
            name => host.eq_ignore_ascii_case(&name.to_str()),
        }
    }

    /// Returns the text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The decisions of the user about servers, those that are kept and those of this run, and the certificates that were
/// presented in this run. Cheap to clone; all clones share them.
#[derive(Debug, Clone, Default)]
pub struct Pins(Arc<Mutex<PinsInner>>);

#[derive(Debug, Default)]
struct PinsInner {
    /// The place of the decisions that are kept, as long as it has not been read.
    unread: Option<StateStore>,
    state: Option<StateStore>,
    decisions: HashMap<ServerAddress, TrustDecision>,
    /// The last certificate that each server presented.
    offers: HashMap<ServerAddress, Presented>,
    /// The number of certificates that were presented.
    count: u64,
}

/// A certificate that was presented in this run.
#[derive(Debug, Clone)]
pub(crate) struct Presented {
    pub(crate) offer: OfferedCertificate,
    /// The registry that the server belongs to, or that leads to it.
    registry: Host,
    /// Its number among all that were presented.
    number: u64,
}

/// The decision of the user about a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TrustDecision {
    /// It must present the certificate with this fingerprint.
    Pinned(Fingerprint),
    /// It is reached without TLS.
    PlainHttp,
}

impl Pins {
    /// Creates the decisions that are kept in a state. It is read when the first server is contacted.
    pub fn kept_in(state: StateStore) -> Pins {
        let inner = PinsInner { unread: Some(state.clone()), state: Some(state), ..PinsInner::default() };
        Pins(Arc::new(Mutex::new(inner)))
    }

    /// Returns the fingerprint that is pinned for a server.
    pub(crate) fn find(&self, server: &ServerAddress) -> Option<Fingerprint> {
        match self.inner().decisions.get(server) {
            Some(TrustDecision::Pinned(fingerprint)) => Some(fingerprint.clone()),
            _ => None,
        }
    }

    /// Returns the fingerprint that is pinned for a registry.
    pub(crate) fn find_for(&self, host: &Host) -> Option<Fingerprint> {
        self.find(&ServerAddress::of_registry(host)?)
    }

    /// Returns whether a URL leads over plain HTTP to a server with a pinned certificate. Without a port it leads to the
    /// place of a server that is named without a port as well.
    pub(crate) fn forbid_plain(&self, url: &Url) -> bool {
        let is_pinned = |server: Option<ServerAddress>| server.is_some_and(|it| self.find(&it).is_some());
        let with_tls = || {
            let host = url.host_str().filter(|_| url.port().is_none())?;
            Some(ServerAddress(format!("{host}:443")))
        };
        url.scheme() == "http" && (is_pinned(ServerAddress::of(url)) || is_pinned(with_tls()))
    }

    /// Returns whether the user allowed plain HTTP for a registry.
    pub(crate) fn allows_plain_http(&self, host: &Host) -> bool {
        let server = ServerAddress::of_registry(host);
        server.is_some_and(|server| self.inner().decisions.get(&server) == Some(&TrustDecision::PlainHttp))
    }

    /// Returns the decisions, ordered by server.
    pub(crate) fn all(&self) -> Vec<(ServerAddress, TrustDecision)> {
        let mut all: Vec<_> = self.inner().decisions.clone().into_iter().collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all
    }

    /// Takes a decision about a server, or forgets the earlier one. It is kept for later runs if `is_kept`. Returns
    /// whether anything was replaced.
    pub(crate) fn decide(
        &self,
        server: &ServerAddress,
        decision: Option<TrustDecision>,
        is_kept: bool,
    ) -> io::Result<bool> {
        let mut inner = self.inner();
        if is_kept {
            let Some(state) = &inner.state else {
                return Err(io::Error::new(io::ErrorKind::NotFound, "there is no folder for the state"));
            };
            let row = decision.as_ref().map(|decision| match decision {
                TrustDecision::Pinned(fingerprint) => TrustRow::Pinned(fingerprint.to_string()),
                TrustDecision::PlainHttp => TrustRow::PlainHttp,
            });
            trust::write(state, server.as_str(), row.as_ref())?;
        }
        // A judgement from before the decision does not count any more.
        inner.offers.remove(server);
        let before = match decision {
            Some(decision) => inner.decisions.insert(server.clone(), decision),
            None => inner.decisions.remove(server),
        };
        Ok(before.is_some())
    }

    /// Returns whether a server has presented a certificate in this run.
    pub(crate) fn has_presented(&self, server: &ServerAddress) -> bool {
        self.inner().offers.contains_key(server)
    }

    /// Returns the number of certificates that were presented in this run.
    pub(crate) fn count(&self) -> u64 {
        self.inner().count
    }

    /// Returns the certificate that a server presented last, if that was after so many.
    pub(crate) fn offer_after(&self, server: &ServerAddress, count: u64) -> Option<OfferedCertificate> {
        let inner = self.inner();
        let presented = inner.offers.get(server).filter(|presented| presented.number > count);
        presented.map(|presented| presented.offer.clone())
    }

    /// Returns the server that a registry leads to and whose certificate was refused last. It is another one than
    /// `own`.
    pub(crate) fn find_refused(
        &self,
        registry: &Host,
        own: Option<&ServerAddress>,
    ) -> Option<(ServerAddress, OfferedCertificate)> {
        let inner = self.inner();
        let refused = inner.offers.iter().filter(|(server, presented)| {
            let is_led_to = presented.registry == *registry && Some(*server) != own;
            is_led_to && presented.offer.problem.is_some()
        });
        let last = refused.max_by_key(|(_, presented)| presented.number);
        last.map(|(server, presented)| (server.clone(), presented.offer.clone()))
    }

    fn note_offer(&self, server: &ServerAddress, registry: &Host, offer: OfferedCertificate) {
        let mut inner = self.inner();
        inner.count += 1;
        let presented = Presented { offer, registry: registry.clone(), number: inner.count };
        // A registry may lead to any number of servers.
        if inner.offers.len() >= MOST_OFFERS && !inner.offers.contains_key(server) {
            inner.offers.clear();
        }
        inner.offers.insert(server.clone(), presented);
    }

    fn inner(&self) -> MutexGuard<'_, PinsInner> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = inner.unread.take() {
            match trust::read(&state) {
                Ok(rows) => {
                    for (server, row) in rows {
                        let decision = match row {
                            TrustRow::Pinned(text) => Fingerprint::parse(&text).map(TrustDecision::Pinned),
                            TrustRow::PlainHttp => Some(TrustDecision::PlainHttp),
                        };
                        match decision {
                            Some(decision) => drop(inner.decisions.insert(ServerAddress(server), decision)),
                            None => {
                                let why = format!("the pin of {server} is no fingerprint");
                                state.show(trust::unread(&io::Error::new(io::ErrorKind::InvalidData, why)));
                            }
                        }
                    }
                }
                Err(error) => state.show(trust::unread(&error)),
            }
        }
        inner
    }
}

/// A server presented another certificate than the pinned one.
#[derive(Debug, thiserror::Error)]
#[error("its certificate is not the pinned one: pinned is {pinned}, presented was {presented}")]
pub(crate) struct CertificateChanged {
    pinned: Fingerprint,
    presented: Fingerprint,
}

/// Checks the certificates of one server: by its pin if there is one, otherwise by another verifier.
#[derive(Debug)]
pub(super) struct PinVerifier {
    pub(super) pins: Pins,
    pub(super) server: ServerAddress,
    /// The registry that the server belongs to, or that leads to it.
    pub(super) registry: Host,
    pub(super) otherwise: Arc<dyn ServerCertVerifier>,
}

impl PinVerifier {
    fn is_pinned(&self) -> bool {
        self.pins.find(&self.server).is_some()
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.server.is_named(name) {
            // A proxy that speaks TLS is checked here as well.
            return self.otherwise.verify_server_cert(certificate, intermediates, name, ocsp, now);
        }
        let presented = Fingerprint::of(certificate);
        let pinned = self.pins.find(&self.server);
        let checked = match pinned.clone() {
            Some(pinned) if pinned == presented => Ok(ServerCertVerified::assertion()),
            Some(pinned) => Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(
                CertificateChanged { pinned, presented },
            ))))),
            None => self.otherwise.verify_server_cert(certificate, intermediates, name, ocsp, now),
        };
        let problem = checked.as_ref().err().map(Cause::describe_tls);
        let certificate = ServerCertificate::of_der(certificate);
        self.pins.note_offer(
            &self.server,
            &self.registry,
            OfferedCertificate { certificate, problem, pinned },
        );
        checked
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.is_pinned() {
            return verify_tls12_signature(message, certificate, signed, &elliptic::signature_algorithms());
        }
        self.otherwise.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.is_pinned() {
            return verify_tls13_signature(message, certificate, signed, &elliptic::signature_algorithms());
        }
        self.otherwise.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        if self.is_pinned() {
            return elliptic::signature_algorithms().supported_schemes();
        }
        self.otherwise.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> ServerAddress {
        ServerAddress::of(&Url::parse(url).expect("a url")).expect("an address")
    }

    #[test]
    fn a_pin_counts_for_its_server_in_every_spelling_of_the_address() {
        for (url, name) in [
            ("https://r.test/", "r.test"),
            ("https://R.Test:5000/", "r.test"),
            ("https://127.0.0.1/", "127.0.0.1"),
            ("https://[::1]:5000/", "::1"),
            ("https://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"),
            ("https://[2001:db8:0:0:0:0:0:1]/", "2001:db8::1"),
        ] {
            let name = ServerName::try_from(name).expect("a name");
            assert!(address(url).is_named(&name), "{url}");
            assert!(!address("https://proxy.test/").is_named(&name), "{url}");
        }
        let registry = |host: &str| ServerAddress::of_registry(&Host::parse(host).expect("a host"));
        for (one, other) in
            [("r.test", "R.TEST:443"), ("docker.io", "registry-1.docker.io"), ("[::1]", "[0:0::1]:443")]
        {
            assert_eq!(registry(one), registry(other));
        }
    }

    #[test]
    fn a_server_with_a_pin_is_never_reached_without_tls() {
        let pins = Pins::default();
        for server in ["https://r.test/", "https://r.test:5000/"] {
            let pinned = TrustDecision::Pinned(Fingerprint::of(b"x"));
            pins.decide(&address(server), Some(pinned), false).expect("it is decided");
        }
        for (url, is_forbidden) in [
            ("http://r.test/token", true),
            ("http://R.test:443/", true),
            ("http://r.test:5000/", true),
            ("http://r.test:8080/", false),
            ("http://other.test/", false),
            ("https://r.test/", false),
        ] {
            assert_eq!(pins.forbid_plain(&Url::parse(url).expect("a url")), is_forbidden, "{url}");
        }
    }
}
