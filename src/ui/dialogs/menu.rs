//! The sort menu and the yank menu.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::menu::Menu;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws a menu.
    pub(crate) fn menu(&mut self, menu: &Menu) {
        let labels = menu.label_columns();
        let area = menu.area(self.state);
        let inner = self.overlay(area, &menu.title, &menu.foot(&self.state.settings.keys));
        for (row, entry) in menu.entries.iter().enumerate().take(inner.height.into()) {
            let is_cursor = row == menu.cursor;
            let base = if is_cursor { self.style(Role::Cursor) } else { self.style(Role::Text) };
            let plain = |role| if is_cursor { base } else { self.style(role) };
            let place = Rect::new(inner.x, inner.y + row as u16, inner.width, 1);
            let room = usize::from(inner.width).saturating_sub(labels + 7);
            let line = Line::from(vec![
                Span::raw(if is_cursor { "▌ " } else { "  " }),
                Span::styled(entry.key.to_string(), plain(Role::Key)),
                Span::raw(format!("  {}  ", columns::left(entry.label, labels))),
                Span::styled(columns::left(entry.preview.as_str(), room), plain(Role::Dim)),
            ]);
            self.draw_line(place, line.style(base));
        }
    }
}
