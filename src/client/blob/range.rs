//! Reads a part of a blob: distribution-spec § Pulling blobs, RFC 9110 § 14.
//!
//! Each request names a first and a last byte, because some storage does not know suffix ranges. A server may send the
//! whole blob instead; such a body is dropped before it is read.
//!
//! A registry that redirects to storage is asked once for a blob. Further parts come from that storage, as long as it gives
//! the right ones. Otherwise the registry is asked again.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue, RANGE};

use crate::client::Client;
use crate::client::error::{Cause, Error, SendError};
use crate::client::http::content_encoding;
use crate::client::http::limit::Priority;
use crate::client::http::request::Request;
use crate::client::http::response_body::OpenBody;
use crate::client::http::resume::{PROGRESS, check_content_range};
use crate::client::http::retry::{Retried, RetryRule, RetryWait};
use crate::client::http::scope::Scope;
use crate::model::digest::Digest;
use crate::model::manifest::Descriptor;
use crate::model::reference::RepositoryName;
use crate::model::text::SafeText;

/// Most bytes of one part.
const LONGEST: u64 = 320 * 1024 * 1024;

impl Client {
    /// Returns some bytes of a blob, or `None` if the server does not give a part of it, or if the blob has a digest that
    /// cannot be checked. A broken connection is continued. Nothing proves the bytes.
    pub async fn blob_range(
        &self,
        name: &RepositoryName,
        descriptor: &Descriptor,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, Error> {
        let Some(digest) = descriptor.digest.filter(|_| self.abilities().has_ranges()) else {
            return Ok(None);
        };
        if range.is_empty() {
            return Ok(Some(Bytes::new()));
        }
        if range.end - range.start > LONGEST {
            return Err(self.http().error(Cause::TooLarge(LONGEST), None, 1));
        }
        let (name, size) = (name.clone(), descriptor.size);
        let mut reader = RangeReader {
            client: self.clone(),
            name,
            digest,
            size,
            range,
            got: BytesMut::new(),
            failed_at: 0,
            failures: 0,
        };
        self.http().retries().run(&mut reader, None).await
    }
}

/// A part of a blob that is being read.
struct RangeReader {
    client: Client,
    name: RepositoryName,
    digest: Digest,
    /// The size of the whole blob, if it is known.
    size: Option<u64>,
    range: Range<u64>,
    got: BytesMut,
    /// The number of bytes at the last failure.
    failed_at: usize,
    failures: u32,
}

impl RangeReader {
    fn error(&self, error: impl Into<SendError>) -> Error {
        let Range { start, end } = self.range;
        let text = format!("GET bytes {start} to {} of {} of {}", end - 1, self.digest, self.name);
        Error { request: Some(SafeText::from(text)), ..self.client.http().error(error, None, 1) }
    }

    /// Opens the body of the part that is still missing. Returns `None` if the server gives no parts.
    async fn open(&self, request: &Request, at: u64) -> Result<Option<OpenBody>, Error> {
        let (http, places) = (self.client.http(), self.client.places());
        if let Some(place) = places.get(&self.name, &self.digest) {
            let answer = http.open_at(&place, request).await.ok().flatten();
            if let Some((status, headers, open)) = answer
                && is_part(status, &headers)
                && check_content_range(&headers, at, self.size).is_ok()
            {
                return Ok(Some(open));
            }
            places.note(&self.name, &self.digest, None);
        }
        let ((status, headers, open), place) = match http.open_and_note(request).await {
            Ok(answer) => answer,
            // The server knows ranges, and this one is not in the blob.
            Err(error) if error.cause.status() == Some(416) => {
                return Err(
                    self.error(Cause::BadAnswer("the blob is smaller than its descriptor says".into()))
                );
            }
            Err(error) if matches!(error.cause.status(), Some(400 | 405 | 406 | 412 | 501)) => {
                return self.give_up();
            }
            Err(error) => return Err(error),
        };
        if !is_part(status, &headers) {
            return self.give_up();
        }
        check_content_range(&headers, at, self.size)
            .map_err(|why| self.error(Cause::BadAnswer(why.into())))?;
        places.note(&self.name, &self.digest, place);
        Ok(Some(open))
    }

    /// Notes that the server gives no parts.
    fn give_up<T>(&self) -> Result<Option<T>, Error> {
        self.client.abilities().learn_no_ranges();
        Ok(None)
    }
}

impl Retried for RangeReader {
    type Output = Option<Bytes>;

    async fn attempt(&mut self, _: u32) -> Result<Option<Bytes>, Error> {
        let http = self.client.http();
        let at = self.range.start + self.got.len() as u64;
        let url = http.base().await?.blob(&self.name, &self.digest);
        let mut request = Request::new(Method::GET, url, Scope::Pull(self.name.clone()), Priority::Blob);
        if let Ok(value) = HeaderValue::from_str(&format!("bytes={at}-{}", self.range.end - 1)) {
            request.headers.insert(RANGE, value);
        }
        let Some(mut open) = self.open(&request, at).await? else { return Ok(None) };
        let length = (self.range.end - self.range.start) as usize;
        while self.got.len() < length {
            match open.next_piece(http.timeouts()).await {
                // A server may send more than it was asked for.
                Ok(Some(piece)) => {
                    let missing = length - self.got.len();
                    self.got.extend_from_slice(&piece[..piece.len().min(missing)]);
                }
                Ok(None) => {
                    return Err(self.error(Cause::Connection("it ended in the middle of the answer".into())));
                }
                Err(error) => return Err(self.error(error)),
            }
        }
        Ok(Some(std::mem::take(&mut self.got).freeze()))
    }

    fn rule(&mut self, _: &Error, _: u32) -> RetryRule {
        // A further try starts at the registry's own address.
        self.client.places().note(&self.name, &self.digest, None);
        let progress = (self.got.len() - self.failed_at) as u64;
        self.failed_at = self.got.len();
        self.failures = if progress >= PROGRESS { 1 } else { self.failures + 1 };
        let wait = if progress >= PROGRESS { RetryWait::ByCauseAtOnce } else { RetryWait::ByCause };
        RetryRule { failures: self.failures, wait }
    }
}

/// Whether a response holds a part of the blob as it is stored.
fn is_part(status: u16, headers: &HeaderMap) -> bool {
    status == 206 && !content_encoding::of(headers).is_gzip()
}
