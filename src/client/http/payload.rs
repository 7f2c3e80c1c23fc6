//! The body of a request. Every body can be sent a second time, as a 401 or a redirect may require.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Body, RequestBuilder, Response};

use super::timeouts::Timeouts;
use crate::client::error::Cause;

/// Bytes a second at which a server is trusted to store and hash the bytes that it received.
const STORING: u64 = 16 * 1024 * 1024;

/// The body of a request.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// No body at all: GET, HEAD, DELETE.
    None,
    /// A body of no bytes, with its length: some servers refuse a POST without a length.
    Empty,
    /// These bytes.
    Bytes {
        /// Their `Content-Type`.
        media_type: String,
        /// All of them.
        bytes: Bytes,
    },
    /// Bytes that are sent while they are read.
    Stream(Arc<dyn StreamedBody>),
}

/// A body that is read while it is sent. It can be sent more than once.
pub(crate) trait StreamedBody: Debug + Send + Sync {
    /// Returns the number of bytes.
    fn length(&self) -> u64;

    /// Returns a body with all bytes, from the first one on.
    fn body(&self) -> Body;

    /// Returns how far the bytes have come.
    fn progress(&self) -> StreamProgress;
}

/// How far a streamed body has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamProgress {
    /// A counter of the bytes that were given to the connection, those sent again included. Only differences count.
    pub(crate) given_out: u64,
    /// Whether the connection waits for the source of the bytes.
    pub(crate) is_waiting_for_source: bool,
}

impl Payload {
    /// Adds the body to a request. Its length is always announced: storage behind registries insists on it.
    pub(crate) fn add_to(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Payload::None => request,
            Payload::Empty => request.header(CONTENT_LENGTH, 0),
            Payload::Bytes { media_type, bytes } => {
                request.header(CONTENT_TYPE, media_type).body(bytes.clone())
            }
            Payload::Stream(stream) => request
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_LENGTH, stream.length())
                .body(stream.body()),
        }
    }

    /// Waits for the head of the response to a request with this body. Fails if nothing comes within `limit`, or if a
    /// stream stands still.
    pub(crate) async fn wait_for_response(
        &self,
        answer: impl Future<Output = reqwest::Result<Response>>,
        limit: Duration,
        timeouts: &Timeouts,
    ) -> Result<reqwest::Result<Response>, Cause> {
        match self {
            Payload::Stream(stream) => wait_while_it_moves(&**stream, answer, timeouts).await,
            Payload::None | Payload::Empty | Payload::Bytes { .. } => {
                let late = |_| Cause::Timeout("before the answer began", limit);
                tokio::time::timeout(limit, answer).await.map_err(late)
            }
        }
    }
}

/// Waits for the response to a request with a stream, as long as the stream moves. Fails if it stands still because of
/// the server. A server that has received everything may take its time to store it.
async fn wait_while_it_moves(
    stream: &dyn StreamedBody,
    answer: impl Future<Output = reqwest::Result<Response>>,
    timeouts: &Timeouts,
) -> Result<reqwest::Result<Response>, Cause> {
    let mut answer = std::pin::pin!(answer);
    let before = stream.progress().given_out;
    let (mut seen, mut still) = (before, Duration::ZERO);
    loop {
        if let Ok(answer) = tokio::time::timeout(timeouts.idle, &mut answer).await {
            return Ok(answer);
        }
        let StreamProgress { given_out, is_waiting_for_source } = stream.progress();
        still =
            if given_out != seen || is_waiting_for_source { Duration::ZERO } else { still + timeouts.idle };
        seen = given_out;
        let limit = if given_out - before >= stream.length() {
            timeouts.headers + Duration::from_secs(stream.length() / STORING)
        } else {
            timeouts.idle * 3
        };
        if still >= limit {
            return Err(Cause::Timeout("while a blob was sent", still));
        }
    }
}
