//! The requests that a server still answers before it refuses them, as its headers say.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::plural::group_thousands;

/// A count that starts anew this soon is no budget: it only evens out the load, and `Retry-After` handles it.
const SHORT: Duration = Duration::from_secs(60);
/// The number of requests that is low if the server names no limit.
const LOW: u64 = 20;

/// The requests that are left at a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestBudget {
    /// The number of requests that are left.
    pub left: u64,
    /// The number of requests in a window. `None` if the server does not say it.
    pub limit: Option<u64>,
    /// The length of a window. `None` if the server does not say it.
    pub window: Option<Duration>,
    /// The time at which the count starts anew. `None` if the server does not say it.
    pub renews_at: Option<Timestamp>,
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
        let is_over = self.renews_at.is_some_and(|at| at <= now);
        let is_short = self.window.is_some_and(|window| window <= SHORT)
            || self.renews_at.is_some_and(|at| at.duration_since(now).unsigned_abs() <= SHORT);
        let most = self.limit.map_or(LOW * 4 / part, |limit| limit / part);
        !is_over && !is_short && self.left <= most
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
            renews_at: None,
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
}
