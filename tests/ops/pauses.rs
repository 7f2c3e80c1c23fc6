//! Extractions and contents that are paused: nothing moves meanwhile, and the rest follows where they stopped.

use std::fs;
use std::future::poll_fn;
use std::path::Path;
use std::task::Poll;
use std::time::Duration;

use regtui::client::{ClientSettings, Pool, Timeouts};
use regtui::demo::faults::Fault;
use regtui::demo::{DemoSettings, Store};
use regtui::layer::PathId;
use regtui::model::digest::Digest;
use regtui::model::failure::Failure;
use regtui::model::reference::Host;
use regtui::ops::files::extract::{Extracted, Extraction, ExtractionProgress};
use regtui::ops::files::pause::Pause;
use regtui::ops::files::tree::ImageFiles;
use serde_json::json;

use crate::support::hostile;
use crate::support::layered::{OCI_TAR, OCI_ZSTD, StoredLayer, names_in, noise, push_image, read_files};
use crate::support::registry::{Registry, settings, timeouts};
use crate::support::tars::{Tar, skippable, zstd};

/// More than the thread, the pipe and the sink hold at once.
const SIZE: usize = 10 << 20;
/// The least time without a byte that counts as rest.
const QUIET: Duration = Duration::from_millis(60);

/// A plain layer with one large file.
fn plain() -> StoredLayer {
    let tar = Tar::default().file(b"large", &noise(SIZE)).end();
    let diff_id = Digest::sha256(&tar);
    StoredLayer { bytes: tar, media_type: OCI_TAR, annotations: [].into(), diff_id }
}

/// The same file in chunks of a mebibyte each, which a table of contents lists.
fn chunked() -> StoredLayer {
    let (content, mut bytes, mut entries) = (noise(SIZE), Vec::new(), Vec::new());
    for (number, part) in content.chunks(1 << 20).enumerate() {
        let begin = bytes.len();
        bytes.extend(zstd(part));
        let mut entry = json!({"name": "large", "mode": 0o644, "offset": begin, "endOffset": bytes.len(),
            "chunkOffset": number << 20, "chunkSize": part.len(), "chunkDigest": Digest::sha256(part).to_string()});
        entry["type"] = json!(if number == 0 { "reg" } else { "chunk" });
        entry["size"] = json!(SIZE);
        entry["digest"] = json!(Digest::sha256(&content).to_string());
        entries.push(entry);
    }
    let table = json!({"version": 1, "entries": entries}).to_string();
    let packed = zstd(table.as_bytes());
    let position = format!("{}:{}:{}:1", bytes.len() + 8, packed.len(), table.len());
    bytes.extend(skippable(&packed));
    let prefix = "io.github.containers.zstd-chunked.manifest";
    StoredLayer { bytes, media_type: OCI_ZSTD, annotations: [].into(), diff_id: Digest::sha256(b"") }
        .annotated(&format!("{prefix}-position"), &position)
        .annotated(&format!("{prefix}-checksum"), &Digest::sha256(&packed).to_string())
}

/// An extraction that is carried out only while the test waits for it.
struct Paused<'a> {
    work: std::pin::Pin<Box<dyn Future<Output = Result<Extracted, Failure>> + 'a>>,
    progress: &'a ExtractionProgress,
    pause: Pause,
}

impl<'a> Paused<'a> {
    async fn begin(
        registry: &'a Registry,
        files: &'a ImageFiles,
        to: &'a Path,
        (progress, pause): (&'a ExtractionProgress, &Pause),
    ) -> Paused<'a> {
        let extraction = Extraction::prepare(files, PathId::ROOT).await.expect("parts");
        let work = Box::pin(extraction.write(&registry.client, files, to, progress));
        Paused { work, progress, pause: pause.clone() }
    }

    /// Lets it go on until so many bytes were written, and pauses it.
    async fn pause_at(&mut self, written: u64) {
        // After each step, because many may be done before a timer is looked at.
        poll_fn(|context| match self.work.as_mut().poll(context) {
            Poll::Ready(ended) => panic!("it ended: {ended:?}"),
            Poll::Pending if self.progress.written() < written => Poll::Pending,
            Poll::Pending => Poll::Ready(()),
        })
        .await;
        self.pause.set(true);
    }

    /// Waits until nothing moves. Returns the bytes that were moved.
    async fn rest(&mut self) -> u64 {
        loop {
            let before = self.progress.moved();
            let ended = tokio::time::timeout(QUIET, &mut self.work).await;
            assert!(ended.is_err(), "it is paused: {ended:?}");
            if self.progress.moved() == before {
                return before;
            }
        }
    }

    async fn go_on(self) -> Extracted {
        self.pause.set(false);
        self.work.await.expect("files")
    }
}

fn blob_requests(registry: &Registry) -> usize {
    registry.requests().iter().filter(|line| line.contains("/blobs/")).count()
}

#[tokio::test]
async fn an_extraction_that_is_paused_moves_nothing_and_moves_each_byte_once() {
    for (layer, is_in_chunks) in [(plain(), false), (chunked(), true)] {
        let store = Store::new();
        let size = layer.bytes.len() as u64;
        push_image(&store, "one", &[layer]);
        let registry = Registry::open(store).await;
        let files = read_files(&registry, "one", None).await.expect("files");
        registry.demo.forget_requests();
        let folder = tempfile::tempdir().expect("a folder");
        let (to, pause) = (folder.path().join("out"), Pause::default());
        let progress = ExtractionProgress::paused_by(pause.clone());
        let mut work = Paused::begin(&registry, &files, &to, (&progress, &pause)).await;
        for part in [1, 3 << 20] {
            work.pause_at(part).await;
            let (paused_at, asked) = (progress.moved(), blob_requests(&registry));
            let moved = work.rest().await;
            assert!(moved - paused_at < 3 << 20, "{moved} after {paused_at}");
            assert_eq!((work.rest().await, blob_requests(&registry)), (moved, asked));
            assert!(progress.written() < SIZE as u64 && progress.received() < size);
            assert!(names_in(folder.path()).iter().all(|name| name.contains(".part-")));
            pause.set(false);
        }
        assert_eq!(work.go_on().await.bytes, SIZE as u64);
        assert_eq!(progress.written(), SIZE as u64);
        assert!(progress.received() <= size, "{} of {size}", progress.received());
        let requests = if is_in_chunks { SIZE.div_ceil(8 << 20) + 1 } else { 1 };
        assert!(blob_requests(&registry) <= requests, "{:?}", registry.requests());
        assert!(fs::read(to.join("large")).expect("a file") == noise(SIZE));
        assert_eq!(names_in(folder.path()), ["out"]);
    }
}

#[tokio::test]
async fn a_pause_longer_than_the_server_may_be_silent_or_slow_fails_nothing() {
    for layer in [plain(), chunked()] {
        let store = Store::new();
        push_image(&store, "one", &[layer]);
        let (idle, min_bytes_per_second) = (Duration::from_millis(400), 4 << 20);
        let timeouts = Timeouts { idle, min_bytes_per_second, tries: 1, ..timeouts() };
        let settings = ClientSettings { timeouts, ..settings() };
        let registry = Registry::new(DemoSettings::default(), store, settings).await;
        let files = read_files(&registry, "one", None).await.expect("files");
        // Nearly always a piece is awaited.
        registry.demo.fault(|_, _| Some(Fault::Drip(256 << 10, Duration::from_millis(3))));
        let folder = tempfile::tempdir().expect("a folder");
        let (to, pause) = (folder.path().join("out"), Pause::default());
        let progress = ExtractionProgress::paused_by(pause.clone());
        let mut work = Paused::begin(&registry, &files, &to, (&progress, &pause)).await;
        work.pause_at(1).await;
        work.rest().await;
        // The time is the subject: a pause may be longer than every limit on silence. A slow machine makes it longer still.
        tokio::time::sleep(idle * 3).await;
        assert_eq!(work.go_on().await.bytes, SIZE as u64);
    }
}

#[tokio::test]
async fn a_connection_that_the_server_ended_during_a_pause_is_continued_with_the_rest() {
    for layer in [plain(), chunked()] {
        let store = Store::new();
        let size = layer.bytes.len() as u64;
        push_image(&store, "one", &[layer]);
        let direct = Registry::open(store).await;
        let files = read_files(&direct, "one", None).await.expect("files");
        let (address, through) = hostile::cutting(direct.demo.address(), 2 << 20).await;
        let pool = Pool::new(settings());
        let client = pool.client(&Host::parse(&address.to_string()).expect("a host"));
        let registry = Registry { demo: direct.demo, pool, client };
        let folder = tempfile::tempdir().expect("a folder");
        let (to, pause) = (folder.path().join("out"), Pause::default());
        let progress = ExtractionProgress::paused_by(pause.clone());
        let mut work = Paused::begin(&registry, &files, &to, (&progress, &pause)).await;
        for part in [1, 3 << 20, 6 << 20] {
            work.pause_at(part).await;
            work.rest().await;
            pause.set(false);
        }
        assert_eq!(work.go_on().await.bytes, SIZE as u64);
        assert!(progress.received() <= size, "{} of {size}", progress.received());
        assert!(through.body() <= size * 11 / 10, "{} of {size}", through.body());
        assert!(fs::read(to.join("large")).expect("a file") == noise(SIZE));
    }
}

#[tokio::test]
async fn paused_extractions_leave_the_permits_to_other_reads() {
    let store = Store::new();
    push_image(&store, "one", &[plain()]);
    let registry = Registry::open(store).await;
    let files = read_files(&registry, "one", None).await.expect("files");
    let folder = tempfile::tempdir().expect("a folder");
    let places: Vec<_> = (0..5).map(|number| folder.path().join(number.to_string())).collect();
    let pause = Pause::default();
    let progress: Vec<_> = places.iter().map(|_| ExtractionProgress::paused_by(pause.clone())).collect();
    let mut all = Vec::new();
    for (to, progress) in places.iter().zip(&progress) {
        pause.set(false);
        let mut work = Paused::begin(&registry, &files, to, (progress, &pause)).await;
        work.pause_at(1).await;
        work.rest().await;
        all.push(work);
    }
    for work in all {
        assert_eq!(work.go_on().await.bytes, SIZE as u64);
    }
}
