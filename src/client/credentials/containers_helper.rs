//! The order in which `registries.conf` lets containers look for logins, and the helpers that it names:
//! containers-registries.conf(5). docs/REGISTRIES.md §4.9.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::auth_file::{KeyRule, MOST_SERVERS, registry_of_login, server_key};
use super::helper::Helpers;
use super::keychain::{Keychain, LoginLookup};
use super::problem::LoginProblem;
use crate::model::reference::{Host, RepositoryName};
use crate::model::text::SafeText;

/// The setting that names the helpers.
const SETTING: &str = "credential-helpers";
/// The name that stands for podman's files.
const AUTH_FILES: &str = "containers-auth.json";

/// The order in which podman's files and helpers are asked for logins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ContainersLogins {
    /// The names, as the setting lists them. `None` if it is not set: only podman's files are asked.
    names: Option<Vec<String>>,
    /// The file and the line of the setting.
    named_in: String,
}

impl ContainersLogins {
    /// Returns the order that a file lists.
    pub(crate) fn listed(names: Vec<String>, named_in: String) -> ContainersLogins {
        ContainersLogins { names: Some(names), named_in }
    }

    /// Returns the sources in their order. `files` are podman's.
    pub(super) fn chain(
        &self,
        files: Vec<Arc<dyn Keychain>>,
        helpers: &Arc<Helpers>,
    ) -> Vec<Arc<dyn Keychain>> {
        let Some(names) = &self.names else { return files };
        let mut all: Vec<Arc<dyn Keychain>> = Vec::new();
        // A source that has no login, or hangs, has none at the second time either.
        let mut seen = HashSet::new();
        for name in names.iter().filter(|name| seen.insert(name.as_str())) {
            if name == AUTH_FILES {
                all.extend(files.iter().cloned());
            } else {
                let (suffix, named_in) = (name.clone(), self.named_in.clone());
                all.push(Arc::new(ContainersHelper { suffix, named_in, helpers: helpers.clone() }));
            }
        }
        all
    }
}

/// A helper that `registries.conf` names. It has logins for whole registries.
#[derive(Debug)]
struct ContainersHelper {
    suffix: String,
    named_in: String,
    helpers: Arc<Helpers>,
}

impl ContainersHelper {
    fn program(&self) -> String {
        format!("docker-credential-{}", self.suffix)
    }
}

impl Keychain for ContainersHelper {
    fn source(&self) -> PathBuf {
        PathBuf::from(format!("{} of {}", self.program(), self.named_in))
    }

    fn login<'a>(&'a self, host: &'a Host, _: Option<&'a RepositoryName>) -> BoxFuture<'a, LoginLookup> {
        async move {
            // Podman asks for the name of the registry, and docker's login stores Docker Hub under another one.
            let mut servers = vec![host.to_string()];
            servers.extend(Some(server_key(host)).filter(|key| *key != servers[0]));
            let lookup = |login, problems| LoginLookup { login, problems, ..LoginLookup::default() };
            match self.helpers.login(&self.suffix, &servers).await {
                Ok(login) => lookup(login, Vec::new()),
                Err(why) => {
                    let source = SafeText::clean(&self.named_in);
                    let program = SafeText::clean(&self.program());
                    lookup(None, vec![LoginProblem::Helper { source, setting: SETTING, program, why }])
                }
            }
        }
        .boxed()
    }

    fn registries(&self) -> Vec<Host> {
        Vec::new()
    }

    fn saved<'a>(&'a self) -> BoxFuture<'a, Vec<Host>> {
        async move {
            let servers = self.helpers.list(&self.suffix).await.unwrap_or_default();
            let servers = servers.iter().take(MOST_SERVERS);
            servers.filter_map(|server| registry_of_login(server, KeyRule::Docker)).collect()
        }
        .boxed()
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::super::podman::PodmanFile;
    use super::super::{Credentials, Login};
    use super::*;

    /// A podman file with a login for `r.test`, and helpers that are these scripts.
    fn folder(helpers: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let auths = r#"{"auths":{"r.test":{"auth":"ZmlsZTpwdw=="}}}"#;
        std::fs::write(folder.path().join("auth.json"), auths).expect("a file");
        for (name, script) in helpers {
            let path = folder.path().join(format!("docker-credential-{name}"));
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        }
        folder
    }

    /// Returns the user of the login, the end of its source, and the problems.
    async fn find(
        folder: &tempfile::TempDir,
        names: Option<&[&str]>,
        host: &str,
    ) -> (Option<String>, Option<String>, Vec<String>) {
        let helpers = Helpers { path: folder.path().into(), timeout: Duration::from_secs(20) };
        let helpers = Arc::new(helpers);
        let file =
            PodmanFile { path: folder.path().join("auth.json"), is_named: false, helpers: helpers.clone() };
        let order = names.map_or_else(ContainersLogins::default, |names| {
            let names = names.iter().map(ToString::to_string).collect();
            ContainersLogins::listed(names, "/etc/registries.conf:3".into())
        });
        let credentials = Credentials::new(order.chain(vec![Arc::new(file)], &helpers));
        let found = credentials.find(&Host::parse(host).expect("a host"), None).await;
        let user = found.login.map(|login| match login {
            Login::Password { user, .. } => user,
            other => panic!("{other:?}"),
        });
        let source =
            found.source.map(|source| source.as_str().rsplit('/').next().unwrap_or_default().to_string());
        (user, source, found.problems.iter().map(ToString::to_string).collect())
    }

    const KEPT: (&str, &str) =
        ("kept", r#"read server; echo "{\"Username\":\"of $server\",\"Secret\":\"CANARY7\"}""#);
    const EMPTY: (&str, &str) = ("empty", "echo 'credentials not found in native keychain'; exit 1");

    #[tokio::test]
    async fn the_order_that_the_setting_lists_decides_where_a_login_comes_from() {
        let folder = folder(&[KEPT, EMPTY]);
        let from_file = (Some("file".to_string()), Some("auth.json".to_string()), Vec::<String>::new());
        let from_helper = |host: &str| {
            (Some(format!("of {host}")), Some("registries.conf:3".to_string()), Vec::<String>::new())
        };
        let table: [(Option<&[&str]>, &str, _); 8] = [
            (None, "r.test", from_file.clone()),
            (Some(&["containers-auth.json"]), "r.test", from_file.clone()),
            (Some(&["containers-auth.json", "kept"]), "r.test", from_file.clone()),
            (Some(&["kept", "containers-auth.json"]), "r.test", from_helper("r.test")),
            (Some(&["empty", "containers-auth.json"]), "r.test", from_file),
            (Some(&["containers-auth.json", "kept"]), "other.test", from_helper("other.test")),
            (Some(&["kept"]), "docker.io", from_helper("docker.io")),
            (Some(&["empty"]), "r.test", (None, None, Vec::new())),
        ];
        for (names, host, expected) in table {
            assert_eq!(find(&folder, names, host).await, expected, "{names:?} {host}");
        }
    }

    #[tokio::test]
    async fn a_helper_that_fails_is_named_with_the_setting_and_the_next_source_is_asked() {
        let folder = folder(&[("broken", "echo CANARY7 >&2; exit 3")]);
        let (user, _, problems) =
            find(&folder, Some(&["broken", "missing", "../x", "containers-auth.json"]), "r.test").await;
        assert_eq!(user.as_deref(), Some("file"));
        let starts = ["broken", "missing", "../x"].map(|name| {
            format!(
                "`docker-credential-{name}`, which `credential-helpers` in `/etc/registries.conf:3` names, "
            )
        });
        assert_eq!(problems.len(), starts.len(), "{problems:?}");
        assert!(
            problems.iter().zip(&starts).all(|(problem, start)| problem.starts_with(start)),
            "{problems:?}"
        );
    }

    #[tokio::test]
    async fn a_source_that_is_listed_twice_is_asked_once() {
        let folder = folder(&[("twice", r#"echo asked >> "$0.log"; exit 1"#)]);
        let names = ["twice", "containers-auth.json", "twice", "containers-auth.json"];
        let (user, _, problems) = find(&folder, Some(&names), "other.test").await;
        let asked = std::fs::read_to_string(folder.path().join("docker-credential-twice.log"));
        assert_eq!((user, problems.len(), asked.expect("a log").lines().count()), (None, 1, 1));
    }

    #[tokio::test]
    async fn a_helper_for_docker_hub_is_asked_for_both_of_its_names() {
        let script = r#"read server; case "$server" in https*) echo "{\"Username\":\"hub\",\"Secret\":\"s\"}";;
            *) echo 'credentials not found in native keychain'; exit 1;; esac"#;
        let folder = folder(&[("hub", script)]);
        assert_eq!(find(&folder, Some(&["hub"]), "docker.io").await.0.as_deref(), Some("hub"));
    }

    #[tokio::test]
    async fn saved_logins_are_named_by_the_helper() {
        let folder = folder(&[("kept", r#"[ "$1" = list ] && echo '{"other.test":"ann"}'"#)]);
        let helpers = Arc::new(Helpers { path: folder.path().into(), timeout: Duration::from_secs(20) });
        let order = ContainersLogins::listed(vec!["kept".into()], String::new());
        let saved = Credentials::new(order.chain(Vec::new(), &helpers)).saved().await;
        assert_eq!(saved, [Host::parse("other.test").expect("a host")]);
    }
}
