//! The files of the journal: one for each entry, named after the time at which it was begun and its sequence number.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::line::{JournalLine, NextNumber, VERSION};
use crate::files;
use crate::model::change::ChangeRequest;
use crate::model::change::journal::{EntryId, FIRST_SEQUENCE, JournalItem, Reached, Saved, SavedManifest};

/// The extension of every entry's file.
pub const EXTENSION: &str = "jsonl";

/// Writes a new entry and syncs it and its folder. The file is locked and open for more lines. The entry gets its
/// sequence number while the folder is locked, so that the order does not depend on the clock.
pub fn create(
    folder: &Path,
    at: Timestamp,
    title: &str,
    request: Option<&ChangeRequest>,
    reached: Vec<Reached>,
    items: &[JournalItem],
    saved: &[Saved],
) -> io::Result<(EntryId, File, NextNumber)> {
    files::create_folder(folder)?;
    let held_folder = files::lock_folder(folder)?;
    let mut temporary = files::new(folder, &held_folder)?;
    let mut next = NextNumber(Some(0));
    {
        let mut lines = BufWriter::new(temporary.as_file_mut());
        let manifests: Vec<&SavedManifest> = saved_manifests(items, saved).collect();
        let first = JournalLine::Entry {
            version: VERSION,
            at,
            title: title.into(),
            request: request.map(std::borrow::Cow::Borrowed),
            reached,
            items: items.len(),
            saved: saved.len(),
            held: manifests.len(),
        };
        next.write(&mut lines, &first)?;
        let items = items.iter().map(JournalLine::of).chain(saved.iter().map(JournalLine::of_saved));
        for line in items.chain(manifests.into_iter().map(JournalLine::of_manifest)) {
            next.write(&mut lines, &line)?;
        }
        lines.flush()?;
    }
    temporary.as_file().try_lock().map_err(io::Error::from)?;
    temporary.as_file().sync_all()?;
    let last = ids(folder).last().map_or(0, EntryId::sequence);
    let sequence = last.max(FIRST_SEQUENCE - 1).checked_add(1).ok_or(io::ErrorKind::StorageFull)?;
    let id = EntryId(format!("{}-{sequence}", at.strftime("%Y%m%dT%H%M%S.%6fZ")));
    let file = temporary.persist_noclobber(path(folder, &id)?).map_err(|error| error.error)?;
    files::sync_folder(folder)?;
    Ok((id, file, next))
}

/// Returns the names of all entries in the order in which they were begun.
pub fn ids(folder: &Path) -> Vec<EntryId> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let id = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let stem = name.strip_suffix(EXTENSION)?.strip_suffix('.')?;
        is_name(stem).then(|| EntryId(stem.to_string())).filter(EntryId::is_entry)
    };
    let mut ids: Vec<EntryId> = files.filter_map(id).collect();
    ids.sort_by(|one, other| one.sequence().cmp(&other.sequence()).then_with(|| one.cmp(other)));
    ids
}

/// Returns the path of an entry. A name given by the user cannot lead out of the folder.
pub fn path(folder: &Path, id: &EntryId) -> io::Result<PathBuf> {
    match is_name(&id.0) {
        true => Ok(folder.join(format!("{}.{EXTENSION}", id.0))),
        false => Err(io::ErrorKind::NotFound.into()),
    }
}

fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && text.len() <= 64
        && text.bytes().all(is_part)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn create_at(folder: &Path, second: i64) -> EntryId {
        let at = Timestamp::from_second(second).expect("a time");
        create(folder, at, "untag app:1", None, Vec::new(), &[], &[]).expect("an entry").0
    }

    #[test]
    fn entries_keep_the_order_in_which_they_were_begun_when_the_clock_is_set_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let seconds = [1_800_000_000, 1_700_000_000, 1_750_000_000, 1_750_000_000];
        let begun = seconds.map(|second| create_at(folder.path(), second));
        assert_eq!(ids(folder.path()), begun);
    }

    #[test]
    fn entries_of_earlier_versions_come_before_all_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = ["20990101T000000.000000Z-0", "20990101T000000.000000Z-12", "20250101T000000.000000Z-999"];
        for name in old.iter().chain(&["20250101T000000.000000Z", "notes", "x-y"]) {
            fs::write(folder.path().join(format!("{name}.jsonl")), "").expect("a file");
        }
        let new = create_at(folder.path(), 0);
        let order: Vec<String> = ids(folder.path()).into_iter().map(|id| id.0).collect();
        assert_eq!(order, [old[2], old[0], old[1], new.0.as_str()]);
    }

    #[test]
    fn half_written_files_of_a_crash_go_with_the_next_entry() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(".new-abcdef"), "half").expect("a file");
        create_at(folder.path(), 0);
        assert!(!folder.path().join(".new-abcdef").exists());
    }
}
