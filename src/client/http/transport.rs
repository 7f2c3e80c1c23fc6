//! The lowest layer: one request, one response, to the registry itself or to another origin.
//!
//! Everything that all requests share is here: the address of the registry, the HTTP clients with their TLS settings,
//! time limits, size limits, and the log.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Url};
use tokio::sync::OnceCell;

use super::backoffs::Backoffs;
use super::budget::budget;
use super::large_bodies::{LargeBodyPermits, large_body_permits};
use super::log::{Sink, display_url};
use super::origin::{Base, Origin};
use super::payload::Payload;
use super::request::{HttpAnswer, Request};
use super::response_body::{self, ResponseHead};
use super::resume::Partial;
use super::scheme::{self, PING_CAP, Plainly, interpret_plain_ping};
use super::timeouts::Timeouts;
use super::tls::{Clients, Reuse, Trust};
use crate::client::ClientSettings;
use crate::client::error::{Cause, Peer, SendError};
use crate::model::reference::Host;
use crate::model::request_budget::{CountedRequests, RequestBudget};
use crate::model::request_line::AwaitedRequest;
use crate::model::text::SafeText;

/// Most large bodies that are read and processed at once: each needs memory for its results as well.
const MOST_LARGE_AT_ONCE: usize = 2;

/// The result of one request.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// A success, its body still to come.
    Success(ResponseHead),
    /// Any other response, with the start of its body.
    Other(HttpAnswer, Peer),
}

/// One request, with everything that decides how it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Envelope<'a> {
    /// The request.
    pub(crate) request: &'a Request,
    /// The URL that it is sent to, after redirects.
    pub(crate) url: &'a Url,
    /// The server at that URL.
    pub(crate) peer: Peer,
    /// The `Authorization` header.
    pub(crate) authorization: Option<&'a HeaderValue>,
    /// The number of the try, for the log.
    pub(crate) attempt: u32,
}

/// A request as the log and the time limit need it.
struct Sent<'a> {
    method: &'a Method,
    url: &'a Url,
    peer: Peer,
    /// The number of the try.
    attempt: u32,
    /// The number of tries if the server stays silent.
    tries: u32,
    /// How long the head of the response may take.
    limit: Duration,
    payload: &'a Payload,
}

/// The transport of requests to one registry and to the origins that it leads to.
#[derive(Debug)]
pub(crate) struct Transport {
    host: Host,
    trust: Trust,
    timeouts: Timeouts,
    sink: Sink,
    large: LargeBodyPermits,
    /// For the large bodies that are kept while their connection is made anew.
    large_parts: LargeBodyPermits,
    base: OnceCell<Base>,
    clients: Clients,
    /// When the check for TLS failed, and why.
    scheme_check_failure: Mutex<Option<(Instant, Cause)>>,
    backoffs: Arc<Backoffs>,
    /// The requests that are left at the registry, as its last answer says.
    budget: Mutex<Option<RequestBudget>>,
    /// The requests that the registry counts.
    counts: CountedRequests,
    /// Whether the registry was asked for the requests that are left.
    has_asked_budget: OnceCell<()>,
    /// Whether another registry leads to this one, which the user has not named.
    is_led_to: bool,
}

impl Transport {
    /// Creates the transport. Nothing is sent yet. Every response is reported to `backoffs`.
    pub(crate) fn new(host: Host, settings: &ClientSettings, backoffs: Arc<Backoffs>) -> Transport {
        let trust = settings.trust_of(&host);
        Transport {
            clients: Clients::new(
                host.clone(),
                trust.clone(),
                settings.pins.clone(),
                settings.timeouts.clone(),
            ),
            trust,
            timeouts: settings.timeouts.clone(),
            sink: settings.sink.clone(),
            large: large_body_permits(MOST_LARGE_AT_ONCE),
            large_parts: large_body_permits(MOST_LARGE_AT_ONCE),
            base: OnceCell::new(),
            scheme_check_failure: Mutex::new(None),
            backoffs,
            budget: Mutex::new(None),
            counts: settings.counted_requests(&host),
            has_asked_budget: OnceCell::new(),
            is_led_to: false,
            host,
        }
    }

    /// Returns the requests that are left at the registry, as its last answer says.
    pub(crate) fn budget(&self) -> Option<RequestBudget> {
        *self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the requests that are left by a free request, once, if the registry counts only the reads of manifests
    /// and has not told yet.
    pub(crate) async fn ask_budget_once(&self, asked: impl Future<Output = ()>) {
        if self.counts == CountedRequests::ManifestReads && self.budget().is_none() {
            self.has_asked_budget.get_or_init(|| asked).await;
        }
    }

    /// Creates the transport of another registry that this one leads to. It is as strict as that of a token service:
    /// certificates are checked, and no internal address is contacted unless this registry is on this machine. Returns
    /// `None` if the host has another origin.
    pub(crate) fn for_other_registry(
        &self,
        host: &Host,
        origin: &Origin,
        settings: &ClientSettings,
    ) -> Option<Transport> {
        let base =
            Base::new(host, !origin.is_https()).filter(|base| base.origin().as_ref() == Some(origin))?;
        // A password goes there over plain HTTP only if the user has allowed that for this very registry.
        let plain_http = settings.hosts.get(host).is_some_and(|settings| settings.trust.plain_http);
        let trust = Trust { plain_http, ca_file: settings.trust_of(host).ca_file, ..Trust::default() };
        let clients =
            Clients::new(host.clone(), trust.clone(), settings.pins.clone(), settings.timeouts.clone());
        if !origin.is_https() && clients.is_pinned() {
            return None;
        }
        Some(Transport {
            clients: clients.named_by(&self.host),
            trust,
            base: OnceCell::new_with(Some(base)),
            is_led_to: true,
            ..Transport::new(host.clone(), settings, self.backoffs.clone())
        })
    }

    /// Returns the name of the registry.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// Returns the timeouts.
    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Returns the registry's transport settings.
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Returns whether a certificate is pinned for the registry, so that it is never reached without TLS.
    pub(crate) fn is_pinned(&self) -> bool {
        self.clients.is_pinned()
    }

    /// Returns whether the registry has presented a certificate in this run, or must do so.
    fn is_known_for_tls(&self) -> bool {
        self.is_pinned() || self.clients.has_presented_certificate()
    }

    /// Returns the address of the registry. The first call finds out whether a registry on loopback speaks TLS.
    pub(crate) async fn base(&self) -> Result<&Base, Cause> {
        let asked = Instant::now();
        let find = async {
            if self.trust.plain_http && self.is_pinned() {
                return Err(Cause::PlainRefused);
            }
            let is_open = !self.trust.plain_http && !self.trust.tls && !self.is_known_for_tls();
            let is_plain = match () {
                () if self.trust.plain_http => true,
                () if is_open && self.host.is_loopback() => self.detect_scheme(asked).await?,
                () if is_open && self.may_be_plain() => self.detect_scheme(asked).await.unwrap_or(false),
                () => false,
            };
            Base::new(&self.host, is_plain)
                .ok_or_else(|| Cause::Local("the host cannot stand in a URL".into()))
        };
        self.base.get_or_try_init(|| find).await
    }

    /// Returns whether the registry may be asked whether it has TLS. Behind a proxy it cannot be.
    fn may_be_plain(&self) -> bool {
        let url = Base::new(&self.host, false).map(|base| base.ping());
        self.trust.may_be_plain && url.is_some_and(|url| self.clients.proxy(&url).is_none())
    }

    /// Returns the origin of the registry.
    pub(crate) async fn origin(&self) -> Result<Origin, Cause> {
        self.base().await?.origin().ok_or_else(|| Cause::Local("no address".into()))
    }

    /// Returns whether the registry on this machine speaks plain HTTP. If the check fails, it fails for all callers
    /// that were waiting for it; the next call checks again.
    async fn detect_scheme(&self, asked: Instant) -> Result<bool, Cause> {
        let failed = || self.scheme_check_failure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, cause)) = &*failed()
            && *at >= asked
        {
            return Err(cause.clone());
        }
        let looked = scheme::is_plain(&self.host, &self.timeouts, self.ping_plain_http().boxed()).await;
        if let Err(cause) = &looked {
            *failed() = Some((Instant::now(), cause.clone()));
        }
        looked
    }

    /// Pings the registry in plain HTTP, anonymously.
    async fn ping_plain_http(&self) -> Plainly {
        let Some(url) = Base::new(&self.host, true).map(|base| base.ping()) else {
            return Plainly::Nothing("its name cannot stand in a URL".into());
        };
        let client = match self.clients.registry(&url, Reuse::Unpooled) {
            Ok(client) => client,
            Err(cause) => return Plainly::Nothing(cause.to_string()),
        };
        let request = client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
        match self.receive(request, &Method::GET, &url, Peer::Registry, PING_CAP).await {
            Ok(answer) => interpret_plain_ping(&answer),
            Err(error) => Plainly::Nothing(error.cause.to_string()),
        }
    }

    /// Returns the request of this registry whose answer has been awaited longest, if that is long.
    pub(crate) fn longest_awaited(&self) -> Option<AwaitedRequest> {
        let awaited = self.sink.awaited().into_iter().find(|request| request.registry == self.host)?;
        Some(awaited).filter(AwaitedRequest::is_long)
    }

    /// Returns an address in the form that may be shown and logged.
    pub(crate) fn display_url(&self, url: &Url) -> SafeText {
        display_url(url, self.base.get().and_then(Base::origin).as_ref())
    }

    /// Returns the proxy for requests to a URL. A registry on this machine has none.
    pub(crate) fn proxy(&self, url: &Url) -> Option<SafeText> {
        self.clients.proxy(url).map(|proxy| proxy.to_text())
    }

    /// Sends one request. Returns the head of a success, or the whole of any other response.
    pub(crate) async fn exchange(&self, envelope: Envelope<'_>) -> Result<Exchange, SendError> {
        let Envelope { request, url, peer, authorization, attempt } = envelope;
        let client = self.client(url, &peer, request.reuse)?;
        let mut builder = client
            .request(request.method.clone(), url.clone())
            .header(ACCEPT, request.accept)
            .header(ACCEPT_ENCODING, "identity")
            .headers(request.headers.clone());
        if let Some(header) = authorization {
            builder = builder.header(AUTHORIZATION, header);
        }
        builder = request.payload.add_to(builder);
        let tries = if request.is_sent_once { 1 } else { self.timeouts.tries_in_silence(request.is_list) };
        let sent = Sent {
            method: &request.method,
            url,
            peer,
            attempt,
            tries,
            limit: self.timeouts.for_head(request.is_list, attempt),
            payload: &request.payload,
        };
        let head = self.receive_head(builder, sent).await?;
        if head.response.status().is_success() {
            return Ok(Exchange::Success(head));
        }
        let peer = head.peer.clone();
        Ok(Exchange::Other(self.read_body(head, 0, &mut Partial::default()).await?, peer))
    }

    /// Sends a request and reads the whole response within its cap. The request is reported to the log.
    pub(crate) async fn receive(
        &self,
        request: RequestBuilder,
        method: &Method,
        url: &Url,
        peer: Peer,
        cap: u64,
    ) -> Result<HttpAnswer, SendError> {
        let (limit, payload) = (self.timeouts.headers, &Payload::None);
        let sent = Sent { method, url, peer, attempt: 1, tries: 1, limit, payload };
        let head = self.receive_head(request, sent).await?;
        self.read_body(head, cap, &mut Partial::default()).await
    }

    /// Sends a request and waits for the head of the response.
    async fn receive_head(&self, request: RequestBuilder, sent: Sent<'_>) -> Result<ResponseHead, SendError> {
        let Sent { method, url, peer, attempt, tries, limit, payload } = sent;
        let mut entry = self.sink.begin(&self.host, method, self.display_url(url), (attempt, tries));
        let failed = |error: reqwest::Error| self.transport_error(&error, url, &peer);
        let answered = match payload.wait_for_response(request.send(), limit, &self.timeouts).await {
            Ok(answered) => answered.map_err(failed),
            Err(cause) => Err(cause.at(&peer)),
        };
        match answered {
            Ok(response) => {
                self.backoffs.record_answer();
                let status = response.status().as_u16();
                entry.line.status = Some(status);
                if peer == Peer::Registry
                    && let Some(budget) = budget(response.headers(), self.counts, entry.line.at)
                {
                    entry.line.budget = Some(Box::new((self.host.clone(), budget)));
                    *self.budget.lock().unwrap_or_else(PoisonError::into_inner) = Some(budget);
                }
                // Only proxies ask for this: RFC 9110 § 15.5.8.
                let proxy = (status == 407).then(|| self.proxy(url)).flatten();
                let peer = proxy.map_or(peer, Peer::Proxy);
                Ok(ResponseHead { status, url: url.clone(), peer, response, entry })
            }
            Err(error) => {
                entry.line.failure = Some(SafeText::from(error.cause.to_string()));
                entry.end();
                Err(error)
            }
        }
    }

    /// Converts an error of the HTTP library. A connection that could not be made through a proxy failed at the proxy,
    /// unless TLS had begun behind it.
    fn transport_error(&self, error: &reqwest::Error, url: &Url, peer: &Peer) -> SendError {
        let cause = match Cause::from_transport(error) {
            Cause::Connection(text) if *peer == Peer::Registry && self.clients.was_identity_missing() => {
                Cause::Connection(SafeText::from(format!(
                    "{text}; the server asked for a client certificate, and there is none"
                )))
            }
            Cause::Tls(_) if *peer == Peer::Registry && self.clients.was_identity_missing() => {
                Cause::ClientCertificate(
                    "the server asked for a client certificate, and there is none".into(),
                )
            }
            Cause::Scheme { server_is_plain: true } if *peer == Peer::Registry && self.is_pinned() => {
                Cause::PlainRefused
            }
            cause => cause,
        };
        let has_begun_tls = matches!(
            cause,
            Cause::Certificate(..)
                | Cause::ClientCertificate(_)
                | Cause::Tls(_)
                | Cause::Scheme { .. }
                | Cause::PlainRefused
        );
        let is_of_proxy = error.is_connect() && !has_begun_tls && cause != Cause::ForbiddenAddress;
        let proxy = is_of_proxy.then(|| self.proxy(url)).flatten();
        match proxy {
            Some(proxy) => cause.at(&Peer::Proxy(proxy)),
            None => cause.at(peer),
        }
    }

    /// Returns the permits for large bodies that wait for another connection.
    pub(crate) fn large_parts(&self) -> &LargeBodyPermits {
        &self.large_parts
    }

    /// Reads the body: of a success all of it, within its cap, and of any other response its start. The request is
    /// reported to the log.
    pub(crate) async fn read_body(
        &self,
        head: ResponseHead,
        cap: u64,
        partial: &mut Partial,
    ) -> Result<HttpAnswer, SendError> {
        let before = partial.body.len();
        let ResponseHead { status, url, peer, response, mut entry } = head;
        let headers = response.headers().clone();
        let body = if response.status().is_success() {
            response_body::read_whole(response, cap, &self.timeouts, &self.large, partial).await
        } else {
            Ok((response_body::read_error_body(response, &self.timeouts).await, None))
        };
        match &body {
            Ok((body, _)) => entry.line.bytes = body.len().saturating_sub(before) as u64,
            Err(cause) => {
                entry.line.status = None;
                entry.line.failure = Some(SafeText::from(cause.to_string()));
            }
        }
        entry.end();
        let (body, hold) = body.map_err(|cause| cause.at(&peer))?;
        Ok(HttpAnswer { status, headers, body, url, _hold: hold })
    }

    /// Returns the client for a server. The user's settings for the registry hold for its own origin alone, except for
    /// the authorities; strict clients serve all others, and a registry that another one leads to.
    pub(crate) fn client(&self, url: &Url, peer: &Peer, reuse: Reuse) -> Result<Client, SendError> {
        if self.clients.forbid_plain(url) {
            return Err(Cause::PlainRefused.at(peer));
        }
        let client = if *peer == Peer::Registry && !self.is_led_to {
            self.clients.registry(url, reuse)
        } else {
            self.clients.external(url)
        };
        client.map_err(|cause| match cause {
            Cause::Local(_) => cause.into(),
            cause => cause.at(peer),
        })
    }
}
