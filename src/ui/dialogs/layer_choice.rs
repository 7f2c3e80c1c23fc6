//! The layers of an image to choose from.

use ratatui::text::Line;

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::layer_choice::{LayerChoice, LayerChoiceEffect};
use crate::app::keys::{DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the layers.
    pub(crate) fn layer_choice(&mut self, choice: &LayerChoice) {
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.hint(<Box<LayerChoice>>::BINDINGS, LayerChoiceEffect::Choose),
            keys.cancel_hint(DIALOG_BINDINGS, "leave"),
        ]);
        let title = format!("Compare layer {} of {} with", choice.layer, choice.name);
        let inner = self.overlay(layout::log(self.state), &title, &hints);
        let offset = layout::offset(choice.cursor, inner.height);
        let shown = choice.others.iter().enumerate().skip(offset).take(inner.height.into());
        for (at, (_, text)) in shown {
            let is_cursor = at == choice.cursor;
            let style = self.style(if is_cursor { Role::Cursor } else { Role::Text });
            let text = format!("{}{text}", if is_cursor { "▌ " } else { "  " });
            let text = columns::left(&text, inner.width.into());
            self.draw_line(layout::row(inner, (at - offset) as u16), Line::styled(text, style));
        }
    }
}
