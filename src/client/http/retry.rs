//! Rules for sending a request again, and for the wait before that. This module obeys `Retry-After`.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The timeouts and the number of tries. Tests use shorter ones.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// For connecting.
    pub connect: Duration,
    /// For a server on this machine to answer a TLS greeting, before it is asked in plain HTTP as well.
    pub silence: Duration,
    /// For the head of a response.
    pub headers: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
    /// Bytes a second that a body must bring on average, once the client has waited for it longer than `idle`.
    pub min_bytes_per_second: u64,
    /// Tries of one request, the first included.
    pub tries: u32,
    /// The wait before the second try. It is doubled before each further one.
    pub backoff: Duration,
    /// The longest wait that a server may impose. If it asks for more, the request fails instead.
    pub longest_wait: Duration,
    /// For a credential helper.
    pub helper: Duration,
    /// For a server that accepted a change to show it: some put deletes off by seconds.
    pub visibility: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(10),
            silence: Duration::from_millis(300),
            headers: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            min_bytes_per_second: 1024,
            tries: 4,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            helper: Duration::from_secs(10),
            visibility: Duration::from_secs(10),
        }
    }
}

/// A number of seconds from which on `Retry-After` can only be a point in time (Docker Hub has sent such).
const EPOCH_FROM: i64 = 1_000_000_000;

/// Returns whether a request that was answered with this status may succeed the next time.
pub fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 522)
}

/// Returns how long the server asks to wait, if it says so in a known form.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match value.parse::<i64>() {
        Ok(seconds) if seconds >= EPOCH_FROM => seconds.checked_sub(now.as_second())?,
        Ok(seconds) => seconds,
        Err(_) => DateTimeParser::new().parse_timestamp(value).ok()?.as_second() - now.as_second(),
    };
    Some(Duration::from_secs(seconds.max(0).unsigned_abs()))
}

/// Returns the wait before try number `tries + 1`. It doubles each time, with a random fifth more or less so that many
/// clients do not return at once.
pub fn backoff(timeouts: &Timeouts, tries: u32) -> Duration {
    let doubled = timeouts.backoff.saturating_mul(1 << tries.saturating_sub(1).min(10));
    let random = RandomState::new().hash_one(tries) % 1000;
    doubled.mul_f64(0.8 + 0.4 * random as f64 / 1000.0).min(timeouts.longest_wait)
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

    #[test]
    fn waits_double_and_have_an_end() {
        let timeouts = Timeouts::default();
        for tries in 1..40 {
            let wait = backoff(&timeouts, tries);
            let middle = timeouts.backoff.saturating_mul(1 << (tries - 1).min(10));
            assert!(wait <= timeouts.longest_wait);
            assert!(wait >= middle.mul_f64(0.79).min(timeouts.longest_wait) && wait <= middle.mul_f64(1.21));
        }
    }
}
