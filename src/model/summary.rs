//! The facts about an image that a row of the Tags pane shows.

use std::collections::HashSet;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::annotations;
use super::digest::Digest;
use super::failure::{Failure, FailureKind};
use super::image::ImageConfig;
use super::manifest::{Body, Descriptor, Manifest};
use super::media_type::MediaType;
use super::platform::Platform;
use super::size;
use super::text::SafeText;
use super::time::is_reproducible;

/// The greatest number of platforms that a line lists for one image.
const MOST_PLATFORMS: usize = 100;
/// The greatest number of unreadable parts that are named for one image.
const MOST_UNREADABLE: usize = 16;

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
    /// The parts that could not be read, each with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<Failure>,
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
    /// in-toto or buildkit attestation whose content is not known, or of several kinds.
    Attestation,
    /// Attestation of a predicate that has no name of its own here, by the last part of its type: untrusted text.
    Predicate(String),
    /// Sigstore bundle whose content is not known.
    Bundle,
    /// Software bill of materials in an unknown format.
    Sbom,
    /// Software bill of materials, SPDX.
    Spdx,
    /// Software bill of materials, CycloneDX.
    CycloneDx,
    /// SLSA provenance: how the image was built.
    Provenance,
    /// Result of a scan for vulnerabilities.
    Scan,
    /// VEX: which vulnerabilities matter.
    Vex,
    /// Summary of a verification.
    VerificationSummary,
    /// End of life of an image.
    EndOfLife,
    /// SOCI index: parts of layers that are loaded lazily.
    Soci,
    /// List of referrers under a fallback tag.
    ReferrerList,
    /// Any other artifact, by its type: untrusted text.
    Artifact(MediaType),
    /// A manifest of unknown shape.
    Unknown,
}

impl Summary {
    /// Returns the date of the image, or `None` if it is not known or is the fixed date of a reproducible build.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        self.created.filter(|created| !is_reproducible(*created))
    }

    /// Returns the platforms in one line, without the prefix `linux/`, which most of them have.
    pub(crate) fn listed_platforms(&self) -> String {
        list_platforms(&self.platforms)
    }

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
            created: created_of(manifest, config),
            platforms: platform.into_iter().filter(|platform| !platform.is_unknown()).collect(),
            unreadable: Vec::new(),
        }
    }

    /// Returns the summary of an index. `children` are the manifests and configs of all its images.
    pub fn of_index(manifest: &Manifest, children: &[(&Manifest, Option<&ImageConfig>)]) -> Summary {
        let mut summary = IndexSummary::of(manifest);
        for (child, config) in children {
            let platform = config.and_then(|config| config.platform.clone());
            summary.add(child, created_of(child, *config), platform);
        }
        summary.finish(manifest)
    }

    /// Returns the first part that could not be read although the registry has it. A part that it does not have is
    /// named as well, but registries may hold an index without some of its images.
    pub(crate) fn unreadable_part(&self) -> Option<&Failure> {
        self.unreadable.iter().find(|failure| failure.kind != FailureKind::NotFound)
    }
}

/// Returns platforms in one line, without the prefix `linux/`, which most of them have.
pub(crate) fn list_platforms(platforms: &[Platform]) -> String {
    let names: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    let short: Vec<&str> = names.iter().map(|name| name.strip_prefix("linux/").unwrap_or(name)).collect();
    short.join(" ")
}

/// The summary of an index while its images are added one by one, so that they need not be held together.
#[derive(Debug)]
pub(crate) struct IndexSummary {
    summary: Summary,
    sizes: Distinct,
    /// Whether the images that were added are all images of the index.
    is_whole: bool,
}

impl IndexSummary {
    /// Begins with the index and the platforms that it lists itself.
    pub(crate) fn of(index: &Manifest) -> IndexSummary {
        let summary = Summary {
            digest: index.digest,
            media_type: index.media_type.clone(),
            kind: index.kind(),
            size: None,
            created: None,
            platforms: Vec::new(),
            unreadable: Vec::new(),
        };
        let mut started = IndexSummary { summary, sizes: Distinct::default(), is_whole: true };
        for child in index.children().iter().filter(|child| !child.is_attestation()) {
            started.add_platform(child.platform.clone());
        }
        let has_images = index.children().iter().any(|child| !child.is_attestation());
        // Attestations are not added up, so the size of an index of nothing else is not known.
        started.is_whole = has_images || index.children().is_empty();
        started
    }

    /// Adds an image with its build date and its platforms.
    pub(crate) fn add(
        &mut self,
        manifest: &Manifest,
        created: Option<Timestamp>,
        platforms: impl IntoIterator<Item = Platform>,
    ) {
        self.sizes.add(manifest);
        self.summary.created = self.summary.created.max(created);
        for platform in platforms {
            self.add_platform(Some(platform));
        }
    }

    /// Adds a part that could not be read. If it is an image, the size of the index is not known.
    pub(crate) fn add_unreadable(&mut self, failure: Failure, is_image: bool) {
        self.is_whole &= !is_image;
        if self.summary.unreadable.len() < MOST_UNREADABLE {
            self.summary.unreadable.push(failure);
        }
    }

    /// Notes that so many images were left out.
    pub(crate) fn add_left_out(&mut self, count: usize) {
        self.is_whole &= count == 0;
    }

    fn add_platform(&mut self, platform: Option<Platform>) {
        let known = &mut self.summary.platforms;
        let Some(platform) = platform.filter(|platform| !platform.is_unknown()) else { return };
        if known.len() < MOST_PLATFORMS && !known.iter().any(|known| known.is_same_machine(&platform)) {
            known.push(platform);
        }
    }

    /// Returns the summary.
    pub(crate) fn finish(self, index: &Manifest) -> Summary {
        let created = self.summary.created.or_else(|| created_by_annotation(index));
        Summary { size: self.sizes.size().filter(|_| self.is_whole), created, ..self.summary }
    }
}

/// Returns the build date of an image: that of its config, else that of its annotation.
pub(crate) fn created_of(manifest: &Manifest, config: Option<&ImageConfig>) -> Option<Timestamp> {
    config.and_then(|config| config.created).or_else(|| created_by_annotation(manifest))
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
        let is_unknown = match &manifest.body {
            Body::Schema1(_) | Body::Unknown => true,
            // The images of the index were not read.
            Body::Index(index) => index.manifests.count() > 0,
            Body::Image(_) | Body::Artifact(_) => false,
        };
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

impl Kind {
    /// Returns the short name of the kind. For an artifact this is the end of its type that tells it from others:
    /// `example.review+json` for `vnd.example.review+json`.
    pub(crate) fn short_name(&self) -> String {
        match self {
            Kind::Artifact(media_type) => {
                let text = media_type.as_str();
                let last = text.rsplit('/').next().unwrap_or(text);
                SafeText::clean(last.trim_start_matches("vnd.")).to_string()
            }
            other => other.to_string(),
        }
    }

    /// Returns whether a manifest of this kind says something about another image and cannot run itself.
    pub(crate) fn is_about_another(&self) -> bool {
        match self {
            Kind::Signature
            | Kind::Attestation
            | Kind::Predicate(_)
            | Kind::Bundle
            | Kind::Sbom
            | Kind::Spdx
            | Kind::CycloneDx
            | Kind::Provenance
            | Kind::Scan
            | Kind::Vex
            | Kind::VerificationSummary
            | Kind::EndOfLife
            | Kind::Soci
            | Kind::ReferrerList => true,
            Kind::Image
            | Kind::Index
            | Kind::Schema1
            | Kind::HelmChart
            | Kind::Wasm
            | Kind::Artifact(_)
            | Kind::Unknown => false,
        }
    }
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
            Kind::Predicate(name) => return write!(f, "attestation: {name}"),
            Kind::Bundle => "sigstore bundle",
            Kind::Sbom => "SBOM",
            Kind::Spdx => "SBOM, SPDX",
            Kind::CycloneDx => "SBOM, CycloneDX",
            Kind::Provenance => "provenance",
            Kind::Scan => "scan",
            Kind::Vex => "VEX",
            Kind::VerificationSummary => "verification summary",
            Kind::EndOfLife => "end of life",
            Kind::Soci => "SOCI index",
            Kind::ReferrerList => "list of referrers",
            Kind::Artifact(media_type) => return write!(f, "artifact {media_type}"),
            Kind::Unknown => "unknown",
        })
    }
}
