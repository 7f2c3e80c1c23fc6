//! Pushes a blob into a registry: in one piece if the server takes that, in parts if not, and resumed after a break.
//!
//! docs/REGISTRIES.md §8.2. The first try is one PUT with all bytes and their length, which works everywhere. The step
//! after a break depends on how far the upload came: the server is asked how much it has, and gets the rest.

mod plan;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};

use super::location;
use super::upload_body::UploadBody;
use super::uploads::{self, OpenUpload};
use crate::client::Client;
use crate::client::error::{Cause, Error};
use crate::client::http::limit::{Permit, Priority};
use crate::client::http::payload::Payload;
use crate::client::http::request::{HttpAnswer, Request};
use crate::client::http::retry::{RetryRule, RetryWait};
use crate::client::http::scope::Scope;
use crate::client::http::tls::Reuse;
use crate::client::registry::blobs::{BlobSource, Transfer};
use crate::model::digest::Digest;
use crate::model::manifest::Descriptor;
use crate::model::reference::RepositoryName;
use crate::model::text::SafeText;
use plan::{PART, PushMethod, PushPlan, PushStep};

/// A server that refuses a part of at most this size as too large refuses every size.
const SMALL: u64 = 64 * 1024;
/// The time that a server gets to count the bytes that came, for each time that it refused its own count.
const COUNTING: Duration = Duration::from_millis(250);
/// How often the client looks for a large blob before it is sent again, over two and a half seconds, and how often it asks
/// for the count of bytes until that stays the same.
const MOST_LOOKS: u32 = 5;
/// How long closing an upload may take.
const CLOSING: Duration = Duration::from_secs(10);

impl Client {
    /// Puts a blob into a repository. Its descriptor needs a digest and a size.
    ///
    /// The push resumes by itself after breaks, as long as there is progress. An upload that is given up is closed,
    /// also if `transfer` is stopped. If closing fails, `transfer.unclosed_uploads` counts the upload.
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
        let upload = wait_until_open(self.start_upload(name), transfer).await;
        let stopped = || self.http().error(Cause::Stopped, None, 1);
        match upload.unwrap_or_else(|| Err(stopped())) {
            Ok(upload) => upload.push(descriptor, source, transfer).await,
            Err(error) => match &descriptor.digest {
                Some(digest) if !error.is_stopped() && self.has_blob(name, digest).await => Ok(()),
                _ => Err(error),
            },
        }
    }

    /// Returns whether a blob exists although a request that should have put it was refused. Another client may have
    /// put it meanwhile, or the server refused after it had stored the blob.
    pub(crate) async fn has_blob(&self, name: &RepositoryName, digest: &Digest) -> bool {
        matches!(self.head_blob(name, digest, Priority::Interactive).await, Ok(Some(_)))
    }
}

/// Waits until an upload is open, also after a stop: an upload whose location is not known cannot be closed. Returns
/// `None` if that takes too long after a stop.
async fn wait_until_open(
    opening: impl Future<Output = Result<OpenUpload, Error>>,
    transfer: &Transfer,
) -> Option<Result<OpenUpload, Error>> {
    let mut opening = std::pin::pin!(opening);
    tokio::select! {
        biased;
        opened = &mut opening => return Some(opened),
        () = transfer.stop.cancelled() => {}
    }
    let opened = tokio::time::timeout(CLOSING, opening).await.ok();
    if opened.is_none() {
        transfer.unclosed_uploads.fetch_add(1, Ordering::Relaxed);
    }
    opened
}

impl OpenUpload {
    /// Returns the plan for a blob of this size.
    fn plan(&self, size: u64) -> PushPlan {
        let plan = PushPlan::new(size).within(&self.client.abilities().upload_limits());
        match self.client.abilities().safe_part_size() {
            Some(carried) => plan.with_safe_part(carried.max(self.least_chunk)),
            None => plan,
        }
    }

    /// Puts a blob into this upload: see [`Client::push_blob`].
    pub(crate) async fn push(
        self,
        descriptor: &Descriptor,
        source: &BlobSource,
        transfer: &Arc<Transfer>,
    ) -> Result<(), Error> {
        let feed = match UploadBody::new(source, transfer.clone()) {
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
        let mut push =
            Push { plan: self.plan(size), upload: self, digest, body: feed, transfer: transfer.clone() };
        let error = match push.run().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        push.body.abandon().await;
        push.close_upload().await;
        // No failure is reported before the repository was checked for the blob.
        let is_over = error.is_stopped() || transfer.stop.is_cancelled();
        if !is_over && push.client().has_blob(&push.upload.name, &digest).await { Ok(()) } else { Err(error) }
    }
}

/// A push under way.
struct Push {
    upload: OpenUpload,
    digest: Digest,
    body: UploadBody,
    transfer: Arc<Transfer>,
    plan: PushPlan,
}

impl Push {
    async fn run(&mut self) -> Result<(), Error> {
        loop {
            let step = self.plan.step();
            let stop = self.transfer.stop.clone();
            let outcome =
                stop.run_until_cancelled(self.send(&step)).await.ok_or_else(|| self.stopped_error())?;
            match outcome {
                Ok(_) if step.closes => {
                    self.upload.location = None;
                    return Ok(());
                }
                Ok(answer) => self.record_progress(&step, &answer).await?,
                Err(error) => {
                    if let Some(failure) = self.body.take_failure() {
                        return Err(failure);
                    }
                    if step.closes
                        && stop.run_until_cancelled(self.exists_after_failure(&error)).await == Some(true)
                    {
                        self.upload.location = None;
                        return Ok(());
                    }
                    self.recover(&step, error).await?;
                    if self.upload.location.is_none() {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn send(&self, step: &PushStep) -> Result<HttpAnswer, Error> {
        let location = self.location()?;
        let (method, url) = if step.closes {
            (Method::PUT, location::with_digest(location, &self.digest))
        } else {
            (Method::PATCH, location.clone())
        };
        let payload = if step.range.is_empty() {
            Payload::Empty
        } else {
            Payload::Stream(Arc::new(self.body.part(step.range.clone())))
        };
        let request = Request::new(method, url, self.scope(), Priority::Upload);
        let reuse = if self.plan.is_unpooled { Reuse::Unpooled } else { Reuse::Pooled };
        let mut request = Request { payload, is_sent_once: true, reuse, ..request };
        if !step.closes {
            request.headers = range_header(&step.range);
        }
        self.client().http().send_with_permit(&request, &self.upload.permit).await
    }

    /// Records a part that the server took: checks that the server really has it, and notes the location to continue
    /// at.
    async fn record_progress(&mut self, step: &PushStep, answer: &HttpAnswer) -> Result<(), Error> {
        self.upload.location = Some(self.client().location(answer).await?);
        let end = step.range.end;
        match location::received_bytes(answer) {
            // Gitea gives the number of bytes, the other servers the offset of the last one.
            Some(received) if received != end && received != end + 1 => {
                // The count of ECR stands still after the first part (containers-roadmap#2831).
                let text = format!("it accepted {end} bytes and reports {received}");
                let error = self.error(Cause::BadAnswer(SafeText::from(text)));
                self.start_over(error, PushMethod::Whole).await
            }
            _ => {
                self.plan.record_accepted(step, self.upload.least_chunk);
                if self.plan.is_unpooled && self.plan.has_lost() {
                    self.client().abilities().learn_safe_part_size(self.plan.largest_accepted);
                }
                Ok(())
            }
        }
    }

    /// Returns whether the blob exists after a closing request whose response was lost or which was refused. Another
    /// client may have been faster. Refusals of the method, of the size and of the caller say nothing about the blob.
    async fn exists_after_failure(&self, error: &Error) -> bool {
        let may_be_there = match &error.cause {
            Cause::Connection(_) | Cause::Timeout(..) => true,
            Cause::Status { status, .. } => !matches!(status, 401 | 403 | 405 | 411 | 413 | 415 | 429 | 501),
            _ => false,
        };
        if !may_be_there {
            return false;
        }
        let Ok(base) = self.client().http().base().await else { return false };
        let url = base.blob(&self.upload.name, &self.digest);
        let request = Request::new(Method::HEAD, url, self.scope(), Priority::Upload);
        self.client().http().send_with_permit(&request, &self.upload.permit).await.is_ok()
    }

    /// Returns whether the blob exists, as [`Push::exists_after_failure`] does. Waits for it with growing pauses if sending
    /// it again would cost more: a busy server may take some seconds to store it.
    async fn appears_after_failure(&self, error: &Error) -> bool {
        let most = if self.plan.is_large() { MOST_LOOKS } else { 1 };
        for look in 0..most {
            let pause = tokio::time::sleep(COUNTING * look);
            if look > 0 && self.transfer.stop.run_until_cancelled(pause).await.is_none() {
                return false;
            }
            if self.exists_after_failure(error).await {
                return true;
            }
        }
        false
    }

    /// Continues after a failed request with the method that may help, or fails.
    async fn recover(&mut self, step: &PushStep, error: Error) -> Result<(), Error> {
        match error.cause.status() {
            _ if error.cause.is_too_large() => return self.shrink_parts(step, error).await,
            Some(404 | 416) => return self.query_and_resume(step, error).await,
            Some(400) if self.plan.furthest > 0 && step.range.start > 0 => {
                return self.start_over(error, PushMethod::Whole).await;
            }
            Some(400 | 405 | 411 | 415 | 501) if self.refuses_whole_blob(step, &error) => {
                self.plan.has_refused_whole = true;
                self.client().abilities().learn_upload_limits(|limits| limits.has_refused_whole = true);
                return self.start_over(error, PushMethod::Rest).await;
            }
            _ => {}
        }
        if error.cause == Cause::Refused {
            // Nothing was sent: the same request is sent again when the server listens.
            self.wait_before_retry(&error).await?;
            self.plan.failures += 1;
            return Ok(());
        }
        if !error.cause.is_transient() {
            return Err(error);
        }
        self.query_and_resume(step, error).await
    }

    fn refuses_whole_blob(&self, step: &PushStep, error: &Error) -> bool {
        let is_about_content = matches!(&error.cause, Cause::Status { body, .. }
            if body.has_code("DIGEST_INVALID") || body.has_code("SIZE_INVALID") || body.has_code("NAME_INVALID"));
        step.closes && !step.range.is_empty() && !self.plan.has_refused_whole && !is_about_content
    }

    /// Handles the refusal of a request that is too large: sends smaller parts, as long as they can be made smaller. The
    /// next blobs begin with parts of that size, since each refusal may cost as many bytes as were sent.
    async fn shrink_parts(&mut self, step: &PushStep, error: Error) -> Result<(), Error> {
        let sent = step.length();
        let size = (sent / 8).min(PART).max(self.upload.least_chunk);
        if sent <= SMALL || size >= sent {
            return Err(error);
        }
        self.client().abilities().learn_upload_limits(|limits| {
            limits.part = Some(limits.part.map_or(size, |part| part.min(size)));
            limits.is_for_whole |= step.closes;
        });
        self.plan.largest = size;
        let stop = self.transfer.stop.clone();
        let asked =
            stop.run_until_cancelled(self.query_offset()).await.ok_or_else(|| self.stopped_error())?;
        match asked.unwrap_or(None).filter(|has| *has <= step.range.end) {
            Some(has) => {
                self.plan.advance_to(has);
                self.plan.method = PushMethod::Parts(size);
                Ok(())
            }
            None => self.restart(error, PushMethod::Parts(size)).await,
        }
    }

    /// Waits, asks the server how much it has, and continues there. Begins again if the server cannot tell.
    async fn query_and_resume(&mut self, step: &PushStep, error: Error) -> Result<(), Error> {
        let mut error = error;
        let has = loop {
            self.wait_before_retry(&error).await?;
            let stop = self.transfer.stop.clone();
            let asked =
                stop.run_until_cancelled(self.query_offset()).await.ok_or_else(|| self.stopped_error())?;
            match asked {
                Ok(has) if error.cause.status().is_none() && self.plan.is_large() => {
                    break self.settled_offset(has).await?;
                }
                Ok(has) => break has,
                Err(again) => {
                    self.plan.failures += 1;
                    error = again;
                }
            }
        };
        let is_misfit = matches!(error.cause.status(), Some(404 | 416)) && self.plan.failures > 1;
        match has.filter(|has| *has <= step.range.end.max(self.plan.sent_to)) {
            // The server's count differs from the bytes that it really has.
            Some(has) if is_misfit && has == step.range.start => {
                self.start_over(error, self.plan.method).await
            }
            Some(has) => {
                match error.cause.status() {
                    // The server has counted more since it was asked; the line is as good as before.
                    Some(404 | 416) => self.plan.advance_to(has),
                    _ => self.plan.record_break(has, step, self.upload.least_chunk),
                }
                self.body.seek(has).await;
                Ok(())
            }
            // The server may still store the bytes that it has.
            None if step.closes && self.appears_after_failure(&error).await => {
                self.upload.location = None;
                Ok(())
            }
            // A refusal by the server says nothing about the line.
            None if error.cause.status().is_some() => self.start_over(error, self.plan.method).await,
            None => {
                self.plan.record_loss(step, self.upload.least_chunk);
                self.restart(error, self.plan.method).await
            }
        }
    }

    /// Waits before the next try, and fails if there is none. A server that is away for a moment may be restarting.
    async fn wait_before_retry(&self, error: &Error) -> Result<(), Error> {
        let failures = self.plan.failures + 1;
        let http = self.client().http();
        let wait = match &error.cause {
            Cause::Status { status: 404 | 416, .. } if failures < http.timeouts().tries => {
                RetryWait::Fixed(COUNTING * (failures - 1))
            }
            Cause::Status { status: 404 | 416, .. } => RetryWait::Never,
            Cause::Refused => RetryWait::Growing,
            Cause::Connection(_) if failures == 1 => RetryWait::ByCauseAtOnce,
            _ => RetryWait::ByCause,
        };
        http.retries().wait(error, RetryRule { failures, wait }, Some(&self.transfer.stop)).await
    }

    /// Starts a new upload from the first byte, after a response that waiting alone does not help against.
    async fn start_over(&mut self, error: Error, method: PushMethod) -> Result<(), Error> {
        self.plan.start_over();
        if self.plan.failures >= self.client().http().timeouts().tries {
            return Err(Error { tries: self.plan.failures, ..error });
        }
        self.restart(error, method).await
    }

    async fn restart(&mut self, error: Error, method: PushMethod) -> Result<(), Error> {
        self.close_upload().await;
        if self.transfer.stop.is_cancelled() {
            return Err(self.stopped_error());
        }
        self.body.seek(0).await;
        // Other uploads may begin now, and each needs its source.
        self.body.rest().await;
        let (client, name) = (self.client().clone(), self.upload.name.clone());
        self.upload = loop {
            self.upload.permit = Permit::none();
            match wait_until_open(client.start_upload(&name), &self.transfer).await {
                Some(Ok(upload)) => break upload,
                Some(Err(new)) if new.cause == Cause::Refused => {
                    self.wait_before_retry(&new).await?;
                    self.plan.failures += 1;
                }
                Some(Err(new)) if new.cause.status().is_some() => return Err(new),
                Some(Err(_)) => return Err(error),
                None => return Err(self.stopped_error()),
            }
        };
        (self.plan.at, self.plan.method) = (0, method);
        Ok(())
    }

    /// Returns how many bytes the server has, or `None` if it cannot tell. Distribution-spec § Resuming an upload.
    async fn query_offset(&mut self) -> Result<Option<u64>, Error> {
        let Ok(location) = self.location().cloned() else { return Ok(None) };
        let request = Request::new(Method::GET, location, self.scope(), Priority::Upload);
        match self.client().http().send_with_permit(&request, &self.upload.permit).await {
            Ok(answer) => {
                if let Ok(next) = self.client().location(&answer).await {
                    self.upload.location = Some(next);
                }
                Ok(location::received_bytes(&answer))
            }
            Err(error) if error.cause.status().is_some_and(|status| status != 429) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns how many bytes the server has after it stopped counting those of a connection that broke. olareg 0.1.2
    /// goes on writing them beside those of the next part, which spoils the whole upload.
    async fn settled_offset(&mut self, first: Option<u64>) -> Result<Option<u64>, Error> {
        let mut has = first;
        let stop = self.transfer.stop.clone();
        for _ in 0..MOST_LOOKS {
            if has.is_none() {
                break;
            }
            let ask = async {
                tokio::time::sleep(COUNTING).await;
                self.query_offset().await
            };
            match stop.run_until_cancelled(ask).await.ok_or_else(|| self.stopped_error())? {
                Ok(again) if again != has => has = again,
                Ok(_) | Err(_) => break,
            }
        }
        Ok(has)
    }

    /// Closes the upload if possible, and counts it as left open otherwise.
    async fn close_upload(&mut self) {
        let Some(location) = self.upload.location.take() else { return };
        let closing = uploads::close(&self.upload.client, &self.upload.name, location);
        if !tokio::time::timeout(CLOSING, closing).await.unwrap_or(false) {
            self.transfer.unclosed_uploads.fetch_add(1, Ordering::Relaxed);
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

    fn stopped_error(&self) -> Error {
        self.error(Cause::Stopped)
    }

    fn error(&self, cause: Cause) -> Error {
        self.client().http().error(cause, None, 1)
    }
}

/// Builds `Content-Range: <first>-<last>`, as the distribution-spec writes it.
fn range_header(range: &Range<u64>) -> HeaderMap {
    let text = format!("{}-{}", range.start, range.end.saturating_sub(1));
    HeaderValue::from_str(&text).ok().map(|value| (CONTENT_RANGE, value)).into_iter().collect()
}
