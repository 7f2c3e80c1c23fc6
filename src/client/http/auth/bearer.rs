//! Tokens: the challenge that asks for one, the token service that gives it, and its refusals.

use reqwest::Url;

use super::authorization::authorization_with;
use super::realm::{RealmTrust, realm_trust};
use super::{AuthScheme, Authenticator, Authorization};
use crate::client::credentials::Login;
use crate::client::error::{Cause, Peer, SendError};
use crate::client::http::challenge::BearerChallenge;
use crate::client::http::error_body::ErrorBody;
use crate::client::http::origin::{self, Origin};
use crate::client::http::scope::Scope;
use crate::client::http::token::TokenKey;

/// Most scopes in one token request: tokens grow with them.
const MOST_SCOPES: usize = 8;

impl Authenticator {
    pub(super) async fn answer_bearer(
        &self,
        scope: &Scope,
        sent: &Authorization,
        bearer: BearerChallenge,
    ) -> Result<bool, Cause> {
        let base = self.transport().base().await?.ping();
        let realm =
            base.join(&bearer.realm).map_err(|_| Cause::UntrustedRealm("its address is no URL".into()))?;
        let widened = {
            let mut learned = self.learned();
            let scheme = Some(AuthScheme::Bearer { realm, service: bearer.service });
            let is_new = learned.scheme != scheme;
            learned.scheme = scheme;
            let wider = learned.wider_scopes.entry(scope.clone()).or_default();
            let before = wider.len();
            let room = MOST_SCOPES.saturating_sub(before);
            let own = scope.texts();
            wider.extend(bearer.scopes.into_iter().filter(|asked| !own.contains(asked)).take(room));
            is_new || wider.len() > before
        };
        match sent {
            Authorization::Token { is_fresh: true, .. } => Ok(widened),
            Authorization::Token { header, key, .. } => {
                self.tokens.forget(key, header).await;
                Ok(true)
            }
            Authorization::Nothing | Authorization::Login(_) => Ok(true),
        }
    }

    /// Decides whether a token endpoint may get the login. Earlier permissions of the user are looked up only if they matter.
    async fn realm_trust(&self, own: &Origin, realm: &Url, has_login: bool) -> Result<RealmTrust, Cause> {
        let is_loopback = self.host.is_loopback();
        match realm_trust(own, realm, is_loopback, &self.realm_allow)? {
            RealmTrust::Anonymous if has_login => {
                let allowed = self.settings.token_services.of(&self.host).await;
                realm_trust(own, realm, is_loopback, &allowed)
            }
            trust => Ok(trust),
        }
    }

    pub(super) async fn bearer_authorization(
        &self,
        scope: &Scope,
        realm: Url,
        service: Option<String>,
    ) -> Result<Authorization, SendError> {
        let login = self.login(scope.repository()).await;
        if let Some(login @ Login::Bearer(_)) = &login
            && self.may_see_login().await
        {
            return Ok(login.bearer().map_or(Authorization::Nothing, Authorization::Login));
        }
        let own = self.transport().origin().await?;
        let peer = if Origin::of(&realm).as_ref() == Some(&own) {
            Peer::Registry
        } else {
            Peer::TokenService(origin::host_and_port(&realm))
        };
        let trust = self.realm_trust(&own, &realm, login.is_some()).await?;
        let may_log_in =
            trust == RealmTrust::Login && self.login_refusal().is_none() && self.may_see_login().await;
        self.learned().withheld_from =
            (trust == RealmTrust::Anonymous && login.is_some()).then(|| origin::host_and_port(&realm));
        // A refusal is one of the token service, also if that is a part of the registry.
        let service_peer = Peer::TokenService(origin::host_and_port(&realm));
        let login = login.filter(|_| may_log_in);
        let mut scopes = self.learned().wider_scopes.get(scope).cloned().unwrap_or_default();
        scopes.extend(scope.texts());
        let key = TokenKey { realm, service, scopes, is_anonymous: login.is_none() };
        match self.tokens.token(self.transport(), &key, login.as_ref(), &peer).await {
            Ok(token) => {
                if let Some(login) = &login {
                    self.learned().used = Some(login.identity());
                    self.mark_proven();
                }
                Ok(authorization_with(token, key)?)
            }
            Err(SendError { cause: Cause::Status { status: 400 | 401 | 403, .. }, .. })
                if scope.fallback().is_some() =>
            {
                let instead = scope.fallback().unwrap_or(Scope::Nothing);
                Box::pin(self.bearer_authorization(&instead, key.realm, key.service)).await
            }
            // The login is valid, but lacks this right; public content can still be read.
            Err(SendError { cause: Cause::Status { status, body: said, .. }, .. })
                if login.is_some()
                    && !scope.is_write()
                    && (status == 403 || matches!(status, 400 | 401) && said.says_missing_right()) =>
            {
                self.learned().denials.insert(scope.clone(), (status, said, service_peer));
                let key = TokenKey { is_anonymous: true, ..key };
                match self.tokens.token(self.transport(), &key, None, &peer).await {
                    Ok(token) => Ok(authorization_with(token, key)?),
                    Err(error) => Err(self.denial(scope).unwrap_or(error)),
                }
            }
            Err(SendError { cause: Cause::Status { status: 400 | 401, body: said, .. }, .. })
                if login.is_some() && !said.says_missing_right() =>
            {
                let why = said
                    .message
                    .clone()
                    .unwrap_or_else(|| "the token service does not accept this login".into());
                self.learned().refusal = Some((why, service_peer));
                Box::pin(self.bearer_authorization(scope, key.realm, key.service)).await
            }
            Err(SendError {
                cause: Cause::Status { status: status @ (400 | 401 | 403), body, .. }, ..
            }) if login.is_some() => Err(self.denial_cause(status, body).at(&service_peer)),
            Err(SendError { cause: cause @ Cause::Status { status: 400 | 401 | 403, .. }, .. }) => {
                Err(match self.login_refusal() {
                    Some((refused, by)) => Cause::LoginRefused(refused).at(&by),
                    None => self.with_reason(cause).at(&service_peer),
                })
            }
            Err(SendError { cause, peer }) => Err(self.with_reason(cause).at(&peer)),
        }
    }

    /// Returns the error for a scope that the token service did not grant to the stored login, if there was such a
    /// refusal.
    pub(super) fn denial(&self, scope: &Scope) -> Option<SendError> {
        let (status, body, peer) = self.learned().denials.get(scope).cloned()?;
        Some(self.denial_cause(status, body).at(&peer))
    }

    /// Returns the cause for a scope that the token service did not grant to the stored login. Before it has granted one,
    /// a 403 does not say whether the login is wrong or lacks the right: docs/REGISTRIES.md §4.6.
    fn denial_cause(&self, status: u16, body: ErrorBody) -> Cause {
        if self.is_proven() || body.says_missing_right() {
            Cause::InsufficientRights { status, body }
        } else {
            Cause::LoginDenied { status, body }
        }
    }
}
