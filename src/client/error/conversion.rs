//! Errors of the HTTP library and of TLS, as causes.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use super::{Cause, CertificateFault};
use crate::client::http::tls::{CertificateChanged, ForbiddenAddress, NoAuthorities};
use crate::model::text::SafeText;

impl Cause {
    /// Converts an error of the HTTP library.
    pub(crate) fn from_transport(error: &reqwest::Error) -> Cause {
        let chain = || sources(error);
        if let Some(cause) = chain().find_map(|error| {
            error.downcast_ref::<rustls::Error>().or_else(|| rustls_inside(error)).map(from_tls)
        }) {
            return cause;
        }
        let text = chain().last().map_or_else(|| "unknown".into(), |last| SafeText::from(last.to_string()));
        let kind = chain().find_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind);
        match kind {
            _ if chain().any(|error| error.is::<ForbiddenAddress>()) => Cause::ForbiddenAddress,
            _ if chain().any(|error| error.to_string().starts_with("dns error")) => Cause::NoAddress(text),
            Some(io::ErrorKind::ConnectionRefused) => Cause::Refused,
            _ if error.is_timeout() => Cause::Timeout("to connect", Duration::ZERO),
            _ => Cause::Connection(text),
        }
    }
}

impl Cause {
    /// Describes a fault of a certificate: `its certificate has expired`.
    pub(crate) fn describe_tls(error: &rustls::Error) -> SafeText {
        match from_tls(error) {
            Cause::Certificate(_, text) => text,
            other => SafeText::from(other.to_string()),
        }
    }
}

/// Iterates over the sources of an error, from the outermost to the innermost.
fn sources<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let current: &'a (dyn StdError + 'static) = next?;
        next = current.source();
        Some(current)
    })
}

/// Finds the rustls error inside an I/O error. It may be wrapped several times, and `source` of an I/O error skips it.
fn rustls_inside<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let inner = error.downcast_ref::<io::Error>()?.get_ref()?;
    inner.downcast_ref().or_else(|| rustls_inside(inner))
}

fn from_tls(error: &rustls::Error) -> Cause {
    use rustls::{Error, InvalidMessage};
    let text = match error {
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => {
            return Cause::Scheme { server_is_plain: true };
        }
        Error::InvalidCertificate(problem) => {
            return Cause::Certificate(certificate_fault(problem), certificate_problem(problem));
        }
        Error::UnsupportedNameType => {
            return Cause::Certificate(CertificateFault::Other, "its name cannot be checked".into());
        }
        Error::NoCertificatesPresented => "the server sends no certificate",
        Error::AlertReceived(alert) => return from_alert(*alert),
        Error::PeerIncompatible(problem) => incompatible(problem),
        Error::NoApplicationProtocol => "the server speaks neither HTTP/1.1 nor HTTP/2",
        Error::PeerMisbehaved(_)
        | Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerSentOversizedRecord => "the server breaks the rules of TLS",
        Error::DecryptError => "what the server sends cannot be decrypted",
        Error::FailedToGetCurrentTime => "the time on this machine is not known",
        Error::FailedToGetRandomBytes => "this machine has no random numbers",
        _ => "no connection is possible",
    };
    Cause::Tls(text.into())
}

fn incompatible(problem: &rustls::PeerIncompatible) -> &'static str {
    use rustls::PeerIncompatible as Problem;
    match problem {
        Problem::ServerDoesNotSupportTls12Or13
        | Problem::ServerTlsVersionIsDisabledByOurConfig
        | Problem::Tls12NotOffered
        | Problem::Tls12NotOfferedOrEnabled
        | Problem::SupportedVersionsExtensionRequired => "the server speaks neither TLS 1.2 nor TLS 1.3",
        Problem::NoCertificateRequestSignatureSchemesInCommon => {
            "the server accepts client certificates only with signatures that are not supported here"
        }
        _ => "the server offers no encryption that is supported here",
    }
}

/// Converts an alert, by which the server ends the connection: RFC 8446 § 6.2.
fn from_alert(alert: rustls::AlertDescription) -> Cause {
    use rustls::AlertDescription as Alert;
    let of_client = |text: &'static str| Cause::ClientCertificate(text.into());
    let text = match alert {
        Alert::CertificateRequired | Alert::NoCertificate => {
            return of_client("the server requires a client certificate");
        }
        // Servers with TLS 1.2 send it if there is no certificate at all.
        Alert::BadCertificate => {
            return of_client(
                "the server requires a client certificate, or does not accept the one that it got",
            );
        }
        Alert::CertificateExpired => {
            return of_client("the server says that the client certificate has expired");
        }
        Alert::CertificateRevoked => {
            return of_client("the server says that the client certificate has been revoked");
        }
        Alert::UnknownCA => {
            return of_client("the server does not trust the authority of the client certificate");
        }
        Alert::UnsupportedCertificate | Alert::CertificateUnknown | Alert::AccessDenied => {
            return of_client("the server does not accept the client certificate");
        }
        Alert::HandshakeFailure | Alert::InsufficientSecurity => {
            "the server refuses the connection: it offers no encryption that is supported here, or it requires a client certificate"
        }
        Alert::ProtocolVersion => "the server speaks neither TLS 1.2 nor TLS 1.3",
        Alert::UnrecognisedName => "the server does not serve this name",
        Alert::NoApplicationProtocol => "the server speaks neither HTTP/1.1 nor HTTP/2",
        Alert::InternalError => "the server reports an internal error",
        Alert::UserCanceled | Alert::CloseNotify => "the server ended the connection",
        other => {
            let number = u8::from(other);
            return Cause::Tls(SafeText::from(format!(
                "the server ended the connection with alert {number}"
            )));
        }
    };
    Cause::Tls(text.into())
}

fn certificate_fault(problem: &rustls::CertificateError) -> CertificateFault {
    use rustls::CertificateError as Problem;
    match problem {
        Problem::Expired
        | Problem::ExpiredContext { .. }
        | Problem::NotValidYet
        | Problem::NotValidYetContext { .. } => CertificateFault::Dates,
        Problem::NotValidForNameContext { presented, .. } if presented.is_empty() => CertificateFault::Other,
        Problem::NotValidForName | Problem::NotValidForNameContext { .. } => CertificateFault::Name,
        Problem::UnknownIssuer | Problem::BadSignature => CertificateFault::Authority,
        Problem::Other(rustls::OtherError(inside)) => {
            let is_authority = matches!(inside.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity));
            if inside.is::<CertificateChanged>() {
                CertificateFault::Changed
            } else if is_authority || inside.is::<NoAuthorities>() {
                CertificateFault::Authority
            } else {
                CertificateFault::Other
            }
        }
        _ => CertificateFault::Other,
    }
}

fn certificate_problem(problem: &rustls::CertificateError) -> SafeText {
    use rustls::CertificateError as Problem;
    if let Problem::Other(rustls::OtherError(inside)) = problem
        && let Some(changed) = inside.downcast_ref::<CertificateChanged>()
    {
        return SafeText::from(changed.to_string());
    }
    let text = match problem {
        Problem::Expired | Problem::ExpiredContext { .. } => {
            "its certificate has expired (or the clock here is wrong)"
        }
        Problem::NotValidYet | Problem::NotValidYetContext { .. } => {
            "its certificate is not valid yet (or the clock here is wrong)"
        }
        Problem::UnknownIssuer => "its certificate is from an authority that is not trusted here",
        Problem::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "its certificate names no host (it lacks a subjectAltName)"
        }
        Problem::NotValidForName | Problem::NotValidForNameContext { .. } => {
            "its certificate is for another name"
        }
        Problem::BadEncoding => "its certificate cannot be read",
        Problem::Revoked => "its certificate has been revoked",
        Problem::UnhandledCriticalExtension => {
            "its certificate has a critical extension that is not known here"
        }
        Problem::UnknownRevocationStatus
        | Problem::ExpiredRevocationList
        | Problem::ExpiredRevocationListContext { .. }
        | Problem::InvalidOcspResponse => "whether its certificate has been revoked is not known",
        Problem::BadSignature => {
            "a signature is wrong: its certificate is not from the authority that is trusted here under that name, or its key is too short"
        }
        Problem::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "its certificate, or one that it depends on, has a key of a kind that is not supported"
        }
        Problem::UnsupportedSignatureAlgorithmContext { signature_algorithm_id, .. }
            if is_sha1(signature_algorithm_id) =>
        {
            "its certificate, or one that it depends on, is signed with SHA-1, which is not safe"
        }
        Problem::UnsupportedSignatureAlgorithmContext { .. } => {
            "its certificate, or one that it depends on, is signed with an algorithm that is not supported"
        }
        Problem::InvalidPurpose | Problem::InvalidPurposeContext { .. } => WRONG_PURPOSE,
        Problem::Other(rustls::OtherError(inside)) => match inside.downcast_ref::<webpki::Error>() {
            Some(inside) => chain_problem(inside),
            None => return unknown_problem(&**inside),
        },
        _ => "its certificate is not accepted",
    };
    text.into()
}

const WRONG_PURPOSE: &str = "its certificate is not meant for servers (extended key usage)";

/// Describes an error of the system's own check. On macOS and Windows the system has words for it.
fn unknown_problem(error: &(dyn StdError + 'static)) -> SafeText {
    match error.to_string().as_str() {
        "certificate had invalid extensions" => WRONG_PURPOSE.into(),
        words => SafeText::from(format!("the system does not accept its certificate: {words}")),
    }
}

fn chain_problem(problem: &webpki::Error) -> &'static str {
    use webpki::Error as Problem;
    match problem {
        Problem::CaUsedAsEndEntity => {
            "its certificate is one of an authority (CA:TRUE), which counts only if it is trusted itself"
        }
        Problem::EndEntityUsedAsCa => {
            "its certificate is signed by one that is not of an authority (CA:FALSE)"
        }
        Problem::NameConstraintViolation => "its authority may not sign for this name",
        Problem::PathLenConstraintViolated => "its authority may not sign for further authorities",
        Problem::UnsupportedCertVersion => "its certificate is not of X.509 version 3",
        Problem::EmptyEkuExtension => WRONG_PURPOSE,
        Problem::UnsupportedCriticalExtension => {
            "its certificate, or one that it depends on, has a critical extension that is not known here"
        }
        Problem::MaximumPathBuildCallsExceeded
        | Problem::MaximumPathDepthExceeded
        | Problem::MaximumSignatureChecksExceeded
        | Problem::MaximumNameConstraintComparisonsExceeded => "it sends too many certificates",
        _ => "its certificate, or one that it depends on, does not follow the rules of X.509",
    }
}

/// Returns whether an algorithm identifier in DER names RSA or ECDSA with SHA-1: RFC 3279 § 2.2.
fn is_sha1(algorithm: &[u8]) -> bool {
    const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05";
    const ECDSA: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x01";
    [RSA, ECDSA].iter().any(|known| algorithm.windows(known.len()).any(|part| part == *known))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError, PeerMisbehaved};

    use super::*;

    /// Names of the libraries' own variants begin with a capital and go on without a blank.
    fn has_debug_words(text: &str) -> bool {
        text.contains("Other") || text.contains("Error(") || text.contains('{') || text.contains("(UNIX)")
    }

    #[test]
    fn every_alert_has_words() {
        for number in 0..=u8::MAX {
            let text = from_tls(&Error::AlertReceived(AlertDescription::from(number))).to_string();
            assert!(text.starts_with("TLS failed: the server ") && !has_debug_words(&text), "{text}");
        }
        let required = from_tls(&Error::AlertReceived(AlertDescription::CertificateRequired));
        assert_eq!(required, Cause::ClientCertificate("the server requires a client certificate".into()));
    }

    #[test]
    fn errors_of_tls_have_words_of_their_own() {
        let other = |error| Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))));
        let unsupported = |signature_algorithm_id: &[u8]| {
            Error::InvalidCertificate(CertificateError::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: signature_algorithm_id.to_vec(),
                supported_algorithms: Vec::new(),
            })
        };
        let table = [
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), "plain HTTP"),
            (Error::InvalidMessage(InvalidMessage::MessageTooLarge), "breaks the rules of TLS"),
            (Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare), "breaks the rules of TLS"),
            (Error::General("No CA certificates".into()), "no connection is possible"),
            (Error::InvalidCertificate(CertificateError::BadEncoding), "cannot be read"),
            (Error::InvalidCertificate(CertificateError::BadSignature), "a signature is wrong"),
            (Error::InvalidCertificate(CertificateError::Revoked), "revoked"),
            (other(webpki::Error::CaUsedAsEndEntity), "CA:TRUE"),
            (other(webpki::Error::NameConstraintViolation), "may not sign for this name"),
            (other(webpki::Error::UnsupportedCertVersion), "version 3"),
            (other(webpki::Error::MalformedExtensions), "rules of X.509"),
            (unsupported(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00"), "SHA-1"),
            (unsupported(b"\x06\x03\x2b\x65\x71"), "an algorithm that is not supported"),
        ];
        for (error, words) in table {
            let text = from_tls(&error).to_string();
            assert!(text.contains(words) && !has_debug_words(&text), "{error:?}: {text}");
        }
    }
}
