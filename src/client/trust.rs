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
    /// Returns the facts about a registry before a decision, or about a server that it leads to if only that one's
    /// certificate was refused. A registry that the system's files move to another place is asked there. No login is sent, and nothing is
    /// trusted. Fails if the registry does not answer.
    pub(crate) async fn ask_trust(&self, host: &Host) -> Result<ServerTrust, Error> {
        let routes = self.routes();
        let moved = routes.of_host(host).and_then(|route| Some((route.location.as_ref()?, route.insecure)));
        let own = moved.map_or(host, |(location, _)| &location.host);
        let mut trust = self.ask_own_trust(own).await?;
        trust.is_registry = own == host;
        trust.is_unchecked |=
            moved.is_some_and(|(_, insecure)| insecure) && !self.settings().hosts.contains_key(own);
        if !trust.is_accepted() {
            return Ok(trust);
        }
        let parts = routes.concerning(host).flat_map(|route| {
            let mirrors = route.mirrors.iter().map(|mirror| &mirror.location);
            route.location.iter().chain(mirrors).map(|location| &location.host)
        });
        let pins = self.settings().pins.clone();
        let of_own = ServerAddress::of_registry(own);
        let mut refused =
            std::iter::once(own).chain(parts).filter_map(|leads| pins.find_refused(leads, of_own.as_ref()));
        let Some((server, offer)) = refused.find_map(|(server, offer)| Some((server.to_host()?, offer)))
        else {
            return Ok(trust);
        };
        let (pinned, plain) = (offer.pinned.clone(), PlainHttp::No);
        let greeting = Greeting::Certificate(Box::new(offer));
        Ok(ServerTrust { server, is_registry: false, greeting, pinned, plain, is_unchecked: false })
    }

    /// Connects to a server with TLS, and returns the facts about it before a decision.
    pub(crate) async fn ask_own_trust(&self, host: &Host) -> Result<ServerTrust, Error> {
        if let Some(route) = self.routes().of_host(host).filter(|route| route.blocked) {
            let why = format!("`{}` blocks {} by `blocked = true`", route.source, route.prefix);
            return Err(Error::unsent(host, Cause::Local(why.into())));
        }
        let pins = self.settings().pins.clone();
        let of_registry = ServerAddress::of_registry(host);
        // After an answer with TLS in this run, the registry is not asked in plain HTTP any more.
        let had_tls = of_registry.as_ref().is_some_and(|server| pins.has_presented(server));
        let before = pins.count();
        let pinged = self.ping_with_tls(host).await;
        let own = of_registry.as_ref().and_then(|server| pins.offer_after(server, before));
        let greeting = match (own, pinged) {
            (Some(offer), _) => Greeting::Certificate(Box::new(offer)),
            (
                None,
                Err(Error { cause: Cause::Scheme { server_is_plain: true } | Cause::PlainRefused, .. }),
            ) => Greeting::NoTls,
            (None, Err(error)) => return Err(error),
            (None, Ok(())) => {
                return Err(Error::unsent(host.to_string(), Cause::Tls("it sends no certificate".into())));
            }
        };
        let trust = self.settings().trust_of(host);
        // Registries on this machine are asked whether they speak TLS.
        let is_asked = greeting == Greeting::NoTls && !trust.tls && !had_tls;
        let (is_found_here, is_without_login) =
            (is_asked && host.is_loopback(), is_asked && trust.may_be_plain);
        Ok(ServerTrust {
            server: host.clone(),
            is_registry: true,
            pinned: pins.find_for(host),
            plain: match () {
                () if trust.plain_http && pins.allows_plain_http(host) => PlainHttp::Decided,
                () if trust.plain_http || is_found_here => PlainHttp::Set,
                () if is_without_login => PlainHttp::WithoutLogin,
                () => PlainHttp::No,
            },
            is_unchecked: trust.insecure,
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
        let is_plain = decision == Some(TrustDecision::PlainHttp);
        self.decide(&trust.server, decision, choice != TrustChoice::ThisRun)?;
        if is_plain {
            // The choice counts more than `https://` before the name.
            self.set_transport(&trust.server, |trust| trust.tls = false);
        } else if choice == TrustChoice::Forget && trust.plain == PlainHttp::Decided {
            // Neither `http://` before the name nor its place on this machine leads back to plain HTTP.
            self.set_transport(&trust.server, |trust| trust.set_scheme(Scheme::Https));
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::super::routes::{Location, Route, RoutePrefix, Routes};
    use super::*;
    use crate::demo::{Demo, DemoSettings, Store};
    use crate::store::state::StateStore;

    fn host(text: &str) -> Host {
        Host::parse(text).expect(text)
    }

    fn without_tls(server: Host) -> ServerTrust {
        let (greeting, plain) = (Greeting::NoTls, PlainHttp::No);
        ServerTrust { server, is_registry: true, greeting, pinned: None, plain, is_unchecked: false }
    }

    fn is_plain(pool: &Pool, host: &Host) -> bool {
        pool.settings().trust_of(host).plain_http
    }

    #[test]
    fn a_decision_ends_when_it_is_forgotten_whatever_else_was_set_since() {
        let (pool, server) = (Pool::new(ClientSettings::default()), host("r.test"));
        let decide = |choice| pool.decide_trust(&without_tls(server.clone()), choice).expect("it is decided");
        decide(TrustChoice::ThisRun);
        assert!(is_plain(&pool, &server));
        pool.set_transport(&server, |trust| trust.insecure = true);
        pool.restore_transport(&server, false, true);
        assert_eq!(
            pool.transport_flags(&server),
            (false, true),
            "a decision for this run is not for a later one"
        );
        let pins = pool.settings().pins.clone();
        let address = ServerAddress::of_registry(&server).expect("an address");
        pins.decide(&address, None, false).expect("it is forgotten");
        assert!(!is_plain(&pool, &server));
    }

    #[test]
    fn plain_http_ends_with_the_decision_also_if_the_name_asks_for_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let pins = super::super::Pins::kept_in(StateStore::new(Some(folder.path().into())));
        let pool = Pool::new(ClientSettings { pins, ..ClientSettings::default() });
        let server = host("r.test");
        pool.set_transport(&server, |trust| trust.set_scheme(Scheme::Http));
        let seen = ServerTrust { plain: PlainHttp::Decided, ..without_tls(server.clone()) };
        pool.decide_trust(&seen, TrustChoice::Always).expect("it is decided");
        assert!(is_plain(&pool, &server));
        pool.decide_trust(&seen, TrustChoice::Forget).expect("it is forgotten");
        assert!(!is_plain(&pool, &server));
    }

    #[test]
    fn a_decision_that_cannot_be_kept_changes_nothing() {
        let (pool, server) = (Pool::new(ClientSettings::default()), host("localhost:5000"));
        pool.set_transport(&server, |trust| trust.set_scheme(Scheme::Https));
        let before = pool.settings().trust_of(&server);
        pool.decide_trust(&without_tls(server.clone()), TrustChoice::Always).expect_err("no state");
        assert_eq!(pool.settings().trust_of(&server), before);
    }

    #[tokio::test]
    async fn a_registry_is_asked_where_the_files_of_the_system_put_it_and_not_at_all_if_they_block_it() {
        let demo = Demo::start(DemoSettings::default(), Store::new()).await.expect("a port");
        let at = demo.address().to_string();
        let route = |prefix: &str, location: Option<&str>| Route {
            prefix: RoutePrefix::parse(prefix).expect(prefix),
            location: location.map(|location| Location::parse(location).expect(location)),
            insecure: false,
            blocked: location.is_none(),
            mirrors: Vec::new(),
            source: "test".into(),
        };
        let routes = Routes::new(vec![route("moved.test", Some(&at)), route(&at, None)], Vec::new());
        let pool = |routes| Pool::new(ClientSettings { routes, ..ClientSettings::default() });
        let moved = Routes::new(vec![route("moved.test", Some(&at))], Vec::new());
        let asked = pool(moved).ask_trust(&host("moved.test")).await.expect("the location answers");
        assert_eq!((asked.server, asked.is_registry), (host(&at), false));
        assert_eq!((asked.greeting, asked.plain), (Greeting::NoTls, PlainHttp::Set));
        for name in ["moved.test", &at] {
            let refused = pool(routes.clone()).ask_trust(&host(name)).await.expect_err("it is blocked");
            assert!(refused.to_string().contains("blocked = true"), "{refused}");
        }
        assert!(demo.requests().is_empty());
    }
}
