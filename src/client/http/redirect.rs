//! The second layer: redirects, followed by hand.
//!
//! Credentials stay on the registry's origin, and once a redirect has left it they do not come back. A redirect never
//! leads a request that changes something to another origin.

use std::fmt;

use reqwest::header::{HeaderValue, LOCATION};
use reqwest::{Method, Url};

use super::origin::{self, AllowedOrigin, Origin};
use super::request::{HttpAnswer, Request};
use super::response_body::ResponseHead;
use super::transport::{Envelope, Exchange, Transport};
use crate::client::error::{Cause, Peer, SendError};
use crate::model::text::SafeText;

/// Most redirects that are followed.
const MOST_REDIRECTS: u32 = 5;

/// The transport, with redirects.
#[derive(Debug)]
pub(crate) struct Redirects {
    transport: Transport,
    upload_allow: Vec<AllowedOrigin>,
}

/// The address outside of the registry's origin that a request was redirected to. It may be signed, so it is a secret as
/// long as it is valid.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoragePlace {
    url: Url,
    peer: Peer,
}

impl StoragePlace {
    /// Returns the place that a response came from, if that is a storage. Another registry is none, since it wants a
    /// login of its own.
    pub(crate) fn of(head: &ResponseHead) -> Option<StoragePlace> {
        let is_storage = matches!(head.peer, Peer::Storage(_));
        is_storage.then(|| StoragePlace { url: head.url.clone(), peer: head.peer.clone() })
    }
}

impl fmt::Debug for StoragePlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("StoragePlace").field(&self.peer).finish()
    }
}

impl Redirects {
    /// Adds redirects to a transport. `upload_allow` lists the origins besides the registry's own that may be sent
    /// uploads.
    pub(crate) fn new(transport: Transport, upload_allow: Vec<AllowedOrigin>) -> Redirects {
        Redirects { transport, upload_allow }
    }

    /// Returns the transport below.
    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Sends a request and follows redirects. Only the registry's own origin gets the `Authorization` header.
    pub(crate) async fn send(
        &self,
        request: &Request,
        own: &Origin,
        authorization: Option<&HeaderValue>,
        attempt: u32,
    ) -> Result<Exchange, SendError> {
        let mut url = request.url.clone();
        let mut peer = if Origin::of(&url).as_ref() == Some(own) {
            Peer::Registry
        } else {
            Peer::UploadLocation(origin::host_and_port(&url))
        };
        for _ in 0..=MOST_REDIRECTS {
            if !matches!(request.method, Method::GET | Method::HEAD) {
                self.check_write(own, &url)?;
            }
            let authorization = authorization.filter(|_| peer == Peer::Registry);
            let envelope = Envelope { request, url: &url, peer: peer.clone(), authorization, attempt };
            let (answer, from) = match self.transport.exchange(envelope).await? {
                Exchange::Other(answer, from) => (answer, from),
                success @ Exchange::Success(_) => return Ok(success),
            };
            let next =
                target(&answer, self.transport.host().is_loopback()).map_err(|cause| cause.at(&from))?;
            let Some(next) = next else { return Ok(Exchange::Other(answer, from)) };
            check_method(&request.method, &answer, &next).map_err(|cause| cause.at(&from))?;
            if peer != Peer::Registry || Origin::of(&next).as_ref() != Some(own) {
                peer = Peer::Storage(origin::host_and_port(&next));
            }
            url = next;
        }
        let text = format!("more than {MOST_REDIRECTS} in a row");
        Err(Cause::Redirect(SafeText::from(text)).at(&peer))
    }

    /// Sends a request to the place that an earlier one was redirected to, without any login. Returns `None` for every
    /// answer but a success; nothing is redirected further.
    pub(crate) async fn send_to(
        &self,
        place: &StoragePlace,
        request: &Request,
        attempt: u32,
    ) -> Result<Option<ResponseHead>, SendError> {
        let StoragePlace { url, peer } = place;
        let envelope = Envelope { request, url, peer: peer.clone(), authorization: None, attempt };
        match self.transport.exchange(envelope).await? {
            Exchange::Success(head) => Ok(Some(head)),
            Exchange::Other(..) => Ok(None),
        }
    }

    /// Fails if a request that changes something must not be sent to this URL: only the registry's own origin and those
    /// that the user allowed for it may get one.
    pub(crate) fn check_write(&self, own: &Origin, url: &Url) -> Result<(), Cause> {
        match Origin::of(url) {
            Some(target) if target == *own => Ok(()),
            Some(target) if self.upload_allow.iter().any(|allowed| allowed.allows(own, &target)) => Ok(()),
            Some(target) => Err(Cause::UntrustedUploadOrigin(SafeText::from(target.to_string()))),
            None => Err(Cause::UntrustedUploadOrigin("an address that is not HTTP".into())),
        }
    }
}

/// Returns the target of a response that is a redirect. Fails if the redirect must not be followed.
fn target(answer: &HttpAnswer, registry_is_loopback: bool) -> Result<Option<Url>, Cause> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = answer.headers.get(LOCATION) else { return Ok(None) };
    let location = String::from_utf8_lossy(location.as_bytes());
    let next = answer.url.join(&location).map_err(|_| Cause::Redirect("its target is no address".into()))?;
    check(&answer.url, &next, registry_is_loopback).map_err(|why| Cause::Redirect(why.into()))?;
    Ok(Some(next))
}

/// Fails if a request of this method must not be redirected. A request that changes something stays on its origin, and
/// follows only statuses that keep method and body.
fn check_method(method: &Method, answer: &HttpAnswer, next: &Url) -> Result<(), Cause> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let keeps = matches!(answer.status, 307 | 308) && Origin::of(&answer.url) == Origin::of(next);
    if reads || keeps {
        Ok(())
    } else {
        Err(Cause::Redirect("requests that change something are not redirected".into()))
    }
}

/// Fails if a server must not lead the client from one URL to the other.
pub(crate) fn check(from: &Url, to: &Url, registry_is_loopback: bool) -> Result<(), &'static str> {
    let is_inside = |address| origin::is_forbidden(address, registry_is_loopback);
    match to.scheme() {
        "https" => {}
        "http" if from.scheme() == "http" => {}
        "http" => return Err("it leads from HTTPS to plain HTTP"),
        _ => return Err("it leads away from HTTP"),
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err("it carries a user name");
    }
    if Origin::of(from) != Origin::of(to) && origin::literal_ip(to).is_some_and(is_inside) {
        return Err("it leads to an address inside this machine or network link");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/RELIABILITY.md B3, docs/REGISTRIES.md §11.
    #[test]
    fn redirects_lead_to_safe_places_only() {
        let table = [
            ("https://r.test/v2/", "https://cdn.test/x", true),
            ("https://r.test/v2/", "http://r.test/x", false),
            ("https://r.test/v2/", "https://user@r.test/x", false),
            ("https://r.test/v2/", "ftp://r.test/x", false),
            ("https://r.test/v2/", "https://169.254.169.254/x", false),
            ("https://r.test/v2/", "https://127.1/x", false),
            ("https://r.test/v2/", "https://[::1]/x", false),
            ("http://r.test/v2/", "http://cdn.test/x", true),
        ];
        for (from, to, is_allowed) in table {
            let from = from.parse().expect("a url");
            assert_eq!(check(&from, &to.parse().expect("a url"), false).is_ok(), is_allowed, "{to}");
        }
        let own = "http://127.0.0.1:5000/v2/".parse().expect("a url");
        assert!(check(&own, &"http://127.0.0.1:6000/x".parse().expect("a url"), true).is_ok());
    }
}
