//! The dialog about the certificate of a server.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::trust::{LABEL, TrustDialog, TrustEffect};
use crate::app::keys::{PROMPT_BINDINGS, SharedEffect, join_hints};
use crate::app::list::Move;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the dialog.
    pub(crate) fn trust(&mut self, dialog: &TrustDialog) {
        let places = dialog.places(self.state);
        let keys = &self.state.settings.keys;
        let choices = dialog.choices();
        let has_choices = !choices.is_empty();
        let page_down = SharedEffect::Move(Move::HalfPages(1));
        let more = keys.hint_as(PROMPT_BINDINGS, page_down, "more").filter(|_| places.hidden > 0);
        let hints = join_hints([
            more,
            keys.hint(<Box<TrustDialog>>::BINDINGS, TrustEffect::Choose).filter(|_| has_choices),
            keys.scroll_hint(PROMPT_BINDINGS, "choices").filter(|_| has_choices),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        self.overlay(places.area, &dialog.title(), &hints);
        for (number, line) in places.facts.iter().enumerate() {
            let role = if line.is_bad { Role::Bad } else { Role::Text };
            let area = Rect { y: places.above.y + number as u16, height: 1, ..places.above };
            self.draw_line(
                area,
                Line::from(vec![
                    Span::styled(columns::left(line.label, LABEL), self.style(Role::Dim)),
                    Span::styled(line.text.clone(), self.style(role)),
                ]),
            );
        }
        for (row, (_, text)) in choices.iter().enumerate().take(places.choices.height.into()) {
            let is_cursor = row == dialog.cursor;
            let style = self.style(if is_cursor { Role::Cursor } else { Role::Text });
            let text = format!("{}{text}", if is_cursor { "▌ " } else { "  " });
            let area = Rect { y: places.choices.y + row as u16, height: 1, ..places.choices };
            self.draw_line(area, Line::styled(columns::left(&text, area.width.into()), style));
        }
        let role = if dialog.has_failed() { Role::Bad } else { Role::Dim };
        self.wrapped(places.below, role, &places.status.join(" "));
        if places.name.height > 0 {
            self.input(places.name, "host > ", &dialog.name, Role::Dim, "");
        }
    }
}
