//! The sources of logins: the files of docker and podman, and their credential helpers.
//!
//! Docker's `config.json`: docker CLI `config/configfile`; podman's `auth.json`: containers-auth.json(5). Files are
//! read when a registry asks for a login, so a `docker login` made meanwhile counts after a reload.

mod auth_file;
mod helper;
pub(crate) mod secret;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;

use crate::model::reference::{Host, RepositoryName};
use crate::model::text::SafeText;
use auth_file::{File, FileLogin};
use secret::Secret;

/// Most bytes of a file that are read.
const CAP: u64 = 4 * 1024 * 1024;

/// A proof of the user's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// User and password.
    Password {
        /// The user's name.
        user: String,
        /// The password, or an access token in its place.
        password: Secret,
    },
    /// An identity token: exchanged at the token endpoint (distribution `oauth.md`).
    Identity(Secret),
    /// A token for the registry itself, sent as it is.
    Bearer(Secret),
}

impl Login {
    /// Returns user and password as the value of an `Authorization` header.
    pub fn basic(&self) -> Option<HeaderValue> {
        use base64::Engine;
        let Login::Password { user, password } = self else { return None };
        let text = format!("{user}:{}", password.reveal());
        Secret::new(base64::engine::general_purpose::STANDARD.encode(text)).header("Basic")
    }
}

/// A login and the file that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The login.
    pub login: Login,
    /// The file, for messages.
    pub source: PathBuf,
}

/// The sources that are searched for logins, in their order: the first that has one wins. Cheap to clone; the default
/// has none.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    sources: Arc<[CredentialSource]>,
    helpers: Arc<Helpers>,
}

/// The folders of credential helpers, and how long a helper may take.
#[derive(Debug, Clone, Default)]
struct Helpers {
    path: OsString,
    timeout: Duration,
}

#[derive(Debug, Clone)]
enum CredentialSource {
    /// docker's config.json, or the content of `DOCKER_AUTH_CONFIG`.
    Docker(LoginSource),
    /// podman's auth.json.
    Podman(LoginSource),
}

#[derive(Debug, Clone)]
enum LoginSource {
    File(PathBuf),
    Text(Secret),
}

impl Credentials {
    /// Returns the sources that the environment names: docs/REGISTRIES.md §4.8 and §4.9. `variable` looks a variable
    /// up.
    pub fn from_env(variable: impl Fn(&str) -> Option<OsString>, helper_timeout: Duration) -> Credentials {
        let folder = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = folder("HOME").or_else(|| folder("USERPROFILE"));
        let in_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
        let mut sources = Vec::new();
        if let Some(text) = variable("DOCKER_AUTH_CONFIG").and_then(|text| text.into_string().ok()) {
            sources.push(CredentialSource::Docker(LoginSource::Text(Secret::new(text))));
        }
        let mut add = |source: fn(LoginSource) -> CredentialSource, file: Option<PathBuf>| {
            sources.extend(file.map(|file| source(LoginSource::File(file))));
        };
        if let Some(only) = folder("REGISTRY_AUTH_FILE") {
            add(CredentialSource::Podman, Some(only));
        } else {
            add(
                CredentialSource::Podman,
                folder("XDG_RUNTIME_DIR").map(|run| run.join("containers/auth.json")),
            );
            let config = folder("XDG_CONFIG_HOME").or_else(|| in_home(".config"));
            add(CredentialSource::Podman, config.map(|config| config.join("containers/auth.json")));
        }
        let docker = folder("DOCKER_CONFIG").or_else(|| in_home(".docker"));
        add(CredentialSource::Docker, docker.map(|docker| docker.join("config.json")));
        let helpers = Helpers { path: variable("PATH").unwrap_or_default(), timeout: helper_timeout };
        Credentials { sources: sources.into(), helpers: Arc::new(helpers) }
    }

    /// Returns the login for a repository, else for its registry.
    pub async fn find(&self, host: &Host, repository: Option<&RepositoryName>) -> Option<Credential> {
        for source in self.sources.iter() {
            if let Some(credential) = self.find_in(source, host, repository).await {
                return Some(credential);
            }
        }
        None
    }

    /// Returns every registry for which the files have a login or a helper. Only files are read: no helper is asked.
    pub fn registries(&self) -> Vec<Host> {
        let mut all = Vec::new();
        for source in self.sources.iter() {
            let (CredentialSource::Docker(place) | CredentialSource::Podman(place)) = source;
            let text = match place {
                LoginSource::Text(text) => Some(text.reveal().to_string()),
                LoginSource::File(path) => read_blocking(path),
            };
            // A file that cannot be read is reported when a login is looked up.
            all.extend(text.and_then(|text| File::parse(&text).ok()).iter().flat_map(File::registries));
        }
        all
    }

    /// Returns whether a login may differ from one repository of a registry to the next.
    pub fn has_namespaces(&self) -> bool {
        self.sources.iter().any(|source| matches!(source, CredentialSource::Podman(_)))
    }

    async fn find_in(
        &self,
        source: &CredentialSource,
        host: &Host,
        repository: Option<&RepositoryName>,
    ) -> Option<Credential> {
        let (place, repository) = match source {
            CredentialSource::Docker(place) => (place, None),
            CredentialSource::Podman(place) => (place, repository),
        };
        let (text, path) = match place {
            LoginSource::Text(text) => (text.reveal().to_string(), PathBuf::from("DOCKER_AUTH_CONFIG")),
            LoginSource::File(path) => (read(path).await?, path.clone()),
        };
        let file = match File::parse(&text) {
            Ok(file) => file,
            Err(problem) => {
                let path = SafeText::from(path.display().to_string());
                tracing::warn!(%path, %problem, "this file of logins cannot be read");
                return None;
            }
        };
        let login = match file.find(host, repository)? {
            FileLogin::Login(login) => login,
            FileLogin::Helper { suffix, server } => {
                match helper::get(&suffix, &server, &self.helpers.path, self.helpers.timeout).await {
                    Ok(login) => login?,
                    Err(problem) => {
                        let suffix = SafeText::from(suffix);
                        tracing::warn!(%suffix, %problem, "the credential helper returned no login");
                        return None;
                    }
                }
            }
        };
        Some(Credential { login, source: path })
    }
}

/// Reads the text of a file, at most [`CAP`] bytes of it. Returns `None` if it cannot be read.
async fn read(path: &std::path::Path) -> Option<String> {
    use tokio::io::AsyncReadExt;
    let file = tokio::fs::File::open(path).await.ok()?;
    let mut text = String::new();
    file.take(CAP).read_to_string(&mut text).await.ok()?;
    Some(text)
}

/// Reads the text of a file like [`read`], but blocks. Returns `None` also for a path that is not a regular file.
fn read_blocking(path: &std::path::Path) -> Option<String> {
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

    fn paths(variables: &[(&str, &str)]) -> Vec<String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        let credentials = Credentials::from_env(variable, Duration::from_secs(1));
        let path = |source: &CredentialSource| match source {
            CredentialSource::Docker(LoginSource::Text(_)) => "text".to_string(),
            CredentialSource::Docker(LoginSource::File(path))
            | CredentialSource::Podman(LoginSource::File(path)) => path.display().to_string(),
            CredentialSource::Podman(LoginSource::Text(_)) => "never".to_string(),
        };
        credentials.sources.iter().map(path).collect()
    }

    /// docs/REGISTRIES.md §4.8, §4.9.
    #[test]
    fn files_are_looked_for_in_the_places_of_docker_and_podman() {
        assert_eq!(paths(&[("HOME", "/h")]), ["/h/.config/containers/auth.json", "/h/.docker/config.json"]);
        assert_eq!(
            paths(&[
                ("HOME", "/h"),
                ("XDG_RUNTIME_DIR", "/run/1"),
                ("XDG_CONFIG_HOME", "/c"),
                ("DOCKER_CONFIG", "/d")
            ]),
            ["/run/1/containers/auth.json", "/c/containers/auth.json", "/d/config.json"]
        );
        assert_eq!(
            paths(&[("HOME", "/h"), ("REGISTRY_AUTH_FILE", "/only"), ("DOCKER_AUTH_CONFIG", "{}")]),
            ["text", "/only", "/h/.docker/config.json"]
        );
        assert!(paths(&[]).is_empty());
    }

    #[tokio::test]
    async fn the_first_file_that_has_a_login_wins() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("containers")).expect("a folder");
        let podman = r#"{"auths":{"r.test/team/app":{"auth":"YTpi"}}}"#;
        std::fs::write(folder.path().join("containers/auth.json"), podman).expect("a file");
        let docker = r#"{"auths":{"r.test":{"auth":"Yzpk"}}}"#;
        std::fs::write(folder.path().join("config.json"), docker).expect("a file");
        let variable = |name: &str| match name {
            "XDG_CONFIG_HOME" | "DOCKER_CONFIG" => Some(folder.path().as_os_str().to_owned()),
            _ => None,
        };
        let credentials = Credentials::from_env(variable, Duration::from_secs(1));
        let host = Host::parse("r.test").expect("a host");
        let user = async |name: &str| {
            let name = RepositoryName::parse(name).expect("a name");
            credentials.find(&host, Some(&name)).await.map(|found| found.login)
        };
        let login = |user: &str, password: &str| {
            Some(Login::Password { user: user.into(), password: Secret::new(password) })
        };
        assert_eq!(user("team/app").await, login("a", "b"));
        assert_eq!(user("team/app/sub").await, login("a", "b"));
        assert_eq!(user("team/application").await, login("c", "d"));
        let other = Host::parse("r.test.evil").expect("a host");
        assert_eq!(credentials.find(&other, None).await, None);
    }
}
