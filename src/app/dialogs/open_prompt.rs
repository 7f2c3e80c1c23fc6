//! The prompt for a name.

use crossterm::event::{KeyCode, KeyEvent};

use ratatui::layout::Rect;

use super::{Dialog, OpenPrompt, edit_input};
use crate::app::State;
use crate::app::layout::{below, indented, inside, overlay_box, row};
use crate::app::update::Update;
use crate::model::columns;
use crate::model::reference::{BadName, Repository, RepositoryName, Target, Typed};

/// Columns of the prompt.
const WIDTH: u16 = 72;

/// The parts of the prompt for a name.
#[derive(Debug)]
pub struct OpenPlaces {
    /// The box with its border.
    pub area: Rect,
    /// The lines about valid input, wrapped. For a registry without a list of repositories they include the reason.
    pub about: Vec<String>,
    /// The text field.
    pub input: Rect,
    /// The lines about the problem with the input.
    pub status: Rect,
    /// The matching names.
    pub rows: Rect,
}

impl OpenPlaces {
    /// Computes the parts for this prompt. However long the reason is, there is room for the text field.
    pub fn of(state: &State, open: &OpenPrompt) -> OpenPlaces {
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

impl Update<'_> {
    pub(crate) fn key_in_open(&mut self, mut prompt: OpenPrompt, key: KeyEvent) -> Option<Dialog> {
        match key.code {
            KeyCode::Esc => return None,
            KeyCode::Enter => {
                let chosen = prompt.cursor.and_then(|cursor| prompt.suggestions.get(cursor));
                let text = chosen.map_or(prompt.input.value(), String::as_str).to_string();
                let here = self.state.registries.selected().map(|registry| registry.host.clone());
                // A name suggested for this registry is in this registry, even if it may mean something else.
                let listed = chosen.and_then(|name| RepositoryName::parse(name).ok());
                if let (Some(host), Some(name)) = (&here, listed) {
                    self.open(Target::Repository(Repository { host: host.clone(), name }));
                    return None;
                }
                match Typed::parse_prompt(here.as_ref(), &text, &self.state.known_registries()) {
                    Ok(typed) => {
                        self.open_typed(typed);
                        return None;
                    }
                    Err(bad) => {
                        prompt.problem = Some(bad.to_string());
                        if let BadName::Ambiguous(both) = bad {
                            prompt.suggestions = vec![both.registry, both.image];
                            prompt.cursor = None;
                        }
                    }
                }
            }
            KeyCode::Down | KeyCode::Tab if !prompt.suggestions.is_empty() => {
                let next = prompt.cursor.map_or(0, |cursor| cursor + 1);
                prompt.cursor = Some(next.min(prompt.suggestions.len() - 1));
            }
            KeyCode::Up | KeyCode::BackTab => {
                prompt.cursor = prompt.cursor.and_then(|cursor| cursor.checked_sub(1))
            }
            _ if edit_input(&mut prompt.input, key) => {
                prompt.problem = None;
                self.suggest(&mut prompt);
            }
            _ => {}
        }
        Some(Dialog::Open(prompt))
    }
}
