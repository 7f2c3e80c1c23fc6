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
use crate::client::error::Error;
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
    /// Returns the header that identifies the user, or `None` if there is no login that the API takes. Fails if the API
    /// does not say whether it takes the login.
    pub(super) async fn login_header(&self) -> Result<Option<LoginHeader>, Error> {
        if self.api.login == ApiLogin::Registry {
            return Ok(None);
        }
        let Some(login) = self.login().await else { return Ok(None) };
        let Login::Password { user, password } = &login else { return Ok(None) };
        let token = match self.api.login {
            ApiLogin::Exchange(exchange) => self.exchanged(&login, user, password, exchange).await?,
            _ => None,
        };
        let header = || {
            let authorization = HeaderName::from_static("authorization");
            match self.api.login {
                ApiLogin::Registry => None,
                ApiLogin::Basic => Some((authorization, login.basic()?)),
                ApiLogin::Bearer { user: marker } => {
                    let is_token = marker.is_none_or(|marker| marker == user);
                    is_token.then_some((authorization, authorization_header("Bearer", password)?))
                }
                ApiLogin::Header(name) => {
                    let mut value = HeaderValue::from_str(password.reveal()).ok()?;
                    value.set_sensitive(true);
                    Some((HeaderName::from_static(name), value))
                }
                ApiLogin::Exchange(_) => Some((authorization, authorization_header("Bearer", &token?)?)),
            }
        };
        Ok(header().map(|(name, value)| LoginHeader { name, value, login: login.clone() }))
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

    /// Returns the token for user and password, which are sent once; `None` if the API refuses them. A server that fails
    /// refuses nothing: without the token, its lists would leave out private repositories.
    async fn exchanged(
        &self,
        login: &Login,
        user: &str,
        password: &Secret,
        exchange: TokenExchange,
    ) -> Result<Option<Secret>, Error> {
        let known = self.state().login.token.clone();
        if let Some((of, token, until)) = known
            && of == *login
            && until > Instant::now()
        {
            return Ok(Some(token));
        }
        let body = (exchange.body)(user, password.reveal()).to_string();
        let call = VendorCall {
            path: exchange.path.into(),
            body: Some(("application/json", body)),
            ..VendorCall::default()
        };
        let answer = match self.send(&call, Method::POST, None).await {
            Ok(answer) => answer,
            Err(error) if matches!(error.cause.status(), Some(400 | 401 | 403 | 404 | 422)) => {
                self.state().login.refused = Some(login.clone());
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let body = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
        let token = body.and_then(|body| json::text(&body, exchange.member).map(Secret::new));
        let token = token.ok_or_else(|| self.other_form())?;
        self.state().login.token = Some((login.clone(), token.clone(), Instant::now() + TOKEN_LIFE));
        Ok(Some(token))
    }
}
