//! The end of one part of a change.

use crate::model::change::progress::{Effect, Outcome};
use crate::ops::journal::RunningEntry;

/// The end of one part of a change.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    /// The outcome, for the user.
    pub(crate) outcome: Outcome,
    /// Whether the part changed anything, for the journal. A part that failed half done may have an unknown effect
    /// although its failure is certain.
    pub(crate) effect: Effect,
}

impl Ended {
    /// Returns the end of a part that did not change anything.
    pub(crate) fn without_effect(outcome: Outcome) -> Ended {
        Ended { outcome, effect: Effect::NotDone }
    }

    /// Returns the end of a part that failed half done. An undo has to look at the registry itself.
    pub(crate) fn half_done(outcome: Outcome) -> Ended {
        Ended { outcome, effect: Effect::Unknown }
    }
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Ended {
        Ended { effect: outcome.effect(), outcome }
    }
}

/// Notes in the journal whether an item of its entry was changed.
pub(crate) async fn note_effect(running: &RunningEntry, item: usize, effect: Effect) {
    match effect {
        Effect::Done => running.mark_done(item, true).await,
        Effect::NotDone => running.mark_done(item, false).await,
        Effect::Unknown => running.mark_unconfirmed(item).await,
    }
}
