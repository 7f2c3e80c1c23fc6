//! Bytes from the network for a thread that decodes them.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::pause::Pause;
use super::progress::LayerProgress;
use crate::client::Error;
use crate::client::registry::blobs::BlobStream;

/// Most bytes that wait for the thread, unless a single piece has more.
const WAITING: u32 = 1 << 20;

/// A piece, and the room that it takes while it waits. Without a piece it is the end.
type Waiting = Option<(Bytes, OwnedSemaphorePermit)>;

/// The end of the pipe that takes pieces.
pub(super) struct PipeWriter {
    pieces: UnboundedSender<Waiting>,
    room: Arc<Semaphore>,
}

impl PipeWriter {
    /// Passes a piece on as soon as there is room for it; `None` is the end. Returns whether the thread still reads.
    async fn send(&self, piece: Option<Bytes>) -> bool {
        let waiting = match piece {
            None => None,
            Some(piece) => {
                let size = u32::try_from(piece.len()).map_or(WAITING, |size| size.min(WAITING));
                // The semaphore is never closed.
                let Ok(room) = self.room.clone().acquire_many_owned(size).await else { return false };
                Some((piece, room))
            }
        };
        self.pieces.send(waiting).is_ok()
    }
}

/// The end of the pipe that a thread reads. A source that failed is an error, not the end.
pub(super) struct PipeReader {
    pieces: UnboundedReceiver<Waiting>,
    piece: Bytes,
    /// The room of the piece.
    room: Option<OwnedSemaphorePermit>,
    is_over: bool,
}

impl Read for PipeReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.is_over {
            (self.piece, self.room) = (Bytes::new(), None);
            match self.pieces.blocking_recv() {
                Some(Some((piece, room))) => (self.piece, self.room) = (piece, Some(room)),
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
pub(super) fn pipe() -> (PipeWriter, PipeReader) {
    let (sender, pieces) = unbounded_channel();
    let writer = PipeWriter { pieces: sender, room: Arc::new(Semaphore::new(WAITING as usize)) };
    (writer, PipeReader { pieces, piece: Bytes::new(), room: None, is_over: false })
}

/// Passes a blob on until it ends, or until nobody reads it any more.
pub(super) async fn feed(
    mut stream: Box<dyn BlobStream>,
    writer: PipeWriter,
    progress: &Arc<LayerProgress>,
    pause: &Pause,
) -> Result<(), Error> {
    loop {
        let piece = pause.next_piece(&mut *stream).await?;
        progress.add_received(piece.as_ref().map_or(0, |piece| piece.len() as u64));
        let is_last = piece.is_none();
        if !writer.send(piece).await || is_last {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_is_slow_keeps_few_bytes_waiting_and_gets_all_of_them() {
        let (writer, mut reader) = pipe();
        let piece = Bytes::from(vec![7; 400 << 10]);
        for _ in 0..2 {
            assert!(writer.send(Some(piece.clone())).await);
        }
        let third = tokio::spawn(async move {
            let is_read = writer.send(Some(piece)).await && writer.send(None).await;
            (is_read, writer)
        });
        tokio::task::yield_now().await;
        assert!(!third.is_finished(), "a third piece has no room");
        let mut all = Vec::new();
        let read = tokio::task::spawn_blocking(move || reader.read_to_end(&mut all)).await;
        assert_eq!(read.expect("the thread lives").expect("it is read"), 3 * (400 << 10));
        assert!(third.await.expect("it ends").0);
    }

    #[tokio::test]
    async fn pieces_are_refused_when_nobody_reads_them_any_more() {
        let (writer, reader) = pipe();
        assert!(writer.send(Some(Bytes::from(vec![0; 1 << 20]))).await);
        drop(reader);
        assert!(!writer.send(Some(Bytes::from_static(b"more"))).await);
    }
}
