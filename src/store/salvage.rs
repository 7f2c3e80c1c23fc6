//! Copies everything that can be read from a damaged state into a new one.
//!
//! Rows are read from the first one up to the first damaged page, and then from the last one back to it. The numbers
//! and checksums of the journal's lines reveal afterwards what is missing.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Transaction, params_from_iter};

use super::database::Database;
use super::error::OperationError;

/// The tables of the state that are taken over, their columns, and their keys in both orders. Permissions for logins are
/// not: the user is asked again. The last session and the list of registries used lately come back by use.
const TABLES: [(&str, &str, usize, [&str; 2]); 5] = [
    ("entry", "number, name, kind, lines", 4, ["number", "number DESC"]),
    ("line", "entry, number, checksum, document, bytes", 5, ["entry, number", "entry DESC, number DESC"]),
    ("opened", "host, position, repository", 3, ["host, position", "host DESC, position DESC"]),
    (
        "bookmark",
        "host, repository, selector",
        3,
        ["host, repository, selector", "host DESC, repository DESC, selector DESC"],
    ),
    ("server_trust", "server, fingerprint", 2, ["server", "server DESC"]),
];

/// Copies the rows of the damaged file. Returns the number of entries of the journal that the new database has then.
pub(crate) fn copy(damaged: &Path, into: &mut Database) -> usize {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let Ok(from) = Connection::open_with_flags(damaged, flags) else { return 0 };
    // A folder in the place of the file, or a file that is no database, has no rows.
    let copied = into.write(|to| {
        for (table, columns, count, orders) in TABLES {
            for order in orders {
                copy_rows(&from, to, table, columns, count, order);
            }
        }
        // Lines whose entry cannot be read: its first line names what it was.
        to.execute(
            "INSERT OR IGNORE INTO entry SELECT DISTINCT entry, '', NULL, 1 FROM line
             WHERE entry NOT IN (SELECT number FROM entry)",
            [],
        )?;
        Ok(to.query_row("SELECT count(*) FROM entry", [], |row| row.get::<_, i64>(0))?)
    });
    copied.map_or(0, |entries| usize::try_from(entries).unwrap_or_default())
}

/// Copies rows in that order until one cannot be read.
fn copy_rows(from: &Connection, to: &Transaction<'_>, table: &str, columns: &str, count: usize, order: &str) {
    let copy = || -> Result<(), OperationError> {
        let mut select = from.prepare(&format!("SELECT {columns} FROM {table} ORDER BY {order}"))?;
        let places = vec!["?"; count].join(", ");
        let mut insert =
            to.prepare(&format!("INSERT OR IGNORE INTO {table} ({columns}) VALUES ({places})"))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let values: Result<Vec<Value>, _> = (0..count).map(|column| row.get(column)).collect();
            // A value that does not fit is left out with its row.
            if let Ok(values) = values {
                insert.execute(params_from_iter(values)).ok();
            }
        }
        Ok(())
    };
    if let Err(error) = copy() {
        tracing::warn!(?error, table, "a damaged table ends here");
    }
}
