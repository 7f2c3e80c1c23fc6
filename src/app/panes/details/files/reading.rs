//! The reading of an image's files, as the runtime reports it.

use std::sync::Arc;

use crate::layer::{FileTree, LayerFiles};
use crate::model::image::ImageConfig;
use crate::model::manifest::Manifest;
use crate::model::platform::Platform;
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
