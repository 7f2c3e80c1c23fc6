//! Putting manifests: distribution-spec § Pushing Manifests, and § Pushing Manifests with Subject.

use futures_util::FutureExt;
use reqwest::Method;

use super::CAP;
use crate::client::error::{Cause, Error};
use crate::client::http::payload::Payload;
use crate::client::http::request::{HttpAnswer, Request};
use crate::client::http::scope::Scope;
use crate::client::{Client, Priority};
use crate::model::digest::Digest;
use crate::model::manifest::Manifest;
use crate::model::reference::{RepositoryName, Selector, Tag};

/// The result of putting a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutResult {
    /// Its digest, as the server has it.
    pub digest: Digest,
    /// Whether the server noticed the manifest's `subject`, so that its referrers API lists the manifest. If it did
    /// not, the fallback tag must be kept: [`fallback_tag`](crate::client::fallback_tag).
    pub is_subject_recognized: bool,
}

impl Client {
    /// Puts a manifest, byte for byte and under its own media type, under a tag or its digest.
    pub async fn put_manifest(
        &self,
        name: &RepositoryName,
        selector: &Selector,
        manifest: &Manifest,
    ) -> Result<PutResult, Error> {
        let request = self.put_request(name, selector, manifest).await?;
        let sent = match self.http().send(&request).await {
            Err(error) if refuses_digest_parameter(&request, &error) => {
                self.http().send(&without_digest_parameter(&request)).boxed().await
            }
            Err(error) if self.has_all_blobs(name, manifest, &error).boxed().await => {
                self.http().send(&request).boxed().await
            }
            sent => sent,
        };
        let pushed = sent.and_then(|answer| self.put_result(name, selector, manifest, &request, &answer));
        let pushed = pushed.inspect_err(|error| self.learn_put_refusal(error, manifest));
        match pushed {
            // No failure is reported before the registry was checked for the manifest.
            Err(error) if self.exists_after_failure(&error, name, selector, manifest).boxed().await => {
                Ok(self.cache_put(name, selector, manifest, manifest.digest, false))
            }
            pushed => pushed,
        }
    }

    /// Returns whether the registry has all blobs of a manifest that it refused because of a missing blob. Some registries
    /// show a blob to other requests only a moment after they took it (Pulp).
    async fn has_all_blobs(&self, name: &RepositoryName, manifest: &Manifest, error: &Error) -> bool {
        let Cause::Status { body, .. } = &error.cause else { return false };
        if !(body.has_code("BLOB_UNKNOWN") || body.has_code("MANIFEST_BLOB_UNKNOWN")) {
            return false;
        }
        let mut digests = manifest.blobs().filter(|blob| !blob.is_foreign()).map(|blob| blob.digest);
        loop {
            match digests.next() {
                None => return true,
                Some(Some(digest)) if self.has_blob(name, &digest).await => {}
                Some(_) => return false,
            }
        }
    }

    /// Returns whether a manifest exists although the request that should have put it was refused, or its response was
    /// lost.
    async fn exists_after_failure(
        &self,
        error: &Error,
        name: &RepositoryName,
        selector: &Selector,
        manifest: &Manifest,
    ) -> bool {
        let may_be_there = !error.is_stopped() && error.cause != Cause::Refused;
        may_be_there
            && matches!(
                self.digest_now(name, selector, &[manifest.digest], Priority::Interactive).await,
                Ok(Some(digest)) if digest == manifest.digest
            )
    }

    /// Puts a manifest under a tag that had the digest `expected`, or did not exist, when the caller looked at it. The
    /// request is not sent again once another client has put another manifest there.
    pub(crate) async fn put_tag(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        expected: Option<Digest>,
        manifest: &Manifest,
    ) -> Result<PutResult, Error> {
        let selector = Selector::Tag(tag.clone());
        let request = self.put_request(name, &selector, manifest).await?;
        let answer = match self.send_if_unchanged(request.clone(), name, tag, expected).await {
            Err(error) if refuses_digest_parameter(&request, &error) => {
                self.send_if_unchanged(without_digest_parameter(&request), name, tag, expected)
                    .boxed()
                    .await?
            }
            Err(error) if self.has_all_blobs(name, manifest, &error).boxed().await => {
                self.send_if_unchanged(request.clone(), name, tag, expected).boxed().await?
            }
            sent => sent.inspect_err(|error| self.learn_put_refusal(error, manifest))?,
        };
        self.put_result(name, &selector, manifest, &request, &answer)
    }

    /// Remembers that the registry refuses Docker's manifests.
    fn learn_put_refusal(&self, error: &Error, manifest: &Manifest) {
        if error.refuses_media_type() && manifest.media_type.is_docker_manifest() {
            self.abilities().learn_docker_refusal();
        }
    }

    async fn put_request(
        &self,
        name: &RepositoryName,
        selector: &Selector,
        manifest: &Manifest,
    ) -> Result<Request, Error> {
        let mut url = self.http().base().await?.manifest(name, selector);
        if let (Selector::Tag(_), Digest::Sha512(_)) = (selector, &manifest.digest) {
            // Registries that know this parameter keep the algorithm of the digest; the others ignore it.
            url.query_pairs_mut().append_pair("digest", &manifest.digest.to_string());
        }
        let media_type = manifest.media_type.as_str().to_string();
        let payload = Payload::Bytes { media_type, bytes: manifest.raw.clone() };
        let request = Request::new(Method::PUT, url, Scope::Push(name.clone()), Priority::Interactive);
        Ok(Request { payload, cap: CAP, ..request })
    }

    fn put_result(
        &self,
        name: &RepositoryName,
        selector: &Selector,
        manifest: &Manifest,
        request: &Request,
        answer: &HttpAnswer,
    ) -> Result<PutResult, Error> {
        let digest =
            stored_digest(answer, manifest).map_err(|cause| self.http().error(cause, Some(request), 1))?;
        let seen = answer.header("oci-subject").and_then(|subject| subject.parse::<Digest>().ok());
        let subject = manifest.subject().and_then(|subject| subject.digest);
        Ok(self.cache_put(name, selector, manifest, digest, seen.is_some() && seen == subject))
    }

    /// Remembers a manifest that was put.
    fn cache_put(
        &self,
        name: &RepositoryName,
        selector: &Selector,
        manifest: &Manifest,
        digest: Digest,
        subject_seen: bool,
    ) -> PutResult {
        self.cache().put(manifest.digest, manifest.raw.clone());
        let media_type = manifest.media_type.as_str();
        self.cache().record_manifest(&self.repository(name), manifest.digest, Some(media_type));
        if let Selector::Tag(tag) = selector {
            self.0.manifests.forget(&(name.clone(), selector.clone()));
            self.cache().record_tag(&self.repository(name), tag, digest);
        }
        PutResult { digest, is_subject_recognized: subject_seen }
    }
}

/// Returns whether a request may have been refused only for its query, which not all registries know.
fn refuses_digest_parameter(request: &Request, error: &Error) -> bool {
    request.url.query().is_some() && matches!(error.cause.status(), Some(400 | 404 | 405 | 414 | 422 | 501))
}

fn without_digest_parameter(request: &Request) -> Request {
    let mut request = request.clone();
    request.url.set_query(None);
    request
}

/// Returns the digest under which the server has the manifest.
fn stored_digest(answer: &HttpAnswer, manifest: &Manifest) -> Result<Digest, Cause> {
    match answer.header("docker-content-digest").and_then(|digest| digest.parse::<Digest>().ok()) {
        Some(said) if said == manifest.digest || said.same_algorithm_of(&manifest.raw) == said => Ok(said),
        Some(said) => Err(Cause::digest(manifest.digest, said)),
        None => Ok(manifest.digest),
    }
}
