//! The body of a response: whole and within a cap, the start of an error's, or piece by piece.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::{Response, Url, Version};

use super::content_encoding::{self, Decompressor};
use super::large_bodies::{LARGE, LargeBodyPermit, LargeBodyPermits};
use super::limit::Permit;
use super::log::LogLine;
use super::resume::Partial;
use super::timeouts::Timeouts;
use crate::client::error::{Cause, Peer, SendError};
use crate::model::text::SafeText;

/// Bytes of an error's body that are read.
const ERROR_CAP: u64 = 64 * 1024;

/// A response whose body is still to come.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    /// HTTP status.
    pub(crate) status: u16,
    /// The URL that it came from.
    pub(crate) url: Url,
    /// The server that it came from.
    pub(crate) peer: Peer,
    /// The response.
    pub(crate) response: Response,
    /// The line of the request in the log. It ends with the body.
    pub(crate) entry: LogLine,
}

/// Reads the body of a success, after the bytes that came before its connection: whole, not larger than `cap`, and not too slow to be of use. A large body waits for its
/// turn before its second mebibyte. Bodies are JSON, so one that is compressed shows it, whatever `Content-Encoding`
/// says. It is decompressed within the same cap.
pub(crate) async fn read_whole(
    mut response: Response,
    cap: u64,
    timeouts: &Timeouts,
    large: &LargeBodyPermits,
    partial: &mut Partial,
) -> Result<(Bytes, Option<LargeBodyPermit>), Cause> {
    let encoding = content_encoding::of(response.headers());
    let expected = response.content_length().unwrap_or(0);
    if expected > cap {
        return Err(Cause::TooLarge(cap));
    }
    let Partial { body, waited, .. } = partial;
    let (from, waited_before) = (body.len(), *waited);
    body.reserve(usize::try_from(expected).unwrap_or(0).min(64 * 1024));
    let mut pace = Pace::default();
    let mut hold = None;
    while let Some(piece) = read_piece(&mut response, &mut pace, timeouts).await? {
        *waited = waited_before + pace.waited;
        if *waited > timeouts.whole {
            return Err(Cause::Unfinished(timeouts.whole));
        }
        if (body.len() + piece.len()) as u64 > cap {
            return Err(Cause::TooLarge(cap));
        }
        if body.len() + piece.len() > LARGE && hold.is_none() {
            hold = large.clone().acquire_owned().await.ok();
            // The announced size is reserved at once, so that the body need not be moved while it grows.
            let came = body.len() - from;
            body.reserve(usize::try_from(expected).unwrap_or(0).saturating_sub(came));
        }
        body.extend_from_slice(&piece);
    }
    let body = std::mem::take(body).freeze();
    if !content_encoding::is_compressed(&body) {
        encoding.check_plain(&body)?;
        return Ok((body, hold));
    }
    match content_encoding::decompress(&body, cap.min(LARGE as u64)) {
        Err(Cause::TooLarge(_)) if cap > LARGE as u64 => {}
        plain => return Ok((plain?, hold)),
    }
    if hold.is_none() {
        hold = large.clone().acquire_owned().await.ok();
    }
    let plain = tokio::task::spawn_blocking(move || content_encoding::decompress(&body, cap)).await;
    Ok((plain.map_err(|_| Cause::Local("the decompression failed".into()))??, hold))
}

/// Reads as much of an error's body as is of use, decompressed if need be. It may end early.
pub(crate) async fn read_error_body(mut response: Response, timeouts: &Timeouts) -> Bytes {
    let mut body = BytesMut::new();
    let start = Instant::now();
    let mut pace = Pace::default();
    while (body.len() as u64) < ERROR_CAP && start.elapsed() < timeouts.idle {
        match read_piece(&mut response, &mut pace, timeouts).await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) | Err(_) => break,
        }
    }
    content_encoding::decompress_start(body.freeze(), ERROR_CAP)
}

/// A body that is read piece by piece. Its line is added to the request log when it is dropped.
#[derive(Debug)]
pub(crate) struct OpenBody {
    response: Response,
    peer: Peer,
    pace: Pace,
    decompressor: Option<Decompressor>,
    entry: LogLine,
    /// The permit; `None` while the body rests.
    permit: Option<Permit>,
}

impl OpenBody {
    /// Opens the body of a success. Its bytes are those of the connection until [`OpenBody::decompress`] is called.
    pub(crate) fn new(head: ResponseHead, permit: Permit) -> OpenBody {
        let ResponseHead { response, peer, entry, .. } = head;
        entry.begin_stream();
        OpenBody { response, peer, pace: Pace::default(), decompressor: None, entry, permit: Some(permit) }
    }

    /// Gives back the permit of a body that is not read for a while, so that other requests need not wait for its end. A
    /// body of HTTP/2 is given up if the rest of it can be asked for: its unread bytes take the room of all requests on
    /// the same connection.
    pub(crate) fn rest(body: &mut Option<OpenBody>, has_ranges: bool) {
        body.take_if(|open| has_ranges && open.response.version() == Version::HTTP_2);
        if let Some(open) = body {
            open.permit = None;
        }
    }

    /// Whether the body rests. It needs a permit before it is read on.
    pub(crate) fn is_resting(&self) -> bool {
        self.permit.is_none()
    }

    /// Lets a body that rests be read on.
    pub(crate) fn go_on(&mut self, permit: Permit) {
        self.permit = Some(permit);
    }

    /// Decompresses the pieces that are still to come.
    pub(crate) fn decompress(&mut self) {
        self.decompressor = Some(Decompressor::default());
    }

    /// Returns the next piece, or `None` at the end. A compressed piece may be empty, or give several pieces.
    pub(crate) async fn next_piece(&mut self, timeouts: &Timeouts) -> Result<Option<Bytes>, SendError> {
        let outcome = self.read_piece(timeouts).await;
        self.entry.line.bytes = self.pace.bytes;
        if let Err(cause) = &outcome {
            self.entry.line.failure = Some(SafeText::from(cause.to_string()));
        }
        outcome.map_err(|cause| cause.at(&self.peer))
    }

    async fn read_piece(&mut self, timeouts: &Timeouts) -> Result<Option<Bytes>, Cause> {
        if let Some(decompressor) = self.decompressor.as_mut().filter(|decompressor| decompressor.has_input())
        {
            return decompressor.next_piece().map(Some);
        }
        let is_first = self.pace.bytes == 0;
        let piece = read_piece(&mut self.response, &mut self.pace, timeouts).await?;
        if is_first && piece.as_ref().is_some_and(|piece| !content_encoding::is_compressed(piece)) {
            self.decompressor = None;
        }
        match (&mut self.decompressor, piece) {
            (None, piece) => Ok(piece),
            (Some(decompressor), Some(piece)) => decompressor.take(piece).map(Some),
            (Some(decompressor), None) => decompressor.finish().map(|()| None),
        }
    }
}

impl Drop for OpenBody {
    fn drop(&mut self) {
        self.entry.end();
    }
}

/// The number of bytes that came, and the time that the client waited for them. The time in between is not the
/// server's.
#[derive(Debug, Default)]
struct Pace {
    bytes: u64,
    waited: Duration,
}

impl Pace {
    fn is_too_slow(&self, timeouts: &Timeouts) -> bool {
        self.waited > timeouts.idle
            && (self.bytes as f64) < self.waited.as_secs_f64() * timeouts.min_bytes_per_second as f64
    }
}

async fn read_piece(
    response: &mut Response,
    pace: &mut Pace,
    timeouts: &Timeouts,
) -> Result<Option<Bytes>, Cause> {
    let start = Instant::now();
    let outcome = tokio::time::timeout(timeouts.idle, response.chunk()).await;
    pace.waited += start.elapsed();
    match outcome {
        Ok(Ok(piece)) => {
            pace.bytes += piece.as_ref().map_or(0, |piece| piece.len() as u64);
            if piece.is_some() && pace.is_too_slow(timeouts) { Err(Cause::TooSlow) } else { Ok(piece) }
        }
        Ok(Err(_)) => Err(Cause::Connection("it broke off in the middle of the answer".into())),
        Err(_) => Err(Cause::Timeout("in the middle of the answer", timeouts.idle)),
    }
}
