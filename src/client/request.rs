//! What is asked, and what came back.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use super::body::Hold;
use super::error::Cause;
use super::limit::Priority;
use super::payload::Payload;
use super::scope::Scope;
use super::tls::Reuse;

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET` and the like.
    pub method: Method,
    /// On the registry's own origin, or an upload's location.
    pub url: Url,
    /// The `Accept` header.
    pub accept: &'static str,
    /// More headers.
    pub headers: HeaderMap,
    /// Its body.
    pub payload: Payload,
    /// What the token must allow.
    pub scope: Scope,
    /// Most bytes of the answer.
    pub cap: u64,
    /// Who waits.
    pub lane: Priority,
    /// Whether it is sent once and not again when it fails: for what is not the same the second time.
    pub once: bool,
    /// Whether it has a connection of its own, or one that others came over and that may be near its end.
    pub reuse: Reuse,
}

impl Request {
    /// A request without a body or any request about the answer, which may have a mebibyte.
    pub fn new(method: Method, url: Url, scope: Scope, lane: Priority) -> Request {
        let (headers, payload, reuse) = (HeaderMap::new(), Payload::None, Reuse::Kept);
        let cap = 1024 * 1024;
        Request { method, url, accept: "*/*", headers, payload, scope, cap, lane, once: false, reuse }
    }
}

/// An answer that was a success.
#[derive(Debug)]
pub struct HttpAnswer {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, whole.
    pub body: Bytes,
    /// Where it came from in the end.
    pub url: Url,
    /// For a large body, its turn to be looked through.
    pub _hold: Option<Hold>,
}

impl HttpAnswer {
    /// A header as text, if it is there and is ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Fails on a body that is a web page.
    pub fn json(&self) -> Result<&Bytes, Cause> {
        match self.body.trim_ascii_start().starts_with(b"<") {
            true => Err(Cause::WebPage),
            false => Ok(&self.body),
        }
    }
}
