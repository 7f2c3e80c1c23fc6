//! Determines how many bytes a delete frees, and how many others still need.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use futures_util::future::{self, BoxFuture};
use futures_util::{FutureExt, StreamExt, stream};

use crate::client::{Priority, Registry};
use crate::model::change::delete::{DeleteMethod, DeletePlan, ImageToDelete};
use crate::model::digest::Digest;
use crate::model::manifest::{Body, DEEPEST, Descriptor};
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::size;
use crate::ops::tag_list::AT_ONCE;

/// The number of images that are fetched only to find out the blobs that they share. If there are more, the sizes stay
/// unknown.
const MOST_FETCHED: usize = 256;
/// The number of distinct blobs of one image, or of all images that go together. If there are more, the sizes stay
/// unknown.
const MOST_BLOBS: usize = 200_000;

/// The bytes that a delete frees, and those that it does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Bytes that nothing else in the repository needs.
    pub(crate) frees: u64,
    /// Bytes that others need too.
    pub(crate) shared: u64,
    /// The number of tags that need them.
    pub(crate) shared_with: usize,
}

/// The blobs of an image with their sizes in bytes, by a keyed hash of their digests. No server knows the key of the
/// hash.
type Blobs = HashMap<u64, u64>;
/// The blobs of the images that go: their bytes, and whether an image that stays needs them.
type Held = HashMap<u64, (u64, bool)>;

/// Compares the blobs of the images that go with those of the images that stay. Returns `None` if a size is not known,
/// or if too much would have to be fetched to determine it.
pub(crate) async fn compute_freed_bytes(registry: &dyn Registry, plan: &DeletePlan) -> Option<Weight> {
    let name = &plan.repository.name;
    let (going, behind) = find_orphans(plan);
    if going.is_empty() {
        return Some(Weight::default());
    }
    let goes: HashSet<&Tag> = plan.tags_that_go().collect();
    let staying = || plan.tags.iter().filter(|(tag, _)| !goes.contains(tag)).map(|(_, digest)| *digest);
    let mut tags_of: HashMap<Digest, usize> = behind.into_iter().map(|digest| (digest, 0)).collect();
    staying().for_each(|digest| *tags_of.entry(digest).or_default() += 1);
    let named = plan.images.iter().map(|image| image.digest);
    let looked_at: Vec<Digest> = named.chain(staying()).collect::<HashSet<_>>().into_iter().collect();
    let missing =
        looked_at.iter().map(|digest| registry.cached_manifest(name, digest).map(|kept| kept.is_none()));
    let missing = stream::iter(missing.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
    if missing.filter(|is_missing| future::ready(*is_missing)).count().await > MOST_FETCHED {
        return None;
    }
    let hasher = &RandomState::new();
    let mut held = Held::new();
    // The children of an index are counted on their own if they go; otherwise they stay.
    let going = going.into_iter().map(|digest| blobs(registry, name, hasher, digest, None));
    let mut going = stream::iter(going.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
    while let Some(found) = going.next().await {
        held.extend(found?.into_iter().map(|(blob, size)| (blob, (size, false))));
        if held.len() > MOST_BLOBS {
            return None;
        }
    }
    let mut weight = Weight::default();
    let staying = tags_of.into_iter().map(|(digest, tags)| {
        blobs(registry, name, hasher, digest, Some(DEEPEST)).map(move |found| (found, tags))
    });
    // Each set of blobs is dropped after it was looked at, because all of them together may be larger than memory.
    let mut staying = stream::iter(staying.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
    while let Some((found, tags)) = staying.next().await {
        let mut is_sharing = false;
        for blob in found?.keys() {
            if let Some((_, is_needed)) = held.get_mut(blob) {
                (is_sharing, *is_needed) = (true, true);
            }
        }
        weight.shared_with += if is_sharing { tags } else { 0 };
    }
    for (bytes, is_needed) in held.into_values() {
        let sum = if is_needed { &mut weight.shared } else { &mut weight.frees };
        *sum = size::plus(*sum, bytes);
    }
    Some(weight)
}

/// Returns the manifests that lose their last name, and their children and referrers that stay without a name. If only
/// tags go, the children go as soon as their index does, if the registry collects untagged manifests at all.
fn find_orphans(plan: &DeletePlan) -> (Vec<Digest>, HashSet<Digest>) {
    let going: HashSet<Digest> = match plan.method {
        DeleteMethod::Image => plan.at_stake().digests().collect(),
        DeleteMethod::Untag | DeleteMethod::OwnApi | DeleteMethod::Replace => {
            let bare = || plan.images.iter().filter(|image| image.others.is_empty());
            let referrers = bare().flat_map(|image| plan.referrers_that_go(image));
            let children = bare().flat_map(ImageToDelete::removable_children).copied();
            bare().map(|image| image.digest).chain(children).chain(referrers.map(|one| one.digest)).collect()
        }
    };
    let dependents = plan.images.iter().flat_map(|image| {
        image.children.iter().copied().chain(image.referrers.iter().map(|referrer| referrer.digest))
    });
    let behind = dependents.filter(|digest| !going.contains(digest)).collect();
    (going.into_iter().collect(), behind)
}

/// Returns the config and layers of an image, or of everything that an index lists, down to a depth. Without a depth,
/// an index has no blobs. Children that are gone weigh nothing.
fn blobs<'a>(
    registry: &'a dyn Registry,
    name: &'a RepositoryName,
    hasher: &'a RandomState,
    digest: Digest,
    depth: Option<usize>,
) -> BoxFuture<'a, Option<Blobs>> {
    async move {
        let manifest = match registry.manifest(name, &Selector::Digest(digest), Priority::Background).await {
            Ok(manifest) => manifest,
            Err(error) if error.cause.status() == Some(404) => return Some(Blobs::new()),
            Err(_) => return None,
        };
        if !manifest.is_whole() {
            return None;
        }
        let sized = |blob: &Descriptor| Some((hasher.hash_one(&blob.digest_text), blob.size?));
        match &manifest.body {
            Body::Image(image) => image.config.iter().chain(&image.layers).map(sized).collect(),
            Body::Artifact(artifact) => artifact.blobs.iter().map(sized).collect(),
            Body::Index(index) => {
                let Some(depth) = depth else { return Some(Blobs::new()) };
                let depth = Some(depth.checked_sub(1)?);
                let mut all = Blobs::new();
                for child in &index.manifests {
                    // A child that cannot be asked for has a size that is not known.
                    all.extend(blobs(registry, name, hasher, child.digest?, depth).await?);
                    if all.len() > MOST_BLOBS {
                        return None;
                    }
                }
                Some(all)
            }
            Body::Schema1(_) | Body::Unknown => None,
        }
    }
    .boxed()
}

#[cfg(test)]
mod tests {
    use DeleteMethod::{Image, Replace, Untag};

    use super::*;
    use crate::model::change::builders::{delete_plan, digest, image_to_delete, signature, tag};
    use crate::model::change::delete::{Along, PlannedReferrer};

    /// An index with the children `x` and `y`, of which `y` is needed, a tagged signature `s` and an untagged one `t`.
    fn index(has_other_tag: bool) -> ImageToDelete {
        let tagged = PlannedReferrer { tag: Some(tag("sha256-a.sig")), ..signature("s", "a") };
        ImageToDelete {
            others: has_other_tag.then(|| tag("2")).into_iter().collect(),
            children: vec![digest("x"), digest("y")],
            needed_children: vec![digest("y")],
            referrers: vec![tagged, signature("t", "a")],
            ..image_to_delete("a", &["1"])
        }
    }

    #[test]
    fn manifests_without_a_name_afterwards_are_those_that_go_and_the_rest_stays_behind() {
        // The method, whether the image has another tag, what goes along; what goes, and what stays behind.
        let table = [
            ("untag one of two", Untag, true, Along { children: true, referrers: true }, "", "xyst"),
            ("untag the last", Untag, false, Along::default(), "ax", "yst"),
            (
                "untag the last with referrers",
                Untag,
                false,
                Along { children: false, referrers: true },
                "axs",
                "yt",
            ),
            (
                "replace the last with referrers",
                Replace,
                false,
                Along { children: false, referrers: true },
                "ax",
                "yst",
            ),
            ("delete", Image, true, Along::default(), "a", "xyst"),
            ("delete with children", Image, false, Along { children: true, referrers: false }, "ax", "yst"),
            ("delete with everything", Image, false, Along { children: true, referrers: true }, "axst", "y"),
        ];
        let set = |contents: &str| -> HashSet<Digest> {
            contents.chars().map(|content| digest(&content.to_string())).collect()
        };
        for (case, method, has_other_tag, along, going, behind) in table {
            let plan = DeletePlan { along, ..delete_plan(method, vec![index(has_other_tag)]) };
            let (found, stays) = find_orphans(&plan);
            assert_eq!(found.into_iter().collect::<HashSet<_>>(), set(going), "{case}");
            assert_eq!(stays, set(behind), "{case}");
        }
    }
}
