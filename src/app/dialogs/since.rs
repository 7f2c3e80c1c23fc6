//! The tag since which images have something: the price of the question, its progress, and the images with their answers.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::layout::{Position, Rect};

use super::{Dialog, KeyedDialog, click, move_row};
use crate::app::cmd::Cmd;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::open;
use crate::app::questions::{Ask, SinceRequest, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::app::{State, layout};
use crate::model::failure::Failure;
use crate::model::price::Price;
use crate::model::reference::{Reference, Target};
use crate::model::since::{PricedSince, SinceProgress, SinceQuestion, SinceReport, SinceRow};
use crate::model::text::SafeText;
use crate::model::time;

/// The images of a repository with their answers to a question.
#[derive(Debug)]
pub struct SinceDialog {
    /// The question.
    pub(crate) request: Arc<SinceRequest>,
    /// What the question takes at most, if the user has to agree first.
    pub(crate) price: Option<Price>,
    /// Whether the reading of layers is paused.
    pub(crate) is_paused: bool,
    /// The progress so far.
    pub(crate) progress: SinceProgress,
    /// The time of the first progress.
    began: Option<Timestamp>,
    /// The answers.
    pub(crate) report: Remote<SinceReport>,
    /// The row under the cursor, the newest image first.
    pub(crate) cursor: usize,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SinceEffect {
    /// Begins what costs much, goes on after a pause, or opens the tag.
    Open,
    /// Asks with a binary search, or without it.
    Bisect,
    /// Asks again.
    Refresh,
    /// Closes the dialog.
    Close,
}

/// Asks since which tag the images have something. The repository and the platform are those of the Details pane.
pub(crate) fn show(update: &mut Update<'_>, question: SinceQuestion) {
    let detail = &update.state.detail;
    let Some((repository, _)) = &detail.image else { return };
    let variant = detail.selected_variant().filter(|variant| variant.descriptor.is_some());
    let platform = variant.and_then(|variant| variant.platform.clone());
    let request = SinceRequest { repository: repository.clone(), platform, question, bisects: false };
    let mut dialog = SinceDialog {
        request: Arc::new(request),
        price: None,
        is_paused: false,
        progress: SinceProgress::default(),
        began: None,
        report: Remote::default(),
        cursor: 0,
    };
    dialog.ask(update, Price::default());
    update.state.dialogs.push(Dialog::Since(Box::new(dialog)));
}

/// Asks since which tag the images have a file, or tells the reason why that cannot be asked.
pub(crate) fn show_file(update: &mut Update<'_>, path: &[u8]) {
    match std::str::from_utf8(path) {
        Ok(path) => show(update, SinceQuestion::File(path.to_string())),
        Err(_) => update.refuse("its name is not UTF-8, so it cannot be asked for"),
    }
}

/// Takes the answers, or what the question takes.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<PricedSince, Failure>) {
    let now = update.now;
    let Some(dialog) = awaited(update.state, ticket) else { return };
    match answer {
        Ok(PricedSince::Price(price)) => (dialog.price, dialog.report.pending) = (Some(price), None),
        Ok(PricedSince::Report(report)) => {
            dialog.cursor = report.row_of_first().map_or(0, |row| report.rows.len() - 1 - row);
            dialog.report.answer(ticket, Ok(*report), now);
        }
        Err(failure) => drop(dialog.report.answer(ticket, Err(failure), now)),
    }
}

/// Takes the progress.
pub(crate) fn take_progress(state: &mut State, ticket: Ticket, progress: SinceProgress, now: Timestamp) {
    if let Some(dialog) = awaited(state, ticket) {
        dialog.progress = progress;
        dialog.began.get_or_insert(now);
    }
}

fn awaited(state: &mut State, ticket: Ticket) -> Option<&mut SinceDialog> {
    state.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::Since(dialog) if dialog.report.pending == Some(ticket) => Some(&mut **dialog),
        _ => None,
    })
}

impl SinceDialog {
    fn ask(&mut self, update: &mut Update<'_>, agreed: Price) {
        (self.price, self.is_paused, self.began) = (None, false, None);
        self.progress = SinceProgress::default();
        let ask = Ask::Since(self.request.clone(), agreed);
        self.report.ask(update.ask(Slot::Since, Duration::ZERO, ask));
    }

    fn pause(&mut self, update: &mut Update<'_>, is_paused: bool) {
        self.is_paused = is_paused;
        update.cmds.push(Cmd::PauseSince(is_paused));
    }

    /// Returns the question in words.
    pub(crate) fn title(&self) -> SafeText {
        self.request.question.describe()
    }

    /// Returns the images, the newest first.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &SinceRow> {
        self.report.value.iter().flat_map(|report| report.rows.iter().rev())
    }

    /// Returns the bytes of layers in a second, so far.
    pub(crate) fn rate(&self, now: Timestamp) -> Option<u64> {
        let seconds = now.duration_since(self.began?).as_secs_f64();
        (seconds >= 1.0).then(|| (self.progress.bytes_read as f64 / seconds) as u64)
    }

    /// Returns the lines above the rows that leave room for rows.
    pub(crate) fn shown_head(&self, state: &State) -> Vec<String> {
        let mut head = self.head();
        head.truncate(usize::from(layout::inside(layout::log(state)).height / 3).max(1));
        head
    }

    /// Returns the lines about the result: the result, what was looked at, and what limits the result.
    fn head(&self) -> Vec<String> {
        let Some(report) = &self.report.value else { return Vec::new() };
        let notes = report.notes().into_iter().map(|note| note.to_string());
        [report.finding(), report.effort()].into_iter().chain(notes).collect()
    }

    /// Returns the area of the rows: below the lines about the result and the headings.
    pub(crate) fn rows_area(&self, state: &State) -> Rect {
        layout::below(layout::inside(layout::log(state)), self.shown_head(state).len() as u16 + 1)
    }

    /// Returns the lines of the dialog, for the pager.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = self.head();
        for row in self.rows() {
            let digest = row.digest.map(|digest| digest.to_string()).unwrap_or_default();
            let created = row.created.map(time::absolute).unwrap_or_default();
            lines.push(format!("{}  {digest}  {created}  {}", row.tag, row.state()));
        }
        lines
    }

    /// Moves the cursor to the row under the click. A second click opens its tag.
    pub(super) fn click(mut self: Box<Self>, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let (area, rows) = (self.rows_area(update.state), self.rows().count());
        if click::select_row(&mut self.cursor, area, at, rows) {
            return self.press(update, Pressed::Own(SinceEffect::Open));
        }
        Some(Dialog::Since(self))
    }

    /// Opens the tag under the cursor in the Tags pane. Returns whether there is one.
    fn open_tag(&self, update: &mut Update<'_>) -> bool {
        let Some(tag) = self.rows().nth(self.cursor).map(|row| row.tag.clone()) else {
            update.refuse("there is no tag to open");
            return false;
        };
        let reference =
            Reference { repository: self.request.repository.clone(), tag: Some(tag), digest: None };
        update.state.dialogs.clear();
        open::open(update, Target::Image(reference));
        true
    }

    fn close(self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        if self.report.is_loading() {
            update.cmds.push(Cmd::Cancel(Slot::Since));
        }
        None
    }
}

impl KeyedDialog for Box<SinceDialog> {
    type Effect = SinceEffect;

    const TITLE: &'static str = "Since which tag";

    const BINDINGS: &'static [Binding<SinceEffect>] = &[
        Binding::new(
            "since.open",
            chords!["Enter", "l", "Right"],
            "begin what costs much, or go on after a pause; else open the tag",
            SinceEffect::Open,
        )
        .with_hint("open"),
        Binding::new(
            "since.bisect",
            chords!["b"],
            "ask by binary search, or look at all images again",
            SinceEffect::Bisect,
        )
        .with_hint("binary search"),
        Binding::new("since.refresh", chords!["r"], "ask again", SinceEffect::Refresh),
        Binding::new("since.close", chords!["q", "h", "Left"], "leave", SinceEffect::Close),
    ];

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<SinceEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Move(to)) => {
                self.cursor = move_row(self.cursor, self.rows().count(), to);
            }
            // Esc pauses what reads layers first, so that nothing that was read is lost by a slip.
            Pressed::Shared(SharedEffect::Cancel)
                if self.report.is_loading() && !self.is_paused && self.request.question.is_about_files() =>
            {
                self.pause(update, true);
            }
            Pressed::Shared(SharedEffect::Cancel) | Pressed::Own(SinceEffect::Close) => {
                return self.close(update);
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
            Pressed::Own(SinceEffect::Open) => match self.price {
                Some(price) => self.ask(update, price),
                None if self.is_paused => self.pause(update, false),
                None if self.report.is_loading() => {}
                None => {
                    if self.open_tag(update) {
                        return None;
                    }
                }
            },
            Pressed::Own(SinceEffect::Bisect) => {
                let request = (*self.request).clone();
                self.request = Arc::new(SinceRequest { bisects: !request.bisects, ..request });
                self.report = Remote::default();
                self.ask(update, Price::default());
            }
            Pressed::Own(SinceEffect::Refresh) => self.ask(update, Price::default()),
        }
        Some(Dialog::Since(self))
    }
}
