//! A call of a vendor's own API: sent with the login that the API takes, and its answer read.

use reqwest::Method;
use serde_json::Value;

use super::login::LoginHeader;
use super::session::ApiSession;
use crate::client::error::{Cause, Error};
use crate::client::http::link;
use crate::client::http::request::HttpAnswer;
use crate::client::http::scope::Scope;
use crate::client::vendors::api::ApiLogin;
use crate::model::vendor_lists::VendorCall;

/// The answer to a call.
#[derive(Debug)]
pub(super) struct CallAnswer {
    /// The body.
    pub(super) body: Value,
    /// The target of the `Link` header to the next page.
    pub(super) link: Option<String>,
}

/// The reason why a call brought nothing.
#[derive(Debug)]
pub(super) enum CallError {
    /// The API does not have the subject of the call, or does not show it to this user.
    Refused,
    /// The API does not work.
    Failed(Box<Error>),
}

impl ApiSession<'_> {
    /// Sends a call and reads its answer. A refused login is left out at a second try.
    pub(super) async fn call(&self, call: &VendorCall, scope: &Scope) -> Result<CallAnswer, CallError> {
        if self.api.login == ApiLogin::Registry {
            return self.read(self.send_as_registry(call, scope).await);
        }
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let header = self.login_header().await.map_err(|error| CallError::Failed(Box::new(error)))?;
        let answer = self.send(call, method.clone(), header.as_ref().map(LoginHeader::pair)).await;
        match (answer, header) {
            (Err(error), Some(header)) if error.cause.status() == Some(401) => {
                self.refuse(header);
                self.read(self.send(call, method, None).await)
            }
            (answer, _) => self.read(answer),
        }
    }

    fn read(&self, answer: Result<HttpAnswer, Error>) -> Result<CallAnswer, CallError> {
        let failed = |cause| CallError::Failed(Box::new(self.error(cause)));
        match answer {
            Ok(answer) => {
                let link = link::next(&answer.headers);
                let body = answer.json().map_err(failed)?;
                let body = serde_json::from_slice(body)
                    .map_err(|_| failed(Cause::BadAnswer("the answer is no JSON".into())))?;
                Ok(CallAnswer { body, link })
            }
            Err(error) if matches!(error.cause.status(), Some(401 | 403 | 404)) => Err(CallError::Refused),
            Err(error) if error.cause.is_about_login() => Err(CallError::Refused),
            Err(error) => Err(CallError::Failed(Box::new(error))),
        }
    }
}
