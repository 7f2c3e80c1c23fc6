//! A stored manifest, and the few fields of it that a registry has to read.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::model::digest::Digest;

/// The media types that this registry treats specially.
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

/// The bytes exactly as they were pushed, with the facts that the registry needs.
#[derive(Debug, Clone)]
pub struct DemoManifest {
    /// The media type that the push named.
    pub media_type: Arc<str>,
    /// The bytes from which the digest is computed.
    pub bytes: Bytes,
    /// The subject, if the manifest is a referrer.
    pub subject: Option<Digest>,
}

/// The fields of a manifest or index that matter to a registry.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents {
    /// Its own media type.
    pub(crate) media_type: Option<String>,
    /// The type of the artifact.
    pub(crate) artifact_type: Option<String>,
    /// The config blob.
    pub(crate) config: Option<DemoDescriptor>,
    /// The layer blobs.
    pub(crate) layers: Option<Vec<DemoDescriptor>>,
    /// The children of an index.
    pub(crate) manifests: Option<Vec<DemoDescriptor>>,
    /// The subject that it refers to.
    pub(crate) subject: Option<DemoDescriptor>,
    /// Its annotations.
    pub(crate) annotations: Option<Value>,
}

/// A reference to other content (image-spec, `descriptor.md`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DemoDescriptor {
    /// The media type of the content.
    pub(crate) media_type: String,
    /// The digest of the content.
    pub(crate) digest: Digest,
    /// The size in bytes. Nothing here depends on it, but it has to be a number.
    #[serde(rename = "size")]
    _size: u64,
    /// Other places to download it from. A blob with such URLs may be missing here.
    pub(crate) urls: Option<Vec<String>>,
}

impl Contents {
    /// Reads `bytes`. The error names the malformed part.
    pub fn read(bytes: &[u8]) -> Result<Contents, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Returns the blobs that must exist in its repository.
    pub fn blobs(&self) -> impl Iterator<Item = &Digest> {
        let layers =
            self.layers.iter().flatten().filter(|layer| layer.urls.as_ref().is_none_or(Vec::is_empty));
        self.config.iter().chain(layers).map(|descriptor| &descriptor.digest)
    }

    /// Returns the manifests that must exist in its repository.
    pub fn children(&self) -> impl Iterator<Item = &Digest> {
        self.manifests.iter().flatten().map(|descriptor| &descriptor.digest)
    }

    /// Returns the artifact type for the list of referrers: `artifactType`, else the media type of the config.
    pub(crate) fn kind(&self) -> Option<&str> {
        let config = || self.config.as_ref().map(|config| config.media_type.as_str());
        self.artifact_type.as_deref().filter(|kind| !kind.is_empty()).or_else(config)
    }
}

impl DemoManifest {
    /// Creates a manifest from any bytes, valid or not.
    pub(crate) fn new(media_type: impl Into<Arc<str>>, bytes: impl Into<Bytes>) -> DemoManifest {
        let bytes = bytes.into();
        let subject = Contents::read(&bytes).ok().and_then(|contents| contents.subject);
        DemoManifest { media_type: media_type.into(), bytes, subject: subject.map(|subject| subject.digest) }
    }
}
