//! Reads a blob as a stream of pieces, and resumes after a broken connection: distribution-spec § Pulling blobs.
//!
//! Each byte is hashed once. The last piece is handed out only if size and digest are right, so a caller that got all
//! pieces has the blob that was requested.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, RANGE};

use crate::client::Client;
use crate::client::error::{Cause, Error, SendError};
use crate::client::http::content_encoding;
use crate::client::http::limit::Priority;
use crate::client::http::request::Request;
use crate::client::http::response_body::OpenBody;
use crate::client::http::resume::{PROGRESS, check_content_range};
use crate::client::http::retry::{Retried, RetryRule, RetryWait};
use crate::client::http::scope::Scope;
use crate::model::digest::{Digest, Hasher};
use crate::model::manifest::Descriptor;
use crate::model::reference::RepositoryName;
use crate::model::text::SafeText;

/// The digest and size that a blob must have, and the hash of the bytes so far.
#[derive(Clone)]
pub(in crate::client) struct Check {
    digest: Digest,
    size: Option<u64>,
    /// Whether the blob is a gzip file itself.
    is_gzip: bool,
    hashed: u64,
    hasher: Hasher,
}

impl Check {
    fn new(digest: Digest, size: Option<u64>) -> Check {
        Check { digest, size, is_gzip: false, hashed: 0, hasher: Hasher::like(&digest) }
    }

    /// Hashes the bytes of a piece at an offset. Bytes that were hashed before are not hashed again.
    fn take(&mut self, at: u64, piece: &[u8]) {
        let known = self.hashed.saturating_sub(at).min(piece.len() as u64);
        if at <= self.hashed
            && let Some(new) = usize::try_from(known).ok().and_then(|known| piece.get(known..))
        {
            self.hasher.update(new);
            self.hashed += new.len() as u64;
        }
    }

    /// Fails if everything was hashed and the digest differs. A blob that was read from the middle on cannot be
    /// checked.
    fn check_digest(&self, end: u64) -> Result<(), Cause> {
        if self.hashed != end {
            return Ok(());
        }
        let got = self.hasher.clone().finish();
        if got == self.digest { Ok(()) } else { Err(Cause::digest(self.digest, got)) }
    }
}

/// A blob that is being read.
pub struct BlobReader {
    client: Client,
    name: RepositoryName,
    check: Check,
    /// Offset of the next piece.
    at: u64,
    /// Offset of the last failure.
    failed_at: u64,
    failures: u32,
    /// Bytes to leave out, if the server starts at the beginning.
    skip: u64,
    /// A request under way. It outlives the caller that waited for the piece for which it was sent.
    pending_request: Option<BoxFuture<'static, Result<Option<Opened>, Error>>>,
    open: Option<OpenBody>,
    is_over: bool,
}

impl Client {
    /// Reads a blob from an offset on. Nothing is sent before the first piece is requested.
    ///
    /// Pieces are as large as the connection brings them, and are checked: they never exceed the descriptor's size, and
    /// the last one is checked against the digest, unless `from` is beyond the beginning. Broken connections are
    /// resumed as long as there is progress. Fails at once for a descriptor whose digest cannot be checked.
    pub fn read_blob(
        &self,
        name: &RepositoryName,
        descriptor: &Descriptor,
        from: u64,
    ) -> Result<BlobReader, Error> {
        let Some(digest) = descriptor.digest else {
            let cause = Cause::BadAnswer("the blob has a digest that cannot be checked".into());
            return Err(self.http().error(cause, None, 1));
        };
        let is_gzip = descriptor.media_type.as_str().ends_with("gzip");
        let check = Check { is_gzip, ..Check::new(digest, descriptor.size) };
        Ok(BlobReader::new(self.clone(), name.clone(), check, from))
    }
}

impl BlobReader {
    fn new(client: Client, name: RepositoryName, check: Check, from: u64) -> BlobReader {
        BlobReader {
            client,
            name,
            check,
            at: from,
            failed_at: from,
            failures: 0,
            skip: 0,
            pending_request: None,
            open: None,
            is_over: false,
        }
    }

    /// Returns a reader of the same blob from another offset on. The hash of the bytes so far is kept.
    pub(in crate::client) fn reopen_at(self, from: u64) -> BlobReader {
        BlobReader::new(self.client, self.name, self.check, from)
    }

    /// Returns the next piece, or `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let client = self.client.clone();
        let piece = client.http().retries().run(self, None).await;
        self.is_over |= piece.is_err();
        piece
    }

    /// Notes that no piece is asked for until the user lets the reading go on. The server may end the connection
    /// meanwhile; it is asked for the rest then.
    pub(in crate::client) fn rest(&mut self) {
        self.pending_request = None;
        self.failures = 0;
        OpenBody::rest(&mut self.open, self.client.abilities().has_ranges());
    }

    /// Returns some bytes of the blob, possibly none, or `None` at its end.
    async fn read_piece(&mut self) -> Result<Option<Bytes>, Error> {
        if self.check.size == Some(self.at) && self.at > 0 {
            return self.finish();
        }
        if self.open.is_none() {
            let ask = BlobRequest {
                client: self.client.clone(),
                name: self.name.clone(),
                digest: self.check.digest,
                size: self.check.size,
                is_gzip: self.check.is_gzip,
                at: self.at,
            };
            let opened = self.pending_request.get_or_insert_with(|| ask.send().boxed()).await;
            self.pending_request = None;
            match opened? {
                Some((open, skip)) => (self.open, self.skip) = (Some(open), skip),
                None => return self.finish(),
            }
        }
        let Some(open) = &mut self.open else { return self.finish() };
        if open.is_resting() {
            open.go_on(self.client.http().permit(Priority::Blob).await);
        }
        match open.next_piece(self.client.http().timeouts()).await {
            Ok(Some(piece)) => {
                let piece = self.accept_piece(piece).map_err(|cause| self.error(cause))?;
                if self.check.size == Some(self.at) {
                    self.open = None;
                }
                Ok(Some(piece))
            }
            Ok(None) if self.check.size.is_some_and(|size| size > self.at) => {
                Err(self.error(Cause::Connection("it ended in the middle of the answer".into())))
            }
            Ok(None) => self.finish(),
            Err(error) => Err(self.error(error)),
        }
    }

    fn accept_piece(&mut self, mut piece: Bytes) -> Result<Bytes, Cause> {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(piece.len());
        self.skip -= skipped as u64;
        drop(piece.split_to(skipped));
        let end = self.at + piece.len() as u64;
        if let Some(size) = self.check.size.filter(|size| end > *size) {
            return Err(Cause::TooLarge(size));
        }
        self.check.take(self.at, &piece);
        self.at = end;
        if self.check.size == Some(end) {
            self.check.check_digest(end)?;
        }
        Ok(piece)
    }

    fn finish(&mut self) -> Result<Option<Bytes>, Error> {
        self.is_over = true;
        self.open = None;
        self.check.check_digest(self.at).map_err(|cause| self.error(cause))?;
        Ok(None)
    }

    fn error(&self, error: impl Into<SendError>) -> Error {
        describe(&self.client, &self.name, &self.check.digest, error)
    }
}

impl Retried for BlobReader {
    type Output = Option<Bytes>;

    /// Returns the next piece. A further try always starts at the registry's own address, since addresses of its
    /// storage expire.
    async fn attempt(&mut self, _: u32) -> Result<Option<Bytes>, Error> {
        loop {
            match self.read_piece().await? {
                Some(piece) if piece.is_empty() => {}
                piece => return Ok(piece),
            }
        }
    }

    fn rule(&mut self, error: &Error, _: u32) -> RetryRule {
        self.open = None;
        let progress = self.at - self.failed_at;
        self.failed_at = self.at;
        self.failures = if progress >= PROGRESS { 1 } else { self.failures + 1 };
        let wait = match &error.cause {
            Cause::Refused if self.at > 0 => RetryWait::Growing,
            Cause::Refused => RetryWait::ByCause,
            _ if progress >= PROGRESS => RetryWait::ByCauseAtOnce,
            _ => RetryWait::ByCause,
        };
        RetryRule { failures: self.failures, wait }
    }
}

/// A body, and how many of its first bytes are to be skipped.
type Opened = (OpenBody, u64);

/// The request for a blob from an offset on.
struct BlobRequest {
    client: Client,
    name: RepositoryName,
    digest: Digest,
    size: Option<u64>,
    is_gzip: bool,
    at: u64,
}

impl BlobRequest {
    /// Sends the request. Returns `None` if the blob ends at the offset.
    async fn send(self) -> Result<Option<Opened>, Error> {
        let request = self.request(self.at).await?;
        let (mut status, mut headers, mut open) = match self.client.http().open(&request).await {
            Ok(answer) => answer,
            Err(error) if error.cause.status() == Some(416) && self.size.is_none_or(|s| s == self.at) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if status == 206
            && content_encoding::of(&headers).is_gzip()
            && check_content_range(&headers, self.at, self.size).is_err()
        {
            // The range is one of the compressed bytes, so only the whole blob can be read.
            drop(open);
            (status, headers, open) = self.client.http().open(&self.request(0).await?).await?;
        }
        if status != 206 && self.is_transfer_compressed(&headers) {
            open.decompress();
            return Ok(Some((open, self.at)));
        }
        let skip = if status == 206 { 0 } else { self.at };
        let is_right = if status == 206 { check_content_range(&headers, self.at, self.size) } else { Ok(()) };
        is_right.map_err(|why| self.error(Cause::BadAnswer(why.into())))?;
        let announced = announced_length(&headers);
        let expected = self.size.map(|size| if status == 206 { size.saturating_sub(self.at) } else { size });
        match announced.zip(expected) {
            Some((announced, expected)) if announced != expected => {
                let text = format!("the blob has {announced} bytes instead of {expected}");
                Err(self.error(Cause::BadAnswer(SafeText::from(text))))
            }
            _ => Ok(Some((open, skip))),
        }
    }

    /// Returns whether a whole blob was compressed for the transfer, as its headers say. Storage says so of blobs that
    /// are gzip files themselves as well: those have the length of the blob.
    fn is_transfer_compressed(&self, headers: &HeaderMap) -> bool {
        content_encoding::of(headers).is_gzip()
            && match announced_length(headers).zip(self.size) {
                Some((announced, size)) => announced != size,
                None => !self.is_gzip,
            }
    }

    async fn request(&self, at: u64) -> Result<Request, Error> {
        let url = self.client.http().base().await?.blob(&self.name, &self.digest);
        let mut request = Request::new(Method::GET, url, Scope::Pull(self.name.clone()), Priority::Blob);
        if at > 0
            && let Ok(range) = HeaderValue::from_str(&format!("bytes={at}-"))
        {
            request.headers.insert(RANGE, range);
        }
        Ok(request)
    }

    fn error(&self, error: impl Into<SendError>) -> Error {
        describe(&self.client, &self.name, &self.digest, error)
    }
}

fn describe(client: &Client, name: &RepositoryName, digest: &Digest, error: impl Into<SendError>) -> Error {
    let request = SafeText::from(format!("GET {digest} of {name}"));
    Error { request: Some(request), ..client.http().error(error, None, 1) }
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_come_twice_are_hashed_once() {
        let digest = Digest::sha256(b"hello world");
        let mut check = Check::new(digest, Some(11));
        for (at, piece) in [(0, "hello"), (3, "lo wo"), (8, "rld"), (0, "hello")] {
            check.take(at, piece.as_bytes());
        }
        assert_eq!((check.hashed, check.check_digest(11)), (11, Ok(())));
        let mut other = Check::new(digest, Some(11));
        other.take(0, b"hello World");
        assert!(matches!(other.check_digest(11), Err(Cause::DigestMismatch { .. })));
    }
}
