//! The differences between two images: layers, config, packages, and the lines of a file.
//!
//! `src/layer/diff.rs` has the differences between their files.

mod align;
mod config;
mod layers;
pub mod packages;
pub mod page;
pub mod text;
mod wording;

use jiff::Timestamp;
use serde::Serialize;

use super::annotations;
use super::base_image::{BASE_DIGEST, BASE_NAME};
use super::digest::Digest;
use super::image::ImageConfig;
use super::manifest::{Descriptor, Manifest};
use super::platform::Platform;
use super::size;
use super::summary::{created_of, size_of};
pub use config::ConfigDifference;
pub use layers::{DiffedLayer, LayerChange, SharedLayers};
pub(crate) use wording::describe_packages;

/// The differences between two images for one platform each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageDiff {
    /// The facts about the left image.
    pub left: DiffSide,
    /// The facts about the right image.
    pub right: DiffSide,
    /// The layers of both, bottom first.
    pub layers: Vec<DiffedLayer>,
    /// Compressed bytes of config and layers that only the right image has: the download for a client that has the
    /// left one. A client that knows layers by their uncompressed digests downloads less. `None` if a size is missing.
    pub new_bytes: Option<u64>,
    /// The values of the config, the history and the annotations that differ.
    pub config: Vec<ConfigDifference>,
    /// Whether lists were so long that parts of them were not compared.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
}

/// The facts about one of the images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiffSide {
    /// The name that the image was asked for by.
    pub reference: String,
    /// The number of the layer, from 1, if only that is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// The digest of the manifest of the image, not of an index; or that of the layer.
    pub digest: Digest,
    /// Compressed bytes of config and layers, each blob counted once; or those of the layer. `None` if not known.
    pub size: Option<u64>,
    /// The build date.
    pub created: Option<Timestamp>,
    /// The platform.
    pub platform: Option<Platform>,
    /// The name and the digest of the base image, as annotations state them. Untrusted text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
}

/// One of two images to compare.
#[derive(Debug, Clone, Copy)]
pub struct DiffInput<'a> {
    /// The name that it was asked for by.
    pub reference: &'a str,
    /// The manifest, not of an index.
    pub manifest: &'a Manifest,
    /// The config.
    pub config: Option<&'a ImageConfig>,
    /// The platform.
    pub platform: Option<&'a Platform>,
}

impl ImageDiff {
    /// Compares two images by their manifests and configs.
    pub fn of(left: DiffInput<'_>, right: DiffInput<'_>) -> ImageDiff {
        ImageDiff {
            left: DiffSide::of(&left),
            right: DiffSide::of(&right),
            layers: layers::diff(&left, &right),
            new_bytes: new_bytes(left.manifest, right.manifest),
            config: config::diff(&left, &right),
            is_cut: [&left, &right].iter().any(|side| !side.is_whole()),
        }
    }

    /// Compares two layers of any images, by their numbers from 1. Returns `None` if there is no such layer, or if its
    /// digest cannot be checked.
    pub fn of_layers(left: (DiffInput<'_>, usize), right: (DiffInput<'_>, usize)) -> Option<ImageDiff> {
        let side = |(image, number): &(DiffInput<'_>, usize)| {
            let descriptor = image.manifest.layers().get(number.checked_sub(1)?)?;
            Some(DiffSide {
                reference: image.reference.to_string(),
                layer: Some(*number),
                digest: descriptor.digest?,
                size: descriptor.size,
                created: None,
                platform: image.platform.cloned(),
                base: None,
            })
        };
        let layers = layers::diff_pair(&left, &right)?;
        let (left, right) = (side(&left)?, side(&right)?);
        Some(ImageDiff {
            new_bytes: if left.digest == right.digest { Some(0) } else { right.size },
            left,
            right,
            layers,
            config: Vec::new(),
            is_cut: false,
        })
    }

    /// Returns whether only a layer of each image is compared.
    pub fn is_of_layers(&self) -> bool {
        self.right.layer.is_some()
    }

    /// Returns whether both are the same image or layer, byte by byte.
    pub fn is_same(&self) -> bool {
        self.left.digest == self.right.digest
    }

    /// Returns the number of layers with this change, and their compressed bytes as far as they are known.
    pub fn count(&self, change: LayerChange) -> (usize, u64) {
        let layers = || self.layers.iter().filter(|layer| layer.change == change);
        (layers().count(), size::sum_of_known(layers().map(|layer| layer.size)))
    }
}

impl DiffInput<'_> {
    fn is_whole(&self) -> bool {
        let is_whole = |config: &ImageConfig| {
            config.env.is_whole()
                && config.labels.is_whole()
                && config.history.is_whole()
                && config.exposed_ports.is_whole()
                && config.volumes.is_whole()
                && config.diff_ids.is_whole()
                && [&config.cmd, &config.entrypoint, &config.healthcheck].iter().all(|list| list.is_whole())
        };
        self.manifest.is_whole() && self.config.is_none_or(is_whole)
    }
}

impl DiffSide {
    fn of(input: &DiffInput<'_>) -> DiffSide {
        let labels = input.config.map(|config| &*config.labels);
        let sources = [input.manifest.annotations(), labels];
        let base = |key| sources.iter().flatten().find_map(|texts| annotations::value(texts, key));
        let base = match (base(BASE_NAME), base(BASE_DIGEST)) {
            (Some(name), Some(digest)) if !name.contains('@') => Some(format!("{name}@{digest}")),
            (name, digest) => name.or(digest).map(String::from),
        };
        DiffSide {
            reference: input.reference.to_string(),
            layer: None,
            digest: input.manifest.digest,
            size: size_of(std::iter::once(input.manifest)),
            created: created_of(input.manifest, input.config),
            platform: input.platform.cloned(),
            base,
        }
    }
}

fn new_bytes(left: &Manifest, right: &Manifest) -> Option<u64> {
    fn blobs(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
        manifest.image_config().into_iter().chain(manifest.layers())
    }
    let mut known: std::collections::HashSet<&str> =
        blobs(left).map(|blob| blob.digest_text.as_str()).collect();
    let new = blobs(right).filter(|blob| known.insert(&blob.digest_text) && !blob.is_foreign());
    size::sum(new.map(|blob| blob.size)).filter(|_| right.layers_left_out() == 0)
}

#[cfg(test)]
mod tests;
