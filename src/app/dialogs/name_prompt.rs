//! The prompts that have only a field for a name: `O`, `C` and `D`. They differ in the names that they offer, and in the
//! effect of the name that is accepted.

use ratatui::layout::Rect;

use super::Dialog;
use super::prompt_field::{FieldEffect, FieldStep, PromptField};
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

    /// Returns the prompt with the reason why its name is refused, and the names to choose from if it may mean several.
    fn refuse(mut self, (problem, names): (String, Vec<String>)) -> Dialog {
        self.field().refuse(problem, names);
        self.into_dialog()
    }
}
