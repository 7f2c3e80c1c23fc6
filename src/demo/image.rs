//! Builds container images for samples and tests:
//!
//! ```
//! # use regtui::demo::{Store, layer::DemoLayer};
//! let store = Store::new();
//! let image = store
//!     .image("team/app")
//!     .created("2026-10-01T12:00:00Z")
//!     .layer("COPY app /app # buildkit", DemoLayer::of(&[("app", "#!/bin/sh\n")]))
//!     .step("CMD [\"/app\"]")
//!     .tag("1.0")
//!     .tag("latest")
//!     .push();
//! assert_eq!(store.digest_of("team/app", "latest"), Some(image.digest));
//! ```

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::layer::DemoLayer;
use super::manifest::{DemoManifest, media_type};
use super::packing::DemoFormat;
use super::store::Store;
use crate::model::digest::Digest;

/// The type of a layer that may not be distributed.
const FOREIGN_TYPE: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

/// The type of a layer in zstd. Docker has none.
const ZSTD_TYPE: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// A pushed manifest, which can be listed in an index or referred to.
#[derive(Debug, Clone)]
pub struct PushedImage {
    /// Its media type.
    pub media_type: &'static str,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The number of its bytes.
    pub size: usize,
    /// The platform of an image.
    pub platform: Option<Value>,
}

impl PushedImage {
    /// Returns its descriptor, without the platform.
    pub(crate) fn descriptor(&self) -> Value {
        json!({ "mediaType": self.media_type, "digest": self.digest, "size": self.size })
    }
}

/// An image that is not pushed yet.
#[derive(Debug, Clone)]
#[must_use = "an image is in the store once it is pushed"]
pub struct ImageBuilder<'a> {
    store: &'a Store,
    repository: String,
    tags: Vec<String>,
    docker: bool,
    layer_type: Option<&'static str>,
    platform: Map<String, Value>,
    created: Option<Value>,
    step_created: Value,
    config: Map<String, Value>,
    history: Vec<DemoStep>,
    layers: Vec<DemoLayer>,
    annotations: Map<String, Value>,
    foreign_base: Option<&'static str>,
}

impl Store {
    /// Starts an OCI image for linux/amd64 in `repository`, without a date.
    pub fn image(&self, repository: &str) -> ImageBuilder<'_> {
        ImageBuilder {
            store: self,
            repository: repository.to_owned(),
            tags: Vec::new(),
            docker: false,
            layer_type: None,
            platform: Map::new(),
            created: None,
            step_created: Value::Null,
            config: Map::new(),
            history: Vec::new(),
            layers: Vec::new(),
            annotations: Map::new(),
            foreign_base: None,
        }
        .platform("linux", "amd64")
    }
}

impl ImageBuilder<'_> {
    /// Adds a tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Makes it a docker schema 2 image.
    pub fn docker(mut self) -> Self {
        self.docker = true;
        self
    }

    /// Gives all layers this media type.
    pub fn layer_type(mut self, media_type: &'static str) -> Self {
        self.layer_type = Some(media_type);
        self
    }

    /// Sets the platform.
    pub fn platform(mut self, os: &str, architecture: &str) -> Self {
        self.platform.insert("architecture".into(), architecture.into());
        self.platform.insert("os".into(), os.into());
        self
    }

    /// Adds a field to the platform: `variant` or `os.version`.
    pub(crate) fn platform_detail(mut self, key: &str, value: &str) -> Self {
        self.platform.insert(key.into(), value.into());
        self
    }

    /// Sets the date of the image and of the following steps (RFC 3339, but any value is accepted).
    pub fn created(mut self, date: impl Into<Value>) -> Self {
        self.step_created = date.into();
        self.created = Some(self.step_created.clone());
        self
    }

    /// Sets the date of the following steps, but not of the image.
    pub(crate) fn steps_created(mut self, date: &str) -> Self {
        self.step_created = date.into();
        self
    }

    /// Adds a step that made a layer.
    pub fn layer(mut self, created_by: impl Into<Cow<'static, str>>, layer: DemoLayer) -> Self {
        self.layers.push(layer);
        self.ghost_layer(created_by)
    }

    /// Adds a step that made no layer.
    pub fn step(mut self, created_by: impl Into<Cow<'static, str>>) -> Self {
        self.add_step(created_by.into(), true);
        self
    }

    /// Gives the last step a comment, as buildkit does.
    pub(crate) fn comment(mut self, comment: &'static str) -> Self {
        if let Some(step) = self.history.last_mut() {
            step.comment = Some(comment);
        }
        self
    }

    /// Adds a layer without a step in the history.
    pub fn bare_layer(mut self, layer: DemoLayer) -> Self {
        self.layers.push(layer);
        self
    }

    /// Adds a step that claims a missing layer.
    pub(crate) fn ghost_layer(mut self, created_by: impl Into<Cow<'static, str>>) -> Self {
        self.add_step(created_by.into(), false);
        self
    }

    /// Makes the lowest layer one that registries do not hold: it is described with `url` and not stored.
    pub fn foreign_base(mut self, url: &'static str) -> Self {
        self.foreign_base = Some(url);
        self
    }

    /// Sets a field of the config's `config`, such as `User` or `Cmd`.
    pub fn config(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.config.insert(field.to_owned(), value.into());
        self
    }

    /// Adds a label.
    pub fn label(mut self, key: &str, value: impl Into<Value>) -> Self {
        let labels = self.config.entry("Labels").or_insert_with(|| json!({}));
        labels[key] = value.into();
        self
    }

    /// Adds an environment variable: `NAME=value`.
    pub(crate) fn env(mut self, variable: &str) -> Self {
        if let Some(list) = self.config.entry("Env").or_insert_with(|| json!([])).as_array_mut() {
            list.push(variable.into());
        }
        self
    }

    /// Adds an annotation to the manifest.
    pub fn annotation(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.annotations.insert(key.to_owned(), value.into());
        self
    }

    /// Stores the layers, the config and the manifest, and puts the tags on it.
    pub fn push(self) -> PushedImage {
        let config = bytes_of(&ConfigDocument {
            platform: &self.platform,
            created: self.created.as_ref(),
            config: &self.config,
            rootfs: DemoRootFs {
                kind: "layers",
                diff_ids: self.layers.iter().map(|layer| layer.diff_id).collect(),
            },
            history: &self.history,
        });
        let config_digest = Digest::sha256(&config);
        let manifest = bytes_of(&self.manifest(config_digest, config.len()));
        let (digest, size) = (Digest::sha256(&manifest), manifest.len());
        let media_type = self.types().manifest;
        let manifest = DemoManifest { media_type: media_type.into(), bytes: manifest, subject: None };
        let stored = self.layers.into_iter().skip(usize::from(self.foreign_base.is_some()));
        self.store.change(&self.repository, |repository| {
            repository.blobs.insert(config_digest, config.into());
            repository.blobs.extend(stored.map(|layer| (layer.digest, layer.blob)));
            repository.manifests.insert(digest, manifest);
            repository.tags.extend(self.tags.into_iter().map(|tag| (tag, digest)));
        });
        PushedImage { media_type, digest, size, platform: Some(self.platform.into()) }
    }

    fn add_step(&mut self, created_by: Cow<'static, str>, empty_layer: bool) {
        self.history.push(DemoStep {
            created: self.step_created.clone(),
            created_by,
            comment: None,
            empty_layer,
        });
    }

    fn types(&self) -> Types {
        let types = if self.docker { DOCKER } else { OCI };
        Types { layer: self.layer_type.unwrap_or(types.layer), ..types }
    }

    fn manifest(&self, config: Digest, config_size: usize) -> ManifestDocument<'_> {
        let types = self.types();
        let describe = |layer: &DemoLayer| LayerDescriptor {
            media_type: if layer.format == DemoFormat::ZstdChunked { ZSTD_TYPE } else { types.layer },
            digest: layer.digest,
            size: layer.size(),
            urls: None,
            annotations: layer.annotations.clone(),
        };
        let mut layers: Vec<LayerDescriptor> = self.layers.iter().map(describe).collect();
        if let (Some(url), Some(layer)) = (self.foreign_base, layers.first_mut()) {
            layer.media_type = FOREIGN_TYPE;
            layer.urls = Some([url]);
        }
        ManifestDocument {
            schema_version: 2,
            media_type: types.manifest,
            config: LayerDescriptor {
                media_type: types.config,
                digest: config,
                size: config_size as u64,
                urls: None,
                annotations: Map::new(),
            },
            layers,
            annotations: &self.annotations,
        }
    }
}

/// The media types of one family.
#[derive(Clone, Copy)]
struct Types {
    manifest: &'static str,
    config: &'static str,
    layer: &'static str,
}

const OCI: Types = Types {
    manifest: media_type::OCI_MANIFEST,
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};

const DOCKER: Types = Types {
    manifest: media_type::DOCKER_MANIFEST,
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
};

#[derive(Debug, Clone, Serialize)]
struct DemoStep {
    created: Value,
    created_by: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    empty_layer: bool,
}

#[derive(Serialize)]
struct ConfigDocument<'a> {
    #[serde(flatten)]
    platform: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<&'a Value>,
    config: &'a Map<String, Value>,
    rootfs: DemoRootFs,
    #[serde(skip_serializing_if = "<[DemoStep]>::is_empty")]
    history: &'a [DemoStep],
}

#[derive(Serialize)]
struct DemoRootFs {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: Vec<Digest>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ManifestDocument<'a> {
    schema_version: u8,
    media_type: &'static str,
    config: LayerDescriptor,
    layers: Vec<LayerDescriptor>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    annotations: &'a Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LayerDescriptor {
    media_type: &'static str,
    digest: Digest,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    urls: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    annotations: Map<String, Value>,
}

/// Serialises a document to JSON. These documents contain nothing that could fail.
fn bytes_of(document: &impl Serialize) -> Bytes {
    serde_json::to_vec(document).unwrap_or_default().into()
}
