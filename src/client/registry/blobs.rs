//! Blobs of a registry on their way: streams that are read, sources and uploads that are written.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{Answer, Registry};
use crate::model::manifest::Descriptor;
use crate::model::reference::RepositoryName;

/// A blob that is read piece by piece. The last piece is handed out only if size and digest are right.
pub trait BlobStream: Send {
    /// Returns the next piece, or `None` at the end.
    fn next_piece(&mut self) -> Answer<'_, Option<Bytes>>;

    /// Returns a stream of the same blob from another offset on. The hash of the bytes so far is kept.
    fn reopen_at(self: Box<Self>, from: u64) -> Box<dyn BlobStream>;
}

/// The source of a blob's bytes. It can be read from any offset on.
#[derive(Clone)]
pub enum BlobSource {
    /// Bytes in memory: configs, manifests' empty blobs.
    Bytes(Bytes),
    /// A blob of a registry.
    Registry {
        /// The registry.
        registry: Arc<dyn Registry>,
        /// The repository.
        name: RepositoryName,
        /// The blob.
        descriptor: Arc<Descriptor>,
    },
}

impl BlobSource {
    /// Creates the source for a blob of a registry.
    pub fn registry(
        registry: Arc<dyn Registry>,
        name: &RepositoryName,
        descriptor: &Descriptor,
    ) -> BlobSource {
        BlobSource::Registry { registry, name: name.clone(), descriptor: Arc::new(descriptor.clone()) }
    }
}

/// The progress of one or several blobs, and the way to stop them. It is shared with the code that shows it.
#[derive(Debug, Default)]
pub struct Transfer {
    /// Bytes that were sent and are not known to be lost.
    pub sent: AtomicU64,
    /// Bytes that had to be sent again.
    pub resent: AtomicU64,
    /// Uploads that were given up and could not be closed. The server drops them some day.
    pub unclosed_uploads: AtomicUsize,
    /// Stops all of them.
    pub stop: CancellationToken,
}

/// The result of a mount.
#[derive(Debug)]
pub enum Mount {
    /// The blob is in the repository.
    Mounted,
    /// The blob could not be mounted. An upload was opened instead, to be pushed into or closed.
    Opened(Box<dyn Upload>),
}

/// An upload that is open.
pub trait Upload: fmt::Debug + Send {
    /// Puts a blob into this upload: see [`Registry::push_blob`].
    fn push<'a>(
        self: Box<Self>,
        descriptor: &'a Descriptor,
        source: &'a BlobSource,
        transfer: &'a Arc<Transfer>,
    ) -> Answer<'a, ()>;

    /// Gives the upload up. Returns whether the registry knows.
    fn close(self: Box<Self>) -> BoxFuture<'static, bool>;
}
