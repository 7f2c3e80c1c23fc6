//! The actions that a key, a click or a command can ask for. Each is one value: its name, its keys, its text in help and
//! README, the reason why it is not available, and its effect.

pub(crate) mod availability;
pub(crate) mod base_image;
pub(crate) mod bookmark;
pub(crate) mod chart;
pub(crate) mod columns;
pub(crate) mod copy;
pub(crate) mod delete;
pub(crate) mod details;
pub(crate) mod diff;
pub(crate) mod entries;
pub(crate) mod files;
pub(crate) mod history;
pub(crate) mod jobs;
pub(crate) mod lists;
pub(crate) mod login;
pub(crate) mod movement;
pub(crate) mod pager;
pub(crate) mod program;
pub(crate) mod refresh;
pub(crate) mod retag;
pub(crate) mod scan;
pub(crate) mod search;
pub(crate) mod since;
pub(crate) mod sort;
pub(crate) mod tag_history;
pub(crate) mod trust;
pub(crate) mod view;
pub(crate) mod yank;

use std::fmt;

use super::keys::{KeyChord, KeyCommand, Keys};
use super::update::Update;
use super::{Pane, State};
use availability::Why;

/// A command of the palette and the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PaletteEntry {
    /// The text to type after `:`. It ends in a space if an argument follows.
    pub(crate) name: &'static str,
    /// The description of the command.
    pub(crate) text: &'static str,
}

/// An action of the user in the panes.
pub(crate) struct Action {
    /// Its name, its keys and its text.
    pub(crate) command: KeyCommand,
    /// The pane to which its keys are limited, or `None` if they work in every pane.
    pub(crate) pane: Option<Pane>,
    /// The rank of its hint, which counts if there is no room for all: those with the lowest number come first.
    pub(crate) rank: usize,
    /// Whether the action acts on the marks or on the row under the cursor, so that it matters which rows these are.
    pub(crate) is_about_rows: bool,
    /// Fails if the action cannot be done now, with the reason in words for the user.
    pub(crate) check: fn(&State) -> Result<(), Why>,
    /// Whether the effect of the action is visible on the screen, so that a hint makes sense.
    pub(crate) is_visible: fn(&State) -> bool,
    /// Its entry in the palette and the command line, if it has one.
    pub(crate) entry: Option<PaletteEntry>,
    /// Performs the action.
    pub(crate) effect: fn(&mut Update<'_>),
}

impl Action {
    /// Creates an action that is always available.
    pub(crate) const fn new(
        name: &'static str,
        keys: &'static [KeyChord],
        text: &'static str,
        effect: fn(&mut Update<'_>),
    ) -> Action {
        Action {
            command: KeyCommand::new(name, keys, text),
            pane: None,
            rank: 3,
            is_about_rows: false,
            check: |_| Ok(()),
            is_visible: |_| true,
            entry: None,
            effect,
        }
    }

    /// Offers the action in the palette and the command line. The name ends in a space if an argument follows.
    const fn with_entry(mut self, name: &'static str, text: &'static str) -> Action {
        self.entry = Some(PaletteEntry { name, text });
        self
    }

    /// Limits the keys to one pane, with precedence over the keys of every pane.
    const fn only_in(mut self, pane: Pane) -> Action {
        self.pane = Some(pane);
        self
    }

    /// Shows the action among the hints at the foot, with this label.
    const fn with_hint(mut self, label: &'static str, rank: usize) -> Action {
        self.command.hint = Some(label);
        self.rank = rank;
        self
    }

    /// Shows the hint only if the effect would be visible.
    const fn hinted_if(mut self, is_visible: fn(&State) -> bool) -> Action {
        self.is_visible = is_visible;
        self
    }

    /// Marks the action as one that acts on rows.
    const fn about_rows(mut self) -> Action {
        self.is_about_rows = true;
        self
    }

    /// Makes the action available only if the check succeeds.
    const fn available_if(mut self, check: fn(&State) -> Result<(), Why>) -> Action {
        self.check = check;
        self
    }

    /// Returns the reason why the action is not available, if it is not.
    pub(crate) fn unavailable_because(&self, state: &State) -> Option<Why> {
        (self.check)(state).err()
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command.name)
    }
}

impl PartialEq for Action {
    fn eq(&self, other: &Action) -> bool {
        self.command.name == other.command.name
    }
}

impl Eq for Action {}

/// All actions, in the order of help and README.
pub(crate) static ACTIONS: &[&Action] = &[
    &movement::DOWN,
    &movement::UP,
    &movement::FIRST,
    &movement::LAST,
    &movement::PAGE_DOWN,
    &movement::PAGE_UP,
    &movement::ENTER,
    &movement::BACK,
    &movement::NEXT_PANE,
    &movement::PREVIOUS_PANE,
    &movement::REGISTRIES,
    &movement::REPOSITORIES,
    &movement::TAGS,
    &movement::DETAILS,
    &details::NEXT_TAB,
    &details::PREVIOUS_TAB,
    &details::NEXT_PLATFORM,
    &details::PREVIOUS_PLATFORM,
    &details::NEXT_MATCH,
    &details::PREVIOUS_MATCH,
    &files::OPEN,
    &movement::CLOSE_DIRECTORY,
    &files::LAYER_BEFORE,
    &files::LAYER_AFTER,
    &files::OWN_CHANGES,
    &files::HISTORY,
    &files::FINDINGS,
    &files::PACKAGES,
    &files::EXTRACT,
    &files::PAUSE,
    &chart::VALUES,
    &chart::README,
    &chart::TEMPLATES,
    &view::ZOOM,
    &view::BORDER_LEFT,
    &view::BORDER_RIGHT,
    &view::BORDERS_RESET,
    &program::OPEN,
    &search::SEARCH,
    &bookmark::BOOKMARK,
    &login::LOGIN,
    &trust::TRUST,
    &program::CLOSE,
    &lists::FILTER,
    &program::COMMAND_LINE,
    &program::PALETTE,
    &view::TREE,
    &sort::SORT,
    &columns::COLUMNS,
    &lists::MARK,
    &lists::MARK_RANGE,
    &lists::MARK_ALL,
    &lists::UNMARK,
    &retag::RETAG,
    &copy::COPY,
    &copy::TAKE,
    &copy::PUT,
    &copy::COMPARE,
    &diff::DIFF,
    &scan::SCAN,
    &base_image::OPEN_BASE,
    &since::SINCE,
    &tag_history::TAG_HISTORY,
    &delete::DELETE,
    &history::UNDO,
    &history::JOBS,
    &history::JOURNAL,
    &yank::YANK,
    &pager::PAGER,
    &refresh::REFRESH,
    &refresh::RELOAD,
    &view::HIDDEN,
    &program::REQUESTS,
    &program::MESSAGES,
    &program::REPAINT,
    &program::SUSPEND,
    &program::HELP,
    &program::QUIT,
];

/// Returns the action that a key asks for in a pane.
pub(crate) fn find_action(keys: &Keys, pane: Pane, chord: KeyChord) -> Option<&'static Action> {
    let find = |pane: Option<Pane>| {
        ACTIONS.iter().find(|action| action.pane == pane && keys.is_bound(&action.command, chord)).copied()
    };
    find(Some(pane)).or_else(|| find(None))
}

/// Returns the first key of an action for texts. If it has no key, returns the command that stands for it.
pub(crate) fn key_or_command(keys: &Keys, name: &str) -> String {
    let Some(action) = ACTIONS.iter().find(|action| action.command.name == name) else {
        return String::new();
    };
    match (keys.of(&action.command).first(), action.entry) {
        (Some(key), _) => key.to_string(),
        (None, Some(entry)) => format!(":{}", entry.name.trim_end()),
        (None, None) => action.command.name.into(),
    }
}

/// Returns the same in backquotes, for messages.
pub(crate) fn quoted_key(keys: &Keys, name: &str) -> String {
    format!("`{}`", key_or_command(keys, name))
}

impl Update<'_> {
    /// Performs the action, or tells the user the reason why it is not possible.
    pub(crate) fn perform(&mut self, action: &Action) {
        match action.unavailable_because(self.state) {
            Some(why) => self.refuse(why.into_owned()),
            None => (action.effect)(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_one_pane_has_precedence_there() {
        let keys = Keys::default();
        let find = |pane, key: &'static str| find_action(&keys, pane, KeyChord::of_literal(key));
        assert_eq!(find(Pane::Tags, "G"), Some(&movement::LAST));
        assert_eq!(find(Pane::Tags, "Ctrl-d"), Some(&movement::PAGE_DOWN));
        assert_eq!(find(Pane::Tags, "Space"), Some(&lists::MARK));
        assert_eq!(find(Pane::Tags, "Alt-j"), None);
        assert_eq!(find(Pane::Tags, "T"), None);
        assert_eq!(find(Pane::Repositories, "T"), Some(&view::TREE));
    }
}
