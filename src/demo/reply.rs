//! Answers: their bodies are single pieces, shared and never copied, or streams.

use std::fmt::Display;
use std::io;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use serde::Serialize;

/// The pieces of a body. An error cuts the connection.
pub(crate) type Pieces = BoxStream<'static, io::Result<Frame<Bytes>>>;
/// A whole body, or one in pieces.
pub(crate) type Body = Either<Full<Bytes>, StreamBody<Pieces>>;
/// An answer.
pub(crate) type Reply = Response<Body>;

/// Returns an answer with an empty body.
pub(crate) fn empty(status: StatusCode) -> Reply {
    whole(status, Bytes::new())
}

/// Returns an answer with `body`, which has the type `media_type`.
pub(crate) fn of(status: StatusCode, media_type: &str, body: Bytes) -> Reply {
    let mut reply = whole(status, body);
    set(&mut reply, header::CONTENT_TYPE, media_type);
    reply
}

/// Returns a 200 with `value` as JSON of the type `media_type`.
pub(crate) fn json(media_type: &str, value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(body) => of(StatusCode::OK, media_type, Bytes::from(body)),
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Returns an answer of `length` bytes that come in pieces.
pub(crate) fn stream(status: StatusCode, length: u64, pieces: Pieces) -> Reply {
    let mut reply = Response::new(Either::Right(StreamBody::new(pieces)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    reply
}

/// Sets a header. A value that is not valid in a header (it came from a request) is left out.
pub(crate) fn set(reply: &mut Reply, name: HeaderName, value: impl Display) {
    insert(reply.headers_mut(), name, value);
}

/// Sets a header in `headers`, as [`set`] does.
pub(crate) fn insert(headers: &mut HeaderMap, name: HeaderName, value: impl Display) {
    if let Ok(value) = HeaderValue::try_from(value.to_string()) {
        headers.insert(name, value);
    }
}

/// Returns the same head without the body, as the answer to HEAD.
pub(crate) fn without_body(reply: Reply) -> Reply {
    reply.map(|_| Either::Left(Full::new(Bytes::new())))
}

fn whole(status: StatusCode, body: Bytes) -> Reply {
    let length = body.len();
    let mut reply = Response::new(Either::Left(Full::new(body)));
    *reply.status_mut() = status;
    // A 204 has no body, and no length (RFC 9110 § 8.6).
    if status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED {
        reply.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    reply
}

/// The headers of the distribution API that are not part of HTTP.
pub(crate) mod name {
    use super::HeaderName;

    /// The digest of the manifest or blob.
    pub(crate) const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
    /// `registry/2.0`.
    pub(crate) const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
    /// The id of an upload.
    pub(crate) const UPLOAD: HeaderName = HeaderName::from_static("docker-upload-uuid");
    /// The subject of a manifest that was just stored. It tells that the list of referrers now holds the manifest.
    pub(crate) const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
    /// The filters that were applied to a list of referrers.
    pub(crate) const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");
}
