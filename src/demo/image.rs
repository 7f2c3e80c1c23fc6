//! Builds container images, as samples and in tests:
//!
//! ```
//! # use regtui::demo::{Store, layer::Layer};
//! let store = Store::new();
//! let image = store
//!     .image("team/app")
//!     .created("2026-10-01T12:00:00Z")
//!     .layer("COPY app /app # buildkit", Layer::of(&[("app", "#!/bin/sh\n")]))
//!     .step("CMD [\"/app\"]")
//!     .tag("1.0")
//!     .tag("latest")
//!     .push();
//! assert_eq!(store.digest_of("team/app", "latest"), Some(image.digest));
//! ```

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::layer::Layer;
use super::manifest::{Manifest, media_type};
use super::store::Store;
use crate::model::digest::Digest;

/// The type of a layer that may not be distributed.
const FOREIGN_TYPE: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

/// What was pushed, to be listed in an index or referred to.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// What it is.
    pub media_type: &'static str,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The number of its bytes.
    pub size: usize,
    /// For an image, where it runs.
    pub platform: Option<Value>,
}

impl Pushed {
    /// Its descriptor, without the platform.
    pub fn descriptor(&self) -> Value {
        json!({ "mediaType": self.media_type, "digest": self.digest, "size": self.size })
    }
}

/// An image that is not pushed yet.
#[derive(Debug, Clone)]
#[must_use = "an image is in the store once it is pushed"]
pub struct Image<'a> {
    store: &'a Store,
    repository: String,
    tags: Vec<String>,
    docker: bool,
    layer_type: Option<&'static str>,
    platform: Map<String, Value>,
    created: Value,
    step_created: Value,
    config: Map<String, Value>,
    history: Vec<Value>,
    layers: Vec<Layer>,
    annotations: Map<String, Value>,
    subject: Option<Value>,
    foreign_base: Option<&'static str>,
}

impl Store {
    /// Starts an OCI image for linux/amd64 in `repository`, without a date.
    pub fn image(&self, repository: &str) -> Image<'_> {
        Image {
            store: self,
            repository: repository.to_owned(),
            tags: Vec::new(),
            docker: false,
            layer_type: None,
            platform: Map::new(),
            created: Value::Null,
            step_created: Value::Null,
            config: Map::new(),
            history: Vec::new(),
            layers: Vec::new(),
            annotations: Map::new(),
            subject: None,
            foreign_base: None,
        }
        .platform("linux", "amd64")
    }
}

impl Image<'_> {
    /// One more tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// In the form of docker's schema 2.
    pub fn docker(mut self) -> Self {
        self.docker = true;
        self
    }

    /// With layers of this type, whatever they are.
    pub fn layer_type(mut self, media_type: &'static str) -> Self {
        self.layer_type = Some(media_type);
        self
    }

    /// For another platform.
    pub fn platform(mut self, os: &str, architecture: &str) -> Self {
        self.platform.insert("architecture".into(), architecture.into());
        self.platform.insert("os".into(), os.into());
        self
    }

    /// With one more word on the platform: `variant` or `os.version`.
    pub fn platform_detail(mut self, key: &str, value: &str) -> Self {
        self.platform.insert(key.into(), value.into());
        self
    }

    /// Made at `date` (RFC 3339, but anything goes), as are the steps that follow.
    pub fn created(mut self, date: impl Into<Value>) -> Self {
        self.created = date.into();
        self.step_created = self.created.clone();
        self
    }

    /// The steps that follow were made at `date`, the image was not.
    pub fn steps_created(mut self, date: &str) -> Self {
        self.step_created = date.into();
        self
    }

    /// A step that made a layer.
    pub fn layer(mut self, created_by: &str, layer: Layer) -> Self {
        self.history.push(json!({ "created": self.step_created, "created_by": created_by }));
        self.layers.push(layer);
        self
    }

    /// A step that made none.
    pub fn step(mut self, created_by: &str) -> Self {
        self.history
            .push(json!({ "created": self.step_created, "created_by": created_by, "empty_layer": true }));
        self
    }

    /// Gives the last step a comment, as buildkit does.
    pub fn comment(mut self, comment: &str) -> Self {
        if let Some(step) = self.history.last_mut() {
            step["comment"] = comment.into();
        }
        self
    }

    /// A layer that no step tells of.
    pub fn bare_layer(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// A step that claims a layer which is not there.
    pub fn ghost_layer(mut self, created_by: &str) -> Self {
        self.history.push(json!({ "created": self.step_created, "created_by": created_by }));
        self
    }

    /// The lowest layer is one that registries do not hold: it is described with `url` and not stored.
    pub fn foreign_base(mut self, url: &'static str) -> Self {
        self.foreign_base = Some(url);
        self
    }

    /// Any field of the config's `config`, such as `User` or `Cmd`.
    pub fn config(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.config.insert(field.to_owned(), value.into());
        self
    }

    /// A label.
    pub fn label(mut self, key: &str, value: impl Into<Value>) -> Self {
        let labels = self.config.entry("Labels").or_insert_with(|| json!({}));
        labels[key] = value.into();
        self
    }

    /// An environment variable: `NAME=value`.
    pub fn env(mut self, variable: &str) -> Self {
        if let Some(list) = self.config.entry("Env").or_insert_with(|| json!([])).as_array_mut() {
            list.push(variable.into());
        }
        self
    }

    /// An annotation of the manifest.
    pub fn annotation(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.annotations.insert(key.to_owned(), value.into());
        self
    }

    /// What it refers to.
    pub fn subject(mut self, subject: &Pushed) -> Self {
        self.subject = Some(subject.descriptor());
        self
    }

    /// Stores layers, config and manifest, and points the tags at it.
    pub fn push(self) -> Pushed {
        let config = Bytes::from(self.config_document().to_string());
        let (config_digest, config_size) = (Digest::sha256(&config), config.len());
        let (manifest_type, config_type, layer_type) = if self.docker {
            (
                media_type::DOCKER_MANIFEST,
                "application/vnd.docker.container.image.v1+json",
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
            )
        } else {
            (
                media_type::OCI_MANIFEST,
                "application/vnd.oci.image.config.v1+json",
                "application/vnd.oci.image.layer.v1.tar+gzip",
            )
        };
        let layer_type = self.layer_type.unwrap_or(layer_type);
        let mut layers: Vec<Value> = self
            .layers
            .iter()
            .map(|layer| json!({ "mediaType": layer_type, "digest": layer.digest, "size": layer.size() }))
            .collect();
        if let (Some(url), Some(layer)) = (self.foreign_base, layers.first_mut()) {
            layer["mediaType"] = FOREIGN_TYPE.into();
            layer["urls"] = json!([url]);
        }
        let stored = self.layers.into_iter().skip(usize::from(self.foreign_base.is_some()));
        let mut document = json!({
            "schemaVersion": 2,
            "mediaType": manifest_type,
            "config": { "mediaType": config_type, "digest": config_digest, "size": config_size },
            "layers": layers,
        });
        if let Some(subject) = self.subject {
            document["subject"] = subject;
        }
        if !self.annotations.is_empty() {
            document["annotations"] = self.annotations.into();
        }
        let manifest = Manifest::new(manifest_type, document.to_string());
        let (digest, size) = (Digest::sha256(&manifest.bytes), manifest.bytes.len());
        self.store.change(&self.repository, |repository| {
            repository.blobs.insert(config_digest, config.into());
            repository.blobs.extend(stored.map(|layer| (layer.digest, layer.blob)));
            repository.manifests.insert(digest, manifest);
            repository.tags.extend(self.tags.into_iter().map(|tag| (tag, digest)));
        });
        Pushed { media_type: manifest_type, digest, size, platform: Some(self.platform.into()) }
    }

    fn config_document(&self) -> Value {
        let mut document = self.platform.clone();
        if !self.created.is_null() {
            document.insert("created".into(), self.created.clone());
        }
        document.insert("config".into(), self.config.clone().into());
        let diff_ids: Vec<Digest> = self.layers.iter().map(|layer| layer.diff_id).collect();
        document.insert("rootfs".into(), json!({ "type": "layers", "diff_ids": diff_ids }));
        if !self.history.is_empty() {
            document.insert("history".into(), self.history.clone().into());
        }
        document.into()
    }
}
