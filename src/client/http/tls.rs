//! The HTTP clients underneath: one for the registry's own origin, one for other origins to which it leads.
//!
//! Certificates: containers-certs.d(5). Permissions that the user gives for a registry (`--insecure`, a CA file, a
//! client certificate) never reach another origin, so a second, strict client serves redirects and token endpoints.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client, ClientBuilder, Identity};

use super::origin;
use super::timeouts::Timeouts;
use crate::client::error::Cause;
use crate::model::reference::{Host, Scheme};
use crate::model::text::SafeText;

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
}

impl Trust {
    /// Applies the scheme in front of the registry's name.
    pub fn set_scheme(&mut self, scheme: Scheme) {
        self.plain_http = scheme == Scheme::Http;
        self.tls = scheme == Scheme::Https;
    }
}

/// Chooses the cryptography of rustls, once a process. Without it the HTTP library panics.
pub fn install_crypto() {
    // It fails if other code has chosen before, which is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
}

/// Whether connections serve more than one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// They are kept for the next one.
    Pooled,
    /// Each request has one of its own.
    Unpooled,
}

/// Builds the client for a registry's own origin. Without TLS it loads no certificates, which takes time.
pub(crate) fn registry_client(
    host: &Host,
    trust: &Trust,
    is_plain: bool,
    reuse: Reuse,
    timeouts: &Timeouts,
) -> Result<Client, Cause> {
    let mut builder = builder(timeouts);
    if reuse == Reuse::Unpooled {
        builder = builder.pool_max_idle_per_host(0);
    }
    if host.is_loopback() {
        builder = builder.no_proxy();
    }
    if is_plain {
        return build(builder.tls_certs_only([]));
    }
    let mut authorities = Vec::new();
    if let Some(file) = &trust.ca_file {
        authorities.extend(certificates(file)?);
    }
    let found = CertificateFolder::find(host);
    authorities.extend(found.authorities()?);
    if let Some(identity) = found.identity()? {
        builder = builder.identity(identity);
    }
    builder = builder.tls_danger_accept_invalid_certs(trust.insecure);
    build(builder.tls_certs_merge(authorities))
}

/// Builds the client for other origins. It checks certificates, and connects to no address that
/// [`origin::is_forbidden`] forbids.
pub(crate) fn external_client(registry_is_loopback: bool, timeouts: &Timeouts) -> Result<Client, Cause> {
    let builder = builder(timeouts).dns_resolver(AddressGuard { registry_is_loopback });
    build(if registry_is_loopback { builder.no_proxy() } else { builder })
}

fn builder(timeouts: &Timeouts) -> ClientBuilder {
    install_crypto();
    Client::builder()
        .user_agent(concat!("regtui/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(timeouts.connect)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .http2_adaptive_window(true)
        .tcp_nodelay(true)
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

fn certificates(file: &Path) -> Result<Vec<Certificate>, Cause> {
    Certificate::from_pem_bundle(&read(file)?).map_err(|_| local_error("no certificates in", file))
}

fn read(file: &Path) -> Result<Vec<u8>, Cause> {
    std::fs::read(file)
        .map_err(|error| Cause::Local(SafeText::from(format!("cannot read `{}`: {error}", file.display()))))
}

fn local_error(what: &str, file: &Path) -> Cause {
    Cause::Local(SafeText::from(format!("{what} `{}`", file.display())))
}

/// The folder of certificates for a registry: the first of the three places that has one.
struct CertificateFolder(Vec<PathBuf>);

impl CertificateFolder {
    fn find(host: &Host) -> CertificateFolder {
        let home = directories::BaseDirs::new().map(|dirs| dirs.config_dir().join("containers/certs.d"));
        let mut places =
            home.into_iter().chain(["/etc/containers/certs.d".into(), "/etc/docker/certs.d".into()]);
        let files = places.find_map(|place| std::fs::read_dir(place.join(host.as_str())).ok());
        let mut files: Vec<PathBuf> =
            files.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        files.sort();
        CertificateFolder(files)
    }

    fn with_extension<'a>(&'a self, extension: &'a str) -> impl Iterator<Item = &'a PathBuf> {
        self.0.iter().filter(move |file| file.extension().is_some_and(|found| found == extension))
    }

    fn authorities(&self) -> Result<Vec<Certificate>, Cause> {
        let mut all = Vec::new();
        for file in self.with_extension("crt") {
            all.extend(certificates(file)?);
        }
        Ok(all)
    }

    fn identity(&self) -> Result<Option<Identity>, Cause> {
        let Some(certificate) = self.with_extension("cert").next() else { return Ok(None) };
        let mut pem = read(&certificate.with_extension("key"))?;
        pem.push(b'\n');
        pem.extend(read(certificate)?);
        Identity::from_pem(&pem).map(Some).map_err(|_| local_error("no client certificate in", certificate))
    }
}

/// Resolves names and drops forbidden addresses: a name may lead inside this machine or network link as well as a
/// number.
struct AddressGuard {
    registry_is_loopback: bool,
}

impl Resolve for AddressGuard {
    fn resolve(&self, name: Name) -> Resolving {
        let registry_is_loopback = self.registry_is_loopback;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|address| !origin::is_forbidden(address.ip(), registry_is_loopback)).collect();
            if allowed.is_empty() {
                Err("the name leads to an address inside this machine or network link".into())
            } else {
                Ok(Box::new(allowed.into_iter()) as Addrs)
            }
        })
    }
}
