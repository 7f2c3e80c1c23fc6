//! The state that all lists share: the rows shown and their order, the cursor, the scroll offset, the filter and the
//! marks.

pub mod incremental_filter;
pub mod incremental_sort;
pub mod items;

use std::ops::Range;

use super::filter::Filter;
use items::Items;

/// The bit of a row that is a heading over others. Such a row stands for no item and cannot be marked.
pub const HEADING: u32 = 1 << 31;

/// A list on the screen, over items that its owner keeps.
#[derive(Debug, Default)]
pub struct List {
    /// Indices of all items, sorted.
    pub order: Vec<u32>,
    /// Indices of the items shown, in the order shown: `order` without the hidden items.
    pub rows: Vec<u32>,
    /// The row under the cursor: an index into `rows`.
    pub cursor: usize,
    /// The first row drawn: an index into `rows`.
    pub offset: usize,
    /// Number of rows that fit on the screen, from the last layout.
    pub height: usize,
    /// An item that stands above all others, with its name. It is shown unless a filter hides it.
    pub pinned: Option<(u32, String)>,
    /// The text of the filter; empty if there is no filter.
    pub filter: String,
    /// Marked items, by index of the item.
    pub marks: Items,
    /// The row at which a range of marks began: an index into `rows`.
    pub range_start: Option<usize>,
    /// The marks at the time when the range began. A range that shrinks leaves them in place.
    pub marks_before_range: Items,
    /// Whether the user chose the row under the cursor. If so, the cursor stays on it when rows come and go.
    pub is_user_selected: bool,
    /// Whether rows are being reordered while answers come. Until they are in place, the cursor stays on its item in
    /// any case.
    pub keeps_cursor: bool,
    /// The memory of the previous rows, reused because a long list takes longer to allocate than to fill.
    pub(super) spare: Vec<u32>,
    /// The first of the rows whose sort key is not known. No range crosses this border.
    pub unknown_keys_from: Option<usize>,
}

/// A movement of the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
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
    pub fn selected(&self) -> Option<usize> {
        self.rows.get(self.cursor).map(|item| *item as usize)
    }

    /// Returns the rows drawn: a range of `rows`.
    pub fn visible_rows(&self) -> Range<usize> {
        let end = (self.offset + self.height).min(self.rows.len());
        self.offset.min(end)..end
    }

    /// Returns the rows without the pinned one.
    pub fn unpinned(&self) -> &[u32] {
        let is_pin = |item: &u32| self.pinned.as_ref().is_some_and(|(pinned, _)| pinned == item);
        match self.rows.split_first() {
            Some((first, rest)) if is_pin(first) => rest,
            _ => &self.rows,
        }
    }

    /// Returns whether a filter hides rows.
    pub fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    /// Moves the cursor and returns whether it moved.
    pub fn move_cursor(&mut self, to: Move) -> bool {
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
    pub fn scroll(&mut self, rows: isize) {
        let furthest = self.rows.len().saturating_sub(self.height);
        self.offset = self.offset.saturating_add_signed(rows).min(furthest);
        let shown = self.visible_rows();
        if !shown.is_empty() {
            self.cursor = self.cursor.clamp(shown.start, shown.end - 1);
            self.is_user_selected = true;
        }
    }

    /// Scrolls until the cursor is among the rows drawn.
    pub fn show_cursor(&mut self) {
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
    pub fn show(&mut self, rows: Vec<u32>) {
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
    pub fn set_keeps_cursor(&mut self, holds: bool) {
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
    pub fn set_filter(&mut self, typed: &str) {
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
    pub fn refilter<'a>(&mut self, name: impl Fn(u32) -> Option<&'a str>) {
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
    pub fn show_all(&mut self) {
        let mut rows = self.take_spare_rows();
        rows.extend_from_slice(&self.order);
        self.show(rows);
    }

    /// Shows the rows that a filter found. A cursor whose item is hidden goes to the best match.
    pub fn show_matches(&mut self, rows: Vec<u32>) {
        let before = self.selected();
        self.show(rows);
        if self.is_filtered() && self.selected() != before {
            self.cursor = 0;
            self.show_cursor();
        }
    }

    /// Marks or unmarks the row under the cursor, and moves to the next row.
    pub fn toggle_mark(&mut self) {
        self.range_start = None;
        if let Some(item) = self.rows.get(self.cursor).copied() {
            if !self.marks.remove(item) {
                self.marks.insert(item);
            }
            self.move_cursor(Move::By(1));
        }
    }

    /// Begins a range of marks at the cursor, or ends it.
    pub fn toggle_range(&mut self) {
        self.range_start = match self.range_start {
            Some(_) => None,
            None => {
                self.marks_before_range = self.marks.clone();
                self.mark_range(self.cursor);
                Some(self.cursor)
            }
        };
    }

    /// Marks every row shown.
    pub fn mark_all(&mut self) {
        self.mark(0..self.rows.len());
    }

    /// Removes all marks and returns whether there were any.
    pub fn unmark(&mut self) -> bool {
        self.range_start = None;
        !std::mem::take(&mut self.marks).is_empty()
    }

    /// Returns the marked items in the order shown, followed by those that a filter hides.
    pub fn marked(&self) -> Vec<usize> {
        let shown: Vec<u32> = self.rows.iter().copied().filter(|item| self.marks.contains(*item)).collect();
        let is_shown: Items = shown.iter().copied().collect();
        let hidden: Vec<u32> = self.marks.iter().filter(|item| !is_shown.contains(*item)).collect();
        shown.into_iter().chain(hidden).map(|item| item as usize).collect()
    }

    /// Returns the marked items that are not among the rows because a filter or a closed namespace hides them.
    pub fn hidden_marked(&self) -> impl Iterator<Item = usize> {
        let shown = self.marks.len().saturating_sub(self.count_hidden_marks());
        self.marked().into_iter().skip(shown)
    }

    /// Returns the number of marked items that are not among the rows because a filter or a closed namespace hides
    /// them.
    pub fn count_hidden_marks(&self) -> usize {
        if self.marks.is_empty() {
            return 0;
        }
        let shown = self.rows.iter().filter(|item| self.marks.contains(**item)).count();
        self.marks.len().saturating_sub(shown)
    }

    /// Forgets the items of the rows because the indices of the items have changed. The cursor keeps its row.
    pub fn forget_rows(&mut self) {
        self.rows.clear();
        self.range_start = None;
    }

    fn mark_range(&mut self, from: usize) {
        self.marks.clone_from(&self.marks_before_range);
        let (mut first, mut end) = (from.min(self.cursor), from.max(self.cursor) + 1);
        match self.unknown_keys_from {
            Some(border) if from < border => end = end.min(border),
            Some(border) => first = first.max(border),
            None => {}
        }
        self.mark(first..end);
    }

    fn mark(&mut self, rows: Range<usize>) {
        let rows = self.rows.iter().skip(rows.start).take(rows.len());
        self.marks.extend(rows.copied());
    }
}

/// A list that comes page by page. Rows appear as pages arrive; a refresh replaces them only when it is complete.
#[derive(Debug)]
pub struct Paged<T> {
    /// The items known, in the order of the server, each once.
    pub items: Vec<T>,
    /// Pages of a refresh in progress.
    pub incoming: Option<Vec<T>>,
    /// The ticket of the awaited page.
    pub pending: Option<super::remote::Ticket>,
    /// The reason why the last page did not come.
    pub failure: Option<crate::model::failure::Failure>,
    /// Whether the last page has come, of this list or of the one before the refresh in progress.
    pub complete: bool,
    /// The reason why the list may be incomplete.
    pub incomplete: Option<crate::model::text::SafeText>,
    /// The time when the first page came or, once the list is complete, the last one.
    pub at: Option<jiff::Timestamp>,
}

impl<T> Default for Paged<T> {
    fn default() -> Paged<T> {
        Paged {
            items: Vec::new(),
            incoming: None,
            pending: None,
            failure: None,
            complete: false,
            incomplete: None,
            at: None,
        }
    }
}

/// The effect of a page on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageChange {
    /// Nothing shown has changed.
    Nothing,
    /// Items from this index on are new.
    Added(usize),
    /// All items may have changed.
    Replaced,
}

impl<T> Paged<T> {
    /// Returns whether a page is awaited.
    pub fn is_loading(&self) -> bool {
        self.pending.is_some()
    }

    /// Returns whether the list was asked for, whatever the result.
    pub fn was_requested(&self) -> bool {
        self.pending.is_some() || self.failure.is_some() || self.at.is_some()
    }

    /// Notes that the first page is asked for. The items shown stay until the last page has come.
    pub fn begin(&mut self, ticket: super::remote::Ticket) {
        self.pending = Some(ticket);
        self.incoming = self.at.is_some().then(Vec::new);
    }

    /// Takes a page. `next` is the ticket of the question for the page after it.
    pub fn take(
        &mut self,
        page: Vec<T>,
        next: Option<super::remote::Ticket>,
        now: jiff::Timestamp,
    ) -> PageChange {
        self.failure = None;
        self.pending = next;
        self.at.get_or_insert(now);
        if next.is_none() {
            self.complete = true;
            self.at = Some(now);
        }
        match (&mut self.incoming, next) {
            (Some(incoming), Some(_)) => {
                incoming.extend(page);
                PageChange::Nothing
            }
            (Some(incoming), None) => {
                incoming.extend(page);
                self.items = std::mem::take(incoming);
                self.incoming = None;
                PageChange::Replaced
            }
            (None, _) => {
                let from = self.items.len();
                self.items.extend(page);
                PageChange::Added(from)
            }
        }
    }

    /// Notes that a page did not come. The items known stay.
    pub fn fail(&mut self, failure: crate::model::failure::Failure) {
        self.pending = None;
        self.incoming = None;
        self.failure = Some(failure);
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
    fn marks_stay_on_items_when_rows_are_hidden() {
        let mut list = list(5, 3);
        list.toggle_mark();
        list.toggle_range();
        list.move_cursor(Move::By(2));
        list.toggle_range();
        assert_eq!(list.marked(), [0, 1, 2, 3]);
        list.show(vec![3, 4]);
        assert_eq!(list.marked(), [3, 0, 1, 2]);
        assert!(list.unmark() && !list.unmark());
    }

    #[test]
    fn a_range_shrinks_when_the_cursor_comes_back_and_leaves_older_marks() {
        let mut list = list(6, 6);
        list.toggle_mark();
        list.move_cursor(Move::To(3));
        list.toggle_range();
        list.move_cursor(Move::First);
        assert_eq!(list.marked(), [0, 1, 2, 3]);
        list.move_cursor(Move::To(2));
        assert_eq!(list.marked(), [0, 2, 3]);
    }

    #[test]
    fn a_range_goes_on_from_its_item_when_rows_come_before_it() {
        let mut list = list(3, 3);
        list.move_cursor(Move::To(1));
        list.toggle_range();
        list.show(vec![9, 8, 0, 1, 2]);
        list.move_cursor(Move::By(1));
        assert_eq!(list.marked(), [1, 2]);
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
