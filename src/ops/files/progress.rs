//! The progress of layers that are read, shared with the code that shows it.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::layer::files::at_root;
use crate::layer::{EntryKind, FileList, LayerFiles, LayerFormat};

/// The progress of one layer.
#[derive(Debug, Default)]
pub struct LayerProgress {
    /// The bytes of the layer that were received.
    received: AtomicU64,
    /// The entries so far, while the layer is read from its first byte.
    list: Mutex<FileList>,
    /// The files, once all are known.
    files: Mutex<Option<Arc<LayerFiles>>>,
    /// The directory of the layer whose content is shown at the root; empty for the layer as it is.
    root: &'static [u8],
}

impl LayerProgress {
    /// The progress of a layer that is shown with the content of a directory at the root.
    pub(super) fn with_root(root: &'static [u8]) -> LayerProgress {
        LayerProgress { root, ..LayerProgress::default() }
    }

    /// Returns the path that is shown for the path of a file of the layer.
    pub(super) fn shown_path<'a>(&self, path: &'a [u8]) -> Cow<'a, [u8]> {
        at_root(self.root, EntryKind::File, path)
    }

    /// Returns the bytes that were received.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Returns a copy of the entries so far, as they are shown.
    pub fn list(&self) -> FileList {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let files = Arc::new(LayerFiles::new(LayerFormat::Blob, list)).with_root(self.root);
        Arc::unwrap_or_clone(files).list
    }

    /// Returns the number of entries so far.
    pub fn entries(&self) -> usize {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Returns the files, once all are known.
    pub fn files(&self) -> Option<Arc<LayerFiles>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_files(&self, files: Arc<LayerFiles>) {
        let files = files.with_root(self.root);
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = Some(files);
    }

    pub(super) fn add_received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn with_list<T>(&self, change: impl FnOnce(&mut FileList) -> T) -> T {
        change(&mut self.list.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
