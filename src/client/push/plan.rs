//! What of a blob is sent next, after what came before.

use std::ops::Range;

/// A connection that brought this many bytes is good for all the rest.
const GOOD: u64 = 8 * 1024 * 1024;
/// The smallest part that is sent, unless the server wants larger ones.
const SMALLEST: u64 = 16 * 1024;
/// The largest part, after a whole blob was too much: proxies in front of registries stop at 100 MB and less.
pub const PART: u64 = 32 * 1024 * 1024;
/// Less than this is sent a second time as it was.
const LITTLE: u64 = 1024 * 1024;

/// What is to be sent next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Bytes that the server has.
    pub at: u64,
    /// The most that it ever had.
    pub furthest: u64,
    pub way: Way,
    /// The largest part that may be sent.
    pub largest: u64,
    /// The largest part that was taken.
    pub taken: u64,
    /// Whether each part has a connection of its own: where a break costs everything, none may come in the middle.
    pub apart: bool,
    /// Whether the server refused to take it in one piece.
    pub has_refused_whole: bool,
    /// Failures since there was progress; after a new beginning, how often there was one without coming further.
    pub failures: u32,
    beginnings: u32,
    /// What `furthest` was at the last new beginning.
    mark: u64,
}

/// How the bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// One PUT with everything.
    Whole,
    /// PATCH with all that is left, then PUT.
    Rest,
    /// PATCH with at most so many bytes at a time, then PUT.
    Parts(u64),
}

/// One request of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The bytes that it carries.
    pub range: Range<u64>,
    /// Whether it ends the upload.
    pub closes: bool,
}

impl Step {
    /// How many bytes it carries.
    pub fn length(&self) -> u64 {
        self.range.end - self.range.start
    }
}

impl Plan {
    /// Everything at once.
    pub fn new() -> Plan {
        Plan {
            at: 0,
            furthest: 0,
            way: Way::Whole,
            largest: PART,
            taken: 0,
            apart: false,
            has_refused_whole: false,
            failures: 0,
            beginnings: 0,
            mark: 0,
        }
    }

    /// The next request for a blob of this size.
    pub fn step(&self, size: u64) -> Step {
        let end = match self.way {
            Way::Whole | Way::Rest => size,
            Way::Parts(most) => self.at.saturating_add(most).min(size),
        };
        Step { range: self.at..end, closes: self.at == size || (self.way == Way::Whole && self.at == 0) }
    }

    /// The server took a part.
    pub fn took(&mut self, step: &Step, least: u64) {
        self.taken = self.taken.max(step.length());
        self.arrive(step.range.end);
        if let Way::Parts(size) = self.way {
            self.way = Way::Parts(size.saturating_mul(2).min(self.largest).max(least));
        }
    }

    /// A request broke, and the server has kept this much.
    pub fn broke(&mut self, at: u64, step: &Step, least: u64) {
        let came = at.saturating_sub(step.range.start);
        self.way = match came {
            GOOD.. if self.largest == PART => Way::Rest,
            1.. => Way::Parts(came.min(self.largest).max(SMALLEST).max(least)),
            0 => Way::Parts(self.less_than(step).max(least)),
        };
        self.arrive(at);
    }

    /// A request broke, and the server has kept nothing of the whole upload, as distribution does: it takes only what
    /// comes without a break. So parts become small enough to come through, and no larger than one that did.
    pub fn lost(&mut self, step: &Step, least: u64) {
        if step.length() > LITTLE || self.failures > 0 {
            self.way = Way::Parts(self.less_than(step).max(least));
            self.apart = true;
            if self.taken > 0 {
                self.largest = self.largest.min(self.taken);
            }
        }
        self.begin_again();
    }

    /// From the first byte on.
    pub fn begin_again(&mut self) {
        self.beginnings = if self.furthest > self.mark { 1 } else { self.beginnings + 1 };
        self.mark = self.furthest;
        self.failures = self.beginnings;
        self.at = 0;
    }

    fn less_than(&self, step: &Step) -> u64 {
        match self.taken {
            taken if taken > 0 && taken < step.length() => taken,
            _ => (step.length().min(self.largest) / 32).max(SMALLEST),
        }
    }

    /// The server has this much.
    pub fn arrive(&mut self, at: u64) {
        self.failures = if at > self.at { 0 } else { self.failures + 1 };
        self.furthest = self.furthest.max(at);
        self.at = at;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn parts(plan: &Plan) -> Range<u64> {
        plan.step(100 * MIB).range
    }

    #[test]
    fn where_a_break_costs_everything_parts_shrink_and_grow_no_larger_than_what_came_through() {
        let mut plan = Plan::new();
        let step = plan.step(100 * MIB);
        assert_eq!(step, Step { range: 0..100 * MIB, closes: true });
        plan.lost(&step, 0);
        assert_eq!((parts(&plan), plan.apart), (0..MIB, true));
        plan.took(&plan.step(100 * MIB), 0);
        assert_eq!(parts(&plan), MIB..3 * MIB);
        plan.lost(&plan.step(100 * MIB), 0);
        assert_eq!(parts(&plan), 0..MIB);
        plan.took(&plan.step(100 * MIB), 0);
        assert_eq!(parts(&plan), MIB..2 * MIB);
        plan.lost(&plan.step(100 * MIB), 0);
        assert_eq!(parts(&plan), 0..MIB);
        plan.lost(&plan.step(100 * MIB), 0);
        assert_eq!(parts(&plan), 0..32 * 1024);
    }

    #[test]
    fn after_a_break_the_rest_is_sent_as_far_as_the_line_carries() {
        let mut plan = Plan::new();
        plan.broke(50 * MIB, &plan.step(100 * MIB), 0);
        assert_eq!(plan.step(100 * MIB), Step { range: 50 * MIB..100 * MIB, closes: false });
        plan.broke(51 * MIB, &plan.step(100 * MIB), 0);
        assert_eq!(parts(&plan), 51 * MIB..52 * MIB);
        plan.took(&plan.step(100 * MIB), 0);
        assert_eq!(parts(&plan), 52 * MIB..54 * MIB);
    }

    #[test]
    fn little_is_sent_a_second_time_as_it_was() {
        let mut plan = Plan::new();
        let step = plan.step(MIB);
        plan.lost(&step, 0);
        assert_eq!(plan.step(MIB), step);
        plan.lost(&step, 0);
        assert_eq!(plan.step(MIB).range, 0..32 * 1024);
    }

    #[test]
    fn parts_are_as_large_as_the_server_wants_and_no_larger_than_it_takes() {
        let mut plan = Plan { way: Way::Parts(MIB), largest: 3 * MIB, ..Plan::new() };
        plan.took(&plan.step(100 * MIB), 2 * MIB);
        assert_eq!(plan.way, Way::Parts(2 * MIB));
        plan.took(&plan.step(100 * MIB), 2 * MIB);
        assert_eq!(plan.way, Way::Parts(3 * MIB));
        plan.broke(3 * MIB + 1, &plan.step(100 * MIB), 2 * MIB);
        assert_eq!(plan.way, Way::Parts(2 * MIB));
    }

    #[test]
    fn beginning_again_counts_until_it_brings_something_new() {
        let mut plan = Plan { way: Way::Parts(MIB), ..Plan::new() };
        for round in 1..4 {
            plan.broke(100, &plan.step(100 * MIB), 0);
            assert_eq!(plan.failures, 0);
            plan.lost(&plan.step(100 * MIB), 0);
            assert_eq!((plan.failures, plan.at), (round, 0));
        }
        plan.broke(101, &plan.step(100 * MIB), 0);
        plan.lost(&plan.step(100 * MIB), 0);
        assert_eq!(plan.failures, 1);
    }

    proptest! {
        /// Whatever happens, each request begins where the server stands and ends within the blob, and a plan that comes
        /// no further counts that.
        #[test]
        fn a_plan_stays_within_the_blob_and_ends(size in 0u64..200 * MIB, events in prop::collection::vec((0..3, 0u64..1000), 1..200)) {
            let mut plan = Plan::new();
            for (event, share) in events {
                let step = plan.step(size);
                prop_assert!(step.range.start == plan.at && step.range.end <= size);
                if step.closes && event == 0 {
                    break;
                }
                match event {
                    0 => plan.took(&step, 0),
                    1 => plan.broke(step.range.start + step.length() * share / 1000, &step, 0),
                    _ => plan.lost(&step, 0),
                }
                prop_assert!(plan.at > step.range.start || plan.failures > 0);
            }
        }
    }
}
