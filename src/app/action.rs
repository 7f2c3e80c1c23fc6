//! What a key, a click or a command can ask for: the user's verbs.

/// One verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// Half a page up.
    PageUp,
    /// Half a page down.
    PageDown,
    /// The first row.
    First,
    /// The last row.
    Last,
    /// Into what is under the cursor.
    Enter,
    /// Back out: first of a filter, marks, a message.
    Back,
    /// The next pane.
    NextPane,
    /// The pane before.
    PreviousPane,
    /// The pane of that number.
    Pane(super::Pane),
    /// The next tab of Details.
    NextTab,
    /// The tab before.
    PreviousTab,
    /// The next platform of an index.
    NextPlatform,
    /// The platform before.
    PreviousPlatform,
    /// The focused pane alone, and back.
    Zoom,
    /// Filter the list.
    Filter,
    /// Type a command.
    CommandLine,
    /// Search the commands.
    Palette,
    /// Choose the order of tags.
    Sort,
    /// Mark the row.
    Mark,
    /// Mark a range.
    MarkRange,
    /// Mark all rows shown.
    MarkAll,
    /// Unmark all.
    Unmark,
    /// Give images other tags.
    Retag,
    /// Remove tags or images.
    Delete,
    /// Copy images to another repository or registry.
    Copy,
    /// Take images, to be put somewhere else.
    Take,
    /// Put what was taken into the repository or registry under the cursor.
    Put,
    /// Compare the repository with the same one in another registry.
    Compare,
    /// Take back the last change.
    Undo,
    /// The jobs.
    Jobs,
    /// The journal of changes.
    Journal,
    /// Choose what to copy to the clipboard.
    Yank,
    /// Show in the pager.
    Pager,
    /// Ask the server again.
    Refresh,
    /// Forget everything of the registry and ask again.
    Reload,
    /// Show what is hidden, and back.
    Hidden,
    /// Repositories as a tree, and flat.
    Tree,
    /// Open a registry, a repository or an image by name.
    Open,
    /// The request log.
    Requests,
    /// The messages.
    Messages,
    /// Help for what has the keys.
    Help,
    /// Stop the process for a while.
    Suspend,
    /// Draw every cell again.
    Repaint,
    /// Leave.
    Quit,
}

impl Action {
    /// Whether it acts on what is marked or under the cursor, so that it matters which rows these are.
    pub fn is_about_rows(self) -> bool {
        use Action::{Copy, Delete, Mark, MarkRange, Put, Retag, Take, Yank};
        matches!(self, Copy | Delete | Mark | MarkRange | Put | Retag | Take | Yank)
    }
}
