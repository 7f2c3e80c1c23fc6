//! Changes that are sent again only if no other client has changed the same object meanwhile. While a busy server makes
//! regtui wait, other clients push, and there is no compare-and-swap in the protocol.

use futures_util::FutureExt;

use crate::client::Client;
use crate::client::error::Error;
use crate::client::http::limit::Priority;
use crate::client::http::request::{HttpAnswer, Request};
use crate::client::http::retry::{Retried, RetryRule, RetryWait};
use crate::client::http::scope::Scope;
use crate::model::digest::Digest;
use crate::model::reference::{RepositoryName, Selector, Tag};

impl Client {
    /// Fetches a token, if one is needed. Failures are ignored: the request that needs it fails for the same reason and
    /// reports it.
    pub(super) async fn fetch_token(&self, scope: &Scope) {
        let _ = self.http().auth().authorization(scope).await;
    }

    /// Waits until a change that failed may be tried again. Returns false, without a wait, if it must not be tried
    /// again.
    pub(super) async fn wait_to_retry(&self, error: &Error, tries: u32) -> bool {
        let rule = RetryRule { failures: tries, wait: RetryWait::ByCause };
        self.http().retries().wait(error, rule, None).await.is_ok()
    }

    /// Sends a change of a tag, and sends it again only as long as the tag has the digest from before. A tag that shows
    /// the change needs no other try, and a late request would overwrite a later change. An error holds the number of
    /// tries.
    pub(crate) async fn send_if_unchanged(
        &self,
        request: Request,
        name: &RepositoryName,
        tag: &Tag,
        expected: Option<Digest>,
    ) -> Result<HttpAnswer, Error> {
        let request = Request { is_sent_once: true, ..request };
        let selector = Selector::Tag(tag.clone());
        self.http()
            .retries()
            .run(&mut TagChange { client: self, request, name, selector, expected }, None)
            .await
    }
}

/// A change of a tag that is sent again only while the tag has the digest from before.
struct TagChange<'a> {
    client: &'a Client,
    request: Request,
    name: &'a RepositoryName,
    selector: Selector,
    expected: Option<Digest>,
}

impl Retried for TagChange<'_> {
    type Output = HttpAnswer;

    async fn attempt(&mut self, _: u32) -> Result<HttpAnswer, Error> {
        self.client.http().send(&self.request).await
    }

    async fn is_still_wanted(&mut self, _: &Error) -> bool {
        let known: Vec<Digest> = self.expected.into_iter().collect();
        let look = self.client.digest_now(self.name, &self.selector, &known, Priority::Interactive);
        look.boxed().await.is_ok_and(|now| now == self.expected)
    }
}
