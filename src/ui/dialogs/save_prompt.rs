//! The prompt for the file that a document is saved to.

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::save_prompt::{HELP, SaveEffect, SavePrompt};
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::ui::Canvas;

impl Canvas<'_, '_> {
    /// Draws the prompt.
    pub(crate) fn save_prompt(&mut self, prompt: &SavePrompt) {
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.hint(SavePrompt::BINDINGS, SaveEffect::Save),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        self.field_prompt(&prompt.places(self.state), &prompt.field, "Save", HELP, &hints);
    }
}
