//! A reading of contents that a dialog waits for: its progress and its rate, and the pause.

use jiff::Timestamp;

use crate::app::cmd::Cmd;
use crate::app::panes::details::files::reading::{FilesProgress, ReceivedRate};
use crate::app::questions::Slot;
use crate::app::update::Update;

/// The state of a reading.
#[derive(Debug, Default)]
pub(crate) struct DialogReading {
    progress: Option<FilesProgress>,
    rate: ReceivedRate,
    is_paused: bool,
}

impl DialogReading {
    /// Takes the progress.
    pub(super) fn take(&mut self, progress: &FilesProgress, now: Timestamp) {
        self.rate.note(now, progress.received);
        self.progress = Some(progress.clone());
    }

    /// Whether the user paused it.
    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Pauses the reading for a slot, or lets it go on. Returns whether that changed anything.
    pub(super) fn pause(&mut self, update: &mut Update<'_>, slot: Slot, pauses: bool) -> bool {
        let is_changed = self.is_paused != pauses;
        if is_changed {
            (self.is_paused, self.rate) = (pauses, ReceivedRate::default());
            update.cmds.push(Cmd::PauseReading(slot, pauses));
        }
        is_changed
    }

    /// Returns the progress in words: `paused: 12.3 MB of 68.9 MB`.
    pub(crate) fn text(&self) -> String {
        let progress = self.progress.as_ref().map(|progress| progress.bytes_text(self.rate.per_second()));
        match (progress, self.is_paused) {
            (Some(progress), true) => format!("paused: {progress}"),
            (Some(progress), false) => progress,
            (None, true) => "paused".into(),
            (None, false) => "reading…".into(),
        }
    }
}
