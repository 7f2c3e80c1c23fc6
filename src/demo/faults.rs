//! The faults that a test can cause, request by request, to get a server that is slow, broken or hostile.
//!
//! A fault is chosen by a hook that sees each request before the registry does, also `/token`:
//!
//! ```ignore
//! demo.fault(|request, nth| (request.path == "/v2/_catalog" && nth == 1).then(|| Fault::status(503)));
//! ```

mod gate;
mod removes;

pub use gate::Gate;
pub use removes::Removes;

use std::collections::HashMap;
use std::future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http_body_util::BodyExt;
use hyper::body::Frame;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::json;

use super::reply::{self, Pieces, Reply};
use super::store::Store;
use crate::model::digest::Digest;

/// A request as a hook sees it.
#[derive(Debug, Clone, Copy)]
pub struct RequestView<'a> {
    /// GET, HEAD and so on.
    pub method: &'a Method,
    /// The path without the query, as it was sent.
    pub path: &'a str,
    /// The text after the `?`, as it was sent. Empty if there is none.
    pub query: &'a str,
    /// The headers, as they were sent.
    pub headers: &'a HeaderMap,
}

/// The answer to a connection that begins with a TLS greeting. A fault would come too late for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnTls {
    /// 400 in plain HTTP.
    #[default]
    Refused,
    /// No answer, while the connection stays open. Servers that wait for the end of a line do this.
    Silent,
    /// The connection is closed.
    Closed,
}

/// A fault.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This answer instead of the true one; the request is not carried out.
    Answer {
        /// The status.
        status: u16,
        /// The headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Bytes,
    },
    /// The request waits until the gate is opened, then gets the true answer.
    Gate(Gate),
    /// The request waits until the gate is opened, then meets the next fault.
    Then(Gate, Box<Fault>),
    /// No answer, ever; the connection stays open.
    Hang,
    /// No answer; the connection is closed.
    Close,
    /// The true head and this number of bytes of the body; then the connection is cut.
    CutAfter(u64),
    /// The true head and this number of bytes of the body; then nothing more, while the connection stays open.
    HangAfter(u64),
    /// The body comes in pieces of this number of bytes, with this pause before each.
    Drip(usize, Duration),
    /// The first byte of the body has one bit flipped: the length is right and the digest wrong.
    WrongBytes,
    /// The head gives no length, and the body never ends.
    Endless,
    /// The true body with other headers: each is set to a value or removed.
    Headers(Vec<(String, Option<String>)>),
    /// The request is carried out, and then answered with this fault: a refusal whose effect exists.
    Done(Box<Fault>),
    /// A manifest is stored and never listed among the referrers of its subject, as if another client had overwritten
    /// the list.
    Unlisted,
}

impl Fault {
    /// Returns an answer with this status and nothing else.
    pub fn status(status: u16) -> Fault {
        Fault::Answer { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// Returns a 401 with a challenge for user and password, as Gitea answers a valid login that lacks the right.
    pub fn insufficient_rights() -> Fault {
        let challenge = [("www-authenticate", "Basic realm=\"Gitea Package API\"")];
        Fault::answer(401, &challenge, "user should have specific permission or be a site admin")
    }

    /// Returns the refusal of a pushed Docker manifest: 415 with its media type in the details, as zot answers. Returns
    /// `None` for every other request.
    pub fn refused_docker_manifest(request: &RequestView<'_>) -> Option<Fault> {
        let media_type = request.headers.get("content-type")?.to_str().ok()?;
        let is_put = request.method == Method::PUT && request.path.contains("/manifests/");
        let is_docker = media_type.starts_with("application/vnd.docker.distribution.manifest.");
        let detail = json!({"mediaType": media_type});
        let error = json!({"code": "MANIFEST_INVALID", "message": "manifest invalid", "detail": detail});
        let body = json!({"errors": [error]}).to_string();
        (is_put && is_docker).then(|| Fault::answer(415, &[("content-type", "application/json")], body))
    }

    /// Returns the true answer with a challenge, even if the request was not refused.
    pub fn challenged(challenge: &str) -> Fault {
        Fault::Headers(vec![("www-authenticate".into(), Some(challenge.into()))])
    }

    /// Returns an answer with this status, these headers and this body.
    pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Fault {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Fault::Answer { status, headers, body: body.into() }
    }

    /// Carries out the request and refuses it nevertheless, with this status and error code. Nexus does so if another
    /// client has put the same blob a moment before.
    pub fn done_but_refused(status: u16, code: &str) -> Fault {
        let body = serde_json::json!({"errors": [{"code": code, "message": "refused by a fault"}]});
        let json = ("Content-Type", "application/json");
        Fault::Done(Box::new(Fault::answer(status, &[json], body.to_string())))
    }
}

/// Returns a hook that keeps the lists of tags as they are now, no matter how the tags change later.
pub fn lagging_tags(
    store: &Store,
) -> impl Fn(&RequestView<'_>, usize) -> Option<Fault> + Send + Sync + 'static {
    let names = store.repositories().into_iter();
    let lists: HashMap<String, Vec<String>> = names.map(|name| (name.clone(), store.tags(&name))).collect();
    move |request, _| {
        let name = request.path.strip_prefix("/v2/")?.strip_suffix("/tags/list")?;
        let tags = lists.get(name).map_or(&[][..], Vec::as_slice);
        let body = serde_json::json!({"name": name, "tags": tags});
        Some(Fault::answer(200, &[("Content-Type", "application/json")], body.to_string()))
    }
}

/// Returns a hook that sends this digest in the `Docker-Content-Digest` of every answer about a manifest, no matter
/// which bytes the manifest has.
pub fn digest_header(
    digest: Digest,
) -> impl Fn(&RequestView<'_>, usize) -> Option<Fault> + Send + Sync + 'static {
    move |request, _| {
        let headers = vec![("docker-content-digest".to_owned(), Some(digest.to_string()))];
        request.path.contains("/manifests/").then_some(Fault::Headers(headers))
    }
}

/// The time at which an accepted delete is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateDelete {
    /// After this number of further requests. 0 means before the next one.
    Requests(usize),
    /// After this time.
    After(Duration),
}

/// Answers every DELETE with 404 and an HTML page, as a proxy does that has no route for DELETE.
pub fn deletes_not_routed(request: &RequestView<'_>, _: usize) -> Option<Fault> {
    let page = "<html><head><title>404 Not Found</title></head><body>nginx</body></html>";
    (request.method == Method::DELETE).then(|| Fault::answer(404, &[("content-type", "text/html")], page))
}

/// Refuses with 400 to delete a tag, in the words of Pulp.
pub fn deletes_by_digest_only(request: &RequestView<'_>, _: usize) -> Option<Fault> {
    let is_tag =
        request.path.rsplit_once("/manifests/").is_some_and(|(_, reference)| !reference.contains(':'));
    let json = r#"{"errors":[{"code":"INVALID_REQUEST","message":"a manifest can only be deleted by digest","detail":{}}]}"#;
    (is_tag && request.method == Method::DELETE)
        .then(|| Fault::answer(400, &[("content-type", "application/json")], json))
}

/// Accepts a manifest (201) without storing it, as distribution does after garbage collection.
pub fn puts_vanish(request: &RequestView<'_>, _: usize) -> Option<Fault> {
    (request.method == Method::PUT && request.path.contains("/manifests/")).then(|| Fault::status(201))
}

type Hook = dyn Fn(&RequestView<'_>, usize) -> Option<Fault> + Send + Sync;

/// The current hook, if any.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Option<FaultPlan>>);

struct FaultPlan {
    hook: Arc<Hook>,
    seen: HashMap<(Method, String), usize>,
}

impl Faults {
    /// Sets the hook, in place of the former one. The hook receives the number of requests with this method and path
    /// since then: 1 for the first.
    pub(crate) fn set(
        &self,
        hook: impl Fn(&RequestView<'_>, usize) -> Option<Fault> + Send + Sync + 'static,
    ) {
        *self.lock() = Some(FaultPlan { hook: Arc::new(hook), seen: HashMap::new() });
    }

    /// Removes the hook, so that no more faults happen.
    pub(crate) fn clear(&self) {
        *self.lock() = None;
    }

    pub(super) fn choose(&self, request: &RequestView<'_>) -> Option<Fault> {
        let (hook, nth) = {
            let mut plan = self.lock();
            let plan = plan.as_mut()?;
            let seen = plan.seen.entry((request.method.clone(), request.path.to_owned())).or_default();
            *seen += 1;
            (plan.hook.clone(), *seen)
        };
        hook(request, nth)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<FaultPlan>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result of a fault before the request is answered.
pub(super) enum BeforeAnswer {
    /// The request gets this answer.
    Answered(Reply),
    /// The request gets the true answer, changed by this fault if there is one.
    Truth(Option<Fault>),
}

/// Applies the part of a fault that comes before the answer. An error closes the connection.
pub(super) async fn before(fault: Option<Fault>) -> io::Result<BeforeAnswer> {
    let mut fault = fault;
    loop {
        fault = match fault {
            Some(Fault::Gate(gate)) => {
                gate.pass().await;
                None
            }
            Some(Fault::Then(gate, next)) => {
                gate.pass().await;
                Some(*next)
            }
            Some(Fault::Hang) => future::pending().await,
            Some(Fault::Close) => return Err(io::Error::other("closed by a fault")),
            Some(Fault::Answer { status, headers, body }) => {
                return Ok(BeforeAnswer::Answered(answered(status, headers, body)));
            }
            left => return Ok(BeforeAnswer::Truth(left)),
        };
    }
}

fn answered(status: u16, headers: Vec<(String, String)>, body: Bytes) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = reply::of(status, "text/plain", body);
    let headers = headers.into_iter().map(|(name, value)| (name, Some(value)));
    replace_headers(answer.headers_mut(), headers);
    answer
}

/// Applies the part of a fault that changes a true answer.
pub(super) fn after(reply: Reply, fault: Fault) -> Reply {
    match fault {
        Fault::CutAfter(bytes) => with_pieces(reply, |pieces| {
            // The pause lets the bytes before it reach the network.
            let cut = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::Error::other("cut by a fault"))
            });
            first(pieces, bytes).chain(cut).boxed()
        }),
        Fault::HangAfter(bytes) => {
            with_pieces(reply, |pieces| first(pieces, bytes).chain(stream::pending()).boxed())
        }
        Fault::Drip(size, every) => with_pieces(reply, |pieces| drip(pieces, size.max(1), every)),
        Fault::WrongBytes => with_pieces(reply, |pieces| flip_first(pieces)),
        Fault::Endless => {
            let mut reply = with_pieces(reply, |pieces| {
                pieces
                    .chain(stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(&[b' '; 4096])))))
                    .boxed()
            });
            reply.headers_mut().remove(hyper::header::CONTENT_LENGTH);
            reply
        }
        Fault::Headers(headers) => {
            let mut reply = reply;
            replace_headers(reply.headers_mut(), headers);
            reply
        }
        Fault::Done(answer) => match *answer {
            Fault::Answer { status, headers, body } => answered(status, headers, body),
            other => after(reply, other),
        },
        // `before` has handled these, and the store `Unlisted`.
        Fault::Answer { .. }
        | Fault::Gate(_)
        | Fault::Then(..)
        | Fault::Hang
        | Fault::Close
        | Fault::Unlisted => reply,
    }
}

fn replace_headers(headers: &mut HeaderMap, new: impl IntoIterator<Item = (String, Option<String>)>) {
    for (name, value) in new {
        let Ok(name) = HeaderName::try_from(name) else { continue };
        match value.map(HeaderValue::try_from) {
            Some(Ok(value)) => headers.insert(name, value),
            Some(Err(_)) => None,
            None => headers.remove(name),
        };
    }
}

/// Keeps the head (with its length) and changes the body.
fn with_pieces(reply: Reply, change: impl FnOnce(Pieces) -> Pieces) -> Reply {
    reply.map(|body| {
        let pieces =
            body.into_data_stream().map(|piece| piece.map(Frame::data).map_err(io::Error::other)).boxed();
        http_body_util::Either::Right(http_body_util::StreamBody::new(change(pieces)))
    })
}

fn first(pieces: Pieces, bytes: u64) -> Pieces {
    pieces
        .scan(bytes, |left, piece| {
            let piece = piece.map(|frame| {
                let mut data = frame.into_data().unwrap_or_default();
                data.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= data.len() as u64;
                data
            });
            let end = matches!(&piece, Ok(data) if data.is_empty());
            future::ready((!end).then(|| piece.map(Frame::data)))
        })
        .boxed()
}

fn drip(pieces: Pieces, size: usize, every: Duration) -> Pieces {
    pieces
        .flat_map(move |piece| {
            let mut data = piece.ok().and_then(|frame| frame.into_data().ok()).unwrap_or_default();
            stream::iter(std::iter::from_fn(move || {
                (!data.is_empty()).then(|| data.split_to(size.min(data.len())))
            }))
        })
        .then(move |drop| async move {
            tokio::time::sleep(every).await;
            Ok(Frame::data(drop))
        })
        .boxed()
}

fn flip_first(pieces: Pieces) -> Pieces {
    pieces
        .enumerate()
        .map(|(i, piece)| {
            piece.map(|frame| {
                let mut data = frame.into_data().unwrap_or_default().to_vec();
                if i == 0
                    && let Some(byte) = data.first_mut()
                {
                    *byte ^= 1;
                }
                Frame::data(Bytes::from(data))
            })
        })
        .boxed()
}
