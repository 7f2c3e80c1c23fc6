//! JSON as a server wrote it, laid out in lines for reading. The tokens are those of the bytes: nothing is parsed and
//! written again.

use super::text::{LONGEST_FIELD, SafeText};

/// A line of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonLine {
    /// The columns in front of the line.
    pub(crate) indent: u16,
    /// The pieces of the line.
    pub(crate) pieces: Vec<(JsonToken, SafeText)>,
}

impl JsonLine {
    /// Returns the line as text, with its indent.
    pub(crate) fn text(&self) -> String {
        let mut text = " ".repeat(self.indent.into());
        self.pieces.iter().for_each(|(_, piece)| text.push_str(piece.as_str()));
        text
    }
}

/// The kind of a piece of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonToken {
    /// The name of a member.
    Key,
    /// A string.
    Text,
    /// A number.
    Number,
    /// `true`, `false`, `null`.
    Word,
    /// Brackets, commas, colons.
    Mark,
    /// Bytes that are not JSON.
    Garbage,
}

/// Removes the white space between the tokens of JSON and changes nothing else.
pub(crate) fn compact(bytes: &[u8]) -> String {
    let mut walk = Walk { bytes, at: 0, depth: 0 };
    let mut out = Vec::with_capacity(bytes.len());
    while let Some((_, end)) = walk.token() {
        out.extend_from_slice(&bytes[walk.at..end]);
        walk.at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The positions of the lines of a document, so that the lines on the screen can be laid out without the others.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    lines: usize,
    marks: Vec<Mark>,
}

/// The beginning of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    line: usize,
    at: usize,
    depth: u16,
}

/// The number of lines between two marks.
const LINES: usize = 256;
/// The number of bytes between two marks, if they hold the end of a line.
const BYTES: usize = 64 * 1024;
/// The greatest number of pieces of a line. Only bytes that are not JSON have more than a few.
const MOST_PIECES: usize = 64;

impl Outline {
    /// Returns the outline of a document.
    pub(crate) fn of(bytes: &[u8]) -> Outline {
        let mut walk = Walk { bytes, at: 0, depth: 0 };
        let mut outline = Outline::default();
        loop {
            let mark = Mark { line: outline.lines, at: walk.at, depth: walk.depth };
            let is_due = outline
                .marks
                .last()
                .is_none_or(|last| mark.line - last.line >= LINES || mark.at - last.at >= BYTES);
            if walk.line(|_, _| ()).is_none() {
                return outline;
            }
            outline.lines += 1;
            outline.marks.extend(is_due.then_some(mark));
        }
    }

    /// Returns the number of lines.
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn memory_size(&self) -> usize {
        self.marks.len() * size_of::<Mark>()
    }

    /// Returns at most `count` lines, starting at line `from`. `bytes` must be the document of this outline.
    pub(crate) fn window(&self, bytes: &[u8], from: usize, count: usize) -> Vec<JsonLine> {
        let before = self.marks.partition_point(|mark| mark.line <= from);
        let Some(mark) = before.checked_sub(1).and_then(|at| self.marks.get(at)) else { return Vec::new() };
        let mut walk = Walk { bytes, at: mark.at, depth: mark.depth };
        for _ in mark.line..from {
            if walk.line(|_, _| ()).is_none() {
                return Vec::new();
            }
        }
        let mut lines = Vec::new();
        while lines.len() < count {
            let mut pieces = Vec::new();
            let indent = walk.line(|token, piece| {
                if pieces.len() < MOST_PIECES {
                    pieces.push((token, draw_token(piece)));
                    pieces.extend((piece == b":").then(|| (JsonToken::Mark, SafeText::from(" "))));
                }
            });
            let Some(depth) = indent else { break };
            lines.push(JsonLine { indent: 2 * depth.min(40), pieces });
        }
        lines
    }
}

/// Returns as much of a token as is drawn.
fn draw_token(piece: &[u8]) -> SafeText {
    let start = piece.get(..LONGEST_FIELD + 4).unwrap_or(piece);
    SafeText::clean(&String::from_utf8_lossy(start))
}

/// A walk through a document, line by line.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u16,
}

impl<'a> Walk<'a> {
    /// Goes over one line and passes each of its tokens to `take`. Returns the depth of the line, or `None` at the end.
    fn line(&mut self, mut take: impl FnMut(JsonToken, &'a [u8])) -> Option<u16> {
        let mut last: Option<u8> = None;
        loop {
            let Some((token, end)) = self.token() else { return last.map(|_| self.depth) };
            let piece = &self.bytes[self.at..end];
            let first = piece.first().copied().unwrap_or_default();
            let is_mark = token == JsonToken::Mark;
            let is_end = is_mark && matches!(first, b'}' | b']');
            let ends_at_once = matches!((last, first), (Some(b'{'), b'}') | (Some(b'['), b']'));
            if is_end && !ends_at_once {
                if last.is_some() {
                    return Some(self.depth);
                }
                self.depth = self.depth.saturating_sub(1);
            }
            take(token, piece);
            self.at = end;
            // A string begins with a quotation mark, so no other token is taken for a bracket.
            last = Some(first);
            let depth = self.depth;
            match first {
                b'{' | b'[' if is_mark => {
                    let close = if first == b'{' { b'}' } else { b']' };
                    self.skip_space();
                    if self.bytes.get(self.at) != Some(&close) {
                        self.depth = depth.saturating_add(1);
                        return Some(depth);
                    }
                }
                b',' if is_mark => return Some(depth),
                _ if token == JsonToken::Garbage => return Some(depth),
                _ => {}
            }
        }
    }

    fn skip_space(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().position(|byte| !is_space(byte)).unwrap_or(rest.len());
    }

    /// Returns the next token and its end position. The token begins at `self.at`.
    fn token(&mut self) -> Option<(JsonToken, usize)> {
        self.skip_space();
        let rest = self.bytes.get(self.at..)?;
        let run =
            |is_part: fn(&u8) -> bool| rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let (token, length) = match rest.first()? {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => (JsonToken::Mark, 1),
            b'"' => string_token(rest),
            b'-' | b'0'..=b'9' => {
                (JsonToken::Number, run(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)))
            }
            b'a'..=b'z' => (JsonToken::Word, run(u8::is_ascii_alphabetic)),
            _ => (JsonToken::Garbage, memchr::memchr(b'\n', rest).unwrap_or(rest.len())),
        };
        Some((token, self.at + length))
    }
}

fn string_token(text: &[u8]) -> (JsonToken, usize) {
    let mut at = 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at += found;
        if text[at] == b'"' {
            let behind = text[at + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
            return (if behind == Some(&b':') { JsonToken::Key } else { JsonToken::Text }, at + 1);
        }
        at += 2;
    }
    (JsonToken::Garbage, text.len())
}

/// Returns how deeply arrays and objects are nested in a document: 0 for a text or a number.
pub(crate) fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_counted_outside_of_texts() {
        let table = [
            ("1", 0),
            ("{}", 1),
            (r#"{"a":[1,{"b":[]}],"c":{}}"#, 4),
            (r#"["[[{{", "\"[["]"#, 1),
            (r#"["\\",[[]]]"#, 3),
            ("]]][", 1),
        ];
        for (text, expected) in table {
            assert_eq!(depth(text), expected, "{text}");
        }
    }

    /// Returns all lines.
    fn lay_out(bytes: &[u8]) -> Vec<JsonLine> {
        Outline::of(bytes).window(bytes, 0, usize::MAX)
    }

    fn laid_out(text: &str) -> String {
        let line = |line: JsonLine| {
            let pieces: String = line.pieces.iter().map(|(_, piece)| piece.as_str()).collect();
            " ".repeat(line.indent.into()) + &pieces + "\n"
        };
        lay_out(text.as_bytes()).into_iter().map(line).collect()
    }

    #[test]
    fn json_on_one_line_is_laid_out_as_it_stands() {
        let text = r#"{"a":{},"a":[1.50,"x\"y",null],"b":[]}"#;
        assert_eq!(
            laid_out(text),
            "{\n  \"a\": {},\n  \"a\": [\n    1.50,\n    \"x\\\"y\",\n    null\n  ],\n  \"b\": []\n}\n"
        );
    }

    #[test]
    fn text_that_is_not_json_is_shown_all_the_same() {
        assert_eq!(laid_out("<html>\n{\"a"), "<html>\n{\n  \"a\n");
        assert_eq!(laid_out("\"\u{1b}[2J\""), "\"␛[2J\"\n");
    }

    #[test]
    fn a_window_equals_that_part_of_all_lines() {
        let element = r#"{"a":[],"b":{"c":[1,2,"x"]},"long":"y"}"#;
        let text = format!("[{}]", vec![element; 500].join(","));
        let (outline, all) = (Outline::of(text.as_bytes()), lay_out(text.as_bytes()));
        assert_eq!((outline.lines(), all.len()), (5_502, 5_502));
        for from in [0, 1, 255, 256, 257, 2_000, 5_501, 5_502, 9_999] {
            let expected: Vec<JsonLine> = all.iter().skip(from).take(40).cloned().collect();
            assert_eq!(outline.window(text.as_bytes(), from, 40), expected, "{from}");
        }
        assert!(outline.marks.len() <= 5_502 / LINES + 1, "one in {LINES} lines is noted");
    }

    #[test]
    fn only_the_start_of_a_long_token_is_shown() {
        let text = format!(r#"["{}","b"]"#, "x".repeat(200_000));
        let lines = lay_out(text.as_bytes());
        let shown: Vec<usize> = lines.iter().map(|line| line.pieces[0].1.as_str().len()).collect();
        assert_eq!(shown, [1, LONGEST_FIELD + '…'.len_utf8(), 3, 1]);
        assert_eq!(
            Outline::of(text.as_bytes()).marks.len(),
            2,
            "what is behind it is found without reading it"
        );
    }

    #[test]
    fn compacting_json_removes_only_space_between_tokens() {
        let text = "{ \"a\" : [ 1 , \"b  c\\\" \" ,\n null ] }";
        assert_eq!(compact(text.as_bytes()), r#"{"a":[1,"b  c\" ",null]}"#);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let all = lay_out(&bytes);
            proptest::prop_assert_eq!(Outline::of(&bytes).lines(), all.len());
        }
    }
}
