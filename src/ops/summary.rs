//! Summarizes an image in one line, with as few requests as possible.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};

use crate::client::{Error, Priority, Registry};
use crate::model::capped::Capped;
use crate::model::change::image_info::ImageInfo;
use crate::model::digest::Digest;
use crate::model::image::ImageConfig;
use crate::model::manifest::{Body, Descriptor, Manifest};
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::summary::{Distinct, Kind, Summary};

/// The number of children of an index that are read. If there are more, the size is not known.
const MOST_CHILDREN: usize = 32;
/// The number of children that are asked for at the same time.
const AT_ONCE: usize = 4;
/// The number of images of a plan that are asked for at the same time.
const MOST_IMAGES: usize = 16;

/// The weight above which a manifest is heavy.
const HEAVY: usize = 1024 * 1024;

/// Returns the summary of a tag's image. Its size is known if all its parts are. Its date is that of its config; for an
/// index, that of the first platform.
pub async fn of_tag(
    registry: &dyn Registry,
    name: &RepositoryName,
    tag: &Tag,
    priority: Priority,
) -> Result<Summary, Error> {
    let manifest = registry.latest_manifest(name, tag, priority).await?;
    summarize_in_turn(registry, name, manifest, priority).await
}

/// Returns the dates and sizes that a plan shows for images, in their order. They are empty for an image that cannot be
/// read.
pub(crate) async fn infos(
    registry: &dyn Registry,
    name: &RepositoryName,
    images: Vec<Digest>,
) -> Vec<ImageInfo> {
    let info = |digest| async move { info(registry, name, digest).await }.boxed();
    let all: Vec<_> = images.into_iter().map(info).collect();
    stream::iter(all).buffered(MOST_IMAGES).collect().await
}

/// Returns the same for one image.
pub(crate) async fn info(registry: &dyn Registry, name: &RepositoryName, digest: Digest) -> ImageInfo {
    let selector = Selector::Digest(digest);
    let Ok(manifest) = registry.manifest(name, &selector, Priority::Background).await else {
        return ImageInfo::default();
    };
    let summary = summarize_in_turn(registry, name, manifest, Priority::Background).await;
    summary.as_ref().map(ImageInfo::from).unwrap_or_default()
}

/// Returns the same for a manifest that is held in any case, in a repository that has its config and its children.
pub(crate) async fn info_of(
    registry: &dyn Registry,
    name: &RepositoryName,
    manifest: &Manifest,
) -> ImageInfo {
    ImageInfo::from(&of_manifest(registry, name, manifest, Priority::Background).await)
}

/// Summarizes an image. Many images are asked for at the same time, so a heavy manifest is dropped while it waits for
/// its turn.
async fn summarize_in_turn(
    registry: &dyn Registry,
    name: &RepositoryName,
    manifest: Arc<Manifest>,
    priority: Priority,
) -> Result<Summary, Error> {
    if !is_heavy(&manifest) {
        return Ok(of_manifest(registry, name, &manifest, priority).await);
    }
    let selector = Selector::Digest(manifest.digest);
    drop(manifest);
    let _turn = registry.large_content_permit().await;
    let manifest = registry.manifest(name, &selector, priority).await?;
    Ok(of_manifest(registry, name, &manifest, priority).await)
}

/// Returns whether a manifest is so large that only one of its kind may be held at a time.
pub(crate) fn is_heavy(manifest: &Manifest) -> bool {
    manifest.memory_size() > HEAVY
}

async fn of_manifest(
    registry: &dyn Registry,
    name: &RepositoryName,
    manifest: &Manifest,
    priority: Priority,
) -> Summary {
    match &manifest.body {
        Body::Index(index) => of_index(registry, name, manifest, &index.manifests, priority).await,
        _ => {
            let config = config_of(registry, name, manifest, priority).await;
            Summary::of_manifest(manifest, config.as_deref())
        }
    }
}

/// Adds up the children as they arrive, so that only a few are held.
async fn of_index(
    registry: &dyn Registry,
    name: &RepositoryName,
    index: &Manifest,
    children: &Capped<Vec<Descriptor>>,
    priority: Priority,
) -> Summary {
    let runnable = || children.iter().filter(|child| !child.is_attestation());
    let looked_at: Vec<_> = runnable()
        .take(MOST_CHILDREN)
        .filter_map(|child| child.digest)
        .map(|digest| child(registry, name, digest, priority).boxed())
        .collect();
    let at_once = if is_heavy(index) { 1 } else { AT_ONCE };
    let mut looked_at = stream::iter(looked_at).buffered(at_once);
    let (mut found, mut sizes, mut first) = (0, Distinct::default(), None);
    // Nothing else is awaited meanwhile: a child that is not polled keeps its permit from the others.
    while let Some(child) = looked_at.next().await {
        let Some(manifest) = child else { continue };
        sizes.add(&manifest);
        found += 1;
        first.get_or_insert(manifest);
    }
    let first = match first {
        Some(manifest) => {
            let config = config_of(registry, name, &manifest, priority).await;
            Some((manifest, config))
        }
        None => None,
    };
    let first: Vec<_> = first.iter().map(|(manifest, config)| (&**manifest, config.as_deref())).collect();
    let mut summary = Summary::of_index(index, &first);
    let is_whole = children.is_whole() && found == runnable().count() && (found > 0 || children.is_empty());
    summary.size = sizes.size().filter(|_| is_whole);
    summary
}

async fn child(
    registry: &dyn Registry,
    name: &RepositoryName,
    digest: Digest,
    priority: Priority,
) -> Option<Arc<Manifest>> {
    registry.manifest(name, &Selector::Digest(digest), priority).await.ok()
}

/// Returns the config of an image. If the config cannot be read, its fields are missing, but the image is still shown.
async fn config_of(
    registry: &dyn Registry,
    name: &RepositoryName,
    manifest: &Manifest,
    priority: Priority,
) -> Option<Arc<ImageConfig>> {
    let Body::Image(image) = &manifest.body else { return None };
    match manifest.kind() {
        Kind::Image => registry.config(name, image.config.as_ref()?, priority).await.ok(),
        _ => None,
    }
}
