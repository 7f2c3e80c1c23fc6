//! The one place that formats points in time. The clock is an argument.

use jiff::Timestamp;

/// Returns whether a date is a builder's stand-in for "no date": 1980 or before (`SOURCE_DATE_EPOCH=0`, zip's epoch,
/// Go's zero).
pub(crate) fn is_reproducible(created: Timestamp) -> bool {
    created.as_second() < 347_155_200 // 1981-01-01T00:00:00Z
}

/// Formats an age as [`age`] does, for a narrow column.
pub(crate) fn short_age(created: Timestamp, now: Timestamp) -> String {
    if is_reproducible(created) { "no date".into() } else { age(created, now) }
}

/// Formats an age in one unit, as lists show it: `3 days`, `5 min`, `reproducible`.
pub(crate) fn age(created: Timestamp, now: Timestamp) -> String {
    if is_reproducible(created) {
        return "reproducible".into();
    }
    let seconds = now.as_second() - created.as_second();
    let (count, unit) = match seconds {
        ..0 => return "future".into(),
        0..60 => return "just now".into(),
        60..3_600 => return format!("{} min", seconds / 60),
        3_600..86_400 => (seconds / 3_600, "hour"),
        86_400..1_209_600 => (seconds / 86_400, "day"),
        1_209_600..5_184_000 => (seconds / 604_800, "week"),
        5_184_000..63_072_000 => (seconds / 2_592_000, "month"),
        _ => (seconds / 31_536_000, "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// Formats the time that is left until a date, in one unit.
pub(crate) fn short_left(end: Timestamp, now: Timestamp) -> String {
    if end <= now { "expired".into() } else { age(now, end) }
}

/// Formats a date in UTC: `2026-03-01`.
pub(crate) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// Formats a date and time in UTC to the second: `2026-03-01 12:30:05 UTC`.
pub(crate) fn absolute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_unit() {
        let now = Timestamp::from_second(2_000_000_000).expect("a date");
        let table = [
            (0, "just now"),
            (59, "just now"),
            (60, "1 min"),
            (3_600, "1 hour"),
            (7_200, "2 hours"),
            (86_400, "1 day"),
            (86_400 * 13, "13 days"),
            (86_400 * 14, "2 weeks"),
            (86_400 * 61, "2 months"),
            (86_400 * 365, "12 months"),
            (86_400 * 365 * 3, "3 years"),
            (-5, "future"),
            (2_000_000_000, "reproducible"),
        ];
        for (seconds, expected) in table {
            let created = Timestamp::from_second(2_000_000_000 - seconds).expect("a date");
            assert_eq!(age(created, now), expected, "{seconds}");
        }
        let later = Timestamp::from_second(2_000_000_000 + 86_400 * 3).expect("a date");
        assert_eq!((short_left(later, now), short_left(now, later)), ("3 days".into(), "expired".into()));
        assert_eq!(absolute(now), "2033-05-18 03:33:20 UTC");
        assert!(is_reproducible(Timestamp::UNIX_EPOCH) && !is_reproducible(now));
    }
}
