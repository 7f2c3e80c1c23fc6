//! The URL at which an upload continues: the `Location` of its responses, distribution-spec § Pushing a blob in chunks.
//!
//! It may be a path or a URL, and its query is the server's own business: it is kept as it is and only added to.

use reqwest::Url;
use reqwest::header::LOCATION;

use crate::client::error::Cause;
use crate::client::http::origin::Origin;
use crate::client::http::redirect;
use crate::client::http::request::HttpAnswer;
use crate::model::digest::Digest;

/// Returns the location that a response of `own` names. Fails if it must not be contacted.
///
/// A registry behind a proxy often takes itself for `http://same-host:inner-port`: that is led back to its own origin.
/// Any other origin is one that the user must have allowed ([`crate::client::http::Http::check_write`]); it gets the bytes and
/// no credentials.
pub(crate) fn resolve(answer: &HttpAnswer, own: &Url, registry_is_loopback: bool) -> Result<Url, Cause> {
    let location = answer.headers.get(LOCATION);
    let location =
        location.ok_or_else(|| Cause::BadAnswer("the answer to an upload has no `Location`".into()))?;
    let location = String::from_utf8_lossy(location.as_bytes());
    let next = answer.url.join(&location);
    let next = next.map_err(|_| Cause::BadAnswer("the `Location` of an upload is no address".into()))?;
    let next = upgrade_scheme(next, own);
    redirect::check(own, &next, registry_is_loopback).map_err(|why| Cause::Redirect(why.into()))?;
    Ok(next)
}

/// Adds `digest` to the query of a location, which closes the upload.
pub(crate) fn with_digest(location: &Url, digest: &Digest) -> Url {
    let mut url = location.clone();
    url.query_pairs_mut().append_pair("digest", &digest.to_string());
    url
}

fn upgrade_scheme(next: Url, own: &Url) -> Url {
    let is_same_host =
        Origin::of(&next).zip(Origin::of(own)).is_some_and(|(next, own)| next.is_same_host(&own));
    if !(is_same_host && next.scheme() == "http" && own.scheme() == "https") {
        return next;
    }
    let mut url = own.clone();
    url.set_path(next.path());
    url.set_query(next.query());
    url
}

/// Returns the offset after the last byte that a server says it has: `Range: 0-<last>`, with or without `bytes=`.
/// Returns `None` if it does not say, or says `0-0`, which is one byte or none.
pub(crate) fn received_bytes(answer: &HttpAnswer) -> Option<u64> {
    let range = answer.header("range")?.trim();
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    let (first, last) = range.split_once('-')?;
    match (first.trim(), last.trim().parse::<u64>().ok()?) {
        ("0", last) if last > 0 => last.checked_add(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RANGE};

    use super::*;

    fn answer(asked: &str, name: HeaderName, value: &str) -> HttpAnswer {
        let value = HeaderValue::from_str(value).expect("a value");
        let headers = HeaderMap::from_iter([(name, value)]);
        HttpAnswer {
            status: 202,
            headers,
            body: Bytes::new(),
            url: asked.parse().expect("a url"),
            _hold: None,
        }
    }

    /// docs/REGISTRIES.md §8.3, §10 row 29.
    #[test]
    fn a_location_is_taken_as_it_is_but_kept_to_safe_places() {
        let own = "https://r.test:444/v2/a/blobs/uploads/";
        let table = [
            (
                "/v2/a/blobs/uploads/1?_state=A-b_%2f",
                Some("https://r.test:444/v2/a/blobs/uploads/1?_state=A-b_%2f"),
            ),
            ("1?x=1", Some("https://r.test:444/v2/a/blobs/uploads/1?x=1")),
            ("https://r.test:444/u/1", Some("https://r.test:444/u/1")),
            ("http://r.test:5000/u/1?s=2", Some("https://r.test:444/u/1?s=2")),
            ("https://storage.test/u?sig=a%2Bb", Some("https://storage.test/u?sig=a%2Bb")),
            ("//storage.test/u", Some("https://storage.test/u")),
            ("http://storage.test/u", None),
            ("https://169.254.169.254/u", None),
            ("https://me@storage.test/u", None),
            ("file:///etc/passwd", None),
        ];
        for (location, expected) in table {
            let answer = answer(own, LOCATION, location);
            let found = resolve(&answer, &own.parse().expect("a url"), false).ok().map(String::from);
            assert_eq!(found.as_deref(), expected, "{location}");
        }
        let url = "https://r.test/u?_state=A%2fb".parse().expect("a url");
        let closed = with_digest(&url, &Digest::sha256(b"")).to_string();
        assert!(closed.starts_with("https://r.test/u?_state=A%2fb&digest=sha256%3Ae3b0"), "{closed}");
    }

    #[test]
    fn the_range_that_a_server_has_is_believed_only_if_it_is_clear() {
        let table = [
            ("0-1023", Some(1024)),
            ("bytes=0-9", Some(10)),
            ("0-0", None),
            ("5-9", None),
            ("0-18446744073709551615", None),
            ("", None),
            ("0", None),
        ];
        for (range, expected) in table {
            assert_eq!(received_bytes(&answer("https://r.test/", RANGE, range)), expected, "{range}");
        }
    }
}
