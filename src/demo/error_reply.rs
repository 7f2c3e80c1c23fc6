//! Refusals: the status, the code and the JSON of OCI distribution-spec § Error Codes, with the additional codes of
//! distribution.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{self, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::reply::{self, Reply};

/// An answer that reports an error.
#[derive(Debug)]
pub(crate) struct ErrorReply {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    more: Box<More>,
}

#[derive(Debug, Default)]
struct More {
    detail: Value,
    headers: Vec<(HeaderName, String)>,
}

impl ErrorReply {
    fn new(status: StatusCode, code: &'static str, message: &'static str) -> ErrorReply {
        ErrorReply { status, code, message, more: Box::default() }
    }

    /// Adds `detail` beside the message.
    pub(crate) fn about(mut self, detail: impl Into<Value>) -> ErrorReply {
        self.more.detail = detail.into();
        self
    }

    /// Adds a response header.
    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> ErrorReply {
        self.more.headers.push((name, value.into()));
        self
    }

    /// 404: nothing is served at this path.
    pub(crate) fn no_such_path() -> ErrorReply {
        ErrorReply::new(StatusCode::NOT_FOUND, "NOT_FOUND", "nothing is served at this path")
    }

    /// 405: the path is served, but not with this method.
    pub(crate) fn method(allowed: &'static str) -> ErrorReply {
        ErrorReply::unsupported().header(header::ALLOW, allowed)
    }

    /// 405: the settings of this registry forbid it.
    pub(crate) fn unsupported() -> ErrorReply {
        ErrorReply::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "the operation is unsupported")
    }

    /// Returns any status with a fitting code, for refusals by a setting.
    pub(crate) fn with_status(status: StatusCode) -> ErrorReply {
        match status {
            StatusCode::UNAUTHORIZED => ErrorReply::unauthorized(),
            StatusCode::FORBIDDEN => {
                ErrorReply::new(status, "DENIED", "requested access to the resource is denied")
            }
            StatusCode::NOT_FOUND => ErrorReply::no_such_path(),
            StatusCode::METHOD_NOT_ALLOWED => ErrorReply::unsupported(),
            other => ErrorReply::new(other, "UNKNOWN", "unknown error"),
        }
    }

    /// 401: the credentials are missing or wrong, or lack the right.
    pub(crate) fn unauthorized() -> ErrorReply {
        ErrorReply::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required")
    }

    /// 404: the repository does not exist.
    pub(crate) fn name_unknown(name: &str) -> ErrorReply {
        ErrorReply::new(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "repository name not known to registry")
            .about(json!({ "name": name }))
    }

    /// 400: this is not the name of a repository.
    pub(crate) fn name_invalid(name: &str) -> ErrorReply {
        ErrorReply::new(StatusCode::BAD_REQUEST, "NAME_INVALID", "invalid repository name")
            .about(json!({ "name": name }))
    }

    /// 400: this is not a tag, or the tag may not be changed.
    pub(crate) fn tag_invalid(message: &'static str) -> ErrorReply {
        ErrorReply::new(StatusCode::BAD_REQUEST, "TAG_INVALID", message)
    }

    /// 400: this is not a digest, or not the digest of the content that was sent.
    pub(crate) fn digest_invalid(detail: impl Into<Value>) -> ErrorReply {
        let message = "provided digest did not match uploaded content";
        ErrorReply::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message).about(detail)
    }

    /// 404: the manifest does not exist.
    pub(crate) fn manifest_unknown(reference: impl std::fmt::Display) -> ErrorReply {
        ErrorReply::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "manifest unknown")
            .about(json!({ "reference": reference.to_string() }))
    }

    /// 400: the manifest cannot be read or stored.
    pub(crate) fn manifest_invalid(detail: impl Into<Value>) -> ErrorReply {
        ErrorReply::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", "manifest invalid").about(detail)
    }

    /// 413: the manifest is larger than this registry stores.
    pub(crate) fn manifest_too_large() -> ErrorReply {
        ErrorReply::new(StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID", "manifest too large")
    }

    /// 404: a manifest names a blob or a child that is not in the repository.
    pub(crate) fn manifest_blob_unknown(digest: impl std::fmt::Display) -> ErrorReply {
        ErrorReply::new(StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
            .about(json!({ "digest": digest.to_string() }))
    }

    /// 404: the blob does not exist in this repository.
    pub(crate) fn blob_unknown(digest: impl std::fmt::Display) -> ErrorReply {
        ErrorReply::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry")
            .about(json!({ "digest": digest.to_string() }))
    }

    /// 404: the upload does not exist, or is over.
    pub(crate) fn upload_unknown() -> ErrorReply {
        ErrorReply::new(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
    }

    /// 400: the upload cannot continue with this request.
    pub(crate) fn upload_invalid(detail: impl Into<Value>) -> ErrorReply {
        ErrorReply::new(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", "blob upload invalid").about(detail)
    }

    /// 416: the state that the client sent is older than the last byte of the upload.
    pub(crate) fn stale_state(detail: impl Into<Value>) -> ErrorReply {
        ErrorReply::new(StatusCode::RANGE_NOT_SATISFIABLE, "RANGE_INVALID", "invalid content range")
            .about(detail)
    }

    /// 416: the chunk does not start at the end of the upload, or the range lies outside of the blob.
    pub(crate) fn out_of_range(detail: impl Into<Value>) -> ErrorReply {
        ErrorReply::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "BLOB_UPLOAD_INVALID",
            "requested range not satisfiable",
        )
        .about(detail)
    }

    /// 413: a blob is larger than this registry stores.
    pub(crate) fn blob_too_large() -> ErrorReply {
        ErrorReply::new(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", "blob too large")
    }

    /// 400: `n` is not a number, or is larger than allowed.
    pub(crate) fn page_size(n: &str) -> ErrorReply {
        let message = "invalid number of results requested";
        ErrorReply::new(StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID", message)
            .about(json!({ "n": n }))
    }

    /// Returns the answer to send.
    pub(crate) fn into_reply(self) -> Reply {
        let mut error = json!({ "code": self.code, "message": self.message });
        if !self.more.detail.is_null() {
            error["detail"] = self.more.detail;
        }
        let body = json!({ "errors": [error] }).to_string();
        let mut reply = reply::of(self.status, "application/json", Bytes::from(body));
        for (name, value) in self.more.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                reply.headers_mut().append(name, value);
            }
        }
        reply
    }
}
