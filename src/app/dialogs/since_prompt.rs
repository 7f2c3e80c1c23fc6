//! The prompt for what the images are asked for: a variable, a label, a size, a file or a package.

use ratatui::layout::Rect;

use super::name_prompt::NamePrompt;
use super::prompt_field::{FieldEffect, FieldPlaces, PromptField};
use super::{Dialog, KeyedDialog, since};
use crate::app::State;
use crate::app::keys::{Binding, Pressed, chords};
use crate::app::update::Update;
use crate::model::since::SinceQuestion;
use crate::model::text::is_unsafe;

/// The help on valid input.
pub(crate) const HELP: &str =
    "env NAME, label NAME, size +100M, file PATH or package NAME; NAME=VALUE asks for a value";
/// Largest number of questions offered at once.
const MOST_SUGGESTIONS: usize = 8;

/// A prompt for what the images are asked for.
#[derive(Debug)]
pub struct SincePrompt {
    /// The repository.
    about: String,
    /// The text field.
    pub(crate) field: PromptField,
}

/// Asks for the question. The variables and labels of the image are offered.
pub(crate) fn show(state: &mut State) {
    let Some((repository, _)) = &state.detail.image else { return };
    let about = format!("since which tag do the images of {repository} have …");
    let field = PromptField::of("", suggestions(state, ""));
    state.dialogs.push(Dialog::SincePrompt(SincePrompt { about, field }));
}

/// Asks the question that a text names.
pub(crate) fn ask(update: &mut Update<'_>, text: &str) -> Result<(), String> {
    let question = SinceQuestion::parse(text).ok_or_else(|| format!("write {HELP}"))?;
    since::show(update, question);
    Ok(())
}

/// Returns questions about the variables and labels of the image that contain the text.
fn suggestions(state: &State, typed: &str) -> Vec<String> {
    let typed = typed.trim();
    let config = state.detail.selected_variant().and_then(|variant| variant.config.as_ref()?.as_ref().ok());
    let variables = config.into_iter().flat_map(|config| config.env.iter());
    let variables = variables.map(|variable| variable.split_once('=').map_or(&**variable, |(name, _)| name));
    let labels = config.into_iter().flat_map(|config| config.labels.keys());
    let all = variables.map(|name| format!("env {name}")).chain(labels.map(|name| format!("label {name}")));
    let fits =
        |question: &String| question.contains(typed) && question != typed && !question.contains(is_unsafe);
    all.filter(fits).take(MOST_SUGGESTIONS).collect()
}

impl SincePrompt {
    /// Computes the parts of the prompt.
    pub(crate) fn places(&self, state: &State) -> FieldPlaces {
        FieldPlaces::of(state, std::slice::from_ref(&self.about), &self.field, HELP)
    }
}

impl NamePrompt for SincePrompt {
    fn field(&mut self) -> &mut PromptField {
        &mut self.field
    }

    fn rows(&self, state: &State) -> Rect {
        self.places(state).rows
    }

    fn suggest(&mut self, state: &State) {
        self.field.suggest(suggestions(state, self.field.input.value()));
    }

    fn submit(self, update: &mut Update<'_>) -> Option<Dialog> {
        let asked = ask(update, self.field.text());
        asked.err().map(|problem| self.refuse((problem, Vec::new())))
    }

    fn into_dialog(self) -> Dialog {
        Dialog::SincePrompt(self)
    }
}

impl KeyedDialog for SincePrompt {
    type Effect = FieldEffect;

    const TITLE: &'static str = "Since when";

    const BINDINGS: &'static [Binding<FieldEffect>] = &[
        Binding::new("since-when.ask", chords!["Enter"], "ask", FieldEffect::Accept).with_hint("ask"),
        Binding::new("since-when.complete", chords!["Tab"], "complete the question", FieldEffect::Complete)
            .with_hint("complete"),
    ];

    const IS_PROMPT: bool = true;

    fn press(self, update: &mut Update<'_>, pressed: Pressed<FieldEffect>) -> Option<Dialog> {
        self.press_key(update, pressed)
    }
}
