//! The actions that a key, a click or a command can ask for.

pub mod availability;
mod changes;
mod jobs;
pub mod open;
mod perform;
mod yank;

/// An action of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Moves one row up.
    Up,
    /// Moves one row down.
    Down,
    /// Moves half a page up.
    PageUp,
    /// Moves half a page down.
    PageDown,
    /// Moves to the first row.
    First,
    /// Moves to the last row.
    Last,
    /// Enters the item under the cursor.
    Enter,
    /// Backs out: first of a filter, of marks or of a message.
    Back,
    /// Goes to the next pane.
    NextPane,
    /// Goes to the previous pane.
    PreviousPane,
    /// Goes to this pane.
    Pane(super::Pane),
    /// Opens the next tab of Details.
    NextTab,
    /// Opens the previous tab of Details.
    PreviousTab,
    /// Chooses the next platform of an index.
    NextPlatform,
    /// Chooses the previous platform of an index.
    PreviousPlatform,
    /// Shows the focused pane alone, or all panes again.
    Zoom,
    /// Filters the list.
    Filter,
    /// Opens the command line.
    CommandLine,
    /// Opens the palette of commands.
    Palette,
    /// Chooses the order of tags.
    Sort,
    /// Marks the row.
    Mark,
    /// Marks a range.
    MarkRange,
    /// Marks all rows shown.
    MarkAll,
    /// Removes all marks.
    Unmark,
    /// Gives images other tags.
    Retag,
    /// Deletes tags or images.
    Delete,
    /// Copies images to another repository or registry.
    Copy,
    /// Takes images, to put them into another repository.
    Take,
    /// Puts the taken images into the repository or registry under the cursor.
    Put,
    /// Compares the repository with the same one in another registry.
    Compare,
    /// Undoes the last change.
    Undo,
    /// Shows the jobs.
    Jobs,
    /// Shows the journal of changes.
    Journal,
    /// Opens the menu of texts to copy to the clipboard.
    Yank,
    /// Shows the text of the focused pane in the pager.
    Pager,
    /// Asks the server again.
    Refresh,
    /// Forgets everything about the registry and asks again.
    Reload,
    /// Shows hidden items, or hides them again.
    Hidden,
    /// Shows repositories as a tree, or flat again.
    Tree,
    /// Opens a registry, a repository or an image by name.
    Open,
    /// Shows the request log.
    Requests,
    /// Shows the messages.
    Messages,
    /// Shows help for the focused pane.
    Help,
    /// Suspends the process.
    Suspend,
    /// Draws every cell again.
    Repaint,
    /// Leaves regtui.
    Quit,
}

impl Action {
    /// Returns whether the action acts on the marks or on the row under the cursor, so that it matters which rows these
    /// are.
    pub fn is_about_rows(self) -> bool {
        use Action::{Copy, Delete, Mark, MarkRange, Put, Retag, Take, Yank};
        matches!(self, Copy | Delete | Mark | MarkRange | Put | Retag | Take | Yank)
    }
}
