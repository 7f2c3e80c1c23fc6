//! Continues the body of a response whose connection broke: RFC 9110 § 14.2 (`Range`), § 13.1.5 (`If-Range`).
//!
//! Only bodies that can be proved are put together from parts: by the digest that was requested, or else by the digest or
//! the entity tag that the server gave with the first part and gives again. docs/REGISTRIES.md §8.5.

use std::time::Duration;

use bytes::BytesMut;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_RANGE, RANGE};

use super::content_encoding;
use super::large_bodies::{LARGE, LargeBodyPermit, LargeBodyPermits};
use crate::client::error::Cause;
use crate::model::digest::Digest;

/// The name that a server gives to a manifest or a blob.
const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Bytes that a connection must have brought to count as progress, unless the body is at its end.
pub(crate) const PROGRESS: u64 = 1024;

/// The proof that the parts of a body belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartsProof {
    /// The body has this digest.
    Digest(Digest),
    /// The server names the same digest or entity tag with each part.
    Validators,
}

/// The body of a response as far as it came, over one connection or several.
#[derive(Debug, Default)]
pub(crate) struct Partial {
    /// The bytes so far.
    pub(crate) body: BytesMut,
    /// How long the client has waited for them, over all connections.
    pub(crate) waited: Duration,
    /// The headers that came with the first part.
    first: HeaderMap,
    /// Whether the bytes came over more than one connection.
    is_resumed: bool,
    /// Whether the server is not asked for a part any more.
    is_refused: bool,
    /// The permit to keep a large part.
    permit: Option<LargeBodyPermit>,
}

impl Partial {
    /// Returns the headers that request the rest of the body, or `None` if the whole body has to be requested.
    pub(crate) fn rest_headers(&self, proof: Option<PartsProof>) -> Option<HeaderMap> {
        if self.body.is_empty() || self.is_refused {
            return None;
        }
        let range = HeaderValue::from_str(&format!("bytes={}-", self.body.len())).ok()?;
        let mut headers = HeaderMap::from_iter([(RANGE, range)]);
        if proof? == PartsProof::Validators {
            match self.strong_entity_tag() {
                Some(tag) => drop(headers.insert(IF_RANGE, tag.clone())),
                None => drop(self.first.get(DIGEST)?),
            }
        }
        Some(headers)
    }

    /// Notes the head of a success. Keeps the bytes so far if it begins the requested rest of them, and forgets them if
    /// the server begins anew. Fails if it does neither.
    pub(crate) fn begin(
        &mut self,
        rest_of: Option<PartsProof>,
        status: u16,
        headers: &HeaderMap,
    ) -> Result<(), Cause> {
        if let Some(proof) = rest_of.filter(|_| status == 206) {
            let at = self.body.len() as u64;
            let fits = check_content_range(headers, at, None).is_ok() && self.is_same(headers, proof);
            self.is_resumed = true;
            return if fits { Ok(()) } else { Err(self.refuse("the server continued with another part")) };
        }
        self.clear();
        self.first = headers.clone();
        Ok(())
    }

    /// Notes that the connection broke. Forgets bytes that cannot be continued, and large parts if several are kept.
    pub(crate) fn keep(&mut self, proof: Option<PartsProof>, large: &LargeBodyPermits) {
        let is_compressed =
            content_encoding::of(&self.first).is_gzip() || content_encoding::is_compressed(&self.body);
        if proof.is_none() || is_compressed {
            self.clear();
        } else if self.body.len() > LARGE && self.permit.is_none() {
            self.permit = large.clone().try_acquire_owned().ok();
            if self.permit.is_none() {
                self.body.truncate(LARGE);
            }
        }
    }

    /// Returns whether the last connection continued the body.
    pub(crate) fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Returns whether a refusal may be about the range alone, and forgets the bytes then.
    pub(crate) fn may_be_about_range(&mut self, status: Option<u16>) -> bool {
        let is_about_range = matches!(status, Some(400 | 405 | 406 | 412 | 416 | 501));
        if is_about_range {
            self.refuse("");
        }
        is_about_range
    }

    /// Fails if the parts of a whole body do not have the digest that they must have.
    pub(crate) fn check(&mut self, proof: Option<PartsProof>, body: &[u8]) -> Result<(), Cause> {
        let named = || self.first.get(DIGEST)?.to_str().ok()?.parse().ok();
        let digest: Option<Digest> = match proof {
            Some(PartsProof::Digest(digest)) => Some(digest),
            _ => named(),
        };
        if self.is_resumed && digest.is_some_and(|digest| digest.same_algorithm_of(body) != digest) {
            return Err(self.refuse("the parts of the answer do not belong together"));
        }
        Ok(())
    }

    /// Returns whether a part may belong to the bytes so far: its headers do not name other content, and there is
    /// something that proves it, if only in the end.
    fn is_same(&self, headers: &HeaderMap, proof: PartsProof) -> bool {
        let agrees = |name: &HeaderName| Some(self.first.get(name)? == headers.get(name)?);
        let (digest, tag) = (agrees(&DIGEST), agrees(&ETAG));
        let is_proved = matches!(proof, PartsProof::Digest(_))
            || self.first.contains_key(DIGEST)
            || (tag == Some(true) && self.strong_entity_tag().is_some());
        let is_compressed = content_encoding::of(headers).is_gzip();
        is_proved && !is_compressed && digest != Some(false) && tag != Some(false)
    }

    fn strong_entity_tag(&self) -> Option<&HeaderValue> {
        self.first.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\""))
    }

    fn refuse(&mut self, why: &'static str) -> Cause {
        self.clear();
        self.is_refused = true;
        Cause::Connection(why.into())
    }

    fn clear(&mut self) {
        self.body.clear();
        self.first.clear();
        self.is_resumed = false;
        self.permit = None;
    }
}

/// Checks that a 206 is the requested rest: `Content-Range: bytes <first>-<last>/<total>`, RFC 9110 § 14.4.
pub(crate) fn check_content_range(
    headers: &HeaderMap,
    at: u64,
    size: Option<u64>,
) -> Result<(), &'static str> {
    let range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let range = range.and_then(|range| range.trim().strip_prefix("bytes "));
    let Some((range, total)) = range.and_then(|range| range.split_once('/')) else {
        return Err("a part of the blob has no valid `Content-Range`");
    };
    let first = range.split_once('-').and_then(|(first, _)| first.trim().parse::<u64>().ok());
    let total = total.trim().parse::<u64>().ok();
    if first != Some(at) {
        return Err("the server sent another part of the blob than requested");
    }
    match total.zip(size) {
        Some((total, size)) if total != size => Err("the blob has another size than its descriptor says"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::client::http::large_bodies::large_body_permits;

    const WHOLE: &[u8] = b"{\"a\": \"manifest\"}";

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), value.parse().expect("a value"))
        };
        of.iter().map(header).collect()
    }

    /// The first five bytes, over a connection that broke.
    fn broken(first: &[(&'static str, &str)], proof: Option<PartsProof>) -> Partial {
        let mut partial = Partial::default();
        partial.begin(None, 200, &headers(first)).expect("it begins");
        partial.body.extend_from_slice(&WHOLE[..5]);
        partial.keep(proof, &large_body_permits(1));
        partial
    }

    #[test]
    fn the_rest_is_requested_only_if_something_can_prove_it() {
        let digest = Digest::sha256(WHOLE);
        let (named, proof) = (digest.to_string(), Some(PartsProof::Digest(digest)));
        let by_server = Some(PartsProof::Validators);
        // The headers of the first part, the proof, and `Range` with `If-Range` of the next request.
        type Case<'a> =
            (&'a [(&'static str, &'a str)], Option<PartsProof>, Option<(&'a str, Option<&'a str>)>);
        let named: &[(&'static str, &str)] = &[("docker-content-digest", &named)];
        let gzip: &[(&'static str, &str)] = &[("content-encoding", "gzip")];
        let table: [Case; 7] = [
            (&[], proof, Some(("bytes=5-", None))),
            (&[], None, None),
            (&[], by_server, None),
            (named, by_server, Some(("bytes=5-", None))),
            (&[("etag", "\"x\"")], by_server, Some(("bytes=5-", Some("\"x\"")))),
            (&[("etag", "W/\"x\"")], by_server, None),
            (gzip, proof, None),
        ];
        for (first, parts, expected) in table {
            let rest = broken(first, parts).rest_headers(parts);
            let text = |name: HeaderName| rest.as_ref()?.get(name)?.to_str().ok();
            let found = text(RANGE).map(|range| (range, text(IF_RANGE)));
            assert_eq!(found, expected, "{first:?} {parts:?}");
        }
    }

    #[test]
    fn a_part_that_is_not_the_requested_rest_is_given_up_and_the_whole_is_read_again() {
        let digest = Digest::sha256(WHOLE);
        let (named, other) = (digest.to_string(), Digest::sha256(b"other").to_string());
        let (by_digest, by_server) = (PartsProof::Digest(digest), PartsProof::Validators);
        let range = ("content-range", "bytes 5-17/18");
        let tag = ("etag", "\"x\"");
        let named: (&'static str, &str) = ("docker-content-digest", &named);
        // The proof, the headers of the first part, the status and headers of the answer, and whether the bytes are kept.
        type Header<'a> = (&'static str, &'a str);
        type Case<'a> = (PartsProof, &'a [Header<'a>], u16, &'a [Header<'a>], Result<bool, ()>);
        let table: [Case; 9] = [
            (by_digest, &[], 206, &[range], Ok(true)),
            (by_digest, &[], 200, &[], Ok(false)),
            (by_digest, &[], 206, &[], Err(())),
            (by_digest, &[], 206, &[("content-range", "bytes 4-17/18")], Err(())),
            (by_digest, &[named], 206, &[range, ("docker-content-digest", &other)], Err(())),
            (by_server, &[named], 206, &[range], Ok(true)),
            (by_server, &[tag], 206, &[range, tag], Ok(true)),
            (by_server, &[tag], 206, &[range], Err(())),
            (by_server, &[tag], 206, &[range, ("etag", "\"y\"")], Err(())),
        ];
        for (proof, first, status, answer, expected) in table {
            let mut partial = broken(first, Some(proof));
            let begun = partial.begin(Some(proof), status, &headers(answer)).map_err(|_| ());
            let found = begun.map(|()| !partial.body.is_empty());
            assert_eq!(found, expected, "{first:?} {status} {answer:?}");
            let asks_again = partial.rest_headers(Some(proof)).is_some();
            assert_eq!(asks_again, expected == Ok(true), "{first:?} {status} {answer:?}");
        }
    }

    #[test]
    fn parts_that_do_not_have_the_digest_are_refused_once_they_are_whole() {
        let digest = Digest::sha256(WHOLE);
        for (proof, first) in [
            (PartsProof::Digest(digest), None),
            (PartsProof::Validators, Some(("docker-content-digest", digest.to_string()))),
        ] {
            let first: Vec<(&'static str, &str)> =
                first.iter().map(|(name, value)| (*name, value.as_str())).collect();
            for (body, is_right) in [(WHOLE, true), (&WHOLE[1..], false)] {
                let mut partial = broken(&first, Some(proof));
                let range = headers(&[("content-range", "bytes 5-17/18")]);
                partial.begin(Some(proof), 206, &range).expect("it is the rest");
                assert_eq!(partial.check(Some(proof), body).is_ok(), is_right);
                assert_eq!(partial.is_refused, !is_right);
            }
        }
    }

    #[test]
    fn only_a_few_large_parts_are_kept_whole() {
        let permits = large_body_permits(1);
        let proof = Some(PartsProof::Digest(Digest::sha256(WHOLE)));
        let mut parts: Vec<Partial> = Vec::new();
        for expected in [LARGE + 7, LARGE] {
            let mut partial = Partial::default();
            partial.body.extend_from_slice(&vec![b' '; LARGE + 7]);
            partial.keep(proof, &permits);
            assert_eq!(partial.body.len(), expected);
            parts.push(partial);
        }
    }

    #[test]
    fn a_part_is_taken_only_at_the_requested_offset() {
        let headers = |value: &str| HeaderMap::from_iter([(CONTENT_RANGE, value.parse().expect("a value"))]);
        assert!(check_content_range(&headers("bytes 5-9/10"), 5, Some(10)).is_ok());
        assert!(check_content_range(&headers("bytes 5-9/*"), 5, Some(10)).is_ok());
        for wrong in ["bytes 4-9/10", "bytes 5-9/11", "5-9/10", "bytes */10", ""] {
            assert!(check_content_range(&headers(wrong), 5, Some(10)).is_err(), "{wrong}");
        }
        assert!(check_content_range(&HeaderMap::new(), 5, Some(10)).is_err());
    }
}
