//! The text field of the prompts for a name: `O`, `C`, `c` and `t` have the same one, with the same keys. Matching names
//! stand below it. Tab completes the text, Up and Down go to a name, and Enter accepts it.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;
use tui_input::Input;

use super::edit_input;
use crate::app::State;
use crate::app::keys::{Pressed, SharedEffect};
use crate::app::layout::{self, below, indented, inside, prompt_box, row};
use crate::app::list::Move;
use crate::model::columns;

/// Largest number of lines of a problem.
const MOST_LINES: usize = 3;

/// The effects of the keys of a prompt that has only a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldEffect {
    /// Accepts the name.
    Accept,
    /// Completes the name.
    Complete,
}

/// The step of a prompt after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldStep {
    /// Leaves the prompt.
    Leave,
    /// Accepts the name.
    Accept,
    /// Looks for matching names, because the text changed.
    Suggest,
    /// Nothing more.
    Stay,
}

/// A text field with matching names below it. The rows of the dialog, such as switches, follow these.
#[derive(Debug, Default)]
pub struct PromptField {
    /// The text typed.
    pub input: Input,
    /// The matching names.
    pub(crate) suggestions: Vec<String>,
    /// The row under the cursor: 0 is the text, then come the names, then the rows of the dialog.
    pub(crate) cursor: usize,
    /// The reason why Enter did nothing.
    pub(crate) problem: Option<String>,
}

impl PromptField {
    /// Creates a field with an initial text and the names that match it.
    pub(crate) fn of(text: &str, suggestions: Vec<String>) -> PromptField {
        PromptField { input: text.into(), suggestions, ..PromptField::default() }
    }

    /// Returns the text to accept: the name under the cursor, or else the text typed.
    pub(crate) fn text(&self) -> &str {
        self.chosen().unwrap_or(self.input.value())
    }

    /// Returns the name under the cursor.
    pub(crate) fn chosen(&self) -> Option<&str> {
        self.suggestions.get(self.cursor.checked_sub(1)?).map(String::as_str)
    }

    /// Returns the first name that is shown if there is room for this number of them.
    pub(crate) fn offset(&self, height: u16) -> usize {
        let row = self.cursor.saturating_sub(1).min(self.suggestions.len().saturating_sub(1));
        layout::offset(row, height)
    }

    /// Returns whether the cursor is in the text or on a name, and not on a row of the dialog.
    pub(crate) fn is_in_text(&self) -> bool {
        self.cursor <= self.suggestions.len()
    }

    /// Returns the row of the dialog under the cursor.
    pub(crate) fn row_below(&self) -> Option<usize> {
        self.cursor.checked_sub(self.suggestions.len() + 1)
    }

    /// Moves the cursor through the text, the names and so many rows of the dialog, in a circle.
    pub(crate) fn move_by(&mut self, by: isize, rows_below: usize) {
        let rows = (1 + self.suggestions.len() + rows_below) as isize;
        self.cursor = (self.cursor as isize + by).rem_euclid(rows) as usize;
    }

    /// Puts the name under the cursor, or the first one, into the text. Returns whether it did; there may be no name.
    pub(crate) fn complete(&mut self) -> bool {
        let name = self.suggestions.get(self.cursor.saturating_sub(1)).filter(|_| self.is_in_text());
        let Some(name) = name.cloned() else { return false };
        self.input = name.into();
        true
    }

    /// Handles a key of a prompt that has only the field.
    pub(crate) fn press(&mut self, pressed: Pressed<FieldEffect>) -> FieldStep {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) => FieldStep::Leave,
            Pressed::Own(FieldEffect::Accept) => FieldStep::Accept,
            Pressed::Own(FieldEffect::Complete) if self.complete() => FieldStep::Suggest,
            Pressed::Shared(SharedEffect::Move(Move::By(by))) => {
                self.move_by(by, 0);
                FieldStep::Stay
            }
            Pressed::Text(key) if self.edit(key) => FieldStep::Suggest,
            Pressed::Own(FieldEffect::Complete) | Pressed::Shared(_) | Pressed::Text(_) => FieldStep::Stay,
        }
    }

    /// Passes a key to the text and returns whether the text changed.
    pub(crate) fn edit(&mut self, key: KeyEvent) -> bool {
        edit_input(&mut self.input, key)
    }

    /// Offers other names, after the text has changed.
    pub(crate) fn suggest(&mut self, names: Vec<String>) {
        self.suggestions = names;
        self.cursor = 0;
        self.problem = None;
    }

    /// Tells the reason why the text is refused, with the names to choose from if it may mean several.
    pub(crate) fn refuse(&mut self, problem: String, names: Vec<String>) {
        self.problem = Some(problem);
        if !names.is_empty() {
            self.suggestions = names;
            self.cursor = 0;
        }
    }

    /// Returns the problem with the text, or else the help on valid input.
    pub(crate) fn status<'a>(&'a self, help: &'a str) -> &'a str {
        self.problem.as_deref().unwrap_or(help)
    }
}

/// The parts of a prompt that has only a field.
#[derive(Debug)]
pub(crate) struct FieldPlaces {
    /// The box with its border.
    pub(crate) area: Rect,
    /// The lines about the prompt, wrapped.
    pub(crate) about: Vec<String>,
    /// The text field.
    pub(crate) input: Rect,
    /// The lines about the problem with the text, or about valid input.
    pub(crate) status: Rect,
    /// The matching names.
    pub(crate) rows: Rect,
}

impl FieldPlaces {
    /// Computes the parts. However long the lines about the prompt are, there is room for the text field.
    pub(crate) fn of(state: &State, about: &[String], field: &PromptField, help: &str) -> FieldPlaces {
        let largest = prompt_box(state, usize::MAX);
        let room = usize::from(largest.width.saturating_sub(4));
        let mut about: Vec<String> = about.iter().flat_map(|text| columns::wrap(text, room)).collect();
        let said = columns::wrap(field.status(help), room).len().clamp(1, MOST_LINES);
        about.truncate(usize::from(largest.height).saturating_sub(2 + 1 + said));
        let area = prompt_box(state, about.len() + 1 + said + field.suggestions.len() + 2);
        let inner = indented(inside(area));
        let lines = about.len() as u16;
        let status = Rect { height: said as u16, ..below(inner, lines + 1) }.intersection(inner);
        let rows = below(inner, lines + 1 + said as u16);
        FieldPlaces { area, about, input: row(inner, lines), status, rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_goes_through_the_text_the_names_and_the_rows_below() {
        let mut field = PromptField::of("a", vec!["ab".into(), "abc".into()]);
        assert_eq!((field.text(), field.is_in_text(), field.row_below()), ("a", true, None));
        field.move_by(1, 1);
        assert_eq!((field.text(), field.is_in_text()), ("ab", true));
        field.move_by(2, 1);
        assert_eq!((field.text(), field.is_in_text(), field.row_below()), ("a", false, Some(0)));
        assert!(!field.complete(), "the cursor is not in the text");
        field.move_by(1, 1);
        assert_eq!(field.cursor, 0);
        field.move_by(-2, 1);
        assert!(field.complete());
        assert_eq!(field.input.value(), "abc");
        field.suggest(Vec::new());
        assert!(!field.complete());
        field.refuse("either".into(), vec!["x".into()]);
        assert_eq!((field.status("help"), field.suggestions.len()), ("either", 1));
    }
}
