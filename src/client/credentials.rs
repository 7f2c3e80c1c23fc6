//! The sources of logins: the files of docker and podman, and their credential helpers.
//!
//! | subject | file |
//! |---|---|
//! | a source of logins | `keychain` |
//! | a login | `login` |
//! | docker's file, and its text in the environment | `docker` |
//! | podman's files | `podman` |
//! | their order, and the helpers beside them | `containers_helper` |
//! | the format of both files | `auth_file` |
//! | programs that keep logins | `helper` |
//! | the place where a login is stored | `storage` |
//! | the replacement of a file of logins | `login_file` |
//! | logins of this run | `session` |
//! | token services that may get logins | `token_services` |
//! | reasons why a source gave no login | `problem` |
//! | secrets in a header | `header` |

mod auth_file;
mod containers_helper;
mod docker;
pub(crate) mod header;
mod helper;
mod keychain;
mod login;
mod login_file;
mod podman;
mod problem;
mod session;
mod storage;
mod token_services;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::model::reference::{Host, RepositoryName};
use crate::model::secret::Secret;
use crate::model::text::SafeText;
pub(crate) use containers_helper::ContainersLogins;
use docker::{DockerFile, DockerText};
use helper::Helpers;
pub(crate) use helper::is_suffix as is_helper_name;
pub(crate) use keychain::{Keychain, LoginLookup};
pub(crate) use login::Login;
use podman::PodmanFile;
pub(crate) use problem::LoginProblem;
use session::SessionLogins;
pub(crate) use storage::LoginPlace;
pub use token_services::TokenServices;

/// The chain of the sources that are searched for logins, in their order: the first that has one wins. Cheap to clone;
/// the default has none.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The logins of this run, which come before all sources.
    session: Arc<SessionLogins>,
    keychains: Arc<[Arc<dyn Keychain>]>,
}

impl Credentials {
    /// Chains sources of logins.
    pub(crate) fn new(keychains: impl IntoIterator<Item = Arc<dyn Keychain>>) -> Credentials {
        Credentials { session: Arc::default(), keychains: keychains.into_iter().collect() }
    }

    /// Chains the sources that the environment names: docs/REGISTRIES.md §4.8 and §4.9. `variable` looks a variable up.
    pub fn from_env(variable: impl Fn(&str) -> Option<OsString>, helper_timeout: Duration) -> Credentials {
        Credentials::from_env_in_order(variable, &ContainersLogins::default(), helper_timeout)
    }

    /// Chains the same sources in the order of `registries.conf`.
    pub(crate) fn from_env_in_order(
        variable: impl Fn(&str) -> Option<OsString>,
        containers: &ContainersLogins,
        helper_timeout: Duration,
    ) -> Credentials {
        let folder = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = folder("HOME").or_else(|| folder("USERPROFILE"));
        let in_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
        let path = variable("PATH").unwrap_or_default();
        let helpers = Arc::new(Helpers { path, timeout: helper_timeout });
        let text = variable(docker::VARIABLE).and_then(|text| text.into_string().ok());
        let text = text.map(|text| DockerText { text: Secret::new(text), helpers: helpers.clone() });
        let named = folder("REGISTRY_AUTH_FILE");
        let is_named = named.is_some();
        let podman = match named {
            Some(only) => [Some(only), None],
            None => {
                let config = folder("XDG_CONFIG_HOME").or_else(|| in_home(".config"));
                let runtime = folder("XDG_RUNTIME_DIR").map(|folder| folder.join("containers"));
                let config = config.map(|folder| folder.join("containers"));
                [runtime.or_else(podman::runtime_folder), config]
                    .map(|folder| Some(folder?.join("auth.json")))
            }
        };
        let podman = podman.into_iter().flatten();
        let podman = podman.map(|path| PodmanFile { path, is_named, helpers: helpers.clone() });
        let podman = containers.chain(podman.map(|file| Arc::new(file) as _).collect(), &helpers);
        let docker = folder("DOCKER_CONFIG").or_else(|| in_home(".docker"));
        let docker = docker.map(|folder| folder.join("config.json"));
        let docker = docker.map(|path| DockerFile { path, helpers: helpers.clone() });

        let mut keychains: Vec<Arc<dyn Keychain>> = Vec::new();
        keychains.extend(text.map(|text| Arc::new(text) as _));
        keychains.extend(podman);
        keychains.extend(docker.map(|file| Arc::new(file) as _));
        Credentials::new(keychains)
    }

    /// Looks up the login for a repository, else for its registry. Problems of the sources before the one with the login
    /// are returned beside it.
    pub(crate) async fn find(&self, host: &Host, repository: Option<&RepositoryName>) -> LoginLookup {
        let mut found = LoginLookup::default();
        for keychain in self.sources() {
            let LoginLookup { login, problems, .. } = keychain.login(host, repository).await;
            for problem in &problems {
                tracing::warn!(%host, %problem, "a source of logins has a problem");
            }
            found.problems.extend(problems);
            if login.is_some() {
                let source = SafeText::from(keychain.source().display().to_string());
                tracing::debug!(%host, %source, "this source has a login");
                found.login = login;
                found.source = Some(source);
                break;
            }
        }
        found
    }

    /// Returns the files that the sources read, whether they exist or not.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let files = self.sources().filter_map(|keychain| keychain.login_file());
        files.map(|file| file.path.to_path_buf()).collect()
    }

    /// Returns every registry for which a source has a login. Only files are read: no helper is asked.
    pub(crate) fn registries(&self) -> Vec<Host> {
        self.sources().flat_map(|keychain| keychain.registries()).collect()
    }

    /// Returns every registry for which a source has a login, each once. No secret is asked for: helpers are asked for
    /// names only, all at the same time.
    pub(crate) async fn saved(&self) -> Vec<Host> {
        let all = futures_util::future::join_all(self.sources().map(Keychain::saved)).await;
        let hosts: BTreeSet<Host> = all.into_iter().flatten().collect();
        hosts.into_iter().collect()
    }

    /// Returns all sources in their order.
    fn sources(&self) -> impl Iterator<Item = &dyn Keychain> {
        let session: &dyn Keychain = &*self.session;
        std::iter::once(session).chain(self.keychains.iter().map(|keychain| &**keychain))
    }

    /// Returns whether a login may differ from one repository of a registry to the next.
    pub(crate) fn has_namespaces(&self) -> bool {
        self.keychains.iter().any(|keychain| keychain.has_namespaces())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;

    use super::*;

    fn paths(variables: &[(&str, &str)]) -> Vec<String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        let credentials = Credentials::from_env(variable, Duration::from_secs(1));
        credentials.keychains.iter().map(|keychain| keychain.source().display().to_string()).collect()
    }

    /// docs/REGISTRIES.md §4.8, §4.9.
    #[test]
    fn files_are_looked_for_in_the_places_of_docker_and_podman() {
        let homes = ["/h/.config/containers/auth.json", "/h/.docker/config.json"];
        let at_run = podman::runtime_folder().map(|folder| folder.join("auth.json").display().to_string());
        let expected: Vec<String> = at_run.iter().cloned().chain(homes.map(String::from)).collect();
        assert_eq!(paths(&[("HOME", "/h")]), expected);
        assert_eq!(paths(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "")]), expected, "empty counts as unset");
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
            ["DOCKER_AUTH_CONFIG", "/only", "/h/.docker/config.json"]
        );
        assert_eq!(paths(&[]), at_run.into_iter().collect::<Vec<_>>());
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
            credentials.find(&host, Some(&name)).await.login
        };
        let login = |user: &str, password: &str| {
            Some(Login::Password { user: user.into(), password: Secret::new(password) })
        };
        assert_eq!(user("team/app").await, login("a", "b"));
        assert_eq!(user("team/app/sub").await, login("a", "b"));
        assert_eq!(user("team/application").await, login("c", "d"));
        let other = Host::parse("r.test.evil").expect("a host");
        assert_eq!(credentials.find(&other, None).await, LoginLookup::default());
    }

    #[tokio::test]
    async fn a_source_with_a_problem_does_not_hide_the_login_of_the_next_one() {
        let broken = DockerText { text: Secret::new("{\n\"auths\": CANARY7"), helpers: Arc::default() };
        let good = DockerText {
            text: Secret::new(r#"{"auths":{"r.test":{"auth":"YTpi"}}}"#),
            helpers: Arc::default(),
        };
        let credentials = Credentials::new([Arc::new(broken) as _, Arc::new(good) as _]);
        let found = credentials.find(&Host::parse("r.test").expect("a host"), None).await;
        assert!(matches!(found.login, Some(Login::Password { .. })));
        let problems: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems, ["`DOCKER_AUTH_CONFIG` is not valid JSON: line 2, column 10"]);
    }

    /// A source that has one login for every registry.
    #[derive(Debug)]
    struct Everywhere;

    impl Keychain for Everywhere {
        fn source(&self) -> std::path::PathBuf {
            "everywhere".into()
        }

        fn login<'a>(&'a self, _: &'a Host, _: Option<&'a RepositoryName>) -> BoxFuture<'a, LoginLookup> {
            let login = Some(Login::Identity(Secret::new("t")));
            Box::pin(std::future::ready(LoginLookup { login, ..LoginLookup::default() }))
        }

        fn registries(&self) -> Vec<Host> {
            Vec::new()
        }

        fn saved<'a>(&'a self) -> BoxFuture<'a, Vec<Host>> {
            Box::pin(std::future::ready(Vec::new()))
        }
    }

    #[tokio::test]
    async fn saved_logins_are_named_once_and_entries_without_a_login_are_none() {
        let text = |text: &str| DockerText { text: Secret::new(text), helpers: Arc::default() };
        let one = text(
            r#"{"auths":{"https://index.docker.io/v1/":{"auth":"YTpi"},"r.test/team":{"auth":"YTpi"},"empty.test":{}},
               "credHelpers":{"gcr.test":"gcloud","off.test":""}}"#,
        );
        let kept =
            r#"{"auths":{"r.test":{},"https://index.docker.io/v1/access-token":{}},"credsStore":"none"}"#;
        let credentials = Credentials::new([Arc::new(one) as _, Arc::new(text(kept)) as _]);
        let names: Vec<String> = credentials.saved().await.iter().map(Host::to_string).collect();
        assert_eq!(
            names,
            ["docker.io", "gcr.test", "r.test"],
            "a helper that is missing names nothing itself"
        );
    }

    #[tokio::test]
    async fn a_further_source_is_asked_in_its_place() {
        let text = r#"{"auths":{"r.test":{"auth":"YTpi"}}}"#;
        let docker = DockerText { text: Secret::new(text), helpers: Arc::default() };
        let credentials = Credentials::new([Arc::new(docker) as _, Arc::new(Everywhere) as _]);
        let find = async |host: &str| credentials.find(&Host::parse(host).expect("a host"), None).await.login;
        assert!(matches!(find("r.test").await, Some(Login::Password { .. })));
        assert!(matches!(find("other.test").await, Some(Login::Identity(_))));
        assert_eq!(credentials.registries(), [Host::parse("r.test").expect("a host")]);
    }
}
