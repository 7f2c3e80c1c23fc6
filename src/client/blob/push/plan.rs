//! Decides which bytes of a blob are sent next, depending on the results so far.

use std::ops::Range;

use crate::client::host::UploadLimits;

/// A connection that carried this many bytes is good enough for all the rest.
const GOOD: u64 = 8 * 1024 * 1024;
/// The smallest part that is sent, unless the server wants larger ones.
const SMALLEST: u64 = 16 * 1024;
/// The largest part, after a whole blob was too much: proxies in front of registries stop at 100 MB and less.
pub(crate) const PART: u64 = 32 * 1024 * 1024;
/// A blob of at most this size is sent a second time in the same way.
const LITTLE: u64 = 1024 * 1024;

/// Most parts that must come through before larger ones are tried again.
const PARTS_BEFORE_GROWTH: u32 = 16;
/// The share of a blob, one in so many, that may be risked to find out whether larger parts come through, if a break
/// loses everything.
const RISKED_SHARE: u64 = 50;

/// The state of a push, which decides the next request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PushPlan {
    /// The size of the blob.
    size: u64,
    /// Bytes that the server has.
    pub(crate) at: u64,
    /// The most bytes that the server ever had.
    pub(crate) furthest: u64,
    /// The method by which the bytes are sent.
    pub(crate) method: PushMethod,
    /// The largest part that may be sent.
    pub(crate) largest: u64,
    /// The largest part that the server took.
    pub(crate) largest_accepted: u64,
    /// The offset up to which bytes were sent, whether they arrived or not.
    pub(crate) sent_to: u64,
    /// Whether each part has a connection of its own. A connection that carried other parts may be near its end.
    pub(crate) is_unpooled: bool,
    /// Whether the server refused to take the blob in one piece.
    pub(crate) has_refused_whole: bool,
    /// Failures since the last progress. After a new beginning, the number of beginnings without coming further.
    pub(crate) failures: u32,
    /// The size of the first part after a break, while the server may not have counted all bytes before it: a part that
    /// continues at an old count is refused as a whole.
    cautious_size: Option<u64>,
    /// Requests that broke.
    breaks: u32,
    /// Parts that the server took since the last break.
    parts_since_break: u32,
    restarts: u32,
    /// The value of `furthest` at the last new beginning.
    furthest_at_restart: u64,
}

/// The method by which the bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PushMethod {
    /// One PUT with everything.
    Whole,
    /// PATCH with all that is left, then PUT.
    Rest,
    /// PATCH with at most so many bytes at a time, then PUT.
    Parts(u64),
}

/// One request of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PushStep {
    /// The bytes that it carries.
    pub(crate) range: Range<u64>,
    /// Whether it ends the upload.
    pub(crate) closes: bool,
}

impl PushStep {
    /// Returns the number of bytes that the request carries.
    pub(crate) fn length(&self) -> u64 {
        self.range.end - self.range.start
    }
}

impl PushPlan {
    /// Creates the plan for a blob of `size` bytes: everything at once.
    pub(crate) fn new(size: u64) -> PushPlan {
        PushPlan {
            size,
            at: 0,
            furthest: 0,
            method: PushMethod::Whole,
            largest: PART,
            largest_accepted: 0,
            sent_to: 0,
            is_unpooled: false,
            has_refused_whole: false,
            failures: 0,
            cautious_size: None,
            breaks: 0,
            parts_since_break: 0,
            restarts: 0,
            furthest_at_restart: 0,
        }
    }

    /// Adapts the plan to a line that lost an upload a moment ago and then carried parts of at most `carried` bytes.
    pub(crate) fn with_safe_part(self, carried: u64) -> PushPlan {
        if self.size > carried {
            PushPlan { method: PushMethod::Parts(carried), largest: carried, is_unpooled: true, ..self }
        } else {
            self
        }
    }

    /// Adapts the plan to requests that the server refused before.
    pub(crate) fn within(self, limits: &UploadLimits) -> PushPlan {
        let largest = limits.part.map_or(self.largest, |part| part.min(self.largest));
        let method = match limits.part {
            Some(part) if limits.is_for_whole && self.size > part => PushMethod::Parts(part),
            Some(part) if limits.has_refused_whole => PushMethod::Parts(part),
            None if limits.has_refused_whole => PushMethod::Rest,
            _ => self.method,
        };
        PushPlan { method, largest, has_refused_whole: limits.has_refused_whole, ..self }
    }

    /// Returns the next request.
    pub(crate) fn step(&self) -> PushStep {
        let most = match self.method {
            PushMethod::Whole | PushMethod::Rest => self.size,
            PushMethod::Parts(most) => most,
        };
        let most = self.cautious_size.map_or(most, |doubt| doubt.min(most));
        let end = self.at.saturating_add(most).min(self.size);
        PushStep {
            range: self.at..end,
            closes: self.at == self.size || (self.method == PushMethod::Whole && self.at == 0),
        }
    }

    /// Records that the server took a part. The more breaks there were, the longer parts keep their size.
    pub(crate) fn record_accepted(&mut self, step: &PushStep, least: u64) {
        if self.cautious_size.take().is_some() {
            return self.advance_to(step.range.end);
        }
        self.largest_accepted = self.largest_accepted.max(step.length());
        self.parts_since_break += 1;
        self.advance_to(step.range.end);
        if let PushMethod::Parts(size) = self.method {
            let more = size.saturating_mul(2).min(self.largest).max(least);
            let is_little = !self.has_lost() || self.at.saturating_add(more) <= self.size / RISKED_SHARE;
            if is_little && self.parts_since_break > self.breaks.min(PARTS_BEFORE_GROWTH) {
                self.method = PushMethod::Parts(more);
            }
        }
    }

    /// Records that a request broke and that the server kept the bytes up to `at`. The amount that arrived, minus a
    /// margin, is expected to arrive again over another connection, together with its response.
    pub(crate) fn record_break(&mut self, at: u64, step: &PushStep, least: u64) {
        let came = at.saturating_sub(step.range.start);
        self.method = match came {
            GOOD.. if self.largest == PART => PushMethod::Rest,
            1.. => PushMethod::Parts((came - came / 4).min(self.largest).max(SMALLEST).max(least)),
            0 => PushMethod::Parts(self.less_than(step).max(least)),
        };
        self.is_unpooled |= came < GOOD;
        self.cautious_size = (self.size > LITTLE).then_some(SMALLEST.max(least));
        self.count_break(step);
        self.advance_to(at);
        if self.has_lost() {
            self.limit_below(step);
        }
    }

    /// Records that a request broke and that the server kept nothing of the whole upload, as distribution does: it
    /// takes only requests that arrive without a break. So parts become small enough to come through, each over a
    /// connection of its own, and grow only while little would be lost by it.
    pub(crate) fn record_loss(&mut self, step: &PushStep, least: u64) {
        if step.length() > LITTLE || self.failures > 0 || self.is_unpooled {
            self.method = PushMethod::Parts(self.less_than(step).max(least));
            self.is_unpooled = true;
            self.limit_below(step);
        }
        self.count_break(step);
        self.start_over();
    }

    fn count_break(&mut self, step: &PushStep) {
        self.sent_to = self.sent_to.max(step.range.end);
        self.breaks += 1;
        self.parts_since_break = 0;
    }

    /// Returns whether everything that the server had was lost before.
    pub(crate) fn has_lost(&self) -> bool {
        self.restarts > 0
    }

    /// Returns whether the blob is too large to be sent again without need.
    pub(crate) fn is_large(&self) -> bool {
        self.size > LITTLE
    }

    /// Begins again at the first byte.
    pub(crate) fn start_over(&mut self) {
        self.restarts = if self.furthest > self.furthest_at_restart { 1 } else { self.restarts + 1 };
        self.furthest_at_restart = self.furthest;
        self.failures = self.restarts;
        (self.at, self.sent_to, self.cautious_size) = (0, 0, None);
    }

    /// Limits parts to half the size of the request that broke.
    fn limit_below(&mut self, step: &PushStep) {
        self.largest = self.largest.min((step.length() / 2).max(SMALLEST));
    }

    fn less_than(&self, step: &PushStep) -> u64 {
        match self.largest_accepted {
            taken if taken > 0 && taken < step.length() => taken,
            _ => (step.length().min(self.largest) / 32).max(SMALLEST),
        }
    }

    /// Records that the server has the bytes up to `at`.
    pub(crate) fn advance_to(&mut self, at: u64) {
        self.failures = if at > self.at { 0 } else { self.failures + 1 };
        self.furthest = self.furthest.max(at);
        self.at = at;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;

    fn part(plan: &PushPlan) -> Range<u64> {
        plan.step().range
    }

    #[test]
    fn if_a_break_costs_everything_parts_shrink_and_grow_only_while_little_is_at_stake() {
        let mut plan = PushPlan::new(100 * MIB);
        let step = plan.step();
        assert_eq!(step, PushStep { range: 0..100 * MIB, closes: true });
        plan.record_loss(&step, 0);
        assert_eq!((part(&plan), plan.is_unpooled), (0..MIB, true));
        plan.record_loss(&plan.step(), 0);
        assert_eq!(part(&plan), 0..32 * KIB);
        for _ in 0..100 {
            plan.record_accepted(&plan.step(), 0);
            assert!(plan.at < 2 * MIB || plan.step().length() <= 512 * KIB, "half of what broke at most");
        }
        assert_eq!(plan.step().length(), 512 * KIB);
    }

    #[test]
    fn a_part_that_came_far_is_not_put_at_stake_for_a_larger_one() {
        let mut plan = PushPlan::new(10 * MIB);
        plan.record_loss(&plan.step(), 0);
        let size = plan.step().length();
        assert_eq!(size, 10 * MIB / 32);
        plan.record_accepted(&plan.step(), 0);
        assert_eq!(plan.step().length(), size);
    }

    #[test]
    fn a_line_that_lost_an_upload_a_moment_ago_gets_parts_at_once() {
        let plan = PushPlan::new(10 * MIB).with_safe_part(MIB);
        assert_eq!((plan.step(), plan.is_unpooled), (PushStep { range: 0..MIB, closes: false }, true));
        assert_eq!(PushPlan::new(MIB).with_safe_part(MIB), PushPlan::new(MIB));
    }

    #[test]
    fn after_a_break_the_rest_is_sent_as_far_as_the_line_carries() {
        let mut plan = PushPlan::new(100 * MIB);
        plan.record_break(50 * MIB, &plan.step(), 0);
        plan.record_accepted(&plan.step(), 0);
        let at = 50 * MIB + SMALLEST;
        assert_eq!(plan.step(), PushStep { range: at..100 * MIB, closes: false });
        assert!(!plan.is_unpooled);
        plan.record_break(at + 4 * MIB, &plan.step(), 0);
        plan.record_accepted(&plan.step(), 0);
        let at = at + 4 * MIB + SMALLEST;
        assert_eq!((part(&plan), plan.is_unpooled), (at..at + 3 * MIB, true), "what came, but for a margin");
    }

    #[test]
    fn while_the_server_may_still_count_little_is_at_stake() {
        let mut plan = PushPlan { method: PushMethod::Parts(4 * MIB), ..PushPlan::new(100 * MIB) };
        plan.record_break(MIB, &plan.step(), 0);
        assert_eq!(part(&plan), MIB..MIB + SMALLEST);
        plan.advance_to(2 * MIB);
        assert_eq!(part(&plan), 2 * MIB..2 * MIB + SMALLEST, "it may count on");
        plan.record_accepted(&plan.step(), 0);
        assert_eq!(plan.step().length(), 3 * MIB / 4, "what came before the break, but for a margin");
        plan.record_break(plan.at, &plan.step(), 5 * MIB);
        assert_eq!(plan.step().length(), 5 * MIB, "no less than the server wants");
    }

    #[test]
    fn parts_stay_the_longer_as_they_are_the_more_breaks_there_were() {
        let mut plan = PushPlan::new(10_000 * MIB);
        for breaks in 1..20 {
            plan.record_break(plan.at + 4 * MIB, &plan.step(), 0);
            plan.record_accepted(&plan.step(), 0);
            for _ in 0..breaks.min(16) {
                plan.record_accepted(&plan.step(), 0);
                assert_eq!(plan.step().length(), 3 * MIB);
            }
            plan.record_accepted(&plan.step(), 0);
            assert_eq!(plan.step().length(), 6 * MIB);
        }
    }

    #[test]
    fn a_blob_begins_with_a_request_that_the_server_has_not_refused() {
        let none = UploadLimits::default();
        let of_all = UploadLimits { part: Some(MIB), is_for_whole: true, ..none };
        let of_parts = UploadLimits { part: Some(MIB), ..none };
        let no_whole = UploadLimits { has_refused_whole: true, ..none };
        let table = [
            (none, PushMethod::Whole, PART),
            (of_all, PushMethod::Parts(MIB), MIB),
            (of_parts, PushMethod::Whole, MIB),
            (no_whole, PushMethod::Rest, PART),
            (UploadLimits { has_refused_whole: true, ..of_parts }, PushMethod::Parts(MIB), MIB),
        ];
        for (limits, method, largest) in table {
            let plan = PushPlan::new(8 * MIB).within(&limits);
            assert_eq!((plan.method, plan.largest), (method, largest), "{limits:?}");
        }
        assert_eq!(PushPlan::new(MIB).within(&of_all).method, PushMethod::Whole);
    }

    #[test]
    fn little_is_sent_a_second_time_as_it_was() {
        let mut plan = PushPlan::new(MIB);
        let step = plan.step();
        plan.record_loss(&step, 0);
        assert_eq!(plan.step(), step);
        plan.record_loss(&step, 0);
        assert_eq!(part(&plan), 0..32 * KIB);
    }

    #[test]
    fn parts_are_as_large_as_the_server_wants_and_no_larger_than_it_takes() {
        let mut plan =
            PushPlan { method: PushMethod::Parts(MIB), largest: 3 * MIB, ..PushPlan::new(100 * MIB) };
        plan.record_accepted(&plan.step(), 2 * MIB);
        assert_eq!(plan.method, PushMethod::Parts(2 * MIB));
        plan.record_accepted(&plan.step(), 2 * MIB);
        assert_eq!(plan.method, PushMethod::Parts(3 * MIB));
        plan.record_break(5 * MIB + 1, &plan.step(), 2 * MIB);
        assert_eq!(plan.method, PushMethod::Parts(2 * MIB));
    }

    #[test]
    fn beginning_again_counts_until_it_brings_something_new() {
        let mut plan = PushPlan { method: PushMethod::Parts(MIB), ..PushPlan::new(100 * MIB) };
        for round in 1..4 {
            plan.record_break(100, &plan.step(), 0);
            assert_eq!(plan.failures, 0);
            plan.record_loss(&plan.step(), 0);
            assert_eq!((plan.failures, plan.at), (round, 0));
        }
        plan.record_break(101, &plan.step(), 0);
        plan.record_loss(&plan.step(), 0);
        assert_eq!(plan.failures, 1);
    }

    proptest! {
        /// Whatever happens, each request begins at the server's offset and ends within the blob, and a plan that makes
        /// no progress counts that as a failure.
        #[test]
        fn a_plan_stays_within_the_blob_and_ends(size in 0u64..200 * MIB, events in prop::collection::vec((0..3, 0u64..1000), 1..200)) {
            let mut plan = PushPlan::new(size);
            for (event, share) in events {
                let step = plan.step();
                prop_assert!(step.range.start == plan.at && step.range.end <= size);
                if step.closes && event == 0 {
                    break;
                }
                match event {
                    0 => plan.record_accepted(&step, 0),
                    1 => plan.record_break(step.range.start + step.length() * share / 1000, &step, 0),
                    _ => plan.record_loss(&step, 0),
                }
                prop_assert!(plan.at > step.range.start || plan.failures > 0);
            }
        }

        /// A line cuts every connection after so many bytes, in front of a server that then keeps nothing. Parts must
        /// come through, and no more than a tenth may be sent in vain, as long as the first try, which finds it out,
        /// does not cost that much by itself.
        #[test]
        fn little_is_sent_in_vain_over_a_line_that_cuts(size in 20 * MIB..400 * MIB, line in 64 * KIB..MIB) {
            let mut plan = PushPlan::new(size);
            let mut sent = 0;
            for _ in 0..100_000 {
                let step = plan.step();
                sent += step.length().min(line);
                match step.length() < line {
                    true if step.closes => break,
                    true => plan.record_accepted(&step, 0),
                    false => plan.record_loss(&step, 0),
                }
                prop_assert!(plan.failures < 4);
            }
            prop_assert!(plan.at == size && sent <= size * 11 / 10, "{} of {}", sent, size);
        }
    }
}
