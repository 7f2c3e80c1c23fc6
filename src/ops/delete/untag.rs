//! Removes tags one after the other: by `DELETE` with the tag or by the vendor's own API, and by no other method.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::FutureExt;

use super::prepare;
use super::unconfirmed::UnconfirmedParts;
use crate::client::Registry;
use crate::model::change::ChangeRequest;
use crate::model::change::delete::{DeletePlan, ImageToDelete};
use crate::model::change::journal::JournalItem;
use crate::model::change::progress::{Outcome, ProgressItem, Report};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::Manifest;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;
use crate::ops::context::{ChangeContext, JobControl};
use crate::ops::journal::RunningEntry;
use crate::ops::steps::kept_tags::{self, Kept};
use crate::ops::steps::tag::restore::restore_lost_tags;
use crate::ops::steps::tag::{RepositoryClient, Shown, UntagApi, saved_manifest};
use crate::ops::steps::tracker::Tracker;
use crate::ops::tag_list;

/// A tag that is removed.
struct UntaggedTag<'a> {
    tag: &'a Tag,
    digest: Digest,
    /// The image that it belongs to. The tag stays as long as that image has a tag.
    image: Option<&'a ImageToDelete>,
}

/// Removes the tags of a plan.
pub(super) async fn run(
    context: &ChangeContext,
    plan: &DeletePlan,
    control: &JobControl,
    api: UntagApi,
) -> Report {
    let parts = parts(plan);
    let mut tracker = Tracker::new(
        control,
        parts.iter().map(|part| ProgressItem::new(part.tag, [Selector::Tag(part.tag.clone())])),
    );
    let registry = context.pool.registry(&plan.repository.host);
    let (running, manifests) = match begin(context, plan, &parts, &*registry, &mut tracker).await {
        Ok(begun) => begun,
        Err(failure) => return tracker.into_refused_report(&failure),
    };
    let place =
        RepositoryClient { registry: &*registry, name: &plan.repository.name, stop: Some(&control.stop) };
    let mut late = UnconfirmedParts::default();
    let mut owners = Owners {
        keeping: plan.common.loss.kept_images().map(|(_, tag)| tag.clone()).collect(),
        ..Owners::default()
    };
    let keeping = Kept::put(&*registry, &plan.common.loss, &running, parts.len()).await;
    let mut changed = HashSet::new();
    let mut takes_along = false;
    for (index, part) in parts.iter().enumerate() {
        let Some(image) = manifests.get(&part.digest) else {
            owners.kept.insert(index, part.digest);
            continue;
        };
        if part.image.is_some() {
            owners.note_gone(late.confirm(place, &mut tracker, &running).await);
        }
        let outcome = match tracker.reason_to_stop() {
            Some(outcome) => outcome,
            None if takes_along => {
                Outcome::Skipped("not tried: the server removes every tag of an image with one".into())
            }
            None => {
                match keeping.objection(&plan.repository, part.digest).or(owners.objection(place, part).await)
                {
                    Some(outcome) => outcome,
                    None => {
                        tracker.report_current(SafeText::from(format!("untag {}", part.tag)));
                        let untagged =
                            place.untag_by(api, part.tag, image, &tags_to_check(plan, &parts, index)).await;
                        takes_along |= untagged.removed_along > 0;
                        tracker.notes.extend(untagged.notes);
                        untagged.outcome
                    }
                }
            }
        };
        if !matches!(outcome, Outcome::Done(_) | Outcome::Unchanged(_)) {
            owners.kept.insert(index, part.digest);
        }
        if matches!(outcome, Outcome::Unconfirmed(_)) {
            late.add(
                index,
                index..index + 1,
                vec![(Selector::Tag(part.tag.clone()), Shown::Not(part.digest))],
            );
        }
        if outcome.effect().may_be_done() {
            changed.insert(part.digest);
        }
        tracker.record_outcome(&running, index..index + 1, index, outcome).await;
    }
    for index in late.confirm(place, &mut tracker, &running).await {
        let image = parts.get(index).and_then(|part| manifests.get(&part.digest));
        if let Some(image) = image {
            // The other tags were looked at too early, so they are looked at again.
            let kept = tags_to_check(plan, &parts, index).into_iter().map(|tag| (tag, image.digest));
            tracker.notes.extend(
                restore_lost_tags(place, &kept.collect::<Vec<_>>(), |_| Some(Arc::clone(image))).await.notes,
            );
        }
    }
    let is_changed = |_: &Repository, digest| changed.contains(&digest);
    tracker.notes.extend(keeping.remove_unneeded(&*registry, &running, is_changed).await);
    tracker.close(running).await
}

async fn begin(
    context: &ChangeContext,
    plan: &DeletePlan,
    parts: &[UntaggedTag<'_>],
    registry: &dyn Registry,
    tracker: &mut Tracker<'_>,
) -> Result<(RunningEntry, HashMap<Digest, Arc<Manifest>>), Failure> {
    let digests = parts.iter().map(|part| part.digest);
    let manifests = prepare::manifests(registry, &plan.repository.name, digests).await;
    let place = RepositoryClient { registry, name: &plan.repository.name, stop: None };
    for (index, part) in parts.iter().enumerate() {
        if let Some(Err(failure)) = manifests.get(&part.digest) {
            // If the image does not exist any more, its tag may have gone with it.
            let is_gone = failure.kind == FailureKind::NotFound
                && matches!(place.tag_digest(part.tag).boxed().await, Ok(None));
            tracker.set_outcome(
                index,
                if is_gone {
                    Outcome::Unchanged("it was gone already".into())
                } else {
                    Outcome::Failed(failure.clone())
                },
            );
        }
    }
    let manifests: HashMap<Digest, Arc<Manifest>> =
        manifests.into_iter().filter_map(|(digest, manifest)| Some((digest, manifest.ok()?))).collect();
    let item = |part: &UntaggedTag| JournalItem {
        repository: plan.repository.clone(),
        selector: Selector::Tag(part.tag.clone()),
        before: manifests.get(&part.digest).map(|manifest| saved_manifest(manifest)),
        after: None,
        done: None,
    };
    let items = parts.iter().map(item).chain(kept_tags::items(&plan.common.loss)).collect();
    let request = ChangeRequest::Delete(prepare::request(plan));
    let saved = kept_tags::read_dependents(registry, &plan.common.loss).await;
    let running = context.journal.begin_saving(plan.title(), Some(request), items, saved).await?;
    Ok((running, manifests))
}

/// The images whose digest tags go along with them, if an image has no tag left.
#[derive(Default)]
struct Owners {
    /// Images that keep a named tag, by the index of that tag's part.
    kept: HashMap<usize, Digest>,
    /// Kept tags of this change. They are no reason to leave the digest tags of their images.
    keeping: HashSet<Tag>,
    /// All tags of the repository. They are asked for after the named tags have been dealt with.
    tags: Option<Result<tag_list::TagList, Failure>>,
}

impl Owners {
    /// Notes that the tags of these parts are gone after all.
    fn note_gone(&mut self, parts: Vec<usize>) {
        for part in parts {
            self.kept.remove(&part);
        }
    }

    /// Returns the reason to leave a digest tag alone: its image still has a tag, or may have one.
    async fn objection(&mut self, place: RepositoryClient<'_>, part: &UntaggedTag<'_>) -> Option<Outcome> {
        let image = part.image?;
        if self.kept.values().any(|kept| *kept == image.digest) {
            return Some(Outcome::Skipped("its image was not untagged".into()));
        }
        if self.tags.is_none() {
            let what = || format!("cannot list the tags of {}", place.name);
            let tags = tag_list::tags(place.registry, place.name).await;
            self.tags = Some(tags.map_err(|error| error.failure(what())));
        }
        let tags = match self.tags.as_ref()? {
            Ok(tags) => tags,
            Err(failure) => return Some(Outcome::Failed(failure.clone())),
        };
        let left = |why: String| Some(Outcome::Skipped(SafeText::from(why)));
        if let Some(tag) = tags.of(image.digest).find(|tag| !self.keeping.contains(*tag)) {
            return left(format!("its image has the tag `{tag}`"));
        }
        if let Some(tag) = tags.unknown.first() {
            return left(format!(
                "the digest of `{tag}` cannot be determined, so its image may have that tag"
            ));
        }
        let why = tags.incomplete.as_ref()?;
        left(format!("its image may have other tags ({why})"))
    }
}

/// Returns the tags that were named, and the digest tags that go along with images that keep no tag.
fn parts(plan: &DeletePlan) -> Vec<UntaggedTag<'_>> {
    let named = plan.images.iter().flat_map(|image| {
        image.named.iter().map(|tag| UntaggedTag { tag, digest: image.digest, image: None })
    });
    let along = plan
        .images
        .iter()
        .flat_map(|image| plan.referrers_that_go(image).map(move |referrer| (image, referrer)));
    let along = along.filter_map(|(image, referrer)| {
        let tag = referrer.tag.as_ref()?;
        Some(UntaggedTag { tag, digest: referrer.digest, image: Some(image) })
    });
    let mut parts: Vec<UntaggedTag> = named.collect();
    for part in along {
        if !parts.iter().any(|known| known.tag == part.tag) {
            parts.push(part);
        }
    }
    parts
}

/// Returns the other tags of the same image that are checked afterwards: all of them with the first and the last tag
/// that goes, and one in between, since a server that removes one along removes all.
fn tags_to_check(plan: &DeletePlan, parts: &[UntaggedTag<'_>], index: usize) -> Vec<Tag> {
    let Some(part) = parts.get(index) else { return Vec::new() };
    let is_same = |other: &&UntaggedTag| other.digest == part.digest;
    let is_first = !parts.iter().take(index).any(|other| is_same(&other));
    let is_last = !parts.iter().skip(index + 1).any(|other| is_same(&other));
    let goes = |tag: &Tag| parts.iter().any(|part| part.tag == tag);
    let stay = plan.tags.iter().filter(|(tag, digest)| **digest == part.digest && !goes(tag));
    let most = if is_first || is_last { usize::MAX } else { 1 };
    stay.map(|(tag, _)| tag.clone()).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{delete_plan, digest, image_to_delete, signature, tag};
    use crate::model::change::delete::{Along, DeleteMethod, ImageToDelete, PlannedReferrer};

    #[test]
    fn tags_that_go_are_the_named_ones_and_digest_tags_of_images_that_keep_none() {
        let image = |others: &[&str]| ImageToDelete {
            others: others.iter().map(|name| tag(name)).collect(),
            referrers: vec![
                PlannedReferrer { tag: Some(tag("sha256-a.sig")), ..signature("s", "a") },
                signature("t", "a"),
            ],
            ..image_to_delete("a", &["1", "2"])
        };
        for (case, image, referrers, expected) in [
            ("without referrers", image(&[]), false, "1 2"),
            ("with referrers", image(&[]), true, "1 2 sha256-a.sig"),
            ("another tag stays", image(&["3"]), true, "1 2"),
        ] {
            let along = Along { children: false, referrers };
            let plan = DeletePlan { along, ..delete_plan(DeleteMethod::Untag, vec![image]) };
            let tags: Vec<&str> = parts(&plan).iter().map(|part| part.tag.as_str()).collect();
            assert_eq!(tags.join(" "), expected, "{case}");
        }
    }

    /// A server that removes one tag along removes all, so one of them tells in between.
    #[test]
    fn all_tags_that_stay_are_checked_after_the_first_and_the_last_tag_of_an_image() {
        let tags = ["1", "2", "3", "stays", "too"].map(|name| (tag(name), digest("a")));
        let plan = DeletePlan {
            tags: tags.into_iter().chain([(tag("other"), digest("b"))]).collect(),
            ..delete_plan(DeleteMethod::Untag, vec![image_to_delete("a", &["1", "2", "3"])])
        };
        let parts = parts(&plan);
        let checked = |index| tags_to_check(&plan, &parts, index).len();
        assert_eq!([checked(0), checked(1), checked(2), checked(3)], [2, 1, 2, 0]);
    }
}
