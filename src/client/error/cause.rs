//! The reasons why a request fails, in words.

use std::fmt;
use std::time::Duration;

use crate::client::http::error_body::ErrorBody;
use crate::client::vendors;
use crate::model::digest::Digest;
use crate::model::text::SafeText;

/// The reason why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The name has no address.
    NoAddress(SafeText),
    /// A server has named a host that leads inside this machine or network link.
    ForbiddenAddress,
    /// No process listens at the address.
    Refused,
    /// The connection could not be made, or it broke.
    Connection(SafeText),
    /// The certificate is not accepted: the kind of the fault, and the fault in words.
    Certificate(CertificateFault, SafeText),
    /// The server requires a client certificate, or does not accept the one that it got.
    ClientCertificate(SafeText),
    /// TLS failed for another reason than a certificate.
    Tls(SafeText),
    /// The client spoke TLS to a server without TLS, or plain HTTP to a server with TLS.
    Scheme {
        /// Whether the server has no TLS.
        server_is_plain: bool,
    },
    /// The registry would be reached without TLS, and a certificate is pinned for it.
    PlainRefused,
    /// The server answers as a registry neither over TLS nor over plain HTTP. The text describes its answer.
    NotARegistry(SafeText),
    /// Nothing arrived for this long.
    Timeout(&'static str, Duration),
    /// The body arrived too slowly to be of use.
    TooSlow,
    /// The body was not complete after this long, although it kept arriving. Another try would take as long.
    Unfinished(Duration),
    /// The response was not a success.
    Status {
        /// HTTP status.
        status: u16,
        /// Code and message of the registry, if it sent them.
        body: ErrorBody,
        /// How long the registry asks the client to wait.
        wait: Option<Duration>,
    },
    /// The registry or its token service accepted the login or says so: the login lacks the right. Registries should
    /// answer 403, and some answer 401.
    InsufficientRights {
        /// HTTP status.
        status: u16,
        /// Code and message of the server, if it sent them.
        body: ErrorBody,
    },
    /// The token service refuses the stored login. The login is wrong or lacks the right.
    LoginDenied {
        /// HTTP status.
        status: u16,
        /// Code and message of the token service, if it sent them.
        body: ErrorBody,
    },
    /// The registry refused a request without a login. There is a login, and it was not sent to the token service that
    /// the registry names, which is outside of its own site.
    LoginWithheld {
        /// HTTP status.
        status: u16,
        /// Code and message of the registry, if it sent them.
        body: ErrorBody,
        /// The host of the token service.
        token_service: SafeText,
    },
    /// The target of the registry's redirect answered with this status. As a rule the address has expired, which is not
    /// a missing right.
    Storage(u16),
    /// A web page came instead of JSON.
    WebPage,
    /// The response breaks the protocol.
    BadAnswer(SafeText),
    /// The response is larger than this many bytes.
    TooLarge(u64),
    /// The bytes do not have the digest that was requested.
    DigestMismatch {
        /// The digest that was requested.
        expected: Box<Digest>,
        /// The digest of the bytes that arrived.
        actual: Box<Digest>,
    },
    /// The redirect is not followed.
    Redirect(SafeText),
    /// The token endpoint is not contacted.
    UntrustedRealm(SafeText),
    /// The registry leads an upload to this origin, and the user has not allowed that.
    UntrustedUploadOrigin(SafeText),
    /// The stored login was refused.
    LoginRefused(SafeText),
    /// The user stopped the request.
    Stopped,
    /// Something failed on this machine.
    Local(SafeText),
}

/// The kind of fault of a certificate. The hint depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    /// No authority that is trusted here has signed it.
    Authority,
    /// It has expired, or is not valid yet.
    Dates,
    /// It is for another name.
    Name,
    /// Another certificate is pinned for the server.
    Changed,
    /// Any other fault. Only another certificate helps.
    Other,
}

impl Cause {
    /// Builds the cause for bytes that do not have the requested digest.
    pub(crate) fn digest(wanted: Digest, got: Digest) -> Cause {
        Cause::DigestMismatch { expected: Box::new(wanted), actual: Box::new(got) }
    }

    /// Returns whether the same request may succeed if it is sent again at once or soon.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Cause::Connection(_) | Cause::Timeout(..) | Cause::TooSlow | Cause::Storage(_) => true,
            Cause::Status { status, .. } => is_transient_status(*status),
            _ => false,
        }
    }

    /// Returns whether the server has more to do than it can: it says so, breaks connections, or does not answer in time.
    pub(in crate::client) fn is_overload(&self) -> bool {
        match self {
            Cause::Connection(_) | Cause::Timeout(..) => true,
            Cause::Status { status, .. } => matches!(status, 429 | 503),
            _ => false,
        }
    }

    /// Returns whether the server says that it does not support the operation, in general or for this kind of object.
    pub(super) fn is_unsupported(&self) -> bool {
        let Cause::Status { status, body: said, .. } = self else { return false };
        let is_code = |codes: &[&str]| codes.iter().any(|code| said.has_code(code));
        match status {
            405 | 501 => !self.is_protected() && !is_code(&["DENIED"]),
            400 if self.is_protected() => false,
            _ => is_code(&["UNSUPPORTED"]) || vendors::says_unsupported(*status, said),
        }
    }

    /// Returns whether the server refuses a manifest because of its media type: docs/REGISTRIES.md §8.1.
    pub(super) fn refuses_media_type(&self) -> bool {
        let Cause::Status { status, body: said, .. } = self else { return false };
        let names_type = || {
            let words = [&said.message, &said.detail].into_iter().flatten();
            let words: Vec<String> = words.map(|text| text.as_str().to_lowercase()).collect();
            let has = |part: &str| words.iter().any(|text| text.contains(part));
            has("media type") || has("mediatype") || has("vnd.docker.") || has("content type")
        };
        match status {
            415 => true,
            400 | 422 => (said.has_code("MANIFEST_INVALID") || said.has_code("UNSUPPORTED")) && names_type(),
            _ => false,
        }
    }

    /// Returns whether the server protects this very object against change: docs/REGISTRIES.md §7.5.
    pub(in crate::client) fn is_protected(&self) -> bool {
        let Cause::Status { status, body: said, .. } = self else { return false };
        vendors::says_protected(*status, said) || (*status == 412 && !self.is_quota())
    }

    /// Returns whether the server protects this object by a rule for immutable tags. A 412 also comes from rules about
    /// vulnerabilities, signatures and references: docs/REGISTRIES.md §7.5.
    pub(in crate::client) fn is_immutable(&self) -> bool {
        let Cause::Status { status, body: said, .. } = self else { return false };
        said.mentions("immutab") || (*status != 412 && vendors::says_protected(*status, said))
    }

    /// Returns whether the request exceeds a size or quota of the server: docs/REGISTRIES.md §10 row 33. Rate limits do not count.
    pub(in crate::client) fn is_quota(&self) -> bool {
        let Cause::Status { status, body: said, .. } = self else { return false };
        let is_protected = || vendors::says_protected(*status, said);
        match status {
            413 | 507 => true,
            401 | 408 | 425 | 429 => false,
            400..=499 => (said.has_word("quota") || vendors::says_quota(*status, said)) && !is_protected(),
            _ => false,
        }
    }

    /// Returns whether one request is larger than the server takes. GHCR answers 416 for a part beyond its limit
    /// (<https://github.com/ocx-sh/ocx/issues/237>), other servers and proxies 413.
    pub(in crate::client) fn is_too_large(&self) -> bool {
        let Cause::Status { status, body: said, .. } = self else { return false };
        match status {
            413 => true,
            400 | 416 => said.mentions("too large") || said.mentions("exceeds the maximum"),
            _ => false,
        }
    }

    /// Returns whether the server refused the identity of the client, so that another login may help.
    pub(crate) fn is_about_login(&self) -> bool {
        match self {
            Cause::Status { status: 401 | 403, .. } => !self.is_quota() && !self.is_protected(),
            Cause::InsufficientRights { .. } | Cause::LoginDenied { .. } | Cause::LoginRefused(_) => true,
            _ => false,
        }
    }

    /// Returns the status, if there was a response.
    pub fn status(&self) -> Option<u16> {
        match self {
            Cause::Status { status, .. }
            | Cause::LoginDenied { status, .. }
            | Cause::LoginWithheld { status, .. }
            | Cause::InsufficientRights { status, .. } => Some(*status),
            _ => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::NoAddress(text) => write!(f, "the name cannot be resolved: {text}"),
            Cause::ForbiddenAddress => {
                f.write_str("the name leads to an address inside this machine or network link")
            }
            Cause::Refused => f.write_str("nothing listens there (connection refused)"),
            Cause::Connection(text) => write!(f, "the connection failed: {text}"),
            Cause::Certificate(_, text) | Cause::ClientCertificate(text) | Cause::Tls(text) => {
                write!(f, "TLS failed: {text}")
            }
            Cause::Scheme { server_is_plain: true } => f.write_str("the server speaks plain HTTP, not HTTPS"),
            Cause::Scheme { server_is_plain: false } => {
                f.write_str("the server speaks HTTPS, not plain HTTP")
            }
            Cause::PlainRefused => f.write_str(
                "it would be reached over plain HTTP, without TLS, although a certificate is pinned for it: nothing is sent",
            ),
            Cause::NotARegistry(text) => write!(f, "{text}"),
            Cause::Timeout(what, Duration::ZERO) => write!(f, "no answer in time {what}"),
            Cause::Timeout(what, limit) => write!(f, "nothing came for {} s {what}", limit.as_secs_f32()),
            Cause::TooSlow => f.write_str("the answer arrives too slowly"),
            Cause::Unfinished(limit) => {
                write!(f, "the answer was not complete after {} s", limit.as_secs_f32())
            }
            Cause::Status { status, body, .. } => write_status(f, *status, body),
            Cause::LoginDenied { status, body } => {
                f.write_str("the login is refused: ")?;
                write_status(f, *status, body)
            }
            Cause::LoginWithheld { status, body, token_service } => {
                write_status(f, *status, body)?;
                write!(
                    f,
                    "; the login is not sent to `{token_service}`, which is outside of the registry's site"
                )
            }
            Cause::InsufficientRights { status, body } => {
                write!(f, "the login is valid and lacks the right for this ({status}")?;
                match &body.message {
                    Some(message) => write!(f, ": {message})"),
                    None => f.write_str(")"),
                }
            }
            Cause::Storage(status) => write!(f, "{status} {}", reason(*status)),
            Cause::WebPage => f.write_str("the answer is a web page, not JSON"),
            Cause::BadAnswer(text) => write!(f, "{text}"),
            Cause::TooLarge(cap) => {
                write!(f, "the answer is larger than {}", crate::model::size::bytes(*cap))
            }
            Cause::DigestMismatch { expected: wanted, actual: got } => {
                write!(f, "the content does not match its digest: asked for {wanted}, got {got}")
            }
            Cause::Redirect(text) => write!(f, "the redirect is not followed: {text}"),
            Cause::UntrustedRealm(text) => write!(f, "the login is not sent: {text}"),
            Cause::UntrustedUploadOrigin(origin) => {
                write!(
                    f,
                    "the upload is not sent: the registry leads it to `{origin}`, which is not its own address"
                )
            }
            Cause::LoginRefused(text) => write!(f, "the login is refused: {text}"),
            Cause::Stopped => f.write_str("it was stopped"),
            Cause::Local(text) => write!(f, "{text}"),
        }
    }
}

fn write_status(f: &mut fmt::Formatter<'_>, status: u16, said: &ErrorBody) -> fmt::Result {
    write!(f, "{status}")?;
    if let Some(code) = &said.code {
        write!(f, " {code}")?;
    }
    match &said.message {
        Some(message) => write!(f, ": {message}")?,
        None if said.code.is_none() => write!(f, " {}", reason(status))?,
        None => {}
    }
    match &said.detail {
        // The details of these repeat the name that was asked for.
        Some(detail) if !matches!(status, 401 | 403 | 404) => write!(f, " ({detail})"),
        Some(_) | None => Ok(()),
    }
}

/// Returns whether a request that was answered with this status may succeed the next time.
pub(crate) fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 522)
}

pub(super) fn reason(status: u16) -> &'static str {
    reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_shown_unless_they_repeat_the_question() {
        let body = br#"{"errors":[{"code":"MANIFEST_INVALID","message":"no","detail":{"mediaType":"a/b"}}]}"#;
        let said = |status| Cause::Status { status, body: ErrorBody::of(body), wait: None }.to_string();
        assert_eq!(said(415), "415 MANIFEST_INVALID: no (mediaType: a/b)");
        assert_eq!(said(404), "404 MANIFEST_INVALID: no");
        let page = ErrorBody::of(b"<html><title>400 Request Header Or Cookie Too Large</title>");
        let page = Cause::Status { status: 400, body: page, wait: None };
        assert_eq!(page.to_string(), "400: Request Header Or Cookie Too Large");
    }

    #[test]
    fn a_media_type_is_refused_by_415_or_by_words_about_it() {
        let body = |code: &str, rest: &str| {
            let text = format!(r#"{{"errors":[{{"code":"{code}","message":"manifest invalid"{rest}}}]}}"#);
            ErrorBody::of(text.as_bytes())
        };
        let detail = r#","detail":{"mediaType":"application/vnd.docker.distribution.manifest.v2+json"}"#;
        let words = r#","detail":"unsupported media type""#;
        let table = [
            (415, ErrorBody::default(), true),
            (400, body("MANIFEST_INVALID", detail), true),
            (422, body("MANIFEST_INVALID", words), true),
            (400, body("UNSUPPORTED", words), true),
            (400, body("MANIFEST_INVALID", ""), false),
            (400, body("MANIFEST_BLOB_UNKNOWN", detail), false),
            (404, body("MANIFEST_INVALID", detail), false),
        ];
        for (status, body, expected) in table {
            let cause = Cause::Status { status, body, wait: None };
            assert_eq!(cause.refuses_media_type(), expected, "{cause:?}");
        }
    }
}
