//! All keys together: help, README, `regtui keys` and the checks of the configuration are made from the tables that
//! panes and dialogs own.

use std::collections::HashMap;
use std::fmt::Write;

use super::actions::ACTIONS;
use super::actions::availability::Why;
use super::dialogs::{Dialog, DialogKeys};
use super::keys::{DIALOG_BINDINGS, EVERYWHERE_BINDINGS, KeyChord, KeyCommand, Keys, PROMPT_BINDINGS};
use super::{Pane, State};

/// The commands of one context: no key means two of them.
#[derive(Debug, Clone)]
pub(crate) struct KeyContext {
    /// The name of the context: `panes`, `plan`.
    pub(crate) name: String,
    /// The title in help and README.
    pub(crate) title: &'static str,
    /// The kind of the context.
    pub(crate) kind: ContextKind,
    /// The commands.
    pub(crate) commands: Vec<&'static KeyCommand>,
}

/// The kinds of contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContextKind {
    /// The whole program: its keys come before all others.
    Everywhere,
    /// Every pane.
    Panes,
    /// One pane, with precedence over the keys of every pane.
    Pane(Pane),
    /// Every dialog without a text field.
    Dialogs,
    /// Every dialog with a text field.
    Prompts,
    /// One kind of dialog, with precedence over the keys of all dialogs.
    Dialog {
        /// Whether it has a text field.
        is_prompt: bool,
    },
}

impl ContextKind {
    /// Returns whether characters are typed into a text field.
    fn is_prompt(self) -> bool {
        matches!(self, ContextKind::Prompts | ContextKind::Dialog { is_prompt: true })
    }
}

/// Returns all contexts with their commands, in the order of README.
pub(crate) fn contexts() -> Vec<KeyContext> {
    let panes = |pane: Option<Pane>| {
        ACTIONS.iter().filter(|action| action.pane == pane).map(|action| &action.command).collect()
    };
    let mut all = vec![
        KeyContext {
            name: "everywhere".into(),
            title: "Everywhere",
            kind: ContextKind::Everywhere,
            commands: EVERYWHERE_BINDINGS.iter().map(|binding| &binding.command).collect(),
        },
        KeyContext { name: "panes".into(), title: "Panes", kind: ContextKind::Panes, commands: panes(None) },
    ];
    all.extend(Pane::ALL.map(|pane| KeyContext {
        name: pane.title().to_lowercase(),
        title: pane.title(),
        kind: ContextKind::Pane(pane),
        commands: panes(Some(pane)),
    }));
    all.push(KeyContext {
        name: "dialog".into(),
        title: "Dialogs",
        kind: ContextKind::Dialogs,
        commands: DIALOG_BINDINGS.iter().map(|binding| &binding.command).collect(),
    });
    all.push(KeyContext {
        name: "prompt".into(),
        title: "Dialogs with a text field",
        kind: ContextKind::Prompts,
        commands: PROMPT_BINDINGS.iter().map(|binding| &binding.command).collect(),
    });
    all.extend(DialogKeys::all().into_iter().map(|dialog| {
        let prefix = dialog.commands.first().and_then(|command| command.name.split('.').next());
        KeyContext {
            name: prefix.unwrap_or_default().into(),
            title: dialog.title,
            kind: ContextKind::Dialog { is_prompt: dialog.is_prompt },
            commands: dialog.commands,
        }
    }));
    all.retain(|context| !context.commands.is_empty());
    all
}

/// Returns the command of this name.
pub(crate) fn command(name: &str) -> Option<&'static KeyCommand> {
    contexts().iter().flat_map(|context| &context.commands).find(|command| command.name == name).copied()
}

/// Returns the name of a command that resembles a text.
pub(crate) fn nearest_command(text: &str) -> Option<&'static str> {
    let all = contexts();
    let names = all.iter().flat_map(|context| &context.commands).map(|command| command.name);
    let nearest = names.map(|name| (edit_distance(text, name), name)).min()?;
    (nearest.0 <= text.len().max(nearest.1.len()) / 2).then_some(nearest.1)
}

/// Returns the number of characters to insert, delete or replace to get from one text to the other.
fn edit_distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (above, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (left, b) in to.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[left + 1];
            row[left + 1] = replaced.min(diagonal + 1).min(row[left] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// A problem with the keys of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyProblem {
    /// The command, and for a conflict the other one.
    pub(crate) commands: Vec<&'static str>,
    /// The problem in words.
    pub(crate) text: String,
}

/// Fails if a key means two commands of one context, if a character would be bound in a text field, or if the program
/// or a dialog could not be left any more.
pub(crate) fn check(keys: &Keys) -> Result<(), KeyProblem> {
    let contexts = contexts();
    for context in &contexts {
        let mut bound: HashMap<KeyChord, &KeyCommand> = HashMap::new();
        for command in &context.commands {
            for chord in keys.of(command) {
                check_chord(context, command, *chord)?;
                if let Some(other) = bound.insert(*chord, command).filter(|other| other.name != command.name)
                {
                    return Err(KeyProblem {
                        commands: vec![command.name, other.name],
                        text: format!(
                            "`{chord}` is bound to `{}` and to `{}`: give one of them other keys, or none: []",
                            other.name, command.name
                        ),
                    });
                }
            }
        }
    }
    contexts.iter().try_for_each(|context| check_exits(context, &contexts, keys))
}

/// Fails if a key types text in the context.
fn check_chord(context: &KeyContext, command: &KeyCommand, chord: KeyChord) -> Result<(), KeyProblem> {
    let is_typed = chord.edits_text() && !command.is_outside_text;
    if !is_typed || !(context.kind.is_prompt() || context.kind == ContextKind::Everywhere) {
        return Ok(());
    }
    let text = format!("`{chord}` is typed or edits text there: `Ctrl-`, `Alt-` or a named key is needed");
    Err(KeyProblem { commands: vec![command.name], text })
}

/// Fails if a command without which the context could not be left has no key there.
fn check_exits(context: &KeyContext, all: &[KeyContext], keys: &Keys) -> Result<(), KeyProblem> {
    let shared = match context.kind {
        ContextKind::Dialog { is_prompt: true } => ContextKind::Prompts,
        ContextKind::Dialog { is_prompt: false } => ContextKind::Dialogs,
        kind => kind,
    };
    let required = all.iter().filter(|other| other.kind == shared).flat_map(|other| &other.commands);
    for command in required.filter(|command| command.is_required) {
        let own = |chord: &KeyChord| {
            context.commands.iter().find(|own| own.name != command.name && keys.is_bound(own, *chord))
        };
        let everywhere = |chord: &KeyChord| {
            EVERYWHERE_BINDINGS.iter().find(|binding| {
                binding.command.name != command.name && keys.is_bound(&binding.command, *chord)
            })
        };
        let is_reachable = |chord: &KeyChord| own(chord).is_none() && everywhere(chord).is_none();
        if !keys.of(command).iter().any(is_reachable) {
            let taken = keys.of(command).first().and_then(own).map(|own| own.name);
            let text = match taken {
                Some(other) => {
                    format!("`{other}` takes the last key of `{}`, which must keep one", command.name)
                }
                None => {
                    format!("`{}` must keep a key: the program could not be left without it", command.name)
                }
            };
            return Err(KeyProblem { commands: taken.into_iter().chain([command.name]).collect(), text });
        }
    }
    Ok(())
}

/// Returns the dialog that a help is about: the topmost one below it.
pub(crate) fn dialog_below_help(state: &State) -> Option<&Dialog> {
    state.dialogs.iter().rev().find(|dialog| !matches!(dialog, Dialog::Help(_)))
}

/// A row of help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HelpRow {
    /// The pane or the kind of dialog that the row belongs to, or `Everywhere`.
    pub(crate) section: &'static str,
    /// The keys.
    pub(crate) keys: String,
    /// The description of the command.
    pub(crate) text: &'static str,
    /// The reason why the action is not available now, if it is not.
    pub(crate) unavailable_because: Option<Why>,
}

/// Returns the rows of help for the dialog on top or the focused pane that contain the search text. Its own keys come
/// first. Commands without a key are left out.
pub(crate) fn help_rows(state: &State, search: &str) -> Vec<HelpRow> {
    let rows = match dialog_below_help(state) {
        Some(dialog) => dialog_rows(&state.settings.keys, &dialog.keys()),
        None => pane_rows(state),
    };
    let search = search.to_lowercase();
    let fits = |row: &HelpRow| {
        row.text.to_lowercase().contains(&search) || row.keys.to_lowercase().contains(&search)
    };
    rows.into_iter().filter(|row| !row.keys.is_empty() && fits(row)).collect()
}

/// The signs in the panes, with their meanings.
const SIGNS: [(&str, &str); 5] = [
    ("=a =b", "beside a tag: those with the same letter have the same image"),
    ("*", "a marked row"),
    ("✓ ✗", "in the header: the registry can, or cannot"),
    ("…", "more comes, or the text is longer"),
    ("-", "the image has no such property"),
];

fn pane_rows(state: &State) -> Vec<HelpRow> {
    let keys = &state.settings.keys;
    let own = ACTIONS.iter().filter(|action| action.pane == Some(state.focus));
    let shared = ACTIONS.iter().filter(|action| action.pane.is_none());
    let row = |action: &&super::actions::Action| HelpRow {
        section: action.pane.map_or("Everywhere", Pane::title),
        keys: keys.names(&action.command),
        text: action.command.text,
        unavailable_because: action.unavailable_because(state),
    };
    let everywhere = EVERYWHERE_BINDINGS.iter().map(|binding| &binding.command);
    let signs = SIGNS.iter().map(|(sign, text)| HelpRow {
        section: "Signs",
        keys: (*sign).into(),
        text,
        unavailable_because: None,
    });
    own.chain(shared)
        .map(row)
        .chain(everywhere.map(|command| command_row(keys, "Everywhere", command)))
        .chain(signs)
        .collect()
}

fn dialog_rows(keys: &Keys, dialog: &DialogKeys) -> Vec<HelpRow> {
    let (title, bindings) = if dialog.is_prompt {
        ("Dialogs with a text field", PROMPT_BINDINGS)
    } else {
        ("Dialogs", DIALOG_BINDINGS)
    };
    let is_own = |chord: &KeyChord| dialog.commands.iter().any(|own| keys.is_bound(own, *chord));
    let shared = bindings.iter().map(|binding| {
        let left = keys.of(&binding.command).iter().filter(|chord| !is_own(chord));
        let names: Vec<String> = left.map(KeyChord::to_string).collect();
        HelpRow { keys: names.join(" "), ..command_row(keys, title, &binding.command) }
    });
    let everywhere =
        EVERYWHERE_BINDINGS.iter().map(|binding| command_row(keys, "Everywhere", &binding.command));
    let own = dialog.commands.iter().map(|command| command_row(keys, dialog.title, command));
    own.chain(shared).chain(everywhere).collect()
}

fn command_row(keys: &Keys, section: &'static str, command: &KeyCommand) -> HelpRow {
    HelpRow { section, keys: keys.names(command), text: command.text, unavailable_because: None }
}

/// Returns the table of the keys of panes for the README, in Markdown.
pub fn pane_table() -> String {
    let mut table = String::from("| key | does |\n|---|---|\n");
    for action in ACTIONS {
        let place = action.pane.map(|pane| format!("{}: ", pane.title())).unwrap_or_default();
        let _ = writeln!(table, "| {} | {place}{} |", quoted_keys(&action.command), action.command.text);
    }
    for binding in EVERYWHERE_BINDINGS {
        let _ = writeln!(table, "| {} | {} |", quoted_keys(&binding.command), binding.command.text);
    }
    table
}

/// Returns the table of the keys of dialogs for the README, in Markdown, with one row for each kind of dialog.
pub fn dialog_table() -> String {
    let mut table = String::from("| in | keys |\n|---|---|\n");
    let is_of_dialogs = |context: &&KeyContext| {
        matches!(context.kind, ContextKind::Dialogs | ContextKind::Prompts | ContextKind::Dialog { .. })
    };
    for context in contexts().iter().filter(is_of_dialogs) {
        let keys =
            context.commands.iter().map(|command| format!("{} {}", quoted_keys(command), command.text));
        let _ = writeln!(table, "| {} | {} |", context.title, keys.collect::<Vec<_>>().join("; "));
    }
    table
}

fn quoted_keys(command: &KeyCommand) -> String {
    let keys: Vec<String> = command.keys.iter().map(|key| format!("`{key}`")).collect();
    keys.join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Commands with their keys.
    type Rebindings = &'static [(&'static str, &'static [&'static str])];

    fn rebound(bindings: Rebindings) -> Keys {
        let mut keys = Keys::default();
        for (command, chords) in bindings {
            keys.rebind(command, chords.iter().map(|key| KeyChord::of_literal(key)).collect());
        }
        keys
    }

    #[test]
    fn the_default_keys_fit_together_and_commands_have_distinct_names() {
        assert_eq!(check(&Keys::default()), Ok(()));
        let all = contexts();
        let names: Vec<_> = all.iter().flat_map(|context| &context.commands).map(|one| one.name).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        let is_kebab = |part: &str| part.chars().all(|one| one.is_ascii_lowercase() || one == '-');
        for name in names {
            let parts: Vec<&str> = name.split('.').collect();
            assert!(parts.len() == 2 && parts.into_iter().all(is_kebab), "{name}");
        }
    }

    #[test]
    fn keys_that_conflict_or_lock_the_user_in_are_refused() {
        let table: [(Rebindings, Option<&str>); 9] = [
            (&[("tags.delete", &["F8"])], None),
            (&[("tags.delete", &["c"])], Some("`c` is bound to")),
            (&[("tags.delete", &["c"]), ("tags.copy", &[])], None),
            (&[("jobs.stop", &["x"]), ("plan.keep", &["Ctrl-k"])], None),
            (&[("retag.plan", &["x"])], Some("`x` is typed")),
            (&[("everywhere.quit", &[])], Some("must keep a key")),
            (&[("everywhere.quit", &["x"])], Some("`x` is typed")),
            (&[("dialog.cancel", &["q"])], Some("takes the last key of `dialog.cancel`")),
            (&[("prompt.cancel", &["Ctrl-c"])], Some("must keep a key")),
        ];
        for (bindings, expected) in table {
            let outcome = check(&rebound(bindings)).map_err(|problem| problem.text);
            match expected {
                None => assert_eq!(outcome, Ok(()), "{bindings:?}"),
                Some(part) => {
                    let text = outcome.expect_err(part);
                    assert!(text.contains(part), "{bindings:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_mistyped_command_has_a_nearest_one() {
        assert_eq!(nearest_command("tags.delte"), Some("tags.delete"));
        assert_eq!(nearest_command("plan.conform"), Some("plan.confirm"));
        assert_eq!(nearest_command("xxxxxxxxxxxxxxxxxxxxxxx"), None);
    }
}
