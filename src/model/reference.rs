//! Names of registries, repositories and images, by docker's rules.
//!
//! Grammar: distribution/reference `regexp.go`, OCI distribution-spec § Pulling manifests. Text that is refused here
//! never reaches a URL, a file name or, as a name, the screen.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::digest::Digest;

/// The longest `host/name` that docker tools accept, in bytes.
pub(crate) const LONGEST_NAME: usize = 255;

/// The reason why a text is not the kind of name that is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Not a registry host.
    #[error("not a registry host: `host`, `host:port` or `[ipv6]:port` is expected")]
    Host,
    /// Something other than `http` or `https` in front of `://`.
    #[error("not a scheme: `http://` or `https://` is expected, or none")]
    Scheme,
    /// A registry as well as an image.
    #[error("{0}")]
    Ambiguous(Box<Ambiguity>),
    /// A name without a registry that may be in several.
    #[error("several registries may have it: write {0}")]
    Unqualified(Box<str>),
    /// A registry with an impossible port.
    #[error("not a port: a number up to 65535 is expected")]
    Port,
    /// Not a repository name.
    #[error(
        "not a repository name: lower-case letters, digits, `.`, `_`, `-`, parts separated by `/` are expected"
    )]
    Repository,
    /// A repository name of 64 hex digits alone, which docker keeps for image identifiers.
    #[error("64 hex digits alone are an image identifier, not a repository name")]
    Identifier,
    /// Not a tag.
    #[error("not a tag: up to 128 letters, digits, `.`, `_`, `-` are expected, and no `.` or `-` in front")]
    Tag,
    /// Not a digest.
    #[error("not a digest: `sha256:` with 64 or `sha512:` with 128 lower-case hex digits is expected")]
    Digest,
    /// Longer than [`LONGEST_NAME`].
    #[error("longer than 255 characters")]
    TooLong,
    /// An empty text.
    #[error("a name is expected")]
    Empty,
}

/// Implements the text forms of a checked name.
macro_rules! text_of_name {
    ($name:ident) => {
        impl $name {
            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = Cow::<str>::deserialize(deserializer)?;
                $name::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

mod host;
mod short_names;
mod tag;
mod target;

pub use host::Host;
pub use short_names::ShortNames;
pub use tag::Tag;
pub(crate) use target::{Ambiguity, KnownRegistries, Typed};
pub use target::{Scheme, Target};

/// The path of a repository inside its registry: `library/nginx`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName(Arc<str>);
text_of_name!(RepositoryName);

text_of_name!(Tag);

/// A repository of a registry.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Repository {
    /// The registry.
    pub host: Host,
    /// The path of the repository in the registry.
    pub name: RepositoryName,
}

/// The selector of a manifest within a repository: the `<reference>` of the distribution-spec.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Selector {
    /// A tag, which can move.
    Tag(Tag),
    /// A digest of the content.
    Digest(Digest),
}

/// An image as docker writes it: `host/name[:tag][@digest]`. With both, the digest selects and the tag informs.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Reference {
    /// The repository of the image.
    pub(crate) repository: Repository,
    /// The tag, if one was written.
    pub(crate) tag: Option<Tag>,
    /// The digest, if one was written.
    pub(crate) digest: Option<Digest>,
}

impl Selector {
    /// Returns the tag, or the short form of the digest, as lists show it.
    pub fn short(&self) -> String {
        match self {
            Selector::Tag(tag) => tag.to_string(),
            Selector::Digest(digest) => digest.short(),
        }
    }

    /// Returns the selector with its mark, to stand behind the name of a repository: `:tag` or `@digest`.
    pub(crate) fn suffix(&self) -> String {
        match self {
            Selector::Tag(tag) => format!(":{tag}"),
            Selector::Digest(digest) => format!("@{digest}"),
        }
    }

    /// Returns the same with the short form of a digest.
    pub(crate) fn short_suffix(&self) -> String {
        match self {
            Selector::Tag(tag) => format!(":{tag}"),
            Selector::Digest(digest) => format!("@{}", digest.short()),
        }
    }
}

impl RepositoryName {
    /// Parses a repository name as the server returns it: nothing is added to it.
    pub fn parse(text: &str) -> Result<RepositoryName, BadName> {
        match text {
            "" => Err(BadName::Empty),
            _ if text.len() > LONGEST_NAME => Err(BadName::TooLong),
            _ if !text.split('/').all(is_path_component) => Err(BadName::Repository),
            _ => Ok(RepositoryName(text.into())),
        }
    }

    /// Returns the parts between slashes.
    pub(crate) fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }
}

/// Returns whether a text matches `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_path_component(text: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends_well = bytes.first().is_some_and(is_word) && bytes.last().is_some_and(is_word);
    ends_well
        && bytes.split(is_word).all(|separator| {
            matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|byte| *byte == b'-')
        })
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.name)
    }
}

impl FromStr for Selector {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Selector, BadName> {
        if text.contains(':') {
            text.parse().map(Selector::Digest).map_err(|_| BadName::Digest)
        } else {
            Tag::parse(text).map(Selector::Tag)
        }
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Selector, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Selector {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Tag(tag) => tag.fmt(f),
            Selector::Digest(digest) => digest.fmt(f),
        }
    }
}

impl Repository {
    /// Parses `[host/]name`. The first part is a host exactly if docker takes it for one.
    pub fn parse(text: &str) -> Result<Repository, BadName> {
        let (host, name) = match text.split_once('/') {
            Some((first, rest)) if looks_like_host(first) => (Host::parse(first)?, rest),
            _ => (Host::docker_hub(), text),
        };
        Repository::parse_in(host, name)
    }

    /// Parses a name in a registry. On Docker Hub a single word is an official image.
    pub(crate) fn parse_in(host: Host, name: &str) -> Result<Repository, BadName> {
        let name = match host.is_docker_hub() && !name.contains('/') && !name.is_empty() {
            true if is_identifier(name) => return Err(BadName::Identifier),
            true => RepositoryName::parse(&format!("library/{name}"))?,
            false => RepositoryName::parse(name)?,
        };
        if host.as_str().len() + 1 + name.as_str().len() > LONGEST_NAME {
            return Err(BadName::TooLong);
        }
        Ok(Repository { host, name })
    }
}

fn is_identifier(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns whether docker takes the part before the first slash for a host.
fn looks_like_host(first: &str) -> bool {
    !is_bare(first) || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Splits an image into its name, tag and digest.
fn parts(text: &str) -> Result<(&str, Option<Tag>, Option<Digest>), BadName> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.parse().map_err(|_| BadName::Digest)?)),
        None => (text, None),
    };
    let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
    match rest[name_start..].rfind(':') {
        Some(colon) => {
            let tag = Tag::parse(&rest[name_start + colon + 1..])?;
            Ok((&rest[..name_start + colon], Some(tag), digest))
        }
        None => Ok((rest, None, digest)),
    }
}

/// Returns whether neither a dot nor a port makes this a host.
fn is_bare(first: &str) -> bool {
    !first.contains(['.', ':']) && !first.eq_ignore_ascii_case("localhost")
}

impl Reference {
    /// Parses `name[:tag][@digest]` in a registry.
    pub(crate) fn parse_in(host: Host, text: &str) -> Result<Reference, BadName> {
        let (name, tag, digest) = parts(text)?;
        Ok(Reference { repository: Repository::parse_in(host, name)?, tag, digest })
    }

    /// Returns the selector of the manifest: the digest, else the tag, else `latest`.
    pub(crate) fn selector(&self) -> Selector {
        match (self.digest, &self.tag) {
            (Some(digest), _) => Selector::Digest(digest),
            (None, Some(tag)) => Selector::Tag(tag.clone()),
            (None, None) => Selector::Tag(Tag("latest".into())),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.repository.fmt(f)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn target(text: &str) -> Result<String, BadName> {
        Ok(match Target::parse(text)? {
            Target::Registry(host) => format!("registry {host}"),
            Target::Repository(repository) => format!("repository {repository}"),
            Target::Image(reference) => format!("image {reference}"),
        })
    }

    #[test]
    fn names_are_read_by_the_rules_of_docker() {
        let digest = format!("@{SHA256}");
        let both = format!("r.test/a:1{digest}");
        let table = [
            ("nginx", "repository docker.io/library/nginx"),
            ("nginx:1.27", "image docker.io/library/nginx:1.27"),
            ("bitnami/nginx", "repository docker.io/bitnami/nginx"),
            ("docker.io", "registry docker.io"),
            ("index.docker.io/nginx", "repository docker.io/library/nginx"),
            ("docker.io/library/nginx", "repository docker.io/library/nginx"),
            ("ghcr.io/org/app:v1", "image ghcr.io/org/app:v1"),
            ("localhost", "registry localhost"),
            ("localhost/app", "repository localhost/app"),
            ("LOCALHOST:5000", "registry localhost:5000"),
            ("localhost:5000/a/b/c", "repository localhost:5000/a/b/c"),
            ("127.0.0.1:5000", "registry 127.0.0.1:5000"),
            ("[::1]:5000", "registry [::1]:5000"),
            ("[::1]:5000/a:b", "image [::1]:5000/a:b"),
            ("myhost/", "registry myhost"),
            ("myhost:5000/", "registry myhost:5000"),
            ("myhost:50", "image docker.io/library/myhost:50"),
            ("https://r.test/", "registry r.test"),
            ("a/b", "repository docker.io/a/b"),
            (&both, &format!("image {both}")),
        ];
        for (text, expected) in table {
            assert_eq!(target(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn names_that_break_the_grammar_are_refused_with_the_reason() {
        let long = format!("r.test/{}", "a".repeat(249));
        let hex = "a".repeat(64);
        let table = [
            ("", BadName::Empty),
            ("/", BadName::Host),
            ("localhost:99999", BadName::Port),
            ("127.0.0.1:70000", BadName::Port),
            ("quay.io:65536", BadName::Port),
            ("[::1]:65536", BadName::Port),
            ("Team/App", BadName::Repository),
            ("r.test//a", BadName::Repository),
            ("r.test/a/../b", BadName::Repository),
            ("r.test/a_-b", BadName::Repository),
            ("r.test/a___b", BadName::Repository),
            ("r.test/\u{202e}a", BadName::Repository),
            ("r.test/a:", BadName::Tag),
            ("r.test/a:.b", BadName::Tag),
            ("r.test/a@sha256:12", BadName::Digest),
            ("r_.test/a", BadName::Host),
            ("[::g]/a", BadName::Host),
            (&hex, BadName::Identifier),
            (&long, BadName::TooLong),
        ];
        for (text, expected) in table {
            assert_eq!(target(text).err(), Some(expected), "{text}");
        }
        assert!(Target::parse(&long[..255]).is_ok(), "255 bytes are not too long");
        assert!(Tag::parse(&"x".repeat(128)).is_ok() && Tag::parse(&"x".repeat(129)).is_err());
    }

    #[test]
    fn a_digest_tag_is_told_from_a_version() {
        let named = |text: &str| {
            let tag = Tag::parse(text).expect(text);
            tag.digest_and_suffix().map(|(stem, suffix)| (stem.to_string(), suffix.to_string()))
        };
        let tag = SHA256.replace(':', "-");
        assert_eq!(named(&tag), Some((tag.clone(), String::new())));
        assert_eq!(named(&format!("{tag}.sig")), Some((tag.clone(), ".sig".into())));
        let long = format!("sha512-{}", "ab".repeat(32));
        assert_eq!(named(&long), Some((long.clone(), String::new())), "a tag has no room for all of it");
        let of = Tag::parse(&format!("{long}.sig")).expect("a tag");
        assert_eq!(of.suffix_after(&Digest::Sha512([0xab; 64])), Some(".sig"));
        assert_eq!(of.suffix_after(&Digest::Sha512([0xac; 64])), None);
        assert_eq!((named("sha256-12"), named("1.2-alpine")), (None, None));
        assert_eq!(named(&tag.to_uppercase().replace("SHA", "sha")), None);
    }

    proptest::proptest! {
        #[test]
        fn parsed_references_are_written_so_that_they_parse_again(text in "[a-z0-9._:/@\\[\\]-]{0,24}") {
            let Ok(target) = Target::parse(&text) else { return Ok(()) };
            let written = match &target {
                Target::Registry(host) => format!("{host}/"),
                Target::Repository(repository) => repository.to_string(),
                Target::Image(reference) => reference.to_string(),
            };
            proptest::prop_assert_eq!(Target::parse(&written), Ok(target));
        }
    }

    #[test]
    fn a_host_that_other_programs_take_for_a_namespace_is_given_its_port() {
        let of =
            |host: &str, is_plain| Host::parse(host).expect("a host").reference_prefix(is_plain).into_owned();
        assert_eq!([of("vm", false), of("vm", true)], ["vm:443", "vm:80"]);
        for host in ["vm:6101", "r.test", "localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000"] {
            assert_eq!(of(host, false), host);
        }
    }
}
