//! The login of a registry in the form that the API of its vendor takes.
//!
//! The place of an API is decided by the vendor's value or by the user's configuration, never by an answer. Redirects are
//! not followed, and a wrong login is sent once.

use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};

use super::session::ApiSession;
use crate::client::credentials::Login;
use crate::client::credentials::header::authorization_header;
use crate::client::vendors::api::json;
use crate::client::vendors::api::{ApiLogin, TokenExchange};
use crate::model::secret::Secret;
use crate::model::vendor_lists::VendorCall;

/// How long a token that was got for user and password is used.
const TOKEN_LIFE: Duration = Duration::from_secs(300);

/// The tokens of an API, and whether it refused the login.
#[derive(Debug, Default)]
pub(crate) struct LoginState {
    /// The token that was got for a login.
    token: Option<(Login, Secret, Instant)>,
    /// The login that was refused.
    refused: Option<Login>,
}

/// A header that identifies the user.
#[derive(Debug, Clone)]
pub(crate) struct LoginHeader {
    name: HeaderName,
    value: HeaderValue,
    /// The login that it stands for.
    login: Login,
}

impl LoginHeader {
    /// Returns name and value.
    pub(super) fn pair(&self) -> (&HeaderName, &HeaderValue) {
        (&self.name, &self.value)
    }
}

impl ApiSession<'_> {
    /// Returns the header that identifies the user, or `None` if there is no login that the API takes.
    pub(super) async fn login_header(&self) -> Option<LoginHeader> {
        if self.api.login == ApiLogin::Registry {
            return None;
        }
        let login = self.login().await?;
        let Login::Password { user, password } = &login else { return None };
        let authorization = HeaderName::from_static("authorization");
        let (name, value) = match self.api.login {
            ApiLogin::Registry => return None,
            ApiLogin::Basic => (authorization, login.basic()?),
            ApiLogin::Bearer { user: marker } => {
                if marker.is_some_and(|marker| marker != user) {
                    return None;
                }
                (authorization, authorization_header("Bearer", password)?)
            }
            ApiLogin::Header(name) => {
                let mut value = HeaderValue::from_str(password.reveal()).ok()?;
                value.set_sensitive(true);
                (HeaderName::from_static(name), value)
            }
            ApiLogin::Exchange(exchange) => {
                let token = self.exchanged(&login, user, password, exchange).await?;
                (authorization, authorization_header("Bearer", &token)?)
            }
        };
        Some(LoginHeader { name, value, login })
    }

    /// Returns the login of the registry, if the API may see it and has not refused it.
    async fn login(&self) -> Option<Login> {
        if !self.may_see_login {
            return None;
        }
        let login = self.client.http().auth().login_for_api(&self.origin).await?;
        let is_refused = self.state().login.refused.as_ref() == Some(&login);
        Some(login).filter(|_| !is_refused)
    }

    /// Returns whether there is a login that the API may see, is of a kind that it takes, and was not refused.
    pub(super) async fn has_login(&self) -> bool {
        matches!(self.login().await, Some(Login::Password { user, .. }) if match self.api.login {
            ApiLogin::Bearer { user: Some(marker) } => marker == user,
            _ => true,
        })
    }

    /// Returns the user's name at the registry, if there is a login that the API takes.
    pub(super) async fn user(&self) -> Option<String> {
        match self.login().await? {
            Login::Password { user, .. } => Some(user),
            Login::Identity(_) | Login::Bearer(_) => None,
        }
    }

    /// Notes that the API refused the login, so that it is not sent again.
    pub(super) fn refuse(&self, header: LoginHeader) {
        let mut state = self.state();
        state.login.token = None;
        state.login.refused = Some(header.login);
    }

    /// Returns the token for user and password, which are sent once.
    async fn exchanged(
        &self,
        login: &Login,
        user: &str,
        password: &Secret,
        exchange: TokenExchange,
    ) -> Option<Secret> {
        let known = self.state().login.token.clone();
        if let Some((of, token, until)) = known
            && of == *login
            && until > Instant::now()
        {
            return Some(token);
        }
        let body = (exchange.body)(user, password.reveal()).to_string();
        let call = VendorCall {
            path: exchange.path.into(),
            body: Some(("application/json", body)),
            ..VendorCall::default()
        };
        let answer = self.send(&call, Method::POST, None).await;
        let token = answer.ok().and_then(|answer| {
            let body: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
            json::text(&body, exchange.member).map(Secret::new)
        });
        let mut state = self.state();
        match &token {
            Some(token) => {
                state.login.token = Some((login.clone(), token.clone(), Instant::now() + TOKEN_LIFE));
            }
            None => state.login.refused = Some(login.clone()),
        }
        token
    }
}
