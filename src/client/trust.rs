//! The decisions of the user about servers that are not trusted otherwise.

use std::io;

use super::cache::Cache;
use super::credentials::Credentials;
use super::error::Error;
use super::http::tls::{ServerAddress, TrustDecision};
use super::{Client, ClientSettings, Pool};
use crate::model::certificate::{Fingerprint, OfferedCertificate};
use crate::model::reference::Host;

impl Pool {
    /// Connects to a server with TLS, and returns the certificate that it presents. No login is sent, and nothing is
    /// trusted. Fails if the server presents none.
    pub(crate) async fn ask_certificate(&self, host: &Host) -> Result<Option<OfferedCertificate>, Error> {
        let Some(server) = ServerAddress::of_registry(host) else { return Ok(None) };
        let mut settings =
            ClientSettings { credentials: Credentials::default(), cache: None, ..self.settings().clone() };
        let of_host = settings.hosts.entry(host.clone()).or_default();
        of_host.trust.ca_file = self.settings().trust_of(host).ca_file;
        (of_host.trust.plain_http, of_host.trust.tls, of_host.trust.insecure) = (false, true, false);
        let pinged = Client::new(host, &settings, Cache::new(None)).ping().await;
        match (settings.pins.offer(&server), pinged) {
            (Some(offer), _) => Ok(Some(offer)),
            (None, Err(error)) => Err(error),
            (None, Ok(_)) => Ok(None),
        }
    }

    /// Pins a certificate for a server, for this run or for all. The decision counts from the next request on.
    pub(crate) fn pin_certificate(
        &self,
        host: &Host,
        fingerprint: Fingerprint,
        is_kept: bool,
    ) -> io::Result<()> {
        self.decide_trust(host, Some(TrustDecision::Pinned(fingerprint)), is_kept).map(drop)
    }

    /// Allows plain HTTP for a registry, in this run or always. A pin of the registry is forgotten.
    pub(crate) fn allow_plain_http(&self, host: &Host, is_kept: bool) -> io::Result<()> {
        self.decide_trust(host, Some(TrustDecision::PlainHttp), is_kept).map(drop)
    }

    /// Forgets the decision about a server. Returns whether there was one.
    pub(crate) fn forget_trust(&self, host: &Host) -> io::Result<bool> {
        self.decide_trust(host, None, true)
    }

    /// Returns the servers with a decision: the address, and the pinned fingerprint unless plain HTTP is allowed.
    pub(crate) fn trusted_servers(&self) -> Vec<(String, Option<Fingerprint>)> {
        let all = self.settings().pins.all().into_iter();
        let of = |decision| match decision {
            TrustDecision::Pinned(fingerprint) => Some(fingerprint),
            TrustDecision::PlainHttp => None,
        };
        all.map(|(server, decision)| (server.as_str().to_string(), of(decision))).collect()
    }

    /// Returns whether a certificate is pinned for a registry.
    pub(crate) fn has_pin(&self, host: &Host) -> bool {
        let pins = self.settings().pins.clone();
        ServerAddress::of_registry(host).is_some_and(|server| pins.find(&server).is_some())
    }

    fn decide_trust(&self, host: &Host, decision: Option<TrustDecision>, is_kept: bool) -> io::Result<bool> {
        let server = ServerAddress::of_registry(host)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the host cannot stand in a URL"))?;
        let pins = self.settings().pins.clone();
        let had_one = pins.decide(&server, decision, is_kept)?;
        // All clients are made anew: any of them may have a connection to this server.
        self.forget_clients();
        Ok(had_one)
    }
}
