//! The kind of a failure, and the hint that may help against it.

use super::{Cause, CertificateFault, Error, Peer};
use crate::client::vendors;
use crate::model::failure::FailureKind;
use crate::model::text::SafeText;

impl Cause {
    pub(super) fn kind(&self) -> FailureKind {
        match self {
            Cause::Status { status, body: said, .. } => match status {
                _ if self.is_quota() => FailureKind::Denied,
                _ if self.is_protected() => FailureKind::Protected,
                401 | 403 => FailureKind::Denied,
                404 => FailureKind::NotFound,
                405 | 501 => FailureKind::Unsupported,
                429 | 503 => FailureKind::Busy,
                _ if said.has_code("UNSUPPORTED") => FailureKind::Unsupported,
                500.. => FailureKind::Unreachable,
                _ => FailureKind::BadAnswer,
            },
            Cause::LoginRefused(_)
            | Cause::UntrustedRealm(_)
            | Cause::UntrustedUploadOrigin(_)
            | Cause::InsufficientRights { .. }
            | Cause::LoginDenied { .. }
            | Cause::LoginWithheld { .. } => FailureKind::Denied,
            Cause::NoAddress(_)
            | Cause::Refused
            | Cause::Connection(_)
            | Cause::ClientCertificate(_)
            | Cause::Tls(_)
            | Cause::NotARegistry(_)
            | Cause::Timeout(..)
            | Cause::TooSlow
            | Cause::Unfinished(_)
            | Cause::Storage(_) => FailureKind::Unreachable,
            Cause::Certificate(..) | Cause::Scheme { .. } | Cause::PlainRefused => FailureKind::Untrusted,
            Cause::WebPage
            | Cause::BadAnswer(_)
            | Cause::TooLarge(_)
            | Cause::DigestMismatch { .. }
            | Cause::Redirect(_)
            | Cause::ForbiddenAddress => FailureKind::BadAnswer,
            Cause::Local(_) | Cause::Stopped => FailureKind::Local,
        }
    }
}

impl Error {
    /// Returns the hint that may help. It is about the server that failed, which need not be the registry.
    pub(super) fn hint(&self) -> Option<String> {
        let of_peer = match &self.peer {
            Peer::Registry => None,
            Peer::Proxy(proxy) => proxy_hint(&self.cause, proxy),
            Peer::TokenService(host) => self.hint_about(host, "names it as its token service"),
            Peer::Storage(host) => self.hint_about(host, "redirects there"),
            Peer::UploadLocation(host) => self.hint_about(host, "leads uploads there"),
            Peer::OtherRegistry(host) => self.hint_about_login(host),
            Peer::VendorApi(_) => return None,
        };
        let hint = of_peer.or_else(|| self.hint_about_registry());
        if self.login_problems.is_empty() {
            return hint;
        }
        let problems = self.login_problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let or = hint.map(|hint| format!(", or {hint}")).unwrap_or_default();
        Some(format!("a stored login may be missing: {problems}; correct this{or}"))
    }

    /// Returns the hint about a server that the registry named. Only the operator of the registry can correct its name,
    /// and of the user's settings for the registry only the authorities apply to it.
    fn hint_about(&self, peer: &SafeText, how: &str) -> Option<String> {
        let host = &self.host;
        match &self.cause {
            Cause::NoAddress(_) | Cause::Refused | Cause::Scheme { .. } => Some(format!(
                "`{host}` answers and {how}: `{peer}` is down or cannot be reached from here, or the operator of `{host}` has to correct this address"
            )),
            Cause::ForbiddenAddress => {
                Some(format!("`{host}` {how}, and only its operator can correct this address"))
            }
            Cause::Certificate(fault, _) => Some(match fault {
                CertificateFault::Changed => format!(
                    "ask the operator of `{peer}` whether the certificate was replaced, and compare the fingerprint: `regtui trust {peer}` pins the new one"
                ),
                CertificateFault::Authority => format!(
                    "trust the authority of `{peer}` with `--ca-file FILE`, or its certificate with `regtui trust {peer}`: `--insecure` applies to `{host}` alone"
                ),
                CertificateFault::Dates => format!(
                    "if the clock here is right, only the operator of `{peer}` can replace the certificate: `--insecure` applies to `{host}` alone"
                ),
                CertificateFault::Name | CertificateFault::Other => format!(
                    "`{host}` {how}, and only the operator of one of them can correct this: `--insecure` applies to `{host}` alone"
                ),
            }),
            Cause::PlainRefused => Some(format!(
                "`{host}` {how} without TLS, and only its operator can correct this; `regtui trust --list` shows the pins"
            )),
            Cause::ClientCertificate(_) => {
                Some(format!("the client certificate for `{host}` is not sent to `{peer}`"))
            }
            Cause::Timeout(..) | Cause::TooSlow | Cause::Unfinished(_) => Some(format!(
                "`{host}` answers and {how}: is `{peer}` reachable (proxy, firewall)? `--timeout SECONDS` waits longer; `@` and `--log-file` show the requests"
            )),
            Cause::WebPage => Some(format!("a login page or a proxy answered instead of `{peer}`")),
            Cause::Status { status: 413, .. } => {
                Some(format!("too large for `{peer}`, or for a proxy before it: its limits decide"))
            }
            Cause::Status { status: 429 | 503, wait: Some(wait), .. } if !wait.is_zero() => {
                Some(format!("`{peer}` asks to wait {} s", wait.as_secs()))
            }
            _ => None,
        }
    }

    /// Returns the hint about another registry that the registry redirects to. It has logins of its own.
    fn hint_about_login(&self, peer: &SafeText) -> Option<String> {
        match &self.cause {
            Cause::Status { status: 401 | 403, .. }
            | Cause::InsufficientRights { .. }
            | Cause::LoginRefused(_) => Some(format!(
                "`{}` redirects there: log in with `regtui login {peer}`, or check the rights of that login",
                self.host
            )),
            _ => self.hint_about(peer, "redirects there"),
        }
    }

    fn hint_about_registry(&self) -> Option<String> {
        let host = &self.host;
        let cause = &self.cause;
        if let Cause::Status { status, body, .. } = cause
            && let Some(hint) = vendors::refusal_hint(*status, body)
        {
            return Some(hint.into());
        }
        let hint = match cause {
            Cause::NoAddress(_) => "check the spelling, the network and the name server".into(),
            Cause::Refused => format!("is a registry running at `{host}`, and is the port right?"),
            Cause::Certificate(CertificateFault::Changed, _) => format!(
                "ask the operator of `{host}` whether the certificate was replaced, and compare the fingerprint: `regtui trust {host}` pins the new one"
            ),
            Cause::Certificate(fault, _) => {
                let first = match fault {
                    CertificateFault::Authority => "trust its authority with `--ca-file FILE`",
                    CertificateFault::Dates => "correct the clock here, have the certificate replaced",
                    CertificateFault::Name => "use a name that the certificate has, have it replaced",
                    CertificateFault::Changed | CertificateFault::Other => "have the certificate replaced",
                };
                format!(
                    "{first}, pin the certificate with `regtui trust {host}`, or skip the check with `--insecure` (in a copy `--src-insecure` or `--dest-insecure`)"
                )
            }
            Cause::ClientCertificate(_) => format!(
                "put the certificate as `client.cert` and its key as `client.key` into `certs.d/{host}` in the folder of podman or docker, such as `~/.config/containers`"
            ),
            Cause::Scheme { server_is_plain: true } => format!(
                "allow plain HTTP with `http://{host}`, with `regtui trust --http {host}` for good, or with `--plain-http` (in a copy `--src-plain-http` or `--dest-plain-http`)"
            ),
            Cause::Scheme { server_is_plain: false } => "leave out `http://` and `--plain-http`".into(),
            Cause::PlainRefused => format!(
                "leave out `http://` and `--plain-http`; if it has given up TLS on purpose, `regtui trust --http {host}` replaces the pin, and `regtui trust --forget {host}` removes it"
            ),
            Cause::NotARegistry(_) => format!(
                "is a registry running at `{host}`, and is the port right? `http://{host}` and `https://{host}` say how to reach it"
            ),
            Cause::Status { status: 413, .. } => {
                "too large for the registry, or for a proxy before it: its limits decide".into()
            }
            Cause::Status { .. } if cause.is_quota() => {
                "its quota is used up: delete unneeded images, or have the quota raised".into()
            }
            Cause::Status { .. } if cause.is_immutable() => {
                "the server protects it: its rules for immutable tags decide".into()
            }
            Cause::Status { .. } if cause.is_protected() => {
                "the server protects it: a policy of the registry decides, which its operator can change"
                    .into()
            }
            Cause::Status { status: 401 | 403, .. } => {
                format!("log in with `regtui login {host}`, or check the rights of that login")
            }
            Cause::InsufficientRights { .. } => {
                format!("have the right granted to this login, or log in to `{host}` with another")
            }
            Cause::LoginDenied { .. } => {
                format!("log in again with `regtui login {host}`, or check the rights of that login")
            }
            Cause::LoginRefused(_) => {
                format!("log in again with `regtui login {host}`")
            }
            Cause::LoginWithheld { token_service, .. } => format!(
                "if that token service may get the login, add `realm_allow = [\"{token_service}\"]` below `[registries.\"{host}\"]` in the configuration, or log in with `regtui login --token-service {token_service} {host}`"
            ),
            Cause::Status { status: 407, .. } => "the proxy requires a login: see HTTPS_PROXY".into(),
            Cause::Status { status: 404, .. } => "it does not exist, or this login may not see it".into(),
            Cause::Status { status: 429 | 503, wait: Some(wait), .. } if !wait.is_zero() => {
                format!("the registry asks to wait {} s", wait.as_secs())
            }
            Cause::Status { status: 429, .. } => {
                "too many requests: wait a little, or log in for a higher limit".into()
            }
            Cause::Timeout(..) | Cause::TooSlow | Cause::Unfinished(_) => format!(
                "is `{host}` a registry, and is it reachable (proxy, firewall)? `--timeout SECONDS` waits longer; `@` and `--log-file` show the requests"
            ),
            Cause::WebPage => "a login page or a proxy answered, not a registry".into(),
            Cause::UntrustedRealm(_) => {
                format!("`{host}` names this address, and only its operator can correct it")
            }
            Cause::UntrustedUploadOrigin(origin) => format!(
                "if it belongs to the registry, allow it with `upload_allow = [\"{origin}\"]` for `{host}` in the configuration"
            ),
            _ => return None,
        };
        Some(hint)
    }
}

fn proxy_hint(cause: &Cause, proxy: &SafeText) -> Option<String> {
    match cause {
        Cause::Status { status: 407, .. } => Some(format!(
            "the proxy `{proxy}` requires a login: name it in `HTTPS_PROXY` or `HTTP_PROXY`, as in `http://USER:PASSWORD@{proxy}`"
        )),
        Cause::NoAddress(_) | Cause::Refused | Cause::Connection(_) | Cause::Timeout(..) => Some(
            "`HTTPS_PROXY` and `HTTP_PROXY` name the proxy, and `NO_PROXY` the hosts that need none".into(),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::ErrorBody;

    /// The columns: the peer, the cause, a part of the message, a part of the hint, and a text that is in neither.
    #[test]
    fn messages_and_hints_are_about_the_server_that_failed() {
        let certificate = |fault| Cause::Certificate(fault, "its certificate is not accepted".into());
        let (authority, dates) = (CertificateFault::Authority, CertificateFault::Dates);
        let (other_name, other_fault) = (CertificateFault::Name, CertificateFault::Other);
        let denied = || Cause::LoginDenied { status: 403, body: ErrorBody::default() };
        let timeout = || Cause::Timeout("before the answer began", Duration::from_secs(30));
        let status = |status| Cause::Status { status, body: ErrorBody::default(), wait: None };
        let token = || Peer::TokenService("sso.test".into());
        let storage = || Peer::Storage("s3.test:9000".into());
        let upload = || Peer::UploadLocation("up.test".into());
        let proxy = || Peer::Proxy("proxy.test:3128".into());
        let registry = || Peer::Registry;
        let running = "is a registry running";
        let table = [
            (registry(), Cause::Refused, "x: nothing listens there", "running at `r.test:5000`", "storage"),
            (registry(), certificate(authority), "x: TLS failed", "--ca-file FILE", "alone"),
            (registry(), certificate(dates), "x: TLS failed", "clock here", "--ca-file"),
            (
                registry(),
                certificate(other_name),
                "x: TLS failed",
                "a name that the certificate has",
                "--ca-file",
            ),
            (
                registry(),
                certificate(other_fault),
                "x: TLS failed",
                "have the certificate replaced",
                "--ca-file",
            ),
            (
                registry(),
                Cause::ClientCertificate("the server requires a client certificate".into()),
                "x: TLS failed: the server requires",
                "`certs.d/r.test:5000`",
                "--ca-file",
            ),
            (registry(), Cause::Tls("x".into()), "x: TLS failed", "", "--ca-file"),
            (
                token(),
                Cause::ClientCertificate("the server requires a client certificate".into()),
                "its token service `sso.test`: TLS failed",
                "is not sent to `sso.test`",
                "--insecure",
            ),
            (registry(), status(407), "x: 407", "HTTPS_PROXY", "regtui login"),
            (
                storage(),
                Cause::Refused,
                "x: its storage `s3.test:9000`: nothing listens",
                "`s3.test:9000`",
                running,
            ),
            (
                storage(),
                Cause::Storage(403),
                "x: its storage `s3.test:9000`: 403 Forbidden",
                "",
                "regtui login",
            ),
            (
                storage(),
                timeout(),
                "`s3.test:9000`",
                "is `s3.test:9000` reachable",
                "`r.test:5000` a registry",
            ),
            (
                token(),
                certificate(authority),
                "its token service `sso.test`: TLS",
                "authority of `sso.test` with `--ca-file FILE`",
                "skip the check",
            ),
            (token(), certificate(dates), "`sso.test`: TLS", "operator of `sso.test`", "--ca-file"),
            (storage(), certificate(other_name), "`s3.test:9000`: TLS", "redirects there", "--ca-file"),
            (
                token(),
                denied(),
                "its token service `sso.test`: the login is refused: 403 Forbidden",
                "log in again with `regtui login r.test:5000`",
                "login sso.test",
            ),
            (token(), Cause::NoAddress("none".into()), "`sso.test`", "operator of `r.test:5000`", "spelling"),
            (
                token(),
                status(401),
                "its token service `sso.test`: 401",
                "regtui login r.test:5000",
                "login sso.test",
            ),
            (upload(), Cause::Refused, "`up.test`: nothing", "leads uploads there", running),
            (upload(), status(413), "`up.test`: 413", "too large for `up.test`", "for the registry"),
            (proxy(), Cause::Refused, "the proxy `proxy.test:3128`: nothing", "`NO_PROXY`", running),
            (
                proxy(),
                status(407),
                "the proxy `proxy.test:3128`: 407",
                "USER:PASSWORD@proxy.test:3128",
                running,
            ),
        ];
        for (peer, cause, message, hint, not) in table {
            let error = Error { peer, ..Error::unsent("r.test:5000", cause) };
            let failure = error.failure("x");
            let said = failure.to_string();
            let hinted = failure.hint.map(|hint| hint.to_string()).unwrap_or_default();
            assert!(said.contains(message), "{said}");
            assert!(hinted.contains(hint) && hint.is_empty() == hinted.is_empty(), "{said}");
            assert!(!said.contains(not), "{said}");
        }
    }
}
