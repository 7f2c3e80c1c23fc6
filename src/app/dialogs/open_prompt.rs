//! The prompt for a name to open, and the list of the targets that are known. It is the first screen if no target is
//! named.

use std::time::Duration;

use ratatui::layout::Rect;

use super::name_prompt::NamePrompt;
use super::prompt_field::{FieldEffect, FieldPlaces, PromptField};
use super::{Dialog, KeyedDialog};
use crate::app::actions::key_or_command;
use crate::app::keys::{Binding, Pressed, chords};
use crate::app::known_targets::{self, KnownTarget, TargetOrigin};
use crate::app::questions::{Ask, Slot};
use crate::app::remote::Ticket;
use crate::app::update::Update;
use crate::app::{State, open};
use crate::model::reference::{BadName, Host, Target, Typed};

/// A prompt for the name of a registry, a repository or an image, above the targets that are known.
#[derive(Debug, Default)]
pub struct OpenPrompt {
    /// The text field, with the names of the targets.
    pub field: PromptField,
    /// The targets that match the text.
    pub(crate) targets: Vec<KnownTarget>,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenEffect {
    /// Opens the name.
    Open,
    /// Completes the name.
    Complete,
    /// Forgets the target under the cursor.
    Forget,
    /// Goes back to the text.
    Search,
}

/// Asks for a name, and for the registries with a saved login if they are not known yet.
pub(crate) fn show(update: &mut Update<'_>) {
    if update.state.saved_logins.is_unasked() {
        let ticket = update.ask(Slot::SavedLogins, Duration::ZERO, Ask::SavedLogins);
        update.state.saved_logins.ask(ticket);
    }
    let mut prompt = OpenPrompt::default();
    prompt.list(update.state);
    prompt.go_to_first(update.state);
    update.state.dialogs.push(Dialog::Open(prompt));
}

/// Takes the registries with a saved login. The cursor stays on its target.
pub(crate) fn take_saved_logins(update: &mut Update<'_>, ticket: Ticket, hosts: Vec<Host>) {
    if !update.state.saved_logins.answer(ticket, Ok(hosts), update.now) {
        return;
    }
    let is_prompt = |dialog: &Dialog| matches!(dialog, Dialog::Open(_));
    let Some(at) = update.state.dialogs.iter().position(is_prompt) else { return };
    let Dialog::Open(mut prompt) = update.state.dialogs.remove(at) else { return };
    let (before, was_empty) = (prompt.selected().cloned(), prompt.targets.is_empty());
    // The meanings of a refused text stay until another one is typed.
    if prompt.field.problem.is_none() {
        prompt.list(update.state);
        let same = before.and_then(|known| prompt.targets.iter().position(|it| it.target == known.target));
        prompt.field.cursor = same.map_or(0, |row| row + 1);
        if was_empty {
            prompt.go_to_first(update.state);
        }
    }
    update.state.dialogs.insert(at, Dialog::Open(prompt));
}

impl OpenPrompt {
    /// Computes the parts of the prompt. For a registry without a list of repositories they include the reason.
    pub(crate) fn places(&self, state: &State) -> FieldPlaces {
        FieldPlaces::of(state, &self.about(state), &self.field, self.help())
    }

    /// Returns the target under the cursor.
    pub(crate) fn selected(&self) -> Option<&KnownTarget> {
        self.targets.get(self.field.cursor.checked_sub(1)?)
    }

    /// Returns the help on the text.
    pub(crate) fn help(&self) -> &'static str {
        let is_unknown = self.targets.is_empty() && !self.field.input.value().trim().is_empty();
        if is_unknown { "no known name fits" } else { "" }
    }

    fn list(&mut self, state: &State) {
        self.targets = known_targets::find(state, self.field.input.value());
        let names = self.targets.iter().map(|known| known.target.to_string());
        self.field.suggestions = names.collect();
    }

    /// Goes to the first target if nothing is open and nothing was typed, so that Enter opens it.
    fn go_to_first(&mut self, state: &State) {
        let is_start = state.registries.items.is_empty() && self.field.input.value().is_empty();
        if is_start && !self.targets.is_empty() {
            self.field.cursor = 1;
        }
    }

    /// Forgets the target under the cursor. The cursor stays in its place.
    fn forget(&mut self, update: &mut Update<'_>) {
        let Some(known) = self.selected().cloned() else { return };
        known_targets::forget(update, known);
        self.list(update.state);
        self.field.cursor = self.field.cursor.min(self.targets.len());
    }

    /// Returns the target to open without reading the text as a name: the one under the cursor, the one with exactly
    /// this name, or the first one if the text consists of several words.
    fn known_target(&self) -> Option<&Target> {
        let text = self.field.input.value().trim();
        let named = || self.targets.iter().find(|known| known.target.to_string() == text);
        let found = || self.targets.first().filter(|_| text.contains(' '));
        let known = self.selected().filter(|known| known.origin != TargetOrigin::Meaning);
        known
            .or_else(|| if self.field.cursor == 0 { named().or_else(found) } else { None })
            .map(|it| &it.target)
    }

    fn about(&self, state: &State) -> Vec<String> {
        let Some(registry) = state.registries.selected() else {
            if !self.targets.is_empty() || !self.field.input.value().is_empty() {
                return vec!["localhost:5000, ghcr.io/org/app, nginx:1.27".into()];
            }
            let login = key_or_command(&state.settings.keys, "registries.login");
            return vec![
                "type a registry, a repository or an image: localhost:5000, nginx:1.27".into(),
                format!("`{login}` logs in once it is open; `regtui --demo` shows sample images"),
            ];
        };
        let failure = registry.repositories.names.failure.as_ref();
        let why = failure.map(|failure| format!("{} lists no repositories: {}", registry.host, failure.why));
        let what = format!("a repository of {}, or any name with its host", registry.host);
        why.into_iter().chain([what]).collect()
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
        self.field.suggest(Vec::new());
        self.list(state);
    }

    fn into_dialog(self) -> Dialog {
        Dialog::Open(self)
    }

    fn submit(mut self, update: &mut Update<'_>) -> Option<Dialog> {
        if let Some(target) = self.known_target() {
            open::open(update, target.clone());
            return None;
        }
        let text = self.field.text().to_string();
        let here = update.state.registries.selected().map(|registry| registry.host.clone());
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
                if !names.is_empty() {
                    let meaning = |name: &String| Target::parse(name).ok();
                    let meanings = names.iter().filter_map(meaning);
                    let known = |target| KnownTarget { origin: TargetOrigin::Meaning, target };
                    self.targets = meanings.map(known).collect();
                }
                self.field.refuse(problem, names);
            }
        }
        Some(Dialog::Open(self))
    }
}

impl KeyedDialog for OpenPrompt {
    type Effect = OpenEffect;

    const TITLE: &'static str = "Open";

    const BINDINGS: &'static [Binding<OpenEffect>] = &[
        Binding::new(
            "open.open",
            chords!["Enter"],
            "open the name that is typed or under the cursor",
            OpenEffect::Open,
        )
        .with_hint("open"),
        Binding::new("open.complete", chords!["Tab"], "complete the name", OpenEffect::Complete)
            .with_hint("complete"),
        Binding::new(
            "open.forget",
            chords!["x", "Delete"],
            "in the list: forget the row, a bookmark or a recent name",
            OpenEffect::Forget,
        )
        .with_hint("forget")
        .outside_text(),
        Binding::new("open.search", chords!["/"], "in the list: back to the text", OpenEffect::Search)
            .with_hint("search")
            .outside_text(),
    ];

    const IS_PROMPT: bool = true;

    /// In the list, keys are about the row. All others are typed.
    fn is_in_text(&self) -> bool {
        self.field.cursor == 0
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<OpenEffect>) -> Option<Dialog> {
        let pressed: Pressed<FieldEffect> = match pressed {
            Pressed::Own(OpenEffect::Open) => Pressed::Own(FieldEffect::Accept),
            Pressed::Own(OpenEffect::Complete) => Pressed::Own(FieldEffect::Complete),
            Pressed::Own(OpenEffect::Forget) => {
                self.forget(update);
                return Some(Dialog::Open(self));
            }
            Pressed::Own(OpenEffect::Search) => {
                self.field.cursor = 0;
                return Some(Dialog::Open(self));
            }
            Pressed::Shared(effect) => Pressed::Shared(effect),
            Pressed::Text(key) => Pressed::Text(key),
        };
        self.press_key(update, pressed)
    }
}
