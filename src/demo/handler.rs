//! The handling of one request: it is recorded, changed by a fault if one is chosen, authorised, and passed to the noun
//! of the API that it names.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header;
use hyper::{Method, Request, StatusCode};

use super::auth::{Gatekeeper, IssuedTokens};
use super::delayed_delete::Deletions;
use super::error_reply::ErrorReply;
use super::faults::{self, BeforeAnswer, Fault, Faults, RequestView};
use super::referrers::{self, Turns};
use super::reply::{self, Reply, name as header_name};
use super::requests::Requests;
use super::route::{Query, Route};
use super::store::Store;
use super::uploads::Uploads;
use super::{DemoSettings, blobs, catalog, manifests, search, tags};

/// The longest body of a POST to `/token`, in bytes.
const FORM_LIMIT: usize = 64 * 1024;

/// The state that all connections share.
pub(crate) struct DemoRegistry {
    /// Its settings.
    pub(crate) settings: DemoSettings,
    /// Its contents.
    pub(crate) store: Store,
    /// The faults.
    pub(crate) faults: Faults,
    /// The recorded requests.
    pub(crate) requests: Requests,
    /// Deletes that were accepted and are not done yet.
    pub(crate) deletions: Deletions,
    /// The valid tokens.
    pub(crate) tokens: IssuedTokens,
    /// The number of uploads so far, from which their names are made.
    pub(crate) uploads: AtomicU64,
    /// The requests that are being answered.
    pub(crate) busy: Busy,
    /// The referrers that are being put.
    pub(crate) turns: Turns,
}

/// The number of requests that are being answered, and the greatest number so far.
#[derive(Debug, Default)]
pub(crate) struct Busy {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Busy {
    fn enter(&self) -> Leave<'_> {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        Leave(&self.now)
    }

    /// Returns the greatest number of requests at the same time.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }
}

struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl DemoRegistry {
    /// Answers one request. An error closes the connection without an answer.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> io::Result<Reply> {
        let _leave = self.busy.enter();
        let view = RequestView {
            method: request.method(),
            path: request.uri().path(),
            query: request.uri().query().unwrap_or_default(),
            headers: request.headers(),
        };
        self.requests.note(&view);
        self.deletions.catch_up(&self.settings, &self.store);
        let fault = self.faults.choose(&view);
        let head = *view.method == Method::HEAD;
        let mut answer = match faults::before(fault).await? {
            BeforeAnswer::Answered(reply) => reply,
            BeforeAnswer::Truth(fault) => {
                let unlisted =
                    matches!(fault, Some(Fault::Unlisted)).then(|| request.uri().path().to_owned());
                let mut reply = self.handle(request).await.unwrap_or_else(ErrorReply::into_reply);
                reply::set(&mut reply, header_name::API_VERSION, "registry/2.0");
                if let Some(Ok(Route::Manifest(name, reference))) = unlisted.map(|path| Route::of(&path)) {
                    self.store.unlist(&name, &reference);
                }
                if let Some(server) = &self.settings.server {
                    reply::set(&mut reply, header::SERVER, server);
                }
                fault.into_iter().fold(reply, faults::after)
            }
        };
        if head {
            answer = reply::without_body(answer);
        }
        Ok(answer)
    }

    async fn handle(&self, request: Request<Incoming>) -> Result<Reply, ErrorReply> {
        let (parts, body) = request.into_parts();
        let (method, uri, headers) = (&parts.method, &parts.uri, &parts.headers);
        let route = Route::of(uri.path())?;
        let query = Query::of(uri.query().unwrap_or_default());
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let base = self.settings.public_url.clone().unwrap_or_else(|| format!("http://{host}"));
        let gatekeeper = Gatekeeper { auth: &self.settings.auth, tokens: &self.tokens, base: &base };
        if route == Route::Token {
            let form = collect(body, FORM_LIMIT, ErrorReply::no_such_path).await?;
            return Ok(gatekeeper.token(method, &query, &form, headers));
        }
        gatekeeper.admit(method, &route, headers)?;
        let (settings, store) = (&self.settings, &self.store);
        let location_base = if settings.relative_locations { String::new() } else { base.clone() };
        let uploads = |name| Uploads { settings, store, name, base: location_base };
        match (&route, method) {
            (Route::Ping, &Method::GET | &Method::HEAD) => {
                Ok(reply::of(StatusCode::OK, "application/json", Bytes::from_static(b"{}")))
            }
            (Route::Catalog, &Method::GET) => catalog::list(settings, store, uri, &query),
            (Route::Search, &Method::GET) => Ok(search::find(store, &query)),
            (Route::Tags(name), &Method::GET) => tags::list(settings, store, name, uri, &query),
            (Route::Manifest(name, reference), &Method::GET | &Method::HEAD) => {
                manifests::get(settings, store, name, reference, headers)
            }
            (Route::Manifest(name, reference), &Method::PUT) => {
                let bytes = collect(body, settings.manifest_limit, ErrorReply::manifest_too_large).await?;
                let turn = self.turns.of_referrer(settings, name, &bytes).await;
                let reply = manifests::put(settings, store, name, reference, &query, headers, bytes)?;
                if turn.is_some_and(|turn| turn.is_second) {
                    store.unlist(name, reference);
                }
                Ok(reply)
            }
            (Route::Manifest(name, reference), &Method::DELETE) => {
                self.deletions.delete(settings, store, name, reference)
            }
            (Route::Blob(name, digest), &Method::GET | &Method::HEAD) => {
                blobs::get(settings, store, name, digest, headers)
            }
            (Route::Blob(name, digest), &Method::DELETE) => blobs::delete(settings, store, name, digest),
            (Route::Uploads(name), &Method::POST) => {
                let may_read = |from: &str| gatekeeper.may_pull(from, headers);
                uploads(name).open(&query, may_read, self.new_upload_id(), body).await
            }
            (Route::Upload(name, id), &Method::PATCH) => {
                uploads(name).append(id, &query, headers, body).await
            }
            (Route::Upload(name, id), &Method::PUT) => uploads(name).finish(id, &query, headers, body).await,
            (Route::Upload(name, id), &Method::GET) => uploads(name).status(id, &query),
            (Route::Upload(name, id), &Method::DELETE) => uploads(name).cancel(id, &query),
            (Route::Referrers(name, digest), &Method::GET) => {
                referrers::list(settings, store, name, digest, uri, &query)
            }
            (route, _) => Err(ErrorReply::method(allowed(route))),
        }
    }

    /// Returns an id that has the form of a UUID, as on other registries, and counts up.
    fn new_upload_id(&self) -> String {
        let count = self.uploads.fetch_add(1, Ordering::Relaxed) + 1;
        format!("de300000-0000-4000-8000-{count:012x}")
    }
}

/// Returns the whole body. Fails if it is longer than `limit`.
async fn collect(body: Incoming, limit: usize, too_large: fn() -> ErrorReply) -> Result<Bytes, ErrorReply> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(ErrorReply::upload_invalid("the body broke off")),
    }
}

/// Returns the methods that are allowed on this route.
fn allowed(route: &Route) -> &'static str {
    match route {
        Route::Ping => "GET, HEAD",
        Route::Catalog | Route::Search | Route::Tags(_) | Route::Referrers(..) => "GET",
        Route::Manifest(..) => "GET, HEAD, PUT, DELETE",
        Route::Blob(..) => "GET, HEAD, DELETE",
        Route::Uploads(_) => "POST",
        Route::Upload(..) => "GET, PATCH, PUT, DELETE",
        Route::Token => "GET, POST",
    }
}
