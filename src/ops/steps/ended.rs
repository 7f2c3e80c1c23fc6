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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::failure;
    use crate::model::failure::FailureKind::{Denied, Unreachable};

    #[test]
    fn the_outcome_tells_the_effect_unless_the_part_says_otherwise() {
        use Effect::{Done, NotDone, Unknown};
        let table = [
            ("done", Outcome::Done("new".into()), Done),
            ("as it was", Outcome::Unchanged("as before".into()), NotDone),
            ("left alone", Outcome::Skipped("it moved".into()), NotDone),
            ("not visible", Outcome::Unconfirmed(failure(Denied)), Unknown),
            ("refused", Outcome::Failed(failure(Denied)), NotDone),
            ("an answer that was lost", Outcome::Failed(failure(Unreachable)), Unknown),
            ("stopped", Outcome::Stopped, NotDone),
        ];
        for (case, outcome, effect) in table {
            let ends = [
                (Ended::from(outcome.clone()), effect),
                (Ended::half_done(outcome.clone()), Unknown),
                (Ended::without_effect(outcome.clone()), NotDone),
            ];
            for (ended, effect) in ends {
                assert_eq!((&ended.outcome, ended.effect), (&outcome, effect), "{case}");
            }
        }
    }
}
