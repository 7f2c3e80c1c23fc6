//! What was asked: the tests' way to say "one request each" or "the password went nowhere else".

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
    /// Without the query, as it was sent.
    pub path: String,
    /// After the `?`, as it was sent; empty if there is none.
    pub query: String,
    /// As they were sent.
    pub headers: HeaderMap,
}

impl SeenRequest {
    /// The value of a header, if it is there once at least and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `GET /v2/_catalog?n=100`: method, path and query in one line.
    pub fn line(&self) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, self.query)
    }
}

/// The last requests, oldest first.
#[derive(Debug)]
pub struct Requests {
    kept: Mutex<VecDeque<SeenRequest>>,
    most: usize,
    arrived: watch::Sender<u64>,
}

impl Requests {
    /// Keeps so many; with 0 nothing is written down.
    pub fn keeping(most: usize) -> Requests {
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

    /// Those kept, oldest first.
    pub fn all(&self) -> Vec<SeenRequest> {
        self.lock().iter().cloned().collect()
    }

    /// Forgets them.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Returns when `enough` says yes to those kept.
    pub async fn until(&self, enough: impl Fn(&[SeenRequest]) -> bool) {
        let mut arrived = self.arrived.subscribe();
        while !enough(self.lock().make_contiguous()) {
            // The sender is ours: it cannot be gone.
            let _ = arrived.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<SeenRequest>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
