//! The prompt that opens a registry, a repository or an image by name, and the targets that are known.

use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::open_prompt::{OpenEffect, OpenPrompt};
use crate::app::filter::Filter;
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// Columns of the word for the origin, with space behind the longest one.
const ORIGIN: usize = 12;
/// Columns of the cursor.
const CURSOR: usize = 2;

impl Canvas<'_, '_> {
    /// Draws the prompt, the reason why there is no list, and the known targets: the origin of each in a word, then its
    /// name.
    pub(crate) fn open_prompt(&mut self, open: &OpenPrompt) {
        let keys = &self.state.settings.keys;
        let (bindings, selected) = (OpenPrompt::BINDINGS, open.selected());
        let can_be_forgotten = selected.is_some_and(|known| known.origin.can_be_forgotten());
        let hints = join_hints([
            keys.hint(bindings, OpenEffect::Open),
            keys.hint(bindings, OpenEffect::Forget).filter(|_| can_be_forgotten),
            keys.hint(bindings, OpenEffect::Search).filter(|_| selected.is_some()),
            keys.scroll_hint(PROMPT_BINDINGS, "choose").filter(|_| !open.targets.is_empty()),
            keys.hint(bindings, OpenEffect::Complete).filter(|_| !open.targets.is_empty()),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        let places = open.places(self.state);
        let inner = self.overlay(places.area, "Open", &hints);
        let about: Vec<(Role, String)> = places.about.iter().map(|line| (Role::Dim, line.clone())).collect();
        self.draw_text(inner, &about);
        let filter = Filter::parse(open.field.input.value());
        let offset = open.field.offset(places.rows.height);
        let shown = open.targets.iter().zip(&open.field.suggestions).enumerate().skip(offset);
        for (at, (known, name)) in shown.take(places.rows.height.into()) {
            let is_cursor = open.field.cursor == at + 1;
            let area = layout::row(places.rows, (at - offset) as u16);
            let base = self.style(if is_cursor { Role::Cursor } else { Role::Text });
            let word = if is_cursor { base } else { self.style(Role::Dim) };
            let room = usize::from(area.width).saturating_sub(CURSOR + ORIGIN);
            let name = columns::left(&columns::cut_middle(name, room), room);
            let mut spans = vec![
                Span::raw(if is_cursor { "▌ " } else { "  " }),
                Span::styled(columns::left(known.origin.word(), ORIGIN), word),
            ];
            spans.extend(self.matched_line(filter.as_ref(), vec![Span::raw(name)]));
            self.draw_line(area, Line::from(spans).style(base));
        }
        self.scrollbar(places.area, places.rows, offset, open.targets.len());
        self.field(places.input, places.status, &open.field, open.help());
    }
}
