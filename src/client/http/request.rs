//! A request to a registry, and its response.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use super::large_bodies::LargeBodyPermit;
use super::limit::Priority;
use super::payload::Payload;
use super::resume::PartsProof;
use super::scope::Scope;
use super::tls::Reuse;
use crate::client::error::Cause;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `GET` and the like.
    pub(crate) method: Method,
    /// A URL on the registry's own origin, or an upload's location.
    pub(crate) url: Url,
    /// The `Accept` header.
    pub(crate) accept: &'static str,
    /// More headers.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) payload: Payload,
    /// The right that the token must grant.
    pub(crate) scope: Scope,
    /// Most bytes of the response.
    pub(crate) cap: u64,
    /// The priority of the request.
    pub(crate) priority: Priority,
    /// Whether it is for a list, which may take the server minutes.
    pub(crate) is_list: bool,
    /// Whether it is sent once and not again after a failure, because a second try could have another effect.
    pub(crate) is_sent_once: bool,
    /// Whether the caller sends another request if this one fails. It is sent again only to a busy server then.
    pub(crate) has_fallback: bool,
    /// The proof by which the response may be put together from parts if its connection breaks. Without one, all of it is
    /// requested again.
    pub(crate) parts: Option<PartsProof>,
    /// Whether it has a connection of its own, or one that carried other requests and may be near its end.
    pub(crate) reuse: Reuse,
}

impl Request {
    /// Creates a request without a body and without conditions on the response, which may have a mebibyte.
    pub(crate) fn new(method: Method, url: Url, scope: Scope, priority: Priority) -> Request {
        let (headers, payload, reuse) = (HeaderMap::new(), Payload::None, Reuse::Pooled);
        let cap = 1024 * 1024;
        Request {
            method,
            url,
            accept: "*/*",
            headers,
            payload,
            scope,
            cap,
            priority,
            is_list: false,
            is_sent_once: false,
            has_fallback: false,
            parts: None,
            reuse,
        }
    }
}

/// A response.
#[derive(Debug)]
pub(crate) struct HttpAnswer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body, whole if it is a success.
    pub(crate) body: Bytes,
    /// The URL that it came from after all redirects.
    pub(crate) url: Url,
    /// The turn of a large body to be processed.
    pub(crate) _hold: Option<LargeBodyPermit>,
}

impl HttpAnswer {
    /// Returns a header as text, if it exists and is ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns whether the body is a web page.
    pub(crate) fn is_web_page(&self) -> bool {
        let body = self.body.trim_ascii_start();
        let starts =
            |with: &[u8]| body.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        starts(b"<html") || starts(b"<!doctype")
    }

    /// Returns the body. Fails if it is a web page.
    pub(crate) fn json(&self) -> Result<&Bytes, Cause> {
        if self.body.trim_ascii_start().starts_with(b"<") { Err(Cause::WebPage) } else { Ok(&self.body) }
    }
}
