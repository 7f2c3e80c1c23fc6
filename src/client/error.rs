//! Everything that can go wrong with a registry, and the texts for it.
//!
//! | subject | file |
//! |---|---|
//! | the reason | `cause` |
//! | the server that failed | `peer` |
//! | kinds of failures, and hints | `hint` |
//! | errors of the HTTP library and of TLS | `conversion` |

mod cause;
mod conversion;
mod hint;
mod peer;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

pub use cause::Cause;
pub(crate) use cause::CertificateFault;
pub(crate) use cause::is_transient_status;
pub use peer::Peer;
pub(crate) use peer::SendError;

use super::credentials::LoginProblem;
use super::vendors;
use crate::model::failure::Failure;
use crate::model::text::SafeText;

/// A request that failed.
#[derive(Debug, Clone)]
pub struct Error {
    /// The reason.
    pub cause: Cause,
    /// Method and redacted URL. `None` if the request failed before it had a URL.
    pub(crate) request: Option<SafeText>,
    /// The number of tries.
    pub tries: u32,
    /// The registry, for hints that name it.
    pub host: SafeText,
    /// The server that failed. It need not be the registry.
    pub peer: Peer,
    /// The problems with the sources of logins, if the server refused the identity of the client.
    pub(crate) login_problems: Arc<[LoginProblem]>,
}

impl Error {
    /// Builds the error of a request that failed before it was sent to a registry.
    pub fn unsent(host: impl Into<SafeText>, cause: Cause) -> Error {
        let (host, login_problems) = (host.into(), Arc::default());
        Error { cause, request: None, tries: 1, host, peer: Peer::Registry, login_problems }
    }

    /// Returns whether the server does not support the operation at all, for example deleting by tag. Another method
    /// may still work.
    pub fn is_unsupported(&self) -> bool {
        self.cause.is_unsupported()
    }

    /// Returns whether the server refuses a manifest because of its media type. Another type may be accepted.
    pub(crate) fn refuses_media_type(&self) -> bool {
        self.cause.refuses_media_type()
    }

    /// Returns whether the registry itself says, in its own words, that a manifest or a repository does not exist. A
    /// page with the same status may come from a proxy, or from a server that has no such route.
    pub(crate) fn says_missing(&self) -> bool {
        let Cause::Status { status: 404, body: said, .. } = &self.cause else { return false };
        said.has_code("MANIFEST_UNKNOWN") || said.has_code("NAME_UNKNOWN")
    }

    /// Returns whether the server protects this very tag or image against change, as it does with immutable tags.
    pub fn is_protected(&self) -> bool {
        self.cause.is_protected()
    }

    /// Returns whether the server refuses to delete an image only because it has tags.
    pub(crate) fn is_blocked_by_tags(&self) -> bool {
        matches!(&self.cause, Cause::Status { status, body, .. } if vendors::says_blocked_by_tags(*status, body))
    }

    /// Returns whether the server refuses to delete an image only because an index lists it.
    pub(crate) fn is_listed_by_index(&self) -> bool {
        matches!(&self.cause, Cause::Status { status, body, .. } if vendors::says_listed_by_index(*status, body))
    }

    /// Returns whether the user stopped the request.
    pub fn is_stopped(&self) -> bool {
        self.cause == Cause::Stopped
    }

    /// Describes the failure of listing repositories for the user. Not every registry has such a list.
    pub(crate) fn catalog_failure(&self) -> Failure {
        let failure = self.failure(format!("cannot list the repositories of {}", self.host));
        match self.cause.status() {
            Some(404 | 405 | 501) => Failure {
                hint: Some(SafeText::from(format!(
                    "not every registry has such a list: name a repository, as in `{}/NAME`",
                    self.host
                ))),
                ..failure
            },
            _ => failure,
        }
    }

    /// Returns the cause in words, after the name of the server that failed unless that is the registry:
    /// ``its storage `s3.test:9000`: nothing listens there``.
    pub(crate) fn why(&self) -> String {
        match &self.peer {
            Peer::Registry => self.cause.to_string(),
            peer => format!("{peer}: {}", self.cause),
        }
    }

    /// Describes the failure for the user. The argument names the operation: `cannot list the tags of team/app`.
    pub fn failure(&self, what: impl Into<SafeText>) -> Failure {
        let tries = if self.tries > 1 { format!(" (after {} tries)", self.tries) } else { String::new() };
        Failure {
            what: what.into(),
            why: SafeText::from(format!("{}{tries}", self.why())),
            hint: self.hint().map(SafeText::from),
            kind: self.cause.kind(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.request {
            Some(request) => write!(f, "{request}: {}", self.why()),
            None => f.write_str(&self.why()),
        }
    }
}

impl StdError for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::http::error_body::ErrorBody;
    use crate::model::failure::FailureKind;

    #[test]
    fn messages_have_a_hint_that_helps() {
        let error = |cause| Error::unsent("reg.example:5000", cause);
        let denied = Cause::Status { status: 401, body: ErrorBody::default(), wait: None };
        let failure = error(denied).failure("cannot list the tags of `team/app`");
        assert_eq!(failure.kind, FailureKind::Denied);
        assert_eq!(
            failure.to_string(),
            "cannot list the tags of `team/app`: 401 Unauthorized\nhint: log in with `regtui login reg.example:5000`, or check the rights of that login"
        );
        let missing = Cause::Status { status: 404, body: ErrorBody::default(), wait: None };
        let hint = |failure: Failure| failure.hint.expect("a hint").to_string();
        assert!(hint(error(missing.clone()).failure("")).contains("may not see it"));
        assert!(
            hint(error(missing).catalog_failure())
                .contains("name a repository, as in `reg.example:5000/NAME`")
        );
        let helper = LoginProblem::Helper {
            source: "/h/.docker/config.json".into(),
            setting: "credsStore",
            program: "docker-credential-pass".into(),
            why: "is not in PATH".into(),
        };
        let denied = Cause::Status { status: 401, body: ErrorBody::default(), wait: None };
        let without = Error { login_problems: [helper].into(), ..error(denied) };
        assert_eq!(
            hint(without.failure("")),
            "a stored login may be missing: `docker-credential-pass`, which `credsStore` in `/h/.docker/config.json` \
             names, is not in PATH; correct this, or log in with `regtui login reg.example:5000`, or check the rights of that login"
        );
        let plain = error(Cause::Scheme { server_is_plain: true }).failure("cannot open the registry");
        assert!(plain.hint.is_some_and(|hint| hint.as_str().contains("--plain-http")));
    }
}
