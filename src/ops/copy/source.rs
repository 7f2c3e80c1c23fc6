//! Reads one image of the source, and reduces it to the requested platforms.

use std::sync::Arc;

use super::selection::{Pick, failure};
use crate::client::{Error, Priority, Registry};
use crate::model::change::copy::CopyRequest;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::platforms::{self, Narrowed, Split};
use crate::model::manifest::{Body, Manifest};
use crate::model::reference::Selector;
use crate::model::summary::Kind;
use crate::model::text::SafeText;

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
    let manifest = match platforms::narrow(&whole, &request.platforms, &mut left_out).map_err(refused)? {
        Narrowed::Whole => {
            check_platform(registry, request, &whole).await.map_err(refused)?;
            whole.clone()
        }
        Narrowed::Child(child, of) => {
            split = of;
            registry.manifest(name, &Selector::Digest(child), Priority::Background).await.map_err(failed)?
        }
        Narrowed::Index(index, of) => {
            split = of;
            index
        }
    };
    Ok(SourceImage { source: whole.digest, manifest, split, left_out })
}

/// Fails with a text for a plain image of a platform that is not requested. Artifacts have no platform.
async fn check_platform(
    registry: &dyn Registry,
    request: &CopyRequest,
    manifest: &Manifest,
) -> Result<(), String> {
    let Body::Image(image) = &manifest.body else { return Ok(()) };
    let Some(config) = image.config.as_ref().filter(|_| manifest.kind() == Kind::Image) else {
        return Ok(());
    };
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
