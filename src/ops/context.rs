//! Everything that a change needs, and the controls of a running one.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::journal::Journal;
use crate::client::Pool;
use crate::model::change::progress::Progress;
use crate::model::change::rules::Rules;

/// The registries, the rules and the journal that a change needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ChangeContext {
    /// The registries.
    pub pool: Pool,
    /// The rules of the configuration.
    pub rules: Rules,
    /// The journal that keeps everything that is replaced.
    pub journal: Journal,
}

/// The controls of a running change: its progress, and a token that stops it.
#[derive(Debug, Clone)]
pub struct JobControl {
    /// The channel that receives the progress.
    pub progress: watch::Sender<Progress>,
    /// Stops the change when it is cancelled, as soon as nothing is half done.
    pub stop: CancellationToken,
}
