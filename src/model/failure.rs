//! What went wrong, in words for a person.

use std::fmt;

use serde::Serialize;

use super::text::SafeText;

/// Something that failed: what, why, and what may help. Everything in it may be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What was tried: `cannot list the tags of team/app`.
    pub what: SafeText,
    /// What stopped it: `403 DENIED: requested access to the resource is denied`.
    pub why: SafeText,
    /// What may help, if anything is known to: `log in with `docker login ghcr.io``.
    pub hint: Option<SafeText>,
    /// The kind of trouble, for what to do next.
    pub kind: FailureKind,
}

/// The kinds of trouble that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The registry did not answer: name, connection, TLS, time.
    Unreachable,
    /// 401 or 403, or a 404 that may hide one of them; a quota that is used up.
    Denied,
    /// This very tag or image is guarded against change, as immutable ones are.
    Protected,
    /// It is not there.
    NotFound,
    /// The registry does not offer this: 404 or 405 on the endpoint itself, `UNSUPPORTED`.
    Unsupported,
    /// Asked too often: 429, 503 with a time to wait.
    Busy,
    /// The server took a change and does not show it.
    Unconfirmed,
    /// An answer that breaks the protocol: wrong digest, no JSON, too large.
    BadAnswer,
    /// Something on this side: a file, a setting.
    Local,
}

impl Failure {
    /// Whether the same request may succeed if it is made again.
    pub fn may_pass(&self) -> bool {
        matches!(self.kind, FailureKind::Unreachable | FailureKind::Busy)
    }
}

impl fmt::Display for Failure {
    /// What and why on one line, the hint on its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}
