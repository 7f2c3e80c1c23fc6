//! The last look at a finished frame: nothing that a terminal could obey, and nothing that hides or turns text, leaves
//! this program, whatever it went through before (reliability.md §4.2).

use ratatui::buffer::Buffer;

use crate::model::columns;
use crate::model::text::is_unsafe;

/// Most bytes that one cell may hold.
const LONGEST_SYMBOL: usize = 64;

/// Replaces every cell that holds a character that is not for the eye.
pub fn sweep(buffer: &mut Buffer) {
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

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        for (column, symbol) in ["\u{1b}[2J", "\u{202e}", "a", "é"].into_iter().enumerate() {
            buffer[(column as u16, 0)].set_symbol(symbol);
        }
        sweep(&mut buffer);
        let symbols: Vec<&str> = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(symbols, ["·", "·", "a", "é"]);
    }
}
