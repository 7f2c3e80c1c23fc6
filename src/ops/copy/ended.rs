//! The result of one part of a copy.

use crate::model::change::progress::Outcome;

/// The result of copying an image or of writing a list.
#[derive(Clone)]
pub struct Ended {
    /// The outcome.
    pub outcome: Outcome,
    /// Whether its tag was put; `None` if the answer to that was lost.
    pub has_put: Option<bool>,
}

impl Ended {
    /// Returns the result of an image or list whose tag was not put.
    pub fn before_put(outcome: Outcome) -> Ended {
        Ended { outcome, has_put: Some(false) }
    }
}
