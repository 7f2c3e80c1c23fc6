//! The commands that `:` and `Ctrl-p` offer: every action except mere movements, and the commands that take an
//! argument.

use ratatui::layout::Rect;

use crate::app::State;
use crate::app::actions::Action;
use crate::app::layout;

/// A command.
#[derive(Debug, Clone, Copy)]
pub struct PaletteEntry {
    /// The text to type after `:`. It ends in a space if an argument follows.
    pub name: &'static str,
    /// The description of the command.
    pub text: &'static str,
    /// The action of the command, or `None` if it takes an argument.
    pub action: Option<Action>,
    /// The action that asks for that argument, so that its key can be shown.
    pub prompt_action: Option<Action>,
}

const fn entry(name: &'static str, text: &'static str, action: Action) -> PaletteEntry {
    PaletteEntry { name, text, action: Some(action), prompt_action: None }
}

const fn with_argument(name: &'static str, text: &'static str, opens: Option<Action>) -> PaletteEntry {
    PaletteEntry { name, text, action: None, prompt_action: opens }
}

/// The commands, in the order of the palette.
pub const ENTRIES: &[PaletteEntry] = &[
    with_argument("open ", "open a registry, a repository or an image by name", Some(Action::Open)),
    with_argument("sort ", "sort the tags by version, name, date or size", Some(Action::Sort)),
    with_argument("theme ", "change the colours", None),
    with_argument("filter ", "filter the list", Some(Action::Filter)),
    entry("refresh", "refresh the pane", Action::Refresh),
    entry("reload", "forget everything cached for this registry and reload", Action::Reload),
    entry("tree", "repositories as a tree by namespace, and flat", Action::Tree),
    entry("hidden", "show hidden rows, and back", Action::Hidden),
    entry("zoom", "zoom the pane, and back", Action::Zoom),
    with_argument(
        "retag ",
        "give the chosen images another tag; `{tag}` stands for the old one",
        Some(Action::Retag),
    ),
    with_argument("copy ", "copy the chosen images to another repository or registry", Some(Action::Copy)),
    with_argument(
        "compare ",
        "compare the repository with another one, and copy over",
        Some(Action::Compare),
    ),
    entry("take", "take the chosen images, to put them elsewhere", Action::Take),
    entry("put", "put the taken images here", Action::Put),
    entry("delete", "delete the chosen images: shows the plan first", Action::Delete),
    entry("undo", "undo the last change: shows the plan first", Action::Undo),
    entry("jobs", "jobs: progress, stop, retry failed parts", Action::Jobs),
    entry("journal", "journal of changes: each can be undone", Action::Journal),
    entry("yank", "copy a name to the clipboard", Action::Yank),
    entry("pager", "open the current view in $PAGER", Action::Pager),
    entry("requests", "request log", Action::Requests),
    entry("messages", "messages", Action::Messages),
    entry("help", "help for this context", Action::Help),
    entry("quit", "quit", Action::Quit),
];

/// Columns of the palette.
const WIDTH: u16 = 84;

/// Returns the box of the palette with its border.
pub fn area(state: &State) -> Rect {
    layout::overlay_box(state, WIDTH, ENTRIES.len() as u16 + 3)
}

/// Returns the rows of the palette, below the text field.
pub fn rows_area(state: &State) -> Rect {
    layout::below(layout::inside(area(state)), 1)
}

/// Returns the entries that contain all words of the text, by name or description: indices into [`ENTRIES`].
pub fn rows(typed: &str) -> Vec<usize> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let fits = |entry: &PaletteEntry| {
        words.iter().all(|word| {
            entry.name.contains(word.as_str()) || entry.text.to_lowercase().contains(word.as_str())
        })
    };
    (0..ENTRIES.len()).filter(|row| fits(&ENTRIES[*row])).collect()
}

/// Returns the completions for Tab: whole commands, each beginning with the text.
pub fn completions(typed: &str, arguments: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    match typed.split_once(' ') {
        None => ENTRIES
            .iter()
            .map(|entry| entry.name)
            .filter(|name| name.starts_with(typed))
            .map(String::from)
            .collect(),
        Some((command, begun)) => arguments(command)
            .into_iter()
            .filter(|argument| argument.starts_with(begun.trim_start()))
            .map(|argument| format!("{command} {argument}"))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_complete_to_names_and_then_to_arguments() {
        let arguments = |command: &str| match command {
            "sort" => vec!["date".to_string(), "digest".to_string(), "size".to_string()],
            _ => Vec::new(),
        };
        assert_eq!(completions("re", arguments), ["refresh", "reload", "retag ", "requests"]);
        assert_eq!(completions("sort d", arguments), ["sort date", "sort digest"]);
        assert!(completions("nonsense x", arguments).is_empty());
    }

    #[test]
    fn the_palette_is_searched_by_words() {
        let names = |typed| rows(typed).into_iter().map(|row| ENTRIES[row].name).collect::<Vec<_>>();
        assert_eq!(names("log request"), ["requests"]);
        assert_eq!(names("").len(), ENTRIES.len());
    }
}
