//! Routes: the rules of the system's files by which a registry, or a part of it, is reached elsewhere.
//!
//! | subject | file |
//! |---|---|
//! | the registry that follows the routes | `routed` |
//! | reads from mirrors | `mirrored` |
//!
//! The rules are those of containers-registries.conf(5). The name that the user knows stays; only requests are rewritten.

mod mirrored;
mod routed;

use std::net::IpAddr;
use std::sync::Arc;

use crate::model::change::rules::Relocation;
use crate::model::reference::{BadName, Host, Repository, RepositoryName, Selector};
use crate::model::text::SafeText;

pub(super) use mirrored::Mirror;
pub(super) use routed::RoutedRegistry;

/// A registry, or the repositories below a path in it: `example.com`, `example.com/team`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    /// The registry.
    pub(crate) host: Host,
    /// The path, without slashes at its ends. Empty for the whole registry.
    pub(crate) path: String,
}

impl Location {
    /// Parses `host[:port][/path]`.
    pub(crate) fn parse(text: &str) -> Result<Location, BadName> {
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        let host = Host::parse(host)?;
        if !path.is_empty() {
            RepositoryName::parse(path)?;
        }
        Ok(Location { host, path: path.into() })
    }

    /// Returns the repository below this location with the rest of a name.
    fn repository(&self, rest: &str) -> Result<Repository, BadName> {
        let name = match (self.path.as_str(), rest) {
            ("", rest) => rest.to_string(),
            (path, "") => path.to_string(),
            (path, rest) => format!("{path}/{rest}"),
        };
        Repository::parse_in(self.host.clone(), &name)
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_str() {
            "" => self.host.fmt(f),
            path => write!(f, "{}/{path}", self.host),
        }
    }
}

/// The names to which a route applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RoutePrefix {
    /// A registry, or a part of it.
    Within(Location),
    /// The registries whose names end so, after one more label: `.example.com`.
    Subdomains(String),
}

impl RoutePrefix {
    /// Parses `host[:port][/path]` or `*.host`.
    pub(crate) fn parse(text: &str) -> Result<RoutePrefix, BadName> {
        match text.strip_prefix('*') {
            Some(domain) => {
                let bare = domain.strip_prefix('.').ok_or(BadName::Host)?;
                Host::parse(bare)?;
                Ok(RoutePrefix::Subdomains(domain.to_ascii_lowercase()))
            }
            None => Location::parse(text).map(RoutePrefix::Within),
        }
    }

    /// Returns the rest of the name, and how much of the whole name matched.
    fn split<'a>(&self, host: &Host, name: &'a str) -> Option<(&'a str, usize)> {
        match self {
            RoutePrefix::Within(location) if is_same_host(&location.host, host) => {
                let rest = match location.path.as_str() {
                    "" => name,
                    path => {
                        let rest = name.strip_prefix(path)?;
                        if rest.is_empty() { rest } else { rest.strip_prefix('/')? }
                    }
                };
                Some((rest, host.as_str().len() + location.path.len()))
            }
            RoutePrefix::Subdomains(domain) => {
                let matches = host.without_port().ends_with(domain.as_str());
                // The name of the registry itself is the longer match.
                matches.then_some((name, domain.len()))
            }
            RoutePrefix::Within(_) => None,
        }
    }

    /// Returns whether it applies to every repository of a registry.
    fn is_whole(&self, host: &Host) -> bool {
        match self {
            RoutePrefix::Within(location) => location.path.is_empty() && is_same_host(&location.host, host),
            RoutePrefix::Subdomains(_) => self.split(host, "").is_some(),
        }
    }

    /// Returns whether it applies to repositories of a registry.
    pub(crate) fn concerns(&self, host: &Host) -> bool {
        match self {
            RoutePrefix::Within(location) => is_same_host(&location.host, host),
            RoutePrefix::Subdomains(_) => self.split(host, "").is_some(),
        }
    }
}

impl std::fmt::Display for RoutePrefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RoutePrefix::Within(location) => location.fmt(f),
            RoutePrefix::Subdomains(domain) => write!(f, "*{domain}"),
        }
    }
}

/// The selectors for which a mirror is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum MirrorPulls {
    /// Tags and digests.
    #[default]
    All,
    /// Digests only.
    DigestOnly,
    /// Tags only.
    TagOnly,
}

impl MirrorPulls {
    /// Returns whether a mirror is asked for this selector.
    fn allows(self, selector: &Selector) -> bool {
        match self {
            MirrorPulls::All => true,
            MirrorPulls::DigestOnly => matches!(selector, Selector::Digest(_)),
            MirrorPulls::TagOnly => matches!(selector, Selector::Tag(_)),
        }
    }
}

/// A mirror of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MirrorRoute {
    /// The place of the mirrored repositories.
    pub(crate) location: Location,
    /// Whether its certificate is not checked, and plain HTTP is possible.
    pub(crate) insecure: bool,
    /// The selectors for which it is asked.
    pub(crate) pulls: MirrorPulls,
}

/// A rule for a registry or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// The names to which it applies.
    pub(crate) prefix: RoutePrefix,
    /// The place to which requests go, if it is not the one of the name.
    pub(crate) location: Option<Location>,
    /// Whether certificates are not checked, and plain HTTP is possible.
    pub(crate) insecure: bool,
    /// Whether every request is refused.
    pub(crate) blocked: bool,
    /// The mirrors, the first one first.
    pub(crate) mirrors: Vec<MirrorRoute>,
    /// The file and the line, for messages.
    pub(crate) source: SafeText,
}

/// All routes. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes(Arc<RouteTable>);

#[derive(Debug, Default, PartialEq, Eq)]
struct RouteTable {
    routes: Vec<Route>,
    /// Networks whose registries are insecure: an address and the number of its leading bits.
    insecure_networks: Vec<(IpAddr, u8)>,
}

/// The registries that the routes of a name lead to.
#[derive(Debug)]
struct Destination<'a> {
    route: Option<&'a Route>,
    /// The part of the name behind the prefix.
    rest: String,
    /// The repository at the primary location.
    primary: Repository,
}

impl Routes {
    /// Puts routes together.
    pub(crate) fn new(routes: Vec<Route>, insecure_networks: Vec<(IpAddr, u8)>) -> Routes {
        Routes(Arc::new(RouteTable { routes, insecure_networks }))
    }

    /// Returns the routes that concern a registry.
    pub(crate) fn concerning(&self, host: &Host) -> impl Iterator<Item = &Route> {
        self.0.routes.iter().filter(move |route| route.prefix.concerns(host))
    }

    /// Returns the route of a whole registry.
    pub(super) fn of_host(&self, host: &Host) -> Option<&Route> {
        self.longest(host, "").filter(|route| route.prefix.is_whole(host))
    }

    /// Returns whether the files allow unchecked certificates and plain HTTP for all of a registry.
    pub(crate) fn is_insecure(&self, host: &Host) -> bool {
        // Docker's rule: an address that is written as a number may be in a network of the list.
        let address: Option<IpAddr> = host.without_port().parse().ok();
        let mut networks = self.0.insecure_networks.iter();
        self.of_host(host).is_some_and(|route| route.insecure && route.location.is_none())
            || address.is_some_and(|address| networks.any(|network| is_in(address, *network)))
    }

    /// Returns the route with the longest prefix of a name.
    fn longest(&self, host: &Host, name: &str) -> Option<&Route> {
        let matching =
            self.0.routes.iter().filter_map(|route| Some((route, route.prefix.split(host, name)?.1)));
        matching.max_by_key(|(_, length)| *length).map(|(route, _)| route)
    }

    /// Returns the place of a repository. Fails if its location is no possible name.
    fn destination(&self, host: &Host, name: &RepositoryName) -> Result<Destination<'_>, BadName> {
        let route = self.longest(host, name.as_str());
        let rest = route.and_then(|route| Some(route.prefix.split(host, name.as_str())?.0));
        let rest = rest.unwrap_or(name.as_str()).to_string();
        let primary = match route.and_then(|route| route.location.as_ref()) {
            Some(location) => location.repository(&rest)?,
            None => Repository { host: host.clone(), name: name.clone() },
        };
        Ok(Destination { route, rest, primary })
    }

    /// Returns the names whose content is at another place.
    pub(crate) fn relocations(&self) -> Vec<Relocation> {
        let relocation = |route: &Route| {
            let place = SafeText::from(route.location.as_ref()?.to_string());
            Some(Relocation { prefix: route.prefix.to_string(), place, source: route.source.clone() })
        };
        self.0.routes.iter().filter_map(relocation).collect()
    }

    /// Describes the routes of a registry for its header: `location mirror.test/hub`, `mirror m.test`.
    pub(crate) fn describe(&self, host: &Host) -> Option<SafeText> {
        let mut parts = Vec::new();
        for route in self.concerning(host) {
            let within = match &route.prefix {
                RoutePrefix::Within(location) if !location.path.is_empty() => format!("{}: ", location.path),
                _ => String::new(),
            };
            if route.blocked {
                parts.push(format!("{within}blocked"));
            }
            parts.extend(route.location.iter().map(|location| format!("{within}location {location}")));
            parts.extend(route.mirrors.iter().map(|mirror| format!("{within}mirror {}", mirror.location)));
        }
        (!parts.is_empty()).then(|| SafeText::from(parts.join(", ")))
    }
}

/// Returns whether two names are those of one registry: the port of HTTPS counts as no port, or another spelling would
/// get around a block.
fn is_same_host(one: &Host, other: &Host) -> bool {
    let port = |host: &Host| host.port().filter(|port| *port != 443);
    one.without_port() == other.without_port() && port(one) == port(other)
}

/// Returns whether an address is in a network.
fn is_in(address: IpAddr, (network, bits): (IpAddr, u8)) -> bool {
    let differs = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => (address.to_bits() ^ network.to_bits())
            .checked_shr(32_u32.saturating_sub(bits.into()))
            .unwrap_or(0)
            .into(),
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits() ^ network.to_bits())
            .checked_shr(128_u32.saturating_sub(bits.into()))
            .unwrap_or(0),
        _ => 1,
    };
    differs == 0_u128
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(prefix: &str, location: &str) -> Route {
        Route {
            prefix: RoutePrefix::parse(prefix).expect(prefix),
            location: (!location.is_empty()).then(|| Location::parse(location).expect(location)),
            insecure: false,
            blocked: false,
            mirrors: Vec::new(),
            source: "test".into(),
        }
    }

    fn host(text: &str) -> Host {
        Host::parse(text).expect(text)
    }

    #[test]
    fn the_longest_prefix_decides_where_a_repository_is() {
        let routes = Routes::new(
            vec![
                route("example.com", "all.test"),
                route("example.com/foo", "internal.test/bar"),
                route("example.com/foo/one", "one.test/its/name"),
                route("*.example.com", ""),
                route("*.corp.test", "proxy.test/corp"),
                route("docker.io/library", "hub.test/official"),
            ],
            Vec::new(),
        );
        for (name, expected) in [
            ("example.com/foo/myimage", "internal.test/bar/myimage"),
            ("example.com/foo/one", "one.test/its/name"),
            ("example.com/foo/one/two", "one.test/its/name/two"),
            ("example.com/foo", "internal.test/bar"),
            ("example.com/foobar", "all.test/foobar"),
            ("a.b.example.com/foo/x", "a.b.example.com/foo/x"),
            ("a.b.corp.test/x", "proxy.test/corp/x"),
            ("corp.test/x", "corp.test/x"),
            ("evilcorp.test/x", "evilcorp.test/x"),
            ("docker.io/library/alpine", "hub.test/official/alpine"),
            ("docker.io/user/alpine", "docker.io/user/alpine"),
        ] {
            let repository = Repository::parse(name).expect(name);
            let found = routes.destination(&repository.host, &repository.name).expect(name);
            assert_eq!(found.primary.to_string(), expected, "{name}");
        }
        let whole = routes.destination(&host("example.com"), &RepositoryName::parse("x").expect("a name"));
        assert!(whole.is_ok_and(|found| found.primary.host == host("all.test")));
    }

    #[test]
    fn a_prefix_is_a_host_a_path_or_all_subdomains_of_a_host() {
        for bad in
            ["", "*", "*.", "*.example.com/foo", "example.*.com", "*.a.test:5000/x", "h/Foo", "/x", "h//x"]
        {
            assert!(RoutePrefix::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_of_an_insecure_network_are_insecure_and_no_others() {
        let networks = vec![("10.1.0.0".parse().expect("one"), 16), ("fd00::".parse().expect("one"), 8)];
        let routes = Routes::new(Vec::new(), networks);
        for (name, expected) in
            [("10.1.2.3:5000", true), ("10.2.0.1", false), ("[fd12::1]:5000", true), ("ten.test", false)]
        {
            assert_eq!(routes.is_insecure(&host(name)), expected, "{name}");
        }
        let everything = Routes::new(Vec::new(), vec![("0.0.0.0".parse().expect("one"), 0)]);
        assert!(everything.is_insecure(&host("192.0.2.1")));
    }
}
