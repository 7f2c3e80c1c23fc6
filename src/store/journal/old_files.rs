//! The files of earlier versions: one for each entry, in `journal/`, named after the entry. They are taken over once.
//!
//! The file of an entry that an earlier version still carries out is locked. It stays until its process ends. Lines
//! were texts: in version 2 a number, a checksum and a document, in version 1 a document alone.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{OptionalExtension, Transaction, params};
use serde::Deserialize;

use super::insert_line;
use super::line::{JournalLine, VERSION};
use crate::files;
use crate::model::change::journal::EntryId;
use crate::model::digest::Digest;
use crate::store::error::OperationError;

/// The folder of the files.
const FOLDER: &str = "journal";
/// The extension of every entry's file.
const EXTENSION: &str = "jsonl";
/// The number of hexadecimal digits of a checksum.
const SUM: usize = 16;
/// The most bytes of a file that are read.
const MOST: u64 = 256 * 1024 * 1024;

/// An entry of an earlier version, with the lines that can be read, by their numbers.
#[derive(Debug, Default)]
struct OldEntry {
    lines: BTreeMap<u64, OldContent>,
    /// The number of lines with which it was begun.
    first_lines: u64,
}

/// The document of a line, and the bytes of a manifest.
type OldContent = (String, Option<Vec<u8>>);

/// The line of a manifest, whose bytes were in the document.
#[derive(Deserialize)]
struct OldManifestLine {
    held: OldManifest,
}

#[derive(Deserialize)]
struct OldManifest {
    digest: Digest,
    media_type: String,
    base64: String,
}

/// Returns whether an earlier version left entries.
pub(crate) fn exist(folder: &Path) -> bool {
    !names(folder).is_empty()
}

/// Returns the greatest number of the entries that were left; zero if there are none.
pub(crate) fn last_number(folder: &Path) -> i64 {
    names(folder).last().map_or(0, |id| id.sequence().cast_signed())
}

/// Takes over all entries that are not being carried out. Returns their names, so that their files can be removed after
/// the commit. An entry that was taken over before is only returned.
pub(crate) fn import(transaction: &Transaction<'_>, folder: &Path) -> Result<Vec<EntryId>, OperationError> {
    let (mut imported, mut entries) = (Vec::new(), Vec::new());
    for id in names(folder) {
        match read_file(&path(folder, &id)) {
            Ok(Some(entry)) => entries.push((id, entry)),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, %id, "an entry of an earlier version is not taken over"),
        }
    }
    // Entries without a number of their own get numbers below all others, in their order.
    let lowest: Option<i64> = transaction.query_row("SELECT min(number) FROM entry", [], |row| row.get(0))?;
    let unnumbered = entries.iter().filter(|(id, _)| id.sequence() == 0).count() as i64;
    let mut below = lowest.unwrap_or_default().min(0) - unnumbered;
    for (id, entry) in entries {
        let known = transaction
            .query_row("SELECT number FROM entry WHERE name = ?", [&id.0], |row| row.get::<_, i64>(0))
            .optional()?;
        if known.is_none() {
            let number = match id.sequence().cast_signed() {
                0 => below,
                number => free_number(transaction, number)?,
            };
            insert(transaction, number, &id, &entry)?;
        }
        below += i64::from(id.sequence() == 0);
        imported.push(id);
    }
    Ok(imported)
}

/// Removes the files of entries that were taken over, and the folder if nothing else is in it.
pub(crate) fn remove(folder: &Path, entries: &[EntryId]) {
    // A file that stays is recognized by its name the next time.
    entries.iter().for_each(|id| drop(fs::remove_file(path(folder, id))));
    let folder = folder.join(FOLDER);
    files::remove_leftovers(&folder);
    if fs::read_dir(&folder).is_ok_and(|left| left.flatten().all(|file| file.file_name() == ".lock")) {
        fs::remove_file(folder.join(".lock")).ok();
        fs::remove_dir(folder).ok();
    }
}

fn insert(
    transaction: &Transaction<'_>,
    number: i64,
    id: &EntryId,
    entry: &OldEntry,
) -> Result<(), OperationError> {
    transaction.execute(
        "INSERT INTO entry (number, name, lines) VALUES (?, ?, ?)",
        params![number, id.0, entry.first_lines.cast_signed()],
    )?;
    for (at, (document, bytes)) in &entry.lines {
        insert_line(transaction, number, at.cast_signed(), document, bytes.as_deref())?;
    }
    Ok(())
}

fn free_number(transaction: &Transaction<'_>, number: i64) -> Result<i64, OperationError> {
    let is_taken = transaction
        .query_row("SELECT 1 FROM entry WHERE number = ?", [number], |_| Ok(()))
        .optional()?
        .is_some();
    if !is_taken {
        Ok(number)
    } else {
        Ok(transaction.query_row("SELECT 1 + max(number) FROM entry", [], |row| row.get(0))?)
    }
}

/// Reads a file. Returns `None` if a process carries out the entry.
fn read_file(path: &Path) -> io::Result<Option<OldEntry>> {
    let file = files::read(path)?;
    if file.try_lock_shared().is_err() {
        return Ok(None);
    }
    let mut text = Vec::new();
    file.take(MOST).read_to_end(&mut text)?;
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    Ok(Some(if lines.first().is_some_and(|first| first.starts_with('{')) {
        of_version_1(&lines)
    } else {
        of_version_2(&lines)
    }))
}

/// Returns the lines of version 2. A line that was altered is left out, so that its number is missing.
fn of_version_2(lines: &[&str]) -> OldEntry {
    let mut entry = OldEntry::default();
    for (number, text) in lines.iter().filter_map(|line| verify_checksum(line)) {
        // A repeated line is ignored.
        entry.lines.entry(number).or_insert_with(|| content(text));
    }
    let head = entry.lines.get(&0).and_then(|(head, _)| JournalLine::parse(head));
    entry.first_lines = match head {
        Some(JournalLine::Entry { items, saved, held, .. }) => (1 + items + saved + held) as u64,
        _ => entry.lines.last_key_value().map_or(0, |(number, _)| number + 1),
    };
    entry
}

/// Gives the lines of version 1 their numbers. If one cannot be read, it may be any item, so outcomes may belong to
/// other items than they say: they are left out, and an undo looks at the registry itself.
fn of_version_1(lines: &[&str]) -> OldEntry {
    let (mut head, mut items, mut saved, mut held, mut later) = (None, vec![], vec![], vec![], vec![]);
    let (mut unreadable, mut last_is_unreadable, mut is_over, mut has_revisions) = (0, false, false, false);
    for line in lines {
        last_is_unreadable = false;
        let text = match *line {
            "\"ended\"" => r#"{"ended":{"lines":0}}"#,
            "\"undone\"" => r#"{"undone":{}}"#,
            text => text,
        };
        if text.starts_with(r#"{"held""#) && serde_json::from_str::<OldManifestLine>(text).is_ok() {
            held.push(content(text));
            continue;
        }
        match JournalLine::parse(text) {
            Some(line @ JournalLine::Entry { version: 1, .. }) if head.is_none() => head = Some(line),
            Some(JournalLine::Item { .. }) => items.push((text.to_string(), None)),
            Some(JournalLine::Saved { .. }) => saved.push((text.to_string(), None)),
            Some(line) => {
                is_over |= matches!(line, JournalLine::Ended { .. } | JournalLine::Undone {});
                has_revisions |= matches!(line, JournalLine::Revised { .. });
                later.push((text.to_string(), matches!(line, JournalLine::Done { .. })));
            }
            None => {
                unreadable += 1;
                last_is_unreadable = true;
            }
        }
    }
    // A crash tore the last line of an entry that never ended.
    unreadable -= u64::from(last_is_unreadable && !is_over);
    let mut entry = OldEntry::default();
    let Some(JournalLine::Entry { at, title, request, kind, reached, .. }) = head else { return entry };
    let head = JournalLine::Entry {
        version: VERSION,
        at,
        title,
        request,
        kind,
        reached,
        items: items.len() + unreadable as usize,
        saved: saved.len(),
        held: held.len(),
    };
    let Ok(head) = head.document(0) else { return entry };
    entry.lines.insert(0, (head, None));
    entry.lines.extend((1..).zip(items.clone()));
    let after_items = 1 + items.len() as u64 + unreadable;
    entry.lines.extend((after_items..).zip(saved.clone()));
    let after_saved = after_items + saved.len() as u64;
    entry.first_lines = after_saved + held.len() as u64;
    entry.lines.extend((after_saved..).zip(held));
    let is_damaged = unreadable > 0;
    let outcomes = later.into_iter().filter(|(_, is_outcome)| !(is_damaged && *is_outcome));
    // A missing number says that items may have been revised.
    let first = entry.first_lines + u64::from(is_damaged && has_revisions);
    entry.lines.extend((first..).zip(outcomes.map(|(text, _)| (text, None))));
    entry
}

/// Returns a document, with the bytes of a manifest beside it.
fn content(text: &str) -> OldContent {
    if text.starts_with(r#"{"held""#)
        && let Ok(OldManifestLine { held }) = serde_json::from_str(text)
        && let Ok(bytes) = STANDARD.decode(&held.base64)
        && let Ok(document) =
            (JournalLine::Held { digest: held.digest, media_type: held.media_type.into() }).document(0)
    {
        return (document, Some(bytes));
    }
    (text.to_string(), None)
}

/// Splits a numbered line. Returns `None` if the checksum does not match or the line has another form.
fn verify_checksum(line: &str) -> Option<(u64, &str)> {
    let (number, rest) = line.split_once(' ')?;
    let (found, text) = rest.split_at_checked(SUM)?;
    let text = text.strip_prefix(' ')?;
    let number: u64 = number.parse().ok()?;
    let expected = Digest::sha256(format!("{number} {text}").as_bytes());
    (Some(found) == expected.hex().get(..SUM)).then_some((number, text))
}

/// Returns the names of all entries in the order in which they were begun.
fn names(folder: &Path) -> Vec<EntryId> {
    let files = fs::read_dir(folder.join(FOLDER)).into_iter().flatten().flatten();
    let id = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let stem = name.strip_suffix(EXTENSION)?.strip_suffix('.')?;
        Some(EntryId(stem.to_string())).filter(EntryId::is_entry)
    };
    let mut ids: Vec<EntryId> = files.filter_map(id).collect();
    ids.sort_by(|one, other| one.sequence().cmp(&other.sequence()).then_with(|| one.cmp(other)));
    ids
}

fn path(folder: &Path, id: &EntryId) -> PathBuf {
    folder.join(FOLDER).join(format!("{}.{EXTENSION}", id.0))
}
