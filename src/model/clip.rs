//! Text that may go to a clipboard.
//!
//! A shell runs pasted text, so no text reaches the clipboard as a server wrote it.

use super::text::{SafeText, is_unsafe};

/// The longest preview, in characters.
const LONGEST_PREVIEW: usize = 120;

/// Text for a clipboard: names by their grammar, or other text with nothing but printable characters, and line feeds
/// between its lines. Only this type is accepted for the clipboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipText {
    text: String,
    /// The number of characters that were left out.
    omitted: usize,
}

impl ClipText {
    /// Cleans text other than names. Control characters, the beginnings of escape sequences and invisible characters
    /// are left out. Every kind of line break becomes a line feed. No line feed is left at the end, because a shell
    /// would run the last line at once.
    pub(crate) fn clean(text: &str) -> ClipText {
        let mut out = String::with_capacity(text.len());
        let mut omitted = 0;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\r' if characters.peek() == Some(&'\n') => {}
                '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
                // Shells complete names at a tab.
                '\t' => out.push(' '),
                _ if is_unsafe(character) => omitted += 1,
                _ => out.push(character),
            }
        }
        out.truncate(out.trim_end_matches('\n').len());
        ClipText { text: out, omitted }
    }

    /// Joins texts, one line for each.
    pub(crate) fn lines_of(lines: impl IntoIterator<Item = String>) -> ClipText {
        let lines: Vec<String> = lines.into_iter().collect();
        ClipText::clean(&lines.join("\n"))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the number of lines.
    pub(crate) fn lines(&self) -> usize {
        self.text.split('\n').count()
    }

    /// Returns whether the text is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns a description that the user reads before the text is copied: the number of lines if there are several, the
    /// number of characters left out, and the first line that is not empty.
    pub(crate) fn preview(&self) -> SafeText {
        let mut notes = Vec::new();
        let lines = self.lines();
        if lines > 1 {
            notes.push(format!("{lines} lines"));
        }
        if self.omitted > 0 {
            let plural = if self.omitted == 1 { "" } else { "s" };
            notes.push(format!("without {} control character{plural}", self.omitted));
        }
        let first = self.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let first: String = first.chars().take(LONGEST_PREVIEW).collect();
        if notes.is_empty() {
            SafeText::clean(&first)
        } else {
            SafeText::from(format!("{}: {first}", notes.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_or_a_shell_obeys_is_left() {
        let table = [
            ("docker pull h/app:1", "docker pull h/app:1"),
            ("RUN x\u{1b}[201~\nrm -rf ~\n", "RUN x[201~\nrm -rf ~"),
            ("a\rb\r\nc\u{85}d\u{2028}e", "a\nb\nc\nd\ne"),
            ("a\u{7}\u{8}\u{7f}\u{9b}201~b", "a201~b"),
            ("a\u{202e}\u{200b}\u{feff}\u{2066}b", "ab"),
            ("\ta\tb", " a b"),
            ("a\n\r\n\n", "a"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(ClipText::clean(text).as_str(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_preview_says_how_many_lines_there_are() {
        let preview = |text: &str| ClipText::clean(text).preview().to_string();
        assert_eq!(preview("one line\n"), "one line");
        assert_eq!(preview("one\nrm -rf ~\nthree"), "3 lines: one");
        assert_eq!(preview("\n\none"), "3 lines: one");
        assert_eq!(preview("a\u{1b}[201~\rb"), "2 lines, without 1 control character: a[201~");
    }

    proptest::proptest! {
        #[test]
        fn the_clipboard_gets_only_printable_lines(text in proptest::collection::vec(proptest::char::any(), 0..60)) {
            let text = ClipText::clean(&text.into_iter().collect::<String>());
            proptest::prop_assert!(!text.as_str().chars().any(|c| c != '\n' && is_unsafe(c)));
            proptest::prop_assert!(!text.as_str().ends_with('\n'));
        }
    }
}
