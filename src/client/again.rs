//! Changes that are sent again only where nobody else has changed the same meanwhile: while a busy server makes us wait,
//! others push, and there is no compare-and-swap in the protocol.

use futures_util::FutureExt;

use super::Client;
use super::error::Error;
use super::limit::Priority;
use super::request::{HttpAnswer, Request};
use super::scope::Scope;
use crate::model::digest::Digest;
use crate::model::reference::{RepositoryName, Selector, Tag};

impl Client {
    /// Fetches the token that a delete in this repository needs, where one is needed, so that no request for it comes
    /// between the last look and the delete. What fails here fails at the delete, which says so.
    pub async fn ready_to_delete(&self, name: &RepositoryName) {
        self.ready(Scope::Delete(name.clone())).await;
    }

    /// The same for a manifest that is put.
    pub async fn ready_to_put(&self, name: &RepositoryName) {
        self.ready(Scope::Push(name.clone())).await;
    }

    async fn ready(&self, scope: Scope) {
        let _ = self.http().auth().authorization(self.http(), &scope).await;
    }

    /// Waits until a change that failed may be tried again: false, without a wait, where it must not.
    pub async fn waits_to_try_again(&self, error: &Error, tries: u32) -> bool {
        match self.http().wait_before_retry(&error.cause, tries) {
            Some(wait) => {
                self.http().wait_to_try_again(&error.cause, tries, wait).await;
                true
            }
            None => false,
        }
    }

    /// Sends a change of a tag, and again only as long as the tag is what it was before: one that shows the change needs
    /// none, and a late request would change what comes after it. What failed says how often it was tried.
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
