//! The headers by which servers tell how many requests are left. Docker Hub counts the reads of manifests:
//! docs/REGISTRIES.md §2.3; GitHub and others use `X-RateLimit-*`; `RateLimit` is
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/>, of which earlier drafts had a header a value.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

use crate::model::request_budget::{CountedRequests, RequestBudget};

/// A number from which on `X-RateLimit-Reset` is a time and no number of seconds.
const IS_TIME: u64 = 1_000_000_000;
/// The longest window that is believed.
const LONGEST: u64 = 90 * 24 * 3600;

/// Returns the budget that an answer of a server which counts these requests tells of, if it does.
pub(crate) fn budget(headers: &HeaderMap, counts: CountedRequests, now: Timestamp) -> Option<RequestBudget> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let first = |names: [&str; 3]| names.into_iter().find_map(text);
    let structured = text("ratelimit");
    let policy = text("ratelimit-policy");
    let left = first(["ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining"]);
    let left = match (left.and_then(number), structured) {
        (Some(left), _) => left,
        (None, Some(structured)) => {
            parameter(structured, "r").or_else(|| parameter(structured, "remaining"))?
        }
        (None, None) => return None,
    };
    let limits = first(["ratelimit-limit", "x-ratelimit-limit", "x-rate-limit-limit"]);
    let limit = limits
        .and_then(number)
        .or_else(|| structured.and_then(|text| parameter(text, "limit")))
        .or_else(|| policy.and_then(|text| parameter(text, "q")));
    if limit == Some(0) {
        // The server answers, so this is no limit.
        return None;
    }
    let window = limits
        .and_then(|text| parameter(text, "w"))
        .or_else(|| policy.and_then(|text| parameter(text, "w")))
        .filter(|seconds| *seconds <= LONGEST);
    let reset = first(["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"])
        .and_then(number)
        .or_else(|| structured.and_then(|text| parameter(text, "t").or_else(|| parameter(text, "reset"))));
    let renews_at = match reset {
        Some(at @ IS_TIME..) => i64::try_from(at).ok().and_then(|at| Timestamp::from_second(at).ok()),
        Some(seconds @ ..=LONGEST) => now.checked_add(Duration::from_secs(seconds)).ok(),
        _ => None,
    };
    Some(RequestBudget { left, limit, window: window.map(Duration::from_secs), renews_at, counts })
}

/// Returns the number at the beginning of a value: `76` of `76;w=21600`.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..digits].parse().ok()
}

/// Returns a parameter of a value: `w` of `100;w=21600`, `r` of `"default";r=50;t=30`, `remaining` of
/// `limit=100, remaining=50`.
fn parameter(text: &str, name: &str) -> Option<u64> {
    let mut parts = text.split([';', ',']).filter_map(|part| part.trim().split_once('='));
    parts.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).and_then(|(_, value)| number(value))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn the_headers_of_all_kinds_of_servers_are_read() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().expect("a time");
        let read = |headers: &[(&'static str, &'static str)]| {
            let pair = |(name, value): &(&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            budget(&headers.iter().map(pair).collect(), CountedRequests::All, now).map(|budget| {
                let renews = budget.renews_at.map(|at| at.duration_since(now).as_secs());
                (budget.left, budget.limit, budget.window.map(|window| window.as_secs()), renews)
            })
        };
        let hub = [("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "76;w=21600")];
        assert_eq!(read(&hub), Some((76, Some(100), Some(21_600), None)));
        let github = [
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "4999"),
            // 12:30 of the same day.
            ("x-ratelimit-reset", "1795869000"),
        ];
        assert_eq!(read(&github), Some((4999, Some(5000), None, Some(1800))));
        let draft = [("ratelimit-limit", "10"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "50")];
        assert_eq!(read(&draft), Some((0, Some(10), None, Some(50))));
        let structured =
            [("ratelimit", "\"default\";r=50;t=30"), ("ratelimit-policy", "\"default\";q=100;w=60")];
        assert_eq!(read(&structured), Some((50, Some(100), Some(60), Some(30))));
        let older = [("ratelimit", "limit=100, remaining=50, reset=5")];
        assert_eq!(read(&older), Some((50, Some(100), None, Some(5))));
        let never = [("ratelimit-limit", "0;w=21600"), ("ratelimit-remaining", "0;w=21600")];
        assert_eq!(read(&never), None);
        for odd in [
            [("ratelimit-remaining", "many")],
            [("ratelimit-remaining", "-1")],
            [("ratelimit-remaining", "99999999999999999999999")],
            [("ratelimit-limit", "100")],
            [("ratelimit", "\"default\"")],
        ] {
            assert_eq!(read(&odd), None, "{odd:?}");
        }
        let far = [("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "18446744073709551615")];
        assert_eq!(read(&far), Some((1, None, None, None)));
    }
}
