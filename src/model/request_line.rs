//! A request as the request log shows it. It holds no secret: user information and query values are removed.

use std::time::Duration;

use jiff::Timestamp;

use super::reference::Host;
use super::request_budget::RequestBudget;
use super::text::SafeText;

/// The time after which a wait for an answer is worth a sentence.
const LONG_WAIT: Duration = Duration::from_secs(2);

/// A request that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLine {
    /// The time at which the request was sent.
    pub at: Timestamp,
    /// The HTTP method: `GET`, `HEAD` and the like.
    pub method: &'static str,
    /// Origin and path, with the values of the query replaced by `…`.
    pub url: SafeText,
    /// The status; `None` if there was no answer.
    pub status: Option<u16>,
    /// The time from sending the request to the end of the body.
    pub took: Duration,
    /// The number of bytes of the answer's body.
    pub bytes: u64,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The error, if there was no answer.
    pub failure: Option<SafeText>,
    /// The registry and the requests that are left there, if the answer came from it and says so.
    pub budget: Option<Box<(Host, RequestBudget)>>,
}

/// A request whose answer is awaited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwaitedRequest {
    /// The registry for which the request was sent. The server may be another one, such as its token service.
    pub registry: Host,
    /// The time at which the request was sent.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: &'static str,
    /// Origin and path, with the values of the query replaced by `…`.
    pub url: SafeText,
    /// How long the answer has been awaited.
    pub waited: Duration,
    /// The number of the try, from 1.
    pub attempt: u32,
    /// The number of tries if the server stays silent.
    pub tries: u32,
}

impl AwaitedRequest {
    /// Returns whether the wait is long enough to be told.
    pub(crate) fn is_long(&self) -> bool {
        self.waited >= LONG_WAIT
    }

    /// Describes the wait: `waiting 12 s for registry.test, try 1 of 3`.
    pub(crate) fn describe(&self) -> SafeText {
        let tries = match self.tries {
            ..=1 => String::new(),
            tries => format!(", try {} of {tries}", self.attempt),
        };
        SafeText::from(format!("waiting {} s for {}{tries}", self.waited.as_secs(), self.server()))
    }

    /// Returns the server that the request was sent to, as in its URL.
    pub(crate) fn server(&self) -> &str {
        let url = self.url.as_str();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_names_its_length_the_server_and_the_try() {
        let waiting = |url: &str, attempt, tries| AwaitedRequest {
            registry: Host::parse("r.test").expect("a host"),
            at: Timestamp::UNIX_EPOCH,
            method: "GET",
            url: SafeText::from(url.to_string()),
            waited: Duration::from_millis(12_900),
            attempt,
            tries,
        };
        let table = [
            (waiting("https://r.test/v2/_catalog?n=1000", 1, 1), "waiting 12 s for r.test"),
            (waiting("https://r.test:5000/v2/a/tags/list", 2, 3), "waiting 12 s for r.test:5000, try 2 of 3"),
            (waiting("https://auth.test", 1, 3), "waiting 12 s for auth.test, try 1 of 3"),
        ];
        for (request, expected) in table {
            assert_eq!(request.describe().as_str(), expected);
        }
    }
}
