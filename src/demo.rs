//! The in-memory registry that serves `regtui --demo` and most tests.
//!
//! It speaks the OCI distribution API 1.1 and docker's `_catalog` over HTTP on loopback, with one file per noun of the
//! API. It shares no code with the client, so that each checks the other. [`Store`] holds its contents, [`content`] the
//! sample images, and [`faults`] makes it misbehave.

pub(crate) mod artifact;
pub mod auth;
pub mod blob;
pub mod content;
pub mod faults;
pub mod files;
pub mod image;
pub(crate) mod index;
pub mod layer;
pub mod manifest;
pub(crate) mod name;
pub mod packing;
pub(crate) mod requests;
pub mod store;

mod blobs;
mod catalog;
mod delayed_delete;
mod error_reply;
mod handler;
mod manifests;
mod page;
mod referrers;
mod reply;
mod route;
mod search;
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

use auth::{AuthMode, IssuedTokens};
use delayed_delete::Deletions;
use faults::{Fault, Faults, LateDelete, OnTls, Removes, RequestView};
use handler::{Busy, DemoRegistry};
pub use page::PageSize;
use referrers::Turns;
use requests::Requests;
pub use requests::SeenRequest;
pub use store::Store;

/// The behaviour of the registry. The default allows everything and refuses only the requests that distribution
/// refuses.
#[derive(Debug, Clone)]
pub struct DemoSettings {
    /// The logins that are required, and their rights.
    pub auth: AuthMode,
    /// The status that `_catalog` is refused with. If it is not set, the catalog is served.
    pub catalog_refused: Option<StatusCode>,
    /// Entries per page of `_catalog`.
    pub catalog_page: PageSize,
    /// Entries per page of `tags/list`.
    pub tags_page: PageSize,
    /// Entries per page of the referrers.
    pub referrers_page: PageSize,
    /// Whether tags can be deleted. If not, the answer is 405.
    pub delete_by_tag: bool,
    /// Whether manifests can be deleted by digest. If not, the answer is 405.
    pub delete_by_digest: bool,
    /// Whether a manifest that is deleted by digest is still served by its tags, as in the registry of
    /// go-containerregistry.
    pub delete_keeps_tags: bool,
    /// When an accepted delete (202) is carried out. If it is not set, this happens at once; Pulp does it later.
    pub deletes_late: Option<LateDelete>,
    /// Whether blobs can be deleted. If not, the answer is 405.
    pub delete_blobs: bool,
    /// Whether there is a referrers API. If not, the answer is 404, and `OCI-Subject` is not sent.
    pub referrers: bool,
    /// Whether one of two referrers of a subject that are put at the same time is never listed, as in olareg 0.1.2.
    pub loses_referrers: bool,
    /// Whether a part of a blob can be requested. If not, the answer is the whole blob.
    pub blob_ranges: bool,
    /// Whether a part of a manifest can be requested, as behind some proxies and storages.
    pub manifest_ranges: bool,
    /// Whether a manifest that is put under a tag is stored under the digest of the `digest` parameter, as in olareg.
    /// If not, the parameter is ignored.
    pub digest_parameter: bool,
    /// Whether mounts work. If not, they become uploads (202).
    pub mounts: bool,
    /// Whether an existing tag is refused another manifest, as on registries with immutable tags.
    pub immutable_tags: bool,
    /// Whether manifests are accepted even if blobs or children that they name are missing.
    pub sparse_manifests: bool,
    /// Whether the `Location` of an upload is a path. If not, it is a URL.
    pub relative_locations: bool,
    /// The URL of the registry in its answers, such as `https://localhost:5000`. If it is not set, it is plain HTTP and
    /// the `Host` that the client sent.
    pub public_url: Option<String>,
    /// The value of the `Server` header. If it is not set, the header is not sent.
    pub server: Option<String>,
    /// The content that is removed at once instead of by garbage collection.
    pub removes: Removes,
    /// The largest accepted manifest, in bytes.
    pub manifest_limit: usize,
    /// The largest accepted blob, in bytes.
    pub blob_limit: u64,
    /// The answer to a connection that begins with a TLS greeting.
    pub on_tls: OnTls,
    /// Whether one connection is served at a time and closed after its answer, as by simple servers.
    pub one_at_a_time: bool,
    /// The number of requests that are recorded for [`Demo::requests`]. 0 turns recording off, for measurements.
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
            blob_ranges: true,
            manifest_ranges: false,
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
    /// Starts to serve `store` on a free port of 127.0.0.1, in the tokio runtime of the caller.
    pub async fn start(settings: DemoSettings, store: Store) -> io::Result<Demo> {
        Demo::start_after(settings, store, std::future::ready(())).await
    }

    /// Listens at once, and answers when `ready` has ended.
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

    /// Starts the registry of `regtui --demo`: the sample images, without restrictions, and without a record of
    /// requests. Returns before the images are made; requests wait until they are.
    pub async fn sample() -> io::Result<Demo> {
        let settings = DemoSettings { remembered_requests: 0, ..DemoSettings::default() };
        let store = Store::new();
        let filled = store.clone();
        let making = tokio::task::spawn_blocking(move || content::push(&filled));
        // The panic hook reports a panic in the task. The images that were made until then are served.
        Demo::start_after(settings, store, making.map(|_| ())).await
    }

    /// Returns the address it listens at: `127.0.0.1` and a port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its contents, which can be read and changed at any time.
    pub fn store(&self) -> &Store {
        &self.registry.store
    }

    /// Returns the recorded requests, the oldest first.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.registry.requests.all()
    }

    /// Forgets the recorded requests.
    pub fn forget_requests(&self) {
        self.registry.requests.clear();
    }

    /// Waits until `enough` returns true for the recorded requests.
    pub async fn wait_until(&self, enough: impl Fn(&[SeenRequest]) -> bool) {
        self.registry.requests.wait_until(enough).await;
    }

    /// Returns the most requests that were answered at the same time.
    pub fn most_at_once(&self) -> usize {
        self.registry.busy.most()
    }

    /// Sets the hook that chooses faults. The hook receives the number of requests with this method and path since this
    /// call: 1 for the first.
    pub fn fault(&self, hook: impl Fn(&RequestView<'_>, usize) -> Option<Fault> + Send + Sync + 'static) {
        self.registry.faults.set(hook);
    }

    /// Removes the hook, so that no more faults happen.
    pub fn clear_faults(&self) {
        self.registry.faults.clear();
    }

    /// Makes every access token that was issued invalid.
    pub fn expire_tokens(&self) {
        self.registry.tokens.expire();
    }
}

/// The first byte of a TLS greeting.
const TLS_HANDSHAKE: u8 = 22;

async fn accept(listener: TcpListener, registry: Arc<DemoRegistry>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Small answers are sent at once.
                    let _ = stream.set_nodelay(true);
                    if registry.settings.one_at_a_time { take(stream, registry.clone()).await } else { drop(connections.spawn(take(stream, registry.clone()))) }
                }
                // The process has no free file descriptor, or the client has left already. Later connections may still
                // succeed.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves a connection. One that begins with a TLS greeting may be left unanswered or closed, as the settings say.
async fn take(mut stream: TcpStream, registry: Arc<DemoRegistry>) {
    let mut first = [0; 1];
    if registry.settings.on_tls != OnTls::Refused
        && matches!(stream.peek(&mut first).await, Ok(1))
        && first[0] == TLS_HANDSHAKE
    {
        if registry.settings.on_tls == OnTls::Silent {
            // Waits until the client leaves, and ignores its bytes.
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
    // The client reports a connection that breaks, or a test asked for that fault.
    let _ = served.await;
}
