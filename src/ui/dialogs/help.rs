//! The searchable list of the keys of a pane. Keys that cannot be used now are shown with the reason.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::help::Help;
use crate::app::filter::Word;
use crate::app::keymap;
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// Columns of the keys: the fewest, and the most.
const KEYS: std::ops::RangeInclusive<usize> = 16..=24;

impl Canvas<'_, '_> {
    /// Draws the help.
    pub(crate) fn help(&mut self, help: &Help) {
        let rows = keymap::help_rows(self.state, help.input.value());
        let title = Help::title(self.state);
        let area = Help::area(self.state);
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            Some("type to search".into()),
            keys.scroll_hint(PROMPT_BINDINGS, "scroll"),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        let inner = self.overlay(area, &title, &hints);
        // All rows count, so that the texts do not move during a search.
        let all = keymap::help_rows(self.state, "");
        let widest = all.iter().map(|row| columns::width(&row.keys) + 1).max().unwrap_or(0);
        let width = widest.clamp(*KEYS.start(), *KEYS.end());
        let room = usize::from(inner.width).saturating_sub(width + 3);
        let word = Word::plain(&help.input.value().to_lowercase());
        let mut lines: Vec<Line> = Vec::new();
        let mut section = "";
        for row in &rows {
            if row.section != section {
                section = row.section;
                lines.push(Line::styled(format!(" {section}"), self.style(Role::Heading)));
            }
            let (key, text) = if row.unavailable_because.is_some() {
                (Role::Dim, Role::Dim)
            } else {
                (Role::Key, Role::Text)
            };
            let refused =
                row.unavailable_because.as_ref().map(|why| format!("  (not now: {why})")).unwrap_or_default();
            let about = columns::cut(row.text, room);
            let refused = columns::cut(&refused, room.saturating_sub(columns::width(&about)));
            let found = vec![
                Span::styled(format!("  {}", columns::left(&row.keys, width)), self.style(key)),
                Span::styled(about, self.style(text)),
            ];
            let mut line = self.searched(Some(&word), false, found);
            line.push(Span::styled(refused, self.style(Role::Dim)));
            lines.push(Line::from(line));
        }
        if lines.is_empty() {
            lines.push(Line::styled("  no key does that", self.style(Role::Dim)));
        }
        let body = Rect::new(inner.x, inner.y + 1, inner.width, inner.height.saturating_sub(1));
        let all = lines.len();
        let scroll = help.scroll.min(all.saturating_sub(body.height.into()));
        for (row, line) in lines.into_iter().skip(scroll).take(body.height.into()).enumerate() {
            self.draw_line(Rect::new(body.x, body.y + row as u16, body.width, 1), line);
        }
        self.scrollbar(area, body, scroll, all);
        self.input(Rect { height: inner.height.min(1), ..inner }, "/", &help.input, Role::Dim, "");
    }
}
