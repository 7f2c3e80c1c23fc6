//! The command line: `:open ghcr.io/org/app`, `:sort date`, `:theme light`, and every action by its name.

use tui_input::Input;

use super::copy_prompt::{self, BadDestination, destinations};
use super::{
    Dialog, KeyedDialog, compare_prompt, diff_prompt, edit_input, retag_prompt, search, since_prompt,
};
use crate::app::actions::availability::Why;
use crate::app::actions::{diff, entries};
use crate::app::keys::{Binding, KeyChord, Pressed, SharedEffect, chords};
use crate::app::list::Move;
use crate::app::open;
use crate::app::panes::details::Tab;
use crate::app::panes::details::files::order::FileSortBy;
use crate::app::panes::repositories::RepositorySortBy;
use crate::app::panes::tags::SortBy;
use crate::app::update::Update;
use crate::app::{Pane, State, columns, known_targets};
use crate::model::reference::{BadName, RepositoryName, Typed};

/// Largest number of commands that the history keeps.
const MOST_COMMANDS: usize = 100;
/// Largest number of listed repositories among the completions.
const MOST_COMPLETIONS: usize = 50;

/// The command line, opened with `:`, with completion.
#[derive(Debug, Default)]
pub struct CommandLine {
    /// The text typed.
    pub(crate) input: Input,
    /// The completions of the text.
    pub(crate) completions: Vec<String>,
    /// The completion under the cursor.
    pub(crate) selected_completion: Option<usize>,
    /// The reason why the command was refused.
    pub(crate) problem: Option<String>,
    /// The command of this run that was recalled: its index in the history.
    recalled: Option<usize>,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandLineEffect {
    /// Runs the command.
    Run,
    /// Puts the next completion into the line.
    Complete,
}

impl CommandLine {
    /// Creates a command line with an initial text.
    pub(crate) fn of(state: &State, initial: &str) -> CommandLine {
        let completions = completions(state, initial);
        CommandLine { input: initial.into(), completions, ..CommandLine::default() }
    }

    /// Returns the question for the missing argument of the typed command.
    pub(crate) fn missing_argument(&self) -> Option<&'static str> {
        let typed = self.input.value();
        if typed.ends_with(' ') { find_missing_argument(typed) } else { None }
    }

    /// Runs the command. Returns the line if it has to be corrected.
    fn submit(mut self, update: &mut Update<'_>) -> Option<Dialog> {
        let missing = find_missing_argument(self.input.value());
        match (missing, run(update, self.input.value())) {
            (_, Ok(())) => {
                record(update.state, self.input.value());
                return None;
            }
            (None, Err(problem)) => {
                let (problem, choice) = problem.into_message();
                self.problem = Some(problem);
                if !choice.is_empty() {
                    let (command, _) = self.input.value().trim().split_once(' ').unwrap_or_default();
                    self.completions = choice.iter().map(|name| format!("{command} {name}")).collect();
                    self.selected_completion = None;
                }
            }
            (Some(missing), Err(_)) => {
                // The possible arguments are listed and can be chosen at once.
                let command = self.input.value().trim().to_string() + " ";
                self =
                    CommandLine { problem: Some(missing.into()), ..CommandLine::of(update.state, &command) };
            }
        }
        Some(Dialog::CommandLine(self))
    }

    /// Moves through the earlier commands of this run. Returns whether it did: only an empty line, or one that was
    /// recalled, can be replaced by another command.
    fn recall(&mut self, state: &State, by: isize) -> bool {
        let history = &state.command_history;
        let next = match self.recalled {
            None if by < 0 && self.input.value().is_empty() => history.len().checked_sub(1),
            None => None,
            Some(at) => at.checked_add_signed(by).filter(|at| *at < history.len()).or(Some(at)),
        };
        let Some(command) = next.and_then(|at| history.get(at)) else { return false };
        *self = CommandLine { recalled: next, ..CommandLine::of(state, command) };
        true
    }

    /// Puts another completion into the line.
    fn cycle_completion(&mut self, by: isize) {
        let count = self.completions.len() as isize;
        if count == 0 {
            return;
        }
        let next = match self.selected_completion {
            Some(chosen) => (chosen as isize + by).rem_euclid(count),
            None if by > 0 => 0,
            None => count - 1,
        };
        self.selected_completion = Some(next as usize);
        self.input = self.completions[next as usize].clone().into();
        self.problem = None;
    }
}

impl KeyedDialog for CommandLine {
    type Effect = CommandLineEffect;

    const TITLE: &'static str = "Command line";

    const BINDINGS: &'static [Binding<CommandLineEffect>] = &[
        Binding::new("command-line.run", chords!["Enter"], "run the command", CommandLineEffect::Run)
            .with_hint("run"),
        Binding::new("command-line.complete", chords!["Tab"], "next completion", CommandLineEffect::Complete),
    ];

    const IS_PROMPT: bool = true;

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<CommandLineEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(CommandLineEffect::Run) => return self.submit(update),
            Pressed::Own(CommandLineEffect::Complete) => self.cycle_completion(1),
            Pressed::Shared(SharedEffect::Move(Move::By(by))) => {
                if !self.recall(update.state, by) {
                    self.cycle_completion(by);
                }
            }
            Pressed::Text(key)
                if self.input.value().is_empty()
                    && KeyChord::of(key) == Some(KeyChord::of_literal("Backspace")) =>
            {
                return None;
            }
            Pressed::Text(key) if edit_input(&mut self.input, key) => {
                self.completions = completions(update.state, self.input.value());
                (self.selected_completion, self.recalled) = (None, None);
                self.problem = None;
            }
            Pressed::Shared(SharedEffect::Move(_) | SharedEffect::Help | SharedEffect::Pager)
            | Pressed::Text(_) => {}
        }
        Some(Dialog::CommandLine(self))
    }
}

/// Adds a command to the history of this run, once and as the newest.
fn record(state: &mut State, command: &str) {
    let command = command.trim().to_string();
    if command.is_empty() {
        return;
    }
    state.command_history.retain(|known| *known != command);
    state.command_history.push(command);
    if state.command_history.len() > MOST_COMMANDS {
        state.command_history.remove(0);
    }
}

/// Returns the listed repositories of the registry under the cursor that begin like the text.
fn listed_repositories(state: &State, begun: &str) -> Vec<String> {
    let Some(registry) = state.registries.selected() else { return Vec::new() };
    let begun = begun.trim_start();
    let prefix = format!("{}/", registry.host);
    let rest = match begun.strip_prefix(&prefix) {
        Some(rest) => rest,
        None if prefix.starts_with(begun) => "",
        None => return Vec::new(),
    };
    let names = registry.repositories.names.items.iter().filter_map(|listed| listed.name());
    let fitting = names.map(RepositoryName::as_str).filter(|name| name.starts_with(rest));
    fitting.take(MOST_COMPLETIONS).map(|name| format!("{prefix}{name}")).collect()
}

fn completions(state: &State, typed: &str) -> Vec<String> {
    let begun = typed.split_once(' ').map_or("", |(_, begun)| begun);
    let arguments = |command: &str| match command {
        "sort" => SortBy::ALL.iter().map(|by| by.word().to_string()).collect(),
        "theme" => state.settings.themes.clone(),
        "columns" => columns::names(),
        "open" => {
            let here = state.registries.selected();
            let opened = here.into_iter().flat_map(|registry| {
                let names = state.settings.remembered.get(&registry.host);
                names.into_iter().flatten().map(|name| format!("{}/{name}", registry.host))
            });
            let mut names: Vec<String> = opened.collect();
            let listed = listed_repositories(state, begun);
            for name in listed.into_iter().chain(known_targets::typed_names(state)) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names
        }
        "copy" | "compare" => {
            let from = state.tags.repository.as_ref();
            from.map(|from| destinations(state, from, begun)).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    entries::completions(typed, arguments)
}

/// Runs a command. Fails with the reason if it cannot be run.
fn run(update: &mut Update<'_>, text: &str) -> Result<(), BadDestination> {
    let (name, argument) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let argument = argument.trim();
    match name {
        "" => Ok(()),
        "q" => run(update, "quit"),
        "open" | "o" => {
            let here = update.state.registries.selected().map(|registry| registry.host.clone());
            let typed = Typed::parse_prompt(here.as_ref(), argument, &update.state.known_registries())
                .map_err(|bad| match bad {
                    BadName::Ambiguous(both) => BadDestination::Ambiguous(both),
                    bad => BadDestination::Invalid(format!("`{argument}`: {bad}")),
                })?;
            open::open_typed(update, typed);
            Ok(())
        }
        "sort" if update.state.focus == Pane::Repositories => {
            let word = if argument == "date" { "newest" } else { argument };
            let by = RepositorySortBy::ALL.into_iter().find(|by| by.word() == word);
            let by = by.ok_or("sort repositories by `name`, `tags`, `newest` or `size`")?;
            if let Some(registry) = update.state.registries.selected_mut() {
                registry.repositories.sort_by(by);
            }
            Ok(())
        }
        "sort" if update.state.focus == Pane::Details && update.state.detail.tab == Tab::Files => {
            let by = FileSortBy::ALL.into_iter().find(|by| by.word() == argument);
            let by = by.ok_or("sort files by `path`, `size`, `name`, `time` or `layer`")?;
            let files = &mut update.state.detail.files.browser;
            files.set_sort(files.sort.choose(by));
            Ok(())
        }
        "sort" => {
            let by = SortBy::ALL.into_iter().find(|by| by.word() == argument);
            let by = by.ok_or("sort by `version`, `name`, `date` or `size`")?;
            update.state.tags.sort_by(by);
            Ok(())
        }
        "retag" => {
            check(update.state, "retag")?;
            retag_prompt::show(update.state, argument);
            Ok(())
        }
        "copy" => {
            check(update.state, "copy")?;
            copy_prompt::show_selected(update.state, argument);
            Ok(())
        }
        "compare" => {
            let left = update.state.tags.repository.clone().ok_or("no repository is chosen")?;
            compare_prompt::compare(update, left, argument)
        }
        "diff" if !argument.is_empty() => {
            check(update.state, "diff")?;
            let image = diff::selected_image(update.state).ok_or("not exactly one image is chosen")?;
            diff_prompt::diff(update, image, argument)
        }
        "since" if !argument.is_empty() => {
            check(update.state, "since")?;
            Ok(since_prompt::ask(update, argument)?)
        }
        "search" if !argument.is_empty() => {
            search::search_for(update, argument);
            Ok(())
        }
        "theme" => {
            if update.state.settings.themes.iter().any(|theme| theme == argument) {
                update.state.settings.theme = argument.into();
                Ok(())
            } else {
                Err(format!("the themes are {}", update.state.settings.themes.join(", ")).into())
            }
        }
        "columns" => Ok(columns::toggle(update, argument)?),
        "filter" => {
            check(update.state, "filter")?;
            update.state.filter(argument);
            Ok(())
        }
        _ => {
            let action = entries::action_of(name).ok_or_else(|| format!("there is no command `{name}`"))?;
            update.perform(action);
            Ok(())
        }
    }
}

/// Fails with the reason if the action of a command is not available.
fn check(state: &State, command: &str) -> Result<(), Why> {
    entries::action_of(command).map_or(Ok(()), |action| (action.check)(state))
}

/// Returns the question for the argument of a command that was typed without one.
fn find_missing_argument(text: &str) -> Option<&'static str> {
    match text.trim() {
        "open" | "o" => Some("which registry, repository or image?"),
        "compare" => Some("which repository to compare with?"),
        "sort" => Some("in which order?"),
        "theme" => Some("which theme?"),
        "columns" => Some("which column: base or scan?"),
        _ => None,
    }
}
