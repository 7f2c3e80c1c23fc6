//! How long regtui waits for servers, and how often it tries.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The timeouts and the number of tries. Tests use shorter ones.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// For connecting.
    pub connect: Duration,
    /// For a server on this machine to answer a TLS greeting, before it is asked in plain HTTP as well.
    pub silence: Duration,
    /// For the head of a response.
    pub headers: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
    /// Bytes a second that a body must bring on average, once the client has waited for it longer than `idle`.
    pub min_bytes_per_second: u64,
    /// Tries of one request, the first included.
    pub tries: u32,
    /// The wait before the second try. It is doubled before each further one.
    pub backoff: Duration,
    /// The longest wait that a server may impose. If it asks for more, the request fails instead.
    pub longest_wait: Duration,
    /// For a credential helper.
    pub helper: Duration,
    /// For a server that accepted a change to show it: some put deletes off by seconds.
    pub visibility: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(10),
            silence: Duration::from_millis(300),
            headers: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            min_bytes_per_second: 1024,
            tries: 4,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            helper: Duration::from_secs(10),
            visibility: Duration::from_secs(10),
        }
    }
}

impl Timeouts {
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
