//! Everything that the Details pane shows of one image.

use std::sync::Arc;

use super::capped::Capped;
use super::failure::Failure;
use super::image::{ImageConfig, LayerTable};
use super::manifest::{Descriptor, Manifest};
use super::platform::Platform;
use super::reference::Repository;
use super::server::Ability;
use super::summary::{Kind, Summary};

/// An image looked into: its manifest, and for an index each child's.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// Where it is.
    pub repository: Repository,
    /// In one line.
    pub summary: Summary,
    /// The manifest asked for.
    pub manifest: Arc<Manifest>,
    /// One entry for a plain image or artifact; one per platform for an index.
    pub variants: Vec<Variant>,
    /// What points here by `subject` or by a digest tag.
    pub referrers: Capped<Vec<ListedReferrer>>,
    /// Whether the registry has the referrers API, as far as looking for them showed.
    pub referrers_api: Ability,
    /// Children of an index that were left out because there are too many.
    pub left_out: usize,
}

impl Inspection {
    /// About how many bytes it takes.
    pub fn weight(&self) -> usize {
        let referrers = self.referrers.len() * (size_of::<ListedReferrer>() + 256);
        let top = self.manifest.weight() + self.manifest.outline().weight();
        let of_others = |variant: &Variant| match &variant.manifest {
            // It is the one that was asked for.
            Ok(manifest) if Arc::ptr_eq(manifest, &self.manifest) => variant.weight() - manifest.weight(),
            _ => variant.weight(),
        };
        top + referrers + self.variants.iter().map(of_others).sum::<usize>()
    }
}

impl Variant {
    /// About how many bytes it takes.
    pub fn weight(&self) -> usize {
        let manifest = self.manifest.as_ref().map_or(0, |manifest| manifest.weight());
        let config = self.config.as_ref().and_then(|config| config.as_ref().ok());
        let attestations = self.attestations.len() * (size_of::<Descriptor>() + 256);
        manifest + config.map_or(0, |config| config.weight()) + self.layers.weight() + attestations
    }
}

/// One image of an index, or the image itself.
#[derive(Debug, Clone)]
pub struct Variant {
    /// What it is for: from its config, else from the index.
    pub platform: Option<Platform>,
    /// What it is.
    pub kind: Kind,
    /// As the index lists it; `None` for an image that stands alone.
    pub descriptor: Option<Descriptor>,
    /// Its manifest, or why there is none.
    pub manifest: Result<Arc<Manifest>, Failure>,
    /// Its config; `None` for an artifact, a nested index, schema 1, or when the manifest is missing.
    pub config: Option<Result<Arc<ImageConfig>, Failure>>,
    /// Its layers with their history.
    pub layers: LayerTable,
    /// Compressed bytes of its distinct layers and its config.
    pub size: Option<u64>,
    /// Attestations of the index that belong to it (buildkit's `vnd.docker.reference.digest`).
    pub attestations: Vec<Descriptor>,
}

/// Something that belongs to the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedReferrer {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub descriptor: Descriptor,
    /// How it was found.
    pub found: ReferrerSource,
}

/// How a referrer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferrerSource {
    /// By the referrers API.
    Api,
    /// In the fallback tag of the OCI distribution-spec.
    FallbackTag,
    /// By cosign's digest tag.
    DigestTag,
}
