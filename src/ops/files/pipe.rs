//! Bytes from the network for a thread that decodes them.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::progress::{LayerProgress, Pause};
use crate::client::Error;
use crate::client::registry::blobs::BlobStream;

/// Pieces that wait for the thread. Each has at most some 64 KiB.
const WAITING: usize = 32;

/// The end of the pipe that a thread reads. A source that failed is an error, not the end.
pub(super) struct PipeReader {
    pieces: Receiver<Option<Bytes>>,
    piece: Bytes,
    is_over: bool,
}

impl Read for PipeReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.is_over {
            match self.pieces.blocking_recv() {
                Some(Some(piece)) => self.piece = piece,
                Some(None) => self.is_over = true,
                None => return Err(io::Error::other("the connection failed")),
            }
        }
        let taken = self.piece.len().min(into.len());
        self.piece.copy_to_slice(&mut into[..taken]);
        Ok(taken)
    }
}

/// Creates a pipe.
pub(super) fn pipe() -> (Sender<Option<Bytes>>, PipeReader) {
    let (sender, pieces) = channel(WAITING);
    (sender, PipeReader { pieces, piece: Bytes::new(), is_over: false })
}

/// Passes a blob on until it ends, or until nobody reads it any more.
pub(super) async fn feed(
    mut stream: Box<dyn BlobStream>,
    sender: Sender<Option<Bytes>>,
    progress: &Arc<LayerProgress>,
    pause: &Pause,
) -> Result<(), Error> {
    loop {
        pause.wait().await;
        let piece = stream.next_piece().await?;
        progress.add_received(piece.as_ref().map_or(0, |piece| piece.len() as u64));
        let is_last = piece.is_none();
        if sender.send(piece).await.is_err() || is_last {
            return Ok(());
        }
    }
}
