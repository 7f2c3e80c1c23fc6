//! Reads a part of a blob: distribution-spec § Pulling blobs, RFC 9110 § 14.
//!
//! Each request names a first and a last byte, because some storage does not know suffix ranges. A server may send the
//! whole blob instead; such a body is dropped before it is read.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use reqwest::Method;
use reqwest::header::{HeaderValue, RANGE};

use crate::client::Client;
use crate::client::error::{Cause, Error, SendError};
use crate::client::http::content_encoding;
use crate::client::http::limit::Priority;
use crate::client::http::request::Request;
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
        let (status, headers, mut open) = match http.open(&request).await {
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
        if status != 206 || content_encoding::of(&headers).is_gzip() {
            return self.give_up();
        }
        check_content_range(&headers, at, self.size)
            .map_err(|why| self.error(Cause::BadAnswer(why.into())))?;
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
        let progress = (self.got.len() - self.failed_at) as u64;
        self.failed_at = self.got.len();
        self.failures = if progress >= PROGRESS { 1 } else { self.failures + 1 };
        let wait = if progress >= PROGRESS { RetryWait::ByCauseAtOnce } else { RetryWait::ByCause };
        RetryRule { failures: self.failures, wait }
    }
}
