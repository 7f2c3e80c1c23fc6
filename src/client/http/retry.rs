//! The highest layer: the one loop that sends again after a failure.
//!
//! Everything that is tried again is a [`Retried`]: a single request, a change of a tag, a blob that is read. Its rule
//! says how long to wait, and after the wait it may look whether another try is still wanted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::backoffs::{Backoffs, seconds};
use super::timeouts::Timeouts;
use crate::client::error::{Cause, Error};

/// When work that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryRule {
    /// The number of failures without progress, this one included.
    pub(crate) failures: u32,
    /// The wait before the next try.
    pub(crate) wait: RetryWait,
}

/// The wait before the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryWait {
    /// The server's own wish, or else a wait that grows with the failures; no further try after a failure that is not
    /// transient.
    ByCause,
    /// As by cause, but the first further try is at once.
    ByCauseAtOnce,
    /// A wait that grows with the failures, whatever the cause: a server that does not listen any more may be
    /// restarting.
    Growing,
    /// This long, whatever the cause.
    Fixed(Duration),
    /// No further try.
    Never,
}

/// Work that is tried again if it fails.
pub(crate) trait Retried: Send {
    /// The result of a success.
    type Output: Send;

    /// Does the work. The first try has the number 1.
    fn attempt(&mut self, number: u32) -> impl Future<Output = Result<Self::Output, Error>> + Send;

    /// Returns the rule for the next try after the given number of tries, the last of which failed with `error`.
    fn rule(&mut self, error: &Error, tries: u32) -> RetryRule {
        let _ = error;
        RetryRule { failures: tries, wait: RetryWait::ByCause }
    }

    /// Looks, after the wait, whether another try is still wanted. If it is not, `error` is the result.
    fn is_still_wanted(&mut self, error: &Error) -> impl Future<Output = bool> + Send {
        let _ = error;
        async { true }
    }
}

/// The retries of all requests to one registry: they share the pauses that the registry asks for.
#[derive(Debug)]
pub(crate) struct Retries {
    timeouts: Timeouts,
    backoffs: Arc<Backoffs>,
    paused_until: Mutex<Option<Instant>>,
}

impl Retries {
    /// Creates the retries of a registry. Waits are reported to `backoffs`.
    pub(crate) fn new(timeouts: Timeouts, backoffs: Arc<Backoffs>) -> Retries {
        Retries { timeouts, backoffs, paused_until: Mutex::default() }
    }

    /// Does work until it succeeds, or another try would not help or is not wanted any more. The error holds the number
    /// of failures. The token ends the waits between the tries.
    pub(crate) async fn run<R: Retried>(
        &self,
        retried: &mut R,
        stop: Option<&CancellationToken>,
    ) -> Result<R::Output, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match retried.attempt(tries).await {
                Ok(output) => return Ok(output),
                Err(error) => error,
            };
            let rule = retried.rule(&error, tries);
            let error = Error { tries: rule.failures, ..error };
            self.wait(&error, rule, stop).await?;
            if !retried.is_still_wanted(&error).await {
                return Err(error);
            }
        }
    }

    /// Waits before the next try. All waits before a further try go through here, so that they can be reported. Fails
    /// with `error` if there is no further try, or as stopped if the token stops the wait.
    pub(crate) async fn wait(
        &self,
        error: &Error,
        rule: RetryRule,
        stop: Option<&CancellationToken>,
    ) -> Result<(), Error> {
        let RetryRule { failures, .. } = rule;
        let Some(wait) = self.next_wait(&error.cause, rule) else {
            return Err(Error { tries: failures, ..error.clone() });
        };
        if wait.is_zero() && stop.is_none() {
            return Ok(());
        }
        let _reported = self.backoffs.begin(error, failures, self.timeouts.tries, wait);
        let sleep = tokio::time::sleep(wait);
        let Some(stop) = stop else {
            sleep.await;
            return Ok(());
        };
        let slept = stop.run_until_cancelled(sleep).await;
        slept.ok_or_else(|| Error::unsent(error.host.clone(), Cause::Stopped))
    }

    /// Returns the wait before the next try, or `None` if there is none. A server that names a time, or that says that
    /// there are too many requests, pauses all requests to the host, also if the request that failed is not sent again.
    fn next_wait(&self, cause: &Cause, rule: RetryRule) -> Option<Duration> {
        let growing = || (rule.failures < self.timeouts.tries).then(|| self.timeouts.backoff(rule.failures));
        match rule.wait {
            RetryWait::Fixed(wait) => Some(wait),
            RetryWait::Growing => growing(),
            _ if *cause == Cause::Refused && self.backoffs.has_answered() => {
                growing().filter(|_| rule.wait != RetryWait::Never)
            }
            _ if rule.failures >= self.timeouts.tries || !cause.is_transient() => None,
            RetryWait::ByCause => self.wait_by_cause(cause, rule.failures),
            RetryWait::ByCauseAtOnce => self.wait_by_cause(cause, rule.failures).map(|_| Duration::ZERO),
            RetryWait::Never => {
                self.wait_by_cause(cause, rule.failures);
                None
            }
        }
    }

    fn wait_by_cause(&self, cause: &Cause, failures: u32) -> Option<Duration> {
        match cause {
            Cause::Status { wait: Some(wait), .. } if *wait > self.timeouts.longest_wait => None,
            Cause::Status { wait: Some(wait), status, .. } => {
                if matches!(status, 429 | 503) {
                    self.pause(*wait);
                }
                Some(*wait)
            }
            Cause::Status { status: 429, .. } => {
                // Requests that go on meanwhile would be refused too.
                let wait = self.timeouts.backoff(failures);
                self.pause(wait);
                Some(wait)
            }
            _ => Some(self.timeouts.backoff(failures)),
        }
    }

    /// Pauses all requests to the host.
    fn pause(&self, wait: Duration) {
        let mut pause = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *pause = (*pause).max(Some(Instant::now() + wait));
    }

    /// Waits until the pause is over that the registry asked for.
    pub(crate) async fn wait_for_pause_end(&self) {
        if let Some(until) = self.paused_until() {
            tokio::time::sleep_until(until.into()).await;
        }
    }

    /// Returns whether the registry asked for a pause that is not over.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused_until().is_some_and(|until| until > Instant::now())
    }

    /// Describes why a request waits, if one does.
    pub(crate) fn describe_wait(&self) -> Option<String> {
        let now = Instant::now();
        let asked = || {
            let until = self.paused_until().filter(|until| *until > now)?;
            Some(format!("asked to, goes on in {} s", seconds(until, now)))
        };
        self.backoffs.describe(now).or_else(asked)
    }

    /// Returns the waits of this registry.
    pub(crate) fn backoffs(&self) -> &Backoffs {
        &self.backoffs
    }

    fn paused_until(&self) -> Option<Instant> {
        *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ErrorBody;

    fn retries() -> Retries {
        let timeouts = Timeouts { tries: 3, longest_wait: Duration::from_secs(2), ..Timeouts::default() };
        Retries::new(Timeouts { backoff: Duration::ZERO, ..timeouts }, Arc::default())
    }

    fn status(status: u16, wait: Option<u64>) -> Cause {
        Cause::Status { status, body: ErrorBody::default(), wait: wait.map(Duration::from_secs) }
    }

    /// Fails with each of these causes, one after the other, and then succeeds.
    struct Failing {
        causes: Vec<Cause>,
        tries: u32,
        is_wanted: bool,
        wait: RetryWait,
    }

    impl Failing {
        fn with(causes: &[Cause]) -> Failing {
            Failing { causes: causes.to_vec(), tries: 0, is_wanted: true, wait: RetryWait::ByCause }
        }
    }

    impl Retried for Failing {
        type Output = u32;

        async fn attempt(&mut self, number: u32) -> Result<u32, Error> {
            self.tries = number;
            if self.causes.is_empty() {
                Ok(number)
            } else {
                Err(Error::unsent("r.test", self.causes.remove(0)))
            }
        }

        fn rule(&mut self, _: &Error, tries: u32) -> RetryRule {
            RetryRule { failures: tries, wait: self.wait }
        }

        async fn is_still_wanted(&mut self, _: &Error) -> bool {
            self.is_wanted
        }
    }

    async fn tries(failing: &mut Failing) -> (u32, bool) {
        let ended = retries().run(failing, None).await;
        (failing.tries, ended.is_ok())
    }

    #[tokio::test]
    async fn work_is_tried_again_as_often_as_it_may_help() {
        let busy = || status(503, None);
        assert_eq!(tries(&mut Failing::with(&[])).await, (1, true));
        assert_eq!(tries(&mut Failing::with(&[busy(), Cause::TooSlow])).await, (3, true));
        assert_eq!(tries(&mut Failing::with(&[busy(), busy(), busy()])).await, (3, false));
        assert_eq!(tries(&mut Failing::with(&[status(403, None)])).await, (1, false));
        assert_eq!(tries(&mut Failing::with(&[Cause::Refused])).await, (1, false));
        assert_eq!(
            tries(&mut Failing::with(&[status(429, Some(9))])).await,
            (1, false),
            "longer than is waited"
        );
        let unwanted = Failing { is_wanted: false, ..Failing::with(&[busy()]) };
        assert_eq!(tries(&mut { unwanted }).await, (1, false));
        let growing = Failing { wait: RetryWait::Growing, ..Failing::with(&[Cause::Refused]) };
        assert_eq!(tries(&mut { growing }).await, (2, true));
        let never = Failing { wait: RetryWait::Never, ..Failing::with(&[busy()]) };
        assert_eq!(tries(&mut { never }).await, (1, false));
    }

    #[tokio::test]
    async fn a_server_that_does_not_listen_any_more_is_waited_for_if_it_has_answered_before() {
        let retries = retries();
        retries.backoffs().record_answer();
        let mut failing = Failing::with(&[Cause::Refused]);
        assert_eq!(retries.run(&mut failing, None).await.ok(), Some(2));
    }

    #[tokio::test]
    async fn the_error_holds_the_number_of_failures() {
        let mut failing = Failing::with(&[status(500, None), status(404, None)]);
        assert_eq!(retries().run(&mut failing, None).await.map_err(|error| error.tries), Err(2));
    }

    #[test]
    fn a_server_that_names_a_time_pauses_its_host_even_if_the_request_is_not_sent_again() {
        for wait in [RetryWait::ByCause, RetryWait::Never] {
            let retries = retries();
            retries.next_wait(&status(429, Some(1)), RetryRule { failures: 1, wait });
            assert!(retries.paused_until().is_some(), "{wait:?}");
        }
        let retries = retries();
        retries.next_wait(&status(429, None), RetryRule { failures: 1, wait: RetryWait::ByCause });
        assert!(retries.paused_until().is_some(), "too many requests");
        let retries = self::retries();
        retries.next_wait(&status(503, None), RetryRule { failures: 1, wait: RetryWait::ByCause });
        assert_eq!(retries.paused_until(), None);
        retries.next_wait(&status(429, Some(60)), RetryRule { failures: 1, wait: RetryWait::ByCause });
        assert_eq!(retries.paused_until(), None);
    }

    #[tokio::test]
    async fn a_stop_ends_the_wait() {
        let (retries, stop) = (retries(), CancellationToken::new());
        stop.cancel();
        let error = Error::unsent("r.test", status(503, Some(2)));
        let rule = RetryRule { failures: 1, wait: RetryWait::ByCause };
        let stopped = retries.wait(&error, rule, Some(&stop)).await.expect_err("it is stopped");
        assert!(stopped.is_stopped());
    }
}
