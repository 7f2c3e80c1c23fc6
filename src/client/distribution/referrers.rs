//! The referrers of a manifest: distribution-spec § Listing Referrers, and § Referrers Tag Schema for servers without
//! it.

use std::collections::HashSet;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Url};

use super::pages::{self, path_and_query};
use crate::client::Client;
use crate::client::error::{Cause, Error};
use crate::client::http::limit::Priority;
use crate::client::http::link;
use crate::client::http::request::{HttpAnswer, Request};
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
const MOST_PAGES: usize = 100;

/// The referrers of a manifest, and how they were found.
#[derive(Debug, Clone, Default)]
pub struct Referrers {
    /// The referrers, in the order of the server, each once.
    pub descriptors: Capped<Vec<Descriptor>>,
    /// The source in which they were found. It matters only if there are any.
    pub found: Option<ReferrerSource>,
    /// The digest of the fallback tag, if that was read.
    pub fallback_digest: Option<Digest>,
    /// The reason why the server may have more than it listed.
    pub incomplete: Option<SafeText>,
}

impl Referrers {
    /// Fails if there are more than are kept, or may be.
    pub(crate) fn check_whole(self) -> Result<Referrers, Cause> {
        let text = match &self.incomplete {
            _ if !self.descriptors.is_whole() => {
                format!("{} referrers are more than can be looked at", self.descriptors.count())
            }
            Some(why) => format!("the list of referrers may be incomplete: {why}"),
            None => return Ok(self),
        };
        Err(Cause::BadAnswer(SafeText::from(text)))
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
            && let Some(listed) = self.list_by_api(name, digest).await?
        {
            return Ok(listed);
        }
        if !may_have_fallback {
            return Ok(Referrers::default());
        }
        let Some(tag) = fallback_tag(digest) else { return Ok(Referrers::default()) };
        match self.latest_manifest(name, &tag, Priority::Interactive).await {
            // GitLab takes such a tag for the digest itself: an image is not the list of its referrers.
            Ok(manifest) if manifest.has_digest(digest) => Ok(Referrers::default()),
            Ok(manifest) => Ok(Referrers {
                descriptors: without(descriptors_of(&manifest), digest),
                found: Some(ReferrerSource::FallbackTag),
                fallback_digest: Some(manifest.digest),
                incomplete: None,
            }),
            Err(error) if error.cause.status() == Some(404) => Ok(Referrers::default()),
            Err(error) => Err(error),
        }
    }

    /// Lists referrers by the API. Returns `None` if the server has none.
    async fn list_by_api(&self, name: &RepositoryName, digest: &Digest) -> Result<Option<Referrers>, Error> {
        let list = self.http().base().await?.referrers(name, digest);
        let mut url = list.clone();
        let mut found = ListedReferrers::default();
        let mut asked = HashSet::new();
        let incomplete = loop {
            asked.insert(path_and_query(&url));
            let answer = match self.send_for_page(name, &list, &mut url).await {
                Ok(answer) => answer,
                Err(error) if asked.len() == 1 => {
                    if !matches!(error.cause.status(), Some(400 | 404 | 405 | 406 | 501)) {
                        return Err(error);
                    }
                    self.learn_no_referrers(name, &error.cause.to_string());
                    return Ok(None);
                }
                Err(error) => match error.cause.status() {
                    Some(400..=499) => break Some("the server lost a page in the middle"),
                    _ => return Err(error),
                },
            };
            let media_type = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let Ok(index) = Manifest::parse(answer.body.clone(), media_type) else {
                if asked.len() > 1 {
                    break Some("a page of the list is no index");
                }
                self.learn_no_referrers(name, "its answer is no index");
                return Ok(None);
            };
            if index.has_digest(digest) {
                self.learn_no_referrers(name, "its answer is the image itself");
                return Ok(None);
            }
            self.abilities().learn_referrers(name, Ability::Yes);
            let page = descriptors_of(&index);
            let (is_empty, before) = (page.is_empty(), found.seen.len());
            found.take(without(page, digest));
            let Some(link) = link::next(&answer.headers) else { break None };
            let next = pages::resolve(&answer, &url, &list, &link);
            let Some(next) = next.and_then(|next| list.join(&next).ok()) else {
                break Some("the server's next page is at another place");
            };
            if found.left_out > 0 {
                found.left_out = found.left_out.saturating_add(1);
                break None;
            }
            match next {
                _ if !is_empty && found.seen.len() == before => {
                    break Some("the server sends the same page again");
                }
                next if asked.contains(&path_and_query(&next)) => {
                    break Some("the server's pages lead in a circle");
                }
                _ if asked.len() >= MOST_PAGES => break Some("the list is too long to be read completely"),
                next => url = next,
            }
        };
        Ok(Some(Referrers {
            descriptors: Capped::new(found.kept, found.left_out),
            found: Some(ReferrerSource::Api),
            fallback_digest: None,
            incomplete: incomplete.map(SafeText::from),
        }))
    }

    /// Asks for a page. One that is not there is asked for at the path of the list, with the query of its link.
    async fn send_for_page(
        &self,
        name: &RepositoryName,
        list: &Url,
        url: &mut Url,
    ) -> Result<HttpAnswer, Error> {
        match self.http().send(&self.referrers_request(name, url.clone())).await {
            Err(error)
                if url.path() != list.path()
                    && matches!(error.cause.status(), Some(status @ 400..=499) if status != 429) =>
            {
                url.set_path(list.path());
                self.http().send(&self.referrers_request(name, url.clone())).await
            }
            sent => sent,
        }
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

/// The referrers of the pages so far.
#[derive(Debug, Default)]
struct ListedReferrers {
    kept: Vec<Descriptor>,
    left_out: usize,
    seen: HashSet<String>,
}

impl ListedReferrers {
    /// Adds those that no earlier page had. Beyond the kept ones, referrers are only counted, so one that comes twice
    /// counts twice.
    fn take(&mut self, page: Capped<Vec<Descriptor>>) {
        self.left_out = self.left_out.saturating_add(page.left_out());
        for descriptor in page {
            if self.kept.len() >= MOST {
                self.left_out = self.left_out.saturating_add(1);
            } else if self.seen.insert(descriptor.digest_text.clone()) {
                self.kept.push(descriptor);
            }
        }
    }
}

/// Returns the tag that lists the referrers of a manifest if there is no API: distribution-spec § Referrers Tag Schema.
/// For a long digest it has the first 64 hex digits.
pub(crate) fn fallback_tag(subject: &Digest) -> Option<Tag> {
    Tag::parse(&subject.tag_stem()).ok()
}

/// Returns a list without an entry for the subject itself, which is no referrer of itself.
fn without(list: Capped<Vec<Descriptor>>, subject: &Digest) -> Capped<Vec<Descriptor>> {
    let left_out = list.left_out();
    let others = list.into_iter().filter(|descriptor| descriptor.digest != Some(*subject));
    Capped::new(others.collect(), left_out)
}

fn descriptors_of(manifest: &Manifest) -> Capped<Vec<Descriptor>> {
    match &manifest.body {
        Body::Index(index) => index.manifests.clone(),
        _ => Capped::default(),
    }
}
