//! Errors of the HTTP library and of TLS, as causes.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use super::Cause;
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
            _ if chain().any(|error| error.to_string().starts_with("dns error")) => Cause::NoAddress(text),
            Some(io::ErrorKind::ConnectionRefused) => Cause::Refused,
            _ if error.is_timeout() => Cause::Timeout("to connect", Duration::ZERO),
            _ => Cause::Connection(text),
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
    match error {
        rustls::Error::InvalidMessage(_) => Cause::Scheme { server_is_plain: true },
        rustls::Error::InvalidCertificate(problem) => Cause::Certificate(certificate_problem(problem)),
        other => Cause::Certificate(SafeText::from(other.to_string())),
    }
}

fn certificate_problem(problem: &rustls::CertificateError) -> SafeText {
    use rustls::CertificateError as Problem;
    match problem {
        Problem::Expired | Problem::ExpiredContext { .. } => {
            "its certificate has expired (or the clock here is wrong)".into()
        }
        Problem::NotValidYet | Problem::NotValidYetContext { .. } => {
            "its certificate is not valid yet (or the clock here is wrong)".into()
        }
        Problem::UnknownIssuer => "its certificate is from an authority that is not trusted here".into(),
        Problem::NotValidForName | Problem::NotValidForNameContext { .. } => {
            "its certificate is for another name".into()
        }
        other => SafeText::from(other.to_string()),
    }
}
