//! The dialogs on top of the panes. Each has its keys as a table in its own file, beside their effects.

pub(crate) mod attached;
mod click;
pub(crate) mod command_line;
pub(crate) mod compare_prompt;
pub(crate) mod comparison;
pub(crate) mod copy_prompt;
pub(crate) mod diff_prompt;
pub(crate) mod extract_prompt;
pub(crate) mod file_history;
pub(crate) mod file_preview;
pub(crate) mod file_sides;
pub(crate) mod filter_line;
pub(crate) mod help;
pub mod image_diff;
pub(crate) mod jobs;
pub(crate) mod journal;
pub(crate) mod layer_choice;
pub mod log;
pub(crate) mod login_prompt;
pub(crate) mod menu;
mod name_prompt;
pub(crate) mod open_prompt;
mod pager_text;
pub(crate) mod palette;
pub(crate) mod path_table;
pub mod plan;
pub(crate) mod prompt_field;
pub(crate) mod requests;
pub(crate) mod retag_prompt;
pub(crate) mod save_prompt;
pub mod saved_content;
pub(crate) mod search;
pub(crate) mod shown_reading;
pub(crate) mod since;
pub(crate) mod since_prompt;
pub(crate) mod tag_history;
mod text_field;
pub(crate) mod trust;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;
use tui_input::Input;

use super::keys::{Binding, KeyCommand, Keys, Pressed, SharedEffect};
use super::list::Move;
use super::panes::details::files::reading::FilesProgress;
use super::remote::Ticket;
use super::update::Update;
use super::{State, layout};
pub(crate) use click::click;
use shown_reading::DialogReading;
use text_field::edit_input;
pub(crate) use text_field::paste;

/// A dialog. The last one of the stack receives the keys.
#[derive(Debug)]
pub enum Dialog {
    /// The filter of the focused pane, typed in the bottom line.
    Filter(filter_line::FilterLine),
    /// A command, typed in the bottom line.
    CommandLine(command_line::CommandLine),
    /// The commands, searchable.
    Palette(palette::Palette),
    /// The prompt for a name to open.
    Open(open_prompt::OpenPrompt),
    /// The search for repositories.
    Search(Box<search::SearchDialog>),
    /// A short list to choose from: the sort menu, the yank menu.
    Menu(menu::Menu),
    /// The keys of the pane or the dialog below, searchable.
    Help(help::Help),
    /// The request log.
    Requests(requests::RequestLog),
    /// The messages.
    Messages(log::MessageLog),
    /// The plan of a change.
    Plan(Box<plan::PlanDialog>),
    /// The prompt for new tags.
    Retag(retag_prompt::Retag),
    /// The prompt for the destination of a copy.
    Copy(Box<copy_prompt::CopyPrompt>),
    /// The prompt for the repository to compare with.
    Compare(compare_prompt::ComparePrompt),
    /// Two repositories side by side.
    Comparison(Box<comparison::ComparisonDialog>),
    /// The content of a file.
    FilePreview(Box<file_preview::FilePreview>),
    /// The versions of a file.
    FileHistory(file_history::FileHistory),
    /// The findings or the packages of an image.
    PathTable(Box<path_table::PathTable>),
    /// The prompt for the place that files are extracted to.
    Extract(Box<extract_prompt::ExtractPrompt>),
    /// An attached artifact.
    Attached(Box<attached::AttachedDialog>),
    /// The prompt for a login.
    Login(Box<login_prompt::LoginPrompt>),
    /// The certificate of a server.
    Trust(Box<trust::TrustDialog>),
    /// The prompt for the file that a document is saved to.
    Save(save_prompt::SavePrompt),
    /// The prompt for the image to compare with.
    Diff(Box<diff_prompt::DiffPrompt>),
    /// Two images side by side.
    ImageDiff(Box<image_diff::DiffDialog>),
    /// The tag since which images have something.
    Since(Box<since::SinceDialog>),
    /// The prompt for what the images are asked for.
    SincePrompt(since_prompt::SincePrompt),
    /// The past of a tag or of a repository.
    TagHistory(Box<tag_history::TagHistoryDialog>),
    /// The layers to compare with.
    LayerChoice(Box<layer_choice::LayerChoice>),
    /// Both sides of a difference.
    FileSides(Box<file_sides::FileSides>),
    /// The jobs.
    Jobs(jobs::JobsDialog),
    /// The journal of changes.
    Journal(journal::JournalDialog),
}

/// The keys of a kind of dialog, and their effects.
pub(crate) trait KeyedDialog: Sized {
    /// The effects of its own keys.
    type Effect: Copy + PartialEq + 'static;

    /// The title of this kind of dialog in help and README.
    const TITLE: &'static str;

    /// Its own keys. They come before those that all dialogs share.
    const BINDINGS: &'static [Binding<Self::Effect>];

    /// Whether the dialog has a text field that takes characters.
    const IS_PROMPT: bool = false;

    /// Returns whether the cursor is in the text field of a prompt.
    fn is_in_text(&self) -> bool {
        Self::IS_PROMPT
    }

    /// Returns the meaning of a key.
    fn meaning(&self, keys: &Keys, key: KeyEvent) -> Pressed<Self::Effect> {
        if Self::IS_PROMPT {
            keys.press_in_prompt(Self::BINDINGS, key, self.is_in_text())
        } else {
            keys.press(Self::BINDINGS, key)
        }
    }

    /// Handles a key. Returns the dialog unless it is closed.
    fn press(self, update: &mut Update<'_>, pressed: Pressed<Self::Effect>) -> Option<Dialog>;
}

/// Does the same with each kind of dialog.
macro_rules! with_each {
    ($dialog:expr, $one:ident => $body:expr) => {
        match $dialog {
            Dialog::Filter($one) => $body,
            Dialog::CommandLine($one) => $body,
            Dialog::Palette($one) => $body,
            Dialog::Open($one) => $body,
            Dialog::Search($one) => $body,
            Dialog::Menu($one) => $body,
            Dialog::Help($one) => $body,
            Dialog::Requests($one) => $body,
            Dialog::Messages($one) => $body,
            Dialog::Plan($one) => $body,
            Dialog::Retag($one) => $body,
            Dialog::Copy($one) => $body,
            Dialog::Compare($one) => $body,
            Dialog::Comparison($one) => $body,
            Dialog::FilePreview($one) => $body,
            Dialog::FileHistory($one) => $body,
            Dialog::PathTable($one) => $body,
            Dialog::Extract($one) => $body,
            Dialog::Attached($one) => $body,
            Dialog::Login($one) => $body,
            Dialog::Trust($one) => $body,
            Dialog::Save($one) => $body,
            Dialog::Diff($one) => $body,
            Dialog::ImageDiff($one) => $body,
            Dialog::Since($one) => $body,
            Dialog::SincePrompt($one) => $body,
            Dialog::TagHistory($one) => $body,
            Dialog::LayerChoice($one) => $body,
            Dialog::FileSides($one) => $body,
            Dialog::Jobs($one) => $body,
            Dialog::Journal($one) => $body,
        }
    };
}

/// The commands of a kind of dialog, for help, README and configuration.
#[derive(Debug, Clone)]
pub(crate) struct DialogKeys {
    /// The title of the kind in help and README.
    pub(crate) title: &'static str,
    /// Whether it has a text field that takes characters.
    pub(crate) is_prompt: bool,
    /// Its own commands.
    pub(crate) commands: Vec<&'static KeyCommand>,
}

impl DialogKeys {
    /// Returns the commands of a kind of dialog.
    fn of<D: KeyedDialog>() -> DialogKeys {
        let commands = D::BINDINGS.iter().map(|binding| &binding.command).collect();
        DialogKeys { title: D::TITLE, is_prompt: D::IS_PROMPT, commands }
    }

    /// Returns the commands of every kind of dialog, in the order of README.
    pub(crate) fn all() -> [DialogKeys; 31] {
        [
            DialogKeys::of::<Box<plan::PlanDialog>>(),
            DialogKeys::of::<retag_prompt::Retag>(),
            DialogKeys::of::<Box<copy_prompt::CopyPrompt>>(),
            DialogKeys::of::<compare_prompt::ComparePrompt>(),
            DialogKeys::of::<Box<comparison::ComparisonDialog>>(),
            DialogKeys::of::<Box<file_preview::FilePreview>>(),
            DialogKeys::of::<file_history::FileHistory>(),
            DialogKeys::of::<Box<path_table::PathTable>>(),
            DialogKeys::of::<Box<extract_prompt::ExtractPrompt>>(),
            DialogKeys::of::<Box<attached::AttachedDialog>>(),
            DialogKeys::of::<Box<login_prompt::LoginPrompt>>(),
            DialogKeys::of::<Box<trust::TrustDialog>>(),
            DialogKeys::of::<save_prompt::SavePrompt>(),
            DialogKeys::of::<Box<diff_prompt::DiffPrompt>>(),
            DialogKeys::of::<Box<image_diff::DiffDialog>>(),
            DialogKeys::of::<since_prompt::SincePrompt>(),
            DialogKeys::of::<Box<since::SinceDialog>>(),
            DialogKeys::of::<Box<tag_history::TagHistoryDialog>>(),
            DialogKeys::of::<Box<file_sides::FileSides>>(),
            DialogKeys::of::<Box<layer_choice::LayerChoice>>(),
            DialogKeys::of::<jobs::JobsDialog>(),
            DialogKeys::of::<journal::JournalDialog>(),
            DialogKeys::of::<menu::Menu>(),
            DialogKeys::of::<requests::RequestLog>(),
            DialogKeys::of::<log::MessageLog>(),
            DialogKeys::of::<help::Help>(),
            DialogKeys::of::<filter_line::FilterLine>(),
            DialogKeys::of::<command_line::CommandLine>(),
            DialogKeys::of::<palette::Palette>(),
            DialogKeys::of::<open_prompt::OpenPrompt>(),
            DialogKeys::of::<Box<search::SearchDialog>>(),
        ]
    }
}

impl Dialog {
    /// Returns the commands of this kind of dialog.
    pub(crate) fn keys(&self) -> DialogKeys {
        fn keys<D: KeyedDialog>(_: &D) -> DialogKeys {
            DialogKeys::of::<D>()
        }
        with_each!(self, dialog => keys(dialog))
    }

    /// Returns whether the dialog waits for an answer.
    pub(crate) fn is_loading(&self) -> bool {
        match self {
            Dialog::Plan(plan) => plan.change_plan.is_loading(),
            Dialog::Journal(journal) => journal.entries.is_loading(),
            Dialog::Comparison(comparison) => comparison.rows.is_loading(),
            Dialog::FilePreview(preview) => preview.content.is_loading() && !preview.reading.is_paused(),
            Dialog::Attached(attached) => attached.pages.is_loading(),
            Dialog::ImageDiff(dialog) => dialog.is_loading(),
            Dialog::FileSides(sides) => sides.text.is_loading() && !sides.reading.is_paused(),
            Dialog::LayerChoice(choice) => choice.is_loading(),
            Dialog::Login(prompt) => prompt.outcome.is_loading() || prompt.facts.is_loading(),
            Dialog::Trust(dialog) => dialog.is_loading(),
            Dialog::PathTable(table) => table.rows.is_loading() && !table.reading.is_paused(),
            Dialog::Since(dialog) => dialog.report.is_loading(),
            Dialog::Search(search) => search.is_loading(),
            Dialog::TagHistory(dialog) => dialog.history.is_loading(),
            _ => false,
        }
    }

    /// Returns the reading of contents that the dialog awaits with this ticket.
    fn awaited_reading(&mut self, ticket: Ticket) -> Option<&mut DialogReading> {
        let (pending, reading) = match self {
            Dialog::FilePreview(preview) => (preview.content.pending, &mut preview.reading),
            Dialog::FileSides(sides) => (sides.text.pending, &mut sides.reading),
            Dialog::PathTable(table) => (table.rows.pending, &mut table.reading),
            _ => return None,
        };
        (pending == Some(ticket)).then_some(reading)
    }

    /// Returns the box of a dialog with its border. Returns the last line of the screen for a dialog that is typed
    /// there.
    pub fn area(&self, state: &State) -> Rect {
        match self {
            Dialog::Filter(_) | Dialog::CommandLine(_) => layout::of(state).bar,
            Dialog::Palette(_) => palette::area(state),
            Dialog::Open(open) => open.places(state).area,
            Dialog::Menu(menu) => menu.area(state),
            Dialog::Help(_) => help::Help::area(state),
            Dialog::Plan(plan) => plan::places::PlanPlaces::of(state, plan).area,
            Dialog::Retag(prompt) => retag_prompt::RetagPlaces::of(state, prompt).area,
            Dialog::Copy(prompt) => copy_prompt::places::CopyPlaces::of(state, prompt).area,
            Dialog::Compare(prompt) => prompt.places(state).area,
            Dialog::Diff(prompt) => prompt.places(state).area,
            Dialog::Comparison(_) => comparison::area(state),
            Dialog::Extract(prompt) => prompt.places(state).area,
            Dialog::Attached(_) => attached::area(state),
            Dialog::Login(prompt) => prompt.places(state).area,
            Dialog::Trust(dialog) => dialog.places(state).area,
            Dialog::Save(prompt) => prompt.places(state).area,
            Dialog::SincePrompt(prompt) => prompt.places(state).area,
            Dialog::Since(_)
            | Dialog::Search(_)
            | Dialog::TagHistory(_)
            | Dialog::ImageDiff(_)
            | Dialog::FileSides(_)
            | Dialog::LayerChoice(_)
            | Dialog::Requests(_)
            | Dialog::Messages(_)
            | Dialog::Jobs(_)
            | Dialog::Journal(_)
            | Dialog::FilePreview(_)
            | Dialog::PathTable(_)
            | Dialog::FileHistory(_) => layout::log(state),
        }
    }

    /// Returns the text field of the dialog, if it has one.
    fn input(&mut self) -> Option<&mut Input> {
        match self {
            Dialog::Filter(line) => Some(&mut line.input),
            Dialog::CommandLine(line) => Some(&mut line.input),
            Dialog::Palette(palette) => Some(&mut palette.input),
            Dialog::Open(open) => Some(&mut open.field.input),
            Dialog::Search(search) => Some(&mut search.input),
            Dialog::Help(help) => Some(&mut help.input),
            Dialog::Retag(prompt) => Some(&mut prompt.field.input),
            Dialog::Copy(prompt) => Some(&mut prompt.field.input),
            Dialog::Compare(prompt) => Some(&mut prompt.field.input),
            Dialog::Extract(prompt) => Some(&mut prompt.field.input),
            Dialog::Login(prompt) => prompt.input(),
            Dialog::Trust(dialog) => dialog.input(),
            Dialog::Save(prompt) => Some(&mut prompt.field.input),
            Dialog::Diff(prompt) => Some(&mut prompt.field.input),
            Dialog::SincePrompt(prompt) => Some(&mut prompt.field.input),
            Dialog::Requests(log) if log.is_typing => Some(&mut log.input),
            Dialog::PathTable(table) if table.is_typing => Some(&mut table.input),
            Dialog::Attached(attached) if attached.is_typing => Some(&mut attached.input),
            Dialog::ImageDiff(dialog) => dialog.input(),
            Dialog::Plan(_)
            | Dialog::Comparison(_)
            | Dialog::FileSides(_)
            | Dialog::LayerChoice(_)
            | Dialog::FilePreview(_)
            | Dialog::FileHistory(_)
            | Dialog::PathTable(_)
            | Dialog::Attached(_)
            | Dialog::Since(_)
            | Dialog::TagHistory(_)
            | Dialog::Jobs(_)
            | Dialog::Journal(_)
            | Dialog::Menu(_)
            | Dialog::Requests(_)
            | Dialog::Messages(_) => None,
        }
    }

    fn press_key(self, update: &mut Update<'_>, key: KeyEvent) -> Option<Dialog> {
        fn is_for_pager<D: KeyedDialog>(dialog: &D, keys: &Keys, key: KeyEvent) -> bool {
            dialog.meaning(keys, key) == Pressed::Shared(SharedEffect::Pager)
        }
        if with_each!(&self, dialog => is_for_pager(dialog, &update.state.settings.keys, key)) {
            let text = self.pager_text(update.state, update.now);
            update.show_in_pager(text);
            return Some(self);
        }
        fn press<D: KeyedDialog>(dialog: D, update: &mut Update<'_>, key: KeyEvent) -> Option<Dialog> {
            let pressed = dialog.meaning(&update.state.settings.keys, key);
            if pressed == Pressed::Shared(SharedEffect::Help) {
                update.state.dialogs.push(Dialog::Help(help::Help::default()));
                return dialog.press(update, Pressed::Shared(SharedEffect::Help));
            }
            dialog.press(update, pressed)
        }
        with_each!(self, dialog => press(dialog, update, key))
    }

    fn press_shared(self, update: &mut Update<'_>, effect: SharedEffect) -> Option<Dialog> {
        with_each!(self, dialog => dialog.press(update, Pressed::Shared(effect)))
    }
}

/// Takes the progress of a reading for the dialog that awaits it.
pub(crate) fn take_progress(update: &mut Update<'_>, ticket: Ticket, progress: &FilesProgress) {
    image_diff::take_progress(update, ticket, progress);
    let now = update.now;
    let dialogs = update.state.dialogs.iter_mut();
    dialogs
        .filter_map(|dialog| dialog.awaited_reading(ticket))
        .for_each(|reading| reading.take(progress, now));
}

/// Changes the dialog on top. It is taken off the stack meanwhile, so that it may change the state, and is put back
/// unless it is done. Dialogs that it opens stand above it.
fn change_top(update: &mut Update<'_>, change: impl FnOnce(&mut Update<'_>, Dialog) -> Option<Dialog>) {
    let Some(dialog) = update.state.dialogs.pop() else { return };
    let at = update.state.dialogs.len();
    if let Some(dialog) = change(update, dialog) {
        update.state.dialogs.insert(at, dialog);
    }
}

/// Passes a key to the dialog on top.
pub(crate) fn press_key(update: &mut Update<'_>, key: KeyEvent) {
    update.state.notices.dismiss_refusal();
    change_top(update, |update, dialog| dialog.press_key(update, key));
}

/// Scrolls the dialog on top.
pub(crate) fn scroll(update: &mut Update<'_>, rows: isize) {
    for _ in 0..rows.unsigned_abs() {
        let one = SharedEffect::Move(Move::By(rows.signum()));
        change_top(update, |update, dialog| dialog.press_shared(update, one));
    }
}

/// Returns the cursor of a short list after a move.
fn move_row(cursor: usize, rows: usize, to: Move) -> usize {
    let to = match to {
        Move::By(rows) => cursor.saturating_add_signed(rows),
        Move::HalfPages(pages) => cursor.saturating_add_signed(pages * HALF_PAGE),
        Move::First => 0,
        Move::Last => rows,
        Move::To(row) => row,
    };
    to.min(rows.saturating_sub(1))
}

/// Rows of half a page in a short list.
const HALF_PAGE: isize = 10;
