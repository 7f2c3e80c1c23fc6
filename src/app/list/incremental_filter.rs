//! A filter that examines a list in steps: a million names take longer than a key may wait.

use super::items::Items;
use crate::app::filter::{Filter, FilterRow, Fit};

/// A filter in progress.
#[derive(Debug)]
pub(crate) struct IncrementalFilter {
    typed: String,
    with_hidden: bool,
    filter: Option<Filter>,
    /// Items whose names contain the words, and items whose names resemble them.
    found: [Items; 2],
    /// The first item that was not examined yet.
    next: u32,
}

impl IncrementalFilter {
    /// Begins to filter by a text, with or without hidden items.
    pub(crate) fn of(typed: &str, with_hidden: bool) -> IncrementalFilter {
        let filter = Filter::parse(typed);
        IncrementalFilter { typed: typed.into(), with_hidden, filter, found: Default::default(), next: 0 }
    }

    /// Returns whether the sieve is for this text, with or without hidden items.
    pub(crate) fn is_for(&self, typed: &str, with_hidden: bool) -> bool {
        self.typed == typed && self.with_hidden == with_hidden
    }

    /// Returns whether all of this number of items were examined.
    pub(crate) fn is_finished(&self, all: usize) -> bool {
        self.next as usize >= all
    }

    /// Examines at most `max_items` more of `all` items. `row` returns the name of an item, or `None` if the item is
    /// hidden.
    pub(crate) fn examine_next<'a, R: Into<FilterRow<'a>>>(
        &mut self,
        max_items: usize,
        all: usize,
        row: impl Fn(u32) -> Option<R>,
    ) {
        let end = all.min(self.next as usize + max_items) as u32;
        let mut small = Vec::new();
        for item in self.next..end {
            if let Some(row) = row(item) {
                self.examine(item, row.into(), &mut small);
            }
        }
        self.next = self.next.max(end);
    }

    /// Examines an item again whose details have become known. Returns whether it may match now, or no longer.
    pub(crate) fn examine_again(&mut self, item: u32, row: FilterRow<'_>) -> bool {
        let reads_details = self.filter.as_ref().is_some_and(Filter::reads_details);
        if !reads_details || item >= self.next {
            return false;
        }
        self.found.iter_mut().for_each(|found| {
            found.remove(item);
        });
        self.examine(item, row, &mut Vec::new());
        true
    }

    fn examine(&mut self, item: u32, row: FilterRow<'_>, buffer: &mut Vec<u8>) {
        let [first, second] = &mut self.found;
        let fit = match &self.filter {
            Some(filter) => filter.match_row(row, first.is_empty(), buffer),
            None => Fit::Contains,
        };
        match fit {
            Fit::Contains => first.insert(item),
            Fit::Resembles => second.insert(item),
            Fit::NoMatch => false,
        };
    }

    /// Appends to `rows` the items of `order` that match, in their order.
    pub(crate) fn append_matches(&self, order: &[u32], rows: &mut Vec<u32>) {
        let [first, second] = &self.found;
        let found = if first.is_empty() { second } else { first };
        rows.extend(order.iter().copied().filter(|item| found.contains(*item)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(filter: &IncrementalFilter, order: &[u32]) -> Vec<u32> {
        let mut rows = Vec::new();
        filter.append_matches(order, &mut rows);
        rows
    }

    #[test]
    fn filtering_in_parts_gives_the_result_of_filtering_at_once() {
        let names: Vec<String> = (0..300).map(|number| format!("v{}", number * 7 % 300)).collect();
        let order: Vec<u32> = (0..300).rev().collect();
        for typed in ["", "1", "29", "2 !9", "92 9", "v9 1", "21 0", "x"] {
            for most in [1, 7, 1_000] {
                let mut filter = IncrementalFilter::of(typed, false);
                while !filter.is_finished(names.len()) {
                    filter.examine_next(most, names.len(), |item| Some(names[item as usize].as_str()));
                }
                let named = order.iter().map(|item| (*item, names[*item as usize].as_str()));
                let expected = match Filter::parse(typed) {
                    Some(filter) => filter.rows(named),
                    None => order.clone(),
                };
                assert_eq!(left(&filter, &order), expected, "{typed:?}, {most} at a time");
            }
        }
    }

    #[test]
    fn only_added_items_are_filtered_later_and_hidden_ones_never() {
        let mut filter = IncrementalFilter::of("v", false);
        filter.examine_next(9, 3, |item| (item != 1).then_some("v1"));
        assert!(filter.is_finished(3) && !filter.is_finished(5));
        filter.examine_next(9, 5, |item| match item {
            3 => Some("w"),
            4 => Some("v"),
            other => panic!("{other} again"),
        });
        assert_eq!(left(&filter, &[4, 3, 2, 1, 0]), [4, 2, 0]);
    }
}
