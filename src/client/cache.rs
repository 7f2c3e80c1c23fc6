//! Content by digest, which never changes: in memory, then on disk. And which digest a tag had when last seen.
//!
//! What is on disk is checked against its digest whenever it is read, so content that rotted is not there.

mod disk;
mod pack;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use lru::LruCache;

use crate::model::digest::Digest;
use crate::model::reference::{Repository, Tag};
use disk::Disk;

/// Most bytes kept in memory.
const MEMORY: usize = 16 * 1024 * 1024;
/// Larger content is not kept at all: no manifest or config has a good reason for it.
const LARGEST: usize = 4 * 1024 * 1024;

/// Bytes with what the server called them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The `Content-Type` they came with.
    pub media_type: Option<String>,
    /// The bytes, checked against their digest.
    pub bytes: Bytes,
}

/// The cache of a run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    memory: Mutex<Memory>,
    tags: Mutex<HashMap<Repository, TagDigests>>,
    disk: Option<Disk>,
}

#[derive(Debug)]
struct Memory {
    contents: LruCache<Digest, Content>,
    bytes: usize,
}

/// The digests that the tags of one repository had when last seen.
#[derive(Debug, Default, Clone)]
struct TagDigests {
    digests: HashMap<Tag, Digest>,
    is_changed: bool,
}

impl Cache {
    /// A cache that keeps its content in `folder`, or in memory only.
    pub fn new(folder: Option<PathBuf>) -> Cache {
        let memory = Memory { contents: LruCache::unbounded(), bytes: 0 };
        Cache(Arc::new(Inner {
            memory: Mutex::new(memory),
            tags: Mutex::default(),
            disk: folder.map(Disk::new),
        }))
    }

    /// The content of that digest.
    pub async fn get(&self, digest: &Digest) -> Option<Content> {
        if let Some(content) = self.memory().contents.get(digest) {
            return Some(content.clone());
        }
        let content = self.0.disk.as_ref()?.read(*digest).await?;
        self.memory().put(*digest, content.clone());
        Some(content)
    }

    /// Keeps content that was checked against its digest.
    pub fn put(&self, digest: Digest, content: Content) {
        if content.bytes.len() > LARGEST {
            return;
        }
        if let Some(disk) = &self.0.disk {
            disk.write(digest, content.clone());
        }
        self.memory().put(digest, content);
    }

    /// The digest that a tag had when last seen, in this run or an earlier one.
    pub async fn last_seen(&self, repository: &Repository, tag: &Tag) -> Option<Digest> {
        if let Some(known) = self.tags().get(repository) {
            return known.digests.get(tag).copied();
        }
        let read = match &self.0.disk {
            Some(disk) => disk.read_tags(repository).await,
            None => HashMap::new(),
        };
        let mut tags = self.tags();
        let known = tags.entry(repository.clone()).or_insert(TagDigests { digests: read, is_changed: false });
        known.digests.get(tag).copied()
    }

    /// A tag was seen to have this digest.
    pub fn saw(&self, repository: &Repository, tag: &Tag, digest: Digest) {
        let mut tags = self.tags();
        let known = tags.entry(repository.clone()).or_default();
        if known.digests.insert(tag.clone(), digest) != Some(digest) {
            known.is_changed = true;
        }
    }

    /// A tag is there no more.
    pub fn lost_tag(&self, repository: &Repository, tag: &Tag) {
        let mut tags = self.tags();
        if let Some(known) = tags.get_mut(repository) {
            known.is_changed |= known.digests.remove(tag).is_some();
        }
    }

    /// A manifest is there no more, nor is any of its tags.
    pub fn lost_digest(&self, repository: &Repository, digest: &Digest) {
        let mut tags = self.tags();
        if let Some(known) = tags.get_mut(repository) {
            let before = known.digests.len();
            known.digests.retain(|_, at| at != digest);
            known.is_changed |= known.digests.len() < before;
        }
    }

    /// Returns when everything kept so far is on disk.
    pub async fn flush(&self) {
        let Some(disk) = &self.0.disk else { return };
        let changed: Vec<(Repository, TagDigests)> = {
            let mut tags = self.tags();
            let changed = tags.iter_mut().filter(|(_, known)| known.is_changed);
            let take = |(repository, known): (&Repository, &mut TagDigests)| {
                known.is_changed = false;
                (repository.clone(), known.clone())
            };
            changed.map(take).collect()
        };
        for (repository, known) in changed {
            disk.write_tags(repository, known.digests);
        }
        disk.flush().await;
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tags(&self) -> MutexGuard<'_, HashMap<Repository, TagDigests>> {
        self.0.tags.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn put(&mut self, digest: Digest, content: Content) {
        self.bytes += content.bytes.len();
        if let Some(old) = self.contents.put(digest, content) {
            self.bytes -= old.bytes.len();
        }
        while self.bytes > MEMORY {
            let Some((_, oldest)) = self.contents.pop_lru() else { return };
            self.bytes -= oldest.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(bytes: Vec<u8>) -> (Digest, Content) {
        (Digest::sha256(&bytes), Content { media_type: Some("a/b".into()), bytes: bytes.into() })
    }

    #[tokio::test]
    async fn memory_has_an_end_and_the_oldest_goes_first() {
        let cache = Cache::new(None);
        let all: Vec<_> = (0..5u8).map(|n| content(vec![n; LARGEST])).collect();
        for (digest, content) in &all {
            cache.put(*digest, content.clone());
        }
        assert_eq!(cache.get(&all[0].0).await, None);
        assert!(cache.get(&all[4].0).await.is_some());
        assert!(cache.memory().bytes <= MEMORY);
    }

    #[tokio::test]
    async fn what_was_kept_is_there_in_the_next_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let (digest, content) = content(b"{}\n\nx".to_vec());
        let repository = Repository::parse("r.test/app").expect("a name");
        let tag = Tag::parse("v1").expect("a tag");
        let first = Cache::new(Some(folder.path().into()));
        assert_eq!(first.last_seen(&repository, &tag).await, None);
        first.put(digest, content.clone());
        first.saw(&repository, &tag, digest);
        first.flush().await;
        let second = Cache::new(Some(folder.path().into()));
        assert_eq!(second.get(&digest).await, Some(content));
        assert_eq!(second.last_seen(&repository, &tag).await, Some(digest));
        assert_eq!(second.last_seen(&Repository::parse("r.test/app2").expect("a name"), &tag).await, None);
    }

    #[tokio::test]
    async fn content_that_rotted_is_not_there_and_is_written_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (digest, content) = content(b"good".to_vec());
        let first = Cache::new(Some(folder.path().into()));
        first.put(digest, content.clone());
        first.flush().await;
        drop(first);
        let pack = folder.path().join("1.pack");
        let kept = std::fs::read_to_string(&pack).expect("the pack is there");
        std::fs::write(&pack, kept.replace("good", "evil")).expect("it is written");
        let second = Cache::new(Some(folder.path().into()));
        assert_eq!(second.get(&digest).await, None);
        second.put(digest, content.clone());
        second.flush().await;
        assert_eq!(Cache::new(Some(folder.path().into())).get(&digest).await, Some(content));
    }
}
