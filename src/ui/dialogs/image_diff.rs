//! Two images side by side.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::image_diff::{DiffDialog, DiffEffect, DiffTab, DiffTone};
use crate::app::keys::{Binding, DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The keys of the dialog.
const BINDINGS: &[Binding<DiffEffect>] = <Box<DiffDialog>>::BINDINGS;

impl Canvas<'_, '_> {
    /// Draws the differences between two images.
    pub(crate) fn image_diff(&mut self, dialog: &DiffDialog) {
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.hint(BINDINGS, DiffEffect::NextTab),
            keys.hint(BINDINGS, DiffEffect::Swap),
            keys.scroll_hint(DIALOG_BINDINGS, "scroll"),
            keys.cancel_hint(DIALOG_BINDINGS, "leave"),
        ]);
        let title = if dialog.diff.is_loading() {
            format!("Diff {}", self.spinner_frame())
        } else {
            "Diff".to_string()
        };
        let area = layout::log(self.state);
        let inner = self.overlay(area, &title, &hints);
        let line = |row: u16| Rect::new(inner.x + 1, inner.y + row, inner.width.saturating_sub(2), 1);
        let mut tabs = Vec::new();
        for tab in DiffTab::ALL {
            let role = if tab == dialog.tab { Role::TitleFocused } else { Role::Dim };
            if !tabs.is_empty() {
                tabs.push(Span::styled(" │ ", self.style(Role::Border)));
            }
            tabs.push(Span::styled(tab.title(), self.style(role)));
        }
        self.draw_line(line(0), Line::from(tabs));
        let body = layout::below(inner, 1);
        if dialog.diff.value.is_none() {
            return match &dialog.diff.failure {
                Some(failure) if !dialog.diff.is_loading() => {
                    let again = keys.hint_as(BINDINGS, DiffEffect::Refresh, "asks again");
                    let hints = join_hints([again, keys.cancel_hint(DIALOG_BINDINGS, "leave")]);
                    self.failure(body, failure, &hints);
                }
                _ => {
                    let text = format!("reading {} and {}", dialog.left, dialog.right);
                    self.draw_text(body, &[(Role::Dim, text)]);
                }
            };
        }
        let width = usize::from(inner.width.saturating_sub(2));
        let visible = dialog.lines.iter().skip(dialog.scroll).take(body.height.into());
        for (row, (tone, text)) in visible.enumerate() {
            let role = match tone {
                DiffTone::Heading => Role::Heading,
                DiffTone::Same => Role::Text,
                DiffTone::Removed => Role::Bad,
                DiffTone::Added => Role::Good,
                DiffTone::Changed => Role::Warn,
            };
            let style = self.style(role);
            self.draw_line(line(row as u16 + 1), Line::styled(columns::cut(text.as_str(), width), style));
        }
        self.scrollbar(area, body, dialog.scroll, dialog.lines.len());
    }
}
