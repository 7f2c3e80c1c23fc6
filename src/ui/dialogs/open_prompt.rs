//! The prompt that opens a registry or a repository by name.

use ratatui::text::Line;

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::open_prompt::{OpenEffect, OpenPrompt};
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the prompt, the reason why there is no list, and the suggested names.
    pub(crate) fn open_prompt(&mut self, open: &OpenPrompt) {
        let places = crate::app::dialogs::open_prompt::OpenPlaces::of(self.state, open);
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.hint(OpenPrompt::BINDINGS, OpenEffect::Open),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        let inner = self.overlay(places.area, "Open", &hints);
        let about: Vec<(Role, String)> = places.about.iter().map(|line| (Role::Dim, line.clone())).collect();
        self.draw_text(inner, &about);
        if let Some(problem) = &open.problem {
            self.wrapped(places.status, Role::Bad, problem);
        }
        for (row, name) in open.suggestions.iter().enumerate().take(places.rows.height.into()) {
            let is_cursor = open.cursor == Some(row);
            let style = if is_cursor { self.style(Role::Cursor) } else { self.style(Role::Text) };
            let text = format!("{}{name}", if is_cursor { "▌ " } else { "  " });
            let place = layout::row(places.rows, row as u16);
            self.draw_line(place, Line::styled(columns::left(&text, place.width.into()), style));
        }
        self.input(places.input, "> ", &open.input, Role::Dim, "");
    }
}
