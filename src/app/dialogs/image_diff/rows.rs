//! The lines of the tabs *Summary* and *Config*.

use crate::model::image_diff::{ConfigDifference, DiffedLayer, ImageDiff, LayerChange};
use crate::model::plural::counted;
use crate::model::text::SafeText;

/// The columns of the names of facts.
const NAME: usize = 10;

/// The meaning of a line, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiffTone {
    /// A heading.
    Heading,
    /// The same on both sides.
    Same,
    /// Only on the left.
    Removed,
    /// Only on the right.
    Added,
    /// Another value on the right.
    Changed,
}

impl DiffTone {
    /// Whether the line is a difference.
    pub(crate) fn is_difference(self) -> bool {
        !matches!(self, DiffTone::Heading | DiffTone::Same)
    }
}

/// A line of text with its meaning.
pub(crate) type TonedLine = (DiffTone, SafeText);

/// A line of a tab.
#[derive(Debug)]
pub(crate) struct DiffLine {
    /// The meaning.
    pub(crate) tone: DiffTone,
    /// The text, which is cut if there is no room.
    pub(crate) text: SafeText,
    /// Whether a difference begins here. It does not in the second line of one.
    pub(crate) is_first: bool,
    /// Everything about the row, on both sides.
    pub(crate) whole: Vec<TonedLine>,
}

impl DiffLine {
    fn new(tone: DiffTone, text: impl Into<SafeText>) -> DiffLine {
        let text = text.into();
        DiffLine { tone, is_first: tone.is_difference(), whole: vec![(tone, text.clone())], text }
    }
}

/// Returns the facts about both images, and their layers.
pub(super) fn summary_lines(diff: &ImageDiff, has_config: bool) -> Vec<DiffLine> {
    let mut lines = Vec::new();
    // A layer has no build date of its own.
    let facts = diff.facts().into_iter().filter(|(name, _)| has_config || *name != "created");
    for (name, [left, right]) in facts {
        let name = if !has_config && name == "image" { "layer" } else { name };
        if left == right {
            lines.push(DiffLine::new(DiffTone::Same, format!("{name:<NAME$}{left}")));
            continue;
        }
        let whole = vec![
            (DiffTone::Heading, SafeText::from(name)),
            (DiffTone::Removed, SafeText::from(format!("- {left}"))),
            (DiffTone::Added, SafeText::from(format!("+ {right}"))),
        ];
        let sides = [(DiffTone::Removed, name, left), (DiffTone::Added, "→", right)];
        lines.extend(sides.into_iter().enumerate().map(|(at, (tone, name, value))| DiffLine {
            tone,
            text: SafeText::from(format!("{name:<NAME$}{value}")),
            is_first: at == 0,
            whole: whole.clone(),
        }));
    }
    if has_config {
        let config = counted(diff.config.len(), "difference", "differences");
        let tone = if diff.config.is_empty() { DiffTone::Same } else { DiffTone::Changed };
        lines.push(DiffLine::new(tone, format!("{:<NAME$}{config}", "config")));
    }
    if diff.is_same() {
        let what = if has_config { "image" } else { "layer" };
        lines.push(DiffLine::new(DiffTone::Heading, format!("both are the same {what}")));
        return lines;
    }
    if has_config {
        let layers = format!("layers: {}", diff.describe_layers());
        lines.push(DiffLine::new(DiffTone::Heading, layers));
    }
    lines.extend(diff.layers.iter().map(layer_line));
    if diff.is_cut {
        lines.push(DiffLine::new(DiffTone::Changed, "a list is too long; not all of it was compared"));
    }
    lines
}

fn layer_line(layer: &DiffedLayer) -> DiffLine {
    let (tone, word) = match layer.change {
        LayerChange::Shared => (DiffTone::Same, "in both images"),
        LayerChange::Removed => (DiffTone::Removed, "in the left image"),
        LayerChange::Added => (DiffTone::Added, "in the right image"),
    };
    let (sign, bytes) = (layer.change.sign(), layer.shown_size());
    let text = format!("{sign} {bytes:>9}  {}  {}", layer.short_digest(), layer.step());
    let number = |index: Option<usize>| index.map(|index| index + 1);
    let place = match (number(layer.left), number(layer.right)) {
        (Some(left), Some(right)) if left != right => format!("layer {left} there, layer {right} here"),
        (left, right) => format!("layer {}", right.or(left).unwrap_or_default()),
    };
    let mut whole = vec![(tone, SafeText::from(format!("{word}: {place}, {bytes}")))];
    whole.push((tone, SafeText::clean(&layer.digest)));
    if let Some(left) = &layer.left_digest {
        let left = SafeText::clean(left);
        whole.push((tone, SafeText::from(format!("on the left compressed as {left}"))));
    }
    whole.push((DiffTone::Same, layer.step()));
    DiffLine { tone, text: SafeText::from(text), is_first: tone.is_difference(), whole }
}

/// Returns the differences between the configs.
pub(super) fn config_lines(diff: &ImageDiff) -> Vec<DiffLine> {
    if diff.config.is_empty() {
        return vec![DiffLine::new(DiffTone::Same, "the configs are the same")];
    }
    let line = |row: &ConfigDifference| {
        let tone = match row.sign() {
            '+' => DiffTone::Added,
            '-' => DiffTone::Removed,
            _ => DiffTone::Changed,
        };
        let side = |tone, sign, value: &Option<String>| {
            let value = SafeText::clean(value.as_deref()?);
            Some((tone, SafeText::from(format!("{sign} {value}"))))
        };
        let mut whole = vec![(DiffTone::Heading, SafeText::clean(&row.path))];
        whole.extend(side(DiffTone::Removed, "-", &row.left));
        whole.extend(side(DiffTone::Added, "+", &row.right));
        DiffLine { tone, text: row.line(), is_first: true, whole }
    };
    diff.config.iter().map(line).collect()
}
