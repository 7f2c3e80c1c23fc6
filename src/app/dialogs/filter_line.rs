//! The filter of the focused list, or the search in the focused text, typed in the bottom line.

use crossterm::event::KeyEvent;
use tui_input::Input;

use super::{Dialog, KeyedDialog, edit_input};
use crate::app::Pane;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::update::Update;

/// The line that the filter is typed in.
#[derive(Debug, Default)]
pub struct FilterLine {
    /// The text typed.
    pub(crate) input: Input,
    /// Whether the text is selected: the next character replaces it.
    pub(crate) is_selected: bool,
}

impl FilterLine {
    /// Creates a line with a text that is selected.
    pub(crate) fn of(text: String) -> FilterLine {
        FilterLine { is_selected: !text.is_empty(), input: text.into() }
    }

    /// Passes a key to the text and returns whether the text changed. A key that types or deletes replaces a selected
    /// text; another one only ends the selection.
    pub(crate) fn edit(&mut self, key: KeyEvent) -> bool {
        if !std::mem::take(&mut self.is_selected) {
            return edit_input(&mut self.input, key);
        }
        let before = self.input.clone();
        if !edit_input(&mut self.input, key) {
            return false;
        }
        let is_longer = self.input.value().chars().count() > before.value().chars().count();
        self.input = Input::default();
        if is_longer {
            edit_input(&mut self.input, key);
        }
        true
    }
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
                let state = &mut *update.state;
                // A text goes back to the place where the search began.
                if let Some(search) = state.detail.search.as_ref().filter(|_| state.focus == Pane::Details) {
                    state.detail.scroll = search.origin();
                }
                state.filter("");
                return None;
            }
            Pressed::Shared(SharedEffect::Move(to)) => update.state.move_cursor(to),
            Pressed::Text(key) if self.edit(key) => update.state.filter(self.input.value()),
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::Filter(self))
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    #[test]
    fn a_character_replaces_a_selected_text_and_a_movement_keeps_it() {
        let after = |keys: &[KeyCode]| {
            let mut line = FilterLine::of("abc".into());
            keys.iter().for_each(|code| {
                line.edit(KeyEvent::new(*code, KeyModifiers::NONE));
            });
            (line.input.value().to_string(), line.is_selected)
        };
        let table: [(&[KeyCode], &str, bool); 7] = [
            (&[], "abc", true),
            (&[KeyCode::Char('x')], "x", false),
            (&[KeyCode::Char('x'), KeyCode::Char('y')], "xy", false),
            (&[KeyCode::Backspace], "", false),
            (&[KeyCode::End, KeyCode::Char('d')], "abcd", false),
            (&[KeyCode::Left, KeyCode::Char('d')], "abdc", false),
            (&[KeyCode::Home, KeyCode::Delete], "bc", false),
        ];
        for (keys, text, is_selected) in table {
            assert_eq!(after(keys), (text.to_string(), is_selected), "{keys:?}");
        }
    }
}
