//! Summarizes an image in one line, with as few requests as possible.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};
use jiff::Timestamp;

use super::index_images::{IndexImage, IndexImages};
use crate::client::{Error, Priority, Registry, SMALL_CONFIG};
use crate::model::change::image_info::ImageInfo;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::image::ImageConfig;
use crate::model::manifest::{Body, Index, Manifest};
use crate::model::platform::Platform;
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::summary::{IndexSummary, Summary, created_of};

/// The number of children that are asked for at the same time.
const AT_ONCE: usize = 4;
/// The number of images of a plan that are asked for at the same time.
const MOST_IMAGES: usize = 16;

/// The weight above which a manifest is heavy.
const HEAVY: usize = 1024 * 1024;

/// Returns the summary of a tag's image. Its size is known if all its parts are. Its date is that of its config; for an
/// index, that of the newest image.
pub async fn of_tag(
    registry: &dyn Registry,
    name: &RepositoryName,
    tag: &Tag,
    priority: Priority,
) -> Result<Summary, Error> {
    let manifest = registry.latest_manifest(name, tag, priority).await?;
    let kind = manifest.kind_under(tag);
    let summary = summarize_in_turn(registry, name, manifest, priority).await?;
    Ok(Summary { kind, ..summary })
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
        Body::Index(index) => of_index(registry, name, manifest, index, priority).await,
        _ => {
            let config = read_config(registry, name, manifest, priority).await.transpose();
            let read = config.as_ref().ok().and_then(Option::as_deref);
            let mut summary = Summary::of_manifest(manifest, read);
            summary.unreadable.extend(config.err());
            summary
        }
    }
}

/// Adds up the images as they arrive, so that only a few are held.
async fn of_index(
    registry: &dyn Registry,
    name: &RepositoryName,
    index: &Manifest,
    list: &Index,
    priority: Priority,
) -> Summary {
    let is_heavy = is_heavy(index);
    let found = IndexImages::read(registry, name, list, priority).await;
    let mut summary = IndexSummary::of(index);
    summary.add_left_out(found.left_out);
    let read: Vec<_> = found
        .images
        .into_iter()
        .map(|image| read_image(registry, name, image, priority, is_heavy).boxed())
        .collect();
    let mut read = stream::iter(read).buffered(if is_heavy { 1 } else { AT_ONCE });
    // Nothing else is awaited meanwhile: a child that is not polled keeps its permit from the others.
    while let Some(image) = read.next().await {
        match image {
            Ok(image) => {
                summary.add(&image.manifest, image.created, image.platforms);
                image.config_failure.into_iter().for_each(|failure| summary.add_unreadable(failure, false));
            }
            Err(failure) => summary.add_unreadable(failure, true),
        }
    }
    summary.finish(index)
}

/// The facts about an image of an index. The config is not kept.
struct ImageFacts {
    manifest: Arc<Manifest>,
    created: Option<Timestamp>,
    platforms: Vec<Platform>,
    config_failure: Option<Failure>,
}

async fn read_image(
    registry: &dyn Registry,
    name: &RepositoryName,
    image: IndexImage,
    priority: Priority,
    has_permit: bool,
) -> Result<ImageFacts, Failure> {
    let manifest = image.read(registry, name, priority).await?;
    let _turn =
        if !has_permit && has_large_config(&manifest) { registry.large_content_permit().await } else { None };
    let config = read_config(registry, name, &manifest, priority).await.transpose();
    let read = config.as_ref().ok().and_then(Option::as_deref);
    let platforms = image.platform.into_iter().chain(read.and_then(|config| config.platform.clone()));
    Ok(ImageFacts {
        created: created_of(&manifest, read),
        platforms: platforms.collect(),
        config_failure: config.err(),
        manifest,
    })
}

/// Returns whether the config of an image is so large that only one of its kind may be held at a time.
pub(super) fn has_large_config(manifest: &Manifest) -> bool {
    manifest.image_config().is_some_and(|config| config.size.is_none_or(|size| size > SMALL_CONFIG))
}

/// Returns the config of an image, or the reason why it cannot be read. Other kinds have none. Schema 1 has it in the
/// manifest.
pub(super) async fn read_config(
    registry: &dyn Registry,
    name: &RepositoryName,
    manifest: &Manifest,
    priority: Priority,
) -> Option<Result<Arc<ImageConfig>, Failure>> {
    if let Body::Schema1(schema1) = &manifest.body {
        return Some(Ok(Arc::new(ImageConfig::of_schema1(schema1)?)));
    }
    let config = registry.config(name, manifest.image_config()?, priority).await;
    Some(config.map_err(|error| error.failure("cannot read the config")))
}
