//! One request with its login: sent, challenged, sent again.

use jiff::Timestamp;
use reqwest::Method;

use super::{Authenticator, Authorization, RefusedRequest};
use crate::client::error::{Cause, Peer, SendError, is_transient_status};
use crate::client::http::challenge::{self, Challenge};
use crate::client::http::error_body::ErrorBody;
use crate::client::http::limit::Priority;
use crate::client::http::origin::Origin;
use crate::client::http::request::{HttpAnswer, Request};
use crate::client::http::response_body::ResponseHead;
use crate::client::http::retry_after::retry_after;
use crate::client::http::scope::Scope;
use crate::client::http::transport::Exchange;

/// Most sends of one request, including those answered with 401.
const MOST_SENDS: u32 = 3;

impl Authenticator {
    /// Sends a request, and answers the challenges that come back: at most [`MOST_SENDS`] sends.
    pub(crate) async fn send(&self, request: &Request, attempt: u32) -> Result<ResponseHead, SendError> {
        let own = self.transport().origin().await?;
        let is_ours = Origin::of(&request.url).as_ref() == Some(&own);
        let mut sends = 0;
        loop {
            let authorization =
                if is_ours { self.authorization(&request.scope).await? } else { Authorization::Nothing };
            let exchange = self.redirects.send(request, &own, authorization.header(), attempt).await?;
            let (answer, peer) = match exchange {
                Exchange::Success(head) => {
                    if sends > 0 && matches!(authorization, Authorization::Login(_)) {
                        self.mark_proven();
                    }
                    let is_anonymous = is_ours && matches!(authorization, Authorization::Nothing);
                    if is_anonymous && request.url == self.transport().base().await?.ping() {
                        // Boxed, as all that seldom runs: every request would be larger by it.
                        Box::pin(self.note_offer(head.response.headers())).await;
                    }
                    return Ok(head);
                }
                Exchange::Other(answer, peer) => (answer, peer),
            };
            if let Some(sent) = self.ask_other_registry(request, &answer, &peer, attempt).await {
                return sent;
            }
            sends += 1;
            if answer.status != 401 || peer != Peer::Registry || sends == MOST_SENDS {
                return Err(self.refusal(answer, request, &peer, &authorization));
            }
            self.learn_realm(&answer.headers);
            let challenge = match challenge::preferred_challenge(&answer.headers) {
                Some(challenge) => Some(challenge),
                None => self.fetch_ping_challenge(request, &own).await,
            };
            let may_help = match challenge {
                Some(challenge) => {
                    let about = RefusedRequest {
                        lacks_right: says_missing_right(&answer),
                        is_ping: request.url == self.transport().base().await?.ping(),
                    };
                    self.answer_challenge(&request.scope, &authorization, challenge, about).await?
                }
                None => false,
            };
            if !may_help {
                return Err(self.refusal(answer, request, &peer, &authorization));
            }
        }
    }

    /// Fetches the challenge of the ping. Some registries leave the challenge out of every other 401.
    async fn fetch_ping_challenge(&self, request: &Request, own: &Origin) -> Option<Challenge> {
        let ping = self.transport().base().await.ok()?.ping();
        if ping == request.url {
            return None;
        }
        let request = Request::new(Method::GET, ping, request.scope.clone(), request.priority);
        match self.redirects.send(&request, own, None, 1).await.ok()? {
            Exchange::Other(answer, Peer::Registry) => challenge::preferred_challenge(&answer.headers),
            Exchange::Other(..) | Exchange::Success(_) => None,
        }
    }

    /// Returns the status of a ping with this authorization.
    pub(super) async fn ping_status(&self, authorization: &Authorization) -> Option<u16> {
        let own = self.transport().origin().await.ok()?;
        let ping = self.transport().base().await.ok()?.ping();
        let request = Request::new(Method::GET, ping, Scope::Nothing, Priority::Interactive);
        match self.redirects.send(&request, &own, authorization.header(), 1).await.ok()? {
            Exchange::Success(head) => Some(head.status),
            Exchange::Other(answer, peer) => (peer == Peer::Registry).then_some(answer.status),
        }
    }

    /// Returns the error for a response that is no success.
    fn refusal(&self, answer: HttpAnswer, request: &Request, peer: &Peer, sent: &Authorization) -> SendError {
        let is_elsewhere = matches!(peer, Peer::Storage(_) | Peer::UploadLocation(_));
        if is_elsewhere && matches!(answer.status, 400..=499) && !is_transient_status(answer.status) {
            return Cause::Storage(answer.status).at(peer);
        }
        let lacks_right = says_missing_right(&answer) && sent.is_login() && *peer == Peer::Registry;
        let said = ErrorBody::of(&answer.body);
        let needs_tls = ["http request to an https server", "plain http request was sent to https port"];
        if answer.status == 400
            && request.url.scheme() == "http"
            && needs_tls.iter().any(|words| said.mentions(words))
        {
            return Cause::Scheme { server_is_plain: false }.at(peer);
        }
        if lacks_right && matches!(answer.status, 401 | 403) {
            return Cause::InsufficientRights { status: answer.status, body: said }.at(peer);
        }
        let is_denied = answer.status == 401 && *peer == Peer::Registry;
        if is_denied && let Some((refused, by)) = self.login_refusal() {
            return Cause::LoginRefused(refused).at(&by);
        }
        if is_denied && let Some(denial) = self.denial(&request.scope) {
            return denial;
        }
        if is_denied && self.is_proven() {
            return Cause::InsufficientRights { status: answer.status, body: said }.at(peer);
        }
        let wait = retry_after(&answer.headers, Timestamp::now());
        let cause = Cause::Status { status: answer.status, body: said, wait };
        self.with_reason(cause).at(peer)
    }

    /// Adds to a denial that the login was not sent to the token service, if that may be the reason.
    pub(super) fn with_reason(&self, cause: Cause) -> Cause {
        if cause.is_protected() || cause.is_quota() {
            return cause;
        }
        match (cause, self.learned().withheld_from.clone()) {
            (Cause::Status { status: status @ (401 | 403), body, .. }, Some(token_service)) => {
                Cause::LoginWithheld { status, body, token_service }
            }
            (cause, _) => cause,
        }
    }
}

/// Returns whether a refusal says that the login lacks a right, and is not wrong: RFC 6750 § 3.1, or Gitea's words.
fn says_missing_right(answer: &HttpAnswer) -> bool {
    let names_scope = match challenge::preferred_challenge(&answer.headers) {
        Some(Challenge::Bearer(bearer)) => bearer.error.as_deref() == Some("insufficient_scope"),
        Some(Challenge::Basic) | None => false,
    };
    names_scope || ErrorBody::of(&answer.body).says_missing_right()
}
