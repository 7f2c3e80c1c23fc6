//! Limits the size of the journal: the oldest entries that are over make room for new ones.

use std::path::Path;

use rusqlite::Transaction;

use super::read::ManifestBytes;
use super::{names, read_entry, remove_entry};
use crate::model::change::journal::{EntryId, EntryState};
use crate::store::error::OperationError;

/// The highest number of entries.
const MOST: i64 = 500;
/// The highest number of bytes of all entries.
const MOST_BYTES: i64 = 64 * 1024 * 1024;

/// Removes the oldest entries until the journal is within its limits, but never `kept` or an entry that is open or
/// running.
pub(crate) fn enforce(transaction: &Transaction<'_>, folder: &Path, kept: i64) -> Result<(), OperationError> {
    enforce_limits(transaction, folder, kept, MOST, MOST_BYTES)
}

fn enforce_limits(
    transaction: &Transaction<'_>,
    folder: &Path,
    kept: i64,
    max_entries: i64,
    max_bytes: i64,
) -> Result<(), OperationError> {
    let mut count: i64 = transaction.query_row("SELECT count(*) FROM entry", [], |row| row.get(0))?;
    // All pages together are an upper bound, known without looking at a line.
    let pages: i64 = transaction.query_row(
        "SELECT (page_count - freelist_count) * page_size
         FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
        [],
        |row| row.get(0),
    )?;
    if count <= max_entries && pages <= max_bytes {
        return Ok(());
    }
    let length = |entry: Option<i64>| -> Result<i64, OperationError> {
        let lengths = "SELECT coalesce(sum(length(document) + coalesce(length(bytes), 0)), 0) FROM line
            WHERE ?1 IS NULL OR entry = ?1";
        Ok(transaction.query_row(lengths, [entry], |row| row.get(0))?)
    };
    let mut bytes = length(None)?;
    for (number, id) in names(transaction)? {
        if count <= max_entries && bytes <= max_bytes {
            return Ok(());
        }
        if number != kept && has_ended(transaction, folder, number, &id)? {
            bytes -= length(Some(number))?;
            count -= 1;
            remove_entry(transaction, number)?;
        }
    }
    Ok(())
}

/// Returns whether the entry is over. An entry that cannot be read is useless and counts as over.
fn has_ended(
    transaction: &Transaction<'_>,
    folder: &Path,
    number: i64,
    id: &EntryId,
) -> Result<bool, OperationError> {
    match read_entry(transaction, folder, number, id, ManifestBytes::Skipped) {
        Ok(read) => Ok(!matches!(read.entry.state, EntryState::Open | EntryState::Running)),
        Err(OperationError::Io(_)) => Ok(true),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{begin_at, ids};
    use super::*;
    use crate::store::journal::line::JournalLine;
    use crate::store::state::StateStore;

    #[test]
    fn the_oldest_entries_that_are_over_make_room_and_open_ones_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = StateStore::new(Some(folder.path().into()));
        let begin = |second: i64, over: bool| {
            let (id, writer) = begin_at(&state, second);
            if over {
                writer.append(&[(JournalLine::Ended { lines: 0 }, None)]).expect("a line");
            }
            id
        };
        let all: Vec<EntryId> =
            [true, false, true, true].into_iter().zip(1..).map(|(over, n)| begin(n, over)).collect();
        let kept = all[3].sequence().cast_signed();
        let limit = |entries, bytes| {
            state
                .write(|transaction| enforce_limits(transaction, folder.path(), kept, entries, bytes))
                .expect("they are removed");
        };
        limit(2, i64::MAX);
        assert_eq!(ids(&state), [all[1].clone(), all[3].clone()]);
        limit(2, 0);
        assert_eq!(ids(&state), [all[1].clone(), all[3].clone()], "neither open nor the newest goes");
    }
}
