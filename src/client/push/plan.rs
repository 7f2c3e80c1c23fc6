//! What of a blob is sent next, after what came before.

use std::ops::Range;

/// A connection that brought this many bytes is good for all the rest.
const GOOD: u64 = 8 * 1024 * 1024;
/// The smallest part that is sent, unless the server wants larger ones.
const SMALLEST: u64 = 16 * 1024;
/// The largest part, after a whole blob was too much: proxies in front of registries stop at 100 MB and less.
pub const PART: u64 = 32 * 1024 * 1024;
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
    /// Whether the server refused to take it in one piece.
    pub has_refused_whole: bool,
    /// Failures since there was progress.
    pub failures: u32,
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

impl Plan {
    /// Everything at once.
    pub fn new() -> Plan {
        Plan { at: 0, furthest: 0, way: Way::Whole, largest: PART, has_refused_whole: false, failures: 0 }
    }

    /// The next request for a blob of this size.
    pub fn step(&self, size: u64) -> Step {
        let end = match self.way {
            Way::Whole | Way::Rest => size,
            Way::Parts(most) => self.at.saturating_add(most).min(size),
        };
        Step { range: self.at..end, closes: self.at == size || (self.way == Way::Whole && self.at == 0) }
    }

    /// The server has this much, after a part that it took.
    pub fn took(&mut self, at: u64, least: u64) {
        self.arrive(at);
        if let Way::Parts(size) = self.way {
            self.way = Way::Parts(size.saturating_mul(2).min(self.largest).max(least));
        }
    }

    /// The server has this much, after a request that broke.
    pub fn broke(&mut self, at: u64, step: &Step, least: u64) {
        let came = at.saturating_sub(step.range.start);
        let sent = step.range.end - step.range.start;
        self.way = match at {
            0 if self.way == Way::Whole && self.failures == 0 => Way::Whole,
            _ if came >= GOOD && self.largest == PART => Way::Rest,
            _ if came > 0 => Way::Parts(came.min(self.largest).max(SMALLEST).max(least)),
            _ => Way::Parts((sent.min(self.largest) / 32).max(SMALLEST).max(least)),
        };
        self.arrive(at);
    }

    /// The server has this much.
    pub fn arrive(&mut self, at: u64) {
        self.failures = if at > self.furthest { 0 } else { self.failures + 1 };
        self.furthest = self.furthest.max(at);
        self.at = at;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn the_first_try_and_the_one_after_a_bad_start_are_one_request() {
        let mut plan = Plan::new();
        let step = plan.step(100 * MIB);
        assert_eq!(step, Step { range: 0..100 * MIB, closes: true });
        plan.broke(0, &step, 0);
        assert_eq!(plan.step(100 * MIB), step);
        plan.broke(0, &step, 0);
        assert_eq!(plan.step(100 * MIB), Step { range: 0..MIB, closes: false });
    }

    #[test]
    fn after_a_break_the_rest_is_sent_as_far_as_the_line_carries() {
        let mut plan = Plan::new();
        plan.broke(50 * MIB, &plan.step(100 * MIB), 0);
        assert_eq!(plan.step(100 * MIB), Step { range: 50 * MIB..100 * MIB, closes: false });
        plan.broke(51 * MIB, &plan.step(100 * MIB), 0);
        assert_eq!(plan.step(100 * MIB).range, 51 * MIB..52 * MIB);
        plan.took(52 * MIB, 0);
        assert_eq!(plan.step(100 * MIB).range, 52 * MIB..54 * MIB);
    }

    #[test]
    fn parts_are_as_large_as_the_server_wants_and_no_larger_than_it_takes() {
        let mut plan = Plan { way: Way::Parts(MIB), largest: 3 * MIB, ..Plan::new() };
        plan.took(MIB, 2 * MIB);
        assert_eq!(plan.way, Way::Parts(2 * MIB));
        plan.took(3 * MIB, 2 * MIB);
        assert_eq!(plan.way, Way::Parts(3 * MIB));
        plan.broke(3 * MIB + 1, &plan.step(100 * MIB), 2 * MIB);
        assert_eq!(plan.way, Way::Parts(2 * MIB));
    }

    proptest! {
        /// Whatever happens, each request begins where the server stands and ends within the blob, and a plan that comes
        /// no further counts that.
        #[test]
        fn a_plan_stays_within_the_blob_and_ends(size in 0u64..200 * MIB, events in prop::collection::vec((any::<bool>(), 0u64..1000), 1..200)) {
            let mut plan = Plan::new();
            for (is_broken, share) in events {
                let step = plan.step(size);
                prop_assert!(step.range.start == plan.at && step.range.end <= size);
                if step.closes && !is_broken {
                    break;
                }
                let length = step.range.end - step.range.start;
                let (before, failures) = (plan.furthest, plan.failures);
                match is_broken {
                    true => plan.broke(step.range.start + length * share / 1000, &step, 0),
                    false => plan.took(step.range.end, 0),
                }
                prop_assert!(plan.furthest > before || plan.failures == failures + 1);
            }
        }
    }
}
