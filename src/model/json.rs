//! JSON as it stands, laid out in lines for reading. The tokens are those of the bytes: nothing is parsed and written again.

use super::text::SafeText;

/// One line: indented by `indent` columns, made of pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Columns in front.
    pub indent: u16,
    /// What stands there.
    pub pieces: Vec<(Token, SafeText)>,
}

/// What a piece of JSON is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
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
    /// Bytes that are no JSON.
    Garbage,
}

/// Lays out `bytes`, two columns a level. What is no JSON comes as it is, line by line.
pub fn lay_out(bytes: &[u8]) -> Vec<Line> {
    let mut layout = Layout::default();
    let text = String::from_utf8_lossy(bytes);
    let mut rest = text.as_ref();
    while let Some((token, piece, after)) = next_token(rest) {
        layout.push(token, piece, after);
        rest = after;
    }
    layout.finish()
}

#[derive(Default)]
struct Layout {
    lines: Vec<Line>,
    pieces: Vec<(Token, SafeText)>,
    depth: u16,
}

impl Layout {
    fn push(&mut self, token: Token, piece: &str, after: &str) {
        let closes = matches!(piece, "}" | "]");
        let empty_pair = |open: &str| after.trim_start().starts_with(if open == "{" { '}' } else { ']' });
        if closes && !self.closes_at_once(piece) {
            self.break_line();
            self.depth = self.depth.saturating_sub(1);
        }
        self.pieces.push((token, SafeText::clean(piece)));
        match piece {
            "{" | "[" if token == Token::Mark && !empty_pair(piece) => {
                self.break_line();
                self.depth = self.depth.saturating_add(1);
            }
            "," if token == Token::Mark => self.break_line(),
            ":" if token == Token::Mark => self.pieces.push((Token::Mark, SafeText::from(" "))),
            _ if token == Token::Garbage => self.break_line(),
            _ => {}
        }
    }

    fn closes_at_once(&self, close: &str) -> bool {
        let open = if close == "}" { "{" } else { "[" };
        self.pieces.last().is_some_and(|(token, piece)| *token == Token::Mark && piece.as_str() == open)
    }

    fn break_line(&mut self) {
        if !self.pieces.is_empty() {
            let pieces = std::mem::take(&mut self.pieces);
            self.lines.push(Line { indent: 2 * self.depth.min(40), pieces });
        }
    }

    fn finish(mut self) -> Vec<Line> {
        self.break_line();
        self.lines
    }
}

/// The first token of `text`, and what is behind it.
fn next_token(text: &str) -> Option<(Token, &str, &str)> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r']);
    let first = text.chars().next()?;
    let (token, length) = match first {
        '{' | '}' | '[' | ']' | ',' | ':' => (Token::Mark, 1),
        '"' => string_token(text),
        '-' | '0'..='9' => (Token::Number, run(text, |c| c.is_ascii_alphanumeric() || "+-.".contains(c))),
        'a'..='z' => (Token::Word, run(text, |c| c.is_ascii_alphabetic())),
        _ => (Token::Garbage, text.find('\n').unwrap_or(text.len())),
    };
    let (piece, after) = text.split_at(length);
    Some((token, piece, after))
}

fn string_token(text: &str) -> (Token, usize) {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let is_key = text[at + 1..].trim_start().starts_with(':');
                return (if is_key { Token::Key } else { Token::Text }, at + 1);
            }
            _ => {}
        }
    }
    (Token::Garbage, text.len())
}

fn run(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|character| !is_part(character)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(text: &str) -> String {
        let line = |line: Line| {
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
    fn what_is_no_json_is_shown_all_the_same() {
        assert_eq!(laid_out("<html>\n{\"a"), "<html>\n{\n  \"a\n");
        assert_eq!(laid_out("\"\u{1b}[2J\""), "\"␛[2J\"\n");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            lay_out(&bytes);
        }
    }
}
