//! What hangs together in a repository: which digest each tag has, and what the indexes list.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use crate::client::{Client, Error, Lane};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::{Body, Manifest};
use crate::model::media_type::MediaType;
use crate::model::page::Listed;
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::text::SafeText;
use crate::ops::list;

/// Requests that wait together: enough to keep every connection busy.
pub const AT_ONCE: usize = 16;
/// Indexes within indexes that are followed.
const DEEPEST: usize = 8;
/// Most indexes that are read for one plan.
const MOST_INDEXES: usize = 20_000;

/// The tags of a repository.
#[derive(Debug, Default)]
pub struct Tags {
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

impl Tags {
    /// The tags of a digest.
    pub fn of(&self, digest: Digest) -> impl Iterator<Item = &Tag> {
        self.digests.iter().filter(move |(_, at)| **at == digest).map(|(tag, _)| tag)
    }
}

/// The names of all tags, and why there may be more.
pub async fn names(client: &Client, name: &RepositoryName) -> Result<(Vec<Tag>, Option<SafeText>), Error> {
    let mut pages = std::pin::pin!(list::tags(client, name));
    let (mut tags, mut incomplete) = (Vec::new(), None);
    while let Some(page) = pages.try_next().await? {
        for item in page.items {
            match item {
                Listed::Named(tag) => tags.push(tag),
                Listed::Odd(text) => {
                    incomplete =
                        Some(SafeText::from(format!("`{text}` is listed, which is no tag by the grammar")));
                }
            }
        }
        incomplete = page.incomplete.or(incomplete);
    }
    Ok((tags, incomplete))
}

/// All tags with their digests: one HEAD each, many at a time.
pub async fn tags(client: &Client, name: &RepositoryName) -> Result<Tags, Error> {
    let (all, incomplete) = names(client, name).await?;
    let mut tags = Tags { incomplete, ..Tags::default() };
    resolve(client, name, all, &mut tags).await;
    Ok(tags)
}

/// Finds out the digests of these tags. One that leads nowhere is left out.
pub async fn resolve(client: &Client, name: &RepositoryName, all: Vec<Tag>, tags: &mut Tags) {
    let head = |tag: Tag| {
        async move {
            let head = client.head_tag(name, &tag, Lane::Background).await;
            (tag, head)
        }
        .boxed()
    };
    let mut heads = stream::iter(all.into_iter().map(head)).buffer_unordered(AT_ONCE);
    while let Some((tag, head)) = heads.next().await {
        match head {
            Ok(head) => {
                if let Some(media_type) = head.media_type {
                    tags.types.insert(head.digest, media_type);
                }
                tags.digests.insert(tag, head.digest);
            }
            Err(error) if error.cause.status() == Some(404) => {}
            Err(error) => {
                let failure = error.failure(format!("cannot find out which image {name}:{tag} is"));
                tags.failures.insert(tag.clone(), failure);
                tags.unknown.push(tag);
            }
        }
    }
    tags.unknown.sort();
}

/// What indexes list.
#[derive(Debug, Default)]
pub struct Indexes {
    /// Every index that was met, with what it lists.
    lists: HashMap<Digest, Vec<Digest>>,
    /// Manifests that may be indexes and could not be read.
    pub unread: Vec<Digest>,
}

impl Indexes {
    /// Reads every index that these digests are or lead to. Those known to be something else are not read.
    pub async fn read(
        client: &Client,
        name: &RepositoryName,
        roots: impl IntoIterator<Item = Digest>,
        types: &HashMap<Digest, MediaType>,
    ) -> Indexes {
        let mut indexes = Indexes::default();
        let mut seen: HashSet<Digest> = HashSet::new();
        let mut next: Vec<Digest> = roots.into_iter().collect();
        next.retain(|digest| may_be_index(types.get(digest)) && seen.insert(*digest));
        for _ in 0..DEEPEST {
            let read = |digest| {
                async move {
                    let selector = Selector::Digest(digest);
                    (digest, client.manifest(name, &selector, Lane::Background).await)
                }
                .boxed()
            };
            let level = std::mem::take(&mut next);
            let mut read = stream::iter(level.into_iter().map(read)).buffer_unordered(AT_ONCE);
            while let Some((digest, manifest)) = read.next().await {
                match manifest {
                    Ok(manifest) => next.extend(indexes.take(&manifest)),
                    Err(error) if error.cause.status() == Some(404) => {}
                    Err(_) => indexes.unread.push(digest),
                }
            }
            next.retain(|digest| seen.insert(*digest));
            if next.is_empty() {
                return indexes;
            }
            if seen.len() > MOST_INDEXES {
                break;
            }
        }
        indexes.unread.append(&mut next);
        indexes
    }

    /// Notes what a manifest lists; gives those that may be indexes themselves.
    fn take(&mut self, manifest: &Manifest) -> Vec<Digest> {
        let Body::Index(index) = &manifest.body else { return Vec::new() };
        let children = index.manifests.iter().filter_map(|child| child.digest);
        let nested = index.manifests.iter().filter(|child| may_be_index(Some(&child.media_type)));
        self.lists.insert(manifest.digest, children.collect());
        nested.filter_map(|child| child.digest).collect()
    }

    /// What an index lists; nothing for anything else.
    pub fn children(&self, index: Digest) -> &[Digest] {
        self.lists.get(&index).map_or(&[], Vec::as_slice)
    }

    /// The indexes that list a digest.
    pub fn parents(&self, digest: Digest) -> impl Iterator<Item = Digest> {
        self.lists.iter().filter(move |(_, children)| children.contains(&digest)).map(|(parent, _)| *parent)
    }

    /// These digests and everything below them.
    pub fn reach(&self, roots: impl IntoIterator<Item = Digest>) -> HashSet<Digest> {
        let mut found = HashSet::new();
        let mut next: Vec<Digest> = roots.into_iter().collect();
        while let Some(digest) = next.pop() {
            if found.insert(digest) {
                next.extend(self.children(digest));
            }
        }
        found
    }

    /// Everything below an index, in the order in which it is listed.
    pub fn below(&self, index: Digest) -> Vec<Digest> {
        let mut found = vec![index];
        let mut at = 0;
        while let Some(digest) = found.get(at).copied() {
            for child in self.children(digest) {
                if !found.contains(child) {
                    found.push(*child);
                }
            }
            at += 1;
        }
        found.split_off(1)
    }
}

/// Whether a manifest has to be read to know that it lists nothing.
fn may_be_index(media_type: Option<&MediaType>) -> bool {
    media_type.is_none_or(|media_type| media_type.is_index() || !media_type.is_manifest())
}
