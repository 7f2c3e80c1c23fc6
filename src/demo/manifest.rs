//! A stored manifest, and the few things in it that a registry has to read.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::model::digest::Digest;

/// The media types that this registry knows more of than their name.
pub mod media_type {
    /// OCI image or artifact.
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// OCI index.
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// Docker schema 2 image.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker manifest list.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker schema 1, signed. Read only.
    pub const DOCKER_SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
}

/// Bytes exactly as they were pushed, and what they say about themselves.
#[derive(Debug, Clone)]
pub struct DemoManifest {
    /// As the push named it.
    pub media_type: Arc<str>,
    /// The bytes that the digest is of.
    pub bytes: Bytes,
    /// What it refers to, when it is a referrer.
    pub subject: Option<Digest>,
}

/// The fields of a manifest or index that matter to a registry.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents {
    /// What it says that it is.
    pub media_type: Option<String>,
    /// What kind of artifact.
    pub artifact_type: Option<String>,
    /// The config blob.
    pub config: Option<DemoDescriptor>,
    /// The layer blobs.
    pub layers: Option<Vec<DemoDescriptor>>,
    /// The children of an index.
    pub manifests: Option<Vec<DemoDescriptor>>,
    /// What it refers to.
    pub subject: Option<DemoDescriptor>,
    /// Free words.
    pub annotations: Option<Value>,
}

/// A reference to other content (image-spec, `descriptor.md`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoDescriptor {
    /// What it is.
    pub media_type: String,
    /// Which bytes.
    pub digest: Digest,
    /// How many. Nothing here depends on it, but it has to be a number.
    #[serde(rename = "size")]
    _size: u64,
    /// Where else it can be had; such a blob need not be here.
    pub urls: Option<Vec<String>>,
}

impl Contents {
    /// Reads `bytes`; the error says what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Contents, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The blobs it needs in its repository.
    pub fn blobs(&self) -> impl Iterator<Item = &Digest> {
        let layers =
            self.layers.iter().flatten().filter(|layer| layer.urls.as_ref().is_none_or(Vec::is_empty));
        self.config.iter().chain(layers).map(|descriptor| &descriptor.digest)
    }

    /// The manifests it needs in its repository.
    pub fn children(&self) -> impl Iterator<Item = &Digest> {
        self.manifests.iter().flatten().map(|descriptor| &descriptor.digest)
    }

    /// What kind of artifact it is to those who list referrers: `artifactType`, else the type of the config.
    pub fn kind(&self) -> Option<&str> {
        let config = || self.config.as_ref().map(|config| config.media_type.as_str());
        self.artifact_type.as_deref().filter(|kind| !kind.is_empty()).or_else(config)
    }
}

impl DemoManifest {
    /// Takes `bytes` in, whatever they are.
    pub fn new(media_type: impl Into<Arc<str>>, bytes: impl Into<Bytes>) -> DemoManifest {
        let bytes = bytes.into();
        let subject = Contents::read(&bytes).ok().and_then(|contents| contents.subject);
        DemoManifest { media_type: media_type.into(), bytes, subject: subject.map(|subject| subject.digest) }
    }
}
