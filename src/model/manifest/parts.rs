//! The parts of a manifest.

use super::{Body, Descriptor, Manifest};
use crate::model::digest::Digest;

impl Manifest {
    /// Returns the blobs that a manifest names: its config, then its layers, bottom first.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        let config = match &self.body {
            Body::Image(image) => image.config.as_ref(),
            _ => None,
        };
        config.into_iter().chain(self.layers())
    }

    /// Returns the manifests that an index lists.
    pub fn children(&self) -> &[Descriptor] {
        match &self.body {
            Body::Index(index) => &index.manifests,
            _ => &[],
        }
    }

    /// Returns the digests of everything that must be at the destination before this manifest may be put there.
    pub fn needs(&self) -> impl Iterator<Item = Digest> {
        let named = self.blobs().chain(self.children()).chain(self.subject());
        named.filter_map(|descriptor| descriptor.digest)
    }
}

impl Descriptor {
    /// Returns whether the bytes of a layer may be meant to come from elsewhere, so that registries need not hold them.
    pub fn is_foreign(&self) -> bool {
        !self.urls.is_empty() || self.media_type.is_foreign_layer()
    }
}
