//! Two images, or two layers, side by side: facts and layers, config, files, packages.
//!
//! | module | purpose |
//! |---|---|
//! | `opening` | the ways into the dialog |
//! | `layer_side` | a layer as one of the sides |
//! | `reading` | the questions to the runtime, and the answers |
//! | `tabs` | the tabs and their order |
//! | `title` | the names of both sides |
//! | `rows` | the lines of the tabs *Summary* and *Config* |
//! | `narrow` | these lines on a screen without room for them |
//! | `table` | the tabs *Files* and *Packages*, which are read from layers |
//! | `selected_row` | the row under the cursor |
//! | `sides` | the files at a path in both images |
//! | `loads` | when files and packages are read |
//! | `keys` | the keys and their effects |
//! | `places` | the parts of the dialog on the screen |
//! | `report` | everything that is known as Markdown |

mod keys;
pub(crate) mod layer_side;
mod loads;
mod narrow;
mod opening;
pub(crate) mod places;
pub mod reading;
pub mod report;
mod rows;
mod selected_row;
mod sides;
pub(crate) mod table;
mod tabs;
mod title;

use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Position;

use super::{Dialog, click, save_prompt};
use crate::app::State;
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::model::failure::Failure;
use crate::model::platform::Platform;
use crate::model::reference::Host;
pub(crate) use keys::DiffEffect;
use layer_side::LayerSide;
pub(crate) use loads::{arrange_next_part, is_arranging, take_progress, take_read};
pub(crate) use opening::{show, show_layers, show_path};
use places::DiffPlaces;
use reading::{DiffQuestion, DiffedPair};
use report::DiffReport;
pub(crate) use rows::{DiffLine, DiffTone, TonedLine};
use table::{DiffRows, DiffTable};
pub(crate) use tabs::DiffTab;

/// Two images on the screen.
#[derive(Debug)]
pub struct DiffDialog {
    /// The images or layers that are compared.
    subject: DiffSubject,
    /// The differences.
    pub(crate) pair: Remote<Arc<DiffedPair>>,
    /// The tab that is shown.
    pub(crate) tab: DiffTab,
    /// The rows under the cursors of Summary and Config.
    cursors: [usize; 2],
    /// The lines of the open tab, if it is Summary or Config.
    pub(crate) lines: Vec<DiffLine>,
    /// Whether lines that are the same on both sides are hidden.
    pub(crate) hides_same: bool,
    /// Whether layers at the bottom that both images share are read too.
    reads_all: bool,
    /// The files that differ.
    files: DiffTable,
    /// The packages that differ.
    packages: DiffTable,
    /// The path to open when the files are known.
    goal: Option<DiffedPath>,
}

/// A path that is compared in both images.
#[derive(Debug, Clone)]
pub(crate) struct DiffedPath {
    /// The path.
    pub(crate) path: Vec<u8>,
    /// The path that it leads to if it is a symbolic link.
    pub(crate) target: Option<Vec<u8>>,
}

/// The two that are compared.
#[derive(Debug)]
enum DiffSubject {
    /// Two images, whose manifests and configs are asked for.
    Images(Box<DiffQuestion>),
    /// Two layers of images that are known.
    Layers(Box<[LayerSide; 2]>),
}

impl DiffDialog {
    /// Returns the registries of both images, each once.
    pub(crate) fn hosts(&self) -> Vec<&Host> {
        let images = self.pair.value.iter().flat_map(|pair| &pair.images);
        let mut hosts: Vec<&Host> = images.map(|image| &image.repository.host).collect();
        hosts.dedup();
        hosts
    }
}

fn find(state: &mut State, is_it: impl Fn(&DiffDialog) -> bool) -> Option<&mut DiffDialog> {
    state.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::ImageDiff(dialog) if is_it(dialog) => Some(&mut **dialog),
        _ => None,
    })
}

/// Changes a dialog that may stand below others. It is taken off the stack meanwhile.
fn change_dialog(
    update: &mut Update<'_>,
    is_it: impl Fn(&DiffDialog) -> bool,
    change: impl FnOnce(&mut Update<'_>, &mut DiffDialog),
) {
    let is_it = |dialog: &Dialog| matches!(dialog, Dialog::ImageDiff(dialog) if is_it(dialog));
    let Some(at) = update.state.dialogs.iter().position(is_it) else { return };
    let mut taken = update.state.dialogs.remove(at);
    if let Dialog::ImageDiff(dialog) = &mut taken {
        change(update, dialog);
    }
    update.state.dialogs.insert(at, taken);
}

/// Takes the differences between two images.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<Arc<DiffedPair>, Failure>) {
    let now = update.now;
    let is_awaited = |dialog: &DiffDialog| dialog.pair.pending == Some(ticket);
    change_dialog(update, is_awaited, |update, dialog| {
        dialog.pair.answer(ticket, answer, now);
        dialog.lay_out();
        dialog.begin_open_table(update);
    });
}

impl DiffDialog {
    fn new(subject: DiffSubject, pair: Remote<Arc<DiffedPair>>, tab: DiffTab) -> DiffDialog {
        DiffDialog {
            subject,
            pair,
            tab,
            cursors: [0; 2],
            lines: Vec::new(),
            hides_same: false,
            reads_all: false,
            files: DiffTable::default(),
            packages: DiffTable::default(),
            goal: None,
        }
    }

    /// Whether keys are typed into the words of the open table.
    pub(crate) fn is_typing(&self) -> bool {
        self.table().is_some_and(|table| table.is_typing)
    }

    /// Returns the text field, if keys are typed into it.
    pub(super) fn input(&mut self) -> Option<&mut tui_input::Input> {
        self.table_mut().filter(|table| table.is_typing).map(|table| &mut table.input)
    }

    /// Returns the row under the cursor of the open tab.
    pub(crate) fn cursor(&self) -> usize {
        match (self.tab, self.table()) {
            (_, Some(table)) => table.cursor,
            (DiffTab::Config, None) => self.cursors[1],
            (_, None) => self.cursors[0],
        }
    }

    fn cursor_mut(&mut self) -> &mut usize {
        match self.tab {
            DiffTab::Summary => &mut self.cursors[0],
            DiffTab::Config => &mut self.cursors[1],
            DiffTab::Files => &mut self.files.cursor,
            DiffTab::Packages => &mut self.packages.cursor,
        }
    }

    /// Returns the number of rows of the open tab.
    pub(crate) fn len(&self) -> usize {
        self.table().map_or(self.lines.len(), DiffTable::len)
    }

    /// Returns the platform that is compared, with its number and the number of all that both images have.
    pub(crate) fn platform(&self) -> Option<(&Platform, usize, usize)> {
        let pair = self.pair.value.as_ref()?;
        let platform = pair.diff.right.platform.as_ref()?;
        let at = pair.platforms.iter().position(|listed| listed.is_same_machine(platform))?;
        Some((platform, at + 1, pair.platforms.len()))
    }

    fn ask(&mut self, update: &mut Update<'_>) {
        let DiffSubject::Images(question) = &self.subject else { return };
        let ask = Ask::ImageDiff(question.clone());
        self.pair.ask(update.ask(Slot::ImageDiff, Duration::ZERO, ask));
    }

    fn lay_out(&mut self) {
        self.lines = match (&self.pair.value, self.tab) {
            (Some(pair), DiffTab::Summary) => rows::summary_lines(&pair.diff),
            (Some(pair), DiffTab::Config) => rows::config_lines(&pair.diff),
            _ => Vec::new(),
        };
        if self.hides_same && self.lines.iter().any(|line| line.tone.is_difference()) {
            self.lines.retain(|line| line.tone != DiffTone::Same);
        }
        let last = self.len().saturating_sub(1);
        let cursor = self.cursor_mut();
        *cursor = (*cursor).min(last);
    }

    fn step_platform(&mut self, update: &mut Update<'_>, by: isize) {
        let Some((_, number, count)) = self.platform().filter(|(_, _, count)| *count > 1) else {
            return update.refuse("the images have no other platform in common");
        };
        let next = (number as isize - 1 + by).rem_euclid(count as isize) as usize;
        let platform = self.pair.value.as_ref().and_then(|pair| pair.platforms.get(next).cloned());
        if let DiffSubject::Images(question) = &mut self.subject {
            question.platform = platform;
        }
        self.ask_again(update);
    }

    fn swap(mut self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        self.give_up_all(update);
        match self.subject {
            DiffSubject::Images(question) => {
                let DiffQuestion { left, right, platform } = *question;
                opening::open(update, DiffQuestion { left: right, right: left, platform }, self.tab, None);
            }
            DiffSubject::Layers(sides) => {
                let [left, right] = *sides;
                show_layers(update, [right, left]);
            }
        }
        None
    }

    fn report(&self, update: &mut Update<'_>) {
        let Some(pair) = &self.pair.value else { return update.refuse("nothing was read yet") };
        let report = DiffReport {
            pair: pair.clone(),
            files: match &self.files.rows {
                Some(DiffRows::Files(files)) => Some(files.clone()),
                _ => None,
            },
            packages: match &self.packages.rows {
                Some(DiffRows::Packages(packages)) => Some(packages.clone()),
                _ => None,
            },
        };
        save_prompt::show_report(update.state, report);
    }

    /// Returns the whole text of the open tab, for the pager.
    pub(super) fn pager_lines(&self) -> Vec<String> {
        let Some(table) = self.table() else {
            return self.lines.iter().map(|line| line.text.to_string()).collect();
        };
        let Some(rows) = &table.rows else { return Vec::new() };
        let mut lines = vec![rows.describe()];
        lines.extend(rows.problems().iter().map(ToString::to_string));
        let shown = (0..table.len()).filter_map(|place| table.row(place));
        match rows {
            DiffRows::Files(files) => lines.extend(shown.filter_map(|row| {
                let file = files.diff.get(row)?;
                let [left, right] = file.sizes();
                let (sign, modes) = (file.change.sign(), file.modes());
                let path = file.shown_path() + &file.notes();
                Some(format!("{sign:<2} {left:>9} {right:>9}  {modes:<10}  {path}"))
            })),
            DiffRows::Packages(packages) => lines.extend(shown.filter_map(|row| {
                let [sign, name, left, right, ecosystem] = packages.rows.get(row)?.cells();
                Some(format!("{sign} {ecosystem:<5} {name:<30} {left} → {right}"))
            })),
        }
        lines
    }

    /// Opens the tab, or moves the cursor to the row under the click. A second click opens the row.
    pub(super) fn click(mut self: Box<Self>, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let places = DiffPlaces::of(update.state, &self);
        if let Some(tab) = places.tab_at(at) {
            self.open_tab(update, tab);
            return Some(Dialog::ImageDiff(self));
        }
        let len = self.len();
        let is_again = if self.table().is_some() {
            click::select_row(self.cursor_mut(), places.rows, at, len)
        } else {
            let lines = self.visible_lines(places.text_width(), places.rows.height);
            let line = click::row_at(places.rows, at, 0, lines.len());
            let row = line.and_then(|line| lines.get(line)).map(|(row, _)| *row);
            row.is_some_and(|row| std::mem::replace(self.cursor_mut(), row) == row)
        };
        if is_again {
            if let Some(table) = self.table_mut() {
                table.is_typing = false;
            }
            self.open_row(update);
        }
        Some(Dialog::ImageDiff(self))
    }
}
