//! The facts about an image that a row of the Tags pane shows.

use std::collections::HashSet;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::annotations;
use super::digest::Digest;
use super::image::ImageConfig;
use super::manifest::{Body, Descriptor, Manifest};
use super::media_type::MediaType;
use super::platform::Platform;
use super::size;

/// The greatest number of platforms that a line lists for one image.
const MOST_PLATFORMS: usize = 100;

/// An image in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The digest of the manifest that the tag names.
    pub digest: Digest,
    /// The media type of that manifest.
    pub media_type: MediaType,
    /// The kind of the manifest.
    pub kind: Kind,
    /// Compressed bytes, every distinct blob counted once; over all platforms for an index. `None` if not known.
    pub size: Option<u64>,
    /// The build date; for an index, that of the newest platform.
    pub created: Option<Timestamp>,
    /// The platforms of the image, attestations left out.
    pub platforms: Vec<Platform>,
}

/// The kind of a manifest, by the rule of OCI image-spec `manifest.md` § Guidelines for Artifact Usage.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A container image for one platform.
    Image,
    /// A list of images.
    Index,
    /// Docker schema 1.
    Schema1,
    /// Helm chart.
    HelmChart,
    /// WebAssembly module or component.
    Wasm,
    /// Signature: cosign, Notation, sigstore bundle.
    Signature,
    /// in-toto or buildkit attestation.
    Attestation,
    /// Software bill of materials.
    Sbom,
    /// Any other artifact, by its type: untrusted text.
    Artifact(MediaType),
    /// A manifest of unknown shape.
    Unknown,
}

impl Summary {
    /// Returns the summary of a manifest that stands alone. `config` is its image config, if it has one that could be
    /// read.
    pub fn of_manifest(manifest: &Manifest, config: Option<&ImageConfig>) -> Summary {
        let platform = match &manifest.body {
            Body::Schema1(schema1) => {
                schema1.architecture.as_deref().and_then(|arch| Platform::parse(&format!("linux/{arch}")))
            }
            _ => config.and_then(|config| config.platform.clone()),
        };
        Summary {
            digest: manifest.digest,
            media_type: manifest.media_type.clone(),
            kind: manifest.kind(),
            size: size_of(std::iter::once(manifest)),
            created: config.and_then(|config| config.created).or_else(|| created_by_annotation(manifest)),
            platforms: platform.into_iter().filter(|platform| !platform.is_unknown()).collect(),
        }
    }

    /// Returns the summary of an index. `children` are the manifests and configs of its children that could be read.
    pub fn of_index(manifest: &Manifest, children: &[(&Manifest, Option<&ImageConfig>)]) -> Summary {
        let listed = match &manifest.body {
            Body::Index(index) => index.manifests.as_slice(),
            _ => &[],
        };
        let created =
            children.iter().filter_map(|(_, config)| config.and_then(|config| config.created)).max();
        let named =
            listed.iter().filter(|child| !child.is_attestation()).filter_map(|child| child.platform.clone());
        let mut platforms: Vec<Platform> = Vec::new();
        let by_config =
            children.iter().filter_map(|(_, config)| config.and_then(|config| config.platform.clone()));
        for platform in named.chain(by_config) {
            if platforms.len() == MOST_PLATFORMS {
                break;
            }
            if !platform.is_unknown() && !platforms.iter().any(|known| known.is_same_machine(&platform)) {
                platforms.push(platform);
            }
        }
        Summary {
            digest: manifest.digest,
            media_type: manifest.media_type.clone(),
            kind: manifest.kind(),
            size: size_of(children.iter().map(|(manifest, _)| *manifest))
                .filter(|_| !children.is_empty() || listed.is_empty()),
            created: created.or_else(|| created_by_annotation(manifest)),
            platforms,
        }
    }
}

fn created_by_annotation(manifest: &Manifest) -> Option<Timestamp> {
    manifest.annotations()?.get(annotations::CREATED)?.parse().ok()
}

/// Returns the compressed bytes of the distinct configs and layers of these manifests. Returns `None` if the size of
/// one of them is not known.
pub fn size_of<'a>(manifests: impl Iterator<Item = &'a Manifest>) -> Option<u64> {
    let mut all = Distinct::default();
    manifests.for_each(|manifest| all.add(manifest));
    all.size()
}

/// The sum of the distinct configs and layers of manifests. The manifests themselves need not be kept.
#[derive(Debug, Default)]
pub(crate) struct Distinct {
    /// Hashes of their digests, with keys that no server knows.
    seen: HashSet<u64>,
    hasher: std::hash::RandomState,
    total: u64,
    is_unknown: bool,
}

impl Distinct {
    /// Adds the config and layers of a manifest.
    pub(crate) fn add(&mut self, manifest: &Manifest) {
        let is_unknown = matches!(manifest.body, Body::Schema1(_) | Body::Unknown);
        self.is_unknown |= is_unknown || manifest.layers_left_out() > 0;
        if self.is_unknown {
            return;
        }
        for blob in blobs_of(manifest) {
            if self.seen.insert(std::hash::BuildHasher::hash_one(&self.hasher, &blob.digest_text)) {
                self.is_unknown |= blob.size.is_none();
                self.total = size::plus(self.total, blob.size.unwrap_or(0));
            }
        }
    }

    /// Returns the bytes of everything that was added, if the size of each of them is known.
    pub(crate) fn size(&self) -> Option<u64> {
        (!self.is_unknown).then_some(self.total)
    }
}

fn blobs_of(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
    let config = match &manifest.body {
        Body::Image(image) => image.config.as_ref(),
        _ => None,
    };
    config.into_iter().chain(manifest.layers())
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Image => "image",
            Kind::Index => "index",
            Kind::Schema1 => "schema 1",
            Kind::HelmChart => "Helm chart",
            Kind::Wasm => "Wasm",
            Kind::Signature => "signature",
            Kind::Attestation => "attestation",
            Kind::Sbom => "SBOM",
            Kind::Artifact(media_type) => return write!(f, "artifact {media_type}"),
            Kind::Unknown => "unknown",
        })
    }
}
