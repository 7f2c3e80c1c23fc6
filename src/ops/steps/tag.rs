//! Puts or removes one tag. The tag is looked at before and after, so that a change by another client in between is
//! noticed and left alone.

mod own_restore;
mod removal;
pub(crate) mod restore;
pub(crate) mod shown;

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use tokio_util::sync::CancellationToken;

use crate::client::registry::Observation;
use crate::client::registry::connection::{Connection, WriteAccess};
use crate::client::{Cause, Error, Priority, Registry};
use crate::model::change::journal::SavedManifest;
use crate::model::change::progress::Outcome;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::Manifest;
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::text::SafeText;
use removal::{Removal, own_api_failure};
use restore::restore_lost_tags;
pub(crate) use shown::{Shown, Wanted};

/// The number of tags that are asked for at the same time.
pub(crate) const AT_ONCE: usize = 16;

/// A hint for a tag that was put and does not become visible.
pub(crate) const LOST: &str = "after garbage collection a registry may believe that it still has content that is gone, until it is \
                        restarted: then copy or push the image again";

/// A hint for a server that refuses Docker's manifests.
const CONVERT: &str = "the registry accepts no Docker manifests: `copy --format oci`, or the switch of its plan, converts them; \
                       digests change, layers stay";

/// A repository in which tags are changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RepositoryClient<'a> {
    /// The registry.
    pub(crate) registry: &'a dyn Registry,
    /// The repository.
    pub(crate) name: &'a RepositoryName,
    /// Ends all waiting when it is cancelled. If it is `None`, every wait lasts as long as it needs.
    pub(crate) stop: Option<&'a CancellationToken>,
}

/// The API that removes a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UntagApi {
    /// The registry API.
    Registry,
    /// The own API of the registry's vendor.
    Vendor,
}

/// The result of removing a tag.
#[derive(Debug)]
pub(crate) struct Untagged {
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// The number of other tags of the image that the server removed without being asked. They were put back, or the
    /// notes say why not.
    pub(crate) removed_along: usize,
    /// Notes for the user.
    pub(crate) notes: Vec<SafeText>,
}

impl<'a> RepositoryClient<'a> {
    /// Returns a repository in which no wait can be stopped.
    pub(crate) fn of(registry: &'a dyn Registry, name: &'a RepositoryName) -> RepositoryClient<'a> {
        RepositoryClient { registry, name, stop: None }
    }
}

impl RepositoryClient<'_> {
    /// Fetches the token that a change needs, if it needs one, so that the look before the change is the last request.
    pub(crate) async fn prefetch_token(&self, access: WriteAccess) {
        if let Some(connection) = self.registry.connection() {
            connection.prefetch_token(self.name, access).await;
        }
    }

    /// Waits until a change that failed may be tried again. Returns false, without a wait, if it must not be tried
    /// again.
    pub(crate) async fn wait_to_retry(&self, error: &Error, tries: u32) -> bool {
        match self.registry.connection() {
            Some(connection) => connection.wait_to_retry(error, tries).await,
            None => false,
        }
    }

    fn command_options(&self) -> String {
        let local = || format!("{}/", self.registry.host());
        self.registry.connection().map_or_else(local, Connection::command_options)
    }

    /// Returns the digest that the registry has for a tag or digest now, or `None` if it does not exist.
    pub(crate) async fn digest_now(&self, selector: &Selector) -> Result<Option<Digest>, Error> {
        self.registry.head_manifest(self.name, selector, Priority::Interactive).await
    }

    /// Returns the digest that a tag has now.
    pub(crate) async fn tag_digest(&self, tag: &Tag) -> Result<Option<Digest>, Error> {
        self.digest_now(&Selector::Tag(tag.clone())).await
    }

    /// Returns the digest that the registry has for a tag or digest now. If its bytes match one of the `known` digests,
    /// that digest is returned: see [`Registry::digest_now`]. Every comparison with an expected digest uses this
    /// function.
    pub(crate) async fn digest_among(
        &self,
        selector: &Selector,
        known: &[Digest],
    ) -> Result<Option<Digest>, Error> {
        self.registry.digest_now(self.name, selector, known, Priority::Interactive).boxed().await
    }

    /// Returns the digest that a tag has now: one of the `known` digests if its bytes match it.
    pub(crate) async fn tag_digest_among(
        &self,
        tag: &Tag,
        known: &[Digest],
    ) -> Result<Option<Digest>, Error> {
        self.digest_among(&Selector::Tag(tag.clone()), known).await
    }

    /// Returns a manifest by its digest, as the registry serves it now. A manifest kept in the journal must be put back
    /// under the media type by which this registry knows it.
    pub(crate) async fn manifest(&self, digest: Digest) -> Result<Arc<Manifest>, Error> {
        self.registry.uncached_manifest(self.name, &digest, Priority::Interactive).await
    }

    /// Puts a tag if it still has the `expected` digest (`None` for a free tag), and checks that it has got the image.
    pub(crate) async fn put(&self, tag: &Tag, expected: Option<Digest>, manifest: &Manifest) -> Outcome {
        match self.may_put(tag, expected, manifest.digest).await {
            Ok(()) => self.put_and_verify(tag, expected, manifest).await,
            Err(outcome) => outcome,
        }
    }

    /// Fails with the outcome if a tag must not be put: it has that image already, or another client changed it.
    pub(crate) async fn may_put(
        &self,
        tag: &Tag,
        expected: Option<Digest>,
        image: Digest,
    ) -> Result<(), Outcome> {
        self.prefetch_token(WriteAccess::Put).await;
        let known: Vec<Digest> = expected.into_iter().chain([image]).collect();
        match self.tag_digest_among(tag, &known).await {
            Ok(now) if now == Some(image) => Err(Outcome::Unchanged("it is that image already".into())),
            Ok(now) if now == expected => Ok(()),
            Ok(now) => Err(Outcome::Skipped(describe_move(now))),
            Err(error) => Err(Outcome::Failed(error.failure(format!("cannot tag {}:{tag}", self.name)))),
        }
    }

    /// Puts a tag after [`RepositoryClient::may_put`] has allowed it, and checks that it has got the image.
    pub(crate) async fn put_and_verify(
        &self,
        tag: &Tag,
        expected: Option<Digest>,
        manifest: &Manifest,
    ) -> Outcome {
        let selector = Selector::Tag(tag.clone());
        if let Err(error) = self.registry.put_tag(self.name, tag, expected, manifest).boxed().await {
            match self.look_up_after(&error, tag, &known_digests(expected, manifest)).await {
                // The change was made, but the answer was lost or wrong.
                Some(now) if now == Some(manifest.digest) => {}
                Some(now) if now != expected && error.cause.is_transient() => {
                    return Outcome::Skipped(describe_move(now));
                }
                _ => {
                    let what = format!("cannot tag {}:{tag}", self.name);
                    return Outcome::Failed(manifest_failure(&error, what, manifest));
                }
            }
        }
        match self.wait_until_shown(&selector, Some(manifest.digest)).await {
            Ok(true) => Outcome::Done(self.describe_put(tag, manifest).await),
            Ok(false) => match self.tag_digest_among(tag, &known_digests(expected, manifest)).await {
                Ok(Some(other)) if Some(other) != expected => Outcome::Skipped(SafeText::from(format!(
                    "it was put, and another client pushed {} right after",
                    other.short()
                ))),
                _ => self.unconfirmed_outcome(&selector, "and does not show it", Some(LOST)),
            },
            Err(error) => self.unseen_outcome(&selector, &error),
        }
    }

    /// Removes a tag if it still has this image. Removes nothing but the tag, so it never deletes the digest. `kept`
    /// are tags of the same image that must not be touched; those that vanish all the same are put back.
    pub(crate) async fn untag(&self, tag: &Tag, image: &Manifest, kept: &[Tag]) -> Untagged {
        self.untag_by(UntagApi::Registry, tag, image, kept).await
    }

    /// Does the same by an API. If that fails, the other one is not tried.
    pub(crate) async fn untag_by(
        &self,
        api: UntagApi,
        tag: &Tag,
        image: &Manifest,
        kept: &[Tag],
    ) -> Untagged {
        let what = || format!("cannot untag {}:{tag}", self.name);
        let over = |outcome| Untagged { outcome, removed_along: 0, notes: Vec::new() };
        let kept = self.tags_still_on(kept, image.digest).await;
        let removal = match Removal::prepare(self, api, tag, image.digest).boxed().await {
            Ok(removal) => removal,
            Err(error) => return over(Outcome::Failed(own_api_failure(&error, what()))),
        };
        // The last request before the delete, so that a push until then is noticed.
        match self.tag_digest_among(tag, &[image.digest]).await {
            Ok(None) => return over(Outcome::Unchanged("it was gone already".into())),
            Ok(Some(now)) if now != image.digest => return over(Outcome::Skipped(describe_move(Some(now)))),
            Ok(Some(_)) => {}
            Err(error) => return over(Outcome::Failed(error.failure(what()))),
        }
        if let Err(error) = removal.carry_out(self, tag, image.digest).boxed().await {
            match self.look_up_after(&error, tag, &[image.digest]).await {
                // The tag was there right before: this request removed it, or another client did at the same moment.
                Some(None) if error.cause.status() == Some(404) => {
                    let text = format!("gone; the server answered {}", error.cause);
                    return over(Outcome::Done(SafeText::from(text)));
                }
                // The change was made, and the answer was lost.
                Some(None) => {}
                Some(Some(now)) if now != image.digest => {
                    return over(Outcome::Skipped(describe_move(Some(now))));
                }
                _ if api == UntagApi::Vendor => {
                    return over(Outcome::Failed(own_api_failure(&error, what())));
                }
                Some(Some(_)) if error.cause.status() == Some(404) => {
                    return over(Outcome::Failed(self.no_effect_failure(
                        &Selector::Tag(tag.clone()),
                        &error,
                        what(),
                    )));
                }
                _ => return over(Outcome::Failed(untag_failure(&error, what()))),
            }
        }
        let selector = Selector::Tag(tag.clone());
        // Other tags that the server removed can be noticed only after this tag is gone.
        let most = if self.has_delayed_visibility() && kept.is_empty() {
            Duration::ZERO
        } else {
            self.visibility_timeout()
        };
        let outcome = match self.wait_until_all_shown(vec![(selector.clone(), Shown::Is(None))], most).await {
            Ok(left) if left.is_empty() => Outcome::Done("untagged".into()),
            Ok(_) => match self.tag_digest_among(tag, &[image.digest]).await {
                Ok(Some(now)) if now != image.digest => Outcome::Done(SafeText::from(format!(
                    "untagged, and another client has pushed {} there since",
                    now.short()
                ))),
                _ => self.unconfirmed_outcome(&selector, "and still shows the tag", None),
            },
            Err(error) => self.unseen_outcome(&selector, &error),
        };
        let mut untagged = over(outcome);
        let kept: Vec<(Tag, Digest)> = kept.into_iter().map(|tag| (tag, image.digest)).collect();
        let restored = restore_lost_tags(*self, &kept, |_| Some(Arc::new(image.clone()))).boxed().await;
        untagged.removed_along = restored.removed;
        untagged.notes.extend(restored.notes);
        untagged
    }

    /// Returns the failure of a delete that the server answered as if the target did not exist, although it exists.
    pub(crate) fn no_effect_failure(&self, selector: &Selector, error: &Error, what: String) -> Failure {
        self.registry.learn(Observation::DeleteWithoutEffect(selector, error));
        let hint = "the server, or a proxy before it, answers deletes as if nothing were there: deletes have to be allowed, \
                    or are done by another method there";
        Failure {
            what: SafeText::from(what),
            why: SafeText::from(format!("{}, although it is there", error.cause)),
            hint: Some(hint.into()),
            kind: FailureKind::Unsupported,
        }
    }

    /// Returns the outcome of a change that the server accepted and does not show. `seen` describes the state that it
    /// shows instead.
    pub(crate) fn unconfirmed_outcome(&self, selector: &Selector, seen: &str, also: Option<&str>) -> Outcome {
        let reference = self.reference(selector);
        let command = format!("regtui inspect {}{}{}", self.command_options(), self.name, selector.suffix());
        let also = also.map(|also| format!("; {also}")).unwrap_or_default();
        Outcome::Unconfirmed(Failure {
            what: SafeText::from(format!("the change of {reference} is not confirmed")),
            why: SafeText::from(format!("the server accepted it {seen}")),
            hint: Some(SafeText::from(format!("look again later: `r`, or `{command}`{also}"))),
            kind: FailureKind::Unconfirmed,
        })
    }

    /// Returns the outcome of a change that the server accepted and that could not be looked at afterwards.
    pub(crate) fn unseen_outcome(&self, selector: &Selector, error: &Error) -> Outcome {
        self.unconfirmed_outcome(selector, &format!("and looking at it failed: {}", error.why()), None)
    }

    /// Returns a tag or digest as the user types it.
    fn reference(&self, selector: &Selector) -> String {
        format!("{}/{}{}", self.registry.host(), self.name, selector.suffix())
    }

    /// Looks up a tag after a change of it failed. The change may have been made all the same, or it was not tried
    /// again because another client was faster. Returns `None` if the change was stopped, if the connection was
    /// refused, or if the tag cannot be looked up.
    async fn look_up_after(&self, error: &Error, tag: &Tag, known: &[Digest]) -> Option<Option<Digest>> {
        if error.is_stopped() || error.cause == Cause::Refused {
            None
        } else {
            self.tag_digest_among(tag, known).await.ok()
        }
    }

    /// Returns a text such as `1.0 is 0123456789ab`, with the registry's own digest if it names the image by another
    /// one.
    async fn describe_put(&self, tag: &Tag, manifest: &Manifest) -> SafeText {
        let digest = manifest.digest;
        let called = match digest {
            Digest::Sha512(_) => self.tag_digest(tag).await.ok().flatten().filter(|called| *called != digest),
            Digest::Sha256(_) => None,
        };
        SafeText::from(match called {
            Some(called) => {
                let (own, other) = (digest.algorithm(), called.algorithm());
                format!(
                    "{tag} is {}; the registry keeps no {own} there and calls it {other}:{}",
                    digest.short(),
                    called.short()
                )
            }
            None => format!("{tag} is {}", digest.short()),
        })
    }

    /// Returns those of these tags that still have an image, or may have it. Only they can be removed along with it.
    pub(crate) async fn tags_still_on(&self, tags: &[Tag], image: Digest) -> Vec<Tag> {
        let now = self.tag_digests(tags, &[image]).await.into_iter();
        let still = now.filter(|(_, now)| now.as_ref().map_or(true, |now| *now == Some(image)));
        still.map(|(tag, _)| tag.clone()).collect()
    }

    /// Returns the digests that these tags have now, each as one of the `known` digests if its bytes match it. They are
    /// asked for at the same time.
    pub(crate) async fn tag_digests<'t>(
        &self,
        tags: &'t [Tag],
        known: &[Digest],
    ) -> Vec<(&'t Tag, Result<Option<Digest>, Error>)> {
        let asked: Vec<_> = tags
            .iter()
            .map(|tag| async move { (tag, self.tag_digest_among(tag, known).await) }.boxed())
            .collect();
        stream::iter(asked).buffered(AT_ONCE).collect().await
    }
}

fn known_digests(expected: Option<Digest>, manifest: &Manifest) -> Vec<Digest> {
    expected.into_iter().chain([manifest.digest]).collect()
}

/// Returns the text about a tag that has changed.
pub(crate) fn describe_move(now: Option<Digest>) -> SafeText {
    SafeText::from(match now {
        Some(digest) => format!("it moved since, to {}", digest.short()),
        None => "it is gone since".to_string(),
    })
}

/// Returns the failure of a refused change, with a hint if the server does not support such changes.
pub(crate) fn put_failure(error: &Error, what: String) -> Failure {
    let mut failure = error.failure(what);
    if error.is_unsupported() {
        let hint = "the server does not support this: mirrors and caches accept no changes, and some servers never delete";
        failure.hint = Some(hint.into());
        failure.kind = FailureKind::Unsupported;
    }
    if error.is_listed_by_index() {
        failure.hint = Some("an index lists this image: delete the index first, or both in one plan".into());
        failure.kind = FailureKind::Protected;
    }
    failure
}

/// Returns the same as [`put_failure`]. The hint names the conversion if the server refuses Docker's manifests.
pub(crate) fn manifest_failure(error: &Error, what: String, manifest: &Manifest) -> Failure {
    let mut failure = put_failure(error, what);
    let lists_docker = || manifest.children().iter().any(|child| child.media_type.is_docker_manifest());
    if error.refuses_media_type() && (manifest.media_type.is_docker_manifest() || lists_docker()) {
        failure.hint = Some(CONVERT.into());
        failure.kind = FailureKind::Unsupported;
    }
    failure
}

/// Returns the same as [`put_failure`], with a hint for a server that does not delete tags.
pub(crate) fn untag_failure(error: &Error, what: String) -> Failure {
    let mut failure = put_failure(error, what);
    if error.is_unsupported() {
        let hint = "the server does not delete by tag: plan it again to see its methods";
        failure.hint = Some(hint.into());
    }
    failure
}

/// Returns a manifest as the journal keeps it.
pub(crate) fn saved_manifest(manifest: &Manifest) -> SavedManifest {
    SavedManifest {
        digest: manifest.digest,
        media_type: manifest.media_type.as_str().to_string(),
        bytes: manifest.raw.clone(),
    }
}
