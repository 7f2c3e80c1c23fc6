//! The progress of loading the details that tags are sorted by. Rows without known details are a group of their own
//! below the others, in the order of their versions. Keys that depend on the order wait until it is complete.

use super::{SortBy, TagsPane};
use crate::app::list::items::Items;
use crate::model::plural::group_thousands;

/// The progress of loading details for the rows shown, if their order depends on details.
#[derive(Debug, Default)]
pub(crate) struct OrderProgress {
    /// Rows without an answer yet.
    pub(crate) unanswered: Items,
    /// Number of rows that failed.
    failed: usize,
}

impl TagsPane {
    /// Returns the number of rows whose sort key is known, and the number of rows shown. Returns `None` if the order
    /// depends on names alone.
    fn count_known(&self) -> Option<(usize, usize)> {
        let all = self.list.unpinned().len();
        let unknown = self.progress.unanswered.len() + self.progress.failed;
        self.sort.by.needs_details().then(|| (all.saturating_sub(unknown), all))
    }

    /// Returns a text such as `612 of 1,000 dates known`, or `None` if all are known.
    pub(crate) fn known_count_text(&self) -> Option<String> {
        let (known, all) = self.count_known().filter(|(known, all)| known < all)?;
        let what = if self.sort.by == SortBy::Size { "sizes" } else { "dates" };
        Some(format!("{} of {} {what} known", group_thousands(known), group_thousands(all)))
    }

    /// Returns whether no answer is awaited that could reorder rows.
    pub(crate) fn is_in_order(&self) -> bool {
        self.progress.unanswered.is_empty() && self.stale_items.is_empty() && !self.is_arranging()
    }

    /// Counts the known details of the rows shown. Rows whose details failed count as answered: they stay in their
    /// group.
    pub(crate) fn recount_progress(&mut self) {
        self.progress = OrderProgress::default();
        self.list.unknown_keys_from = None;
        if !self.sort.by.needs_details() {
            return;
        }
        let rows = self.list.rows.iter().copied();
        let mut unsettled: Items = rows.filter(|item| self.names.is_named(*item)).collect();
        for (item, row) in self.summaries.iter().filter(|(_, row)| row.failure.is_some() || row.at.is_some())
        {
            let is_shown = unsettled.remove(*item);
            self.progress.failed += usize::from(is_shown && row.failure.is_some());
        }
        self.progress.unanswered = unsettled;
        // Rows with known details stand above the others.
        let rows = self.list.unpinned();
        let known = rows.partition_point(|item| self.sort_keys.contains_key(item));
        self.list.unknown_keys_from =
            Some(if known == 0 { 0 } else { self.list.rows.len() - rows.len() + known });
    }

    /// Notes that a row was answered.
    pub(crate) fn record_answer(&mut self, item: u32, failed: bool) {
        if self.progress.unanswered.remove(item) {
            self.progress.failed += usize::from(failed);
            self.queue_resort(item);
        }
    }

    /// Notes that a tag may change its place because of new details.
    pub(crate) fn queue_resort(&mut self, item: u32) {
        if self.sort.by.needs_details() {
            self.stale_items.insert(item);
        }
    }

    /// Returns the sort key of a tag if that is in its details: its date or its size, as a number.
    pub(crate) fn rank(&self, item: u32) -> Option<i128> {
        let summary = self.summaries.get(&item)?.value.as_ref()?;
        match self.sort.by {
            SortBy::Date => Some(summary.date()?.as_second().into()),
            SortBy::Size => summary.size.map(i128::from),
            SortBy::Version | SortBy::Name => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::app::list::Move;
    use crate::app::panes::tags::Sort;
    use crate::app::remote::{Ticket, Tickets};
    use crate::model::digest::Digest;
    use crate::model::failure::{Failure, FailureKind};
    use crate::model::media_type::{MediaType, OCI_MANIFEST};
    use crate::model::page::ListedName;
    use crate::model::reference::{Repository, Tag};
    use crate::model::summary::{Kind, Summary};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    struct Bench {
        tags: TagsPane,
        tickets: Tickets,
    }

    impl Bench {
        /// Creates tags `t00`, `t01` and so on, sorted by date.
        fn new(count: u32) -> Bench {
            let repository = Repository::parse("r.test/app").expect("a repository");
            let mut tags = TagsPane::of(repository, Sort::default(), false, 5);
            let name = |number| ListedName::Named(Tag::parse(&format!("t{number:02}")).expect("a tag"));
            tags.take((0..count).map(name).collect(), None, None, NOW);
            tags.sort_by(SortBy::Date);
            Bench { tags, tickets: Tickets::default() }
        }

        fn ask(&mut self, item: u32) -> Ticket {
            let ticket = self.tickets.issue();
            self.tags.awaited_rows.insert(ticket, item);
            self.tags.summaries.entry(item).or_default().ask(ticket);
            ticket
        }

        /// Answers a row: built on that day.
        fn dated(&mut self, item: u32, day: Option<i64>) {
            let created =
                day.map(|day| Timestamp::from_second(1_700_000_000 + day * 86_400).expect("a date"));
            let summary = Summary {
                unreadable: Vec::new(),
                digest: Digest::sha256(item.to_string().as_bytes()),
                media_type: MediaType::new(OCI_MANIFEST),
                kind: Kind::Image,
                size: day.map(|day| day as u64),
                created,
                platforms: Vec::new(),
            };
            let ticket = self.ask(item);
            self.tags.take_summary(ticket, Ok(summary), NOW);
            self.tags.resort_if_stale();
        }

        fn fails(&mut self, item: u32) {
            let failure =
                Failure { what: "".into(), why: "503".into(), hint: None, kind: FailureKind::Local };
            let ticket = self.ask(item);
            self.tags.take_summary(ticket, Err(failure), NOW);
            self.tags.resort_if_stale();
        }
    }

    #[test]
    fn rows_without_a_date_stay_below_by_version_and_are_counted() {
        let mut bench = Bench::new(5);
        assert_eq!(bench.tags.known_count_text().as_deref(), Some("0 of 5 dates known"));
        assert_eq!(bench.tags.list.rows, [4, 3, 2, 1, 0]);
        bench.dated(3, Some(1));
        bench.dated(1, Some(9));
        assert_eq!(bench.tags.list.rows, [1, 3, 4, 2, 0]);
        assert_eq!(bench.tags.known_count_text().as_deref(), Some("2 of 5 dates known"));
        bench.tags.set_sort(Sort { by: SortBy::Date, reversed: true });
        assert_eq!(bench.tags.list.rows, [3, 1, 4, 2, 0], "the other way round they stay below too");
        bench.tags.set_sort(Sort { by: SortBy::Size, reversed: false });
        assert_eq!(bench.tags.known_count_text().as_deref(), Some("2 of 5 sizes known"));
        assert!(!bench.tags.is_in_order());
    }

    #[test]
    fn the_order_is_complete_when_every_row_was_answered_and_no_range_reaches_rows_without_a_date() {
        let mut bench = Bench::new(4);
        bench.dated(0, Some(2));
        bench.dated(1, None);
        bench.dated(2, Some(3));
        assert!(!bench.tags.is_in_order());
        bench.fails(3);
        assert!(bench.tags.is_in_order());
        assert_eq!(bench.tags.known_count_text().as_deref(), Some("3 of 4 dates known"));
        assert_eq!(bench.tags.list.rows, [2, 0, 3, 1]);
        bench.tags.list.move_cursor(Move::To(1));
        bench.tags.list.toggle_range();
        bench.tags.list.move_cursor(Move::Last);
        assert_eq!(bench.tags.list.marked(), [0], "all but the newest one");
        bench.tags.list.unmark();
        bench.tags.list.toggle_range();
        bench.tags.list.move_cursor(Move::First);
        assert_eq!(bench.tags.list.marked(), [3, 1], "nor from there into the others");
    }

    #[test]
    fn dates_that_come_while_a_long_list_is_sorted_give_their_rows_places_when_that_is_done() {
        let mut bench = Bench::new(9_000);
        while bench.tags.is_arranging() {
            bench.tags.arrange_next_part();
        }
        bench.tags.set_sort(Sort { by: SortBy::Size, reversed: false });
        assert_eq!(bench.tags.current_operation(), Some("sorting"));
        (0..9_000).rev().for_each(|item| bench.dated(item, Some(i64::from(item * 7_919 % 9_001) % 5_000)));
        assert!(bench.tags.is_arranging() && !bench.tags.is_in_order());
        while bench.tags.is_arranging() {
            bench.tags.arrange_next_part();
        }
        assert!(bench.tags.is_in_order());
        let rank = |item: &u32| bench.tags.rank(*item);
        assert!(bench.tags.list.rows.is_sorted_by(|a, b| rank(a) >= rank(b)));
        assert_eq!(bench.tags.list.rows.len(), 9_000);
    }

    #[test]
    fn a_placeholder_date_counts_as_no_date() {
        let mut bench = Bench::new(3);
        bench.dated(0, Some(-19_675));
        bench.dated(1, Some(1));
        bench.dated(2, Some(2));
        assert_eq!(
            (bench.tags.list.rows.as_slice(), bench.tags.list.unknown_keys_from),
            (&[2, 1, 0][..], Some(2))
        );
        assert_eq!(bench.tags.known_count_text(), None);
    }

    #[test]
    fn the_cursor_stays_on_its_row_while_dates_come_and_then_goes_to_the_newest() {
        let mut bench = Bench::new(9);
        bench.tags.list.is_user_selected = false;
        let first = bench.tags.list.selected();
        for item in (1..9).rev() {
            bench.dated(item, Some(item.into()));
            assert_eq!(bench.tags.list.selected(), first, "{item}");
            assert!(bench.tags.list.visible_rows().contains(&bench.tags.list.cursor));
        }
        bench.dated(0, Some(0));
        assert_eq!((bench.tags.list.selected(), bench.tags.list.cursor), (Some(8), 0));
    }

    #[test]
    fn a_row_that_the_user_chose_keeps_the_cursor_and_its_place_on_the_screen() {
        let mut bench = Bench::new(40);
        bench.tags.list.move_cursor(Move::To(20));
        bench.tags.list.move_cursor(Move::By(-2));
        let chosen = bench.tags.list.selected();
        let line = bench.tags.list.cursor - bench.tags.list.offset;
        for item in [30, 31, 5] {
            bench.dated(item, Some(item.into()));
            assert_eq!(bench.tags.list.selected(), chosen);
            assert_eq!(bench.tags.list.cursor - bench.tags.list.offset, line, "{item}");
        }
        (0..40).for_each(|item| bench.dated(item, Some(item.into())));
        assert_eq!(bench.tags.list.selected(), chosen);
    }

    #[test]
    fn dates_of_hidden_rows_are_not_needed() {
        let mut bench = Bench::new(20);
        bench.tags.list.set_filter("t1 !t1t");
        bench.tags.refilter();
        let shown: Vec<u32> = bench.tags.list.rows.clone();
        assert_eq!(bench.tags.known_count_text().as_deref(), Some("0 of 10 dates known"));
        let mut wanted = bench.tags.rows_to_load(99);
        wanted.sort_unstable();
        assert_eq!(wanted, shown.iter().rev().copied().collect::<Vec<u32>>());
        shown.into_iter().for_each(|item| bench.dated(item, Some(item.into())));
        assert!(bench.tags.is_in_order());
        bench.tags.list.set_filter("");
        bench.tags.refilter();
        assert!(!bench.tags.is_in_order());
        assert_eq!(bench.tags.known_count_text().as_deref(), Some("10 of 20 dates known"));
    }

    #[test]
    fn after_a_refresh_the_order_is_complete_only_when_all_were_asked_again() {
        let mut bench = Bench::new(2);
        bench.dated(0, Some(2));
        bench.dated(1, Some(1));
        assert!(bench.tags.is_in_order());
        let ticket = bench.tickets.issue();
        bench.tags.tags.begin(ticket);
        let names = ["t00", "t01"].map(|name| ListedName::Named(Tag::parse(name).expect("a tag")));
        bench.tags.take(names.into(), None, None, NOW);
        assert_eq!(bench.tags.list.rows, [0, 1], "they are where they were");
        assert!(!bench.tags.is_in_order());
        bench.dated(1, Some(3));
        bench.dated(0, Some(2));
        assert!(bench.tags.is_in_order());
        assert_eq!(bench.tags.list.rows, [1, 0]);
    }
}
