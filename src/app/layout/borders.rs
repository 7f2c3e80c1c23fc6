//! The borders between panes that the user moved, for as long as the program runs.

use std::collections::BTreeMap;

use super::Layout;
use crate::app::Pane;

/// The borders that were moved, and the one that the mouse holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Borders {
    /// Each border by the pane to its left.
    moved: BTreeMap<Pane, Place>,
    /// The border under the button of the mouse.
    pub(crate) dragged: Option<DraggedBorder>,
}

/// The place of a border: the first column of the pane to its right, on a screen of so many columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    column: u16,
    columns: u16,
}

/// A border that the mouse holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DraggedBorder {
    /// The pane to its left.
    pub(crate) left: Pane,
    /// The column and the row that were pressed.
    pub(crate) pressed: (u16, u16),
    /// Columns between the place of the border and the column that was pressed: the border is two columns wide.
    pub(crate) offset: u16,
    /// Whether the mouse has left the column that was pressed.
    pub(crate) is_moved: bool,
}

impl Borders {
    /// Returns whether a border was moved.
    pub(crate) fn are_moved(&self) -> bool {
        !self.moved.is_empty()
    }

    /// Forgets all moves.
    pub(crate) fn reset(&mut self) {
        self.moved.clear();
    }

    /// Puts the border to the right of a pane to this column of a screen of so many columns.
    pub(crate) fn place(&mut self, left: Pane, column: u16, columns: u16) {
        self.moved.insert(left, Place { column, columns });
    }

    /// Moves the borders between these panes, each with its least width, to the places that the user chose, as far as no
    /// pane gets less than that. The other borders stay in their places, unless they must give way.
    pub(super) fn apply(&self, columns: u16, panes: &[(Pane, u16)], widths: &mut [u16]) {
        let (mut automatic, mut start) = (0, 0);
        let mut least_after: u16 = panes.iter().map(|(_, least)| least).sum();
        for (at, (pane, least)) in panes.iter().enumerate() {
            automatic += widths[at];
            least_after -= least;
            let end = if at + 1 == panes.len() {
                columns
            } else {
                let place = self.moved.get(pane).map_or(automatic, |place| place.on(columns));
                place.min(columns.saturating_sub(least_after)).max(start + least)
            };
            widths[at] = end - start;
            start = end;
        }
    }
}

impl Place {
    /// Returns the same place on a screen of another width.
    fn on(self, columns: u16) -> u16 {
        let scaled = u64::from(self.column) * u64::from(columns) / u64::from(self.columns.max(1));
        u16::try_from(scaled).unwrap_or(u16::MAX)
    }
}

impl Layout {
    /// Returns the border between two panes at this position, by the pane to its left. A border is two columns wide.
    pub(crate) fn border_at(&self, column: u16, row: u16) -> Option<Pane> {
        let is_there = |pane: &Pane| {
            let area = self.pane(*pane).filter(|area| (area.top()..area.bottom()).contains(&row));
            area.is_some_and(|area| area.right() == column || area.right() == column + 1)
        };
        self.inner_borders().find(is_there)
    }

    /// Returns the borders between two panes, each by the pane to its left.
    fn inner_borders(&self) -> impl Iterator<Item = Pane> {
        let shown: Vec<Pane> = Pane::ALL.into_iter().filter(|pane| self.pane(*pane).is_some()).collect();
        let count = shown.len().saturating_sub(1);
        shown.into_iter().take(count)
    }

    /// Returns the border that keys move, by the pane to its left: the right one of a pane, or the left one of the last
    /// pane. A pane that stands alone has none.
    pub(crate) fn border_of(&self, pane: Pane) -> Option<Pane> {
        let has_right = self.inner_borders().any(|left| left == pane);
        if has_right { Some(pane) } else { self.inner_borders().last() }
    }
}
