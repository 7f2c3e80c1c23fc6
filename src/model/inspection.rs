//! Everything that the Details pane shows of an image.

use std::sync::Arc;

use serde::Serialize;

use super::capped::Capped;
use super::digest::Digest;
use super::failure::Failure;
use super::image::{ImageConfig, LayerTable};
use super::manifest::{Descriptor, Manifest};
use super::platform::Platform;
use super::reference::Repository;
use super::server::Ability;
use super::summary::{Kind, Summary};
use super::text::SafeText;

/// An inspected image: its manifest, and for an index the manifest of each child.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The repository of the image.
    pub repository: Repository,
    /// The image in one line.
    pub summary: Summary,
    /// The manifest that was asked for.
    pub manifest: Arc<Manifest>,
    /// One entry for a plain image or artifact; one entry per platform for an index.
    pub variants: Vec<Variant>,
    /// The manifests that refer to the image by `subject` or by a digest tag.
    pub referrers: Capped<Vec<ListedReferrer>>,
    /// The reason why there may be more of them.
    pub referrers_incomplete: Option<SafeText>,
    /// Whether the referrers are still searched for. Until then there seem to be none, or those of the last search.
    pub are_referrers_awaited: bool,
    /// Whether the registry has the referrers API, as far as the search for referrers showed.
    pub referrers_api: Ability,
    /// The number of children of an index that were left out because there are too many.
    pub left_out: usize,
}

/// The referrers of an image and of the images of an index.
#[derive(Debug, Clone)]
pub struct FoundReferrers {
    /// The manifests that refer to the image itself.
    pub of_image: Capped<Vec<ListedReferrer>>,
    /// For each variant, in their order, the manifests that refer to it. Empty for an image that stands alone.
    pub of_variants: Vec<Capped<Vec<ListedReferrer>>>,
    /// The reason why there may be more of them.
    pub incomplete: Option<SafeText>,
    /// Whether the registry has the referrers API, as far as the search showed.
    pub api: Ability,
}

impl Inspection {
    /// Takes the referrers that were found.
    pub(crate) fn take_referrers(&mut self, found: FoundReferrers) {
        self.referrers = found.of_image;
        self.referrers_incomplete = found.incomplete;
        self.referrers_api = found.api;
        for (variant, referrers) in self.variants.iter_mut().zip(found.of_variants) {
            variant.referrers = referrers;
        }
        self.are_referrers_awaited = false;
    }

    /// Takes over the referrers from an earlier inspection of the same image. They are still searched for.
    pub(crate) fn keep_referrers(&mut self, earlier: &Inspection) {
        if self.manifest.digest != earlier.manifest.digest || self.variants.len() != earlier.variants.len() {
            return;
        }
        self.referrers.clone_from(&earlier.referrers);
        self.referrers_incomplete.clone_from(&earlier.referrers_incomplete);
        for (variant, earlier) in self.variants.iter_mut().zip(&earlier.variants) {
            variant.referrers.clone_from(&earlier.referrers);
        }
    }

    /// Returns a text about the referrers that are not shown, if there are or may be some.
    pub(crate) fn missing_referrers(&self) -> Option<SafeText> {
        let more = self.referrers_left_out();
        match &self.referrers_incomplete {
            _ if more > 0 => Some(SafeText::from(format!("and {more} more"))),
            Some(why) => Some(SafeText::from(format!("may be incomplete: {why}"))),
            None => None,
        }
    }

    /// Returns the referrers of the image, then those of the images of an index, each with the image that it refers to.
    pub(crate) fn all_referrers(&self) -> impl Iterator<Item = (Option<&Variant>, &ListedReferrer)> {
        let of_variants = self
            .variants
            .iter()
            .flat_map(|variant| variant.referrers.iter().map(move |referrer| (Some(variant), referrer)));
        self.referrers.iter().map(|referrer| (None, referrer)).chain(of_variants)
    }

    /// Returns the number of referrers beyond those of [`Inspection::all_referrers`].
    pub(crate) fn referrers_left_out(&self) -> usize {
        let of_variants = self.variants.iter().map(|variant| variant.referrers.left_out());
        of_variants.fold(self.referrers.left_out(), usize::saturating_add)
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn memory_size(&self) -> usize {
        let referrers = self.referrers.len() * (size_of::<ListedReferrer>() + 256);
        let top = self.manifest.memory_size() + self.manifest.outline().memory_size();
        let of_others = |variant: &Variant| match &variant.manifest {
            // This is the manifest that was asked for, which is counted above.
            Ok(manifest) if Arc::ptr_eq(manifest, &self.manifest) => {
                variant.memory_size() - manifest.memory_size()
            }
            _ => variant.memory_size(),
        };
        top + referrers + self.variants.iter().map(of_others).sum::<usize>()
    }
}

impl Variant {
    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn memory_size(&self) -> usize {
        let manifest = self.manifest.as_ref().map_or(0, |manifest| manifest.memory_size());
        let config = self.config.as_ref().and_then(|config| config.as_ref().ok());
        let referrers = self.referrers.len() * (size_of::<ListedReferrer>() + 256);
        manifest + config.map_or(0, |config| config.memory_size()) + self.layers.memory_size() + referrers
    }

    /// Returns the name of the image among those of its index: its platform, else its kind. Untrusted text.
    pub(crate) fn name(&self) -> String {
        self.platform.as_ref().map_or_else(|| self.kind.to_string(), ToString::to_string)
    }
}

/// An image of an index, or the image itself.
#[derive(Debug, Clone)]
pub struct Variant {
    /// The platform, from the config, else from the index. Attestations have none.
    pub platform: Option<Platform>,
    /// The platform that the index names.
    pub listed_platform: Option<Platform>,
    /// The kind of the image.
    pub kind: Kind,
    /// The descriptor in the index; `None` for an image that stands alone.
    pub descriptor: Option<Descriptor>,
    /// The indexes within the index that lead to the image, the outermost one first.
    pub within: Vec<Digest>,
    /// The manifest, or the reason why it could not be read.
    pub manifest: Result<Arc<Manifest>, Failure>,
    /// The config; `None` for an artifact, an index, or if the manifest is missing. That of schema 1 is the newest entry
    /// of its history.
    pub config: Option<Result<Arc<ImageConfig>, Failure>>,
    /// The layers with their history.
    pub layers: LayerTable,
    /// The compressed bytes of the distinct layers and the config.
    pub size: Option<u64>,
    /// The manifests that refer to this image of an index: the attestations that the index lists (buildkit's
    /// `vnd.docker.reference.digest`), then those with a `subject` or a digest tag. Empty for an image that stands alone.
    pub referrers: Capped<Vec<ListedReferrer>>,
}

/// A manifest that belongs to the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedReferrer {
    /// The kinds of its contents, at least one. An attestation of buildkit may have several.
    pub kinds: Vec<Kind>,
    /// The descriptor of the referrer.
    pub descriptor: Descriptor,
    /// The source that listed the referrer.
    pub found: ReferrerSource,
}

impl ListedReferrer {
    /// Returns the kinds of its contents in words: `SBOM, SPDX + provenance`. Untrusted text.
    pub(crate) fn name(&self) -> String {
        self.kinds.iter().map(Kind::to_string).collect::<Vec<_>>().join(" + ")
    }
}

/// The source that listed a referrer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferrerSource {
    /// The index that lists the image too.
    Index,
    /// The referrers API.
    Api,
    /// The fallback tag of the OCI distribution-spec.
    FallbackTag,
    /// The digest tag of cosign.
    DigestTag,
}

impl ReferrerSource {
    /// Returns the source in words.
    pub(crate) fn label(self) -> &'static str {
        match self {
            ReferrerSource::Index => "index",
            ReferrerSource::Api => "referrers API",
            ReferrerSource::FallbackTag => "fallback tag",
            ReferrerSource::DigestTag => "digest tag",
        }
    }
}
