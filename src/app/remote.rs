//! Values that are loaded from a registry or the disk, with the awaited answer and the last failure.
//!
//! This module drops late answers to old questions.

use jiff::Timestamp;

use crate::model::failure::Failure;

/// The number of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

/// The source of tickets, each issued once.
#[derive(Debug, Default)]
pub struct Tickets(u64);

impl Tickets {
    /// Issues a new ticket.
    pub fn issue(&mut self) -> Ticket {
        self.0 += 1;
        Ticket(self.0)
    }
}

/// A value that is loaded. The old value stays while a newer one is awaited, and also if that one fails to come.
#[derive(Debug, Clone)]
pub struct Remote<T> {
    /// The newest value known.
    pub value: Option<T>,
    /// The failure of the last question, if it failed.
    pub failure: Option<Failure>,
    /// The ticket of the open question.
    pub(crate) pending: Option<Ticket>,
    /// The time when the value came.
    pub at: Option<Timestamp>,
}

impl<T> Default for Remote<T> {
    fn default() -> Remote<T> {
        Remote { value: None, failure: None, pending: None, at: None }
    }
}

impl<T> Remote<T> {
    /// Notes that a question is open. Answers to earlier ones are refused from now on.
    pub(crate) fn ask(&mut self, ticket: Ticket) {
        self.pending = Some(ticket);
    }

    /// Notes that the value may be outdated. It stays until a newer one comes. An answer still awaited is given up.
    pub(crate) fn mark_outdated(&mut self) {
        *self = Remote { value: self.value.take(), ..Remote::default() };
    }

    /// Notes that a question that failed may succeed now.
    pub(crate) fn clear_failure(&mut self) {
        if self.failure.is_some() {
            self.mark_outdated();
        }
    }

    /// Returns whether no current value is known, no question failed and none is open.
    pub(crate) fn is_unasked(&self) -> bool {
        self.at.is_none() && self.failure.is_none() && self.pending.is_none()
    }

    /// Gives up the open question.
    pub(crate) fn cancel(&mut self) {
        self.pending = None;
    }

    /// Notes that the answer did not come. The value known stays.
    pub(crate) fn fail(&mut self, failure: Failure) {
        self.pending = None;
        self.failure = Some(failure);
    }

    /// Takes the answer if it is the awaited one, and returns whether it was.
    pub(crate) fn answer(&mut self, ticket: Ticket, answer: Result<T, Failure>, now: Timestamp) -> bool {
        if self.pending != Some(ticket) {
            return false;
        }
        self.pending = None;
        match answer {
            Ok(value) => *self = Remote { value: Some(value), failure: None, pending: None, at: Some(now) },
            Err(failure) => self.failure = Some(failure),
        }
        true
    }

    /// Returns whether an answer is awaited.
    pub fn is_loading(&self) -> bool {
        self.pending.is_some()
    }
}
