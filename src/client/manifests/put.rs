//! Putting manifests: distribution-spec § Pushing Manifests, and § Pushing Manifests with Subject.

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::CAP;
use crate::client::cache::Content;
use crate::client::error::{Cause, Error};
use crate::client::payload::Payload;
use crate::client::referrers::fallback_tag;
use crate::client::request::{Answer, Request};
use crate::client::scope::Scope;
use crate::client::{Client, Lane};
use crate::model::digest::Digest;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::media_type::OCI_INDEX;
use crate::model::reference::{RepositoryName, Selector, Tag};

/// What became of a manifest that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Its digest, as the server has it.
    pub digest: Digest,
    /// Whether the server took notice of the manifest's `subject`, so that its referrers API lists it. Where it did
    /// not, the fallback tag must be kept: [`Client::push_referrer_fallback`].
    pub subject_seen: bool,
}

impl Client {
    /// Puts a manifest, byte for byte and under its own media type, under a tag or its digest.
    pub async fn put_manifest(
        &self,
        name: &RepositoryName,
        selector: &Selector,
        manifest: &Manifest,
    ) -> Result<Pushed, Error> {
        let request = self.pushing(name, selector, manifest).await?;
        let answer = self.http().send(&request).await?;
        self.pushed(name, selector, manifest, &request, &answer)
    }

    /// Puts a manifest under a tag that was looked at before and had this digest, or none: it is not tried again once
    /// somebody else has put another one there.
    pub async fn put_tag(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        had: Option<Digest>,
        manifest: &Manifest,
    ) -> Result<Pushed, Error> {
        let selector = Selector::Tag(tag.clone());
        let request = self.pushing(name, &selector, manifest).await?;
        let may_be = [had, Some(manifest.digest)];
        let answer = self.send_while(request.clone(), name, tag, &may_be).await?;
        self.pushed(name, &selector, manifest, &request, &answer)
    }

    async fn pushing(
        &self,
        name: &RepositoryName,
        selector: &Selector,
        manifest: &Manifest,
    ) -> Result<Request, Error> {
        let url = self.http().base().await?.manifest(name, selector);
        let media_type = manifest.media_type.as_str().to_string();
        let payload = Payload::Bytes { media_type, bytes: manifest.raw.clone() };
        let request = Request::new(Method::PUT, url, Scope::Push(name.clone()), Lane::Interactive);
        Ok(Request { payload, cap: CAP, ..request })
    }

    fn pushed(
        &self,
        name: &RepositoryName,
        selector: &Selector,
        manifest: &Manifest,
        request: &Request,
        answer: &Answer,
    ) -> Result<Pushed, Error> {
        let digest = stored(answer, manifest).map_err(|cause| self.http().error(cause, Some(request), 1))?;
        let content = Content {
            media_type: Some(manifest.media_type.as_str().to_string()),
            bytes: manifest.raw.clone(),
        };
        self.cache().put(manifest.digest, content);
        if let Selector::Tag(tag) = selector {
            self.0.manifests.forget(&(name.clone(), selector.clone()));
            self.cache().saw(&self.repository(name), tag, digest);
        }
        let seen = answer.header("oci-subject").and_then(|subject| subject.parse::<Digest>().ok());
        let subject = manifest.subject().and_then(|subject| subject.digest);
        Ok(Pushed { digest, subject_seen: seen.is_some() && seen == subject })
    }

    /// Lists a referrer under the fallback tag of its subject, where the server has no referrers API:
    /// distribution-spec § Referrers Tag Schema. What is listed there already stays as it is. Not atomic: the list is
    /// read again after it was written, and written again if somebody else was faster.
    pub async fn push_referrer_fallback(
        &self,
        name: &RepositoryName,
        subject: &Digest,
        referrer: &Descriptor,
    ) -> Result<(), Error> {
        let _one_at_a_time = self.0.fallback.lock().await;
        let fail = |text: &'static str| self.http().error(Cause::BadAnswer(text.into()), None, 1);
        let tag = fallback_tag(subject).ok_or_else(|| fail("the subject has no fallback tag"))?;
        let selector = Selector::Tag(tag);
        for _ in 0..3 {
            let old = match self.manifest(name, &selector, Lane::Interactive).await {
                Ok(manifest) => Some(manifest),
                Err(error) if error.cause.status() == Some(404) => None,
                Err(error) => return Err(error),
            };
            let list = with_referrer(old.as_deref(), referrer).map_err(fail)?;
            let Some(list) = list else { return Ok(()) };
            self.put_manifest(name, &selector, &list).await?;
        }
        Err(fail("others keep writing the list of referrers"))
    }
}

/// The digest under which the server has the manifest.
fn stored(answer: &Answer, manifest: &Manifest) -> Result<Digest, Cause> {
    match answer.header("docker-content-digest").and_then(|digest| digest.parse::<Digest>().ok()) {
        Some(said) if said == manifest.digest || said.same_algorithm_of(&manifest.raw) == said => Ok(said),
        Some(said) => Err(Cause::digest(manifest.digest, said)),
        None => Ok(manifest.digest),
    }
}

/// The list of referrers with one more; none where it is listed already.
fn with_referrer(old: Option<&Manifest>, referrer: &Descriptor) -> Result<Option<Manifest>, &'static str> {
    let mut index = match old {
        None => json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}),
        Some(old) => serde_json::from_slice(&old.raw).map_err(|_| "the fallback tag is no list")?,
    };
    let listed = index.get_mut("manifests").and_then(Value::as_array_mut);
    let listed = listed.ok_or("the fallback tag is no list of referrers")?;
    if listed.iter().any(|entry| entry.get("digest").and_then(Value::as_str) == Some(&referrer.digest_text)) {
        return Ok(None);
    }
    listed.push(entry(referrer));
    let bytes = serde_json::to_vec(&index).map_err(|_| "the list of referrers cannot be written")?;
    Manifest::parse(bytes.into(), Some(OCI_INDEX)).map(Some).map_err(|_| "the fallback tag is no index")
}

fn entry(referrer: &Descriptor) -> Value {
    let mut entry = Map::new();
    entry.insert("mediaType".into(), referrer.media_type.as_str().into());
    entry.insert("digest".into(), referrer.digest_text.clone().into());
    entry.insert("size".into(), referrer.size.unwrap_or(0).into());
    if let Some(artifact_type) = &referrer.artifact_type {
        entry.insert("artifactType".into(), artifact_type.as_str().into());
    }
    if !referrer.annotations.is_empty() {
        entry.insert("annotations".into(), json!(referrer.annotations));
    }
    Value::Object(entry)
}
