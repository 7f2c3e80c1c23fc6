//! Text from outside, made safe to draw.
//!
//! The screen takes [`SafeText`] only. Control characters, escape sequences, bidi controls and invisible characters are
//! turned into visible marks, so no server can move the cursor, write to the clipboard or make two names look alike.

use std::fmt;

use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;

/// The longest field that is drawn, in bytes. The rest is cut and marked with `…`.
pub(crate) const LONGEST_FIELD: usize = 4 * 1024;
/// The greatest number of bytes that one character on the screen may hold.
const LONGEST_GRAPHEME: usize = 32;
/// The greatest number of combining marks on one character.
const MOST_MARKS: usize = 4;

/// Text without anything that a terminal obeys. It is made only by [`SafeText::clean`] and related functions.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SafeText(Box<str>);

impl SafeText {
    /// Makes `text` safe: at most [`LONGEST_FIELD`] bytes of it, on one line.
    pub fn clean(text: &str) -> SafeText {
        SafeText(sanitize(text).into())
    }

    /// Makes each line of `text` safe, with tabs widened to the next multiple of eight.
    pub(crate) fn lines(text: &str) -> impl Iterator<Item = SafeText> {
        text.lines().map(|line| SafeText::clean(&widen_tabs(line)))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn sanitize(text: &str) -> String {
    // Nearly all text is plain and stays as it is, so there is no need to look for graphemes.
    if text.len() <= LONGEST_FIELD && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len().min(LONGEST_FIELD) + 4);
    for grapheme in first_bytes(text, LONGEST_FIELD).graphemes(true) {
        push_grapheme(&mut out, grapheme);
        if out.len() > LONGEST_FIELD {
            break;
        }
    }
    let cut = first_bytes(&out, LONGEST_FIELD).len();
    if cut < out.len() || text.len() > LONGEST_FIELD {
        out.truncate(cut);
        out.push('…');
    }
    out
}

/// Returns the first `most` bytes of `text`, or fewer if a character would be cut.
fn first_bytes(text: &str, most: usize) -> &str {
    if text.len() <= most { text } else { &text[..text.floor_char_boundary(most)] }
}

fn push_grapheme(out: &mut String, grapheme: &str) {
    let start = out.len();
    let mut hidden = 0;
    for (index, character) in grapheme.chars().enumerate() {
        if index > MOST_MARKS || out.len() - start + character.len_utf8() > LONGEST_GRAPHEME {
            hidden += 1;
        } else {
            push_character(out, character);
        }
    }
    if hidden > 0 {
        out.push_str(&format!("‹+{hidden}›"));
    }
}

fn push_character(out: &mut String, character: char) {
    let code = u32::from(character);
    match character {
        '\0'..='\x1f' => out.extend(char::from_u32(0x2400 + code)),
        '\x7f' => out.push('␡'),
        '\u{80}'..='\u{9f}' => out.push_str(&format!("‹{code:02X}›")),
        _ if is_deceptive(character) => out.push_str(&format!("‹U+{code:04X}›")),
        _ => out.push(character),
    }
}

/// Returns whether a character shows nothing, reorders the text around it, or depends on the font: Bidi_Control,
/// Default_Ignorable_Code_Point, line separators, interlinear marks, tags, private use, noncharacters.
pub(crate) fn is_deceptive(character: char) -> bool {
    let code = u32::from(character);
    matches!(code,
        0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
        | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
        | 0xe000..=0xf8ff | 0xfdd0..=0xfdef | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff
        | 0xf0000..=0x10ffff)
        || code & 0xfffe == 0xfffe
}

/// Returns whether a character must never reach a terminal: the terminal obeys it, or it deceives the eye.
pub fn is_unsafe(character: char) -> bool {
    character.is_control() || is_deceptive(character)
}

fn widen_tabs(line: &str) -> std::borrow::Cow<'_, str> {
    if !line.contains('\t') {
        return line.into();
    }
    let mut out = String::with_capacity(line.len() + 16);
    let mut column = 0;
    for character in line.chars() {
        let width = if character == '\t' { 8 - column % 8 } else { 1 };
        match character {
            '\t' => out.extend(std::iter::repeat_n(' ', width)),
            _ => out.push(character),
        }
        column += width;
    }
    out.into()
}

/// Lists the types that become safe text without cleaning, because their grammar was checked.
macro_rules! safe_by_grammar {
    ($($name:ty),*) => {
        $(impl From<&$name> for SafeText {
            fn from(name: &$name) -> SafeText {
                SafeText(name.to_string().into())
            }
        })*
    };
}

safe_by_grammar!(
    super::digest::Digest,
    super::reference::Host,
    super::reference::RepositoryName,
    super::reference::Tag,
    super::reference::Repository,
    super::reference::Reference,
    super::reference::Selector
);

impl From<&'static str> for SafeText {
    fn from(text: &'static str) -> SafeText {
        SafeText(text.into())
    }
}

impl From<String> for SafeText {
    fn from(text: String) -> SafeText {
        SafeText::clean(&text)
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for SafeText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_a_terminal_would_obey_are_made_visible() {
        let table = [
            ("plain é 日本", "plain é 日本"),
            ("\u{1b}[2J", "␛[2J"),
            ("\u{7f}", "␡"),
            ("\u{9b}31m", "‹9B›31m"),
            ("a\u{202e}b", "a‹U+202E›b"),
            ("a\u{200b}b", "a‹U+200B›b"),
        ];
        for (text, expected) in table {
            assert_eq!(SafeText::clean(text).as_str(), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn plain_text_is_the_same_alone_and_beside_other_text(text in "[ -~]{0,80}") {
            proptest::prop_assert!(SafeText::clean(&text).as_str() == text);
            let beside = format!("{text}é");
            proptest::prop_assert!(SafeText::clean(&beside).as_str() == beside);
        }

        #[test]
        fn safe_text_is_safe(text in proptest::collection::vec(proptest::char::any(), 0..80)) {
            let text: String = text.into_iter().collect();
            proptest::prop_assert!(!SafeText::clean(&text).as_str().chars().any(is_unsafe));
            proptest::prop_assert!(SafeText::lines(&text).all(|line| !line.as_str().chars().any(is_unsafe)));
        }
    }
}
