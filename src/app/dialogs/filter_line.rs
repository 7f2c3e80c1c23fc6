//! The filter of the focused pane, typed in the bottom line.

use tui_input::Input;

use super::{Dialog, KeyedDialog, edit_input};
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::update::Update;

/// The line that the filter is typed in.
#[derive(Debug, Default)]
pub struct FilterLine {
    /// The text typed.
    pub(crate) input: Input,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FilterEffect {
    /// Keeps the filter and goes back to the list.
    Keep,
}

impl KeyedDialog for FilterLine {
    type Effect = FilterEffect;

    const TITLE: &'static str = "Filter";

    const BINDINGS: &'static [Binding<FilterEffect>] =
        &[Binding::new("filter.keep", chords!["Enter"], "keep the filter", FilterEffect::Keep)
            .with_hint("keep")];

    const IS_PROMPT: bool = true;

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<FilterEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Own(FilterEffect::Keep) => {
                // The row that the filter found counts as chosen now: it stays under the cursor if the order changes.
                if let Some(list) = update.state.focused_list() {
                    list.is_user_selected = !list.rows.is_empty();
                }
                return None;
            }
            Pressed::Shared(SharedEffect::Cancel) => {
                update.state.filter("");
                return None;
            }
            Pressed::Shared(SharedEffect::Move(to)) => update.state.move_cursor(to),
            Pressed::Text(key) if edit_input(&mut self.input, key) => update.state.filter(self.input.value()),
            Pressed::Shared(SharedEffect::Help) | Pressed::Text(_) => {}
        }
        Some(Dialog::Filter(self))
    }
}
