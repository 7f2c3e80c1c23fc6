//! The client for registries over HTTP.
//!
//! | subject | file |
//! |---|---|
//! | requests, logins, retries, limits, TLS | `http` and its folder |
//! | the operations of any registry, as a trait | `registry` |
//! | the distribution API, the first implementation | `distribution` and its folder |
//! | blobs of any size | `blob` and its folder |
//! | the own APIs of vendors | `own_api` and its folder |
//! | vendors, and everything that is peculiar to one | `vendors` and its folder |
//! | places that the system's files lead to, mirrors | `routes` and its folder |
//! | sources of logins | `credentials` and its folder |
//! | memory | `cache` (content), `host` (abilities of the server) |
//! | decisions about servers that are not trusted otherwise | `trust` |
//! | everything that flags and the configuration say about registries | `settings` |
//! | errors and hints | `error` |
//!
//! No response of a server is trusted: it is parsed by grammar, its size is limited, it is checked against its digest,
//! and it stays bound to the origin that it came from.

mod blob;
pub mod cache;
pub mod credentials;
mod distribution;
mod error;
mod host;
pub mod http;
mod own_api;
pub mod registry;
mod routes;
mod settings;
mod single_flight;
mod trust;
mod vendors;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub(crate) use distribution::blobs::SMALL as SMALL_CONFIG;
pub use distribution::manifests::ManifestHead;
pub use distribution::manifests::put::PutResult;
pub(crate) use distribution::referrers::Referrers;
pub(crate) use distribution::referrers::fallback_tag;
pub use error::{Cause, Error, Peer};
pub(crate) use http::auth::LoginVerdict;
pub use http::error_body::ErrorBody;
pub use http::limit::Priority;
pub(crate) use http::origin::{AllowedOrigin, is_forbidden};
pub use http::timeouts::Timeouts;
pub(crate) use http::tls::TrustDecision;
pub(crate) use http::tls::certificate_places;
pub use http::tls::{Pins, Trust};
pub use own_api::settings::{ApiAddress, VendorName};
pub(crate) use registry::Registry;
pub use registry::blobs::{BlobSource, Mount, Transfer};
pub(crate) use routes::{Location, MirrorPulls, MirrorRoute, Route, RoutePrefix, Routes};
pub use settings::{ClientSettings, HostSettings};
pub(crate) use vendors::{ENABLE_DELETES, delete_hint};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::model::manifest::Manifest;
use crate::model::reference::{Host, KnownRegistries, RepositoryName, Selector};
use crate::model::request_line::AwaitedRequest;
use crate::model::text::SafeText;
use blob::places::BlobPlaces;
use cache::Cache;
use credentials::{Credentials, Login, TokenServices};
use host::Abilities;
use http::Http;
use own_api::OwnApiFacts;
use routes::{Mirror, RoutedRegistry};
use single_flight::Joined;

/// The clients of a run: one for each registry, and one cache for all. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Mutex<ClientSettings>,
    known: OnceLock<KnownRegistries>,
    cache: Cache,
    clients: Mutex<HashMap<Host, Client>>,
    /// Registries that are no servers.
    others: Mutex<HashMap<Host, Arc<dyn Registry>>>,
    /// Clients of registries that are insecure only as the location of a part of another registry.
    insecure: Mutex<HashMap<Host, Client>>,
    /// The mirrors, each with or without leave to be insecure.
    mirrors: Mutex<HashMap<(Host, bool), Arc<Mirror>>>,
}

impl Pool {
    /// Creates the pool. Nothing is sent or read yet.
    pub fn new(settings: ClientSettings) -> Pool {
        http::tls::install_crypto();
        let cache = Cache::new(settings.cache.clone());
        let (settings, known) = (Mutex::new(settings), OnceLock::new());
        let (clients, others, insecure, mirrors) = Default::default();
        Pool(Arc::new(Shared { settings, known, cache, clients, others, insecure, mirrors }))
    }

    /// Adds a registry that is no server. From now on [`Pool::registry`] returns it for its host.
    pub fn add_registry(&self, registry: Arc<dyn Registry>) {
        self.others().insert(registry.host().clone(), registry);
    }

    /// Returns a registry: the one that was added for this host, otherwise the client for its server, or for the place
    /// that the system's files lead to. No mirror is asked, so that it is fit for changes. Sends nothing.
    pub(crate) fn registry(&self, host: &Host) -> Arc<dyn Registry> {
        self.registry_for(host, false)
    }

    /// Returns the same for content that is only shown: mirrors are asked first.
    pub(crate) fn registry_for_reading(&self, host: &Host) -> Arc<dyn Registry> {
        self.registry_for(host, true)
    }

    fn registry_for(&self, host: &Host, is_for_reading: bool) -> Arc<dyn Registry> {
        if let Some(added) = self.others().get(host) {
            return added.clone();
        }
        match self.routes().concerning(host).next() {
            Some(_) => Arc::new(RoutedRegistry::new(self, host, is_for_reading)),
            None => Arc::new(self.client(host)),
        }
    }

    /// Returns the places that the system's files lead to.
    pub(crate) fn routes(&self) -> Routes {
        self.settings().routes.clone()
    }

    /// Returns the client for a registry that a route leads to. With `insecure` it may have a certificate that is not
    /// accepted, unless regtui's own configuration has settings for it.
    fn routed_client(&self, host: &Host, insecure: bool) -> Client {
        let settings = self.settings().clone();
        if !insecure || settings.hosts.contains_key(host) || settings.trust_of(host).insecure {
            return self.client(host);
        }
        let mut clients = self.0.insecure.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Client::new(host, &settings.with_leave_for(host), self.0.cache.clone());
        clients.entry(host.clone()).or_insert_with(make).clone()
    }

    /// Returns a mirror. It is tried only once, because the registry itself has the content as well.
    fn mirror(&self, host: &Host, insecure: bool) -> Arc<Mirror> {
        let mut settings = self.settings().clone();
        let mut mirrors = self.0.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            if insecure && !settings.hosts.contains_key(host) {
                settings = settings.with_leave_for(host);
            }
            settings.timeouts = settings.timeouts.for_mirrors();
            Arc::new(Mirror::new(Client::new(host, &settings, self.0.cache.clone())))
        };
        mirrors.entry((host.clone(), insecure)).or_insert_with(make).clone()
    }

    /// Returns the clients of the places that the routes of a registry lead to.
    fn clients_of_routes(&self, host: &Host) -> Vec<Client> {
        let routes = self.routes();
        let mut clients = Vec::new();
        for route in routes.concerning(host) {
            let location =
                route.location.iter().map(|location| self.routed_client(&location.host, route.insecure));
            clients.extend(location);
            let mirrors =
                route.mirrors.iter().map(|mirror| self.mirror(&mirror.location.host, mirror.insecure));
            clients.extend(mirrors.map(|mirror| mirror.client().clone()));
        }
        clients
    }

    /// Returns the client for a registry, always the same one. Sends nothing.
    pub fn client(&self, host: &Host) -> Client {
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Client::new(host, &self.settings(), self.0.cache.clone());
        clients.entry(host.clone()).or_insert_with(make).clone()
    }

    /// Returns a client that uses this login for a registry and no other, also at this token service, and shares nothing
    /// with the client of the pool.
    pub(crate) fn client_with_login(&self, host: &Host, login: Login, service: Option<&str>) -> Client {
        let credentials = Credentials::default();
        credentials.use_for_this_run(host, login);
        let mut settings = ClientSettings { credentials, cache: None, ..self.settings().clone() };
        // Each further try with a wrong password could lock the user out.
        settings.timeouts.tries = 1;
        if let Some(service) = service {
            let trust = settings.trust_of(host);
            let of_host = || HostSettings { trust, ..HostSettings::default() };
            settings.hosts.entry(host.clone()).or_insert_with(of_host).realm_allow.push(service.into());
        }
        Client::new(host, &settings, Cache::new(None))
    }

    /// Returns the token services that the user lets have logins.
    pub(crate) fn token_services(&self) -> TokenServices {
        self.settings().token_services.clone()
    }

    /// Returns the sources of logins.
    pub(crate) fn credentials(&self) -> Credentials {
        self.settings().credentials.clone()
    }

    /// Returns the registries that are configured or that a file of logins names. The files are read once.
    pub(crate) fn known_registries(&self) -> &KnownRegistries {
        self.0.known.get_or_init(|| {
            let settings = self.settings();
            let hosts = settings.hosts.keys().cloned().chain(settings.credentials.registries());
            hosts.collect::<KnownRegistries>().with_short_names(settings.short_names.clone())
        })
    }

    /// Changes the transport of a registry from now on. Requests under way end with the old one.
    pub fn set_transport(&self, host: &Host, change: impl FnOnce(&mut Trust)) {
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let mut settings = self.settings();
        // A decision that is kept with the settings would outlive the moment when the user forgets it.
        let before = settings.undecided_trust_of(host);
        let mut trust = before.clone();
        change(&mut trust);
        if trust != before {
            let settings = settings.hosts.entry(host.clone()).or_default();
            (settings.trust, settings.is_for_this_run) = (trust, true);
            clients.remove(host);
            self.0.insecure.lock().unwrap_or_else(PoisonError::into_inner).remove(host);
            let mut mirrors = self.0.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
            mirrors.retain(|(mirror, _), _| mirror != host);
        }
    }

    /// Returns whether a setting, an option or the name asks for plain HTTP for a registry, and whether one turned off
    /// the check of its certificate. Decisions about servers are not among them: they are kept on their own, or end with
    /// the run.
    pub(crate) fn transport_flags(&self, host: &Host) -> (bool, bool) {
        let trust = self.settings().undecided_trust_of(host);
        (trust.plain_http, trust.insecure)
    }

    /// Restores the transport that a registry had in an earlier run, unless the configuration has settings for the
    /// registry.
    pub(crate) fn restore_transport(&self, host: &Host, plain_http: bool, insecure: bool) {
        let is_configured = self.settings().hosts.get(host).is_some_and(|settings| !settings.is_for_this_run);
        if !is_configured {
            self.set_transport(host, |trust| {
                trust.plain_http |= plain_http;
                trust.insecure |= insecure;
            });
        }
    }

    /// Makes all clients anew. Requests under way end with the old ones.
    fn forget_clients(&self) {
        self.0.clients.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.0.insecure.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.0.mirrors.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Returns the transport that a registry has in this run only, if [`Pool::set_transport`] changed it.
    pub(crate) fn transport_of_this_run(&self, host: &Host) -> Option<Trust> {
        let settings = self.settings();
        settings
            .hosts
            .get(host)
            .filter(|settings| settings.is_for_this_run)
            .map(|settings| settings.trust.clone())
    }

    /// Returns the requests to all registries whose answers are awaited, the oldest first.
    pub(crate) fn awaited_requests(&self) -> Vec<AwaitedRequest> {
        self.settings().sink.awaited()
    }

    fn others(&self) -> MutexGuard<'_, HashMap<Host, Arc<dyn Registry>>> {
        self.0.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> MutexGuard<'_, ClientSettings> {
        self.0.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until everything that was learned is on disk. The caller awaits it before the program ends.
    pub async fn flush(&self) {
        self.0.cache.flush().await;
    }
}

/// The client for one registry. Cheap to clone; all clones share connections, tokens and everything that was learned.
#[derive(Debug, Clone)]
pub struct Client(Arc<ClientInner>);

#[derive(Debug)]
struct ClientInner {
    http: Http,
    cache: Cache,
    abilities: Abilities,
    places: BlobPlaces,
    own_api: OwnApiFacts,
    /// Permits one reader of large content at a time.
    large_content: Semaphore,
    manifests: Joined<(RepositoryName, Selector), Result<Arc<Manifest>, Error>>,
    configs: Joined<
        (RepositoryName, crate::model::digest::Digest),
        Result<Arc<crate::model::image::ImageConfig>, Error>,
    >,
}

impl Client {
    fn new(host: &Host, settings: &ClientSettings, cache: Cache) -> Client {
        let http = Http::new(host.clone(), settings);
        let own_api = OwnApiFacts::new(settings.own_api(host));
        let abilities = Abilities::default();
        Client(Arc::new(ClientInner {
            http,
            cache,
            abilities,
            places: BlobPlaces::default(),
            own_api,
            large_content: Semaphore::new(1),
            manifests: Joined::default(),
            configs: Joined::default(),
        }))
    }

    /// Waits until no other task holds large content, so that only one of many is in memory at a time.
    pub(crate) async fn large_content_permit(&self) -> Option<SemaphorePermit<'_>> {
        self.0.large_content.acquire().await.ok()
    }

    /// Returns the name of the registry.
    pub fn host(&self) -> &Host {
        self.0.http.host()
    }

    /// Describes the wait of a request that will be sent again, if there is one, or for an answer that takes long:
    /// `waits for HOST: connection refused for 7 s, next try in 2 s`, `waiting 12 s for HOST, try 1 of 3`.
    pub(crate) fn describe_wait(&self) -> Option<SafeText> {
        let again = self.http().retries().describe_wait();
        let again = again.map(|why| SafeText::from(format!("waits for {}: {why}", self.host())));
        again.or_else(|| Some(self.http().transport().longest_awaited()?.describe()))
    }

    /// Forgets logins, tokens and the learned abilities of the server. They are found out again.
    pub fn forget(&self) {
        self.0.http.auth().forget();
        self.0.abilities.forget();
        self.0.places.forget_all();
        self.0.own_api.forget();
    }

    /// Reads the sources of logins again when a login is needed next, because the user may have logged in elsewhere.
    /// Everything that was learned stays as long as the login stays the same.
    pub fn reread_logins(&self) {
        self.0.http.auth().reread_logins();
        self.0.places.forget_all();
        self.0.own_api.forget();
    }

    /// Sends a ping, and returns the verdict of the registry on the login of this client.
    pub(crate) async fn check_login(&self) -> Result<LoginVerdict, Error> {
        self.ping().await?;
        Ok(self.http().auth().verdict().await)
    }

    fn http(&self) -> &Http {
        &self.0.http
    }

    fn cache(&self) -> &Cache {
        &self.0.cache
    }

    fn places(&self) -> &BlobPlaces {
        &self.0.places
    }

    fn abilities(&self) -> &Abilities {
        &self.0.abilities
    }
}
