//! The body of a request. Every body can be sent a second time, as a 401 or a redirect may require.

use bytes::Bytes;
use reqwest::RequestBuilder;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};

use crate::client::blob::upload_body::BlobRange;

/// The body of a request.
#[derive(Debug, Clone)]
pub enum Payload {
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
    /// A part of a blob, sent while it is read.
    Part(BlobRange),
}

impl Payload {
    /// Adds the body to a request. Its length is always announced: storage behind registries insists on it.
    pub fn add_to(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Payload::None => request,
            Payload::Empty => request.header(CONTENT_LENGTH, 0),
            Payload::Bytes { media_type, bytes } => {
                request.header(CONTENT_TYPE, media_type).body(bytes.clone())
            }
            Payload::Part(part) => request
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_LENGTH, part.length())
                .body(part.body()),
        }
    }
}
