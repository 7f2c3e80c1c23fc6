//! Targets: the names of a registry, a repository or an image as the user types them.
//!
//! Docker's rules define the meaning of `host/name`, but not of a host alone: `vm:6101` is a registry as well as the
//! tag `6101` of a Docker Hub image. A text that may be both is refused, and the message shows both spellings, unless
//! the registry is known.

use std::collections::HashSet;
use std::fmt;

use super::{BadName, Host, Reference, Repository, RepositoryName, Selector, ShortNames};

/// The lowest number that is taken for a port if it may be a tag as well. Servers of users listen on such ports, while
/// `postgres:16` is a version.
const LOWEST_PORT: u32 = 1024;

/// A target that a command line names.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// A registry: `localhost:5000`, `docker.io`, or anything with `/` at its end.
    Registry(Host),
    /// A repository: `ghcr.io/org/app`, `nginx`.
    Repository(Repository),
    /// An image: `nginx:1.27`, `host/app@sha256:…`.
    Image(Reference),
}

/// The scheme for reaching a registry, if the text names one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scheme {
    /// `http://`: without TLS.
    Http,
    /// `https://`: with TLS, on this machine too.
    Https,
}

/// A target as the user typed it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Typed {
    /// The target.
    pub(crate) target: Target,
    /// The scheme in front of the target.
    pub(crate) scheme: Option<Scheme>,
}

/// The registries that a name without a dot may mean: open ones, configured ones, and those with a login.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct KnownRegistries {
    hosts: HashSet<Host>,
    /// The rules for names without a registry.
    short_names: ShortNames,
}

/// A text that is a registry as well as an image, in two spellings that each mean only one of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ambiguity {
    /// The spelling of the registry: `vm:6101/`.
    pub(crate) registry: String,
    /// The spelling of the image: `docker.io/library/vm:6101`.
    pub(crate) image: String,
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a registry or an image? Write `{}` or `{}`", self.registry, self.image)
    }
}

/// The name with its registry in front: `docker.io`, `docker.io/library/nginx`, `docker.io/library/nginx:1.27`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Registry(host) => host.fmt(f),
            Target::Repository(repository) => repository.fmt(f),
            Target::Image(reference) => reference.fmt(f),
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        })
    }
}

impl Scheme {
    /// Splits a text into its scheme and the rest.
    pub(crate) fn split(text: &str) -> Result<(Option<Scheme>, &str), BadName> {
        match text.split_once("://") {
            None => Ok((None, text)),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => Ok((Some(Scheme::Http), rest)),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => Ok((Some(Scheme::Https), rest)),
            Some(_) => Err(BadName::Scheme),
        }
    }
}

impl FromIterator<Host> for KnownRegistries {
    fn from_iter<T: IntoIterator<Item = Host>>(hosts: T) -> KnownRegistries {
        KnownRegistries { hosts: hosts.into_iter().collect(), short_names: ShortNames::default() }
    }
}

impl Extend<Host> for KnownRegistries {
    fn extend<T: IntoIterator<Item = Host>>(&mut self, hosts: T) {
        self.hosts.extend(hosts);
    }
}

impl KnownRegistries {
    /// Returns the same registries with rules for names without a registry.
    pub(crate) fn with_short_names(self, short_names: ShortNames) -> KnownRegistries {
        KnownRegistries { short_names, ..self }
    }

    /// Returns whether this registry is known.
    pub(crate) fn has(&self, host: &Host) -> bool {
        self.hosts.contains(host)
    }

    /// Returns the registry of that name, if it is known.
    fn named(&self, text: &str) -> Option<Host> {
        Host::parse(text).ok().filter(|host| self.has(host))
    }

    /// Returns the registry that the part before the first slash means: one by docker's rules, or a known one. While a
    /// registry is open, capital letters are taken for a typing mistake, not for a host.
    fn host_of(&self, first: &str, is_open: bool) -> Result<Option<Host>, BadName> {
        let looks = super::looks_like_host(first) && !(is_open && super::is_bare(first));
        if looks { Host::parse(first).map(Some) } else { Ok(self.named(first)) }
    }
}

impl Typed {
    /// Parses a target of a command line.
    ///
    /// A scheme or a slash at the end makes a registry of any host. Without both, a text without a slash is a registry
    /// if it is known, is on this machine, or has a dot in its host and nothing but a port behind it.
    pub(crate) fn parse(text: &str, known: &KnownRegistries) -> Result<Typed, BadName> {
        Typed::read(text, None, known)
    }

    /// Parses the text of a prompt. A name without a host is in the open registry, if there is one. Spaces around the
    /// name do not count.
    pub(crate) fn parse_prompt(
        open_registry: Option<&Host>,
        text: &str,
        known: &KnownRegistries,
    ) -> Result<Typed, BadName> {
        match text.trim() {
            "" => Err(BadName::Empty),
            text => Typed::read(text, open_registry, known),
        }
    }

    fn read(text: &str, here: Option<&Host>, known: &KnownRegistries) -> Result<Typed, BadName> {
        let (scheme, text) = Scheme::split(text)?;
        let target = match scheme {
            Some(_) => parse_after_scheme(text)?,
            None => parse_without_scheme(text, here, known)?,
        };
        Ok(Typed { target, scheme })
    }
}

/// Parses the text after a scheme: a host, then the path.
fn parse_after_scheme(text: &str) -> Result<Target, BadName> {
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let host = Host::parse(host).map_err(|bad| if has_bad_port(text) { BadName::Port } else { bad })?;
    match path {
        "" => Ok(Target::Registry(host)),
        path => Reference::parse_in(host, without_slash(path)).map(Target::of),
    }
}

/// Parses a text without a scheme.
fn parse_without_scheme(text: &str, here: Option<&Host>, known: &KnownRegistries) -> Result<Target, BadName> {
    let in_default = |text: &str| match here {
        Some(here) => Reference::parse_in(here.clone(), text),
        None => known.short_names.resolve(text),
    };
    match text.split_once('/') {
        Some((host, "")) => Host::parse(host).map(Target::Registry),
        Some((first, path)) => match known.host_of(first, here.is_some())? {
            Some(host) => Reference::parse_in(host, without_slash(path)),
            None => in_default(without_slash(text)),
        }
        .map(Target::of),
        None => match parse_single_word(text, known)? {
            Alone::Registry(host) => Ok(Target::Registry(host)),
            Alone::Image => in_default(text).map(Target::of),
            Alone::Either(host) => {
                let image = in_default(text).or_else(|_| in_default(host.as_str()))?;
                let ambiguity = Ambiguity { registry: format!("{host}/"), image: image.to_string() };
                Err(BadName::Ambiguous(Box::new(ambiguity)))
            }
        },
    }
}

/// The possible meanings of a text without a slash.
enum Alone {
    Registry(Host),
    Image,
    Either(Host),
}

fn parse_single_word(text: &str, known: &KnownRegistries) -> Result<Alone, BadName> {
    if text.contains('@') {
        return Ok(Alone::Image);
    }
    match Host::parse(text) {
        Ok(host) if known.has(&host) || host.is_clearly_host() => Ok(Alone::Registry(host)),
        Ok(host) if host.port().is_some_and(|port| u32::from(port) >= LOWEST_PORT) => Ok(Alone::Either(host)),
        Err(_) if has_bad_port(text) => Err(BadName::Port),
        Ok(_) | Err(_) => Ok(Alone::Image),
    }
}

/// Returns whether a number that is no port follows a name that can only be a registry. With a valid port the text
/// would be a registry.
fn has_bad_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !port.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_err()
            && Host::parse(host).is_ok_and(|host| host.is_clearly_host())
    })
}

fn without_slash(text: &str) -> &str {
    text.strip_suffix('/').unwrap_or(text)
}

impl Target {
    /// Parses a target without known registries and drops the scheme.
    pub fn parse(text: &str) -> Result<Target, BadName> {
        Typed::parse(text, &KnownRegistries::default()).map(|typed| typed.target)
    }

    fn of(reference: Reference) -> Target {
        match (&reference.tag, &reference.digest) {
            (None, None) => Target::Repository(reference.repository),
            _ => Target::Image(reference),
        }
    }

    /// Returns the target of a registry, of a repository in it, or of an image of that. A selector without a repository
    /// does not count.
    pub(crate) fn of_parts(
        host: Host,
        repository: Option<RepositoryName>,
        selector: Option<Selector>,
    ) -> Target {
        let Some(name) = repository else { return Target::Registry(host) };
        let repository = Repository { host, name };
        match selector {
            None => Target::Repository(repository),
            Some(Selector::Tag(tag)) => Target::Image(Reference { repository, tag: Some(tag), digest: None }),
            Some(Selector::Digest(digest)) => {
                Target::Image(Reference { repository, tag: None, digest: Some(digest) })
            }
        }
    }

    /// Returns the repository of the target, unless it is a registry.
    pub(crate) fn repository(&self) -> Option<&Repository> {
        match self {
            Target::Registry(_) => None,
            Target::Repository(repository) => Some(repository),
            Target::Image(reference) => Some(&reference.repository),
        }
    }

    /// Returns the selector of the target, if it is an image.
    pub(crate) fn selector(&self) -> Option<Selector> {
        match self {
            Target::Registry(_) | Target::Repository(_) => None,
            Target::Image(reference) => Some(reference.selector()),
        }
    }

    /// Returns the registry of the target.
    pub fn host(&self) -> &Host {
        match self {
            Target::Registry(host) => host,
            Target::Repository(repository) => &repository.host,
            Target::Image(reference) => &reference.repository.host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn shown(typed: &Typed) -> String {
        let scheme = typed.scheme.map(|scheme| format!(" by {scheme}")).unwrap_or_default();
        let target = match &typed.target {
            Target::Registry(host) => format!("registry {host}"),
            Target::Repository(repository) => format!("repository {repository}"),
            Target::Image(reference) => format!("image {reference}"),
        };
        format!("{target}{scheme}")
    }

    fn known(hosts: &[&str]) -> KnownRegistries {
        hosts.iter().map(|host| Host::parse(host).expect("a host")).collect()
    }

    /// Returns both spellings of an ambiguous text.
    fn spellings(read: Result<Typed, BadName>) -> Option<(String, String)> {
        match read {
            Err(BadName::Ambiguous(both)) => Some((both.registry, both.image)),
            _ => None,
        }
    }

    #[test]
    fn a_scheme_or_a_slash_at_the_end_means_a_registry() {
        let digest = format!("http://vm/app@{SHA256}");
        let table = [
            ("http://vm:6101", "registry vm:6101 by http"),
            ("http://vm:6101/", "registry vm:6101 by http"),
            ("https://vm", "registry vm by https"),
            ("HTTP://VM:6101", "registry vm:6101 by http"),
            ("https://vm/app", "repository vm/app by https"),
            ("http://vm:80/team/app:1", "image vm:80/team/app:1 by http"),
            (&digest, &format!("image vm/app@{SHA256} by http")),
            ("https://nginx:1027/nginx:1027", "image nginx:1027/nginx:1027 by https"),
            ("https://docker.io/nginx", "repository docker.io/library/nginx by https"),
            ("http://[::1]:5000/a", "repository [::1]:5000/a by http"),
            ("http://localhost:5000", "registry localhost:5000 by http"),
            ("vm/", "registry vm"),
            ("vm:6101/", "registry vm:6101"),
            ("vm:80/", "registry vm:80"),
            ("Vm:6101/app/", "repository vm:6101/app"),
        ];
        for (text, expected) in table {
            assert_eq!(
                Typed::parse(text, &KnownRegistries::default()).map(|typed| shown(&typed)),
                Ok(expected.into())
            );
        }
        let bad = [
            ("http://", BadName::Host),
            ("https:///app", BadName::Host),
            ("docker://vm/app", BadName::Scheme),
            ("oci://r.test/chart:1", BadName::Scheme),
            ("http://localhost:99999", BadName::Port),
            ("http://user:word@vm/app", BadName::Host),
            ("http://vm/App", BadName::Repository),
            ("http://vm//app", BadName::Repository),
        ];
        for (text, expected) in bad {
            assert_eq!(Typed::parse(text, &KnownRegistries::default()), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_name_without_a_dot_and_with_a_number_like_a_port_is_refused_with_both_spellings() {
        for (text, registry, image) in [
            ("vm:6101", "vm:6101/", "docker.io/library/vm:6101"),
            ("redis:6379", "redis:6379/", "docker.io/library/redis:6379"),
            ("my-host:1024", "my-host:1024/", "docker.io/library/my-host:1024"),
            ("VM:65535", "vm:65535/", "docker.io/library/vm:65535"),
        ] {
            let read = Typed::parse(text, &KnownRegistries::default());
            assert_eq!(spellings(read), Some((registry.into(), image.into())), "{text}");
            for spelled in [registry, image] {
                assert!(
                    Typed::parse(spelled, &KnownRegistries::default()).is_ok(),
                    "{spelled} is nothing else"
                );
            }
        }
        let digest = format!("vm:6101@{SHA256}");
        for (text, expected) in [
            ("vm:1023", "image docker.io/library/vm:1023"),
            ("postgres:16", "image docker.io/library/postgres:16"),
            ("debian:20240101", "image docker.io/library/debian:20240101"),
            ("my_app:6101", "image docker.io/library/my_app:6101"),
            ("team/vm:6101", "image docker.io/team/vm:6101"),
            ("vm:6101-alpine", "image docker.io/library/vm:6101-alpine"),
            ("vm:6101/app", "repository vm:6101/app"),
            ("r.test:6101", "registry r.test:6101"),
            ("LocalHost:6101", "registry localhost:6101"),
            ("[::1]:6101", "registry [::1]:6101"),
            ("[2001:db8::1]:6101", "registry [2001:db8::1]:6101"),
            (&digest, &format!("image docker.io/library/{digest}")),
        ] {
            let read = Typed::parse(text, &KnownRegistries::default()).map(|typed| shown(&typed));
            assert_eq!(read, Ok(expected.to_string()), "{text}");
        }
    }

    #[test]
    fn a_known_name_is_a_registry() {
        let known = known(&["vm:6101", "vm", "small:80"]);
        for (text, expected) in [
            ("vm:6101", "registry vm:6101"),
            ("VM:6101", "registry vm:6101"),
            ("vm", "registry vm"),
            ("vm/app:1", "image vm/app:1"),
            ("small:80", "registry small:80"),
            ("small", "repository docker.io/library/small"),
            ("small/app", "repository docker.io/small/app"),
            ("nginx", "repository docker.io/library/nginx"),
        ] {
            let read = Typed::parse(text, &known).map(|typed| shown(&typed));
            assert_eq!(read, Ok(expected.to_string()), "{text}");
        }
        assert!(spellings(Typed::parse("vm:6102", &known)).is_some(), "another port is another registry");
    }

    #[test]
    fn a_name_without_a_host_is_in_the_registry_that_is_open() {
        let here = Host::parse("r.test:5000").expect("a host");
        let read = |text: &str| {
            Typed::parse_prompt(Some(&here), text, &known(&["vm"]))
                .map(|typed| shown(&typed))
                .map_err(|bad| bad.to_string())
        };
        for (text, expected) in [
            ("team/app", "repository r.test:5000/team/app"),
            ("app", "repository r.test:5000/app"),
            ("app:1.2", "image r.test:5000/app:1.2"),
            ("app:16", "image r.test:5000/app:16"),
            ("ghcr.io/org/app", "repository ghcr.io/org/app"),
            ("localhost/app", "repository localhost/app"),
            ("vm/app", "repository vm/app"),
            ("other/app", "repository r.test:5000/other/app"),
            ("other/", "registry other"),
            ("http://other/app", "repository other/app by http"),
            ("LOCALHOST:5000/app", "repository localhost:5000/app"),
        ] {
            assert_eq!(read(text), Ok(expected.to_string()), "{text}");
        }
        let both = spellings(Typed::parse_prompt(Some(&here), "other:6101", &KnownRegistries::default()));
        assert_eq!(both, Some(("other:6101/".into(), "r.test:5000/other:6101".into())));
        assert!(read("Team/app").is_err(), "a slip and no host");
        let bare = Host::parse("vm").expect("a host");
        let read = Typed::parse_prompt(Some(&bare), "team/app", &KnownRegistries::default())
            .map(|typed| shown(&typed));
        assert_eq!(read, Ok("repository vm/team/app".into()), "not of Docker Hub");
    }
}
