//! Failures, in words for the user.

use std::fmt;

use serde::Serialize;

use super::text::SafeText;

/// A failure: the action that failed, the reason, and a hint. Every part may be drawn on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The action that failed: `cannot list the tags of team/app`.
    pub what: SafeText,
    /// The reason: `403 DENIED: requested access to the resource is denied`.
    pub why: SafeText,
    /// A hint that may help, if there is one: `log in with `regtui login ghcr.io``.
    pub hint: Option<SafeText>,
    /// The kind of failure, which decides the next step.
    pub kind: FailureKind,
}

/// The kinds of failure that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The registry did not answer: name, connection, TLS, time.
    Unreachable,
    /// The certificate of the server is not accepted, or it speaks no TLS. Nothing was sent to it, and the user can decide
    /// about it.
    Untrusted,
    /// 401 or 403, or a 404 that may hide one of them, or a quota that is used up.
    Denied,
    /// The tag or image is protected against changes, as immutable ones are.
    Protected,
    /// The registry does not have the tag, manifest or the like that was asked for.
    NotFound,
    /// The registry does not offer this: 404 or 405 on the endpoint itself, `UNSUPPORTED`.
    Unsupported,
    /// Too many requests: 429, or 503 with a time to wait.
    Busy,
    /// The requests that are left at a registry do not suffice, and nothing was sent yet.
    OverBudget,
    /// The server accepted a change and does not show it.
    Unconfirmed,
    /// An answer that breaks the protocol: wrong digest, no JSON, too large.
    BadAnswer,
    /// A failure on this machine: a file, a setting.
    Local,
}

impl FailureKind {
    /// Returns whether a login or a decision of the user may lift the failure.
    pub(crate) fn is_up_to_user(self) -> bool {
        matches!(self, FailureKind::Denied | FailureKind::Untrusted)
    }
}

impl Failure {
    /// Returns a failure that no request caused: the state that regtui found does not allow the action.
    pub(crate) fn local(what: impl Into<SafeText>, why: impl Into<SafeText>) -> Failure {
        Failure { what: what.into(), why: why.into(), hint: None, kind: FailureKind::BadAnswer }
    }

    /// Returns whether nothing failed yet: too few requests are left, and the user may go on nevertheless.
    pub(crate) fn is_over_budget(&self) -> bool {
        self.kind == FailureKind::OverBudget
    }
}

impl fmt::Display for Failure {
    /// Writes the action and the reason on one line, and the hint on a line of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}
