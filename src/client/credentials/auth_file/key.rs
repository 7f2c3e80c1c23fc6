//! The keys of a file of logins, and the registry or the repository that each of them means.

use crate::model::reference::{Host, RepositoryName};

/// Docker Hub's key, for historical reasons.
pub(super) const HUB_KEY: &str = "https://index.docker.io/v1/";
/// The ends of the keys under which docker's own tools keep the tokens of a login by browser. They are not logins.
const TOKEN_KEYS: [&str; 2] = ["access-token", "refresh-token"];

/// The meaning of a key with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyRule {
    /// The login holds for the whole registry, as docker reads it.
    Docker,
    /// The login holds for this repository and for those below it.
    Podman,
}

/// The parts of a key: `https://r.test/v1/` has the name `r.test` and the path `v1`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a> {
    is_url: bool,
    name: &'a str,
    path: &'a str,
}

/// How well a key names a registry; the smallest rank is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spelling {
    /// Exactly as docker's own tools write it.
    Exact,
    /// In another way, with the same port.
    Other,
    /// With the port of HTTPS on one side only.
    UsualPort,
}

impl<'a> Key<'a> {
    pub(super) fn of(key: &'a str) -> Key<'a> {
        let scheme = ["https://", "http://"]
            .into_iter()
            .find(|scheme| key.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        let rest = &key[scheme.map_or(0, str::len)..];
        let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
        Key { is_url: scheme.is_some(), name, path: path.trim_end_matches('/') }
    }

    /// Returns how well the key names a registry, whatever its path.
    fn spelling(&self, key: &str, host: &Host) -> Option<Spelling> {
        if key == server_key(host) {
            return Some(Spelling::Exact);
        }
        let is_same = |name: &str| Host::parse(name).is_ok_and(|named| named == *host);
        let is_host_without_port = || host.as_str().strip_suffix(":443") == Some(self.name);
        if is_same(self.name) {
            return Some(Spelling::Other);
        }
        let is_usual_port = self.name.strip_suffix(":443").is_some_and(is_same) || is_host_without_port();
        is_usual_port.then_some(Spelling::UsualPort)
    }

    /// Returns how well the key names a whole registry. `None` if it has a path other than that of an API version.
    pub(super) fn registry_rank(&self, key: &str, host: &Host) -> Option<Spelling> {
        self.spelling(key, host).filter(|_| self.is_registry())
    }

    fn is_registry(&self) -> bool {
        matches!(self.path, "" | "v1" | "v2")
    }

    /// Returns whether the key is that of a token which docker's own tools keep beside the login.
    fn is_token(&self, rule: KeyRule) -> bool {
        let is_kept_by_docker = rule == KeyRule::Docker || self.is_url || self.path.starts_with("v1/");
        is_kept_by_docker && self.path.rsplit('/').next().is_some_and(|last| TOKEN_KEYS.contains(&last))
    }
}

/// Returns the rank of a key for a repository: the smallest is the best. `None` if the key is about something else.
pub(super) fn rank(
    key: &str,
    rule: KeyRule,
    host: &Host,
    repository: Option<&RepositoryName>,
) -> Option<(usize, Spelling, usize)> {
    let parts = Key::of(key);
    let spelling = parts.spelling(key, host).filter(|_| !parts.is_token(rule))?;
    let depth = |path: &str| path.split('/').count();
    match rule {
        // A login for a path counts for the registry, after those without a path.
        KeyRule::Docker if parts.is_registry() => Some((0, spelling, key.len())),
        KeyRule::Docker => Some((depth(parts.path), spelling, key.len())),
        KeyRule::Podman if parts.is_url || parts.path.is_empty() => Some((usize::MAX, spelling, key.len())),
        KeyRule::Podman => {
            let rest = repository?.as_str().strip_prefix(parts.path)?;
            let is_inside = rest.is_empty() || rest.starts_with('/');
            is_inside.then(|| (usize::MAX - depth(parts.path), spelling, key.len()))
        }
    }
}

/// Returns whether a key is that of a token which docker's own tools keep for this registry.
pub(super) fn is_browser_token(key: &str, rule: KeyRule, host: &Host) -> bool {
    let parts = Key::of(key);
    parts.is_token(rule) && parts.spelling(key, host).is_some()
}

/// Returns the registry of a key, under each of its names.
pub(super) fn registries(key: &str) -> impl Iterator<Item = Host> {
    let name = Key::of(key).name;
    [Some(name), name.strip_suffix(":443")].into_iter().flatten().filter_map(|name| Host::parse(name).ok())
}

/// Returns the registry that a key names, unless it is the key of a token that docker's own tools keep.
pub(in crate::client::credentials) fn registry_of_login(key: &str, rule: KeyRule) -> Option<Host> {
    let parts = Key::of(key);
    Host::parse(parts.name).ok().filter(|_| !parts.is_token(rule))
}

/// Returns the key under which docker's own tools keep a registry.
pub(in crate::client::credentials) fn server_key(host: &Host) -> String {
    if host.is_docker_hub() { HUB_KEY.into() } else { host.to_string() }
}
