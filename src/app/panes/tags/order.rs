//! The order of tags, and the filter of them. A long list is sorted and filtered in parts, and keys are taken between
//! the parts. The previous rows stay until the new ones are complete.

use std::cmp::Ordering;

use super::{Sort, SortBy, TagsPane};
use crate::app::filter::{Filter, FilterRow};
use crate::app::list::incremental_filter::IncrementalFilter;
use crate::app::list::incremental_sort::{Sorting, merge};
use crate::app::list::items::Items;
use crate::model::page::ListedName;
use crate::model::plural::group_thousands;
use crate::model::reference::Tag;
use crate::model::tag_order;

/// Number of comparisons in one part. Most comparisons take far less time than the longest, which are between names
/// that begin alike.
const COMPARISONS: usize = 16_384;
/// Number of names that a filter examines in one part.
const FILTERED: usize = 65_536;
/// Number of names that are sorted into a list in one part.
const SORTED_IN: usize = 1_024;

impl TagsPane {
    /// Returns whether rows will appear or be reordered by themselves. [`TagsPane::arrange_next_part`] continues.
    pub(crate) fn is_arranging(&self) -> bool {
        let all = self.tags.items.len();
        self.sorting.is_some()
            || self.list.order.len() < all
            || self.filtering.as_ref().is_some_and(|filter| !filter.is_finished(all))
    }

    /// Returns the word for the operation in progress after which there are other rows or another order.
    pub(crate) fn current_operation(&self) -> Option<&'static str> {
        let is_through = |filter: &IncrementalFilter| filter.is_finished(self.tags.items.len());
        match &self.filtering {
            _ if self.sorting.is_some() => Some("sorting"),
            Some(filter) if !is_through(filter) => Some("filtering"),
            _ => None,
        }
    }

    /// Sorts or filters another part.
    pub(crate) fn arrange_next_part(&mut self) {
        if let Some(mut sorting) = self.sorting.take() {
            if !sorting.sort_next(COMPARISONS, |a, b| self.compare(a, b)) {
                self.sorting = Some(sorting);
                return;
            }
            self.list.order = sorting.into_items();
            self.show();
            // Details that arrived meanwhile are taken into account now.
            self.resort_if_stale();
        } else if self.list.order.len() < self.tags.items.len() {
            self.sort_in_next_part();
        } else {
            self.show();
        }
    }

    /// Adds the tags that a page has appended.
    pub(crate) fn sort_in_new(&mut self) {
        self.names.extend(&self.tags.items);
        if self.sorting.is_none() {
            self.sort_in_next_part();
        }
    }

    /// Sorts the next part of the unsorted tags into the sorted ones.
    fn sort_in_next_part(&mut self) {
        let from = self.list.order.len();
        let end = self.tags.items.len().min(from + SORTED_IN);
        let mut new: Vec<u32> = (from as u32..end as u32).collect();
        new.sort_by(|a, b| self.compare(*a, *b));
        let mut order = std::mem::take(&mut self.list.order);
        merge(&mut order, &new, |a, b| self.compare(a, b));
        self.list.order = order;
        self.show();
    }

    /// Puts tags whose details arrived since in their place. This does not happen after each of them, or rows would
    /// jump about.
    pub(crate) fn resort_if_stale(&mut self) {
        if self.stale_items.is_empty() || self.sorting.is_some() {
            return;
        }
        let before = self.list.range_start.map(|_| self.list.rows.clone());
        let moved = std::mem::take(&mut self.stale_items);
        self.list.order.retain(|item| !moved.contains(*item));
        for item in moved.iter() {
            match self.rank(item) {
                Some(rank) => self.sort_keys.insert(item, rank),
                None => self.sort_keys.remove(&item),
            };
        }
        let sorted = self.list.order.len() + moved.len();
        let mut moved: Vec<u32> = moved.iter().filter(|item| (*item as usize) < sorted).collect();
        moved.sort_by(|a, b| self.compare(*a, *b));
        let mut order = std::mem::take(&mut self.list.order);
        merge(&mut order, &moved, |a, b| self.compare(a, b));
        self.list.order = order;
        self.show();
        if before.is_some_and(|before| self.list.rows != before) {
            // A range only covers rows that the user has seen.
            self.list.range_start = None;
        }
    }

    /// Sorts by `by`. If the tags are sorted by it already, reverses the order.
    pub(crate) fn sort_by(&mut self, by: SortBy) {
        let reversed = self.sort.by == by && !self.sort.reversed;
        self.set_sort(Sort { by, reversed });
    }

    /// Sorts in this order.
    pub(crate) fn set_sort(&mut self, sort: Sort) {
        self.sort = sort;
        self.list.range_start = None;
        self.list.keeps_cursor = sort.by.needs_details();
        self.sort();
    }

    /// Begins to sort the tags known.
    pub(crate) fn sort(&mut self) {
        self.stale_items = Items::default();
        let known = self.summaries.keys().filter_map(|item| Some((*item, self.rank(*item)?)));
        self.sort_keys = known.collect();
        let mut items = self.list.take_spare_rows();
        items.extend_from_slice(&self.list.order);
        self.sorting = Some(Sorting::of(items));
        self.arrange_next_part();
    }

    /// Compares two tags in the order of the pane.
    pub(crate) fn compare(&self, a: u32, b: u32) -> Ordering {
        // Ranks are in the order of versions, and faster to compare.
        let by_version = || {
            (self.names.rank(b))
                .cmp(&self.names.rank(a))
                .then_with(|| tag_order::newest_first(self.name_of(a), self.name_of(b)))
        };
        let order = match self.sort.by {
            SortBy::Name => self.name_of(a).cmp(self.name_of(b)),
            SortBy::Version => by_version(),
            SortBy::Date | SortBy::Size => {
                let [first, second] = [a, b].map(|item| self.sort_keys.get(&item));
                return tag_order::compare_by(first, second, self.sort.reversed, by_version);
            }
        };
        if self.sort.reversed { order.reverse() } else { order }
    }

    /// Shows the rows that the filter matches.
    pub(crate) fn refilter(&mut self) {
        self.show();
        self.select_when_listed();
    }

    /// Shows the sorted rows that the filter matches. Until these are known, the previous rows stay.
    pub(crate) fn show(&mut self) {
        self.longest = self.names.longest(self.show_hidden);
        if self.list.is_filtered() {
            let typed = &self.list.filter;
            let filter = self.filtering.take().filter(|filter| filter.is_for(typed, self.show_hidden));
            let mut filter = filter.unwrap_or_else(|| IncrementalFilter::of(typed, self.show_hidden));
            let all = self.tags.items.len();
            filter.examine_next(FILTERED, all, |item| self.filter_row(item));
            let is_through = filter.is_finished(all);
            if is_through {
                let mut rows = self.list.take_spare_rows();
                filter.append_matches(&self.list.order, &mut rows);
                self.list.show_matches(rows);
            }
            self.filtering = Some(filter);
            if !is_through {
                return;
            }
        } else if self.hidden() > 0 {
            self.filtering = None;
            let hidden: Items = self.names.digest_tags().iter().copied().collect();
            let mut rows = self.list.take_spare_rows();
            rows.extend(self.list.order.iter().copied().filter(|item| !hidden.contains(*item)));
            self.list.show(rows);
        } else {
            self.filtering = None;
            self.list.show_all();
        }
        self.recount_progress();
        let comes = self.tags.is_loading() && !self.tags.complete;
        self.list.set_keeps_cursor(!self.is_in_order() || comes && self.sort.by.needs_details());
    }

    /// Returns the name of a tag and its known details for the filter, or `None` if the tag is hidden.
    fn filter_row(&self, item: u32) -> Option<FilterRow<'_>> {
        let tag = self.tags.items.get(item as usize)?;
        let is_shown = self.show_hidden || !tag.name().is_some_and(Tag::is_digest_tag);
        let summary = self.summaries.get(&item).and_then(|remote| remote.value.as_ref());
        let digest = summary.map(|summary| &summary.digest);
        let platforms = summary.map(|summary| summary.platforms.as_slice()).unwrap_or_default();
        is_shown.then(|| FilterRow { name: tag.text(), digest, platforms })
    }

    /// Filters a tag again whose details have become known, if the filter reads details.
    pub(super) fn refilter_item(&mut self, item: u32) {
        let Some(mut filter) = self.filtering.take() else { return };
        let has_changed = self.filter_row(item).is_some_and(|row| filter.examine_again(item, row));
        self.filtering = Some(filter);
        if has_changed && !self.is_arranging() {
            self.show();
        }
    }

    /// Returns whether the rows are filtered by digest or platform.
    pub(crate) fn is_filtered_by_details(&self) -> bool {
        Filter::parse(&self.list.filter).is_some_and(|filter| filter.reads_details())
    }

    /// Returns how many tags a filter by digest or platform cannot find because their details are not known, in words.
    /// Details are not loaded for a filter: that could be a request for each of a million tags.
    pub(crate) fn unfiltered_details_text(&self) -> Option<String> {
        Filter::parse(&self.list.filter).filter(Filter::reads_details)?;
        let all = self.list.order.len().saturating_sub(self.hidden());
        let known = self.summaries.values().filter(|summary| summary.value.is_some()).count();
        let text = format!(
            "details of {} of {} tags known: others are filtered by name",
            group_thousands(known),
            group_thousands(all)
        );
        (known < all).then_some(text)
    }

    /// Returns the name of a tag, as listed.
    fn name_of(&self, item: u32) -> &str {
        self.tags.items.get(item as usize).map_or("", ListedName::text)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::app::remote::Tickets;
    use crate::model::reference::Repository;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    /// More tags than are sorted or filtered at once.
    const MANY: u32 = 90_000;

    /// Returns names in no particular order.
    fn names(numbers: std::ops::Range<u32>) -> Vec<ListedName<Tag>> {
        let name = |number: u32| format!("1.{}", number * 7_919 % 1_000_003);
        numbers.map(|number| ListedName::Named(Tag::parse(&name(number)).expect("a tag"))).collect()
    }

    fn listed(numbers: std::ops::Range<u32>) -> TagsPane {
        let mut tags =
            TagsPane::of(Repository::parse("r.test/app").expect("a repository"), Sort::default(), false, 10);
        tags.take(names(numbers), None, None, NOW);
        while tags.is_arranging() {
            tags.arrange_next_part();
        }
        tags
    }

    fn shown(tags: &TagsPane) -> Vec<&str> {
        tags.list.rows.iter().map(|item| tags.name_of(*item)).collect()
    }

    #[test]
    fn the_cursor_goes_to_the_row_that_takes_the_place_of_a_deleted_one() {
        // The tags that are gone after a refresh, the filter, and the row under the cursor then; it was on `c`.
        let table: [(&[&str], &str, &str); 5] = [
            (&["c"], "", "d"),
            (&["a", "b", "c"], "", "d"),
            (&["c", "d", "e"], "", "b"),
            (&["a"], "", "c"),
            (&["c"], "!b", "d"),
        ];
        for (gone, filter, expected) in table {
            let page = |gone: &[&str]| {
                let left = ["a", "b", "c", "d", "e"].into_iter().filter(|name| !gone.contains(name));
                left.map(|name| ListedName::Named(Tag::parse(name).expect("a tag"))).collect()
            };
            let repository = Repository::parse("r.test/app").expect("a repository");
            let sort = Sort { by: SortBy::Name, reversed: false };
            let mut tags = TagsPane::of(repository, sort, false, 10);
            tags.take(page(&[]), None, None, NOW);
            tags.list.set_filter(filter);
            tags.refilter();
            let row = shown(&tags).iter().position(|name| *name == "c").expect("a row");
            tags.list.move_cursor(crate::app::list::Move::To(row));
            tags.tags.begin(Tickets::default().issue());
            tags.take(page(gone), None, None, NOW);
            assert_eq!(tags.selected().map(Tag::as_str), Some(expected), "{gone:?} {filter}");
        }
    }

    /// Continues to the end and returns the number of parts.
    fn arrange(tags: &mut TagsPane) -> usize {
        let mut parts = 0;
        while tags.is_arranging() {
            tags.arrange_next_part();
            parts += 1;
            assert!(parts < 10_000, "it has no end");
        }
        parts
    }

    #[test]
    fn a_long_list_is_sorted_in_parts_and_is_shown_as_it_was_until_then() {
        let mut tags = listed(0..MANY);
        let before: Vec<u32> = tags.list.rows.clone();
        tags.list.move_cursor(crate::app::list::Move::To(77));
        let selected = tags.list.selected();
        tags.set_sort(Sort { by: SortBy::Name, reversed: false });
        assert_eq!(tags.current_operation(), Some("sorting"));
        assert_eq!(tags.list.rows, before);
        assert!(arrange(&mut tags) > 3);
        assert!(shown(&tags).is_sorted());
        assert_eq!((tags.list.rows.len(), tags.list.selected()), (before.len(), selected));
    }

    #[test]
    fn a_long_list_is_filtered_in_parts_and_later_pages_are_filtered_alone() {
        let mut tags = listed(0..MANY);
        tags.tags.complete = false;
        tags.list.set_filter("99");
        tags.refilter();
        assert_eq!((tags.current_operation(), tags.list.rows.len()), (Some("filtering"), MANY as usize));
        arrange(&mut tags);
        let holds = |tags: &TagsPane| {
            let all = tags.list.order.iter().map(|item| tags.name_of(*item));
            all.filter(|name| name.contains("99")).map(String::from).collect::<Vec<_>>()
        };
        assert_eq!(shown(&tags), holds(&tags));
        let found = tags.list.rows.len();
        tags.take(names(MANY..MANY + 4_000), None, None, NOW);
        assert_eq!(tags.current_operation(), None, "it is filtered at once");
        assert!(arrange(&mut tags) < 4);
        assert_eq!(shown(&tags), holds(&tags));
        assert!(tags.list.rows.len() > found);
    }

    #[test]
    fn pages_that_come_while_the_list_is_sorted_are_sorted_in() {
        let mut tags = listed(0..MANY);
        tags.tags.complete = false;
        tags.sort_by(SortBy::Name);
        let mut tickets = Tickets::default();
        for page in 1..4 {
            assert!(tags.is_arranging());
            tags.take(names(page * MANY..page * MANY + 4_000), Some(tickets.issue()), None, NOW);
        }
        arrange(&mut tags);
        assert_eq!(tags.list.rows.len(), MANY as usize + 12_000);
        assert!(shown(&tags).is_sorted());
    }

    #[test]
    fn another_order_and_another_filter_take_the_place_of_those_that_are_not_made_yet() {
        let mut tags = listed(0..MANY);
        tags.sort_by(SortBy::Name);
        tags.list.set_filter("9");
        tags.refilter();
        tags.sort_by(SortBy::Name);
        tags.list.set_filter("98 !7");
        tags.refilter();
        arrange(&mut tags);
        let shown = shown(&tags);
        assert!(shown.is_sorted_by(|a, b| a > b));
        assert!(!shown.is_empty() && shown.iter().all(|name| name.contains("98") && !name.contains('7')));
    }
}
