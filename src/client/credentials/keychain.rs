//! A source of logins, and the logins that it gives.

use std::fmt::Debug;
use std::path::PathBuf;

use futures_util::future::BoxFuture;
use reqwest::header::HeaderValue;

use super::secret::Secret;
use crate::model::reference::{Host, RepositoryName};

/// A source of logins. It is read whenever a registry asks for a login, so a login that is added meanwhile counts.
pub(crate) trait Keychain: Debug + Send + Sync {
    /// Returns the path or the name of the source, for messages.
    fn source(&self) -> PathBuf;

    /// Returns the login for a repository, or else for its registry. A source that cannot be read has none, and says so
    /// in the log.
    fn login<'a>(
        &'a self,
        host: &'a Host,
        repository: Option<&'a RepositoryName>,
    ) -> BoxFuture<'a, Option<Login>>;

    /// Returns every registry for which the source has a login. Blocks, and starts no program.
    fn registries(&self) -> Vec<Host>;

    /// Returns whether a login may differ from one repository of a registry to the next.
    fn has_namespaces(&self) -> bool {
        false
    }
}

/// A proof of the user's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Login {
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
    pub(crate) fn basic(&self) -> Option<HeaderValue> {
        use base64::Engine;
        let Login::Password { user, password } = self else { return None };
        let text = format!("{user}:{}", password.reveal());
        Secret::new(base64::engine::general_purpose::STANDARD.encode(text)).header("Basic")
    }
}
