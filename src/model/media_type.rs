//! Media types of manifests, configs and layers. Names: OCI image-spec `media-types.md`, Docker Image Manifest V2.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A media type without parameters, in lower case, as the server or the manifest writes it. Untrusted text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MediaType(Arc<str>);

/// OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI artifact manifest, dropped before the image-spec 1.1 was final; read-only.
pub(crate) const OCI_ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";
/// OCI image config.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The empty JSON object that stands for "no config".
pub(crate) const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// Config of a Wasm module or component: <https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>.
pub(crate) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// Docker manifest list.
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker image manifest, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker image config.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// Docker image manifest, schema 1, signed; read-only.
pub(crate) const SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/// Docker image manifest, schema 1, unsigned; read-only.
pub(crate) const SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";

/// The `Accept` header of every request for a manifest. Without the list types, old servers would pick a platform
/// themselves.
pub const ACCEPT_MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.artifact.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.5, \
    application/vnd.docker.distribution.manifest.v1+json;q=0.5";

/// The longest media type that is kept, in bytes. RFC 6838 allows 127 on each side of the slash.
const LONGEST: usize = 512;

impl MediaType {
    /// Parses a media type. Parameters and white space are dropped, and letters are turned into lower case. A media
    /// type that is absurdly long is cut, since it names nothing.
    pub fn new(text: &str) -> MediaType {
        let text = text.split(';').next().unwrap_or("").trim();
        MediaType(text[..text.floor_char_boundary(LONGEST)].to_ascii_lowercase().into())
    }

    /// Returns the media type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether this is the media type of a manifest of any kind.
    pub(crate) fn is_manifest(&self) -> bool {
        self.is_index()
            || matches!(
                self.as_str(),
                OCI_MANIFEST | OCI_ARTIFACT | DOCKER_MANIFEST | SCHEMA1_SIGNED | SCHEMA1
            )
    }

    /// Returns whether this is the media type of a list of manifests.
    pub(crate) fn is_index(&self) -> bool {
        matches!(self.as_str(), OCI_INDEX | DOCKER_LIST)
    }

    /// Returns whether this is the media type of the config of a container image.
    pub(crate) fn is_image_config(&self) -> bool {
        matches!(self.as_str(), OCI_CONFIG | DOCKER_CONFIG)
    }

    /// Returns whether this is the media type of a manifest or list of Docker's schema 2.
    pub(crate) fn is_docker_manifest(&self) -> bool {
        matches!(self.as_str(), DOCKER_MANIFEST | DOCKER_LIST)
    }

    /// Returns the media type that OCI has for the same bytes, or `None` if this is none of Docker's schema 2.
    pub(crate) fn as_oci(&self) -> Option<&'static str> {
        Some(match self.as_str() {
            DOCKER_MANIFEST => OCI_MANIFEST,
            DOCKER_LIST => OCI_INDEX,
            DOCKER_CONFIG => OCI_CONFIG,
            "application/vnd.docker.image.rootfs.diff.tar" => "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.docker.image.rootfs.diff.tar.gzip" => {
                "application/vnd.oci.image.layer.v1.tar+gzip"
            }
            "application/vnd.docker.image.rootfs.diff.tar.zstd" => {
                "application/vnd.oci.image.layer.v1.tar+zstd"
            }
            "application/vnd.docker.image.rootfs.foreign.diff.tar" => {
                "application/vnd.oci.image.layer.nondistributable.v1.tar"
            }
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => {
                "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
            }
            "application/vnd.docker.image.rootfs.foreign.diff.tar.zstd" => {
                "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"
            }
            _ => return None,
        })
    }

    /// Returns whether this says nothing about a manifest: a general type such as `application/json` or `text/html`, as
    /// storage and proxies set them, or none.
    pub(crate) fn is_vague(&self) -> bool {
        !self.is_manifest() && !self.as_str().contains("/vnd.")
    }

    /// Returns whether the layer may be absent because its bytes are meant to come from elsewhere.
    pub(crate) fn is_foreign_layer(&self) -> bool {
        self.as_str().contains(".nondistributable.") || self.as_str().contains("rootfs.foreign.")
    }
}

impl From<&str> for MediaType {
    fn from(text: &str) -> MediaType {
        MediaType::new(text)
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for MediaType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
