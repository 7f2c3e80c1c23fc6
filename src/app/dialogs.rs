//! The dialogs on top of the panes, and the effect of keys in them.

mod click;
mod command_line;
pub mod comparison;
pub mod copy_prompt;
pub mod jobs;
pub mod journal;
pub mod open_prompt;
pub mod palette;
pub mod plan;
pub mod retag_prompt;

use std::borrow::Cow;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use super::list::Move;
use super::update::Update;
use super::{State, keymap, layout};
use crate::model::columns;

/// A dialog. The last one of the stack receives the keys.
#[derive(Debug)]
pub enum Dialog {
    /// The filter of the focused pane, typed in the bottom line.
    Filter(Input),
    /// A command, typed in the bottom line.
    CommandLine(CommandLine),
    /// The commands, searchable.
    Palette(Palette),
    /// The prompt for a name to open.
    Open(OpenPrompt),
    /// A short list to choose from: the sort menu, the yank menu.
    Menu(Menu),
    /// The keys of the pane, searchable.
    Help(Help),
    /// The request log, scrolled by this number of lines from its end.
    Requests(usize),
    /// The messages, scrolled by this number of lines from their end.
    Messages(usize),
    /// The plan of a change.
    Plan(Box<plan::PlanDialog>),
    /// The prompt for new tags.
    Retag(retag_prompt::Retag),
    /// The prompt for the destination of a copy.
    Copy(Box<copy_prompt::CopyPrompt>),
    /// Two repositories side by side.
    Comparison(Box<comparison::ComparisonDialog>),
    /// The jobs.
    Jobs(jobs::JobsDialog),
    /// The journal of changes.
    Journal(journal::JournalDialog),
}

/// The command line, opened with `:`, with completion.
#[derive(Debug, Default)]
pub struct CommandLine {
    /// The text typed.
    pub input: Input,
    /// The completions of the text.
    pub completions: Vec<String>,
    /// The completion chosen with Tab.
    pub selected_completion: Option<usize>,
    /// The reason why the command was refused.
    pub problem: Option<String>,
}

/// The palette of commands, opened with `Ctrl-p`.
#[derive(Debug, Default)]
pub struct Palette {
    /// The text typed.
    pub input: Input,
    /// Rows that match: indices into [`palette::ENTRIES`].
    pub rows: Vec<usize>,
    /// The row under the cursor.
    pub cursor: usize,
}

/// A prompt for the name of a registry, a repository or an image.
#[derive(Debug, Default)]
pub struct OpenPrompt {
    /// The text typed.
    pub input: Input,
    /// Matching names that were opened before.
    pub suggestions: Vec<String>,
    /// The suggestion under the cursor.
    pub cursor: Option<usize>,
    /// The reason why the name was refused.
    pub problem: Option<String>,
}

/// A menu of a few entries, each with its key.
#[derive(Debug)]
pub struct Menu {
    /// The title of the menu.
    pub title: Cow<'static, str>,
    /// The entries of the menu.
    pub entries: Vec<MenuEntry>,
    /// The entry under the cursor.
    pub cursor: usize,
}

/// An entry of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuEntry {
    /// The key that chooses the entry at once.
    pub key: char,
    /// The label of the entry.
    pub label: &'static str,
    /// The result of the choice, shown beside the label.
    pub preview: crate::model::text::SafeText,
    /// The effect of the entry.
    pub choice: Choice,
}

/// The effect of a menu entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Sorts tags by this sort key. Choosing it again reverses the order.
    Sort(super::panes::tags::SortBy),
    /// Puts this text on the clipboard.
    Copy(crate::model::clip::ClipText),
    /// Stays in regtui after the user asked to leave.
    Stay,
    /// Leaves when the last job has ended.
    QuitAfterJobs,
    /// Stops all jobs, then leaves.
    StopAndQuit,
}

/// The help, opened with `?`.
#[derive(Debug, Default)]
pub struct Help {
    /// The text to search for.
    pub input: Input,
    /// First line drawn.
    pub scroll: usize,
}

impl Menu {
    /// Returns the hint for Esc, which closes the menu without a choice. In the menu about leaving regtui, Esc means to
    /// stay.
    pub fn foot(&self) -> &'static str {
        match self.entries.iter().any(|entry| entry.choice == Choice::Stay) {
            true => "Esc stay",
            false => "Esc leave",
        }
    }

    /// Returns the box of a menu with its border. Inside it, each entry has a row.
    pub fn area(&self, state: &State) -> Rect {
        let widest = |of: fn(&MenuEntry) -> usize| self.entries.iter().map(of).max().unwrap_or(0);
        let width = self.label_columns() + widest(|entry| columns::width(entry.preview.as_str())) + 12;
        layout::overlay_box(state, width.clamp(30, 100) as u16, self.entries.len() as u16 + 2)
    }

    /// Returns the columns of the widest label.
    pub fn label_columns(&self) -> usize {
        self.entries.iter().map(|entry| entry.label.len()).max().unwrap_or(0)
    }
}

impl Help {
    /// Returns the box of the help with its border. The search text stands in its first line.
    pub fn area(state: &State) -> Rect {
        layout::overlay_box(state, 110, keymap::BINDINGS.len() as u16 + 5)
    }
}

impl Dialog {
    /// Returns whether the dialog waits for an answer.
    pub fn is_loading(&self) -> bool {
        match self {
            Dialog::Plan(plan) => plan.change_plan.is_loading(),
            Dialog::Journal(journal) => journal.entries.is_loading(),
            Dialog::Comparison(comparison) => comparison.rows.is_loading(),
            _ => false,
        }
    }

    /// Returns the box of a dialog with its border. Returns the last line of the screen for a dialog that is typed there.
    pub fn area(&self, state: &State) -> Rect {
        match self {
            Dialog::Filter(_) | Dialog::CommandLine(_) => layout::of(state).bar,
            Dialog::Palette(_) => palette::area(state),
            Dialog::Open(open) => open_prompt::OpenPlaces::of(state, open).area,
            Dialog::Menu(menu) => menu.area(state),
            Dialog::Help(_) => Help::area(state),
            Dialog::Plan(plan) => plan::places::PlanPlaces::of(state, plan).area,
            Dialog::Retag(prompt) => retag_prompt::RetagPlaces::of(state, prompt).area,
            Dialog::Copy(prompt) => copy_prompt::places::CopyPlaces::of(state, prompt).area,
            Dialog::Comparison(_) => comparison::area(state),
            Dialog::Requests(_) | Dialog::Messages(_) | Dialog::Jobs(_) | Dialog::Journal(_) => {
                layout::log(state)
            }
        }
    }

    /// Returns the text field of the dialog, if it has one.
    fn input(&mut self) -> Option<&mut Input> {
        match self {
            Dialog::Filter(input) => Some(input),
            Dialog::CommandLine(line) => Some(&mut line.input),
            Dialog::Palette(palette) => Some(&mut palette.input),
            Dialog::Open(open) => Some(&mut open.input),
            Dialog::Help(help) => Some(&mut help.input),
            Dialog::Retag(prompt) => Some(&mut prompt.input),
            Dialog::Copy(prompt) => Some(&mut prompt.input),
            Dialog::Plan(_)
            | Dialog::Comparison(_)
            | Dialog::Jobs(_)
            | Dialog::Journal(_)
            | Dialog::Menu(_)
            | Dialog::Requests(_)
            | Dialog::Messages(_) => None,
        }
    }
}

impl Update<'_> {
    /// Passes a key to the dialog on top.
    pub fn key_in_dialog(&mut self, key: KeyEvent) {
        // The dialog is taken off the stack while it handles the key, so that it may change the state. It is put back
        // unless it is done.
        let Some(dialog) = self.state.dialogs.pop() else { return };
        let at = self.state.dialogs.len();
        self.state.notices.dismiss_refusal();
        let stays = match dialog {
            Dialog::Filter(input) => self.key_in_filter(input, key),
            Dialog::CommandLine(line) => self.key_in_command_line(line, key),
            Dialog::Palette(palette) => self.key_in_palette(palette, key),
            Dialog::Open(open) => self.key_in_open(open, key),
            Dialog::Menu(menu) => self.key_in_menu(menu, key),
            Dialog::Help(help) => self.key_in_help(help, key),
            Dialog::Plan(plan) => self.key_in_plan(plan, key),
            Dialog::Retag(prompt) => self.key_in_retag(prompt, key),
            Dialog::Copy(prompt) => self.key_in_copy(prompt, key),
            Dialog::Comparison(comparison) => self.key_in_comparison(comparison, key),
            Dialog::Jobs(jobs) => self.key_in_jobs(jobs, key),
            Dialog::Journal(journal) => self.key_in_journal(journal, key),
            Dialog::Requests(scroll) => {
                key_in_log(scroll, key, '@', self.max_log_scroll(self.state.requests.len()))
                    .map(Dialog::Requests)
            }
            Dialog::Messages(scroll) => {
                let width = usize::from(layout::log(self.state).width).saturating_sub(2);
                let lines = self.state.notices.lines(width).len();
                key_in_log(scroll, key, 'm', self.max_log_scroll(lines)).map(Dialog::Messages)
            }
        };
        if let Some(dialog) = stays {
            self.state.dialogs.insert(at, dialog);
        }
    }

    /// Scrolls the dialog on top as the arrow keys do.
    pub fn scroll_dialog(&mut self, rows: isize) {
        let code = if rows < 0 { KeyCode::Up } else { KeyCode::Down };
        for _ in 0..rows.unsigned_abs() {
            self.key_in_dialog(KeyEvent::new(code, KeyModifiers::NONE));
        }
    }

    /// Takes pasted text into the text field. Line breaks end it: a paste never presses Enter.
    pub fn paste(&mut self, text: &str) {
        let line: String =
            text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(1024).collect();
        let Some(input) = self.state.dialogs.last_mut().and_then(Dialog::input) else {
            return self.refuse("text can only be pasted into a text field");
        };
        // All but the last character are inserted silently, so that a list is searched once and not for each of them.
        let mut characters = line.chars();
        let last = characters.next_back();
        for character in characters {
            input.handle(InputRequest::InsertChar(character));
        }
        if let Some(last) = last {
            self.key_in_dialog(KeyEvent::new(KeyCode::Char(last), KeyModifiers::NONE));
        }
    }

    /// Opens the palette.
    pub fn open_palette(&mut self) {
        let palette = Palette { rows: palette::rows(""), ..Palette::default() };
        self.state.dialogs.push(Dialog::Palette(palette));
    }

    fn key_in_filter(&mut self, mut input: Input, key: KeyEvent) -> Option<Dialog> {
        match key.code {
            KeyCode::Enter => {
                // The row that the filter found counts as chosen now: it stays under the cursor if the order changes.
                if let Some(list) = self.list() {
                    list.is_user_selected = !list.rows.is_empty();
                }
                return None;
            }
            KeyCode::Esc => {
                self.filter("");
                return None;
            }
            KeyCode::Up => self.move_cursor(Move::By(-1)),
            KeyCode::Down => self.move_cursor(Move::By(1)),
            KeyCode::PageUp => self.move_cursor(Move::HalfPages(-1)),
            KeyCode::PageDown => self.move_cursor(Move::HalfPages(1)),
            _ if edit_input(&mut input, key) => self.filter(input.value()),
            _ => {}
        }
        Some(Dialog::Filter(input))
    }

    fn key_in_palette(&mut self, mut palette: Palette, key: KeyEvent) -> Option<Dialog> {
        match key.code {
            KeyCode::Esc => return None,
            KeyCode::Enter => {
                let entry = palette.rows.get(palette.cursor).and_then(|row| palette::ENTRIES.get(*row))?;
                match entry.action {
                    Some(action) => self.perform(action),
                    None => return Some(Dialog::CommandLine(self.command_line(entry.name))),
                }
                return None;
            }
            _ if edit_input(&mut palette.input, key) => {
                palette.rows = palette::rows(palette.input.value());
                palette.cursor = 0;
            }
            _ => palette.cursor = move_row(palette.cursor, palette.rows.len(), key),
        }
        Some(Dialog::Palette(palette))
    }

    /// Returns how far a log of this number of lines scrolls from its end.
    fn max_log_scroll(&self, lines: usize) -> usize {
        lines.saturating_sub(usize::from(layout::log(self.state).height).saturating_sub(2))
    }

    fn key_in_help(&mut self, mut help: Help, key: KeyEvent) -> Option<Dialog> {
        let is_empty = help.input.value().is_empty();
        match key.code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::F(1) => return None,
            KeyCode::Char('?' | 'q') if is_empty => return None,
            _ if edit_input(&mut help.input, key) => help.scroll = 0,
            _ => {
                let rows = keymap::help_rows(self.state, help.input.value());
                let sections = rows.chunk_by(|a, b| a.section == b.section).count();
                let shown = usize::from(Help::area(self.state).height).saturating_sub(3);
                help.scroll = move_row(help.scroll, (rows.len() + sections + 1).saturating_sub(shown), key);
            }
        }
        Some(Dialog::Help(help))
    }

    fn key_in_menu(&mut self, mut menu: Menu, key: KeyEvent) -> Option<Dialog> {
        let by_key = |typed: char| menu.entries.iter().find(|entry| entry.key == typed);
        let choice = match key.code {
            KeyCode::Esc => return None,
            KeyCode::Enter => menu.entries.get(menu.cursor),
            KeyCode::Char(typed) if key.modifiers.difference(KeyModifiers::SHIFT).is_empty() => by_key(typed),
            _ => None,
        };
        match (choice, key.code) {
            (Some(entry), _) => {
                self.apply_choice(entry.choice.clone());
                None
            }
            (None, KeyCode::Char('q' | 'h')) => None,
            (None, _) => {
                menu.cursor = move_row(menu.cursor, menu.entries.len(), key);
                Some(Dialog::Menu(menu))
            }
        }
    }
}

/// Returns how far a log is scrolled from its end after a key, or `None` if the key closes it. Up moves away from the
/// end.
fn key_in_log(scroll: usize, key: KeyEvent, closing_key: char, furthest: usize) -> Option<usize> {
    let to = match key.code {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | 'h') => return None,
        KeyCode::Char(typed) if typed == closing_key => return None,
        KeyCode::Up | KeyCode::Char('k') => scroll + 1,
        KeyCode::Down | KeyCode::Char('j') => scroll.saturating_sub(1),
        KeyCode::PageUp => scroll + 10,
        KeyCode::PageDown => scroll.saturating_sub(10),
        KeyCode::Home | KeyCode::Char('g') => furthest,
        KeyCode::End | KeyCode::Char('G') => 0,
        _ => scroll,
    };
    Some(to.min(furthest))
}

/// Passes a key to a text field and returns whether the text changed.
fn edit_input(input: &mut Input, key: KeyEvent) -> bool {
    input.handle_event(&Event::Key(key)).is_some_and(|change| change.value)
}

/// Returns the cursor of a short list after a key.
fn move_row(cursor: usize, rows: usize, key: KeyEvent) -> usize {
    let to = match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
        (KeyCode::Up | KeyCode::BackTab, _) | (KeyCode::Char('k'), false) | (KeyCode::Char('p'), true) => {
            cursor.saturating_sub(1)
        }
        (KeyCode::Down | KeyCode::Tab, _) | (KeyCode::Char('j'), false) | (KeyCode::Char('n'), true) => {
            cursor + 1
        }
        (KeyCode::PageUp, _) => cursor.saturating_sub(10),
        (KeyCode::PageDown, _) => cursor + 10,
        (KeyCode::Home, _) => 0,
        (KeyCode::End, _) => rows,
        _ => cursor,
    };
    to.min(rows.saturating_sub(1))
}
