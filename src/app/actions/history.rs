//! The changes that were made: undoing them, the jobs, the journal.

use super::Action;
use crate::app::dialogs::{jobs, journal, plan};
use crate::app::keys::chords;

/// Shows the plan for undoing the last change.
pub(crate) static UNDO: Action =
    Action::new("changes.undo", chords!["z"], "undo the last change: shows the plan first", plan::undo::show)
        .with_entry("undo", "undo the last change: shows the plan first");
/// Shows the jobs.
pub(crate) static JOBS: Action =
    Action::new("changes.jobs", chords!["w"], "jobs: progress, stop, retry failed parts", |update| {
        jobs::show(update.state);
    })
    .with_entry("jobs", "jobs: progress, stop, retry failed parts");
/// Shows the journal of changes.
pub(crate) static JOURNAL: Action =
    Action::new("changes.journal", chords!["J"], "journal of changes: each can be undone", journal::show)
        .with_entry("journal", "journal of changes: each can be undone");
