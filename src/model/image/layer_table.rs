//! The table of layers joined with the history. A manifest lists the layers, and a config lists the steps.

use super::{HistoryEntry, ImageConfig, LayerRow, LayerTable};
use crate::model::instruction;
use crate::model::lenient::{self, Members};
use crate::model::manifest::{Descriptor, Manifest, Schema1};
use crate::model::media_type::MediaType;
use crate::model::size;

impl LayerTable {
    /// Joins the layers of a manifest with the history of its config: each step that made a layer gets the next one. If
    /// the counts differ, the rest follows in rows of its own and the table is `approximate`.
    pub fn join(manifest: &Manifest, config: Option<&ImageConfig>) -> LayerTable {
        let history = config.map_or(&[][..], |config| &config.history);
        let steps_left_out = config.map_or(0, |config| config.history.left_out());
        let layers = manifest.layers();
        let diff_id = |index: usize| config.and_then(|config| config.diff_ids.get(index)).copied();
        let mut numbered = layers.iter().cloned().enumerate();
        let mut rows: Vec<LayerRow> = Vec::with_capacity(history.len().max(layers.len()));
        let mut missing = false;
        for step in history {
            let numbered_layer = if step.empty_layer { None } else { numbered.next() };
            missing |= numbered_layer.is_none() && !step.empty_layer;
            let (number, layer) = numbered_layer.unzip();
            rows.push(LayerRow { layer, diff_id: number.and_then(diff_id), ..row_of(step) });
        }
        let left_over: Vec<LayerRow> = numbered
            .map(|(number, layer)| LayerRow {
                layer: Some(layer),
                diff_id: diff_id(number),
                ..LayerRow::default()
            })
            .collect();
        let approximate = !history.is_empty() && (missing || !left_over.is_empty());
        rows.extend(left_over);
        let left_out = manifest.layers_left_out().max(steps_left_out);
        let size = size_of(layers).filter(|_| manifest.layers_left_out() == 0);
        LayerTable { rows, approximate, left_out, size }
    }

    /// Returns the rows of a schema 1 manifest: one layer per step, with unknown sizes. A step that is marked as
    /// `throwaway` made none; the manifest lists an empty archive for it.
    pub(crate) fn of_schema1(manifest: &Schema1) -> LayerTable {
        let mut steps = manifest.history.iter().map(|text| step_of_schema1(text));
        let rows = manifest.layers.iter().map(|digest| {
            let layer = Descriptor {
                media_type: MediaType::new("application/vnd.docker.image.rootfs.diff.tar.gzip"),
                digest: Some(*digest),
                digest_text: digest.to_string(),
                size: None,
                platform: None,
                artifact_type: None,
                urls: Default::default(),
                annotations: Default::default(),
            };
            let step = steps.next().flatten();
            let is_empty = step.as_ref().is_some_and(|step| step.empty_layer);
            LayerRow {
                layer: Some(layer).filter(|_| !is_empty),
                ..step.as_ref().map(row_of).unwrap_or_default()
            }
        });
        LayerTable {
            rows: rows.collect(),
            approximate: manifest.layers.count() != manifest.history.count(),
            left_out: manifest.layers.left_out(),
            size: None,
        }
    }

    /// Returns the compressed bytes of all layers, each distinct one counted once. Returns `None` if one of them has no
    /// size or was left out.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn memory_size(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let of_one = |row: &LayerRow| {
            let layer =
                row.layer.as_ref().map_or(0, |layer| layer.digest_text.len() + layer.annotations.len() * 96);
            std::mem::size_of::<LayerRow>()
                + layer
                + length(&row.created_by)
                + length(&row.instruction)
                + length(&row.comment)
        };
        self.rows.iter().map(of_one).sum()
    }
}

fn size_of(layers: &[Descriptor]) -> Option<u64> {
    let mut seen = std::collections::HashSet::new();
    let distinct = layers.iter().filter(|layer| seen.insert(&layer.digest_text));
    size::sum(distinct.map(|layer| layer.size))
}

fn row_of(step: &HistoryEntry) -> LayerRow {
    LayerRow {
        layer: None,
        diff_id: None,
        created: step.created,
        instruction: step.created_by.as_deref().map(instruction::of),
        created_by: step.created_by.clone(),
        comment: step.comment.clone(),
    }
}

/// The members of a `v1Compatibility` text that describe a step.
const STEP: &[&str] = &["created", "container_config", "comment", "throwaway"];

fn step_of_schema1(text: &str) -> Option<HistoryEntry> {
    let entry = Members::of(text, STEP)?;
    let command = entry.object("container_config", &["cmd"]).read("cmd", lenient::words).join(" ");
    Some(HistoryEntry {
        created: entry.read("created", lenient::date),
        created_by: Some(command).filter(|command| !command.is_empty()),
        comment: entry.read("comment", lenient::text),
        empty_layer: entry.read("throwaway", lenient::value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::digest::Digest;

    fn layers(sizes: &[u64]) -> Manifest {
        let layer =
            |size: &u64| format!(r#"{{"digest":"{}","size":{size}}}"#, Digest::sha256(&size.to_be_bytes()));
        let layers: Vec<String> = sizes.iter().map(layer).collect();
        let manifest = format!(r#"{{"layers":[{}]}}"#, layers.join(","));
        Manifest::parse(manifest.into(), None).expect("a manifest")
    }

    fn config(steps: &[(&str, bool)]) -> ImageConfig {
        let step = |(by, empty): &(&str, bool)| HistoryEntry {
            created_by: Some((*by).into()),
            empty_layer: *empty,
            ..HistoryEntry::default()
        };
        ImageConfig { history: steps.iter().map(step).collect(), ..ImageConfig::default() }
    }

    fn shown(table: &LayerTable) -> Vec<(Option<&str>, Option<u64>)> {
        let size = |row: &LayerRow| row.layer.as_ref().and_then(|layer| layer.size);
        table.rows.iter().map(|row| (row.instruction.as_deref(), size(row))).collect()
    }

    #[test]
    fn steps_that_made_a_layer_get_the_next_one() {
        let config = config(&[("COPY a /", false), ("ENV A=1", true), ("COPY b /", false)]);
        let table = LayerTable::join(&layers(&[1, 2]), Some(&config));
        assert_eq!(
            shown(&table),
            [(Some("COPY a /"), Some(1)), (Some("ENV A=1"), None), (Some("COPY b /"), Some(2))]
        );
        assert!(!table.approximate);
        assert_eq!(table.size(), Some(3));
    }

    #[test]
    fn a_history_that_does_not_fit_is_approximate_and_loses_no_layer() {
        let short = LayerTable::join(&layers(&[1, 2]), Some(&config(&[("COPY a /", false)])));
        assert_eq!(shown(&short), [(Some("COPY a /"), Some(1)), (None, Some(2))]);
        let long = LayerTable::join(&layers(&[]), Some(&config(&[("COPY a /", false)])));
        assert_eq!(shown(&long), [(Some("COPY a /"), None)]);
        assert!(short.approximate && long.approximate);
    }

    #[test]
    fn without_history_the_layers_stand_alone() {
        let table = LayerTable::join(&layers(&[1, 1]), None);
        assert_eq!(shown(&table), [(None, Some(1)), (None, Some(1))]);
        assert!(!table.approximate);
        assert_eq!(table.size(), Some(1), "a layer that comes twice is stored once");
    }

    #[test]
    fn a_throwaway_step_of_schema_1_made_no_layer() {
        let step = |command: &str, is_throwaway: bool| {
            format!(r#"{{"container_config":{{"Cmd":["{command}"]}},"throwaway":{is_throwaway}}}"#)
        };
        let manifest = Schema1 {
            layers: vec![Digest::sha256(b"a"), Digest::sha256(b"b")].into(),
            history: vec![step("apt-get update", false), step("#(nop) ENV A=b", true)].into(),
            ..Schema1::default()
        };
        let table = LayerTable::of_schema1(&manifest);
        let has_layer: Vec<bool> = table.rows.iter().map(|row| row.layer.is_some()).collect();
        assert_eq!((has_layer, table.approximate), (vec![true, false], false));
    }

    #[test]
    fn schema_1_tells_its_steps_in_strings() {
        let step = r##"{"created":"2015-01-01T00:00:00Z","container_config":{"Cmd":["/bin/sh","-c","#(nop) CMD [\"x\"]"]}}"##;
        let manifest = Schema1 {
            layers: vec![Digest::sha256(b"a"), Digest::sha256(b"b")].into(),
            history: vec![step.into(), "no json".into()].into(),
            ..Schema1::default()
        };
        let table = LayerTable::of_schema1(&manifest);
        assert_eq!(shown(&table), [(Some("CMD [\"x\"]"), None), (None, None)]);
        assert_eq!(table.size(), None);
    }
}
