//! A gate at which requests wait until a test lets them through.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

/// A barrier that a test opens. Clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<Barrier>);

struct Barrier {
    open: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl Default for Gate {
    fn default() -> Gate {
        Gate(Arc::new(Barrier { open: watch::Sender::new(false), waiting: watch::Sender::new(0) }))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gate({})", if *self.0.open.borrow() { "open" } else { "shut" })
    }
}

impl Gate {
    /// Creates a closed gate.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Lets all requests through, now and later.
    pub fn open(&self) {
        self.0.open.send_replace(true);
    }

    /// Waits until this number of requests has come to the gate since it was created.
    pub async fn reached_by(&self, requests: usize) {
        // This struct holds the sender, so it cannot be gone.
        let _ = self.0.waiting.subscribe().wait_for(|waiting| *waiting >= requests).await;
    }

    /// Waits at the gate until it is open.
    pub(super) async fn pass(&self) {
        self.0.waiting.send_modify(|waiting| *waiting += 1);
        let _ = self.0.open.subscribe().wait_for(|open| *open).await;
    }
}
