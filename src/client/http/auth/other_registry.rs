//! Registries that a registry redirects to: docs/REGISTRIES.md §11.
//!
//! Such a registry has tokens and logins of its own. Its challenge is answered with its own anonymous token, or with the
//! login that the user has for its host. It never gets anything of the first registry, and the first one gets nothing of
//! it. It is reached by the strict client, because a server named it.

use std::sync::{Arc, PoisonError};

use reqwest::{Method, Url};

use super::{Authenticator, Authorization, RefusedRequest};
use crate::client::error::{Peer, SendError};
use crate::client::http::challenge;
use crate::client::http::origin::{self, Origin};
use crate::client::http::redirect::Redirects;
use crate::client::http::request::{HttpAnswer, Request};
use crate::client::http::response_body::ResponseHead;
use crate::client::http::scope::Scope;
use crate::model::reference::{Host, RepositoryName};

/// Most registries that one registry leads to. Beyond them all are forgotten.
const MOST_REGISTRIES: usize = 16;

impl Authenticator {
    /// Sends a request again to the other registry that it was redirected to and that answered it with a challenge.
    /// Returns `None` if the answer is none of another registry, or if the challenge cannot be answered.
    pub(super) async fn ask_other_registry(
        &self,
        request: &Request,
        answer: &HttpAnswer,
        peer: &Peer,
        attempt: u32,
    ) -> Option<Result<ResponseHead, SendError>> {
        let is_read = matches!(request.method, Method::GET | Method::HEAD);
        let is_elsewhere = matches!(peer, Peer::Storage(_));
        if self.is_led_to || answer.status != 401 || !is_elsewhere || !is_read {
            return None;
        }
        let scope = scope_of(&answer.url)?;
        let challenge = challenge::preferred_challenge(&answer.headers)?;
        let other = self.other_registry(&answer.url).await?;
        let peer = Peer::OtherRegistry(origin::host_and_port(&answer.url));
        let renamed = |error: SendError| match error.peer {
            Peer::Registry => error.cause.at(&peer),
            _ => error,
        };
        match other
            .answer_challenge(&scope, &Authorization::Nothing, challenge, RefusedRequest::default())
            .await
        {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(Err(renamed(error))),
        }
        let request = Request { url: answer.url.clone(), scope, ..request.clone() };
        let sent = Box::pin(other.send(&request, attempt)).await;
        let sent = sent.map(|head| match head.peer {
            Peer::Registry => ResponseHead { peer: peer.clone(), ..head },
            _ => head,
        });
        Some(sent.map_err(renamed))
    }

    /// Returns the identity at the registry of a URL. Returns `None` for the own origin, to which no redirect brings a
    /// login back, and for a host whose name no registry can have.
    async fn other_registry(&self, url: &Url) -> Option<Arc<Authenticator>> {
        let origin = Origin::of(url)?;
        if self.transport().origin().await.ok()? == origin {
            return None;
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = others.get(&origin) {
            return Some(known.clone());
        }
        let host = Host::parse(origin::host_and_port(url).as_str()).ok()?;
        let transport = self.transport().for_other_registry(&host, &origin, &self.settings)?;
        // Only reads are redirected, so uploads have no place there.
        let redirects = Redirects::new(transport, Vec::new());
        let other = Authenticator::new(host, &self.settings, redirects);
        let other = Arc::new(Authenticator { is_led_to: true, ..other });
        if others.len() >= MOST_REGISTRIES {
            others.clear();
        }
        others.insert(origin, other.clone());
        Some(other)
    }
}

/// Returns the right that a request to a URL of the registry API needs. Returns `None` for any other URL.
fn scope_of(url: &Url) -> Option<Scope> {
    let path = url.path().strip_prefix("/v2/")?;
    let parts: Vec<&str> = path.split('/').collect();
    Some(match parts.as_slice() {
        [""] => Scope::Nothing,
        ["_catalog"] => Scope::Catalog,
        [name @ .., "manifests" | "blobs" | "referrers", _] | [name @ .., "tags", "list"] => {
            Scope::Pull(RepositoryName::parse(&name.join("/")).ok()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_to_another_registry_asks_for_the_right_that_its_own_address_names() {
        let table = [
            ("/v2/", Some("")),
            ("/v2/_catalog?n=5", Some("registry:catalog:*")),
            ("/v2/other/app/manifests/1", Some("repository:other/app:pull")),
            ("/v2/app/blobs/sha256:ab", Some("repository:app:pull")),
            ("/v2/app/referrers/sha256:ab", Some("repository:app:pull")),
            ("/v2/a/tags/tags/list", Some("repository:a/tags:pull")),
            ("/v2/manifests/1", None),
            ("/v2/UPPER/manifests/1", None),
            ("/bucket/v2/app/manifests/1", None),
            ("/v1/search", None),
        ];
        for (path, expected) in table {
            let url = Url::parse(&format!("https://r.test{path}")).expect("a url");
            let found = scope_of(&url).map(|scope| scope.texts().join(" "));
            assert_eq!(found.as_deref(), expected, "{path}");
        }
    }
}
