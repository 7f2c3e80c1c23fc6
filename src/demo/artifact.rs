//! Builds artifacts that are stored like images but are none: charts, modules, signatures, SBOMs.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::blob::Blob;
use super::image::PushedImage;
use super::layer::DemoLayer;
use super::manifest::media_type;
use super::store::Store;
use crate::model::digest::Digest;

/// The type of the empty config (image-spec, `manifest.md` § Guidance for an empty descriptor).
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// An artifact that is not pushed yet.
#[derive(Debug, Clone)]
#[must_use = "an artifact is in the store once it is pushed"]
pub struct Artifact<'a> {
    store: &'a Store,
    repository: String,
    tags: Vec<String>,
    kind: Option<String>,
    config: (String, Bytes),
    layers: Vec<(Value, Digest, Blob)>,
    annotations: Map<String, Value>,
    subject: Option<Value>,
}

impl Store {
    /// Starts an artifact in `repository`, with the empty config.
    pub fn artifact(&self, repository: &str) -> Artifact<'_> {
        Artifact {
            store: self,
            repository: repository.to_owned(),
            tags: Vec::new(),
            kind: None,
            config: (EMPTY_TYPE.to_owned(), Bytes::from_static(b"{}")),
            layers: Vec::new(),
            annotations: Map::new(),
            subject: None,
        }
    }
}

impl Artifact<'_> {
    /// Adds a tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Sets the `artifactType`.
    pub fn kind(mut self, kind: &str) -> Self {
        self.kind = Some(kind.to_owned());
        self
    }

    /// Sets the config.
    pub fn config(mut self, media_type: &str, bytes: impl Into<Bytes>) -> Self {
        self.config = (media_type.to_owned(), bytes.into());
        self
    }

    /// Sets the config of an image without a platform, as attestations and signatures have it.
    pub(super) fn config_of_no_platform(self) -> Self {
        let document = json!({
            "architecture": "unknown",
            "os": "unknown",
            "config": {},
            "rootfs": { "type": "layers", "diff_ids": [] },
        });
        self.config("application/vnd.oci.image.config.v1+json", document.to_string())
    }

    /// Adds a layer.
    pub fn layer(mut self, media_type: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let digest = Digest::sha256(&bytes);
        let descriptor = json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() });
        self.layers.push((descriptor, digest, Blob::Whole(bytes)));
        self
    }

    /// Adds a layer with the bytes of an image layer: a tar file in gzip.
    pub fn archive(mut self, media_type: &str, layer: &DemoLayer) -> Self {
        let descriptor = json!({ "mediaType": media_type, "digest": layer.digest, "size": layer.size() });
        self.layers.push((descriptor, layer.digest, layer.blob.clone()));
        self
    }

    /// Adds an annotation to the last layer.
    pub fn layer_annotation(mut self, key: &str, value: impl Into<Value>) -> Self {
        if let Some((layer, ..)) = self.layers.last_mut() {
            layer["annotations"][key] = value.into();
        }
        self
    }

    /// Adds an annotation to the manifest.
    pub fn annotation(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.annotations.insert(key.to_owned(), value.into());
        self
    }

    /// Sets the subject that it refers to.
    pub fn subject(mut self, subject: &PushedImage) -> Self {
        self.subject = Some(subject.descriptor());
        self
    }

    /// Stores the layers, the config and the manifest, and puts the tags on it.
    pub fn push(self) -> PushedImage {
        let (config_type, config) = self.config;
        let mut document = json!({ "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST });
        if let Some(kind) = self.kind {
            document["artifactType"] = kind.into();
        }
        let config_digest = self.store.put_blob(&self.repository, config.clone());
        document["config"] =
            json!({ "mediaType": config_type, "digest": config_digest, "size": config.len() });
        document["layers"] = self.layers.iter().map(|(layer, ..)| layer.clone()).collect();
        for (_, digest, blob) in self.layers {
            self.store.put_blob_as(&self.repository, digest, blob);
        }
        if let Some(subject) = self.subject {
            document["subject"] = subject;
        }
        if !self.annotations.is_empty() {
            document["annotations"] = self.annotations.into();
        }
        let bytes = document.to_string();
        let size = bytes.len();
        let digest = self.store.put_manifest(&self.repository, media_type::OCI_MANIFEST, bytes);
        self.tags.iter().for_each(|tag| self.store.tag(&self.repository, tag, digest));
        PushedImage { media_type: media_type::OCI_MANIFEST, digest, size, platform: None }
    }
}

/// Returns an in-toto statement about `subject`.
pub(super) fn in_toto(predicate_type: &str, subject: &Value, predicate: &Value) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": predicate_type,
        "subject": subject,
        "predicate": predicate,
    })
}
