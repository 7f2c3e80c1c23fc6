//! The searchable list of commands.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::actions::entries::entries;
use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::palette::{self, Palette, PaletteEffect};
use crate::app::filter::Filter;
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// Columns of a name, with space behind the longest one.
const NAMES: usize = 14;
/// Columns of a key.
const KEYS: usize = 8;

impl Canvas<'_, '_> {
    /// Draws the palette.
    pub(crate) fn palette(&mut self, commands: &Palette) {
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.hint(Palette::BINDINGS, PaletteEffect::Run),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        let inner = self.overlay(palette::area(self.state), "Commands", &hints);
        let all: Vec<_> = entries().collect();
        let rows = palette::rows_area(self.state);
        let height = usize::from(rows.height);
        let filter = Filter::parse(commands.input.value());
        let offset = layout::offset(commands.cursor, rows.height);
        for (line, row) in commands.rows.iter().skip(offset).take(height).enumerate() {
            let Some((entry, action)) = all.get(*row) else { continue };
            let is_cursor = offset + line == commands.cursor;
            let base = if is_cursor { self.style(Role::Cursor) } else { self.style(Role::Text) };
            let place = Rect::new(rows.x, rows.y + line as u16, rows.width, 1);
            let marker = if is_cursor { "▌ " } else { "  " };
            let name = Span::styled(
                columns::left(entry.name, NAMES),
                if is_cursor { base } else { self.style(Role::Key) },
            );
            let key = action.map(|action| keys.name(&action.command)).unwrap_or_default();
            let text = columns::left(entry.text, usize::from(rows.width).saturating_sub(NAMES + 2 + KEYS));
            let key = Span::styled(
                columns::right(&key, KEYS - 1),
                if is_cursor { base } else { self.style(Role::Dim) },
            );
            let mut line = vec![Span::raw(marker)];
            line.extend(self.matched_line(filter.as_ref(), vec![name, Span::raw(text)]));
            line.push(key);
            self.draw_line(place, Line::from(line).style(base));
        }
        self.input(Rect { height: inner.height.min(1), ..inner }, "> ", &commands.input, Role::Dim, "");
    }
}
