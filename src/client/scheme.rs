//! Whether a registry on this machine speaks TLS.
//!
//! Elsewhere HTTPS is the rule and plain HTTP a setting. On loopback people run registries without TLS, so one look
//! decides: a TLS greeting is sent, and what comes back is TLS or is not. HTTP is never tried on a server that speaks
//! TLS, however bad its certificate (reliability: no silent downgrade).

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::tls;
use crate::model::reference::Host;

/// Content types of TLS records that a server may open with: alert and handshake (RFC 8446 § 5.1).
const TLS_RECORDS: [u8; 2] = [21, 22];

/// Whether the registry at a loopback `host` answers without TLS. When nobody answers, HTTPS is assumed and the first
/// real request tells what is wrong.
pub async fn is_plain(host: &Host, patience: Duration) -> bool {
    let port = host.port().unwrap_or(443);
    matches!(tokio::time::timeout(patience, greet(host.without_port(), port)).await, Ok(Some(true)))
}

async fn greet(name: &str, port: u16) -> Option<bool> {
    let mut stream = TcpStream::connect((name, port)).await.ok()?;
    stream.write_all(&greeting(name)?).await.ok()?;
    let mut first = [0; 1];
    match stream.read(&mut first).await {
        Ok(1) => Some(!TLS_RECORDS.contains(&first[0])),
        Ok(_) | Err(_) => Some(true),
    }
}

/// A TLS client's first message.
fn greeting(name: &str) -> Option<Vec<u8>> {
    tls::install();
    let config = ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let name = ServerName::try_from(name.to_string()).ok()?;
    let mut connection = ClientConnection::new(Arc::new(config), name).ok()?;
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes).ok()?;
    Some(bytes)
}
