//! Two images side by side.

mod table;

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::image_diff::places::{DiffPlaces, TAB_GAP};
use crate::app::dialogs::image_diff::table::{DiffRows, DiffTable};
use crate::app::dialogs::image_diff::{DiffDialog, DiffEffect, DiffTone};
use crate::app::filter::Filter;
use crate::app::keys::{Binding, DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The keys of the dialog.
const BINDINGS: &[Binding<DiffEffect>] = <Box<DiffDialog>>::BINDINGS;
/// Returns the colour of a line.
pub(super) fn role_of(tone: DiffTone) -> Role {
    match tone {
        DiffTone::Heading => Role::Heading,
        DiffTone::Same => Role::Text,
        DiffTone::Removed => Role::Bad,
        DiffTone::Added => Role::Good,
        DiffTone::Changed => Role::Warn,
    }
}

impl Canvas<'_, '_> {
    /// Draws the differences between two images.
    pub(crate) fn image_diff(&mut self, dialog: &DiffDialog) {
        let state = match (dialog.is_loading(), dialog.table().filter(|table| table.rows.is_some())) {
            (true, _) => format!("Diff {}", self.spinner_frame()),
            (false, Some(table)) if table.is_filtered() => {
                let all = table.rows.as_ref().map_or(0, DiffRows::len);
                format!("Diff: {} of {all}", table.len())
            }
            (false, _) => "Diff".to_string(),
        };
        let places = DiffPlaces::of(self.state, dialog);
        let room = usize::from(places.area.width).saturating_sub(4 + columns::width(&state) + 3);
        let title = format!("{state} · {}", dialog.title(room));
        self.overlay(places.area, &title, &self.diff_hints(dialog));
        self.diff_tabs(dialog, &places);
        if dialog.pair.value.is_none() {
            return self.diff_without_images(dialog, places.rows);
        }
        match dialog.table() {
            Some(table) => self.diff_table(dialog, table, &places),
            None => self.diff_lines(dialog, &places),
        }
    }

    fn diff_hints(&self, dialog: &DiffDialog) -> String {
        let keys = &self.state.settings.keys;
        let hint = |effect| keys.hint(BINDINGS, effect);
        let has_rows = dialog.table().is_some_and(|table| table.rows.is_some());
        let is_filtered = dialog.table().is_some_and(DiffTable::is_filtered);
        let is_reading = dialog.table().is_some_and(DiffTable::is_reading);
        let can_read_more = match dialog.table().and_then(|table| table.rows.as_ref()) {
            Some(DiffRows::Files(files)) => files.diff.is_uncertain(),
            _ => false,
        };
        let cancel = match (is_filtered, is_reading) {
            (true, _) => "show all",
            (false, true) => "pause",
            (false, false) => "leave",
        };
        join_hints([
            hint(DiffEffect::Open).filter(|_| dialog.len() > 0),
            hint(DiffEffect::NextTab),
            hint(DiffEffect::Filter).filter(|_| has_rows),
            hint(DiffEffect::ReadAll).filter(|_| can_read_more),
            hint(DiffEffect::NextDifference).filter(|_| dialog.table().is_none()),
            hint(DiffEffect::HideSame).filter(|_| dialog.table().is_none()),
            hint(DiffEffect::NextPlatform)
                .filter(|_| dialog.platform().is_some_and(|(_, _, count)| count > 1)),
            hint(DiffEffect::Swap),
            hint(DiffEffect::Report),
            keys.cancel_hint(DIALOG_BINDINGS, cancel),
        ])
    }

    /// Draws the names of the tabs, and the platform that is compared.
    fn diff_tabs(&mut self, dialog: &DiffDialog, places: &DiffPlaces) {
        let mut spans = Vec::new();
        for tab in dialog.tabs() {
            let role = if *tab == dialog.tab { Role::TitleFocused } else { Role::Dim };
            if !spans.is_empty() {
                spans.push(Span::styled(" │ ", self.style(Role::Border)));
            }
            spans.push(Span::styled(tab.title(), self.style(role)));
        }
        let used = places.tab_columns.last().map_or(0, |(_, columns)| columns.end - places.tabs.x);
        if let Some((platform, number, count)) = dialog.platform().filter(|(_, _, count)| *count > 1) {
            let text = format!("{platform} ({number} of {count})");
            let room = usize::from(places.tabs.width.saturating_sub(used + TAB_GAP));
            if columns::width(&text) <= room {
                let gap = " ".repeat(room - columns::width(&text) + usize::from(TAB_GAP));
                spans.push(Span::styled(gap + &text, self.style(Role::Platform)));
            }
        }
        self.draw_line(places.tabs, Line::from(spans));
    }

    /// Draws the wait for the images, or the failure.
    fn diff_without_images(&mut self, dialog: &DiffDialog, area: Rect) {
        let keys = &self.state.settings.keys;
        match &dialog.pair.failure {
            Some(failure) if !dialog.pair.is_loading() => {
                let again = keys.hint_as(BINDINGS, DiffEffect::Refresh, "asks again");
                let hints = join_hints([again, keys.cancel_hint(DIALOG_BINDINGS, "leave")]);
                self.failure(area, failure, &hints);
            }
            _ => {
                self.draw_text(area, &[(Role::Dim, "reading both images…".into())]);
            }
        }
    }

    /// Draws the lines of Summary or Config.
    fn diff_lines(&mut self, dialog: &DiffDialog, places: &DiffPlaces) {
        let shown = dialog.visible_lines(places.text_width(), places.rows.height);
        let (first, last) =
            (shown.first().map_or(0, |(row, _)| *row), shown.last().map_or(0, |(row, _)| *row));
        for (at, (row, text)) in shown.into_iter().enumerate() {
            let role = dialog.lines.get(row).map_or(Role::Text, |line| role_of(line.tone));
            self.diff_row(places.rows, at, row == dialog.cursor(), vec![(role, text)], None);
        }
        // Rows may take several lines: the bar counts as if all took as many as those on the screen.
        let (height, count) = (usize::from(places.rows.height), last + 1 - first);
        let lines = |rows: usize| (rows * height).div_ceil(count);
        let all = dialog.lines.len();
        let all = if all > count { lines(all).max(height + 1) } else { all };
        self.scrollbar(places.area, places.rows, lines(first), all);
    }

    /// Draws a row of coloured cells with the mark of the cursor.
    fn diff_row(
        &mut self,
        rows: Rect,
        line: usize,
        is_cursor: bool,
        cells: Vec<(Role, String)>,
        filter: Option<&Filter>,
    ) {
        let style = |role: Role| if is_cursor { self.style(Role::Cursor) } else { self.style(role) };
        let mut spans = vec![Span::styled(if is_cursor { "▌ " } else { "  " }, style(Role::Text))];
        let mut room = usize::from(rows.width).saturating_sub(2);
        for (role, text) in cells {
            let text = columns::cut(&text, room);
            room -= columns::width(&text);
            spans.push(Span::styled(text, style(role)));
        }
        spans.push(Span::styled(" ".repeat(if is_cursor { room } else { 0 }), style(Role::Text)));
        let spans = self.matched_line(filter, spans);
        self.draw_line(layout::row(rows, line as u16), Line::from(spans));
    }
}
