//! The content of a file.

use ratatui::text::Line;

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::file_preview::{FilePreview, FilePreviewEffect};
use crate::app::keys::{DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::size;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the facts about the file and its content.
    pub(crate) fn file_preview(&mut self, preview: &FilePreview) {
        let keys = &self.state.settings.keys;
        let begins = keys.hint(<Box<FilePreview>>::BINDINGS, FilePreviewEffect::Read);
        let (is_loading, is_paused) = (preview.content.is_loading(), preview.reading.is_paused());
        let goes_on = keys.hint_as(<Box<FilePreview>>::BINDINGS, FilePreviewEffect::Read, "go on");
        let hints = join_hints([
            begins.clone().filter(|_| preview.price.is_some()),
            goes_on.filter(|_| is_loading && is_paused),
            keys.scroll_hint(DIALOG_BINDINGS, "scroll"),
            keys.cancel_hint(DIALOG_BINDINGS, if is_loading && !is_paused { "pause" } else { "leave" }),
        ]);
        let inner = self.overlay(layout::log(self.state), preview.title.as_str(), &hints);
        let style = self.style(Role::Dim);
        self.draw_line(layout::row(inner, 0), Line::styled(preview.about.clone(), style));
        let rows = layout::below(inner, 1);
        if let Some(failure) = &preview.content.failure {
            return self.failure(rows, failure, "");
        }
        if let Some(price) = preview.price {
            let text =
                format!("reads up to {} of the layer; {}", size::bytes(price), begins.unwrap_or_default());
            return self.draw_text(rows, &[(Role::Text, text)]);
        }
        if preview.content.is_loading() {
            let role = if is_paused { Role::Warn } else { Role::Dim };
            return self.draw_text(rows, &[(role, preview.reading.text())]);
        }
        if preview.lines.is_empty() {
            return self.draw_text(rows, &[(Role::Dim, "the file is empty".into())]);
        }
        let style = self.style(Role::Text);
        let shown = preview.lines.iter().skip(preview.scroll).take(rows.height.into());
        for (at, line) in shown.enumerate() {
            self.draw_line(layout::row(rows, at as u16), Line::styled(line.as_str().to_string(), style));
        }
    }
}
