//! Logins that the user enters.

use super::reference::Host;
use super::secret::Secret;
use super::server::Identity;
use super::text::SafeText;

/// A login as the user enters it.
#[derive(Debug, Clone)]
pub struct LoginInput {
    /// The name of the user. Empty if the secret is a token that needs none.
    pub(crate) user: String,
    /// The password, or a token.
    pub(crate) secret: Secret,
}

/// A login that is to be checked and used.
#[derive(Debug)]
pub struct LoginRequest {
    /// The registry.
    pub(crate) host: Host,
    /// The login.
    pub(crate) input: LoginInput,
    /// Whether it is stored. Otherwise it holds for this run.
    pub(crate) is_stored: bool,
    /// The token service outside of the registry's site that may get it, `host:port`.
    pub(crate) token_service: Option<SafeText>,
    /// Whether it is taken although the registry asks for none, so that it cannot be checked.
    pub(crate) is_unchecked: bool,
}

/// Everything about the login for a registry that is known before one is entered.
#[derive(Debug, Clone)]
pub struct LoginFacts {
    /// The login that is used now, with the name of its source.
    pub current: Option<(Identity, SafeText)>,
    /// The place where a new login would be stored in words, or the reason why it cannot be.
    pub place: Result<SafeText, SafeText>,
}

/// The result of a login.
#[derive(Debug, Clone)]
pub enum LoginOutcome {
    /// It is used now. The text says for whom and where it is stored.
    Done(SafeText),
    /// The registry answers without a login and asks for none, so the login was not checked. It was not stored.
    Unasked,
    /// The registry names this token service (`host:port`) outside of its own site, so the login was not sent.
    Withheld(SafeText),
}

/// Describes an identity as the end of a sentence: `as ann`.
pub(crate) fn describe_identity(identity: &Identity) -> String {
    match identity {
        Identity::User(user) => format!("as {user}"),
        Identity::Token => "with a token".into(),
        Identity::Anonymous => "without a name".into(),
    }
}
