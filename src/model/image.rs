//! The config of a container image, and its history joined with its layers.
//!
//! OCI image-spec `config.md`. Everything is optional in reality.

mod layer_table;
mod parse;

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

pub use parse::BadConfig;

use super::digest::Digest;
use super::manifest::Descriptor;
use super::platform::Platform;

/// What an image config says, and its exact bytes. All text in it is untrusted.
#[derive(Debug, Clone, Default)]
pub struct ImageConfig {
    /// The exact bytes.
    pub raw: Bytes,
    /// When it was built, whatever the builder claims; see [`super::time::is_reproducible`].
    pub created: Option<Timestamp>,
    /// Who built it.
    pub author: Option<String>,
    /// What it runs on.
    pub platform: Option<Platform>,
    /// `K=V`.
    pub env: Vec<String>,
    /// The program and its first arguments.
    pub entrypoint: Vec<String>,
    /// The arguments behind it.
    pub cmd: Vec<String>,
    /// Where it starts.
    pub working_dir: Option<String>,
    /// As whom it runs.
    pub user: Option<String>,
    /// `80/tcp`.
    pub exposed_ports: Vec<String>,
    /// Paths.
    pub volumes: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// `SIGTERM`.
    pub stop_signal: Option<String>,
    /// Docker's health check, as its words.
    pub healthcheck: Vec<String>,
    /// Digests of the uncompressed layers, bottom first.
    pub diff_ids: Vec<Digest>,
    /// How it was built, bottom first.
    pub history: Vec<HistoryEntry>,
}

/// One step of a build, as the config tells it. Untrusted text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When.
    pub created: Option<Timestamp>,
    /// By which command.
    pub created_by: Option<String>,
    /// What the builder remarked.
    pub comment: Option<String>,
    /// Whether it made no layer.
    pub empty_layer: bool,
}

/// The rows of the Layers tab.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LayerTable {
    /// One row per history entry, or per layer where there is no history; oldest first.
    pub rows: Vec<LayerRow>,
    /// Whether history and layers do not line up, so that commands may stand beside the wrong layer.
    pub approximate: bool,
}

/// One step with the layer that it made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LayerRow {
    /// The layer; `None` for a step that made none.
    pub layer: Option<Descriptor>,
    /// Digest of the uncompressed layer.
    pub diff_id: Option<Digest>,
    /// When.
    pub created: Option<Timestamp>,
    /// The step as a Dockerfile would say it (`RUN apt-get update`); untrusted text.
    pub instruction: Option<String>,
    /// The step as the config says it; untrusted text.
    pub created_by: Option<String>,
    /// What the builder remarked; untrusted text.
    pub comment: Option<String>,
}
