//! A source of logins, and the logins that it gives.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;
use reqwest::header::HeaderValue;

use super::auth_file::KeyRule;
use super::helper::Helpers;
use super::problem::LoginProblem;
use super::secret::Secret;
use crate::model::redact;
use crate::model::reference::{Host, RepositoryName};
use crate::model::server::Identity;
use crate::model::text::SafeText;

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
    /// Returns the identity that the login stands for, without secrets. Some registries take an access token as the
    /// user's name; such a name is not shown.
    pub(crate) fn identity(&self) -> Identity {
        match self {
            Login::Password { user, password }
                if user != password.reveal() && !redact::may_be_access_token(user) =>
            {
                Identity::User(SafeText::clean(user))
            }
            Login::Password { .. } | Login::Identity(_) | Login::Bearer(_) => Identity::Token,
        }
    }

    /// Returns the token for the registry itself as the value of an `Authorization` header.
    pub(crate) fn bearer(&self) -> Option<HeaderValue> {
        let Login::Bearer(token) = self else { return None };
        token.header("Bearer")
    }

    /// Returns user and password as the value of an `Authorization` header.
    pub(crate) fn basic(&self) -> Option<HeaderValue> {
        use base64::Engine;
        let Login::Password { user, password } = self else { return None };
        let text = format!("{user}:{}", password.reveal());
        Secret::new(base64::engine::general_purpose::STANDARD.encode(text)).header("Basic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_token_in_place_of_a_user_is_not_shown() {
        let identity = |user: &str, password: &str| {
            Login::Password { user: user.into(), password: Secret::new(password) }.identity()
        };
        for user in ["ann", "me@example.org", "robot$team+ci", "_json_key", "AWS", "oauth2accesstoken"] {
            assert_eq!(identity(user, "CANARY7"), Identity::User(SafeText::clean(user)), "{user}");
        }
        assert_eq!(identity("a\u{1b}[2J", "x"), Identity::User("a␛[2J".into()));
        for (user, password) in [
            ("CANARY7", "CANARY7"),
            ("ghp_CANARY7CANARY7", "x-oauth-basic"),
            ("glpat-CANARY7", ""),
            ("dop_v1_0123456789abcdef", "x"),
            ("0123456789abcdef0123456789abcdef0123456789abcdef", "x"),
            ("eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "x"),
        ] {
            assert_eq!(identity(user, password), Identity::Token, "{user}");
        }
    }
}
