//! Values that come from afar: what is known, what is awaited, what went wrong.
//!
//! This is where a late answer to an old question is dropped.

use jiff::Timestamp;

use crate::model::failure::Failure;

/// Names one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

/// Hands out tickets, none twice.
#[derive(Debug, Default)]
pub struct Tickets(u64);

impl Tickets {
    /// A new ticket.
    pub fn issue(&mut self) -> Ticket {
        self.0 += 1;
        Ticket(self.0)
    }
}

/// A value that is loaded. The old one stays while a newer one is awaited, and when that fails.
#[derive(Debug, Clone)]
pub struct Remote<T> {
    /// The newest value known.
    pub value: Option<T>,
    /// Why the last question got no value.
    pub failure: Option<Failure>,
    /// The question that is open.
    pub pending: Option<Ticket>,
    /// When the value came.
    pub at: Option<Timestamp>,
}

impl<T> Default for Remote<T> {
    fn default() -> Remote<T> {
        Remote { value: None, failure: None, pending: None, at: None }
    }
}

impl<T> Remote<T> {
    /// Notes that a question is open. Answers to earlier ones are refused from now on.
    pub fn ask(&mut self, ticket: Ticket) {
        self.pending = Some(ticket);
    }

    /// Notes that the value may not hold any more; it stays until a newer one comes. Nobody waits for what was asked.
    pub fn outdate(&mut self) {
        *self = Remote { value: self.value.take(), ..Remote::default() };
    }

    /// Notes that what failed may not fail any more.
    pub fn outdate_failed(&mut self) {
        if self.failure.is_some() {
            self.outdate();
        }
    }

    /// Whether nothing is known that holds, and nobody asked.
    pub fn is_unasked(&self) -> bool {
        self.at.is_none() && self.failure.is_none() && self.pending.is_none()
    }

    /// Notes that nobody waits any more.
    pub fn give_up(&mut self) {
        self.pending = None;
    }

    /// Takes the answer if it is the one that is awaited; says whether it was.
    pub fn answer(&mut self, ticket: Ticket, answer: Result<T, Failure>, now: Timestamp) -> bool {
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

    /// Whether an answer is awaited.
    pub fn is_loading(&self) -> bool {
        self.pending.is_some()
    }
}
