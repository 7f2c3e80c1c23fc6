//! The digests that a delete removes, in their order, each with the reason.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::model::change::delete::{DeletePlan, ImageToDelete};
use crate::model::change::journal::JournalItem;
use crate::model::change::progress::ProgressItem;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::Manifest;
use crate::model::reference::{Selector, Tag};
use crate::model::text::SafeText;
use crate::ops::steps::tag::{Shown, Wanted, saved_manifest};

/// A digest that is deleted, with the tags that may go with it.
pub(super) struct DeletedDigest<'a> {
    pub(super) digest: Digest,
    pub(super) tags: Vec<&'a Tag>,
    pub(super) role: DeleteReason<'a>,
}

/// The reason to delete a digest.
pub(super) enum DeleteReason<'a> {
    /// The user named it.
    Named(&'a ImageToDelete),
    /// It refers to an image that was named.
    Referrer(Digest, &'a SafeText),
    /// It is listed by indexes that were named, and by no other index.
    Child(Vec<Digest>),
}

impl DeletedDigest<'_> {
    /// Returns the state to wait for after the delete: the digest does not exist, and none of the tags has it.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        let tags = self.tags.iter().map(|tag| (Selector::Tag((*tag).clone()), Shown::Not(self.digest)));
        [(Selector::Digest(self.digest), Shown::Is(None))].into_iter().chain(tags).collect()
    }

    pub(super) fn item(&self) -> ProgressItem {
        let selectors = match &self.role {
            DeleteReason::Named(image) => image.selectors(),
            DeleteReason::Referrer(..) | DeleteReason::Child(_) => Vec::new(),
        };
        ProgressItem::new(self.name(), selectors)
    }

    pub(super) fn name(&self) -> SafeText {
        let digest = self.digest.short();
        SafeText::from(match &self.role {
            DeleteReason::Named(_) if self.tags.is_empty() => digest,
            DeleteReason::Named(_) => {
                let tags: Vec<&str> = self.tags.iter().map(|tag| tag.as_str()).collect();
                format!("{digest} ({})", tags.join(", "))
            }
            DeleteReason::Referrer(_, kind) => format!("{digest} ({kind})"),
            DeleteReason::Child(_) => format!("{digest} (listed by an index that goes)"),
        })
    }
}

/// Returns everything that is deleted, in this order: indexes before the images that they list, then referrers, then
/// children.
pub(super) fn parts(plan: &DeletePlan) -> Vec<DeletedDigest<'_>> {
    let mut parts: Vec<DeletedDigest> = Vec::new();
    let mut waiting: Vec<&ImageToDelete> = plan.images.iter().collect();
    while !waiting.is_empty() {
        let is_listed = |image: &ImageToDelete| {
            image.parents.iter().any(|parent| {
                parent.digest != image.digest && waiting.iter().any(|other| other.digest == parent.digest)
            })
        };
        // No index can list itself by its digest. If a server claims so, the rest goes in the order given.
        let next = waiting.iter().position(|image| !is_listed(image)).unwrap_or(0);
        let image = waiting.remove(next);
        let tags = image.named.iter().chain(&image.others).collect();
        parts.push(DeletedDigest { digest: image.digest, tags, role: DeleteReason::Named(image) });
    }
    for image in &plan.images {
        for referrer in plan.referrers_that_go(image) {
            let tags = referrer.tag.iter().collect();
            let role = DeleteReason::Referrer(referrer.subject, &referrer.kind);
            add(&mut parts, DeletedDigest { digest: referrer.digest, tags, role });
        }
    }
    for image in &plan.images {
        for child in plan.children_that_go(image) {
            let lists = |other: &&ImageToDelete| other.children.contains(child);
            let parents = plan.images.iter().filter(lists).map(|image| image.digest).collect();
            add(
                &mut parts,
                DeletedDigest { digest: *child, tags: Vec::new(), role: DeleteReason::Child(parents) },
            );
        }
    }
    parts
}

/// Adds a part that is not in the list yet. A digest that goes for two reasons is deleted once.
pub(super) fn add<'a>(parts: &mut Vec<DeletedDigest<'a>>, part: DeletedDigest<'a>) {
    match parts.iter_mut().find(|known| known.digest == part.digest) {
        Some(known) if matches!(known.role, DeleteReason::Referrer(..)) => known.tags.extend(part.tags),
        Some(_) => {}
        None => parts.push(part),
    }
}

/// Returns the items of the journal, and for each part the range of its items: the digest, and each of its tags.
pub(super) fn items(
    plan: &DeletePlan,
    parts: &[DeletedDigest<'_>],
    manifests: &HashMap<Digest, Result<Arc<Manifest>, Failure>>,
) -> (Vec<JournalItem>, Vec<Range<usize>>) {
    let (mut items, mut ranges) = (Vec::new(), Vec::new());
    for part in parts {
        let before = manifests.get(&part.digest).and_then(|manifest| manifest.as_ref().ok());
        let before = before.map(|manifest| saved_manifest(manifest));
        let begin = items.len();
        let tags = part.tags.iter().map(|tag| Selector::Tag((*tag).clone()));
        items.extend([Selector::Digest(part.digest)].into_iter().chain(tags).map(|selector| JournalItem {
            repository: plan.repository.clone(),
            selector,
            before: before.clone(),
            after: None,
            done: None,
        }));
        ranges.push(begin..items.len());
    }
    (items, ranges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{delete_plan, digest, image_to_delete, signature, tag};
    use crate::model::change::delete::{Along, DeleteMethod, Parent, PlannedReferrer};

    /// The contents of the parts in their order.
    fn order(images: Vec<ImageToDelete>) -> String {
        let along = Along { children: true, referrers: true };
        let plan = DeletePlan { along, ..delete_plan(DeleteMethod::Image, images) };
        let letters = "abcdefghijklmnopqrstuvwxyz";
        let name = |part: &DeletedDigest<'_>| {
            letters.chars().find(|letter| digest(&letter.to_string()) == part.digest).unwrap_or('?')
        };
        parts(&plan).iter().map(name).collect()
    }

    fn listed_by(content: &str, parents: &[&str]) -> ImageToDelete {
        let parent = |content: &&str| Parent { digest: digest(content), tags: Vec::new() };
        ImageToDelete {
            parents: parents.iter().map(parent).collect(),
            ..image_to_delete(content, &[content])
        }
    }

    fn listing(content: &str, children: &[&str]) -> ImageToDelete {
        let children = children.iter().map(|child| digest(child)).collect();
        ImageToDelete { children, ..image_to_delete(content, &[content]) }
    }

    #[test]
    fn indexes_go_before_their_images_then_referrers_then_children() {
        let signed = ImageToDelete { referrers: vec![signature("s", "i")], ..listing("i", &["c"]) };
        let table = [
            ("as named", vec![listed_by("b", &[]), listed_by("a", &[])], "ba"),
            ("an index after its image", vec![listed_by("a", &["i"]), listed_by("i", &[])], "ia"),
            (
                "an index in an index",
                vec![listed_by("a", &["i"]), listed_by("i", &["o"]), listed_by("o", &[])],
                "oia",
            ),
            ("an index that stays", vec![listed_by("a", &["x"]), listed_by("b", &[])], "ab"),
            ("a server that claims a circle", vec![listed_by("a", &["b"]), listed_by("b", &["a"])], "ab"),
            ("everything", vec![listed_by("a", &["i"]), signed], "iasc"),
            ("a child of two indexes", vec![listing("i", &["c"]), listing("j", &["c", "d"])], "ijcd"),
        ];
        for (case, images, expected) in table {
            assert_eq!(order(images), expected, "{case}");
        }
    }

    #[test]
    fn a_referrer_with_two_digest_tags_is_deleted_once_with_both() {
        let tagged = |name| PlannedReferrer { tag: Some(tag(name)), ..signature("s", "a") };
        let image =
            ImageToDelete { referrers: vec![tagged("x"), tagged("y")], ..image_to_delete("a", &["1"]) };
        let along = Along { children: false, referrers: true };
        let plan = DeletePlan { along, ..delete_plan(DeleteMethod::Image, vec![image]) };
        let parts = parts(&plan);
        let tags: Vec<Vec<&str>> =
            parts.iter().map(|part| part.tags.iter().map(|tag| tag.as_str()).collect()).collect();
        assert_eq!(tags, [vec!["1"], vec!["x", "y"]]);
        let (items, ranges) = items(&plan, &parts, &HashMap::new());
        assert_eq!((items.len(), ranges), (5, vec![0..2, 2..5]));
    }
}
