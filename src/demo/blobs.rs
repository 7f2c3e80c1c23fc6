//! Blobs: reads of the whole or of a part, and deletes (distribution-spec end-2, end-10; ranges by RFC 9110 § 14).

use std::ops::Range;

use hyper::header;
use hyper::{HeaderMap, StatusCode};

use super::DemoSettings;
use super::error_reply::ErrorReply;
use super::reply::{self, Reply, name as header_name};
use super::store::Store;
use crate::model::digest::Digest;

/// Answers GET and HEAD, with at most one byte range if the settings allow it. A request for several ranges gets the
/// whole blob.
pub(crate) fn get(
    settings: &DemoSettings,
    store: &Store,
    name: &str,
    digest: &Digest,
    headers: &HeaderMap,
) -> Result<Reply, ErrorReply> {
    let repository = store.repository(name).ok_or_else(|| ErrorReply::name_unknown(name))?;
    let blob = repository.blobs.get(digest).ok_or_else(|| ErrorReply::blob_unknown(digest))?;
    let size = blob.size();
    let asked = headers.get(header::RANGE).filter(|_| settings.blob_ranges);
    let asked = asked.and_then(|value| value.to_str().ok()).map(|text| range(text, size));
    let (status, range) = match asked {
        None | Some(RangeHeader::Everything) => (StatusCode::OK, 0..size),
        Some(RangeHeader::Part(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(RangeHeader::Nothing) => {
            let refusal = ErrorReply::out_of_range(format!("the blob has {size} bytes"));
            return Err(refusal.header(header::CONTENT_RANGE, format!("bytes */{size}")));
        }
    };
    let mut found = match blob.whole(&range) {
        Some(bytes) => reply::of(status, "application/octet-stream", bytes),
        None => {
            let mut found = reply::stream(status, range.end - range.start, blob.pieces(range.clone()));
            reply::set(&mut found, header::CONTENT_TYPE, "application/octet-stream");
            found
        }
    };
    if status == StatusCode::PARTIAL_CONTENT {
        let value = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        reply::set(&mut found, header::CONTENT_RANGE, value);
    }
    if settings.blob_ranges {
        reply::set(&mut found, header::ACCEPT_RANGES, "bytes");
    }
    reply::set(&mut found, header_name::DIGEST, digest);
    reply::set(&mut found, header::ETAG, format!("\"{digest}\""));
    Ok(found)
}

/// Answers DELETE.
pub(crate) fn delete(
    settings: &DemoSettings,
    store: &Store,
    name: &str,
    digest: &Digest,
) -> Result<Reply, ErrorReply> {
    if !settings.delete_blobs {
        return Err(ErrorReply::unsupported());
    }
    store.repository(name).ok_or_else(|| ErrorReply::name_unknown(name))?;
    store
        .change(name, |repository| repository.blobs.remove(digest))
        .map(|_| reply::empty(StatusCode::ACCEPTED))
        .ok_or_else(|| ErrorReply::blob_unknown(digest))
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum RangeHeader {
    Everything,
    Part(Range<u64>),
    Nothing,
}

/// Returns the part that `Range: text` requests of a blob of `size` bytes. A malformed header is ignored.
pub(super) fn range(text: &str, size: u64) -> RangeHeader {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|text| text.split_once('-')) else {
        return RangeHeader::Everything;
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if last >= first => first..size.min(last.saturating_add(1)),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return RangeHeader::Everything,
    };
    if range.start < range.end { RangeHeader::Part(range) } else { RangeHeader::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_blob_or_refused() {
        let table = [
            ("bytes=0-0", RangeHeader::Part(0..1)),
            ("bytes=2-5", RangeHeader::Part(2..6)),
            ("bytes=2-500", RangeHeader::Part(2..10)),
            ("bytes=9-18446744073709551615", RangeHeader::Part(9..10)),
            ("bytes=4-", RangeHeader::Part(4..10)),
            ("bytes=-3", RangeHeader::Part(7..10)),
            ("bytes=-30", RangeHeader::Part(0..10)),
            ("bytes=10-", RangeHeader::Nothing),
            ("bytes=10-12", RangeHeader::Nothing),
            ("bytes=-0", RangeHeader::Nothing),
            ("bytes=5-4", RangeHeader::Everything),
            ("bytes=0-1,3-4", RangeHeader::Everything),
            ("bytes=-", RangeHeader::Everything),
            ("lines=1-2", RangeHeader::Everything),
        ];
        for (text, asked) in table {
            assert_eq!(range(text, 10), asked, "{text}");
        }
    }
}
