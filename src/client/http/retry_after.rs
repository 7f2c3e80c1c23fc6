//! The `Retry-After` header: RFC 9110 § 10.2.3, as registries write it.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// A number of seconds from which on `Retry-After` can only be a point in time (Docker Hub has sent such).
const EPOCH_FROM: i64 = 1_000_000_000;

/// Returns how long the server asks to wait, if it says so in a known form.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match value.parse::<i64>() {
        Ok(seconds) if seconds >= EPOCH_FROM => seconds.checked_sub(now.as_second())?,
        Ok(seconds) => seconds,
        Err(_) => DateTimeParser::new().parse_timestamp(value).ok()?.as_second() - now.as_second(),
    };
    Some(Duration::from_secs(seconds.max(0).unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &str) -> Option<u64> {
        let now = Timestamp::from_second(1_800_000_000).expect("a date");
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().expect("a value"))]);
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    /// docs/RELIABILITY.md F5, docs/REGISTRIES.md §10 row 36.
    #[test]
    fn a_server_may_say_when_in_three_ways() {
        let table = [
            ("5", Some(5)),
            ("86400", Some(86_400)),
            ("-3", Some(0)),
            ("1800000030", Some(30)),
            ("1799999999", Some(0)),
            ("Fri, 15 Jan 2027 08:00:10 GMT", Some(10)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("soon", None),
            ("99999999999999999999999", None),
            ("", None),
        ];
        for (value, expected) in table {
            assert_eq!(wait(value), expected, "{value}");
        }
    }
}
