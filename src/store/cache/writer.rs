//! Writing to the cache: one thread, which puts everything that waits into one transaction.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, params};

use super::reader::{CacheReader, ReaderSlot, is_damage};
use super::{CacheTask, FactChanges, MUCH_WAITING, QUEUE};
use crate::files;
use crate::model::digest::Digest;
use crate::store::database::{self, Database};
use crate::store::error::{OperationError, StoreProblem, problem};
use crate::store::schema::CACHE;

/// Most bytes kept on disk when a process begins to write. Within a run the file may grow by a quarter:
/// `max_page_count` in `schema`.
const MOST: i64 = 256 * 1024 * 1024;
/// Most writes in one transaction.
const MOST_TOGETHER: usize = 512;
/// How long a write waits for others that join its transaction. Images are listed one after another, and a transaction
/// for each of them costs more than reading it.
const GATHERING: Duration = Duration::from_millis(200);

/// Starts the writer. Returns `None` if no thread can be started.
pub(super) fn start(reader: Arc<CacheReader>, waiting: Arc<AtomicUsize>) -> Option<SyncSender<CacheTask>> {
    let (sender, tasks) = sync_channel(QUEUE);
    let run = move || CacheWriter { reader, waiting, database: None, is_usable: true }.run(&tasks);
    std::thread::Builder::new().name("cache".into()).spawn(run).ok().map(|_| sender)
}

/// Adds the tasks that arrive soon after the first one. Returns at once if the caller waits for the result, and before
/// so much waits that more would be dropped.
fn gather(tasks: &Receiver<CacheTask>, together: &mut Vec<CacheTask>, waiting: &AtomicUsize) {
    let end = Instant::now() + GATHERING;
    while together.len() < MOST_TOGETHER
        && waiting.load(Ordering::Relaxed) < MUCH_WAITING
        && !matches!(together.last(), Some(CacheTask::Flush(_) | CacheTask::Discard))
    {
        let Ok(task) = tasks.recv_timeout(end.saturating_duration_since(Instant::now())) else { return };
        together.push(task);
    }
}

/// The thread that writes.
struct CacheWriter {
    reader: Arc<CacheReader>,
    waiting: Arc<AtomicUsize>,
    database: Option<Database>,
    /// Whether nothing has shown yet that the database cannot be used in this run.
    is_usable: bool,
}

impl CacheWriter {
    fn run(mut self, tasks: &Receiver<CacheTask>) {
        while let Ok(first) = tasks.recv() {
            let mut together = vec![first];
            match self.database {
                Some(_) => gather(tasks, &mut together, &self.waiting),
                // The sooner the database exists, the sooner it can be read.
                None => together.extend(tasks.try_iter().take(MOST_TOGETHER - 1)),
            }
            if together.iter().any(|task| matches!(task, CacheTask::Discard)) {
                self.discard();
            }
            self.write(&together);
            for task in together {
                match task {
                    CacheTask::Content(_, bytes) | CacheTask::FileList(_, bytes) => {
                        self.waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
                    }
                    CacheTask::Flush(done) => drop(done.send(())),
                    CacheTask::Facts(_)
                    | CacheTask::Remove(_)
                    | CacheTask::RemoveFileList(_)
                    | CacheTask::Discard => {}
                }
            }
        }
    }

    fn write(&mut self, tasks: &[CacheTask]) {
        let writes = |task: &CacheTask| !matches!(task, CacheTask::Flush(_) | CacheTask::Discard);
        if !self.is_usable || !tasks.iter().any(writes) {
            return;
        }
        let written = self.try_write(tasks);
        let written = match written.as_ref().err().and_then(problem) {
            Some(StoreProblem::Damaged) => {
                self.discard();
                self.try_write(tasks)
            }
            Some(StoreProblem::Full) => self.prune(MOST).and_then(|()| self.try_write(tasks)),
            _ => written,
        };
        if let Err(error) = written {
            tracing::warn!(%error, "the cache cannot be written");
        }
    }

    fn try_write(&mut self, tasks: &[CacheTask]) -> io::Result<()> {
        if !self.is_usable {
            return Ok(());
        }
        if self.database.is_none() {
            self.open()?;
        }
        let Some(database) = &mut self.database else { return Ok(()) };
        database.write(|transaction| tasks.iter().try_for_each(|task| apply(transaction, task)))
    }

    fn open(&mut self) -> io::Result<()> {
        let opened = Database::open(&self.reader.folder, &CACHE, true);
        // A database that other users may have written, or that is too new, stays so.
        self.is_usable = opened.is_ok() || opened.as_ref().is_err_and(is_damage);
        self.database = opened?;
        remove_old_files(&self.reader.folder);
        self.prune(MOST)
    }

    /// Removes the oldest lists of files until they take half of the room and the oldest content until the file is small
    /// enough, then the rest of the lists, then the oldest facts.
    fn prune(&mut self, most: i64) -> io::Result<()> {
        let Some(database) = &mut self.database else { return Ok(()) };
        while database.read(used_bytes)? > most {
            let removed = database.write(|transaction| {
                let lists = transaction.query_row("SELECT total(length(list)) FROM file_list", [], |row| row.get(0));
                let has_content = "SELECT EXISTS (SELECT 1 FROM content)";
                let has_content: bool = transaction.query_row(has_content, [], |row| row.get(0))?;
                let lists: f64 = lists?;
                if lists > most as f64 / 2.0 || (lists > 0.0 && !has_content) {
                    let oldest = "DELETE FROM file_list WHERE id IN
                        (SELECT id FROM file_list ORDER BY id LIMIT 1 + (SELECT count(*) / 8 FROM file_list))";
                    return Ok(transaction.execute(oldest, [])? > 0);
                }
                let content = "DELETE FROM content WHERE id IN
                    (SELECT id FROM content ORDER BY id LIMIT 1 + (SELECT count(*) / 8 FROM content))";
                if transaction.execute(content, [])? > 0 {
                    return Ok(true);
                }
                let oldest = "(SELECT min(id) FROM repository)";
                transaction.execute(&format!("DELETE FROM tag WHERE repository <= {oldest}"), [])?;
                transaction.execute(&format!("DELETE FROM manifest WHERE repository <= {oldest}"), [])?;
                Ok(transaction.execute(&format!("DELETE FROM repository WHERE id <= {oldest}"), [])? > 0)
            })?;
            if !removed {
                break;
            }
        }
        Ok(())
    }

    /// Deletes a damaged database. If another process uses it, this one keeps its content in memory only.
    fn discard(&mut self) {
        self.database = None;
        let mut slot = self.reader.slot();
        *slot = ReaderSlot::Closed;
        match database::discard(&self.reader.folder, &CACHE) {
            Ok(()) => tracing::warn!("the cache was damaged and is begun anew"),
            Err(error) => {
                tracing::warn!(%error, "the cache is damaged and not used in this run");
                self.is_usable = false;
                *slot = ReaderSlot::Unusable;
            }
        }
    }
}

fn used_bytes(connection: &Connection) -> Result<i64, OperationError> {
    Ok(connection.query_row(
        "SELECT (page_count - freelist_count) * page_size
         FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
        [],
        |row| row.get(0),
    )?)
}

fn apply(transaction: &Transaction<'_>, task: &CacheTask) -> Result<(), OperationError> {
    match task {
        CacheTask::Content(digest, content) => {
            transaction
                .prepare_cached("INSERT INTO content (digest, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING")?
                .execute(params![digest.to_string(), &content[..]])?;
        }
        CacheTask::Remove(digest) => {
            transaction
                .prepare_cached("DELETE FROM content WHERE digest = ?")?
                .execute([digest.to_string()])?;
        }
        CacheTask::FileList(layer, list) => {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO file_list (layer, checksum, list) VALUES (?, ?, ?)")?
                .execute(params![layer.to_string(), Digest::sha256(list).to_string(), &list[..]])?;
        }
        CacheTask::RemoveFileList(layer) => {
            transaction
                .prepare_cached("DELETE FROM file_list WHERE layer = ?")?
                .execute([layer.to_string()])?;
        }
        CacheTask::Facts(changes) => apply_facts(transaction, changes)?,
        CacheTask::Discard | CacheTask::Flush(_) => {}
    }
    Ok(())
}

fn apply_facts(transaction: &Transaction<'_>, changes: &FactChanges) -> Result<(), OperationError> {
    let name = changes.repository.to_string();
    transaction.execute("INSERT INTO repository (name) VALUES (?) ON CONFLICT DO NOTHING", [&name])?;
    let id: i64 =
        transaction.query_row("SELECT id FROM repository WHERE name = ?", [&name], |row| row.get(0))?;
    for digest in &changes.gone {
        let digest = digest.to_string();
        transaction.execute("DELETE FROM tag WHERE repository = ? AND digest = ?", params![id, digest])?;
        transaction
            .execute("DELETE FROM manifest WHERE repository = ? AND digest = ?", params![id, digest])?;
    }
    let mut put_tag = transaction
        .prepare_cached("INSERT OR REPLACE INTO tag (repository, name, digest) VALUES (?, ?, ?)")?;
    let mut remove_tag = transaction.prepare_cached("DELETE FROM tag WHERE repository = ? AND name = ?")?;
    for (tag, digest) in &changes.tags {
        match digest {
            Some(digest) => put_tag.execute(params![id, tag.as_str(), digest.to_string()])?,
            None => remove_tag.execute(params![id, tag.as_str()])?,
        };
    }
    let mut put_manifest = transaction.prepare_cached(
        "INSERT OR REPLACE INTO manifest (repository, digest, media_type) VALUES (?, ?, ?)",
    )?;
    for (digest, media_type) in &changes.media_types {
        put_manifest.execute(params![id, digest.to_string(), media_type])?;
    }
    Ok(())
}

/// Removes the files in which earlier versions kept the cache.
fn remove_old_files(folder: &Path) {
    let content = folder.join("content");
    let is_hex = |name: &str| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_left = |name: &str| name == ".lock" || name.starts_with(".new-") || name.starts_with(".tmp");
    for (folder, is_ours) in [
        (content.join("tags"), &(|name: &str| is_hex(name) || is_left(name)) as &dyn Fn(&str) -> bool),
        (content, &|name: &str| name.ends_with(".pack") || is_left(name)),
    ] {
        if files::check_folder(&folder).is_err() {
            continue;
        }
        for file in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if file.file_name().to_str().is_some_and(is_ours) {
                // A file that stays only takes up space.
                fs::remove_file(file.path()).ok();
            }
        }
        // A folder with other files stays.
        fs::remove_dir(folder).ok();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::reference::{Repository, Tag};
    use crate::store::cache::reader::{content, facts, file_list};

    fn writer(folder: &Path) -> CacheWriter {
        let reader = Arc::new(CacheReader::new(folder.into()));
        CacheWriter { reader, waiting: Arc::default(), database: None, is_usable: true }
    }

    #[test]
    fn a_full_cache_loses_its_oldest_content() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = writer(folder.path());
        let contents: Vec<(Digest, Bytes)> =
            (0..64u8).map(|n| (Digest::sha256(&[n; 20_000]), Bytes::from(vec![n; 20_000]))).collect();
        for (digest, bytes) in &contents {
            writer.write(&[CacheTask::Content(*digest, bytes.clone())]);
        }
        writer.prune(600_000).expect("it is removed");
        let database = writer.database.as_ref().expect("it is open");
        assert!(database.read(used_bytes).expect("a number") <= 600_000);
        let is_left = |at: usize| {
            let (digest, _) = &contents[at];
            database.read(|connection| content(connection, digest)).expect("it is read").is_some()
        };
        assert_eq!((is_left(0), is_left(63)), (false, true));
    }

    #[test]
    fn a_full_cache_loses_its_oldest_lists_of_files_if_they_take_more_than_half_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = writer(folder.path());
        let layers: Vec<Digest> = (0..32u8).map(|n| Digest::sha256(&[n])).collect();
        let manifest = Digest::sha256(b"m");
        writer.write(&[CacheTask::Content(manifest, Bytes::from(vec![1; 20_000]))]);
        for (n, layer) in layers.iter().enumerate() {
            writer.write(&[CacheTask::FileList(*layer, Bytes::from(vec![n as u8; 20_000]))]);
        }
        writer.prune(300_000).expect("it is removed");
        let database = writer.database.as_ref().expect("it is open");
        let is_left = |layer: &Digest| {
            database.read(|connection| file_list(connection, layer)).expect("it is read").is_some()
        };
        assert_eq!((is_left(&layers[0]), is_left(&layers[31])), (false, true));
        let kept = database.read(|connection| content(connection, &manifest)).expect("it is read");
        assert!(kept.is_some());
    }

    #[test]
    fn a_cache_full_of_facts_loses_those_of_the_oldest_repositories() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = writer(folder.path());
        for name in ["r.test/a", "r.test/b", "r.test/c"] {
            let repository = Repository::parse(name).expect("a name");
            let tag = |n: usize| (Tag::parse(&format!("v{n}")).expect("a tag"), Some(Digest::sha256(b"x")));
            let tags = (0..2000).map(tag).collect();
            let changes = FactChanges { repository, gone: vec![], tags, media_types: vec![] };
            writer.write(&[CacheTask::Facts(changes)]);
        }
        writer.prune(400_000).expect("they are removed");
        let database = writer.database.as_ref().expect("it is open");
        let count =
            |name: &str| database.read(|connection| facts(connection, name)).expect("facts").tags.len();
        assert_eq!(["r.test/a", "r.test/c"].map(count), [0, 2000]);
    }
}
