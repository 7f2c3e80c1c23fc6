//! The prompt for the repository to compare with.

use ratatui::layout::Position;

use super::copy_prompt::{BadDestination, destination, destinations};
use super::prompt_field::{FieldPlaces, PromptField};
use super::{Dialog, KeyedDialog, click, comparison};
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::list::Move;
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

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ComparePromptEffect {
    /// Compares with the name.
    Compare,
    /// Completes the name.
    Complete,
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
    type Effect = ComparePromptEffect;

    const TITLE: &'static str = "Compare with";

    const BINDINGS: &'static [Binding<ComparePromptEffect>] = &[
        Binding::new(
            "compare-with.compare",
            chords!["Enter"],
            "compare with the name",
            ComparePromptEffect::Compare,
        )
        .with_hint("compare"),
        Binding::new(
            "compare-with.complete",
            chords!["Tab"],
            "complete the name",
            ComparePromptEffect::Complete,
        )
        .with_hint("complete"),
    ];

    const IS_PROMPT: bool = true;

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<ComparePromptEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(ComparePromptEffect::Compare) => return self.submit(update),
            Pressed::Own(ComparePromptEffect::Complete) => {
                if self.field.complete() {
                    self.suggest(update.state);
                }
            }
            Pressed::Shared(SharedEffect::Move(Move::By(by))) => self.field.move_by(by, 0),
            Pressed::Text(key) if self.field.edit(key) => self.suggest(update.state),
            Pressed::Shared(_) | Pressed::Text(_) => {}
        }
        Some(Dialog::Compare(self))
    }
}
