//! Where every request is reported, for the request log and the log file. Nothing secret gets here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::{Method, Url};

use crate::model::request::RequestLine;
use crate::model::text::SafeText;

/// Takes the line of each request that ended.
#[derive(Clone, Default)]
pub struct Sink(Option<Arc<dyn Fn(RequestLine) + Send + Sync>>);

impl Sink {
    /// A sink that calls `take`.
    pub fn new(take: impl Fn(RequestLine) + Send + Sync + 'static) -> Sink {
        Sink(Some(Arc::new(take)))
    }

    /// The line of a request that begins now.
    pub(super) fn begin(&self, method: &Method, url: &Url, attempt: u32) -> Entry {
        let line = RequestLine {
            at: Timestamp::now(),
            method: name_of(method),
            url: redacted(url),
            status: None,
            took: Duration::ZERO,
            bytes: 0,
            attempt,
            failure: None,
        };
        Entry { line, start: Instant::now(), sink: self.clone() }
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
        if let Some(take) = &self.0 {
            take(line);
        }
    }
}

/// The line of a request that is under way.
#[derive(Debug)]
pub(super) struct Entry {
    /// What is known so far.
    pub line: RequestLine,
    start: Instant,
    sink: Sink,
}

impl Entry {
    /// The request is over: its line is reported.
    pub fn end(&mut self) {
        self.line.took = self.start.elapsed();
        self.sink.send(self.line.clone());
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

/// A URL without user information and without the values of its query, except those that only page a list.
pub fn redacted(url: &Url) -> SafeText {
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
    fn a_url_is_shown_without_its_secrets() {
        let url = "https://user:word@h:444/v2/x?n=5&_state=abc&X-Amz-Signature=def#f".parse().expect("a url");
        assert_eq!(redacted(&url).as_str(), "https://h:444/v2/x?n=5&_state=…&X-Amz-Signature=…");
    }
}
