//! How long regtui waits for servers, and how often it tries.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How much longer than other responses the head of a list may take. Servers that keep their content in object storage
/// read all of it for a catalog, which takes minutes: <https://github.com/distribution/distribution/issues/3678>.
const LIST_FACTOR: u32 = 10;

/// Most tries of a request that is not answered in time. With the default timeouts they take three and a half minutes.
const PATIENT_TRIES: u32 = 3;

/// The timeouts and the number of tries. Tests use shorter ones.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// For connecting.
    pub connect: Duration,
    /// For a server on this machine to answer a TLS greeting, before it is asked in plain HTTP as well.
    pub silence: Duration,
    /// For the head of a response, at the first try. Each further try waits twice as long as the one before. Lists wait
    /// [`LIST_FACTOR`] times as long, and are not asked for a second time after that: the server may still be busy with
    /// the first request.
    pub headers: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
    /// For the whole of an answer that is kept in memory. Content that is streamed has no such limit.
    pub whole: Duration,
    /// Bytes a second that a body must bring on average, once the client has waited for it longer than `idle`.
    pub min_bytes_per_second: u64,
    /// Tries of one request, the first included. After a wait for nothing there are [`PATIENT_TRIES`] at most.
    pub tries: u32,
    /// The wait before the second try. It is doubled before each further one.
    pub backoff: Duration,
    /// The longest wait that a server may impose. If it asks for more, the request fails instead.
    pub longest_wait: Duration,
    /// For a credential helper.
    pub helper: Duration,
    /// For a server that accepted a change to show it: some put deletes off by seconds.
    pub visibility: Duration,
    /// For the first answer of a vendor's own API with everything that it takes, before the registry API alone is used.
    pub own_api: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(10),
            silence: Duration::from_millis(300),
            headers: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            whole: Duration::from_secs(300),
            min_bytes_per_second: 1024,
            tries: 4,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            helper: Duration::from_secs(10),
            visibility: Duration::from_secs(10),
            own_api: Duration::from_millis(1_500),
        }
    }
}

impl Timeouts {
    /// Returns the same timeouts with another time to wait for a server that stays silent, before an answer and in the
    /// middle of it.
    pub(crate) fn with_silence_of(self, seconds: u32) -> Timeouts {
        let time = Duration::from_secs(seconds.into());
        Timeouts { headers: time, idle: time, whole: time.saturating_mul(LIST_FACTOR), ..self }
    }

    /// Returns the timeouts for a mirror: it is tried once, and soon given up.
    pub(crate) fn for_mirrors(&self) -> Timeouts {
        let longest = |time: Duration| time.min(Duration::from_secs(5));
        Timeouts {
            connect: longest(self.connect),
            headers: longest(self.headers),
            idle: self.idle.min(Duration::from_secs(10)),
            tries: 1,
            longest_wait: Duration::ZERO,
            ..self.clone()
        }
    }

    /// Returns how long a try of a request waits for the head of the response. The first try has the number 1.
    pub(crate) fn for_head(&self, is_list: bool, attempt: u32) -> Duration {
        let factor = if is_list { LIST_FACTOR } else { 1 << attempt.saturating_sub(1).min(PATIENT_TRIES) };
        self.headers.saturating_mul(factor)
    }

    /// Returns the number of tries of a request that is not answered in time.
    pub(crate) fn tries_in_silence(&self, is_list: bool) -> u32 {
        if is_list { 1 } else { self.tries.min(PATIENT_TRIES) }
    }

    /// Returns the wait before try number `tries + 1`. It doubles each time, with a random fifth more or less so that many
    /// clients do not return at once.
    pub(crate) fn backoff(&self, tries: u32) -> Duration {
        let doubled = self.backoff.saturating_mul(1 << tries.saturating_sub(1).min(10));
        let random = RandomState::new().hash_one(tries) % 1000;
        doubled.mul_f64(0.8 + 0.4 * random as f64 / 1000.0).min(self.longest_wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_try_waits_longer_than_the_one_before_and_lists_wait_longest() {
        let timeouts = Timeouts::default();
        let waits = |is_list| [1, 2, 3].map(|attempt| timeouts.for_head(is_list, attempt).as_secs());
        assert_eq!(waits(false), [30, 60, 120]);
        assert_eq!(waits(true), [300, 300, 300]);
        assert_eq!((timeouts.tries_in_silence(false), timeouts.tries_in_silence(true)), (3, 1));
        let patient = Timeouts::default().with_silence_of(90);
        assert_eq!((patient.for_head(false, 1).as_secs(), patient.for_head(true, 1).as_secs()), (90, 900));
        assert_eq!(patient.whole.as_secs(), 900);
    }

    #[test]
    fn waits_double_and_have_an_end() {
        let timeouts = Timeouts::default();
        for tries in 1..40 {
            let wait = timeouts.backoff(tries);
            let middle = timeouts.backoff.saturating_mul(1 << (tries - 1).min(10));
            assert!(wait <= timeouts.longest_wait);
            assert!(wait >= middle.mul_f64(0.79).min(timeouts.longest_wait) && wait <= middle.mul_f64(1.21));
        }
    }
}
