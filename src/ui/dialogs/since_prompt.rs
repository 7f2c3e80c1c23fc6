//! The prompt for what the images are asked for.

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::prompt_field::FieldEffect;
use crate::app::dialogs::since_prompt::{HELP, SincePrompt};
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::ui::Canvas;

impl Canvas<'_, '_> {
    /// Draws the prompt and the suggested questions.
    pub(crate) fn since_prompt(&mut self, prompt: &SincePrompt) {
        let keys = &self.state.settings.keys;
        let hint = |effect| keys.hint(SincePrompt::BINDINGS, effect);
        let hints = join_hints([
            hint(FieldEffect::Accept),
            hint(FieldEffect::Complete).filter(|_| !prompt.field.suggestions.is_empty()),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        self.field_prompt(&prompt.places(self.state), &prompt.field, "Since which tag", HELP, &hints);
    }
}
