//! The config of a container image, and its history joined with its layers.
//!
//! OCI image-spec `config.md`. Everything is optional in reality.

mod layer_table;
mod parse;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

pub use parse::BadConfig;

use super::capped::Capped;
use super::digest::Digest;
use super::json::Outline;
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
    pub env: Capped<Vec<String>>,
    /// The program and its first arguments.
    pub entrypoint: Capped<Vec<String>>,
    /// The arguments behind it.
    pub cmd: Capped<Vec<String>>,
    /// Where it starts.
    pub working_dir: Option<String>,
    /// As whom it runs.
    pub user: Option<String>,
    /// `80/tcp`.
    pub exposed_ports: Capped<Vec<String>>,
    /// Paths.
    pub volumes: Capped<Vec<String>>,
    /// Labels.
    pub labels: Capped<BTreeMap<String, String>>,
    /// `SIGTERM`.
    pub stop_signal: Option<String>,
    /// Docker's health check, as its words.
    pub healthcheck: Capped<Vec<String>>,
    /// Digests of the uncompressed layers, bottom first.
    pub diff_ids: Capped<Vec<Digest>>,
    /// How it was built, bottom first.
    pub history: Capped<Vec<HistoryEntry>>,
    /// Where the lines of its JSON are, once that was asked.
    outline: OnceLock<Arc<Outline>>,
}

impl ImageConfig {
    /// Where the lines of its JSON are; looked for once, which takes a moment for a large one.
    pub fn outline(&self) -> &Arc<Outline> {
        self.outline.get_or_init(|| Arc::new(Outline::of(&self.raw)))
    }

    /// About how many bytes it takes.
    pub fn weight(&self) -> usize {
        let texts =
            [&self.env, &self.entrypoint, &self.cmd, &self.exposed_ports, &self.volumes, &self.healthcheck];
        let texts: usize = texts.iter().flat_map(|list| list.iter()).map(|text| 32 + text.len()).sum();
        let labels: usize = self.labels.iter().map(|(key, value)| 64 + key.len() + value.len()).sum();
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let of_step = |step: &HistoryEntry| {
            size_of::<HistoryEntry>() + length(&step.created_by) + length(&step.comment)
        };
        let history: usize = self.history.iter().map(of_step).sum();
        self.raw.len() + texts + labels + history + self.diff_ids.len() * size_of::<Digest>()
    }
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
    /// Layers and steps that have no row because there are too many.
    pub left_out: usize,
    /// Compressed bytes of all layers, each distinct one once; `None` when one of them has no size.
    #[serde(skip)]
    size: Option<u64>,
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
