//! Sorting in steps of some comparisons: a million names take longer to sort than a key may wait.

use std::cmp::Ordering;

/// Number of items that are sorted at once before runs are merged.
const RUN: usize = 32;
/// Approximate number of comparisons for one run.
const RUN_COSTS: usize = RUN * 5;

/// A merge sort in progress: sorted runs are merged into runs of twice the length, again and again.
#[derive(Debug)]
pub(crate) struct Sorting {
    /// The source of the merge: sorted runs of `width`. If `width` is zero, only the items before `start` are sorted
    /// into runs.
    from: Vec<u32>,
    /// The merged items.
    to: Vec<u32>,
    width: usize,
    /// The start of the two runs that are being merged.
    start: usize,
    /// The indices of the next items of the first and of the second run.
    next: [usize; 2],
}

impl Sorting {
    /// Begins to sort these items.
    pub(crate) fn of(items: Vec<u32>) -> Sorting {
        Sorting { to: Vec::with_capacity(items.len()), from: items, width: 0, start: 0, next: [0, 0] }
    }

    /// Continues for about `most` comparisons and returns whether everything is sorted. The sort is stable.
    pub(crate) fn sort_next(
        &mut self,
        max_comparisons: usize,
        compare: impl Fn(u32, u32) -> Ordering,
    ) -> bool {
        let mut left = max_comparisons;
        if self.width == 0 {
            while self.start < self.from.len() {
                if left == 0 {
                    return false;
                }
                left = left.saturating_sub(RUN_COSTS);
                let end = (self.start + RUN).min(self.from.len());
                self.from[self.start..end].sort_by(|a, b| compare(*a, *b));
                self.start = end;
            }
            self.start_pass(RUN);
        }
        while self.width < self.from.len() {
            while self.to.len() < self.from.len() {
                if left == 0 {
                    return false;
                }
                left -= 1;
                self.merge_one(&compare);
            }
            std::mem::swap(&mut self.from, &mut self.to);
            self.start_pass(self.width * 2);
        }
        true
    }

    /// Returns all items, sorted if [`Sorting::sort_next`] has returned true.
    pub(crate) fn into_items(self) -> Vec<u32> {
        self.from
    }

    /// Begins to merge runs of this length.
    fn start_pass(&mut self, width: usize) {
        self.to.clear();
        self.width = width;
        self.begin_pair(0);
    }

    fn begin_pair(&mut self, start: usize) {
        self.start = start;
        self.next = [start, (start + self.width).min(self.from.len())];
    }

    fn merge_one(&mut self, compare: &impl Fn(u32, u32) -> Ordering) {
        let all = self.from.len();
        let (middle, end) = ((self.start + self.width).min(all), (self.start + 2 * self.width).min(all));
        let [first, second] = self.next;
        let is_first = first < middle
            && (second >= end || compare(self.from[first], self.from[second]) != Ordering::Greater);
        let next = &mut self.next[usize::from(!is_first)];
        self.to.push(self.from[*next]);
        *next += 1;
        if self.to.len() == end {
            self.begin_pair(end);
        }
    }
}

/// Merges `new`, which is sorted, into `sorted`. New items come after equal ones.
pub(crate) fn merge(sorted: &mut Vec<u32>, new: &[u32], compare: impl Fn(u32, u32) -> Ordering) {
    let mut end = sorted.len();
    sorted.resize(end + new.len(), 0);
    for (before, item) in new.iter().enumerate().rev() {
        let at = sorted[..end].partition_point(|other| compare(*other, *item) != Ordering::Greater);
        sorted.copy_within(at..end, at + before + 1);
        sorted[at + before] = *item;
        end = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares by tens, so that many items are equal and their relative order is visible.
    fn by_tens(a: u32, b: u32) -> Ordering {
        (a / 10).cmp(&(b / 10))
    }

    proptest::proptest! {
        #[test]
        fn merging_gives_the_order_of_sorting(mut sorted in proptest::collection::vec(0u32..50, 0..20), mut new in proptest::collection::vec(0u32..50, 0..20)) {
            sorted.sort_by(|a, b| by_tens(*a, *b));
            new.sort_by(|a, b| by_tens(*a, *b));
            let mut all = [sorted.clone(), new.clone()].concat();
            all.sort_by(|a, b| by_tens(*a, *b));
            merge(&mut sorted, &new, by_tens);
            proptest::prop_assert_eq!(sorted, all);
        }

        #[test]
        fn sorting_in_parts_gives_the_order_of_sorting_at_once(items in proptest::collection::vec(0u32..500, 0..300), most in 1usize..200) {
            let mut sorted = items.clone();
            sorted.sort_by(|a, b| by_tens(*a, *b));
            let mut sorting = Sorting::of(items);
            let mut rounds = 0;
            while !sorting.sort_next(most, by_tens) {
                rounds += 1;
                proptest::prop_assert!(rounds < 10_000);
            }
            proptest::prop_assert_eq!(sorting.into_items(), sorted);
        }
    }

    #[test]
    fn it_compares_no_more_at_a_time_than_it_may() {
        let items: Vec<u32> = (0..10_000u32).map(|item| item.wrapping_mul(2_654_435_761) >> 8).collect();
        let mut sorting = Sorting::of(items);
        loop {
            let compared = std::cell::Cell::new(0);
            let is_done = sorting.sort_next(1_000, |a, b| {
                compared.set(compared.get() + 1);
                a.cmp(&b)
            });
            assert!(compared.get() < 1_000 + 2 * RUN_COSTS, "{}", compared.get());
            if is_done {
                break;
            }
        }
        assert!(sorting.into_items().is_sorted());
    }
}
