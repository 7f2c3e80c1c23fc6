//! The file in which earlier versions kept the names that were opened. It is taken over once.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Transaction, params};

use super::error::OperationError;
use crate::files;
use crate::model::reference::{Host, RepositoryName};

/// The most bytes of the file that are read.
const MOST: u64 = 16 * 1024 * 1024;

/// Returns whether an earlier version left a file.
pub(crate) fn exist(folder: &Path) -> bool {
    fs::symlink_metadata(path(folder)).is_ok_and(|about| about.is_file())
}

/// Takes over the names, for registries of which no others are known. Names that break the grammar are left out.
pub(crate) fn import(transaction: &Transaction<'_>, folder: &Path) -> Result<(), OperationError> {
    // A file that cannot be read has nothing to take over.
    for (host, names) in read(&path(folder)).unwrap_or_default() {
        let Ok(host) = Host::parse(&host) else { continue };
        let known: i64 =
            transaction
                .query_row("SELECT count(*) FROM opened WHERE host = ?", [host.as_str()], |row| row.get(0))?;
        if known > 0 {
            continue;
        }
        let names = names.iter().filter_map(|name| RepositoryName::parse(name).ok());
        for (position, name) in (0i64..).zip(names) {
            transaction.execute(
                "INSERT INTO opened (host, position, repository) VALUES (?, ?, ?)",
                params![host.as_str(), position, name.as_str()],
            )?;
        }
    }
    Ok(())
}

/// Removes the file.
pub(crate) fn remove(folder: &Path) {
    // A file that stays changes nothing: its names are known.
    fs::remove_file(path(folder)).ok();
}

fn path(folder: &Path) -> PathBuf {
    folder.join("opened.json")
}

fn read(file: &Path) -> io::Result<BTreeMap<String, Vec<String>>> {
    let mut text = String::new();
    files::read(file)?.take(MOST).read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}
