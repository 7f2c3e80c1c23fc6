//! Text in columns, cut and padded by the width that a terminal gives it.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Returns the number of columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a text to at most `columns` columns, with `…` at the end if some of it is missing.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if text.len() <= columns && text.is_ascii() || width(text) <= columns {
        return text.to_string();
    }
    if columns == 0 {
        return String::new();
    }
    let mut kept = String::new();
    let mut used = 0;
    for piece in text.graphemes(true) {
        used += width(piece);
        if used > columns - 1 {
            break;
        }
        kept.push_str(piece);
    }
    kept.push('…');
    kept
}

/// Cuts a text as [`cut`] does, but in front, because the end of a path says most.
pub(crate) fn cut_front(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_string();
    }
    if columns == 0 {
        return String::new();
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut used = 0;
    for piece in text.graphemes(true).rev() {
        used += width(piece);
        if used > columns - 1 {
            break;
        }
        kept.push(piece);
    }
    kept.push("…");
    kept.reverse();
    kept.concat()
}

/// Cuts a text as [`cut`] does, but in the middle, because both ends tell names apart.
pub(crate) fn cut_middle(text: &str, columns: usize) -> String {
    if columns < 3 || width(text) <= columns {
        return cut(text, columns);
    }
    let behind = (columns - 1) / 2;
    let end = cut_front(text, behind + 1);
    cut(text, columns - behind) + end.trim_start_matches('…')
}

/// Returns exactly `columns` columns, with the text at the left.
pub(crate) fn left(text: &str, columns: usize) -> String {
    let mut cell = cut(text, columns);
    cell.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&cell))));
    cell
}

/// Returns exactly `columns` columns, with the text at the right.
pub(crate) fn right(text: &str, columns: usize) -> String {
    let cell = cut(text, columns);
    let mut padded = " ".repeat(columns.saturating_sub(width(&cell)));
    padded.push_str(&cell);
    padded
}

/// The places to break text at, the best first: at spaces, after the separators of a name, after dots.
const BREAKS: [&[char]; 3] = [&[' '], &['/', ':', '@', '='], &['.']];

/// A text that is being broken into lines.
struct Wrapper {
    columns: usize,
    done: Vec<String>,
    line: String,
    used: usize,
}

impl Wrapper {
    /// Adds text. A text that fits on no line is broken at the first of `breaks`, and so on. A part that is longer
    /// still fills its line.
    fn add(&mut self, text: &str, breaks: &[&[char]]) {
        let bare = width(text.trim_end());
        if self.used + bare > self.columns && bare <= self.columns && !self.line.is_empty() {
            self.end();
        }
        if self.used + width(text) <= self.columns {
            return self.push(text);
        }
        match breaks.split_first() {
            Some((here, finer)) => text.split_inclusive(*here).for_each(|part| self.add(part, finer)),
            None => self.fill(text),
        }
    }

    fn fill(&mut self, text: &str) {
        for piece in text.graphemes(true) {
            if self.used + width(piece) > self.columns {
                self.end();
                if piece == " " {
                    continue;
                }
            }
            self.push(piece);
        }
    }

    fn push(&mut self, text: &str) {
        self.line.push_str(text);
        self.used += width(text);
    }

    fn end(&mut self) {
        self.done.push(std::mem::take(&mut self.line).trim_end().to_string());
        self.used = 0;
    }
}

/// Breaks a text into lines of at most `columns` columns: between words, and within long words between their parts.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Wrapper { columns: columns.max(1), done: Vec::new(), line: String::new(), used: 0 };
    lines.add(text, &BREAKS);
    if !lines.line.is_empty() || lines.done.is_empty() {
        lines.end();
    }
    lines.done
}

/// Breaks a text into at most `most` lines. The rest of the last line is cut, with an ellipsis.
pub(crate) fn wrap_into(text: &str, columns: usize, most: usize) -> Vec<String> {
    let mut lines = wrap(text, columns);
    if lines.len() > most {
        let rest = lines.split_off(most.saturating_sub(1)).join(" ");
        lines.extend((most > 0).then(|| cut(&rest, columns)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_as_wide_as_they_should_be() {
        assert_eq!(cut("repository", 5), "repo…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut_front("team/app", 4), "…app");
        assert_eq!(cut_middle("sha256-0123456789.sig", 12), "sha256…9.sig");
        assert_eq!(left("ab", 4), "ab  ");
        assert_eq!(right("日", 4), "  日");
        assert_eq!((cut("abc", 0), cut("abc", 1)), (String::new(), "…".into()));
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("digest  sha256:0123", 10), ["digest", "sha256:", "0123"]);
        assert_eq!(wrap("sha256:0123456789ab", 10), ["sha256:012", "3456789ab"]);
        assert_eq!(wrap("localhost:5000/team/solo:latest", 20), ["localhost:5000/team/", "solo:latest"]);
        assert_eq!(wrap("org.opencontainers.image.source=a", 26), ["org.opencontainers.image.", "source=a"]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(text in "\\PC{0,40}", columns in 0usize..30) {
            proptest::prop_assert!(width(&cut(&text, columns)) <= columns);
            proptest::prop_assert!(width(&cut_front(&text, columns)) <= columns);
            proptest::prop_assert!(width(&cut_middle(&text, columns)) <= columns);
            proptest::prop_assert!(width(&left(&text, columns)) >= columns.min(1));
        }

        #[test]
        fn wrapping_loses_nothing_but_spaces(text in "[a-z日é /:@.]{0,60}", columns in 2usize..30) {
            let lines = wrap(&text, columns);
            proptest::prop_assert!(lines.iter().all(|line| width(line) <= columns), "{lines:?}");
            proptest::prop_assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
