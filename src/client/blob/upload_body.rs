//! The bytes of a blob on their way into an upload: read once, and sent again if a connection lost them.
//!
//! The last few mebibytes are remembered, so that most breaks on one side do not affect the other.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream;
use reqwest::Body;
use tokio::sync::Mutex as AsyncMutex;

use crate::client::error::Error;
use crate::client::http::payload::{StreamProgress, StreamedBody};
use crate::client::registry::blobs::{BlobSource, BlobStream, Transfer};

/// Bytes that are remembered.
const MEMORY: usize = 2 * 1024 * 1024;
/// The size of the pieces into which bytes in memory are cut.
const PIECE: usize = 256 * 1024;

/// A blob on its way. Clones share their state.
#[derive(Debug, Clone)]
pub(crate) struct UploadBody(Arc<UploadState>);

struct UploadState {
    transfer: Arc<Transfer>,
    window: AsyncMutex<UploadWindow>,
    /// Bytes handed out so far, including those sent again.
    bytes_handed_out: AtomicU64,
    /// Whether the upload waits for the source.
    is_waiting_for_source: AtomicBool,
    failure: Mutex<Option<Error>>,
}

impl std::fmt::Debug for UploadState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inner")
    }
}

/// The position in the blob and the remembered bytes.
struct UploadWindow {
    source: RangeSource,
    /// Offset of the next byte to hand out.
    at: u64,
    /// Offset of the first byte in `recent`.
    recent_from: u64,
    recent: VecDeque<Bytes>,
    recent_bytes: usize,
}

enum RangeSource {
    Bytes(Bytes),
    Registry(Option<Box<dyn BlobStream>>),
}

impl UploadBody {
    /// Creates the feed. Nothing is read yet. Fails for a blob whose digest cannot be checked.
    pub(crate) fn new(source: &BlobSource, transfer: Arc<Transfer>) -> Result<UploadBody, Error> {
        let source = match source {
            BlobSource::Bytes(bytes) => RangeSource::Bytes(bytes.clone()),
            BlobSource::Registry { registry, name, descriptor } => {
                RangeSource::Registry(Some(registry.read_blob(name, descriptor, 0)?))
            }
        };
        let flow = UploadWindow { source, at: 0, recent_from: 0, recent: VecDeque::new(), recent_bytes: 0 };
        Ok(UploadBody(Arc::new(UploadState {
            transfer,
            window: AsyncMutex::new(flow),
            bytes_handed_out: AtomicU64::new(0),
            is_waiting_for_source: AtomicBool::new(false),
            failure: Mutex::new(None),
        })))
    }

    /// Returns a part of the blob.
    pub(crate) fn part(&self, range: Range<u64>) -> BlobRange {
        BlobRange { feed: self.clone(), range }
    }

    /// Returns the error that stopped the source, if it failed.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Moves to an offset. Bytes that were handed out beyond it count as lost.
    pub(crate) async fn seek(&self, to: u64) {
        let mut flow = self.0.window.lock().await;
        let lost = flow.at.saturating_sub(to);
        self.0.transfer.sent.fetch_sub(lost, Ordering::Relaxed);
        self.0.transfer.resent.fetch_add(lost, Ordering::Relaxed);
        flow.seek(to);
    }

    /// Notes that nothing is read until the upload goes on, so that the source can be read for other uploads meanwhile.
    pub(crate) async fn rest(&self) {
        if let RangeSource::Registry(Some(reader)) = &mut self.0.window.lock().await.source {
            reader.rest();
        }
    }

    /// Subtracts all bytes of this blob from those that count as sent.
    pub(crate) async fn abandon(&self) {
        let flow = self.0.window.lock().await;
        self.0.transfer.sent.fetch_sub(flow.at, Ordering::Relaxed);
    }

    /// Returns the next piece before `end`, or `None` at `end`.
    async fn next(&self, end: u64) -> Result<Option<Bytes>, Error> {
        let mut flow = self.0.window.lock().await;
        if flow.at >= end {
            return Ok(None);
        }
        self.0.is_waiting_for_source.store(true, Ordering::Relaxed);
        let piece = flow.next(end).await;
        self.0.is_waiting_for_source.store(false, Ordering::Relaxed);
        let length = piece.as_ref().ok().and_then(Option::as_ref).map_or(0, |piece| piece.len() as u64);
        self.0.bytes_handed_out.fetch_add(length, Ordering::Relaxed);
        self.0.transfer.sent.fetch_add(length, Ordering::Relaxed);
        piece
    }

    fn fail(&self, error: Error) {
        *self.0.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

impl UploadWindow {
    fn seek(&mut self, to: u64) {
        if to < self.recent_from || to > self.read_end() {
            self.recent.clear();
            self.recent_bytes = 0;
            self.recent_from = to;
            if let RangeSource::Registry(reader) = &mut self.source {
                *reader = reader.take().map(|reader| reader.reopen_at(to));
            }
        }
        self.at = to;
    }

    /// Returns the offset after the last byte that was read.
    fn read_end(&self) -> u64 {
        self.recent_from + self.recent_bytes as u64
    }

    async fn next(&mut self, end: u64) -> Result<Option<Bytes>, Error> {
        if self.at >= self.read_end() && !self.read().await? {
            return Ok(None);
        }
        let Some(mut piece) = self.recent_piece() else { return Ok(None) };
        piece.truncate(usize::try_from(end - self.at).unwrap_or(usize::MAX));
        self.at += piece.len() as u64;
        self.trim_recent();
        Ok(Some(piece))
    }

    /// Reads another piece. Returns whether there was one.
    async fn read(&mut self) -> Result<bool, Error> {
        let at = self.read_end();
        let piece = match &mut self.source {
            RangeSource::Bytes(bytes) => {
                let start = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                let end = start.saturating_add(PIECE).min(bytes.len());
                Some(bytes.slice(start..end)).filter(|piece| !piece.is_empty())
            }
            RangeSource::Registry(Some(reader)) => reader.next_piece().await?,
            RangeSource::Registry(None) => None,
        };
        let Some(piece) = piece else { return Ok(false) };
        self.recent_bytes += piece.len();
        self.recent.push_back(piece);
        Ok(true)
    }

    /// Returns the remembered bytes from `at` on, up to the end of a piece.
    fn recent_piece(&self) -> Option<Bytes> {
        let mut from = self.recent_from;
        for piece in &self.recent {
            let end = from + piece.len() as u64;
            if self.at < end {
                return usize::try_from(self.at - from).ok().map(|start| piece.slice(start..));
            }
            from = end;
        }
        None
    }

    fn trim_recent(&mut self) {
        while self.recent_bytes > MEMORY
            && let Some(oldest) = self.recent.front()
            && self.recent_from + oldest.len() as u64 <= self.at
        {
            self.recent_from += oldest.len() as u64;
            self.recent_bytes -= oldest.len();
            self.recent.pop_front();
        }
    }
}

/// A range of a blob, as the body of a request. It can be sent more than once.
#[derive(Debug, Clone)]
pub(crate) struct BlobRange {
    feed: UploadBody,
    range: Range<u64>,
}

impl StreamedBody for BlobRange {
    fn length(&self) -> u64 {
        self.range.end - self.range.start
    }

    fn body(&self) -> Body {
        let BlobRange { feed, range } = self.clone();
        Body::wrap_stream(stream::try_unfold(false, move |has_begun| {
            let (feed, range) = (feed.clone(), range.clone());
            async move {
                if !has_begun {
                    feed.seek(range.start).await;
                }
                match feed.next(range.end).await {
                    Ok(piece) => Ok(piece.map(|piece| (piece, true))),
                    Err(error) => {
                        feed.fail(error.clone());
                        Err(error)
                    }
                }
            }
        }))
    }

    fn progress(&self) -> StreamProgress {
        StreamProgress {
            given_out: self.feed.0.bytes_handed_out.load(Ordering::Relaxed),
            is_waiting_for_source: self.feed.0.is_waiting_for_source.load(Ordering::Relaxed),
        }
    }
}
