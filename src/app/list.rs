//! The state that all lists share: the rows shown and their order, the cursor, the scroll offset, the filter and the
//! marks.

pub(crate) mod incremental_filter;
pub(crate) mod incremental_sort;
pub(crate) mod items;
mod marks;
mod paged;

use std::collections::HashMap;
use std::ops::Range;

use super::filter::Filter;
use items::Items;
pub(crate) use paged::{PageChange, Paged};

/// The bit of a row that is a heading over others. Such a row stands for no item and cannot be marked.
pub(crate) const HEADING: u32 = 1 << 31;

/// Largest number of rows on each side of the cursor that may take its place when its row is gone.
const MOST_CANDIDATES: usize = 2_000;

/// A list on the screen, over items that its owner keeps.
#[derive(Debug, Default)]
pub struct List {
    /// Indices of all items, sorted.
    pub(crate) order: Vec<u32>,
    /// Indices of the items shown, in the order shown: `order` without the hidden items.
    pub rows: Vec<u32>,
    /// The row under the cursor: an index into `rows`.
    pub(crate) cursor: usize,
    /// The first row drawn: an index into `rows`.
    pub offset: usize,
    /// Number of rows that fit on the screen, from the last layout.
    pub height: usize,
    /// An item that stands above all others, with its name. It is shown unless a filter hides it.
    pub(crate) pinned: Option<(u32, String)>,
    /// The text of the filter; empty if there is no filter.
    pub filter: String,
    /// Marked items, by index of the item.
    pub marks: Items,
    /// Items that cannot be marked.
    pub(crate) unmarkable: Items,
    /// The row at which a range of marks began: an index into `rows`.
    pub(crate) range_start: Option<usize>,
    /// The marks at the time when the range began. A range that shrinks leaves them in place.
    pub(crate) marks_before_range: Items,
    /// Whether the user chose the row under the cursor. If so, the cursor stays on it when rows come and go.
    pub(crate) is_user_selected: bool,
    /// Whether rows are being reordered while answers come. Until they are in place, the cursor stays on its item in
    /// any case.
    pub(crate) keeps_cursor: bool,
    /// The memory of the previous rows, reused because a long list takes longer to allocate than to fill.
    pub(super) spare: Vec<u32>,
    /// The first of the rows whose sort key is not known. No range crosses this border.
    pub(crate) unknown_keys_from: Option<usize>,
}

/// A movement of the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// Moves by this number of rows, down if positive.
    By(isize),
    /// Moves by this number of half pages, down if positive.
    HalfPages(isize),
    /// Moves to the first row.
    First,
    /// Moves to the last row.
    Last,
    /// Moves to this row.
    To(usize),
}

impl List {
    /// Returns the item under the cursor.
    pub(crate) fn selected(&self) -> Option<usize> {
        self.rows.get(self.cursor).map(|item| *item as usize)
    }

    /// Returns the rows drawn: a range of `rows`.
    pub(crate) fn visible_rows(&self) -> Range<usize> {
        let end = (self.offset + self.height).min(self.rows.len());
        self.offset.min(end)..end
    }

    /// Returns the rows without the pinned one.
    pub(crate) fn unpinned(&self) -> &[u32] {
        let is_pin = |item: &u32| self.pinned.as_ref().is_some_and(|(pinned, _)| pinned == item);
        match self.rows.split_first() {
            Some((first, rest)) if is_pin(first) => rest,
            _ => &self.rows,
        }
    }

    /// Returns whether a filter hides rows.
    pub(crate) fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    /// Moves the cursor and returns whether it moved.
    pub(crate) fn move_cursor(&mut self, to: Move) -> bool {
        let last = self.rows.len().saturating_sub(1);
        let half = (self.height / 2).max(1) as isize;
        let cursor = match to {
            Move::By(rows) => self.cursor.saturating_add_signed(rows),
            Move::HalfPages(pages) => self.cursor.saturating_add_signed(pages * half),
            Move::First => 0,
            Move::Last => last,
            Move::To(row) => row,
        };
        let before = std::mem::replace(&mut self.cursor, cursor.min(last));
        self.is_user_selected = true;
        if let Some(from) = self.range_start {
            self.mark_range(from);
        }
        self.show_cursor();
        before != self.cursor
    }

    /// Scrolls by this number of rows. The cursor moves along only as far as it must.
    pub(crate) fn scroll(&mut self, rows: isize) {
        let furthest = self.rows.len().saturating_sub(self.height);
        self.offset = self.offset.saturating_add_signed(rows).min(furthest);
        let shown = self.visible_rows();
        if !shown.is_empty() {
            self.cursor = self.cursor.clamp(shown.start, shown.end - 1);
            self.is_user_selected = true;
        }
    }

    /// Scrolls until the cursor is among the rows drawn.
    pub(crate) fn show_cursor(&mut self) {
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        if self.height == 0 {
            return;
        }
        if self.cursor < self.offset {
            self.offset = self.cursor;
        } else if self.cursor >= self.offset + self.height {
            self.offset = self.cursor + 1 - self.height;
        }
        self.offset = self.offset.min(self.rows.len().saturating_sub(self.height));
    }

    /// Shows other rows. The cursor stays on its item if the user chose it and it is still shown.
    pub(crate) fn show(&mut self, rows: Vec<u32>) {
        let selected =
            self.rows.get(self.cursor).copied().filter(|_| self.is_user_selected || self.keeps_cursor);
        let line = self.cursor.saturating_sub(self.offset);
        let range_from = self.range_start.and_then(|row| self.rows.get(row).copied());
        self.spare = std::mem::replace(&mut self.rows, rows);
        if let Some(item) = self.shown_pinned() {
            self.rows.insert(0, item);
        }
        self.range_start = range_from.and_then(|item| self.rows.iter().position(|row| *row == item));
        let same = selected.and_then(|item| self.rows.iter().position(|row| *row == item));
        if let Some(row) = same {
            if self.keeps_cursor {
                self.offset = row.saturating_sub(line);
            }
            self.cursor = row;
        } else if !self.is_user_selected {
            self.cursor = 0;
        }
        self.show_cursor();
    }

    /// Keeps the cursor on its item while rows are being reordered. When they are in place, a cursor that the user has
    /// not moved goes to the top.
    pub(crate) fn set_keeps_cursor(&mut self, holds: bool) {
        let is_over = std::mem::replace(&mut self.keeps_cursor, holds) && !holds;
        if is_over && !self.is_user_selected {
            self.cursor = 0;
            self.show_cursor();
        }
    }

    /// Returns the pinned item, unless the filter hides it.
    fn shown_pinned(&self) -> Option<u32> {
        let (item, name) = self.pinned.as_ref()?;
        let fits = |filter: Filter| !filter.rows(std::iter::once((*item, name.as_str()))).is_empty();
        Filter::parse(&self.filter).is_none_or(fits).then_some(*item)
    }

    /// Sets the text of the filter; [`List::refilter`] has to follow. The cursor then goes to the best match. If the
    /// filter is removed, the cursor stays on the match.
    pub(crate) fn set_filter(&mut self, typed: &str) {
        if self.filter != typed {
            // Rows that appear in the middle of a range were not seen when it began.
            self.range_start = None;
            self.is_user_selected = typed.is_empty();
            self.keeps_cursor = false;
            self.filter = typed.into();
        }
    }

    /// Shows the items of `order` that the filter matches. A cursor whose item is hidden goes to the best match. `name`
    /// returns the name of an item, or `None` if the item is hidden.
    pub(crate) fn refilter<'a>(&mut self, name: impl Fn(u32) -> Option<&'a str>) {
        let named = self.order.iter().filter_map(|item| Some((*item, name(*item)?)));
        let rows = match Filter::parse(&self.filter) {
            Some(filter) => filter.rows(named),
            None => named.map(|(item, _)| item).collect(),
        };
        self.show_matches(rows);
    }

    /// Returns an empty vector for other rows, with the spare memory.
    pub(super) fn take_spare_rows(&mut self) -> Vec<u32> {
        let mut room = std::mem::take(&mut self.spare);
        room.clear();
        room
    }

    /// Shows all items, in their order.
    pub(crate) fn show_all(&mut self) {
        let mut rows = self.take_spare_rows();
        rows.extend_from_slice(&self.order);
        self.show(rows);
    }

    /// Shows the rows that a filter found. A cursor whose item is hidden goes to the best match.
    pub(crate) fn show_matches(&mut self, rows: Vec<u32>) {
        let before = self.selected();
        self.show(rows);
        if self.is_filtered() && self.selected() != before {
            self.cursor = 0;
            self.show_cursor();
        }
    }

    /// Returns the item under the cursor if the user chose it, then the items below it and then those above it, the
    /// nearest first. The first of them that a refresh still lists takes the cursor, so that the cursor stays in place
    /// when its row is gone. Rows that are too far away are left out.
    pub(crate) fn cursor_candidates(&self) -> impl Iterator<Item = u32> {
        let (above, below) = self.rows.split_at(self.cursor.min(self.rows.len()));
        let below = below.iter().take(MOST_CANDIDATES);
        let above = above.iter().rev().take(MOST_CANDIDATES);
        below.chain(above).copied().filter(|_| self.is_user_selected)
    }

    /// Puts the cursor on the first of these items that has a row. Returns whether one has.
    pub(crate) fn select_first_shown(&mut self, candidates: &[u32]) -> bool {
        let rows: HashMap<u32, usize> = self.rows.iter().copied().zip(0..).collect();
        let row = candidates.iter().find_map(|item| rows.get(item).copied());
        if let Some(row) = row {
            self.cursor = row;
            self.show_cursor();
        }
        row.is_some()
    }

    /// Forgets the items of the rows because the indices of the items have changed. The cursor keeps its row.
    pub(crate) fn forget_rows(&mut self) {
        self.rows.clear();
        self.range_start = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(rows: u32, height: usize) -> List {
        List { rows: (0..rows).collect(), height, ..List::default() }
    }

    #[test]
    fn the_cursor_stays_inside_and_is_always_drawn() {
        let mut list = list(10, 4);
        for to in [
            Move::By(3),
            Move::By(1),
            Move::Last,
            Move::By(5),
            Move::HalfPages(-1),
            Move::By(-100),
            Move::To(99),
        ] {
            list.move_cursor(to);
            assert!(list.visible_rows().contains(&list.cursor), "{to:?}: {list:?}");
        }
        list.show(vec![]);
        assert_eq!((list.selected(), list.visible_rows()), (None, 0..0));
    }

    #[test]
    fn the_cursor_stays_on_the_chosen_item_or_else_on_top() {
        let mut chosen = list(5, 3);
        chosen.move_cursor(Move::To(2));
        chosen.show(vec![9, 4, 3, 2, 1, 0]);
        assert_eq!(chosen.selected(), Some(2));
        let mut fresh = list(5, 3);
        fresh.show(vec![9, 0]);
        assert_eq!(fresh.selected(), Some(9));
    }

    #[test]
    fn a_filter_goes_to_the_best_match_and_leaves_the_cursor_there_when_it_goes_away() {
        let names = ["other", "solo", "team/app", "team/app/sidecar"];
        let mut list = List { order: (0..4).collect(), height: 9, ..List::default() };
        let filter = |list: &mut List, typed: &str| {
            list.set_filter(typed);
            list.refilter(|item| names.get(item as usize).copied());
            list.selected()
        };
        filter(&mut list, "");
        list.move_cursor(Move::To(1));
        assert_eq!(filter(&mut list, "o"), Some(0));
        assert_eq!(filter(&mut list, "a"), Some(2));
        list.move_cursor(Move::By(1));
        assert_eq!(filter(&mut list, "a"), Some(3), "nothing else was typed");
        assert_eq!(filter(&mut list, "app"), Some(2));
        assert_eq!(filter(&mut list, ""), Some(2));
        list.show(vec![3, 2]);
        assert_eq!(list.selected(), Some(2));
    }

    #[test]
    fn scrolling_takes_the_cursor_along_only_as_far_as_it_must() {
        let mut list = list(20, 5);
        list.scroll(3);
        assert_eq!((list.offset, list.cursor), (3, 3));
        list.scroll(100);
        assert_eq!((list.offset, list.cursor), (15, 15));
        list.scroll(-100);
        assert_eq!((list.offset, list.cursor), (0, 4));
    }
}
