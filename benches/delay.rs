//! A proxy that carries bytes with a delay, as a long line does: each byte arrives after half a round trip. It counts the
//! bytes of the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Most pieces under way in one direction of a connection.
const UNDER_WAY: usize = 1024;

/// A proxy on a free port, served by a thread of this process until it is dropped.
pub struct Delay {
    address: SocketAddr,
    carried: Arc<AtomicU64>,
    _runtime: Runtime,
}

impl Delay {
    /// Starts a proxy in front of `server` (`127.0.0.1:port`) that holds each byte back for `one_way`.
    pub fn before(server: &str, one_way: Duration) -> Delay {
        let server: SocketAddr = server.parse().expect("an address");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("threads");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let carried = Arc::new(AtomicU64::new(0));
        let count = carried.clone();
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, one_way, count.clone()));
            }
        });
        Delay { address, carried, _runtime: runtime }
    }

    /// Returns the bytes that the server sent since the last call, heads of responses included.
    pub fn take_carried(&self) -> u64 {
        self.carried.swap(0, Ordering::Relaxed)
    }

    /// `127.0.0.1:port`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }
}

/// Carries one connection. The handshake of a real line takes a round trip too, so the first bytes wait for it.
async fn carry(client: TcpStream, server: SocketAddr, one_way: Duration, carried: Arc<AtomicU64>) {
    client.set_nodelay(true).ok();
    let Ok(server) = TcpStream::connect(server).await else { return };
    server.set_nodelay(true).ok();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let open = Instant::now() + 2 * one_way;
    tokio::join!(
        carry_one_way(from_client, to_server, one_way, open, Arc::default()),
        carry_one_way(from_server, to_client, one_way, open, carried)
    );
}

async fn carry_one_way(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    one_way: Duration,
    open: Instant,
    carried: Arc<AtomicU64>,
) {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let reading = async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            carried.fetch_add(count as u64, Ordering::Relaxed);
            let due = Instant::now().max(open) + one_way;
            if sender.send((due, buffer[..count].to_vec())).await.is_err() {
                break;
            }
        }
    };
    let writing = async move {
        while let Some((due, piece)) = pieces.recv().await {
            tokio::time::sleep_until(due).await;
            if to.write_all(&piece).await.is_err() {
                break;
            }
        }
    };
    tokio::join!(reading, writing);
}
