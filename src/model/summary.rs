//! What a row of the Tags pane says about an image.

use jiff::Timestamp;
use serde::Serialize;

use super::digest::Digest;
use super::media_type::MediaType;
use super::platform::Platform;

/// An image in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Digest of the manifest that the tag names.
    pub digest: Digest,
    /// Media type of that manifest.
    pub media_type: MediaType,
    /// What it is.
    pub kind: Kind,
    /// Compressed bytes, every distinct blob once; over all platforms for an index. `None` when not known.
    pub size: Option<u64>,
    /// When it was built, or when the newest platform was.
    pub created: Option<Timestamp>,
    /// What it runs on, attestations left out.
    pub platforms: Vec<Platform>,
}

/// What a manifest is, by the rule of OCI image-spec `manifest.md` § Guidelines for Artifact Usage.
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
