//! One request from beginning to end: login, permit, send, redirects, retries, limits of its body.
//!
//! | subject | file |
//! |---|---|
//! | requests and responses | `request`, `payload`, `response_body`, `link` |
//! | number of requests at once, and their priority | `limit` |
//! | retries and `Retry-After`; waits before a retry, in words | `retry`, `backoffs` |
//! | targets of redirects, and the headers that are left out | `redirect` |
//! | answers to a 401, and the hosts that may get a login | `auth`, `challenge`, `token`, `scope` |
//! | HTTP or HTTPS, certificates | `scheme`, `tls`, `origin` |
//! | errors in the registry's own words | `error_body` |
//! | the log of all requests | `log` |

pub(super) mod auth;
pub(super) mod backoffs;
pub(super) mod challenge;
pub(super) mod error_body;
pub(super) mod limit;
pub(super) mod link;
pub mod log;
pub(super) mod origin;
pub(super) mod payload;
pub(super) mod redirect;
pub(super) mod request;
pub(super) mod response_body;
pub(super) mod retry;
pub(super) mod scheme;
pub(super) mod scope;
pub mod tls;
pub(super) mod token;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use tokio::sync::OnceCell;

use super::ClientSettings;
use super::distribution::ping;
use super::error::{Cause, Error};
use crate::model::reference::Host;
use crate::model::text::SafeText;
use auth::{Authenticator, Authorization};
use backoffs::{BackoffGuard, Backoffs, seconds};
use error_body::ErrorBody;
use limit::{Limit, Permit, Priority};
use log::{LogLine, Sink, display_url};
use origin::{AllowedOrigin, Base, Origin};
use payload::Payload;
use request::{HttpAnswer, Request};
use response_body::OpenBody;
use retry::Timeouts;
use scheme::Plainly;
use scope::Scope;
use tls::{Reuse, Trust};

/// Most requests at once against one host.
const MOST_AT_ONCE: usize = 8;
/// Most large bodies that are read and processed at once: each needs memory for its results as well.
const MOST_LARGE_AT_ONCE: usize = 2;
/// Most redirects that are followed.
const MOST_REDIRECTS: u32 = 5;
/// Most sends of one request, including those answered with 401.
const MOST_SENDS: u32 = 3;

/// A response whose body is still to come.
#[derive(Debug)]
struct ResponseHead {
    status: u16,
    url: Url,
    response: Response,
    entry: LogLine,
}

/// The result of one request.
#[derive(Debug)]
enum Exchange {
    /// A success, its body still to come.
    Success(ResponseHead),
    /// Any other response, with the start of its body, and whether it came from the registry's own origin.
    Other(HttpAnswer, bool),
}

/// The transport of requests to one registry.
#[derive(Debug)]
pub struct Http {
    host: Host,
    trust: Trust,
    timeouts: Timeouts,
    sink: Sink,
    limit: Limit,
    large: response_body::LargeBodyPermits,
    auth: Authenticator,
    upload_allow: Vec<AllowedOrigin>,
    base: OnceCell<Base>,
    registry: OnceCell<Client>,
    unpooled: OnceCell<Client>,
    external: OnceCell<Client>,
    /// When the check for TLS failed, and why.
    scheme_check_failure: Mutex<Option<(Instant, Cause)>>,
    paused_until: Mutex<Option<Instant>>,
    backoffs: Backoffs,
    /// Whether the registry has ever answered. If it has and does not listen any more, it may be restarting.
    has_answered: AtomicBool,
}

impl Http {
    /// Creates the transport. Nothing is sent yet.
    pub fn new(host: Host, settings: &ClientSettings) -> Http {
        Http {
            trust: settings.trust(&host),
            timeouts: settings.timeouts.clone(),
            sink: settings.sink.clone(),
            limit: Limit::new(MOST_AT_ONCE),
            large: response_body::large_body_permits(MOST_LARGE_AT_ONCE),
            auth: Authenticator::new(host.clone(), settings),
            upload_allow: settings.upload_allow(&host),
            base: OnceCell::new(),
            registry: OnceCell::new(),
            unpooled: OnceCell::new(),
            external: OnceCell::new(),
            scheme_check_failure: Mutex::new(None),
            paused_until: Mutex::new(None),
            backoffs: Backoffs::default(),
            has_answered: AtomicBool::new(false),
            host,
        }
    }

    /// Returns the name of the registry.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Returns the timeouts.
    pub fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Returns the registry's transport settings.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Returns the identity at the registry.
    pub fn auth(&self) -> &Authenticator {
        &self.auth
    }

    /// Returns the address of the registry. The first call finds out whether a registry on loopback speaks TLS.
    pub async fn base(&self) -> Result<&Base, Error> {
        let asked = Instant::now();
        let find = async {
            let is_open = !self.trust.plain_http && !self.trust.tls && self.host.is_loopback();
            let is_plain = self.trust.plain_http || (is_open && self.detect_scheme(asked).await?);
            Base::new(&self.host, is_plain)
                .ok_or_else(|| Cause::Local("the host cannot stand in a URL".into()))
        };
        self.base.get_or_try_init(|| find).await.map_err(|cause| self.error(cause, None, 1))
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
        let client =
            match tls::registry_client(&self.host, &self.trust, true, Reuse::Unpooled, &self.timeouts) {
                Ok(client) => client,
                Err(cause) => return Plainly::Nothing(cause.to_string()),
            };
        let request = client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
        match self.receive(request, &Method::GET, &url, ping::CAP, 1).await {
            Ok(answer) => ping::interpret_plain_ping(&answer),
            Err(cause) => Plainly::Nothing(cause.to_string()),
        }
    }

    /// Sends a request until it succeeds or another try would not help. Every status but 2xx is an error.
    pub async fn send(&self, request: &Request) -> Result<HttpAnswer, Error> {
        self.send_with_retries(request, None).await
    }

    /// Sends like [`Http::send`], for one of several requests that share a permit.
    pub async fn send_with_permit(&self, request: &Request, permit: &Permit) -> Result<HttpAnswer, Error> {
        self.send_with_retries(request, Some(permit)).await
    }

    /// Sends a request once and leaves the body of a success to be read piece by piece. The body keeps the permit until
    /// its end.
    pub async fn open(&self, request: &Request) -> Result<(u16, HeaderMap, OpenBody), Error> {
        self.wait_for_pause_end().await;
        let permit = self.limit.permit(request.priority).await;
        let opened = self.send_authorized(request, 1).await.and_then(|head| {
            let headers = head.response.headers().clone();
            Ok((head.status, headers, OpenBody::new(head.response, head.entry, permit)?))
        });
        opened.map_err(|cause| self.error(cause, Some(request), 1))
    }

    /// Returns a permit for several requests that belong together.
    pub async fn permit(&self, priority: Priority) -> Permit {
        self.limit.permit(priority).await
    }

    async fn send_with_retries(
        &self,
        request: &Request,
        shared: Option<&Permit>,
    ) -> Result<HttpAnswer, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            self.wait_for_pause_end().await;
            let outcome = {
                let _permit = match shared {
                    Some(_) => Permit::none(),
                    None => self.limit.permit(request.priority).await,
                };
                match self.send_authorized(request, tries).await {
                    Ok(head) => self.read_body(head, request.cap).await,
                    Err(cause) => Err(cause),
                }
            };
            let cause = match outcome {
                Ok(answer) => return Ok(answer),
                Err(cause) => cause,
            };
            let is_final = request.is_sent_once || (request.method == Method::HEAD && is_storage(&cause));
            match self.wait_before_retry(&cause, tries).filter(|_| !is_final) {
                Some(wait) => self.sleep_before_retry(&cause, tries, wait).await,
                None => return Err(self.error(cause, Some(request), tries)),
            }
        }
    }

    /// Builds an error of this registry.
    pub fn error(&self, cause: Cause, request: Option<&Request>, tries: u32) -> Error {
        let request = request
            .map(|request| SafeText::from(format!("{} {}", request.method, self.display_url(&request.url))));
        Error { cause, request, tries, host: (&self.host).into() }
    }

    /// Returns an address in the form that may be shown and logged.
    pub(super) fn display_url(&self, url: &Url) -> SafeText {
        display_url(url, self.base.get().and_then(Base::origin).as_ref())
    }

    /// Fails if a request that changes something must not be sent to this URL: only the registry's own origin and those
    /// that the user allowed for it may get one.
    pub(super) fn check_write(&self, own: &Origin, url: &Url) -> Result<(), Cause> {
        match Origin::of(url) {
            Some(target) if target == *own => Ok(()),
            Some(target) if self.upload_allow.iter().any(|allowed| allowed.allows(own, &target)) => Ok(()),
            Some(target) => Err(Cause::UntrustedUploadOrigin(SafeText::from(target.to_string()))),
            None => Err(Cause::UntrustedUploadOrigin("an address that is not HTTP".into())),
        }
    }

    /// Returns how long to wait before the next try, or `None` if there is none. A server that names a time pauses all
    /// requests to the host.
    pub(super) fn wait_before_retry(&self, cause: &Cause, tries: u32) -> Option<Duration> {
        if *cause == Cause::Refused && self.has_answered.load(Ordering::Relaxed) {
            return self.wait_for_return(tries);
        }
        if tries >= self.timeouts.tries || !cause.is_transient() {
            return None;
        }
        match cause {
            Cause::Status { wait: Some(wait), .. } if *wait > self.timeouts.longest_wait => None,
            Cause::Status { wait: Some(wait), status, .. } => {
                if matches!(status, 429 | 503) {
                    let mut pause = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
                    *pause = (*pause).max(Some(Instant::now() + *wait));
                }
                Some(*wait)
            }
            _ => Some(retry::backoff(&self.timeouts, tries)),
        }
    }

    /// Returns how long to wait for a server that answered before and does not listen any more. It may be restarting.
    pub(super) fn wait_for_return(&self, tries: u32) -> Option<Duration> {
        (tries < self.timeouts.tries).then(|| retry::backoff(&self.timeouts, tries))
    }

    /// Waits for the given time before the next try, after `tries` tries of which the last failed with `cause`. All
    /// waits before a retry go through here, so that they can be reported.
    pub(super) async fn sleep_before_retry(&self, cause: &Cause, tries: u32, wait: Duration) {
        let _told = self.backoffs.begin(cause, tries, self.timeouts.tries, wait);
        tokio::time::sleep(wait).await;
    }

    /// Reports, as long as the returned value lives, that a change does not show yet.
    pub(super) fn report_visibility_wait(&self) -> BackoffGuard<'_> {
        self.backoffs.begin_visibility_wait()
    }

    /// Describes why a request waits, if one does.
    pub(super) fn describe_wait(&self) -> Option<String> {
        let now = Instant::now();
        let paused = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = || {
            let until = paused.filter(|until| *until > now)?;
            Some(format!("asked to, goes on in {} s", seconds(until, now)))
        };
        self.backoffs.describe(now).or_else(asked)
    }

    pub(super) async fn wait_for_pause_end(&self) {
        let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = until {
            tokio::time::sleep_until(until.into()).await;
        }
    }

    /// Sends a request, and answers the challenges that come back: at most [`MOST_SENDS`] sends.
    async fn send_authorized(&self, request: &Request, attempt: u32) -> Result<ResponseHead, Cause> {
        let own = self.registry_origin().await?;
        let is_ours = Origin::of(&request.url).as_ref() == Some(&own);
        let mut sends = 0;
        loop {
            let authorization = match is_ours {
                true => self.auth.authorization(self, &request.scope).await?,
                false => Authorization::Nothing,
            };
            let (answer, is_own) =
                match self.send_with_redirects(request, &own, &authorization, attempt).await? {
                    Exchange::Success(head) => {
                        if sends > 0 && matches!(authorization, Authorization::Login(_)) {
                            self.auth.mark_proven();
                        }
                        return Ok(head);
                    }
                    Exchange::Other(answer, is_own) => (answer, is_own),
                };
            sends += 1;
            if answer.status != 401 || !is_own || sends == MOST_SENDS {
                return Err(self.cause_of_refusal(answer, request, is_own));
            }
            self.auth.learn_realm(&answer.headers);
            let challenge = match challenge::preferred_challenge(&answer.headers) {
                Some(challenge) => Some(challenge),
                None => self.fetch_ping_challenge(request, &own).await,
            };
            let may_help = match challenge {
                Some(challenge) => {
                    self.auth.answer_challenge(self, &request.scope, &authorization, challenge).await?
                }
                None => false,
            };
            if !may_help {
                return Err(self.cause_of_refusal(answer, request, is_own));
            }
        }
    }

    /// Fetches the challenge of the ping. Some registries leave the challenge out of every other 401.
    async fn fetch_ping_challenge(&self, request: &Request, own: &Origin) -> Option<challenge::Challenge> {
        let ping = self.base().await.ok()?.ping();
        if ping == request.url {
            return None;
        }
        let request = Request::new(Method::GET, ping, request.scope.clone(), request.priority);
        match self.send_with_redirects(&request, own, &Authorization::Nothing, 1).await.ok()? {
            Exchange::Other(answer, true) => challenge::preferred_challenge(&answer.headers),
            Exchange::Other(..) | Exchange::Success(_) => None,
        }
    }

    /// Returns the status of a ping with this authorization.
    pub(super) async fn ping_status(&self, authorization: &Authorization) -> Option<u16> {
        let own = self.registry_origin().await.ok()?;
        let ping = self.base().await.ok()?.ping();
        let request = Request::new(Method::GET, ping, Scope::Nothing, Priority::Interactive);
        match self.send_with_redirects(&request, &own, authorization, 1).await.ok()? {
            Exchange::Success(head) => Some(head.status),
            Exchange::Other(answer, is_own) => is_own.then_some(answer.status),
        }
    }

    /// Returns the cause for a response that is no success.
    fn cause_of_refusal(&self, answer: HttpAnswer, request: &Request, is_own: bool) -> Cause {
        if !is_own && matches!(answer.status, 400..=499) && !retry::is_transient_status(answer.status) {
            return Cause::Storage(answer.status);
        }
        let said = ErrorBody::of(&answer.body);
        if answer.status == 400
            && request.url.scheme() == "http"
            && said.mentions("http request to an https server")
        {
            return Cause::Scheme { server_is_plain: false };
        }
        if answer.status == 401
            && is_own
            && let Some(refused) = self.auth.login_refusal()
        {
            return Cause::LoginRefused(refused);
        }
        if answer.status == 401 && is_own && self.auth.is_proven() {
            return Cause::InsufficientRights(said);
        }
        let wait = retry::retry_after(&answer.headers, Timestamp::now());
        Cause::Status { status: answer.status, body: said, wait }
    }

    /// Sends a request and follows redirects by hand: credentials stay on the registry's origin, and once a redirect
    /// has left it they do not come back. A redirect never leads a request that writes to another origin.
    async fn send_with_redirects(
        &self,
        request: &Request,
        own: &Origin,
        authorization: &Authorization,
        attempt: u32,
    ) -> Result<Exchange, Cause> {
        let mut url = request.url.clone();
        let mut is_own = Origin::of(&url).as_ref() == Some(own);
        for _ in 0..=MOST_REDIRECTS {
            if !matches!(request.method, Method::GET | Method::HEAD) {
                self.check_write(own, &url)?;
            }
            let client = match (is_own, request.reuse) {
                (true, Reuse::Pooled) => self.registry_client(own).await?,
                (true, Reuse::Unpooled) => self.unpooled_client(own).await?,
                (false, _) => self.external_client().await?,
            };
            let header = if is_own { authorization.header() } else { None };
            let answer = match self.exchange(client, request, &url, header, attempt).await? {
                Ok(head) => return Ok(Exchange::Success(head)),
                Err(answer) => answer,
            };
            let Some(next) = redirect::target(&answer, self.host.is_loopback())? else {
                return Ok(Exchange::Other(answer, is_own));
            };
            redirect::check_method(&request.method, &answer, &next)?;
            is_own &= Origin::of(&next).as_ref() == Some(own);
            url = next;
        }
        Err(Cause::Redirect(SafeText::from(format!("more than {MOST_REDIRECTS} in a row"))))
    }

    /// Sends one request. Returns the head of its response, or the whole response if it is no success.
    async fn exchange(
        &self,
        client: &Client,
        request: &Request,
        url: &Url,
        authorization: Option<&HeaderValue>,
        attempt: u32,
    ) -> Result<Result<ResponseHead, HttpAnswer>, Cause> {
        let mut builder = client
            .request(request.method.clone(), url.clone())
            .header(ACCEPT, request.accept)
            .header(ACCEPT_ENCODING, "identity")
            .headers(request.headers.clone());
        if let Some(header) = authorization {
            builder = builder.header(AUTHORIZATION, header);
        }
        builder = request.payload.add_to(builder);
        let head = self.receive_head(builder, &request.method, url, attempt, &request.payload).await?;
        match head.response.status().is_success() {
            true => Ok(Ok(head)),
            false => Ok(Err(self.read_body(head, 0).await?)),
        }
    }

    /// Sends a request and reads the whole response within its cap. The request is reported to the log.
    pub(super) async fn receive(
        &self,
        request: RequestBuilder,
        method: &Method,
        url: &Url,
        cap: u64,
        attempt: u32,
    ) -> Result<HttpAnswer, Cause> {
        let head = self.receive_head(request, method, url, attempt, &Payload::None).await?;
        self.read_body(head, cap).await
    }

    /// Sends a request and waits for the head of the response.
    async fn receive_head(
        &self,
        request: RequestBuilder,
        method: &Method,
        url: &Url,
        attempt: u32,
        payload: &Payload,
    ) -> Result<ResponseHead, Cause> {
        let mut entry = self.sink.begin(method, self.display_url(url), attempt);
        let answered = payload.wait_for_response(request.send(), &self.timeouts).await;
        match answered.and_then(|answered| answered.map_err(|error| Cause::from_transport(&error))) {
            Ok(response) => {
                self.has_answered.store(true, Ordering::Relaxed);
                self.backoffs.record_answer();
                entry.line.status = Some(response.status().as_u16());
                Ok(ResponseHead { status: response.status().as_u16(), url: url.clone(), response, entry })
            }
            Err(cause) => {
                entry.line.failure = Some(SafeText::from(cause.to_string()));
                entry.end();
                Err(cause)
            }
        }
    }

    /// Reads the body: of a success all of it, within its cap, and of any other response its start. The request is
    /// reported to the log.
    async fn read_body(&self, head: ResponseHead, cap: u64) -> Result<HttpAnswer, Cause> {
        let ResponseHead { status, url, response, mut entry } = head;
        let headers = response.headers().clone();
        let body = match response.status().is_success() {
            true => response_body::read_whole(response, cap, &self.timeouts, &self.large).await,
            false => Ok((response_body::read_error_body(response, &self.timeouts).await, None)),
        };
        match &body {
            Ok((body, _)) => entry.line.bytes = body.len() as u64,
            Err(cause) => {
                entry.line.status = None;
                entry.line.failure = Some(SafeText::from(cause.to_string()));
            }
        }
        entry.end();
        let (body, hold) = body?;
        Ok(HttpAnswer { status, headers, body, url, _hold: hold })
    }

    async fn registry_origin(&self) -> Result<Origin, Cause> {
        let base = self.base().await.map_err(|error| error.cause)?;
        base.origin().ok_or_else(|| Cause::Local("no address".into()))
    }

    /// Returns the client for the registry's own origin.
    pub(super) async fn registry_client(&self, origin: &Origin) -> Result<&Client, Cause> {
        let build = || async { self.client(origin, Reuse::Pooled) };
        self.registry.get_or_try_init(build).await
    }

    /// Returns the client for the registry's own origin that opens a connection for each request.
    async fn unpooled_client(&self, origin: &Origin) -> Result<&Client, Cause> {
        let build = || async { self.client(origin, Reuse::Unpooled) };
        self.unpooled.get_or_try_init(build).await
    }

    fn client(&self, origin: &Origin, reuse: Reuse) -> Result<Client, Cause> {
        tls::registry_client(&self.host, &self.trust, !origin.is_https(), reuse, &self.timeouts)
    }

    /// Returns the client for all other origins.
    pub(super) async fn external_client(&self) -> Result<&Client, Cause> {
        let build = || async { tls::external_client(self.host.is_loopback(), &self.timeouts) };
        self.external.get_or_try_init(build).await
    }
}

fn is_storage(cause: &Cause) -> bool {
    matches!(cause, Cause::Storage(_))
}
