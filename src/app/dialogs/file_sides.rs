//! Both sides of a difference: facts, and the lines of two files as a unified diff or side by side.

use std::time::Duration;

use super::image_diff::{DiffTone, TonedLine};
use super::shown_reading::DialogReading;
use super::{Dialog, KeyedDialog};
use crate::app::cmd::Cmd;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::list::Move;
use crate::app::panes::details::files::reading::{CHEAP, ContentRequest};
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::app::{State, layout};
use crate::model::columns;
use crate::model::failure::Failure;
use crate::model::image_diff::page::{LineTone, TextComparison, TextPage, TextRow};
use crate::model::image_diff::text::LARGEST;
use crate::model::size;
use crate::model::text::SafeText;

/// The least number of columns of the screen for two files side by side.
pub(crate) const SIDE_BY_SIDE: u16 = 140;

/// The content of a file on one side.
#[derive(Debug)]
pub(crate) enum SideContent {
    /// There is no such file.
    Absent,
    /// Only layers that were not read may have it.
    Unread,
    /// It has no content: a directory, a link, a device.
    NoFile,
    /// Its content cannot be read, for this reason.
    Unknown(&'static str),
    /// It is too large for a comparison of lines.
    Large,
    /// It can be read.
    File(Box<ContentRequest>),
}

/// Both sides of a difference on the screen.
#[derive(Debug)]
pub struct FileSides {
    /// The name of the difference.
    pub(crate) title: SafeText,
    /// The facts about both sides.
    about: Vec<TonedLine>,
    /// A sentence about the contents: why there are no lines.
    note: Option<String>,
    /// The questions that read the contents.
    requests: [Option<Box<ContentRequest>>; 2],
    /// The bytes that reading takes, if the user has to agree first.
    pub(crate) price: Option<u64>,
    /// The comparison of the contents.
    pub(crate) text: Remote<Box<TextComparison>>,
    /// The reading of the contents.
    pub(crate) reading: DialogReading,
    /// Whether both files stand side by side.
    is_side_by_side: bool,
    /// Whether lines that are the same are hidden.
    pub(crate) hides_same: bool,
    /// The numbers of the lines of the text that are shown.
    shown: Vec<usize>,
    /// The first line that is shown.
    pub(crate) scroll: usize,
}

/// A line of the dialog.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SidesLine<'a> {
    /// A line of text.
    Text(DiffTone, &'a str),
    /// A row of two files.
    Row(&'a TextRow),
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileSidesEffect {
    /// Reads the files although that takes many bytes, or lets the reading go on; otherwise closes the dialog.
    Read,
    /// Shows the files side by side, or as a unified diff.
    SideBySide,
    /// Hides lines that are the same, or shows them again.
    HideSame,
    /// Goes to the next difference.
    Next,
    /// Goes to the previous difference.
    Previous,
    /// Closes the dialog.
    Close,
}

/// Shows lines about a difference that has no files.
pub(crate) fn show_lines(update: &mut Update<'_>, title: SafeText, about: Vec<TonedLine>) {
    let sides = FileSides::new(title, about, [None, None]);
    update.state.dialogs.push(Dialog::FileSides(Box::new(sides)));
}

/// Shows the files of both sides.
pub(crate) fn show(update: &mut Update<'_>, title: SafeText, about: Vec<TonedLine>, sides: [SideContent; 2]) {
    let note = note(&sides);
    let has_note = note.is_some();
    let requests = sides.map(|side| match side {
        SideContent::File(request) if !has_note => Some(request),
        _ => None,
    });
    let mut dialog = FileSides { note, ..FileSides::new(title, about, requests) };
    let costs = dialog.requests.iter().flatten().map(|request| request.cost(request.most).unwrap_or(0));
    let price = costs.fold(0u64, u64::saturating_add);
    dialog.price = Some(price).filter(|price| *price > CHEAP);
    if dialog.price.is_none() {
        dialog.read(update);
    }
    update.state.dialogs.push(Dialog::FileSides(Box::new(dialog)));
}

/// Returns the reason why the contents are not compared, if there is one.
fn note(sides: &[SideContent; 2]) -> Option<String> {
    let has = |is: fn(&SideContent) -> bool| sides.iter().any(is);
    if has(|side| matches!(side, SideContent::Unread)) {
        return Some(
            "a side is in layers that were not read: `a` in the list of files reads those that are shared"
                .into(),
        );
    }
    let unknown = sides.iter().find_map(|side| match side {
        SideContent::Unknown(why) => Some(*why),
        _ => None,
    });
    if let Some(why) = unknown {
        return Some(why.into());
    }
    if has(|side| matches!(side, SideContent::Large)) {
        return Some(format!("lines are compared up to {}", size::bytes(LARGEST as u64)));
    }
    if !has(|side| matches!(side, SideContent::File(_))) || has(|side| matches!(side, SideContent::NoFile)) {
        return Some("there are no two contents to compare".into());
    }
    match sides {
        [SideContent::File(left), SideContent::File(right)] => {
            let sum = |request: &ContentRequest| request.files.list.get(request.entry as usize)?.sha256;
            let is_same = sum(left).is_some() && sum(left) == sum(right);
            is_same.then(|| "the contents are the same".into())
        }
        _ => None,
    }
}

/// Takes the comparison of the contents.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<Box<TextComparison>, Failure>) {
    let now = update.now;
    let awaited = update.state.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::FileSides(sides) if sides.text.pending == Some(ticket) => Some(sides),
        _ => None,
    });
    if let Some(sides) = awaited {
        sides.text.answer(ticket, answer, now);
        sides.lay_out();
    }
}

impl FileSides {
    fn new(title: SafeText, about: Vec<TonedLine>, requests: [Option<Box<ContentRequest>>; 2]) -> FileSides {
        FileSides {
            title,
            about,
            note: None,
            requests,
            price: None,
            text: Remote::default(),
            reading: DialogReading::default(),
            is_side_by_side: false,
            hides_same: false,
            shown: Vec::new(),
            scroll: 0,
        }
    }

    fn read(&mut self, update: &mut Update<'_>) {
        (self.price, self.reading) = (None, DialogReading::default());
        if self.requests.iter().any(Option::is_some) {
            let ask = Ask::FileSides(Box::new(self.requests.clone()));
            self.text.ask(update.ask(Slot::FileSides, Duration::ZERO, ask));
        }
    }

    fn page(&self) -> Option<&TextPage> {
        match self.text.value.as_deref() {
            Some(TextComparison::Lines(page)) => Some(page),
            _ => None,
        }
    }

    fn lay_out(&mut self) {
        self.note = match self.text.value.as_deref() {
            Some(TextComparison::Same) => Some("the contents are the same".into()),
            Some(TextComparison::Binary) => Some("they are no text; the bytes differ".into()),
            Some(TextComparison::Large) => Some("they are too large for a comparison of lines".into()),
            Some(TextComparison::Lines(_)) => None,
            None => self.note.take(),
        };
        let Some(page) = self.page() else { return };
        let is_shown = |at: &usize| {
            let is_same = if self.is_side_by_side {
                page.rows.get(*at).is_some_and(|row| row.is_same)
            } else {
                page.unified.get(*at).is_some_and(|(tone, _)| *tone == LineTone::Same)
            };
            !(self.hides_same && is_same)
        };
        let all = if self.is_side_by_side { page.rows.len() } else { page.unified.len() };
        self.shown = (0..all).filter(is_shown).collect();
    }

    /// Returns the lines above the text, in this number of columns.
    pub(crate) fn head(&self, width: usize) -> Vec<(DiffTone, String)> {
        let mut lines = Vec::new();
        for (tone, text) in &self.about {
            lines.extend(columns::wrap(text.as_str(), width).into_iter().map(|line| (*tone, line)));
        }
        let note = self.note.iter().flat_map(|note| columns::wrap(note, width));
        let note: Vec<_> = note.map(|line| (DiffTone::Heading, line)).collect();
        if !note.is_empty() || self.page().is_some() {
            lines.push((DiffTone::Same, String::new()));
        }
        lines.extend(note);
        lines
    }

    /// Returns the number of lines of the text.
    pub(crate) fn len(&self) -> usize {
        self.shown.len()
    }

    /// Returns a line of the text.
    pub(crate) fn line(&self, place: usize) -> Option<SidesLine<'_>> {
        let (page, at) = (self.page()?, *self.shown.get(place)?);
        if self.is_side_by_side {
            return page.rows.get(at).map(SidesLine::Row);
        }
        let (tone, text) = page.unified.get(at)?;
        let tone = match tone {
            LineTone::Head => DiffTone::Heading,
            LineTone::Same => DiffTone::Same,
            LineTone::Removed => DiffTone::Removed,
            LineTone::Added => DiffTone::Added,
        };
        Some(SidesLine::Text(tone, text.as_str()))
    }

    /// Returns everything that the dialog shows, for the pager.
    pub(super) fn pager_lines(&self) -> Vec<String> {
        let about = self.about.iter().map(|(_, text)| text.to_string());
        let text = self.page().into_iter().flat_map(|page| page.unified.iter());
        about.chain(self.note.clone()).chain(text.map(|(_, text)| text.to_string())).collect()
    }

    fn is_difference(&self, place: usize) -> bool {
        match self.line(place) {
            Some(SidesLine::Text(tone, _)) => tone.is_difference(),
            Some(SidesLine::Row(row)) => !row.is_same,
            None => false,
        }
    }

    /// Goes to the beginning of another difference.
    fn step(&mut self, update: &mut Update<'_>, by: isize) {
        let head = self.head(width(update.state)).len();
        let at = self.scroll.checked_sub(head);
        let begins = |place: &usize| {
            self.is_difference(*place)
                && place.checked_sub(1).is_none_or(|before| !self.is_difference(before))
        };
        let found = match by {
            1.. => (at.map_or(0, |at| at + 1)..self.len()).find(begins),
            _ => (0..at.unwrap_or(0)).rev().find(begins),
        };
        match found {
            Some(place) => self.scroll = head + place,
            None if by > 0 => update.refuse("there is no further difference"),
            None => update.refuse("this is the first difference"),
        }
    }

    fn scroll_to(&mut self, state: &State, to: Move) {
        let height = usize::from(layout::inside(layout::log(state)).height);
        let all = self.head(width(state)).len() + self.len();
        let half = (height / 2).max(1) as isize;
        let to = match to {
            Move::By(lines) => self.scroll.saturating_add_signed(lines),
            Move::HalfPages(pages) => self.scroll.saturating_add_signed(pages.saturating_mul(half)),
            Move::First => 0,
            Move::Last => usize::MAX,
            Move::To(line) => line,
        };
        self.scroll = to.min(all.saturating_sub(height));
    }
}

/// Returns the columns of a line.
pub(crate) fn width(state: &State) -> usize {
    usize::from(layout::indented(layout::inside(layout::log(state))).width)
}

impl KeyedDialog for Box<FileSides> {
    type Effect = FileSidesEffect;

    const TITLE: &'static str = "Both sides";

    const BINDINGS: &'static [Binding<FileSidesEffect>] = &[
        Binding::new(
            "sides.read",
            chords!["Enter"],
            "read large files, or go on after a pause; else leave",
            FileSidesEffect::Read,
        )
        .with_hint("begins"),
        Binding::new(
            "sides.side-by-side",
            chords!["v"],
            "side by side on a screen of 140 columns or more, and back",
            FileSidesEffect::SideBySide,
        )
        .with_hint("side by side"),
        Binding::new(
            "sides.hide-same",
            chords!["."],
            "hide lines that are the same, and back",
            FileSidesEffect::HideSame,
        )
        .with_hint("hide same"),
        Binding::new("sides.next", chords!["n"], "next difference", FileSidesEffect::Next).with_hint("next"),
        Binding::new("sides.previous", chords!["N"], "previous difference", FileSidesEffect::Previous),
        Binding::new("sides.close", chords!["q", "h", "Left"], "leave", FileSidesEffect::Close),
    ];

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<FileSidesEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Own(FileSidesEffect::Read) if self.price.is_some() => self.read(update),
            Pressed::Own(FileSidesEffect::Read) if self.text.is_loading() => {
                self.reading.pause(update, Slot::FileSides, false);
            }
            Pressed::Shared(SharedEffect::Cancel)
                if self.text.is_loading() && self.reading.pause(update, Slot::FileSides, true) => {}
            Pressed::Own(FileSidesEffect::Read | FileSidesEffect::Close)
            | Pressed::Shared(SharedEffect::Cancel) => {
                if self.text.is_loading() {
                    update.cmds.push(Cmd::Cancel(Slot::FileSides));
                }
                return None;
            }
            Pressed::Own(FileSidesEffect::SideBySide) => {
                let columns = update.state.size.0;
                if self.page().is_none() {
                    update.refuse("there are no lines to show side by side");
                } else if columns < SIDE_BY_SIDE && !self.is_side_by_side {
                    update.refuse(format!(
                        "side by side takes {SIDE_BY_SIDE} columns; the screen has {columns}"
                    ));
                } else {
                    self.is_side_by_side = !self.is_side_by_side;
                    self.scroll = 0;
                    self.lay_out();
                }
            }
            Pressed::Own(FileSidesEffect::HideSame) => {
                self.hides_same = !self.hides_same;
                self.scroll = 0;
                self.lay_out();
            }
            Pressed::Own(FileSidesEffect::Next) => self.step(update, 1),
            Pressed::Own(FileSidesEffect::Previous) => self.step(update, -1),
            Pressed::Shared(SharedEffect::Move(to)) => self.scroll_to(update.state, to),
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::FileSides(self))
    }
}
