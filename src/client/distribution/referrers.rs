//! The referrers of a manifest: distribution-spec § Listing Referrers, and § Referrers Tag Schema for servers without
//! it.

use std::collections::HashSet;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Url};

use crate::client::Client;
use crate::client::error::{Cause, Error};
use crate::client::http::limit::Priority;
use crate::client::http::link;
use crate::client::http::request::Request;
use crate::client::http::scope::Scope;
use crate::model::capped::{Capped, MOST};
use crate::model::digest::Digest;
use crate::model::inspection::ReferrerSource;
use crate::model::manifest::{Body, Descriptor, Manifest};
use crate::model::media_type::OCI_INDEX;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::server::Ability;
use crate::model::text::SafeText;

/// Most bytes of a page of referrers.
const CAP: u64 = 8 * 1024 * 1024;
/// Most pages of referrers.
const MOST_PAGES: usize = 20;

/// The referrers of a manifest, and how they were found.
#[derive(Debug, Clone, Default)]
pub struct Referrers {
    /// The referrers, in the order of the server, each once.
    pub descriptors: Capped<Vec<Descriptor>>,
    /// The source in which they were found. It matters only if there are any.
    pub found: Option<ReferrerSource>,
    /// The digest of the fallback tag, if that was read.
    pub fallback_digest: Option<Digest>,
}

impl Referrers {
    /// Fails if there are more than are kept.
    pub(crate) fn check_whole(self) -> Result<Referrers, Cause> {
        if self.descriptors.is_whole() {
            Ok(self)
        } else {
            let text = format!("{} referrers are more than can be looked at", self.descriptors.count());
            Err(Cause::BadAnswer(SafeText::from(text)))
        }
    }
}

impl Client {
    /// Returns whether the registry has the referrers API, as far as its responses showed.
    pub(crate) fn referrers_api(&self) -> Ability {
        self.abilities().referrers()
    }

    /// Returns all referrers of a manifest, for a change that depends on them. Fails if they are too many to be kept.
    /// `may_have_fallback` says whether there may be a fallback tag; a caller that knows all tags of the repository
    /// knows.
    pub async fn referrers(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        may_have_fallback: bool,
    ) -> Result<Referrers, Error> {
        let found = self.first_referrers(name, digest, may_have_fallback).await?;
        found.check_whole().map_err(|cause| self.http().error(cause, None, 1))
    }

    /// Returns the first referrers of a manifest, to be shown, and how many more there are.
    pub async fn first_referrers(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        may_have_fallback: bool,
    ) -> Result<Referrers, Error> {
        if self.abilities().may_have_referrers(name)
            && let Some(descriptors) = self.list_by_api(name, digest).await?
        {
            return Ok(Referrers { descriptors, found: Some(ReferrerSource::Api), fallback_digest: None });
        }
        if !may_have_fallback {
            return Ok(Referrers::default());
        }
        let Some(tag) = fallback_tag(digest) else { return Ok(Referrers::default()) };
        match self.latest_manifest(name, &tag, Priority::Interactive).await {
            // GitLab takes such a tag for the digest itself: an image is not the list of its referrers.
            Ok(manifest) if manifest.has_digest(digest) => Ok(Referrers::default()),
            Ok(manifest) => Ok(Referrers {
                descriptors: descriptors_of(&manifest),
                found: Some(ReferrerSource::FallbackTag),
                fallback_digest: Some(manifest.digest),
            }),
            Err(error) if error.cause.status() == Some(404) => Ok(Referrers::default()),
            Err(error) => Err(error),
        }
    }

    /// Lists referrers by the API. Returns `None` if the server has none.
    async fn list_by_api(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<Capped<Vec<Descriptor>>>, Error> {
        let mut url = self.http().base().await?.referrers(name, digest);
        let mut all: Vec<Descriptor> = Vec::new();
        let mut left_out = 0_usize;
        let mut seen = HashSet::new();
        for _ in 0..MOST_PAGES {
            let request = self.referrers_request(name, url.clone());
            let answer = match self.http().send(&request).await {
                Ok(answer) => answer,
                Err(error)
                    if all.is_empty()
                        && matches!(error.cause.status(), Some(400 | 404 | 405 | 406 | 501)) =>
                {
                    self.learn_no_referrers(name, &error.cause.to_string());
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            let media_type = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let Ok(index) = Manifest::parse(answer.body.clone(), media_type) else {
                self.learn_no_referrers(name, "its answer is no index");
                return Ok(None);
            };
            self.abilities().learn_referrers(name, Ability::Yes);
            let page = descriptors_of(&index);
            let before = seen.len();
            left_out = left_out.saturating_add(page.left_out());
            for descriptor in page {
                // Beyond the kept ones, referrers are only counted, so one that comes twice counts twice.
                if all.len() >= MOST {
                    left_out = left_out.saturating_add(1);
                } else if seen.insert(descriptor.digest_text.clone()) {
                    all.push(descriptor);
                }
            }
            let next = link::next(&answer.headers).and_then(|link| url.join(&link).ok());
            match next {
                Some(_) if left_out > 0 => {
                    left_out = left_out.saturating_add(1);
                    break;
                }
                Some(next) if seen.len() > before && next.path() == url.path() => url.set_query(next.query()),
                _ => break,
            }
        }
        Ok(Some(Capped::new(all, left_out)))
    }

    fn referrers_request(&self, name: &RepositoryName, url: Url) -> Request {
        let scope = Scope::Pull(name.clone());
        Request {
            accept: OCI_INDEX,
            cap: CAP,
            ..Request::new(Method::GET, url, scope, Priority::Interactive)
        }
    }

    fn learn_no_referrers(&self, name: &RepositoryName, why: &str) {
        self.abilities().learn_referrers(name, Ability::No(SafeText::clean(why)));
    }
}

/// Returns the tag that lists the referrers of a manifest if there is no API: distribution-spec § Referrers Tag Schema.
/// For a long digest it has the first 64 hex digits.
pub(crate) fn fallback_tag(subject: &Digest) -> Option<Tag> {
    Tag::parse(&subject.tag_stem()).ok()
}

fn descriptors_of(manifest: &Manifest) -> Capped<Vec<Descriptor>> {
    match &manifest.body {
        Body::Index(index) => index.manifests.clone(),
        _ => Capped::default(),
    }
}
