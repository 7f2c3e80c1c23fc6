//! The reading of files and packages: it begins when a tab is opened or the user agrees to its price, is paused, and is given up.

use std::time::Duration;

use super::reading::{DiffReadAnswer, DiffReadQuestion, DiffTableKind};
use super::table::{DiffRows, DiffTable};
use super::{DiffDialog, DiffSubject, DiffTab, change_dialog, find};
use crate::app::State;
use crate::app::cmd::Cmd;
use crate::app::dialogs::Dialog;
use crate::app::panes::details::files::FilesLoad;
use crate::app::panes::details::files::reading::FilesProgress;
use crate::app::questions::{Ask, Slot};
use crate::app::remote::Ticket;
use crate::app::update::Update;
use crate::model::failure::Failure;

/// The time for which a tab must stay open before its layers are read: tabs are often only passed.
const REST: Duration = Duration::from_millis(150);

fn slot(kind: DiffTableKind) -> Slot {
    match kind {
        DiffTableKind::Files => Slot::DiffedFiles,
        DiffTableKind::Packages => Slot::DiffedPackages,
    }
}

/// Takes the rows of a table, or the bytes that reading them takes.
pub(crate) fn take_read(update: &mut Update<'_>, ticket: Ticket, answer: Result<DiffReadAnswer, Failure>) {
    change_dialog(
        update,
        |dialog| dialog.awaits(ticket),
        |update, dialog| {
            if let Err(failure) = &answer {
                update.record_load_failure(failure);
            }
            let table = if dialog.files.awaits(ticket) { &mut dialog.files } else { &mut dialog.packages };
            table.take(answer);
            dialog.open_goal(update);
        },
    );
}

/// Takes the progress of a reading.
pub(crate) fn take_progress(update: &mut Update<'_>, ticket: Ticket, progress: &FilesProgress) {
    let now = update.now;
    if let Some(dialog) = find(update.state, |dialog| dialog.awaits(ticket)) {
        let table = if dialog.files.awaits(ticket) { &mut dialog.files } else { &mut dialog.packages };
        table.take_progress(progress.clone(), now);
    }
}

/// Whether rows of a dialog are left to be examined.
pub(crate) fn is_arranging(state: &State) -> bool {
    state.dialogs.iter().any(|dialog| match dialog {
        Dialog::ImageDiff(dialog) => dialog.files.is_arranging() || dialog.packages.is_arranging(),
        _ => false,
    })
}

/// Examines another part of the rows of a dialog. Returns whether there was one.
pub(crate) fn arrange_next_part(state: &mut State) -> bool {
    let is_arranging = |dialog: &DiffDialog| dialog.files.is_arranging() || dialog.packages.is_arranging();
    let Some(dialog) = find(state, is_arranging) else { return false };
    dialog.files.arrange_next_part();
    dialog.packages.arrange_next_part();
    true
}

impl DiffDialog {
    pub(super) fn awaits(&self, ticket: Ticket) -> bool {
        self.files.awaits(ticket) || self.packages.awaits(ticket)
    }

    /// Whether an answer is awaited that is not paused.
    pub(crate) fn is_loading(&self) -> bool {
        self.pair.is_loading() || self.files.is_reading() || self.packages.is_reading()
    }

    /// Asks for the rows of the open table if they were not asked for.
    pub(super) fn begin_open_table(&mut self, update: &mut Update<'_>) {
        if let Some(kind) = self.tab.table()
            && matches!(self.table_of(kind).load, FilesLoad::Unasked)
        {
            self.read(update, kind, REST, false);
        }
    }

    pub(super) fn read(
        &mut self,
        update: &mut Update<'_>,
        kind: DiffTableKind,
        after: Duration,
        is_agreed: bool,
    ) {
        let Some(pair) = self.pair.value.clone().filter(|_| !self.pair.is_loading()) else { return };
        let question = DiffReadQuestion { kind, pair, reads_all: self.reads_all, is_agreed };
        let ticket = update.ask(slot(kind), after, Ask::DiffRead(Box::new(question)));
        self.table_of(kind).begin(ticket);
    }

    /// Gives up the reading of a table, if there is one.
    pub(super) fn give_up(&mut self, update: &mut Update<'_>, kind: DiffTableKind) {
        let table = self.table_of(kind);
        if table.is_open() {
            table.load = FilesLoad::Unasked;
            update.cmds.push(Cmd::Cancel(slot(kind)));
        }
    }

    pub(super) fn give_up_all(&mut self, update: &mut Update<'_>) {
        if self.pair.is_loading() {
            update.cmds.push(Cmd::Cancel(Slot::ImageDiff));
        }
        self.give_up(update, DiffTableKind::Files);
        self.give_up(update, DiffTableKind::Packages);
    }

    /// Forgets everything that was read of the images, and reads them again.
    pub(super) fn ask_again(&mut self, update: &mut Update<'_>) {
        self.give_up_all(update);
        (self.files, self.packages) = (DiffTable::default(), DiffTable::default());
        match &self.subject {
            DiffSubject::Images(_) => self.ask(update),
            DiffSubject::Layers(_) => self.begin_open_table(update),
        }
    }

    pub(super) fn pause(&mut self, update: &mut Update<'_>, pauses: bool) -> bool {
        let Some(kind) = self.tab.table() else { return false };
        let is_changed = self.table_of(kind).pause(pauses);
        if is_changed {
            update.cmds.push(Cmd::PauseReading(slot(kind), pauses));
        }
        is_changed
    }

    /// Begins or continues the reading of the open table, or opens the row under the cursor.
    pub(super) fn enter(&mut self, update: &mut Update<'_>) {
        if let Some(kind) = self.tab.table() {
            match self.table_of(kind).load {
                FilesLoad::Priced(_) => return self.read(update, kind, Duration::ZERO, true),
                FilesLoad::Failed(_) => return self.read(update, kind, Duration::ZERO, false),
                FilesLoad::Reading { .. } => {
                    self.pause(update, false);
                    return;
                }
                FilesLoad::Unasked | FilesLoad::Read => {}
            }
        }
        self.open_row(update);
    }

    pub(super) fn read_all(&mut self, update: &mut Update<'_>) {
        let is_needed = match &self.files.rows {
            Some(DiffRows::Files(files)) => files.unread > 0,
            _ => !self.reads_all,
        };
        if !is_needed {
            return update.refuse("all layers are read already");
        }
        self.reads_all = true;
        self.give_up(update, DiffTableKind::Files);
        self.files = DiffTable::default();
        self.tab = DiffTab::Files;
        self.lay_out();
        self.read(update, DiffTableKind::Files, Duration::ZERO, false);
    }
}
