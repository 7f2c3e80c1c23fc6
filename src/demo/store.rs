//! The contents of the registry. Tests fill them before a run, change them during it, and read them after it.
//!
//! Every lock is held only for a look-up or a change, never across an await. Bytes are shared, never copied.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;

use super::blob::Blob;
use super::manifest::DemoManifest;
use super::name::DemoReference;
use super::page::DemoPage;
use super::upload::DemoUpload;
use crate::model::digest::Digest;

/// A handle on the contents. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Store {
    repositories: Arc<RwLock<BTreeMap<Arc<str>, Arc<StoredRepository>>>>,
    uploads: Arc<Mutex<HashMap<String, DemoUpload>>>,
}

/// One repository. Blobs belong to the repository that they were pushed to or mounted in.
#[derive(Debug, Clone, Default)]
pub struct StoredRepository {
    /// The manifests by digest, tagged or not.
    pub manifests: BTreeMap<Digest, DemoManifest>,
    /// The tags with their digests, in lexical order.
    pub tags: BTreeMap<String, Digest>,
    /// The configs and layers.
    pub blobs: BTreeMap<Digest, Blob>,
    /// Manifests that were deleted by digest and are still served by their tags.
    pub(crate) only_by_tag: BTreeSet<Digest>,
}

impl StoredRepository {
    /// Returns the digest for `reference`, if its manifest exists here.
    pub(crate) fn resolve(&self, reference: &DemoReference) -> Option<Digest> {
        let digest = match reference {
            DemoReference::Tag(tag) => *self.tags.get(tag)?,
            DemoReference::Digest(digest) if self.only_by_tag.contains(digest) => return None,
            DemoReference::Digest(digest) => *digest,
        };
        self.manifests.contains_key(&digest).then_some(digest)
    }

    /// Removes manifests that were deleted by digest and have lost their last tag.
    pub(super) fn forget_untagged(&mut self) {
        let tagged: BTreeSet<Digest> = self.tags.values().copied().collect();
        for digest in self.only_by_tag.iter().filter(|digest| !tagged.contains(digest)) {
            self.manifests.remove(digest);
        }
        self.only_by_tag.retain(|digest| tagged.contains(digest));
    }
}

impl Store {
    /// Creates an empty registry.
    pub fn new() -> Store {
        Store::default()
    }

    /// Creates the repository `name` if it does not exist. The grammar is not checked, so that a test can list names
    /// that no client should accept.
    pub fn create(&self, name: &str) {
        self.change(name, |_| ());
    }

    /// Creates `count` repositories at once: `name(0)`, `name(1)` and so on, all with the contents that `like` has now.
    /// They share these contents until one of them changes, so 100,000 of them cost little more than their names.
    pub fn create_many(&self, count: usize, name: impl Fn(usize) -> String, like: &str) {
        let mut repositories = self.write();
        let contents = repositories.get(like).cloned().unwrap_or_default();
        repositories.extend((0..count).map(|i| (Arc::from(name(i)), contents.clone())));
    }

    /// Removes the repository `name` with its contents.
    pub fn remove(&self, name: &str) {
        self.write().remove(name);
    }

    /// Stores a blob and returns its digest.
    pub fn put_blob(&self, repository: &str, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256(&bytes);
        self.put_blob_as(repository, digest, Blob::Whole(bytes));
        digest
    }

    /// Stores a blob under `digest` without a check: a large one whose digest is known, or in a test a corrupt one.
    pub(crate) fn put_blob_as(&self, repository: &str, digest: Digest, blob: Blob) {
        self.change(repository, |repository| repository.blobs.insert(digest, blob));
    }

    /// Stores a manifest and returns its digest. Does not check whether the content that it names exists.
    pub fn put_manifest(&self, repository: &str, media_type: &str, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256(&bytes);
        self.put_manifest_as(repository, digest, DemoManifest::new(media_type, bytes));
        digest
    }

    /// Stores a manifest under `digest` without a check: schema 1, or in a test a corrupt one.
    pub fn put_manifest_as(&self, repository: &str, digest: Digest, manifest: DemoManifest) {
        self.change(repository, |repository| repository.manifests.insert(digest, manifest));
    }

    /// Puts `tag` on `digest`.
    pub fn tag(&self, repository: &str, tag: &str, digest: Digest) {
        self.change(repository, |repository| repository.tags.insert(tag.to_owned(), digest));
    }

    /// Removes `tag`; the manifest stays.
    pub fn untag(&self, repository: &str, tag: &str) {
        self.change(repository, |repository| repository.tags.remove(tag));
    }

    /// Returns the names of all repositories, sorted.
    pub fn repositories(&self) -> Vec<String> {
        self.read().keys().map(|name| name.to_string()).collect()
    }

    /// Returns the tags of a repository, sorted. Returns none if the repository does not exist.
    pub fn tags(&self, repository: &str) -> Vec<String> {
        self.repository(repository)
            .map(|repository| repository.tags.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// Returns the digest that `tag` has now.
    pub fn digest_of(&self, repository: &str, tag: &str) -> Option<Digest> {
        self.repository(repository)?.tags.get(tag).copied()
    }

    /// Returns a repository as it is now. Later changes do not show in it.
    pub fn repository(&self, name: &str) -> Option<Arc<StoredRepository>> {
        self.read().get(name).cloned()
    }

    /// Changes the repository `name`, and creates it if it does not exist.
    pub fn change<T>(&self, name: &str, change: impl FnOnce(&mut StoredRepository) -> T) -> T {
        let mut repositories = self.write();
        change(Arc::make_mut(repositories.entry(Arc::from(name)).or_default()))
    }

    /// Changes the repository `name` unless `change` fails. A new repository is created only if `change` succeeds.
    pub(super) fn change_if<E>(
        &self,
        name: &str,
        change: impl FnOnce(&mut StoredRepository) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut repositories = self.write();
        match repositories.get_mut(name) {
            Some(repository) => change(Arc::make_mut(repository)),
            None => {
                let mut repository = StoredRepository::default();
                change(&mut repository)?;
                repositories.insert(Arc::from(name), Arc::new(repository));
                Ok(())
            }
        }
    }

    /// Removes a manifest from the referrers of its subject.
    pub(super) fn unlist(&self, name: &str, reference: &DemoReference) {
        self.change(name, |repository| {
            let digest = repository.resolve(reference);
            if let Some(manifest) = digest.and_then(|digest| repository.manifests.get_mut(&digest)) {
                manifest.subject = None;
            }
        });
    }

    /// Returns one page of the catalog, and whether more entries follow.
    pub(super) fn page_of_repositories(&self, page: &DemoPage<'_>) -> (Vec<String>, bool) {
        let repositories = self.read();
        let after = (page.last.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        page.take(repositories.range::<str, _>(after).map(|(name, _)| name.to_string()))
    }

    /// Returns one page of tags, and whether more follow. Returns `None` if the repository does not exist.
    pub(super) fn page_of_tags(&self, name: &str, page: &DemoPage<'_>) -> Option<(Vec<String>, bool)> {
        let repository = self.repository(name)?;
        let after = (page.last.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        Some(page.take(repository.tags.range::<str, _>(after).map(|(tag, _)| tag.clone())))
    }

    /// Returns the uploads that are not finished.
    pub(super) fn uploads(&self) -> MutexGuard<'_, HashMap<String, DemoUpload>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of bytes that have arrived of open uploads.
    pub fn uploaded_bytes(&self) -> u64 {
        self.uploads().values().map(DemoUpload::offset).sum()
    }

    /// Returns the number of open uploads. There should be none after a change has ended.
    pub fn open_uploads(&self) -> usize {
        self.uploads().len()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Arc<str>, Arc<StoredRepository>>> {
        self.repositories.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<Arc<str>, Arc<StoredRepository>>> {
        self.repositories.write().unwrap_or_else(PoisonError::into_inner)
    }
}
