//! Blobs: read in whole or in part, and deleted (distribution-spec end-2, end-10; ranges by RFC 9110 § 14).

use std::ops::Range;

use hyper::header;
use hyper::{HeaderMap, StatusCode};

use super::Settings;
use super::refusal::Refusal;
use super::reply::{self, Reply, name as header_name};
use super::store::Store;
use crate::model::digest::Digest;

/// GET and HEAD, with one byte range at most; more than one are answered in whole.
pub fn get(store: &Store, name: &str, digest: &Digest, headers: &HeaderMap) -> Result<Reply, Refusal> {
    let repository = store.repository(name).ok_or_else(|| Refusal::name_unknown(name))?;
    let blob = repository.blobs.get(digest).ok_or_else(|| Refusal::blob_unknown(digest))?;
    let size = blob.size();
    let asked =
        headers.get(header::RANGE).and_then(|value| value.to_str().ok()).map(|text| range(text, size));
    let (status, range) = match asked {
        None | Some(Asked::Everything) => (StatusCode::OK, 0..size),
        Some(Asked::Part(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(Asked::Nothing) => {
            let refusal = Refusal::out_of_range(format!("the blob has {size} bytes"));
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
    reply::set(&mut found, header::ACCEPT_RANGES, "bytes");
    reply::set(&mut found, header_name::DIGEST, digest);
    reply::set(&mut found, header::ETAG, format!("\"{digest}\""));
    Ok(found)
}

/// DELETE.
pub fn delete(settings: &Settings, store: &Store, name: &str, digest: &Digest) -> Result<Reply, Refusal> {
    if !settings.delete_blobs {
        return Err(Refusal::unsupported());
    }
    store.repository(name).ok_or_else(|| Refusal::name_unknown(name))?;
    store
        .change(name, |repository| repository.blobs.remove(digest))
        .map(|_| reply::empty(StatusCode::ACCEPTED))
        .ok_or_else(|| Refusal::blob_unknown(digest))
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Everything,
    Part(Range<u64>),
    Nothing,
}

/// What `Range: text` asks of a blob of `size` bytes. What cannot be read is as if it were not there.
fn range(text: &str, size: u64) -> Asked {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|text| text.split_once('-')) else {
        return Asked::Everything;
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if last >= first => first..size.min(last.saturating_add(1)),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Asked::Everything,
    };
    if range.start < range.end { Asked::Part(range) } else { Asked::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_blob_or_refused() {
        let table = [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=2-5", Asked::Part(2..6)),
            ("bytes=2-500", Asked::Part(2..10)),
            ("bytes=9-18446744073709551615", Asked::Part(9..10)),
            ("bytes=4-", Asked::Part(4..10)),
            ("bytes=-3", Asked::Part(7..10)),
            ("bytes=-30", Asked::Part(0..10)),
            ("bytes=10-", Asked::Nothing),
            ("bytes=10-12", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=5-4", Asked::Everything),
            ("bytes=0-1,3-4", Asked::Everything),
            ("bytes=-", Asked::Everything),
            ("lines=1-2", Asked::Everything),
        ];
        for (text, asked) in table {
            assert_eq!(range(text, 10), asked, "{text}");
        }
    }
}
