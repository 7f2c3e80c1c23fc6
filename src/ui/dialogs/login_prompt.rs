//! The prompt for a login.

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::login_prompt::{LoginEffect, LoginPrompt, LoginRow};
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;
use ratatui::text::Line;

impl Canvas<'_, '_> {
    /// Draws the prompt. The password is shown as dots.
    pub(crate) fn login_prompt(&mut self, prompt: &LoginPrompt) {
        let keys = &self.state.settings.keys;
        let bindings = <Box<LoginPrompt>>::BINDINGS;
        let submit = match prompt.row {
            LoginRow::User => keys.hint_as(bindings, LoginEffect::Submit, "password"),
            LoginRow::Password | LoginRow::Stored => keys.hint(bindings, LoginEffect::Submit),
        };
        let toggle = keys.hint(bindings, LoginEffect::Toggle).filter(|_| prompt.row == LoginRow::Stored);
        let hints = join_hints([
            submit,
            toggle,
            keys.scroll_hint(PROMPT_BINDINGS, "choose"),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        let places = prompt.places(self.state);
        let inner = self.overlay(places.area, &format!("Log in to {}", prompt.host), &hints);
        let about: Vec<(Role, String)> = places.about.iter().map(|line| (Role::Dim, line.clone())).collect();
        self.draw_text(inner, &about);
        let marker = if prompt.row == LoginRow::Stored { "▌ " } else { "  " };
        let role = if prompt.row == LoginRow::Stored { Role::Cursor } else { Role::Text };
        let check = if prompt.is_stored { "[x]" } else { "[ ]" };
        let text = format!("{marker}{check} {}", prompt.switch());
        let style = self.style(role);
        self.draw_line(places.stored, Line::styled(columns::left(&text, places.stored.width.into()), style));
        let role = if prompt.has_failed() { Role::Bad } else { Role::Dim };
        self.wrapped(places.below, role, &places.status.join(" "));
        // The field under the cursor comes last, because it sets the cursor of the terminal.
        let (user, password) = (prompt.user.clone(), prompt.password.masked());
        let fields = [
            (places.user, "user      ", &user, LoginRow::User),
            (places.password, "password  ", &password, LoginRow::Password),
        ];
        let (last, first): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(.., row)| *row == prompt.row);
        for (area, label, input, row) in first.into_iter().chain(last) {
            let marker = if row == prompt.row { "▌ " } else { "  " };
            self.input(area, &format!("{marker}{label}"), input, Role::Dim, "");
        }
    }
}
