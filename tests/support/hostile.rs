//! Servers that speak something else than the demo registry does.

use std::net::SocketAddr;
use std::sync::Arc;

use regtui::demo::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::registry::Registry;

/// Answers every connection with these bytes, and closes it. Ends with the test's runtime.
pub async fn serve(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            // The client may say nothing or be gone: this server minds neither.
            drop(stream.read(&mut request).await);
            drop(stream.write_all(&answer).await);
        }
    });
    address
}

/// A demo registry behind TLS with this certificate.
pub async fn tls(store: Store, key: &rcgen::CertifiedKey<rcgen::KeyPair>) -> (Registry, SocketAddr) {
    let registry = Registry::open(store).await;
    let chain = vec![key.cert.der().clone()];
    let private = rustls::pki_types::PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private.into());
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config.expect("a configuration")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let behind = registry.demo.address();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut inside) = acceptor.accept(stream).await else { return };
                let Ok(mut registry) = TcpStream::connect(behind).await else { return };
                // Whoever hangs up first is right.
                drop(copy_bidirectional(&mut inside, &mut registry).await);
            });
        }
    });
    (registry, address)
}
