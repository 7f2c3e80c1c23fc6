//! The in-memory registry: behind `regtui --demo`, and behind most tests.
//!
//! It speaks the OCI distribution API 1.1 and docker's `_catalog` for real, over HTTP on loopback, one file per noun
//! of the API. It uses nothing of the client, so that the two check each other. See [`Store`] to fill it, [`content`]
//! for the sample images and [`faults`] to make it misbehave.

pub mod artifact;
pub mod auth;
pub mod blob;
pub mod content;
pub mod faults;
pub mod image;
pub mod index;
pub mod layer;
pub mod manifest;
pub mod name;
pub mod requests;
pub mod store;

mod answer;
mod blobs;
mod catalog;
mod late;
mod manifests;
mod page;
mod referrers;
mod refusal;
mod reply;
mod route;
mod tags;
mod upload;
mod uploads;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures_util::FutureExt;
use hyper::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use answer::{Busy, DemoRegistry};
use auth::{AuthMode, IssuedTokens};
use faults::{Fault, Faults, LateDelete, OnTls, Removes, RequestView};
use late::Deletions;
pub use page::PageSize;
use referrers::Turns;
use requests::Requests;
pub use requests::SeenRequest;
pub use store::Store;

/// How the registry behaves. The default allows everything and refuses what distribution refuses.
#[derive(Debug, Clone)]
pub struct DemoSettings {
    /// Who may do what.
    pub auth: AuthMode,
    /// The status that `_catalog` is refused with; it is answered if there is none.
    pub catalog_refused: Option<StatusCode>,
    /// Entries per page of `_catalog`.
    pub catalog_page: PageSize,
    /// Entries per page of `tags/list`.
    pub tags_page: PageSize,
    /// Entries per page of the referrers.
    pub referrers_page: PageSize,
    /// Whether a tag can be deleted; it is 405 if not.
    pub delete_by_tag: bool,
    /// Whether a manifest can be deleted by digest; it is 405 if not.
    pub delete_by_digest: bool,
    /// Whether a manifest that is deleted by digest leaves its tags, which go on serving it, as in go-containerregistry's
    /// registry.
    pub delete_keeps_tags: bool,
    /// When a delete that was taken (202) is done; at once if it does not say, later as in Pulp.
    pub deletes_late: Option<LateDelete>,
    /// Whether blobs can be deleted; it is 405 if not.
    pub delete_blobs: bool,
    /// Whether there is a referrers API; it is 404 if not, and `OCI-Subject` is not sent.
    pub referrers: bool,
    /// Whether one of two referrers of a subject that are put at the same time is never listed, as with olareg 0.1.2.
    pub loses_referrers: bool,
    /// Whether a manifest that is put under a tag is kept by the digest of a `digest` parameter, as with olareg; it is not
    /// looked at otherwise.
    pub digest_parameter: bool,
    /// Whether mounts work; they become uploads (202) if not.
    pub mounts: bool,
    /// Whether a tag may not be pointed elsewhere, as where tags are immutable.
    pub immutable_tags: bool,
    /// Whether manifests are taken although what they name is missing.
    pub sparse_manifests: bool,
    /// Whether the `Location` of an upload is a path; else it is a URL.
    pub relative_locations: bool,
    /// What the registry calls itself in URLs, as in `https://localhost:5000`; else plain HTTP and what the client
    /// put into `Host`.
    pub public_url: Option<String>,
    /// What the registry calls itself in `Server`, or nothing.
    pub server: Option<String>,
    /// What is removed at once instead of by garbage collection.
    pub removes: Removes,
    /// The largest manifest taken, in bytes.
    pub manifest_limit: usize,
    /// The largest blob taken, in bytes.
    pub blob_limit: u64,
    /// What a connection meets that begins with a TLS greeting.
    pub on_tls: OnTls,
    /// Whether one connection is served at a time and closed after its answer, as simple servers do.
    pub one_at_a_time: bool,
    /// How many requests are written down for [`Demo::requests`]; with 0 none is, as fits a measurement.
    pub remembered_requests: usize,
}

impl Default for DemoSettings {
    fn default() -> DemoSettings {
        DemoSettings {
            auth: AuthMode::Open,
            on_tls: OnTls::default(),
            one_at_a_time: false,
            catalog_refused: None,
            catalog_page: PageSize { default: 100, most: 1000 },
            tags_page: PageSize::UNLIMITED,
            referrers_page: PageSize::UNLIMITED,
            delete_by_tag: true,
            delete_by_digest: true,
            delete_keeps_tags: false,
            deletes_late: None,
            delete_blobs: true,
            referrers: true,
            loses_referrers: false,
            digest_parameter: false,
            mounts: true,
            immutable_tags: false,
            sparse_manifests: false,
            relative_locations: false,
            public_url: None,
            server: Some("regtui".into()),
            removes: Removes::default(),
            manifest_limit: 4 * 1024 * 1024,
            blob_limit: 4 * 1024 * 1024 * 1024,
            remembered_requests: 10_000,
        }
    }
}

/// A running registry. It stops, with all its connections, when it is dropped.
pub struct Demo {
    address: SocketAddr,
    registry: Arc<DemoRegistry>,
    _connections: JoinSet<()>,
}

impl Demo {
    /// Starts to serve `store` on a free port of 127.0.0.1, in the tokio runtime it is called from.
    pub async fn start(settings: DemoSettings, store: Store) -> io::Result<Demo> {
        Demo::start_after(settings, store, std::future::ready(())).await
    }

    /// Listens at once, and answers when `ready` is over.
    async fn start_after(
        settings: DemoSettings,
        store: Store,
        ready: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<Demo> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let registry = Arc::new(DemoRegistry {
            requests: Requests::keeping(settings.remembered_requests),
            settings,
            store,
            faults: Faults::default(),
            deletions: Deletions::default(),
            tokens: IssuedTokens::default(),
            uploads: AtomicU64::new(0),
            busy: Busy::default(),
            turns: Turns::default(),
        });
        let mut connections = JoinSet::new();
        let accepting = accept(listener, registry.clone());
        connections.spawn(async {
            ready.await;
            accepting.await;
        });
        Ok(Demo { address, registry, _connections: connections })
    }

    /// Starts what `regtui --demo` shows: the sample images, where everything is allowed and nothing is written down.
    /// Returns before they are made; who asks for them meanwhile waits.
    pub async fn sample() -> io::Result<Demo> {
        let settings = DemoSettings { remembered_requests: 0, ..DemoSettings::default() };
        let store = Store::new();
        let made = store.clone();
        let making = tokio::task::spawn_blocking(move || content::push(&made));
        // A panic in there is reported by its hook; what was made until then is served.
        Demo::start_after(settings, store, making.map(|_| ())).await
    }

    /// Where it listens: `127.0.0.1` and a port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it holds, to be read and changed at any time.
    pub fn store(&self) -> &Store {
        &self.registry.store
    }

    /// What was asked, oldest first.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.registry.requests.all()
    }

    /// Forgets what was asked so far.
    pub fn forget_requests(&self) {
        self.registry.requests.clear();
    }

    /// Returns when `enough` says yes to the requests so far.
    pub async fn until(&self, enough: impl Fn(&[SeenRequest]) -> bool) {
        self.registry.requests.until(enough).await;
    }

    /// The most requests that were being answered at the same time.
    pub fn most_at_once(&self) -> usize {
        self.registry.busy.most()
    }

    /// From now on `hook` chooses what goes wrong. It is given how many requests with this method and path have come
    /// since this call: 1 for the first.
    pub fn fault(&self, hook: impl Fn(&RequestView<'_>, usize) -> Option<Fault> + Send + Sync + 'static) {
        self.registry.faults.set(hook);
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.registry.faults.clear();
    }

    /// Every access token that was issued is over at once.
    pub fn expire_tokens(&self) {
        self.registry.tokens.expire();
    }

    /// Serves one connection that was made elsewhere, such as one under TLS, until it ends.
    pub async fn serve(&self, connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        serve(connection, self.registry.clone()).await;
    }
}

/// What a TLS greeting begins with.
const TLS_HANDSHAKE: u8 = 22;

async fn accept(listener: TcpListener, registry: Arc<DemoRegistry>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Small answers leave at once.
                    let _ = stream.set_nodelay(true);
                    match registry.settings.one_at_a_time {
                        true => take(stream, registry.clone()).await,
                        false => drop(connections.spawn(take(stream, registry.clone()))),
                    }
                }
                // Out of file descriptors, or a client that left already: others may still come.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves a connection, unless it begins with TLS and that is not answered.
async fn take(mut stream: TcpStream, registry: Arc<DemoRegistry>) {
    let mut first = [0; 1];
    if registry.settings.on_tls != OnTls::Refused
        && matches!(stream.peek(&mut first).await, Ok(1))
        && first[0] == TLS_HANDSHAKE
    {
        if registry.settings.on_tls == OnTls::Silent {
            // Until the client leaves: what it says is of no interest.
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
        return;
    }
    serve(stream, registry).await;
}

async fn serve(
    connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    registry: Arc<DemoRegistry>,
) {
    let is_kept = !registry.settings.one_at_a_time;
    let service = service_fn(move |request| {
        let registry = registry.clone();
        async move { registry.answer(request).await }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(is_kept)
        .serve_connection(TokioIo::new(connection), service);
    // A connection that breaks is the client's to report, or a fault that a test asked for.
    let _ = served.await;
}
