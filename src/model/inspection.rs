//! Everything that the Details pane shows of one image.

use std::sync::Arc;

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
    pub referrers: Vec<Referrer>,
    /// Whether the registry has the referrers API, as far as looking for them showed.
    pub referrers_api: Ability,
    /// Children of an index that were left out because there are too many.
    pub left_out: usize,
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
pub struct Referrer {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub descriptor: Descriptor,
    /// How it was found.
    pub found: Found,
}

/// How a referrer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// By the referrers API.
    Api,
    /// In the fallback tag of the OCI distribution-spec.
    FallbackTag,
    /// By cosign's digest tag.
    DigestTag,
}
