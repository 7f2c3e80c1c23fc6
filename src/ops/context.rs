//! Everything that a change needs, and the controls of a running one.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::journal::Journal;
use crate::client::Pool;
use crate::model::change::progress::{Outcome, Progress, ProgressItem};
use crate::model::change::rules::Rules;
use crate::model::text::SafeText;

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

impl JobControl {
    /// Reports the parts of a change that begins, and the bytes that it moves.
    pub(crate) fn begin(&self, items: Vec<ProgressItem>, total_bytes: u64) {
        self.progress.send_replace(Progress { items, total_bytes, ..Progress::default() });
    }

    /// Reports the outcome of a part.
    pub(crate) fn set_outcome(&self, index: usize, outcome: &Outcome) {
        self.progress.send_modify(|progress| {
            if let Some(item) = progress.items.get_mut(index) {
                item.outcome = Some(outcome.clone());
            }
        });
    }

    /// Reports the part that is in progress.
    pub(crate) fn set_current(&self, now: SafeText) {
        self.progress.send_modify(|progress| progress.now = now);
    }

    /// Reports the bytes that were moved, and those to move in all.
    pub(crate) fn set_bytes(&self, moved: u64, total_bytes: u64) {
        self.progress.send_modify(|progress| {
            progress.moved = moved;
            progress.total_bytes = total_bytes;
        });
    }

    /// Reports the registry that the change waits for; empty if it goes on.
    pub(crate) fn set_waiting(&self, waiting: SafeText) {
        self.progress.send_if_modified(|progress| {
            let is_news = progress.waiting != waiting;
            progress.waiting = waiting;
            is_news
        });
    }
}
