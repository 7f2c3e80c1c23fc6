//! Lists that come page by page.

use jiff::Timestamp;

use crate::app::remote::Ticket;
use crate::model::failure::Failure;
use crate::model::text::SafeText;

/// A list that comes page by page. Rows appear as pages arrive; a refresh replaces them only when it is complete.
#[derive(Debug)]
pub struct Paged<T> {
    /// The items known, in the order of the server, each once.
    pub items: Vec<T>,
    /// Pages of a refresh in progress.
    pub(crate) incoming: Option<Vec<T>>,
    /// The ticket of the awaited page.
    pub(crate) pending: Option<Ticket>,
    /// The reason why the last page did not come.
    pub failure: Option<Failure>,
    /// Whether the last page has come, of this list or of the one before the refresh in progress.
    pub complete: bool,
    /// The reason why the list may be incomplete.
    pub(crate) incomplete: Option<SafeText>,
    /// The time when the first page came or, once the list is complete, the last one.
    pub(crate) at: Option<Timestamp>,
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

/// The effect of a page on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageChange {
    /// Nothing shown has changed.
    Nothing,
    /// Items from this index on are new.
    Added(usize),
    /// All items may have changed.
    Replaced,
}

impl<T> Paged<T> {
    /// Returns whether a page is awaited.
    pub fn is_loading(&self) -> bool {
        self.pending.is_some()
    }

    /// Returns whether the list was asked for, whatever the result.
    pub(crate) fn was_requested(&self) -> bool {
        self.pending.is_some() || self.failure.is_some() || self.at.is_some()
    }

    /// Notes that the first page is asked for. The items shown stay until the last page has come.
    pub(crate) fn begin(&mut self, ticket: Ticket) {
        self.pending = Some(ticket);
        self.incoming = self.at.is_some().then(Vec::new);
    }

    /// Takes a page. `next` is the ticket of the question for the page after it.
    pub(crate) fn take(&mut self, page: Vec<T>, next: Option<Ticket>, now: Timestamp) -> PageChange {
        self.failure = None;
        self.pending = next;
        self.at.get_or_insert(now);
        if next.is_none() {
            self.complete = true;
            self.at = Some(now);
        }
        match (&mut self.incoming, next) {
            (Some(incoming), Some(_)) => {
                incoming.extend(page);
                PageChange::Nothing
            }
            (Some(incoming), None) => {
                incoming.extend(page);
                self.items = std::mem::take(incoming);
                self.incoming = None;
                PageChange::Replaced
            }
            (None, _) => {
                let from = self.items.len();
                self.items.extend(page);
                PageChange::Added(from)
            }
        }
    }

    /// Notes that a page did not come. The items known stay.
    pub(crate) fn fail(&mut self, failure: Failure) {
        self.pending = None;
        self.incoming = None;
        self.failure = Some(failure);
    }
}
