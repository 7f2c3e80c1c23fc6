//! The prompt for the repository to compare with.

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::compare_prompt::{ComparePrompt, HELP};
use crate::app::dialogs::prompt_field::FieldEffect;
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::ui::Canvas;

impl Canvas<'_, '_> {
    /// Draws the prompt and the suggested names.
    pub(crate) fn compare_prompt(&mut self, prompt: &ComparePrompt) {
        let keys = &self.state.settings.keys;
        let hint = |effect| keys.hint(ComparePrompt::BINDINGS, effect);
        let hints = join_hints([
            hint(FieldEffect::Accept),
            hint(FieldEffect::Complete).filter(|_| !prompt.field.suggestions.is_empty()),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        self.field_prompt(&prompt.places(self.state), &prompt.field, "Compare", HELP, &hints);
    }
}
