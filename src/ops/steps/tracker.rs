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

#[cfg(test)]
mod tests {
    use FailureKind::{Busy, Denied, Unreachable, Unsupported};
    use tokio::sync::watch;

    use super::*;
    use crate::model::change::builders::failure;
    use crate::model::change::progress::Progress;

    fn control() -> JobControl {
        JobControl { progress: watch::Sender::new(Progress::default()), stop: CancellationToken::new() }
    }

    fn items(count: usize) -> impl Iterator<Item = ProgressItem> {
        (0..count).map(|number| ProgressItem::new(number.to_string(), []))
    }

    fn failed(kind: FailureKind) -> Outcome {
        Outcome::Failed(failure(kind))
    }

    fn outcomes(report: &Report) -> Vec<Option<Outcome>> {
        report.items.iter().map(|item| item.outcome.clone()).collect()
    }

    #[test]
    fn three_equal_refusals_in_a_row_end_the_attempt() {
        let denied = || failed(Denied);
        let other = || Outcome::Failed(Failure { why: "403".into(), ..failure(Denied) });
        let done = || Outcome::Done("new".into());
        let unconfirmed = || Outcome::Unconfirmed(failure(Denied));
        let table = [
            ("nothing yet", vec![], None),
            ("two", vec![denied(), denied()], None),
            ("three", vec![denied(), denied(), denied()], Some(3)),
            ("four", vec![denied(), denied(), denied(), denied()], Some(4)),
            ("not supported", vec![failed(Unsupported), failed(Unsupported), failed(Unsupported)], Some(3)),
            ("no connection", vec![failed(Unreachable), failed(Unreachable), failed(Unreachable)], None),
            ("too busy", vec![failed(Busy), failed(Busy), failed(Busy)], None),
            ("another reason between", vec![denied(), denied(), other(), denied()], None),
            ("three after another reason", vec![other(), denied(), denied(), denied()], Some(3)),
            ("a success between", vec![denied(), denied(), done(), denied()], None),
            ("a success after", vec![denied(), denied(), denied(), done()], None),
            ("an unconfirmed part between", vec![denied(), denied(), unconfirmed(), denied()], None),
            (
                "an unchanged part between",
                vec![denied(), Outcome::Unchanged("".into()), denied(), denied()],
                Some(3),
            ),
            (
                "a skipped part between",
                vec![denied(), denied(), Outcome::Skipped("".into()), denied()],
                Some(3),
            ),
            ("a stopped part between", vec![denied(), Outcome::Stopped, denied(), denied()], Some(3)),
        ];
        for (case, outcomes, times) in table {
            let control = control();
            let mut tracker = Tracker::new(&control, items(outcomes.len()));
            for (index, outcome) in outcomes.into_iter().enumerate() {
                tracker.set_outcome(index, outcome);
            }
            let text = times.map(|times: usize| format!("not tried: {times} in a row failed alike (500)"));
            assert_eq!(tracker.reason_to_stop(), text.map(|text| Outcome::Skipped(text.into())), "{case}");
        }
    }

    #[test]
    fn a_change_that_the_user_stops_ends_whatever_failed_before() {
        for (case, refusals) in [("nothing failed", 0), ("three failed alike", 3)] {
            let control = control();
            let mut tracker = Tracker::new(&control, items(4));
            (0..refusals).for_each(|index| tracker.set_outcome(index, failed(Denied)));
            assert_ne!(tracker.reason_to_stop(), Some(Outcome::Stopped), "{case}");
            control.stop.cancel();
            assert!(tracker.stop_token().is_cancelled(), "{case}");
            assert_eq!(tracker.reason_to_stop(), Some(Outcome::Stopped), "{case}");
        }
    }

    #[test]
    fn the_progress_shows_the_parts_and_their_outcomes() {
        let control = control();
        let mut tracker = Tracker::new(&control, items(2));
        tracker.report_current("0".into());
        tracker.set_outcome(1, failed(Busy));
        tracker.set_outcome(7, Outcome::Stopped);
        let progress = control.progress.borrow();
        assert_eq!(progress.now.as_str(), "0");
        let shown: Vec<_> = progress.items.iter().map(|item| item.outcome.clone()).collect();
        assert_eq!(shown, [None, Some(failed(Busy))]);
    }

    #[test]
    fn a_part_that_failed_half_done_has_changed_something() {
        let control = control();
        let mut tracker = Tracker::new(&control, items(1));
        tracker.set_outcome(0, failed(Denied));
        assert!(!tracker.has_changed);
        tracker.record_half_done(0, failed(Busy));
        assert!(tracker.has_changed);
        assert_eq!(outcomes(&tracker.report(None)), [Some(failed(Busy))]);
    }

    #[test]
    fn the_report_calls_parts_that_did_not_begin_stopped_and_keeps_notes_and_undo() {
        let control = control();
        let mut tracker = Tracker::new(&control, items(2));
        tracker.set_outcome(0, failed(Denied));
        tracker.notes.push("a note".into());
        let report = tracker.report(Some(EntryId("1".into())));
        assert_eq!(outcomes(&report), [Some(failed(Denied)), Some(Outcome::Stopped)]);
        assert_eq!(report.undo, Some(EntryId("1".into())));
        assert_eq!(report.notes, ["a note".into()]);
    }

    #[test]
    fn every_part_of_a_change_that_is_refused_failed_for_the_same_reason() {
        for count in [0, 1, 4] {
            let control = control();
            let report = Tracker::new(&control, items(count)).into_refused_report(&failure(Denied));
            assert_eq!(outcomes(&report), vec![Some(failed(Denied)); count], "{count} parts");
            assert_eq!(report.undo, None, "{count} parts");
        }
    }

    #[test]
    fn a_note_counts_the_uploads_that_could_not_be_closed() {
        let table = [
            (0, None),
            (1, Some("1 upload could not be closed; the registry removes it by itself later")),
            (2, Some("2 uploads could not be closed; the registry removes them by itself later")),
        ];
        for (count, expected) in table {
            let transfer = Transfer::default();
            transfer.unclosed_uploads.store(count, Ordering::Relaxed);
            assert_eq!(open_uploads_note(&transfer).as_ref().map(SafeText::as_str), expected, "{count}");
        }
    }
}
