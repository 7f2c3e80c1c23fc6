//! Which tags a repository has and what they are, for every kind of change: lists are read to their end, and a tag that
//! is asked about is asked for by its name, since lists lag behind, are cut, or leave tags out.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use super::list;
use crate::client::{Client, Error, ManifestHead, Priority};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::media_type::MediaType;
use crate::model::page::ListedName;
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::text::SafeText;

/// Tags that are asked about together: enough to keep every connection busy.
pub const AT_ONCE: usize = 16;

/// A list of tags, read to its end.
#[derive(Debug, Default)]
pub struct TagNames {
    /// What it lists.
    pub tags: Vec<Tag>,
    /// What it lists and is no tag by the grammar.
    pub odd: Vec<SafeText>,
    /// Why there may be more.
    pub incomplete: Option<SafeText>,
}

impl TagNames {
    /// Why not all tags may be known.
    pub fn doubt(&self) -> Option<SafeText> {
        let odd = || {
            let text = self.odd.last()?;
            Some(SafeText::from(format!("`{text}` is listed, which is no tag by the grammar")))
        };
        self.incomplete.clone().or_else(odd)
    }
}

/// The tags of a repository.
#[derive(Debug, Default)]
pub struct TagList {
    /// The digest of each.
    pub digests: BTreeMap<Tag, Digest>,
    /// Tags whose digest could not be found out.
    pub unknown: Vec<Tag>,
    /// Why not.
    pub failures: HashMap<Tag, Failure>,
    /// What the server says that the digests are.
    pub types: HashMap<Digest, MediaType>,
    /// Why there may be more tags than are listed.
    pub incomplete: Option<SafeText>,
}

impl TagList {
    /// The tags of a digest.
    pub fn of(&self, digest: Digest) -> impl Iterator<Item = &Tag> {
        self.digests.iter().filter(move |(_, at)| **at == digest).map(|(tag, _)| tag)
    }

    /// Notes what the server says of a tag.
    fn take(&mut self, name: &RepositoryName, tag: Tag, said: Result<Option<ManifestHead>, Error>) {
        match said {
            Ok(Some(head)) => {
                if let Some(media_type) = head.media_type {
                    self.types.insert(head.digest, media_type);
                }
                self.digests.insert(tag, head.digest);
            }
            Ok(None) => {}
            Err(error) => {
                let failure = error.failure(format!("cannot find out which image {name}:{tag} is"));
                self.failures.insert(tag.clone(), failure);
                self.unknown.push(tag);
                self.unknown.sort();
            }
        }
    }
}

/// The names of all tags that are listed.
pub async fn names(client: &Client, name: &RepositoryName) -> Result<TagNames, Error> {
    let mut pages = std::pin::pin!(list::tags(client, name));
    let mut names = TagNames::default();
    while let Some(page) = pages.try_next().await? {
        for item in page.items {
            match item {
                ListedName::Named(tag) => names.tags.push(tag),
                ListedName::Odd(text) => names.odd.push(text),
            }
        }
        names.incomplete = page.incomplete.or(names.incomplete);
    }
    Ok(names)
}

/// All tags that are listed, and these, whether they are listed or not, with their digests: one HEAD each, many at a time.
/// What the server calls these is held against their bytes, unless those are kept here. Where it is untrue for one of them,
/// the others are asked anew: by their bytes, as the client then does.
pub async fn tags_with(
    client: &Client,
    name: &RepositoryName,
    also: impl IntoIterator<Item = Tag>,
) -> Result<TagList, Error> {
    let names = names(client, name).await?;
    let mut tags = TagList { incomplete: names.doubt(), ..TagList::default() };
    let named: HashSet<Tag> = also.into_iter().collect();
    let listed: HashSet<&Tag> = names.tags.iter().collect();
    let unlisted = named.iter().filter(|tag| !listed.contains(tag));
    let all = names.tags.iter().chain(unlisted).cloned();
    let (asked, others): (Vec<_>, Vec<_>) =
        ask(client, name, all).await.into_iter().partition(|(tag, _)| named.contains(tag));
    let checked = stream::iter(asked).map(async |(tag, said): (Tag, Result<Option<ManifestHead>, Error>)| {
        let Ok(Some(head)) = said else { return (tag, said, true) };
        let selector = Selector::Tag(tag.clone());
        let digest = client.checked_digest(name, &selector, head.digest, &[], Priority::Background).await;
        let is_true = !matches!(digest, Ok(Some(digest)) if digest != head.digest);
        (tag, digest.map(|digest| digest.map(|digest| ManifestHead { digest, ..head })), is_true)
    });
    let checked: Vec<_> = checked.buffer_unordered(AT_ONCE).collect().await;
    let is_true = checked.iter().all(|(.., is_true)| *is_true);
    checked.into_iter().for_each(|(tag, said, _)| tags.take(name, tag, said));
    match is_true {
        true => others.into_iter().for_each(|(tag, said)| tags.take(name, tag, said)),
        false => resolve(client, name, others.into_iter().map(|(tag, _)| tag).collect(), &mut tags).await,
    }
    Ok(tags)
}

/// All tags that are listed, with their digests.
pub async fn tags(client: &Client, name: &RepositoryName) -> Result<TagList, Error> {
    tags_with(client, name, []).await
}

/// What these tags are, each asked for by its name, in any order. `None` for one that leads nowhere.
pub async fn ask(
    client: &Client,
    name: &RepositoryName,
    tags: impl IntoIterator<Item = Tag>,
) -> Vec<(Tag, Result<Option<ManifestHead>, Error>)> {
    let head = |tag: Tag| {
        async move {
            let head = match client.head_tag(name, &tag, Priority::Background).await {
                Ok(head) => Ok(Some(head)),
                Err(error) if error.cause.status() == Some(404) => Ok(None),
                Err(error) => Err(error),
            };
            (tag, head)
        }
        .boxed()
    };
    let asked: Vec<_> = tags.into_iter().map(head).collect();
    stream::iter(asked).buffer_unordered(AT_ONCE).collect().await
}

/// Finds out the digests of these tags. One that leads nowhere is left out.
pub async fn resolve(client: &Client, name: &RepositoryName, all: Vec<Tag>, tags: &mut TagList) {
    for (tag, said) in ask(client, name, all).await {
        tags.take(name, tag, said);
    }
}
