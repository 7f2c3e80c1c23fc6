//! Cuts the terminal's bytes into pieces: characters, whole escape sequences, pastes.
//!
//! Terminals send more than keys: also answers to questions of other programs, and some of these are late. A parser
//! that gives up in the middle of an unknown sequence takes the rest for keys. A parser that waits for an end that
//! never comes takes no more keys. So all sequences, known or not, are first cut by the grammar that they share
//! (ECMA-48 § 5.4 and 5.6, xterm `ctlseqs`). [`super::keys`] then decides which of them are keys. A sequence that has
//! not ended when nothing more comes for a moment is dropped.
//!
//! The file is long because the parser is one state machine: each state leads to the others, and the tests cut the same
//! bytes at every place.

use std::time::{Duration, Instant};

/// How long the rest of a sequence may take. Terminals send a sequence at once; only the connection may split it.
const TIMEOUT: Duration = Duration::from_millis(50);
/// How long the rest of a paste may take. This is longer, because a later rest would be taken for keys.
const PASTE_TIMEOUT: Duration = Duration::from_secs(1);
/// A byte that comes alone belongs to the same sequence if it comes this soon after the byte before. Keys that are held
/// repeat more slowly.
const FAST: Duration = Duration::from_millis(15);
/// How long after a sequence was dropped its end is still recognised.
const LATE: Duration = Duration::from_secs(1);
/// The most bytes of parameters. No key has as many.
const MOST_PARAMETERS: usize = 64;
/// The most bytes of a paste that are kept.
const MOST_PASTED: usize = 1024 * 1024;

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;
const CONTROL_C: u8 = 0x03;
/// The sequence that ends a bracketed paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// A unit of the terminal's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A character, or a control character that stands for a key. Terminals send Alt as an Escape before it.
    Character(char, Alt),
    /// Escape alone.
    Escape,
    /// `ESC [`, parameters and intermediates, and the final byte.
    Csi(Vec<u8>, u8),
    /// `ESC O`, parameters, and the final byte.
    Ss3(Vec<u8>, u8),
    /// `ESC [ [` and a letter: function keys of the Linux console.
    Console(u8),
    /// `ESC [ M` and three bytes: a report of the mouse in the oldest protocol.
    Mouse([u8; 3]),
    /// Pasted text.
    Paste(String),
}

/// Whether Alt is held.
pub(crate) type Alt = bool;

/// Cuts bytes into pieces, no matter how the bytes are split.
#[derive(Debug, Default)]
pub(crate) struct InputParser {
    state: ParserState,
    /// The kind of the last sequence that was dropped before it ended, and the time.
    cut: Option<(Cut, Instant)>,
    /// When the last bytes came.
    last: Option<Instant>,
    /// When the last bytes came that were probably not typed. Typed bytes do not prolong the wait for the rest of a
    /// sequence.
    last_sent: Option<Instant>,
}

#[derive(Debug, Default)]
enum ParserState {
    /// Between two pieces.
    #[default]
    Ground,
    /// In a character of several bytes.
    Character { bytes: Vec<u8>, length: usize, alt: Alt },
    /// After `ESC`.
    Escape,
    /// After `ESC [`.
    Csi(Vec<u8>),
    /// After `ESC [ [`.
    Console,
    /// After `ESC [ M`.
    Mouse(Vec<u8>),
    /// After `ESC O`.
    Ss3(Vec<u8>),
    /// After `ESC ]`, `ESC P`, `ESC _`, `ESC ^` or `ESC X`: text for programs, up to `ESC \` or BEL.
    Text { kind: u8, is_empty: bool, after_escape: bool },
    /// After `ESC [ 200 ~`. `matched` bytes of the end have come.
    Paste { text: Vec<u8>, matched: usize },
}

/// The kind of a piece that was dropped before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Csi,
    Text,
    Paste,
}

impl InputParser {
    /// Takes bytes that came at once, and returns the pieces that they complete.
    pub(crate) fn take(&mut self, bytes: &[u8], now: Instant) -> Vec<Piece> {
        let mut out = Vec::new();
        let is_fast = self.last.replace(now).is_some_and(|last| now.saturating_duration_since(last) < FAST);
        let is_sent = is_fast || (bytes.len() > 1 && bytes[0] != ESCAPE);
        if is_sent || matches!(self.state, ParserState::Ground) {
            self.last_sent = Some(now);
        }
        if bytes == [CONTROL_C] && !is_fast && matches!(self.state, ParserState::Paste { .. }) {
            out.extend(self.end(now));
        }
        self.cut = self.cut.filter(|(_, at)| now.saturating_duration_since(*at) < LATE);
        let late = match (self.cut, &self.state) {
            (Some((cut, _)), ParserState::Ground) => late_end(cut, bytes),
            _ => None,
        };
        if late.is_some() {
            self.cut = None;
        }
        for byte in &bytes[late.unwrap_or(0)..] {
            self.push(*byte, &mut out);
        }
        out
    }

    /// Returns how long to wait for the rest of a piece, or `None` between two pieces.
    pub(crate) fn timeout(&self, now: Instant) -> Option<Duration> {
        let most = match &self.state {
            ParserState::Ground => return None,
            ParserState::Paste { .. } => PASTE_TIMEOUT,
            _ => TIMEOUT,
        };
        let waited = self.last_sent.map_or(most, |last| now.saturating_duration_since(last));
        Some(most.saturating_sub(waited))
    }

    /// Ends an unfinished piece, because nothing more came for [`InputParser::timeout`].
    pub(crate) fn end(&mut self, now: Instant) -> Option<Piece> {
        let (piece, cut) = match std::mem::take(&mut self.state) {
            ParserState::Ground
            | ParserState::Character { .. }
            | ParserState::Console
            | ParserState::Mouse(_) => (None, None),
            ParserState::Escape => (Some(Piece::Escape), None),
            ParserState::Csi(parameters) if parameters.is_empty() => {
                (Some(Piece::Character('[', true)), None)
            }
            ParserState::Csi(_) => (None, Some(Cut::Csi)),
            ParserState::Ss3(parameters) if parameters.is_empty() => {
                (Some(Piece::Character('O', true)), None)
            }
            ParserState::Ss3(_) => (None, None),
            ParserState::Text { kind, is_empty: true, .. } => {
                (Some(Piece::Character(kind.into(), true)), None)
            }
            ParserState::Text { .. } => (None, Some(Cut::Text)),
            ParserState::Paste { text, .. } => (Some(parse_paste(&text)), Some(Cut::Paste)),
        };
        self.cut = cut.map(|cut| (cut, now)).or(self.cut);
        piece
    }

    fn push(&mut self, byte: u8, out: &mut Vec<Piece>) {
        match std::mem::take(&mut self.state) {
            ParserState::Ground => self.begin(byte, false, out),
            ParserState::Escape => self.after_escape(byte, out),
            ParserState::Character { mut bytes, length, alt } => {
                if byte & 0xc0 != 0x80 {
                    return self.begin(byte, false, out);
                }
                bytes.push(byte);
                if bytes.len() == length {
                    out.extend(character(&bytes).map(|character| Piece::Character(character, alt)));
                } else {
                    self.state = ParserState::Character { bytes, length, alt }
                }
            }
            ParserState::Csi(parameters) => self.in_csi(parameters, byte, out),
            ParserState::Console => match byte {
                b'A'..=b'E' => out.push(Piece::Console(byte)),
                _ => self.begin(byte, false, out),
            },
            ParserState::Mouse(mut bytes) => {
                if byte < b' ' {
                    return self.begin(byte, false, out);
                }
                bytes.push(byte);
                match <[u8; 3]>::try_from(bytes) {
                    Ok(bytes) => out.push(Piece::Mouse(bytes)),
                    Err(bytes) => self.state = ParserState::Mouse(bytes),
                }
            }
            ParserState::Ss3(mut parameters) => match byte {
                b'0'..=b';' if parameters.len() < MOST_PARAMETERS => {
                    parameters.push(byte);
                    self.state = ParserState::Ss3(parameters);
                }
                b'@'..=b'~' => out.push(Piece::Ss3(parameters, byte)),
                _ => {
                    out.extend(parameters.is_empty().then_some(Piece::Character('O', true)));
                    self.begin(byte, false, out);
                }
            },
            ParserState::Text { kind, is_empty, after_escape } => {
                self.in_text(kind, is_empty, after_escape, byte, out);
            }
            ParserState::Paste { text, matched } => self.in_paste(text, matched, byte, out),
        }
    }

    /// Takes a byte that begins a piece.
    fn begin(&mut self, byte: u8, alt: Alt, out: &mut Vec<Piece>) {
        let length = match byte {
            ESCAPE => return self.state = ParserState::Escape,
            0..=0x7f => return out.push(Piece::Character(byte.into(), alt)),
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            // No character begins with this byte.
            _ => return,
        };
        self.state = ParserState::Character { bytes: vec![byte], length, alt };
    }

    fn after_escape(&mut self, byte: u8, out: &mut Vec<Piece>) {
        match byte {
            ESCAPE => {
                out.push(Piece::Escape);
                self.state = ParserState::Escape;
            }
            b'[' => self.state = ParserState::Csi(Vec::new()),
            b'O' => self.state = ParserState::Ss3(Vec::new()),
            b']' | b'P' | b'_' | b'^' | b'X' => {
                self.state = ParserState::Text { kind: byte, is_empty: true, after_escape: false };
            }
            _ => self.begin(byte, true, out),
        }
    }

    fn in_csi(&mut self, mut parameters: Vec<u8>, byte: u8, out: &mut Vec<Piece>) {
        match byte {
            b' '..=b'?' => {
                // A sequence that is too long is no key, so only its end matters.
                if parameters.len() <= MOST_PARAMETERS {
                    parameters.push(byte);
                }
                self.state = ParserState::Csi(parameters);
            }
            b'[' if parameters.is_empty() => self.state = ParserState::Console,
            b'M' if parameters.is_empty() => self.state = ParserState::Mouse(Vec::new()),
            b'~' if parameters == b"200" => self.state = ParserState::Paste { text: Vec::new(), matched: 0 },
            b'@'..=b'~' if parameters.len() > MOST_PARAMETERS => {}
            b'@'..=b'~' => out.push(Piece::Csi(parameters, byte)),
            // A control character such as Ctrl-C ends an unfinished sequence.
            _ => self.begin(byte, false, out),
        }
    }

    fn in_text(&mut self, kind: u8, is_empty: bool, after_escape: bool, byte: u8, out: &mut Vec<Piece>) {
        if is_empty && !begins_text(kind, byte) {
            out.push(Piece::Character(kind.into(), true));
            return self.begin(byte, false, out);
        }
        match byte {
            b'\\' if after_escape => {}
            _ if after_escape => self.after_escape(byte, out),
            BELL => {}
            ESCAPE => self.state = ParserState::Text { kind, is_empty: false, after_escape: true },
            0..=0x1f | 0x7f => self.begin(byte, false, out),
            _ => self.state = ParserState::Text { kind, is_empty: false, after_escape: false },
        }
    }

    fn in_paste(&mut self, mut text: Vec<u8>, mut matched: usize, byte: u8, out: &mut Vec<Piece>) {
        let mut keep = |bytes: &[u8]| {
            let room = MOST_PASTED.saturating_sub(text.len()).min(bytes.len());
            text.extend_from_slice(&bytes[..room]);
        };
        if PASTE_END.get(matched) == Some(&byte) {
            matched += 1;
        } else {
            // The first byte of the end occurs only once in it, so a mismatch cannot lie inside another match.
            keep(&PASTE_END[..matched]);
            matched = usize::from(byte == ESCAPE);
            if matched == 0 {
                keep(&[byte]);
            }
        }
        if matched == PASTE_END.len() {
            out.push(parse_paste(&text));
        } else {
            self.state = ParserState::Paste { text, matched }
        }
    }
}

/// Returns whether a text of this kind may begin with this byte. If not, the bytes are a key with Alt and another key.
fn begins_text(kind: u8, byte: u8) -> bool {
    match kind {
        b']' => byte.is_ascii_digit() || matches!(byte, b'l' | b'L' | b'I'),
        b'P' => matches!(byte, b' '..=b'?'),
        _ => matches!(byte, b' '..=b'~'),
    }
}

/// Returns how many of these bytes are the end of a sequence that was dropped. A user types one key at a time and no
/// end of a sequence, so bytes that came together and end the sequence belong to it.
fn late_end(cut: Cut, bytes: &[u8]) -> Option<usize> {
    match cut {
        Cut::Csi => {
            let end = bytes.iter().position(|byte| !matches!(byte, b' '..=b'?'))?;
            let is_end = end > 0 && bytes[0] >= b'0' && matches!(bytes[end], b'@'..=b'~');
            is_end.then_some(end + 1)
        }
        Cut::Text => {
            let end = bytes.iter().position(|byte| *byte < b' ')?;
            match &bytes[end..] {
                [BELL, ..] => Some(end + 1),
                [ESCAPE, b'\\', ..] => Some(end + 2),
                _ => None,
            }
        }
        Cut::Paste => {
            let at = bytes.windows(PASTE_END.len()).position(|window| window == PASTE_END)?;
            Some(at + PASTE_END.len())
        }
    }
}

fn character(bytes: &[u8]) -> Option<char> {
    // The control characters of the upper half (C1) are no keys.
    std::str::from_utf8(bytes).ok()?.chars().next().filter(|character| !character.is_control())
}

fn parse_paste(text: &[u8]) -> Piece {
    Piece::Paste(String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns all pieces of bytes that come one by one with nothing after them.
    fn one_by_one(bytes: &[u8]) -> Vec<Piece> {
        let (mut pieces, now) = (InputParser::default(), Instant::now());
        let mut out: Vec<Piece> = bytes.iter().flat_map(|byte| pieces.take(&[*byte], now)).collect();
        out.extend(pieces.end(now));
        assert_eq!(pieces.timeout(now), None);
        out
    }

    fn at_once(bytes: &[u8]) -> Vec<Piece> {
        let (mut pieces, now) = (InputParser::default(), Instant::now());
        let mut out = pieces.take(bytes, now);
        out.extend(pieces.end(now));
        out
    }

    fn csi(parameters: &str, end: u8) -> Piece {
        Piece::Csi(parameters.into(), end)
    }

    fn key(character: char) -> Piece {
        Piece::Character(character, false)
    }

    #[test]
    fn bytes_are_cut_by_the_grammar() {
        let alt = |character| Piece::Character(character, true);
        let table: [(&[u8], Vec<Piece>); 26] = [
            (b"a\x03", vec![key('a'), key('\x03')]),
            ("é日😀".as_bytes(), vec![key('é'), key('日'), key('😀')]),
            (b"\xff\x80a\xc3j", vec![key('a'), key('j')]),
            ("\u{9b}A".as_bytes(), vec![key('A')]),
            (b"\x1b", vec![Piece::Escape]),
            (b"\x1b\x1b", vec![Piece::Escape, Piece::Escape]),
            (b"\x1b\x1b[A", vec![Piece::Escape, csi("", b'A')]),
            (b"\x1ba\x1b\x7f", vec![alt('a'), alt('\x7f')]),
            ("\x1bé".as_bytes(), vec![alt('é')]),
            (b"\x1b[1;5Cj", vec![csi("1;5", b'C'), key('j')]),
            (b"\x1b[?2026;2$yj", vec![csi("?2026;2$", b'y'), key('j')]),
            (b"\x1b[", vec![alt('[')]),
            (b"\x1bO", vec![alt('O')]),
            (b"\x1b]", vec![alt(']')]),
            (b"\x1bPj", vec![alt('P'), key('j')]),
            (b"\x1bOP\x1bO5Q", vec![Piece::Ss3(vec![], b'P'), Piece::Ss3(vec![b'5'], b'Q')]),
            (b"\x1b[[Aj", vec![Piece::Console(b'A'), key('j')]),
            (b"\x1b[M !\"j", vec![Piece::Mouse(*b" !\""), key('j')]),
            (b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\j", vec![key('j')]),
            (b"\x1b]11;rgb:1e1e/1e1e/2e2e\x07j", vec![key('j')]),
            (b"\x1bP>|tmux 3.4\x1b\\j", vec![key('j')]),
            (b"\x1b_Gi=31;OK\x1b\\j", vec![key('j')]),
            (b"\x1bX sos \x1b\\\x1b^pm\x1b\\j", vec![key('j')]),
            (b"\x1b[<0;1\x03j", vec![key('\x03'), key('j')]),
            (b"\x1b]11;rgb\x03j", vec![key('\x03'), key('j')]),
            (b"\x1b]11;rgb\x1b[Aj", vec![csi("", b'A'), key('j')]),
        ];
        for (bytes, expected) in table {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(one_by_one(bytes), expected, "{text:?}");
            assert_eq!(at_once(bytes), expected, "{text:?} at once");
        }
    }

    #[test]
    fn a_sequence_that_does_not_end_is_dropped_and_the_next_key_counts() {
        for start in [
            "\x1b[<0;10;",
            "\x1b[?2026;2$",
            "\x1b[1;",
            "\x1b]11;rgb:1e",
            "\x1bP>|tmux",
            "\x1b_G",
            "\x1b[M ",
            "\x1b[[",
            "\x1bO5",
            "\u{65e5}",
        ] {
            let bytes = match start {
                "\u{65e5}" => &start.as_bytes()[..2],
                _ => start.as_bytes(),
            };
            for next in ["j", "\x03", "\x1b[B"] {
                let (mut pieces, now) = (InputParser::default(), Instant::now());
                assert_eq!(pieces.take(bytes, now), [], "{start:?}");
                assert_eq!(pieces.timeout(now), Some(TIMEOUT));
                assert_eq!(pieces.end(now), None, "{start:?}");
                assert_eq!(pieces.take(next.as_bytes(), now), at_once(next.as_bytes()), "{start:?}");
            }
        }
    }

    #[test]
    fn keys_that_are_typed_or_held_do_not_keep_an_unfinished_piece_alive() {
        for (start, most) in
            [("\x1b[<0;1", TIMEOUT), ("\x1b]11;rgb", TIMEOUT), ("\x1b[200~some", PASTE_TIMEOUT)]
        {
            for gap in [30, 800].map(Duration::from_millis) {
                let (mut pieces, began) = (InputParser::default(), Instant::now());
                let mut now = began;
                pieces.take(start.as_bytes(), now);
                while pieces.timeout(now).is_some_and(|left| !left.is_zero()) {
                    now += gap;
                    pieces.take(b"1", now);
                    assert!(now - began < most + gap, "{start:?} {gap:?}");
                }
                pieces.end(now);
                assert_eq!(pieces.take(b"j", now), [key('j')], "{start:?} {gap:?}");
            }
        }
        let (mut pieces, mut now) = (InputParser::default(), Instant::now());
        for byte in b"\x1b]11;rgb:1e1e/1e1e/2e2e" {
            now += FAST / 2;
            assert_eq!(pieces.take(&[*byte], now), []);
            assert_eq!(pieces.timeout(now), Some(TIMEOUT), "a slow line sends byte by byte");
        }
    }

    #[test]
    fn control_c_alone_ends_a_paste_that_does_not_end() {
        let (mut pieces, now) = (InputParser::default(), Instant::now());
        pieces.take(b"\x1b[200~some", now);
        let paste = Piece::Paste("some".into());
        assert_eq!(pieces.take(b"\x03", now + TIMEOUT), [paste, key('\x03')]);
    }

    #[test]
    fn the_late_rest_of_a_dropped_sequence_is_no_key() {
        let table = [
            ("\x1b[<0;10;", "5M", ""),
            ("\x1b[<0;10;", "j", "j"),
            ("\x1b[<0;10;", "5", "5"),
            ("\x1b]11;rgb:1e1e/", "1e1e/2e2e\x1b\\", ""),
            ("\x1b]11;rgb:1e1e/", "1e1e/2e2e\x07q", "q"),
            ("\x1bP>|tm", "ux 3.4\x1b\\", ""),
            ("\x1bP>|tm", "q", "q"),
            ("\x1b[200~some", " more\x1b[201~q", "q"),
        ];
        for (start, rest, expected) in table {
            let (mut pieces, now) = (InputParser::default(), Instant::now());
            pieces.take(start.as_bytes(), now);
            pieces.end(now);
            let keys = pieces.take(rest.as_bytes(), now + LATE / 2);
            assert_eq!(keys, at_once(expected.as_bytes()), "{start:?} {rest:?}");
        }
        let (mut pieces, now) = (InputParser::default(), Instant::now());
        pieces.take(b"\x1b[<0;1", now);
        pieces.end(now);
        assert_eq!(pieces.take(b"5M", now + LATE), [key('5'), key('M')], "much later it is typed");
    }

    #[test]
    fn a_paste_is_one_piece_with_any_content() {
        let paste = |text: &str| Piece::Paste(text.into());
        assert_eq!(
            one_by_one(b"\x1b[200~a\x1b[A\x1b[20\x03\r\x1b\x1b[201~j"),
            [paste("a\x1b[A\x1b[20\x03\r\x1b"), key('j')]
        );
        assert_eq!(one_by_one(b"\x1b[200~unended"), [paste("unended")]);
        assert_eq!(one_by_one(b"\x1b[201~j"), [csi("201", b'~'), key('j')]);
        let long = "x".repeat(MOST_PASTED + 7);
        let pieces = at_once(format!("\x1b[200~{long}\x1b[201~j").as_bytes());
        assert_eq!(pieces, [paste(&long[..MOST_PASTED]), key('j')]);
    }

    #[test]
    fn a_sequence_without_end_costs_no_memory() {
        let (mut pieces, now) = (InputParser::default(), Instant::now());
        assert_eq!(pieces.take(b"\x1b[", now), []);
        for _ in 0..1000 {
            assert_eq!(pieces.take(&[b'1'; 1000], now), []);
        }
        assert!(
            matches!(&pieces.state, ParserState::Csi(parameters) if parameters.len() <= MOST_PARAMETERS + 1)
        );
        assert_eq!(pieces.take(b"mj", now), [key('j')]);
    }

    proptest::proptest! {
        #[test]
        fn pieces_do_not_depend_on_how_bytes_are_split(bytes in proptest::collection::vec(
            proptest::prop_oneof![proptest::sample::select(b"\x1b\x1b[]OP_\\<?;0129~MuRA\x07\x03 j".to_vec()), proptest::num::u8::ANY], 0..60))
        {
            proptest::prop_assert_eq!(one_by_one(&bytes), at_once(&bytes));
        }

        #[test]
        fn after_any_bytes_and_a_moment_a_key_is_a_key(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
            let (mut pieces, now) = (InputParser::default(), Instant::now());
            pieces.take(&bytes, now);
            pieces.end(now);
            proptest::prop_assert_eq!(pieces.take(b"j", now), [key('j')]);
        }
    }
}
