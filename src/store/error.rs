//! Errors of the databases, in words for the user.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::files;
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;

/// The reason why a database cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {}", .path.display(), .problem.describe())]
pub(crate) struct StoreError {
    /// The file.
    pub(crate) path: PathBuf,
    /// The problem with it.
    pub(crate) problem: StoreProblem,
}

/// The problems that a database can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreProblem {
    /// It is no database, or parts of it contradict each other.
    Damaged,
    /// The same, and it cannot be set aside because another process uses it.
    DamagedAndInUse,
    /// A newer version of regtui wrote it.
    Newer,
    /// The disk is full.
    Full,
    /// The file or its folder cannot be written.
    Unwritable,
    /// Another process wrote for longer than regtui waits.
    Busy,
    /// The disk reports an error.
    Disk,
    /// The system offers no folder for it.
    NoPlace,
}

impl StoreProblem {
    fn describe(self) -> &'static str {
        match self {
            StoreProblem::Damaged => "is damaged",
            StoreProblem::DamagedAndInUse => "is damaged, and another regtui is using it",
            StoreProblem::Newer => "was written by a newer version of regtui",
            StoreProblem::Full => "cannot grow, because the disk is full",
            StoreProblem::Unwritable => "cannot be written",
            StoreProblem::Busy => "is in use: another regtui has been writing to it for long",
            StoreProblem::Disk => "cannot be read or written: the disk reports an error",
            StoreProblem::NoPlace => "has no folder",
        }
    }

    fn hint(self) -> Option<&'static str> {
        match self {
            StoreProblem::DamagedAndInUse => Some("end the other regtui, then start this one again"),
            StoreProblem::Newer => Some("use that version, or move the file away"),
            StoreProblem::Busy => Some("try again"),
            StoreProblem::NoPlace => Some("`XDG_STATE_HOME` names one"),
            StoreProblem::Damaged => Some("move the file away"),
            StoreProblem::Full | StoreProblem::Unwritable | StoreProblem::Disk => None,
        }
    }

    fn kind(self) -> ErrorKind {
        match self {
            StoreProblem::Damaged | StoreProblem::DamagedAndInUse => ErrorKind::InvalidData,
            StoreProblem::Newer => ErrorKind::Unsupported,
            StoreProblem::Full => ErrorKind::StorageFull,
            StoreProblem::Unwritable => ErrorKind::PermissionDenied,
            StoreProblem::Busy => ErrorKind::TimedOut,
            StoreProblem::Disk | StoreProblem::NoPlace => ErrorKind::Other,
        }
    }
}

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> io::Error {
        io::Error::new(error.problem.kind(), error)
    }
}

/// Returns an error of that problem.
pub(crate) fn error(path: &Path, problem: StoreProblem) -> io::Error {
    StoreError { path: path.to_path_buf(), problem }.into()
}

/// Returns the problem of a database, if the error is about one.
pub(crate) fn problem(error: &io::Error) -> Option<StoreProblem> {
    error.get_ref()?.downcast_ref::<StoreError>().map(|error| error.problem)
}

/// Returns the hint that would help against an error of a folder, a file or a database, if there is one.
pub(crate) fn hint(error: &io::Error) -> Option<String> {
    match files::distrust(error) {
        Some(distrust) => distrust.hint.clone(),
        None => problem(error)?.hint().map(String::from),
    }
}

/// Returns the failure of a write, for the screen.
pub(crate) fn failure(what: &'static str, error: &io::Error) -> Failure {
    Failure {
        what: what.into(),
        why: SafeText::from(error.to_string()),
        hint: hint(error).map(SafeText::from),
        kind: FailureKind::Local,
    }
}

/// An error in the middle of an operation: of SQLite, or of the operation itself.
#[derive(Debug)]
pub(crate) enum OperationError {
    /// SQLite reports it.
    Sql(rusqlite::Error),
    /// The operation reports it.
    Io(io::Error),
}

impl From<rusqlite::Error> for OperationError {
    fn from(error: rusqlite::Error) -> OperationError {
        OperationError::Sql(error)
    }
}

impl From<io::Error> for OperationError {
    fn from(error: io::Error) -> OperationError {
        OperationError::Io(error)
    }
}

impl OperationError {
    /// Returns the error in words. SQLite's own text goes to the log only.
    pub(crate) fn into_io(self, path: &Path) -> io::Error {
        let sql = match self {
            OperationError::Io(error) => return error,
            OperationError::Sql(sql) => sql,
        };
        tracing::warn!(path = %path.display(), error = %sql, "SQLite reports an error");
        let problem = match &sql {
            // A value of a type that the column never had.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => StoreProblem::Damaged,
            sql => match sql.sqlite_error_code() {
                // A table or column that is missing is reported as `Unknown`.
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => {
                    StoreProblem::Damaged
                }
                Some(ErrorCode::DiskFull) => StoreProblem::Full,
                Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                    StoreProblem::Unwritable
                }
                Some(
                    ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::FileLockingProtocolFailed,
                ) => StoreProblem::Busy,
                _ => StoreProblem::Disk,
            },
        };
        error(path, problem)
    }
}
