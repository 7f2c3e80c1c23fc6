//! The header that identifies the user.

use reqwest::header::HeaderValue;

use crate::client::credentials::header::authorization_header;
use crate::client::error::Cause;
use crate::client::http::token::TokenKey;
use crate::model::secret::Secret;

/// The authorization that a request carries.
#[derive(Debug)]
pub(crate) enum Authorization {
    /// No header.
    Nothing,
    /// User and password, or a registry token from a file of logins.
    Login(HeaderValue),
    /// A token of the registry's token endpoint.
    Token {
        /// The header.
        header: HeaderValue,
        /// The key under which it was fetched.
        key: TokenKey,
        /// Whether it was fetched for this very request.
        is_fresh: bool,
    },
}

impl Authorization {
    /// Returns whether it stands for a login, and not for every client.
    pub(crate) fn is_login(&self) -> bool {
        match self {
            Authorization::Nothing => false,
            Authorization::Login(_) => true,
            Authorization::Token { key, .. } => !key.is_anonymous,
        }
    }

    /// Returns the header.
    pub(crate) fn header(&self) -> Option<&HeaderValue> {
        match self {
            Authorization::Nothing => None,
            Authorization::Login(header) | Authorization::Token { header, .. } => Some(header),
        }
    }
}

/// Builds the authorization with this token, which was fetched just now or not.
pub(crate) fn authorization_with(
    (token, is_fresh): (Secret, bool),
    key: TokenKey,
) -> Result<Authorization, Cause> {
    let header = authorization_header("Bearer", &token)
        .ok_or(Cause::BadAnswer("the token cannot stand in a header".into()))?;
    Ok(Authorization::Token { header, key, is_fresh })
}
