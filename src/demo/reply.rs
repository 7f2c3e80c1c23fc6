//! The answers on their way out: bodies in one piece that are shared and never copied, or streams.

use std::fmt::Display;
use std::io;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use serde::Serialize;

/// Pieces of a body; an error cuts the connection.
pub type Pieces = BoxStream<'static, io::Result<Frame<Bytes>>>;
/// A whole body, or one that comes in pieces.
pub type Body = Either<Full<Bytes>, StreamBody<Pieces>>;
/// An answer.
pub type Reply = Response<Body>;

/// An answer with nothing in it.
pub fn empty(status: StatusCode) -> Reply {
    whole(status, Bytes::new())
}

/// An answer with `body`, which is of `media_type`.
pub fn of(status: StatusCode, media_type: &str, body: Bytes) -> Reply {
    let mut reply = whole(status, body);
    set(&mut reply, header::CONTENT_TYPE, media_type);
    reply
}

/// 200 with `value` as JSON of `media_type`.
pub fn json(media_type: &str, value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(body) => of(StatusCode::OK, media_type, Bytes::from(body)),
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// An answer of `length` bytes that come in pieces.
pub fn stream(status: StatusCode, length: u64, pieces: Pieces) -> Reply {
    let mut reply = Response::new(Either::Right(StreamBody::new(pieces)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    reply
}

/// Sets a header. A value that cannot be one (it came from a request) is left out.
pub fn set(reply: &mut Reply, name: HeaderName, value: impl Display) {
    insert(reply.headers_mut(), name, value);
}

/// Sets a header among `headers`, as [`set`] does.
pub fn insert(headers: &mut HeaderMap, name: HeaderName, value: impl Display) {
    if let Ok(value) = HeaderValue::try_from(value.to_string()) {
        headers.insert(name, value);
    }
}

/// The same head without the body, as the answer to HEAD.
pub fn without_body(reply: Reply) -> Reply {
    reply.map(|_| Either::Left(Full::new(Bytes::new())))
}

fn whole(status: StatusCode, body: Bytes) -> Reply {
    let length = body.len();
    let mut reply = Response::new(Either::Left(Full::new(body)));
    *reply.status_mut() = status;
    // 204 has no body, and says no length (RFC 9110 § 8.6).
    if status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED {
        reply.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    reply
}

/// The headers of the distribution API that HTTP does not know.
pub mod name {
    use super::HeaderName;

    /// The digest of the manifest or blob.
    pub const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
    /// `registry/2.0`.
    pub const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
    /// The id of an upload.
    pub const UPLOAD: HeaderName = HeaderName::from_static("docker-upload-uuid");
    /// The subject of a manifest just stored: the referrers list holds it now.
    pub const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
    /// The filters that were applied to a list of referrers.
    pub const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");
}
