//! The differences between the lines of two files: unified as `diff -u` prints them, and side by side.

use std::borrow::Cow;

use super::align::{Aligned, align};

/// Most bytes of a file whose lines are compared.
pub const LARGEST: usize = 4 << 20;
/// The bytes at the beginning of a file in which a zero shows that it is no text.
const LOOKED_AT: usize = 8_000;
/// The lines around a difference that are shown.
const CONTEXT: usize = 3;

/// The comparison of two files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextDiff<'a> {
    /// The same bytes.
    Same,
    /// At least one of them is no text; they differ.
    Binary,
    /// At least one of them is larger than [`LARGEST`]; they differ.
    Large,
    /// The lines of both.
    Lines(Vec<DiffLine<'a>>),
}

/// A line of one file or of both, with its end. The bytes are those of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffLine<'a> {
    /// The same line in both.
    Same(&'a [u8]),
    /// A line of the left file alone.
    Removed(&'a [u8]),
    /// A line of the right file alone.
    Added(&'a [u8]),
}

/// A row of two files side by side, without the ends of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideBySideLine<'a> {
    /// The number of the line on the left, from 1, and its text.
    pub left: Option<(usize, Cow<'a, str>)>,
    /// The same on the right.
    pub right: Option<(usize, Cow<'a, str>)>,
    /// Whether both are the same.
    pub is_same: bool,
}

impl<'a> TextDiff<'a> {
    /// Compares two files.
    pub fn of(left: &'a [u8], right: &'a [u8]) -> TextDiff<'a> {
        if left == right {
            return TextDiff::Same;
        }
        if [left, right].iter().any(|file| file.iter().take(LOOKED_AT).any(|byte| *byte == 0)) {
            return TextDiff::Binary;
        }
        if left.len().max(right.len()) > LARGEST {
            return TextDiff::Large;
        }
        let lines =
            |file: &'a [u8]| -> Vec<&'a [u8]> { file.split_inclusive(|byte| *byte == b'\n').collect() };
        let (left, right) = (lines(left), lines(right));
        let line = |place| match place {
            Aligned::Same(at, _) => DiffLine::Same(left[at]),
            Aligned::Left(at) => DiffLine::Removed(left[at]),
            Aligned::Right(at) => DiffLine::Added(right[at]),
        };
        TextDiff::Lines(align(&left, &right).into_iter().map(line).collect())
    }
}

/// Returns the lines of a unified diff without the two that name the files, as bytes with their ends: heads of the form
/// `@@ -1,2 +1,3 @@`, and lines that begin with a space, `-` or `+`.
pub fn unified(lines: &[DiffLine<'_>]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let is_change = |line: &DiffLine<'_>| !matches!(line, DiffLine::Same(_));
    let mut at = 0;
    let (mut left, mut right) = (1, 1);
    while let Some(next) = lines.get(at..).and_then(|rest| rest.iter().position(is_change)) {
        let start = (at + next).saturating_sub(CONTEXT).max(at);
        left += start - at;
        right += start - at;
        // The part ends when more lines are the same than stand around two parts.
        let mut end = at + next;
        let mut last = end;
        while let Some(line) = lines.get(end).filter(|_| end - last <= 2 * CONTEXT + 1) {
            if is_change(line) {
                last = end;
            }
            end += 1;
        }
        let end = (last + 1 + CONTEXT).min(lines.len());
        let part = lines.get(start..end).unwrap_or_default();
        let removed = part.iter().filter(|line| !matches!(line, DiffLine::Added(_))).count();
        let added = part.iter().filter(|line| !matches!(line, DiffLine::Removed(_))).count();
        // A side without lines names the line before it.
        let range = |first: usize, count: usize| format!("{},{count}", first - usize::from(count == 0));
        out.push(format!("@@ -{} +{} @@\n", range(left, removed), range(right, added)).into_bytes());
        for line in part {
            let (sign, text) = match line {
                DiffLine::Same(text) => (b' ', text),
                DiffLine::Removed(text) => (b'-', text),
                DiffLine::Added(text) => (b'+', text),
            };
            let mut bytes = vec![sign];
            bytes.extend_from_slice(text);
            if !text.ends_with(b"\n") {
                bytes.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
            out.push(bytes);
        }
        left += removed;
        right += added;
        at = end;
    }
    out
}

/// Returns the rows of both files side by side. A removed line shares its row with the line that replaces it.
pub fn side_by_side<'a>(lines: &[DiffLine<'a>]) -> Vec<SideBySideLine<'a>> {
    let text = |line: &'a [u8]| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line))
    };
    let mut rows: Vec<SideBySideLine<'a>> = Vec::new();
    let (mut left, mut right, mut open) = (0, 0, 0);
    for line in lines {
        match line {
            DiffLine::Same(line) => {
                (left, right) = (left + 1, right + 1);
                let row = [left, right].map(|number| Some((number, text(line))));
                let [one, other] = row;
                rows.push(SideBySideLine { left: one, right: other, is_same: true });
                open = rows.len();
            }
            DiffLine::Removed(line) => {
                left += 1;
                rows.push(SideBySideLine { left: Some((left, text(line))), right: None, is_same: false });
            }
            DiffLine::Added(line) => {
                right += 1;
                let added = Some((right, text(line)));
                match rows.get_mut(open) {
                    Some(row) => row.right = added,
                    None => rows.push(SideBySideLine { left: None, right: added, is_same: false }),
                }
                open += 1;
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unified_text(left: &str, right: &str) -> String {
        let TextDiff::Lines(lines) = TextDiff::of(left.as_bytes(), right.as_bytes()) else {
            panic!("there are no lines")
        };
        String::from_utf8(unified(&lines).concat()).expect("text")
    }

    #[test]
    fn files_without_lines_to_compare_are_same_binary_or_large() {
        let large = vec![b'a'; LARGEST + 1];
        let table: [(&[u8], &[u8], TextDiff<'_>); 5] = [
            (b"", b"", TextDiff::Same),
            (b"a\0", b"a\0", TextDiff::Same),
            (b"a\0", b"a", TextDiff::Binary),
            (b"a", &large, TextDiff::Large),
            (&large, &large, TextDiff::Same),
        ];
        for (left, right, expected) in table {
            assert_eq!(TextDiff::of(left, right), expected);
        }
    }

    #[test]
    fn a_unified_diff_is_that_of_the_usual_program() {
        let table = [
            ("a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"),
            ("", "a\n", "@@ -0,0 +1,1 @@\n+a\n"),
            ("a\n", "", "@@ -1,1 +0,0 @@\n-a\n"),
            ("a", "a\n", "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n"),
        ];
        for (left, right, expected) in table {
            assert_eq!(unified_text(left, right), expected);
        }
    }

    #[test]
    fn differences_far_apart_are_parts_with_three_lines_around_each() {
        let left: Vec<String> = (1..=30).map(|number| format!("{number}\n")).collect();
        let mut right = left.clone();
        (right[9], right[16], right[25]) = ("x\n".into(), "y\n".into(), "z\n".into());
        let text = unified_text(&left.concat(), &right.concat());
        let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("@@")).collect();
        assert_eq!(heads, ["@@ -7,14 +7,14 @@", "@@ -23,7 +23,7 @@"]);
        let heads = unified_text(&left.concat(), &left[3..].concat());
        assert!(heads.starts_with("@@ -1,6 +1,3 @@\n-1\n-2\n-3\n 4\n"), "{heads}");
    }

    #[test]
    fn a_replaced_line_shares_its_row() {
        let (left, right) = ("a\r\nb\nc\n", "a\r\nx\ny\nc");
        let TextDiff::Lines(lines) = TextDiff::of(left.as_bytes(), right.as_bytes()) else {
            panic!("no lines")
        };
        let rows: Vec<String> = side_by_side(&lines)
            .iter()
            .map(|row| {
                let side = |side: &Option<(usize, Cow<'_, str>)>| {
                    side.as_ref().map(|(number, text)| format!("{number} {text}")).unwrap_or_default()
                };
                format!("{}|{}|{}", side(&row.left), side(&row.right), row.is_same)
            })
            .collect();
        assert_eq!(rows, ["1 a|1 a|true", "2 b|2 x|false", "3 c|3 y|false", "|4 c|false"]);
    }
}
