//! Limits the size of the journal: the oldest entries that are over make room for new ones.

use std::fs;
use std::path::Path;

use super::old_files as file;
use super::read::{self, Bytes};
use crate::model::change::journal::{EntryId, EntryState};
use crate::model::size;

/// The highest number of entries.
const MOST: usize = 500;
/// The highest number of bytes of all entries.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Removes the oldest entries until the journal is within its limits, but never `kept` or an entry that is open or
/// running. Files that cannot be removed stay.
pub fn enforce(folder: &Path, kept: &EntryId) {
    enforce_limits(folder, kept, MOST, MOST_BYTES);
}

fn enforce_limits(folder: &Path, kept: &EntryId, max_entries: usize, max_bytes: u64) {
    let length = |id: &EntryId| {
        file::path(folder, id).and_then(fs::metadata).map(|about| about.len()).unwrap_or_default()
    };
    let all: Vec<(u64, EntryId)> = file::ids(folder).into_iter().map(|id| (length(&id), id)).collect();
    let (mut count, mut bytes) = (all.len(), size::sum_of_known(all.iter().map(|(size, _)| Some(*size))));
    for (size, id) in all {
        if count <= max_entries && bytes <= max_bytes {
            return;
        }
        if id != *kept && has_ended(folder, &id) && file::path(folder, &id).and_then(fs::remove_file).is_ok()
        {
            count -= 1;
            bytes = bytes.saturating_sub(size);
        }
    }
}

/// Returns whether the entry is over. An entry that cannot be read is useless and counts as over.
fn has_ended(folder: &Path, id: &EntryId) -> bool {
    read::read(folder, id, Bytes::Skipped)
        .map_or(true, |read| !matches!(read.entry.state, EntryState::Open | EntryState::Running))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::store::journal::line::JournalLine;

    #[test]
    fn the_oldest_entries_that_are_over_make_room_and_open_ones_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let begin = |second: i64, over: bool| {
            let at = Timestamp::from_second(second).expect("a time");
            let (id, mut file, mut next) =
                file::create(folder.path(), at, "untag app:1", None, Vec::new(), &[], &[]).expect("an entry");
            if over {
                next.append(&mut file, &JournalLine::Ended { lines: 0 }).expect("a line");
            }
            id
        };
        let ids: Vec<EntryId> =
            [true, false, true, true].into_iter().zip(1..).map(|(over, n)| begin(n, over)).collect();
        enforce_limits(folder.path(), &ids[3], 2, u64::MAX);
        assert_eq!(file::ids(folder.path()), [ids[1].clone(), ids[3].clone()]);
        enforce_limits(folder.path(), &ids[3], 2, 0);
        assert_eq!(
            file::ids(folder.path()),
            [ids[1].clone(), ids[3].clone()],
            "neither open nor the newest goes"
        );
    }
}
