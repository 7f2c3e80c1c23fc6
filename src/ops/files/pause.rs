//! The way to pause what is read of layers, and the reading of pieces that keeps to it.

use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use tokio::sync::watch;

use super::image::LayerSource;
use super::progress::LayerProgress;
use crate::client::registry::Answer;
use crate::client::registry::blobs::{BlobPart, BlobStream, PartPiece};
use crate::client::{Error, Registry};
use crate::model::reference::RepositoryName;

/// A switch that pauses reading. The bytes so far stay, and reading goes on with the next one. If the server ended the
/// connection meanwhile, it is asked for the rest. Clones are the same switch.
#[derive(Debug, Clone)]
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
        self.until(false).await;
    }

    /// Returns the next piece of a source. While reading is paused nothing is asked for: a piece that was awaited when the
    /// pause began comes after it, and the time of the pause counts for no limit.
    pub(super) fn next_piece<'a, S: PieceSource + ?Sized>(
        &'a self,
        source: &'a mut S,
    ) -> Answer<'a, S::Piece> {
        let next = async move {
            loop {
                if self.is_set() {
                    source.rest();
                    self.wait().await;
                }
                tokio::select! {
                    biased;
                    piece = source.next_piece() => return piece,
                    () = self.until(true) => {}
                }
            }
        };
        next.boxed()
    }

    async fn until(&self, is_paused: bool) {
        let mut switch = self.0.subscribe();
        // The sender lives as long as this reference to it.
        switch.wait_for(|now| *now == is_paused).await.ok();
    }
}

/// Something that is read piece by piece, and rests while reading is paused.
pub(super) trait PieceSource: Send {
    /// A piece.
    type Piece;

    /// Returns the next piece.
    fn next_piece(&mut self) -> Answer<'_, Self::Piece>;

    /// Notes that no piece is asked for until reading goes on.
    fn rest(&mut self);
}

impl PieceSource for dyn BlobStream {
    type Piece = Option<Bytes>;

    fn next_piece(&mut self) -> Answer<'_, Option<Bytes>> {
        BlobStream::next_piece(self)
    }

    fn rest(&mut self) {
        BlobStream::rest(self);
    }
}

impl PieceSource for dyn BlobPart {
    type Piece = PartPiece;

    fn next_piece(&mut self) -> Answer<'_, PartPiece> {
        BlobPart::next_piece(self)
    }

    fn rest(&mut self) {
        BlobPart::rest(self);
    }
}

/// Returns some bytes of a layer, or `None` if the server gives no part of it.
pub(super) async fn read_part(
    registry: &dyn Registry,
    name: &RepositoryName,
    source: &LayerSource,
    range: Range<u64>,
    progress: &Arc<LayerProgress>,
    pause: &Pause,
) -> Result<Option<Bytes>, Error> {
    let mut part = registry.blob_part(name, &source.descriptor, range);
    let mut bytes = BytesMut::new();
    loop {
        match pause.next_piece(&mut *part).await? {
            PartPiece::Bytes(piece) => {
                progress.add_received(piece.len() as u64);
                bytes.extend_from_slice(&piece);
            }
            PartPiece::End => return Ok(Some(bytes.freeze())),
            PartPiece::NoParts => return Ok(None),
        }
    }
}
