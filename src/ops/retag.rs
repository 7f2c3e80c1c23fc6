//! Gives images other tags: the same bytes under the same media type, checked afterwards.

mod items;
mod plan;
mod restore;

pub(crate) use plan::plan;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{FutureExt, StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::context::{ChangeContext, JobControl};
use super::journal::RunningEntry;
use super::steps::ended::Ended;
use super::steps::kept_tags::{self, Kept};
use super::steps::replacement::{Replacement, ReplacementMethod};
use super::steps::report_while::report_while;
use super::steps::tag::restore::restore_lost_tags;
use super::steps::tag::{RepositoryClient, UntagApi, describe_move, put_failure};
use super::steps::tracker::{self, Tracker};
use super::tag_list::{self, TagList};
use super::transfer::TransferRoute;
use crate::client::{Priority, Registry, Transfer};
use crate::model::change;
use crate::model::change::progress::{Outcome, ProgressItem, Report};
use crate::model::change::retag::{RetagMode, RetagPlan, RetagRequest, RetagStep};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::Manifest;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;
use items::{items, items_per_step, make_replacements, old_digest, old_tag};
use plan::rule_against;

/// The number of images that are asked for at the same time.
const AT_ONCE: usize = 16;

/// Puts the tags of a plan, and removes the old ones if they are to be moved.
pub(crate) async fn run(context: &ChangeContext, plan: &RetagPlan, control: &JobControl) -> Report {
    let mut tracker = Tracker::new(control, plan.steps.iter().map(part));
    let request = request_of(plan);
    let rule = rule_against(context, &request);
    if let Some(refusal) = rule.as_ref().or(plan.common.refused.as_ref()).or(plan.common.blocked.as_ref()) {
        return tracker.into_refused_report(&refusal.failure(plan.title()));
    }
    let registry = context.pool.registry(&plan.from.host);
    let manifests = manifests(&*registry, plan).await;
    let replacement = make_replacements(plan, &manifests);
    let mut items = items(plan, &manifests, &replacement);
    let first_kept = items.len();
    items.extend(kept_tags::items(&plan.common.loss));
    let saved = kept_tags::read_dependents(&*registry, &plan.common.loss).await;
    let request = change::ChangeRequest::Retag(request);
    let running = match context.journal.begin_saving(plan.title(), Some(request), items, saved).await {
        Ok(running) => running,
        Err(failure) => return tracker.into_refused_report(&failure),
    };
    let keeping = Kept::put(&*registry, &plan.common.loss, &running, first_kept).await;
    let transfer = Arc::new(Transfer { stop: control.stop.clone(), ..Transfer::default() });
    let to_move = AtomicU64::new(0);
    let (siblings, incomplete) = list_siblings(&*registry, plan).await.map_or_else(
        |failure| (Err(failure), None),
        |tags| {
            let incomplete = tags.incomplete_note();
            (Ok(tags.digests), incomplete)
        },
    );
    tracker.notes.extend(incomplete);
    let mut retagging = Retagging {
        registry: &registry,
        plan,
        transfer: &transfer,
        to_move: &to_move,
        siblings,
        manifests,
        replacements: replacement,
        method: ReplacementMethod::default(),
        removes_siblings: false,
        keeping: &keeping,
        changed: HashSet::new(),
        stop: &control.stop,
        tracker,
    };
    let work = async {
        for index in 0..plan.steps.len() {
            retagging.step(&running, index).boxed().await;
        }
    };
    let report = || control.set_bytes(transfer.sent.load(Ordering::Relaxed), to_move.load(Ordering::Relaxed));
    report_while(work, report).await;
    let Retagging { mut tracker, changed, .. } = retagging;
    let is_changed = |at: &Repository, image| changed.contains(&(at.clone(), image));
    tracker.notes.extend(keeping.remove_unneeded(&*registry, &running, is_changed).await);
    tracker.notes.extend(tracker::open_uploads_note(&transfer));
    let moved = transfer.sent.load(Ordering::Relaxed);
    let mut report = tracker.close(running).await;
    report.items.extend(plan.common.unresolved.iter().map(ProgressItem::from));
    Report { moved, again: transfer.resent.load(Ordering::Relaxed), ..report }
}

/// A plan that is being carried out.
struct Retagging<'a> {
    registry: &'a Arc<dyn Registry>,
    plan: &'a RetagPlan,
    /// The bytes that are moved if blobs cannot be mounted.
    transfer: &'a Arc<Transfer>,
    to_move: &'a AtomicU64,
    /// Every manifest that is put or replaced.
    manifests: HashMap<Digest, Result<Arc<Manifest>, Failure>>,
    /// The tags of the repository that old tags are removed from, or the failure to list them. Empty if no old tag is
    /// removed.
    siblings: Result<BTreeMap<Tag, Digest>, Failure>,
    /// For each step the replacement that its old tag is put on before it is removed, if that method is used.
    replacements: Vec<Option<Result<Replacement, Failure>>>,
    method: ReplacementMethod,
    removes_siblings: bool,
    /// The images that were given kept tags.
    keeping: &'a Kept,
    /// The images that tags were taken from.
    changed: HashSet<(Repository, Digest)>,
    stop: &'a CancellationToken,
    tracker: Tracker<'a>,
}

impl<'a> Retagging<'a> {
    fn repository_client(&self, repository: &'a Repository) -> RepositoryClient<'a> {
        RepositoryClient { registry: &**self.registry, name: &repository.name, stop: Some(self.stop) }
    }

    async fn step(&mut self, running: &RunningEntry, index: usize) {
        let Some(step) = self.plan.steps.get(index) else { return };
        let items = items_per_step(self.plan);
        let (first, end) = (index * items, (index + 1) * items);
        let put = match self.tracker.reason_to_stop() {
            Some(outcome) => outcome,
            None if self.removes_siblings => {
                Outcome::Skipped("not tried: the server removes every tag of an image with one".into())
            }
            None => {
                self.tracker.report_current(SafeText::from(format!("tag {}", step.tag)));
                match (self.keep_failure(step), self.try_replacement(running, index).await) {
                    (Some(outcome), _) => outcome,
                    (None, Ok(())) => self.put(step).await,
                    (None, Err(failure)) => Outcome::Failed(failure),
                }
            }
        };
        if put.effect().may_be_done()
            && let Some(replaced) = step.replaces
        {
            self.changed.insert((step.to.clone(), replaced));
        }
        let old = old_tag(self.plan, step);
        // The plan does not decide this: the new tag may have another image by now, and the old tag may be the last one
        // of this image.
        let is_there = matches!(put, Outcome::Done(_) | Outcome::Unchanged(_));
        match (old.filter(|_| !self.removes_siblings), put) {
            (Some(old), put) if is_there => {
                let is_put = matches!(put, Outcome::Done(_));
                self.tracker.has_changed |= is_put;
                running.mark_done(first, is_put).await;
                let ended = self.remove_old_tag(running, index, step, old).await;
                if ended.effect.may_be_done() {
                    self.changed.insert((self.plan.from.clone(), step.digest));
                }
                self.tracker.record_outcome(running, first + 1..end, index, ended).await;
            }
            (Some(old), Outcome::Unconfirmed(failure)) => {
                for item in first + 1..end {
                    running.mark_done(item, false).await;
                }
                let why = SafeText::from(format!("{}, so {old} stays", failure.why));
                let outcome = Outcome::Unconfirmed(Failure { why, ..failure });
                self.tracker.record_outcome(running, first..first + 1, index, outcome).await;
            }
            (_, put) => self.tracker.record_outcome(running, first..end, index, put).await,
        }
    }

    /// Returns the outcome of a step that must not take a tag from an image because the image was to be kept and is
    /// not.
    fn keep_failure(&self, step: &RetagStep) -> Option<Outcome> {
        let replaced = step.replaces.and_then(|image| self.keeping.objection(&step.to, image));
        replaced.or_else(|| {
            let is_moved = self.plan.mode.moves() && step.to != self.plan.from;
            is_moved.then(|| self.keeping.objection(&self.plan.from, step.digest))?
        })
    }

    /// Tries replacements before anything is changed, if old tags are removed by them.
    async fn try_replacement(&mut self, running: &RunningEntry, index: usize) -> Result<(), Failure> {
        let place = self.repository_client(&self.plan.from);
        match self.replacements.get(index) {
            Some(Some(Ok(replacement))) => {
                self.method.ensure_works(place, running, replacement, &mut self.tracker.notes).await
            }
            Some(Some(Err(failure))) => Err(failure.clone()),
            _ => Ok(()),
        }
    }

    async fn put(&mut self, step: &'a RetagStep) -> Outcome {
        let what = || format!("cannot tag {}:{}", step.to.name, step.tag);
        if step.by_own_api {
            if let Some(Some(Err(failure))) = step.replaces.map(|replaced| self.manifests.get(&replaced)) {
                return Outcome::Failed(failure.clone());
            }
            return self.repository_client(&step.to).restore(&step.tag, step.replaces, step.digest).await;
        }
        let image = match self.manifests.get(&step.digest) {
            Some(Ok(image)) => image.clone(),
            Some(Err(failure)) => return Outcome::Failed(failure.clone()),
            None => return Outcome::Skipped("its image was not read".into()),
        };
        if let Some(Some(Err(failure))) = step.replaces.map(|replaced| self.manifests.get(&replaced)) {
            return Outcome::Failed(failure.clone());
        }
        if let Selector::Tag(tag) = &step.selector {
            match self.repository_client(&self.plan.from).tag_digest_among(tag, &[old_digest(step)]).await {
                Ok(now) if now == Some(old_digest(step)) => {}
                Ok(now) => return Outcome::Skipped(describe_move(now)),
                Err(error) => return Outcome::Failed(error.failure(what())),
            }
        }
        if step.to != self.plan.from {
            let route = TransferRoute {
                source: self.registry,
                from: &self.plan.from.name,
                destination: &**self.registry,
                to: &step.to.name,
                transfer: self.transfer,
                not_mounted: self.to_move,
            };
            match route.transfer_image(&image).await {
                Ok(()) => {}
                Err(error) if error.is_stopped() => return Outcome::Stopped,
                Err(error) => return Outcome::Failed(put_failure(&error, what())),
            }
        }
        self.repository_client(&step.to).put(&step.tag, step.replaces, &image).await
    }

    /// Removes the old tag, which is the second half of a move.
    async fn remove_old_tag(
        &mut self,
        running: &RunningEntry,
        index: usize,
        step: &'a RetagStep,
        old: &Tag,
    ) -> Ended {
        let Some(Ok(image)) = self.manifests.get(&old_digest(step)).cloned() else {
            return Outcome::Skipped("its image was not read".into()).into();
        };
        // Without the list of tags, unwanted removals could not be noticed.
        let siblings = match &mut self.siblings {
            Ok(siblings) => siblings,
            Err(failure) => {
                let what = format!("{} is there and {old} stays: {}", step.tag, failure.what);
                return Outcome::Failed(Failure { what: what.into(), ..failure.clone() }).into();
            }
        };
        siblings.remove(old);
        if step.to == self.plan.from {
            siblings.insert(step.tag.clone(), step.digest);
        }
        let kept = siblings.iter().filter(|(_, digest)| **digest == step.digest);
        let kept: Vec<Tag> = kept.map(|(tag, _)| tag.clone()).collect();
        let place = self.repository_client(&self.plan.from);
        let is_own_api = self.plan.mode == RetagMode::MoveByOwnApi;
        let api = if is_own_api { UntagApi::Vendor } else { UntagApi::Registry };
        let Ended { outcome, effect } = match self.replacements.get(index) {
            Some(Some(Ok(replacement))) => {
                let kept = place.tags_still_on(&kept, step.digest).await.into_iter();
                let kept: Vec<(Tag, Digest)> = kept.map(|tag| (tag, step.digest)).collect();
                let ended =
                    self.method.untag(place, running, old, replacement, &mut self.tracker.notes).await;
                self.tracker.notes.extend(restore_lost_tags(place, &kept, |_| None).await.notes);
                ended
            }
            Some(Some(Err(failure))) => Outcome::Failed(failure.clone()).into(),
            _ => {
                let untagged = place.untag_by(api, old, &image, &kept).await;
                self.removes_siblings |= untagged.removed_along > 0;
                self.tracker.notes.extend(untagged.notes);
                untagged.outcome.into()
            }
        };
        let outcome = match outcome {
            Outcome::Done(_) => Outcome::Done(SafeText::from(format!("{old} is {} now", step.tag))),
            Outcome::Skipped(why) => {
                Outcome::Skipped(SafeText::from(format!("{} is there; the old tag: {why}", step.tag)))
            }
            Outcome::Failed(failure) => Outcome::Failed(Failure {
                what: SafeText::from(format!("{} is there, but {}", step.tag, failure.what)),
                ..failure
            }),
            other => other,
        };
        Ended { outcome, effect }
    }
}

/// Returns the part of a change that a step is.
fn part(step: &RetagStep) -> ProgressItem {
    let name = format!("{} → {}", step.selector, step.tag);
    ProgressItem::new(name, [step.selector.clone()])
}

/// Reads every manifest that is put or replaced. A manifest that cannot be read is not replaced.
async fn manifests(
    registry: &dyn Registry,
    plan: &RetagPlan,
) -> HashMap<Digest, Result<Arc<Manifest>, Failure>> {
    let served = plan.steps.iter().filter(|step| !step.by_own_api);
    let put = served.flat_map(|step| [step.digest, old_digest(step)]);
    let put = put.map(|digest| (digest, &plan.from));
    let replaced = plan.steps.iter().filter_map(|step| Some((step.replaces?, &step.to)));
    let all: HashMap<Digest, &Repository> = replaced.chain(put).collect();
    let read = all.into_iter().map(|(digest, repository)| {
        async move {
            let manifest = registry.uncached_manifest(&repository.name, &digest, Priority::Background).await;
            let what = || format!("cannot read {}", digest.short());
            (digest, manifest.map_err(|error| error.failure(what())))
        }
        .boxed()
    });
    stream::iter(read.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await
}

/// Returns all tags that the removal of old tags could affect.
async fn list_siblings(registry: &dyn Registry, plan: &RetagPlan) -> Result<TagList, Failure> {
    if !plan.steps.iter().any(|step| old_tag(plan, step).is_some()) {
        return Ok(TagList::default());
    }
    let old = plan.steps.iter().filter_map(|step| old_tag(plan, step).cloned());
    let new = plan.steps.iter().filter(|step| step.to == plan.from).map(|step| step.tag.clone());
    let tags = tag_list::tags_with(registry, &plan.from.name, old.chain(new)).await;
    tags.map_err(|error| error.failure(format!("cannot list the tags of {}", plan.from.name)))
}

fn request_of(plan: &RetagPlan) -> RetagRequest {
    let item = |step: &RetagStep| (step.selector.clone(), step.to.clone(), step.tag.clone());
    let items = plan.steps.iter().map(item).collect();
    RetagRequest { from: plan.from.clone(), items, mode: plan.mode, keep: plan.common.loss.keep }
}
