//! The journal in `state.db`: entries, and the lines of each.
//!
//! An entry and its first lines are one transaction, which is on the disk before the change begins. From then on each
//! outcome adds a line. The process that carries out an entry holds a lock on `running/<number>.lock`; the lock ends
//! with the process, so an open entry without one was cut off.

pub(crate) mod line;
pub(crate) mod old_files;
pub(crate) mod read;
pub(crate) mod retention;

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::error::OperationError;
use super::state::StateStore;
use crate::files;
use crate::model::change::journal::{
    EntryId, FIRST_SEQUENCE, JournalEntry, JournalItem, Reached, Saved, SavedManifest,
};
use crate::model::change::{ChangeKind, ChangeRequest};
use line::{JournalLine, VERSION};
use read::{EntryRead, ManifestBytes};

/// The folder of the locks.
const LOCKS: &str = "running";

/// Everything that is known of an entry when it is begun.
#[derive(Debug)]
pub(crate) struct NewEntry<'a> {
    /// The time now.
    pub(crate) at: Timestamp,
    /// The change in a few words.
    pub(crate) title: &'a str,
    /// The request of the change, if it can be planned again.
    pub(crate) request: Option<&'a ChangeRequest>,
    /// How registries are reached.
    pub(crate) reached: &'a [Reached],
    /// Everything that the change is about to touch.
    pub(crate) items: &'a [JournalItem],
    /// Manifests that may disappear along with those.
    pub(crate) saved: &'a [Saved],
}

/// An entry that is being carried out. Its lock ends when this is dropped.
#[derive(Debug)]
pub(crate) struct EntryWriter {
    state: StateStore,
    number: i64,
    lock: Option<File>,
}

/// Begins an entry. It is on the disk when this returns, and older entries made room for it.
pub(crate) fn begin(state: &StateStore, new: &NewEntry<'_>) -> io::Result<(EntryId, EntryWriter)> {
    let Some(folder) = state.folder() else {
        return state.write(|_| Ok(())).and(Err(ErrorKind::NotFound.into()));
    };
    let manifests: Vec<&SavedManifest> = saved_manifests(new.items, new.saved).collect();
    let kind = new.request.map(ChangeRequest::kind);
    let head = JournalLine::Entry {
        version: VERSION,
        at: new.at,
        title: new.title.into(),
        request: new.request.map(std::borrow::Cow::Borrowed),
        kind,
        reached: new.reached.to_vec(),
        items: new.items.len(),
        saved: new.saved.len(),
        held: manifests.len(),
    };
    let lines = 1 + new.items.len() + new.saved.len() + manifests.len();
    let (id, writer) = state.write(|transaction| {
        let last: Option<i64> =
            transaction.query_row("SELECT max(number) FROM entry", [], |row| row.get(0))?;
        // Entries that an earlier version still carries out have numbers too.
        let last = last.unwrap_or_default().max(old_files::last_number(folder));
        let number = last
            .max(FIRST_SEQUENCE.cast_signed() - 1)
            .checked_add(1)
            .ok_or(io::Error::from(ErrorKind::StorageFull))?;
        let lock = lock(folder, number)?;
        let id = EntryId(format!("{}-{number}", new.at.strftime("%Y%m%dT%H%M%S.%6fZ")));
        transaction.execute(
            "INSERT INTO entry (number, name, kind, lines) VALUES (?, ?, ?, ?)",
            params![number, id.0, kind.map(ChangeKind::name), lines as i64],
        )?;
        let items = new.items.iter().map(JournalLine::of).chain(new.saved.iter().map(JournalLine::of_saved));
        let documents = std::iter::once(head.document(0)).chain(items.map(|line| line.document(0)));
        for (at, document) in documents.enumerate() {
            insert_line(transaction, number, at as i64, &document?, None)?;
        }
        for (at, manifest) in manifests.iter().enumerate() {
            let document = JournalLine::of_manifest(manifest).document(0)?;
            let at = lines - manifests.len() + at;
            insert_line(transaction, number, at as i64, &document, Some(&manifest.bytes))?;
        }
        Ok((id, EntryWriter { state: state.clone(), number, lock: Some(lock) }))
    })?;
    if let Err(error) = state.write(|transaction| retention::enforce(transaction, folder, writer.number)) {
        // The journal is larger than it should be, and nothing else.
        tracing::warn!(%error, "old entries of the journal stay");
    }
    Ok((id, writer))
}

impl EntryWriter {
    /// Appends lines in one transaction, which is on the disk when this returns. A manifest is followed by its bytes.
    pub(crate) fn append(&self, lines: &[(JournalLine<'_>, Option<&[u8]>)]) -> io::Result<()> {
        self.state.write(|transaction| {
            let next = next_number(transaction, self.number)?;
            (next..).zip(lines).try_for_each(|(number, (line, bytes))| {
                insert_line(transaction, self.number, number, &line.document(number)?, *bytes)
            })
        })
    }
}

impl Drop for EntryWriter {
    fn drop(&mut self) {
        if let Some(folder) = self.state.folder() {
            // A file that stays is removed with the next entry.
            fs::remove_file(lock_path(folder, self.number)).ok();
        }
        self.lock = None;
    }
}

/// Appends a line to an entry that this process does not carry out.
pub(crate) fn append(
    state: &StateStore,
    id: &EntryId,
    line: &(dyn Fn() -> JournalLine<'static> + Sync),
) -> io::Result<()> {
    state.write(|transaction| {
        let number = find(transaction, id)?;
        let next = next_number(transaction, number)?;
        insert_line(transaction, number, next, &line().document(next)?, None)
    })
}

/// Reads one entry. Fails if there is none of that name, or if its first line cannot be read.
pub(crate) fn read(state: &StateStore, id: &EntryId, bytes: ManifestBytes) -> io::Result<EntryRead> {
    let Some(folder) = state.folder() else { return Err(ErrorKind::NotFound.into()) };
    let read = state.read(|connection| {
        let number = find(connection, id)?;
        read_entry(connection, folder, number, id, bytes)
    })?;
    read.ok_or_else(|| ErrorKind::NotFound.into())
}

/// Returns every entry, the newest first, without the bytes of the manifests. An entry that cannot be read is listed
/// without its content.
pub(crate) fn list(state: &StateStore) -> io::Result<Vec<JournalEntry>> {
    let Some(folder) = state.folder() else { return Ok(Vec::new()) };
    let listed = state.read(|connection| {
        let mut entries = Vec::new();
        for (number, id) in names(connection)?.into_iter().rev() {
            match read_entry(connection, folder, number, &id, ManifestBytes::Skipped) {
                Ok(read) => entries.push(read.entry),
                Err(OperationError::Io(error)) => entries.push(read::unreadable(&id, &error)),
                Err(error) => return Err(error),
            }
        }
        Ok(entries)
    })?;
    Ok(listed.unwrap_or_default())
}

/// Removes an entry.
pub(crate) fn remove(state: &StateStore, id: &EntryId) -> io::Result<()> {
    state.write(|transaction| {
        let number = find(transaction, id)?;
        remove_entry(transaction, number)
    })
}

fn remove_entry(transaction: &Transaction<'_>, number: i64) -> Result<(), OperationError> {
    transaction.execute("DELETE FROM line WHERE entry = ?", [number])?;
    transaction.execute("DELETE FROM entry WHERE number = ?", [number])?;
    Ok(())
}

fn read_entry(
    connection: &Connection,
    folder: &Path,
    number: i64,
    id: &EntryId,
    bytes: ManifestBytes,
) -> Result<EntryRead, OperationError> {
    // The lock is tested before the lines are read: a process that ends meanwhile has written so in a later line.
    let is_running = is_running(folder, number);
    let mut select = connection.prepare_cached(
        "SELECT number, checksum, document, bytes FROM line WHERE entry = ? ORDER BY number",
    )?;
    let mut rows = select.query([number])?;
    let mut reader = read::EntryReader::new(number, bytes);
    while let Some(row) = rows.next()? {
        reader.read_row(row)?;
    }
    Ok(reader.end(id, is_running)?)
}

/// Returns the numbers and names of all entries in the order in which they were begun.
fn names(connection: &Connection) -> Result<Vec<(i64, EntryId)>, OperationError> {
    let mut select = connection.prepare_cached("SELECT number, name FROM entry ORDER BY number")?;
    let names = select.query_map([], |row| Ok((row.get(0)?, name_in(row)?)))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Returns the name of an entry. A name that was damaged is replaced by one that only has the entry's number.
fn name_in(row: &Row<'_>) -> rusqlite::Result<EntryId> {
    let number: i64 = row.get(0)?;
    let text = match row.get_ref(1)? {
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    };
    let name = EntryId(text);
    let is_plain = name.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    let is_numbered = number < FIRST_SEQUENCE.cast_signed() || name.sequence() == number.unsigned_abs();
    Ok(if name.is_entry() && is_plain && is_numbered {
        name
    } else {
        EntryId(format!("19700101T000000.000000Z-{number}"))
    })
}

fn find(connection: &Connection, id: &EntryId) -> Result<i64, OperationError> {
    let by_number = connection
        .query_row("SELECT number, name FROM entry WHERE number = ?", [id.sequence().cast_signed()], |row| {
            Ok((row.get(0)?, name_in(row)?))
        })
        .optional()?;
    let found = match by_number {
        Some((number, name)) if name == *id => Some(number),
        _ => names(connection)?.into_iter().find(|(_, name)| name == id).map(|(number, _)| number),
    };
    found.ok_or_else(|| io::Error::from(ErrorKind::NotFound).into())
}

/// Returns the number of the next line, which no line that was lost had.
fn next_number(connection: &Connection, entry: i64) -> Result<i64, OperationError> {
    let next = connection
        .query_row(
            "SELECT max(lines, 1 + coalesce((SELECT max(number) FROM line WHERE entry = ?1), -1)) FROM entry
             WHERE number = ?1",
            [entry],
            |row| row.get(0),
        )
        .optional()?;
    next.ok_or_else(|| io::Error::new(ErrorKind::NotFound, "the entry is not in the journal any more").into())
}

fn insert_line(
    transaction: &Transaction<'_>,
    entry: i64,
    number: i64,
    document: &str,
    bytes: Option<&[u8]>,
) -> Result<(), OperationError> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO line (entry, number, checksum, document, bytes) VALUES (?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        entry,
        number,
        line::checksum(entry, number, document, bytes),
        document,
        bytes
    ])?;
    Ok(())
}

/// Returns the manifests as they were before the change, each once.
fn saved_manifests<'a>(
    items: &'a [JournalItem],
    saved: &'a [Saved],
) -> impl Iterator<Item = &'a SavedManifest> {
    let mut seen = std::collections::HashSet::new();
    let before = items.iter().filter_map(|item| item.before.as_ref());
    let all = before.chain(saved.iter().map(|saved| &saved.held));
    all.filter(move |held| seen.insert(held.digest))
}

fn lock_path(folder: &Path, number: i64) -> PathBuf {
    folder.join(LOCKS).join(format!("{number}.lock"))
}

/// Creates and takes the lock of a new entry, and removes locks that ended processes left. The caller is in a write
/// transaction, so no other process does the same.
fn lock(folder: &Path, number: i64) -> io::Result<File> {
    files::create_folder(&folder.join(LOCKS))?;
    for left in fs::read_dir(folder.join(LOCKS))?.flatten() {
        let is_free = files::read(&left.path()).is_ok_and(|file| file.try_lock().is_ok());
        if is_free {
            fs::remove_file(left.path()).ok();
        }
    }
    let mut options = File::options();
    let lock =
        files::open(&lock_path(folder, number), options.read(true).write(true).create(true).truncate(false))?;
    lock.try_lock().map_err(io::Error::from)?;
    Ok(lock)
}

fn is_running(folder: &Path, number: i64) -> bool {
    // The lock is shared, so that two readers at the same time do not take each other for the process that carries out
    // the entry.
    let file = files::read(&lock_path(folder, number));
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn begin_at(state: &StateStore, second: i64) -> (EntryId, EntryWriter) {
        let at = Timestamp::from_second(second).expect("a time");
        let new = NewEntry { at, title: "untag app:1", request: None, reached: &[], items: &[], saved: &[] };
        begin(state, &new).expect("an entry")
    }

    pub(super) fn ids(state: &StateStore) -> Vec<EntryId> {
        list(state).expect("a list").into_iter().rev().map(|entry| entry.id).collect()
    }

    #[test]
    fn entries_keep_the_order_in_which_they_were_begun_when_the_clock_is_set_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = StateStore::new(Some(folder.path().into()));
        let seconds = [1_800_000_000, 1_700_000_000, 1_750_000_000, 1_750_000_000];
        let begun = seconds.map(|second| begin_at(&state, second).0);
        assert_eq!(ids(&state), begun);
    }

    #[test]
    fn locks_that_ended_processes_left_go_with_the_next_entry() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = StateStore::new(Some(folder.path().into()));
        let (_, running) = begin_at(&state, 0);
        fs::write(lock_path(folder.path(), 7), "").expect("a file");
        let (_, other) = begin_at(&state, 0);
        let locks = || fs::read_dir(folder.path().join(LOCKS)).expect("a folder").count();
        assert_eq!(locks(), 2, "those of the two entries");
        drop((running, other));
        assert_eq!(locks(), 0);
    }
}
