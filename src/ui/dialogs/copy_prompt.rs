//! The prompt for the destination of a copy.

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::copy_prompt::{CopyEffect, CopyPrompt, HELP, PromptRow, describe_images};
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::model::change::copy::ManifestFormat;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the prompt.
    pub(crate) fn copy_prompt(&mut self, prompt: &CopyPrompt) {
        let places = crate::app::dialogs::copy_prompt::places::CopyPlaces::of(self.state, prompt);
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.hint(<Box<CopyPrompt>>::BINDINGS, CopyEffect::Plan),
            keys.hint(<Box<CopyPrompt>>::BINDINGS, CopyEffect::Complete)
                .filter(|_| !prompt.field.suggestions.is_empty()),
            keys.scroll_hint(PROMPT_BINDINGS, "choose"),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        self.overlay(places.area, "Copy", &hints);
        let what = if prompt.includes_all_tags { "all tags".into() } else { describe_images(&prompt.what) };
        let about = columns::cut(&format!("{what} of {}", prompt.from), places.about.width.into());
        let style = self.style(Role::Text);
        self.draw_line(places.about, Line::styled(about, style));
        let rows = prompt.rows();
        for (at, area) in places.rows {
            if let Some(row) = rows.get(at) {
                self.copy_row(prompt, *row, at == prompt.field.cursor, area);
            }
        }
        self.field(places.input, places.status, &prompt.field, HELP);
    }

    fn copy_row(&mut self, prompt: &CopyPrompt, row: PromptRow, is_cursor: bool, area: Rect) {
        let keys = &self.state.settings.keys;
        let toggle =
            keys.hint_as(<Box<CopyPrompt>>::BINDINGS, CopyEffect::Toggle, "switches").unwrap_or_default();
        match row {
            PromptRow::Destination => {}
            PromptRow::Suggestion(at) => self.suggestion(area, &prompt.field, at),
            PromptRow::Referrers => {
                let text = "referrers: signatures, attestations";
                self.switch(area, prompt.includes_referrers, is_cursor, text, &toggle);
            }
            PromptRow::AllTags => {
                self.switch(area, prompt.includes_all_tags, is_cursor, "all tags of the repository", &toggle);
            }
            PromptRow::Format => {
                let is_on = prompt.format == ManifestFormat::Oci;
                self.switch(area, is_on, is_cursor, "convert to OCI: digests change", &toggle);
            }
            PromptRow::Platform(at) => {
                if let Some((platform, comes)) = prompt.platforms.get(at) {
                    self.switch(area, *comes, is_cursor, &platform.to_string(), &toggle);
                }
            }
        }
    }
}
