//! Servers that do not behave as the demo registry does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
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
            let Some(client) = first_request(&open).await else { return };
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

/// Returns the connection on which a request begins first. The others end, as they do when a server starts again. A client
/// may keep connections in store on which it sends nothing, and none of these holds the server up.
async fn first_request(listener: &TcpListener) -> Option<TcpStream> {
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => connections.push(with_request(accepted.ok()?.0)),
            Some(begun) = connections.next() => {
                if begun.is_some() {
                    return begun;
                }
            }
        }
    }
}

/// Waits for the first byte of a request. Returns `None` if the client hangs up before.
async fn with_request(client: TcpStream) -> Option<TcpStream> {
    let read = client.peek(&mut [0]).await.ok()?;
    (read > 0).then_some(client)
}

/// The bytes of a body that each connection brings, however the server divides its answer.
const BROUGHT: usize = 16 * 1024;

/// Passes a request on, and the head of its answer with so much of the body that the connection has brought something.
async fn one_answer(mut client: TcpStream, server: SocketAddr) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let (mut is_head, mut answer) = (None, Vec::new());
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read? {
                0 => return Ok(()),
                length => {
                    is_head.get_or_insert(up.starts_with(b"HEAD "));
                    server.write_all(&up[..length]).await?;
                }
            },
            read = server.read(&mut down) => {
                let length = read?;
                client.write_all(&down[..length]).await?;
                answer.extend_from_slice(&down[..length]);
                if length == 0 || brings_enough(&answer, is_head == Some(true)) {
                    return Ok(());
                }
            }
        }
    }
}

/// Returns whether this beginning of an answer has its head, and enough of its body or all of it.
fn brings_enough(answer: &[u8], is_head: bool) -> bool {
    let Some(end) = answer.windows(4).position(|end| end == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let body = &answer[end + 4..];
    let value = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(|value| value.trim().to_string()))
    };
    let is_empty = is_head || head.starts_with("http/1.1 204") || head.starts_with("http/1.1 304");
    let length = value("content-length").and_then(|length| length.parse::<usize>().ok());
    match length {
        _ if is_empty || body.len() >= BROUGHT => true,
        Some(length) => body.len() >= length,
        None => value("transfer-encoding").is_some() && body.ends_with(b"0\r\n\r\n"),
    }
}
