//! The lines of the tabs *Summary* and *Config*.

use super::narrow::NarrowRow;
use crate::model::digest::Digest;
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

/// A row of a tab. It takes several lines of the screen if it is long.
#[derive(Debug)]
pub(crate) struct DiffLine {
    /// The meaning.
    pub(crate) tone: DiffTone,
    /// The row in one line.
    pub(crate) text: SafeText,
    /// Whether a difference begins here. It does not in the second row of one.
    pub(crate) is_first: bool,
    /// Everything about the row, on both sides.
    pub(crate) whole: Vec<TonedLine>,
    /// The forms that the row has if there is no room for its one line.
    narrow: NarrowRow,
}

impl DiffLine {
    fn new(tone: DiffTone, text: impl Into<SafeText>) -> DiffLine {
        let text = text.into();
        let narrow = NarrowRow::Words;
        DiffLine { tone, is_first: tone.is_difference(), whole: vec![(tone, text.clone())], text, narrow }
    }

    /// Returns the lines of the screen that the row takes.
    pub(crate) fn lines(&self, width: usize) -> Vec<String> {
        self.narrow.lines(self.text.as_str(), width)
    }
}

/// Returns the facts about both images, and their layers.
pub(super) fn summary_lines(diff: &ImageDiff) -> Vec<DiffLine> {
    let mut lines = Vec::new();
    for (name, sides) in diff.facts() {
        let shorts = short_forms(name, &sides);
        let [left, right] = sides;
        let narrow = |at: usize| {
            let [left, right] = &shorts;
            NarrowRow::Fact { indent: NAME, short: if at == 0 { left.clone() } else { right.clone() } }
        };
        if left == right {
            let text = format!("{name:<NAME$}{left}");
            lines.push(DiffLine { narrow: narrow(0), ..DiffLine::new(DiffTone::Same, text) });
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
            narrow: narrow(at),
        }));
    }
    let is_of_layers = diff.is_of_layers();
    if !is_of_layers {
        let config = counted(diff.config.len(), "difference", "differences");
        let tone = if diff.config.is_empty() { DiffTone::Same } else { DiffTone::Changed };
        lines.push(DiffLine::new(tone, format!("{:<NAME$}{config}", "config")));
    }
    if diff.is_same() {
        let what = if is_of_layers { "layer" } else { "image" };
        lines.push(DiffLine::new(DiffTone::Heading, format!("both are the same {what}")));
        return lines;
    }
    if !is_of_layers {
        let counts = diff.layer_counts();
        let download = [false, true].map(|is_short| diff.describe_download(is_short));
        let text = format!("layers: {}", diff.describe_layers());
        let narrow = NarrowRow::Counts { counts, download };
        lines.push(DiffLine { narrow, ..DiffLine::new(DiffTone::Heading, text) });
    }
    let numbers = [diff.left.layer, diff.right.layer];
    lines.extend(diff.layers.iter().map(|layer| layer_line(layer, numbers)));
    if diff.is_cut {
        lines.push(DiffLine::new(DiffTone::Changed, "a list is too long; not all of it was compared"));
    }
    lines
}

/// Returns shorter forms of a fact on both sides. A name keeps its registry unless both have the same.
fn short_forms(name: &str, sides: &[SafeText; 2]) -> [Option<SafeText>; 2] {
    let short_digest = |text: &str| text.parse::<Digest>().ok().map(|digest| digest.short());
    let of_digests = |text: &SafeText| {
        let text = text.as_str();
        let short = match text.rsplit_once('@') {
            Some((name, digest)) => short_digest(digest).map(|digest| format!("{name}@{digest}")),
            None => short_digest(text),
        };
        short.map(SafeText::from)
    };
    match name {
        "image" | "layer" => {
            let [left, right] = sides.each_ref().map(|text| text.as_str().split_once('/'));
            match (left, right) {
                (Some((left, one)), Some((right, other))) if left == right => {
                    [one, other].map(|text| Some(SafeText::clean(text)))
                }
                _ => [None, None],
            }
        }
        _ => sides.each_ref().map(of_digests),
    }
}

fn layer_line(layer: &DiffedLayer, numbers: [Option<usize>; 2]) -> DiffLine {
    let (tone, word) = match layer.change {
        LayerChange::Shared => (DiffTone::Same, "in both images"),
        LayerChange::Removed => (DiffTone::Removed, "in the left image"),
        LayerChange::Added => (DiffTone::Added, "in the right image"),
    };
    let (sign, bytes) = (layer.change.sign(), layer.shown_size());
    let head = format!("{sign} {bytes:>9}  {}  ", layer.short_digest());
    let text = format!("{head}{}", layer.step());
    // A layer that is compared alone has another number in its image.
    let number = |index: Option<usize>, alone: Option<usize>| Some(alone.unwrap_or(index? + 1));
    let left = number(layer.left, numbers[0].filter(|_| layer.left.is_some()));
    let right = number(layer.right, numbers[1].filter(|_| layer.right.is_some()));
    let place = match (left, right) {
        (Some(left), Some(right)) if left != right => {
            format!("layer {left} on the left, layer {right} on the right")
        }
        (left, right) => format!("layer {}", right.or(left).unwrap_or_default()),
    };
    let mut whole = vec![(tone, SafeText::from(format!("{word}: {place}, {bytes}")))];
    whole.push((tone, SafeText::clean(&layer.digest)));
    if let Some(left) = &layer.left_digest {
        let left = SafeText::clean(left);
        whole.push((tone, SafeText::from(format!("on the left compressed as {left}"))));
    }
    whole.push((DiffTone::Same, layer.step()));
    let narrow = NarrowRow::OneLine;
    DiffLine { tone, text: SafeText::from(text), is_first: tone.is_difference(), whole, narrow }
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
        let path = SafeText::clean(&row.path);
        let sides = [&row.left, &row.right].map(|value| value.as_deref().map(SafeText::clean));
        let side = |tone, sign, value: &Option<SafeText>| {
            Some((tone, SafeText::from(format!("{sign} {}", value.as_ref()?))))
        };
        let mut whole = vec![(DiffTone::Heading, path.clone())];
        whole.extend(side(DiffTone::Removed, "-", &sides[0]));
        whole.extend(side(DiffTone::Added, "+", &sides[1]));
        let narrow = NarrowRow::Value { sign: row.sign(), path, sides };
        DiffLine { tone, text: row.line(), is_first: true, whole, narrow }
    };
    diff.config.iter().map(line).collect()
}
