//! The reading of an image's files, as the runtime reports it.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::layer::{DataPosition, FileTree, LayerFiles, LayerFormat};
use crate::model::image::ImageConfig;
use crate::model::manifest::Manifest;
use crate::model::platform::Platform;
use crate::model::plural::counted;
use crate::model::reference::Repository;
use crate::model::size;
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
    /// Whether both have the same files.
    pub(crate) fn is_same(&self, other: &FilesImage) -> bool {
        (&self.repository, &self.manifest.digest) == (&other.repository, &other.manifest.digest)
    }
}

/// The bytes that a reading takes, announced before it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesPrice {
    /// The bytes of the layers that are not known yet.
    pub bytes: u64,
    /// Whether a size is missing, so that more bytes may be read.
    pub is_more: bool,
    /// The number of layers that are read whole.
    pub whole_layers: usize,
}

impl FilesPrice {
    /// Returns the price in words: `reads 68.9 MB of 3 layers`.
    pub(crate) fn text(&self) -> String {
        let more = if self.is_more { " or more" } else { "" };
        let layers = match self.whole_layers {
            0 => "tables of contents".into(),
            count => counted(count, "layer", "layers"),
        };
        format!("reads {}{more} of {layers}", size::bytes(self.bytes))
    }
}

/// The progress of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesProgress {
    /// The bytes that were received.
    pub received: u64,
    /// The bytes and layers to read.
    pub price: FilesPrice,
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
        let all = self.price.bytes.max(self.received);
        let mut text = format!("{} of {}", size::bytes(self.received), size::bytes(all));
        if self.price.is_more {
            text.push_str(" or more");
        }
        if let Some(rate) = rate {
            text.push_str(&format!(", {}/s", size::bytes(rate)));
        }
        text + &format!(", {} so far", counted(self.entries, "entry", "entries"))
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

/// The answer to the question for the files of an image.
#[derive(Debug)]
pub enum FilesAnswer {
    /// Reading takes many bytes, and has not begun.
    Price(FilesPrice),
    /// All files.
    Files {
        /// The files.
        snapshot: FilesSnapshot,
        /// The layers that cannot be read, from 1, each with the reason.
        refused: Vec<(u16, SafeText)>,
    },
}

/// Reading more bytes than this is announced before it begins.
pub(crate) const CHEAP: u64 = 32 << 20;

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
    /// Most bytes that are wanted.
    pub most: u64,
}

impl ContentRequest {
    /// Returns about how many bytes of the layer are read, or `None` if nothing tells.
    pub(crate) fn cost(&self) -> Option<u64> {
        let entry = self.files.list.get(self.entry as usize)?;
        let wanted = entry.size.min(self.most);
        let layer = self.image.manifest.layers().get(usize::from(self.layer).checked_sub(1)?)?;
        match (entry.data?, self.files.format) {
            (DataPosition::Chunks { .. }, _) | (_, LayerFormat::Blob) => Some(wanted),
            (DataPosition::Stream(at), _) => {
                // The layer is read from its first byte on. Its parts are taken to be compressed alike.
                let (whole, end) = (self.files.uncompressed?.max(1), at.saturating_add(wanted));
                let share = u128::from(layer.size?) * u128::from(end.min(whole)) / u128::from(whole);
                u64::try_from(share).ok()
            }
        }
    }
}

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent {
    /// Its first bytes.
    pub bytes: Bytes,
    /// Whether these are all, and were compared with the digest of the file.
    pub is_whole: bool,
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
    /// Reading takes up to this number of bytes, and has not begun.
    Price(u64),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_names_the_layers_and_doubts() {
        let price = |whole_layers, is_more| FilesPrice { bytes: 68_900_000, is_more, whole_layers };
        assert_eq!(price(3, false).text(), "reads 68.9 MB of 3 layers");
        assert_eq!(price(1, true).text(), "reads 68.9 MB or more of 1 layer");
        assert_eq!(price(0, false).text(), "reads 68.9 MB of tables of contents");
    }
}
