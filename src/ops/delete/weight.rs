//! How many bytes would be free, and how many others still need.

use std::collections::{HashMap, HashSet};

use futures_util::future::{self, BoxFuture};
use futures_util::{FutureExt, StreamExt, stream};

use crate::client::{Client, Lane};
use crate::model::digest::Digest;
use crate::model::manifest::{Body, Descriptor};
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::work::delete::{Image, Manner, Plan};
use crate::ops::tag_list::AT_ONCE;

/// Images that are fetched only to know what they share; with more to fetch the sizes stay unknown.
const MOST_FETCHED: usize = 256;
/// Indexes within indexes that are followed.
const DEEPEST: usize = 4;

/// What deleting is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// Bytes that nothing else in the repository needs.
    pub frees: u64,
    /// Bytes that others need too.
    pub shared: u64,
    /// How many tags need them.
    pub shared_with: usize,
}

/// The blobs of an image by digest, with their bytes.
type Blobs = HashMap<String, u64>;

/// Weighs what goes against what stays. `None` where a size is not known, or too much would have to be fetched to know
/// it.
pub async fn weigh(client: &Client, plan: &Plan) -> Option<Weight> {
    let name = &plan.repository.name;
    let (going, behind) = going(plan);
    if going.is_empty() {
        return Some(Weight::default());
    }
    let goes: HashSet<&Tag> = plan.tags_that_go().collect();
    let staying = || plan.tags.iter().filter(|(tag, _)| !goes.contains(tag)).map(|(_, digest)| *digest);
    let mut tags_of: HashMap<Digest, usize> = behind.into_iter().map(|digest| (digest, 0)).collect();
    staying().for_each(|digest| *tags_of.entry(digest).or_default() += 1);
    let named = plan.images.iter().map(|image| image.digest);
    let looked_at: Vec<Digest> = named.chain(staying()).collect::<HashSet<_>>().into_iter().collect();
    let kept = future::join_all(looked_at.iter().map(|digest| client.kept_manifest(name, digest))).await;
    if kept.iter().filter(|manifest| manifest.is_none()).count() > MOST_FETCHED {
        return None;
    }
    let all: Vec<Digest> = going.iter().copied().chain(tags_of.keys().copied()).collect();
    // What an index lists goes by itself, or stays.
    let depth = |at: usize| (at >= going.len()).then_some(DEEPEST);
    let read: Vec<_> =
        all.iter().enumerate().map(|(at, digest)| blobs(client, name, *digest, depth(at))).collect();
    let found: Option<Vec<Blobs>> =
        stream::iter(read).buffered(AT_ONCE).collect::<Vec<_>>().await.into_iter().collect();
    let mut found = found?;
    let others = found.split_off(going.len());
    let held: Blobs = found.into_iter().flatten().collect();
    let mut weight = Weight::default();
    let is_needed = |blob: &String| others.iter().any(|other| other.contains_key(blob));
    for (blob, size) in &held {
        match is_needed(blob) {
            true => weight.shared = weight.shared.saturating_add(*size),
            false => weight.frees = weight.frees.saturating_add(*size),
        }
    }
    let sharing = all.iter().skip(going.len()).zip(&others);
    weight.shared_with = sharing
        .filter(|(_, other)| other.keys().any(|blob| held.contains_key(blob)))
        .filter_map(|(digest, _)| tags_of.get(digest))
        .sum();
    Some(weight)
}

/// What loses its last name, and what of its kin stays although nothing names it. Where only tags go, the children go as
/// soon as their index does, if untagged manifests are collected at all.
fn going(plan: &Plan) -> (Vec<Digest>, HashSet<Digest>) {
    let going: HashSet<Digest> = match plan.manner {
        Manner::Image => plan.at_stake().digests().collect(),
        Manner::Untag | Manner::Replace => {
            let bare = || plan.images.iter().filter(|image| image.others.is_empty());
            let referrers = bare().flat_map(|image| plan.referrers_that_go(image));
            let children = bare().flat_map(Image::spare_children).copied();
            bare().map(|image| image.digest).chain(children).chain(referrers.map(|one| one.digest)).collect()
        }
    };
    let kin = plan.images.iter().flat_map(|image| {
        image.children.iter().copied().chain(image.referrers.iter().map(|referrer| referrer.digest))
    });
    let behind = kin.filter(|digest| !going.contains(digest)).collect();
    (going.into_iter().collect(), behind)
}

/// Config and layers of an image, or of everything that an index lists, down to a depth; without one only what is its
/// own. Children that are gone weigh nothing.
fn blobs<'a>(
    client: &'a Client,
    name: &'a RepositoryName,
    digest: Digest,
    depth: Option<usize>,
) -> BoxFuture<'a, Option<Blobs>> {
    async move {
        let manifest = match client.manifest(name, &Selector::Digest(digest), Lane::Background).await {
            Ok(manifest) => manifest,
            Err(error) if error.cause.status() == Some(404) => return Some(Blobs::new()),
            Err(_) => return None,
        };
        if !manifest.is_whole() {
            return None;
        }
        let sized = |blob: &Descriptor| Some((blob.digest_text.clone(), blob.size?));
        match &manifest.body {
            Body::Image(image) => image.config.iter().chain(&image.layers).map(sized).collect(),
            Body::Artifact(artifact) => artifact.blobs.iter().map(sized).collect(),
            Body::Index(index) => {
                let Some(depth) = depth else { return Some(Blobs::new()) };
                let depth = Some(depth.checked_sub(1)?);
                let mut all = Blobs::new();
                for child in index.manifests.iter().filter_map(|child| child.digest) {
                    all.extend(blobs(client, name, child, depth).await?);
                }
                Some(all)
            }
            Body::Schema1(_) | Body::Unknown => None,
        }
    }
    .boxed()
}
