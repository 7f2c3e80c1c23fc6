//! The findings or the packages of an image: their sums, a table, and the facts about the row under the cursor.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::path_table::{PathTable, PathTableEffect, PathTableKind};
use crate::app::keys::{Binding, DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The keys of the dialog.
const BINDINGS: &[Binding<PathTableEffect>] = <Box<PathTable>>::BINDINGS;
/// Columns of the cursor.
const CURSOR: usize = 2;

impl Canvas<'_, '_> {
    /// Draws the table.
    pub(crate) fn path_table(&mut self, table: &PathTable) {
        let keys = &self.state.settings.keys;
        let cancel = match table.is_filtered() {
            true => "show all",
            false if table.is_reading() && !table.reading.is_paused() => "pause",
            false => "leave",
        };
        let goes_on = keys.hint_as(BINDINGS, PathTableEffect::Open, "go on");
        let hints = join_hints([
            keys.hint(BINDINGS, PathTableEffect::Open).filter(|_| table.selected().is_some()),
            goes_on.filter(|_| table.is_reading() && table.reading.is_paused()),
            keys.hint(BINDINGS, PathTableEffect::Search).filter(|_| table.rows.value.is_some()),
            keys.hint(BINDINGS, PathTableEffect::Since).filter(|_| table.selected().is_some()),
            keys.cancel_hint(DIALOG_BINDINGS, cancel),
        ]);
        let name = match table.kind {
            PathTableKind::Findings => "Findings",
            PathTableKind::Packages => "Packages",
        };
        let all = table.rows.value.as_ref().map(|rows| rows.rows.len());
        let title = match all {
            _ if table.rows.is_loading() && !table.reading.is_paused() => {
                format!("{name} {}", self.spinner_frame())
            }
            Some(all) if table.is_filtered() => format!("{name} {} of {all}", table.shown.len()),
            Some(all) => format!("{name} {all}"),
            None => name.to_string(),
        };
        let area = layout::log(self.state);
        let inner = self.overlay(area, &title, &hints);
        let Some(rows) = &table.rows.value else {
            return self.empty_path_table(inner, table);
        };
        let summary = columns::left(&rows.summary, inner.width.into());
        let style = self.style(Role::Dim);
        self.draw_line(layout::row(inner, 0), Line::styled(summary, style));
        let place = table.rows_area(self.state);
        let widths = rows.fit(usize::from(place.width).saturating_sub(CURSOR));
        let style = self.style(Role::Heading);
        let headings = format!("  {}", rows.headings(&widths));
        self.draw_line(layout::row(inner, 1), Line::styled(headings, style));
        if table.shown.is_empty() {
            let text = if table.is_filtered() { "no row contains that" } else { "nothing was found" };
            self.draw_text(place, &[(Role::Dim, text.into())]);
        }
        let offset = layout::offset(table.cursor, place.height);
        let filter = table.filter();
        let shown = table.shown.iter().enumerate().skip(offset).take(place.height.into());
        for (at, row) in shown.filter_map(|(at, number)| Some((at, rows.rows.get(*number)?))) {
            let is_cursor = at == table.cursor;
            let style = self.style(if is_cursor { Role::Cursor } else { Role::Text });
            let text = rows.line(row.cells.iter().map(String::as_str), &widths);
            let text = format!("{}{text}", if is_cursor { "▌ " } else { "  " });
            let spans = vec![Span::styled(columns::left(&text, place.width.into()), style)];
            let line = Line::from(self.matched_line(filter.as_ref(), spans));
            self.draw_line(layout::row(place, (at - offset) as u16), line);
        }
        self.scrollbar(area, place, offset, table.shown.len());
        self.path_table_foot(inner, place, table);
    }

    /// Draws the facts about the row under the cursor, and the words that are searched.
    fn path_table_foot(&mut self, inner: Rect, rows: Rect, table: &PathTable) {
        let line = |number| Rect::new(inner.x, rows.bottom().saturating_add(number), inner.width, 1);
        let (path, about) = (self.style(Role::Text), self.style(Role::Dim));
        let width = usize::from(inner.width).saturating_sub(CURSOR);
        let words = u16::from(table.is_typing || table.is_filtered());
        let is_shown = rows.bottom().saturating_add(1 + words) < inner.bottom();
        if let Some(row) = table.selected().filter(|_| is_shown) {
            let text = columns::cut_front(row.shown_path().as_str(), width);
            self.draw_line(line(0), Line::styled(format!("  {text}"), path));
            let text = columns::cut(&row.about, width);
            self.draw_line(line(1), Line::styled(format!("  {text}"), about));
        }
        let foot = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
        if table.is_typing {
            self.input(foot, " /", &table.input, Role::Dim, "part of a name, a path, or a kind");
        } else if table.is_filtered() {
            let style = self.style(Role::Warn);
            self.draw_line(foot, Line::styled(format!(" /{}", table.input.value()), style));
        }
    }

    /// Draws the price, the wait or the failure.
    fn empty_path_table(&mut self, inner: Rect, table: &PathTable) {
        let keys = &self.state.settings.keys;
        let cancel = keys.cancel_hint(DIALOG_BINDINGS, "leave");
        match (&table.price, &table.rows.failure) {
            (Some(price), _) => {
                let begin = keys.hint_as(BINDINGS, PathTableEffect::Open, "begins");
                let price = format!("reading takes up to {price}");
                let hints = join_hints([begin, cancel]);
                self.draw_text(inner, &[(Role::Text, price), (Role::Dim, hints)]);
            }
            (None, Some(failure)) if !table.rows.is_loading() => {
                let hints = join_hints([cancel]);
                self.failure(inner, failure, &hints);
            }
            _ => {
                let role = if table.reading.is_paused() { Role::Warn } else { Role::Dim };
                self.draw_text(inner, &[(role, table.reading.text())]);
            }
        }
    }
}
