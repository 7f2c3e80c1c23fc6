//! The prompt for a name to open.

use ratatui::layout::Rect;

use super::name_prompt::NamePrompt;
use super::prompt_field::{FieldEffect, FieldPlaces, PromptField};
use super::{Dialog, KeyedDialog};
use crate::app::keys::{Binding, Pressed, chords};
use crate::app::update::Update;
use crate::app::{State, open};
use crate::model::reference::{BadName, Repository, RepositoryName, Target, Typed};

/// Largest number of names that the prompt suggests at once.
const MOST_SUGGESTIONS: usize = 8;

/// A prompt for the name of a registry, a repository or an image.
#[derive(Debug, Default)]
pub struct OpenPrompt {
    /// The text field. Its names were opened before or are listed.
    pub field: PromptField,
}

/// Asks for a name.
pub(crate) fn show(state: &mut State) {
    let field = PromptField::of("", suggestions(state, ""));
    state.dialogs.push(Dialog::Open(OpenPrompt { field }));
}

impl OpenPrompt {
    /// Computes the parts of the prompt. For a registry without a list of repositories they include the reason.
    pub(crate) fn places(&self, state: &State) -> FieldPlaces {
        FieldPlaces::of(state, &open_about(state), &self.field, "")
    }
}

impl NamePrompt for OpenPrompt {
    fn field(&mut self) -> &mut PromptField {
        &mut self.field
    }

    fn rows(&self, state: &State) -> Rect {
        self.places(state).rows
    }

    fn suggest(&mut self, state: &State) {
        self.field.suggest(suggestions(state, self.field.input.value()));
    }

    fn into_dialog(self) -> Dialog {
        Dialog::Open(self)
    }

    fn submit(mut self, update: &mut Update<'_>) -> Option<Dialog> {
        let chosen = self.field.chosen();
        let text = self.field.text().to_string();
        let here = update.state.registries.selected().map(|registry| registry.host.clone());
        // A name suggested for this registry is in this registry, even if it may mean something else.
        let listed = chosen.and_then(|name| RepositoryName::parse(name).ok());
        if let (Some(host), Some(name)) = (&here, listed) {
            open::open(update, Target::Repository(Repository { host: host.clone(), name }));
            return None;
        }
        match Typed::parse_prompt(here.as_ref(), &text, &update.state.known_registries()) {
            Ok(typed) => {
                open::open_typed(update, typed);
                return None;
            }
            Err(bad) => {
                let problem = bad.to_string();
                let names = match bad {
                    BadName::Ambiguous(both) => vec![both.registry, both.image],
                    _ => Vec::new(),
                };
                self.field.refuse(problem, names);
            }
        }
        Some(Dialog::Open(self))
    }
}

impl KeyedDialog for OpenPrompt {
    type Effect = FieldEffect;

    const TITLE: &'static str = "Open";

    const BINDINGS: &'static [Binding<FieldEffect>] = &[
        Binding::new("open.open", chords!["Enter"], "open the name", FieldEffect::Accept).with_hint("open"),
        Binding::new("open.complete", chords!["Tab"], "complete the name", FieldEffect::Complete)
            .with_hint("complete"),
    ];

    const IS_PROMPT: bool = true;

    fn press(self, update: &mut Update<'_>, pressed: Pressed<FieldEffect>) -> Option<Dialog> {
        self.press_key(update, pressed)
    }
}

/// Returns the names that were opened before or are listed, and contain the text.
fn suggestions(state: &State, typed: &str) -> Vec<String> {
    let typed = typed.trim().to_lowercase();
    let here = state.registries.selected();
    let remembered = here.and_then(|registry| state.settings.remembered.get(&registry.host));
    let opened = remembered.into_iter().flatten().map(|name| name.as_str());
    let listed = here
        .into_iter()
        .flat_map(|registry| &registry.repositories.names.items)
        .filter_map(|listed| listed.name());
    let listed = listed.map(|name| name.as_str()).filter(|_| !typed.is_empty());
    let mut names: Vec<String> = Vec::new();
    for name in opened.chain(listed).filter(|name| name.contains(&typed) && **name != typed) {
        if names.len() < MOST_SUGGESTIONS && !names.iter().any(|known| known == name) {
            names.push(name.to_string());
        }
    }
    names
}

fn open_about(state: &State) -> Vec<String> {
    let Some(registry) = state.registries.selected() else {
        return vec!["localhost:5000, ghcr.io/org/app, nginx:1.27".into()];
    };
    let failure = registry.repositories.names.failure.as_ref();
    let why = failure.map(|failure| format!("{} lists no repositories: {}", registry.host, failure.why));
    why.into_iter().chain([format!("a repository of {}, or any name with its host", registry.host)]).collect()
}
