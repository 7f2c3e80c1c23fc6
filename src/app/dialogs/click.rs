//! Clicks in dialogs. A click has the effect of the key for the row, button or switch under it.

use ratatui::layout::{Position, Rect};

use super::Dialog;
use super::name_prompt::NamePrompt;
use crate::app::keys::SharedEffect;
use crate::app::layout;
use crate::app::update::Update;

impl Dialog {
    /// Returns whether the dialog holds typed text that would be lost.
    fn has_text(&mut self) -> bool {
        match self {
            Dialog::Plan(plan) => !plan.input.value().is_empty(),
            other => other.input().is_some_and(|input| !input.value().is_empty()),
        }
    }

    fn click(self, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        match self {
            Dialog::Menu(menu) => menu.click(update, at),
            Dialog::Palette(palette) => palette.click(update, at),
            Dialog::Open(prompt) => click_name(prompt, update, at),
            Dialog::Search(search) => search.click(update, at),
            Dialog::Jobs(jobs) => jobs.click(update, at),
            Dialog::FileHistory(history) => history.click(update, at),
            Dialog::PathTable(table) => table.click(update, at),
            Dialog::Attached(attached) => attached.click(update, at),
            Dialog::ImageDiff(dialog) => dialog.click(update, at),
            Dialog::LayerChoice(choice) => choice.click(update, at),
            Dialog::Journal(journal) => journal.click(update, at),
            Dialog::Requests(log) => log.click(update, at),
            Dialog::Compare(prompt) => click_name(prompt, update, at),
            Dialog::Comparison(comparison) => comparison.click(update, at),
            Dialog::SincePrompt(prompt) => click_name(prompt, update, at),
            Dialog::Since(dialog) => dialog.click(update, at),
            Dialog::TagHistory(dialog) => dialog.click(update, at),
            Dialog::Diff(prompt) => click_name(*prompt, update, at),
            Dialog::Retag(prompt) => prompt.click(update, at),
            Dialog::Copy(prompt) => prompt.click(update, at),
            Dialog::Login(prompt) => prompt.click(update, at),
            Dialog::Trust(dialog) => dialog.click(update, at),
            Dialog::Plan(plan) => plan.click(update, at),
            other @ (Dialog::Filter(_)
            | Dialog::CommandLine(_)
            | Dialog::Help(_)
            | Dialog::Messages(_)
            | Dialog::FilePreview(_)
            | Dialog::Extract(_)
            | Dialog::FileSides(_)
            | Dialog::Save(_)) => Some(other),
        }
    }
}

/// Handles a click while a dialog is shown: presses the element under it. A click beside the dialog closes it as Esc
/// does, unless typed text would be lost.
pub(crate) fn click(update: &mut Update<'_>, at: Position) {
    update.state.notices.dismiss_refusal();
    super::change_top(update, |update, mut dialog| match dialog.area(update.state).contains(at) {
        true => dialog.click(update, at),
        false if dialog.has_text() => Some(dialog),
        false => dialog.press_shared(update, SharedEffect::Cancel),
    });
}

/// Accepts the name under the click.
fn click_name(mut prompt: impl NamePrompt, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
    let rows = prompt.rows(update.state);
    let names = prompt.field().suggestions.len();
    let offset = prompt.field().offset(rows.height);
    match row_at(rows, at, offset, names) {
        Some(row) => {
            prompt.field().cursor = row + 1;
            prompt.submit(update)
        }
        None => Some(prompt.into_dialog()),
    }
}

/// Returns the row of a list under the click.
pub(super) fn row_at(area: Rect, at: Position, offset: usize, rows: usize) -> Option<usize> {
    let row = area.contains(at).then(|| usize::from(at.y - area.y) + offset)?;
    (row < rows).then_some(row)
}

/// Moves the cursor to the row under the click, and returns whether it was there already: a second click opens the row.
pub(super) fn select_row(cursor: &mut usize, area: Rect, at: Position, rows: usize) -> bool {
    match row_at(area, at, layout::offset(*cursor, area.height), rows) {
        Some(row) => std::mem::replace(cursor, row) == row,
        None => false,
    }
}
