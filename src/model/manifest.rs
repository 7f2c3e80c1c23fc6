//! Manifests of every kind, with their exact bytes.
//!
//! OCI image-spec `manifest.md`, `image-index.md`, `descriptor.md`; Docker Image Manifest V2 schema 1 and 2. Parsing is
//! lenient: a field that is null, absent or of the wrong type hides that field, never the manifest. A manifest is
//! refused if two readers could take it for two different things (CVE-2021-41190).

pub(crate) mod conversion;
mod kind;
mod parse;
mod parts;
pub(crate) mod platforms;
pub(crate) mod referrer_list;
pub(crate) mod replacement;
mod schema1;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Serialize;

use super::capped::Capped;
use super::digest::Digest;
use super::json::Outline;
use super::media_type::MediaType;
use super::platform::Platform;

/// The depth to which indexes within indexes are followed.
pub(crate) const DEEPEST: usize = 8;

/// A manifest as the registry stores it.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The digest, computed from the bytes (for signed schema 1: from the signed payload), never taken from a header.
    pub digest: Digest,
    /// The media type, from the body if it names one, else from the header, else from the members of the body.
    pub media_type: MediaType,
    /// The exact bytes.
    pub raw: Bytes,
    /// The parsed body.
    pub body: Body,
    /// The positions of the lines, once they are asked for.
    outline: OnceLock<Arc<Outline>>,
}

/// The parsed body of a manifest.
#[derive(Debug, Clone)]
pub enum Body {
    /// A container image, or an artifact in the shape of one.
    Image(Box<ImageManifest>),
    /// A list of manifests.
    Index(Index),
    /// The artifact manifest that OCI dropped before 1.1.
    Artifact(ArtifactManifest),
    /// Docker schema 1, read-only.
    Schema1(Schema1),
    /// JSON of a kind that regtui does not know, shown as it is.
    Unknown,
}

/// `application/vnd.oci.image.manifest.v1+json` and Docker schema 2.
#[derive(Debug, Clone, Default)]
pub struct ImageManifest {
    /// The config blob; absent in broken manifests.
    pub config: Option<Descriptor>,
    /// The layers, bottom first.
    pub(crate) layers: Capped<Vec<Descriptor>>,
    /// The type of artifact, if it is none of the known images.
    pub(crate) artifact_type: Option<MediaType>,
    /// The manifest that this one belongs to.
    pub(crate) subject: Option<Descriptor>,
    /// The annotations. Untrusted text.
    pub(crate) annotations: Capped<BTreeMap<String, String>>,
}

/// `application/vnd.oci.image.index.v1+json` and Docker's manifest list.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// The manifests that it lists, in its order.
    pub manifests: Capped<Vec<Descriptor>>,
    /// As in [`ImageManifest`].
    pub(crate) artifact_type: Option<MediaType>,
    /// As in [`ImageManifest`].
    pub(crate) subject: Option<Descriptor>,
    /// The annotations. Untrusted text.
    pub(crate) annotations: Capped<BTreeMap<String, String>>,
}

/// `application/vnd.oci.artifact.manifest.v1+json`.
#[derive(Debug, Clone, Default)]
pub struct ArtifactManifest {
    /// The blobs that it holds.
    pub(crate) blobs: Capped<Vec<Descriptor>>,
    /// As in [`ImageManifest`].
    pub(crate) artifact_type: Option<MediaType>,
    /// As in [`ImageManifest`].
    pub(crate) subject: Option<Descriptor>,
    /// The annotations. Untrusted text.
    pub(crate) annotations: Capped<BTreeMap<String, String>>,
}

/// Docker schema 1. It names no sizes and no config.
#[derive(Debug, Clone, Default)]
pub struct Schema1 {
    /// The architecture: `amd64` and the like.
    pub(crate) architecture: Option<String>,
    /// Digests of the layers, bottom first (the manifest has them top first).
    pub(crate) layers: Capped<Vec<Digest>>,
    /// The `v1Compatibility` texts, bottom first: JSON in strings.
    pub(crate) history: Capped<Vec<String>>,
}

/// A pointer to content: OCI image-spec `descriptor.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Descriptor {
    /// The media type of the content.
    pub media_type: MediaType,
    /// The digest; `None` if it cannot be checked. [`Descriptor::digest_text`] still has it.
    pub digest: Option<Digest>,
    /// The digest as it is written. Untrusted text.
    pub digest_text: String,
    /// The size in bytes; `None` if it is missing, negative or absurd.
    pub size: Option<u64>,
    /// The platform, for children of an index.
    pub platform: Option<Platform>,
    /// The artifact type, for referrers.
    pub artifact_type: Option<MediaType>,
    /// Other places that may have the bytes. They are never fetched automatically.
    pub urls: Capped<Vec<String>>,
    /// The annotations. Untrusted text.
    pub annotations: Capped<BTreeMap<String, String>>,
}

/// The reason why bytes are not a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadManifest {
    /// Not JSON at all, or not an object.
    #[error("the manifest is not a JSON object")]
    NotJson,
    /// HTML, as login pages and captive portals answer.
    #[error("the answer is a web page, not a manifest")]
    WebPage,
    /// Both a list and an image, or a body that contradicts its header.
    #[error("the manifest can be read in two ways: {0}")]
    Ambiguous(&'static str),
}

impl Manifest {
    /// Returns whether a digest, by any algorithm, is the digest of these bytes.
    pub(crate) fn has_digest(&self, digest: &Digest) -> bool {
        *digest == self.digest || digest.same_algorithm_of(&self.raw) == *digest
    }

    /// Returns whether one of these digests is the digest of these bytes. The bytes are hashed once for each algorithm,
    /// however many digests there are.
    pub(crate) fn has_one_of(&self, digests: &[Digest]) -> bool {
        let mut own = vec![self.digest];
        for digest in digests {
            if own.iter().all(|known| known.algorithm() != digest.algorithm()) {
                own.push(digest.same_algorithm_of(&self.raw));
            }
        }
        digests.iter().any(|digest| own.contains(digest))
    }

    /// Returns the positions of the lines of its JSON. They are computed once, which takes a moment for a large
    /// manifest.
    pub(crate) fn outline(&self) -> &Arc<Outline> {
        self.outline.get_or_init(|| Arc::new(Outline::of(&self.raw)))
    }

    /// Returns the descriptors of the layers, or of the blobs of an artifact manifest. Other kinds have none.
    pub(crate) fn layers(&self) -> &[Descriptor] {
        match &self.body {
            Body::Image(image) => &image.layers,
            Body::Artifact(artifact) => &artifact.blobs,
            Body::Index(_) | Body::Schema1(_) | Body::Unknown => &[],
        }
    }

    /// Returns the number of layers beyond those of [`Manifest::layers`].
    pub(crate) fn layers_left_out(&self) -> usize {
        match &self.body {
            Body::Image(image) => image.layers.left_out(),
            Body::Artifact(artifact) => artifact.blobs.left_out(),
            Body::Schema1(schema1) => schema1.layers.left_out(),
            Body::Index(_) | Body::Unknown => 0,
        }
    }

    /// Returns whether everything that the manifest lists was read. Only then may anything be changed because of that
    /// list.
    pub fn is_whole(&self) -> bool {
        let single = match &self.body {
            Body::Image(image) => image.config.as_ref(),
            _ => None,
        };
        let listed = match &self.body {
            Body::Image(image) => image.layers.is_whole().then_some(&**image.layers),
            Body::Index(index) => index.manifests.is_whole().then_some(&**index.manifests),
            Body::Artifact(artifact) => artifact.blobs.is_whole().then_some(&**artifact.blobs),
            Body::Schema1(schema1) => schema1.layers.is_whole().then_some(&[][..]),
            Body::Unknown => Some(&[][..]),
        };
        let is_whole = |one: &Descriptor| one.urls.is_whole() && one.annotations.is_whole();
        listed.is_some_and(|listed| listed.iter().chain(single).chain(self.subject()).all(is_whole))
            && self.capped_annotations().is_none_or(Capped::is_whole)
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn memory_size(&self) -> usize {
        let text = |text: &Capped<BTreeMap<String, String>>| text.len() * 4 * size_of::<String>();
        let of_one = |one: &Descriptor| {
            size_of::<Descriptor>() + one.digest_text.len() + text(&one.annotations) + one.urls.len() * 64
        };
        let listed = match &self.body {
            Body::Index(index) => &index.manifests,
            _ => self.layers(),
        };
        let of_schema1 = match &self.body {
            Body::Schema1(schema1) => {
                schema1.layers.len() * size_of::<Digest>()
                    + schema1.history.iter().map(String::len).sum::<usize>()
            }
            _ => 0,
        };
        let listed: usize = listed.iter().map(of_one).sum();
        self.raw.len() + listed + of_schema1 + self.capped_annotations().map_or(0, text)
    }

    /// Returns the annotations, or `None` for the kinds that have none.
    pub(crate) fn annotations(&self) -> Option<&BTreeMap<String, String>> {
        self.capped_annotations().map(|annotations| &**annotations)
    }

    /// Returns the annotations with the number of those left out, or `None` for the kinds that have none.
    pub(crate) fn capped_annotations(&self) -> Option<&Capped<BTreeMap<String, String>>> {
        match &self.body {
            Body::Image(image) => Some(&image.annotations),
            Body::Index(index) => Some(&index.annotations),
            Body::Artifact(artifact) => Some(&artifact.annotations),
            Body::Schema1(_) | Body::Unknown => None,
        }
    }

    /// Returns the manifest that this one belongs to.
    pub(crate) fn subject(&self) -> Option<&Descriptor> {
        match &self.body {
            Body::Image(image) => image.subject.as_ref(),
            Body::Index(index) => index.subject.as_ref(),
            Body::Artifact(artifact) => artifact.subject.as_ref(),
            Body::Schema1(_) | Body::Unknown => None,
        }
    }
}
