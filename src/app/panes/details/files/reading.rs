//! The reading of an image's files, as the runtime reports it.

use std::sync::Arc;

use bytes::Bytes;

use crate::layer::{DataPosition, FileTree, LayerFiles, LayerFormat};
use crate::model::image::ImageConfig;
use crate::model::manifest::Manifest;
use crate::model::platform::Platform;
use crate::model::price::{CHEAP_BYTES, Price};
use crate::model::reference::Repository;
use crate::model::text::SafeText;

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
    Price(Price),
    /// All files.
    Files {
        /// The files.
        snapshot: FilesSnapshot,
        /// The layers that cannot be read, from 1, each with the reason.
        refused: Vec<(u16, SafeText)>,
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
