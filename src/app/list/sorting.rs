//! Sorting some comparisons at a time: a million names take longer to sort than a key may wait.

use std::cmp::Ordering;

/// Items that are sorted at once before runs are merged.
const RUN: usize = 32;
/// About how many comparisons that takes.
const RUN_COSTS: usize = RUN * 5;

/// A list on its way into an order: sorted runs of it are merged into runs of twice the length, again and again.
#[derive(Debug)]
pub struct Sorting {
    /// What is merged: sorted runs of `width`, or nothing sorted before `next` is at its end if that is zero.
    from: Vec<u32>,
    /// What is merged already.
    to: Vec<u32>,
    width: usize,
    /// Where the pair of runs that is merged begins.
    start: usize,
    /// What comes next of the first and of the second run.
    next: [usize; 2],
}

impl Sorting {
    /// Begins with these.
    pub fn of(items: Vec<u32>) -> Sorting {
        Sorting { to: Vec::with_capacity(items.len()), from: items, width: 0, start: 0, next: [0, 0] }
    }

    /// Goes on for about `most` comparisons; says whether all is sorted. What is equal keeps its order.
    pub fn go_on(&mut self, most: usize, compare: impl Fn(u32, u32) -> Ordering) -> bool {
        let mut left = most;
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
            self.widen(RUN);
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
            self.widen(self.width * 2);
        }
        true
    }

    /// All items; sorted, once that is done.
    pub fn into_items(self) -> Vec<u32> {
        self.from
    }

    /// Begins to merge runs of this length.
    fn widen(&mut self, width: usize) {
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

/// Puts `new`, which is sorted, into `sorted`; behind those that it is equal to.
pub fn merge(sorted: &mut Vec<u32>, new: &[u32], compare: impl Fn(u32, u32) -> Ordering) {
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

    /// By tens, so that many are equal and the order among these shows.
    fn by_tens(a: u32, b: u32) -> Ordering {
        (a / 10).cmp(&(b / 10))
    }

    proptest::proptest! {
        #[test]
        fn merging_gives_what_sorting_gives(mut sorted in proptest::collection::vec(0u32..50, 0..20), mut new in proptest::collection::vec(0u32..50, 0..20)) {
            sorted.sort_by(|a, b| by_tens(*a, *b));
            new.sort_by(|a, b| by_tens(*a, *b));
            let mut all = [sorted.clone(), new.clone()].concat();
            all.sort_by(|a, b| by_tens(*a, *b));
            merge(&mut sorted, &new, by_tens);
            proptest::prop_assert_eq!(sorted, all);
        }

        #[test]
        fn sorting_bit_by_bit_gives_what_sorting_gives(items in proptest::collection::vec(0u32..500, 0..300), most in 1usize..200) {
            let mut sorted = items.clone();
            sorted.sort_by(|a, b| by_tens(*a, *b));
            let mut sorting = Sorting::of(items);
            let mut rounds = 0;
            while !sorting.go_on(most, by_tens) {
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
            let is_done = sorting.go_on(1_000, |a, b| {
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
