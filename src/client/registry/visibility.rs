//! The time after which a registry shows the changes that it accepted.

use std::fmt::Debug;
use std::time::Duration;

/// The visibility of changes, for registries that may show a change some time after they accepted it.
pub trait Visibility: Send + Sync {
    /// Returns how long to wait until a change shows.
    fn timeout(&self) -> Duration;

    /// Returns whether the registry was found to show changes only some time after it accepted them.
    fn is_delayed(&self) -> bool;

    /// Records how long a change took to show, or `None` if it did not show in the time that was waited.
    fn learn(&self, took: Option<Duration>);

    /// Reports, as long as the returned value lives, that the registry accepted a change and does not show it yet.
    fn report_wait(&self) -> Box<dyn WaitReport + '_>;
}

/// A report that ends when the value is dropped.
pub trait WaitReport: Debug + Send {}
