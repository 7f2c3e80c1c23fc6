//! Both sides of a difference.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::image_diff::role_of;
use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::file_sides::{FileSides, FileSidesEffect, SIDE_BY_SIDE, SidesLine};
use crate::app::keys::{Binding, DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::image_diff::page::TextRow;
use crate::model::text::SafeText;
use crate::model::{columns, size};
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The keys of the dialog.
const BINDINGS: &[Binding<FileSidesEffect>] = <Box<FileSides>>::BINDINGS;
/// Columns of the numbers of lines.
const NUMBER: usize = 6;

impl Canvas<'_, '_> {
    /// Draws the facts about both sides and the lines of their files.
    pub(crate) fn file_sides(&mut self, sides: &FileSides) {
        let keys = &self.state.settings.keys;
        let hint = |effect| keys.hint(BINDINGS, effect);
        let begins = hint(FileSidesEffect::Read);
        let has_lines = sides.len() > 0;
        let (is_loading, is_paused) = (sides.text.is_loading(), sides.reading.is_paused());
        let goes_on = keys.hint_as(BINDINGS, FileSidesEffect::Read, "go on");
        let hints = join_hints([
            begins.clone().filter(|_| sides.price.is_some()),
            goes_on.filter(|_| is_loading && is_paused),
            hint(FileSidesEffect::Next).filter(|_| has_lines),
            hint(FileSidesEffect::SideBySide).filter(|_| has_lines && self.state.size.0 >= SIDE_BY_SIDE),
            hint(FileSidesEffect::HideSame).filter(|_| has_lines),
            keys.scroll_hint(DIALOG_BINDINGS, "scroll"),
            keys.cancel_hint(DIALOG_BINDINGS, if is_loading && !is_paused { "pause" } else { "leave" }),
        ]);
        let area = layout::log(self.state);
        let title = if is_loading && !is_paused {
            format!("{} {}", sides.title, self.spinner_frame())
        } else {
            sides.title.to_string()
        };
        let inner = layout::indented(self.overlay(area, &title, &hints));
        let width = usize::from(inner.width);
        let head = sides.head(width);
        let shown = (sides.scroll..head.len() + sides.len()).take(inner.height.into());
        for (line, at) in shown.enumerate() {
            let place = layout::row(inner, line as u16);
            match head.get(at) {
                Some((tone, text)) => {
                    let style = self.style(role_of(*tone));
                    self.draw_line(place, Line::styled(text.clone(), style));
                }
                None => match sides.line(at - head.len()) {
                    Some(SidesLine::Text(tone, text)) => {
                        let style = self.style(role_of(tone));
                        self.draw_line(place, Line::styled(columns::cut(text, width), style));
                    }
                    Some(SidesLine::Row(row)) => self.side_by_side(place, row),
                    None => {}
                },
            }
        }
        self.scrollbar(area, inner, sides.scroll, head.len() + sides.len());
        let below = layout::below(inner, u16::try_from(head.len() + 1).unwrap_or(u16::MAX));
        if let Some(failure) = &sides.text.failure {
            self.failure(below, failure, "");
        } else if let Some(price) = sides.price {
            let begins = begins.unwrap_or_default();
            let text = format!("reads up to {} of the layers; {begins}", size::bytes(price));
            self.draw_text(below, &[(Role::Text, text)]);
        } else if is_loading {
            let role = if is_paused { Role::Warn } else { Role::Dim };
            self.draw_text(below, &[(role, sides.reading.text())]);
        }
    }

    /// Draws a row of two files. The sign in the middle tells a difference without colours.
    fn side_by_side(&mut self, area: Rect, row: &TextRow) {
        let half = usize::from(area.width).saturating_sub(3) / 2;
        let cell = |side: &Option<(usize, SafeText)>| match side {
            Some((number, text)) => {
                let text = columns::cut(text.as_str(), half.saturating_sub(NUMBER + 1));
                columns::left(&format!("{} {text}", columns::right(&number.to_string(), NUMBER)), half)
            }
            None => " ".repeat(half),
        };
        let (left, right) = if row.is_same { (Role::Text, Role::Text) } else { (Role::Bad, Role::Good) };
        let sign = match (&row.left, &row.right, row.is_same) {
            (_, _, true) => " │ ",
            (Some(_), Some(_), false) => " ~ ",
            (Some(_), None, false) => " - ",
            (None, _, false) => " + ",
        };
        let spans = vec![
            Span::styled(cell(&row.left), self.style(left)),
            Span::styled(sign, self.style(Role::Border)),
            Span::styled(cell(&row.right), self.style(right)),
        ];
        self.draw_line(area, Line::from(spans));
    }
}
