//! Permits for the few large bodies of a host that are in memory at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A body of more bytes than this is a large one.
pub(crate) const LARGE: usize = 1024 * 1024;

/// The permits for the few large bodies of a host that are read and processed at once.
pub(crate) type LargeBodyPermits = Arc<Semaphore>;

/// The right to hold a large body, until it is processed.
pub(crate) type LargeBodyPermit = OwnedSemaphorePermit;

/// Creates permits for so many large bodies at once.
pub(crate) fn large_body_permits(most: usize) -> LargeBodyPermits {
    Arc::new(Semaphore::new(most))
}
