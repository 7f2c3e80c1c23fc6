//! The past of a tag, or the removed tags of a repository and its images without a tag. A tag can be put back on an
//! earlier image.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::layout::{Position, Rect};

use super::{Dialog, KeyedDialog, click, move_row, plan};
use crate::app::cmd::Cmd;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::open;
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::app::{State, layout};
use crate::model::change::ChangeRequest;
use crate::model::change::retag::{RetagMode, RetagRequest};
use crate::model::clip::ClipText;
use crate::model::failure::Failure;
use crate::model::reference::{Reference, Repository, Selector, Target};
use crate::model::tag_history::{HistorySubject, TagHistory, TagPeriod};
use crate::model::time;

/// The past of a tag or a repository.
#[derive(Debug)]
pub struct TagHistoryDialog {
    /// The tag or the repository.
    pub(crate) subject: HistorySubject,
    /// The tag that the dialog was opened for, to go back to.
    tag: Option<HistorySubject>,
    /// The periods.
    pub(crate) history: Remote<TagHistory>,
    /// The row under the cursor.
    pub(crate) cursor: usize,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagHistoryEffect {
    /// Shows the plan to put the tag back on the image, or opens an image without a tag.
    Restore,
    /// Shows the removed tags of the repository, or the tag again.
    Switch,
    /// Copies the digest.
    Yank,
    /// Asks again.
    Refresh,
    /// Closes the dialog.
    Close,
}

/// Shows the past of a tag or a repository.
pub(crate) fn show(update: &mut Update<'_>, subject: HistorySubject) {
    let tag = subject.tag.is_some().then(|| subject.clone());
    let mut dialog = TagHistoryDialog { subject, tag, history: Remote::default(), cursor: 0 };
    dialog.ask(update);
    update.state.dialogs.push(Dialog::TagHistory(Box::new(dialog)));
}

/// Takes the periods.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<TagHistory, Failure>) {
    let now = update.now;
    let awaited = update.state.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::TagHistory(dialog) if dialog.history.pending == Some(ticket) => Some(dialog),
        _ => None,
    });
    if let Some(dialog) = awaited {
        dialog.history.answer(ticket, answer, now);
        dialog.cursor = dialog.cursor.min(dialog.periods().len().saturating_sub(1));
    }
}

/// Asks again for the past of a repository that has changed.
pub(crate) fn ask_again(update: &mut Update<'_>, changed: &Repository) {
    let mut dialogs = std::mem::take(&mut update.state.dialogs);
    for dialog in &mut dialogs {
        if let Dialog::TagHistory(dialog) = dialog
            && dialog.subject.repository == *changed
        {
            dialog.ask(update);
        }
    }
    update.state.dialogs = dialogs;
}

impl TagHistoryDialog {
    fn ask(&mut self, update: &mut Update<'_>) {
        let ask = Ask::TagHistory(self.subject.clone());
        self.history.ask(update.ask(Slot::TagHistory, Duration::ZERO, ask));
    }

    /// Returns the periods shown, the newest first. A failure takes their place.
    pub(crate) fn periods(&self) -> &[TagPeriod] {
        self.shown().map(|history| history.periods.as_slice()).unwrap_or_default()
    }

    fn shown(&self) -> Option<&TagHistory> {
        let is_failed = self.history.failure.is_some() && !self.history.is_loading();
        self.history.value.as_ref().filter(|_| !is_failed)
    }

    /// Returns whether there is a tag to go back to, or a repository to go on to.
    pub(crate) fn switch_label(&self) -> Option<&'static str> {
        self.tag.as_ref()?;
        Some(if self.subject.tag.is_some() { "removed tags" } else { "the tag" })
    }

    /// Returns the lines above the rows.
    pub(crate) fn head(&self) -> Vec<String> {
        let Some(history) = self.shown() else { return Vec::new() };
        let incomplete = history.incomplete.as_ref();
        let incomplete = incomplete.map(|why| format!("the list may be incomplete: {why}"));
        std::iter::once(history.count(self.subject.tag.is_some())).chain(incomplete).collect()
    }

    /// Returns the area of the rows: below the lines about the list and the headings.
    pub(crate) fn rows_area(&self, state: &State) -> Rect {
        layout::below(layout::inside(layout::log(state)), self.head().len() as u16 + 1)
    }

    /// Returns the lines of the dialog, for the pager.
    pub(super) fn lines(&self, now: Timestamp) -> Vec<String> {
        let at = |at: Option<Timestamp>| at.map_or_else(|| "-".into(), time::absolute);
        let row = |period: &TagPeriod| {
            let tag = period.tag.as_ref().map_or_else(|| "-".into(), ToString::to_string);
            let digest = period.digest.map(|digest| digest.to_string()).unwrap_or_default();
            format!("{tag}  {}  {}  {}  {digest}", at(period.start), at(period.end), period.describe(now))
        };
        self.head().into_iter().chain(self.periods().iter().map(row)).collect()
    }

    /// Moves the cursor to the row under the click. A second click acts as Enter.
    pub(super) fn click(mut self: Box<Self>, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let (area, rows) = (self.rows_area(update.state), self.periods().len());
        if click::select_row(&mut self.cursor, area, at, rows) {
            return self.press(update, Pressed::Own(TagHistoryEffect::Restore));
        }
        Some(Dialog::TagHistory(self))
    }

    /// Shows the plan to put the tag on the image under the cursor. Opens an image without a tag, and returns whether it
    /// did.
    fn restore(&self, update: &mut Update<'_>) -> bool {
        let Some(period) = self.periods().get(self.cursor) else {
            update.refuse("there is no image under the cursor");
            return false;
        };
        let Some(digest) = period.digest else {
            update.refuse("the vendor does not tell the digest of this image");
            return false;
        };
        let repository = self.subject.repository.clone();
        match &period.tag {
            None => {
                let reference = Reference { repository, tag: None, digest: Some(digest) };
                update.state.dialogs.clear();
                open::open(update, Target::Image(reference));
                return true;
            }
            Some(_) if period.is_alive(update.now) => update.refuse("the tag has this image now"),
            Some(tag) => match update.state.settings.rules.may_change(&repository) {
                Err(refusal) => update.refuse(refusal.why.to_string()),
                Ok(()) => {
                    let items = vec![(Selector::Digest(digest), repository.clone(), tag.clone())];
                    let mode = RetagMode::Add;
                    let request = RetagRequest { from: repository, items, mode, keep: false };
                    plan::show(update, ChangeRequest::Retag(request));
                }
            },
        }
        false
    }

    fn yank(&self, update: &mut Update<'_>) {
        match self.periods().get(self.cursor).and_then(|period| period.digest) {
            Some(digest) => update.cmds.push(Cmd::Copy(ClipText::clean(&digest.to_string()))),
            None => update.refuse("there is no digest to copy"),
        }
    }

    fn switch(&mut self, update: &mut Update<'_>) {
        let Some(tag) = &self.tag else { return update.refuse("this is about the whole repository") };
        self.subject = if self.subject.tag.is_some() {
            HistorySubject { tag: None, ..self.subject.clone() }
        } else {
            tag.clone()
        };
        (self.history, self.cursor) = (Remote::default(), 0);
        self.ask(update);
    }
}

impl KeyedDialog for Box<TagHistoryDialog> {
    type Effect = TagHistoryEffect;

    const TITLE: &'static str = "Past of a tag";

    const BINDINGS: &'static [Binding<TagHistoryEffect>] = &[
        Binding::new(
            "history.restore",
            chords!["Enter", "l", "Right"],
            "put the tag back on this image: shows the plan first; open an image without a tag",
            TagHistoryEffect::Restore,
        )
        .with_hint("put back"),
        Binding::new(
            "history.switch",
            chords!["a", "Tab"],
            "the removed tags of the repository and its images without a tag, or the tag again",
            TagHistoryEffect::Switch,
        ),
        Binding::new("history.yank", chords!["y"], "copy the digest", TagHistoryEffect::Yank)
            .with_hint("copy the digest"),
        Binding::new("history.refresh", chords!["r"], "ask again", TagHistoryEffect::Refresh),
        Binding::new("history.close", chords!["q", "h", "Left", "E"], "leave", TagHistoryEffect::Close),
    ];

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<TagHistoryEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Move(to)) => {
                self.cursor = move_row(self.cursor, self.periods().len(), to);
            }
            Pressed::Shared(SharedEffect::Cancel) | Pressed::Own(TagHistoryEffect::Close) => {
                if self.history.is_loading() {
                    update.cmds.push(Cmd::Cancel(Slot::TagHistory));
                }
                return None;
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
            Pressed::Own(TagHistoryEffect::Restore) => {
                if self.restore(update) {
                    return None;
                }
            }
            Pressed::Own(TagHistoryEffect::Switch) => self.switch(update),
            Pressed::Own(TagHistoryEffect::Yank) => self.yank(update),
            Pressed::Own(TagHistoryEffect::Refresh) => self.ask(update),
        }
        Some(Dialog::TagHistory(self))
    }
}
