//! The journal of changes, newest first. Each entry can be undone, and one that a crash left half done can be resumed.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use jiff::SignedDuration;

use super::{Dialog, move_row};
use crate::app::cmd::{Ask, Cmd, Slot};
use crate::app::notices::Level;
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::model::change::journal::{EntryState, JournalEntry};
use crate::model::failure::Failure;

/// The age up to which a change that was cut off is mentioned at each start.
const LONGEST_REMINDED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The journal on the screen.
#[derive(Debug, Default)]
pub struct JournalDialog {
    /// The entries of the journal.
    pub entries: Remote<Vec<JournalEntry>>,
    /// The row under the cursor.
    pub cursor: usize,
    /// Whether the items of that entry are shown.
    pub is_open: bool,
    /// First item drawn.
    pub scroll: usize,
}

impl JournalDialog {
    /// Returns the entry under the cursor.
    pub fn entry(&self) -> Option<&JournalEntry> {
        self.entries.value.as_ref()?.get(self.cursor)
    }
}

impl Update<'_> {
    /// Shows the journal.
    pub fn open_journal(&mut self) {
        let ticket = self.ask(Slot::Journal, Duration::ZERO, Ask::Journal);
        let mut journal = JournalDialog::default();
        journal.entries.ask(ticket);
        self.state.dialogs.push(Dialog::Journal(journal));
    }

    /// Takes the entries.
    pub fn take_journal(&mut self, ticket: Ticket, answer: Result<Vec<JournalEntry>, Failure>) {
        let now = self.now;
        let asked = self.state.dialogs.iter_mut().find_map(|dialog| match dialog {
            Dialog::Journal(journal) if journal.entries.pending == Some(ticket) => Some(journal),
            _ => None,
        });
        let Some(journal) = asked else { return };
        journal.entries.answer(ticket, answer, now);
        let count = journal.entries.value.as_ref().map_or(0, Vec::len);
        journal.cursor = journal.cursor.min(count.saturating_sub(1));
    }

    pub(crate) fn key_in_journal(&mut self, mut journal: JournalDialog, key: KeyEvent) -> Option<Dialog> {
        let count = journal.entries.value.as_ref().map_or(0, Vec::len);
        let items = journal.entry().map_or(0, |entry| entry.items.len());
        match key.code {
            KeyCode::Esc | KeyCode::Char('h' | 'q') | KeyCode::Left if journal.is_open => {
                journal.is_open = false
            }
            KeyCode::Esc | KeyCode::Char('h' | 'q' | 'J') | KeyCode::Left => {
                if journal.entries.is_loading() {
                    self.cmds.push(Cmd::Cancel(Slot::Journal));
                }
                return None;
            }
            KeyCode::Enter | KeyCode::Char('l') | KeyCode::Right => {
                journal.is_open = items > 0;
                journal.scroll = 0;
            }
            KeyCode::Char('z') => return self.undo_entry(journal),
            KeyCode::Char('c') => return self.resume_entry(journal),
            KeyCode::Char('r') => {
                let ticket = self.ask(Slot::Journal, Duration::ZERO, Ask::Journal);
                journal.entries.ask(ticket);
            }
            _ if journal.is_open => journal.scroll = move_row(journal.scroll, items, key),
            _ => journal.cursor = move_row(journal.cursor, count, key),
        }
        Some(Dialog::Journal(journal))
    }

    /// Tells the user about changes that were cut off in an earlier run. This stops after some days: a change
    /// that is left like that is left for a reason.
    pub fn report_interrupted(&mut self, entries: &[JournalEntry]) {
        let now = self.now;
        let is_recent = |entry: &&JournalEntry| now.duration_since(entry.at) < LONGEST_REMINDED;
        let left = |entry: &&JournalEntry| matches!(entry.state, EntryState::Open | EntryState::Ended);
        let probes = entries.iter().filter(left).filter(is_recent).flat_map(|entry| &entry.probes);
        if let Some(probe) = probes.last() {
            let text = format!(
                "the throw-away tag `{}` was left in {}; `J` lists its change, and `z` there removes it",
                probe.tag, probe.repository
            );
            self.say(Level::Partly, text, None);
        }
        let mut open = entries.iter().filter(|entry| entry.state == EntryState::Open).filter(is_recent);
        let Some(last) = open.next() else { return };
        let more = match open.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let text = format!("cut off: {}{more}; `J` resumes or undoes it", last.whole_title());
        self.say(Level::Partly, text, None);
    }

    /// Plans the undo of the entry under the cursor. The journal is closed, because it will have changed.
    fn undo_entry(&mut self, journal: JournalDialog) -> Option<Dialog> {
        match journal.entry() {
            Some(entry) if entry.can_be_undone() => {
                self.plan(crate::model::change::ChangeRequest::Undo(entry.id.clone()));
                return None;
            }
            Some(entry) if entry.state == EntryState::Undone => self.refuse("it was undone already"),
            Some(entry) if entry.state == EntryState::Running => self.refuse("it still runs"),
            Some(entry) if entry.state == EntryState::Unreadable => self.refuse("it cannot be read"),
            Some(_) => self.refuse("there is nothing in it to undo"),
            None => {}
        }
        Some(Dialog::Journal(journal))
    }

    /// Plans the rest of an entry that a crash left half done.
    fn resume_entry(&mut self, journal: JournalDialog) -> Option<Dialog> {
        match journal.entry() {
            Some(entry) if entry.state == EntryState::Open => {
                self.plan_resume(entry.id.clone());
                return None;
            }
            Some(entry) if entry.state == EntryState::Running => self.refuse("it still runs"),
            Some(entry) if entry.state == EntryState::Unreadable => self.refuse("it cannot be read"),
            Some(_) => self.refuse("it has ended"),
            None => {}
        }
        Some(Dialog::Journal(journal))
    }
}
