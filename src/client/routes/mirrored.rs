//! Reads from mirrors: the first mirror that has the content gives it, otherwise the primary location.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;

use crate::client::Client;
use crate::client::error::Error;
use crate::client::registry::blobs::{BlobPart, BlobStream, PartPiece};
use crate::client::registry::{Answer, Registry};
use crate::model::failure::FailureKind;
use crate::model::manifest::Descriptor;
use crate::model::reference::RepositoryName;

/// How long a mirror that failed is left out.
const PAUSE: Duration = Duration::from_secs(60);

/// The client of a mirror, and the time at which it failed.
#[derive(Debug)]
pub(in crate::client) struct Mirror {
    client: Client,
    failed: Mutex<Option<Instant>>,
}

impl Mirror {
    /// Creates the mirror. Nothing is sent.
    pub(in crate::client) fn new(client: Client) -> Mirror {
        Mirror { client, failed: Mutex::default() }
    }

    /// Returns the client for it.
    pub(in crate::client) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns whether it may be asked.
    pub(super) fn is_usable(&self) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_none_or(|at| at.elapsed() >= PAUSE)
    }

    /// Notes a failure. A mirror that does not answer, or lies about a digest, is left out for a while; one that only
    /// lacks the content is not.
    fn note(&self, error: &Error) {
        let kind = error.failure("").kind;
        tracing::info!(mirror = %self.client.host(), %error, "a mirror does not give the content");
        if !matches!(kind, FailureKind::NotFound | FailureKind::Denied) && !error.is_stopped() {
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }
}

/// A repository at a registry or at a mirror of it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The mirror, unless this is the primary location.
    mirror: Option<Arc<Mirror>>,
    /// The client for it.
    pub(super) client: Client,
    /// The name of the repository there.
    pub(super) name: RepositoryName,
}

impl Place {
    /// The primary location.
    pub(super) fn primary(client: Client, name: RepositoryName) -> Place {
        Place { mirror: None, client, name }
    }

    /// A mirror of it.
    pub(super) fn mirror(mirror: Arc<Mirror>, name: RepositoryName) -> Place {
        Place { client: mirror.client.clone(), mirror: Some(mirror), name }
    }

    /// Notes a failure of this place.
    pub(super) fn note(&self, error: &Error) {
        if let Some(mirror) = &self.mirror {
            mirror.note(error);
        }
    }
}

/// A blob of the first place that gives it. After the first piece the place stays, because the hash of the bytes does.
pub(super) struct MirroredStream {
    stream: Box<dyn BlobStream>,
    place: Place,
    others: VecDeque<Place>,
    descriptor: Descriptor,
    from: u64,
}

impl MirroredStream {
    /// Opens the blob at the first place. Nothing is requested yet.
    pub(super) fn open(
        mut places: VecDeque<Place>,
        descriptor: &Descriptor,
        from: u64,
    ) -> Option<Result<MirroredStream, Error>> {
        let place = places.pop_front()?;
        let stream = Registry::read_blob(&place.client, &place.name, descriptor, from);
        Some(stream.map(|stream| MirroredStream {
            stream,
            place,
            others: places,
            descriptor: descriptor.clone(),
            from,
        }))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let error = match self.stream.next_piece().await {
                Ok(piece) => {
                    self.others.clear();
                    return Ok(piece);
                }
                Err(error) => error,
            };
            self.place.note(&error);
            let Some(place) = self.others.pop_front() else { return Err(error) };
            self.stream = Registry::read_blob(&place.client, &place.name, &self.descriptor, self.from)?;
            self.place = place;
        }
    }
}

impl BlobStream for MirroredStream {
    fn next_piece(&mut self) -> Answer<'_, Option<Bytes>> {
        self.next().boxed()
    }

    fn reopen_at(self: Box<Self>, from: u64) -> Box<dyn BlobStream> {
        let MirroredStream { stream, place, descriptor, .. } = *self;
        let (stream, others) = (stream.reopen_at(from), VecDeque::new());
        Box::new(MirroredStream { stream, place, others, descriptor, from })
    }

    fn rest(&mut self) {
        self.stream.rest();
    }
}

/// A part of a blob, of the first place that gives it.
pub(super) struct MirroredPart {
    part: Option<(Box<dyn BlobPart>, Place)>,
    others: VecDeque<Place>,
    descriptor: Descriptor,
    range: Range<u64>,
}

impl MirroredPart {
    /// Creates the part. Nothing is requested yet.
    pub(super) fn new(places: VecDeque<Place>, descriptor: &Descriptor, range: Range<u64>) -> MirroredPart {
        MirroredPart { part: None, others: places, descriptor: descriptor.clone(), range }
    }

    async fn next(&mut self) -> Result<PartPiece, Error> {
        loop {
            let Some((part, place)) = &mut self.part else {
                let Some(place) = self.others.pop_front() else { return Ok(PartPiece::NoParts) };
                let range = self.range.clone();
                let part = Registry::blob_part(&place.client, &place.name, &self.descriptor, range);
                self.part = Some((part, place));
                continue;
            };
            match part.next_piece().await {
                Ok(PartPiece::NoParts) if !self.others.is_empty() => self.part = None,
                Err(error) if !self.others.is_empty() => {
                    place.note(&error);
                    self.part = None;
                }
                Err(error) => {
                    place.note(&error);
                    return Err(error);
                }
                Ok(piece) => {
                    self.others.clear();
                    return Ok(piece);
                }
            }
        }
    }
}

impl BlobPart for MirroredPart {
    fn next_piece(&mut self) -> Answer<'_, PartPiece> {
        self.next().boxed()
    }

    fn rest(&mut self) {
        if let Some((part, _)) = &mut self.part {
            part.rest();
        }
    }
}
