//! Scheme, host and port: the origin that credentials are bound to.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;
use serde::{Deserialize, Serialize, Serializer};

use crate::model::reference::{Host, RepositoryName, Selector};
use crate::model::text::SafeText;

/// An origin by RFC 6454. Two URLs of one origin may share credentials; no others may.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// Returns the origin of a URL, or `None` for schemes that are not HTTP.
    pub(crate) fn of(url: &Url) -> Option<Origin> {
        let host = url.host_str()?.to_ascii_lowercase();
        let is_http = matches!(url.scheme(), "http" | "https");
        let port = url.port_or_known_default()?;
        is_http.then(|| Origin { scheme: url.scheme().to_string(), host, port })
    }

    /// Returns whether it is reached with TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Returns the host without its port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns whether both are on the same host, at whatever scheme and port.
    pub(crate) fn is_same_host(&self, other: &Origin) -> bool {
        self.host == other.host
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match (self.scheme.as_str(), self.port) {
            ("https", 443) | ("http", 80) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

/// An origin besides the registry's own that may be sent requests that change something: `host`, `host:port`, or either
/// with a scheme before it. Without a scheme it is HTTPS, and also plain HTTP if the registry itself is reached so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AllowedOrigin {
    scheme: Option<String>,
    host: String,
    port: Option<u16>,
}

impl AllowedOrigin {
    /// Returns whether a registry of the origin `own` may lead uploads to `target`.
    pub(crate) fn allows(&self, registry: &Origin, target: &Origin) -> bool {
        let is_scheme = match &self.scheme {
            Some(scheme) => *scheme == target.scheme,
            None => target.is_https() || !registry.is_https(),
        };
        let usual = if target.is_https() { 443 } else { 80 };
        is_scheme && self.host == target.host && self.port.unwrap_or(usual) == target.port
    }
}

impl fmt::Display for AllowedOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = &self.scheme {
            write!(f, "{scheme}://")?;
        }
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Serialize for AllowedOrigin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for AllowedOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<AllowedOrigin, String> {
        let bad =
            || format!("{text:?}: `host`, `host:port`, `https://host` or `http://host:port` is expected");
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text),
        };
        if scheme.is_some_and(|scheme| !matches!(scheme, "http" | "https"))
            || rest.contains(['/', '?', '#', '@', '*', '\\'])
        {
            return Err(bad());
        }
        let port = match rest.rsplit_once(':') {
            Some((_, port)) if !rest.ends_with(']') => Some(port.parse().map_err(|_| bad())?),
            _ => None,
        };
        let url = Url::parse(&format!("https://{rest}/")).map_err(|_| bad())?;
        let host = url.host_str().ok_or_else(bad)?.to_ascii_lowercase();
        Ok(AllowedOrigin { scheme: scheme.map(Into::into), host, port })
    }
}

impl TryFrom<String> for AllowedOrigin {
    type Error = String;

    fn try_from(text: String) -> Result<AllowedOrigin, String> {
        text.parse()
    }
}

/// The address of a registry. All URLs below it are built here, part by part, never joined from server text.
#[derive(Debug, Clone)]
pub(crate) struct Base(Url);

impl Base {
    /// Builds `scheme://host/`. Returns `None` for a host that no URL can hold.
    pub(crate) fn new(host: &Host, is_plain: bool) -> Option<Base> {
        let scheme = if is_plain { "http" } else { "https" };
        Url::parse(&format!("{scheme}://{}/", host.api())).ok().map(Base)
    }

    /// Returns the origin of the registry.
    pub(crate) fn origin(&self) -> Option<Origin> {
        Origin::of(&self.0)
    }

    /// Returns `/v2/`.
    pub(crate) fn ping(&self) -> Url {
        self.below(["v2", ""])
    }

    /// Returns `/v2/_catalog`.
    pub(crate) fn catalog(&self) -> Url {
        self.below(["v2", "_catalog"])
    }

    /// Returns `/v2/<name>/tags/list`.
    pub(crate) fn tags(&self, name: &RepositoryName) -> Url {
        self.of_repository(name, &["tags", "list"])
    }

    /// Returns `/v2/<name>/manifests/<reference>`.
    pub(crate) fn manifest(&self, name: &RepositoryName, selector: &Selector) -> Url {
        self.of_repository(name, &["manifests", &selector.to_string()])
    }

    /// Returns `/v2/<name>/blobs/<digest>`.
    pub(crate) fn blob(&self, name: &RepositoryName, digest: &crate::model::digest::Digest) -> Url {
        self.of_repository(name, &["blobs", &digest.to_string()])
    }

    /// Returns `/v2/<name>/blobs/uploads/`.
    pub(crate) fn uploads(&self, name: &RepositoryName) -> Url {
        self.of_repository(name, &["blobs", "uploads", ""])
    }

    /// Returns `/v2/<name>/referrers/<digest>`.
    pub(crate) fn referrers(&self, name: &RepositoryName, digest: &crate::model::digest::Digest) -> Url {
        self.of_repository(name, &["referrers", &digest.to_string()])
    }

    /// Returns the URL of a path and query that was checked to be on this origin when it was found. Returns `None` if
    /// it is outside `/v2/`.
    pub(crate) fn at(&self, path_and_query: &str) -> Option<Url> {
        let mut url = self.0.clone();
        let (path, query) =
            path_and_query.split_once('?').map_or((path_and_query, None), |(p, q)| (p, Some(q)));
        url.set_path(path);
        url.set_query(query);
        Some(url).filter(|url| url.path().starts_with("/v2/"))
    }

    fn of_repository(&self, name: &RepositoryName, rest: &[&str]) -> Url {
        self.below(std::iter::once("v2").chain(name.components()).chain(rest.iter().copied()))
    }

    fn below<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(segments);
        }
        url
    }
}

/// Returns whether an address must not be dialled because a server names it: unspecified, link-local, broadcast, and
/// loopback unless the registry itself is there. Private networks are allowed: registries and their token services live
/// in them.
pub(crate) fn is_forbidden(address: IpAddr, registry_is_loopback: bool) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_unspecified()
                || v4.is_link_local()
                || v4.is_broadcast()
                || (v4.is_loopback() && !registry_is_loopback)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_forbidden(IpAddr::V4(v4), registry_is_loopback),
            None => {
                v6.is_unspecified()
                    || v6.is_unicast_link_local()
                    || (v6.is_loopback() && !registry_is_loopback)
            }
        },
    }
}

/// Returns the host of a URL, with its port unless that is the usual one, as messages name a server.
pub(crate) fn host_and_port(url: &Url) -> SafeText {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    SafeText::from(format!("{}{port}", url.host_str().unwrap_or_default()))
}

/// Returns the address that a URL names by number.
pub(crate) fn literal_ip(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// Returns whether two hosts belong to one registrable domain, by the public suffix list.
pub(crate) fn is_same_site(a: &str, b: &str) -> bool {
    let is_number = |host: &str| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    a == b
        || (!is_number(a)
            && !is_number(b)
            && psl::domain_str(a).is_some_and(|domain| psl::domain_str(b) == Some(domain)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Base {
        Base::new(&Host::parse("localhost:5000").expect("a host"), true).expect("a base")
    }

    #[test]
    fn urls_are_built_from_checked_parts() {
        let name = RepositoryName::parse("team/app").expect("a name");
        let selector = "v1".parse().expect("a tag");
        assert_eq!(base().ping().as_str(), "http://localhost:5000/v2/");
        assert_eq!(
            base().manifest(&name, &selector).as_str(),
            "http://localhost:5000/v2/team/app/manifests/v1"
        );
        assert_eq!(base().tags(&name).path(), "/v2/team/app/tags/list");
    }

    /// docs/REGISTRIES.md §10 row 39, docs/RELIABILITY.md C1.
    #[test]
    fn a_path_that_leaves_the_api_is_refused() {
        for path in ["/other", "/v2/../x", "//evil/v2/", "/v2/..%2f..", ""] {
            let url = base().at(path);
            assert!(
                url.is_none_or(|url| url.host_str() == Some("localhost") && url.path().starts_with("/v2/")),
                "{path}"
            );
        }
        assert!(base().at("/v2/../x").is_none());
        assert_eq!(
            base().at("/v2/_catalog?last=a%2Fb&n=2").map(|url| url.to_string()).as_deref(),
            Some("http://localhost:5000/v2/_catalog?last=a%2Fb&n=2")
        );
    }

    #[test]
    fn ports_and_case_do_not_fool_the_comparison() {
        let origin = |text: &str| Url::parse(text).ok().and_then(|url| Origin::of(&url));
        assert_eq!(origin("https://H:443/a"), origin("https://h/b"));
        for other in ["http://h/", "https://h:444/", "https://h.evil/", "https://h./"] {
            assert_ne!(origin("https://h/"), origin(other), "{other}");
        }
        assert_eq!(origin("file:///etc"), None);
    }

    #[test]
    fn an_allowed_origin_is_one_origin() {
        let origin = |text: &str| Url::parse(text).ok().and_then(|url| Origin::of(&url)).expect("an origin");
        let table = [
            ("storage.test", "https://r.test", "https://storage.test", true),
            ("Storage.test", "https://r.test", "https://STORAGE.test:443", true),
            ("storage.test", "https://r.test", "https://storage.test:444", false),
            ("storage.test", "https://r.test", "https://x.storage.test", false),
            ("storage.test", "https://r.test", "http://storage.test", false),
            ("storage.test", "http://r.test", "http://storage.test", true),
            ("storage.test:9000", "http://r.test", "http://storage.test:9000", true),
            ("storage.test:9000", "http://r.test", "http://storage.test", false),
            ("https://storage.test", "http://r.test", "http://storage.test", false),
            ("http://storage.test:9000", "http://r.test", "http://storage.test:9000", true),
            ("storage.test:443", "https://r.test", "https://storage.test", true),
            ("[::1]:9000", "http://[::1]:5000", "http://[::1]:9000", true),
            ("[::1]", "http://[::1]:5000", "http://[::1]", true),
        ];
        for (allowed, own, target, expected) in table {
            let allowed: AllowedOrigin = allowed.parse().expect("an origin");
            assert_eq!(allowed.allows(&origin(own), &origin(target)), expected, "{allowed:?} {target}");
        }
        for bad in ["", "a b", "ftp://h", "h/path", "me@h", "h:x", "h:70000", "https://", "::1", "*", "h?x"] {
            let parsed = bad.parse::<AllowedOrigin>();
            assert!(parsed.is_err(), "{bad}: {parsed:?}");
        }
    }

    /// docs/RELIABILITY.md B2.
    #[test]
    fn addresses_inside_are_not_dialled_for_strangers() {
        for text in [
            "127.0.0.1",
            "0.0.0.0",
            "169.254.169.254",
            "::1",
            "::",
            "fe80::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
        ] {
            assert!(is_forbidden(text.parse().expect("an address"), false), "{text}");
        }
        for text in ["127.0.0.1", "::1", "10.0.0.1"] {
            assert!(!is_forbidden(text.parse().expect("an address"), true), "{text}");
        }
        assert!(is_forbidden("169.254.169.254".parse().expect("an address"), true));
    }

    #[test]
    fn one_site_is_one_registrable_domain() {
        assert!(is_same_site("registry-1.docker.io", "auth.docker.io"));
        assert!(is_same_site("registry.gitlab.example.com", "example.com"));
        for (a, b) in [
            ("reg.example.co.uk", "evil.co.uk"),
            ("a.github.io", "b.github.io"),
            ("x", "y"),
            ("127.0.0.1", "1.0.0.1"),
        ] {
            assert!(!is_same_site(a, b), "{a} {b}");
        }
    }
}
