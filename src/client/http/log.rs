//! The report of every request, for the request log and the log file. No secret gets here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::{Method, Url};

use super::origin::Origin;
use crate::model::reference::Host;
use crate::model::request_line::{AwaitedRequest, RequestLine};
use crate::model::text::SafeText;

/// Takes the line of each request that ended, and knows the requests that are under way.
#[derive(Clone, Default)]
pub struct Sink {
    take: Option<Arc<dyn Fn(RequestLine) + Send + Sync>>,
    awaited: Arc<Mutex<AwaitedRequests>>,
}

/// The requests that are under way.
#[derive(Default)]
struct AwaitedRequests {
    last: u64,
    /// Each request with its number, in the order in which they were sent.
    all: BTreeMap<u64, (Instant, AwaitedRequest)>,
}

impl Sink {
    /// Creates a sink that calls `take`.
    pub fn new(take: impl Fn(RequestLine) + Send + Sync + 'static) -> Sink {
        Sink { take: Some(Arc::new(take)), awaited: Arc::default() }
    }

    /// Returns the requests whose answers are awaited, the oldest first.
    pub(crate) fn awaited(&self) -> Vec<AwaitedRequest> {
        let awaited = self.lock();
        let all = awaited.all.values();
        all.map(|(start, request)| AwaitedRequest { waited: start.elapsed(), ..request.clone() }).collect()
    }

    /// Begins the line of a request that starts now, for this registry. `attempt` is the number of the try and the
    /// number of tries if the server stays silent.
    pub(crate) fn begin(
        &self,
        registry: &Host,
        method: &Method,
        url: SafeText,
        attempt: (u32, u32),
    ) -> LogLine {
        let line = RequestLine {
            at: Timestamp::now(),
            method: name_of(method),
            url,
            status: None,
            took: Duration::ZERO,
            bytes: 0,
            attempt: attempt.0,
            failure: None,
            budget: None,
        };
        let request = AwaitedRequest {
            registry: registry.clone(),
            at: line.at,
            method: line.method,
            url: line.url.clone(),
            waited: Duration::ZERO,
            attempt: attempt.0,
            tries: attempt.1,
        };
        let start = Instant::now();
        let mut awaited = self.lock();
        awaited.last += 1;
        let number = awaited.last;
        awaited.all.insert(number, (start, request));
        drop(awaited);
        LogLine { line, start, number, sink: self.clone() }
    }

    fn send(&self, line: RequestLine) {
        tracing::debug!(
            method = line.method,
            url = line.url.as_str(),
            status = line.status,
            ms = line.took.as_millis() as u64,
            bytes = line.bytes,
            attempt = line.attempt,
            failure = line.failure.as_ref().map(SafeText::as_str),
            "request"
        );
        if let Some(take) = &self.take {
            take(line);
        }
    }

    fn lock(&self) -> MutexGuard<'_, AwaitedRequests> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line of a request that is under way. The request is awaited until this value is dropped.
#[derive(Debug)]
pub(crate) struct LogLine {
    /// Everything that is known so far.
    pub(crate) line: RequestLine,
    start: Instant,
    number: u64,
    sink: Sink,
}

impl LogLine {
    /// Removes the request from those that are awaited: the content of a stream is awaited piece by piece, and the code
    /// that reads it shows its progress.
    pub(crate) fn begin_stream(&self) {
        self.sink.lock().all.remove(&self.number);
    }

    /// Ends the request and reports its line.
    pub(crate) fn end(&mut self) {
        self.line.took = self.start.elapsed();
        self.sink.send(self.line.clone());
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        self.sink.lock().all.remove(&self.number);
    }
}

fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "OTHER",
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sink")
    }
}

/// Returns a URL in the form that may be shown: on the registry's own origin [`redact`], elsewhere only the origin.
/// An address to which a registry leads is often a key to its content, in its path as well as in its query.
pub(crate) fn display_url(url: &Url, own: Option<&Origin>) -> SafeText {
    match Origin::of(url) {
        Some(origin) if own == Some(&origin) => redact(url),
        Some(origin) => SafeText::from(origin.to_string()),
        None => "an address that is not HTTP".into(),
    }
}

/// Returns a URL without user information and without the values of its query, except the parameters of the registry
/// API.
fn redact(url: &Url) -> SafeText {
    let mut text = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        text.push_str(&format!(":{port}"));
    }
    text.push_str(url.path());
    let mut joint = '?';
    for (name, value) in url.query_pairs() {
        let value = if matches!(
            name.as_ref(),
            "n" | "last" | "artifactType" | "service" | "scope" | "digest" | "mount" | "from"
        ) {
            value
        } else {
            "…".into()
        };
        text.push_str(&format!("{joint}{name}={value}"));
        joint = '&';
    }
    SafeText::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_pending_until_its_line_is_dropped() {
        let sink = Sink::default();
        let host = Host::parse("r.test").expect("a host");
        let begin = |attempt| sink.begin(&host, &Method::GET, "https://r.test/v2/".into(), (attempt, 3));
        let (first, mut second) = (begin(1), begin(2));
        let attempts = || sink.awaited().iter().map(|request| request.attempt).collect::<Vec<_>>();
        assert_eq!(attempts(), [1, 2]);
        drop(first);
        second.end();
        assert_eq!(attempts(), [2]);
        drop(second);
        assert_eq!(attempts(), [0; 0]);
    }

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        let url = "https://user:word@h:444/v2/x?n=5&_state=abc&X-Amz-Signature=def#f".parse().expect("a url");
        let own = Origin::of(&url);
        assert_eq!(
            display_url(&url, own.as_ref()).as_str(),
            "https://h:444/v2/x?n=5&_state=…&X-Amz-Signature=…"
        );
    }

    #[test]
    fn only_scheme_and_host_of_other_origins_are_shown() {
        let url = |text: &str| text.parse::<Url>().expect("a url");
        let own = Origin::of(&url("https://h:444/"));
        for (text, expected) in [
            ("https://user:word@storage.test/key/in/path?n=5&sig=abc", "https://storage.test"),
            ("http://h:444/v2/x?n=5", "http://h:444"),
            ("https://h/v2/x", "https://h"),
        ] {
            assert_eq!(display_url(&url(text), own.as_ref()).as_str(), expected);
            assert_eq!(display_url(&url(text), None).as_str(), expected);
        }
    }
}
