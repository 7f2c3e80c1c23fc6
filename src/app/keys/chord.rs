//! A key with its modifiers, and its name: `j`, `G`, `Ctrl-d`, `Shift-Tab`, `Space`, `F1`.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers. Shift is part of the character: `G`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyChord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// The reason why a text is not the name of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadKey {
    /// Not a name of a key.
    #[error(
        "a key is expected: a character, or a name such as `Enter`, `Space`, `F5`, `Ctrl-d`, `Alt-x`, `PgUp`"
    )]
    Unknown,
    /// A key that a terminal cannot tell from another one.
    #[error("a terminal sends the same for this key as for `{0}`")]
    SameAs(&'static str),
}

/// The keys with names.
const NAMED: &[(&str, KeyCode)] = &[
    ("Space", KeyCode::Char(' ')),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
];

/// Other spellings of names.
const ALIASES: &[(&str, KeyCode)] = &[
    ("Return", KeyCode::Enter),
    ("Escape", KeyCode::Esc),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
    ("Del", KeyCode::Delete),
    ("Ins", KeyCode::Insert),
];

/// The number of the last function key.
const LAST_FUNCTION_KEY: u8 = 24;

impl KeyChord {
    /// Returns the chord of a key event, or `None` for keys that nothing can be bound to.
    pub(crate) fn of(key: KeyEvent) -> Option<KeyChord> {
        let code = match key.code {
            KeyCode::Char(character) if key.modifiers.contains(KeyModifiers::CONTROL) => {
                KeyCode::Char(character.to_ascii_lowercase())
            }
            KeyCode::Char(_) | KeyCode::F(_) => key.code,
            code if NAMED.iter().any(|(_, named)| *named == code) => code,
            _ => return None,
        };
        let kept = match code {
            KeyCode::BackTab => KeyModifiers::NONE,
            _ => KeyModifiers::CONTROL.union(KeyModifiers::ALT),
        };
        Some(KeyChord { code, modifiers: key.modifiers.intersection(kept) })
    }

    /// Parses the name of a key in the program. Names that are not understood are found by the compiler.
    ///
    /// # Panics
    ///
    /// If the text is not the name of a key.
    pub(crate) const fn of_literal(text: &str) -> KeyChord {
        match parse_ascii(text.as_bytes()) {
            Some(chord) => chord,
            None => panic!("not the name of a key"),
        }
    }

    /// Returns whether the key types a character or edits a text field.
    pub(crate) fn edits_text(self) -> bool {
        let edits = match self.code {
            KeyCode::Char(_) => true,
            code => matches!(
                code,
                KeyCode::Backspace
                    | KeyCode::Delete
                    | KeyCode::Left
                    | KeyCode::Right
                    | KeyCode::Home
                    | KeyCode::End
            ),
        };
        edits && self.modifiers.is_empty()
    }

    /// Returns whether the key is one of a character, with or without `Ctrl` and `Alt`.
    pub(crate) fn has_character(self) -> bool {
        matches!(self.code, KeyCode::Char(_))
    }

    /// Returns the character that the key types, if it types one.
    pub(crate) fn character(self) -> Option<char> {
        match self.code {
            KeyCode::Char(character) if self.modifiers.is_empty() => Some(character),
            _ => None,
        }
    }

    /// Returns the key for the hints at the foot: a symbol for an arrow, otherwise the name.
    pub(crate) fn symbol(self) -> String {
        let arrow = match self.code {
            KeyCode::Up => "↑",
            KeyCode::Down => "↓",
            KeyCode::Left => "←",
            KeyCode::Right => "→",
            _ => return self.to_string(),
        };
        if self.modifiers.is_empty() { arrow.into() } else { self.to_string() }
    }
}

impl fmt::Display for KeyChord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            f.write_str("Ctrl-")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("Alt-")?;
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(character)) => write!(f, "{character}"),
            (None, KeyCode::F(number)) => write!(f, "F{number}"),
            (None, code) => write!(f, "{code}"),
        }
    }
}

impl FromStr for KeyChord {
    type Err = BadKey;

    /// Parses the name of a key. Upper and lower case count for characters alone.
    fn from_str(text: &str) -> Result<KeyChord, BadKey> {
        let last = text.chars().next_back().ok_or(BadKey::Unknown)?;
        let chord = match last.is_ascii() {
            true => parse_ascii(text.as_bytes()),
            // A character of another script stands for itself.
            false if last.is_control() => None,
            false => parse_ascii(format!("{}a", &text[..text.len() - last.len_utf8()]).as_bytes())
                .filter(|chord| chord.code == KeyCode::Char('a'))
                .map(|chord| KeyChord { code: KeyCode::Char(last), ..chord }),
        };
        let chord = chord.ok_or(BadKey::Unknown)?;
        match chord.code {
            KeyCode::Char(character) if chord.modifiers.contains(KeyModifiers::CONTROL) => match character {
                'i' => Err(BadKey::SameAs("Tab")),
                'm' => Err(BadKey::SameAs("Enter")),
                '[' => Err(BadKey::SameAs("Esc")),
                _ => Ok(chord),
            },
            _ => Ok(chord),
        }
    }
}

const fn parse_ascii(text: &[u8]) -> Option<KeyChord> {
    let mut modifiers = KeyModifiers::NONE;
    let mut rest = text;
    loop {
        if let Some(after) = strip(rest, b"ctrl-") {
            modifiers = modifiers.union(KeyModifiers::CONTROL);
            rest = after;
        } else if let Some(after) = strip(rest, b"alt-") {
            modifiers = modifiers.union(KeyModifiers::ALT);
            rest = after;
        } else {
            break;
        }
    }
    let code = match rest {
        [byte] if byte.is_ascii_graphic() => {
            let byte =
                if modifiers.contains(KeyModifiers::CONTROL) { byte.to_ascii_lowercase() } else { *byte };
            KeyCode::Char(byte as char)
        }
        [b'f' | b'F', digits @ ..] if !digits.is_empty() && digits[0].is_ascii_digit() => {
            match function_key(digits) {
                Some(code) => code,
                None => return None,
            }
        }
        name => match find(NAMED, name) {
            Some(code) => code,
            None => match find(ALIASES, name) {
                Some(code) => code,
                None => return None,
            },
        },
    };
    if matches!(code, KeyCode::BackTab) && !modifiers.is_empty() {
        return None;
    }
    Some(KeyChord { code, modifiers })
}

/// Returns the text after a prefix, which may be longer than a character: `-` alone is a key.
const fn strip<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    match text.split_at_checked(prefix.len()) {
        Some((head, rest)) if !rest.is_empty() && head.eq_ignore_ascii_case(prefix) => Some(rest),
        _ => None,
    }
}

const fn function_key(digits: &[u8]) -> Option<KeyCode> {
    let number = match digits {
        [one] if one.is_ascii_digit() => *one - b'0',
        [ten, one] if ten.is_ascii_digit() && one.is_ascii_digit() => (*ten - b'0') * 10 + (*one - b'0'),
        _ => return None,
    };
    if number == 0 || number > LAST_FUNCTION_KEY { None } else { Some(KeyCode::F(number)) }
}

const fn find(names: &[(&str, KeyCode)], name: &[u8]) -> Option<KeyCode> {
    let mut at = 0;
    while at < names.len() {
        if names[at].0.as_bytes().eq_ignore_ascii_case(name) {
            return Some(names[at].1);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_by_its_name_and_shown_by_it() {
        let table = [
            ("j", "j"),
            ("G", "G"),
            ("?", "?"),
            ("-", "-"),
            ("ctrl-d", "Ctrl-d"),
            ("Ctrl-D", "Ctrl-d"),
            ("CTRL-ALT-x", "Ctrl-Alt-x"),
            ("alt--", "Alt--"),
            ("shift-tab", "Shift-Tab"),
            ("enter", "Enter"),
            ("Return", "Enter"),
            ("space", "Space"),
            ("PageUp", "PgUp"),
            ("f5", "F5"),
            ("F12", "F12"),
            ("f", "f"),
            ("ö", "ö"),
            ("alt-ж", "Alt-ж"),
        ];
        for (text, name) in table {
            let chord: KeyChord = text.parse().expect(text);
            assert_eq!(chord.to_string(), name, "{text}");
            assert_eq!(name.parse(), Ok(chord), "{text}");
        }
        for bad in ["", "ctrl-", "jj", "F0", "F25", "F99", "hyper-x", "ctrl-shift-tab", "xö", " "] {
            assert_eq!(bad.parse::<KeyChord>(), Err(BadKey::Unknown), "{bad}");
        }
        assert_eq!("ctrl-i".parse::<KeyChord>(), Err(BadKey::SameAs("Tab")));
    }

    #[test]
    fn shift_belongs_to_the_character_and_other_modifiers_to_the_chord() {
        let chord = |code, modifiers| KeyChord::of(KeyEvent::new(code, modifiers)).map(|one| one.to_string());
        assert_eq!(chord(KeyCode::Char('G'), KeyModifiers::SHIFT).as_deref(), Some("G"));
        assert_eq!(chord(KeyCode::Char('D'), KeyModifiers::CONTROL).as_deref(), Some("Ctrl-d"));
        assert_eq!(chord(KeyCode::BackTab, KeyModifiers::SHIFT).as_deref(), Some("Shift-Tab"));
        assert_eq!(chord(KeyCode::Char(' '), KeyModifiers::NONE).as_deref(), Some("Space"));
        assert_eq!(chord(KeyCode::Char('j'), KeyModifiers::ALT).as_deref(), Some("Alt-j"));
        assert_eq!(chord(KeyCode::CapsLock, KeyModifiers::NONE), None);
    }
}
