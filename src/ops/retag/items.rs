//! The journal items of a retag: the tags that each step puts and removes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::change::journal::JournalItem;
use crate::model::change::retag::{RetagMode, RetagPlan, RetagStep};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::Manifest;
use crate::model::reference::{Selector, Tag};
use crate::ops::steps::replacement::{self, Replacement};
use crate::ops::steps::tag::saved_manifest;

/// Returns the tag that a step removes, if tags are moved.
pub(super) fn old_tag<'a>(plan: &RetagPlan, step: &'a RetagStep) -> Option<&'a Tag> {
    match &step.selector {
        Selector::Tag(old) if plan.mode.moves() => (step.to != plan.from || *old != step.tag).then_some(old),
        _ => None,
    }
}

pub(super) fn items_per_step(plan: &RetagPlan) -> usize {
    match plan.mode {
        RetagMode::Add => 1,
        RetagMode::Move | RetagMode::MoveByOwnApi => 2,
        RetagMode::MoveByReplacement => 3,
    }
}

/// Returns the digest that the old tag has: the image, unless the tag was left on a replacement.
pub(super) fn old_digest(step: &RetagStep) -> Digest {
    step.left_on.unwrap_or(step.digest)
}

/// Returns the replacements that old tags are put on before they are removed, if that method is used.
pub(super) fn make_replacements(
    plan: &RetagPlan,
    manifests: &HashMap<Digest, Result<Arc<Manifest>, Failure>>,
) -> Vec<Option<Result<Replacement, Failure>>> {
    let replacement = |step: &RetagStep| {
        let old = old_tag(plan, step).filter(|_| plan.mode == RetagMode::MoveByReplacement)?;
        let what = || format!("cannot untag {}:{old}", plan.from.name);
        Some(match manifests.get(&old_digest(step))? {
            Ok(image) => Replacement::of(image.clone()).map_err(|why| Failure::local(what(), why)),
            Err(failure) => Err(failure.clone()),
        })
    };
    plan.steps.iter().map(replacement).collect()
}

/// Returns the items for each step: one for its new tag, then those for its old tag. Their number is given by
/// [`items_per_step`].
pub(super) fn items(
    plan: &RetagPlan,
    manifests: &HashMap<Digest, Result<Arc<Manifest>, Failure>>,
    replacement: &[Option<Result<Replacement, Failure>>],
) -> Vec<JournalItem> {
    let kept = |digest: Option<Digest>| {
        manifests.get(&digest?)?.as_ref().ok().map(|manifest| saved_manifest(manifest))
    };
    let items = |(step, replacement): (&RetagStep, &Option<Result<Replacement, Failure>>)| {
        let new = JournalItem {
            repository: step.to.clone(),
            selector: Selector::Tag(step.tag.clone()),
            before: kept(step.replaces),
            after: Some(step.digest),
            done: None,
        };
        let old = JournalItem {
            repository: plan.from.clone(),
            selector: step.selector.clone(),
            before: kept(Some(step.digest)),
            after: old_tag(plan, step).is_none().then_some(step.digest),
            done: None,
        };
        match (plan.mode, old_tag(plan, step), replacement) {
            (RetagMode::Add, ..) => vec![new],
            (RetagMode::Move | RetagMode::MoveByOwnApi, ..) => vec![new, old],
            (RetagMode::MoveByReplacement, Some(tag), Some(Ok(replacement))) => {
                let [onto, away] = replacement::items(&plan.from, tag, Some(replacement));
                // If the old tag was left on a replacement, an undo gives it its image back.
                vec![new, JournalItem { before: old.before, ..onto }, away]
            }
            // The old tag is not touched.
            (RetagMode::MoveByReplacement, ..) => vec![new, old.clone(), old],
        }
    };
    plan.steps.iter().zip(replacement).flat_map(items).collect()
}

#[cfg(test)]
mod tests {
    use RetagMode::{Add, Move, MoveByReplacement};

    use super::*;
    use crate::model::change::builders::{digest, empty_manifest, repository, retag_plan, retag_step};

    #[test]
    fn only_a_tag_that_moves_elsewhere_is_removed() {
        let elsewhere = || RetagStep { to: repository("r.test/b"), ..retag_step("1", "1") };
        let by_digest = || retag_step(&digest("a").to_string(), "2");
        let table = [
            ("added", Add, retag_step("1", "2"), None),
            ("renamed", Move, retag_step("1", "2"), Some("1")),
            ("renamed by replacement", MoveByReplacement, retag_step("1", "2"), Some("1")),
            ("renamed to itself", Move, retag_step("1", "1"), None),
            ("the same tag in another repository", Move, elsewhere(), Some("1")),
            ("an image named by digest", Move, by_digest(), None),
        ];
        for (case, mode, step, old) in table {
            let plan = retag_plan(mode, vec![step]);
            assert_eq!(old_tag(&plan, &plan.steps[0]).map(Tag::as_str), old, "{case}");
        }
    }

    /// The journal has a line for each thing that a step does, whether or not a manifest could be read.
    #[test]
    fn each_step_has_as_many_items_as_its_mode_and_the_old_tag_ends_gone() {
        let image = Arc::new(empty_manifest());
        let manifests = HashMap::from([(image.digest, Ok(image.clone()))]);
        let step = |old, new| RetagStep { digest: image.digest, ..retag_step(old, new) };
        for mode in [Add, Move, MoveByReplacement] {
            let plan = retag_plan(mode, vec![step("1", "2"), step("3", "3")]);
            let replacements = make_replacements(&plan, &manifests);
            let items = items(&plan, &manifests, &replacements);
            assert_eq!(items.len(), 2 * items_per_step(&plan), "{mode:?}");
            let (renamed, to_itself) = items.split_at(items_per_step(&plan));
            assert_eq!(renamed[0].after, Some(image.digest), "{mode:?}");
            let last = renamed.last().expect("an item");
            assert_eq!(last.after.is_none(), mode.moves(), "{mode:?}");
            assert!(to_itself.iter().all(|item| item.after == Some(image.digest)), "{mode:?}: it stays");
        }
    }
}
