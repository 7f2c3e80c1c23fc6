//! Opening, mounting and closing uploads: distribution-spec § Pushing blobs, § Mounting a blob from another repository.

use std::time::Duration;

use reqwest::header::CONTENT_LENGTH;
use reqwest::{Method, Url};

use super::location;
use crate::client::Client;
use crate::client::error::{Cause, Error};
use crate::client::http::limit::{Permit, Priority};
use crate::client::http::origin::Origin;
use crate::client::http::payload::Payload;
use crate::client::http::request::{HttpAnswer, Request};
use crate::client::http::retry::{Retried, RetryRule, RetryWait};
use crate::client::http::scope::Scope;
use crate::client::registry::blobs::Mount;
use crate::model::digest::Digest;
use crate::model::reference::RepositoryName;

/// Milliseconds before each further try to close an upload: a server needs a moment to see that a request broke off.
const CLOSING_WAITS: [u64; 4] = [50, 100, 200, 400];

/// An open upload. It holds a permit of its registry. When it is dropped, it is closed in the background. A caller that
/// needs the result of closing calls [`OpenUpload::close`].
#[derive(Debug)]
#[must_use = "an upload that is not used must be closed"]
pub struct OpenUpload {
    pub(crate) client: Client,
    pub(crate) name: RepositoryName,
    pub(crate) permit: Permit,
    /// The URL at which it continues; `None` when it is over.
    pub(crate) location: Option<Url>,
    /// The smallest chunk that the server takes, the last one excepted.
    pub(crate) least_chunk: u64,
}

impl Client {
    /// Returns the size of a blob: `None` if it does not exist, 0 if the server does not tell the size.
    pub async fn head_blob(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        priority: Priority,
    ) -> Result<Option<u64>, Error> {
        let url = self.http().base().await?.blob(name, digest);
        let head = Request::new(Method::HEAD, url, Scope::Pull(name.clone()), priority);
        match self.http().send(&head).await {
            Ok(answer) => Ok(Some(length(answer.header(CONTENT_LENGTH.as_str())))),
            Err(error) => match &error.cause {
                Cause::Status { status: 404, .. } => Ok(None),
                // Addresses of storages are often signed for GET only. The redirect to one shows that the blob exists.
                Cause::Storage(403) => Ok(Some(0)),
                Cause::Status { status: 405 | 501, .. } => {
                    let get = Request { method: Method::GET, ..head };
                    match self.http().open(&get).await {
                        Ok((_, headers, _)) => {
                            let value = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
                            Ok(Some(length(value)))
                        }
                        Err(error) if error.cause.status() == Some(404) => Ok(None),
                        Err(error) => Err(error),
                    }
                }
                _ => Err(error),
            },
        }
    }

    /// Makes a blob of another repository known in this one, without moving a byte. If the server does not do it
    /// (whatever it answers), the upload that it opened, or a new one, is returned.
    pub async fn mount_blob(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        from: Option<&RepositoryName>,
    ) -> Result<Mount, Error> {
        let permit = self.http().permit(Priority::Upload).await;
        let mut url = self.http().base().await?.uploads(name);
        url.query_pairs_mut().append_pair("mount", &digest.to_string());
        let scope = match from {
            Some(from) => {
                url.query_pairs_mut().append_pair("from", from.as_str());
                Scope::Mount { from: from.clone(), to: name.clone() }
            }
            None => Scope::Push(name.clone()),
        };
        match self.post(url, scope, true, &permit).await {
            Ok(answer) if answer.status == 202 => {
                Ok(Mount::Opened(Box::new(self.open_from_answer(name, &answer, permit).await?)))
            }
            Ok(_) => Ok(Mount::Mounted),
            Err(_) if self.has_blob(name, digest).await => Ok(Mount::Mounted),
            Err(_) => Ok(Mount::Opened(Box::new(self.open_upload(name, permit).await?))),
        }
    }

    /// Opens an upload.
    pub async fn start_upload(&self, name: &RepositoryName) -> Result<OpenUpload, Error> {
        let permit = self.http().permit(Priority::Upload).await;
        self.open_upload(name, permit).await
    }

    pub(crate) async fn open_upload(
        &self,
        name: &RepositoryName,
        permit: Permit,
    ) -> Result<OpenUpload, Error> {
        let url = self.http().base().await?.uploads(name);
        let answer = self.post(url, Scope::Push(name.clone()), false, &permit).await?;
        self.open_from_answer(name, &answer, permit).await
    }

    async fn post(&self, url: Url, scope: Scope, once: bool, permit: &Permit) -> Result<HttpAnswer, Error> {
        let request = Request::new(Method::POST, url, scope, Priority::Upload);
        let request = Request { payload: Payload::Empty, is_sent_once: once, ..request };
        self.http().send_with_permit(&request, permit).await
    }

    async fn open_from_answer(
        &self,
        name: &RepositoryName,
        answer: &HttpAnswer,
        permit: Permit,
    ) -> Result<OpenUpload, Error> {
        let location = self.location(answer).await?;
        let least = answer.header("oci-chunk-min-length").and_then(|least| least.trim().parse().ok());
        Ok(OpenUpload {
            client: self.clone(),
            name: name.clone(),
            permit,
            location: Some(location),
            least_chunk: least.unwrap_or(0),
        })
    }

    /// Returns the URL at which an upload continues after this response.
    pub(crate) async fn location(&self, answer: &HttpAnswer) -> Result<Url, Error> {
        let own = self.http().base().await?.ping();
        let located = location::resolve(answer, &own, self.host().is_loopback()).and_then(|location| {
            let origin = Origin::of(&own).ok_or_else(|| Cause::Local("no address".into()))?;
            self.http().check_write(&origin, &location)?;
            Ok(location)
        });
        located.map_err(|cause| self.http().error(cause, None, 1))
    }
}

impl OpenUpload {
    /// Gives the upload up. Returns whether the server knows. If it does not, it drops the upload by itself some day.
    pub async fn close(mut self) -> bool {
        match self.location.take() {
            Some(location) => close(&self.client, &self.name, location).await,
            None => true,
        }
    }
}

impl Drop for OpenUpload {
    fn drop(&mut self) {
        if let Some(location) = self.location.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (client, name) = (self.client.clone(), self.name.clone());
            runtime.spawn(async move { close(&client, &name, location).await });
        }
    }
}

/// Closes an upload, and returns whether it is gone. distribution asks for the right to delete. [`Scope::fallback`]
/// turns that into the right to push if the server knows no such right.
///
/// After a request that broke off, distribution 3 refuses every location that it gave out before the break, so it is
/// asked for the current location. Version 2 refuses that request like the rest (its handler closes the file before it
/// drops it, and then cannot). Such an upload stays until the server purges it, after a week unless its operator
/// configured another time.
pub(crate) async fn close(client: &Client, name: &RepositoryName, location: Url) -> bool {
    let mut closing = Closing { client, name, location };
    match client.http().retries().run(&mut closing, None).await {
        Ok(()) => true,
        Err(error) => !is_about_the_break(&error.cause) && error.cause.status() == Some(404),
    }
}

/// An upload that is being closed.
struct Closing<'a> {
    client: &'a Client,
    name: &'a RepositoryName,
    location: Url,
}

impl Retried for Closing<'_> {
    type Output = ();

    async fn attempt(&mut self, _: u32) -> Result<(), Error> {
        let scope = Scope::Delete(self.name.clone());
        let delete = Request::new(Method::DELETE, self.location.clone(), scope, Priority::Upload);
        self.client.http().send_with_permit(&delete, &Permit::none()).await.map(|_| ())
    }

    fn rule(&mut self, error: &Error, tries: u32) -> RetryRule {
        let wait = CLOSING_WAITS.get(tries as usize - 1).filter(|_| is_about_the_break(&error.cause));
        let wait = wait.map_or(RetryWait::Never, |wait| RetryWait::Fixed(Duration::from_millis(*wait)));
        RetryRule { failures: tries, wait }
    }

    async fn is_still_wanted(&mut self, _: &Error) -> bool {
        match current_location(self.client, self.name, &self.location).await {
            Ok(now) => self.location = now,
            Err(error) if is_about_the_break(&error.cause) => return false,
            // A server that does not answer this request may still close the upload.
            Err(_) => {}
        }
        true
    }
}

/// Returns the URL at which the server continues an upload. Distribution-spec § Resuming an upload.
async fn current_location(client: &Client, name: &RepositoryName, location: &Url) -> Result<Url, Error> {
    let ask = Request::new(Method::GET, location.clone(), Scope::Push(name.clone()), Priority::Upload);
    let answer = client.http().send_with_permit(&ask, &Permit::none()).await?;
    client.location(&answer).await
}

/// Returns whether the server refuses a location because more bytes have arrived than the upload had when the location
/// was given out: distribution 3 answers 416, version 2 answers 404 with this code.
fn is_about_the_break(refusal: &Cause) -> bool {
    match refusal {
        Cause::Status { status: 400 | 416, .. } => true,
        Cause::Status { status: 404, body: said, .. } => said.has_code("BLOB_UPLOAD_INVALID"),
        _ => false,
    }
}

fn length(header: Option<&str>) -> u64 {
    header.and_then(|length| length.trim().parse().ok()).unwrap_or(0)
}
