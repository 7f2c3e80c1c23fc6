//! The storage that reads of a blob were redirected to, so that the parts of a blob do not cost two requests each.
//!
//! An address is kept for a few minutes, in memory only, and for the one blob of one repository that it was given for. It
//! is forgotten as soon as it does not answer as expected; the registry is asked again then.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::client::http::redirect::StoragePlace;
use crate::model::digest::Digest;
use crate::model::reference::RepositoryName;

/// Most blobs whose storage is known.
const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);
/// The time for which an address is used. Signed addresses are valid for some minutes at least.
const KEPT: Duration = Duration::from_secs(120);

/// A blob of a repository.
type BlobName = (RepositoryName, Digest);

/// The storage of blobs that were read a moment ago.
#[derive(Debug)]
pub(in crate::client) struct BlobPlaces(Mutex<LruCache<BlobName, (Instant, StoragePlace)>>);

impl Default for BlobPlaces {
    fn default() -> BlobPlaces {
        BlobPlaces(Mutex::new(LruCache::new(MOST)))
    }
}

impl BlobPlaces {
    /// Returns the storage of a blob.
    pub(super) fn get(&self, name: &RepositoryName, digest: &Digest) -> Option<StoragePlace> {
        let mut places = self.places();
        let key = (name.clone(), *digest);
        let place =
            places.get(&key).filter(|(noted, _)| noted.elapsed() < KEPT).map(|(_, place)| place.clone());
        if place.is_none() {
            places.pop(&key);
        }
        place
    }

    /// Notes the storage of a blob; `None` if the registry answers itself.
    pub(super) fn note(&self, name: &RepositoryName, digest: &Digest, place: Option<StoragePlace>) {
        let (mut places, key) = (self.places(), (name.clone(), *digest));
        match place {
            Some(place) => drop(places.put(key, (Instant::now(), place))),
            None => drop(places.pop(&key)),
        }
    }

    /// Forgets the storage of all blobs.
    pub(in crate::client) fn forget_all(&self) {
        self.places().clear();
    }

    fn places(&self) -> MutexGuard<'_, LruCache<BlobName, (Instant, StoragePlace)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
