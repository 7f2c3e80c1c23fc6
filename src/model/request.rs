//! One request as the request log shows it. Holds no secret: user information and query values are gone.

use std::time::Duration;

use jiff::Timestamp;

use super::text::SafeText;

/// A request that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLine {
    /// When it was sent.
    pub at: Timestamp,
    /// `GET`, `HEAD` and the like.
    pub method: &'static str,
    /// Origin and path, the values of the query replaced by `…`.
    pub url: SafeText,
    /// The status; `None` when no answer came.
    pub status: Option<u16>,
    /// From sending to the end of the body.
    pub took: Duration,
    /// Bytes of the answer's body.
    pub bytes: u64,
    /// 1 for the first try.
    pub attempt: u32,
    /// What went wrong, where there was no answer.
    pub failure: Option<SafeText>,
}
