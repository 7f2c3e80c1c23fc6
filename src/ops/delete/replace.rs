//! Untags if the server deletes only by digest: each tag is put on a replacement of its image, which is then deleted.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::prepare;
use crate::client::Registry;
use crate::model::change::ChangeRequest;
use crate::model::change::delete::DeletePlan;
use crate::model::change::progress::{Outcome, ProgressItem, Report};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::Manifest;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;
use crate::ops::context::{ChangeContext, JobControl};
use crate::ops::steps::kept_tags::{self, Kept};
use crate::ops::steps::replacement::{self, Replacement, ReplacementMethod};
use crate::ops::steps::tag::RepositoryClient;
use crate::ops::steps::tag::restore::restore_lost_tags;
use crate::ops::steps::tracker::Tracker;

/// A tag that is removed, and the replacement that it is put on in between.
struct ReplacedTag<'a> {
    tag: &'a Tag,
    digest: Digest,
    replacement: Result<Replacement, Failure>,
}

/// Removes the tags of a plan by replacements.
pub(super) async fn run(context: &ChangeContext, plan: &DeletePlan, control: &JobControl) -> Report {
    let registry = context.pool.registry(&plan.repository.host);
    let parts = parts(plan, &*registry).await;
    let mut tracker = Tracker::new(
        control,
        parts.iter().map(|part| ProgressItem::new(part.tag, [Selector::Tag(part.tag.clone())])),
    );
    let request = ChangeRequest::Delete(prepare::request(plan));
    let items = parts
        .iter()
        .flat_map(|part| replacement::items(&plan.repository, part.tag, part.replacement.as_ref().ok()))
        .chain(kept_tags::items(&plan.common.loss))
        .collect();
    let saved = kept_tags::read_dependents(&*registry, &plan.common.loss).await;
    let running = match context.journal.begin_saving(plan.title(), Some(request), items, saved).await {
        Ok(running) => running,
        Err(failure) => return tracker.into_refused_report(&failure),
    };
    let place =
        RepositoryClient { registry: &*registry, name: &plan.repository.name, stop: Some(&control.stop) };
    let kept = remaining_tags(place, plan).await;
    let keeping = Kept::put(&*registry, &plan.common.loss, &running, 2 * parts.len()).await;
    let mut changed = HashSet::new();
    let mut method = ReplacementMethod::default();
    for (index, part) in parts.iter().enumerate() {
        let ended = match (tracker.reason_to_stop(), &part.replacement) {
            (Some(outcome), _) => outcome.into(),
            (None, Err(failure)) => Outcome::Failed(failure.clone()).into(),
            (None, Ok(replacement)) => match keeping.objection(&plan.repository, part.digest) {
                Some(outcome) => outcome.into(),
                None => {
                    tracker.report_current(SafeText::from(format!("untag {}", part.tag)));
                    method.untag(place, &running, part.tag, replacement, &mut tracker.notes).await
                }
            },
        };
        if ended.effect.may_be_done() {
            changed.insert(part.digest);
        }
        tracker.record_outcome(&running, 2 * index..2 * index + 2, index, ended).await;
    }
    tracker.notes.extend(restore_lost_tags(place, &kept, |_| None).await.notes);
    let is_changed = |_: &Repository, digest| changed.contains(&digest);
    tracker.notes.extend(keeping.remove_unneeded(&*registry, &running, is_changed).await);
    tracker.close(running).await
}

/// Returns the other tags of the images, except for those that other clients removed since the plan.
async fn remaining_tags(place: RepositoryClient<'_>, plan: &DeletePlan) -> Vec<(Tag, Digest)> {
    let mut kept = Vec::new();
    for image in &plan.images {
        let still = place.tags_still_on(&image.others, image.digest).await;
        kept.extend(still.into_iter().map(|tag| (tag, image.digest)));
    }
    kept
}

async fn parts<'a>(plan: &'a DeletePlan, registry: &dyn Registry) -> Vec<ReplacedTag<'a>> {
    let digests = plan.images.iter().map(|image| image.digest);
    let manifests: HashMap<Digest, Result<Arc<Manifest>, Failure>> =
        prepare::manifests(registry, &plan.repository.name, digests).await;
    let named = plan.images.iter().flat_map(|image| image.named.iter().map(move |tag| (tag, image.digest)));
    let part = |(tag, digest): (&'a Tag, Digest)| {
        let replacement = match manifests.get(&digest) {
            Some(Ok(image)) => Replacement::of(image.clone())
                .map_err(|why| Failure::local(format!("cannot untag {tag}"), why)),
            Some(Err(failure)) => Err(failure.clone()),
            None => Err(Failure::local(format!("cannot untag {tag}"), "its image was not read")),
        };
        ReplacedTag { tag, digest, replacement }
    };
    named.map(part).collect()
}
