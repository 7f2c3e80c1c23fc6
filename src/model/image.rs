//! The config of a container image, and its history joined with its layers.
//!
//! OCI image-spec `config.md`. In practice every field is optional.

mod layer_table;
mod parse;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

use super::capped::Capped;
use super::digest::Digest;
use super::json::Outline;
use super::manifest::Descriptor;
use super::platform::Platform;

/// The config of an image, with its text. All text in it is untrusted.
#[derive(Debug, Clone, Default)]
pub struct ImageConfig {
    /// The text: the exact bytes, unless they have a byte order mark or are no UTF-8.
    pub(crate) raw: Bytes,
    /// The build date as the builder claims it; see [`super::time::is_reproducible`].
    pub(crate) created: Option<Timestamp>,
    /// The author of the image.
    pub(crate) author: Option<String>,
    /// The platform that the image runs on.
    pub platform: Option<Platform>,
    /// The environment: `K=V`.
    pub(crate) env: Capped<Vec<String>>,
    /// The program and its first arguments.
    pub(crate) entrypoint: Capped<Vec<String>>,
    /// The arguments after the entrypoint.
    pub(crate) cmd: Capped<Vec<String>>,
    /// The working directory of the program.
    pub(crate) working_dir: Option<String>,
    /// The user that the program runs as.
    pub(crate) user: Option<String>,
    /// The exposed ports: `80/tcp`.
    pub(crate) exposed_ports: Capped<Vec<String>>,
    /// The paths of volumes.
    pub(crate) volumes: Capped<Vec<String>>,
    /// The labels.
    pub(crate) labels: Capped<BTreeMap<String, String>>,
    /// The signal that stops the program: `SIGTERM`.
    pub(crate) stop_signal: Option<String>,
    /// Docker's health check, as a list of words.
    pub(crate) healthcheck: Capped<Vec<String>>,
    /// The digests of the uncompressed layers, bottom first.
    pub(crate) diff_ids: Capped<Vec<Digest>>,
    /// The steps of the build, bottom first.
    pub(crate) history: Capped<Vec<HistoryEntry>>,
    /// The positions of the lines of its JSON, once they are asked for.
    outline: OnceLock<Arc<Outline>>,
}

impl ImageConfig {
    /// Returns the positions of the lines of its JSON. They are computed once, which takes a moment for a large config.
    pub(crate) fn outline(&self) -> &Arc<Outline> {
        self.outline.get_or_init(|| Arc::new(Outline::of(&self.raw)))
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn memory_size(&self) -> usize {
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

/// A step of a build, as the config describes it. Untrusted text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HistoryEntry {
    /// The time of the step.
    pub(crate) created: Option<Timestamp>,
    /// The command of the step.
    pub(crate) created_by: Option<String>,
    /// The comment of the builder.
    pub(crate) comment: Option<String>,
    /// Whether the step made no layer.
    pub(crate) empty_layer: bool,
}

/// The rows of the Layers tab.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LayerTable {
    /// One row per history entry, or per layer if there is no history; oldest first.
    pub rows: Vec<LayerRow>,
    /// Whether history and layers do not line up, so that commands may stand beside the wrong layer.
    pub approximate: bool,
    /// The number of layers and steps that have no row because there are too many.
    pub left_out: usize,
    /// Compressed bytes of all layers, each distinct one counted once; `None` if one of them has no size.
    #[serde(skip)]
    size: Option<u64>,
}

/// A step with the layer that it made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LayerRow {
    /// The layer; `None` for a step that made none.
    pub(crate) layer: Option<Descriptor>,
    /// The digest of the uncompressed layer.
    pub(crate) diff_id: Option<Digest>,
    /// The time of the step.
    pub(crate) created: Option<Timestamp>,
    /// The step as a Dockerfile line (`RUN apt-get update`). Untrusted text.
    pub(crate) instruction: Option<String>,
    /// The step as the config writes it. Untrusted text.
    pub(crate) created_by: Option<String>,
    /// The comment of the builder. Untrusted text.
    pub(crate) comment: Option<String>,
}

impl LayerRow {
    /// Returns the step in one line. Untrusted text.
    pub(crate) fn step(&self) -> &str {
        self.instruction.as_deref().or(self.comment.as_deref()).unwrap_or("-")
    }
}
