//! A login: the proof of the user's identity that a source gives.

use reqwest::header::HeaderValue;

use super::header::authorization_header;
use crate::model::redact;
use crate::model::secret::Secret;
use crate::model::server::Identity;
use crate::model::text::SafeText;

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
        authorization_header("Bearer", token)
    }

    /// Returns user and password as the value of an `Authorization` header.
    pub(crate) fn basic(&self) -> Option<HeaderValue> {
        use base64::Engine;
        let Login::Password { user, password } = self else { return None };
        let text = format!("{user}:{}", password.reveal());
        let encoded = Secret::new(base64::engine::general_purpose::STANDARD.encode(text));
        authorization_header("Basic", &encoded)
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
