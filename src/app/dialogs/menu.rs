//! A short list to choose from: the sort menu, the yank menu, the question about running jobs.

use std::borrow::Cow;

use ratatui::layout::{Position, Rect};

use super::{Dialog, KeyedDialog, click, move_row};
use crate::app::cmd::Cmd;
use crate::app::keys::{Binding, DIALOG_BINDINGS, KeyChord, Keys, Pressed, SharedEffect, chords};
use crate::app::list::Move;
use crate::app::panes::details::files::order::FileSortBy;
use crate::app::panes::repositories::RepositorySortBy;
use crate::app::panes::tags::SortBy;
use crate::app::scans::start_scan;
use crate::app::update::Update;
use crate::app::{State, columns as extra_columns, layout};
use crate::model::clip::ClipText;
use crate::model::columns;
use crate::model::scan::ScanRequest;
use crate::model::text::SafeText;

/// A menu of a few entries, each with its key.
#[derive(Debug)]
pub struct Menu {
    /// The title of the menu.
    pub(crate) title: Cow<'static, str>,
    /// The entries of the menu.
    pub(crate) entries: Vec<MenuEntry>,
    /// The entry under the cursor.
    pub(crate) cursor: usize,
}

/// An entry of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MenuEntry {
    /// The key that chooses the entry at once.
    pub(crate) key: char,
    /// The label of the entry.
    pub(crate) label: &'static str,
    /// The result of the choice, shown beside the label.
    pub(crate) preview: SafeText,
    /// The effect of the entry.
    pub(crate) choice: Choice,
}

/// The effect of a menu entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Sorts tags by this sort key. Choosing it again reverses the order.
    Sort(SortBy),
    /// Sorts repositories by this sort key. Choosing it again reverses the order.
    SortRepositories(RepositorySortBy),
    /// Sorts files by this sort key. Choosing it again reverses the order.
    SortFiles(FileSortBy),
    /// Shows or hides a column of the Tags pane.
    ToggleColumn(&'static str),
    /// Scans images.
    Scan(Box<ScanRequest>),
    /// Closes the menu.
    Leave,
    /// Puts this text on the clipboard.
    Copy(ClipText),
    /// Stays in regtui after the user asked to leave.
    Stay,
    /// Leaves when the last job has ended.
    QuitAfterJobs,
    /// Stops all jobs, then leaves.
    StopAndQuit,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MenuEffect {
    /// Chooses the entry under the cursor.
    Choose,
    /// Closes the menu.
    Close,
}

impl Menu {
    /// Returns the hint for the key that closes the menu without a choice. In the menu about leaving regtui, it means
    /// to stay.
    pub(crate) fn foot(&self, keys: &Keys) -> String {
        let label =
            if self.entries.iter().any(|entry| entry.choice == Choice::Stay) { "stay" } else { "leave" };
        keys.cancel_hint(DIALOG_BINDINGS, label).unwrap_or_default()
    }

    /// Returns the box of a menu with its border. Inside it, each entry has a row.
    pub(crate) fn area(&self, state: &State) -> Rect {
        let widest = |of: fn(&MenuEntry) -> usize| self.entries.iter().map(of).max().unwrap_or(0);
        let width = self.label_columns() + widest(|entry| columns::width(entry.preview.as_str())) + 12;
        layout::overlay_box(state, width.clamp(30, 100) as u16, self.entries.len() as u16 + 2)
    }

    /// Returns the columns of the widest label.
    pub(crate) fn label_columns(&self) -> usize {
        self.entries.iter().map(|entry| entry.label.len()).max().unwrap_or(0)
    }

    /// Chooses the entry under the click.
    pub(super) fn click(mut self, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let area = self.area(update.state);
        let rows = Rect { x: area.x, width: area.width, ..layout::inside(area) };
        match click::row_at(rows, at, 0, self.entries.len()) {
            Some(row) => {
                self.cursor = row;
                self.press(update, Pressed::Own(MenuEffect::Choose))
            }
            None => Some(Dialog::Menu(self)),
        }
    }

    fn choose(self, update: &mut Update<'_>, row: usize) -> Option<Dialog> {
        match self.entries.get(row).map(|entry| entry.choice.clone()) {
            Some(choice) => {
                apply(update, choice);
                None
            }
            None => Some(Dialog::Menu(self)),
        }
    }
}

impl KeyedDialog for Menu {
    type Effect = MenuEffect;

    const TITLE: &'static str = "Menu";

    const BINDINGS: &'static [Binding<MenuEffect>] = &[
        Binding::new("menu.choose", chords!["Enter"], "choose", MenuEffect::Choose),
        Binding::new("menu.close", chords!["q", "h"], "leave", MenuEffect::Close),
    ];

    /// The keys of the entries come before all others.
    fn meaning(&self, keys: &Keys, key: crossterm::event::KeyEvent) -> Pressed<MenuEffect> {
        let typed = KeyChord::of(key).and_then(KeyChord::character);
        if self.entries.iter().any(|entry| Some(entry.key) == typed) {
            Pressed::Text(key)
        } else {
            keys.press(Menu::BINDINGS, key)
        }
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<MenuEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Own(MenuEffect::Close) | Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(MenuEffect::Choose) => {
                let row = self.cursor;
                return self.choose(update, row);
            }
            Pressed::Text(key) => {
                let typed = KeyChord::of(key).and_then(KeyChord::character);
                if let Some(row) = self.entries.iter().position(|entry| Some(entry.key) == typed) {
                    return self.choose(update, row);
                }
            }
            Pressed::Shared(SharedEffect::Move(to)) => {
                self.cursor = move_row(self.cursor, self.entries.len(), to);
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) => {}
        }
        Some(Dialog::Menu(self))
    }
}

/// Carries out the choice of a menu entry.
fn apply(update: &mut Update<'_>, choice: Choice) {
    let state = &mut *update.state;
    match choice {
        Choice::Sort(by) => {
            state.tags.sort_by(by);
            state.tags.list.is_user_selected = false;
            state.tags.list.move_cursor(Move::First);
            state.tags.list.is_user_selected = false;
        }
        Choice::SortRepositories(by) => {
            if let Some(registry) = state.registries.selected_mut() {
                registry.repositories.sort_by(by);
                registry.repositories.list.move_cursor(Move::First);
                registry.repositories.list.is_user_selected = false;
            }
        }
        Choice::SortFiles(by) => {
            let files = &mut state.detail.files.browser;
            files.set_sort(files.sort.choose(by));
        }
        Choice::ToggleColumn(name) => {
            if let Err(why) = extra_columns::toggle(update, name) {
                update.refuse(why);
            }
        }
        Choice::Scan(request) => start_scan(update, *request),
        Choice::Leave => {}
        Choice::Copy(text) => update.cmds.push(Cmd::Copy(text)),
        Choice::Stay => state.jobs.quits_when_idle = false,
        Choice::QuitAfterJobs => update.cmds.extend(state.jobs.quit_when_idle(update.now)),
        Choice::StopAndQuit => update.cmds.extend(state.jobs.stop_all_and_quit()),
    }
}
