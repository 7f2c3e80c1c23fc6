//! Text in columns: cut and padded by the width that a terminal gives it.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// At most `columns` columns of a text, with `…` at the end if some is missing.
pub fn cut(text: &str, columns: usize) -> String {
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

/// Like [`cut`], but what is missing is missing in front: the end of a path says most.
pub fn cut_front(text: &str, columns: usize) -> String {
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

/// Exactly `columns` columns, text at the left.
pub fn left(text: &str, columns: usize) -> String {
    let mut cell = cut(text, columns);
    cell.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&cell))));
    cell
}

/// Exactly `columns` columns, text at the right.
pub fn right(text: &str, columns: usize) -> String {
    let cell = cut(text, columns);
    let mut padded = " ".repeat(columns.saturating_sub(width(&cell)));
    padded.push_str(&cell);
    padded
}

/// A text in lines of at most `columns` columns, broken at spaces; a word that is longer than a line fills it.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let bare = width(word.trim_end());
        if used + bare > columns && bare <= columns && !line.is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_string());
            used = 0;
        }
        if used + width(word) <= columns {
            line.push_str(word);
            used += width(word);
            continue;
        }
        for piece in word.graphemes(true) {
            if used + width(piece) > columns {
                lines.push(std::mem::take(&mut line).trim_end().to_string());
                used = 0;
                if piece == " " {
                    continue;
                }
            }
            line.push_str(piece);
            used += width(piece);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_string());
    }
    lines
}

/// The text in at most so many lines: of the last one the rest is cut, with an ellipsis.
pub fn wrap_into(text: &str, columns: usize, most: usize) -> Vec<String> {
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
        assert_eq!(left("ab", 4), "ab  ");
        assert_eq!(right("日", 4), "  日");
        assert_eq!((cut("abc", 0), cut("abc", 1)), (String::new(), "…".into()));
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("digest  sha256:0123", 10), ["digest  sh", "a256:0123"]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(text in "\\PC{0,40}", columns in 0usize..30) {
            proptest::prop_assert!(width(&cut(&text, columns)) <= columns);
            proptest::prop_assert!(width(&cut_front(&text, columns)) <= columns);
            proptest::prop_assert!(width(&left(&text, columns)) >= columns.min(1));
        }

        #[test]
        fn wrapping_loses_nothing_but_spaces(text in "[a-z日é ]{0,60}", columns in 2usize..30) {
            let lines = wrap(&text, columns);
            proptest::prop_assert!(lines.iter().all(|line| width(line) <= columns), "{lines:?}");
            proptest::prop_assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
