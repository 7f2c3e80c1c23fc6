//! The last check of a finished frame. No character that a terminal could obey, and none that hides or reverses text,
//! leaves this program, whatever was checked before (docs/RELIABILITY.md §4.2).

use ratatui::buffer::Buffer;

use crate::model::columns;
use crate::model::text::is_unsafe;

/// The most bytes that one cell may hold.
const LONGEST_SYMBOL: usize = 64;

/// Replaces the contents of every cell that holds an invisible or unsafe character, or too many bytes.
pub(crate) fn sanitize(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        let is_too_long = symbol.len() > LONGEST_SYMBOL;
        let shows_nothing = columns::width(symbol) == 0 && !symbol.is_empty();
        if is_too_long || shows_nothing || symbol.chars().any(is_unsafe) {
            cell.set_symbol("·");
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    fn swept(symbol: &str) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 1, 1));
        buffer[(0, 0)].set_symbol(symbol);
        sanitize(&mut buffer);
        buffer[(0, 0)].symbol().to_string()
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        for bad in ["\u{1b}[2J", "\n", "\u{9b}", "\u{202e}", "a\u{200b}", "\u{301}", "\u{e0041}"] {
            assert_eq!(swept(bad), "·", "{bad:?}");
        }
        assert_eq!(swept(&format!("a{}", "\u{301}".repeat(1_000))), "·");
    }

    #[test]
    fn printable_text_stays() {
        for good in [" ", "a", "é", "e\u{301}", "日", "▌", "␛"] {
            assert_eq!(swept(good), good);
        }
    }
}
