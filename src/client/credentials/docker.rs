//! Docker's logins: `config.json`, or its text in `DOCKER_AUTH_CONFIG`. docs/REGISTRIES.md §4.8.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::auth_file::{self, AuthFile, File, KeyRule};
use super::helper::Helpers;
use super::keychain::{Keychain, LoginFile, LoginLookup};
use crate::model::reference::{Host, RepositoryName};
use crate::model::secret::Secret;

/// The variable that may hold the text of a `config.json`.
pub(crate) const VARIABLE: &str = "DOCKER_AUTH_CONFIG";

/// Docker's `config.json`. Its logins hold for whole registries.
#[derive(Debug)]
pub(crate) struct DockerFile {
    /// The path of the file.
    pub(crate) path: PathBuf,
    /// The helpers that the file may name.
    pub(crate) helpers: Arc<Helpers>,
}

impl Keychain for DockerFile {
    fn source(&self) -> PathBuf {
        self.path.clone()
    }

    fn login<'a>(&'a self, host: &'a Host, _: Option<&'a RepositoryName>) -> BoxFuture<'a, LoginLookup> {
        let file = AuthFile { source: &self.path, rule: KeyRule::Docker, helpers: &self.helpers };
        async move { file.login(auth_file::read(&self.path).await, host, None).await }.boxed()
    }

    fn login_file(&self) -> Option<LoginFile<'_>> {
        let (path, helpers) = (&self.path, &self.helpers);
        Some(LoginFile { path, rule: KeyRule::Docker, is_named: false, helpers })
    }

    fn saved<'a>(&'a self) -> BoxFuture<'a, Vec<Host>> {
        let file = AuthFile { source: &self.path, rule: KeyRule::Docker, helpers: &self.helpers };
        async move { file.saved(auth_file::read(&self.path).await).await }.boxed()
    }

    fn registries(&self) -> Vec<Host> {
        File::registries_in(&self.path)
    }
}

/// The text of a `config.json` in the environment, as CI systems provide it.
#[derive(Debug)]
pub(crate) struct DockerText {
    /// The text.
    pub(crate) text: Secret,
    /// The helpers that the text may name.
    pub(crate) helpers: Arc<Helpers>,
}

impl Keychain for DockerText {
    fn source(&self) -> PathBuf {
        PathBuf::from(VARIABLE)
    }

    fn login<'a>(&'a self, host: &'a Host, _: Option<&'a RepositoryName>) -> BoxFuture<'a, LoginLookup> {
        let file = AuthFile { source: VARIABLE.as_ref(), rule: KeyRule::Docker, helpers: &self.helpers };
        async move { file.login(Ok(Some(self.text.reveal().to_string())), host, None).await }.boxed()
    }

    fn saved<'a>(&'a self) -> BoxFuture<'a, Vec<Host>> {
        let file = AuthFile { source: VARIABLE.as_ref(), rule: KeyRule::Docker, helpers: &self.helpers };
        async move { file.saved(Ok(Some(self.text.reveal().to_string()))).await }.boxed()
    }

    fn registries(&self) -> Vec<Host> {
        File::registries_of(self.text.reveal())
    }
}
