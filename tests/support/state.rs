//! The database of the state, as a damaged disk or another version may leave it.

use std::path::{Path, PathBuf};

use regtui::model::change::journal::EntryId;
use rusqlite::{Connection, params};

/// A line of the journal.
#[derive(Debug, Clone)]
pub struct LineRow {
    pub number: i64,
    pub checksum: Vec<u8>,
    pub document: Vec<u8>,
    pub bytes: Option<Vec<u8>>,
}

pub fn database(folder: &Path) -> PathBuf {
    folder.join("state.db")
}

/// Opens the database beside the program that uses it.
pub fn connect(folder: &Path) -> Connection {
    let connection = Connection::open(database(folder)).expect("a database");
    connection.busy_timeout(std::time::Duration::from_secs(20)).expect("it waits");
    connection
}

pub fn number_of(id: &EntryId) -> i64 {
    id.sequence().cast_signed()
}

/// The lines of an entry.
pub fn lines(folder: &Path, id: &EntryId) -> Vec<LineRow> {
    let connection = connect(folder);
    let mut select = connection
        .prepare(
            "SELECT number, CAST(checksum AS BLOB), CAST(document AS BLOB), bytes FROM line WHERE entry = ? ORDER BY number",
        )
        .expect("lines");
    let rows = select.query_map([number_of(id)], |row| {
        Ok(LineRow { number: row.get(0)?, checksum: row.get(1)?, document: row.get(2)?, bytes: row.get(3)? })
    });
    rows.expect("lines").map(|row| row.expect("a line")).collect()
}

/// Replaces the lines of an entry.
pub fn set_lines(folder: &Path, id: &EntryId, lines: &[LineRow]) {
    let mut connection = connect(folder);
    let transaction = connection.transaction().expect("it begins");
    transaction.execute("DELETE FROM line WHERE entry = ?", [number_of(id)]).expect("they go");
    for line in lines {
        transaction
            .execute(
                "INSERT OR IGNORE INTO line (entry, number, checksum, document, bytes)
                 VALUES (?, ?, CAST(? AS TEXT), CAST(? AS TEXT), ?)",
                params![number_of(id), line.number, line.checksum, line.document, line.bytes],
            )
            .expect("it is written");
    }
    transaction.commit().expect("it is written");
}

/// Runs a statement and returns the number of rows that it changed.
pub fn execute(folder: &Path, statement: &str) -> usize {
    connect(folder).execute(statement, []).expect("it is done")
}

impl LineRow {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.document).into_owned()
    }
}
