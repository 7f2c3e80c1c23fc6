//! The JSON of docker's `config.json` and podman's `auth.json`, which is one format with two ways to write a key:
//! <https://github.com/docker/cli/tree/v28.5.1/cli/config/configfile>, containers-auth.json(5).

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::helper::Helpers;
use super::keychain::Login;
use super::secret::Secret;
use crate::model::reference::{Host, RepositoryName};
use crate::model::text::SafeText;

/// Most bytes of a file that are read.
const CAP: u64 = 4 * 1024 * 1024;

/// Docker Hub's key, for historical reasons.
const HUB_KEY: &str = "https://index.docker.io/v1/";
const PADDED_OR_NOT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A file of logins.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct File {
    #[serde(default)]
    auths: Option<BTreeMap<String, Option<LoginEntry>>>,
    #[serde(default)]
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct LoginEntry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl std::fmt::Debug for LoginEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// The login that a file has for a registry, or the helper that has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FileLogin {
    /// The login itself.
    Login(Login),
    /// The helper that has the login.
    Helper {
        /// The helper is `docker-credential-<suffix>`.
        suffix: String,
        /// The server to ask it for.
        server: String,
    },
}

impl File {
    /// Reads a file. The error names the position at which the text is no JSON, and quotes nothing of it.
    pub(crate) fn parse(text: &str) -> Result<File, String> {
        serde_json::from_str(text)
            .map_err(|error| format!("line {}, column {}", error.line(), error.column()))
    }

    /// Returns the login for a repository, or for the registry, in docker's order: a helper of this registry, the
    /// helper for all, the logins in the file. The longest key that fits is used.
    pub(crate) fn find(&self, host: &Host, repository: Option<&RepositoryName>) -> Option<FileLogin> {
        let helper = self.cred_helpers.iter().flatten().find(|(key, _)| is_host(key, host));
        if let Some((key, suffix)) = helper {
            return Some(FileLogin::Helper { suffix: suffix.clone(), server: key.clone() });
        }
        let entry = self.entry(host, repository);
        if let Some(suffix) = self.creds_store.as_ref().filter(|suffix| !suffix.is_empty()) {
            let server = entry.map_or_else(|| server_key(host), |(key, _)| key.clone());
            return Some(FileLogin::Helper { suffix: suffix.clone(), server });
        }
        entry.and_then(|(_, entry)| entry.login()).map(FileLogin::Login)
    }

    /// Returns the registries that the keys of a text name. A text that cannot be read names none: that is reported when
    /// a login is looked up.
    pub(crate) fn registries_of(text: &str) -> Vec<Host> {
        File::parse(text).map(|file| file.registries()).unwrap_or_default()
    }

    /// Returns the registries that its keys name.
    fn registries(&self) -> Vec<Host> {
        let helpers = self.cred_helpers.iter().flatten().map(|(key, _)| key);
        self.auths
            .iter()
            .flatten()
            .map(|(key, _)| key)
            .chain(helpers)
            .flat_map(|key| registries(key))
            .collect()
    }

    fn entry(&self, host: &Host, repository: Option<&RepositoryName>) -> Option<(&String, &LoginEntry)> {
        let auths = self.auths.iter().flatten().filter_map(|(key, entry)| Some((key, entry.as_ref()?)));
        let fitting =
            auths.filter_map(|(key, entry)| Some((matched_parts(key, host, repository)?, key, entry)));
        fitting.max_by_key(|(depth, ..)| *depth).map(|(_, key, entry)| (key, entry))
    }
}

impl LoginEntry {
    fn login(&self) -> Option<Login> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&self.registrytoken) {
            return Some(Login::Bearer(Secret::new(token)));
        }
        if let Some(token) = given(&self.identitytoken) {
            return Some(Login::Identity(Secret::new(token)));
        }
        let decoded = given(&self.auth).and_then(|auth| decode(&auth));
        let (user, password) = match decoded {
            Some(pair) => pair,
            None => (given(&self.username)?, given(&self.password)?),
        };
        Some(Login::Password { user, password: Secret::new(password) })
    }
}

/// Decodes `user:password` from base64. A password may hold colons and end in NULs; a user may not be empty.
fn decode(auth: &str) -> Option<(String, String)> {
    let compact: String = auth.split_whitespace().collect();
    let text = String::from_utf8(PADDED_OR_NOT.decode(compact).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    let password = password.trim_end_matches('\0');
    (!user.is_empty()).then(|| (user.to_string(), password.to_string()))
}

/// Returns how many parts of a repository's name a key covers, or `None` if the key is about something else.
fn matched_parts(key: &str, host: &Host, repository: Option<&RepositoryName>) -> Option<usize> {
    if is_host(key, host) {
        return Some(0);
    }
    let (key_host, path) = key.split_once('/')?;
    if key.contains("://") || !is_host(key_host, host) {
        return None;
    }
    let name = repository?.as_str();
    let rest = name.strip_prefix(path)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| path.split('/').count())
}

/// Returns the registry of a key, under each of its names.
fn registries(key: &str) -> impl Iterator<Item = Host> {
    let url = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let name = url.split('/').next().unwrap_or(url);
    [Some(name), name.strip_suffix(":443")].into_iter().flatten().filter_map(|name| Host::parse(name).ok())
}

/// Returns whether a key means a whole registry: a host, or a URL of one with nothing but docker's API version behind
/// it.
fn is_host(key: &str, host: &Host) -> bool {
    let url = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let name = match url {
        Some(url) => url.split('/').next().unwrap_or(url),
        None => key.strip_suffix('/').unwrap_or(key),
    };
    let is_same = |name: &str| Host::parse(name).is_ok_and(|named| named == *host);
    is_same(name) || name.strip_suffix(":443").is_some_and(is_same)
}

/// Returns the key under which docker's own tools keep a registry.
fn server_key(host: &Host) -> String {
    if host.is_docker_hub() { HUB_KEY.into() } else { host.to_string() }
}

/// Returns the login that the text of a file has, or that the helper gives which the text names. `source` is the file,
/// for the log.
pub(crate) async fn login(
    text: &str,
    source: &Path,
    host: &Host,
    repository: Option<&RepositoryName>,
    helpers: &Helpers,
) -> Option<Login> {
    let file = match File::parse(text) {
        Ok(file) => file,
        Err(problem) => {
            let path = SafeText::from(source.display().to_string());
            tracing::warn!(%path, %problem, "this file of logins cannot be read");
            return None;
        }
    };
    match file.find(host, repository)? {
        FileLogin::Login(login) => Some(login),
        FileLogin::Helper { suffix, server } => helpers.login(&suffix, &server).await,
    }
}

/// Reads the text of a file, at most [`CAP`] bytes of it. Returns `None` if it cannot be read.
pub(crate) async fn read(path: &Path) -> Option<String> {
    use tokio::io::AsyncReadExt;
    let file = tokio::fs::File::open(path).await.ok()?;
    let mut text = String::new();
    file.take(CAP).read_to_string(&mut text).await.ok()?;
    Some(text)
}

/// Reads the text of a file like [`read`], but blocks. Returns `None` also for a path that is not a regular file.
pub(crate) fn read_blocking(path: &Path) -> Option<String> {
    use std::io::Read;
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(CAP).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, host: &str) -> Option<FileLogin> {
        let host = Host::parse(host).expect("a host");
        File::parse(text).expect("a file").find(&host, None)
    }

    fn password(user: &str, password: &str) -> Option<FileLogin> {
        Some(FileLogin::Login(Login::Password { user: user.into(), password: Secret::new(password) }))
    }

    /// docs/REGISTRIES.md §4.8.
    #[test]
    fn logins_are_found_as_docker_finds_them() {
        let hub = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYTpzcw=="}}}"#;
        assert_eq!(found(hub, "docker.io"), password("user", "pa:ss"));
        assert_eq!(found(hub, "ghcr.io"), None);
        let plain = r#"{"auths":{"R.test:5000":{"username":"u","password":"p"}}}"#;
        assert_eq!(found(plain, "r.test:5000"), password("u", "p"));
        assert_eq!(found(plain, "r.test"), None);
        assert_eq!(found(r#"{"auths":{"r.test:443":{"auth":"dTpw"}}}"#, "r.test"), password("u", "p"));
        assert_eq!(
            found(r#"{"auths":{"https://r.test/v1/":{"auth":" dTpwAAA "}}}"#, "r.test"),
            password("u", "p")
        );
        assert_eq!(found(r#"{"auths":{"r.test":{"auth":"OnA="}}}"#, "r.test"), None, "a user without a name");
        assert_eq!(found(r#"{"auths":{"r.test":{}}}"#, "r.test"), None);
        assert_eq!(found(r#"{"auths":null,"credHelpers":null,"x":[1]}"#, "r.test"), None);
        let token = r#"{"auths":{"r.test":{"auth":"dTpw","identitytoken":"t"}}}"#;
        assert_eq!(found(token, "r.test"), Some(FileLogin::Login(Login::Identity(Secret::new("t")))));
        let token = r#"{"auths":{"r.test":{"registrytoken":"t"}}}"#;
        assert_eq!(found(token, "r.test"), Some(FileLogin::Login(Login::Bearer(Secret::new("t")))));
    }

    #[test]
    fn a_helper_goes_before_a_login_in_the_file() {
        let file = r#"{"auths":{"r.test":{"auth":"dTpw"},"https://index.docker.io/v1/":{}},"credsStore":"pass",
            "credHelpers":{"gcr.io":"gcloud"}}"#;
        let helper = |suffix: &str, server: &str| {
            Some(FileLogin::Helper { suffix: suffix.into(), server: server.into() })
        };
        assert_eq!(found(file, "gcr.io"), helper("gcloud", "gcr.io"));
        assert_eq!(found(file, "r.test"), helper("pass", "r.test"));
        assert_eq!(found(file, "docker.io"), helper("pass", "https://index.docker.io/v1/"));
        assert_eq!(
            found(r#"{"credsStore":"pass"}"#, "docker.io"),
            helper("pass", "https://index.docker.io/v1/")
        );
    }

    #[test]
    fn the_longest_key_wins_and_a_prefix_is_no_key() {
        let file = r#"{"auths":{"r.test":{"auth":"YTph"},"r.test/team":{"auth":"Yjpi"},"r.test/team/app":{"auth":"Yzpj"}}}"#;
        let file = File::parse(file).expect("a file");
        let host = Host::parse("r.test").expect("a host");
        let user = |name: &str| {
            let name = RepositoryName::parse(name).expect("a name");
            match file.find(&host, Some(&name)) {
                Some(FileLogin::Login(Login::Password { user, .. })) => user,
                _ => String::new(),
            }
        };
        assert_eq!(
            [user("team/app/x"), user("team/other"), user("teams/app"), user("app")],
            ["c", "b", "a", "a"]
        );
        let evil = Host::parse("r.test.evil").expect("a host");
        assert_eq!(file.find(&evil, None), None);
    }

    #[test]
    fn every_key_names_its_registry() {
        let file = r#"{"auths":{"vm:6101":{},"https://index.docker.io/v1/":null,"http://plain/":{},"r.test/team/app":{},
            "tls:443":{},"not a host":{}},"credHelpers":{"gcr.io":"gcloud"}}"#;
        let mut names: Vec<String> =
            File::parse(file).expect("a file").registries().iter().map(ToString::to_string).collect();
        names.sort();
        assert_eq!(names, ["docker.io", "gcr.io", "plain", "r.test", "tls", "tls:443", "vm:6101"]);
    }

    #[test]
    fn a_broken_file_is_no_panic_and_tells_no_secret() {
        let problem = File::parse("{\"auths\":{\"r.test\":{\"auth\":\"CANARY7").expect_err("it breaks off");
        assert!(!problem.contains("CANARY7"), "{problem}");
        let file = File::parse(r#"{"auths":{"r.test":{"auth":"CANARY7"}}}"#).expect("a file");
        assert!(!format!("{file:?}").contains("CANARY7"));
    }
}
