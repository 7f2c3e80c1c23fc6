//! The prompt for the place on this machine that files are extracted to.

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::extract_prompt::{ExtractEffect, ExtractPrompt};
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::ui::Canvas;

impl Canvas<'_, '_> {
    /// Draws the prompt.
    pub(crate) fn extract_prompt(&mut self, prompt: &ExtractPrompt) {
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.hint(<Box<ExtractPrompt>>::BINDINGS, ExtractEffect::Extract),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        self.field_prompt(&prompt.places(self.state), &prompt.field, "Extract", prompt.help(), &hints);
    }
}
