//! The mouse: it focuses, selects, scrolls, and presses the element under it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::actions::movement::ENTER;
use super::dialogs::{self, Dialog};
use super::layout::tag_columns::TagColumns;
use super::list::Move;
use super::panes::details::{self, Tab};
use super::update::Update;
use super::{Pane, hints, layout};

/// Number of rows that one notch of the wheel scrolls.
const NOTCH: isize = 3;

/// Handles an event of the mouse.
pub(crate) fn handle_mouse(update: &mut Update<'_>, event: MouseEvent) {
    match event.kind {
        MouseEventKind::ScrollDown => wheel(update, event, NOTCH),
        MouseEventKind::ScrollUp => wheel(update, event, -NOTCH),
        MouseEventKind::Down(MouseButton::Left) => click(update, event),
        MouseEventKind::Drag(MouseButton::Left) if update.state.dialogs.is_empty() => {
            drag_scrollbar(update, event);
        }
        _ => {}
    }
}

fn wheel(update: &mut Update<'_>, event: MouseEvent, rows: isize) {
    if !update.state.dialogs.is_empty() {
        return dialogs::scroll(update, rows);
    }
    let Some(pane) = layout::of(update.state).pane_at(event.column, event.row) else { return };
    match update.state.list_of(pane) {
        Some(list) => list.scroll(rows),
        None => {
            let detail = &mut update.state.detail;
            detail.scroll = detail.scroll.saturating_add_signed(rows);
        }
    }
}

fn click(update: &mut Update<'_>, event: MouseEvent) {
    let is_in_bar = layout::of(update.state).bar.contains(Position::new(event.column, event.row));
    match update.state.dialogs.last() {
        // A click among the matches keeps the filter, as Enter does.
        Some(Dialog::Filter(_)) if !is_in_bar => {
            update.state.dialogs.pop();
            click_pane(update, event);
        }
        Some(_) => dialogs::click(update, Position::new(event.column, event.row)),
        None if is_in_bar => click_bar(update, event.column),
        None => {
            if !drag_scrollbar(update, event) {
                click_pane(update, event);
            }
        }
    }
}

/// Handles a click into the bar: presses the key under it, or removes a message.
fn click_bar(update: &mut Update<'_>, column: u16) {
    if update.state.notices.toast.take().is_some() {
        return;
    }
    let hints = hints::visible_hints(update.state);
    if let Some((hint, _)) = hints.into_iter().find(|(_, columns)| columns.contains(&column)) {
        update.perform(hint.action);
    }
}

/// Scrolls to the position of the mouse if that is in the right border of a pane, beside its rows. Returns whether
/// it is.
fn drag_scrollbar(update: &mut Update<'_>, event: MouseEvent) -> bool {
    let layout = layout::of(update.state);
    let Some(pane) = layout.pane_at(event.column, event.row) else { return false };
    let is_border = layout.pane(pane).is_some_and(|area| area.right() == event.column + 1);
    let rows = rows_of(update, pane, &layout);
    let (height, row) = (usize::from(rows.height), event.row.checked_sub(rows.y).map(usize::from));
    let Some(row) = row.filter(|row| is_border && *row < height) else { return false };
    let scrolled = |all: usize| (all.saturating_sub(height) * row) / height.saturating_sub(1).max(1);
    match update.state.list_of(pane) {
        Some(list) => list.scroll(scrolled(list.rows.len()) as isize - list.offset as isize),
        None => {
            let lines = details::count_lines(update.state, rows.width, update.now);
            update.state.detail.scroll = scrolled(lines);
        }
    }
    true
}

fn click_pane(update: &mut Update<'_>, event: MouseEvent) {
    let layout = layout::of(update.state);
    let Some(pane) = layout.pane_at(event.column, event.row) else { return };
    let had_focus = update.state.focus == pane;
    update.state.focus_pane(pane);
    if pane == Pane::Details && layout.details.is_some_and(|details| details.y == event.row) {
        return click_tab(update, event);
    }
    let rows = rows_of(update, pane, &layout);
    if layout::has_heading(update.state, &layout, pane) && event.row + 1 == rows.y {
        let column = event.column.saturating_sub(rows.x);
        match pane {
            Pane::Repositories => click_repository_heading(update, column, &layout),
            Pane::Tags => click_tag_heading(update, column, rows.width),
            Pane::Registries | Pane::Details => {}
        }
        return;
    }
    if !rows.contains(Position::new(event.column, event.row)) {
        return;
    }
    let Some(list) = update.state.list_of(pane) else { return };
    let row = list.offset + usize::from(event.row - rows.y);
    if row >= list.rows.len() {
        return;
    }
    let is_again = had_focus && list.cursor == row;
    list.move_cursor(Move::To(row));
    if is_again && pane != Pane::Details {
        update.perform(&ENTER);
    }
}

/// Sorts repositories by the column of the heading under the click, or reverses the order.
fn click_repository_heading(update: &mut Update<'_>, column: u16, layout: &layout::Layout) {
    let columns = layout::repository_columns(update.state, layout);
    let Some(registry) = update.state.registries.selected_mut() else { return };
    if let Some(by) = columns.sort_at(registry.repositories.sort, column) {
        registry.repositories.sort_by(by);
    }
}

/// Sorts by the column of the heading under the click, or reverses the order.
fn click_tag_heading(update: &mut Update<'_>, column: u16, width: u16) {
    let tags = &mut update.state.tags;
    if let Some(by) = TagColumns::of(tags, width).sort_at(tags.sort, column) {
        tags.sort_by(by);
    }
}

fn click_tab(update: &mut Update<'_>, event: MouseEvent) {
    let Some(details) = layout::of(update.state).details else { return };
    let columns = layout::tab_columns(update.state, details);
    if let Some((tab, _)) = columns.into_iter().find(|(_, columns)| columns.contains(&event.column)) {
        update.state.detail.open_tab(tab);
    }
}

fn rows_of(update: &Update<'_>, pane: Pane, layout: &layout::Layout) -> ratatui::layout::Rect {
    let mut rows = layout::rows(update.state, layout, pane);
    if pane == Pane::Details && update.state.detail.tab == Tab::Layers {
        (rows, _) = layout::layers(update.state, rows);
        rows.y += 1;
        rows.height = rows.height.saturating_sub(1);
    }
    rows
}
