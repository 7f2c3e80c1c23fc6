//! A registry with one repository of any number of tags, all of the same image. It keeps none of them: each page is made
//! when it is asked for.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use regtui::model::digest::Digest;
use regtui::model::media_type::OCI_MANIFEST;

use super::servers;

/// Any prime above all numbers of tags, so that each tag has a number of its own in no order.
const PRIME: usize = 7_368_787;

/// The registry. It ends when this value is dropped.
pub struct Endless {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Endless {
    /// A registry of so many tags, at most `page` of them in one answer; in a single one if they fit.
    pub fn start(tags: usize, page: usize) -> Endless {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = socket.local_addr().expect("an address");
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::spawn(move || serve(stream, tags, page));
            }
        });
        Endless { address, is_over }
    }

    /// `127.0.0.1:port`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        TcpStream::connect(self.address).ok();
    }
}

/// The name of a tag: a version that no other tag has.
pub fn tag(number: usize) -> String {
    let mixed = number * 4_999_999 % PRIME;
    format!("{}.{}.{}", mixed / 1_000_000, mixed / 1_000 % 1_000, mixed % 1_000)
}

/// Answers requests until the client goes.
fn serve(stream: TcpStream, tags: usize, page: usize) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    let (config, manifest) = servers::image(0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let mut header = String::new();
        while reader.read_line(&mut header).ok()? > 2 {
            header.clear();
        }
        let mut words = line.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let json = "application/json";
        let (kind, more, body) = if path.ends_with("/tags/list") {
            let number = |name: &str| {
                query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
            };
            let from = number("at").unwrap_or(0_usize);
            // A server without pages does not mind how many are asked for.
            let most = if page < tags { page.min(number("n").unwrap_or(page)) } else { tags };
            let end = (from + most).min(tags);
            (json, (end < tags).then_some(end), list(from..end))
        } else if path.ends_with("/_catalog") {
            (json, None, br#"{"repositories":["app"]}"#.to_vec())
        } else if path.contains("/manifests/") {
            (OCI_MANIFEST, None, manifest.clone())
        } else if path.contains("/blobs/") {
            ("application/octet-stream", None, config.clone())
        } else {
            (json, None, b"{}".to_vec())
        };
        let link = more.map(|at| format!("Link: </v2/app/tags/list?n={page}&at={at}>; rel=\"next\"\r\n"));
        let digest = Digest::sha256(&body);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nDocker-Content-Digest: {digest}\r\n{}\r\n",
            body.len(),
            link.unwrap_or_default()
        );
        writer.write_all(head.as_bytes()).ok()?;
        if method != "HEAD" {
            writer.write_all(&body).ok()?;
        }
    }
}

fn list(numbers: std::ops::Range<usize>) -> Vec<u8> {
    let mut json = String::from(r#"{"name":"app","tags":["#);
    for number in numbers.clone() {
        let comma = if number > numbers.start { "," } else { "" };
        json.push_str(&format!("{comma}\"{}\"", tag(number)));
    }
    json.push_str("]}");
    json.into_bytes()
}
