//! The versions of a file in all layers of the image.

use ratatui::text::Line;

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::file_history::{FileHistory, FileHistoryEffect};
use crate::app::keys::{DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the versions, the newest first.
    pub(crate) fn file_history(&mut self, history: &FileHistory) {
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.hint(FileHistory::BINDINGS, FileHistoryEffect::Show),
            keys.hint(FileHistory::BINDINGS, FileHistoryEffect::Since),
            keys.hint(FileHistory::BINDINGS, FileHistoryEffect::Diff).filter(|_| history.lines().len() > 1),
            keys.cancel_hint(DIALOG_BINDINGS, "leave"),
        ]);
        let title = format!("History of {}", history.title);
        let inner = self.overlay(layout::log(self.state), &title, &hints);
        let offset = layout::offset(history.cursor, inner.height);
        let lines = history.lines();
        for (at, text) in lines.iter().enumerate().skip(offset).take(inner.height.into()) {
            let is_cursor = at == history.cursor;
            let style = self.style(if is_cursor { Role::Cursor } else { Role::Text });
            let text = format!("{}{text}", if is_cursor { "▌ " } else { "  " });
            let text = columns::left(&text, inner.width.into());
            self.draw_line(layout::row(inner, (at - offset) as u16), Line::styled(text, style));
        }
    }
}
