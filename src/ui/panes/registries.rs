//! The Registries pane.

use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::app::{Pane, layout};
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the open registries.
    pub(crate) fn registries(&mut self, area: Rect) {
        let registries = &self.state.registries;
        let title = vec![Span::raw(format!(
            "Registries {}",
            Self::count(&registries.list, registries.items.len(), false)
        ))];
        self.draw_frame(Pane::Registries, area, title);
        self.draw_filter(area, &registries.list);
        let rows = layout::rows(self.state, &layout::of(self.state), Pane::Registries);
        if registries.items.is_empty() {
            return self.draw_text(
                rows,
                &[
                    (Role::Text, "nothing is open".into()),
                    (Role::Dim, self.key_hint("registries.open", "opens a registry by name")),
                ],
            );
        }
        for (line, row) in registries.list.visible_rows().enumerate() {
            let Some(registry) =
                registries.list.rows.get(row).and_then(|item| registries.items.get(*item as usize))
            else {
                continue;
            };
            let place = Rect::new(rows.x, rows.y + line as u16, rows.width, 1);
            let room = usize::from(area.width.saturating_sub(layout::BESIDE_HOST));
            let host = registry.host.as_str();
            let name = Span::raw(columns::cut_middle(host, room));
            let mut cells = self.matched_name(&registries.list, host, name);
            if registry.server.failure.is_some() {
                cells.push(Span::styled(" !", self.style(Role::Bad)));
            }
            self.row(Pane::Registries, place, &registries.list, row, cells);
        }
        self.scrollbar(area, rows, registries.list.offset, registries.list.rows.len());
    }
}
