//! How the items of a report ended, by name.

use regtui::model::change::progress::{Outcome, Report};

/// An [`Outcome`] without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutcomeKind {
    Done,
    Unchanged,
    Skipped,
    Unconfirmed,
    Failed,
    Stopped,
    /// The item has no outcome: the change ended before it.
    Missing,
}

impl From<&Option<Outcome>> for OutcomeKind {
    fn from(outcome: &Option<Outcome>) -> OutcomeKind {
        match outcome {
            Some(Outcome::Done(_)) => OutcomeKind::Done,
            Some(Outcome::Unchanged(_)) => OutcomeKind::Unchanged,
            Some(Outcome::Skipped(_)) => OutcomeKind::Skipped,
            Some(Outcome::Unconfirmed(_)) => OutcomeKind::Unconfirmed,
            Some(Outcome::Failed(_)) => OutcomeKind::Failed,
            Some(Outcome::Stopped) => OutcomeKind::Stopped,
            None => OutcomeKind::Missing,
        }
    }
}

/// Returns how each item of a report ended, in the order of the items.
pub fn outcomes(report: &Report) -> Vec<OutcomeKind> {
    report.items.iter().map(|item| OutcomeKind::from(&item.outcome)).collect()
}

/// Returns how the first item of a report ended, with its text.
pub fn first_outcome(report: &Report) -> (&'static str, String) {
    match &report.items[0].outcome {
        Some(Outcome::Done(text)) => ("done", text.to_string()),
        Some(Outcome::Failed(failure)) => ("failed", failure.to_string()),
        Some(Outcome::Unconfirmed(failure)) => ("unconfirmed", failure.to_string()),
        Some(Outcome::Skipped(why)) => ("skipped", why.to_string()),
        other => panic!("{other:?}"),
    }
}
