//! The decisions of the user about servers that are not trusted otherwise.

use std::io;

use super::cache::Cache;
use super::credentials::Credentials;
use super::error::{Cause, Error};
use super::http::tls::{ServerAddress, Trust, TrustDecision};
use super::{Client, ClientSettings, Pool};
use crate::model::certificate::Fingerprint;
use crate::model::reference::{Host, Scheme};
use crate::model::server_trust::{Greeting, PlainHttp, ServerTrust, TrustChoice};

impl Pool {
    /// Returns what can be decided about a registry, or about a server that it leads to if only that one's certificate was
    /// refused. No login is sent, and nothing is trusted. Fails if the registry does not answer.
    pub(crate) async fn ask_trust(&self, host: &Host) -> Result<ServerTrust, Error> {
        let trust = self.ask_own_trust(host).await?;
        let is_fine = matches!(&trust.greeting, Greeting::Certificate(offer) if offer.problem.is_none());
        let refused = self.settings().pins.find_refused(host).filter(|_| is_fine);
        let Some((server, offer)) = refused.and_then(|(server, offer)| Some((server.to_host()?, offer)))
        else {
            return Ok(trust);
        };
        let (pinned, plain) = (offer.pinned.clone(), PlainHttp::No);
        let greeting = Greeting::Certificate(Box::new(offer));
        Ok(ServerTrust { server, is_registry: false, greeting, pinned, plain })
    }

    /// Connects to a server with TLS, and returns what can be decided about it.
    pub(crate) async fn ask_own_trust(&self, host: &Host) -> Result<ServerTrust, Error> {
        let pins = self.settings().pins.clone();
        let of_registry = ServerAddress::of_registry(host);
        let before = pins.count();
        let pinged = self.ping_with_tls(host).await;
        let own = of_registry.as_ref().and_then(|server| pins.offer_after(server, before));
        let greeting = match (own, pinged) {
            (Some(offer), _) => Greeting::Certificate(Box::new(offer)),
            (None, Err(Error { cause: Cause::Scheme { server_is_plain: true }, .. })) => Greeting::NoTls,
            (None, Err(error)) => return Err(error),
            (None, Ok(())) => {
                return Err(Error::unsent(host.to_string(), Cause::Tls("it sends no certificate".into())));
            }
        };
        let trust = self.settings().trust_of(host);
        // Registries on this machine are asked whether they speak TLS.
        let is_found_here = greeting == Greeting::NoTls && host.is_loopback() && !trust.tls;
        Ok(ServerTrust {
            server: host.clone(),
            is_registry: true,
            pinned: pins.find_for(host),
            plain: match () {
                () if pins.allows_plain_http(host) => PlainHttp::Decided,
                () if trust.plain_http => PlainHttp::Set,
                () if is_found_here => PlainHttp::Set,
                () => PlainHttp::No,
            },
            greeting,
        })
    }

    async fn ping_with_tls(&self, host: &Host) -> Result<(), Error> {
        let mut settings =
            ClientSettings { credentials: Credentials::default(), cache: None, ..self.settings().clone() };
        let ca_file = settings.trust_of(host).ca_file;
        let of_host = settings.hosts.entry(host.clone()).or_default();
        of_host.trust = Trust { tls: true, ca_file, ..Trust::default() };
        Client::new(host, &settings, Cache::new(None)).ping().await.map(drop)
    }

    /// Carries out a decision about a server. It counts from the next request on.
    pub(crate) fn decide_trust(&self, trust: &ServerTrust, choice: TrustChoice) -> io::Result<()> {
        let decision = match (choice, &trust.greeting) {
            (TrustChoice::Leave, _) => return Ok(()),
            (TrustChoice::UseTls, _) => {
                self.set_transport(&trust.server, |trust| trust.set_scheme(Scheme::Https));
                return Ok(());
            }
            (TrustChoice::Forget, _) => None,
            (TrustChoice::ThisRun | TrustChoice::Always, Greeting::Certificate(offer)) => {
                Some(TrustDecision::Pinned(offer.certificate.fingerprint.clone()))
            }
            (TrustChoice::ThisRun | TrustChoice::Always, Greeting::NoTls) => Some(TrustDecision::PlainHttp),
        };
        if decision == Some(TrustDecision::PlainHttp) {
            // The choice counts more than `https://` before the name.
            self.set_transport(&trust.server, |trust| trust.tls = false);
        }
        self.decide(&trust.server, decision, choice != TrustChoice::ThisRun).map(drop)
    }

    /// Allows plain HTTP for a registry in all runs. A pin of the registry is forgotten.
    pub(crate) fn allow_plain_http(&self, host: &Host) -> io::Result<()> {
        self.decide(host, Some(TrustDecision::PlainHttp), true).map(drop)
    }

    /// Forgets the decision about a server. Returns whether there was one.
    pub(crate) fn forget_trust(&self, host: &Host) -> io::Result<bool> {
        self.decide(host, None, true)
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
        pins.find_for(host).is_some()
    }

    fn decide(&self, host: &Host, decision: Option<TrustDecision>, is_kept: bool) -> io::Result<bool> {
        let server = ServerAddress::of_registry(host)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the host cannot stand in a URL"))?;
        let pins = self.settings().pins.clone();
        let had_one = pins.decide(&server, decision, is_kept)?;
        // All clients are made anew: any of them may have a connection to this server.
        self.forget_clients();
        Ok(had_one)
    }
}
