//! `cache.db`: manifests and configs by digest, and for each repository the digests of its tags and the media types of
//! its manifests. Everything in it can be fetched again, so a damaged database is deleted, and one that cannot be used
//! is left alone.
//!
//! The list of the files of a layer is kept too, since reading it means to read the layer. It has a checksum of its own. A
//! long one comes in pieces, each a value like a list: `layer::kept`.
//!
//! The bytes are the same everywhere, so all registries share them; they are checked against their digest whenever they
//! are read. Statements of a registry about bytes apply to one of its repositories only.
//!
//! One thread writes, so that no other one waits for the disk. It puts everything that waits into one transaction.

mod reader;
mod writer;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::sync::oneshot;

use self::reader::{CacheReader, content, facts, file_list};
use self::writer::start;
use crate::model::digest::Digest;
use crate::model::reference::{Repository, Tag};

/// Larger content is not kept at all: no manifest or config has a good reason for it.
pub(crate) const LARGEST: usize = 4 * 1024 * 1024;
/// The largest value that is kept beside: a list of files, or a piece of one.
pub(crate) const LARGEST_VALUE: usize = 8 * 1024 * 1024;
/// The largest list of files that is kept in pieces: one of two million files.
pub(crate) const LARGEST_LIST: usize = 96 * 1024 * 1024;
/// Writes that may wait. Beyond that, content is not kept.
const QUEUE: usize = 4096;
/// Most bytes of all that wait to be written.
const MOST_WAITING: usize = 8 * 1024 * 1024;
/// Bytes that wait before lists of files wait for them, and before the writer gathers no more.
const MUCH_WAITING: usize = MOST_WAITING / 8;
/// The facts about one repository, from when it was last asked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct RepositoryFacts {
    /// The digests of its tags.
    pub(crate) tags: HashMap<Tag, Digest>,
    /// The manifests that it has, each with the `Content-Type` it came with; empty if it came without one.
    pub(crate) media_types: HashMap<Digest, String>,
}

/// Facts about one repository that are not on the disk yet.
#[derive(Debug)]
pub(crate) struct FactChanges {
    /// The repository.
    pub(crate) repository: Repository,
    /// Manifests that do not exist any more, and neither do their tags.
    pub(crate) gone: Vec<Digest>,
    /// Tags with their digests; `None` for those that do not exist any more.
    pub(crate) tags: Vec<(Tag, Option<Digest>)>,
    /// Manifests with their media types.
    pub(crate) media_types: Vec<(Digest, String)>,
}

/// The database and its writer, which starts with the first write.
#[derive(Debug)]
pub(crate) struct CacheStore {
    reader: Arc<CacheReader>,
    writer: OnceLock<Option<SyncSender<CacheTask>>>,
    /// Bytes that wait to be written.
    waiting: Arc<AtomicUsize>,
}

#[derive(Debug)]
enum CacheTask {
    Content(Digest, Bytes),
    /// The files of the layer of that digest.
    FileList(Digest, Bytes),
    Facts(FactChanges),
    /// The content of that digest is damaged.
    Remove(Digest),
    /// The list of the files of that layer is damaged.
    RemoveFileList(Digest),
    /// The database is damaged.
    Discard,
    Flush(oneshot::Sender<()>),
}

impl CacheStore {
    /// Creates the handle. The folder is not touched yet.
    pub(crate) fn new(folder: PathBuf) -> CacheStore {
        CacheStore {
            reader: Arc::new(CacheReader::new(folder)),
            writer: OnceLock::new(),
            waiting: Arc::default(),
        }
    }

    /// Returns the content of a digest, if it exists and matches the digest.
    pub(crate) async fn read(&self, digest: Digest) -> Option<Bytes> {
        let reader = self.reader.clone();
        let read = move || {
            let Some(content) = reader.read(|connection| content(connection, &digest))? else {
                return Ok(None);
            };
            // Outside of the lock, because it takes longer than the read.
            if digest.same_algorithm_of(&content) == digest {
                Ok(Some(Bytes::from(content)))
            } else {
                Err(CacheTask::Remove(digest))
            }
        };
        self.finish(tokio::task::spawn_blocking(read).await.ok()?)?
    }

    /// Queues a write. A full queue drops it: the content can be fetched again.
    pub(crate) fn write(&self, digest: Digest, content: Bytes) {
        self.write_bytes(content.len(), CacheTask::Content(digest, content));
    }

    /// Returns the list of the files of a layer, if it is kept and undamaged.
    pub(crate) async fn read_file_list(&self, layer: Digest) -> Option<Bytes> {
        let reader = self.reader.clone();
        let read = move || {
            let Some((checksum, list)) = reader.read(|connection| file_list(connection, &layer))? else {
                return Ok(None);
            };
            if Digest::sha256(&list).to_string() == checksum {
                Ok(Some(Bytes::from(list)))
            } else {
                Err(CacheTask::RemoveFileList(layer))
            }
        };
        self.finish(tokio::task::spawn_blocking(read).await.ok()?)?
    }

    /// Queues a write of the list of the files of a layer, or of a piece of it. If much waits already, it waits until all of
    /// that was written, so that no piece of a long list is dropped and few are in memory.
    pub(crate) async fn write_file_list(&self, layer: Digest, list: Bytes) {
        if self.waiting.load(Ordering::Relaxed) + list.len() > MUCH_WAITING {
            self.flush().await;
        }
        self.write_bytes(list.len(), CacheTask::FileList(layer, list));
    }

    fn write_bytes(&self, length: usize, task: CacheTask) {
        if self.waiting.fetch_add(length, Ordering::Relaxed) + length > MOST_WAITING || !self.send(task) {
            self.waiting.fetch_sub(length, Ordering::Relaxed);
        }
    }

    /// Returns the facts about a repository from when it was last asked.
    pub(crate) async fn read_facts(&self, repository: &Repository) -> RepositoryFacts {
        let (reader, name) = (self.reader.clone(), repository.to_string());
        let read = move || reader.read(|connection| facts(connection, &name));
        let read = tokio::task::spawn_blocking(read).await.ok();
        read.and_then(|read| self.finish(read)).unwrap_or_default()
    }

    /// Queues a write of facts.
    pub(crate) fn write_facts(&self, changes: FactChanges) {
        self.send(CacheTask::Facts(changes));
    }

    /// Waits until everything queued so far is written.
    pub(crate) async fn flush(&self) {
        let Some(Some(writer)) = self.writer.get().cloned() else { return };
        let (done, wait) = oneshot::channel();
        let queued = tokio::task::spawn_blocking(move || writer.send(CacheTask::Flush(done)).is_ok()).await;
        if queued.is_ok_and(|queued| queued) {
            wait.await.ok();
        }
    }

    /// Returns the value, or queues the task that the reader found necessary.
    fn finish<T>(&self, read: Result<T, CacheTask>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(task) => {
                self.send(task);
                None
            }
        }
    }

    /// Queues a task. Returns whether there was room.
    fn send(&self, task: CacheTask) -> bool {
        let writer = self.writer.get_or_init(|| start(self.reader.clone(), self.waiting.clone()));
        writer.as_ref().is_some_and(|writer| writer.try_send(task).is_ok())
    }
}
