//! The rows of *Summary* and *Config* on a screen without room for them: they are broken or shortened between their parts,
//! so that no number is cut.

use unicode_segmentation::UnicodeSegmentation;

use super::DiffDialog;
use crate::model::columns;
use crate::model::text::SafeText;

/// Most lines of a text that is broken.
const MOST_LINES: usize = 3;
/// Most lines of a value in the tab *Config*.
const MOST_OF_A_VALUE: usize = 2;
/// Columns before the further lines of a row.
const INDENT: usize = 2;
/// Columns before the values of the tab *Config*.
const VALUES: usize = 4;
/// The fewest characters that are kept in front of the first difference between two values.
const KEPT: usize = 8;

/// The forms of a row that does not fit in one line.
#[derive(Debug)]
pub(super) enum NarrowRow {
    /// It is broken between words.
    Words,
    /// Its last part, which is free text, is cut.
    OneLine,
    /// A fact behind its name: in a shorter form if that fits, otherwise broken.
    Fact {
        /// Columns of the name.
        indent: usize,
        /// The shorter form.
        short: Option<SafeText>,
    },
    /// The counts of layers, and the download in more and in fewer words.
    Counts {
        /// The counts.
        counts: Vec<String>,
        /// The download.
        download: [String; 2],
    },
    /// A value of a config, below its name.
    Value {
        /// The sign of the difference.
        sign: char,
        /// The name.
        path: SafeText,
        /// The values on the left and on the right.
        sides: [Option<SafeText>; 2],
    },
}

impl NarrowRow {
    /// Returns the lines of a row, which is `text` in one line.
    pub(super) fn lines(&self, text: &str, width: usize) -> Vec<String> {
        if columns::width(text) <= width {
            return vec![text.to_string()];
        }
        match self {
            NarrowRow::OneLine => vec![columns::cut(text, width)],
            NarrowRow::Words => hang("", INDENT, text, width, MOST_LINES),
            NarrowRow::Fact { indent, short } => {
                let at = text.char_indices().nth(*indent).map_or(text.len(), |(at, _)| at);
                let (name, value) = text.split_at(at);
                let short = short.as_ref().map(SafeText::as_str);
                let value = short.unwrap_or(value);
                hang(name, *indent, value, width, MOST_LINES)
            }
            NarrowRow::Counts { counts, download } => counts_lines(counts, download, width),
            NarrowRow::Value { sign, path, sides } => value_lines(*sign, path, sides, width),
        }
    }
}

/// Breaks a text behind a name. The lines after the first are indented.
fn hang(name: &str, indent: usize, text: &str, width: usize, most: usize) -> Vec<String> {
    let lines = columns::wrap_into(text, width.saturating_sub(indent), most);
    let line = |(at, line): (usize, String)| {
        if at == 0 && !name.is_empty() { format!("{name}{line}") } else { " ".repeat(indent) + &line }
    };
    let mut lines: Vec<String> = lines.into_iter().enumerate().map(line).collect();
    if let Some(first) = lines.first_mut().filter(|_| name.is_empty()) {
        *first = first.trim_start().to_string();
    }
    lines
}

/// Fills lines with the counts, each as a whole.
fn counts_lines(counts: &[String], download: &[String; 2], width: usize) -> Vec<String> {
    let last = counts.len().saturating_sub(1);
    let ends = |at: usize| if at == last { ";" } else { "," };
    let mut parts: Vec<String> =
        counts.iter().enumerate().map(|(at, count)| format!("{count}{}", ends(at))).collect();
    let [long, short] = download;
    let is_long = columns::width(long) + INDENT <= width;
    parts.push(if is_long { long } else { short }.clone());
    let mut lines: Vec<String> = Vec::new();
    let mut line = "layers:".to_string();
    for part in parts {
        if columns::width(&line) + 1 + columns::width(&part) > width {
            lines.push(std::mem::take(&mut line));
            line.push(' ');
        }
        line.push(' ');
        line.push_str(&part);
    }
    lines.push(line);
    lines
}

/// Returns the name of a value and the values below it: in one line if they fit, otherwise each in its own.
fn value_lines(sign: char, path: &SafeText, sides: &[Option<SafeText>; 2], width: usize) -> Vec<String> {
    let room = width.saturating_sub(VALUES);
    let mut lines =
        vec![format!("{sign} {}", columns::cut_middle(path.as_str(), width.saturating_sub(INDENT)))];
    let indented = |line: String| " ".repeat(VALUES) + &line;
    let [left, right] = sides.each_ref().map(|side| side.as_ref().map(SafeText::as_str));
    match (left, right) {
        (Some(left), Some(right)) => {
            let both = format!("{left} → {right}");
            if columns::width(&both) <= room {
                lines.push(indented(both));
                return lines;
            }
            let room = room.saturating_sub(INDENT);
            let values = near_difference(left, right, room);
            for (sign, value) in ["- ", "+ "].iter().zip(values) {
                let value = columns::wrap_into(&value, room, MOST_OF_A_VALUE);
                let sign = |at: usize| if at == 0 { *sign } else { "  " };
                let value = value.into_iter().enumerate().map(|(at, line)| sign(at).to_string() + &line);
                lines.extend(value.map(indented));
            }
        }
        (left, right) => {
            let value = left.or(right).unwrap_or_default();
            if !value.is_empty() {
                lines.extend(columns::wrap_into(value, room, MOST_LINES).into_iter().map(indented));
            }
        }
    }
    lines
}

/// Returns two values without the beginning that they share, or a part of it, if one of them needs more lines than a value
/// has. `room` is the number of columns of a line.
fn near_difference(left: &str, right: &str, room: usize) -> [String; 2] {
    if columns::width(left).max(columns::width(right)) <= room * MOST_OF_A_VALUE {
        return [left, right].map(String::from);
    }
    let same = left.graphemes(true).zip(right.graphemes(true)).take_while(|(one, other)| one == other);
    let same = same.count();
    let rest = |text: &str| text.graphemes(true).count().saturating_sub(same);
    let kept = KEPT.max(room.saturating_sub(rest(left).max(rest(right)) + 1));
    let left_out = same.saturating_sub(kept);
    let rest = |text: &str| {
        let rest: String = text.graphemes(true).skip(left_out).collect();
        if left_out > 0 { format!("…{rest}") } else { rest }
    };
    [rest(left), rest(right)]
}

impl DiffDialog {
    /// Returns the lines of *Summary* or *Config* that fit on the screen, each with the number of its row. The row under the
    /// cursor is among them.
    pub(crate) fn visible_lines(&self, width: usize, height: u16) -> Vec<(usize, String)> {
        let height = usize::from(height);
        let cursor = self.cursor().min(self.lines.len().saturating_sub(1));
        let count = |row: usize| self.lines.get(row).map_or(0, |line| line.lines(width).len());
        let mut first = cursor;
        let mut used = count(cursor);
        while first > 0 {
            used += count(first - 1);
            if used > height {
                break;
            }
            first -= 1;
        }
        let rows = self.lines.iter().enumerate().skip(first);
        let lines = rows.flat_map(|(row, line)| line.lines(width).into_iter().map(move |text| (row, text)));
        lines.take(height).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(left: Option<&str>, right: Option<&str>) -> NarrowRow {
        let sides = [left, right].map(|side| side.map(SafeText::clean));
        NarrowRow::Value { sign: '~', path: "env.PATH".into(), sides }
    }

    #[test]
    fn counts_are_broken_between_their_parts_and_never_within_a_number() {
        let counts = ["3 shared (154.6 MB)", "1 removed (20.3 MB)", "2 added (1.2 MB)"].map(String::from);
        let download =
            ["a client with the left image downloads 1.3 kB", "downloads 1.3 kB"].map(String::from);
        let text = format!("layers: {}; {}", counts.join(", "), download[0]);
        let row = NarrowRow::Counts { counts: counts.to_vec(), download };
        assert_eq!(
            row.lines(&text, 42),
            [
                "layers: 3 shared (154.6 MB),",
                "  1 removed (20.3 MB), 2 added (1.2 MB);",
                "  downloads 1.3 kB"
            ]
        );
        assert_eq!(row.lines(&text, 72).len(), 2);
        assert_eq!(row.lines(&text, 200), [text]);
    }

    #[test]
    fn a_fact_without_room_has_its_short_form_or_is_broken() {
        let digest = "sha256:4fae34af3bae0d636b9063b66d9f0b539603f08b33f73636055ef522b5081144";
        let row = NarrowRow::Fact { indent: 10, short: Some("4fae34af3bae".into()) };
        assert_eq!(row.lines(&format!("→         {digest}"), 42), ["→         4fae34af3bae"]);
        let row = NarrowRow::Fact { indent: 10, short: None };
        assert_eq!(
            row.lines("created   2026-10-02 09:30:00 UTC", 25),
            ["created   2026-10-02", "          09:30:00 UTC"]
        );
    }

    #[test]
    fn long_values_stand_below_each_other_near_their_first_difference() {
        let common = "x".repeat(300);
        let (left, right) = (format!("{common}left"), format!("{common}right"));
        let lines = value(Some(&left), Some(&right)).lines(&"-".repeat(700), 42);
        let kept = "x".repeat(30);
        assert_eq!(lines[1], format!("    - …{kept}left"));
        assert_eq!((lines.len(), columns::width(&lines[2])), (3, 42));
        let (left, right) = (common.clone() + &"l".repeat(100), common + &"r".repeat(100));
        let lines = value(Some(&left), Some(&right)).lines(&"-".repeat(700), 42);
        assert_eq!((lines[1].as_str(), lines.len()), (&*format!("    - …xxxxxxxx{}", "l".repeat(27)), 5));
        let lines = value(Some("1.4.1"), Some("1.4.2")).lines(&"-".repeat(50), 20);
        assert_eq!(lines, ["~ env.PATH", "    1.4.1 → 1.4.2"]);
        let lines = value(None, Some(&right)).lines(&"-".repeat(700), 42);
        assert_eq!(lines.len(), 4);
        assert!(lines[3].ends_with('…') && lines.iter().all(|line| columns::width(line) <= 42), "{lines:?}");
    }
}
