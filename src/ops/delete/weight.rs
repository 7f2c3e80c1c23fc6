//! How many bytes would be free, and how many others still need.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::{self, BoxFuture};
use futures_util::{FutureExt, StreamExt, stream};

use super::graph::AT_ONCE;
use crate::client::{Client, Lane};
use crate::model::digest::Digest;
use crate::model::manifest::{Body, Descriptor};
use crate::model::reference::{RepositoryName, Selector, Tag};

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

/// Weighs the images that go against the tags that stay. `None` where a size is not known, or too much would have to be
/// fetched to know it.
pub async fn weigh(
    client: &Client,
    name: &RepositoryName,
    going: &[Digest],
    staying: &BTreeMap<Tag, Digest>,
) -> Option<Weight> {
    if going.is_empty() {
        return Some(Weight::default());
    }
    let mut tags_of: HashMap<Digest, usize> = HashMap::new();
    staying.values().for_each(|digest| *tags_of.entry(*digest).or_default() += 1);
    let all: Vec<Digest> = going.iter().copied().chain(tags_of.keys().copied()).collect();
    let kept = future::join_all(all.iter().map(|digest| client.kept_manifest(digest))).await;
    if kept.iter().filter(|manifest| manifest.is_none()).count() > MOST_FETCHED {
        return None;
    }
    let read: Vec<_> = all.iter().map(|digest| blobs(client, name, *digest, DEEPEST)).collect();
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

/// Config and layers of an image, or of everything that an index lists. Children that are gone weigh nothing.
fn blobs<'a>(
    client: &'a Client,
    name: &'a RepositoryName,
    digest: Digest,
    depth: usize,
) -> BoxFuture<'a, Option<Blobs>> {
    async move {
        let manifest = match client.manifest(name, &Selector::Digest(digest), Lane::Background).await {
            Ok(manifest) => manifest,
            Err(error) if error.cause.status() == Some(404) => return Some(Blobs::new()),
            Err(_) => return None,
        };
        let sized = |blob: &Descriptor| Some((blob.digest_text.clone(), blob.size?));
        match &manifest.body {
            Body::Image(image) => image.config.iter().chain(&image.layers).map(sized).collect(),
            Body::Artifact(artifact) => artifact.blobs.iter().map(sized).collect(),
            Body::Index(index) if depth > 0 => {
                let mut all = Blobs::new();
                for child in index.manifests.iter().filter_map(|child| child.digest) {
                    all.extend(blobs(client, name, child, depth - 1).await?);
                }
                Some(all)
            }
            Body::Index(_) | Body::Schema1(_) | Body::Unknown => None,
        }
    }
    .boxed()
}
