//! The prompts that have only a field for a name: `O`, `C` and `D`. They differ in the names that they offer, and in the
//! effect of the name that is accepted.

use ratatui::layout::{Position, Rect};

use super::copy_prompt::BadDestination;
use super::prompt_field::{FieldEffect, FieldStep, PromptField};
use super::{Dialog, click};
use crate::app::State;
use crate::app::keys::Pressed;
use crate::app::update::Update;

/// A prompt that has only a field for a name.
pub(super) trait NamePrompt: Sized {
    /// Returns its field.
    fn field(&mut self) -> &mut PromptField;

    /// Returns the place of the names that it offers.
    fn rows(&self, state: &State) -> Rect;

    /// Offers the names that match the text.
    fn suggest(&mut self, state: &State);

    /// Accepts the name. Returns the prompt if the name is refused.
    fn submit(self, update: &mut Update<'_>) -> Option<Dialog>;

    /// Returns the prompt as a dialog.
    fn into_dialog(self) -> Dialog;

    /// Handles a key.
    fn press_key(mut self, update: &mut Update<'_>, pressed: Pressed<FieldEffect>) -> Option<Dialog> {
        match self.field().press(pressed) {
            FieldStep::Leave => return None,
            FieldStep::Accept => return self.submit(update),
            FieldStep::Suggest => self.suggest(update.state),
            FieldStep::Stay => {}
        }
        Some(self.into_dialog())
    }

    /// Accepts the name under a click.
    fn click(mut self, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let rows = self.rows(update.state);
        let names = self.field().suggestions.len();
        match click::row_at(rows, at, 0, names) {
            Some(row) => {
                self.field().cursor = row + 1;
                self.submit(update)
            }
            None => Some(self.into_dialog()),
        }
    }

    /// Returns the prompt with the reason why its name is refused.
    fn refuse(mut self, bad: BadDestination) -> Dialog {
        let (problem, names) = bad.into_message();
        self.field().refuse(problem, names);
        self.into_dialog()
    }
}
