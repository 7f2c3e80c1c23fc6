//! The journal, the newest entry first, or one entry with its tags and manifests.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::journal::{JournalDialog, JournalEffect};
use crate::app::keys::{DIALOG_BINDINGS, Keys, join_hints};
use crate::app::layout;
use crate::model::change::journal::{EntryState, JournalEntry, JournalItem};
use crate::model::reference::Selector;
use crate::model::{columns, time};
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// Columns of an age.
const AGE: usize = 12;
/// Columns of the outcome of an entry.
const STATE: usize = 14;
/// Columns of the word that tells whether a tag was changed.
const DONE: usize = 11;

impl Canvas<'_, '_> {
    /// Draws the journal.
    pub(crate) fn journal(&mut self, journal: &JournalDialog) {
        if let Some(entry) = journal.entry().filter(|_| journal.is_open) {
            return self.entry(entry, journal.scroll);
        }
        let entries = journal.entries.value.as_deref().unwrap_or_default();
        let title = if journal.entries.is_loading() {
            format!("Journal {}", self.spinner_frame())
        } else {
            format!("Journal {}", entries.len())
        };
        let keys = &self.state.settings.keys;
        let hints = hints(keys, journal.entry(), false);
        let inner = self.overlay(layout::log(self.state), &title, &hints);
        if let Some(failure) = &journal.entries.failure {
            let keys = &self.state.settings.keys;
            let again = keys.hint_as(JournalDialog::BINDINGS, JournalEffect::Refresh, "asks again");
            let hints = join_hints([again, keys.cancel_hint(DIALOG_BINDINGS, "leave")]);
            return self.failure(inner, failure, &hints);
        }
        if entries.is_empty() && !journal.entries.is_loading() {
            return self.draw_text(inner, &[(Role::Dim, "nothing was changed yet".into())]);
        }
        let height = usize::from(inner.height);
        let offset = layout::offset(journal.cursor, inner.height);
        for (row, entry) in entries.iter().enumerate().skip(offset).take(height) {
            let place = Rect::new(inner.x, inner.y + (row - offset) as u16, inner.width, 1);
            self.entry_row(place, entry, row == journal.cursor);
        }
    }

    fn entry_row(&mut self, area: Rect, entry: &JournalEntry, is_cursor: bool) {
        let base = self.style(if is_cursor { Role::Cursor } else { Role::Text });
        let plain = |role| if is_cursor { base } else { self.style(role) };
        let room = usize::from(area.width).saturating_sub(AGE + STATE + 4);
        let line = Line::from(vec![
            Span::raw(if is_cursor { "▌" } else { " " }),
            Span::styled(columns::right(&time::age(entry.at, self.now), AGE), plain(Role::Date)),
            Span::raw("  "),
            Span::styled(columns::left(entry.outcome().as_str(), STATE), plain(role(entry))),
            Span::styled(columns::left(entry.whole_title().as_str(), room), plain(Role::Text)),
        ]);
        self.draw_line(area, line.style(base));
    }

    fn entry(&mut self, entry: &JournalEntry, scroll: usize) {
        let hints = hints(&self.state.settings.keys, Some(entry), true);
        let inner = self.overlay(layout::log(self.state), entry.whole_title().as_str(), &hints);
        let head = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), height: 1, ..inner };
        let when = format!("{}, {}", time::absolute(entry.at), entry.outcome());
        let style = self.style(role(entry));
        self.draw_line(head, Line::styled(columns::cut(&when, head.width.into()), style));
        let body = Rect { y: head.y + 2, height: inner.height.saturating_sub(2), ..head };
        let (all, height) = (entry.items.len(), usize::from(body.height));
        let scroll = scroll.min(all.saturating_sub(height));
        let name = if entry.items.windows(2).all(|pair| pair[0].repository == pair[1].repository) {
            selector
        } else {
            name
        };
        let names = entry.items.iter().map(|item| columns::width(&name(item))).max().unwrap_or(0);
        let names = names.min(usize::from(body.width) / 2);
        for (row, item) in entry.items.iter().skip(scroll).take(height).enumerate() {
            let line = self.entry_item(item, &columns::left(&name(item), names), body.width.into());
            self.draw_line(Rect::new(body.x, body.y + row as u16, body.width, 1), line);
        }
        self.scrollbar(Rect { width: body.width + 2, ..body }, body, scroll, all);
    }

    fn entry_item(&self, item: &JournalItem, name: &str, width: usize) -> Line<'static> {
        let digest = |digest: Option<String>| digest.unwrap_or_else(|| "nothing".into());
        let before = digest(item.before.as_ref().map(|held| held.digest.short()));
        let after = digest(item.after.map(|digest| digest.short()));
        let (role, word) = match item.done {
            Some(true) => (Role::Good, "done"),
            Some(false) => (Role::Dim, "not done"),
            None => (Role::Warn, "not known"),
        };
        let left = width.saturating_sub(columns::width(name) + 2 + DONE);
        Line::from(vec![
            Span::styled(name.to_string(), self.style(Role::Text)),
            Span::styled(format!("  {}", columns::left(word, DONE)), self.style(role)),
            Span::styled(columns::cut(&format!("{before} → {after}"), left), self.style(Role::Dim)),
        ])
    }
}

/// Returns the hints for the keys that can act on an entry now.
fn hints(keys: &Keys, entry: Option<&JournalEntry>, is_open: bool) -> String {
    let hint = |effect, counts: fn(&JournalEntry) -> bool| {
        keys.hint(JournalDialog::BINDINGS, effect).filter(|_| entry.is_some_and(counts))
    };
    join_hints([
        hint(JournalEffect::Open, |_| true).filter(|_| !is_open),
        hint(JournalEffect::Undo, JournalEntry::can_be_undone),
        hint(JournalEffect::Resume, |entry| entry.state == EntryState::Open),
        keys.cancel_hint(DIALOG_BINDINGS, if is_open { "back" } else { "leave" }),
    ])
}

fn role(entry: &JournalEntry) -> Role {
    match entry.state {
        EntryState::Unreadable => Role::Bad,
        EntryState::Open | EntryState::Ended if entry.damage.is_any() => Role::Bad,
        EntryState::Ended if entry.items.iter().all(|item| item.done == Some(true)) => Role::Good,
        EntryState::Open | EntryState::Ended => Role::Warn,
        EntryState::Running | EntryState::Undone => Role::Dim,
    }
}

fn name(item: &JournalItem) -> String {
    match &item.selector {
        Selector::Tag(tag) => format!("{}:{tag}", item.repository),
        Selector::Digest(digest) => format!("{}@{}", item.repository, digest.short()),
    }
}

fn selector(item: &JournalItem) -> String {
    match &item.selector {
        Selector::Tag(tag) => tag.to_string(),
        Selector::Digest(digest) => digest.short(),
    }
}
