//! The cache's folder: `sha256/ab/abcd…` holds a line with the media type and then the bytes, `tags/<hash>` a line for
//! each tag. One thread writes, so that nobody waits for the disk.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Content, LARGEST};
use crate::model::digest::Digest;
use crate::model::reference::{Repository, Tag};

/// Most bytes kept on disk.
const MOST: u64 = 512 * 1024 * 1024;
/// Writes that may wait; beyond, content is not kept.
const QUEUE: usize = 4096;
/// Longest media type that is believed.
const LONGEST_TYPE: usize = 256;
/// Most bytes of a file of tags.
const LARGEST_TAGS: u64 = 32 * 1024 * 1024;

/// The folder and its writer, which starts with the first write.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    writer: OnceLock<Option<SyncSender<Job>>>,
}

enum Job {
    Content(Digest, Content),
    Tags(Repository, HashMap<Tag, Digest>),
    Flush(oneshot::Sender<()>),
}

impl Disk {
    /// Nothing is touched yet.
    pub fn new(folder: PathBuf) -> Disk {
        Disk { folder, writer: OnceLock::new() }
    }

    /// The content of a digest, if it is there and is what the digest says.
    pub async fn read(&self, digest: Digest) -> Option<Content> {
        let path = path_of(&self.folder, &digest);
        tokio::task::spawn_blocking(move || read(&path, &digest)).await.ok()?
    }

    /// Queues a write. A full queue drops it: it can be fetched again.
    pub fn write(&self, digest: Digest, content: Content) {
        self.send(Job::Content(digest, content));
    }

    /// What is known of a repository's tags.
    pub async fn read_tags(&self, repository: &Repository) -> HashMap<Tag, Digest> {
        let path = tags_path(&self.folder, repository);
        tokio::task::spawn_blocking(move || read_tags(&path)).await.unwrap_or_default()
    }

    /// Queues a write of what is known of a repository's tags.
    pub fn write_tags(&self, repository: Repository, digests: HashMap<Tag, Digest>) {
        self.send(Job::Tags(repository, digests));
    }

    /// Returns when everything queued so far is written.
    pub async fn flush(&self) {
        let Some(Some(writer)) = self.writer.get().cloned() else { return };
        let (done, wait) = oneshot::channel();
        let queued = tokio::task::spawn_blocking(move || writer.send(Job::Flush(done)).is_ok()).await;
        if queued.is_ok_and(|queued| queued) {
            wait.await.ok();
        }
    }

    fn send(&self, job: Job) {
        if let Some(writer) = self.writer.get_or_init(|| start(self.folder.clone())) {
            writer.try_send(job).ok();
        }
    }
}

fn path_of(folder: &Path, digest: &Digest) -> PathBuf {
    let hex = digest.hex();
    folder.join(digest.algorithm()).join(&hex[..2]).join(&hex)
}

fn tags_path(folder: &Path, repository: &Repository) -> PathBuf {
    folder.join("tags").join(Digest::sha256(repository.to_string().as_bytes()).hex())
}

fn read(path: &Path, digest: &Digest) -> Option<Content> {
    let mut file = Vec::new();
    File::open(path).ok()?.take((LARGEST + LONGEST_TYPE + 2) as u64).read_to_end(&mut file).ok()?;
    let file = Bytes::from(file);
    let line = file.iter().position(|byte| *byte == b'\n')?;
    let bytes = file.slice(line + 1..);
    if digest.same_algorithm_of(&bytes) != *digest {
        // So that it can be written again; if it cannot be removed, it is still not believed.
        fs::remove_file(path).ok();
        return None;
    }
    let media_type =
        std::str::from_utf8(&file[..line]).ok().filter(|line| !line.is_empty()).map(str::to_string);
    Some(Content { media_type, bytes })
}

fn read_tags(path: &Path) -> HashMap<Tag, Digest> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST_TAGS).read_to_string(&mut text));
    if read.is_err() {
        return HashMap::new();
    }
    let line = |line: &str| {
        let (tag, digest) = line.split_once(' ')?;
        Some((Tag::parse(tag).ok()?, digest.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

/// Starts the writer; none where no thread can be had.
fn start(folder: PathBuf) -> Option<SyncSender<Job>> {
    let (sender, jobs) = sync_channel(QUEUE);
    let work = move || {
        prune(&folder, MOST);
        for job in jobs {
            let written = match job {
                Job::Content(digest, content) => write_content(&folder, &digest, &content),
                Job::Tags(repository, digests) => write_tags(&folder, &repository, &digests),
                Job::Flush(done) => {
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

fn write_content(folder: &Path, digest: &Digest, content: &Content) -> io::Result<()> {
    let path = path_of(folder, digest);
    if path.exists() {
        return Ok(());
    }
    let media_type = content.media_type.as_deref().unwrap_or("");
    let is_plain = media_type.len() <= LONGEST_TYPE && !media_type.contains(['\n', '\r']);
    let line = if is_plain { media_type } else { "" };
    write(&path, |file| {
        file.write_all(line.as_bytes())?;
        file.write_all(b"\n")?;
        file.write_all(&content.bytes)
    })
}

fn write_tags(folder: &Path, repository: &Repository, digests: &HashMap<Tag, Digest>) -> io::Result<()> {
    write(&tags_path(folder, repository), |file| {
        let mut lines = io::BufWriter::new(file);
        digests.iter().try_for_each(|(tag, digest)| writeln!(lines, "{tag} {digest}"))?;
        lines.flush()
    })
}

/// Writes beside the place and then moves there, so that nobody reads a half.
fn write(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    if !parent.exists() {
        create_private(parent)?;
    }
    let mut file = tempfile::NamedTempFile::new_in(parent)?;
    fill(file.as_file_mut())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Creates a folder that only this user can read.
fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Removes the oldest files until no more than `most` bytes are left.
fn prune(folder: &Path, most: u64) {
    let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for algorithm in ["sha256", "sha512"] {
        for part in entries(&folder.join(algorithm)) {
            for file in entries(&part.path()) {
                if let Ok(about) = file.metadata() {
                    files.push((
                        about.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                        about.len(),
                        file.path(),
                    ));
                }
            }
        }
    }
    let mut total: u64 = files.iter().map(|(_, length, _)| length).sum();
    files.sort();
    for (_, length, path) in files {
        if total <= most {
            return;
        }
        if fs::remove_file(path).is_ok() {
            total -= length;
        }
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(folder).into_iter().flatten().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_folder_loses_its_oldest_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let digests: Vec<Digest> = (0..4u8).map(|n| Digest::sha256(&[n])).collect();
        for (age, digest) in digests.iter().enumerate() {
            let content = Content { media_type: None, bytes: Bytes::from(vec![age as u8; 999]) };
            write_content(folder.path(), digest, &content).expect("it is written");
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000 * age as u64);
            File::options()
                .write(true)
                .open(path_of(folder.path(), digest))
                .and_then(|file| file.set_modified(time))
                .expect("a time");
        }
        prune(folder.path(), 2500);
        let is_left = |digest: &Digest| path_of(folder.path(), digest).exists();
        assert_eq!(digests.iter().map(is_left).collect::<Vec<_>>(), [false, false, true, true]);
    }
}
