//! The mouse: it focuses, selects, scrolls, and presses the element under it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::actions::Action;
use super::dialogs::Dialog;
use super::list::Move;
use super::panes::details::Tab;
use super::update::Update;
use super::{Pane, hints, layout};

/// Number of rows that one notch of the wheel scrolls.
const NOTCH: isize = 3;

impl Update<'_> {
    /// Handles an event of the mouse.
    pub fn handle_mouse(&mut self, event: MouseEvent) {
        match event.kind {
            MouseEventKind::ScrollDown => self.wheel(event, NOTCH),
            MouseEventKind::ScrollUp => self.wheel(event, -NOTCH),
            MouseEventKind::Down(MouseButton::Left) => self.click(event),
            MouseEventKind::Drag(MouseButton::Left) if self.state.dialogs.is_empty() => {
                self.drag_scrollbar(event);
            }
            _ => {}
        }
    }

    fn wheel(&mut self, event: MouseEvent, rows: isize) {
        if !self.state.dialogs.is_empty() {
            return self.scroll_dialog(rows);
        }
        let Some(pane) = layout::of(self.state).pane_at(event.column, event.row) else { return };
        match self.list_of(pane) {
            Some(list) => list.scroll(rows),
            None => {
                let detail = &mut self.state.detail;
                detail.scroll = detail.scroll.saturating_add_signed(rows);
            }
        }
    }

    fn click(&mut self, event: MouseEvent) {
        let is_in_bar = layout::of(self.state).bar.contains(Position::new(event.column, event.row));
        match self.state.dialogs.last() {
            // A click among the matches keeps the filter, as Enter does.
            Some(Dialog::Filter(_)) if !is_in_bar => {
                self.state.dialogs.pop();
                self.click_pane(event);
            }
            Some(_) => self.click_dialog(Position::new(event.column, event.row)),
            None if is_in_bar => self.click_bar(event.column),
            None => {
                if !self.drag_scrollbar(event) {
                    self.click_pane(event);
                }
            }
        }
    }

    /// Handles a click into the bar: presses the key under it, or removes a message.
    fn click_bar(&mut self, column: u16) {
        if self.state.notices.toast.take().is_some() {
            return;
        }
        let hints = hints::visible_hints(self.state);
        if let Some((hint, _)) = hints.into_iter().find(|(_, columns)| columns.contains(&column)) {
            self.perform(hint.action);
        }
    }

    /// Scrolls to the position of the mouse if that is in the right border of a pane, beside its rows. Returns whether
    /// it is.
    fn drag_scrollbar(&mut self, event: MouseEvent) -> bool {
        let layout = layout::of(self.state);
        let Some(pane) = layout.pane_at(event.column, event.row) else { return false };
        let is_border = layout.pane(pane).is_some_and(|area| area.right() == event.column + 1);
        let rows = self.rows_of(pane, &layout);
        let (height, row) = (usize::from(rows.height), event.row.checked_sub(rows.y).map(usize::from));
        let Some(row) = row.filter(|row| is_border && *row < height) else { return false };
        let scrolled = |all: usize| (all.saturating_sub(height) * row) / height.saturating_sub(1).max(1);
        match self.list_of(pane) {
            Some(list) => list.scroll(scrolled(list.rows.len()) as isize - list.offset as isize),
            None => self.state.detail.scroll = scrolled(self.count_tab_lines()),
        }
        true
    }

    fn click_pane(&mut self, event: MouseEvent) {
        let layout = layout::of(self.state);
        let Some(pane) = layout.pane_at(event.column, event.row) else { return };
        let had_focus = self.state.focus == pane;
        self.focus(pane);
        if pane == Pane::Details && layout.details.is_some_and(|details| details.y == event.row) {
            return self.click_tab(event);
        }
        let rows = self.rows_of(pane, &layout);
        if !rows.contains(Position::new(event.column, event.row)) {
            return;
        }
        let Some(list) = self.list_of(pane) else { return };
        let row = list.offset + usize::from(event.row - rows.y);
        if row >= list.rows.len() {
            return;
        }
        let is_again = had_focus && list.cursor == row;
        list.move_cursor(Move::To(row));
        if is_again && pane != Pane::Details {
            self.perform(Action::Enter);
        }
    }

    fn click_tab(&mut self, event: MouseEvent) {
        let Some(details) = layout::of(self.state).details else { return };
        let columns = layout::tab_columns(self.state, details);
        if let Some((tab, _)) = columns.into_iter().find(|(_, columns)| columns.contains(&event.column)) {
            self.state.detail.open_tab(tab);
        }
    }

    fn rows_of(&self, pane: Pane, layout: &layout::Layout) -> ratatui::layout::Rect {
        let mut rows = layout::rows(self.state, layout, pane);
        if pane == Pane::Details && self.state.detail.tab == Tab::Layers {
            (rows, _) = layout::layers(self.state, rows);
            rows.y += 1;
            rows.height = rows.height.saturating_sub(1);
        }
        rows
    }
}
