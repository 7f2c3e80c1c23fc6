//! The prompt for a name to open.

use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::{Dialog, KeyedDialog, click, edit_input};
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::layout::{below, indented, inside, overlay_box, row};
use crate::app::list::Move;
use crate::app::update::Update;
use crate::app::{State, open};
use crate::model::columns;
use crate::model::reference::{BadName, Repository, RepositoryName, Target, Typed};

/// Largest number of names that the prompt suggests at once.
const MOST_SUGGESTIONS: usize = 8;

/// A prompt for the name of a registry, a repository or an image.
#[derive(Debug, Default)]
pub struct OpenPrompt {
    /// The text typed.
    pub input: Input,
    /// Matching names that were opened before.
    pub(crate) suggestions: Vec<String>,
    /// The suggestion under the cursor.
    pub(crate) cursor: Option<usize>,
    /// The reason why the name was refused.
    pub(crate) problem: Option<String>,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenEffect {
    /// Opens the name.
    Open,
}

/// Asks for a name.
pub(crate) fn show(state: &mut State) {
    let mut prompt = OpenPrompt::default();
    suggest(state, &mut prompt);
    state.dialogs.push(Dialog::Open(prompt));
}

impl OpenPrompt {
    /// Opens the name under the click.
    pub(super) fn click(mut self, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let rows = OpenPlaces::of(update.state, &self).rows;
        match click::row_at(rows, at, 0, self.suggestions.len()) {
            Some(row) => {
                self.cursor = Some(row);
                self.submit(update)
            }
            None => Some(Dialog::Open(self)),
        }
    }

    /// Opens the name. Returns the prompt if the name is refused.
    fn submit(mut self, update: &mut Update<'_>) -> Option<Dialog> {
        let chosen = self.cursor.and_then(|cursor| self.suggestions.get(cursor));
        let text = chosen.map_or(self.input.value(), String::as_str).to_string();
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
                self.problem = Some(bad.to_string());
                if let BadName::Ambiguous(both) = bad {
                    self.suggestions = vec![both.registry, both.image];
                    self.cursor = None;
                }
            }
        }
        Some(Dialog::Open(self))
    }
}

impl KeyedDialog for OpenPrompt {
    type Effect = OpenEffect;

    const TITLE: &'static str = "Open";

    const BINDINGS: &'static [Binding<OpenEffect>] =
        &[Binding::new("open.open", chords!["Enter"], "open the name", OpenEffect::Open).with_hint("open")];

    const IS_PROMPT: bool = true;

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<OpenEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(OpenEffect::Open) => return self.submit(update),
            Pressed::Shared(SharedEffect::Move(Move::By(1))) if !self.suggestions.is_empty() => {
                let next = self.cursor.map_or(0, |cursor| cursor + 1);
                self.cursor = Some(next.min(self.suggestions.len() - 1));
            }
            Pressed::Shared(SharedEffect::Move(Move::By(-1))) => {
                self.cursor = self.cursor.and_then(|cursor| cursor.checked_sub(1));
            }
            Pressed::Text(key) if edit_input(&mut self.input, key) => {
                self.problem = None;
                suggest(update.state, &mut self);
            }
            Pressed::Shared(_) | Pressed::Text(_) => {}
        }
        Some(Dialog::Open(self))
    }
}

/// Fills in the names that were opened before or are listed, and contain the text.
fn suggest(state: &State, open: &mut OpenPrompt) {
    let typed = open.input.value().trim().to_lowercase();
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
    open.suggestions = names;
    open.cursor = None;
}

/// Columns of the prompt.
const WIDTH: u16 = 72;

/// The parts of the prompt for a name.
#[derive(Debug)]
pub(crate) struct OpenPlaces {
    /// The box with its border.
    pub(crate) area: Rect,
    /// The lines about valid input, wrapped. For a registry without a list of repositories they include the reason.
    pub(crate) about: Vec<String>,
    /// The text field.
    pub(crate) input: Rect,
    /// The lines about the problem with the input.
    pub(crate) status: Rect,
    /// The matching names.
    pub(crate) rows: Rect,
}

impl OpenPlaces {
    /// Computes the parts for this prompt. However long the reason is, there is room for the text field.
    pub(crate) fn of(state: &State, open: &OpenPrompt) -> OpenPlaces {
        let width = overlay_box(state, WIDTH, 3).width;
        let room = usize::from(width.saturating_sub(4));
        let wrap = |text: &str| columns::wrap(text, room);
        let mut about: Vec<String> = open_about(state).iter().flat_map(|text| wrap(text)).collect();
        let said = open.problem.as_deref().map_or(1, |problem| wrap(problem).len().clamp(1, 3));
        about.truncate(usize::from(state.size.1).saturating_sub(2 + 1 + said + 2));
        let height = about.len() + 1 + said + open.suggestions.len() + 2;
        let area = overlay_box(state, WIDTH, u16::try_from(height).unwrap_or(u16::MAX));
        let inner = inside(area);
        let lines = about.len() as u16;
        let said = Rect { height: said as u16, ..below(indented(inner), lines + 1) };
        OpenPlaces {
            area,
            about,
            input: row(indented(inner), lines),
            status: said.intersection(inner),
            rows: below(inner, lines + 1 + said.height),
        }
    }
}

fn open_about(state: &State) -> Vec<String> {
    let Some(registry) = state.registries.selected() else {
        return vec!["localhost:5000, ghcr.io/org/app, nginx:1.27".into()];
    };
    let failure = registry.repositories.names.failure.as_ref();
    let why = failure.map(|failure| format!("{} lists no repositories: {}", registry.host, failure.why));
    why.into_iter().chain([format!("a repository of {}, or any name with its host", registry.host)]).collect()
}
