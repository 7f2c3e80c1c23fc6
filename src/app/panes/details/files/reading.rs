//! The reading of an image's files, as the runtime reports it.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::layer::preview::{self, LONGEST_HEADER, PreviewBody};
use crate::layer::{DataPosition, FileTree, LayerFiles, LayerFormat};
use crate::model::image::ImageConfig;
use crate::model::manifest::Manifest;
use crate::model::platform::Platform;
use crate::model::plural::counted;
use crate::model::price::{CHEAP_BYTES, Price};
use crate::model::reference::Repository;
use crate::model::size;
use crate::model::summary::Kind;
use crate::model::text::SafeText;

/// The least time between two looks at the rate of a reading, in milliseconds.
const RATE_OVER: i64 = 1_000;

/// The image whose files are read.
#[derive(Debug, Clone)]
pub struct FilesImage {
    /// The repository.
    pub repository: Repository,
    /// The manifest of the image itself, not of an index.
    pub manifest: Arc<Manifest>,
    /// Its config, if it has one that is an image's.
    pub config: Option<Arc<ImageConfig>>,
    /// The platform that an index lists it for.
    pub platform: Option<Platform>,
}

impl FilesImage {
    /// Whether it is for Windows, whose layers hold the files in a directory of their own.
    pub(crate) fn is_windows(&self) -> bool {
        let own = self.config.as_ref().and_then(|config| config.platform.as_ref());
        own.or(self.platform.as_ref()).is_some_and(|platform| platform.os == "windows")
    }

    /// Whether it is a Helm chart.
    pub(crate) fn is_chart(&self) -> bool {
        self.manifest.kind() == Kind::HelmChart
    }

    /// Whether both have the same files.
    pub(crate) fn is_same(&self, other: &FilesImage) -> bool {
        (&self.repository, &self.manifest.digest) == (&other.repository, &other.manifest.digest)
    }
}

/// The progress of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesProgress {
    /// The bytes that were received.
    pub received: u64,
    /// The bytes and layers to read.
    pub price: Price,
    /// The number of entries so far.
    pub entries: usize,
    /// The number of layers that were read.
    pub layers_read: usize,
    /// The number of all layers.
    pub layers: usize,
}

impl FilesProgress {
    /// Returns the progress in words: `12.3 MB of 68.9 MB, 4.5 MB/s, 1,234 entries so far`.
    pub(crate) fn text(&self, rate: Option<u64>) -> String {
        self.bytes_text(rate) + &format!(", {} so far", counted(self.entries, "entry", "entries"))
    }

    /// Returns the progress of contents in words: `12.3 MB of 68.9 MB, 4.5 MB/s`.
    pub(crate) fn bytes_text(&self, rate: Option<u64>) -> String {
        let all = self.price.bytes.max(self.received);
        let mut text = format!("{} of {}", size::bytes(self.received), size::bytes(all));
        if self.price.is_more {
            text.push_str(" or more");
        }
        if let Some(rate) = rate {
            text.push_str(&format!(", {}/s", size::bytes(rate)));
        }
        text
    }
}

/// The bytes that are received in a second.
#[derive(Debug, Default)]
pub(crate) struct ReceivedRate {
    per_second: Option<u64>,
    /// The time and the received bytes from which the rate is computed.
    from: Option<(Timestamp, u64)>,
}

impl ReceivedRate {
    /// Notes that this number of bytes was received until now.
    pub(crate) fn note(&mut self, now: Timestamp, received: u64) {
        let Some((from, before)) = self.from else {
            self.from = Some((now, received));
            return;
        };
        let milliseconds = now.duration_since(from).as_millis();
        if let Some(passed) =
            u64::try_from(milliseconds).ok().filter(|_| milliseconds >= i128::from(RATE_OVER))
        {
            self.per_second = received.saturating_sub(before).saturating_mul(1_000).checked_div(passed);
            self.from = Some((now, received));
        }
    }

    /// Returns the rate, once it is known.
    pub(crate) fn per_second(&self) -> Option<u64> {
        self.per_second
    }
}

/// The files of an image so far.
#[derive(Debug, Clone)]
pub struct FilesSnapshot {
    /// The layers on top of each other.
    pub tree: Arc<FileTree>,
    /// The layers, bottom first. `None` for those that were not read to their end.
    pub layers: Vec<Option<Arc<LayerFiles>>>,
}

/// A layer that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingLayer {
    /// Its number, from 1.
    pub layer: u16,
    /// The reason.
    pub why: SafeText,
    /// Whether another try may help.
    pub can_retry: bool,
}

/// The answer to the question for the files of an image.
#[derive(Debug)]
pub enum FilesAnswer {
    /// Reading takes many bytes, and has not begun.
    Price(Price),
    /// All files.
    Files {
        /// The files.
        snapshot: FilesSnapshot,
        /// The layers that cannot be read.
        refused: Vec<MissingLayer>,
    },
}

/// Reading more bytes than this is announced before it begins.
pub(crate) const CHEAP: u64 = CHEAP_BYTES;

/// A file whose content is read.
#[derive(Debug, Clone)]
pub struct ContentRequest {
    /// The image.
    pub image: FilesImage,
    /// The layer that has the content, from 1.
    pub layer: u16,
    /// The files of that layer.
    pub files: Arc<LayerFiles>,
    /// The number of the entry in its list.
    pub entry: u32,
    /// Most bytes that are shown.
    pub most: u64,
    /// Further bytes that may be read if they belong to the header of the file.
    pub most_of_header: u64,
}

impl ContentRequest {
    /// Returns the bytes of the layer that reading takes if they have to be announced. Otherwise keeps the reading of
    /// headers within the bytes that need no announcement.
    pub(crate) fn price(&mut self) -> Option<u64> {
        self.most_of_header = LONGEST_HEADER;
        let most = self.cost(self.most.max(LONGEST_HEADER)).filter(|cost| *cost > CHEAP)?;
        let least = self.cost(self.most).unwrap_or_default();
        if least > CHEAP {
            return Some(most);
        }
        self.most_of_header = CHEAP - least;
        None
    }

    /// Returns the bytes that reading takes, as far as anything tells, for the progress.
    pub(crate) fn reading_price(&self) -> Price {
        let cost = self.cost(self.most.saturating_add(self.most_of_header));
        Price { bytes: cost.unwrap_or_default(), is_more: cost.is_none(), ..Price::default() }
    }

    /// Returns about how many bytes of the layer are read for the first `wanted` bytes of the file, or `None` if nothing
    /// tells.
    pub(crate) fn cost(&self, wanted: u64) -> Option<u64> {
        let entry = self.files.list.get(self.entry as usize)?;
        let wanted = entry.size.min(wanted);
        let layer = self.image.manifest.layers().get(usize::from(self.layer).checked_sub(1)?)?;
        match (entry.data?, self.files.format) {
            (DataPosition::Chunks { .. }, _) if !self.files.is_in_chunks(&entry) => layer.size,
            (DataPosition::Chunks { .. }, _) | (_, LayerFormat::Blob) => Some(wanted),
            (DataPosition::Stream(at), _) => {
                // The layer is read from its first byte on. Its parts are taken to be compressed alike.
                let (whole, end) = (self.files.uncompressed?.max(1), at.saturating_add(wanted));
                let share = u128::from(layer.size?) * u128::from(end.min(whole)) / u128::from(whole);
                u64::try_from(share).ok()
            }
        }
    }

    /// Returns how many of the first bytes of the file are needed, by those that were read so far.
    pub(crate) fn needed(&self, start: &[u8], size: u64) -> u64 {
        let header = preview::bytes_needed(start, size).min(self.most.saturating_add(self.most_of_header));
        // A header that is not shown as bytes needs no further ones.
        header.max(if preview::is_told_by_facts(start, size) { 0 } else { self.most.min(size) })
    }
}

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent {
    /// The first bytes that are shown: those of the file, or what it holds when it is unpacked.
    pub bytes: Bytes,
    /// Whether these are all.
    pub is_whole: bool,
    /// The number of bytes of the file that were read. If they are not all, nothing compared them with its digest.
    pub read: u64,
    /// The size of the file.
    pub size: u64,
    /// What the file is, a line each.
    pub facts: Vec<SafeText>,
    /// Whether there is nothing to show but the facts.
    pub is_told_by_facts: bool,
}

impl FileContent {
    /// Combines the first bytes of a file with the facts that they tell. At most `most` bytes are kept. Takes a moment
    /// for long headers.
    pub fn of(start: Bytes, size: u64, most: u64) -> FileContent {
        let read = start.len() as u64;
        let preview = preview::describe(&start, size);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let (facts, body) = preview
            .map_or_else(|| (Vec::new(), PreviewBody::Content), |preview| (preview.facts, preview.body));
        let is_told_by_facts = body == PreviewBody::Nothing;
        let (bytes, is_whole) = match body {
            PreviewBody::Content if start.len() <= most => (start, read >= size),
            // A copy, so that the rest of a long header is given back.
            PreviewBody::Content => (Bytes::copy_from_slice(&start[..most]), false),
            PreviewBody::Unpacked(bytes, is_whole) => (bytes, is_whole),
            PreviewBody::Nothing => (Bytes::new(), read >= size),
        };
        FileContent { bytes, is_whole, read, size, facts, is_told_by_facts }
    }
}

/// An image whose files were read.
#[derive(Debug, Clone)]
pub struct ReadFiles {
    /// The image.
    pub image: FilesImage,
    /// Its files.
    pub files: FilesSnapshot,
}

/// A package of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPackage {
    /// Its name.
    pub name: SafeText,
    /// Its version.
    pub version: SafeText,
    /// The system that it belongs to.
    pub ecosystem: &'static str,
    /// The layer that brought it, from 1, if it is known.
    pub layer: Option<u16>,
    /// The path of the file that lists it.
    pub path: Vec<u8>,
}

/// The packages of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePackageList {
    /// The name of the operating system, if the image has one.
    pub os: Option<SafeText>,
    /// The packages by ecosystem, name, version and path.
    pub packages: Vec<ListedPackage>,
    /// The first reasons why some may be missing.
    pub problems: Vec<SafeText>,
}

/// The answer to the question for the packages of an image.
#[derive(Debug)]
pub enum PackagesAnswer {
    /// Reading takes up to this, and has not begun.
    Price(Price),
    /// All packages.
    Packages(ImagePackageList),
}

/// Files that are written to this machine's disk.
#[derive(Debug, Clone)]
pub struct ExtractRequest {
    /// The image.
    pub image: FilesImage,
    /// The layers on top of each other.
    pub tree: Arc<FileTree>,
    /// The layers, bottom first.
    pub layers: Vec<Option<Arc<LayerFiles>>>,
    /// The layer as of which the files are taken, from 1.
    pub as_of: u16,
    /// The path in the image, with everything below it.
    pub path: Vec<u8>,
    /// The path on this machine, which must not exist.
    pub to: String,
}

impl ExtractRequest {
    /// Returns the title of the job: `extract etc/app.conf → ./app.conf`.
    pub(crate) fn title(&self) -> SafeText {
        let path = String::from_utf8_lossy(&self.path);
        let path = if path.is_empty() { "/".into() } else { path };
        SafeText::from(format!("extract {path} → {}", self.to))
    }
}
