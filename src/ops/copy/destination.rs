//! What the destination has already.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::client::{Client, Error, Lane};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::Descriptor;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;
use crate::ops::list;

/// Questions that are asked together.
const AT_ONCE: usize = 8;
/// From so many tags on, all of them are listed first: those that are not there need not be asked for one by one.
const MANY: usize = 16;

/// Where the images go.
pub struct Destination<'a> {
    /// The registry.
    pub client: &'a Client,
    /// The repository.
    pub repository: &'a Repository,
    /// That it refused to say what it has.
    refusal: OnceLock<SafeText>,
}

impl<'a> Destination<'a> {
    /// Nothing was asked yet.
    pub fn new(client: &'a Client, repository: &'a Repository) -> Destination<'a> {
        Destination { client, repository, refusal: OnceLock::new() }
    }

    /// What should be known where it refused to say what it has.
    pub fn remark(&self) -> Option<SafeText> {
        let refusal = self.refusal.get()?;
        Some(SafeText::from(format!(
            "{} does not say what it has ({refusal}): it may refuse the copy too, and replaces nothing unseen",
            self.repository
        )))
    }
    /// The digests that these tags have now; those that are free are left out.
    pub async fn tags(&self, tags: Vec<Tag>) -> Result<HashMap<Tag, Digest>, Failure> {
        let tags = match tags.len() < MANY {
            true => tags,
            false => {
                let listed = self.list().await?;
                tags.into_iter().filter(|tag| listed.contains(tag)).collect()
            }
        };
        let asked = stream::iter(tags).map(async |tag: Tag| {
            let selector = Selector::Tag(tag.clone());
            let found = self.client.head_manifest(&self.repository.name, &selector, Lane::Background).await;
            Ok(self.seen(found)?.flatten().map(|digest| (tag, digest)))
        });
        let found: Vec<Option<(Tag, Digest)>> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Those of these manifests that are there.
    pub async fn manifests(&self, digests: Vec<Digest>) -> Result<HashSet<Digest>, Failure> {
        let asked = stream::iter(digests).map(async |digest: Digest| {
            let selector = Selector::Digest(digest);
            let found = self.client.head_manifest(&self.repository.name, &selector, Lane::Background).await;
            Ok(self.seen(found)?.flatten())
        });
        let found: Vec<Option<Digest>> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The digests that the destination lists as referrers of these manifests.
    pub async fn referrers(&self, of: HashSet<Digest>) -> Result<HashSet<Digest>, Failure> {
        let asked = stream::iter(of).map(async |subject: Digest| {
            let found = self.client.referrers(&self.repository.name, &subject, true).await;
            Ok(self.seen(found)?.map(|found| found.descriptors).unwrap_or_default())
        });
        let found: Vec<Vec<Descriptor>> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().filter_map(|descriptor| descriptor.digest).collect())
    }

    /// Those of these blobs that are there.
    pub async fn blobs(&self, blobs: &[&Descriptor]) -> Result<HashSet<Digest>, Failure> {
        let digests: Vec<Digest> = blobs.iter().filter_map(|blob| blob.digest).collect();
        let asked = stream::iter(digests).map(async |digest: Digest| {
            let found = self.client.head_blob(&self.repository.name, &digest, Lane::Background).await;
            Ok(self.seen(found)?.flatten().map(|_| digest))
        });
        let found: Vec<Option<Digest>> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn list(&self) -> Result<HashSet<Tag>, Failure> {
        let mut tags = HashSet::new();
        let mut pages = std::pin::pin!(list::tags(self.client, &self.repository.name));
        loop {
            match self.seen(pages.try_next().await)?.flatten() {
                Some(page) => tags.extend(page.items.iter().filter_map(|item| item.name()).cloned()),
                None => return Ok(tags),
            }
        }
    }

    /// None for what is not there, or may not be there: many registries refuse to speak of a repository that the first
    /// push will make, so a refusal counts as absence, and the plan says so. What is put later is checked again.
    fn seen<T>(&self, answer: Result<T, Error>) -> Result<Option<T>, Failure> {
        match answer {
            Ok(found) => Ok(Some(found)),
            Err(error) => match error.cause.status() {
                Some(404) => Ok(None),
                Some(401 | 403 | 405 | 501) => {
                    self.refusal.get_or_init(|| SafeText::from(error.cause.to_string()));
                    Ok(None)
                }
                _ => Err(error.failure(format!("cannot look at {}", self.repository))),
            },
        }
    }
}
