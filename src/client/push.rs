//! A blob into a registry: in one piece where that goes, in parts where it does not, and on from where it broke.
//!
//! registries.md §8.2. The first try is one PUT with all bytes and their length, which works everywhere. What comes
//! after a break depends on how far it came: the server is asked what it has, and gets the rest.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};

use super::blobs::reader::BlobSource;
use super::error::{Cause, Error};
use super::feed::{Feed, Transfer};
use super::http::{Answer, Request};
use super::limit::{Lane, Permit};
use super::payload::Payload;
use super::scope::Scope;
use super::uploads::{self, Upload};
use super::{Client, location};
use crate::model::digest::Digest;
use crate::model::manifest::Descriptor;
use crate::model::reference::RepositoryName;
use crate::model::text::SafeText;

/// A connection that brought this many bytes is good for all the rest.
const GOOD: u64 = 8 * 1024 * 1024;
/// The smallest part that is sent, unless the server wants larger ones.
const SMALLEST: u64 = 16 * 1024;
/// The part after a refusal of a larger one: proxies in front of registries stop at 100 MB and less.
const PART: u64 = 32 * 1024 * 1024;
/// How long closing an upload may take.
const CLOSING: Duration = Duration::from_secs(10);

impl Client {
    /// Puts a blob into a repository. Its descriptor needs a digest and a size.
    ///
    /// Goes on by itself after breaks, as often as they bring something. An upload that is given up, also because
    /// `transfer` is stopped, is closed; where that fails, `transfer.left_open` counts it.
    pub async fn push_blob(
        &self,
        name: &RepositoryName,
        descriptor: &Descriptor,
        source: &BlobSource,
        transfer: &Arc<Transfer>,
    ) -> Result<(), Error> {
        if transfer.stop.is_cancelled() {
            return Err(self.http().error(Cause::Stopped, None, 1));
        }
        self.start_upload(name).await?.push(descriptor, source, transfer).await
    }
}

impl Upload {
    /// Puts a blob into this upload: see [`Client::push_blob`].
    pub async fn push(
        self,
        descriptor: &Descriptor,
        source: &BlobSource,
        transfer: &Arc<Transfer>,
    ) -> Result<(), Error> {
        let feed = match Feed::new(source, transfer.clone()) {
            Ok(feed) => feed,
            Err(error) => {
                self.close().await;
                return Err(error);
            }
        };
        let Some((digest, size)) = descriptor.digest.zip(descriptor.size) else {
            let cause = Cause::BadAnswer("the blob's descriptor lacks a good digest or size".into());
            let error = self.client.http().error(cause, None, 1);
            self.close().await;
            return Err(error);
        };
        let plan = Plan { at: 0, furthest: 0, way: Way::Whole, has_refused_whole: false, failures: 0 };
        let mut push = Push { upload: self, digest, size, feed, transfer: transfer.clone(), plan };
        let outcome = push.run().await;
        if outcome.is_err() {
            push.feed.seek(0).await;
            push.give_up().await;
        }
        outcome
    }
}

/// A push under way.
struct Push {
    upload: Upload,
    digest: Digest,
    size: u64,
    feed: Feed,
    transfer: Arc<Transfer>,
    plan: Plan,
}

/// What is to be sent next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    /// Bytes that the server has.
    at: u64,
    /// The most that it ever had.
    furthest: u64,
    way: Way,
    has_refused_whole: bool,
    /// Failures since there was progress.
    failures: u32,
}

/// How the bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// One PUT with everything.
    Whole,
    /// PATCH with all that is left, then PUT.
    Rest,
    /// PATCH with at most so many bytes at a time, then PUT.
    Parts(u64),
}

/// One request of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    range: Range<u64>,
    closes: bool,
}

impl Plan {
    fn step(&self, size: u64) -> Step {
        let end = match self.way {
            Way::Whole | Way::Rest => size,
            Way::Parts(most) => self.at.saturating_add(most).min(size),
        };
        Step { range: self.at..end, closes: self.at == size || (self.way == Way::Whole && self.at == 0) }
    }

    /// The server has this much, after a part that it took.
    fn took(&mut self, at: u64, least: u64) {
        self.arrive(at);
        if let Way::Parts(size) = self.way {
            self.way = Way::Parts(size.saturating_mul(2).clamp(least, PART.max(least)));
        }
    }

    /// The server has this much, after a request that broke.
    fn broke(&mut self, at: u64, step: &Step, least: u64) {
        let came = at.saturating_sub(step.range.start);
        let sent = step.range.end - step.range.start;
        self.way = match at {
            0 if self.way == Way::Whole && self.failures == 0 => Way::Whole,
            _ if came >= GOOD => Way::Rest,
            _ if came > 0 => Way::Parts(came.max(SMALLEST).max(least)),
            _ => Way::Parts((sent.min(PART) / 2).max(SMALLEST).max(least)),
        };
        self.arrive(at);
    }

    fn arrive(&mut self, at: u64) {
        self.failures = if at > self.furthest { 0 } else { self.failures + 1 };
        self.furthest = self.furthest.max(at);
        self.at = at;
    }
}

impl Push {
    async fn run(&mut self) -> Result<(), Error> {
        loop {
            let step = self.plan.step(self.size);
            let stop = self.transfer.stop.clone();
            let outcome = tokio::select! {
                biased;
                () = stop.cancelled() => return Err(self.error(Cause::Stopped)),
                outcome = self.send(&step) => outcome,
            };
            match outcome {
                Ok(_) if step.closes => {
                    self.upload.location = None;
                    return Ok(());
                }
                Ok(answer) => self.take_progress(&step, &answer).await?,
                Err(error) if step.closes && self.is_there_after(&error).await => {
                    self.upload.location = None;
                    return Ok(());
                }
                Err(error) => self.recover(&step, error).await?,
            }
        }
    }

    async fn send(&self, step: &Step) -> Result<Answer, Error> {
        let location = self.location()?;
        let (method, url) = match step.closes {
            true => (Method::PUT, location::with_digest(location, &self.digest)),
            false => (Method::PATCH, location.clone()),
        };
        let payload = match step.range.is_empty() {
            true => Payload::Empty,
            false => Payload::Part(self.feed.part(step.range.clone())),
        };
        let request = Request::new(method, url, self.scope(), Lane::Upload);
        let mut request = Request { payload, once: true, ..request };
        if !step.closes {
            request.headers = range_header(&step.range);
        }
        self.client().http().wait_out_the_pause().await;
        self.client().http().send_within(&request, &self.upload.permit).await
    }

    /// After a part that was taken: where the upload goes on, and whether the server really has it.
    async fn take_progress(&mut self, step: &Step, answer: &Answer) -> Result<(), Error> {
        self.upload.location = Some(self.client().location(answer).await?);
        let end = step.range.end;
        match location::received(answer) {
            // Gitea counts bytes where the others name the last one.
            Some(received) if received != end && received != end + 1 => {
                // ECR says 201 and drops what comes after the first part (containers-roadmap#2831).
                let text = format!("it took {end} bytes and says it has {received}");
                let error = self.error(Cause::BadAnswer(SafeText::from(text)));
                self.begin_again(error, Way::Whole).await
            }
            _ => {
                self.plan.took(end, self.upload.least_chunk);
                Ok(())
            }
        }
    }

    /// Whether a request whose answer was lost has closed the upload: then the blob is there.
    async fn is_there_after(&self, error: &Error) -> bool {
        let is_lost = matches!(error.cause, Cause::Connection(_) | Cause::Timeout(..))
            || (self.plan.failures > 0 && error.cause.status() == Some(404));
        if !is_lost {
            return false;
        }
        let Ok(base) = self.client().http().base().await else { return false };
        let url = base.blob(&self.upload.name, &self.digest);
        let request = Request::new(Method::HEAD, url, self.scope(), Lane::Upload);
        self.client().http().send_within(&request, &self.upload.permit).await.is_ok()
    }

    /// After a request that failed: goes on in the way that may help, or fails.
    async fn recover(&mut self, step: &Step, error: Error) -> Result<(), Error> {
        if let Some(failure) = self.feed.take_failure() {
            return Err(failure);
        }
        match error.cause.status() {
            Some(413) => return self.make_smaller(step, error).await,
            Some(404 | 416) => return self.ask_and_go_on(step, error).await,
            Some(400) if self.plan.furthest > 0 && step.range.start > 0 => {
                return self.begin_again(error, Way::Whole).await;
            }
            Some(400 | 405 | 411 | 415 | 501) if self.is_refusal_of_whole(step, &error) => {
                self.plan.has_refused_whole = true;
                return self.begin_again(error, Way::Rest).await;
            }
            _ => {}
        }
        if !error.cause.may_pass() {
            return Err(error);
        }
        self.ask_and_go_on(step, error).await
    }

    fn is_refusal_of_whole(&self, step: &Step, error: &Error) -> bool {
        let is_about_content = matches!(&error.cause, Cause::Status { said, .. }
            if said.is("DIGEST_INVALID") || said.is("SIZE_INVALID") || said.is("NAME_INVALID"));
        step.closes && !step.range.is_empty() && !self.plan.has_refused_whole && !is_about_content
    }

    /// 413: less at a time, as long as there is something to take away.
    async fn make_smaller(&mut self, step: &Step, error: Error) -> Result<(), Error> {
        let sent = step.range.end - step.range.start;
        let size = (sent / 2).min(PART).max(self.upload.least_chunk);
        if sent <= SMALLEST || size >= sent {
            return Err(error);
        }
        let has = self.ask().await.unwrap_or(None);
        match has.filter(|has| *has >= step.range.start && *has <= step.range.end) {
            Some(has) => {
                self.plan.arrive(has);
                self.plan.way = Way::Parts(size);
                Ok(())
            }
            None => self.restart(error, Way::Parts(size)).await,
        }
    }

    /// Waits, asks the server how much it has, and goes on there; begins again where it cannot tell.
    async fn ask_and_go_on(&mut self, step: &Step, error: Error) -> Result<(), Error> {
        let failures = self.plan.failures + 1;
        let Some(wait) = self.wait(&error, failures) else { return Err(Error { tries: failures, ..error }) };
        self.pause(if self.plan.failures == 0 { Duration::ZERO } else { wait }).await?;
        let stop = self.transfer.stop.clone();
        let has = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(self.error(Cause::Stopped)),
            has = self.ask() => has?,
        };
        match has.filter(|has| *has <= self.size && *has >= step.range.start) {
            Some(has) => {
                self.plan.broke(has, step, self.upload.least_chunk);
                self.feed.seek(has).await;
                Ok(())
            }
            None => {
                self.plan.broke(0, step, self.upload.least_chunk);
                self.restart(error, self.plan.way).await
            }
        }
    }

    /// A new upload from the first byte on, after an answer that time alone does not help against.
    async fn begin_again(&mut self, error: Error, way: Way) -> Result<(), Error> {
        self.plan.failures += 1;
        if self.plan.failures >= self.client().http().patience().tries {
            return Err(error);
        }
        self.restart(error, way).await
    }

    async fn restart(&mut self, error: Error, way: Way) -> Result<(), Error> {
        self.give_up().await;
        if self.transfer.stop.is_cancelled() {
            return Err(self.error(Cause::Stopped));
        }
        self.feed.seek(0).await;
        let permit = std::mem::replace(&mut self.upload.permit, Permit::none());
        let (client, name) = (self.client().clone(), self.upload.name.clone());
        self.upload = client.open_upload(&name, permit).await.map_err(|new| match new.cause.status() {
            Some(_) => new,
            None => error,
        })?;
        self.plan = Plan { at: 0, way, ..self.plan.clone() };
        Ok(())
    }

    /// How many bytes the server has: none where it cannot tell. Distribution-spec § Resuming an upload.
    async fn ask(&mut self) -> Result<Option<u64>, Error> {
        let Ok(location) = self.location().cloned() else { return Ok(None) };
        let request = Request::new(Method::GET, location, self.scope(), Lane::Upload);
        match self.client().http().send_within(&request, &self.upload.permit).await {
            Ok(answer) => {
                if let Ok(next) = self.client().location(&answer).await {
                    self.upload.location = Some(next);
                }
                Ok(location::received(&answer))
            }
            Err(error) if error.cause.status().is_some_and(|status| status != 429) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn wait(&self, error: &Error, failures: u32) -> Option<Duration> {
        let is_about_place = matches!(error.cause.status(), Some(404 | 416));
        match is_about_place {
            true => (failures < self.client().http().patience().tries).then_some(Duration::ZERO),
            false => self.client().http().wait_before_retry(&error.cause, failures),
        }
    }

    async fn pause(&self, wait: Duration) -> Result<(), Error> {
        tokio::select! {
            biased;
            () = self.transfer.stop.cancelled() => Err(self.error(Cause::Stopped)),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    /// Closes the upload, as far as that goes.
    async fn give_up(&mut self) {
        let Some(location) = self.upload.location.take() else { return };
        let closing = uploads::close(&self.upload.client, &self.upload.name, location);
        if !tokio::time::timeout(CLOSING, closing).await.unwrap_or(false) {
            self.transfer.left_open.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    fn location(&self) -> Result<&Url, Error> {
        let missing = || self.error(Cause::BadAnswer("the upload is over".into()));
        self.upload.location.as_ref().ok_or_else(missing)
    }

    fn client(&self) -> &Client {
        &self.upload.client
    }

    fn scope(&self) -> Scope {
        Scope::Push(self.upload.name.clone())
    }

    fn error(&self, cause: Cause) -> Error {
        self.client().http().error(cause, None, 1)
    }
}

/// `Content-Range: <first>-<last>`, as the distribution-spec writes it.
fn range_header(range: &Range<u64>) -> HeaderMap {
    let text = format!("{}-{}", range.start, range.end.saturating_sub(1));
    HeaderValue::from_str(&text).ok().map(|value| (CONTENT_RANGE, value)).into_iter().collect()
}
