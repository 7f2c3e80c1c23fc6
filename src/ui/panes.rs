//! The parts that all panes share: border, title, the single spinner, rows, the row of the cursor.

mod details;
mod registries;
mod repositories;
mod tags;

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear};

use super::Canvas;
use super::theme::Role;
use crate::app::actions::key_or_command;
use crate::app::list::{List, Paged};
use crate::app::panes::details::TextSearch;
use crate::app::{Pane, State, layout};
use crate::model::columns;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::Host;

/// The sign of a bookmarked row. A mark takes its place.
const BOOKMARK: &str = "◆";
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

impl Canvas<'_, '_> {
    /// Returns the key of an action with the effect of it: `r asks again`.
    pub(crate) fn key_hint(&self, action: &str, effect: &str) -> String {
        format!("{} {effect}", key_or_command(&self.state.settings.keys, action))
    }

    /// Returns the keys that help after a failure: asking again, and logging in or deciding about the server if that may help.
    pub(crate) fn keys_after(&self, failure: &Failure) -> String {
        let again = self.key_hint("panes.refresh", "asks again");
        match failure.kind {
            FailureKind::Denied => format!("{}, {again}", self.key_hint("registries.login", "logs in")),
            FailureKind::Untrusted => {
                format!("{}, {again}", self.key_hint("registries.trust", "shows the certificate"))
            }
            _ => again,
        }
    }

    /// Draws the border and the title of a pane.
    pub(crate) fn draw_frame(&mut self, pane: Pane, area: Rect, title: Vec<Span<'static>>) {
        let (border, name) = if self.state.focus == pane {
            (Role::BorderFocused, Role::TitleFocused)
        } else {
            (Role::Border, Role::Title)
        };
        let mut line = vec![Span::raw(" ")];
        line.extend(title.into_iter().map(|span| {
            let style = self.style(name).patch(span.style);
            span.style(style)
        }));
        let room = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), 1);
        let mut line = cut_spans(line, room.width.into());
        line.push(Span::raw(" "));
        if let Some(spinner) = self.spinner(pane) {
            line.push(Span::styled(format!("{spinner} "), self.style(name)));
        }
        let block = Block::bordered().border_type(BorderType::Rounded).border_style(self.style(border));
        self.frame.render_widget(block, area);
        self.frame.render_widget(Line::from(line), room);
    }

    /// Returns the current frame of the spinner.
    pub(crate) fn spinner_frame(&self) -> &'static str {
        SPINNER[self.state.spinner_frame % SPINNER.len()]
    }

    /// Returns the spinner if this pane is the one that shows it.
    fn spinner(&self, pane: Pane) -> Option<&'static str> {
        (loading_pane(self.state) == Some(pane)).then(|| self.spinner_frame())
    }

    /// Returns a title with the count of a list that is loaded page by page. The count is left out as long as nothing
    /// is known.
    pub(crate) fn title_with_count<T>(word: &str, list: &List, all: usize, of: &Paged<T>) -> String {
        if all == 0 && of.at.is_none() && !of.is_loading() {
            return word.into();
        }
        format!("{word} {}", Self::count(list, all, of.is_loading()))
    }

    /// Returns the count for a title: `12 of 2012` if rows are hidden, with `…` while more may come.
    pub(crate) fn count(list: &List, all: usize, is_loading: bool) -> String {
        let more = if is_loading { "…" } else { "" };
        match list.unpinned().len() {
            _ if all == 0 && is_loading => more.into(),
            shown if shown != all => format!("{shown} of {all}{more}"),
            _ => format!("{all}{more}"),
        }
    }

    /// Draws the filter of a list into the lower border of its pane, and the number of marked rows to the right of it.
    /// The number comes first if the pane is narrow, because keys act on the marked rows.
    pub(crate) fn draw_filter(&mut self, area: Rect, list: &List) {
        let row = area.bottom().saturating_sub(1);
        let mut room = Rect::new(area.x + 2, row, area.width.saturating_sub(4), 1);
        if let Some(marked) = marked_text(list) {
            let text = columns::cut(&format!(" {marked} "), room.width.into());
            let style = self.style(Role::Mark);
            let width = columns::width(&text) as u16;
            let place = Rect { x: room.right().saturating_sub(width), width, ..room };
            self.draw_line(place, Line::styled(text, style));
            room.width = room.width.saturating_sub(width + 1);
        }
        if list.is_filtered() {
            let text = columns::cut(&format!(" /{} ", list.filter), room.width.into());
            let style = self.style(Role::Warn);
            self.draw_line(room, Line::styled(text, style));
        }
    }

    /// Draws a text that was searched for, and the count of the lines with it, into the lower border of its pane.
    pub(crate) fn draw_search(&mut self, area: Rect, search: &TextSearch) {
        let row = area.bottom().saturating_sub(1);
        let room = Rect::new(area.x + 2, row, area.width.saturating_sub(4), 1);
        let count = search.count_text();
        let typed = columns::cut(search.typed(), usize::from(room.width).saturating_sub(count.len() + 5));
        let style = self.style(Role::Warn);
        self.draw_line(
            room,
            Line::styled(columns::cut(&format!(" /{typed}  {count} "), room.width.into()), style),
        );
    }

    /// Returns whether the row of a pane is a bookmark.
    fn is_bookmarked(&self, pane: Pane, list: &List, row: usize) -> bool {
        let (state, bookmarks) = (self.state, &self.state.settings.bookmarks);
        let Some(item) = list.rows.get(row).filter(|_| !bookmarks.is_empty()) else { return false };
        let registry = state.registries.selected();
        match pane {
            Pane::Registries => {
                let registry = state.registries.items.get(*item as usize);
                registry.is_some_and(|registry| bookmarks.has(&registry.host, None, None))
            }
            Pane::Repositories => registry.is_some_and(|registry| {
                let name = registry.repositories.listed_at(*item as usize).and_then(|listed| listed.name());
                name.is_some_and(|name| bookmarks.has(&registry.host, Some(name), None))
            }),
            Pane::Tags => state.tags.repository.as_ref().is_some_and(|repository| {
                let selector = state.tags.selector_of(*item);
                selector.is_some_and(|it| bookmarks.has(&repository.host, Some(&repository.name), Some(&it)))
            }),
            Pane::Details => false,
        }
    }

    /// Draws one row of a list: the marker of the cursor, the mark or the sign of a bookmark, then the cells.
    pub(crate) fn row(&mut self, pane: Pane, area: Rect, list: &List, row: usize, cells: Vec<Span<'_>>) {
        let is_cursor = list.cursor == row;
        let is_marked = list.rows.get(row).is_some_and(|item| list.marks.contains(*item));
        let base = match (is_cursor, self.state.focus == pane) {
            (true, true) => self.style(Role::Cursor),
            (true, false) => self.style(Role::CursorElsewhere),
            (false, _) => self.style(Role::Text),
        };
        if is_cursor {
            self.frame.buffer_mut().set_style(area, base);
        }
        let sign = match is_marked {
            true => "*",
            false if self.is_bookmarked(pane, list, row) => BOOKMARK,
            false => " ",
        };
        let mark = Span::styled(sign, self.style(Role::Mark));
        let marker = Span::styled(if is_cursor { "▌" } else { " " }, self.style(Role::Marker));
        // The row of the cursor has one colour. The colours of the cells would clash with it, and a blank cell with a
        // colour shows as a block where the row is reversed. Matches stay underlined.
        let is_plain = |at: usize| is_cursor && (at > 0 || self.state.focus == pane);
        let plain = |cell: Span<'_>| {
            let kept = cell.style.add_modifier & Modifier::UNDERLINED;
            Span::styled(cell.content.into_owned(), Style::new().add_modifier(kept))
        };
        let line: Vec<Span<'_>> = [marker, mark]
            .into_iter()
            .chain(cells)
            .enumerate()
            .map(|(at, cell)| if is_plain(at) { plain(cell) } else { cell })
            .collect();
        self.draw_line(area, Line::from(line).style(base));
    }

    /// Draws the text of a pane that awaits its first answer from a registry. If that takes long, the text says for how
    /// long and for which server, and which key gives it up.
    pub(crate) fn loading(&mut self, area: Rect, registry: Option<&Host>) {
        match registry.and_then(|registry| self.state.long_wait(registry)) {
            Some(request) => {
                let text = request.describe().to_string();
                let hint = self.key_hint("panes.back", "cancels");
                self.draw_text(area, &[(Role::Text, text), (Role::Dim, hint)]);
            }
            None => self.draw_text(area, &[(Role::Dim, "loading…".into())]),
        }
    }

    /// Draws lines of text, wrapped, as far as they fit.
    pub(crate) fn draw_text(&mut self, area: Rect, lines: &[(Role, String)]) {
        let mut y = area.y;
        for (role, text) in lines {
            for line in columns::wrap(text, usize::from(area.width.saturating_sub(2))) {
                if y >= area.bottom() {
                    return;
                }
                let style = self.style(*role);
                let place = Rect::new(area.x + 1, y, area.width.saturating_sub(2), 1);
                self.draw_line(place, Line::styled(line, style));
                y += 1;
            }
        }
    }

    /// Draws a text in as many lines as it needs and the area has. The last line is cut if they are too few. Returns
    /// the number of lines.
    pub(crate) fn wrapped(&mut self, area: Rect, role: Role, text: &str) -> u16 {
        let lines = columns::wrap_into(text, area.width.into(), area.height.into());
        let style = self.style(role);
        for (row, line) in lines.iter().enumerate() {
            self.draw_line(layout::row(area, row as u16), Line::styled(line.clone(), style));
        }
        lines.len() as u16
    }

    /// Draws the bar that shows which part of a list is on the screen, in the right border of its pane.
    pub(crate) fn scrollbar(&mut self, pane: Rect, rows: Rect, offset: usize, all: usize) {
        let height = usize::from(rows.height);
        if all <= height || height < 2 || pane.width == 0 {
            return;
        }
        let length = (height * height / all).clamp(1, height);
        let start = (offset * (height - length)).div_ceil(all - height).min(height - length);
        let style = self.style(Role::Dim);
        for row in start..start + length {
            let place = (pane.right() - 1, rows.y + row as u16);
            if let Some(cell) = self.frame.buffer_mut().cell_mut(place) {
                cell.set_symbol("┃").set_style(style);
            }
        }
    }

    /// Draws the border that the mouse holds, so that it is seen without colours too.
    pub(crate) fn dragged_border(&mut self, layout: &layout::Layout) {
        let Some(dragged) = self.state.borders.dragged else { return };
        let Some(area) = layout.pane(dragged.left) else { return };
        let style = self.style(Role::BorderFocused);
        for row in area.top() + 1..area.bottom().saturating_sub(1) {
            for column in [area.right().saturating_sub(1), area.right()] {
                if let Some(cell) = self.frame.buffer_mut().cell_mut((column, row)) {
                    cell.set_symbol("║").set_style(style);
                }
            }
        }
    }

    /// Draws an empty box over everything else and returns the area inside its border.
    pub(crate) fn overlay(&mut self, area: Rect, title: &str, foot: &str) -> Rect {
        self.frame.render_widget(Clear, area);
        let foot = hints_that_fit(foot, usize::from(area.width).saturating_sub(4));
        let foot = Line::styled(format!(" {foot} "), self.style(Role::Dim)).right_aligned();
        let block = Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(self.style(Role::BorderFocused))
            .title(Span::styled(format!(" {title} "), self.style(Role::TitleFocused)))
            .title_bottom(foot);
        let inner = block.inner(area);
        self.frame.render_widget(block, area);
        inner
    }
}

/// Returns the number of marked rows, and how many of them are hidden: `2 marked, 1 hidden`. Returns `None` if no row
/// is marked.
pub(crate) fn marked_text(list: &List) -> Option<String> {
    match (list.marks.len(), list.count_hidden_marks()) {
        (0, _) => None,
        (all, 0) => Some(format!("{all} marked")),
        (all, hidden) => Some(format!("{all} marked, {hidden} hidden")),
    }
}

/// Returns the hints that fit; two spaces separate them. The last hint, which names the key that leaves, is always
/// kept.
fn hints_that_fit(hints: &str, room: usize) -> String {
    let mut all: Vec<&str> = hints.split("  ").collect();
    while all.len() > 1 && columns::width(&all.join("  ")) > room {
        all.remove(all.len() - 2);
    }
    columns::cut(&all.join("  "), room)
}

/// Cuts a line to `room` columns. A line that was cut ends with `…`.
fn cut_spans(spans: Vec<Span<'static>>, room: usize) -> Vec<Span<'static>> {
    if spans.iter().map(Span::width).sum::<usize>() <= room {
        return spans;
    }
    // The last kept column is that of the `…`.
    let mut left = room.saturating_sub(1);
    let mut kept = Vec::new();
    for span in spans {
        if span.width() > left {
            kept.push(Span::styled(columns::cut(&span.content, left + 1), span.style));
            break;
        }
        left -= span.width();
        kept.push(span);
    }
    kept
}

/// Returns the pane that shows the spinner: the focused pane if it is loading, else the first pane that is.
fn loading_pane(state: &State) -> Option<Pane> {
    let registry = state.registries.selected();
    let waits = |pane: &Pane| match pane {
        Pane::Registries => registry.is_some_and(|registry| registry.server.is_loading()),
        Pane::Repositories => registry.is_some_and(|registry| registry.repositories.names.is_loading()),
        Pane::Tags => state.tags.tags.is_loading() || !state.tags.awaited_rows.is_empty(),
        Pane::Details => state.detail.is_loading(),
    };
    std::iter::once(state.focus)
        .chain([Pane::Repositories, Pane::Tags, Pane::Details, Pane::Registries])
        .find(waits)
}
