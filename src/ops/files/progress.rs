//! The progress of layers that are read, shared with the code that shows it, and the way to pause them.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

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

/// A switch that pauses reading. The bytes so far stay, and the server is asked for the rest when reading goes on.
#[derive(Debug)]
pub struct Pause(watch::Sender<bool>);

impl Default for Pause {
    fn default() -> Pause {
        Pause(watch::Sender::new(false))
    }
}

impl Pause {
    /// Pauses reading, or lets it go on.
    pub fn set(&self, is_paused: bool) {
        self.0.send_replace(is_paused);
    }

    /// Returns whether reading is paused.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits while reading is paused.
    pub(super) async fn wait(&self) {
        let mut paused = self.0.subscribe();
        // The sender lives as long as this reference to it.
        paused.wait_for(|is_paused| !is_paused).await.ok();
    }
}
