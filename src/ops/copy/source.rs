//! Reads one image of the source, and reduces it to the requested platforms.

use std::sync::Arc;

use super::selection::{Pick, failure};
use crate::client::{Error, Priority, Registry};
use crate::model::change::copy::CopyRequest;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::platforms::{self, InnerPlatforms, Narrowed, Split};
use crate::model::manifest::{Body, DEEPEST, Descriptor, Manifest};
use crate::model::reference::Selector;
use crate::model::text::SafeText;
use crate::ops::index_images::IndexImages;

/// An image of the source as it will be copied.
pub(crate) struct SourceImage {
    /// Its digest at the source.
    pub(crate) source: Digest,
    /// The manifest for the destination: the same one, or the rest of it with the requested platforms.
    pub(crate) manifest: Arc<Manifest>,
    /// The platforms of it that are copied, if not all are.
    pub(crate) split: Split,
    /// Texts about the parts of it that are not copied.
    pub(crate) left_out: Vec<SafeText>,
}

/// Reads an image, and returns it together with its selection.
pub(crate) async fn find(
    registry: &dyn Registry,
    request: &CopyRequest,
    pick: Pick,
) -> (Pick, Result<SourceImage, Failure>) {
    let found = read(registry, request, &pick.selector).await;
    (pick, found)
}

async fn read(
    registry: &dyn Registry,
    request: &CopyRequest,
    selector: &Selector,
) -> Result<SourceImage, Failure> {
    let name = &request.from.name;
    let failed = |error: Error| error.failure(format!("cannot read {}{}", request.from, selector.suffix()));
    let manifest = match selector {
        Selector::Tag(tag) => registry.latest_manifest(name, tag, Priority::Background).await,
        Selector::Digest(_) => registry.manifest(name, selector, Priority::Background).await,
    };
    let whole = manifest.map_err(failed)?;
    let mut left_out = Vec::new();
    let refused = |why: String| failure(&request.from, format!("{selector}: {why}"), FailureKind::NotFound);
    let mut split = Split::default();
    let mut manifest = whole.clone();
    // Each round leads into an index within the one before.
    for depth in 0..DEEPEST {
        let inner = inner_platforms(registry, request, &manifest).await.map_err(refused)?;
        let mut noted = Vec::new();
        let narrowed = match platforms::narrow(&manifest, &request.platforms, &inner, &mut noted) {
            // The index around this one lists it under the requested platform.
            Err(_) if depth > 0 => break,
            narrowed => narrowed.map_err(refused)?,
        };
        left_out.append(&mut noted);
        match narrowed {
            Narrowed::Whole if depth == 0 => {
                check_platform(registry, request, &manifest).await.map_err(refused)?;
                break;
            }
            Narrowed::Whole => break,
            Narrowed::Child(child, of) => {
                split.narrow(of);
                let child = Selector::Digest(child);
                manifest = registry.manifest(name, &child, Priority::Background).await.map_err(failed)?;
                if !matches!(manifest.body, Body::Index(_)) {
                    break;
                }
            }
            Narrowed::Index(index, of) => {
                split.narrow(of);
                manifest = index;
                break;
            }
        }
    }
    Ok(SourceImage { source: whole.digest, manifest, split, left_out })
}

/// Returns the platforms within those inner indexes that an index lists without a platform.
async fn inner_platforms(
    registry: &dyn Registry,
    request: &CopyRequest,
    manifest: &Manifest,
) -> Result<InnerPlatforms, String> {
    let mut inner = InnerPlatforms::new();
    let Body::Index(index) = &manifest.body else { return Ok(inner) };
    let is_needed = |child: &Descriptor| child.platform.is_none() && child.may_be_index();
    if request.platforms.is_empty() || !index.manifests.iter().any(is_needed) {
        return Ok(inner);
    }
    let found = IndexImages::read(registry, &request.from.name, index, Priority::Background).await;
    if found.left_out > 0 {
        return Err("it lists too many images to be looked at".into());
    }
    for image in found.images {
        if let Some(failure) = image.failure.filter(|failure| failure.kind != FailureKind::NotFound) {
            return Err(format!("{}: {}", failure.what, failure.why));
        }
        if let (Some(index), Some(platform)) = (image.within.first(), image.platform) {
            let platforms = inner.entry(*index).or_default();
            if !platform.is_unknown() && !platforms.contains(&platform) {
                platforms.push(platform);
            }
        }
    }
    Ok(inner)
}

/// Fails with a text for a plain image of a platform that is not requested. Artifacts have no platform.
async fn check_platform(
    registry: &dyn Registry,
    request: &CopyRequest,
    manifest: &Manifest,
) -> Result<(), String> {
    let Some(config) = manifest.image_config() else { return Ok(()) };
    if request.platforms.is_empty() {
        return Ok(());
    }
    // A config that cannot be read keeps no image from being copied.
    let Ok(config) = registry.config(&request.from.name, config, Priority::Background).await else {
        return Ok(());
    };
    match &config.platform {
        Some(platform) if !request.platforms.iter().any(|requested| requested.is_same_machine(platform)) => {
            Err(format!("it is for {platform} only"))
        }
        _ => Ok(()),
    }
}
