//! Opens a database, after its folder and its files were checked, and sets a damaged one aside.
//!
//! Each process that has a database open holds a shared lock on `<file>.lock`. A file is moved or deleted only with
//! the exclusive lock: SQLite loses data if a file that it has open gets another name. No file of an open database is
//! opened in another way either, since closing it would release SQLite's own locks; the checks therefore look at names.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::error::{OperationError, StoreProblem, error};
use super::schema::DatabaseKind;
use crate::files;

/// The files that SQLite keeps beside a database: committed pages that are not in it yet, and their index.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];
/// The number of attempts to take the shared lock, and the time between two of them.
const ATTEMPTS: (u32, Duration) = (100, Duration::from_millis(20));
/// The number of attempts to lock a database that is damaged, and the time between two of them. A program that is being
/// started holds the locks of its parent for a moment, until it has begun.
const TRIES_ALONE: (u32, Duration) = (40, Duration::from_millis(25));
/// The number of damaged files that can be set aside.
const MOST_SET_ASIDE: u32 = 1000;

/// An open database.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    connection: Connection,
    identity: Option<FileIdentity>,
    /// Held after the connection was closed, because fields are dropped in this order.
    _lock: Option<File>,
}

/// The file behind a name.
pub(crate) type FileIdentity = (u64, u64);

impl Database {
    /// Opens a database, and creates it if `creates` is set and it does not exist. Returns `None` if it does not exist.
    pub(crate) fn open(folder: &Path, kind: &DatabaseKind, creates: bool) -> io::Result<Option<Database>> {
        if creates {
            files::create_folder(folder)?;
        }
        let folder = match files::check_folder(folder).and_then(|()| folder.canonicalize()) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            folder => folder?,
        };
        let path = folder.join(kind.file);
        let is_there = check_names(&path)?;
        if !is_there && !creates {
            return Ok(None);
        }
        let lock = share(&path)?;
        // A database that was set aside meanwhile is created anew, like one that never existed.
        if !check_names(&path)? {
            let _held = files::lock_folder(&folder)?;
            if !check_names(&path)? {
                // The mark of a database that was here before says nothing about this one.
                lock.iter().try_for_each(|lock| lock.set_len(0))?;
                files::open(&path, File::options().write(true).create_new(true))?;
                // SQLite syncs its contents, and not the name that it has been given here.
                files::sync_folder(&folder)?;
            }
        }
        let identity = identity(&path);
        let connection = connect(&path, kind, lock.as_ref())?;
        Ok(Some(Database { path, connection, identity, _lock: lock }))
    }

    /// Returns whether the name still leads to this database, and not to another file or to none.
    pub(crate) fn is_current(&self) -> bool {
        identity(&self.path) == self.identity
    }

    /// Returns the file behind the name when this was opened.
    pub(crate) fn identity(&self) -> Option<FileIdentity> {
        self.identity
    }

    /// Reads from the database.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, OperationError>,
    ) -> io::Result<T> {
        read(&self.connection).map_err(|error| error.into_io(&self.path))
    }

    /// Writes in one transaction. It is committed if `write` succeeds.
    pub(crate) fn write<T>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, OperationError>,
    ) -> io::Result<T> {
        let path = self.path.clone();
        let written = || {
            // The lock is taken at the beginning: one that is taken later fails if another process wrote meanwhile.
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = write(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        let written: Result<T, OperationError> = written();
        written.map_err(|error| error.into_io(&path))
    }
}

/// Returns the file behind a name.
pub(crate) fn identity(path: &Path) -> Option<FileIdentity> {
    let metadata = fs::symlink_metadata(path).ok()?;
    #[cfg(unix)]
    return Some(std::os::unix::fs::MetadataExt::dev(&metadata))
        .zip(Some(std::os::unix::fs::MetadataExt::ino(&metadata)));
    #[cfg(not(unix))]
    Some((metadata.is_file().into(), 0))
}

/// Returns whether a database exists. Fails if another user may have written it or one of its companions.
fn check_names(path: &Path) -> io::Result<bool> {
    for companion in COMPANIONS {
        files::check_file(&beside(path, companion))?;
    }
    match files::check_file(path) {
        Err(found) if found.kind() == ErrorKind::IsADirectory => Err(error(path, StoreProblem::Damaged)),
        checked => checked,
    }
}

/// Returns the path of a file beside a database.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(ending);
    PathBuf::from(name)
}

/// Takes the shared lock. Returns `None` if the folder cannot be written: nothing is set aside there.
fn share(path: &Path) -> io::Result<Option<File>> {
    let lock = match open_lock(path) {
        Err(error) if files::distrust(&error).is_some() => return Err(error),
        Err(_) => return Ok(None),
        Ok(lock) => lock,
    };
    for _ in 0..ATTEMPTS.0 {
        if lock.try_lock_shared().is_ok() {
            return Ok(Some(lock));
        }
        std::thread::sleep(ATTEMPTS.1);
    }
    Err(error(path, StoreProblem::Busy))
}

fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    files::open(&beside(path, ".lock"), options.read(true).write(true).create(true).truncate(false))
}

fn connect(path: &Path, kind: &DatabaseKind, lock: Option<&File>) -> io::Result<Connection> {
    let opened = open_connection(path, kind);
    let (mut connection, version) = match opened.map_err(|error| error.into_io(path)) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => match open_unchanging(path) {
            Some(opened) => opened,
            None => return Err(error),
        },
        opened => opened?,
    };
    let newest = kind.migrations.len();
    match version.cmp(&newest) {
        std::cmp::Ordering::Equal => Ok(connection),
        std::cmp::Ordering::Greater => Err(error(path, StoreProblem::Newer)),
        std::cmp::Ordering::Less => {
            let marked = lock.and_then(|lock| lock.metadata().ok()).is_some_and(|about| about.len() > 0);
            if version == 0 && marked && fs::symlink_metadata(path)?.len() == 0 {
                // It had tables once.
                return Err(error(path, StoreProblem::Damaged));
            }
            let Some(folder) = path.parent() else { return Err(ErrorKind::NotFound.into()) };
            let _held = files::lock_folder(folder)?;
            migrate(&mut connection, kind).map_err(|error| error.into_io(path))?;
            // The mark tells an empty file that never had tables from one that lost them.
            if let Some(lock) = lock {
                lock.set_len(1)?;
            }
            Ok(connection)
        }
    }
}

fn open_connection(path: &Path, kind: &DatabaseKind) -> Result<(Connection, usize), OperationError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(kind.wait)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
    connection.execute_batch(kind.settings)?;
    let version = version(&connection)?;
    Ok((connection, version))
}

/// Opens a database in a folder that cannot be written, if all of it is in the one file.
fn open_unchanging(path: &Path) -> Option<(Connection, usize)> {
    if fs::symlink_metadata(beside(path, "-wal")).is_ok_and(|wal| wal.len() > 0) {
        return None;
    }
    let encoded = path.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(format!("file:{encoded}?immutable=1"), flags).ok()?;
    let version = version(&connection).ok()?;
    Some((connection, version))
}

fn version(connection: &Connection) -> Result<usize, OperationError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

fn migrate(connection: &mut Connection, kind: &DatabaseKind) -> Result<(), OperationError> {
    if version(connection)? == 0 {
        // The answer names another mode if the file system cannot share memory. The database works with that one too.
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it meanwhile.
    for migration in kind.migrations.iter().skip(version(&transaction)?) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", kind.migrations.len() as i64)?;
    transaction.commit()?;
    Ok(())
}

/// Moves a damaged database to `<file>.damaged-<n>` and returns that path. Returns `None` if the name leads to another
/// file than the damaged one by now. Fails if another process uses the database.
pub(crate) fn set_aside(
    folder: &Path,
    kind: &DatabaseKind,
    damaged: Option<FileIdentity>,
) -> io::Result<Option<PathBuf>> {
    let path = folder.canonicalize()?.join(kind.file);
    let _lock = lock_alone(&path)?;
    if identity(&path) != damaged {
        return Ok(None);
    }
    for number in 1..=MOST_SET_ASIDE {
        let aside = beside(&path, &format!(".damaged-{number}"));
        if fs::symlink_metadata(&aside).is_ok() {
            continue;
        }
        // The database goes last: if it stays behind, it is set aside the next time.
        for companion in COMPANIONS {
            match fs::rename(beside(&path, companion), beside(&aside, companion)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&path, &aside)?;
        files::sync_folder(folder)?;
        return Ok(Some(aside));
    }
    Err(error(&path, StoreProblem::Damaged))
}

/// Deletes a database. Fails if another process uses it.
pub(crate) fn discard(folder: &Path, kind: &DatabaseKind) -> io::Result<()> {
    let path = folder.canonicalize()?.join(kind.file);
    let _lock = lock_alone(&path)?;
    for path in [beside(&path, "-wal"), beside(&path, "-shm"), path] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn lock_alone(path: &Path) -> io::Result<File> {
    let lock = open_lock(path)?;
    for _ in 0..TRIES_ALONE.0 {
        if lock.try_lock().is_ok() {
            return Ok(lock);
        }
        std::thread::sleep(TRIES_ALONE.1);
    }
    Err(error(path, StoreProblem::DamagedAndInUse))
}
