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

/// Returns the budget that an answer of a server which counts these requests tells of, if it does. Of several, the one that is
/// spent first counts.
pub(crate) fn budget(headers: &HeaderMap, counts: CountedRequests, now: Timestamp) -> Option<RequestBudget> {
    let all = |name: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.collect::<Vec<_>>().join(",")
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let first = |names: [&str; 3]| names.into_iter().find_map(text);
    let (structured, policies) = (all("ratelimit"), all("ratelimit-policy"));
    let structured = scarcest(&structured);
    let policy = structured.and_then(|item| policies.split(',').find(|policy| name(policy) == name(item)));
    let policy = policy.or_else(|| policies.split(',').next());
    let remaining = ["ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining"];
    // A proxy may add a header of its own.
    let remaining = remaining.map(all).into_iter().find(|values| !values.is_empty()).unwrap_or_default();
    let left = match (remaining.split(',').filter_map(number).min(), structured) {
        (Some(left), _) => left,
        (None, Some(structured)) => left_of(structured)?,
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
    // Not more can be left than there are.
    let left = limit.map_or(left, |limit| left.min(limit));
    Some(RequestBudget { left, limit, window: window.map(Duration::from_secs), renews_at, counts })
}

/// Returns the item of a `RateLimit` header of which the least is left. In an older draft the whole header is one item.
fn scarcest(header: &str) -> Option<&str> {
    if parameter(header, "remaining").is_some() {
        return Some(header);
    }
    header.split(',').filter(|item| left_of(item).is_some()).min_by_key(|item| left_of(item))
}

/// Returns the number of requests that an item says are left.
fn left_of(item: &str) -> Option<u64> {
    parameter(item, "r").or_else(|| parameter(item, "remaining"))
}

/// Returns the name of an item: `"default"` of `"default";r=50;t=30`.
fn name(item: &str) -> &str {
    item.split(';').next().unwrap_or_default().trim()
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
        // Of several policies, the first to be spent counts, wherever it stands.
        let several = [
            ("ratelimit", "\"burst\";r=100;t=5, \"daily\";r=3;t=7200"),
            ("ratelimit-policy", "\"burst\";q=200;w=10, \"daily\";q=500;w=86400"),
        ];
        assert_eq!(read(&several), Some((3, Some(500), Some(86_400), Some(7200))));
        let lines =
            [("ratelimit", "\"a\";r=9"), ("ratelimit", "\"b\";r=2"), ("ratelimit-policy", "\"b\";q=5")];
        assert_eq!(read(&lines), Some((2, Some(5), None, None)));
        let proxy = [("ratelimit-remaining", "90"), ("ratelimit-remaining", "4"), ("ratelimit-limit", "100")];
        assert_eq!(read(&proxy), Some((4, Some(100), None, None)));
        let more = [("ratelimit-remaining", "9999"), ("ratelimit-limit", "100;w=21600")];
        assert_eq!(read(&more), Some((100, Some(100), Some(21_600), None)));
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
