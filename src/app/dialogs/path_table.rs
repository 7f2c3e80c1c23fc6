//! The findings or the packages of an image as a table. Each row leads to its path in the Files tab.

pub(crate) mod rows;

use std::time::Duration;

use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::shown_reading::DialogReading;
use super::{Dialog, KeyedDialog, click, edit_input, move_row, since};
use crate::app::cmd::Cmd;
use crate::app::filter::{Filter, Fit};
use crate::app::keys::{Binding, Keys, Pressed, SharedEffect, chords};
use crate::app::panes::details::files::reading::{PackagesAnswer, ReadFiles};
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::app::{State, layout};
use crate::layer::ImageFindings;
use crate::model::failure::Failure;
use crate::model::price::Price;
use crate::model::since::SinceQuestion;
use rows::{PathRow, PathRows};

/// The least number of lines for rows at which the facts about the selected one are shown too.
const WITH_FACTS: u16 = 6;

/// The contents of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathTableKind {
    /// The findings of an image.
    Findings,
    /// The packages of an image.
    Packages,
}

/// A table of findings or packages.
#[derive(Debug)]
pub struct PathTable {
    /// Its contents.
    pub(crate) kind: PathTableKind,
    /// The files that they are found in.
    files: Box<ReadFiles>,
    /// What reading takes at most, if the user has to agree first.
    pub(crate) price: Option<Price>,
    /// The rows.
    pub(crate) rows: Remote<PathRows>,
    /// The reading of package files.
    pub(crate) reading: DialogReading,
    /// The numbers of the rows that match the words.
    pub(crate) shown: Vec<usize>,
    /// The row under the cursor, of those that match.
    pub(crate) cursor: usize,
    /// The words that a row must contain to be shown.
    pub(crate) input: Input,
    /// Whether keys are typed into these words.
    pub(crate) is_typing: bool,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathTableEffect {
    /// Goes to the path in the Files tab, or begins to read if that takes many bytes.
    Open,
    /// Types words to search for.
    Search,
    /// Finds the tag since which the images have the package or the path.
    Since,
    /// Closes the table.
    Close,
}

/// Opens the table for the files that the Files tab shows.
pub(crate) fn show(update: &mut Update<'_>, kind: PathTableKind) {
    let Some(files) = update.state.detail.files.read_files().map(Box::new) else { return };
    let mut table = PathTable {
        kind,
        files,
        price: None,
        rows: Remote::default(),
        reading: DialogReading::default(),
        shown: Vec::new(),
        cursor: 0,
        input: Input::default(),
        is_typing: false,
    };
    table.ask(update, false);
    update.state.dialogs.push(Dialog::PathTable(Box::new(table)));
}

/// Takes the findings.
pub(crate) fn take_findings(
    update: &mut Update<'_>,
    ticket: Ticket,
    answer: Result<Box<ImageFindings>, Failure>,
) {
    let answer = answer.map(|findings| rows::of_findings(&findings, &update.state.detail));
    take(update, ticket, answer);
}

/// Takes the packages, or the bytes that reading them takes.
pub(crate) fn take_packages(
    update: &mut Update<'_>,
    ticket: Ticket,
    answer: Result<PackagesAnswer, Failure>,
) {
    let answer = match answer {
        Ok(PackagesAnswer::Price(price)) => {
            if let Some(table) = awaited(update.state, ticket) {
                (table.price, table.rows.pending) = (Some(price), None);
            }
            return;
        }
        Ok(PackagesAnswer::Packages(packages)) => Ok(rows::of_packages(packages, &update.state.detail)),
        Err(failure) => Err(failure),
    };
    take(update, ticket, answer);
}

fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<PathRows, Failure>) {
    let now = update.now;
    let Some(table) = awaited(update.state, ticket) else { return };
    table.rows.answer(ticket, answer, now);
    table.search();
}

fn awaited(state: &mut State, ticket: Ticket) -> Option<&mut PathTable> {
    state.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::PathTable(table) if table.rows.pending == Some(ticket) => Some(&mut **table),
        _ => None,
    })
}

impl PathTable {
    fn ask(&mut self, update: &mut Update<'_>, is_agreed: bool) {
        (self.price, self.reading) = (None, DialogReading::default());
        let ask = match self.kind {
            PathTableKind::Findings => Ask::Findings(self.files.clone()),
            PathTableKind::Packages => Ask::Packages(self.files.clone(), is_agreed),
        };
        self.rows.ask(update.ask(Slot::PathTable, Duration::ZERO, ask));
    }

    /// Whether package files are being read, so that the reading can be paused.
    pub(crate) fn is_reading(&self) -> bool {
        self.kind == PathTableKind::Packages && self.rows.is_loading()
    }

    /// Returns the filter of the rows, which are compared in any case.
    pub(crate) fn filter(&self) -> Option<Filter> {
        Filter::parse(&self.input.value().to_lowercase())
    }

    /// Whether only rows with some words are shown.
    pub(crate) fn is_filtered(&self) -> bool {
        !self.input.value().is_empty()
    }

    /// Finds the rows that contain the words, and puts the cursor on the first.
    fn search(&mut self) {
        let filter = self.filter();
        let rows = self.rows.value.iter().flat_map(|rows| &rows.rows).enumerate();
        let mut buffer = Vec::new();
        let shown = rows.filter(|(_, row)| {
            filter.as_ref().is_none_or(|filter| {
                filter.match_row(row.text().as_str().into(), false, &mut buffer) == Fit::Contains
            })
        });
        self.shown = shown.map(|(number, _)| number).collect();
        self.cursor = 0;
    }

    /// Returns the row under the cursor.
    pub(crate) fn selected(&self) -> Option<&PathRow> {
        self.rows.value.as_ref()?.rows.get(*self.shown.get(self.cursor)?)
    }

    /// Returns the lines of the whole table, for the pager.
    pub(super) fn lines(&self) -> Vec<String> {
        self.rows.value.as_ref().map(|rows| rows.lines(&self.shown)).unwrap_or_default()
    }

    /// Returns the area of the rows: below the sums and the headings, and above the facts about the selected row and
    /// the words.
    pub(crate) fn rows_area(&self, state: &State) -> Rect {
        let rows = layout::below(layout::inside(layout::log(state)), 2);
        let about = if rows.height >= WITH_FACTS { 2 } else { 0 };
        let foot = about + u16::from(self.is_typing || self.is_filtered());
        Rect { height: rows.height.saturating_sub(foot), ..rows }
    }

    /// Moves the cursor to the row under the click. A second click goes to its path.
    pub(super) fn click(mut self: Box<Self>, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let area = self.rows_area(update.state);
        if click::select_row(&mut self.cursor, area, at, self.shown.len()) {
            self.is_typing = false;
            return self.press(update, Pressed::Own(PathTableEffect::Open));
        }
        Some(Dialog::PathTable(self))
    }

    /// Asks since which tag the images have the package or the path under the cursor.
    fn ask_since(&self, update: &mut Update<'_>) {
        match (self.selected(), self.kind) {
            (None, _) => update.refuse("there is nothing to ask for"),
            (Some(row), PathTableKind::Findings) if row.is_of_layer => {
                update.refuse("it is about a layer, not about a file");
            }
            (Some(row), PathTableKind::Findings) => since::show_file(update, &row.path),
            (Some(row), PathTableKind::Packages) => {
                let name = row.cells.first().cloned().unwrap_or_default();
                since::show(update, SinceQuestion::Package(name, None));
            }
        }
    }

    /// Goes to the path under the cursor. Returns whether the tab can show it.
    fn go_to_path(&self, update: &mut Update<'_>) -> bool {
        let Some(row) = self.selected() else {
            update.refuse("there is nothing to go to");
            return false;
        };
        let browser = &mut update.state.detail.files.browser;
        let is_known = browser.scene().is_some_and(|scene| scene.tree.find(&row.path).is_some());
        if !is_known && !row.is_of_layer {
            update.refuse("the Files tab does not have this path");
            return false;
        }
        browser.show_layer(row.as_of, row.is_of_layer);
        if is_known {
            browser.go_to(&row.path);
        }
        true
    }
}

impl KeyedDialog for Box<PathTable> {
    type Effect = PathTableEffect;

    const TITLE: &'static str = "Findings, packages";

    const BINDINGS: &'static [Binding<PathTableEffect>] = &[
        Binding::new(
            "path-table.open",
            chords!["Enter", "l", "Right"],
            "begin to read many bytes, or go on after a pause; else go to the path in the Files tab",
            PathTableEffect::Open,
        )
        .with_hint("go to"),
        Binding::new("path-table.search", chords!["/"], "search", PathTableEffect::Search)
            .with_hint("search"),
        Binding::new(
            "path-table.since",
            chords!["W"],
            "since which tag the images have the package or the file",
            PathTableEffect::Since,
        )
        .with_hint("since"),
        Binding::new("path-table.close", chords!["q", "h", "Left"], "leave", PathTableEffect::Close),
    ];

    fn is_in_text(&self) -> bool {
        self.is_typing
    }

    /// While words are typed, all characters belong to them.
    fn meaning(&self, keys: &Keys, key: crossterm::event::KeyEvent) -> Pressed<PathTableEffect> {
        if self.is_typing {
            keys.press_in_prompt(Self::BINDINGS, key, true)
        } else {
            keys.press(Self::BINDINGS, key)
        }
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<PathTableEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) if self.is_typing || self.is_filtered() => {
                (self.input, self.is_typing) = (Input::default(), false);
                self.search();
            }
            Pressed::Shared(SharedEffect::Cancel)
                if self.is_reading() && self.reading.pause(update, Slot::PathTable, true) => {}
            Pressed::Own(PathTableEffect::Close) | Pressed::Shared(SharedEffect::Cancel) => {
                if self.rows.is_loading() {
                    update.cmds.push(Cmd::Cancel(Slot::PathTable));
                }
                return None;
            }
            Pressed::Own(PathTableEffect::Search) => self.is_typing = true,
            Pressed::Own(PathTableEffect::Since) => self.ask_since(update),
            Pressed::Own(PathTableEffect::Open) if self.is_typing => self.is_typing = false,
            Pressed::Own(PathTableEffect::Open) if self.price.is_some() => self.ask(update, true),
            Pressed::Own(PathTableEffect::Open) if self.rows.is_loading() => {
                self.reading.pause(update, Slot::PathTable, false);
            }
            Pressed::Own(PathTableEffect::Open) => {
                if self.go_to_path(update) {
                    return None;
                }
            }
            Pressed::Text(key) if self.is_typing && edit_input(&mut self.input, key) => self.search(),
            Pressed::Shared(SharedEffect::Move(to)) => {
                self.cursor = move_row(self.cursor, self.shown.len(), to);
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::PathTable(self))
    }
}
