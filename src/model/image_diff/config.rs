//! The values of two configs that differ, with the history and the annotations.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::DiffInput;
use super::align::{Aligned, align};
use crate::model::image::{HistoryEntry, ImageConfig};
use crate::model::instruction;
use crate::model::manifest::Manifest;

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigDifference {
    /// The name of the value: `cmd`, `env.PATH`, `labels.version`, `history`. Untrusted text.
    pub path: String,
    /// The value on the left, or `None` if there is none. Lists are JSON. Untrusted text.
    pub left: Option<String>,
    /// The value on the right.
    pub right: Option<String>,
}

/// Compares two configs. Values come in the order of the config, then the history, then the annotations.
pub(super) fn diff(left: &DiffInput<'_>, right: &DiffInput<'_>) -> Vec<ConfigDifference> {
    let (left_values, right_values) = (values(left), values(right));
    let names: BTreeSet<&(u8, String)> = left_values.keys().chain(right_values.keys()).collect();
    let difference = |name: &(u8, String)| {
        let [one, other] = [&left_values, &right_values].map(|values| values.get(name).cloned());
        (one != other).then(|| ConfigDifference { path: name.1.clone(), left: one, right: other })
    };
    let (mut rows, annotations): (Vec<_>, Vec<_>) = names
        .into_iter()
        .filter_map(|name| Some((name.0, difference(name)?)))
        .partition(|(place, _)| *place < ANNOTATIONS);
    let steps = |input: &DiffInput<'_>| input.config.map_or(Vec::new(), |config| history(&config.history));
    let history = diff_history(&steps(left), &steps(right));
    rows.extend(history.into_iter().map(|row| (0, row)));
    rows.into_iter().chain(annotations).map(|(_, row)| row).collect()
}

/// The place of annotations among the values, behind all of the config.
const ANNOTATIONS: u8 = u8::MAX;

/// The values of an image by their place and name.
fn values(input: &DiffInput<'_>) -> BTreeMap<(u8, String), String> {
    let mut values = BTreeMap::new();
    if let Some(config) = input.config {
        add_config(&mut values, config);
    }
    let platform = input.platform.map(ToString::to_string);
    values.extend(platform.map(|platform| ((0, "platform".to_string()), platform)));
    let annotations = Manifest::annotations(input.manifest).into_iter().flatten();
    values
        .extend(annotations.map(|(key, value)| ((ANNOTATIONS, format!("annotations.{key}")), value.clone())));
    values
}

fn add_config(values: &mut BTreeMap<(u8, String), String>, config: &ImageConfig) {
    let list = |words: &[String]| {
        Some(words).filter(|words| !words.is_empty()).and_then(|words| serde_json::to_string(words).ok())
    };
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let single = [
        ("author", text(&config.author)),
        ("user", text(&config.user)),
        ("working_dir", text(&config.working_dir)),
        ("entrypoint", list(&config.entrypoint)),
        ("cmd", list(&config.cmd)),
        ("stop_signal", text(&config.stop_signal)),
        ("healthcheck", list(&config.healthcheck)),
    ];
    for (place, (name, value)) in (1..).zip(single) {
        values.extend(value.map(|value| ((place, name.to_string()), value)));
    }
    // Programs see the last one of a name.
    values.extend(config.env.iter().map(|variable| {
        let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
        ((10, format!("env.{name}")), value.to_string())
    }));
    let set = |place: u8, kind: &'static str, names: &[String]| {
        let row = move |name: &String| ((place, format!("{kind}.{name}")), String::new());
        names.iter().map(row).collect::<Vec<_>>()
    };
    values.extend(set(11, "exposed_ports", &config.exposed_ports));
    values.extend(set(12, "volumes", &config.volumes));
    let label = |(key, value): (&String, &String)| ((13, format!("labels.{key}")), value.clone());
    values.extend(config.labels.iter().map(label));
}

/// The steps in one line each, as Dockerfile lines.
fn history(steps: &[HistoryEntry]) -> Vec<String> {
    let line = |step: &HistoryEntry| {
        let command = step.created_by.as_deref().map(instruction::of);
        command.or_else(|| step.comment.clone()).unwrap_or_default()
    };
    steps.iter().map(line).collect()
}

/// Aligns two histories. A step that is replaced by another one shares a row with it.
fn diff_history(left: &[String], right: &[String]) -> Vec<ConfigDifference> {
    let mut rows: Vec<ConfigDifference> = Vec::new();
    // The rows since the last step that both have, which still miss their right side.
    let mut open = 0;
    for place in align(left, right) {
        match place {
            Aligned::Same(..) => open = rows.len(),
            Aligned::Left(at) => rows.push(ConfigDifference {
                path: "history".into(),
                left: Some(left[at].clone()),
                right: None,
            }),
            Aligned::Right(at) => {
                let step = Some(right[at].clone());
                match rows.get_mut(open) {
                    Some(row) => row.right = step,
                    None => {
                        rows.push(ConfigDifference { path: "history".into(), left: None, right: step });
                    }
                }
                open += 1;
            }
        }
    }
    rows
}
