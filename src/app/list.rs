//! The state that all lists share: which rows are shown in which order, the cursor, the scroll offset, the filter, marks.

pub mod items;
pub mod sieve;
pub mod sorting;

use std::ops::Range;

use super::filter::Filter;
use items::Items;

/// A row with this bit is a heading over others: it stands for no item, and cannot be marked.
pub const HEADING: u32 = 1 << 31;

/// A list on the screen, over items that its owner keeps.
#[derive(Debug, Default)]
pub struct List {
    /// Indices of all items, sorted.
    pub order: Vec<u32>,
    /// Indices of the items shown, in the order shown: `order` without what is hidden.
    pub rows: Vec<u32>,
    /// The row under the cursor: an index into `rows`.
    pub cursor: usize,
    /// The first row drawn: an index into `rows`.
    pub offset: usize,
    /// Rows that fit on the screen, from the last layout.
    pub height: usize,
    /// An item that stands above all others, with its name: shown unless a filter hides it.
    pub pinned: Option<(u32, String)>,
    /// What is typed to filter; empty for no filter.
    pub filter: String,
    /// Marked items, by index of the item.
    pub marks: Items,
    /// Where a range of marks began: an index into `rows`.
    pub range_from: Option<usize>,
    /// What was marked when the range began: a range that shrinks leaves it marked.
    pub marked_before: Items,
    /// Whether the user chose the row under the cursor: then the cursor stays on it when rows come and go.
    pub is_chosen: bool,
    /// Whether rows get other places while answers come: until they have them, the cursor stays on its item in any case.
    pub holds: bool,
    /// The rows before these: memory that is there already, since a long list takes longer to get it than to fill it.
    pub(super) spare: Vec<u32>,
    /// Where the rows begin of which it is not known by what the others are sorted: no range reaches over that.
    pub parted_at: Option<usize>,
}

/// A way to move the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// By so many rows, down if positive.
    By(isize),
    /// By half of what is shown, down if positive.
    HalfPages(isize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// To this row.
    To(usize),
}

impl List {
    /// The item under the cursor.
    pub fn selected(&self) -> Option<usize> {
        self.rows.get(self.cursor).map(|item| *item as usize)
    }

    /// The rows drawn: a range of `rows`.
    pub fn window(&self) -> Range<usize> {
        let end = (self.offset + self.height).min(self.rows.len());
        self.offset.min(end)..end
    }

    /// The rows without the one above all others.
    pub fn unpinned(&self) -> &[u32] {
        let is_pin = |item: &u32| self.pinned.as_ref().is_some_and(|(pinned, _)| pinned == item);
        match self.rows.split_first() {
            Some((first, rest)) if is_pin(first) => rest,
            _ => &self.rows,
        }
    }

    /// Whether a filter hides rows.
    pub fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    /// Moves the cursor; says whether it moved.
    pub fn go(&mut self, to: Move) -> bool {
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
        self.is_chosen = true;
        if let Some(from) = self.range_from {
            self.mark_range(from);
        }
        self.show_cursor();
        before != self.cursor
    }

    /// Scrolls by so many rows and takes the cursor along only as far as it must.
    pub fn scroll(&mut self, rows: isize) {
        let furthest = self.rows.len().saturating_sub(self.height);
        self.offset = self.offset.saturating_add_signed(rows).min(furthest);
        let shown = self.window();
        if !shown.is_empty() {
            self.cursor = self.cursor.clamp(shown.start, shown.end - 1);
            self.is_chosen = true;
        }
    }

    /// Brings the cursor into what is drawn.
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

    /// Shows other rows. The cursor stays on its item if the user chose it and it is still there.
    pub fn show(&mut self, rows: Vec<u32>) {
        let selected = self.rows.get(self.cursor).copied().filter(|_| self.is_chosen || self.holds);
        let line = self.cursor.saturating_sub(self.offset);
        let range_from = self.range_from.and_then(|row| self.rows.get(row).copied());
        self.spare = std::mem::replace(&mut self.rows, rows);
        if let Some(item) = self.pin() {
            self.rows.insert(0, item);
        }
        self.range_from = range_from.and_then(|item| self.rows.iter().position(|row| *row == item));
        let same = selected.and_then(|item| self.rows.iter().position(|row| *row == item));
        if let Some(row) = same {
            if self.holds {
                self.offset = row.saturating_sub(line);
            }
            self.cursor = row;
        } else if !self.is_chosen {
            self.cursor = 0;
        }
        self.show_cursor();
    }

    /// Keeps the cursor on its item while rows get other places. When they have them, a cursor that nobody has moved goes
    /// to the top.
    pub fn hold(&mut self, holds: bool) {
        let is_over = std::mem::replace(&mut self.holds, holds) && !holds;
        if is_over && !self.is_chosen {
            self.cursor = 0;
            self.show_cursor();
        }
    }

    /// The item above all others, unless the filter hides it.
    fn pin(&self) -> Option<u32> {
        let (item, name) = self.pinned.as_ref()?;
        let fits = |filter: Filter| !filter.rows(std::iter::once((*item, name.as_str()))).is_empty();
        Filter::parse(&self.filter).is_none_or(fits).then_some(*item)
    }

    /// Filters by other words, before [`List::refilter`]. The cursor then goes to the best match, wherever it was; when the
    /// filter goes away it stays on what was found.
    pub fn set_filter(&mut self, typed: &str) {
        if self.filter != typed {
            // Rows that appear in the middle of a range were not seen when it began.
            self.range_from = None;
            self.is_chosen = typed.is_empty();
            self.holds = false;
            self.filter = typed.into();
        }
    }

    /// Shows what the filter leaves of `order`. A cursor whose item it hides goes to the best match. `name` is an item's name; nothing for one that is hidden.
    pub fn refilter<'a>(&mut self, name: impl Fn(u32) -> Option<&'a str>) {
        let named = self.order.iter().filter_map(|item| Some((*item, name(*item)?)));
        let rows = match Filter::parse(&self.filter) {
            Some(filter) => filter.rows(named),
            None => named.map(|(item, _)| item).collect(),
        };
        self.show_found(rows);
    }

    /// Room for other rows.
    pub(super) fn room(&mut self) -> Vec<u32> {
        let mut room = std::mem::take(&mut self.spare);
        room.clear();
        room
    }

    /// Shows all items, in their order.
    pub fn show_all(&mut self) {
        let mut rows = self.room();
        rows.extend_from_slice(&self.order);
        self.show(rows);
    }

    /// Shows what a filter found. A cursor whose item it hides goes to the best match.
    pub fn show_found(&mut self, rows: Vec<u32>) {
        let before = self.selected();
        self.show(rows);
        if self.is_filtered() && self.selected() != before {
            self.cursor = 0;
            self.show_cursor();
        }
    }

    /// Marks the row under the cursor, or unmarks it, and goes on to the next.
    pub fn toggle_mark(&mut self) {
        self.range_from = None;
        if let Some(item) = self.rows.get(self.cursor).copied() {
            if !self.marks.remove(item) {
                self.marks.insert(item);
            }
            self.go(Move::By(1));
        }
    }

    /// Begins a range of marks here, or ends it.
    pub fn toggle_range(&mut self) {
        self.range_from = match self.range_from {
            Some(_) => None,
            None => {
                self.marked_before = self.marks.clone();
                self.mark_range(self.cursor);
                Some(self.cursor)
            }
        };
    }

    /// Marks every row shown.
    pub fn mark_all(&mut self) {
        self.mark(0..self.rows.len());
    }

    /// Unmarks everything; says whether anything was marked.
    pub fn unmark(&mut self) -> bool {
        self.range_from = None;
        !std::mem::take(&mut self.marks).is_empty()
    }

    /// The marked items in the order shown, those that a filter hides last.
    pub fn marked(&self) -> Vec<usize> {
        let shown: Vec<u32> = self.rows.iter().copied().filter(|item| self.marks.contains(*item)).collect();
        let is_shown: Items = shown.iter().copied().collect();
        let hidden: Vec<u32> = self.marks.iter().filter(|item| !is_shown.contains(*item)).collect();
        shown.into_iter().chain(hidden).map(|item| item as usize).collect()
    }

    /// The marked items that are not among the rows: a filter or a closed namespace hides them.
    pub fn hidden(&self) -> impl Iterator<Item = usize> {
        let shown = self.marks.len().saturating_sub(self.hidden_marks());
        self.marked().into_iter().skip(shown)
    }

    /// How many of the marked items are not among the rows: a filter or a closed namespace hides them.
    pub fn hidden_marks(&self) -> usize {
        if self.marks.is_empty() {
            return 0;
        }
        let shown = self.rows.iter().filter(|item| self.marks.contains(**item)).count();
        self.marks.len().saturating_sub(shown)
    }

    /// Forgets which items the rows are, because items have other places now. The cursor keeps its row.
    pub fn forget_rows(&mut self) {
        self.rows.clear();
        self.range_from = None;
    }

    fn mark_range(&mut self, from: usize) {
        self.marks.clone_from(&self.marked_before);
        let (mut first, mut end) = (from.min(self.cursor), from.max(self.cursor) + 1);
        match self.parted_at {
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
    /// The page that is awaited.
    pub pending: Option<super::remote::Ticket>,
    /// Why the last page did not come.
    pub failure: Option<crate::model::failure::Failure>,
    /// Whether the last page has come, of this list or of the one before the refresh in progress.
    pub complete: bool,
    /// Why the list may miss something.
    pub incomplete: Option<crate::model::text::SafeText>,
    /// When the first page came.
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

/// What a page changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageChange {
    /// Nothing that is shown.
    Nothing,
    /// Items from this index on are new.
    Added(usize),
    /// All items may be others.
    Replaced,
}

impl<T> Paged<T> {
    /// Whether a page is awaited.
    pub fn is_loading(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether it was asked for, with whatever outcome.
    pub fn is_begun(&self) -> bool {
        self.pending.is_some() || self.failure.is_some() || self.at.is_some()
    }

    /// Notes that the first page is asked for. What is shown stays until the last page has come.
    pub fn begin(&mut self, ticket: super::remote::Ticket) {
        self.pending = Some(ticket);
        self.incoming = self.at.is_some().then(Vec::new);
    }

    /// Takes a page. `ticket` is the question for the one after it.
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

    /// Notes that a page did not come: what is there stays.
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
            list.go(to);
            assert!(list.window().contains(&list.cursor), "{to:?}: {list:?}");
        }
        list.show(vec![]);
        assert_eq!((list.selected(), list.window()), (None, 0..0));
    }

    #[test]
    fn the_cursor_stays_on_what_the_user_chose_and_else_on_top() {
        let mut chosen = list(5, 3);
        chosen.go(Move::To(2));
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
        list.go(Move::To(1));
        assert_eq!(filter(&mut list, "o"), Some(0));
        assert_eq!(filter(&mut list, "a"), Some(2));
        list.go(Move::By(1));
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
        list.go(Move::By(2));
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
        list.go(Move::To(3));
        list.toggle_range();
        list.go(Move::First);
        assert_eq!(list.marked(), [0, 1, 2, 3]);
        list.go(Move::To(2));
        assert_eq!(list.marked(), [0, 2, 3]);
    }

    #[test]
    fn a_range_goes_on_from_its_item_when_rows_come_before_it() {
        let mut list = list(3, 3);
        list.go(Move::To(1));
        list.toggle_range();
        list.show(vec![9, 8, 0, 1, 2]);
        list.go(Move::By(1));
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
