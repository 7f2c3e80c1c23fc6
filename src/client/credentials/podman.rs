//! Podman's logins: containers-auth.json(5). docs/REGISTRIES.md §4.9.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::auth_file::{self, File};
use super::helper::Helpers;
use super::keychain::{Keychain, Login};
use crate::model::reference::{Host, RepositoryName};

/// Podman's `auth.json`. Its logins may hold for a part of a registry.
#[derive(Debug)]
pub(crate) struct PodmanFile {
    /// The path of the file.
    pub(crate) path: PathBuf,
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
    ) -> BoxFuture<'a, Option<Login>> {
        let find = async move {
            let text = auth_file::read(&self.path).await?;
            auth_file::login(&text, &self.path, host, repository, &self.helpers).await
        };
        find.boxed()
    }

    fn registries(&self) -> Vec<Host> {
        auth_file::read_blocking(&self.path).map(|text| File::registries_of(&text)).unwrap_or_default()
    }

    fn has_namespaces(&self) -> bool {
        true
    }
}
