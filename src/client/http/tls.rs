//! The HTTP clients underneath: one for the registry's own origin, and others for the origins to which it leads.
//!
//! | subject | file |
//! |---|---|
//! | files of certificates, and the folders `certs.d` | `certificates` |
//! | the check of a server's certificate | `verifier` |
//! | pinned certificates | `pins` |
//! | signatures of elliptic curves that ring does not check | `elliptic` |
//!
//! The authorities that the user trusts for a registry count for its token service and its storage as well. `--insecure`
//! and client certificates never reach another origin.

mod certificates;
mod elliptic;
mod pins;
mod verifier;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, Url};
use rustls::client::ResolvesClientCert;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, SignatureScheme};

use super::origin;
use super::proxy::{Proxies, Proxy};
use super::timeouts::Timeouts;
use crate::client::error::Cause;
use crate::model::reference::{Host, Scheme};
use crate::model::text::SafeText;
use certificates::CertificateFolder;
pub(crate) use certificates::places as certificate_places;
use pins::PinVerifier;
pub use pins::Pins;
pub(crate) use pins::{CertificateChanged, ServerAddress, TrustDecision};
pub(crate) use verifier::NoAuthorities;
use verifier::{AcceptEverything, CertificateVerifier};

/// Connections kept open to one host.
const IDLE_CONNECTIONS: usize = 32;

/// The user's settings for one registry's transport.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// No TLS.
    pub plain_http: bool,
    /// TLS without checking whether the server speaks it, also on this machine.
    pub tls: bool,
    /// TLS without checking the certificate.
    pub insecure: bool,
    /// More authorities, PEM.
    pub ca_file: Option<PathBuf>,
    /// Plain HTTP if the server has no TLS, for requests without a login. The system's files allow it, not the user.
    pub may_be_plain: bool,
}

impl Trust {
    /// Applies `insecure` of the system's files: certificates are not checked, and plain HTTP is possible.
    pub(crate) fn with_leave(self, is_insecure: bool) -> Trust {
        Trust {
            insecure: self.insecure || is_insecure,
            may_be_plain: self.may_be_plain || is_insecure,
            ..self
        }
    }

    /// Applies the scheme in front of the registry's name.
    pub fn set_scheme(&mut self, scheme: Scheme) {
        self.plain_http = scheme == Scheme::Http;
        self.tls = scheme == Scheme::Https;
    }
}

/// Chooses the cryptography of rustls, once a process. Without it the HTTP library panics.
pub fn install_crypto() {
    // It fails if other code has chosen before, which is as good.
    CryptoProvider::clone(&provider()).install_default().ok();
}

/// Returns the cryptography of rustls: ring, and the signatures that it does not check.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let ring = rustls::crypto::ring::default_provider();
        Arc::new(CryptoProvider {
            signature_verification_algorithms: elliptic::signature_algorithms(),
            ..ring
        })
    });
    PROVIDER.clone()
}

/// Most clients for other servers that are kept.
const MOST_EXTERNAL: usize = 64;

/// Whether connections serve more than one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reuse {
    /// They are kept for the next one.
    Pooled,
    /// Each request has one of its own.
    Unpooled,
}

/// The clients for requests to one registry and to the origins that it leads to. Each is built when it is first needed.
#[derive(Debug)]
pub(crate) struct Clients {
    host: Host,
    trust: Trust,
    pins: Pins,
    timeouts: Timeouts,
    proxies: Proxies,
    /// Whether the registry that names other servers is on this machine, so that they may be, too.
    is_named_on_loopback: bool,
    built: Mutex<Built>,
    /// Whether the registry asked for a client certificate and there was none.
    was_identity_missing: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Built {
    clients: HashMap<Purpose, Client>,
    verifier: Option<Arc<CertificateVerifier>>,
}

/// The purpose of a client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Purpose {
    Registry { is_plain: bool, is_proxied: bool, reuse: Reuse },
    External(Option<Proxy>, Option<ServerAddress>),
}

impl Clients {
    /// Creates them for a registry. Nothing is read yet but the names of the proxies.
    pub(crate) fn new(host: Host, trust: Trust, pins: Pins, timeouts: Timeouts) -> Clients {
        let proxies = Proxies::from_system(&host);
        let (built, was_identity_missing) = Default::default();
        let is_named_on_loopback = host.is_loopback();
        Clients { host, trust, pins, timeouts, proxies, is_named_on_loopback, built, was_identity_missing }
    }

    /// Notes that another registry has named this one, so that its place decides about internal addresses.
    pub(crate) fn named_by(self, registry: &Host) -> Clients {
        Clients { is_named_on_loopback: registry.is_loopback(), ..self }
    }

    /// Returns the proxy for requests to a URL.
    pub(crate) fn proxy(&self, url: &Url) -> Option<Proxy> {
        self.proxies.find(url)
    }

    /// Returns whether the registry asked for a client certificate and there was none to send.
    pub(crate) fn was_identity_missing(&self) -> bool {
        self.was_identity_missing.load(Ordering::Relaxed)
    }

    /// Returns the client for a URL of the registry itself.
    pub(crate) fn registry(&self, url: &Url, reuse: Reuse) -> Result<Client, Cause> {
        let is_proxied = self.proxies.find(url).is_some();
        self.find(Purpose::Registry { is_plain: url.scheme() == "http", is_proxied, reuse })
    }

    /// Returns the client for a URL of another server, which a server has named. It connects to no address that
    /// [`origin::is_forbidden`] forbids.
    pub(crate) fn external(&self, url: &Url) -> Result<Client, Cause> {
        let proxy = self.proxies.find(url);
        let host = url.host_str().unwrap_or_default();
        if proxy
            .as_ref()
            .is_some_and(|proxy| proxy.resolves_names_here() && proxy.host().eq_ignore_ascii_case(host))
        {
            return Err(Cause::ForbiddenAddress);
        }
        self.find(Purpose::External(proxy, ServerAddress::of(url)))
    }

    fn find(&self, purpose: Purpose) -> Result<Client, Cause> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = built.clients.get(&purpose) {
            return Ok(client.clone());
        }
        let client = match &purpose {
            Purpose::Registry { is_plain, is_proxied, reuse } => {
                self.build_for_registry(&mut built, *is_plain, *is_proxied, *reuse)?
            }
            Purpose::External(proxy, server) => {
                let is_external = |purpose: &Purpose| matches!(purpose, Purpose::External(..));
                if built.clients.keys().filter(|purpose| is_external(purpose)).count() >= MOST_EXTERNAL {
                    built.clients.retain(|purpose, _| !is_external(purpose));
                }
                self.build_for_others(&mut built, proxy.as_ref(), server.clone())?
            }
        };
        built.clients.insert(purpose, client.clone());
        Ok(client)
    }

    fn build_for_registry(
        &self,
        built: &mut Built,
        is_plain: bool,
        is_proxied: bool,
        reuse: Reuse,
    ) -> Result<Client, Cause> {
        let mut builder = self.builder(is_proxied);
        if reuse == Reuse::Unpooled {
            builder = builder.pool_max_idle_per_host(0);
        }
        if is_plain {
            return build(builder.tls_certs_only([]));
        }
        let verifier: Arc<dyn ServerCertVerifier> = self.verifier(built)?;
        let identity: Arc<dyn ResolvesClientCert> = match CertificateFolder::find(&self.host).identity()? {
            Some(identity) => Arc::new(SingleCertAndKey::from(identity)),
            None => Arc::new(NoIdentity { was_missing: self.was_identity_missing.clone() }),
        };
        let verifier = if self.trust.insecure { Arc::new(AcceptEverything) } else { verifier };
        let verifier = self.with_pin(ServerAddress::of_registry(&self.host), verifier);
        build(builder.tls_backend_preconfigured(config(verifier, Some(identity))?))
    }

    fn build_for_others(
        &self,
        built: &mut Built,
        proxy: Option<&Proxy>,
        server: Option<ServerAddress>,
    ) -> Result<Client, Cause> {
        let guard = AddressGuard {
            registry_is_loopback: self.is_named_on_loopback,
            proxy: proxy.map(|proxy| proxy.host().to_string()),
        };
        let config = config(self.with_pin(server, self.verifier(built)?), None)?;
        build(self.builder(proxy.is_some()).dns_resolver(guard).tls_backend_preconfigured(config))
    }

    /// Lets the pin of a server decide before a verifier.
    fn with_pin(
        &self,
        server: Option<ServerAddress>,
        otherwise: Arc<dyn ServerCertVerifier>,
    ) -> Arc<dyn ServerCertVerifier> {
        match server {
            Some(server) => Arc::new(PinVerifier {
                pins: self.pins.clone(),
                server,
                registry: self.host.clone(),
                otherwise,
            }),
            None => otherwise,
        }
    }

    /// Returns whether a certificate is pinned for the registry.
    pub(crate) fn is_pinned(&self) -> bool {
        self.pins.find_for(&self.host).is_some()
    }

    /// Returns whether a URL leads over plain HTTP to a server with a pinned certificate.
    pub(crate) fn forbid_plain(&self, url: &Url) -> bool {
        self.pins.forbid_plain(url)
    }

    /// Returns whether the registry has presented a certificate in this run.
    pub(crate) fn has_presented_certificate(&self) -> bool {
        ServerAddress::of_registry(&self.host).is_some_and(|server| self.pins.has_presented(&server))
    }

    fn verifier(&self, built: &mut Built) -> Result<Arc<CertificateVerifier>, Cause> {
        if let Some(verifier) = &built.verifier {
            return Ok(verifier.clone());
        }
        let mut authorities = Vec::new();
        if let Some(file) = &self.trust.ca_file {
            authorities.extend(certificates::read_certificates(file)?);
        }
        authorities.extend(CertificateFolder::find(&self.host).authorities()?);
        let verifier = Arc::new(CertificateVerifier::new(authorities));
        built.verifier = Some(verifier.clone());
        Ok(verifier)
    }

    fn builder(&self, is_proxied: bool) -> ClientBuilder {
        install_crypto();
        let builder = Client::builder()
            .user_agent(concat!("regtui/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(self.timeouts.connect)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http2_adaptive_window(true)
            .tcp_nodelay(true);
        // Otherwise the library takes the proxy of the system, as `Proxies` does.
        if is_proxied { builder } else { builder.no_proxy() }
    }
}

fn build(builder: ClientBuilder) -> Result<Client, Cause> {
    builder
        .build()
        .map_err(|error| Cause::Local(SafeText::from(format!("TLS cannot be set up: {}", innermost(&error)))))
}

fn innermost(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Returns the settings of TLS for HTTP/2 and HTTP/1.1.
fn config(
    verifier: Arc<dyn ServerCertVerifier>,
    identity: Option<Arc<dyn ResolvesClientCert>>,
) -> Result<ClientConfig, Cause> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|_| Cause::Local("TLS cannot be set up".into()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        Some(identity) => builder.with_client_cert_resolver(identity),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Notes that a server asked for a client certificate. After such a request some servers close the connection without
/// a word.
#[derive(Debug)]
struct NoIdentity {
    was_missing: Arc<AtomicBool>,
}

impl ResolvesClientCert for NoIdentity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.was_missing.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Resolves names and drops forbidden addresses: a name may lead inside this machine or network link as well as a
/// number. The name of the proxy comes from the user and may lead anywhere.
#[derive(Debug)]
struct AddressGuard {
    registry_is_loopback: bool,
    proxy: Option<String>,
}

impl Resolve for AddressGuard {
    fn resolve(&self, name: Name) -> Resolving {
        let registry_is_loopback = self.registry_is_loopback;
        let is_proxy = self.proxy.as_ref().is_some_and(|proxy| proxy.eq_ignore_ascii_case(name.as_str()));
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let is_allowed =
                |address: &SocketAddr| is_proxy || !origin::is_forbidden(address.ip(), registry_is_loopback);
            let allowed: Vec<SocketAddr> = found.filter(is_allowed).collect();
            if allowed.is_empty() {
                Err(ForbiddenAddress.into())
            } else {
                Ok(Box::new(allowed.into_iter()) as Addrs)
            }
        })
    }
}

/// A server has named a host that must not be dialled for it.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address inside this machine or network link")]
pub(crate) struct ForbiddenAddress;
