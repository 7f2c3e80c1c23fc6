//! The command line: `:open ghcr.io/org/app`, `:sort date`, `:theme light`, and every action by its name.

use crossterm::event::{KeyCode, KeyEvent};

use super::copy_prompt::{BadDestination, destination, destinations};
use super::{CommandLine, Dialog, edit_input};
use crate::app::actions::Action;
use crate::app::actions::availability::check_available;
use crate::app::dialogs::palette::{self, ENTRIES};
use crate::app::panes::tags::SortBy;
use crate::app::update::Update;
use crate::model::reference::{BadName, Typed};

impl CommandLine {
    /// Returns the question for the missing argument of the typed command.
    pub fn missing_argument(&self) -> Option<&'static str> {
        let typed = self.input.value();
        if typed.ends_with(' ') { find_missing_argument(typed) } else { None }
    }
}

impl Update<'_> {
    /// Creates a command line. `begun` is the initial text.
    pub fn command_line(&self, initial: &str) -> CommandLine {
        let mut line = CommandLine { input: initial.into(), ..CommandLine::default() };
        line.completions = self.completions(initial);
        line
    }

    pub(crate) fn key_in_command_line(&mut self, mut line: CommandLine, key: KeyEvent) -> Option<Dialog> {
        match key.code {
            KeyCode::Esc => return None,
            KeyCode::Backspace if line.input.value().is_empty() => return None,
            KeyCode::Enter => match (find_missing_argument(line.input.value()), self.run(line.input.value()))
            {
                (_, Ok(())) => return None,
                (None, Err(problem)) => {
                    let (problem, choice) = problem.into_message();
                    line.problem = Some(problem);
                    if !choice.is_empty() {
                        let (command, _) = line.input.value().trim().split_once(' ').unwrap_or_default();
                        line.completions = choice.iter().map(|name| format!("{command} {name}")).collect();
                        line.selected_completion = None;
                    }
                }
                (Some(missing), Err(_)) => {
                    // The possible arguments are listed and can be chosen at once.
                    let command = line.input.value().trim().to_string() + " ";
                    line = CommandLine { problem: Some(missing.into()), ..self.command_line(&command) };
                }
            },
            KeyCode::Tab | KeyCode::Down => cycle_completion(&mut line, 1),
            KeyCode::BackTab | KeyCode::Up => cycle_completion(&mut line, -1),
            _ if edit_input(&mut line.input, key) => {
                line.completions = self.completions(line.input.value());
                line.selected_completion = None;
                line.problem = None;
            }
            _ => {}
        }
        Some(Dialog::CommandLine(line))
    }

    fn completions(&self, typed: &str) -> Vec<String> {
        let arguments = |command: &str| match command {
            "sort" => SortBy::ALL.iter().map(|by| by.word().to_string()).collect(),
            "theme" => self.state.settings.themes.clone(),
            "open" => {
                let here = self.state.registries.selected();
                let opened = here.into_iter().flat_map(|registry| {
                    let names = self.state.settings.remembered.get(&registry.host);
                    names.into_iter().flatten().map(|name| format!("{}/{name}", registry.host))
                });
                opened.collect()
            }
            "copy" | "compare" => {
                let from = self.state.tags.repository.as_ref();
                let begun = typed.split_once(' ').map_or("", |(_, begun)| begun);
                from.map(|from| destinations(self.state, from, begun)).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        palette::completions(typed, arguments)
    }

    /// Runs a command. Fails with the reason if it cannot be run.
    fn run(&mut self, text: &str) -> Result<(), BadDestination> {
        let (name, argument) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let argument = argument.trim();
        match name {
            "" => Ok(()),
            "q" => self.run("quit"),
            "open" | "o" => {
                let here = self.state.registries.selected().map(|registry| registry.host.clone());
                let typed = Typed::parse_prompt(here.as_ref(), argument, &self.state.known_registries())
                    .map_err(|bad| match bad {
                        BadName::Ambiguous(both) => BadDestination::Ambiguous(both),
                        bad => BadDestination::Invalid(format!("`{argument}`: {bad}")),
                    })?;
                self.open_typed(typed);
                Ok(())
            }
            "sort" => {
                let by = SortBy::ALL.into_iter().find(|by| by.word() == argument);
                let by = by.ok_or("sort by `version`, `name`, `date` or `size`")?;
                self.state.tags.sort_by(by);
                Ok(())
            }
            "retag" => {
                check_available(Action::Retag, self.state)?;
                self.prompt_to_retag(argument);
                Ok(())
            }
            "copy" => {
                check_available(Action::Copy, self.state)?;
                self.prompt_to_copy_selection(argument);
                Ok(())
            }
            "compare" => {
                let left = self.state.tags.repository.clone().ok_or("no repository is chosen")?;
                let place = destination(argument, &left, &self.state.known_registries())?;
                let right = place.repository;
                if right == left {
                    return Err("both sides are the same".into());
                }
                if let Some(scheme) = place.scheme {
                    self.set_scheme(&right.host, scheme)?;
                }
                self.compare(left, right);
                Ok(())
            }
            "theme" => match self.state.settings.themes.iter().any(|theme| theme == argument) {
                true => {
                    self.state.settings.theme = argument.into();
                    Ok(())
                }
                false => Err(format!("the themes are {}", self.state.settings.themes.join(", ")).into()),
            },
            "filter" => {
                check_available(Action::Filter, self.state)?;
                self.filter(argument);
                Ok(())
            }
            _ => {
                let action = ENTRIES.iter().find(|entry| entry.name == name).and_then(|entry| entry.action);
                let action = action.ok_or_else(|| format!("there is no command `{name}`"))?;
                self.perform(action);
                Ok(())
            }
        }
    }
}

/// Returns the question for the argument of a command that was typed without one.
fn find_missing_argument(text: &str) -> Option<&'static str> {
    match text.trim() {
        "open" | "o" => Some("which registry, repository or image?"),
        "compare" => Some("which repository to compare with?"),
        "sort" => Some("in which order?"),
        "theme" => Some("which theme?"),
        _ => None,
    }
}

/// Puts another completion into the line.
fn cycle_completion(line: &mut CommandLine, by: isize) {
    let count = line.completions.len() as isize;
    if count == 0 {
        return;
    }
    let next = match line.selected_completion {
        Some(chosen) => (chosen as isize + by).rem_euclid(count),
        None if by > 0 => 0,
        None => count - 1,
    };
    line.selected_completion = Some(next as usize);
    line.input = line.completions[next as usize].clone().into();
    line.problem = None;
}
