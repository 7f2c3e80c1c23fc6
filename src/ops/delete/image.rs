//! Deletes images by digest, with everything that goes along with them. Indexes go before the manifests that they list,
//! and each image is looked at right before its delete.

mod parts;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use super::prepare;
use super::recheck::Recheck;
use super::unconfirmed::UnconfirmedParts;
use crate::client::{Error, Registry};
use crate::model::change::ChangeRequest;
use crate::model::change::delete::DeletePlan;
use crate::model::change::progress::{Outcome, Report};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::Manifest;
use crate::model::reference::{Selector, Tag};
use crate::model::server::Ability;
use crate::model::text::SafeText;
use crate::ops::context::{ChangeContext, JobControl};
use crate::ops::journal::RunningEntry;
use crate::ops::steps::kept_tags;
use crate::ops::steps::tag::restore::restore_lost_tags;
use crate::ops::steps::tag::{RepositoryClient, Shown, put_failure};
use crate::ops::steps::tracker::Tracker;
use parts::{DeleteReason, DeletedDigest, items, parts};

/// A hint for tags that outlive their digest.
const KEEPS_TAGS: &str = "this registry's delete by digest keeps the tags, so untag them";

/// Deletes the images of a plan.
pub(super) async fn run(context: &ChangeContext, plan: &DeletePlan, control: &JobControl) -> Report {
    let parts = parts(plan);
    let tracker = Tracker::new(control, parts.iter().map(DeletedDigest::item));
    let registry = context.pool.registry(&plan.repository.host);
    let manifests =
        prepare::manifests(&*registry, &plan.repository.name, parts.iter().map(|part| part.digest)).await;
    let (items, ranges) = items(plan, &parts, &manifests);
    let request = ChangeRequest::Delete(prepare::request(plan));
    let mut saved = kept_tags::read_dependents(&*registry, &plan.common.loss).await;
    saved.retain(|saved| !parts.iter().any(|part| part.digest == saved.held.digest));
    let running = match context.journal.begin_saving(plan.title(), Some(request), items, saved).await {
        Ok(running) => running,
        Err(failure) => return tracker.into_refused_report(&failure),
    };
    let mut deleting = Deleting {
        registry: &*registry,
        plan,
        manifests,
        recheck: Recheck::new(&*registry, plan),
        gone: HashSet::new(),
        untagged: HashMap::new(),
        orphans: Vec::new(),
        keeps_tags: false,
        unconfirmed: UnconfirmedParts::default(),
        control,
        tracker,
    };
    for (index, (part, items)) in parts.iter().zip(ranges).enumerate() {
        let outcome = match deleting.tracker.reason_to_stop() {
            Some(outcome) => outcome,
            None => {
                deleting.confirm_before(part, &parts, &running).await;
                deleting.delete(part).await
            }
        };
        let is_half_done =
            matches!(outcome, Outcome::Failed(_) | Outcome::Stopped) && deleting.report_untagged(part);
        deleting.note_orphan(part, &outcome);
        if matches!(outcome, Outcome::Unconfirmed(_)) {
            deleting.unconfirmed.add(index, items.clone(), part.wanted());
        }
        if is_half_done {
            deleting.tracker.record_half_done(index, outcome);
        } else {
            deleting.tracker.record_outcome(&running, items, index, outcome).await;
        }
    }
    deleting.confirm_all(&parts, &running).await;
    deleting.restore_lost_tags(&parts).await;
    deleting.report_orphans();
    deleting.tracker.close(running).await
}

/// A plan that is being carried out.
struct Deleting<'a> {
    registry: &'a dyn Registry,
    plan: &'a DeletePlan,
    manifests: HashMap<Digest, Result<Arc<Manifest>, Failure>>,
    recheck: Recheck<'a>,
    /// Digests that do not exist any more.
    gone: HashSet<Digest>,
    /// Digests whose tags were removed first because the server requires that, with those tags.
    untagged: HashMap<Digest, Vec<Tag>>,
    /// Whether the server was seen to keep the tags of a digest that it deleted.
    keeps_tags: bool,
    /// Names of parts that stay although everything that named them went.
    orphans: Vec<String>,
    /// Parts whose delete the server accepted and does not show yet.
    unconfirmed: UnconfirmedParts,
    control: &'a JobControl,
    tracker: Tracker<'a>,
}

impl<'a> Deleting<'a> {
    fn repository_client(&self) -> RepositoryClient<'a> {
        RepositoryClient {
            registry: self.registry,
            name: &self.plan.repository.name,
            stop: Some(&self.control.stop),
        }
    }

    async fn delete(&mut self, part: &DeletedDigest<'_>) -> Outcome {
        if let Some(Err(failure)) = self.manifests.get(&part.digest).cloned() {
            return self.outcome_of_unread(part, failure).await;
        }
        if let Some(why) = self.reason_to_wait(part) {
            return Outcome::Skipped(why);
        }
        self.tracker.report_current(SafeText::from(format!("delete {}", part.name())));
        let what = || format!("cannot delete {}", part.name());
        let stop = self.tracker.stop_token();
        let mut tries = 0;
        let deleted = loop {
            // These requests only read, so they can be interrupted at any time.
            match stop.run_until_cancelled(self.objection(part)).await {
                Some(Ok(None)) if !stop.is_cancelled() => {}
                Some(Ok(None)) | None => return Outcome::Stopped,
                Some(Ok(Some(outcome))) => return outcome,
                Some(Err(failure)) => return Outcome::Failed(failure),
            }
            tries += 1;
            let error =
                match self.registry.delete_manifest_once(&self.plan.repository.name, &part.digest).await {
                    Ok(()) => break Ok(()),
                    // Then the part is looked at anew.
                    Err(error) if requires_untagging(&error) && !self.untagged.contains_key(&part.digest) => {
                        self.untag_first(part).await;
                        continue;
                    }
                    Err(error) if error.cause.is_transient() => Error { tries, ..error },
                    Err(error) if tries > 1 && error.cause.status() == Some(404) => break Ok(()),
                    Err(error) => break Err(error),
                };
            // Other clients may push during the wait, so the part is looked at again.
            let place = self.repository_client();
            let waiting = place.wait_to_retry(&error, tries);
            let is_tried_again = stop.run_until_cancelled(waiting).await;
            if is_tried_again.is_none() && matches!(error.cause.status(), Some(429 | 503)) {
                // It was not deleted, and the registry asks for a pause.
                return Outcome::Stopped;
            }
            if let Ok(None) = self.repository_client().digest_now(&Selector::Digest(part.digest)).await {
                // It was deleted, and the answer was lost.
                break Ok(());
            }
            match is_tried_again {
                Some(true) => {}
                Some(false) => break Err(error),
                None => return Outcome::Stopped,
            }
        };
        match deleted {
            Ok(()) => {}
            Err(error) if error.is_stopped() => return Outcome::Stopped,
            Err(error) if error.cause.status() == Some(404) => {
                return self.outcome_of_not_found(part, &error, what()).await;
            }
            Err(error) => return Outcome::Failed(put_failure(&error, what())),
        }
        self.verify_deleted(part).await
    }

    /// Returns the outcome of a part whose manifest could not be read. A part that does not exist needs no delete.
    async fn outcome_of_unread(&mut self, part: &DeletedDigest<'_>, failure: Failure) -> Outcome {
        match failure.kind {
            FailureKind::NotFound if self.list_still_served(part).await == Ok(Vec::new()) => {
                self.mark_already_gone(part)
            }
            _ => Outcome::Failed(failure),
        }
    }

    /// Returns the outcome of a part that does not exist according to the server. Checks whether that is true.
    async fn outcome_of_not_found(
        &mut self,
        part: &DeletedDigest<'_>,
        error: &Error,
        what: String,
    ) -> Outcome {
        match self.list_still_served(part).await {
            // It was there right before: this request removed it, or another client did at the same moment.
            Ok(left) if left.is_empty() => {
                self.gone.insert(part.digest);
                Outcome::Done(SafeText::from(format!("gone; the server answered {}", error.cause)))
            }
            Ok(_) => {
                let selector = Selector::Digest(part.digest);
                Outcome::Failed(self.repository_client().no_effect_failure(&selector, error, what))
            }
            Err(unseen) => Outcome::Failed(unseen),
        }
    }

    fn mark_already_gone(&mut self, part: &DeletedDigest<'_>) -> Outcome {
        self.gone.insert(part.digest);
        Outcome::Unchanged("it was gone already".into())
    }

    /// Returns those of a part's digest and tags by which the server still serves it.
    async fn list_still_served(&self, part: &DeletedDigest<'_>) -> Result<Vec<Selector>, Failure> {
        let left = self.repository_client().wait_until_all_shown(part.wanted(), Duration::ZERO).await;
        let what = || format!("cannot look at {}", part.name());
        let left = left.map_err(|error| error.failure(what()))?;
        Ok(left.into_iter().map(|(selector, _)| selector).collect())
    }

    /// Checks the digest and every tag that was to go with it, after the server accepted the delete.
    async fn verify_deleted(&mut self, part: &DeletedDigest<'_>) -> Outcome {
        let (place, selector) = (self.repository_client(), Selector::Digest(part.digest));
        // If the server shows deletes late, all of them are waited for together.
        let most = if self.repository_client().has_delayed_visibility() {
            Duration::ZERO
        } else {
            self.repository_client().visibility_timeout()
        };
        match place.wait_until_all_shown(vec![(selector.clone(), Shown::Is(None))], most).await {
            Ok(left) if left.is_empty() => {}
            // The manifests that it lists stay until then.
            Ok(_) => return place.unconfirmed_outcome(&selector, "and still shows it", None),
            Err(error) => return place.unseen_outcome(&selector, &error),
        }
        match self.verify_tags_deleted(part).await {
            Ok(done) => {
                self.gone.insert(part.digest);
                Outcome::Done(done)
            }
            Err(outcome) => outcome,
        }
    }

    /// Checks the tags of a digest that is gone. Some registries keep them and still serve the image by them. In that
    /// case the tags are removed one by one, since the plan says that they go.
    async fn verify_tags_deleted(&mut self, part: &DeletedDigest<'_>) -> Result<SafeText, Outcome> {
        let place = self.repository_client();
        let may_untag = !matches!(self.registry.deletes().by_tag, Ability::No(_));
        let most = self.repository_client().visibility_timeout();
        let most = match (self.keeps_tags, may_untag) {
            (true, _) => Duration::ZERO,
            (false, true) => most / 16,
            (false, false) => most,
        };
        let wanted = part.wanted().into_iter().filter(|(selector, _)| matches!(selector, Selector::Tag(_)));
        let unseen = |error: &Error| place.unseen_outcome(&Selector::Digest(part.digest), error);
        let left =
            place.wait_until_all_shown(wanted.collect(), most).await.map_err(|error| unseen(&error))?;
        if left.is_empty() {
            return Ok("deleted".into());
        }
        self.keeps_tags = true;
        let image = self.manifests.get(&part.digest).and_then(|image| image.as_ref().ok()).cloned();
        let (mut names, mut why) = (Vec::new(), None);
        for (selector, _) in &left {
            let Selector::Tag(tag) = selector else { continue };
            match &image {
                Some(image) if may_untag && !self.control.stop.is_cancelled() => {
                    match place.untag(tag, image, &[]).await.outcome {
                        Outcome::Done(_) | Outcome::Unchanged(_) | Outcome::Skipped(_) => continue,
                        Outcome::Failed(failure) | Outcome::Unconfirmed(failure) => {
                            why = why.or(Some(failure.why));
                        }
                        Outcome::Stopped => {}
                    }
                }
                _ => {}
            }
            names.push(format!("`{tag}`"));
        }
        if names.is_empty() {
            return Ok("deleted, and its tags one by one: deleting a digest keeps them here".into());
        }
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let names = names.join(", ");
        let seen = format!("and its digest is gone, but it is still served by its tags: {names}{why}");
        let first = left.first().map_or(Selector::Digest(part.digest), |(selector, _)| selector.clone());
        Err(place.unconfirmed_outcome(&first, &seen, Some(KEEPS_TAGS)))
    }

    /// Looks again at the parts that the server accepted and did not show, if this part waits for one of them.
    async fn confirm_before(
        &mut self,
        part: &DeletedDigest<'_>,
        parts: &[DeletedDigest<'_>],
        running: &RunningEntry,
    ) {
        if self.reason_to_wait(part).is_some() {
            self.confirm_all(parts, running).await;
        }
    }

    /// Looks again at all parts that the server accepted and did not show.
    async fn confirm_all(&mut self, parts: &[DeletedDigest<'_>], running: &RunningEntry) {
        let place = self.repository_client();
        let confirmed = self.unconfirmed.confirm(place, &mut self.tracker, running).await;
        self.gone.extend(confirmed.into_iter().filter_map(|index| Some(parts.get(index)?.digest)));
    }

    /// Returns the reason to leave a part alone, found out right before its delete.
    async fn objection(&mut self, part: &DeletedDigest<'_>) -> Result<Option<Outcome>, Failure> {
        let place = self.repository_client();
        if let Some(outcome) = self.recheck.objection(place, part.digest, &part.tags, &self.gone).await? {
            return Ok(Some(outcome));
        }
        if !self.recheck.is_there() {
            return Ok(Some(self.mark_already_gone(part)));
        }
        let is_meant = match part.role {
            DeleteReason::Named(image) => {
                self.untagged.contains_key(&part.digest) || self.recheck.is_still_selected(image)
            }
            DeleteReason::Referrer(..) | DeleteReason::Child(_) => true,
        };
        if is_meant {
            return Ok(None);
        }
        let is_nowhere = part.tags.iter().all(|tag| !self.recheck.has(tag));
        if is_nowhere && self.list_still_served(part).await? == Vec::new() {
            return Ok(Some(self.mark_already_gone(part)));
        }
        Ok(Some(Outcome::Skipped("the named tag points elsewhere by now".into())))
    }

    /// Removes the tags that go with a digest, if the server requires that first. Any tag that is left makes the second
    /// attempt fail like the first one.
    async fn untag_first(&mut self, part: &DeletedDigest<'_>) {
        let Some(Ok(image)) = self.manifests.get(&part.digest).cloned() else { return };
        let mut gone = self.untagged.remove(&part.digest).unwrap_or_default();
        for tag in &part.tags {
            if self.tracker.stop_token().is_cancelled() {
                break;
            }
            let untagged = self.repository_client().untag(tag, &image, &[]).await;
            match untagged.outcome {
                Outcome::Done(_) | Outcome::Unconfirmed(_) => gone.push((*tag).clone()),
                Outcome::Failed(failure) => {
                    self.tracker.notes.push(SafeText::from(format!("{}: {}", failure.what, failure.why)));
                }
                Outcome::Unchanged(_) | Outcome::Skipped(_) | Outcome::Stopped => {}
            }
        }
        self.untagged.insert(part.digest, gone);
    }

    /// Returns whether tags of an image that stays were removed first, and notes their names.
    fn report_untagged(&mut self, part: &DeletedDigest<'_>) -> bool {
        let Some(gone) = self.untagged.get(&part.digest).filter(|gone| !gone.is_empty()) else {
            return false;
        };
        let names: Vec<String> = gone.iter().map(|tag| format!("`{tag}`")).collect();
        let short = part.digest.short();
        let text =
            format!("{short} stays, and of its tags {} are gone: undo puts them back", names.join(", "));
        self.tracker.notes.push(SafeText::from(text));
        true
    }

    /// Notes a part that stays although everything that named it went.
    fn note_orphan(&mut self, part: &DeletedDigest<'_>, outcome: &Outcome) {
        let named_it = match &part.role {
            DeleteReason::Named(_) => return,
            DeleteReason::Referrer(subject, _) => self.gone.contains(subject),
            DeleteReason::Child(parents) => parents.iter().all(|parent| self.gone.contains(parent)),
        };
        if named_it && matches!(outcome, Outcome::Failed(_) | Outcome::Stopped) {
            self.orphans.push(part.name().to_string());
        }
    }

    /// Adds a note about the parts that stay without a name.
    fn report_orphans(&mut self) {
        if self.orphans.is_empty() {
            return;
        }
        let text = format!(
            "the images that they belong to are gone, and these stay: {}; undo puts the images back, to be deleted with all of them",
            self.orphans.join(", ")
        );
        self.tracker.notes.push(SafeText::from(text));
    }

    /// Returns the reason to keep a part as long as other parts exist.
    fn reason_to_wait(&self, part: &DeletedDigest<'_>) -> Option<SafeText> {
        let is_there = |digest: &Digest| !self.gone.contains(digest);
        match &part.role {
            DeleteReason::Named(image) => {
                let parent = image.parents.iter().find(|parent| is_there(&parent.digest))?;
                let parent = parent.tags.first().map_or_else(|| parent.digest.short(), Tag::to_string);
                Some(SafeText::from(format!("the index `{parent}` is still there and lists it")))
            }
            DeleteReason::Referrer(subject, _) => {
                is_there(subject).then(|| "its subject is still there".into())
            }
            DeleteReason::Child(parents) => {
                let parent = parents.iter().find(|parent| is_there(parent))?;
                Some(SafeText::from(format!("{} is still there and lists it", parent.short())))
            }
        }
    }

    /// Looks at the tags one last time. A tag that was to stay and does not exist any more is put back if its image is
    /// known.
    async fn restore_lost_tags(&mut self, parts: &[DeletedDigest<'_>]) {
        if self.gone.is_empty() {
            return;
        }
        let goes: HashSet<&Tag> = parts.iter().flat_map(|part| part.tags.iter().copied()).collect();
        let lost = self.recheck.lost_tags(&goes).await;
        // Tags of other images were removed by another client, or for a reason that is not known.
        let (ours, others): (Vec<_>, Vec<_>) = lost.into_iter().partition(|(_, digest)| {
            self.gone.contains(digest) && matches!(self.manifests.get(digest), Some(Ok(_)))
        });
        let images = ours.iter().filter_map(|(_, digest)| match self.manifests.get(digest) {
            Some(Ok(manifest)) => Some((*digest, manifest.clone())),
            _ => None,
        });
        let images: HashMap<Digest, Arc<Manifest>> = images.collect();
        let image_of = |digest: &Digest| images.get(digest).cloned();
        let restored = restore_lost_tags(self.repository_client(), &ours, image_of).boxed().await;
        self.tracker.notes.extend(restored.notes);
        for (tag, digest) in others {
            let text =
                format!("`{tag}` ({}) is not there any more, by no request of this plan", digest.short());
            self.tracker.notes.push(SafeText::from(text));
        }
    }
}

/// Returns whether the server refuses to delete a digest only because it has tags, as Google's registries do:
/// docs/REGISTRIES.md §7.1.
fn requires_untagging(error: &Error) -> bool {
    error.is_blocked_by_tags()
}
