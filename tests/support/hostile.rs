//! Servers that do not behave as the demo registry does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use regtui::demo::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

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
    tls_with(store, server_config(vec![key.cert.der().clone()], key)).await
}

/// A demo registry behind TLS with these settings.
pub async fn tls_with(store: Store, config: rustls::ServerConfig) -> (Registry, SocketAddr) {
    let registry = Registry::open(store).await;
    let address = tls_before(registry.demo.address(), config).await;
    (registry, address)
}

/// The settings of a server with these certificates, the first of which has this key.
pub fn server_config(
    chain: Vec<rustls::pki_types::CertificateDer<'static>>,
    key: &rcgen::CertifiedKey<rcgen::KeyPair>,
) -> rustls::ServerConfig {
    regtui::client::http::tls::install_crypto();
    let private = rustls::pki_types::PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private.into());
    config.expect("a configuration")
}

/// A server with TLS that passes everything on to one without.
pub async fn tls_before(behind: SocketAddr, config: rustls::ServerConfig) -> SocketAddr {
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut inside) = acceptor.accept(stream).await else { return };
                let Ok(mut registry) = TcpStream::connect(behind).await else { return };
                // Either side may hang up first.
                drop(copy_bidirectional(&mut inside, &mut registry).await);
            });
        }
    });
    address
}

/// A server that takes connections and says nothing. It ends when the returned value is dropped.
pub async fn mute() -> (SocketAddr, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    (listener.local_addr().expect("an address"), listener)
}

/// A server at this address that answers every request in plain HTTP as an empty registry.
pub async fn plain_at(address: SocketAddr) -> tokio::task::JoinHandle<()> {
    let listener = TcpListener::bind(address).await.expect("the port is free again");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            drop(stream.read(&mut request).await);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            drop(stream.write_all(answer).await);
        }
    })
}

/// A demo registry behind TLS that answers no TLS greeting before a request in plain HTTP, which it answers with this.
pub async fn slow_tls(
    store: Store,
    key: &rcgen::CertifiedKey<rcgen::KeyPair>,
    to_plain: &[u8],
) -> (Registry, SocketAddr) {
    let (registry, behind) = tls(store, key).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (asked, to_plain) = (tokio::sync::watch::Sender::new(false), to_plain.to_vec());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (asked, to_plain) = (asked.clone(), to_plain.clone());
            tokio::spawn(async move {
                let mut first = [0; 1];
                if matches!(stream.peek(&mut first).await, Ok(1)) && first[0] == 22 {
                    drop(asked.subscribe().wait_for(|asked| *asked).await);
                    let Ok(mut server) = TcpStream::connect(behind).await else { return };
                    drop(copy_bidirectional(&mut stream, &mut server).await);
                } else {
                    drop(stream.read(&mut [0; 4096]).await);
                    drop(stream.write_all(&to_plain).await);
                    asked.send_replace(true);
                }
            });
        }
    });
    (registry, address)
}

/// The bytes that passed a proxy that cuts connections.
#[derive(Debug, Default)]
pub struct Through {
    pub connections: AtomicUsize,
    /// To the server.
    pub up: AtomicU64,
    /// From the server.
    pub down: AtomicU64,
    /// The heads of answers among the bytes from the server.
    pub heads: AtomicU64,
}

impl Through {
    /// The bytes of bodies from the server.
    pub fn body(&self) -> u64 {
        self.down.load(Ordering::Relaxed) - self.heads.load(Ordering::Relaxed)
    }
}

/// How many of these bytes are the head of an answer, if they begin with one.
fn head_length(bytes: &[u8]) -> usize {
    let end = bytes.windows(4).position(|end| end == b"\r\n\r\n");
    if bytes.starts_with(b"HTTP/1.1 ") { end.map_or(bytes.len(), |at| at + 4) } else { 0 }
}

/// A proxy in front of `server` that cuts every connection after so many bytes of both directions together.
pub async fn cutting(server: SocketAddr, after: u64) -> (SocketAddr, Arc<Through>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let through = Arc::new(Through::default());
    let counts = through.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            counts.connections.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(cut(client, server, after, counts.clone()));
        }
    });
    (address, through)
}

async fn cut(mut client: TcpStream, server: SocketAddr, after: u64, counts: Arc<Through>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut left, mut up, mut down) = (after, vec![0; 16 * 1024], vec![0; 16 * 1024]);
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let (up_most, down_most) = (most.min(up.len()), most.min(down.len()));
        let passed = tokio::select! {
            read = client.read(&mut up[..up_most]) => pass(read, &up, &mut server, &counts.up).await,
            read = server.read(&mut down[..down_most]) => {
                let head = read.as_ref().map_or(0, |length| head_length(&down[..*length]));
                counts.heads.fetch_add(head as u64, Ordering::Relaxed);
                pass(read, &down, &mut client, &counts.down).await
            }
        };
        match passed {
            Some(bytes) => left -= bytes,
            None => return,
        }
    }
}

/// Passes bytes on. Returns `None` if one of the two sides has hung up.
async fn pass(
    read: std::io::Result<usize>,
    bytes: &[u8],
    to: &mut TcpStream,
    count: &AtomicU64,
) -> Option<u64> {
    let length = read.ok().filter(|length| *length > 0)?;
    to.write_all(bytes.get(..length)?).await.ok()?;
    count.fetch_add(length as u64, Ordering::Relaxed);
    Some(length as u64)
}

/// A proxy in front of `server` that calls `tell` for every request, before the server gets it.
pub async fn telling(server: SocketAddr, tell: impl Fn() + Clone + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(tell_requests(client, server, tell.clone()));
        }
    });
    address
}

async fn tell_requests(mut client: TcpStream, server: SocketAddr, tell: impl Fn()) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (through, mut up, mut down) = (Through::default(), vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        let passed = tokio::select! {
            read = client.read(&mut up) => {
                let is_request = matches!(&read, Ok(length) if begins_request(&up[..*length]));
                is_request.then(&tell);
                pass(read, &up, &mut server, &through.up).await
            }
            read = server.read(&mut down) => pass(read, &down, &mut client, &through.down).await,
        };
        if passed.is_none() {
            return;
        }
    }
}

/// Requests do not follow each other without an answer between, so each is at the beginning of a read.
fn begins_request(bytes: &[u8]) -> bool {
    ["GET /", "HEAD /", "POST /", "PUT /", "PATCH /", "DELETE /"]
        .iter()
        .any(|method| bytes.starts_with(method.as_bytes()))
}

/// A proxy in front of `server` that is gone for a moment after each answer, as a server that restarts.
pub async fn restarting(server: SocketAddr) -> SocketAddr {
    // Keeps the port, so that no other test gets it while this one does not listen. Connections are refused then.
    let kept = socket("127.0.0.1:0".parse().expect("an address"));
    let address = kept.local_addr().expect("an address");
    let mut listener = Some(socket(address).listen(1024).expect("it listens"));
    tokio::spawn(async move {
        let _kept = kept;
        loop {
            let open = match listener.take() {
                Some(open) => open,
                None => socket(address).listen(1024).expect("it listens again"),
            };
            let Ok((client, _)) = open.accept().await else { return };
            drop(open);
            // Either side may hang up first.
            drop(one_answer(client, server).await);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
    });
    address
}

/// A socket bound to a port that it shares with the other sockets of the same server.
fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    #[cfg(unix)]
    socket.set_reuseport(true).expect("an option");
    socket.bind(address).expect("the port");
    socket
}

async fn one_answer(mut client: TcpStream, server: SocketAddr) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read? {
                0 => return Ok(()),
                length => server.write_all(&up[..length]).await?,
            },
            read = server.read(&mut down) => {
                let length = read?;
                return client.write_all(&down[..length]).await;
            }
        }
    }
}
