//! The lines of two files for the screen: safe to draw, and without borrowed bytes.

use super::text::{SideBySideLine, TextDiff, side_by_side, unified};
use crate::model::text::SafeText;

/// The comparison of two files for the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextComparison {
    /// The same bytes.
    Same,
    /// At least one of them is no text; they differ.
    Binary,
    /// At least one of them is too large for a comparison of lines; they differ.
    Large,
    /// The lines of both.
    Lines(TextPage),
}

/// The lines of both files in two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPage {
    /// The lines of a unified diff with their signs.
    pub unified: Vec<(LineTone, SafeText)>,
    /// The rows of both files side by side.
    pub rows: Vec<TextRow>,
}

/// The meaning of a line of a unified diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineTone {
    /// The head of a part: `@@ -1,2 +1,3 @@`.
    Head,
    /// In both files.
    Same,
    /// In the left file alone.
    Removed,
    /// In the right file alone.
    Added,
}

/// A row of two files side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRow {
    /// The number of the line on the left, from 1, and its text.
    pub left: Option<(usize, SafeText)>,
    /// The same on the right.
    pub right: Option<(usize, SafeText)>,
    /// Whether both are the same.
    pub is_same: bool,
}

impl TextComparison {
    /// Compares two files. Takes a moment for large ones.
    pub fn of(left: &[u8], right: &[u8]) -> TextComparison {
        match TextDiff::of(left, right) {
            TextDiff::Same => TextComparison::Same,
            TextDiff::Binary => TextComparison::Binary,
            TextDiff::Large => TextComparison::Large,
            TextDiff::Lines(lines) => TextComparison::Lines(TextPage {
                unified: unified(&lines).iter().flat_map(|line| unified_lines(line)).collect(),
                rows: side_by_side(&lines).into_iter().map(row).collect(),
            }),
        }
    }
}

/// Returns a line of a unified diff, and the note that the file ends without a line break if there is one.
fn unified_lines(line: &[u8]) -> Vec<(LineTone, SafeText)> {
    let tone = match line.first() {
        Some(b'@') => LineTone::Head,
        Some(b'-') => LineTone::Removed,
        Some(b'+') => LineTone::Added,
        _ => LineTone::Same,
    };
    SafeText::lines(&String::from_utf8_lossy(line)).map(|line| (tone, line)).collect()
}

fn row(row: SideBySideLine<'_>) -> TextRow {
    let safe = |side: Option<(usize, std::borrow::Cow<'_, str>)>| {
        side.map(|(number, text)| (number, SafeText::lines(&text).next().unwrap_or_default()))
    };
    TextRow { left: safe(row.left), right: safe(row.right), is_same: row.is_same }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_both_forms_are_safe_and_have_their_meaning() {
        let TextComparison::Lines(page) = TextComparison::of(b"a\nb\x1b[2J\nc\n", b"a\nB\nc") else {
            panic!("there are no lines")
        };
        let lines: Vec<_> = page.unified.iter().map(|(tone, text)| (*tone, text.as_str())).collect();
        assert_eq!(
            lines,
            [
                (LineTone::Head, "@@ -1,3 +1,3 @@"),
                (LineTone::Same, " a"),
                (LineTone::Removed, "-b␛[2J"),
                (LineTone::Removed, "-c"),
                (LineTone::Added, "+B"),
                (LineTone::Added, "+c"),
                (LineTone::Added, "\\ No newline at end of file"),
            ]
        );
        let second = &page.rows[1];
        assert!(!second.is_same && page.rows[0].is_same);
        assert_eq!(second.left.as_ref().map(|(number, text)| (*number, text.as_str())), Some((2, "b␛[2J")));
        assert_eq!(second.right.as_ref().map(|(number, text)| (*number, text.as_str())), Some((2, "B")));
        assert_eq!(TextComparison::of(b"a", b"a"), TextComparison::Same);
        assert_eq!(TextComparison::of(b"a\0", b"a"), TextComparison::Binary);
    }
}
