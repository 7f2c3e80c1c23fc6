//! How far a job is, and how it ended.

use std::collections::HashMap;

use serde::Serialize;

use super::journal::EntryId;
use crate::model::failure::Failure;
use crate::model::text::SafeText;

/// How far a job is.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Every part of it.
    pub items: Vec<ProgressItem>,
    /// Bytes moved, each counted once.
    pub moved: u64,
    /// Bytes to move in all; zero for work that moves none.
    pub bytes: u64,
    /// What is in hand: `layer 3 of 14`.
    pub now: SafeText,
    /// Why it does not go on, while a registry is waited for: `waits for HOST: connection refused for 7 s, next try in
    /// 2 s`. Empty as soon as it goes on.
    pub waits: SafeText,
}

/// One part of a job: a tag, an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProgressItem {
    /// Its name.
    pub name: SafeText,
    /// How it ended; `None` until then.
    pub outcome: Option<Outcome>,
}

/// What was asked for and cannot even be begun: named in the plan, and a failure of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unresolved {
    /// Its name.
    pub name: SafeText,
    /// Why.
    pub failure: Failure,
}

impl From<&Unresolved> for ProgressItem {
    fn from(missed: &Unresolved) -> ProgressItem {
        ProgressItem { name: missed.name.clone(), outcome: Some(Outcome::Failed(missed.failure.clone())) }
    }
}

/// How a part ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done and checked.
    Done(SafeText),
    /// It is as it should be, and was so before.
    Unchanged(SafeText),
    /// It was left alone, and is not as it should be; says why.
    Skipped(SafeText),
    /// The server took it and does not show it, or it cannot be looked at. It may come to be, or not: this is no success.
    /// Says what was asked for, what is seen instead, and what helps.
    Unconfirmed(Failure),
    /// It failed.
    Failed(Failure),
    /// Stopped before it was done.
    Stopped,
}

/// How a job ended.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Every part of it, each with its outcome.
    pub items: Vec<ProgressItem>,
    /// Bytes moved, each counted once.
    pub moved: u64,
    /// Bytes moved more than once because something broke.
    pub again: u64,
    /// The entry that can undo it, if anything was changed.
    pub undo: Option<EntryId>,
    /// How much of it that entry takes back, as far as was looked at afterwards.
    pub takes_back: TakesBack,
    /// How far that takes it back.
    pub back: Back,
    /// What stayed behind and should be known: an upload that could not be closed, children that nothing names.
    pub notes: Vec<SafeText>,
}

/// How much of a change can be taken back: whether what it replaced or removed is still there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TakesBack {
    /// All of it.
    #[default]
    All,
    /// Some of it.
    Part,
    /// None of it.
    Nothing,
    /// What is there could not be looked at.
    NotKnown,
}

/// How a change can be taken back, as far as it is known when it ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Back {
    /// Whether the server deletes tags was not asked.
    #[default]
    Unknown,
    /// All of it.
    Whole,
    /// All of it, new tags by way of replacements.
    ByReplacement,
    /// New tags stay: the server deletes neither tags nor images. What was replaced can be put back.
    Partly,
    /// Nothing of it, for the same reason.
    Nothing,
}

/// Parts that ended alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike<'a> {
    /// Their names, in the order of the parts.
    pub names: Vec<&'a SafeText>,
    /// How each of them ended; `None` where none of them has yet, or ever will.
    pub outcome: Option<&'a Outcome>,
}

/// The parts in their order, those that were not done for the same reason together, at the place of the first: what
/// stopped many is said once. Each that was done stands for itself.
pub fn alike(items: &[ProgressItem]) -> Vec<Alike<'_>> {
    let mut all: Vec<Alike<'_>> = Vec::new();
    let mut places = HashMap::new();
    for item in items {
        let outcome = item.outcome.as_ref();
        let reason = match outcome {
            Some(Outcome::Failed(failure) | Outcome::Unconfirmed(failure)) => {
                Some((failure.why.as_str(), failure.hint.as_ref()))
            }
            Some(Outcome::Skipped(why)) => Some((why.as_str(), None)),
            Some(Outcome::Stopped) => Some(("", None)),
            None | Some(Outcome::Done(_) | Outcome::Unchanged(_)) => None,
        };
        let place = reason.map(|reason| (outcome.map(std::mem::discriminant), reason));
        let known = place.as_ref().and_then(|place| places.get(place).copied());
        match known.and_then(|at: usize| all.get_mut(at)) {
            Some(alike) => alike.names.push(&item.name),
            None => {
                place.map(|place| places.insert(place, all.len()));
                all.push(Alike { names: vec![&item.name], outcome });
            }
        }
    }
    all
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

    /// Parts that the server took and does not show.
    pub fn unconfirmed(&self) -> impl Iterator<Item = (&SafeText, &Failure)> {
        self.items.iter().filter_map(|item| match &item.outcome {
            Some(Outcome::Unconfirmed(failure)) => Some((&item.name, failure)),
            _ => None,
        })
    }

    /// Parts that were done.
    pub fn done(&self) -> usize {
        self.items.iter().filter(|item| matches!(item.outcome, Some(Outcome::Done(_)))).count()
    }

    /// Whether every part is as it should be.
    pub fn is_success(&self) -> bool {
        self.items.iter().all(|item| matches!(item.outcome, Some(Outcome::Done(_) | Outcome::Unchanged(_))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::FailureKind;

    #[test]
    fn what_was_not_done_for_one_reason_stands_together_and_what_was_done_alone() {
        let failed = |what: &'static str, why: &'static str| {
            Outcome::Failed(Failure {
                what: what.into(),
                why: why.into(),
                hint: None,
                kind: FailureKind::Unsupported,
            })
        };
        let outcomes = [
            ("a", Outcome::Done("untagged".into())),
            ("b", failed("cannot untag b", "400")),
            ("c", Outcome::Done("untagged".into())),
            ("d", failed("cannot untag d", "400")),
            ("e", Outcome::Skipped("400".into())),
            ("f", failed("cannot untag f", "500")),
            ("g", Outcome::Skipped("400".into())),
        ];
        let item = |(name, outcome): (&'static str, Outcome)| ProgressItem {
            name: name.into(),
            outcome: Some(outcome),
        };
        let mut items: Vec<ProgressItem> = outcomes.into_iter().map(item).collect();
        items.extend(["h", "i"].map(|name| ProgressItem { name: name.into(), outcome: None }));
        let names: Vec<String> = alike(&items)
            .iter()
            .map(|alike| alike.names.iter().map(|name| name.as_str()).collect::<String>())
            .collect();
        assert_eq!(names, ["a", "bd", "c", "eg", "f", "h", "i"]);
    }
}
