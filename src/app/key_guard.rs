//! Prevents keys that were pressed before something was on the screen from confirming it: a paste, a held key, a key
//! typed ahead.

use jiff::{SignedDuration, Timestamp};

/// The time for which newly shown text accepts no key. Each key that comes too early extends it by the same time.
pub(crate) const QUIET: SignedDuration = SignedDuration::from_millis(250);
/// Keys that arrive closer together than this are not typed by hand.
const APART: SignedDuration = SignedDuration::from_millis(30);

/// Guards one thing that can be confirmed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyGuard {
    until: Timestamp,
    last: Timestamp,
}

impl KeyGuard {
    /// Creates a guard for something that appears now.
    pub(crate) fn from(now: Timestamp) -> KeyGuard {
        KeyGuard { until: later(now, QUIET), last: now }
    }

    /// Returns whether a key counts. A key that comes too early does not, nor does one that follows it without a pause.
    pub(crate) fn accepts_key(&mut self, now: Timestamp) -> bool {
        if now < self.until {
            self.until = later(now, QUIET);
            return false;
        }
        true
    }

    /// Returns whether a key that counts may also confirm. It may if a hand can have pressed it after the key before.
    pub(crate) fn can_confirm(&self, now: Timestamp) -> bool {
        now.duration_since(self.last).abs() >= APART
    }

    /// Notes that a key came.
    pub(crate) fn record_key(&mut self, now: Timestamp) {
        self.last = now;
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).expect("a time")
    }

    #[test]
    fn keys_typed_ahead_and_keys_right_after_them_do_not_count() {
        let mut guard = KeyGuard::from(at(0));
        assert!(!guard.accepts_key(at(0)) && !guard.accepts_key(at(200)));
        assert!(!guard.accepts_key(at(300)), "it follows the key at 200 too closely");
        assert!(guard.accepts_key(at(550)) && guard.accepts_key(at(551)));
    }

    #[test]
    fn a_key_that_comes_with_another_one_confirms_nothing() {
        let mut guard = KeyGuard::from(at(0));
        guard.record_key(at(1_000));
        assert!(!guard.can_confirm(at(1_000)) && !guard.can_confirm(at(1_010)));
        assert!(guard.can_confirm(at(1_040)));
    }
}
