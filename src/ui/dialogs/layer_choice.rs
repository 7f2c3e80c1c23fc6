//! The layers of an image to choose from.

use ratatui::text::Line;

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::layer_choice::{LayerChoice, LayerChoiceEffect};
use crate::app::keys::{Binding, DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The keys of the dialog.
const BINDINGS: &[Binding<LayerChoiceEffect>] = <Box<LayerChoice>>::BINDINGS;

impl Canvas<'_, '_> {
    /// Draws the layers, or the wait for those of another image.
    pub(crate) fn layer_choice(&mut self, choice: &LayerChoice) {
        let keys = &self.state.settings.keys;
        let cancel = keys.cancel_hint(DIALOG_BINDINGS, if choice.other.is_some() { "back" } else { "leave" });
        let choose = keys.hint(BINDINGS, LayerChoiceEffect::Choose).filter(|_| choice.len() > 0);
        let hints = join_hints([choose, cancel.clone()]);
        let area = layout::log(self.state);
        let spinner = if choice.is_loading() { format!(" {}", self.spinner_frame()) } else { String::new() };
        let room = usize::from(area.width).saturating_sub(4 + columns::width(&spinner));
        let inner = self.overlay(area, &(choice.title(room) + &spinner), &hints);
        if let Some(failure) = choice.failure() {
            let again = keys.hint_as(BINDINGS, LayerChoiceEffect::Choose, "asks again");
            return self.failure(inner, failure, &join_hints([again, cancel]));
        }
        if choice.is_loading() {
            return self.draw_text(inner, &[(Role::Dim, "reading the layers…".into())]);
        }
        if choice.len() == 0 {
            return self.draw_text(inner, &[(Role::Dim, "the image has no layers".into())]);
        }
        let offset = layout::offset(choice.cursor, inner.height);
        for (line, at) in (offset..choice.len()).take(inner.height.into()).enumerate() {
            let Some((text, can_be_chosen)) = choice.row(at) else { continue };
            let is_cursor = at == choice.cursor;
            let role = match (is_cursor, can_be_chosen) {
                (true, _) => Role::Cursor,
                (false, true) => Role::Text,
                (false, false) => Role::Dim,
            };
            let style = self.style(role);
            let text = format!("{}{text}", if is_cursor { "▌ " } else { "  " });
            let text = columns::left(&text, inner.width.into());
            self.draw_line(layout::row(inner, line as u16), Line::styled(text, style));
        }
        self.scrollbar(area, inner, offset, choice.len());
    }
}
