//! The indexes of a repository and the manifests that they list.

use std::collections::{HashMap, HashSet};

use futures_util::{FutureExt, StreamExt, stream};

use crate::client::{Priority, Registry};
use crate::model::digest::Digest;
use crate::model::manifest::{Body, DEEPEST, Manifest};
use crate::model::media_type::MediaType;
use crate::model::reference::{RepositoryName, Selector};
use crate::ops::tag_list::AT_ONCE;

/// The highest number of indexes that are read for one plan.
const MOST_INDEXES: usize = 20_000;

/// The lists of indexes.
#[derive(Debug, Default)]
pub(crate) struct Indexes {
    /// Every index that was found, with the manifests that it lists.
    lists: HashMap<Digest, Vec<Digest>>,
    /// Manifests that may be indexes and could not be read.
    pub(crate) unread: Vec<Digest>,
}

impl Indexes {
    /// Reads every index among these digests and below them. Manifests that are known to be no indexes are not read.
    pub(crate) async fn read(
        registry: &dyn Registry,
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
                    (digest, registry.manifest(name, &selector, Priority::Background).await)
                }
                .boxed()
            };
            let level = std::mem::take(&mut next);
            let mut read = stream::iter(level.into_iter().map(read)).buffer_unordered(AT_ONCE);
            while let Some((digest, manifest)) = read.next().await {
                match manifest {
                    Ok(manifest) => next.extend(indexes.add(&manifest)),
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

    /// Notes the list of a manifest. Returns the listed manifests that may be indexes themselves.
    fn add(&mut self, manifest: &Manifest) -> Vec<Digest> {
        let Body::Index(index) = &manifest.body else { return Vec::new() };
        if !index.manifests.is_whole() {
            // The entries beyond those kept are not known, so its list must not be relied on.
            self.unread.push(manifest.digest);
        }
        let children = index.manifests.iter().filter_map(|child| child.digest);
        let nested = index.manifests.iter().filter(|child| may_be_index(Some(&child.media_type)));
        self.lists.insert(manifest.digest, children.collect());
        nested.filter_map(|child| child.digest).collect()
    }

    /// Returns the manifests that an index lists, or nothing for any other manifest.
    pub(crate) fn children(&self, index: Digest) -> &[Digest] {
        self.lists.get(&index).map_or(&[], Vec::as_slice)
    }

    /// Returns the indexes that list a digest.
    pub(crate) fn parents(&self, digest: Digest) -> impl Iterator<Item = Digest> {
        self.lists.iter().filter(move |(_, children)| children.contains(&digest)).map(|(parent, _)| *parent)
    }

    /// Returns these digests and everything below them.
    pub(crate) fn reachable_from(&self, roots: impl IntoIterator<Item = Digest>) -> HashSet<Digest> {
        let mut found = HashSet::new();
        let mut next: Vec<Digest> = roots.into_iter().collect();
        while let Some(digest) = next.pop() {
            if found.insert(digest) {
                next.extend(self.children(digest));
            }
        }
        found
    }

    /// Returns everything below an index, in the order in which it is listed.
    pub(crate) fn descendants(&self, index: Digest) -> Vec<Digest> {
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

/// Returns whether a manifest has to be read to find out that it lists nothing.
fn may_be_index(media_type: Option<&MediaType>) -> bool {
    media_type.is_none_or(|media_type| media_type.is_index() || !media_type.is_manifest())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::digest;

    impl Indexes {
        /// Creates indexes, each with the contents of the manifests that it lists.
        pub(crate) fn listing(lists: &[(&str, &[&str])]) -> Indexes {
            let list = |(index, children): &(&str, &[&str])| {
                (digest(index), children.iter().map(|child| digest(child)).collect())
            };
            Indexes { lists: lists.iter().map(list).collect(), unread: Vec::new() }
        }
    }

    fn digests(contents: &[&str]) -> Vec<Digest> {
        contents.iter().map(|content| digest(content)).collect()
    }

    #[test]
    fn everything_below_an_index_is_found_once_even_if_indexes_lead_in_circles() {
        let nested = Indexes::listing(&[("top", &["inner", "a"]), ("inner", &["a", "b"])]);
        let circle = Indexes::listing(&[("top", &["inner"]), ("inner", &["top", "a"])]);
        let table = [
            ("an index in an index", &nested, "top", digests(&["inner", "a", "b"])),
            ("the inner one", &nested, "inner", digests(&["a", "b"])),
            ("an image", &nested, "a", digests(&[])),
            ("a circle", &circle, "top", digests(&["inner", "a"])),
        ];
        for (case, indexes, index, below) in table {
            assert_eq!(indexes.descendants(digest(index)), below, "{case}");
            let reached = indexes.reachable_from([digest(index)]);
            let expected: HashSet<Digest> = below.into_iter().chain([digest(index)]).collect();
            assert_eq!(reached, expected, "{case}");
        }
        let parents: HashSet<Digest> = nested.parents(digest("a")).collect();
        assert_eq!(parents, digests(&["top", "inner"]).into_iter().collect());
    }
}
