//! One registry over HTTP: who we are, how often we try, how much we take, and one file per noun of the API.
//!
//! | question | file |
//! |---|---|
//! | what is asked, and what comes back | `request`, `payload` |
//! | how does one request run from beginning to end | `http` |
//! | how many at once, who goes first | `limit` |
//! | when is it tried again, where is `Retry-After` obeyed | `retry` |
//! | who waits to try again, in words | `waits` |
//! | where do redirects lead, and without what | `redirect` |
//! | what does a 401 change, where may a login go | `auth`, `challenge`, `token`, `scope` |
//! | where do logins come from | `credentials` |
//! | what is remembered | `cache` (content), `host` (what the server cannot do) |
//! | what went wrong and what helps | `error`, `said` (in the registry's words) |
//! | is it HTTP or HTTPS, which certificates | `scheme`, `tls`, `origin` |
//! | how is a blob read, where it breaks | `blobs/reader` |
//! | how is a blob written, where it breaks | `push` (the way), `uploads` (the session), `feed` (the bytes) |
//! | what is deleted, and what a server cannot delete | `deletes` |
//!
//! Nothing that a server says is trusted: it is parsed by grammar, capped, checked against its digest, and kept to the
//! origin that it came from.

mod again;
mod auth;
mod blobs;
mod body;
pub mod cache;
mod catalog;
mod challenge;
pub mod credentials;
mod deletes;
mod error;
mod feed;
mod host;
mod http;
mod join;
mod limit;
mod link;
mod location;
pub mod log;
mod manifests;
mod names;
mod origin;
mod page;
mod payload;
mod ping;
mod product;
mod push;
mod redirect;
mod referrers;
mod request;
mod retry;
mod said;
mod scheme;
mod scope;
mod secret;
mod tags;
pub mod tls;
mod token;
mod uploads;
mod waits;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

pub use blobs::SMALL as SMALL_CONFIG;
pub use blobs::reader::{BlobReader, BlobSource};
pub use error::{Cause, Error};
pub use feed::Transfer;
pub use limit::Priority;
pub use manifests::ManifestHead;
pub use manifests::put::PutResult;
pub use origin::AllowedOrigin;
pub use referrers::{Referrers, fallback_tag};
pub use retry::Timeouts;
pub use said::ErrorBody;
pub use secret::Secret;
pub use tls::Trust;
pub use uploads::{Mount, OpenUpload};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::model::manifest::Manifest;
use crate::model::reference::{Host, KnownRegistries, RepositoryName, Selector};
use crate::model::text::SafeText;
use cache::Cache;
use credentials::Credentials;
use host::{Abilities, Shows};
use http::Http;
use join::Joined;
use log::Sink;

/// What flags and configuration say about registries.
#[derive(Debug, Clone, Default)]
pub struct ClientSettings {
    /// For every registry that `hosts` does not name.
    pub trust: Trust,
    /// For single registries; replaces `trust` there.
    pub hosts: HashMap<Host, HostSettings>,
    /// Where content is kept between runs; only in memory if there is no place.
    pub cache: Option<PathBuf>,
    /// Where logins come from.
    pub credentials: Credentials,
    /// How long to wait and how often to try.
    pub timeouts: Timeouts,
    /// Where every request is reported.
    pub sink: Sink,
}

/// What the configuration says about one registry.
#[derive(Debug, Clone, Default)]
pub struct HostSettings {
    /// Its transport.
    pub trust: Trust,
    /// Whether this run alone reaches it so: see [`Pool::reach`]. The configuration does not know it.
    pub is_for_this_run: bool,
    /// Hosts besides its own site that may have its login because it names them as token services.
    pub realm_allow: Vec<String>,
    /// Origins besides its own that may be sent uploads because it names them.
    pub upload_allow: Vec<AllowedOrigin>,
}

impl ClientSettings {
    fn trust(&self, host: &Host) -> Trust {
        self.hosts.get(host).map_or(&self.trust, |settings| &settings.trust).clone()
    }

    fn realm_allow(&self, host: &Host) -> Vec<String> {
        self.hosts.get(host).map(|settings| settings.realm_allow.clone()).unwrap_or_default()
    }

    fn upload_allow(&self, host: &Host) -> Vec<AllowedOrigin> {
        self.hosts.get(host).map(|settings| settings.upload_allow.clone()).unwrap_or_default()
    }
}

/// The clients of a run: one for each registry, and one cache for all. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Mutex<ClientSettings>,
    known: OnceLock<KnownRegistries>,
    cache: Cache,
    clients: Mutex<HashMap<Host, Client>>,
}

impl Pool {
    /// Nothing is sent and nothing is read yet.
    pub fn new(settings: ClientSettings) -> Pool {
        tls::install();
        let cache = Cache::new(settings.cache.clone());
        let (settings, known) = (Mutex::new(settings), OnceLock::new());
        Pool(Arc::new(Shared { settings, known, cache, clients: Mutex::default() }))
    }

    /// The client for a registry: always the same one. Sends nothing.
    pub fn client(&self, host: &Host) -> Client {
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Client::new(host, &self.settings(), self.0.cache.clone());
        clients.entry(host.clone()).or_insert_with(make).clone()
    }

    /// The registries that are configured, or that a file of logins names. The files are read once.
    pub fn known(&self) -> &KnownRegistries {
        self.0.known.get_or_init(|| {
            let settings = self.settings();
            settings.hosts.keys().cloned().chain(settings.credentials.registries()).collect()
        })
    }

    /// Changes how a registry is reached from here on. What is on its way ends as it began.
    pub fn reach(&self, host: &Host, change: impl FnOnce(&mut Trust)) {
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let mut settings = self.settings();
        let before = settings.trust(host);
        let mut trust = before.clone();
        change(&mut trust);
        if trust != before {
            let settings = settings.hosts.entry(host.clone()).or_default();
            (settings.trust, settings.is_for_this_run) = (trust, true);
            clients.remove(host);
        }
    }

    /// Whether a registry is reached over plain HTTP, and without a check of its certificate, because the user said so.
    pub fn reaches(&self, host: &Host) -> (bool, bool) {
        let trust = self.settings().trust(host);
        (trust.plain_http, trust.insecure)
    }

    /// Has a registry reached as it was in an earlier run, unless the configuration says something of it.
    pub fn reach_again(&self, host: &Host, plain_http: bool, insecure: bool) {
        let is_configured = self.settings().hosts.get(host).is_some_and(|settings| !settings.is_for_this_run);
        if !is_configured {
            self.reach(host, |trust| {
                trust.plain_http |= plain_http;
                trust.insecure |= insecure;
            });
        }
    }

    /// How a registry is reached in this run alone, if [`Pool::reach`] has changed that.
    pub fn reached_in_this_run(&self, host: &Host) -> Option<Trust> {
        let settings = self.settings();
        settings
            .hosts
            .get(host)
            .filter(|settings| settings.is_for_this_run)
            .map(|settings| settings.trust.clone())
    }

    fn settings(&self) -> MutexGuard<'_, ClientSettings> {
        self.0.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when what was learned is on disk. To be awaited before the program ends.
    pub async fn flush(&self) {
        self.0.cache.flush().await;
    }
}

/// One registry. Cheap to clone; all clones share connections, tokens and what was learned.
#[derive(Debug, Clone)]
pub struct Client(Arc<ClientInner>);

#[derive(Debug)]
struct ClientInner {
    http: Http,
    cache: Cache,
    abilities: Abilities,
    /// Whoever looks into something heavy beside others waits for this.
    heavy: Semaphore,
    manifests: Joined<(RepositoryName, Selector), Result<Arc<Manifest>, Error>>,
    configs: Joined<
        (RepositoryName, crate::model::digest::Digest),
        Result<Arc<crate::model::image::ImageConfig>, Error>,
    >,
}

impl Client {
    fn new(host: &Host, settings: &ClientSettings, cache: Cache) -> Client {
        let http = Http::new(host.clone(), settings);
        let abilities = Abilities::default();
        Client(Arc::new(ClientInner {
            http,
            cache,
            abilities,
            heavy: Semaphore::new(1),
            manifests: Joined::default(),
            configs: Joined::default(),
        }))
    }

    /// Waits until nobody else looks into something heavy: of many that are looked into at once only one is held.
    pub async fn heavy_turn(&self) -> Option<SemaphorePermit<'_>> {
        self.0.heavy.acquire().await.ok()
    }

    /// The registry's name.
    pub fn host(&self) -> &Host {
        self.0.http.host()
    }

    /// That a request waits to be sent again, if one does, in words: `waits for HOST: connection refused for 7 s, next
    /// try in 2 s`.
    pub fn waits(&self) -> Option<SafeText> {
        self.http().waits().map(|why| SafeText::from(format!("waits for {}: {why}", self.host())))
    }

    /// Tells, as long as the value is there, that the registry took a change and does not show it yet.
    pub fn waits_to_show(&self) -> impl Drop {
        self.http().waits_to_show()
    }

    /// How long to wait until a change shows; less where one did not show in all that time.
    pub fn patience_to_show(&self) -> Duration {
        let timeouts = self.http().timeouts().shows;
        match self.abilities().shows() {
            Shows::Never => timeouts / 8,
            Shows::AtOnce | Shows::Late => timeouts,
        }
    }

    /// Whether this registry was found to show changes only a while after it took them.
    pub fn shows_late(&self) -> bool {
        self.abilities().shows() != Shows::AtOnce
    }

    /// How long it took until a change showed; `None` where it did not while that was waited for.
    pub fn learn_shows(&self, took: Option<Duration>) {
        match took {
            Some(took) if took > self.http().timeouts().shows / 16 => {
                self.abilities().learn_shows(Shows::Late)
            }
            Some(_) => {}
            None => self.abilities().learn_shows(Shows::Never),
        }
    }

    /// Forgets logins, tokens and what the server was found unable to do: they are found out again.
    pub fn forget(&self) {
        self.0.http.auth().forget();
        self.0.abilities.forget();
    }

    fn http(&self) -> &Http {
        &self.0.http
    }

    fn cache(&self) -> &Cache {
        &self.0.cache
    }

    fn abilities(&self) -> &Abilities {
        &self.0.abilities
    }
}
