//! One request from beginning to end: auth, permit, send, redirects, retry, body cap.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, Method, Response, Url};
use tokio::sync::OnceCell;

use super::auth::{Auth, Authorization};
use super::challenge;
use super::error::{Cause, Error, Said};
use super::limit::{Lane, Limit};
use super::log::{Sink, redacted};
use super::origin::{Base, Origin};
use super::redirect;
use super::retry::{self, Patience};
use super::scope::Scope;
use super::tls::{self, Trust};
use super::{Settings, scheme};
use crate::model::reference::Host;
use crate::model::request::RequestLine;
use crate::model::text::SafeText;

/// Requests at once against one host.
const MOST_AT_ONCE: usize = 8;
/// Redirects that are followed.
const MOST_REDIRECTS: u32 = 5;
/// Sends of one request, the ones that were answered with 401 included.
const MOST_SENDS: u32 = 3;
/// Bytes of an error's body that are read.
const ERROR_CAP: u64 = 64 * 1024;

/// A request that reads.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET` or `HEAD`.
    pub method: Method,
    /// On the registry's own origin.
    pub url: Url,
    /// The `Accept` header.
    pub accept: &'static str,
    /// What the token must allow.
    pub scope: Scope,
    /// Most bytes of the answer.
    pub cap: u64,
    /// Who waits.
    pub lane: Lane,
}

/// An answer that was a success.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, whole.
    pub body: Bytes,
    /// Where it came from in the end.
    pub url: Url,
}

/// How requests reach one registry.
#[derive(Debug)]
pub struct Http {
    host: Host,
    trust: Trust,
    patience: Patience,
    sink: Sink,
    limit: Limit,
    auth: Auth,
    base: OnceCell<Base>,
    own: OnceCell<Client>,
    strict: OnceCell<Client>,
    paused_until: Mutex<Option<Instant>>,
}

impl Http {
    /// Nothing is sent yet.
    pub fn new(host: Host, settings: &Settings) -> Http {
        Http {
            trust: settings.trust(&host),
            patience: settings.patience.clone(),
            sink: settings.sink.clone(),
            limit: Limit::new(MOST_AT_ONCE),
            auth: Auth::new(host.clone(), settings),
            base: OnceCell::new(),
            own: OnceCell::new(),
            strict: OnceCell::new(),
            paused_until: Mutex::new(None),
            host,
        }
    }

    /// The registry's name.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The registry's transport settings.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Who we are to the registry.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Where the registry is; finds out on the first call whether one on loopback speaks TLS.
    pub async fn base(&self) -> Result<&Base, Error> {
        let find = async {
            let is_plain = self.trust.plain_http
                || (self.host.is_loopback() && scheme::is_plain(&self.host, self.patience.connect).await);
            Base::new(&self.host, is_plain)
                .ok_or_else(|| Cause::Local("the host cannot stand in a URL".into()))
        };
        self.base.get_or_try_init(|| find).await.map_err(|cause| self.error(cause, None, 1))
    }

    /// Sends a request until it succeeds or there is no use in trying. Anything but a 2xx is an error.
    pub async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            self.wait_out_the_pause().await;
            let outcome = {
                let _permit = self.limit.permit(request.lane).await;
                self.send_authorized(request, tries).await
            };
            let cause = match outcome {
                Ok(answer) => return Ok(answer),
                Err(cause) => cause,
            };
            match self.wait_before_retry(&cause, tries) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(self.error(cause, Some(request), tries)),
            }
        }
    }

    /// An error of this registry.
    pub fn error(&self, cause: Cause, request: Option<&Request>, tries: u32) -> Error {
        let request =
            request.map(|request| SafeText::from(format!("{} {}", request.method, redacted(&request.url))));
        Error { cause, request, tries, host: (&self.host).into() }
    }

    /// How long to wait before the next try; `None` when there is none. A server that names a time stops the whole host.
    fn wait_before_retry(&self, cause: &Cause, tries: u32) -> Option<Duration> {
        if tries >= self.patience.tries || !cause.may_pass() {
            return None;
        }
        match cause {
            Cause::Status { wait: Some(wait), .. } if *wait > self.patience.longest_wait => None,
            Cause::Status { wait: Some(wait), status, .. } => {
                if matches!(status, 429 | 503) {
                    let mut pause = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
                    *pause = (*pause).max(Some(Instant::now() + *wait));
                }
                Some(*wait)
            }
            _ => Some(retry::backoff(&self.patience, tries)),
        }
    }

    async fn wait_out_the_pause(&self) {
        let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = until {
            tokio::time::sleep_until(until.into()).await;
        }
    }

    /// Sends a request, and answers the challenges that come back: at most [`MOST_SENDS`] sends.
    async fn send_authorized(&self, request: &Request, attempt: u32) -> Result<Answer, Cause> {
        let mut sends = 0;
        loop {
            let authorization = self.auth.authorization(self, &request.scope).await?;
            let (answer, is_own) = self.send_following(request, &authorization, attempt).await?;
            sends += 1;
            if answer.status != 401 || !is_own || sends == MOST_SENDS {
                return self.checked(answer, request, is_own);
            }
            let challenge = match challenge::preferred(&answer.headers) {
                Some(challenge) => Some(challenge),
                None => self.challenge_of_ping(request).await,
            };
            let may_help = match challenge {
                Some(challenge) => {
                    self.auth.take_challenge(self, &request.scope, &authorization, challenge).await?
                }
                None => false,
            };
            if !may_help {
                return self.checked(answer, request, is_own);
            }
        }
    }

    /// Some registries leave the challenge out of every 401 but that of the ping.
    async fn challenge_of_ping(&self, request: &Request) -> Option<challenge::Challenge> {
        let ping = self.base().await.ok()?.ping();
        if ping == request.url {
            return None;
        }
        let request = Request { url: ping, method: Method::GET, cap: ERROR_CAP, ..request.clone() };
        let (answer, is_own) = self.send_following(&request, &Authorization::Nothing, 1).await.ok()?;
        if is_own { challenge::preferred(&answer.headers) } else { None }
    }

    fn checked(&self, answer: Answer, request: &Request, is_own: bool) -> Result<Answer, Cause> {
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        if !is_own && matches!(answer.status, 400..=499) && !retry::may_pass(answer.status) {
            return Err(Cause::Storage(answer.status));
        }
        let said = Said::of(&answer.body);
        if answer.status == 400
            && request.url.scheme() == "http"
            && said.mentions("http request to an https server")
        {
            return Err(Cause::Scheme { server_is_plain: false });
        }
        if answer.status == 401
            && is_own
            && let Some(refused) = self.auth.login_refused()
        {
            return Err(Cause::Login(refused));
        }
        let wait = retry::retry_after(&answer.headers, Timestamp::now());
        Err(Cause::Status { status: answer.status, said, wait })
    }

    /// Sends a request and follows redirects by hand: credentials stay on the registry's origin, and once a redirect has
    /// left it they do not come back. Says whether the answer is from that origin.
    async fn send_following(
        &self,
        request: &Request,
        authorization: &Authorization,
        attempt: u32,
    ) -> Result<(Answer, bool), Cause> {
        let own_origin = Origin::of(&request.url).ok_or_else(|| Cause::Redirect("no HTTP address".into()))?;
        let mut url = request.url.clone();
        let mut is_own = true;
        for _ in 0..=MOST_REDIRECTS {
            let client = if is_own { self.own(&own_origin).await? } else { self.strict().await? };
            let header = if is_own { authorization.header() } else { None };
            let hop = Hop {
                method: &request.method,
                url: &url,
                accept: request.accept,
                cap: request.cap,
                header,
                attempt,
            };
            let answer = self.exchange(client, hop).await?;
            let Some(next) = redirect::target(&answer, self.host.is_loopback())? else {
                return Ok((answer, is_own));
            };
            is_own &= Origin::of(&next).as_ref() == Some(&own_origin);
            url = next;
        }
        Err(Cause::Redirect(SafeText::from(format!("more than {MOST_REDIRECTS} in a row"))))
    }

    /// One request, one answer, body and all.
    async fn exchange(&self, client: &Client, hop: Hop<'_>) -> Result<Answer, Cause> {
        let mut request = client.request(hop.method.clone(), hop.url.clone()).header(ACCEPT, hop.accept);
        request = request.header(ACCEPT_ENCODING, "identity");
        if let Some(header) = hop.header {
            request = request.header(reqwest::header::AUTHORIZATION, header);
        }
        self.receive(request, hop.method, hop.url, hop.cap, hop.attempt).await
    }

    /// Sends what was built and reads the whole answer within its cap; reported to the log.
    pub(super) async fn receive(
        &self,
        request: reqwest::RequestBuilder,
        method: &Method,
        url: &Url,
        cap: u64,
        attempt: u32,
    ) -> Result<Answer, Cause> {
        let at = Timestamp::now();
        let start = Instant::now();
        let outcome = self.receive_unlogged(request, cap, url).await;
        self.sink.send(RequestLine {
            at,
            method: if *method == Method::HEAD {
                "HEAD"
            } else if *method == Method::POST {
                "POST"
            } else {
                "GET"
            },
            url: redacted(url),
            status: outcome.as_ref().ok().map(|answer| answer.status),
            took: start.elapsed(),
            bytes: outcome.as_ref().map_or(0, |answer| answer.body.len() as u64),
            attempt,
            failure: outcome.as_ref().err().map(|cause| SafeText::from(cause.to_string())),
        });
        outcome
    }

    async fn receive_unlogged(
        &self,
        request: reqwest::RequestBuilder,
        cap: u64,
        url: &Url,
    ) -> Result<Answer, Cause> {
        let answered = tokio::time::timeout(self.patience.headers, request.send()).await;
        let response = answered
            .map_err(|_| Cause::Timeout("before the answer began", self.patience.headers))?
            .map_err(|error| Cause::of_transport(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = match response.status().is_success() {
            true => self.body(response, cap).await?,
            false => self.start_of_body(response).await,
        };
        Ok(Answer { status, headers, body, url: url.clone() })
    }

    /// The body of a success: whole, in its own bytes, not larger than `cap`, not slower than is any use.
    async fn body(&self, mut response: Response, cap: u64) -> Result<Bytes, Cause> {
        let encoding = response.headers().get(CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Cause::BadAnswer("the answer is compressed although nobody asked for that".into()));
        }
        let expected = response.content_length().unwrap_or(0);
        if expected > cap {
            return Err(Cause::TooLarge(cap));
        }
        let mut body = BytesMut::with_capacity(usize::try_from(expected).unwrap_or(0).min(64 * 1024));
        let start = Instant::now();
        while let Some(piece) = self.piece(&mut response).await? {
            if (body.len() + piece.len()) as u64 > cap {
                return Err(Cause::TooLarge(cap));
            }
            body.extend_from_slice(&piece);
            let ran = start.elapsed();
            if ran > self.patience.idle
                && (body.len() as f64) < ran.as_secs_f64() * self.patience.slowest as f64
            {
                return Err(Cause::TooSlow);
            }
        }
        Ok(body.freeze())
    }

    /// As much of an error's body as is of use; it may break off.
    async fn start_of_body(&self, mut response: Response) -> Bytes {
        let mut body = BytesMut::new();
        let start = Instant::now();
        while (body.len() as u64) < ERROR_CAP && start.elapsed() < self.patience.idle {
            match self.piece(&mut response).await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) | Err(_) => break,
            }
        }
        body.freeze()
    }

    async fn piece(&self, response: &mut Response) -> Result<Option<Bytes>, Cause> {
        match tokio::time::timeout(self.patience.idle, response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(_)) => Err(Cause::Connection("it broke off in the middle of the answer".into())),
            Err(_) => Err(Cause::Timeout("in the middle of the answer", self.patience.idle)),
        }
    }

    /// The client for the registry's own origin.
    pub(super) async fn own(&self, origin: &Origin) -> Result<&Client, Cause> {
        let build = || async { tls::own(&self.host, &self.trust, !origin.is_https(), &self.patience) };
        self.own.get_or_try_init(build).await
    }

    /// The client for everybody else.
    pub(super) async fn strict(&self) -> Result<&Client, Cause> {
        let build = || async { tls::strict(self.host.is_loopback(), &self.patience) };
        self.strict.get_or_try_init(build).await
    }
}

/// One request on its way.
struct Hop<'a> {
    method: &'a Method,
    url: &'a Url,
    accept: &'static str,
    cap: u64,
    header: Option<&'a HeaderValue>,
    attempt: u32,
}

impl Answer {
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
