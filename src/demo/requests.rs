//! The recorded requests. Tests use them to check "one request each" or "the password was sent nowhere else".

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::{HeaderMap, Method};
use tokio::sync::watch;

use super::faults::RequestView;

/// A request that arrived, without its body.
#[derive(Debug, Clone)]
pub struct SeenRequest {
    /// GET, HEAD and so on.
    pub method: Method,
    /// The path without the query, as it was sent.
    pub path: String,
    /// The text after the `?`, as it was sent. Empty if there is none.
    pub query: String,
    /// The headers, as they were sent.
    pub(crate) headers: HeaderMap,
}

impl SeenRequest {
    /// Returns the first value of a header. Returns `None` if it is missing or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns method, path and query in one line: `GET /v2/_catalog?n=100`.
    pub fn line(&self) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, self.query)
    }
}

/// The last requests, the oldest first.
#[derive(Debug)]
pub(crate) struct Requests {
    kept: Mutex<VecDeque<SeenRequest>>,
    most: usize,
    arrived: watch::Sender<u64>,
}

impl Requests {
    /// Records the last `most` requests. 0 turns recording off.
    pub(crate) fn keeping(most: usize) -> Requests {
        Requests { kept: Mutex::default(), most, arrived: watch::Sender::new(0) }
    }

    pub(super) fn note(&self, request: &RequestView<'_>) {
        if self.most == 0 {
            return;
        }
        let entry = SeenRequest {
            method: request.method.clone(),
            path: request.path.to_owned(),
            query: request.query.to_owned(),
            headers: request.headers.clone(),
        };
        {
            let mut kept = self.lock();
            if kept.len() == self.most {
                kept.pop_front();
            }
            kept.push_back(entry);
        }
        self.arrived.send_modify(|count| *count += 1);
    }

    /// Returns the recorded requests, the oldest first.
    pub(crate) fn all(&self) -> Vec<SeenRequest> {
        self.lock().iter().cloned().collect()
    }

    /// Forgets the recorded requests.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Waits until `enough` returns true for the recorded requests.
    pub(crate) async fn wait_until(&self, enough: impl Fn(&[SeenRequest]) -> bool) {
        let mut arrived = self.arrived.subscribe();
        while !enough(self.lock().make_contiguous()) {
            // This struct holds the sender, so it cannot be gone.
            let _ = arrived.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<SeenRequest>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
