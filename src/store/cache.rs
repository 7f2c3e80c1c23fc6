//! The cache's folder: content in packs, and in `tags/<hash>` the facts about a repository: a line for each tag with
//! its digest, and one for each manifest with its media type. One thread writes, so that no other one waits for the
//! disk.

mod pack;

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::client::cache::StoredManifestInfo;
use crate::files;
use crate::model::digest::Digest;
use crate::model::reference::{Repository, Tag};
use pack::{Index, Pack};

/// Most bytes kept on disk.
const MOST: u64 = 64 * 1024 * 1024;
/// Writes that may wait. Beyond that, content is not kept.
const QUEUE: usize = 4096;
/// Most bytes of all that wait to be written.
const MOST_WAITING: usize = 8 * 1024 * 1024;
/// Most bytes of a file of tags.
const LARGEST_TAGS: u64 = 32 * 1024 * 1024;

/// The folder and its writer, which starts with the first write.
#[derive(Debug)]
pub struct Disk {
    folder: Arc<Folder>,
    writer: OnceLock<Option<SyncSender<DiskTask>>>,
    /// Bytes that wait to be written.
    waiting: Arc<AtomicUsize>,
}

/// The folder of the packs and the index of their content, which is read when it is first needed.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    index: OnceLock<Mutex<Index>>,
}

enum DiskTask {
    Content(Digest, Bytes),
    Facts(Repository, StoredManifestInfo),
    Flush(oneshot::Sender<()>),
}

impl Disk {
    /// Creates the handle. The folder is not touched yet.
    pub fn new(path: PathBuf) -> Disk {
        Disk {
            folder: Arc::new(Folder { path, index: OnceLock::new() }),
            writer: OnceLock::new(),
            waiting: Arc::default(),
        }
    }

    /// Returns the content of a digest, if it exists and matches the digest.
    pub async fn read(&self, digest: Digest) -> Option<Bytes> {
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || folder.read(&digest)).await.ok()?
    }

    /// Queues a write. A full queue drops it: the content can be fetched again.
    pub fn write(&self, digest: Digest, content: Bytes) {
        let length = content.len();
        if self.waiting.fetch_add(length, Ordering::Relaxed) + length > MOST_WAITING {
            self.waiting.fetch_sub(length, Ordering::Relaxed);
            return;
        }
        if !self.send(DiskTask::Content(digest, content)) {
            self.waiting.fetch_sub(length, Ordering::Relaxed);
        }
    }

    /// Returns the facts about a repository from when it was last asked.
    pub async fn read_facts(&self, repository: &Repository) -> StoredManifestInfo {
        let path = facts_path(&self.folder.path, repository);
        tokio::task::spawn_blocking(move || read_facts(&path)).await.unwrap_or_default()
    }

    /// Queues a write of the facts about a repository.
    pub fn write_facts(&self, repository: Repository, said: StoredManifestInfo) {
        self.send(DiskTask::Facts(repository, said));
    }

    /// Waits until everything queued so far is written.
    pub async fn flush(&self) {
        let Some(Some(writer)) = self.writer.get().cloned() else { return };
        let (done, wait) = oneshot::channel();
        let queued = tokio::task::spawn_blocking(move || writer.send(DiskTask::Flush(done)).is_ok()).await;
        if queued.is_ok_and(|queued| queued) {
            wait.await.ok();
        }
    }

    /// Queues a job. Returns whether there was room.
    fn send(&self, job: DiskTask) -> bool {
        let writer = self.writer.get_or_init(|| start(self.folder.clone(), self.waiting.clone()));
        writer.as_ref().is_some_and(|writer| writer.try_send(job).is_ok())
    }
}

impl Folder {
    fn index(&self) -> MutexGuard<'_, Index> {
        // Files that others may have put there are not content.
        let found = || files::check_folder(&self.path).map(|()| pack::index(&self.path)).unwrap_or_default();
        let index = self.index.get_or_init(|| Mutex::new(found()));
        index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, digest: &Digest) -> Option<Bytes> {
        let place = *self.index().get(digest)?;
        let content = pack::read(&self.path, place, digest);
        if content.is_none() {
            // The content is damaged, or another process removed it. Without an index entry it is written again.
            self.index().remove(digest);
        }
        content
    }
}

fn facts_path(folder: &Path, repository: &Repository) -> PathBuf {
    folder.join("tags").join(Digest::sha256(repository.to_string().as_bytes()).hex())
}

fn read_facts(path: &Path) -> StoredManifestInfo {
    let mut text = String::new();
    let folder = path.parent().map_or(Ok(()), files::check_folder);
    let file = folder.and_then(|()| files::read(path));
    let read = file.and_then(|file| file.take(LARGEST_TAGS).read_to_string(&mut text));
    let mut said = StoredManifestInfo::default();
    if read.is_err() {
        return said;
    }
    for (name, value) in text.lines().filter_map(|line| line.split_once(' ')) {
        // No tag has a colon, and every digest has one.
        if let Ok(digest) = name.parse() {
            said.types.insert(digest, value.to_string());
        } else if let (Ok(tag), Ok(digest)) = (Tag::parse(name), value.parse()) {
            said.tags.insert(tag, digest);
        }
    }
    said
}

/// Starts the writer. Returns `None` if no thread can be started.
fn start(folder: Arc<Folder>, waiting: Arc<AtomicUsize>) -> Option<SyncSender<DiskTask>> {
    let (sender, jobs) = sync_channel(QUEUE);
    let work = move || {
        if files::check_folder(&folder.path).is_ok() {
            pack::prune(&folder.path, MOST);
        }
        let mut pack = None;
        for job in jobs {
            let written = match job {
                DiskTask::Content(digest, content) => {
                    let written = write_content(&folder, &mut pack, &digest, &content);
                    waiting.fetch_sub(content.len(), Ordering::Relaxed);
                    written
                }
                DiskTask::Facts(repository, said) => write_facts(&folder.path, &repository, &said),
                DiskTask::Flush(done) => {
                    done.send(()).ok();
                    Ok(())
                }
            };
            if let Err(error) = written {
                tracing::warn!(%error, "the cache cannot be written");
            }
        }
    };
    std::thread::Builder::new().name("cache".into()).spawn(work).ok().map(|_| sender)
}

fn write_content(
    folder: &Folder,
    pack: &mut Option<Pack>,
    digest: &Digest,
    content: &Bytes,
) -> io::Result<()> {
    if folder.index().contains_key(digest) {
        return Ok(());
    }
    let mut open = match pack.take().filter(|pack| !pack.is_full()) {
        Some(open) => open,
        None => {
            files::create_folder(&folder.path)?;
            Pack::open(&folder.path)?
        }
    };
    // A pack whose last record could not be completed is left. The next one is opened, and its tail cut off.
    let place = open.append(digest, content)?;
    folder.index().insert(*digest, place);
    *pack = Some(open);
    Ok(())
}

fn write_facts(folder: &Path, repository: &Repository, said: &StoredManifestInfo) -> io::Result<()> {
    files::replace(&facts_path(folder, repository), |file| {
        let mut lines = io::BufWriter::new(file);
        said.tags.iter().try_for_each(|(tag, digest)| writeln!(lines, "{tag} {digest}"))?;
        said.types.iter().try_for_each(|(digest, media_type)| writeln!(lines, "{digest} {media_type}"))?;
        lines.flush()
    })
}
