//! The parts of a manifest.

use super::{Body, Descriptor, Manifest};
use crate::model::digest::Digest;

/// Returns the blobs that a manifest names: its config, then its layers, bottom first.
pub fn blobs(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
    let config = match &manifest.body {
        Body::Image(image) => image.config.as_ref(),
        _ => None,
    };
    config.into_iter().chain(manifest.layers())
}

/// Returns the manifests that an index lists.
pub fn children(manifest: &Manifest) -> &[Descriptor] {
    match &manifest.body {
        Body::Index(index) => &index.manifests,
        _ => &[],
    }
}

/// Returns the digests of everything that must be at the destination before this manifest may be put there.
pub fn needs(manifest: &Manifest) -> impl Iterator<Item = Digest> {
    let named = blobs(manifest).chain(children(manifest)).chain(manifest.subject());
    named.filter_map(|descriptor| descriptor.digest)
}

/// Returns whether the bytes of a layer may be meant to come from elsewhere, so that registries need not hold them.
pub fn is_foreign(layer: &Descriptor) -> bool {
    !layer.urls.is_empty() || layer.media_type.is_foreign_layer()
}
