//! Deletes that are accepted with 202 and done later.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::StatusCode;

use super::DemoSettings;
use super::error_reply::ErrorReply;
use super::faults::LateDelete;
use super::manifests;
use super::name::DemoReference;
use super::reply::{self, Reply};
use super::store::Store;

/// Deletes that were accepted and are not done yet, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Deletions(Mutex<Vec<Deletion>>);

#[derive(Debug)]
struct Deletion {
    name: String,
    reference: DemoReference,
    /// The number of further requests to wait for.
    requests: usize,
    due: Instant,
}

impl Deletions {
    /// Deletes a manifest or a tag, at once or later, as the settings say.
    pub(crate) fn delete(
        &self,
        settings: &DemoSettings,
        store: &Store,
        name: &str,
        reference: &DemoReference,
    ) -> Result<Reply, ErrorReply> {
        let (requests, wait) = match settings.deletes_late {
            None => return manifests::delete(settings, store, name, reference),
            Some(LateDelete::Requests(requests)) => (requests, Duration::ZERO),
            Some(LateDelete::After(wait)) => (0, wait),
        };
        manifests::may_delete(settings, store, name, reference)?;
        let (name, reference) = (name.to_owned(), reference.clone());
        self.lock().push(Deletion { name, reference, requests, due: Instant::now() + wait });
        Ok(reply::empty(StatusCode::ACCEPTED))
    }

    /// Carries out the deletes that are due, because another request has come.
    pub(crate) fn catch_up(&self, settings: &DemoSettings, store: &Store) {
        let now = Instant::now();
        let mut due = Vec::new();
        self.lock().retain_mut(|deletion| {
            let is_due = deletion.requests == 0 && deletion.due <= now;
            deletion.requests = deletion.requests.saturating_sub(1);
            if is_due {
                due.push((deletion.name.clone(), deletion.reference.clone()));
            }
            !is_due
        });
        for (name, reference) in due {
            // A manifest or tag that is gone meanwhile needs no delete.
            let _ = manifests::delete(settings, store, &name, &reference);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Deletion>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
