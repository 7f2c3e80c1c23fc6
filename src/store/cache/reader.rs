//! Reading from the cache.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension};

use super::{CacheTask, RepositoryFacts};
use crate::model::digest::Digest;
use crate::model::reference::Tag;
use crate::store::database::Database;
use crate::store::error::{OperationError, StoreProblem, problem};
use crate::store::schema::CACHE;

/// The connection that reads. It is opened when it is first needed.
#[derive(Debug)]
pub(super) struct CacheReader {
    pub(super) folder: PathBuf,
    slot: Mutex<ReaderSlot>,
}

#[derive(Debug)]
pub(super) enum ReaderSlot {
    /// Not opened yet, or there was no database when it was last looked for.
    Closed,
    Open(Database),
    /// The database cannot be used in this run.
    Unusable,
}

impl CacheReader {
    /// Creates the reader of the database in a folder. The folder is not touched yet.
    pub(super) fn new(folder: PathBuf) -> CacheReader {
        CacheReader { folder, slot: Mutex::new(ReaderSlot::Closed) }
    }

    /// Locks the connection.
    pub(super) fn slot(&self) -> MutexGuard<'_, ReaderSlot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads from the database. Returns the default if there is none, and the task for the writer if it is damaged.
    pub(super) fn read<T: Default>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, OperationError>,
    ) -> Result<T, CacheTask> {
        let mut slot = self.slot();
        if let ReaderSlot::Closed = *slot {
            *slot = match Database::open(&self.folder, &CACHE, false) {
                Ok(Some(database)) => ReaderSlot::Open(database),
                Ok(None) => ReaderSlot::Closed,
                Err(error) if is_damage(&error) => return Err(CacheTask::Discard),
                Err(error) => {
                    tracing::warn!(%error, "the cache is not read");
                    ReaderSlot::Unusable
                }
            };
        }
        let ReaderSlot::Open(database) = &*slot else { return Ok(T::default()) };
        match database.read(read) {
            Ok(value) => Ok(value),
            Err(error) if is_damage(&error) => Err(CacheTask::Discard),
            Err(error) => {
                tracing::warn!(%error, "the cache cannot be read");
                Ok(T::default())
            }
        }
    }
}

/// Returns whether the database is damaged.
pub(super) fn is_damage(error: &io::Error) -> bool {
    problem(error) == Some(StoreProblem::Damaged)
}

/// Reads the content of a digest. It is not compared with the digest.
pub(super) fn content(connection: &Connection, digest: &Digest) -> Result<Option<Vec<u8>>, OperationError> {
    let mut select = connection.prepare_cached("SELECT bytes FROM content WHERE digest = ?")?;
    Ok(select.query_row([digest.to_string()], |row| row.get(0)).optional()?)
}

/// Reads the checksum and the list of the files of a layer. They are not compared.
pub(super) fn file_list(
    connection: &Connection,
    layer: &Digest,
) -> Result<Option<(String, Vec<u8>)>, OperationError> {
    let mut select = connection.prepare_cached("SELECT checksum, list FROM file_list WHERE layer = ?")?;
    Ok(select.query_row([layer.to_string()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// Reads the facts about a repository.
pub(super) fn facts(connection: &Connection, repository: &str) -> Result<RepositoryFacts, OperationError> {
    let mut facts = RepositoryFacts::default();
    let mut select = connection.prepare_cached(
        "SELECT tag.name, tag.digest FROM tag JOIN repository ON tag.repository = repository.id
         WHERE repository.name = ?",
    )?;
    let mut rows = select.query([repository])?;
    while let Some(row) = rows.next()? {
        let (tag, digest) = (row.get_ref(0)?.as_str().ok(), row.get_ref(1)?.as_str().ok());
        // A damaged name or digest is left out.
        if let (Some(tag), Some(digest)) = (tag, digest)
            && let (Ok(tag), Ok(digest)) = (Tag::parse(tag), digest.parse())
        {
            facts.tags.insert(tag, digest);
        }
    }
    let mut select = connection.prepare_cached(
        "SELECT manifest.digest, manifest.media_type FROM manifest
         JOIN repository ON manifest.repository = repository.id WHERE repository.name = ?",
    )?;
    let mut rows = select.query([repository])?;
    while let Some(row) = rows.next()? {
        let (digest, media_type) = (row.get_ref(0)?.as_str().ok(), row.get_ref(1)?.as_str().ok());
        if let (Some(digest), Some(media_type)) = (digest, media_type)
            && let Ok(digest) = digest.parse()
        {
            facts.media_types.insert(digest, media_type.to_string());
        }
    }
    Ok(facts)
}
