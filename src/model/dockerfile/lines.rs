//! The lines of a reconstructed Dockerfile.

use std::fmt::Write;

use crate::model::image::{ImageConfig, LayerRow};
use crate::model::size;

/// The instructions of a Dockerfile: <https://docs.docker.com/reference/dockerfile/>.
///
/// `FROM` is missing: only annotations and labels name the base image.
const INSTRUCTIONS: [&str; 17] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// The lines of a Dockerfile. Text from outside cannot begin a line of its own.
#[derive(Debug, Default)]
pub(super) struct Lines(pub(super) String);

impl Lines {
    /// Adds a line. White space in it becomes one space.
    pub(super) fn line(&mut self, text: &str) {
        let mut words = text.split_whitespace();
        self.0.extend(words.next());
        for word in words {
            self.0.push(' ');
            self.0.push_str(word);
        }
        self.0.push('\n');
    }

    /// Adds a line whose white space counts.
    fn exact_line(&mut self, text: &str) {
        self.0.push_str(&text.replace(['\n', '\r'], " "));
        self.0.push('\n');
    }

    /// Adds a comment.
    pub(super) fn comment(&mut self, text: impl AsRef<str>) {
        self.0.push_str("# ");
        self.line(text.as_ref());
    }

    /// Adds a step, with its layer in a comment above it.
    pub(super) fn row(&mut self, row: &LayerRow, is_of_base: bool) {
        if let Some(layer) = &row.layer {
            let bytes = layer.size.map_or_else(|| "size not known".into(), size::bytes);
            self.comment(format!("layer {} {bytes}", layer.digest_text));
        }
        let step = row.instruction.as_deref().unwrap_or_default();
        let word = step.split(' ').next().unwrap_or_default();
        match (step, row.comment.as_deref()) {
            _ if !is_of_base && INSTRUCTIONS.contains(&word) => self.line(step),
            ("", Some(comment)) => self.comment(comment),
            ("", None) => {}
            _ => self.comment(step),
        }
    }

    /// Adds the instructions that the config of an image without a history implies.
    pub(super) fn config(&mut self, config: &ImageConfig) {
        self.comment("the image has no history; these follow from its config");
        for variable in &*config.env {
            let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
            self.exact_line(&format!("ENV {name}={}", quote(value)));
        }
        let exposed = config.exposed_ports.join(" ");
        for (instruction, value) in [
            ("EXPOSE", Some(exposed)),
            ("WORKDIR", config.working_dir.clone()),
            ("USER", config.user.clone()),
            ("STOPSIGNAL", config.stop_signal.clone()),
            ("ENTRYPOINT", list_of(&config.entrypoint)),
            ("CMD", list_of(&config.cmd)),
        ] {
            if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
                self.exact_line(&format!("{instruction} {value}"));
            }
        }
    }
}

/// Returns a text in quotes, as JSON writes it.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns the exec form of a list of words, or `None` for an empty one.
fn list_of(words: &[String]) -> Option<String> {
    let mut out = String::from("[");
    for (index, word) in words.iter().enumerate() {
        let gap = if index == 0 { "" } else { ", " };
        // Writing into a text cannot fail.
        write!(out, "{gap}{}", quote(word)).ok();
    }
    out.push(']');
    (!words.is_empty()).then_some(out)
}
