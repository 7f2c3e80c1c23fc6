//! What lies on top of the panes.

use tui_input::Input;

/// One dialog. The last one of the stack has the keys.
#[derive(Debug)]
pub enum Dialog {
    /// The filter of the focused pane, typed in the bottom line.
    Filter(Input),
    /// A command, typed in the bottom line.
    CommandLine(CommandLine),
    /// The commands, searchable.
    Palette(Palette),
    /// A name to open.
    Open(Open),
    /// A short list to choose from: the sort menu, the yank menu.
    Menu(Menu),
    /// The keys of the pane, searchable.
    Help(Help),
    /// The request log; scrolled by this many lines from its end.
    Requests(usize),
    /// The messages; scrolled by this many lines from their end.
    Messages(usize),
}

/// `:` with completion.
#[derive(Debug, Default)]
pub struct CommandLine {
    /// What is typed.
    pub input: Input,
    /// What it could become.
    pub completions: Vec<String>,
    /// The completion chosen by Tab.
    pub chosen: Option<usize>,
    /// Why the command was refused.
    pub problem: Option<String>,
}

/// `Ctrl-p`.
#[derive(Debug, Default)]
pub struct Palette {
    /// What is typed.
    pub input: Input,
    /// Rows that match, best first: indices into the key table's palette entries.
    pub rows: Vec<usize>,
    /// The row under the cursor.
    pub cursor: usize,
}

/// A prompt for the name of a registry, a repository or an image.
#[derive(Debug, Default)]
pub struct Open {
    /// What is typed.
    pub input: Input,
    /// Names that were opened before and fit.
    pub suggestions: Vec<String>,
    /// The suggestion under the cursor.
    pub cursor: Option<usize>,
    /// Why the name was refused.
    pub problem: Option<String>,
}

/// A menu of a few entries, each with its key.
#[derive(Debug)]
pub struct Menu {
    /// What it is about.
    pub title: &'static str,
    /// Its entries.
    pub entries: Vec<Entry>,
    /// The entry under the cursor.
    pub cursor: usize,
}

/// An entry of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key that takes it at once.
    pub key: char,
    /// What it says.
    pub label: &'static str,
    /// What it would give, shown beside it.
    pub preview: crate::model::text::SafeText,
    /// What it does.
    pub choice: Choice,
}

/// What an entry of a menu does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Sort tags by this; again reverses.
    Sort(super::tags::SortBy),
    /// Put this text on the clipboard.
    Copy(String),
}

/// `?`.
#[derive(Debug, Default)]
pub struct Help {
    /// What is typed to search.
    pub input: Input,
    /// First line drawn.
    pub scroll: usize,
}
