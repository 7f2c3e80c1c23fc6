//! The requests that a server still answers before it refuses them, as its headers say.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::plural::{counted, group_thousands};
use super::reference::Host;

/// A count that starts anew this soon is no budget: it only evens out the load, and `Retry-After` handles it.
const SHORT: Duration = Duration::from_secs(60);
/// The number of requests that is low if the server names no limit.
const LOW: u64 = 20;
/// Work that needs fewer requests than this states them only if they do not suffice, or if few are left.
const MANY: u64 = 20;

/// The requests that a server counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CountedRequests {
    /// All of them.
    #[default]
    All,
    /// Those that read a manifest. A HEAD is free: docs/REGISTRIES.md §2.3.
    ManifestReads,
}

/// The requests that some work sends to one server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestCount {
    /// All of them.
    pub all: u64,
    /// Those of them that read a manifest.
    pub manifest_reads: u64,
}

impl RequestCount {
    /// Returns the count of requests that each read a manifest.
    pub(crate) fn of_manifest_reads(reads: usize) -> RequestCount {
        RequestCount { all: reads as u64, manifest_reads: reads as u64 }
    }

    /// Returns the count of requests that read no manifest.
    pub(crate) fn of_others(requests: usize) -> RequestCount {
        RequestCount { all: requests as u64, manifest_reads: 0 }
    }

    /// Returns the number of those that a server counts.
    pub(crate) fn counted_as(&self, counts: CountedRequests) -> u64 {
        match counts {
            CountedRequests::All => self.all,
            CountedRequests::ManifestReads => self.manifest_reads,
        }
    }
}

/// The requests that are left at a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestBudget {
    /// The number of requests that are left.
    pub left: u64,
    /// The number of requests in a window. `None` if the server does not say it.
    pub limit: Option<u64>,
    /// The length of a window. `None` if the server does not say it.
    pub window: Option<Duration>,
    /// The time at which the count starts anew. `None` if the server does not say it.
    pub renews_at: Option<Timestamp>,
    /// The requests that are counted.
    pub counts: CountedRequests,
}

impl RequestBudget {
    /// Returns whether it is worth being shown: a quarter of it is left at most.
    pub fn is_low(&self, now: Timestamp) -> bool {
        self.is_at_most(4, now)
    }

    /// Returns whether the rest is kept for the user's own requests: a tenth of it is left at most.
    pub fn is_nearly_spent(&self, now: Timestamp) -> bool {
        self.is_at_most(10, now)
    }

    fn is_at_most(&self, part: u64, now: Timestamp) -> bool {
        let most = self.limit.map_or(LOW * 4 / part, |limit| limit / part);
        self.is_in_force(now) && self.left <= most
    }

    /// Returns whether the count still holds, and for longer than a moment.
    fn is_in_force(&self, now: Timestamp) -> bool {
        let is_over = self.renews_at.is_some_and(|at| at <= now);
        let is_short = self.window.is_some_and(|window| window <= SHORT)
            || self.renews_at.is_some_and(|at| at.duration_since(now).unsigned_abs() <= SHORT);
        !is_over && !is_short
    }
}

/// The counted requests that some work needs at a registry, and those that are left there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestNeed {
    /// The registry.
    pub host: Host,
    /// About the number of requests that are needed and count.
    pub needed: u64,
    /// The requests that are left.
    pub budget: RequestBudget,
}

impl RequestNeed {
    /// Returns the need of some work if it is worth being stated: it is large, few requests are left, or they do not
    /// suffice.
    pub(crate) fn worth_stating(
        host: &Host,
        count: RequestCount,
        budget: RequestBudget,
        now: Timestamp,
    ) -> Option<RequestNeed> {
        let needed = count.counted_as(budget.counts);
        let need = RequestNeed { host: host.clone(), needed, budget };
        let is_worth = needed >= MANY || budget.is_low(now) || !need.fits();
        (needed > 0 && budget.is_in_force(now) && is_worth).then_some(need)
    }

    /// Returns whether the requests that are left suffice.
    pub fn fits(&self) -> bool {
        self.needed <= self.budget.left
    }
}

/// Writes the need: `about 40 of 87 requests left at docker.io`.
impl fmt::Display for RequestNeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let left = counted(number(self.budget.left), "request", "requests");
        write!(f, "about {} of {left} left at {}", group_thousands(number(self.needed)), self.host)
    }
}

/// Writes the budget: `12 of 100 requests left`, with the length of a window if it is known: `in 6 h`.
impl fmt::Display for RequestBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number: u64| group_thousands(usize::try_from(number).unwrap_or(usize::MAX));
        write!(f, "{}", number(self.left))?;
        if let Some(limit) = self.limit {
            write!(f, " of {}", number(limit))?;
        }
        f.write_str(" requests left")?;
        match self.window.map(|window| window.as_secs()) {
            Some(seconds) if seconds > 0 && seconds % 3600 == 0 => write!(f, " in {} h", seconds / 3600),
            Some(seconds) if seconds >= 60 => write!(f, " in {} min", seconds / 60),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_low_by_its_limit_and_not_if_it_renews_soon() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().expect("a time");
        let hub = |left| RequestBudget {
            left,
            limit: Some(100),
            window: Some(Duration::from_secs(21_600)),
            ..RequestBudget::default()
        };
        let states = |budget: RequestBudget| (budget.is_low(now), budget.is_nearly_spent(now));
        assert_eq!([hub(26), hub(25), hub(11)].map(states), [(false, false), (true, false), (true, false)]);
        assert_eq!([hub(10), hub(0)].map(states), [(true, true); 2]);
        let unknown = |left| RequestBudget { limit: None, window: None, ..hub(left) };
        assert_eq!(
            [unknown(21), unknown(20), unknown(8)].map(states),
            [(false, false), (true, false), (true, true)]
        );
        let renews = |seconds: i64| {
            let at = now.checked_add(jiff::Span::new().seconds(seconds)).expect("a time");
            RequestBudget { renews_at: Some(at), window: None, ..hub(0) }
        };
        assert_eq!(
            [renews(-1), renews(30), renews(3600)].map(states),
            [(false, false), (false, false), (true, true)]
        );
        assert_eq!(hub(12).to_string(), "12 of 100 requests left in 6 h");
        assert_eq!(unknown(1200).to_string(), "1,200 requests left");
    }

    #[test]
    fn a_need_is_stated_if_it_is_large_or_does_not_fit_and_counts_only_requests_that_the_server_counts() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().expect("a time");
        let host = Host::parse("docker.io").expect("a host");
        let hub = |left| RequestBudget {
            left,
            limit: Some(100),
            window: Some(Duration::from_secs(21_600)),
            counts: CountedRequests::ManifestReads,
            ..RequestBudget::default()
        };
        let need = |all, manifest_reads, budget| {
            RequestNeed::worth_stating(&host, RequestCount { all, manifest_reads }, budget, now)
                .map(|need| (need.to_string(), need.fits()))
        };
        let stated = |text: &str, fits| Some((text.to_string(), fits));
        assert_eq!(need(300, 140, hub(87)), stated("about 140 of 87 requests left at docker.io", false));
        assert_eq!(need(300, 40, hub(87)), stated("about 40 of 87 requests left at docker.io", true));
        assert_eq!(need(300, 5, hub(87)), None);
        assert_eq!(need(300, 0, hub(0)), None);
        assert_eq!(need(2, 1, hub(1)), stated("about 1 of 1 request left at docker.io", true));
        let all = RequestBudget { counts: CountedRequests::All, ..hub(87) };
        assert_eq!(need(300, 5, all), stated("about 300 of 87 requests left at docker.io", false));
        let short = RequestBudget { window: Some(Duration::from_secs(60)), ..hub(0) };
        assert_eq!(need(300, 140, short), None);
    }
}
