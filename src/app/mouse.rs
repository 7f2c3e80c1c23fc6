//! The mouse: it focuses, selects, scrolls, moves borders, and presses the element under it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::actions::movement::ENTER;
use super::actions::view::place_border;
use super::dialogs::{self, Dialog};
use super::layout::borders::DraggedBorder;
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
        MouseEventKind::Down(MouseButton::Left) => {
            update.state.borders.dragged = None;
            click(update, event);
        }
        MouseEventKind::Drag(MouseButton::Left) if update.state.dialogs.is_empty() => drag(update, event),
        MouseEventKind::Up(MouseButton::Left) => release_border(update),
        // A mouse that moves without a button has released the border elsewhere.
        MouseEventKind::Moved => update.state.borders.dragged = None,
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
            click_pane(update, Position::new(event.column, event.row));
        }
        Some(_) => dialogs::click(update, Position::new(event.column, event.row)),
        None if is_in_bar => click_bar(update, event.column),
        None => {
            if !drag_scrollbar(update, event) && !hold_border(update, event) {
                click_pane(update, Position::new(event.column, event.row));
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

/// Holds the border between two panes under the mouse. Returns whether there is one.
fn hold_border(update: &mut Update<'_>, event: MouseEvent) -> bool {
    let layout = layout::of(update.state);
    let border = layout.border_at(event.column, event.row);
    update.state.borders.dragged =
        border.zip(border.and_then(|left| layout.pane(left))).map(|(left, area)| {
            let offset = area.right() - event.column;
            DraggedBorder { left, pressed: (event.column, event.row), offset, is_moved: false }
        });
    border.is_some()
}

/// Moves the border that the mouse holds, or scrolls by a scrollbar.
fn drag(update: &mut Update<'_>, event: MouseEvent) {
    if !drag_border(update, event) {
        drag_scrollbar(update, event);
    }
}

/// Moves the border that the mouse holds. Returns whether it holds one.
fn drag_border(update: &mut Update<'_>, event: MouseEvent) -> bool {
    let Some(dragged) = &mut update.state.borders.dragged else { return false };
    dragged.is_moved |= event.column != dragged.pressed.0;
    let (left, column) = (dragged.left, event.column.saturating_add(dragged.offset));
    if dragged.is_moved {
        place_border(update.state, left, column);
    }
    true
}

/// Releases the border that the mouse holds. A border that was pressed and not moved was clicked, as a part of its pane.
fn release_border(update: &mut Update<'_>) {
    let Some(dragged) = update.state.borders.dragged.take() else { return };
    if !dragged.is_moved && update.state.dialogs.is_empty() {
        click_pane(update, dragged.pressed.into());
    }
}

/// Scrolls to the position of the mouse if that is on the scrollbar: in the right border of a pane, beside rows of which
/// not all fit. Returns whether it is.
fn drag_scrollbar(update: &mut Update<'_>, event: MouseEvent) -> bool {
    let layout = layout::of(update.state);
    let Some(pane) = layout.pane_at(event.column, event.row) else { return false };
    let is_border = layout.pane(pane).is_some_and(|area| area.right() == event.column + 1);
    let rows = rows_of(update, pane, &layout);
    let (height, row) = (usize::from(rows.height), event.row.checked_sub(rows.y).map(usize::from));
    let Some(row) = row.filter(|row| is_border && *row < height) else { return false };
    let all = match update.state.list_of(pane) {
        Some(list) => list.rows.len(),
        None => details::count_lines(update.state, rows.width, update.now),
    };
    if all <= height {
        return false;
    }
    let scrolled = ((all - height) * row) / height.saturating_sub(1).max(1);
    match update.state.list_of(pane) {
        Some(list) => list.scroll(scrolled as isize - list.offset as isize),
        None => update.state.detail.scroll = scrolled,
    }
    true
}

fn click_pane(update: &mut Update<'_>, at: Position) {
    let layout = layout::of(update.state);
    let Some(pane) = layout.pane_at(at.x, at.y) else { return };
    let had_focus = update.state.focus == pane;
    update.state.focus_pane(pane);
    // The focus may move borders. What was clicked is what stood there before.
    if let Some(details) = layout.details.filter(|area| pane == Pane::Details && area.y == at.y) {
        return click_tab(update, details, at.x);
    }
    let rows = rows_of(update, pane, &layout);
    if layout::has_heading(update.state, pane) && at.y + 1 == rows.y {
        let column = at.x.saturating_sub(rows.x);
        match pane {
            Pane::Repositories => click_repository_heading(update, column, &layout),
            Pane::Tags => click_tag_heading(update, column, rows.width),
            Pane::Registries | Pane::Details => {}
        }
        return;
    }
    if !rows.contains(at) {
        return;
    }
    let Some(list) = update.state.list_of(pane) else { return };
    let row = list.offset + usize::from(at.y - rows.y);
    if row >= list.rows.len() {
        return;
    }
    let is_again = had_focus && list.cursor == row;
    list.move_cursor(Move::To(row));
    let opens = pane != Pane::Details || matches!(update.state.detail.tab, Tab::Files | Tab::Referrers);
    if is_again && opens {
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
    let columns = update.state.columns;
    let tags = &mut update.state.tags;
    if let Some(by) = TagColumns::of(tags, columns, width).sort_at(tags.sort, column) {
        tags.sort_by(by);
    }
}

fn click_tab(update: &mut Update<'_>, details: Rect, column: u16) {
    let columns = layout::tab_columns(update.state, details);
    if let Some((tab, _)) = columns.into_iter().find(|(_, columns)| columns.contains(&column)) {
        update.state.detail.open_tab(tab);
    }
}

fn rows_of(update: &Update<'_>, pane: Pane, layout: &layout::Layout) -> Rect {
    let mut rows = layout::rows(update.state, layout, pane);
    if pane == Pane::Details && update.state.detail.tab == Tab::Layers {
        (rows, _) = layout::layers(update.state, rows);
        rows.y += 1;
        rows.height = rows.height.saturating_sub(1);
    }
    if pane == Pane::Details && update.state.detail.tab == Tab::Files {
        rows = layout::files(rows).rows;
    }
    rows
}
