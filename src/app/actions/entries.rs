//! The commands that the palette and the command line offer: every action except mere movements, and the commands that
//! take an argument.

use super::{ACTIONS, Action, PaletteEntry};

/// The command that no key asks for.
const THEME: PaletteEntry = PaletteEntry { name: "theme ", text: "change the colours" };

/// Returns all commands, each with its action: those that take an argument come first. [`THEME`] has no action.
pub(crate) fn entries() -> impl Iterator<Item = (PaletteEntry, Option<&'static Action>)> {
    let of_actions = || ACTIONS.iter().filter_map(|action| Some((action.entry?, Some(*action))));
    let takes_argument = |(entry, _): &(PaletteEntry, Option<&Action>)| entry.name.ends_with(' ');
    let with_argument = of_actions().chain([(THEME, None)]).filter(takes_argument);
    with_argument.chain(of_actions().filter(move |entry| !takes_argument(entry)))
}

/// Returns the action of a command by its name, whether it takes an argument or not.
pub(crate) fn action_of(name: &str) -> Option<&'static Action> {
    entries().find(|(entry, _)| entry.name.trim_end() == name).and_then(|(_, action)| action)
}

/// Returns the completions for Tab: whole commands, each beginning with the text.
pub(crate) fn completions(typed: &str, arguments: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    match typed.split_once(' ') {
        None => entries()
            .map(|(entry, _)| entry.name)
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
        assert_eq!(completions("re", arguments), ["retag ", "readme", "refresh", "reload", "requests"]);
        assert_eq!(completions("sort d", arguments), ["sort date", "sort digest"]);
        assert!(completions("nonsense x", arguments).is_empty());
    }
}
