//! Registries that answer without a login and take one nevertheless: they show more to a user. They send a challenge
//! beside the success of the ping, as zot does if a part of it is public.

use std::sync::{Arc, PoisonError};

use reqwest::Method;
use reqwest::header::HeaderMap;

use super::{AuthScheme, Authenticator, Authorization};
use crate::client::error::Peer;
use crate::client::http::challenge::{self, Challenge};
use crate::client::http::limit::Priority;
use crate::client::http::request::Request;
use crate::client::http::scope::Scope;
use crate::client::http::transport::Exchange;

impl Authenticator {
    /// Asks the registry once whether it takes logins although it answers without one. Without a stored login nothing is
    /// asked.
    pub(super) async fn look_for_offer(&self) {
        if self.login(None).await.is_none() {
            return;
        }
        let look = async {
            if let Some(headers) = self.ping_anonymously().await {
                self.accept_offer(&headers).await;
            }
        };
        self.offer_cell().get_or_init(|| look).await;
    }

    /// Looks for a challenge in the headers of a ping that succeeded without a login.
    pub(super) async fn note_offer(&self, headers: &HeaderMap) {
        if challenge::preferred_challenge(headers).is_none() || self.login(None).await.is_none() {
            return;
        }
        self.offer_cell().get_or_init(|| self.accept_offer(headers)).await;
    }

    fn offer_cell(&self) -> Arc<tokio::sync::OnceCell<()>> {
        self.offer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the headers of a ping without a login, if it succeeds.
    async fn ping_anonymously(&self) -> Option<HeaderMap> {
        let own = self.transport().origin().await.ok()?;
        let ping = self.transport().base().await.ok()?.ping();
        let request = Request::new(Method::GET, ping, Scope::Nothing, Priority::Interactive);
        match self.redirects.send(&request, &own, None, 1).await.ok()? {
            Exchange::Success(head) if head.peer == Peer::Registry => Some(head.response.headers().clone()),
            Exchange::Success(_) | Exchange::Other(..) => None,
        }
    }

    /// Uses the stored login from now on if the registry accepts it. Otherwise requests go on without one, so that a
    /// wrong login hides nothing that is public.
    async fn accept_offer(&self, headers: &HeaderMap) {
        match challenge::preferred_challenge(headers) {
            None => {}
            Some(Challenge::Basic) => {
                let sent = self.basic_authorization(&Scope::Nothing).await;
                if sent.header().is_none() {
                    return;
                }
                match self.ping_status(&sent).await {
                    Some(200..=299) => self.learned().scheme = Some(AuthScheme::Basic),
                    Some(401) => {
                        let text = "the registry does not accept this user and password";
                        self.learned().refusal = Some((text.into(), Peer::Registry));
                    }
                    _ => self.learned().used = None,
                }
            }
            Some(Challenge::Bearer(bearer)) => {
                let Ok(base) = self.transport().base().await else { return };
                let Ok(realm) = base.ping().join(&bearer.realm) else { return };
                let service = bearer.service;
                let token = self.bearer_authorization(&Scope::Nothing, realm.clone(), service.clone()).await;
                if matches!(token, Ok(Authorization::Token { key, .. }) if !key.is_anonymous) {
                    self.learned().scheme = Some(AuthScheme::Bearer { realm, service });
                }
            }
        }
    }
}
