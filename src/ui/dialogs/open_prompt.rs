//! The prompt that opens a registry or a repository by name.

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::open_prompt::OpenPrompt;
use crate::app::dialogs::prompt_field::FieldEffect;
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::ui::Canvas;

impl Canvas<'_, '_> {
    /// Draws the prompt, the reason why there is no list, and the suggested names.
    pub(crate) fn open_prompt(&mut self, open: &OpenPrompt) {
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.hint(OpenPrompt::BINDINGS, FieldEffect::Accept),
            keys.hint(OpenPrompt::BINDINGS, FieldEffect::Complete)
                .filter(|_| !open.field.suggestions.is_empty()),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        self.field_prompt(&open.places(self.state), &open.field, "Open", "", &hints);
    }
}
