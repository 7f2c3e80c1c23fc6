//! The table of keys, from which lookup, help, the hint bar and the README are made.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::actions::Action;
use super::actions::availability::{Why, check_available};
use super::{Pane, State};

/// The scope of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// In every pane.
    Everywhere,
    /// In one pane, with precedence over the bindings for every pane.
    In(Pane),
}

/// Keys that ask for one action.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The scope of the binding.
    pub context: Context,
    /// The keys, each by the name that [`name_of`] gives it.
    pub keys: &'static [&'static str],
    /// The action that the keys ask for.
    pub action: Action,
    /// The description of the action, for help and README.
    pub text: &'static str,
    /// The label in the hint bar, if the binding is shown there.
    pub hint: Option<&'static str>,
}

const fn everywhere(keys: &'static [&'static str], action: Action, text: &'static str) -> Binding {
    Binding { context: Context::Everywhere, keys, action, text, hint: None }
}

const fn in_pane(pane: Pane, keys: &'static [&'static str], action: Action, text: &'static str) -> Binding {
    Binding { context: Context::In(pane), keys, action, text, hint: None }
}

impl Binding {
    const fn with_hint(mut self, hint: &'static str) -> Binding {
        self.hint = Some(hint);
        self
    }
}

/// Every binding, in the order of help and README.
pub const BINDINGS: &[Binding] = &[
    everywhere(&["j", "Down"], Action::Down, "down"),
    everywhere(&["k", "Up"], Action::Up, "up"),
    everywhere(&["g", "Home"], Action::First, "first row"),
    everywhere(&["G", "End"], Action::Last, "last row"),
    everywhere(&["Ctrl-d", "PgDn"], Action::PageDown, "half a page down"),
    everywhere(&["Ctrl-u", "PgUp"], Action::PageUp, "half a page up"),
    everywhere(&["l", "Right", "Enter"], Action::Enter, "go in").with_hint("open"),
    everywhere(&["h", "Left", "Esc"], Action::Back, "go back; Esc first clears a filter, marks, a message"),
    everywhere(&["Tab"], Action::NextPane, "next pane"),
    everywhere(&["Shift-Tab"], Action::PreviousPane, "previous pane"),
    everywhere(&["1"], Action::Pane(Pane::Registries), "Registries"),
    everywhere(&["2"], Action::Pane(Pane::Repositories), "Repositories"),
    everywhere(&["3"], Action::Pane(Pane::Tags), "Tags"),
    everywhere(&["4"], Action::Pane(Pane::Details), "Details"),
    everywhere(&["]"], Action::NextTab, "next tab of Details").with_hint("tab"),
    everywhere(&["["], Action::PreviousTab, "previous tab of Details"),
    everywhere(&["}"], Action::NextPlatform, "next platform of an index").with_hint("platform"),
    everywhere(&["{"], Action::PreviousPlatform, "previous platform"),
    everywhere(&["+", "_"], Action::Zoom, "zoom the pane, and back"),
    everywhere(&["/"], Action::Filter, "filter as you type: fuzzy, smart case; `!word` excludes")
        .with_hint("filter"),
    everywhere(&[":"], Action::CommandLine, "command line with completion"),
    everywhere(&["Ctrl-p"], Action::Palette, "the commands, searchable"),
    everywhere(&["O"], Action::Open, "open a registry, a repository or an image by name"),
    in_pane(Pane::Repositories, &["T"], Action::Tree, "as a tree by namespace, and flat").with_hint("tree"),
    everywhere(&["s"], Action::Sort, "sort menu: version, name, date, size; again reverses")
        .with_hint("sort"),
    everywhere(&["Space"], Action::Mark, "mark").with_hint("mark"),
    everywhere(&["v"], Action::MarkRange, "mark a range"),
    everywhere(&["*"], Action::MarkAll, "mark all shown"),
    everywhere(&["u"], Action::Unmark, "unmark all"),
    everywhere(
        &["t"],
        Action::Retag,
        "retag: a new tag here, or a full reference; a pattern for marked tags",
    )
    .with_hint("retag"),
    everywhere(&["c"], Action::Copy, "copy to another repository or registry").with_hint("copy"),
    everywhere(&["Y"], Action::Take, "take the marked images; in Repositories, all tags"),
    everywhere(&["p"], Action::Put, "put the taken images into the repository or registry under the cursor")
        .with_hint("put"),
    everywhere(&["C"], Action::Compare, "compare the repository with another registry's, and copy over"),
    everywhere(&["d"], Action::Delete, "delete: shows the plan first; untags, or deletes images")
        .with_hint("delete"),
    everywhere(&["z"], Action::Undo, "undo the last change: shows the plan first"),
    everywhere(&["w"], Action::Jobs, "jobs: progress, stop, retry failed parts"),
    everywhere(&["J"], Action::Journal, "journal of changes: each can be undone"),
    everywhere(&["y"], Action::Yank, "yank menu: reference, digest reference, pull command, digest, JSON")
        .with_hint("yank"),
    everywhere(&["o"], Action::Pager, "open the current view in $PAGER"),
    everywhere(&["r"], Action::Refresh, "refresh the pane"),
    everywhere(&["R"], Action::Reload, "forget everything cached for this registry and reload"),
    everywhere(&["."], Action::Hidden, "show hidden rows"),
    everywhere(&["@"], Action::Requests, "request log"),
    everywhere(&["m"], Action::Messages, "messages"),
    everywhere(&["Ctrl-l"], Action::Repaint, "redraw the screen"),
    everywhere(&["Ctrl-z"], Action::Suspend, "suspend; `fg` comes back"),
    everywhere(&["?", "F1"], Action::Help, "help for this context, searchable").with_hint("help"),
    everywhere(&["q", "Ctrl-c"], Action::Quit, "quit; asks only while a job runs"),
];

/// Returns the action that a key asks for in a pane.
pub fn lookup(pane: Pane, key: KeyEvent) -> Option<Action> {
    let name = name_of(key)?;
    let find = |context| BINDINGS.iter().find(|b| b.context == context && b.keys.contains(&name.as_str()));
    find(Context::In(pane)).or_else(|| find(Context::Everywhere)).map(|binding| binding.action)
}

/// Returns the first key that asks for an action, in any pane.
pub fn key_of(action: Action) -> Option<&'static str> {
    BINDINGS.iter().find(|binding| binding.action == action)?.keys.first().copied()
}

/// Returns the name of a key: `j`, `G`, `Ctrl-d`, `Shift-Tab`, `Space`, `F1`. Returns `None` for keys that no action
/// can be bound to.
pub fn name_of(key: KeyEvent) -> Option<String> {
    let plain = match key.code {
        KeyCode::Char(' ') => "Space".into(),
        KeyCode::Char(character) if key.modifiers.contains(KeyModifiers::CONTROL) => {
            character.to_ascii_lowercase().to_string()
        }
        KeyCode::Char(character) => character.to_string(),
        KeyCode::F(number) => format!("F{number}"),
        KeyCode::BackTab => return Some("Shift-Tab".into()),
        KeyCode::Up => "Up".into(),
        KeyCode::Down => "Down".into(),
        KeyCode::Left => "Left".into(),
        KeyCode::Right => "Right".into(),
        KeyCode::Home => "Home".into(),
        KeyCode::End => "End".into(),
        KeyCode::PageUp => "PgUp".into(),
        KeyCode::PageDown => "PgDn".into(),
        KeyCode::Enter => "Enter".into(),
        KeyCode::Esc => "Esc".into(),
        KeyCode::Tab => "Tab".into(),
        _ => return None,
    };
    let control = if key.modifiers.contains(KeyModifiers::CONTROL) { "Ctrl-" } else { "" };
    let alt = if key.modifiers.contains(KeyModifiers::ALT) { "Alt-" } else { "" };
    Some(format!("{control}{alt}{plain}"))
}

/// A row of help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpRow {
    /// The pane that the row belongs to, or `Everywhere`.
    pub section: &'static str,
    /// The keys.
    pub keys: String,
    /// The description of their action.
    pub text: &'static str,
    /// The reason why the action is not available now, if it is not.
    pub unavailable_because: Option<Why>,
}

/// Returns the rows of help for the focused pane that contain the search text, the pane's own keys first.
pub fn help_rows(state: &State, search: &str) -> Vec<HelpRow> {
    let in_pane = BINDINGS.iter().filter(|binding| binding.context == Context::In(state.focus));
    let everywhere = BINDINGS.iter().filter(|binding| binding.context == Context::Everywhere);
    let search = search.to_lowercase();
    let row = |binding: &Binding| HelpRow {
        section: match binding.context {
            Context::Everywhere => "Everywhere",
            Context::In(pane) => pane.title(),
        },
        keys: binding.keys.join(" "),
        text: binding.text,
        unavailable_because: check_available(binding.action, state).err(),
    };
    let fits = |row: &HelpRow| {
        row.text.to_lowercase().contains(&search) || row.keys.to_lowercase().contains(&search)
    };
    in_pane.chain(everywhere).map(row).filter(fits).collect()
}

/// Returns the key table of the README in Markdown, with one row for each binding.
pub fn table() -> String {
    let mut table = String::from("| key | does |\n|---|---|\n");
    for binding in BINDINGS {
        let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
        let place = match binding.context {
            Context::Everywhere => String::new(),
            Context::In(pane) => format!("{}: ", pane.title()),
        };
        table.push_str(&format!("| {} | {place}{} |\n", keys.join(" "), binding.text));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANES: [Pane; 4] = [Pane::Registries, Pane::Repositories, Pane::Tags, Pane::Details];

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for pane in PANES {
            let holds = |binding: &&Binding| {
                matches!(binding.context, Context::Everywhere) || binding.context == Context::In(pane)
            };
            let mut keys: Vec<&str> =
                BINDINGS.iter().filter(holds).flat_map(|binding| binding.keys).copied().collect();
            let all = keys.len();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), all, "{pane:?}");
        }
    }

    #[test]
    fn keys_are_found_by_their_names() {
        let key = |code, modifiers| KeyEvent::new(code, modifiers);
        let find = |code, modifiers| lookup(Pane::Tags, key(code, modifiers));
        assert_eq!(find(KeyCode::Char('G'), KeyModifiers::SHIFT), Some(Action::Last));
        assert_eq!(find(KeyCode::Char('d'), KeyModifiers::CONTROL), Some(Action::PageDown));
        assert_eq!(find(KeyCode::BackTab, KeyModifiers::SHIFT), Some(Action::PreviousPane));
        assert_eq!(find(KeyCode::Char(' '), KeyModifiers::NONE), Some(Action::Mark));
        assert_eq!(find(KeyCode::F(1), KeyModifiers::NONE), Some(Action::Help));
        assert_eq!(find(KeyCode::Char('j'), KeyModifiers::ALT), None);
        assert_eq!(find(KeyCode::Char('T'), KeyModifiers::SHIFT), None);
        assert_eq!(
            lookup(Pane::Repositories, key(KeyCode::Char('T'), KeyModifiers::SHIFT)),
            Some(Action::Tree)
        );
    }
}
