//! The state that all lists share: which rows are shown in which order, the cursor, the scroll offset, the filter, marks.

use std::collections::HashSet;
use std::ops::Range;

/// A list on the screen, over items that its owner keeps.
#[derive(Debug, Default)]
pub struct List {
    /// Indices of the items shown, in the order shown.
    pub rows: Vec<u32>,
    /// The row under the cursor: an index into `rows`.
    pub cursor: usize,
    /// The first row drawn: an index into `rows`.
    pub offset: usize,
    /// Rows that fit on the screen, from the last layout.
    pub height: usize,
    /// What is typed to filter; empty for no filter.
    pub filter: String,
    /// Marked items, by index of the item.
    pub marks: HashSet<u32>,
    /// Where a range of marks began: an index into `rows`.
    pub range_from: Option<usize>,
}

impl List {
    /// The item under the cursor.
    pub fn selected(&self) -> Option<usize> {
        self.rows.get(self.cursor).map(|item| *item as usize)
    }

    /// The rows drawn: a range of `rows`.
    pub fn window(&self) -> Range<usize> {
        let end = (self.offset + self.height).min(self.rows.len());
        self.offset.min(end)..end
    }

    /// Whether a filter hides rows.
    pub fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }
}

/// A list that comes page by page. Rows appear as pages arrive; a refresh replaces them only when it is complete.
#[derive(Debug)]
pub struct Paged<T> {
    /// The items known, in the order of the server, each once.
    pub items: Vec<T>,
    /// Pages of a refresh in progress.
    pub incoming: Option<Vec<T>>,
    /// The page that is awaited.
    pub pending: Option<super::remote::Ticket>,
    /// Why the last page did not come.
    pub failure: Option<crate::model::failure::Failure>,
    /// Whether the last page has come.
    pub complete: bool,
    /// Why the list may miss something.
    pub incomplete: Option<crate::model::text::SafeText>,
    /// When the first page came.
    pub at: Option<jiff::Timestamp>,
}

impl<T> Default for Paged<T> {
    fn default() -> Paged<T> {
        Paged {
            items: Vec::new(),
            incoming: None,
            pending: None,
            failure: None,
            complete: false,
            incomplete: None,
            at: None,
        }
    }
}
