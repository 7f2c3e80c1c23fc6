//! The journal of changes, newest first. Each entry can be undone, and one that a crash left half done can be resumed.

use std::time::Duration;

use jiff::SignedDuration;
use ratatui::layout::Position;

use super::{Dialog, KeyedDialog, click, move_row, plan};
use crate::app::actions::quoted_key;
use crate::app::cmd::Cmd;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::layout;
use crate::app::notices::Level;
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::model::change::ChangeRequest;
use crate::model::change::journal::{EntryState, JournalEntry};
use crate::model::failure::Failure;

/// The age up to which a change that was cut off is mentioned at each start.
const LONGEST_REMINDED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The journal on the screen.
#[derive(Debug, Default)]
pub struct JournalDialog {
    /// The entries of the journal.
    pub(crate) entries: Remote<Vec<JournalEntry>>,
    /// The row under the cursor.
    pub cursor: usize,
    /// Whether the items of that entry are shown.
    pub is_open: bool,
    /// First item drawn.
    pub(crate) scroll: usize,
}

impl JournalDialog {
    /// Returns the entry under the cursor.
    pub(crate) fn entry(&self) -> Option<&JournalEntry> {
        self.entries.value.as_ref()?.get(self.cursor)
    }
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JournalEffect {
    /// Shows the items of the entry.
    Open,
    /// Goes back to the list, or leaves.
    Back,
    /// Leaves.
    Close,
    /// Shows the plan to undo the entry.
    Undo,
    /// Shows the plan for the rest of the entry.
    Resume,
    /// Asks for the journal again.
    Refresh,
}

/// Shows the journal.
pub(crate) fn show(update: &mut Update<'_>) {
    let mut journal = JournalDialog::default();
    journal.ask(update);
    update.state.dialogs.push(Dialog::Journal(journal));
}

/// Takes the entries.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<Vec<JournalEntry>, Failure>) {
    let asked = update.state.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::Journal(journal) if journal.entries.pending == Some(ticket) => Some(journal),
        _ => None,
    });
    let Some(journal) = asked else { return };
    journal.entries.answer(ticket, answer, update.now);
    let count = journal.entries.value.as_ref().map_or(0, Vec::len);
    journal.cursor = journal.cursor.min(count.saturating_sub(1));
}

/// Tells the user about changes that were cut off in an earlier run. This stops after some days: a change
/// that is left like that is left for a reason.
pub(crate) fn report_interrupted(update: &mut Update<'_>, entries: &[JournalEntry]) {
    let now = update.now;
    let journal = quoted_key(&update.state.settings.keys, "changes.journal");
    let undo = update.state.settings.keys.hint_as(JournalDialog::BINDINGS, JournalEffect::Undo, "there");
    let undo = undo.unwrap_or_else(|| "an undo there".into());
    let is_recent = |entry: &&JournalEntry| now.duration_since(entry.at) < LONGEST_REMINDED;
    let left = |entry: &&JournalEntry| matches!(entry.state, EntryState::Open | EntryState::Ended);
    let probes = entries.iter().filter(left).filter(is_recent).flat_map(|entry| &entry.probes);
    if let Some(probe) = probes.last() {
        let text = format!(
            "the throw-away tag `{}` was left in {}; {journal} lists its change, and {undo} removes it",
            probe.tag, probe.repository
        );
        update.say(Level::Partly, text, None);
    }
    let mut open = entries.iter().filter(|entry| entry.state == EntryState::Open).filter(is_recent);
    let Some(last) = open.next() else { return };
    let more = match open.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let text = format!("cut off: {}{more}; {journal} resumes or undoes it", last.whole_title());
    update.say(Level::Partly, text, None);
}

impl JournalDialog {
    fn ask(&mut self, update: &mut Update<'_>) {
        self.entries.ask(update.ask(Slot::Journal, Duration::ZERO, Ask::Journal));
    }

    /// Plans the undo of the entry under the cursor. The journal is closed, because it will have changed.
    fn undo_entry(self, update: &mut Update<'_>) -> Option<Dialog> {
        match self.entry() {
            Some(entry) if entry.can_be_undone() => {
                plan::show(update, ChangeRequest::Undo(entry.id.clone()));
                return None;
            }
            Some(entry) if entry.state == EntryState::Undone => update.refuse("it was undone already"),
            Some(entry) if entry.state == EntryState::Running => update.refuse("it still runs"),
            Some(entry) if entry.state == EntryState::Unreadable => update.refuse("it cannot be read"),
            Some(_) => update.refuse("there is nothing in it to undo"),
            None => {}
        }
        Some(Dialog::Journal(self))
    }

    /// Plans the rest of an entry that a crash left half done.
    fn resume_entry(self, update: &mut Update<'_>) -> Option<Dialog> {
        match self.entry() {
            Some(entry) if entry.state == EntryState::Open => {
                plan::show_resume(update, entry.id.clone());
                return None;
            }
            Some(entry) if entry.state == EntryState::Running => update.refuse("it still runs"),
            Some(entry) if entry.state == EntryState::Unreadable => update.refuse("it cannot be read"),
            Some(_) => update.refuse("it has ended"),
            None => {}
        }
        Some(Dialog::Journal(self))
    }

    fn open(&mut self) {
        self.is_open = self.entry().is_some_and(|entry| !entry.items.is_empty());
        self.scroll = 0;
    }

    fn close(self, update: &mut Update<'_>) -> Option<Dialog> {
        if self.entries.is_loading() {
            update.cmds.push(Cmd::Cancel(Slot::Journal));
        }
        None
    }

    /// Moves the cursor to the entry under the click. A second click opens it.
    pub(super) fn click(mut self, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let rows = layout::inside(layout::log(update.state));
        let count = self.entries.value.as_ref().map_or(0, Vec::len);
        if !self.is_open && click::select_row(&mut self.cursor, rows, at, count) {
            self.open();
        }
        Some(Dialog::Journal(self))
    }
}

impl KeyedDialog for JournalDialog {
    type Effect = JournalEffect;

    const TITLE: &'static str = "Journal";

    const BINDINGS: &'static [Binding<JournalEffect>] = &[
        Binding::new(
            "journal.open",
            chords!["Enter", "l", "Right"],
            "look at the entry",
            JournalEffect::Open,
        )
        .with_hint("look"),
        Binding::new(
            "journal.undo",
            chords!["z"],
            "undo the entry: shows the plan first",
            JournalEffect::Undo,
        )
        .with_hint("undo"),
        Binding::new(
            "journal.resume",
            chords!["c"],
            "resume an entry that was cut off",
            JournalEffect::Resume,
        )
        .with_hint("go on with the rest"),
        Binding::new("journal.refresh", chords!["r"], "ask for the journal again", JournalEffect::Refresh),
        Binding::new("journal.back", chords!["q", "h", "Left"], "go back, or leave", JournalEffect::Back),
        Binding::new("journal.close", chords!["J"], "leave", JournalEffect::Close),
    ];

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<JournalEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel)
            | Pressed::Own(JournalEffect::Back | JournalEffect::Close)
                if !self.is_open =>
            {
                return self.close(update);
            }
            Pressed::Shared(SharedEffect::Cancel) | Pressed::Own(JournalEffect::Back) => self.is_open = false,
            Pressed::Own(JournalEffect::Close) => return self.close(update),
            Pressed::Own(JournalEffect::Open) => self.open(),
            Pressed::Own(JournalEffect::Undo) => return self.undo_entry(update),
            Pressed::Own(JournalEffect::Resume) => return self.resume_entry(update),
            Pressed::Own(JournalEffect::Refresh) => self.ask(update),
            Pressed::Shared(SharedEffect::Move(to)) if self.is_open => {
                let items = self.entry().map_or(0, |entry| entry.items.len());
                self.scroll = move_row(self.scroll, items, to);
            }
            Pressed::Shared(SharedEffect::Move(to)) => {
                let count = self.entries.value.as_ref().map_or(0, Vec::len);
                self.cursor = move_row(self.cursor, count, to);
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::Journal(self))
    }
}
