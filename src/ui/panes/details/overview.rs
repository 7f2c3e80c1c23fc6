//! The Overview tab.

use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::app::panes::details::overview::{self, LABELS, RowTone};
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the facts about the image.
    pub(crate) fn overview(&mut self, pane: Rect, area: Rect) {
        let rows = overview::rows(self.state, usize::from(area.width).saturating_sub(2), self.now);
        let scroll = self.state.detail.scroll;
        for (line, row) in rows.iter().skip(scroll).take(area.height.into()).enumerate() {
            let place = Rect::new(area.x, area.y + line as u16, area.width, 1);
            let (label, text) = match row.tone {
                RowTone::Plain => (Role::Dim, Role::Text),
                RowTone::Heading => (Role::Heading, Role::Text),
                RowTone::Warn => (Role::Warn, Role::Warn),
                RowTone::Listed => (Role::Text, Role::Warn),
            };
            let label_text = match row.tone {
                RowTone::Heading | RowTone::Listed => row.label.to_string(),
                RowTone::Plain | RowTone::Warn => columns::left(row.label.as_str(), LABELS),
            };
            let spans = vec![
                Span::raw("  "),
                Span::styled(label_text, self.style(label)),
                Span::styled(row.text.to_string(), self.style(text)),
            ];
            self.draw_searched(place, scroll + line, spans);
        }
        self.scrollbar(pane, area, scroll, rows.len());
    }
}
