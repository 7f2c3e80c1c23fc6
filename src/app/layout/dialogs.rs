//! The areas that dialogs are made of. Each dialog composes its own.

use ratatui::layout::Rect;

use super::overlay_box;
use crate::app::State;

/// Returns the box of the request log, the messages, the jobs and the journal, with its border.
pub fn log(state: &State) -> Rect {
    let (columns, rows) = state.size;
    overlay_box(state, columns.saturating_sub(4), rows.saturating_sub(4))
}

/// Returns the first row drawn of a short list, so that its cursor is visible.
pub fn offset(cursor: usize, height: u16) -> usize {
    (cursor + 1).saturating_sub(height.into())
}

/// Returns the largest box that a plan takes, with its border. A plan is as high as its text, and begins at the top of
/// this box.
pub fn largest_plan_box(state: &State) -> Rect {
    overlay_box(state, 100, 30)
}

/// Returns the box of a prompt that is followed by a plan. It stands at the same position as the plan, so that nothing
/// jumps.
pub(crate) fn prompt_box(state: &State, height: usize) -> Rect {
    let room = largest_plan_box(state);
    Rect { height: u16::try_from(height).unwrap_or(u16::MAX).min(room.height), ..room }
}

/// Returns one line of an area, empty if the area has no line of that number.
pub fn row(area: Rect, number: u16) -> Rect {
    let below = below(area, number);
    Rect { height: 1.min(below.height), ..below }
}

/// Returns the part of an area below this number of lines.
pub fn below(area: Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    Rect { y: area.y + lines, height: area.height - lines, ..area }
}

/// Returns the area without one column at each side.
pub(crate) fn indented(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}
