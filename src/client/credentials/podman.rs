//! Podman's logins: containers-auth.json(5). docs/REGISTRIES.md §4.9.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::auth_file::{self, AuthFile, File, KeyRule};
use super::helper::Helpers;
use super::keychain::{Keychain, LoginFile, LoginLookup};
use crate::model::reference::{Host, RepositoryName};

/// Returns the folder in which podman keeps logins if `XDG_RUNTIME_DIR` is not set, as for root: `/run/containers/UID`.
#[cfg(target_os = "linux")]
pub(crate) fn runtime_folder() -> Option<PathBuf> {
    Some(PathBuf::from(format!("/run/containers/{}", rustix::process::getuid().as_raw())))
}

/// Returns `None`: only Linux has such a folder.
#[cfg(not(target_os = "linux"))]
pub(crate) fn runtime_folder() -> Option<PathBuf> {
    None
}

/// Podman's `auth.json`. Its logins may hold for a part of a registry.
#[derive(Debug)]
pub(crate) struct PodmanFile {
    /// The path of the file.
    pub(crate) path: PathBuf,
    /// Whether the user names this file, so that it is a problem if it does not exist.
    pub(crate) is_named: bool,
    /// The helpers that the file may name.
    pub(crate) helpers: Arc<Helpers>,
}

impl Keychain for PodmanFile {
    fn source(&self) -> PathBuf {
        self.path.clone()
    }

    fn login<'a>(
        &'a self,
        host: &'a Host,
        repository: Option<&'a RepositoryName>,
    ) -> BoxFuture<'a, LoginLookup> {
        let file = AuthFile { source: &self.path, rule: KeyRule::Podman, helpers: &self.helpers };
        async move {
            let text = match auth_file::read(&self.path).await {
                Ok(None) if self.is_named => Err("it does not exist".into()),
                text => text,
            };
            file.login(text, host, repository).await
        }
        .boxed()
    }

    fn login_file(&self) -> Option<LoginFile<'_>> {
        let (path, helpers) = (&self.path, &self.helpers);
        Some(LoginFile { path, rule: KeyRule::Podman, is_named: self.is_named, helpers })
    }

    fn saved<'a>(&'a self) -> BoxFuture<'a, Vec<Host>> {
        let file = AuthFile { source: &self.path, rule: KeyRule::Podman, helpers: &self.helpers };
        async move { file.saved(auth_file::read(&self.path).await).await }.boxed()
    }

    fn registries(&self) -> Vec<Host> {
        File::registries_in(&self.path)
    }

    fn has_namespaces(&self) -> bool {
        true
    }
}
