//! Clicks in dialogs. A click has the effect of the key for the row, button or switch under it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Position, Rect};

use super::copy_prompt::places::CopyPlaces;
use super::copy_prompt::{self, CopyPrompt};
use super::open_prompt::OpenPlaces;
use super::plan::PlanDialog;
use super::plan::places::{PlanPlaces, plan_buttons};
use super::retag_prompt::RetagPlaces;
use super::{Dialog, Menu};
use super::{comparison, palette};
use crate::app::dialogs::plan::page::Press;
use crate::app::layout;
use crate::app::list::Move;
use crate::app::update::Update;

impl Dialog {
    /// Returns whether the dialog holds typed text that would be lost.
    fn has_text(&mut self) -> bool {
        match self {
            Dialog::Plan(plan) => !plan.input.value().is_empty(),
            other => other.input().is_some_and(|input| !input.value().is_empty()),
        }
    }
}

impl Update<'_> {
    /// Handles a click in the dialog on top: presses the element under it. A click beside the dialog closes it as Esc
    /// does, unless typed text would be lost.
    pub fn click_dialog(&mut self, at: Position) {
        // The dialog is taken off the stack meanwhile, as for a key.
        let Some(mut dialog) = self.state.dialogs.pop() else { return };
        let pressed = match dialog.area(self.state).contains(at) {
            true => self.key_for_click(&mut dialog, at),
            false if dialog.has_text() => None,
            false => Some(KeyCode::Esc),
        };
        self.state.dialogs.push(dialog);
        if let Some(code) = pressed {
            self.key_in_dialog(KeyEvent::new(code, KeyModifiers::NONE));
        }
    }

    /// Moves the cursor to the element under the click, and returns the key to press there.
    fn key_for_click(&mut self, dialog: &mut Dialog, at: Position) -> Option<KeyCode> {
        let state = &*self.state;
        match dialog {
            Dialog::Menu(menu) => {
                let area = menu.area(state);
                let rows = Rect { x: area.x, width: area.width, ..layout::inside(area) };
                let Menu { entries, cursor, .. } = menu;
                *cursor = row_at(rows, at, 0, entries.len())?;
                Some(KeyCode::Enter)
            }
            Dialog::Palette(commands) => {
                let rows = palette::rows_area(state);
                let offset = layout::offset(commands.cursor, rows.height);
                commands.cursor = row_at(rows, at, offset, commands.rows.len())?;
                Some(KeyCode::Enter)
            }
            Dialog::Open(open) => {
                let rows = OpenPlaces::of(state, open).rows;
                open.cursor = Some(row_at(rows, at, 0, open.suggestions.len())?);
                Some(KeyCode::Enter)
            }
            Dialog::Jobs(jobs) if jobs.open.is_none() => {
                let rows = layout::inside(layout::log(state));
                select_row(&mut jobs.cursor, rows, at, state.jobs.all.len())
            }
            Dialog::Journal(journal) if !journal.is_open => {
                let rows = layout::inside(layout::log(state));
                let entries = journal.entries.value.as_ref().map_or(0, Vec::len);
                select_row(&mut journal.cursor, rows, at, entries)
            }
            Dialog::Comparison(compared) => {
                let list = &mut compared.list;
                let row = row_at(comparison::rows_area(state), at, list.offset, list.rows.len())?;
                let is_again = row == list.cursor;
                list.move_cursor(Move::To(row));
                is_again.then_some(KeyCode::Char(' '))
            }
            Dialog::Retag(prompt) => {
                prompt.is_on_switch = RetagPlaces::of(state, prompt).switch.contains(at);
                prompt.is_on_switch.then_some(KeyCode::Char(' '))
            }
            Dialog::Copy(prompt) => key_for_copy_click(prompt, &CopyPlaces::of(state, prompt), at),
            Dialog::Plan(plan) => self.key_for_plan_click(plan, at),
            _ => None,
        }
    }

    /// Handles a click in a plan. Like a key, it confirms nothing while the plan has only just appeared.
    fn key_for_plan_click(&mut self, plan: &mut PlanDialog, at: Position) -> Option<KeyCode> {
        let places = PlanPlaces::of(self.state, plan);
        let buttons = plan_buttons(plan, places.foot);
        if let Some(button) = buttons.iter().find(|button| button.area.contains(at)) {
            if !plan.accepts_key(self.now) {
                return None;
            }
            plan.is_confirm_focused = button.confirms;
            return Some(KeyCode::Enter);
        }
        match line_at(plan, &places, at)? {
            Press::Key(key) => Some(KeyCode::Char(key)),
            Press::Method(method) => {
                self.use_method(plan, method);
                None
            }
        }
    }
}

/// Returns the effect of the plan's line under the click.
fn line_at(plan: &PlanDialog, places: &PlanPlaces, at: Position) -> Option<Press> {
    if plan.confirms_replacement || plan.change_plan.failure.is_some() {
        return None;
    }
    let PlanPlaces { body, lines, .. } = places;
    let scroll = plan.scroll.min(lines.len().saturating_sub(body.height.into()));
    lines.get(row_at(*body, at, scroll, lines.len())?)?.on_click
}

/// Returns the row of a list under the click.
fn row_at(area: Rect, at: Position, offset: usize, rows: usize) -> Option<usize> {
    let row = area.contains(at).then(|| usize::from(at.y - area.y) + offset)?;
    (row < rows).then_some(row)
}

/// Moves the cursor to the row under the click. A second click on it opens the row.
fn select_row(cursor: &mut usize, area: Rect, at: Position, rows: usize) -> Option<KeyCode> {
    let row = row_at(area, at, layout::offset(*cursor, area.height), rows)?;
    let is_again = std::mem::replace(cursor, row) == row;
    is_again.then_some(KeyCode::Enter)
}

fn key_for_copy_click(prompt: &mut CopyPrompt, places: &CopyPlaces, at: Position) -> Option<KeyCode> {
    if places.input.contains(at) {
        prompt.cursor = 0;
        return None;
    }
    prompt.cursor = places.rows.iter().find(|(_, area)| area.contains(at)).map(|(row, _)| *row)?;
    match prompt.row() {
        copy_prompt::PromptRow::Destination => None,
        copy_prompt::PromptRow::Suggestion(_) => Some(KeyCode::Enter),
        _ => Some(KeyCode::Char(' ')),
    }
}
