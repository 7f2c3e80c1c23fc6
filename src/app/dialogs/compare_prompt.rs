//! The prompt for the repository to compare with.

use ratatui::layout::Rect;

use super::copy_prompt::{BadDestination, destination, destinations};
use super::name_prompt::NamePrompt;
use super::prompt_field::{FieldEffect, FieldPlaces, PromptField};
use super::{Dialog, KeyedDialog, comparison};
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
}

impl NamePrompt for ComparePrompt {
    fn field(&mut self) -> &mut PromptField {
        &mut self.field
    }

    fn rows(&self, state: &State) -> Rect {
        self.places(state).rows
    }

    fn suggest(&mut self, state: &State) {
        self.field.suggest(destinations(state, &self.left, self.field.input.value()));
    }

    fn submit(self, update: &mut Update<'_>) -> Option<Dialog> {
        let compared = compare(update, self.left.clone(), self.field.text());
        compared.err().map(|bad| self.refuse(bad.into_message()))
    }

    fn into_dialog(self) -> Dialog {
        Dialog::Compare(self)
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

    fn press(self, update: &mut Update<'_>, pressed: Pressed<FieldEffect>) -> Option<Dialog> {
        self.press_key(update, pressed)
    }
}
