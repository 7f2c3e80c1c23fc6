//! Reads a part of a blob: distribution-spec § Pulling blobs, RFC 9110 § 14.
//!
//! Each request names a first and a last byte, because some storage does not know suffix ranges. A server may send the
//! whole blob instead; such a body is dropped before it is read.
//!
//! A registry that redirects to storage is asked once for a blob. Further parts come from that storage, as long as it gives
//! the right ones. Otherwise the registry is asked again.

use std::ops::Range;

use bytes::Bytes;
use futures_util::FutureExt;
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
use crate::client::registry::Answer;
use crate::client::registry::blobs::{BlobPart, PartPiece, collect_part};
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
        collect_part(&mut self.blob_part(name, descriptor, range)).await
    }

    /// Reads a part of a blob piece by piece, as [`Client::blob_range`] does. Nothing is sent before the first piece is
    /// requested.
    pub(in crate::client) fn blob_part(
        &self,
        name: &RepositoryName,
        descriptor: &Descriptor,
        range: Range<u64>,
    ) -> RangeReader {
        RangeReader {
            client: self.clone(),
            name: name.clone(),
            digest: descriptor.digest.filter(|_| self.abilities().has_ranges()),
            size: descriptor.size,
            at: range.start,
            failed_at: range.start,
            range,
            failures: 0,
            open: None,
        }
    }
}

/// A part of a blob that is being read.
pub(in crate::client) struct RangeReader {
    client: Client,
    name: RepositoryName,
    /// The digest of the blob; `None` if no part of it can be read.
    digest: Option<Digest>,
    /// The size of the whole blob, if it is known.
    size: Option<u64>,
    range: Range<u64>,
    /// Offset of the next piece.
    at: u64,
    /// Offset of the last failure.
    failed_at: u64,
    failures: u32,
    open: Option<OpenBody>,
}

impl RangeReader {
    /// Returns the next piece.
    async fn next(&mut self) -> Result<PartPiece, Error> {
        if self.range.end.saturating_sub(self.range.start) > LONGEST {
            return Err(self.client.http().error(Cause::TooLarge(LONGEST), None, 1));
        }
        if self.digest.is_some() && self.at >= self.range.end {
            self.open = None;
            return Ok(PartPiece::End);
        }
        let client = self.client.clone();
        client.http().retries().run(self, None).await
    }

    fn error(&self, error: impl Into<SendError>) -> Error {
        let Range { start, end } = self.range;
        let digest = self.digest.map(|digest| digest.to_string()).unwrap_or_default();
        let text = format!("GET bytes {start} to {} of {digest} of {}", end - 1, self.name);
        Error { request: Some(SafeText::from(text)), ..self.client.http().error(error, None, 1) }
    }

    /// Opens the body of the part that is still missing. Returns `None` if the server gives no parts.
    async fn open(&self, digest: &Digest) -> Result<Option<OpenBody>, Error> {
        let (http, places, at) = (self.client.http(), self.client.places(), self.at);
        let url = http.base().await?.blob(&self.name, digest);
        let mut request = Request::new(Method::GET, url, Scope::Pull(self.name.clone()), Priority::Blob);
        if let Ok(value) = HeaderValue::from_str(&format!("bytes={at}-{}", self.range.end - 1)) {
            request.headers.insert(RANGE, value);
        }
        let request = &request;
        if let Some(place) = places.get(&self.name, digest) {
            let answer = http.open_at(&place, request).await.ok().flatten();
            if let Some((status, headers, open)) = answer
                && is_part(status, &headers)
                && check_content_range(&headers, at, self.size).is_ok()
            {
                return Ok(Some(open));
            }
            places.note(&self.name, digest, None);
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
        places.note(&self.name, digest, place);
        Ok(Some(open))
    }

    /// Notes that the server gives no parts.
    fn give_up<T>(&self) -> Result<Option<T>, Error> {
        self.client.abilities().learn_no_ranges();
        Ok(None)
    }
}

impl Retried for RangeReader {
    type Output = PartPiece;

    async fn attempt(&mut self, _: u32) -> Result<PartPiece, Error> {
        let Some(digest) = self.digest else { return Ok(PartPiece::NoParts) };
        let client = self.client.clone();
        let open = match &mut self.open {
            Some(open) => open,
            None => match self.open(&digest).await? {
                Some(open) => self.open.insert(open),
                None => return Ok(PartPiece::NoParts),
            },
        };
        if open.is_resting() {
            open.go_on(client.http().permit(Priority::Blob).await);
        }
        loop {
            match open.next_piece(client.http().timeouts()).await {
                Ok(Some(piece)) if piece.is_empty() => {}
                Ok(Some(mut piece)) => {
                    // A server may send more than it was asked for.
                    let missing = usize::try_from(self.range.end - self.at).unwrap_or(usize::MAX);
                    piece.truncate(missing);
                    self.at += piece.len() as u64;
                    return Ok(PartPiece::Bytes(piece));
                }
                Ok(None) => {
                    return Err(self.error(Cause::Connection("it ended in the middle of the answer".into())));
                }
                Err(error) => return Err(self.error(error)),
            }
        }
    }

    fn rule(&mut self, _: &Error, _: u32) -> RetryRule {
        self.open = None;
        // A further try starts at the registry's own address.
        self.digest.iter().for_each(|digest| self.client.places().note(&self.name, digest, None));
        let progress = self.at - self.failed_at;
        self.failed_at = self.at;
        self.failures = if progress >= PROGRESS { 1 } else { self.failures + 1 };
        let wait = if progress >= PROGRESS { RetryWait::ByCauseAtOnce } else { RetryWait::ByCause };
        RetryRule { failures: self.failures, wait }
    }
}

impl BlobPart for RangeReader {
    fn next_piece(&mut self) -> Answer<'_, PartPiece> {
        self.next().boxed()
    }

    fn rest(&mut self) {
        self.failures = 0;
        OpenBody::rest(&mut self.open, self.client.abilities().has_ranges());
    }
}

/// Whether a response holds a part of the blob as it is stored.
fn is_part(status: u16, headers: &HeaderMap) -> bool {
    status == 206 && !content_encoding::of(headers).is_gzip()
}
