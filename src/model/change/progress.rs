//! The progress of a job, and its report.

use std::collections::HashMap;

use serde::Serialize;

use super::journal::EntryId;
use crate::model::failure::{Failure, FailureKind};
use crate::model::plural::{counted, group_thousands};
use crate::model::reference::Selector;
use crate::model::request_budget::RequestNeed;
use crate::model::text::SafeText;

/// The progress of a job.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Every part of the job.
    pub items: Vec<ProgressItem>,
    /// Bytes moved, each counted once.
    pub moved: u64,
    /// Bytes to move in all. Zero for a job that moves none.
    pub total_bytes: u64,
    /// The part in progress: `3 of 14 blobs`.
    pub now: SafeText,
    /// The reason why the job waits for a registry: `waiting for HOST: connection refused for 7 s, next try in 2 s`.
    /// Empty as soon as the job goes on.
    pub waiting: SafeText,
    /// Whether the job is paused and moves nothing any more.
    pub is_paused: bool,
}

/// The number of tags that are looked up for a plan, and the requests that this needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Tags that were looked up.
    pub done: usize,
    /// Tags to look up, as far as that is known.
    pub all: usize,
    /// The counted requests that the next part of it needs, if that is worth being stated.
    pub need: Option<RequestNeed>,
}

impl Lookups {
    /// Returns the count and the need in words, such as `looking up 120 of 300 tags, about 300 of 350 requests left at
    /// docker.io`, or `None` if there is neither.
    pub(crate) fn describe(&self) -> Option<String> {
        let all = counted(self.all, "tag", "tags");
        let tags = (self.all > 0)
            .then(|| format!("looking up {} of {all}", group_thousands(self.done.min(self.all))));
        let parts: Vec<String> =
            tags.into_iter().chain(self.need.as_ref().map(RequestNeed::to_string)).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// A part of a job: a tag, an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProgressItem {
    /// The name of the part.
    pub name: SafeText,
    /// The tags and digests of the request that the part is about. Empty for a part that was not asked for by name, such
    /// as a list of referrers.
    #[serde(skip)]
    pub selectors: Vec<Selector>,
    /// The outcome of the part; `None` until it ends.
    pub outcome: Option<Outcome>,
}

/// An image that was asked for and cannot be part of the plan. The plan names it, and the report counts it as a
/// failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unresolved {
    /// The name of the image.
    pub(crate) name: SafeText,
    /// The tag or digest of the request, if it names one.
    #[serde(skip)]
    pub(crate) selector: Option<Selector>,
    /// The reason.
    pub failure: Failure,
}

impl ProgressItem {
    /// Creates a part that has not ended, with the tags and digests of the request that it is about.
    pub fn new(name: impl Into<SafeText>, selectors: impl IntoIterator<Item = Selector>) -> ProgressItem {
        ProgressItem { name: name.into(), selectors: selectors.into_iter().collect(), outcome: None }
    }

    /// Returns the part with its outcome.
    pub fn ended(self, outcome: Outcome) -> ProgressItem {
        ProgressItem { outcome: Some(outcome), ..self }
    }
}

impl Unresolved {
    /// Creates an image that was asked for by a tag or digest and cannot be part of the plan.
    pub(crate) fn of(selector: &Selector, failure: Failure) -> Unresolved {
        Unresolved { name: SafeText::from(selector.short()), selector: Some(selector.clone()), failure }
    }

    /// Creates something that was not asked for by name and cannot be part of the plan.
    pub(crate) fn unnamed(name: impl Into<SafeText>, failure: Failure) -> Unresolved {
        Unresolved { name: name.into(), selector: None, failure }
    }
}

impl From<&Unresolved> for ProgressItem {
    fn from(unresolved: &Unresolved) -> ProgressItem {
        ProgressItem {
            name: unresolved.name.clone(),
            selectors: unresolved.selector.iter().cloned().collect(),
            outcome: Some(Outcome::Failed(unresolved.failure.clone())),
        }
    }
}

/// The outcome of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done and checked.
    Done(SafeText),
    /// As asked for, and so already before the change.
    Unchanged(SafeText),
    /// Left alone, and not as asked for. The text says why.
    Skipped(SafeText),
    /// Accepted by the server and not visible afterwards, or the server could not be asked. The change may still become
    /// visible, or not: this is not a success. The failure says what was asked for, what the server shows instead, and
    /// what helps.
    Unconfirmed(Failure),
    /// Failed.
    Failed(Failure),
    /// Stopped before it was done.
    Stopped,
}

/// Whether a part changed anything in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It changed something.
    Done,
    /// It changed nothing.
    NotDone,
    /// That is not known: a request was sent, and its answer was lost or its effect is not visible.
    Unknown,
}

impl Effect {
    /// Returns whether something was changed, or may have been.
    pub(crate) fn may_be_done(self) -> bool {
        self != Effect::NotDone
    }
}

impl Outcome {
    /// Returns the effect that this outcome stands for.
    pub(crate) fn effect(&self) -> Effect {
        match self {
            Outcome::Done(_) => Effect::Done,
            Outcome::Unconfirmed(_) => Effect::Unknown,
            Outcome::Failed(failure)
                if matches!(failure.kind, FailureKind::Unreachable | FailureKind::Untrusted) =>
            {
                Effect::Unknown
            }
            Outcome::Unchanged(_) | Outcome::Failed(_) | Outcome::Skipped(_) | Outcome::Stopped => {
                Effect::NotDone
            }
        }
    }
}

/// The report of a job: the outcomes of all its parts.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Every part of the job, each with its outcome.
    pub items: Vec<ProgressItem>,
    /// Bytes moved, each counted once.
    pub moved: u64,
    /// Bytes moved more than once because a transfer broke off.
    pub again: u64,
    /// The journal entry that can undo the job, if it changed anything.
    pub undo: Option<EntryId>,
    /// How much of the job an undo of that entry takes back, as far as was checked afterwards.
    pub takes_back: TakesBack,
    /// How far an undo is possible.
    pub back: Back,
    /// Facts that the user should know about leftovers: an upload that could not be closed, children that no index
    /// lists.
    pub notes: Vec<SafeText>,
}

/// How much of a change an undo takes back. It depends on whether the manifests that the change replaced or removed
/// still exist.
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
    /// Not known, because the registry could not be asked.
    NotKnown,
}

/// How far an undo of a change is possible, as known when the change ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Back {
    /// Not known: it was not checked whether the server deletes tags.
    #[default]
    Unknown,
    /// All of it can be undone.
    Whole,
    /// All of it can be undone, with new tags removed by replacements.
    ByReplacement,
    /// New tags stay, because the server deletes neither tags nor images. Replaced tags can be put back.
    Partly,
    /// Nothing of it can be undone, for the same reason.
    Nothing,
}

/// Parts with the same outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alike<'a> {
    /// The names of the parts, in their order.
    pub(crate) names: Vec<&'a SafeText>,
    /// The outcome of each part; `None` if the parts have not ended, or never will.
    pub(crate) outcome: Option<&'a Outcome>,
}

/// Groups parts that were not done for the same reason, in the order of the first part of each group. A reason that
/// stopped many parts is thus given once. Each part that was done forms a group of its own.
pub(crate) fn group_alike(items: &[ProgressItem]) -> Vec<Alike<'_>> {
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
    /// Returns the number of parts that ended.
    pub fn ended(&self) -> usize {
        self.items.iter().filter(|item| item.outcome.is_some()).count()
    }
}

impl Report {
    /// Returns the parts that failed.
    pub fn failures(&self) -> impl Iterator<Item = (&SafeText, &Failure)> {
        self.items.iter().filter_map(|item| match &item.outcome {
            Some(Outcome::Failed(failure)) => Some((&item.name, failure)),
            _ => None,
        })
    }

    /// Returns the parts that the server accepted and does not show.
    pub fn unconfirmed(&self) -> impl Iterator<Item = (&SafeText, &Failure)> {
        self.items.iter().filter_map(|item| match &item.outcome {
            Some(Outcome::Unconfirmed(failure)) => Some((&item.name, failure)),
            _ => None,
        })
    }

    /// Returns the number of parts that were done.
    pub fn done(&self) -> usize {
        self.items.iter().filter(|item| matches!(item.outcome, Some(Outcome::Done(_)))).count()
    }

    /// Returns whether every part is as asked for.
    pub fn is_success(&self) -> bool {
        self.items.iter().all(|item| matches!(item.outcome, Some(Outcome::Done(_) | Outcome::Unchanged(_))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::failure;

    #[test]
    fn parts_that_failed_alike_stand_together_and_finished_parts_alone() {
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
        let item = |(name, outcome): (&'static str, Outcome)| ProgressItem::new(name, []).ended(outcome);
        let mut items: Vec<ProgressItem> = outcomes.into_iter().map(item).collect();
        items.extend(["h", "i"].map(|name| ProgressItem::new(name, [])));
        let names: Vec<String> = group_alike(&items)
            .iter()
            .map(|alike| alike.names.iter().map(|name| name.as_str()).collect::<String>())
            .collect();
        assert_eq!(names, ["a", "bd", "c", "eg", "f", "h", "i"]);
    }

    #[test]
    fn each_outcome_has_its_effect_and_says_whether_the_part_is_as_asked_for() {
        let failed = |kind| Outcome::Failed(failure(kind));
        let table = [
            (Outcome::Done("untagged".into()), Effect::Done, true),
            (Outcome::Unchanged("it was gone".into()), Effect::NotDone, true),
            (Outcome::Skipped("it moved".into()), Effect::NotDone, false),
            (Outcome::Unconfirmed(failure(FailureKind::Unconfirmed)), Effect::Unknown, false),
            (failed(FailureKind::Denied), Effect::NotDone, false),
            // The answer was lost, so the change may have been made.
            (failed(FailureKind::Unreachable), Effect::Unknown, false),
            (Outcome::Stopped, Effect::NotDone, false),
        ];
        for (outcome, effect, is_success) in table {
            assert_eq!(outcome.effect(), effect, "{outcome:?}");
            assert_eq!(effect.may_be_done(), effect != Effect::NotDone);
            let items = vec![ProgressItem::new("1", []).ended(outcome)];
            assert_eq!(Report { items, ..Report::default() }.is_success(), is_success, "{effect:?}");
        }
        let open = Report { items: vec![ProgressItem::new("1", [])], ..Report::default() };
        assert!(!open.is_success(), "a part without an outcome is not done");
    }
}
