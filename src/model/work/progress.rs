//! How far a job is, and how it ended.

use serde::Serialize;

use super::journal::EntryId;
use crate::model::failure::Failure;
use crate::model::text::SafeText;

/// How far a job is.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Every part of it.
    pub items: Vec<Item>,
    /// Bytes moved, each counted once.
    pub moved: u64,
    /// Bytes to move in all; zero for work that moves none.
    pub bytes: u64,
    /// What is in hand: `layer 3 of 14`.
    pub now: SafeText,
}

/// One part of a job: a tag, an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its name.
    pub name: SafeText,
    /// How it ended; `None` until then.
    pub outcome: Option<Outcome>,
}

/// What was wished for and cannot even be begun: named in the plan, and a failure of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// Its name.
    pub name: SafeText,
    /// Why.
    pub failure: Failure,
}

impl From<&Missed> for Item {
    fn from(missed: &Missed) -> Item {
        Item { name: missed.name.clone(), outcome: Some(Outcome::Failed(missed.failure.clone())) }
    }
}

/// How a part ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done and checked.
    Done(SafeText),
    /// It is as it should be, and was so before.
    Already(SafeText),
    /// It was left alone, and is not as it should be; says why.
    Left(SafeText),
    /// The server took it but does not show it yet.
    Pending(SafeText),
    /// It failed.
    Failed(Failure),
    /// Stopped before its turn.
    Stopped,
}

/// How a job ended.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Every part of it, each with its outcome.
    pub items: Vec<Item>,
    /// Bytes moved, each counted once.
    pub moved: u64,
    /// Bytes moved more than once because something broke.
    pub again: u64,
    /// The entry that can undo it, if anything was changed.
    pub undo: Option<EntryId>,
    /// What stayed behind and should be known: an upload that could not be closed, children that nothing names.
    pub remarks: Vec<SafeText>,
}

impl Progress {
    /// Parts that ended.
    pub fn ended(&self) -> usize {
        self.items.iter().filter(|item| item.outcome.is_some()).count()
    }
}

impl Report {
    /// Parts that failed.
    pub fn failures(&self) -> impl Iterator<Item = (&SafeText, &Failure)> {
        self.items.iter().filter_map(|item| match &item.outcome {
            Some(Outcome::Failed(failure)) => Some((&item.name, failure)),
            _ => None,
        })
    }

    /// Parts that were done.
    pub fn done(&self) -> usize {
        self.items.iter().filter(|item| matches!(item.outcome, Some(Outcome::Done(_)))).count()
    }

    /// Whether every part is as it should be.
    pub fn is_success(&self) -> bool {
        self.items.iter().all(|item| {
            matches!(item.outcome, Some(Outcome::Done(_) | Outcome::Already(_) | Outcome::Pending(_)))
        })
    }
}
