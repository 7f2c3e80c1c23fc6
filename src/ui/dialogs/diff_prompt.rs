//! The prompt for the image to compare with.

use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::diff_prompt::{DiffPrompt, HELP};
use crate::app::dialogs::prompt_field::FieldEffect;
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::failure::FailureKind;
use crate::model::image_diff::SharedLayers;
use crate::model::{columns, size};
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The least width at which the notes are written out.
const WRITTEN_OUT: usize = 70;
/// The columns that a name keeps beside its note.
const NAME: usize = 14;

impl Canvas<'_, '_> {
    /// Draws the prompt and the names that it offers, each with the layers that it shares.
    pub(crate) fn diff_prompt(&mut self, prompt: &DiffPrompt) {
        let keys = &self.state.settings.keys;
        let hint = |effect| keys.hint(<Box<DiffPrompt>>::BINDINGS, effect);
        let hints = join_hints([
            hint(FieldEffect::Accept),
            hint(FieldEffect::Complete).filter(|_| !prompt.field.suggestions.is_empty()),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        let places = prompt.places(self.state);
        self.field_prompt(&places, &prompt.field, "Diff", HELP, &hints);
        let width = usize::from(places.rows.width);
        let offset = prompt.field.offset(places.rows.height);
        let shown = prompt.field.suggestions.iter().enumerate().skip(offset).take(places.rows.height.into());
        for (at, name) in shown {
            let note = columns::cut(&self.shared_note(prompt, name, width), width.saturating_sub(NAME + 3));
            let room = width.saturating_sub(2 + columns::width(&note) + 1);
            let is_cursor = prompt.field.cursor == at + 1;
            let role = if is_cursor { Role::Cursor } else { Role::Text };
            let mark = if is_cursor { "▌ " } else { "  " };
            let name = columns::left(&columns::cut_middle(name, room), room);
            let spans = vec![
                Span::styled(format!("{mark}{name} "), self.style(role)),
                Span::styled(note, self.style(if is_cursor { Role::Cursor } else { Role::Dim })),
            ];
            self.draw_line(layout::row(places.rows, (at - offset) as u16), Line::from(spans));
        }
        self.scrollbar(places.area, places.rows, offset, prompt.field.suggestions.len());
    }

    /// Returns what is known of the layers that a name shares.
    fn shared_note(&self, prompt: &DiffPrompt, name: &str, width: usize) -> String {
        let Some(row) = prompt.shared_with(name) else { return String::new() };
        match (&row.value, &row.failure) {
            (Some(shared), _) => shared_text(shared, width >= WRITTEN_OUT),
            (None, Some(failure)) if failure.kind == FailureKind::NotFound => "does not exist".into(),
            (None, Some(failure)) => failure.why.to_string(),
            (None, None) => "…".into(),
        }
    }
}

/// Returns the shared layers in words: `shares 3 of 4 layers · 12.3 MB new`.
fn shared_text(shared: &SharedLayers, is_written_out: bool) -> String {
    if shared.is_same {
        return "the same image".into();
    }
    let SharedLayers { shared: count, all, new_bytes, .. } = shared;
    let bytes = new_bytes.map_or_else(|| "?".into(), size::bytes);
    if is_written_out {
        format!("layers shared {count} of {all} · {} new", columns::right(&bytes, 8))
    } else {
        format!("{count} of {all} · {} new", columns::right(&bytes, 8))
    }
}
