//! Changes that are sent again only if no other client has changed the same object meanwhile. While a busy server makes
//! regtui wait, other clients push, and there is no compare-and-swap in the protocol.

use futures_util::FutureExt;

use super::Client;
use super::error::Error;
use super::limit::Priority;
use super::request::{HttpAnswer, Request};
use super::scope::Scope;
use crate::model::digest::Digest;
use crate::model::reference::{RepositoryName, Selector, Tag};

impl Client {
    /// Fetches the token that a delete in this repository needs, if it needs one, so that no token request comes
    /// between the last look and the delete. Failures are ignored: the delete fails for the same reason and reports it.
    pub async fn ready_to_delete(&self, name: &RepositoryName) {
        self.ready(Scope::Delete(name.clone())).await;
    }

    /// Fetches the token that putting a manifest in this repository needs, for the same reason.
    pub async fn ready_to_put(&self, name: &RepositoryName) {
        self.ready(Scope::Push(name.clone())).await;
    }

    async fn ready(&self, scope: Scope) {
        let _ = self.http().auth().authorization(self.http(), &scope).await;
    }

    /// Waits until a change that failed may be tried again. Returns false, without a wait, if it must not be tried
    /// again.
    pub async fn waits_to_try_again(&self, error: &Error, tries: u32) -> bool {
        match self.http().wait_before_retry(&error.cause, tries) {
            Some(wait) => {
                self.http().wait_to_try_again(&error.cause, tries, wait).await;
                true
            }
            None => false,
        }
    }

    /// Sends a change of a tag, and sends it again only as long as the tag has the digest from before. A tag that shows
    /// the change needs no other try, and a late request would overwrite a later change. An error holds the number of
    /// tries.
    pub(super) async fn send_while(
        &self,
        request: Request,
        name: &RepositoryName,
        tag: &Tag,
        had: Option<Digest>,
    ) -> Result<HttpAnswer, Error> {
        let request = Request { once: true, ..request };
        let selector = Selector::Tag(tag.clone());
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match self.http().send(&request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => Error { tries, ..error },
            };
            if !self.waits_to_try_again(&error, tries).await {
                return Err(error);
            }
            let known: Vec<Digest> = had.into_iter().collect();
            let now = self.digest_now(name, &selector, &known, Priority::Interactive).boxed().await;
            if !now.is_ok_and(|now| now == had) {
                return Err(error);
            }
        }
    }
}
