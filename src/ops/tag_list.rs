//! The tags of a repository and their digests, for every kind of change. Lists are read to their end. Tags that a
//! change is about are also asked for by their names, because lists lag behind, are cut off, or leave tags out.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use super::list;
use crate::client::{Error, ManifestHead, Priority, Registry};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::media_type::MediaType;
use crate::model::page::ListedName;
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::text::SafeText;

/// The number of tags that are asked for at the same time: enough to keep every connection busy.
pub(crate) const AT_ONCE: usize = 64;

/// A list of tags, read to its end.
#[derive(Debug, Default)]
pub(crate) struct TagNames {
    /// The tags that the registry lists.
    pub(crate) tags: Vec<Tag>,
    /// Listed names that are no tags according to the grammar.
    pub(crate) malformed: Vec<SafeText>,
    /// The reason why there may be more tags.
    pub(crate) incomplete: Option<SafeText>,
}

impl TagNames {
    /// Returns the reason why some tags may not be known.
    pub(crate) fn incomplete_reason(&self) -> Option<SafeText> {
        let odd = || {
            let text = self.malformed.last()?;
            Some(SafeText::from(format!("`{text}` is listed and is not a valid tag")))
        };
        self.incomplete.clone().or_else(odd)
    }
}

/// The tags of a repository.
#[derive(Debug, Default)]
pub(crate) struct TagList {
    /// The digest of each tag.
    pub(crate) digests: BTreeMap<Tag, Digest>,
    /// Tags whose digest could not be determined.
    pub(crate) unknown: Vec<Tag>,
    /// The reasons for that.
    pub(crate) failures: HashMap<Tag, Failure>,
    /// The media types of the digests, as the server reports them.
    pub(crate) types: HashMap<Digest, MediaType>,
    /// The reason why there may be more tags than are listed.
    pub(crate) incomplete: Option<SafeText>,
}

impl TagList {
    /// Returns a note of a plan or report that there may be more tags, if so.
    pub(crate) fn incomplete_note(&self) -> Option<SafeText> {
        let why = self.incomplete.as_ref()?;
        Some(SafeText::from(format!("the list of tags may be incomplete: {why}")))
    }

    /// Returns the tags of a digest.
    pub(crate) fn of(&self, digest: Digest) -> impl Iterator<Item = &Tag> {
        self.digests.iter().filter(move |(_, at)| **at == digest).map(|(tag, _)| tag)
    }

    /// Takes the answer of the server about a tag.
    fn add_answer(&mut self, name: &RepositoryName, tag: Tag, answer: Result<Option<ManifestHead>, Error>) {
        match answer {
            Ok(Some(head)) => {
                if let Some(media_type) = head.media_type {
                    self.types.insert(head.digest, media_type);
                }
                self.digests.insert(tag, head.digest);
            }
            Ok(None) => {}
            Err(error) => {
                let failure = error.failure(format!("cannot determine the image of {name}:{tag}"));
                self.failures.insert(tag.clone(), failure);
                self.unknown.push(tag);
                self.unknown.sort();
            }
        }
    }
}

/// Returns the names of all tags that are listed.
pub(crate) async fn list_names(registry: &dyn Registry, name: &RepositoryName) -> Result<TagNames, Error> {
    let mut pages = std::pin::pin!(list::tags(registry, name));
    let mut names = TagNames::default();
    while let Some(page) = pages.try_next().await? {
        for item in page.items {
            match item {
                ListedName::Named(tag) => names.tags.push(tag),
                ListedName::Malformed(text) => names.malformed.push(text),
            }
        }
        names.incomplete = page.incomplete.or(names.incomplete);
    }
    Ok(names)
}

/// Returns all tags that are listed, and those in `also` whether they are listed or not, with their digests. Each takes
/// one HEAD request; many are sent at the same time. For the tags in `also`, the digest that the server reports is
/// compared with their bytes, unless those are cached. If it is wrong for one of them, the others are asked for anew,
/// and the client then determines their digests from their bytes.
pub(crate) async fn tags_with(
    registry: &dyn Registry,
    name: &RepositoryName,
    also: impl IntoIterator<Item = Tag>,
) -> Result<TagList, Error> {
    let names = list_names(registry, name).await?;
    let mut tags = TagList { incomplete: names.incomplete_reason(), ..TagList::default() };
    let named: HashSet<Tag> = also.into_iter().collect();
    let listed: HashSet<&Tag> = names.tags.iter().collect();
    let unlisted = named.iter().filter(|tag| !listed.contains(tag));
    let all = names.tags.iter().chain(unlisted).cloned();
    let (asked, others): (Vec<_>, Vec<_>) =
        ask_digests(registry, name, all).await.into_iter().partition(|(tag, _)| named.contains(tag));
    let checked = stream::iter(asked).map(async |(tag, said): (Tag, Result<Option<ManifestHead>, Error>)| {
        let Ok(Some(head)) = said else { return (tag, said, true) };
        let selector = Selector::Tag(tag.clone());
        let digest = registry.confirm_digest(name, &selector, head.digest, &[], Priority::Background).await;
        let is_true = !matches!(digest, Ok(Some(digest)) if digest != head.digest);
        (tag, digest.map(|digest| digest.map(|digest| ManifestHead { digest, ..head })), is_true)
    });
    let checked: Vec<_> = checked.buffer_unordered(AT_ONCE).collect().await;
    let is_true = checked.iter().all(|(.., is_true)| *is_true);
    checked.into_iter().for_each(|(tag, said, _)| tags.add_answer(name, tag, said));
    if is_true {
        others.into_iter().for_each(|(tag, said)| tags.add_answer(name, tag, said));
    } else {
        resolve(registry, name, others.into_iter().map(|(tag, _)| tag).collect(), &mut tags).await;
    }
    Ok(tags)
}

/// Returns all tags that are listed, with their digests.
pub(crate) async fn tags(registry: &dyn Registry, name: &RepositoryName) -> Result<TagList, Error> {
    tags_with(registry, name, []).await
}

/// Returns the digests of these tags in any order. Each is asked for by its name. The digest is `None` if the tag does
/// not exist.
pub(crate) async fn ask_digests(
    registry: &dyn Registry,
    name: &RepositoryName,
    tags: impl IntoIterator<Item = Tag>,
) -> Vec<(Tag, Result<Option<ManifestHead>, Error>)> {
    let head = |tag: Tag| {
        async move {
            let head = match registry.head_tag(name, &tag, Priority::Background).await {
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

/// Determines the digests of these tags. Tags that do not exist are left out.
pub(crate) async fn resolve(
    registry: &dyn Registry,
    name: &RepositoryName,
    all: Vec<Tag>,
    tags: &mut TagList,
) {
    for (tag, said) in ask_digests(registry, name, all).await {
        tags.add_answer(name, tag, said);
    }
}
