//! The course of a change: its parts, how each ended, and telling so to whoever watches.

use std::ops::Range;
use std::sync::atomic::Ordering;

use tokio_util::sync::CancellationToken;

use super::JobControl;
use crate::client::Transfer;
use crate::model::change::journal::EntryId;
use crate::model::change::progress::{Outcome, Progress, ProgressItem, Report};
use crate::model::change::rules::Refusal;
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;
use crate::ops::journal::RunningEntry;

/// The same failure so often in a row ends the attempt: a server that forbids three forbids the rest.
const MOST_ALIKE: usize = 3;

/// The parts of a change while it runs.
#[derive(Debug)]
pub struct Tracker<'a> {
    watch: &'a JobControl,
    items: Vec<ProgressItem>,
    /// The last failure and how often it came in a row.
    alike: Option<(Failure, usize)>,
    /// What should be known at the end.
    pub notes: Vec<SafeText>,
    /// Whether something was changed, or may have been.
    pub changed: bool,
}

impl<'a> Tracker<'a> {
    /// Nothing of it has ended.
    pub fn new(watch: &'a JobControl, names: impl IntoIterator<Item = SafeText>) -> Tracker<'a> {
        let items: Vec<ProgressItem> =
            names.into_iter().map(|name| ProgressItem { name, outcome: None }).collect();
        watch.progress.send_replace(Progress { items: items.clone(), ..Progress::default() });
        Tracker { watch, items, alike: None, notes: Vec::new(), changed: false }
    }

    /// Tells what is in hand.
    pub fn now(&self, what: SafeText) {
        self.watch.progress.send_modify(|progress| progress.now = what);
    }

    /// Why the next part must not be begun, if it must not: somebody stopped it, or it would only fail like the last.
    pub fn is_over(&self) -> Option<Outcome> {
        if self.watch.stop.is_cancelled() {
            return Some(Outcome::Stopped);
        }
        match &self.alike {
            Some((failure, times)) if *times >= MOST_ALIKE => Some(Outcome::Skipped(SafeText::from(
                format!("not tried: {times} in a row failed alike ({})", failure.why),
            ))),
            _ => None,
        }
    }

    /// Cancelled when it is to end as soon as nothing is half done.
    pub fn stop(&self) -> CancellationToken {
        self.watch.stop.clone()
    }

    /// A part ended.
    pub fn ended(&mut self, index: usize, outcome: Outcome) {
        self.alike = match (&outcome, self.alike.take()) {
            (Outcome::Failed(failure), Some((last, times))) if is_alike(failure, &last) => {
                Some((last, times + 1))
            }
            (Outcome::Failed(failure), _) => Some((failure.clone(), 1)),
            (Outcome::Done(_) | Outcome::Unconfirmed(_), _) => None,
            (Outcome::Unchanged(_) | Outcome::Skipped(_) | Outcome::Stopped, alike) => alike,
        };
        let Some(item) = self.items.get_mut(index) else { return };
        item.outcome = Some(outcome.clone());
        self.watch.progress.send_modify(|progress| {
            if let Some(item) = progress.items.get_mut(index) {
                item.outcome = Some(outcome);
            }
        });
    }

    /// A part ended, and the journal is told of the items that it stands for.
    pub async fn noted(
        &mut self,
        running: &RunningEntry,
        items: Range<usize>,
        index: usize,
        outcome: Outcome,
    ) {
        let done = is_done(&outcome);
        self.changed |= done != Some(false);
        for item in items {
            match done {
                Some(done) => running.done(item, done).await,
                None => running.unconfirmed(item).await,
            }
        }
        self.ended(index, outcome);
    }

    /// A part failed after something of it was done: nothing is noted, so that undo looks for itself.
    pub fn half_done(&mut self, index: usize, outcome: Outcome) {
        self.changed = true;
        self.ended(index, outcome);
    }

    /// Ends the entry of the journal and makes the report.
    pub async fn close(mut self, running: RunningEntry) -> Report {
        let id = running.id().clone();
        if let Err(note) = running.end().await {
            self.notes.push(note);
        }
        let undo = self.changed.then_some(id);
        self.report(undo)
    }

    /// The report; parts that nothing was said of were stopped before their turn.
    pub fn report(self, undo: Option<EntryId>) -> Report {
        let stopped = |mut item: ProgressItem| {
            item.outcome.get_or_insert(Outcome::Stopped);
            item
        };
        let items = self.items.into_iter().map(stopped).collect();
        Report { items, undo, notes: self.notes, ..Report::default() }
    }

    /// The report where nothing could be begun: every part failed for the same reason.
    pub fn refused(mut self, failure: &Failure) -> Report {
        for index in 0..self.items.len() {
            self.ended(index, Outcome::Failed(failure.clone()));
        }
        self.report(None)
    }
}

/// Whether something was changed: `None` where a request went out and its answer was lost, or its effect is not to be seen.
pub fn is_done(outcome: &Outcome) -> Option<bool> {
    match outcome {
        Outcome::Done(_) => Some(true),
        Outcome::Unconfirmed(_) => None,
        Outcome::Failed(failure) if failure.kind == FailureKind::Unreachable => None,
        Outcome::Unchanged(_) | Outcome::Failed(_) | Outcome::Skipped(_) | Outcome::Stopped => Some(false),
    }
}

/// Only refusals of the server count: what may pass, passes.
fn is_alike(one: &Failure, other: &Failure) -> bool {
    one.why == other.why && matches!(one.kind, FailureKind::Denied | FailureKind::Unsupported)
}

/// What should be known of uploads that could not be closed.
pub fn left_open(transfer: &Transfer) -> Option<SafeText> {
    let open = transfer.left_open.load(Ordering::Relaxed);
    let (uploads, them) = if open == 1 { ("upload", "it") } else { ("uploads", "them") };
    let text = format!("{open} {uploads} could not be closed; the registry drops {them} by itself some day");
    (open > 0).then(|| SafeText::from(text))
}

/// A rule's refusal as what went wrong.
pub fn refusal(what: impl Into<SafeText>, refusal: &Refusal) -> Failure {
    Failure {
        what: what.into(),
        why: refusal.why.clone(),
        hint: refusal.hint.clone(),
        kind: FailureKind::Denied,
    }
}
