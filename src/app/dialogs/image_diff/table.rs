//! The tabs *Files* and *Packages*: rows that are read when the tab is opened, with a cursor and a filter.

use std::sync::Arc;

use jiff::Timestamp;
use tui_input::Input;

use super::reading::{DiffReadAnswer, DiffedFileList, DiffedPackageList};
use crate::app::filter::Filter;
use crate::app::list::Move;
use crate::app::list::incremental_filter::IncrementalFilter;
use crate::app::panes::details::files::FilesLoad;
use crate::app::panes::details::files::reading::{FilesProgress, ReceivedRate};
use crate::app::remote::Ticket;
use crate::layer::diff::describe_unread;
use crate::model::failure::Failure;
use crate::model::image_diff::describe_packages;
use crate::model::plural::counted;
use crate::model::text::SafeText;

/// Rows that are examined between two keys.
const PART: usize = 5_000;

/// A table that is read from layers.
#[derive(Debug, Default)]
pub(crate) struct DiffTable {
    /// The stage of the reading.
    pub(crate) load: FilesLoad,
    /// The progress of the reading.
    pub(crate) progress: Option<FilesProgress>,
    /// The bytes that are received in a second.
    pub(crate) rate: ReceivedRate,
    /// The rows, once all were read.
    pub(crate) rows: Option<DiffRows>,
    /// The words that a row must contain to be shown.
    pub(crate) input: Input,
    /// Whether keys are typed into these words.
    pub(crate) is_typing: bool,
    /// The row under the cursor, of those that are shown.
    pub(crate) cursor: usize,
    /// The rows that contain the words. `None` if all are shown.
    matches: Option<Vec<u32>>,
    /// The filter, until it has examined all rows.
    filtering: Option<IncrementalFilter>,
}

/// The rows of a table.
#[derive(Debug, Clone)]
pub(crate) enum DiffRows {
    /// Files that differ.
    Files(Arc<DiffedFileList>),
    /// Packages that differ.
    Packages(Arc<DiffedPackageList>),
}

impl DiffRows {
    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        match self {
            DiffRows::Files(files) => files.texts.len(),
            DiffRows::Packages(packages) => packages.texts.len(),
        }
    }

    fn text(&self, row: u32) -> Option<&str> {
        let texts = match self {
            DiffRows::Files(files) => &files.texts,
            DiffRows::Packages(packages) => &packages.texts,
        };
        texts.get(row as usize).map(|text| text.as_str())
    }

    /// Returns the reasons why the rows may not be the whole truth.
    pub(crate) fn problems(&self) -> &[SafeText] {
        match self {
            DiffRows::Files(files) => &files.problems,
            DiffRows::Packages(packages) => &packages.problems,
        }
    }

    /// Returns the counts of rows by their changes, and what keeps them from being certain.
    pub(crate) fn describe(&self) -> String {
        match self {
            DiffRows::Files(files) => {
                let mut text = files.diff.describe();
                if files.diff.is_uncertain() {
                    text.push_str(&format!("; {}", describe_unread(files.unread, files.unread_bytes)));
                }
                match files.problems.len().saturating_sub(files.left_out) {
                    0 => {}
                    count => {
                        text += &format!("; {}", counted(count, "layer is doubtful", "layers are doubtful"));
                    }
                }
                match files.problems.first().filter(|_| files.left_out > 0) {
                    Some(problem) => format!("incomplete: {text}; {problem}"),
                    None => text,
                }
            }
            DiffRows::Packages(packages) => {
                let text = describe_packages(&packages.rows);
                match packages.problems.first() {
                    Some(problem) => format!("{text}; incomplete: {problem}"),
                    None => text,
                }
            }
        }
    }
}

impl DiffTable {
    /// Whether the answer with this ticket is awaited.
    pub(crate) fn awaits(&self, awaited: Ticket) -> bool {
        matches!(self.load, FilesLoad::Reading { ticket, .. } if ticket == awaited)
    }

    /// Whether an answer is awaited, also while the reading is paused.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.load, FilesLoad::Reading { .. })
    }

    /// Whether layers are being read now.
    pub(crate) fn is_reading(&self) -> bool {
        matches!(self.load, FilesLoad::Reading { is_paused: false, .. })
    }

    /// Notes that the rows were asked for.
    pub(crate) fn begin(&mut self, ticket: Ticket) {
        self.load = FilesLoad::Reading { ticket, is_paused: false };
        (self.progress, self.rate) = (None, ReceivedRate::default());
    }

    /// Pauses the reading, or lets it go on. Returns whether there is one that changed.
    pub(crate) fn pause(&mut self, pauses: bool) -> bool {
        match &mut self.load {
            FilesLoad::Reading { is_paused, .. } if *is_paused != pauses => {
                *is_paused = pauses;
                self.rate = ReceivedRate::default();
                true
            }
            _ => false,
        }
    }

    /// Takes the progress of the reading.
    pub(crate) fn take_progress(&mut self, progress: FilesProgress, now: Timestamp) {
        self.rate.note(now, progress.received);
        self.progress = Some(progress);
    }

    /// Takes the answer.
    pub(crate) fn take(&mut self, answer: Result<DiffReadAnswer, Failure>) {
        match answer {
            Ok(DiffReadAnswer::Price(price)) => self.load = FilesLoad::Priced(price),
            Ok(DiffReadAnswer::Files(files)) => self.show(DiffRows::Files(files)),
            Ok(DiffReadAnswer::Packages(packages)) => self.show(DiffRows::Packages(packages)),
            Err(failure) => self.load = FilesLoad::Failed(failure),
        }
    }

    fn show(&mut self, rows: DiffRows) {
        (self.load, self.rows) = (FilesLoad::Read, Some(rows));
        self.search();
    }

    /// Whether only rows with some words are shown.
    pub(crate) fn is_filtered(&self) -> bool {
        !self.input.value().is_empty()
    }

    /// Returns the words.
    pub(crate) fn filter(&self) -> Option<Filter> {
        Filter::parse(self.input.value())
    }

    /// Shows all rows.
    pub(crate) fn clear_filter(&mut self) {
        (self.input, self.is_typing) = (Input::default(), false);
        self.search();
    }

    /// Begins to search for the rows that contain the words. Until all were examined, the rows before stay.
    pub(crate) fn search(&mut self) {
        if self.is_filtered() && self.rows.is_some() {
            self.filtering = Some(IncrementalFilter::of(self.input.value(), false));
        } else {
            (self.matches, self.filtering, self.cursor) = (None, None, 0);
        }
    }

    /// Whether rows are left to be examined.
    pub(crate) fn is_arranging(&self) -> bool {
        self.filtering.is_some()
    }

    /// Examines another part of the rows.
    pub(crate) fn arrange_next_part(&mut self) {
        let (Some(mut filter), Some(rows)) = (self.filtering.take(), &self.rows) else { return };
        let all = rows.len();
        filter.examine_next(PART, all, |row| rows.text(row));
        if filter.is_finished(all) {
            let order: Vec<u32> = (0..u32::try_from(all).unwrap_or(u32::MAX)).collect();
            let mut matches = Vec::new();
            filter.append_matches(&order, &mut matches);
            (self.matches, self.cursor) = (Some(matches), 0);
        } else {
            self.filtering = Some(filter);
        }
    }

    /// Returns the number of rows that are shown.
    pub(crate) fn len(&self) -> usize {
        match &self.matches {
            Some(matches) => matches.len(),
            None => self.rows.as_ref().map_or(0, DiffRows::len),
        }
    }

    /// Returns the number of the row at a place.
    pub(crate) fn row(&self, place: usize) -> Option<usize> {
        match &self.matches {
            Some(matches) => matches.get(place).map(|row| *row as usize),
            None => (place < self.len()).then_some(place),
        }
    }

    /// Moves the cursor.
    pub(crate) fn move_to(&mut self, to: Move) {
        self.cursor = crate::app::dialogs::move_row(self.cursor, self.len(), to);
    }
}
