//! Builds indexes and manifest lists, with children that may be missing, and with attestations as buildkit makes them.

use serde_json::{Map, Value, json};

use super::artifact::in_toto;
use super::image::PushedImage;
use super::manifest::media_type;
use super::store::Store;
use crate::model::digest::Digest;

/// An index that is not pushed yet.
#[derive(Debug, Clone)]
#[must_use = "an index is in the store once it is pushed"]
pub struct IndexBuilder<'a> {
    store: &'a Store,
    repository: String,
    tags: Vec<String>,
    docker: bool,
    children: Vec<Value>,
    annotations: Map<String, Value>,
}

impl Store {
    /// Starts an OCI index in `repository`.
    pub fn index(&self, repository: &str) -> IndexBuilder<'_> {
        IndexBuilder {
            store: self,
            repository: repository.to_owned(),
            tags: Vec::new(),
            docker: false,
            children: Vec::new(),
            annotations: Map::new(),
        }
    }
}

impl IndexBuilder<'_> {
    /// Adds a tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Makes it a docker manifest list.
    pub fn docker(mut self) -> Self {
        self.docker = true;
        self
    }

    /// Adds a child: an image with its platform, or any other pushed manifest.
    pub fn child(mut self, child: &PushedImage) -> Self {
        let mut descriptor = child.descriptor();
        if let Some(platform) = &child.platform {
            descriptor["platform"] = platform.clone();
        }
        self.children.push(descriptor);
        self
    }

    /// Adds a child by its descriptor, which may name a missing manifest or be nonsense.
    pub fn descriptor(mut self, descriptor: Value) -> Self {
        self.children.push(descriptor);
        self
    }

    /// Adds an empty SBOM and the empty provenance of `image`.
    pub fn attestation(self, image: &PushedImage) -> Self {
        self.attestation_of(image, &json!({}), &json!({}))
    }

    /// Adds an SBOM and the provenance of `image`, as buildkit attaches them: a separate child without a platform.
    pub(super) fn attestation_of(self, image: &PushedImage, sbom: &Value, provenance: &Value) -> Self {
        let subject = json!([{ "name": self.repository, "digest": { "sha256": image.digest.hex() } }]);
        let mut artifact = self.store.artifact(&self.repository).config_of_no_platform();
        for (kind, predicate) in
            [("https://spdx.dev/Document", sbom), ("https://slsa.dev/provenance/v1", provenance)]
        {
            artifact = artifact
                .layer("application/vnd.in-toto+json", in_toto(kind, &subject, predicate).to_string())
                .layer_annotation("in-toto.io/predicate-type", kind);
        }
        let mut descriptor = artifact.push().descriptor();
        descriptor["annotations"] = json!({
            "vnd.docker.reference.digest": image.digest,
            "vnd.docker.reference.type": "attestation-manifest",
        });
        descriptor["platform"] = json!({ "architecture": "unknown", "os": "unknown" });
        self.descriptor(descriptor)
    }

    /// Adds an annotation.
    pub fn annotation(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.annotations.insert(key.to_owned(), value.into());
        self
    }

    /// Stores the index and puts the tags on it.
    pub fn push(self) -> PushedImage {
        let media_type = if self.docker { media_type::DOCKER_LIST } else { media_type::OCI_INDEX };
        let mut document = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": self.children });
        if !self.annotations.is_empty() {
            document["annotations"] = self.annotations.into();
        }
        let bytes = document.to_string();
        let size = bytes.len();
        let digest: Digest = self.store.put_manifest(&self.repository, media_type, bytes);
        self.tags.iter().for_each(|tag| self.store.tag(&self.repository, tag, digest));
        PushedImage { media_type, digest, size, platform: None }
    }
}
