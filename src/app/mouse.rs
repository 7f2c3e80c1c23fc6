//! The mouse: focuses, selects, scrolls, and presses what it points at.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::action::Action;
use super::detail::Tab;
use super::list::Move;
use super::turn::Turn;
use super::{Pane, layout};

/// Rows that one notch of the wheel scrolls.
const NOTCH: isize = 3;

impl Turn<'_> {
    /// Does what the mouse asks for.
    pub fn mouse(&mut self, event: MouseEvent) {
        match event.kind {
            MouseEventKind::ScrollDown => self.wheel(event, NOTCH),
            MouseEventKind::ScrollUp => self.wheel(event, -NOTCH),
            MouseEventKind::Down(MouseButton::Left) if !self.state.dialogs.is_empty() => {
                self.click_dialog(Position::new(event.column, event.row))
            }
            MouseEventKind::Down(MouseButton::Left) => self.click(event),
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
                let furthest = detail.length().saturating_sub(detail.height);
                detail.scroll = detail.scroll.saturating_add_signed(rows).min(furthest);
            }
        }
        if pane == Pane::Tags {
            self.state.tags.goal = None;
        }
    }

    fn click(&mut self, event: MouseEvent) {
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
        list.go(Move::To(row));
        if pane == Pane::Tags {
            self.state.tags.goal = None;
        }
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
