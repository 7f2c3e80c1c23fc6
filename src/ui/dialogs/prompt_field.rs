//! The text field of the prompts for a name.

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::dialogs::prompt_field::{FieldPlaces, PromptField};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws a prompt that has only a field.
    pub(crate) fn field_prompt(
        &mut self,
        places: &FieldPlaces,
        field: &PromptField,
        title: &str,
        help: &str,
        hints: &str,
    ) {
        let inner = self.overlay(places.area, title, hints);
        let about: Vec<(Role, String)> = places.about.iter().map(|line| (Role::Dim, line.clone())).collect();
        self.draw_text(inner, &about);
        let offset = field.offset(places.rows.height);
        let shown = field.suggestions.len().min(places.rows.height.into());
        for row in 0..shown {
            self.suggestion(layout::row(places.rows, row as u16), field, offset + row);
        }
        self.field(places.input, places.status, field, help);
    }

    /// Draws the text of a field, and the problem with it or else the help on valid input. Returns the number of lines
    /// of these.
    pub(crate) fn field(&mut self, input: Rect, status: Rect, field: &PromptField, help: &str) -> u16 {
        let role = if field.problem.is_some() { Role::Bad } else { Role::Dim };
        let lines = self.wrapped(status, role, field.status(help));
        self.input(input, "> ", &field.input, Role::Dim, "");
        lines
    }

    /// Draws a matching name.
    pub(crate) fn suggestion(&mut self, area: Rect, field: &PromptField, at: usize) {
        let Some(name) = field.suggestions.get(at) else { return };
        let is_cursor = field.cursor == at + 1;
        let style = self.style(if is_cursor { Role::Cursor } else { Role::Text });
        let text = format!("{}{name}", if is_cursor { "▌ " } else { "  " });
        self.draw_line(area, Line::styled(columns::left(&text, area.width.into()), style));
    }
}
