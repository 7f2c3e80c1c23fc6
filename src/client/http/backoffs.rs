//! Requests that wait to be sent again, in words for the code that shows the progress of a change.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::client::error::{Cause, Error, Peer};

/// The requests to one registry that wait to be sent again.
#[derive(Debug, Default)]
pub(crate) struct Backoffs(Mutex<BackoffState>);

#[derive(Debug, Default)]
struct BackoffState {
    all: Vec<Waiting>,
    /// Changes that the registry accepted and does not show yet, each with the time since when.
    not_visible_yet: Vec<(u64, Instant)>,
    last: u64,
    /// The first failure without a response since the registry last answered.
    silent_since: Option<Instant>,
    /// Whether the registry has ever answered. If it has and does not listen any more, it may be restarting.
    has_answered: bool,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    /// `connection refused`.
    why: String,
    /// `try 2 of 4`. `None` if nothing answers: the time is shown then, since one request leads to others.
    tries: Option<String>,
    until: Instant,
}

/// A wait that is reported as long as this value lives.
#[derive(Debug)]
pub(crate) struct BackoffGuard<'a> {
    waits: &'a Backoffs,
    number: u64,
}

impl Backoffs {
    /// Begins the wait of a request whose try number `tries` of `most` failed with `error`, and which is sent again
    /// after `wait`.
    pub(crate) fn begin(&self, error: &Error, tries: u32, most: u32, wait: Duration) -> BackoffGuard<'_> {
        let (mut state, now) = (self.lock(), Instant::now());
        state.last += 1;
        let has_answered = error.cause.status().is_some();
        if !has_answered {
            state.silent_since.get_or_insert(now);
        }
        let waiting = Waiting {
            number: state.last,
            why: match &error.peer {
                Peer::Registry => describe_cause(&error.cause),
                peer => format!("{peer}: {}", describe_cause(&error.cause)),
            },
            tries: has_answered.then(|| format!("try {} of {most}", tries + 1)),
            until: now + wait,
        };
        let number = waiting.number;
        state.all.push(waiting);
        BackoffGuard { waits: self, number }
    }

    /// Begins the wait for a change that the registry accepted and does not show yet.
    pub(crate) fn begin_visibility_wait(&self) -> BackoffGuard<'_> {
        let mut state = self.lock();
        state.last += 1;
        let number = state.last;
        state.not_visible_yet.push((number, Instant::now()));
        BackoffGuard { waits: self, number }
    }

    /// Records that the registry answered.
    pub(crate) fn record_answer(&self) {
        let mut state = self.lock();
        state.silent_since = None;
        state.has_answered = true;
    }

    /// Returns whether the registry has ever answered.
    pub(crate) fn has_answered(&self) -> bool {
        self.lock().has_answered
    }

    /// Describes the wait, if there is one: `connection refused for 7 s, next try in 2 s`.
    pub(crate) fn describe(&self, now: Instant) -> Option<String> {
        let state = self.lock();
        let Some(longest) = state.all.iter().max_by_key(|waiting| waiting.until) else {
            let since = state.not_visible_yet.iter().map(|(_, since)| *since).min()?;
            let seconds = now.saturating_duration_since(since).as_secs();
            return Some(format!("change not shown for {seconds} s")).filter(|_| seconds > 0);
        };
        let tries = match (&longest.tries, state.silent_since) {
            (Some(tries), _) => format!(", {tries}"),
            (None, Some(since)) => format!(" for {} s", now.saturating_duration_since(since).as_secs()),
            (None, None) => String::new(),
        };
        Some(format!("{}{tries}, next try in {} s", longest.why, seconds(longest.until, now)))
    }

    fn lock(&self) -> MutexGuard<'_, BackoffState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for BackoffGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.waits.lock();
        state.all.retain(|waiting| waiting.number != self.number);
        state.not_visible_yet.retain(|(number, _)| *number != self.number);
    }
}

/// Returns the seconds until a time, rounded up.
pub(crate) fn seconds(until: Instant, now: Instant) -> u64 {
    until.saturating_duration_since(now).as_millis().div_ceil(1000) as u64
}

/// Describes a cause in as few words as possible. The final failure gives the details.
fn describe_cause(cause: &Cause) -> String {
    match cause {
        Cause::Refused => "connection refused".into(),
        Cause::Connection(_) => "the connection broke".into(),
        Cause::Timeout(..) => "no answer in time".into(),
        Cause::TooSlow | Cause::Unfinished(_) => "too slow".into(),
        Cause::Storage(status) => status.to_string(),
        Cause::Status { status, body: said, wait } => {
            let code = said.code.as_ref().map_or(String::new(), |code| format!(" {code}"));
            match wait {
                Some(wait) => format!("{status}{code}, asked to wait {} s", wait.as_secs()),
                None => format!("{status}{code}"),
            }
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ErrorBody;

    #[test]
    fn a_wait_states_its_reason_its_length_and_the_next_try() {
        let waits = Backoffs::default();
        assert_eq!(waits.describe(Instant::now()), None);
        let error = |cause| Error::unsent("r.test", cause);
        let refused = waits.begin(&error(Cause::Refused), 1, 4, Duration::from_millis(2900));
        let now = Instant::now();
        let said = |after| waits.describe(now + Duration::from_secs(after));
        assert_eq!(said(0).as_deref(), Some("connection refused for 0 s, next try in 3 s"));
        assert_eq!(said(2).as_deref(), Some("connection refused for 2 s, next try in 1 s"));
        drop(refused);
        assert_eq!(said(0), None);
        let wait = Some(Duration::from_secs(20));
        let busy = Cause::Status { status: 429, body: ErrorBody::default(), wait };
        let busy = waits.begin(&error(busy), 1, 4, Duration::from_secs(20));
        assert_eq!(said(0).as_deref(), Some("429, asked to wait 20 s, try 2 of 4, next try in 20 s"));
        drop(busy);
        waits.record_answer();
        assert_eq!(said(0), None);
        let storage = Error { peer: Peer::Storage("s3.test".into()), ..error(Cause::Refused) };
        let away = waits.begin(&storage, 1, 4, Duration::from_millis(500));
        let text = "its storage `s3.test`: connection refused for 0 s, next try in 1 s";
        assert_eq!(said(0).as_deref(), Some(text));
        drop(away);
        waits.record_answer();
        let unshown = waits.begin_visibility_wait();
        let now = Instant::now();
        let said = |after| waits.describe(now + Duration::from_secs(after));
        assert_eq!(said(0), None);
        assert_eq!(said(3).as_deref(), Some("change not shown for 3 s"));
        drop(unshown);
        assert_eq!(said(3), None);
    }
}
