//! Content by digest, which never changes: in memory, then on disk (`store::cache`). For each repository it also keeps the digest that
//! each tag had when last seen, and the manifests that the repository has, with their media types.
//!
//! Bytes are the same everywhere, so all registries share them. Statements of a registry about bytes apply to itself
//! only: a manifest that one repository has may be missing in the next, or have another media type there.
//!
//! Content on disk is checked against its digest whenever it is read, so damaged content counts as missing.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use lru::LruCache;

use crate::model::digest::Digest;
use crate::model::reference::{Repository, Tag};
use crate::store::cache::{CacheStore, FactChanges, LARGEST, LARGEST_LIST, LARGEST_VALUE, RepositoryFacts};

/// Most bytes kept in memory: of content, and of lists of files if there is no disk.
const MEMORY: usize = 16 * 1024 * 1024;
/// Longest media type that is kept.
const LONGEST_TYPE: usize = 256;

/// The cache of a run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cache(Arc<CacheInner>);

#[derive(Debug)]
struct CacheInner {
    memory: Mutex<Memory>,
    seen: Mutex<HashMap<Repository, Seen>>,
    disk: Option<CacheStore>,
    /// Lists of the files of layers, if there is no disk.
    lists: Mutex<Memory>,
}

#[derive(Debug)]
struct Memory {
    contents: LruCache<Digest, Bytes>,
    bytes: usize,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { contents: LruCache::unbounded(), bytes: 0 }
    }
}

/// The facts about one repository, from when it was last asked, and those that have to be written to disk.
#[derive(Debug, Default)]
struct Seen {
    facts: RepositoryFacts,
    changed_tags: HashSet<Tag>,
    changed_manifests: HashSet<Digest>,
    /// Manifests that are gone. Their tags on disk may be others than those of this run.
    gone: HashSet<Digest>,
    /// Whether the facts on disk are among these. Facts that are seen before that are merged with them.
    is_loaded: bool,
}

impl Cache {
    /// Creates a cache that keeps its content in `folder`, or in memory only.
    pub fn new(folder: Option<PathBuf>) -> Cache {
        Cache(Arc::new(CacheInner {
            memory: Mutex::default(),
            seen: Mutex::default(),
            disk: folder.map(CacheStore::new),
            lists: Mutex::default(),
        }))
    }

    /// Returns the content of that digest.
    pub async fn get(&self, digest: &Digest) -> Option<Bytes> {
        if let Some(content) = self.memory().contents.get(digest) {
            return Some(content.clone());
        }
        let content = self.0.disk.as_ref()?.read(*digest).await?;
        self.memory().put(*digest, content.clone());
        Some(content)
    }

    /// Keeps content that was checked against its digest.
    pub fn put(&self, digest: Digest, content: Bytes) {
        if content.len() > LARGEST {
            return;
        }
        if let Some(disk) = &self.0.disk {
            disk.write(digest, content.clone());
        }
        self.memory().put(digest, content);
    }

    /// Returns the kept list of the files of a layer. It is kept in memory only if there is no disk.
    pub(crate) async fn file_list(&self, layer: &Digest) -> Option<Bytes> {
        match &self.0.disk {
            Some(disk) => disk.read_file_list(*layer).await,
            None => self.lists().contents.get(layer).cloned(),
        }
    }

    /// Keeps the list of the files of a layer, or a piece of it. Waits until there is room for it.
    pub(crate) async fn keep_file_list(&self, layer: Digest, list: Bytes) {
        if list.len() > LARGEST_VALUE {
            return;
        }
        match &self.0.disk {
            Some(disk) => disk.write_file_list(layer, list).await,
            None => self.lists().put(layer, list),
        }
    }

    /// Returns the most bytes of a list of files that is kept in pieces.
    pub(crate) fn most_list_bytes(&self) -> usize {
        if self.0.disk.is_some() { LARGEST_LIST } else { MEMORY / 2 }
    }

    /// Returns the digest that a tag had when last seen, in this run or an earlier one.
    pub async fn last_seen(&self, repository: &Repository, tag: &Tag) -> Option<Digest> {
        self.load(repository).await;
        self.seen().get(repository)?.facts.tags.get(tag).copied()
    }

    /// Returns the media type under which this repository gave or took a manifest, in this run or an earlier one; empty
    /// if it named none. Returns `None` if it has neither given nor taken that manifest.
    pub(crate) async fn media_type(&self, repository: &Repository, digest: &Digest) -> Option<String> {
        self.load(repository).await;
        self.seen().get(repository)?.facts.media_types.get(digest).cloned()
    }

    /// Reads the stored facts of a repository, unless they were read before. Facts of this run are newer and stay.
    async fn load(&self, repository: &Repository) {
        if self.seen().get(repository).is_some_and(|known| known.is_loaded) {
            return;
        }
        let read = match &self.0.disk {
            Some(disk) => disk.read_facts(repository).await,
            None => RepositoryFacts::default(),
        };
        let mut seen = self.seen();
        let known = seen.entry(repository.clone()).or_default();
        if std::mem::replace(&mut known.is_loaded, true) {
            return;
        }
        for (tag, digest) in read.tags {
            if !known.changed_tags.contains(&tag) && !known.gone.contains(&digest) {
                known.facts.tags.entry(tag).or_insert(digest);
            }
        }
        for (digest, media_type) in read.media_types {
            if !known.changed_manifests.contains(&digest) && !known.gone.contains(&digest) {
                known.facts.media_types.entry(digest).or_insert(media_type);
            }
        }
    }

    /// Records that a tag has this digest.
    pub fn record_tag(&self, repository: &Repository, tag: &Tag, digest: Digest) {
        let mut seen = self.seen();
        let known = seen.entry(repository.clone()).or_default();
        if known.facts.tags.insert(tag.clone(), digest) != Some(digest) {
            known.changed_tags.insert(tag.clone());
        }
    }

    /// Records that a repository gave or took a manifest under this media type.
    pub(crate) fn record_manifest(&self, repository: &Repository, digest: Digest, media_type: Option<&str>) {
        let is_plain = |text: &&str| text.len() <= LONGEST_TYPE && !text.contains(['\n', '\r']);
        let media_type = media_type.filter(is_plain).unwrap_or_default();
        let mut seen = self.seen();
        let known = seen.entry(repository.clone()).or_default();
        if known.facts.media_types.get(&digest).is_none_or(|known| known != media_type) {
            known.facts.media_types.insert(digest, media_type.to_string());
            known.changed_manifests.insert(digest);
        }
    }

    /// Records that a tag does not exist any more.
    pub(crate) fn forget_tag(&self, repository: &Repository, tag: &Tag) {
        let mut seen = self.seen();
        let known = seen.entry(repository.clone()).or_default();
        known.facts.tags.remove(tag);
        known.changed_tags.insert(tag.clone());
    }

    /// Records that a manifest and all its tags do not exist any more.
    pub(crate) fn forget_manifest(&self, repository: &Repository, digest: &Digest) {
        let mut seen = self.seen();
        let known = seen.entry(repository.clone()).or_default();
        known.facts.tags.retain(|_, at| at != digest);
        known.facts.media_types.remove(digest);
        known.gone.insert(*digest);
    }

    /// Waits until everything kept so far is on disk.
    pub async fn flush(&self) {
        let Some(disk) = &self.0.disk else { return };
        let changes: Vec<FactChanges> =
            self.seen().iter_mut().filter_map(|(repository, known)| known.take_changes(repository)).collect();
        for changes in changes {
            disk.write_facts(changes);
        }
        disk.flush().await;
    }

    fn lists(&self) -> MutexGuard<'_, Memory> {
        self.0.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<Repository, Seen>> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Returns the facts that changed since the last call, or `None` if there are none.
    fn take_changes(&mut self, repository: &Repository) -> Option<FactChanges> {
        let gone: Vec<Digest> = self.gone.drain().collect();
        let tag = |tag: Tag| {
            let digest = self.facts.tags.get(&tag).copied();
            (tag, digest)
        };
        let tags: Vec<_> = self.changed_tags.drain().map(tag).collect();
        let media_type = |digest: Digest| Some((digest, self.facts.media_types.get(&digest)?.clone()));
        let media_types: Vec<_> = self.changed_manifests.drain().filter_map(media_type).collect();
        let is_any = !(gone.is_empty() && tags.is_empty() && media_types.is_empty());
        is_any.then(|| FactChanges { repository: repository.clone(), gone, tags, media_types })
    }
}

impl Memory {
    fn put(&mut self, digest: Digest, content: Bytes) {
        self.bytes += content.len();
        if let Some(old) = self.contents.put(digest, content) {
            self.bytes -= old.len();
        }
        while self.bytes > MEMORY {
            let Some((_, oldest)) = self.contents.pop_lru() else { return };
            self.bytes -= oldest.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(bytes: Vec<u8>) -> (Digest, Bytes) {
        (Digest::sha256(&bytes), bytes.into())
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
    async fn lists_of_files_in_memory_have_an_end_too() {
        let cache = Cache::new(None);
        let all: Vec<_> = (0..9u8).map(|n| content(vec![n; MEMORY / 8])).collect();
        for (digest, list) in &all {
            cache.keep_file_list(*digest, list.clone()).await;
        }
        assert_eq!(cache.file_list(&all[0].0).await, None);
        assert!(cache.file_list(&all[8].0).await.is_some());
        assert!(cache.lists().bytes <= MEMORY && cache.most_list_bytes() <= MEMORY);
    }

    #[tokio::test]
    async fn pieces_of_a_list_wait_for_room_in_the_queue_and_none_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let all: Vec<_> = (0..24u8).map(|n| content(vec![n; 1 << 20])).collect();
        let first = Cache::new(Some(folder.path().into()));
        for (digest, piece) in &all {
            first.keep_file_list(*digest, piece.clone()).await;
        }
        first.flush().await;
        let second = Cache::new(Some(folder.path().into()));
        for (digest, piece) in &all {
            assert!(second.file_list(digest).await.as_ref() == Some(piece), "{digest}");
        }
    }

    #[tokio::test]
    async fn cached_content_is_there_in_the_next_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let (digest, content) = content(b"{}\n\nx".to_vec());
        let repository = Repository::parse("r.test/app").expect("a name");
        let tag = Tag::parse("v1").expect("a tag");
        let first = Cache::new(Some(folder.path().into()));
        assert_eq!(first.last_seen(&repository, &tag).await, None);
        first.put(digest, content.clone());
        first.record_tag(&repository, &tag, digest);
        first.flush().await;
        let second = Cache::new(Some(folder.path().into()));
        assert_eq!(second.get(&digest).await, Some(content));
        assert_eq!(second.last_seen(&repository, &tag).await, Some(digest));
        assert_eq!(second.last_seen(&Repository::parse("r.test/app2").expect("a name"), &tag).await, None);
    }

    /// A run that sees one tag and asks for none must not forget the others.
    #[tokio::test]
    async fn facts_of_earlier_runs_stay_if_a_run_only_adds_some() {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository::parse("r.test/app").expect("a name");
        let tag = |text: &str| Tag::parse(text).expect("a tag");
        let digest = |text: &str| Digest::sha256(text.as_bytes());
        let first = Cache::new(Some(folder.path().into()));
        first.record_tag(&repository, &tag("1"), digest("1"));
        first.record_tag(&repository, &tag("2"), digest("2"));
        first.flush().await;
        let second = Cache::new(Some(folder.path().into()));
        second.record_tag(&repository, &tag("2"), digest("new"));
        second.flush().await;
        let third = Cache::new(Some(folder.path().into()));
        assert_eq!(third.last_seen(&repository, &tag("1")).await, Some(digest("1")));
        assert_eq!(third.last_seen(&repository, &tag("2")).await, Some(digest("new")), "the newer one");
    }

    #[tokio::test]
    async fn a_media_type_is_kept_for_the_repository_that_said_it_and_for_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let (digest, content) = content(b"{}".to_vec());
        let [one, other, third] = ["one.test/app", "other.test/app", "one.test/app2"]
            .map(|name| Repository::parse(name).expect("a name"));
        let first = Cache::new(Some(folder.path().into()));
        first.put(digest, content);
        first.record_manifest(&one, digest, Some("a/b; c=d"));
        first.record_manifest(&other, digest, None);
        first.flush().await;
        let second = Cache::new(Some(folder.path().into()));
        for cache in [first, second] {
            assert_eq!(cache.media_type(&one, &digest).await.as_deref(), Some("a/b; c=d"));
            assert_eq!(cache.media_type(&other, &digest).await.as_deref(), Some(""));
            assert_eq!(cache.media_type(&third, &digest).await, None);
        }
    }

    #[tokio::test]
    async fn a_media_type_with_a_line_break_reaches_no_file() {
        let cache = Cache::new(None);
        let repository = Repository::parse("r.test/app").expect("a name");
        let digest = Digest::sha256(b"x");
        cache.record_manifest(&repository, digest, Some("a/b\nv1 sha256:00"));
        assert_eq!(cache.media_type(&repository, &digest).await.as_deref(), Some(""));
    }

    #[tokio::test]
    async fn facts_that_are_no_longer_true_are_forgotten_even_if_only_an_earlier_run_knew_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository::parse("r.test/app").expect("a name");
        let tag = |text: &str| Tag::parse(text).expect("a tag");
        let digest = |text: &str| Digest::sha256(text.as_bytes());
        let first = Cache::new(Some(folder.path().into()));
        for name in ["1", "2", "3"] {
            first.record_tag(&repository, &tag(name), digest(name));
            first.record_manifest(&repository, digest(name), Some("a/b"));
        }
        first.flush().await;
        let second = Cache::new(Some(folder.path().into()));
        second.forget_tag(&repository, &tag("1"));
        second.forget_manifest(&repository, &digest("2"));
        second.flush().await;
        for cache in [second, Cache::new(Some(folder.path().into()))] {
            for (name, tagged, there) in
                [("1", None, true), ("2", None, false), ("3", Some(digest("3")), true)]
            {
                assert_eq!(cache.last_seen(&repository, &tag(name)).await, tagged, "{name}");
                assert_eq!(cache.media_type(&repository, &digest(name)).await.is_some(), there, "{name}");
            }
        }
    }
}
