//! An attached artifact.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::attached::{self, AttachedDialog, AttachedEffect};
use crate::app::keys::{Binding, DIALOG_BINDINGS, join_hints};
use crate::model::attached::page::{AttachedLine, LABELS, LineTone};
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The keys of the dialog.
const BINDINGS: &[Binding<AttachedEffect>] = <Box<AttachedDialog>>::BINDINGS;

impl Canvas<'_, '_> {
    /// Draws the document shown of an attached artifact.
    pub(crate) fn attached(&mut self, dialog: &AttachedDialog) {
        let title = match (dialog.pages.is_loading(), dialog.count()) {
            (true, _) => format!("{} {}", dialog.title, self.spinner_frame()),
            (false, 0 | 1) => dialog.title.to_string(),
            (false, count) => format!("{} · {} of {count}", dialog.title, dialog.page + 1),
        };
        let keys = &self.state.settings.keys;
        let hint = |effect| keys.hint(BINDINGS, effect);
        let hints = join_hints([
            hint(AttachedEffect::Save),
            hint(AttachedEffect::SavePayload),
            hint(AttachedEffect::Next).filter(|_| dialog.count() > 1),
            keys.cancel_hint(DIALOG_BINDINGS, "leave"),
        ]);
        let area = attached::area(self.state);
        let inner = self.overlay(area, &title, &hints);
        let Some(page) = dialog.shown() else {
            return match &dialog.pages.failure {
                Some(failure) if !dialog.pages.is_loading() => {
                    let again = keys.hint_as(BINDINGS, AttachedEffect::Refresh, "asks again");
                    let hints = join_hints([again, keys.cancel_hint(DIALOG_BINDINGS, "leave")]);
                    self.failure(inner, failure, &hints);
                }
                _ if dialog.pages.is_loading() => self.draw_text(inner, &[(Role::Dim, "reading …".into())]),
                _ => self.draw_text(inner, &[(Role::Dim, "the artifact has no documents".into())]),
            };
        };
        let shown = page.lines.iter().skip(dialog.scroll).take(inner.height.into());
        for (row, line) in shown.enumerate() {
            let place = Rect::new(inner.x, inner.y + row as u16, inner.width, 1);
            let line = self.attached_line(line);
            self.draw_line(place, line);
        }
        self.scrollbar(area, inner, dialog.scroll, page.lines.len());
    }

    fn attached_line(&self, line: &AttachedLine) -> Line<'static> {
        let role = match line.tone {
            LineTone::Plain => Role::Text,
            LineTone::Heading => Role::Heading,
            LineTone::Warn => Role::Warn,
        };
        let label =
            if line.label.is_empty() { String::new() } else { columns::left(line.label.as_str(), LABELS) };
        Line::from(vec![
            Span::styled(format!(" {label}"), self.style(Role::Dim)),
            Span::styled(line.text.to_string(), self.style(role)),
        ])
    }
}
