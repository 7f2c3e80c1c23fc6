//! The Config and Manifest tabs: the JSON that the server sent, formatted.

use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::app::panes::details::Text;
use crate::model::json;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the lines that fit.
    pub(crate) fn raw(&mut self, pane: Rect, area: Rect, text: &Text) {
        let scroll = self.state.detail.scroll;
        for (row, line) in text.window(scroll, area.height.into()).iter().enumerate() {
            let place = Rect::new(area.x + 1, area.y + row as u16, area.width.saturating_sub(1), 1);
            let mut spans = vec![Span::raw(" ".repeat(line.indent.into()))];
            spans.extend(
                line.pieces
                    .iter()
                    .map(|(token, piece)| Span::styled(piece.as_str(), self.style(role(*token)))),
            );
            self.draw_searched(place, scroll + row, spans);
        }
        self.scrollbar(pane, area, scroll, text.len());
    }
}

fn role(token: json::JsonToken) -> Role {
    match token {
        json::JsonToken::Key => Role::JsonKey,
        json::JsonToken::Text => Role::JsonText,
        json::JsonToken::Number => Role::JsonNumber,
        json::JsonToken::Word => Role::JsonWord,
        json::JsonToken::Mark => Role::Dim,
        json::JsonToken::Garbage => Role::Bad,
    }
}
