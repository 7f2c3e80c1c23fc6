//! Blobs of a registry on their way: streams that are read, sources and uploads that are written.

use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{Answer, Registry};
use crate::client::Error;
use crate::model::manifest::Descriptor;
use crate::model::reference::RepositoryName;

/// A blob that is read piece by piece. The last piece is handed out only if size and digest are right.
pub trait BlobStream: Send {
    /// Returns the next piece, or `None` at the end.
    fn next_piece(&mut self) -> Answer<'_, Option<Bytes>>;

    /// Returns a stream of the same blob from another offset on. The hash of the bytes so far is kept.
    fn reopen_at(self: Box<Self>, from: u64) -> Box<dyn BlobStream>;

    /// Notes that no piece is asked for until the user lets the reading go on: other requests need not wait for it. The
    /// next piece is the one that was due. Does nothing by default.
    fn rest(&mut self) {}
}

/// A part of a blob that is read piece by piece. Nothing proves the bytes.
pub trait BlobPart: Send {
    /// Returns the next piece. A broken connection is continued.
    fn next_piece(&mut self) -> Answer<'_, PartPiece>;

    /// Notes that no piece is asked for until the user lets the reading go on, as [`BlobStream::rest`] does.
    fn rest(&mut self) {}
}

/// A step of reading a part of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartPiece {
    /// The next bytes.
    Bytes(Bytes),
    /// The end of the part.
    End,
    /// The registry does not give a part of this blob.
    NoParts,
}

/// A part of a registry that gives none.
pub(in crate::client) struct NoPart;

impl BlobPart for NoPart {
    fn next_piece(&mut self) -> Answer<'_, PartPiece> {
        ready(Ok(PartPiece::NoParts)).boxed()
    }
}

/// Returns all bytes of a part, or `None` if the registry does not give it.
pub(crate) async fn collect_part(part: &mut dyn BlobPart) -> Result<Option<Bytes>, Error> {
    let mut bytes = BytesMut::new();
    loop {
        match part.next_piece().await? {
            PartPiece::Bytes(piece) => bytes.extend_from_slice(&piece),
            PartPiece::End => return Ok(Some(bytes.freeze())),
            PartPiece::NoParts => return Ok(None),
        }
    }
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
