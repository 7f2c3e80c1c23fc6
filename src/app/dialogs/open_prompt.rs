//! The prompt for a name.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Dialog, OpenPrompt, edit_input};
use crate::app::actions::open;
use crate::app::update::Update;
use crate::model::reference::{BadName, Repository, RepositoryName, Target};

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
                match open::read(&text, here.as_ref(), &open::known_registries(self.state)) {
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
