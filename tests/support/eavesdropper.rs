//! A server that keeps every byte that it is sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that answers every request alike. It ends with the test's runtime.
pub struct Eavesdropper {
    address: SocketAddr,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Eavesdropper {
    /// Listens on a free port and answers with these bytes.
    pub async fn listen(answer: &'static [u8]) -> Eavesdropper {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = bytes.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let kept: Arc<Mutex<Vec<u8>>> = kept.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 16 * 1024];
                    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                        kept.lock().expect("a lock").extend_from_slice(&buffer[..length]);
                        if stream.write_all(answer).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Eavesdropper { address, bytes }
    }

    /// Returns its name on this machine, which is not that of a registry at 127.0.0.1.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// Returns everything that it was sent.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("a lock")).into_owned()
    }
}
