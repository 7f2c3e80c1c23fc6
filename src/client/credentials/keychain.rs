//! A source of logins.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use super::auth_file::KeyRule;
use super::helper::Helpers;
use super::login::Login;
use super::problem::LoginProblem;
use crate::model::reference::{Host, RepositoryName};
use crate::model::text::SafeText;
use futures_util::future::BoxFuture;

/// A source of logins. It is read whenever a registry asks for a login, so a login that is added meanwhile counts.
pub(crate) trait Keychain: Debug + Send + Sync {
    /// Returns the path or the name of the source, for messages.
    fn source(&self) -> PathBuf;

    /// Looks up the login for a repository, or else for its registry. A source that cannot be read has none, and says
    /// why.
    fn login<'a>(
        &'a self,
        host: &'a Host,
        repository: Option<&'a RepositoryName>,
    ) -> BoxFuture<'a, LoginLookup>;

    /// Returns every registry for which the source has a login. Blocks, and starts no program.
    fn registries(&self) -> Vec<Host>;

    /// Returns every registry for which the source has a login, as far as it can name them without reading a secret. It
    /// may ask a helper for the names. A source that cannot be read names none.
    fn saved<'a>(&'a self) -> BoxFuture<'a, Vec<Host>>;

    /// Returns the file in which the source keeps its logins. `None` if logins cannot be stored there.
    fn login_file(&self) -> Option<LoginFile<'_>> {
        None
    }

    /// Returns whether a login may differ from one repository of a registry to the next.
    fn has_namespaces(&self) -> bool {
        false
    }
}

/// A file in which logins can be stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoginFile<'a> {
    /// The path.
    pub(crate) path: &'a Path,
    /// The meaning of its keys.
    pub(crate) rule: KeyRule,
    /// Whether the user names this file.
    pub(crate) is_named: bool,
    /// The helpers that it may name.
    pub(crate) helpers: &'a Helpers,
}

/// The result of looking for a login.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LoginLookup {
    /// The login, if there is one.
    pub(crate) login: Option<Login>,
    /// The path or the name of the source that has it.
    pub(crate) source: Option<SafeText>,
    /// The reasons why the sources that were searched gave none, or not the one that the user expects.
    pub(crate) problems: Vec<LoginProblem>,
}
