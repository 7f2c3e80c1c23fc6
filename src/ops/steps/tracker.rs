//! Tracks a change: its parts, the outcome of each, and the progress that is reported to the user.

use std::ops::Range;
use std::sync::atomic::Ordering;

use tokio_util::sync::CancellationToken;

use super::ended::{Ended, note_effect};
use crate::client::Transfer;
use crate::model::change::journal::EntryId;
use crate::model::change::progress::{Outcome, ProgressItem, Report};
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;
use crate::ops::context::JobControl;
use crate::ops::journal::RunningEntry;

/// The number of equal failures in a row that end the attempt: a server that forbids three changes forbids the rest.
const MOST_ALIKE: usize = 3;

/// The parts of a change while it runs.
#[derive(Debug)]
pub(crate) struct Tracker<'a> {
    control: &'a JobControl,
    items: Vec<ProgressItem>,
    /// The last failure, and how often it occurred in a row.
    last_failure: Option<(Failure, usize)>,
    /// Notes for the report.
    pub(crate) notes: Vec<SafeText>,
    /// Whether anything was changed, or may have been.
    pub(crate) has_changed: bool,
}

impl<'a> Tracker<'a> {
    /// Returns a tracker of a change that has not begun.
    pub(crate) fn new(control: &'a JobControl, items: impl IntoIterator<Item = ProgressItem>) -> Tracker<'a> {
        let items: Vec<ProgressItem> = items.into_iter().collect();
        control.begin(items.clone(), 0);
        Tracker { control, items, last_failure: None, notes: Vec::new(), has_changed: false }
    }

    /// Reports the part that is in progress.
    pub(crate) fn report_current(&self, what: SafeText) {
        self.control.set_current(what);
    }

    /// Returns the reason not to begin the next part, if there is one: the user stopped the change, or the part would
    /// fail like the last ones.
    pub(crate) fn reason_to_stop(&self) -> Option<Outcome> {
        if self.control.stop.is_cancelled() {
            return Some(Outcome::Stopped);
        }
        match &self.last_failure {
            Some((failure, times)) if *times >= MOST_ALIKE => Some(Outcome::Skipped(SafeText::from(
                format!("not tried: {times} in a row failed alike ({})", failure.why),
            ))),
            _ => None,
        }
    }

    /// Returns the token that is cancelled if the change has to end as soon as nothing is half done.
    pub(crate) fn stop_token(&self) -> CancellationToken {
        self.control.stop.clone()
    }

    /// Sets the outcome of a part.
    pub(crate) fn set_outcome(&mut self, index: usize, outcome: Outcome) {
        self.last_failure = match (&outcome, self.last_failure.take()) {
            (Outcome::Failed(failure), Some((last, times))) if is_same_refusal(failure, &last) => {
                Some((last, times + 1))
            }
            (Outcome::Failed(failure), _) => Some((failure.clone(), 1)),
            (Outcome::Done(_) | Outcome::Unconfirmed(_), _) => None,
            (Outcome::Unchanged(_) | Outcome::Skipped(_) | Outcome::Stopped, alike) => alike,
        };
        let Some(item) = self.items.get_mut(index) else { return };
        self.control.set_outcome(index, &outcome);
        item.outcome = Some(outcome);
    }

    /// Sets the outcome of a part, and notes it in the journal for the items of the part.
    pub(crate) async fn record_outcome(
        &mut self,
        running: &RunningEntry,
        items: Range<usize>,
        index: usize,
        ended: impl Into<Ended>,
    ) {
        let Ended { outcome, effect } = ended.into();
        self.has_changed |= effect.may_be_done();
        for item in items {
            note_effect(running, item, effect).await;
        }
        self.set_outcome(index, outcome);
    }

    /// Sets the outcome of a part that failed half done. Nothing is noted in the journal, so that an undo looks at the
    /// registry itself.
    pub(crate) fn record_half_done(&mut self, index: usize, outcome: Outcome) {
        self.has_changed = true;
        self.set_outcome(index, outcome);
    }

    /// Ends the journal entry and returns the report.
    pub(crate) async fn close(mut self, running: RunningEntry) -> Report {
        let id = running.id().clone();
        if let Err(note) = running.end().await {
            self.notes.push(note);
        }
        let undo = self.has_changed.then_some(id);
        self.report(undo)
    }

    /// Returns the report. Parts without an outcome were stopped before they began.
    pub(crate) fn report(self, undo: Option<EntryId>) -> Report {
        let stopped = |mut item: ProgressItem| {
            item.outcome.get_or_insert(Outcome::Stopped);
            item
        };
        let items = self.items.into_iter().map(stopped).collect();
        Report { items, undo, notes: self.notes, ..Report::default() }
    }

    /// Returns the report of a change that could not begin: every part failed for the same reason.
    pub(crate) fn into_refused_report(mut self, failure: &Failure) -> Report {
        for index in 0..self.items.len() {
            self.set_outcome(index, Outcome::Failed(failure.clone()));
        }
        self.report(None)
    }
}

/// Returns whether two failures are equal refusals of the server. Other failures do not count, because they may pass.
fn is_same_refusal(one: &Failure, other: &Failure) -> bool {
    one.why == other.why && matches!(one.kind, FailureKind::Denied | FailureKind::Unsupported)
}

/// Returns a note about uploads that could not be closed.
pub(crate) fn open_uploads_note(transfer: &Transfer) -> Option<SafeText> {
    let open = transfer.unclosed_uploads.load(Ordering::Relaxed);
    let (uploads, them) = if open == 1 { ("upload", "it") } else { ("uploads", "them") };
    let text = format!("{open} {uploads} could not be closed; the registry removes {them} by itself later");
    (open > 0).then(|| SafeText::from(text))
}
