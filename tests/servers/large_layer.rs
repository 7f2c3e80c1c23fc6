//! A layer of 2 GiB from one real registry to another: byte for byte, and never whole in memory.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use regtui::model::digest::{Digest, Hasher};

use crate::support::copying::noise;
use crate::support::servers::{self, Server};
use crate::support::shell::{Ended, Shell, ended};
use crate::support::skopeo;
use crate::support::uploader::Uploader;

const SIZE: u64 = 2 * 1024 * 1024 * 1024;
const BLOCK: usize = 1024 * 1024;
/// Of the program as tests run it: built without optimisation, it is larger by some MiB than the 30 MiB that are promised
/// of a release, which `cargo bench` measures. One that held the layer, or a part of it for each connection, would have
/// hundreds.
const MOST_MEMORY: u64 = 60 * 1024 * 1024;
const LOOK: Duration = Duration::from_millis(10);

/// The layer: blocks of noise, each with its number, so that none can stand in the place of another.
fn pieces() -> impl Iterator<Item = Bytes> + Send + 'static {
    let noise = Bytes::from(noise(1, BLOCK - 8));
    (0..SIZE / BLOCK as u64)
        .flat_map(move |number| [Bytes::copy_from_slice(&number.to_be_bytes()), noise.clone()])
}

fn digest() -> Digest {
    let mut hasher = Hasher::sha256();
    pieces().for_each(|piece| hasher.update(&piece));
    hasher.finish()
}

/// An image of nothing but this layer: the digests of the layer and of the manifest.
async fn push(server: &Server) -> [Digest; 2] {
    let (uploader, layer) = (Uploader::of(server), digest());
    let body = reqwest::Body::wrap_stream(stream::iter(pieces().map(Ok::<_, std::io::Error>)));
    let descriptor = uploader.stream("large", &layer, SIZE, body).await;
    let image = uploader.image_of("large", "1", &[descriptor]).await;
    [layer, image["digest"].as_str().expect("a digest").parse().expect("a digest")]
}

/// Runs the program, and returns its peak of memory. The kernel forgets it when the program ends; until then it can
/// only grow, so the last look counts.
async fn run_and_watch_memory(shell: &Shell, arguments: &[&str]) -> (Ended, u64) {
    let child = shell.command(arguments).spawn().expect("it runs");
    let process = child.id().expect("it runs");
    let (mut ended, mut most) = (std::pin::pin!(ended(child)), 0);
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            ended = &mut ended => return (ended, most),
            _ = look.tick() => most = most.max(memory(process).unwrap_or(0)),
        }
    }
}

/// The peak of the memory of a process, in bytes: proc_pid_status(5).
fn memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

/// Two registries; two of one kind if there is only one kind.
fn two() -> Option<[Server; 2]> {
    if servers::required().is_empty() {
        println!("left out: 2 GiB are copied only where REGTUI_REQUIRE_SERVERS names servers");
        return None;
    }
    let kinds = std::iter::once_with(servers::all_on_disk).chain(std::iter::once_with(servers::all_on_disk));
    let two: Vec<Server> = kinds.flatten().take(2).collect();
    two.try_into().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_of_2_gib_is_copied_byte_for_byte_in_little_memory() {
    let Some([from, to]) = two() else { return };
    let start = Instant::now();
    let pushed = push(&from).await;
    let (image, copy) = (format!("{}/large:1", from.host), format!("{}/copied:1", to.host));
    let pushing = start.elapsed();
    let (ended, most) = run_and_watch_memory(&Shell::new(), &["copy", &image, &copy, "--yes"]).await;
    ended.assert_code(0);
    drop(from);
    let copied = start.elapsed() - pushing;
    let read = skopeo::read(&copy).await.expect("skopeo is required with the servers").digests();
    println!(
        "2 GiB: pushed in {pushing:?}, copied in {copied:?} with at most {} MiB, read and checked in {:?}",
        most / 1024 / 1024,
        start.elapsed() - pushing - copied
    );
    assert!(read.len() == 3 && pushed.iter().all(|digest| read.contains(digest)), "{read:?} of {pushed:?}");
    assert!(most > 0 && most < MOST_MEMORY, "{most} bytes of memory");
}
