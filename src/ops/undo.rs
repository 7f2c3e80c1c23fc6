//! Undoes a change: everything that was there before is put back as it was, unless another client has changed it since.

mod plan;

pub(crate) use plan::plan;
pub(super) use plan::saved::parse_saved;

use std::collections::{HashMap, HashSet};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::context::{ChangeContext, JobControl};
use super::journal::{Journal, RunningEntry};
use super::steps::ended::Ended;
use super::steps::probe;
use super::steps::replacement::{self, Replacement, ReplacementMethod};
use super::steps::tag::restore::restore_lost_tags;
use super::steps::tag::{LOST, RepositoryClient, put_failure, saved_manifest};
use super::steps::tracker::Tracker;
use super::tag_list;
use crate::client::Pool;
use crate::model::change::ChangeRequest;
use crate::model::change::delete::DeleteMethod;
use crate::model::change::journal::{EntryId, JournalItem, Probe, SavedManifest};
use crate::model::change::progress::{Outcome, ProgressItem, Report};
use crate::model::change::undo::{UndoPlan, UndoStep};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;
use plan::rule_against;

/// The text about a tag that is as it was, while a change of it may still arrive.
const MAY_ARRIVE: &str =
    "it is as it was, but the change was never confirmed and may still arrive: undo it again if it does";

/// Puts back everything that can be put back according to the plan.
pub(crate) async fn run(context: &ChangeContext, plan: &UndoPlan, control: &JobControl) -> Report {
    let tracker = Tracker::new(
        control,
        plan.steps.iter().map(|step| ProgressItem::new(step.selector.short(), [step.selector.clone()])),
    );
    let repositories = plan.steps.iter().map(|step| &step.repository);
    if let Some(refusal) = rule_against(context, repositories).as_ref().or(plan.common.refused.as_ref()) {
        return tracker.into_refused_report(&refusal.failure(plan.title()));
    }
    let entry = match context.journal.entry(&plan.entry).await {
        Ok(entry) => entry,
        Err(failure) => return tracker.into_refused_report(&failure),
    };
    let mut parts = Vec::new();
    for step in &plan.steps {
        parts.push(prepare_step(context, step, &control.stop).boxed().await);
    }
    let items = parts.iter().flat_map(|part| part.items.clone()).collect();
    let running = match context.journal.begin(plan.title(), Some(request_of(plan)), items).await {
        Ok(running) => running,
        Err(failure) => return tracker.into_refused_report(&failure),
    };
    let before = entry.items.into_iter().filter_map(|item| item.before);
    let all = before.chain(entry.saved.into_iter().map(|saved| saved.held));
    let held = all.map(|held| (held.digest, held)).collect();
    let (mut is_back, mut has_changed) = (true, false);
    let siblings = HashMap::new();
    let (pool, journal, stop) = (&context.pool, &context.journal, &control.stop);
    let methods = HashMap::new();
    let mut undoing = Undoing { pool, journal, entry: &plan.entry, held, siblings, methods, stop, tracker };
    let mut first = 0;
    // Images that could not be put back.
    let mut not_back = HashSet::new();
    for (index, (step, part)) in plan.steps.iter().zip(&parts).enumerate() {
        let ended = match undoing.tracker.reason_to_stop() {
            Some(outcome) => outcome.into(),
            None if keeps_one_of(step, &not_back) => {
                Outcome::Skipped("it keeps an image that was not put back elsewhere".into()).into()
            }
            None => undoing.step(&running, step, part).boxed().await,
        };
        let is_as_before = matches!(ended.outcome, Outcome::Done(_) | Outcome::Unchanged(_));
        if !is_as_before {
            not_back.extend(step.before);
        }
        let items = first..first + part.items.len();
        first = items.end;
        has_changed |= !part.items.is_empty() && ended.effect.may_be_done();
        is_back &= is_as_before;
        undoing.tracker.record_outcome(&running, items, index, ended).await;
    }
    let mut tracker = undoing.tracker;
    // Parts that cannot be read are not known to be put back.
    is_back &= plan.common.unresolved.is_empty();
    if is_back && let Err(failure) = context.journal.mark_undone(&plan.entry).await {
        tracker.notes.push(SafeText::from(failure.to_string()));
    }
    let mut report = tracker.close(running).await;
    // A throw-away tag holds nothing that an undo of this undo could put back.
    report.undo = report.undo.filter(|_| has_changed);
    report.items.extend(plan.common.unresolved.iter().map(ProgressItem::from));
    report
}

/// Returns whether a step would remove a new tag of one of these images, which may be its last.
fn keeps_one_of(step: &UndoStep, images: &HashSet<Digest>) -> bool {
    step.before.is_none() && step.now.is_some_and(|now| images.contains(&now))
}

/// A plan that is being carried out.
struct Undoing<'a> {
    pool: &'a Pool,
    journal: &'a Journal,
    /// The change that is undone.
    entry: &'a EntryId,
    held: HashMap<Digest, SavedManifest>,
    /// All tags of the repositories in which tags are removed.
    siblings: HashMap<Repository, Vec<(Tag, Digest)>>,
    /// The replacement method in each of them.
    methods: HashMap<Repository, ReplacementMethod>,
    stop: &'a CancellationToken,
    tracker: Tracker<'a>,
}

impl Undoing<'_> {
    async fn step(&mut self, running: &RunningEntry, step: &UndoStep, part: &UndoPart) -> Ended {
        if let Some(why) = &step.impossible {
            return Outcome::Skipped(why.clone()).into();
        }
        if step.may_arrive {
            return Outcome::Skipped(MAY_ARRIVE.into()).into();
        }
        if step.now == step.before {
            return Outcome::Unchanged("it is as it was".into()).into();
        }
        self.tracker.report_current(SafeText::from(format!("put {} back", step.selector)));
        let registry = self.pool.registry(&step.repository.host);
        let stop = self.stop;
        let place = RepositoryClient { registry: &*registry, name: &step.repository.name, stop: Some(stop) };
        let what = || format!("cannot put {}:{} back", step.repository.name, step.selector);
        let manifest = step.before.and_then(|digest| self.held.get(&digest)).and_then(parse_saved);
        let outcome = match (&step.selector, step.before, manifest) {
            (Selector::Tag(tag), None, _) if step.is_probe => self.remove_probe(place, step, tag).await,
            (Selector::Tag(tag), None, _) => return self.untag(place, running, step, tag, part).await,
            (Selector::Tag(tag), Some(_), Some(manifest)) => place.put(tag, step.now, &manifest).await,
            (Selector::Digest(digest), Some(_), Some(manifest)) => {
                if let Err(error) = registry.put_manifest(place.name, &step.selector, &manifest).await {
                    return Outcome::Failed(put_failure(&error, what())).into();
                }
                match place.wait_until_shown(&step.selector, Some(*digest)).await {
                    Ok(true) => Outcome::Done("put back".into()),
                    Ok(false) => {
                        place.unconfirmed_outcome(&step.selector, "and does not have it", Some(LOST))
                    }
                    Err(error) => place.unseen_outcome(&step.selector, &error),
                }
            }
            (Selector::Digest(_), None, _) => {
                Outcome::Skipped("untagged manifests are left as they are".into())
            }
            (_, Some(_), None) => Outcome::Skipped("its manifest is not in the journal any more".into()),
        };
        outcome.into()
    }

    /// Removes a throw-away tag with its manifest.
    async fn remove_probe(&mut self, place: RepositoryClient<'_>, step: &UndoStep, tag: &Tag) -> Outcome {
        let Some(digest) = step.now else { return Outcome::Unchanged("it is gone already".into()) };
        let probe = Probe { repository: step.repository.clone(), tag: tag.clone(), digest };
        match probe::remove(place, &probe).await {
            Ok(()) => {
                // If this fails, the tag is looked for again another time.
                self.journal.mark_probe_removed(self.entry, &probe).await.ok();
                Outcome::Done("removed".into())
            }
            Err(failure) => Outcome::Failed(failure),
        }
    }

    /// Removes a tag that the change had put, and nothing else.
    async fn untag(
        &mut self,
        place: RepositoryClient<'_>,
        running: &RunningEntry,
        step: &UndoStep,
        tag: &Tag,
        part: &UndoPart,
    ) -> Ended {
        let what = || format!("cannot untag {}:{tag}", step.repository.name);
        let Some(now) = step.now else { return Outcome::Unchanged("it is gone already".into()).into() };
        if !self.siblings.contains_key(&step.repository) {
            match tag_list::tags(place.registry, place.name).await {
                Ok(tags) => {
                    self.tracker.notes.extend(tags.incomplete_note());
                    self.siblings.insert(step.repository.clone(), tags.digests.into_iter().collect())
                }
                Err(error) => return Outcome::Failed(error.failure(what())).into(),
            };
        }
        let all = self.siblings.get(&step.repository).map_or(&[][..], Vec::as_slice);
        let kept = all.iter().filter(|(other, digest)| other != tag && *digest == now);
        let kept: Vec<Tag> = kept.map(|(tag, _)| tag.clone()).collect();
        match &part.replacement {
            Some(Ok(replacement)) => {
                let kept = place
                    .tags_still_on(&kept, now)
                    .await
                    .into_iter()
                    .map(|tag| (tag, now))
                    .collect::<Vec<_>>();
                let method = self.methods.entry(step.repository.clone()).or_default();
                let ended = method.untag(place, running, tag, replacement, &mut self.tracker.notes).await;
                self.tracker.notes.extend(restore_lost_tags(place, &kept, |_| None).await.notes);
                ended
            }
            Some(Err(failure)) => Outcome::Failed(failure.clone()).into(),
            None => match place.manifest(step.left_on.unwrap_or(now)).await {
                Ok(image) => {
                    let untagged = place.untag(tag, &image, &kept).await;
                    self.tracker.notes.extend(untagged.notes);
                    untagged.outcome.into()
                }
                Err(error) => Outcome::Failed(error.failure(what())).into(),
            },
        }
    }
}

/// The preparation of a step.
struct UndoPart {
    /// The items that the undo itself replaces, so that it can be undone in turn.
    items: Vec<JournalItem>,
    /// The replacement that the tag is put on before it is removed, if that method is used.
    replacement: Option<Result<Replacement, Failure>>,
}

async fn prepare_step(context: &ChangeContext, step: &UndoStep, stop: &CancellationToken) -> UndoPart {
    let registry = context.pool.registry(&step.repository.host);
    let place = RepositoryClient { registry: &*registry, name: &step.repository.name, stop: Some(stop) };
    let before = match step.now {
        Some(digest) => place.manifest(digest).await.ok().map(|manifest| saved_manifest(&manifest)),
        None => None,
    };
    match (&step.selector, step.left_on.or(step.now)) {
        // It holds nothing that the user would want back.
        _ if step.is_probe => UndoPart { items: Vec::new(), replacement: None },
        (Selector::Tag(tag), Some(now)) if step.by_replacement => {
            let what = || format!("cannot untag {}:{tag}", step.repository.name);
            let replacement = match place.manifest(now).await {
                Ok(image) => Replacement::of(image).map_err(|why| Failure::local(what(), why)),
                Err(error) => Err(error.failure(what())),
            };
            let [onto, away] = replacement::items(&step.repository, tag, replacement.as_ref().ok());
            // If the tag was left on a replacement, undoing this gives it its image back.
            UndoPart { items: vec![JournalItem { before, ..onto }, away], replacement: Some(replacement) }
        }
        _ => {
            let (repository, selector) = (step.repository.clone(), step.selector.clone());
            UndoPart {
                items: vec![JournalItem { repository, selector, before, after: step.before, done: None }],
                replacement: None,
            }
        }
    }
}

fn request_of(plan: &UndoPlan) -> ChangeRequest {
    match plan.method {
        DeleteMethod::Replace => ChangeRequest::UndoByReplacement(plan.entry.clone()),
        DeleteMethod::Untag | DeleteMethod::OwnApi | DeleteMethod::Image => {
            ChangeRequest::Undo(plan.entry.clone())
        }
    }
}
