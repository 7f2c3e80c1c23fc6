//! An attached artifact.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::attached::{self, AttachedDialog, AttachedEffect};
use crate::app::keys::{Binding, DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::attached::page::{AttachedLine, LABELS, LineAbout, LineTone};
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
        let is_document = dialog.shown().is_some_and(|page| page.part.is_some());
        let hints = join_hints([
            hint(AttachedEffect::Open).filter(|_| dialog.selected_image().is_some()),
            hint(AttachedEffect::Search).filter(|_| dialog.has_rows()),
            hint(AttachedEffect::Save).filter(|_| is_document),
            hint(AttachedEffect::SavePayload).filter(|_| is_document),
            hint(AttachedEffect::Next).filter(|_| dialog.count() > 1),
            keys.cancel_hint(DIALOG_BINDINGS, if dialog.is_filtered() { "show all" } else { "leave" }),
        ]);
        let area = attached::area(self.state);
        let inner = self.overlay(area, &title, &hints);
        if dialog.shown().is_none() {
            return match &dialog.pages.failure {
                Some(failure) if !dialog.pages.is_loading() => {
                    let again = keys.hint_as(BINDINGS, AttachedEffect::Refresh, "asks again");
                    let hints = join_hints([again, keys.cancel_hint(DIALOG_BINDINGS, "leave")]);
                    self.failure(inner, failure, &hints);
                }
                _ if dialog.pages.is_loading() => self.draw_text(inner, &[(Role::Dim, "reading …".into())]),
                _ => self.draw_text(inner, &[(Role::Dim, "the artifact has no documents".into())]),
            };
        }
        let place = dialog.lines_area(self.state);
        let offset = layout::offset(dialog.cursor, place.height);
        let filter = dialog.filter();
        let shown = dialog.lines().enumerate().skip(offset).take(place.height.into());
        for (at, line) in shown {
            let is_row = matches!(line.about, LineAbout::Row(_));
            let spans = self.attached_line(line, at == dialog.cursor, place.width.into());
            let spans = self.matched_line(filter.as_ref().filter(|_| is_row), spans);
            self.draw_line(layout::row(place, (at - offset) as u16), Line::from(spans));
        }
        self.scrollbar(area, place, offset, dialog.shown_lines.len());
        let foot = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
        if dialog.is_typing {
            self.input(foot, " /", &dialog.input, Role::Dim, "part of a row");
        } else if dialog.is_filtered() {
            let style = self.style(Role::Warn);
            self.draw_line(foot, Line::styled(format!(" /{}", dialog.input.value()), style));
        }
    }

    fn attached_line(&self, line: &AttachedLine, is_cursor: bool, width: usize) -> Vec<Span<'static>> {
        let role = match line.tone {
            LineTone::Plain => Role::Text,
            LineTone::Heading => Role::Heading,
            LineTone::Warn => Role::Warn,
        };
        let label =
            if line.label.is_empty() { String::new() } else { columns::left(line.label.as_str(), LABELS) };
        if is_cursor {
            let text = columns::left(&format!("▌{label}{}", line.text), width);
            return vec![Span::styled(text, self.style(Role::Cursor))];
        }
        vec![
            Span::styled(format!(" {label}"), self.style(Role::Dim)),
            Span::styled(line.text.to_string(), self.style(role)),
        ]
    }
}
