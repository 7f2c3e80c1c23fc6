//! A text of many lines. Only the lines on the screen are laid out.

use std::sync::Arc;

use bytes::Bytes;

use crate::model::json::{JsonLine, Outline};

/// JSON documents one below the other, with lines between them.
#[derive(Debug, Default)]
pub(crate) struct Text {
    parts: Vec<TextPart>,
    lines: usize,
}

/// A part of a text.
#[derive(Debug)]
pub(crate) enum TextPart {
    /// One line.
    Line(JsonLine),
    /// A document, with the index of its lines.
    Json(Bytes, Arc<Outline>),
}

impl TextPart {
    /// Creates a part for a document.
    pub(crate) fn json(bytes: &Bytes, outline: &Arc<Outline>) -> TextPart {
        TextPart::Json(bytes.clone(), outline.clone())
    }

    /// Returns the number of lines of the part.
    pub(crate) fn lines(&self) -> usize {
        match self {
            TextPart::Line(_) => 1,
            TextPart::Json(_, outline) => outline.lines(),
        }
    }
}

impl Text {
    /// Creates a text of these parts, one below the other.
    pub(crate) fn of(parts: Vec<TextPart>) -> Text {
        let lines = parts.iter().map(TextPart::lines).sum();
        Text { parts, lines }
    }

    /// Returns the number of lines.
    pub(crate) fn len(&self) -> usize {
        self.lines
    }

    /// Returns whether the text is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// Returns at most `count` lines, beginning with line `from`.
    pub(crate) fn window(&self, from: usize, count: usize) -> Vec<JsonLine> {
        let (mut from, mut found) = (from, Vec::new());
        for part in &self.parts {
            let room = count - found.len();
            if room == 0 {
                break;
            }
            match part {
                TextPart::Line(line) if from == 0 => found.push(line.clone()),
                TextPart::Json(bytes, outline) if from < outline.lines() => {
                    found.extend(outline.window(bytes, from, room));
                }
                TextPart::Line(_) | TextPart::Json(..) => {}
            }
            from = from.saturating_sub(part.lines());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_goes_over_the_edges_of_parts() {
        let json = Bytes::from_static(b"[1,2]");
        let outline = Arc::new(Outline::of(&json));
        let line = || TextPart::Line(JsonLine { indent: 7, pieces: Vec::new() });
        let text =
            Text::of(vec![line(), TextPart::json(&json, &outline), line(), TextPart::json(&json, &outline)]);
        assert_eq!(text.len(), 10);
        let all = text.window(0, 99);
        assert_eq!(all.len(), 10);
        for from in 0..12 {
            let expected: Vec<JsonLine> = all.iter().skip(from).take(4).cloned().collect();
            assert_eq!(text.window(from, 4), expected, "{from}");
        }
    }
}
