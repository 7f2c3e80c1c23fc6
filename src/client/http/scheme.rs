//! Detects whether a registry on this machine speaks TLS.
//!
//! Elsewhere HTTPS is the rule and plain HTTP a setting. On loopback, registries without TLS are common, so one check
//! decides: a TLS greeting is sent, and the response is TLS or is not. HTTP is never used with a server that answers
//! TLS, however bad its certificate (docs/RELIABILITY.md E1).
//!
//! A server without TLS may also wait for the end of a line that never comes. After a short silence it is asked in
//! plain HTTP on a second connection, and a valid answer of a registry decides. Servers that serve one connection at a
//! time answer the second only after the first was closed. A server that is slow with TLS never answers plain HTTP as a
//! registry does, and is greeted again.

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, sleep, timeout_at};

use super::challenge;
use super::error_body::ErrorBody;
use super::request::HttpAnswer;
use super::timeouts::Timeouts;
use super::tls;
use crate::client::error::Cause;
use crate::model::reference::Host;
use crate::model::text::SafeText;

/// Most bytes of the response to a ping, which holds no information.
pub(crate) const PING_CAP: u64 = 1024 * 1024;
/// Content types of TLS records that a server may open with: alert and handshake (RFC 8446 § 5.1).
const TLS_RECORDS: [u8; 2] = [21, 22];
/// How long both connections stay open if neither is answered, as a multiple of the silence before.
const BOTH_OPEN: u32 = 4;

/// The answer of a server to plain HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plainly {
    /// It answers as a registry does.
    Registry,
    /// It answers as a server without TLS that is no registry. The text describes the answer.
    NoRegistry(String),
    /// It does not answer, or answers in a way in which servers with TLS do too. The text describes the answer.
    Nothing(String),
}

/// The answer to a TLS greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Greeted {
    Tls,
    /// Bytes that are no TLS.
    Other,
    /// The end of the connection.
    Closed,
}

/// Returns whether the registry at a loopback `host` answers without TLS. `answer` gives its answer to plain HTTP, and
/// sends the request only when it is awaited. Fails if nothing listens, or if the server answers neither TLS nor plain
/// HTTP as a registry does.
pub(crate) async fn is_plain(
    host: &Host,
    timeouts: &Timeouts,
    mut answer: BoxFuture<'_, Plainly>,
) -> Result<bool, Cause> {
    let look = Look { host, end: Instant::now() + timeouts.connect };
    let mut greeting = Box::pin(look.probe_tls());
    if let Ok(greeted) = tokio::time::timeout(timeouts.silence, &mut greeting).await {
        return match greeted? {
            Greeted::Tls => Ok(false),
            Greeted::Other => Ok(true),
            Greeted::Closed => look.decide_by_plain_http(answer).await,
        };
    }
    let answered = tokio::select! {
        biased;
        greeted = &mut greeting => return match greeted? {
            Greeted::Tls => Ok(false),
            Greeted::Other => Ok(true),
            Greeted::Closed => look.decide_by_plain_http(answer).await,
        },
        answered = &mut answer => Some(answered),
        () = sleep(timeouts.silence * BOTH_OPEN) => None,
    };
    match answered {
        Some(Plainly::Registry) => Ok(true),
        Some(Plainly::NoRegistry(how)) => Err(neither_answers("says nothing", &how)),
        Some(Plainly::Nothing(how)) => decide_by_tls(greeting.await, &how),
        None => {
            // The server may serve one connection at a time, and this is the first.
            drop(greeting);
            match look.within_deadline(answer).await {
                Plainly::Registry => Ok(true),
                Plainly::NoRegistry(how) => Err(neither_answers("says nothing", &how)),
                Plainly::Nothing(how) => decide_by_tls(look.probe_tls().await, &how),
            }
        }
    }
}

/// Interprets the response to a ping in plain HTTP. A server with TLS refuses plain HTTP with 400, or redirects it; so
/// these statuses prove nothing.
pub(crate) fn interpret_plain_ping(answer: &HttpAnswer) -> Plainly {
    let says =
        answer.header("docker-distribution-api-version").is_some_and(|said| said.contains("registry/2"));
    let is_empty_or_json = || {
        let body = answer.body.trim_ascii();
        body.is_empty() || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
    };
    let is_registry = match answer.status {
        200..=299 => !answer.is_web_page() && (says || is_empty_or_json()),
        401 => {
            says || challenge::preferred_challenge(&answer.headers).is_some()
                || ErrorBody::of(&answer.body).code.is_some()
        }
        403..=405 | 429 | 500..=599 => says || ErrorBody::of(&answer.body).code.is_some(),
        _ => false,
    };
    let status = reqwest::StatusCode::from_u16(answer.status).ok();
    let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
    let in_words = format!("{} {reason}", answer.status);
    match answer.status {
        _ if is_registry => Plainly::Registry,
        300..=399 | 400 | 426 => Plainly::Nothing(in_words),
        _ => Plainly::NoRegistry(in_words),
    }
}

/// One check of a server, and the time at which it ends.
struct Look<'a> {
    host: &'a Host,
    end: Instant,
}

impl Look<'_> {
    /// Sends a TLS greeting and waits for the answer.
    async fn probe_tls(&self) -> Result<Greeted, Cause> {
        match timeout_at(self.end, probe_tls(self.host.without_port(), self.host.port().unwrap_or(443))).await
        {
            Ok(greeted) => greeted,
            Err(_) => Err(Cause::NotARegistry("nothing comes back to TLS".into())),
        }
    }

    async fn within_deadline(&self, answer: impl Future<Output = Plainly>) -> Plainly {
        let late = |_| Plainly::Nothing("nothing comes back".into());
        timeout_at(self.end, answer).await.unwrap_or_else(late)
    }

    /// Decides by the answer to plain HTTP, since the server ended the connection after the greeting.
    async fn decide_by_plain_http(&self, answer: impl Future<Output = Plainly>) -> Result<bool, Cause> {
        match self.within_deadline(answer).await {
            Plainly::Registry => Ok(true),
            Plainly::NoRegistry(how) | Plainly::Nothing(how) => {
                Err(neither_answers("closes the connection", &how))
            }
        }
    }
}

/// Decides by the answer to TLS, since the answer to plain HTTP says nothing.
fn decide_by_tls(greeted: Result<Greeted, Cause>, to_plain: &str) -> Result<bool, Cause> {
    match greeted {
        Ok(Greeted::Tls) => Ok(false),
        Ok(Greeted::Other) => Ok(true),
        Ok(Greeted::Closed) => Err(neither_answers("closes the connection", to_plain)),
        Err(Cause::NotARegistry(_)) => Err(neither_answers("says nothing", to_plain)),
        Err(cause) => Err(cause),
    }
}

fn neither_answers(to_tls: &str, to_plain: &str) -> Cause {
    Cause::NotARegistry(SafeText::from(format!(
        "to TLS the server {to_tls}, and to plain HTTP it does not answer as a registry: {to_plain}"
    )))
}

async fn probe_tls(name: &str, port: u16) -> Result<Greeted, Cause> {
    let words = |error: &io::Error| SafeText::from(error.to_string());
    let addresses: Vec<_> =
        lookup_host((name, port)).await.map_err(|error| Cause::NoAddress(words(&error)))?.collect();
    let connected = TcpStream::connect(addresses.as_slice()).await;
    let mut stream = connected.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => Cause::Refused,
        _ => Cause::Connection(words(&error)),
    })?;
    let greeting =
        client_hello(name).ok_or_else(|| Cause::Local("the host cannot be greeted with TLS".into()))?;
    let mut first = [0; 1];
    let exchange = async {
        stream.write_all(&greeting).await?;
        stream.read(&mut first).await
    };
    Ok(match exchange.await {
        Ok(1) if TLS_RECORDS.contains(&first[0]) => Greeted::Tls,
        Ok(1) => Greeted::Other,
        Ok(_) | Err(_) => Greeted::Closed,
    })
}

/// Returns the first message of a TLS client.
fn client_hello(name: &str) -> Option<Vec<u8>> {
    tls::install_crypto();
    let config = ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let name = ServerName::try_from(name.to_string()).ok()?;
    let mut connection = ClientConnection::new(Arc::new(config), name).ok()?;
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes).ok()?;
    Some(bytes)
}
