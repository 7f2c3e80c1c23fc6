//! Marks: rows that keys act on together.

use std::ops::Range;

use super::items::Items;
use super::{List, Move};

impl List {
    /// Marks or unmarks the row under the cursor, and moves to the next row.
    pub(crate) fn toggle_mark(&mut self) {
        self.range_start = None;
        if let Some(item) = self.rows.get(self.cursor).copied() {
            if !self.marks.remove(item) && !self.unmarkable.contains(item) {
                self.marks.insert(item);
            }
            self.move_cursor(Move::By(1));
        }
    }

    /// Begins a range of marks at the cursor, or ends it.
    pub(crate) fn toggle_range(&mut self) {
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
    pub(crate) fn mark_all(&mut self) {
        self.mark(0..self.rows.len());
    }

    /// Removes all marks and returns whether there were any.
    pub(crate) fn unmark(&mut self) -> bool {
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
    pub(crate) fn hidden_marked(&self) -> impl Iterator<Item = usize> {
        let shown = self.marks.len().saturating_sub(self.count_hidden_marks());
        self.marked().into_iter().skip(shown)
    }

    /// Returns the number of marked items that are not among the rows because a filter or a closed namespace hides
    /// them.
    pub(crate) fn count_hidden_marks(&self) -> usize {
        if self.marks.is_empty() {
            return 0;
        }
        let shown = self.rows.iter().filter(|item| self.marks.contains(**item)).count();
        self.marks.len().saturating_sub(shown)
    }

    pub(super) fn mark_range(&mut self, from: usize) {
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
        self.marks.extend(rows.copied().filter(|item| !self.unmarkable.contains(*item)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(rows: u32, height: usize) -> List {
        List { rows: (0..rows).collect(), height, ..List::default() }
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
    fn rows_that_cannot_be_marked_are_passed_over() {
        let mut list = List { unmarkable: [1, 3].into_iter().collect(), ..list(5, 3) };
        list.mark_all();
        assert_eq!(list.marked(), [0, 2, 4]);
        list.unmark();
        list.move_cursor(Move::To(1));
        list.toggle_mark();
        assert!(list.marks.is_empty());
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
}
