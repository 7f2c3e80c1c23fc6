//! Manifests by tag and by digest, and the digest that a tag has: distribution-spec § Pulling manifests.

pub(crate) mod put;

use std::sync::Arc;

use futures_util::FutureExt;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use crate::client::Client;
use crate::client::error::{Cause, Error};
use crate::client::http::limit::Priority;
use crate::client::http::request::{HttpAnswer, Request};
use crate::client::http::resume::PartsProof;
use crate::client::http::scope::Scope;
use crate::model::digest::Digest;
use crate::model::manifest::{BadManifest, Manifest};
use crate::model::media_type::{ACCEPT_MANIFESTS, MediaType};
use crate::model::reference::{Repository, RepositoryName, Selector, Tag};
use crate::model::text::SafeText;

/// Most bytes of a manifest. Registries must take 4 MiB.
const CAP: u64 = 8 * 1024 * 1024;

/// How many times longer than the user the background waits for the number of requests that are left.
const BACKGROUND_FACTOR: u32 = 10;

/// The `Accept` lists, each for a server that refuses the one before it with 406: docs/REGISTRIES.md §2.2.
const ACCEPT: [&str; 3] = [
    ACCEPT_MANIFESTS,
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json",
    "*/*",
];

/// Everything that a server says of a manifest without sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestHead {
    /// Its digest.
    pub digest: Digest,
    /// Its media type, if the server names one.
    pub media_type: Option<MediaType>,
}

impl ManifestHead {
    fn of(manifest: &Manifest) -> ManifestHead {
        ManifestHead { digest: manifest.digest, media_type: Some(manifest.media_type.clone()) }
    }
}

impl Client {
    /// Returns a manifest. By digest it is fetched once and kept. Two equal requests at the same time are sent as one.
    pub async fn manifest(
        &self,
        name: &RepositoryName,
        selector: &Selector,
        priority: Priority,
    ) -> Result<Arc<Manifest>, Error> {
        if let Selector::Digest(digest) = selector
            && let Some(manifest) = self.cached_manifest(name, digest).await
        {
            return Ok(manifest);
        }
        let key = (name.clone(), selector.clone());
        self.0.manifests.run_once(key, self.fetch_manifest(name, selector, priority)).await
    }

    /// Returns the digest that a tag has now: by HEAD if the server answers that, otherwise from the manifest.
    pub async fn resolve(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        priority: Priority,
    ) -> Result<Digest, Error> {
        Ok(self.head_tag(name, tag, priority).await?.digest)
    }

    /// Returns the digest that a tag has now, as [`Client::resolve`] finds it, with the other facts of the response.
    pub(crate) async fn head_tag(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        priority: Priority,
    ) -> Result<ManifestHead, Error> {
        let selector = Selector::Tag(tag.clone());
        if !self.abilities().has_head() {
            return Ok(ManifestHead::of(&*self.manifest(name, &selector, priority).await?));
        }
        let refused = match self.manifest_request(Method::HEAD, name, &selector, priority).await {
            Ok(answer) => match answer.header("docker-content-digest").and_then(|digest| digest.parse().ok())
            {
                // The cache learns nothing from this: only the bytes prove a digest.
                Some(digest) => {
                    let media_type = answer.header("content-type").map(MediaType::new);
                    return Ok(ManifestHead { digest, media_type });
                }
                None => true,
            },
            // An error that answers a HEAD has no words, and some servers and proxies fail at HEAD itself. Only a refusal
            // of the method is remembered: any other failure may be about this request.
            Err(error) => match &error.cause {
                cause if matches!(cause.status(), Some(405 | 501)) => true,
                Cause::Status { status, .. } if !matches!(status, 429 | 503) => false,
                Cause::InsufficientRights { .. }
                | Cause::LoginWithheld { .. }
                | Cause::Storage(_)
                | Cause::BadAnswer(_)
                | Cause::Redirect(_) => false,
                Cause::Connection(_) | Cause::Timeout(..) => false,
                _ => return Err(error),
            },
        };
        let manifest = self.manifest(name, &selector, priority).await?;
        if refused {
            self.abilities().learn_no_head();
        }
        Ok(ManifestHead::of(&manifest))
    }

    /// Returns the manifest that a tag has now, in the cheapest way. If it was seen before, one HEAD is sent, and a GET
    /// only if the tag has moved. Otherwise one GET is sent.
    pub async fn latest_manifest(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        priority: Priority,
    ) -> Result<Arc<Manifest>, Error> {
        let seen = self.cache().last_seen(&self.repository(name), tag).await;
        let kept = match seen {
            Some(digest) => self.cached_manifest(name, &digest).await,
            None => None,
        };
        match kept {
            Some(kept) if self.abilities().has_head() => {
                let digest = self.resolve(name, tag, priority).await?;
                if kept.has_digest(&digest) {
                    return Ok(kept);
                }
                match self.manifest(name, &Selector::Digest(digest), priority).await {
                    Ok(manifest) => {
                        self.cache().record_tag(&self.repository(name), tag, manifest.digest);
                        Ok(manifest)
                    }
                    // The HEAD names a digest that no manifest has.
                    Err(error)
                        if matches!(
                            error.cause,
                            Cause::DigestMismatch { .. }
                                | Cause::BadAnswer(_)
                                | Cause::Status { status: 400 | 404, .. }
                        ) =>
                    {
                        let manifest = self.manifest(name, &Selector::Tag(tag.clone()), priority).await?;
                        if !manifest.has_digest(&digest) {
                            self.abilities().learn_no_head();
                        }
                        Ok(manifest)
                    }
                    read => read,
                }
            }
            _ => self.manifest(name, &Selector::Tag(tag.clone()), priority).await,
        }
    }

    /// Returns the digest that a manifest has on the server now, by a HEAD that no cache answers. Returns `None` if the
    /// manifest does not exist.
    pub async fn head_manifest(
        &self,
        name: &RepositoryName,
        selector: &Selector,
        priority: Priority,
    ) -> Result<Option<Digest>, Error> {
        let found = match selector {
            Selector::Tag(tag) => self.resolve(name, tag, priority).await,
            Selector::Digest(digest) => self.head_digest(name, digest, priority).await.map(|()| *digest),
        };
        match found {
            Ok(digest) => Ok(Some(digest)),
            Err(error) if error.cause.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Succeeds if the server has a manifest: by HEAD, and by its bytes if that fails or names another digest.
    async fn head_digest(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        priority: Priority,
    ) -> Result<(), Error> {
        if self.abilities().has_head() {
            let selector = Selector::Digest(*digest);
            match self.manifest_request(Method::HEAD, name, &selector, priority).await {
                Ok(answer) => {
                    let named = answer.header("docker-content-digest");
                    if named.is_none_or(|named| named.parse() == Ok(*digest)) {
                        return Ok(());
                    }
                }
                Err(error) if matches!(error.cause.status(), Some(404 | 429 | 503)) => return Err(error),
                Err(error) if error.cause == Cause::Refused => return Err(error),
                Err(_) => {}
            }
        }
        self.uncached_manifest(name, digest, priority).boxed().await.map(|_| ())
    }

    /// Returns the digest that a tag or digest leads to now, by a request that no cache answers. If the server names
    /// none of the `known` digests, the bytes are read. The result is then the known digest that the bytes have, by any
    /// algorithm and whatever the server calls them, or else their real digest. Returns `None` if the manifest does not
    /// exist.
    pub(crate) async fn digest_now(
        &self,
        name: &RepositoryName,
        selector: &Selector,
        known: &[Digest],
        priority: Priority,
    ) -> Result<Option<Digest>, Error> {
        match self.head_manifest(name, selector, priority).await? {
            Some(said) => self.confirm_digest(name, selector, said, known, priority).await,
            None => Ok(None),
        }
    }

    /// Does the second half of [`Client::digest_now`]: checks the digest `said` that the server has just given for a
    /// tag or digest.
    pub(crate) async fn confirm_digest(
        &self,
        name: &RepositoryName,
        selector: &Selector,
        reported: Digest,
        known: &[Digest],
        priority: Priority,
    ) -> Result<Option<Digest>, Error> {
        let is_settled = known.contains(&reported) || matches!(selector, Selector::Digest(_));
        if is_settled || (known.is_empty() && self.cached_manifest(name, &reported).await.is_some()) {
            return Ok(Some(reported));
        }
        match self.fetch_manifest(name, selector, priority).boxed().await {
            Ok(manifest) => {
                let same = known.iter().find(|digest| manifest.has_digest(digest));
                Ok(Some(same.copied().unwrap_or(manifest.digest)))
            }
            Err(error) if error.cause.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the manifest of that digest if this repository has given or taken it and its bytes are kept. Sends
    /// nothing.
    pub(crate) async fn cached_manifest(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Option<Arc<Manifest>> {
        let media_type = self.cache().media_type(&self.repository(name), digest).await?;
        let bytes = self.cache().get(digest).await?;
        let media_type = Some(media_type.as_str()).filter(|text| !text.is_empty());
        let manifest = Manifest::parse(bytes, media_type).ok()?;
        manifest.verify(*digest).ok().map(Arc::new)
    }

    /// Returns a manifest by its digest as the registry serves it now, under the media type that it gives now. The
    /// cache is not used.
    pub(crate) async fn uncached_manifest(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        priority: Priority,
    ) -> Result<Arc<Manifest>, Error> {
        self.fetch_manifest(name, &Selector::Digest(*digest), priority).await
    }

    /// Learns how many requests are left before the first one that counts, by a HEAD of a manifest that is read anyway.
    /// Does nothing at a registry that counts every request, or has told already. A read for which the user waits does not
    /// wait for long.
    pub(crate) async fn ask_budget(&self, name: &RepositoryName, selector: &Selector, priority: Priority) {
        let limit = match priority {
            Priority::Interactive => self.http().timeouts().own_api,
            _ => self.http().timeouts().own_api * BACKGROUND_FACTOR,
        };
        let asked = async {
            let head = self.manifest_request(Method::HEAD, name, selector, priority);
            tokio::time::timeout(limit, head).await.ok();
        };
        // Work in the background may be waiting for the answer already.
        tokio::time::timeout(limit * 2, self.http().transport().ask_budget_once(asked)).await.ok();
    }

    async fn fetch_manifest(
        &self,
        name: &RepositoryName,
        selector: &Selector,
        priority: Priority,
    ) -> Result<Arc<Manifest>, Error> {
        self.ask_budget(name, selector, priority).boxed().await;
        let answer = self.manifest_request(Method::GET, name, selector, priority).await?;
        let media_type =
            answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_string);
        let said = answer.header("docker-content-digest").and_then(|digest| digest.parse::<Digest>().ok());
        let manifest = self.read_manifest(answer, media_type.as_deref(), selector, said)?;
        if said.is_some_and(|said| !manifest.has_digest(&said)) {
            // Only the bytes tell which digest this server has.
            self.abilities().learn_no_head();
        }
        self.cache().put(manifest.digest, manifest.raw.clone());
        // A general type is that of the storage, not of the manifest.
        let media_type = media_type.filter(|media_type| !MediaType::new(media_type).is_vague());
        self.cache().record_manifest(&self.repository(name), manifest.digest, media_type.as_deref());
        if let Selector::Tag(tag) = selector {
            self.cache().record_tag(&self.repository(name), tag, manifest.digest);
        }
        Ok(Arc::new(manifest))
    }

    /// Reads a manifest and checks it against the requested digest. For a tag, the server's own digest is believed only
    /// if the bytes agree, which keeps sha512 digests; otherwise the sha256 of the bytes counts.
    fn read_manifest(
        &self,
        answer: HttpAnswer,
        media_type: Option<&str>,
        selector: &Selector,
        reported: Option<Digest>,
    ) -> Result<Manifest, Error> {
        let fail = |cause| self.http().error(cause, None, 1);
        // The turn of a large body ends as soon as it is read.
        let HttpAnswer { body, _hold, .. } = answer;
        let manifest = Manifest::parse(body, media_type).map_err(|bad| {
            fail(match bad {
                BadManifest::WebPage => Cause::WebPage,
                other => Cause::BadAnswer(SafeText::from(other.to_string())),
            })
        })?;
        match (selector, reported) {
            (Selector::Digest(wanted), _) => {
                manifest.verify(*wanted).map_err(|got| fail(Cause::digest(*wanted, got)))
            }
            (Selector::Tag(_), Some(said)) if said.same_algorithm_of(&manifest.raw) == said => {
                manifest.verify(said).map_err(|got| fail(Cause::digest(said, got)))
            }
            (Selector::Tag(_), _) => Ok(manifest),
        }
    }

    async fn manifest_request(
        &self,
        method: Method,
        name: &RepositoryName,
        selector: &Selector,
        priority: Priority,
    ) -> Result<HttpAnswer, Error> {
        let url = self.http().base().await?.manifest(name, selector);
        let mut list = self.abilities().accept_index();
        loop {
            let accept = ACCEPT[list.min(ACCEPT.len() - 1)];
            let scope = Scope::Pull(name.clone());
            let request = Request::new(method.clone(), url.clone(), scope, priority);
            let has_fallback = method == Method::HEAD;
            let parts = match selector {
                _ if has_fallback => None,
                Selector::Digest(digest) => Some(PartsProof::Digest(*digest)),
                Selector::Tag(_) => Some(PartsProof::Validators),
            };
            let request = Request { accept, cap: CAP, has_fallback, parts, ..request };
            match self.http().send(&request).await {
                Ok(answer) => {
                    self.abilities().learn_accept_index(list);
                    return Ok(answer);
                }
                Err(error) if error.cause.status() == Some(406) && list + 1 < ACCEPT.len() => list += 1,
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn repository(&self, name: &RepositoryName) -> Repository {
        Repository { host: self.host().clone(), name: name.clone() }
    }
}
