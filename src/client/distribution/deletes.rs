//! Deleting manifests and tags: distribution-spec § Deleting Manifests, § Deleting Tags. docs/REGISTRIES.md §7.1
//! describes the behaviour of servers.

use futures_util::FutureExt;
use reqwest::Method;

use crate::client::Client;
use crate::client::error::Error;
use crate::client::http::limit::Priority;
use crate::client::http::request::{HttpAnswer, Request};
use crate::client::http::scope::Scope;
use crate::model::digest::Digest;
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::server::{Ability, Deletes};
use crate::model::text::SafeText;

impl Client {
    /// Deletes a manifest, and with it every tag that it has. The manifest is gone when this returns or soon after:
    /// some servers answer before they act.
    pub async fn delete_manifest(&self, name: &RepositoryName, digest: &Digest) -> Result<(), Error> {
        let outcome = self.delete(name, Selector::Digest(*digest)).await;
        self.record_deletion(name, digest, outcome)
    }

    /// Deletes a manifest like [`Client::delete_manifest`], but sends the request only once. Before another try the
    /// caller has to check again that nothing else is deleted with the manifest.
    pub(crate) async fn delete_manifest_once(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<(), Error> {
        let request = self.delete_request(name, &Selector::Digest(*digest)).await?;
        let outcome = self.http().send(&Request { is_sent_once: true, ..request }).await;
        self.record_deletion(name, digest, outcome.map(|_| ()))
    }

    fn record_deletion(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        outcome: Result<(), Error>,
    ) -> Result<(), Error> {
        self.learn(&outcome, false, |deletes, ability| deletes.by_digest = ability);
        outcome?;
        self.cache().forget_manifest(&self.repository(name), digest);
        Ok(())
    }

    /// Deletes a tag and nothing else. `expected` is the digest that it had when the caller looked at it. The request is not
    /// sent again once the tag has another digest. If the server cannot delete by tag, nothing else is tried: see
    /// [`Error::is_unsupported`].
    pub async fn untag(&self, name: &RepositoryName, tag: &Tag, expected: Digest) -> Result<(), Error> {
        let selector = Selector::Tag(tag.clone());
        let request = self.delete_request(name, &selector).await?;
        let outcome = match accept_not_found(self.send_if_unchanged(request, name, tag, Some(expected)).await)
        {
            // The request was carried out, and its response was lost.
            Err(error) if error.cause.is_transient() => {
                match self.digest_now(name, &selector, &[expected], Priority::Interactive).boxed().await {
                    Ok(None) => Ok(()),
                    Ok(Some(_)) | Err(_) => Err(error),
                }
            }
            outcome => outcome,
        };
        self.learn(&outcome, false, |deletes, ability| deletes.by_tag = ability);
        outcome?;
        self.cache().forget_tag(&self.repository(name), tag);
        self.0.manifests.forget(&(name.clone(), selector));
        Ok(())
    }

    /// Returns how the server can delete, as far as earlier responses tell.
    pub fn deletes(&self) -> Deletes {
        self.abilities().deletes()
    }

    /// Finds out how the server can delete, if that is not known, by deleting a tag and a digest of random text that
    /// cannot exist. Fails if the server refuses to answer that, for example without the right to delete.
    pub async fn probe_deletes(&self, name: &RepositoryName) -> Result<Deletes, Error> {
        let known = self.deletes();
        let random = random_digest();
        if known.by_digest == Ability::Unknown {
            let outcome = self.delete(name, Selector::Digest(random)).await;
            self.learn(&outcome, true, |deletes, ability| deletes.by_digest = ability);
            probe_result(outcome)?;
        }
        if known.by_tag == Ability::Unknown
            && let Ok(tag) = Tag::parse(&format!("regtui-probe-{}", random.short()))
        {
            let outcome = self.delete(name, Selector::Tag(tag)).await;
            if let Err(error) = &outcome
                && refuses_tags(error)
            {
                // Pulp answers 400 in its own words, and other servers have theirs.
                let why = Ability::No(SafeText::from(error.cause.to_string()));
                self.abilities().learn_deletes(|deletes| deletes.by_tag = why);
                return Ok(self.deletes());
            }
            self.learn(&outcome, true, |deletes, ability| deletes.by_tag = ability);
            probe_result(outcome)?;
        }
        Ok(self.deletes())
    }

    async fn delete(&self, name: &RepositoryName, selector: Selector) -> Result<(), Error> {
        let request = self.delete_request(name, &selector).await?;
        accept_not_found(self.http().send(&request).await)
    }

    async fn delete_request(&self, name: &RepositoryName, selector: &Selector) -> Result<Request, Error> {
        let url = self.http().base().await?.manifest(name, selector);
        Ok(Request::new(Method::DELETE, url, Scope::Delete(name.clone()), Priority::Interactive))
    }

    /// Records that a delete had no effect although the server said that nothing exists under that name. The server, or
    /// a proxy before it, says so of everything.
    pub(super) fn learn_no_effect(&self, selector: &Selector, error: &Error) {
        let why = SafeText::from(format!("{}, although it is there", error.cause));
        self.abilities().learn_deletes(|deletes| match selector {
            Selector::Tag(_) => deletes.by_tag = Ability::No(why),
            Selector::Digest(_) => deletes.by_digest = Ability::No(why),
        });
    }

    /// Learns from a response. A 404 shows that the server supports the delete only if nothing can have existed under
    /// that name, and if the registry itself answers: a server or a proxy without such a route answers 404 to
    /// everything.
    fn learn(&self, outcome: &Result<(), Error>, is_probe: bool, set: impl FnOnce(&mut Deletes, Ability)) {
        let ability = match outcome {
            Ok(()) => Ability::Yes,
            Err(error) if is_probe && error.says_missing() => Ability::Yes,
            Err(error) if error.is_unsupported() => Ability::No(SafeText::from(error.cause.to_string())),
            Err(_) => return,
        };
        self.abilities().learn_deletes(|deletes| set(deletes, ability));
    }
}

/// Counts a 404 at a further try as success: an earlier try has deleted the object, and its response was lost.
fn accept_not_found(answer: Result<HttpAnswer, Error>) -> Result<(), Error> {
    match answer {
        Err(error) if error.tries > 1 && error.cause.status() == Some(404) => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Turns "not supported" and "not found" into success, since they answer the question of a probe.
fn probe_result(outcome: Result<(), Error>) -> Result<(), Error> {
    match outcome {
        Err(error) if error.cause.status() != Some(404) && !error.is_unsupported() => Err(error),
        _ => Ok(()),
    }
}

/// Returns whether a server that was asked to delete a tag that cannot exist refuses to delete by tag at all. It would
/// answer 404 if it did, 401 or 403 if this user may not, and 408, 425 or 429 if it had no time.
fn refuses_tags(error: &Error) -> bool {
    let status = error.cause.status().filter(|status| (400..500).contains(status));
    status.is_some_and(|status| !matches!(status, 401 | 403 | 404 | 407 | 408 | 425 | 429))
}

/// Returns a random digest that no object has.
pub(crate) fn random_digest() -> Digest {
    use std::hash::{BuildHasher, RandomState};
    let parts = [0u8; 4].map(|_| RandomState::new().hash_one("regtui").to_be_bytes());
    Digest::sha256(parts.as_flattened())
}
