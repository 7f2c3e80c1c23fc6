//! The prompt for the repository to compare with.

use ratatui::layout::Position;

use super::copy_prompt::{BadDestination, destination, destinations};
use super::prompt_field::{FieldEffect, FieldPlaces, FieldStep, PromptField};
use super::{Dialog, KeyedDialog, click, comparison};
use crate::app::keys::{Binding, Pressed, chords};
use crate::app::update::Update;
use crate::app::{State, open};
use crate::model::reference::Repository;

/// The help on valid input.
pub(crate) const HELP: &str = "a registry or a repository";

/// A prompt for the repository to compare with.
#[derive(Debug)]
pub struct ComparePrompt {
    /// The repository on the left.
    pub(crate) left: Repository,
    /// The text field.
    pub(crate) field: PromptField,
}

/// Asks for the repository to compare with.
pub(crate) fn show(state: &mut State, left: Repository) {
    let field = PromptField::of("", destinations(state, &left, ""));
    state.dialogs.push(Dialog::Compare(ComparePrompt { left, field }));
}

/// Compares a repository with the one that a text names.
pub(crate) fn compare(update: &mut Update<'_>, left: Repository, text: &str) -> Result<(), BadDestination> {
    let place = destination(text, &left, &update.state.known_registries())?;
    let right = place.repository;
    if right == left {
        return Err("both sides are the same".into());
    }
    if let Some(scheme) = place.scheme {
        open::set_scheme(update, &right.host, scheme)?;
    }
    comparison::show(update, left, right);
    Ok(())
}

impl ComparePrompt {
    /// Computes the parts of the prompt.
    pub(crate) fn places(&self, state: &State) -> FieldPlaces {
        FieldPlaces::of(state, &[format!("compare {} with", self.left)], &self.field, HELP)
    }

    /// Compares with the name under the click.
    pub(super) fn click(mut self, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let rows = self.places(update.state).rows;
        match click::row_at(rows, at, 0, self.field.suggestions.len()) {
            Some(row) => {
                self.field.cursor = row + 1;
                self.submit(update)
            }
            None => Some(Dialog::Compare(self)),
        }
    }

    /// Compares. Returns the prompt if the name is refused.
    fn submit(mut self, update: &mut Update<'_>) -> Option<Dialog> {
        let text = self.field.text().to_string();
        match compare(update, self.left.clone(), &text) {
            Ok(()) => None,
            Err(bad) => {
                let (problem, names) = bad.into_message();
                self.field.refuse(problem, names);
                Some(Dialog::Compare(self))
            }
        }
    }

    fn suggest(&mut self, state: &State) {
        self.field.suggest(destinations(state, &self.left, self.field.input.value()));
    }
}

impl KeyedDialog for ComparePrompt {
    type Effect = FieldEffect;

    const TITLE: &'static str = "Compare with";

    const BINDINGS: &'static [Binding<FieldEffect>] = &[
        Binding::new("compare-with.compare", chords!["Enter"], "compare with the name", FieldEffect::Accept)
            .with_hint("compare"),
        Binding::new("compare-with.complete", chords!["Tab"], "complete the name", FieldEffect::Complete)
            .with_hint("complete"),
    ];

    const IS_PROMPT: bool = true;

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<FieldEffect>) -> Option<Dialog> {
        match self.field.press(pressed) {
            FieldStep::Leave => return None,
            FieldStep::Accept => return self.submit(update),
            FieldStep::Suggest => self.suggest(update.state),
            FieldStep::Stay => {}
        }
        Some(Dialog::Compare(self))
    }
}
