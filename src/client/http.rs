//! HTTP in layers, each of which owns the one below: retries and permits ([`Http`]) → logins → redirects → transport.
//!
//! | layer | file |
//! |---|---|
//! | the loop that sends again, its rules and waits | `retry`, `timeouts`, `retry_after`, `backoffs` |
//! | number of requests at once, and their priority | `limit`, `adaptation` |
//! | answers to a 401, and the hosts that may get a login | `auth`, `challenge`, `token`, `scope` |
//! | targets of redirects, and the headers that are left out | `redirect` |
//! | one request and its response, limits, log | `transport`, `response_body`, `log` |
//! | requests that are left at the server | `budget` |
//! | HTTP or HTTPS, certificates, proxies | `scheme`, `tls`, `origin`, `proxy` |
//!
//! | subject | file |
//! |---|---|
//! | requests and responses | `request`, `payload`, `link`, `content_encoding` |
//! | bodies that are put together from parts, and large ones | `resume`, `large_bodies` |
//! | errors in the registry's own words | `error_body` |

pub(super) mod adaptation;
pub(super) mod auth;
pub(super) mod backoffs;
pub(super) mod budget;
pub(super) mod challenge;
pub(super) mod content_encoding;
pub(super) mod error_body;
pub(super) mod large_bodies;
pub(super) mod limit;
pub(super) mod link;
pub mod log;
pub(super) mod origin;
pub(super) mod payload;
pub(super) mod proxy;
pub(super) mod redirect;
pub(super) mod request;
pub(super) mod response_body;
pub(super) mod resume;
pub(super) mod retry;
pub(super) mod retry_after;
pub(super) mod scheme;
pub(super) mod scope;
pub(super) mod timeouts;
pub mod tls;
pub(super) mod token;
pub(super) mod transport;

use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url, Version};

use super::ClientSettings;
use super::error::{Cause, Error, SendError};
use crate::model::reference::Host;
use crate::model::text::SafeText;
use adaptation::RequestKind;
use auth::Authenticator;
use backoffs::{BackoffGuard, Backoffs};
use limit::{Limit, Permit, Priority, Reserve};
use origin::{Base, Origin};
use redirect::{Redirects, StoragePlace};
use request::{HttpAnswer, Request};
use response_body::{OpenBody, ResponseHead};
use resume::{PROGRESS, Partial};
use retry::{Retried, Retries, RetryRule, RetryWait};
use timeouts::Timeouts;
use tls::Trust;
use transport::Transport;

/// Requests to one registry from beginning to end: permit, login, redirects, limits of the body, retries.
#[derive(Debug)]
pub(crate) struct Http {
    auth: Authenticator,
    limit: Limit,
    retries: Retries,
}

impl Http {
    /// Creates the layers. Nothing is sent yet.
    pub(crate) fn new(host: Host, settings: &ClientSettings) -> Http {
        let backoffs = Arc::new(Backoffs::default());
        let transport = Transport::new(host.clone(), settings, backoffs.clone());
        let redirects = Redirects::new(transport, settings.upload_allow(&host));
        Http {
            auth: Authenticator::new(host, settings, redirects),
            limit: Limit::default(),
            retries: Retries::new(settings.timeouts.clone(), backoffs),
        }
    }

    /// Returns the lowest layer.
    pub(crate) fn transport(&self) -> &Transport {
        self.auth.redirects().transport()
    }

    /// Returns the identity at the registry.
    pub(crate) fn auth(&self) -> &Authenticator {
        &self.auth
    }

    /// Returns the loop that sends again.
    pub(crate) fn retries(&self) -> &Retries {
        &self.retries
    }

    /// Returns the name of the registry.
    pub(crate) fn host(&self) -> &Host {
        self.transport().host()
    }

    /// Returns the timeouts.
    pub(crate) fn timeouts(&self) -> &Timeouts {
        self.transport().timeouts()
    }

    /// Returns the registry's transport settings.
    pub(crate) fn trust(&self) -> &Trust {
        self.transport().trust()
    }

    /// Returns the address of the registry. The first call finds out whether a registry on loopback speaks TLS.
    pub(crate) async fn base(&self) -> Result<&Base, Error> {
        self.transport().base().await.map_err(|cause| self.error(cause, None, 1))
    }

    /// Sends a request until it succeeds or another try would not help. Every status but 2xx is an error.
    pub(crate) async fn send(&self, request: &Request) -> Result<HttpAnswer, Error> {
        self.retries.run(&mut RequestTries::new(self, request, None), None).await
    }

    /// Sends like [`Http::send`], for one of several requests that share a permit.
    pub(crate) async fn send_with_permit(
        &self,
        request: &Request,
        permit: &Permit,
    ) -> Result<HttpAnswer, Error> {
        self.retries.run(&mut RequestTries::new(self, request, Some(permit)), None).await
    }

    /// Sends a request once and leaves the body of a success to be read piece by piece. The body keeps the permit until
    /// its end.
    pub(crate) async fn open(&self, request: &Request) -> Result<OpenAnswer, Error> {
        self.open_and_note(request).await.map(|(opened, _)| opened)
    }

    /// The same. Also returns the storage that the request was redirected to.
    pub(crate) async fn open_and_note(
        &self,
        request: &Request,
    ) -> Result<(OpenAnswer, Option<StoragePlace>), Error> {
        let permit = self.permit_outside_pause(request.priority).await;
        let head = self.auth.send(request, 1).await.map_err(|error| self.error(error, Some(request), 1))?;
        let place = StoragePlace::of(&head);
        Ok((open_answer(head, permit), place))
    }

    /// Sends a request once to the storage that an earlier one was redirected to. Returns `None` if the storage does not
    /// answer with a success.
    pub(crate) async fn open_at(
        &self,
        place: &StoragePlace,
        request: &Request,
    ) -> Result<Option<OpenAnswer>, Error> {
        let permit = self.permit_outside_pause(request.priority).await;
        let head = self.auth.redirects().send_to(place, request, 1).await;
        let head = head.map_err(|error| self.error(error, Some(request), 1))?;
        Ok(head.map(|head| open_answer(head, permit)))
    }

    /// Keeps permits for interactive requests as long as the result lives.
    pub(crate) fn reserve(&self) -> Reserve {
        self.limit.reserve()
    }

    /// Returns a permit for several requests that belong together.
    pub(crate) async fn permit(&self, priority: Priority) -> Permit {
        self.limit.permit(priority).await
    }

    /// Returns a permit for one request. A pause that begins while others hold the permits is waited for too.
    async fn permit_outside_pause(&self, priority: Priority) -> Permit {
        loop {
            self.retries.wait_for_pause_end().await;
            let permit = self.limit.permit(priority).await;
            if !self.retries.is_paused() {
                return permit;
            }
        }
    }

    /// Builds an error of this registry, or of the server that a request was sent to.
    pub(crate) fn error(&self, error: impl Into<SendError>, request: Option<&Request>, tries: u32) -> Error {
        let SendError { cause, peer } = error.into();
        let display_url = |url| self.transport().display_url(url);
        let scope = request.filter(|_| cause.is_about_login()).map(|request| &request.scope);
        let login_problems =
            scope.map(|scope| self.auth.login_problems(scope.repository()).into()).unwrap_or_default();
        let request = request
            .map(|request| SafeText::from(format!("{} {}", request.method, display_url(&request.url))));
        Error { cause, request, tries, host: self.host().into(), peer, login_problems }
    }

    /// Fails if a request that changes something must not be sent to this URL.
    pub(super) fn check_write(&self, own: &Origin, url: &Url) -> Result<(), Cause> {
        self.auth.redirects().check_write(own, url)
    }

    /// Reports, as long as the returned value lives, that a change does not show yet.
    pub(super) fn report_visibility_wait(&self) -> BackoffGuard<'_> {
        self.retries.backoffs().begin_visibility_wait()
    }
}

/// The status and the headers of a success, and its body to be read piece by piece.
pub(crate) type OpenAnswer = (u16, HeaderMap, OpenBody);

fn open_answer(head: ResponseHead, permit: Permit) -> OpenAnswer {
    let headers = head.response.headers().clone();
    (head.status, headers, OpenBody::new(head, permit))
}

fn kind_of(request: &Request) -> RequestKind {
    if request.method == Method::HEAD {
        RequestKind::Head
    } else if request.url.path().contains("/blobs/") {
        RequestKind::Blob
    } else {
        RequestKind::Manifest
    }
}

/// A request that is sent until it succeeds.
struct RequestTries<'a> {
    http: &'a Http,
    request: &'a Request,
    /// The permit that it shares with other requests.
    shared: Option<&'a Permit>,
    /// The body as far as it came.
    partial: Partial,
    /// The most bytes of the body that have come so far.
    furthest: u64,
    /// The number of tries before the last one that continued the body.
    tries_before: u32,
}

impl<'a> RequestTries<'a> {
    fn new(http: &'a Http, request: &'a Request, shared: Option<&'a Permit>) -> RequestTries<'a> {
        RequestTries { http, request, shared, partial: Partial::default(), furthest: 0, tries_before: 0 }
    }

    /// Sends the request, for the rest of the body if its beginning is here, and reads the body.
    async fn exchange(&mut self, number: u32) -> Result<HttpAnswer, SendError> {
        let RequestTries { http, request, shared, partial, .. } = self;
        let rest = partial.rest_headers(request.parts).map(|headers| {
            let mut rest = (*request).clone();
            rest.headers.extend(headers);
            rest
        });
        let start = Instant::now();
        let sent = http.auth.send(rest.as_ref().unwrap_or(request), number).await;
        let (head, rest_of) = match sent {
            Err(error) if rest.is_some() && partial.may_be_about_range(error.cause.status()) => {
                (http.auth.send(request, number).boxed().await?, None)
            }
            sent => (sent?, rest.and(request.parts)),
        };
        if shared.is_none() {
            let is_http2 = head.response.version() == Version::HTTP_2;
            http.limit.record_answer(kind_of(request), start.elapsed(), is_http2);
        }
        if request.parts.is_some() {
            let begun = partial.begin(rest_of, head.status, head.response.headers());
            begun.map_err(|cause| cause.at(&head.peer))?;
        }
        let answer = http.transport().read_body(head, request.cap, partial).await;
        let answer = answer.inspect_err(|_| partial.keep(request.parts, http.transport().large_parts()))?;
        partial.check(request.parts, &answer.body)?;
        Ok(answer)
    }
}

impl Retried for RequestTries<'_> {
    type Output = HttpAnswer;

    async fn attempt(&mut self, number: u32) -> Result<HttpAnswer, Error> {
        let RequestTries { http, request, shared, .. } = *self;
        let _permit = match shared {
            Some(_) => {
                http.retries.wait_for_pause_end().await;
                Permit::none()
            }
            None => http.permit_outside_pause(request.priority).await,
        };
        let answer = self.exchange(number).await;
        let error = match answer {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if error.cause.is_overload() {
            http.limit.record_overload();
        }
        Err(http.error(error, Some(request), number))
    }

    fn rule(&mut self, error: &Error, tries: u32) -> RetryRule {
        let reached = self.partial.body.len() as u64;
        // A body that begins anew makes no progress, or a server could let it end a little later each time.
        let is_progress = reached >= self.furthest + PROGRESS && (self.partial.is_resumed() || tries == 1);
        if is_progress {
            self.tries_before = tries.saturating_sub(1);
        }
        self.furthest = self.furthest.max(reached);
        let tries = tries.saturating_sub(self.tries_before);
        let timeouts = self.http.timeouts();
        let is_final = match error.cause {
            // The redirect to a storage that refuses a HEAD answers the question.
            Cause::Storage(_) => self.request.method == Method::HEAD,
            // The server may still be busy with this request.
            Cause::Timeout(..) => tries >= timeouts.tries_in_silence(self.request.is_list),
            _ => false,
        };
        let is_busy = error.cause == Cause::Refused || matches!(error.cause.status(), Some(429 | 503));
        let is_last = self.request.is_sent_once || is_final || (self.request.has_fallback && !is_busy);
        let wait = match () {
            () if is_last => RetryWait::Never,
            () if is_progress && self.partial.rest_headers(self.request.parts).is_some() => {
                RetryWait::ByCauseAtOnce
            }
            () => RetryWait::ByCause,
        };
        // While requests are refused because there are too many, others succeed, and each may be unlucky several times.
        let failures = if error.cause.status() == Some(429) { tries.div_ceil(2) } else { tries };
        RetryRule { failures, wait }
    }
}
