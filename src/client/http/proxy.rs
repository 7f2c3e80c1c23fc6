//! The proxy of a request: the one decision that clients and messages share.
//!
//! The environment and the system name proxies and exceptions. Besides the forms of curl, an exception may be
//! `host:port`, as with Go's programs, and `*.domain`, which means the names below a domain: docs/REGISTRIES.md §11.

use std::net::IpAddr;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

use crate::model::reference::Host;
use crate::model::text::SafeText;

/// The proxies for requests on behalf of one registry.
#[derive(Debug)]
pub(crate) struct Proxies {
    /// `None` for a registry on this machine, which is reached without.
    matcher: Option<Matcher>,
    exceptions: Vec<Exception>,
}

/// The proxy of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Proxy {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Proxies {
    /// Reads the proxies of the environment and of the system.
    pub(crate) fn from_system(host: &Host) -> Proxies {
        let exceptions = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| std::env::var(name).ok());
        Proxies::new((!host.is_loopback()).then(Matcher::from_system), &exceptions.unwrap_or_default())
    }

    fn new(matcher: Option<Matcher>, exceptions: &str) -> Proxies {
        Proxies { matcher, exceptions: exceptions.split(',').filter_map(Exception::parse).collect() }
    }

    /// Returns the proxy for requests to a URL.
    pub(crate) fn find(&self, url: &Url) -> Option<Proxy> {
        let matcher = self.matcher.as_ref()?;
        if self.exceptions.iter().any(|exception| exception.covers(url)) {
            return None;
        }
        let found = matcher.intercept(&url.as_str().parse().ok()?)?;
        let uri = found.uri();
        Some(Proxy {
            scheme: uri.scheme_str()?.to_string(),
            host: uri.host()?.to_string(),
            port: uri.port_u16(),
        })
    }
}

impl Proxy {
    /// Returns the host with its port, as messages name it. A login is not part of it.
    pub(crate) fn to_text(&self) -> SafeText {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        SafeText::from(format!("{}{port}", self.host))
    }

    /// Returns the host without its port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns whether the names of targets are resolved here and not by the proxy. So do SOCKS 4 and SOCKS 5, unlike
    /// `socks4a` and `socks5h`.
    pub(crate) fn resolves_names_here(&self) -> bool {
        matches!(self.scheme.as_str(), "socks4" | "socks5")
    }
}

/// An exception in a form that the library does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Exception {
    names: Names,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Names {
    All,
    /// One address.
    Address(IpAddr),
    /// A domain and all names below.
    Domain(String),
    /// The names below a domain.
    Below(String),
}

impl Exception {
    /// Parses an entry of `NO_PROXY`. Returns `None` for forms that the library knows: names, addresses, networks and
    /// `*` without a port.
    fn parse(entry: &str) -> Option<Exception> {
        let entry = entry.trim();
        if entry.parse::<IpAddr>().is_ok() {
            return None;
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let names = match host.strip_prefix("*.") {
            Some(domain) => Names::Below(domain.to_ascii_lowercase()),
            None if port.is_none() => return None,
            None if host == "*" => Names::All,
            None => match host.trim_matches(['[', ']']).parse() {
                Ok(address) => Names::Address(address),
                Err(_) => Names::Domain(host.trim_start_matches('.').to_ascii_lowercase()),
            },
        };
        let is_empty = matches!(&names, Names::Domain(domain) | Names::Below(domain) if domain.is_empty());
        (!is_empty).then_some(Exception { names, port })
    }

    fn covers(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        let is_below = |domain: &str| {
            host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        };
        let is_named = match &self.names {
            Names::All => true,
            Names::Address(address) => host.parse().is_ok_and(|found: IpAddr| found == *address),
            Names::Domain(domain) => host == *domain || is_below(domain),
            Names::Below(domain) => is_below(domain),
        };
        is_named && self.port.is_none_or(|port| url.port_or_known_default() == Some(port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(exceptions: &str) -> Proxies {
        let matcher = Matcher::builder().all("http://me:CANARY7@proxy.test:3128").no(exceptions).build();
        Proxies::new(Some(matcher), exceptions)
    }

    #[test]
    fn exceptions_are_read_in_all_forms() {
        let table = [
            ("", "https://r.test/v2/", true),
            ("r.test", "https://r.test/v2/", false),
            ("r.test", "https://sub.r.test/v2/", false),
            ("r.test", "https://xr.test/v2/", true),
            (".test", "https://r.test/v2/", false),
            ("R.Test", "https://r.test/v2/", false),
            ("*", "https://r.test/v2/", false),
            ("10.0.0.0/8", "https://10.1.2.3/v2/", false),
            ("10.0.0.0/8", "https://11.1.2.3/v2/", true),
            ("::1, 10.1.2.3", "https://10.1.2.3:5000/v2/", false),
            // with a port
            ("r.test:5000", "http://r.test:5000/v2/", false),
            ("other.test, r.test:5000", "http://r.test:5000/v2/", false),
            ("r.test:5000", "http://r.test:5001/v2/", true),
            ("r.test:5000", "http://r.test/v2/", true),
            ("r.test:443", "https://r.test/v2/", false),
            ("r.test:443", "http://r.test/v2/", true),
            ("r.test:80", "http://r.test/v2/", false),
            ("R.test:5000", "http://r.TEST:5000/v2/", false),
            ("r.test:5000", "http://sub.r.test:5000/v2/", false),
            (".r.test:5000", "http://sub.r.test:5000/v2/", false),
            ("r.test:5000", "http://xr.test:5000/v2/", true),
            ("10.1.2.3:5000", "http://10.1.2.3:5000/v2/", false),
            ("10.1.2.3:5000", "http://10.1.2.3:5001/v2/", true),
            ("[fd00::1]:5000", "http://[fd00::1]:5000/v2/", false),
            ("[fd00::1]:5000", "http://[fd00::2]:5000/v2/", true),
            // below a domain
            ("*.test", "https://r.test/v2/", false),
            ("*.R.test", "https://a.b.r.test/v2/", false),
            ("*.r.test", "https://r.test/v2/", true),
            ("*.r.test", "https://xr.test/v2/", true),
            ("*.r.test:5000", "http://a.r.test:5000/v2/", false),
            ("*.r.test:5000", "http://a.r.test/v2/", true),
            // what is no exception
            ("r.test:x, :5000, *., *.:5000, ,", "http://r.test:5000/v2/", true),
        ];
        for (exceptions, url, is_proxied) in table {
            let found = proxies(exceptions).find(&url.parse().expect("a url"));
            assert_eq!(found.is_some(), is_proxied, "{exceptions:?} {url}");
        }
    }

    #[test]
    fn a_proxy_is_named_without_its_login() {
        let found = proxies("").find(&"https://r.test/".parse().expect("a url")).expect("a proxy");
        assert_eq!(found.to_text().as_str(), "proxy.test:3128");
        assert!(!format!("{found:?}").contains("CANARY7"));
    }

    #[test]
    fn a_registry_on_this_machine_has_no_proxy() {
        let found = Proxies::new(None, "").find(&"http://localhost:5000/".parse().expect("a url"));
        assert_eq!(found, None);
    }

    #[test]
    fn only_some_kinds_of_proxies_resolve_names_here() {
        for (scheme, here) in [
            ("http", false),
            ("https", false),
            ("socks4", true),
            ("socks4a", false),
            ("socks5", true),
            ("socks5h", false),
        ] {
            let matcher = Matcher::builder().all(format!("{scheme}://proxy.test:1080")).build();
            let found = Proxies::new(Some(matcher), "").find(&"https://r.test/".parse().expect("a url"));
            assert_eq!(found.map(|proxy| proxy.resolves_names_here()), Some(here), "{scheme}");
        }
    }
}
