//! Deletes that the server accepted and does not show yet, for example because it defers them. They are looked at again
//! together, so that many of them do not each have to be waited for.

use std::ops::Range;
use std::time::Instant;

use crate::model::change::progress::Outcome;
use crate::ops::journal::RunningEntry;
use crate::ops::steps::tag::{RepositoryClient, Wanted};
use crate::ops::steps::tracker::Tracker;

/// Parts of a change that are unconfirmed.
#[derive(Debug, Default)]
pub(crate) struct UnconfirmedParts {
    parts: Vec<UnconfirmedPart>,
    /// The time at which the server accepted the last of them.
    last_accepted: Option<Instant>,
}

#[derive(Debug)]
struct UnconfirmedPart {
    index: usize,
    /// The items of the journal for this part.
    items: Range<usize>,
    wanted: Vec<Wanted>,
}

impl UnconfirmedParts {
    /// Adds a part that the server accepted just now and does not show.
    pub(crate) fn add(&mut self, index: usize, items: Range<usize>, wanted: Vec<Wanted>) {
        self.parts.push(UnconfirmedPart { index, items, wanted });
        self.last_accepted = Some(Instant::now());
    }

    /// Waits for the rest of the time that a server may take. Returns the parts that show the expected state by then:
    /// they are done, and noted so.
    pub(crate) async fn confirm(
        &mut self,
        place: RepositoryClient<'_>,
        tracker: &mut Tracker<'_>,
        running: &RunningEntry,
    ) -> Vec<usize> {
        let Some(last) = self.last_accepted.filter(|_| !self.parts.is_empty()) else { return Vec::new() };
        tracker.report_current("wait for deletes that do not show yet".into());
        let most = place.visibility_timeout().saturating_sub(last.elapsed());
        let wanted = self.parts.iter().flat_map(|part| part.wanted.clone()).collect();
        // If they cannot be looked at, they stay unconfirmed.
        let Ok(left) = place.wait_until_all_shown(wanted, most).await else { return Vec::new() };
        let is_left = |part: &mut UnconfirmedPart| part.wanted.iter().any(|wanted| left.contains(wanted));
        let shown: Vec<UnconfirmedPart> = self.parts.extract_if(.., |part| !is_left(part)).collect();
        let mut confirmed = Vec::new();
        for part in shown {
            tracker
                .record_outcome(
                    running,
                    part.items,
                    part.index,
                    Outcome::Done("gone, a while after the server accepted it".into()),
                )
                .await;
            confirmed.push(part.index);
        }
        confirmed
    }
}
