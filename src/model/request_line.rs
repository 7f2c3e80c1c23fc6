//! A request as the request log shows it. It holds no secret: user information and query values are removed.

use std::time::Duration;

use jiff::Timestamp;

use super::text::SafeText;

/// A request that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLine {
    /// The time at which the request was sent.
    pub at: Timestamp,
    /// The HTTP method: `GET`, `HEAD` and the like.
    pub method: &'static str,
    /// Origin and path, with the values of the query replaced by `…`.
    pub url: SafeText,
    /// The status; `None` if there was no answer.
    pub status: Option<u16>,
    /// The time from sending the request to the end of the body.
    pub took: Duration,
    /// The number of bytes of the answer's body.
    pub bytes: u64,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The error, if there was no answer.
    pub failure: Option<SafeText>,
}
