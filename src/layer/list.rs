//! The entries of one layer in little memory: parts, each with one buffer for its texts, and 32 bytes for each entry.
//! Entries of a part share the text of their directory. Copies of a list share its parts, so a list that still grows can be
//! looked at without copying it.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::entry::{DataPosition, EntryKind, LayerEntry};
use super::error::LayerError;
use super::path::at_root;

/// The entries of a part. Only the last part has fewer.
const PART: usize = 1024;
/// Most bytes of all paths and links,
const TEXT: u64 = 64 << 20;
/// in addition to this number for each entry.
const TEXT_AN_ENTRY: u64 = 256;

/// Whether that many bytes of paths and links are too many for that many entries.
pub fn is_long_text(text: u64, entries: usize) -> bool {
    text > TEXT + TEXT_AN_ENTRY * entries as u64
}
/// The last directories of a part that a new entry may share the text of.
const DIRECTORIES_COMPARED: usize = 16;

/// An entry without its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// The size in bytes, or [`WIDE`].
    size: u32,
    /// The seconds since 1970. If the size is [`WIDE`], the index of both in [`ListPart::wide`].
    mtime: u32,
    /// The position in the stream, or the first chunk and the number of chunks.
    data: u64,
    /// The place of the name, which the link follows.
    text: u32,
    name_length: u16,
    link_length: u16,
    /// The index of the directory.
    directory: u16,
    /// The index of the sha256 plus 1; 0 if there is none.
    sha256: u16,
    /// The index of owner and mode.
    access: u16,
    kind: EntryKind,
    place: Place,
}

/// The size in a record whose size or time needs more bits.
const WIDE: u32 = u32::MAX;

/// A size and a time of which one does not fit into a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct WideFacts {
    size: u64,
    mtime: i64,
}

/// The meaning of [`Record::data`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    None,
    Stream,
    Chunks,
}

/// Owner and permissions. Most files of a layer share a few of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Access {
    uid: u32,
    gid: u32,
    mode: u16,
}

/// The part of a path up to its last slash, with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct DirectoryText {
    text: u32,
    length: u16,
}

/// Size, time, owner and permissions of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryFacts {
    /// The size in bytes.
    pub(super) size: u64,
    /// The time of the last change, in seconds since 1970.
    pub(super) mtime: i64,
    /// The number of the owner.
    pub(super) uid: u32,
    /// The number of the group.
    pub(super) gid: u32,
    /// Permissions.
    pub(super) mode: u16,
}

/// Up to [`PART`] entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ListPart {
    text: Vec<u8>,
    directories: Vec<DirectoryText>,
    records: Vec<Record>,
    sums: Vec<[u8; 32]>,
    accesses: Vec<Access>,
    wide: Vec<WideFacts>,
}

/// The entries of a layer in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileList {
    parts: Vec<Arc<ListPart>>,
    /// The bytes of all paths and links.
    text: u64,
}

impl FileList {
    /// Adds an entry.
    pub fn push(&mut self, entry: &LayerEntry<'_>) -> Result<(), LayerError> {
        let length = |text: &[u8]| u16::try_from(text.len()).map_err(|_| LayerError::LongPaths);
        let (path_length, link_length) = (length(&entry.path)?, length(&entry.link)?);
        self.text += u64::from(path_length) + u64::from(link_length);
        if is_long_text(self.text, self.len()) {
            return Err(LayerError::LongPaths);
        }
        if self.parts.last().is_none_or(|part| part.records.len() >= PART) {
            self.parts.push(Arc::default());
        }
        let Some(part) = self.parts.last_mut().map(Arc::make_mut) else { return Ok(()) };
        part.push(entry, link_length)?;
        if part.records.len() == PART {
            part.shrink();
        }
        Ok(())
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        let full = self.parts.len().saturating_sub(1) * PART;
        full + self.parts.last().map_or(0, |part| part.records.len())
    }

    /// Returns the number of entries with a digest of their content.
    pub(super) fn digests(&self) -> usize {
        self.parts.iter().map(|part| part.sums.len()).sum()
    }

    /// Returns the bytes of all paths and links.
    pub fn text(&self) -> u64 {
        self.text
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns an entry by its number, from 0.
    pub fn get(&self, index: usize) -> Option<LayerEntry<'_>> {
        let part = self.parts.get(index / PART)?;
        part.records.get(index % PART).map(|record| part.entry(record))
    }

    /// Returns the facts of an entry by its number, without its texts.
    pub(super) fn facts(&self, index: usize) -> Option<EntryFacts> {
        let part = self.parts.get(index / PART)?;
        part.records.get(index % PART).map(|record| part.facts(record))
    }

    /// Returns the last component of the path of an entry by its number; empty if there is none.
    pub(super) fn name(&self, index: usize) -> &[u8] {
        let Some(part) = self.parts.get(index / PART) else { return b"" };
        part.records.get(index % PART).map_or(b"", |record| part.name(record))
    }

    /// Returns the target of a link by the number of its entry; empty if it is no link.
    pub(super) fn link(&self, index: usize) -> &[u8] {
        let Some(part) = self.parts.get(index / PART) else { return b"" };
        part.records.get(index % PART).map_or(b"", |record| part.link(record))
    }

    /// Returns all entries in the order of the layer.
    pub fn iter(&self) -> impl Iterator<Item = LayerEntry<'_>> {
        self.parts.iter().flat_map(|part| part.records.iter().map(|record| part.entry(record)))
    }

    /// Returns the same entries with the content of a directory at the root. Entries keep their numbers.
    pub(super) fn at_root(&self, directory: &[u8]) -> Result<FileList, LayerError> {
        let mut list = FileList::default();
        for entry in self.iter() {
            let path = at_root(directory, entry.kind, &entry.path).into_owned().into();
            let is_link = entry.kind == EntryKind::HardLink;
            let link = if is_link {
                at_root(directory, EntryKind::File, &entry.link).into_owned().into()
            } else {
                entry.link
            };
            // Without the directory there is nothing in it.
            let is_all = entry.kind == EntryKind::Whiteout && *entry.path == *directory;
            let kind = if is_all { EntryKind::OpaqueMarker } else { entry.kind };
            list.push(&LayerEntry { path, kind, link, ..entry })?;
        }
        list.shrink();
        Ok(list)
    }

    /// Whether there is anything in one of these directories.
    pub(super) fn has_any_in(&self, directories: &[&[u8]]) -> bool {
        let is_in = |path: &[u8]| {
            let rest = directories.iter().filter_map(|directory| path.strip_prefix(*directory));
            rest.into_iter().any(|rest| rest.first() == Some(&b'/'))
        };
        self.iter().any(|entry| is_in(&entry.path))
    }

    /// Returns the parts, in order.
    pub(super) fn parts(&self) -> impl ExactSizeIterator<Item = &ListPart> {
        self.parts.iter().map(|part| &**part)
    }

    /// Adds a part that was read from a disk. Returns `None` if it does not fit behind the others, or points out of
    /// itself or of `chunks` chunks.
    pub(super) fn add_part(&mut self, part: ListPart, chunks: usize) -> Option<()> {
        let is_behind_full = self.parts.last().is_none_or(|last| last.records.len() == PART);
        if !is_behind_full || part.records.is_empty() || part.records.len() > PART || !part.is_valid(chunks) {
            return None;
        }
        self.text += u64::from(part.all_text()?);
        self.parts.push(Arc::new(part));
        (!is_long_text(self.text, self.len())).then_some(())
    }

    /// Gives back memory that was set aside for further entries.
    pub fn shrink(&mut self) {
        self.parts.shrink_to_fit();
        if let Some(part) = self.parts.last_mut().and_then(Arc::get_mut) {
            part.shrink();
        }
    }

    /// Returns the bytes of memory that the list uses.
    pub fn memory(&self) -> usize {
        let parts: usize = self.parts.iter().map(|part| size_of::<ListPart>() + part.memory()).sum();
        parts + self.parts.capacity() * size_of::<Arc<ListPart>>()
    }
}

impl ListPart {
    fn push(&mut self, entry: &LayerEntry<'_>, link_length: u16) -> Result<(), LayerError> {
        // A part has few entries, and its texts are limited, so their numbers fit.
        let number = |index: usize| u16::try_from(index).map_err(|_| LayerError::LongPaths);
        let end_of = |text: &[u8]| u32::try_from(text.len()).map_err(|_| LayerError::LongPaths);
        let split = entry.path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        let (directory, name) = entry.path.split_at(split);
        let last = self.directories.iter().enumerate().rev().take(DIRECTORIES_COMPARED);
        let known =
            last.filter(|(_, known)| self.directory(**known) == directory).map(|(index, _)| index).next();
        let directory = match known {
            Some(known) => known,
            None => {
                let (text, length) = (end_of(&self.text)?, number(directory.len())?);
                self.text.extend_from_slice(directory);
                self.directories.push(DirectoryText { text, length });
                self.directories.len() - 1
            }
        };
        let text = end_of(&self.text)?;
        let (data, place) = match entry.data {
            None => (0, Place::None),
            Some(DataPosition::Stream(at)) => (at, Place::Stream),
            Some(DataPosition::Chunks { first, count }) => {
                (u64::from(first) << 32 | u64::from(count), Place::Chunks)
            }
        };
        let access = Access { uid: entry.uid, gid: entry.gid, mode: entry.mode };
        let known = self.accesses.iter().rposition(|known| *known == access);
        let access = known.unwrap_or_else(|| {
            self.accesses.push(access);
            self.accesses.len() - 1
        });
        let narrow = (u32::try_from(entry.size).ok().filter(|size| *size != WIDE))
            .zip(u32::try_from(entry.mtime).ok());
        let (size, mtime) = match narrow {
            Some(narrow) => narrow,
            None => {
                self.wide.push(WideFacts { size: entry.size, mtime: entry.mtime });
                (WIDE, u32::from(number(self.wide.len() - 1)?))
            }
        };
        self.sums.extend(entry.sha256);
        let sha256 = if entry.sha256.is_some() { self.sums.len() } else { 0 };
        self.text.extend_from_slice(name);
        self.text.extend_from_slice(&entry.link);
        self.records.push(Record {
            size,
            mtime,
            data,
            text,
            name_length: number(name.len())?,
            link_length,
            directory: number(directory)?,
            sha256: number(sha256)?,
            access: number(access)?,
            kind: entry.kind,
            place,
        });
        Ok(())
    }

    /// Returns whether all records point into the part, and into `chunks` chunks.
    fn is_valid(&self, chunks: usize) -> bool {
        let is_inside = |place: u32, length: usize| place as usize + length <= self.text.len();
        let fits = |record: &Record| {
            let length = usize::from(record.name_length) + usize::from(record.link_length);
            let has_chunks = match record.place {
                Place::None | Place::Stream => true,
                Place::Chunks => (record.data >> 32) + (record.data & u64::from(u32::MAX)) <= chunks as u64,
            };
            is_inside(record.text, length)
                && usize::from(record.directory) < self.directories.len()
                && usize::from(record.sha256) <= self.sums.len()
                && usize::from(record.access) < self.accesses.len()
                && (record.size != WIDE || (record.mtime as usize) < self.wide.len())
                && has_chunks
        };
        self.directories.iter().all(|directory| is_inside(directory.text, directory.length.into()))
            && self.records.iter().all(fits)
    }

    /// Returns the bytes of all paths and links, those of a directory with each of its entries.
    fn all_text(&self) -> Option<u32> {
        self.records.iter().try_fold(0_u32, |sum, record| {
            let directory = self.directories.get(usize::from(record.directory))?.length;
            let own = [directory, record.name_length, record.link_length].map(u32::from);
            sum.checked_add(own.iter().sum())
        })
    }

    fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.directories.shrink_to_fit();
        self.records.shrink_to_fit();
        self.sums.shrink_to_fit();
        self.accesses.shrink_to_fit();
        self.wide.shrink_to_fit();
    }

    fn memory(&self) -> usize {
        self.text.capacity()
            + self.directories.capacity() * size_of::<DirectoryText>()
            + self.records.capacity() * size_of::<Record>()
            + self.sums.capacity() * size_of::<[u8; 32]>()
            + self.accesses.capacity() * size_of::<Access>()
            + self.wide.capacity() * size_of::<WideFacts>()
    }

    fn directory(&self, directory: DirectoryText) -> &[u8] {
        &self.text[directory.text as usize..directory.text as usize + usize::from(directory.length)]
    }

    fn name(&self, record: &Record) -> &[u8] {
        &self.text[record.text as usize..record.text as usize + usize::from(record.name_length)]
    }

    fn link(&self, record: &Record) -> &[u8] {
        let name_end = record.text as usize + usize::from(record.name_length);
        &self.text[name_end..name_end + usize::from(record.link_length)]
    }

    fn facts(&self, record: &Record) -> EntryFacts {
        let Access { uid, gid, mode } = self.accesses[usize::from(record.access)];
        let WideFacts { size, mtime } = match record.size {
            WIDE => self.wide[record.mtime as usize],
            size => WideFacts { size: size.into(), mtime: record.mtime.into() },
        };
        EntryFacts { size, mtime, uid, gid, mode }
    }

    fn entry(&self, record: &Record) -> LayerEntry<'_> {
        let EntryFacts { size, mtime, uid, gid, mode } = self.facts(record);
        let directory = self.directory(self.directories[usize::from(record.directory)]);
        let name = self.name(record);
        LayerEntry {
            path: if directory.is_empty() {
                Cow::Borrowed(name)
            } else {
                Cow::Owned([directory, name].concat())
            },
            kind: record.kind,
            size,
            mode,
            uid,
            gid,
            mtime,
            link: Cow::Borrowed(self.link(record)),
            sha256: usize::from(record.sha256).checked_sub(1).and_then(|index| self.sums.get(index)).copied(),
            data: match record.place {
                Place::None => None,
                Place::Stream => Some(DataPosition::Stream(record.data)),
                Place::Chunks => Some(DataPosition::Chunks {
                    first: (record.data >> 32) as u32,
                    count: (record.data & u64::from(u32::MAX)) as u32,
                }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: usize) -> LayerEntry<'static> {
        let is_file = !number.is_multiple_of(3);
        LayerEntry {
            path: [format!("dir/{number}"), format!("{number}"), format!("a/b/{number}/c")][number % 3]
                .clone()
                .into_bytes()
                .into(),
            kind: if is_file { EntryKind::File } else { EntryKind::Symlink },
            size: if number.is_multiple_of(100) {
                u64::from(u32::MAX) + number as u64
            } else {
                number as u64
            },
            mode: 0o644 + (number % 7) as u16,
            uid: (number % 5) as u32,
            gid: 0,
            mtime: [-1, 0, u32::MAX.into(), i64::MAX, 1_700_000_000][number % 5],
            link: if is_file { b"".into() } else { format!("to-{number}").into_bytes().into() },
            sha256: is_file.then_some([number as u8; 32]),
            data: is_file.then_some(DataPosition::Stream(512 * number as u64)),
        }
    }

    #[test]
    fn entries_are_the_same_in_every_part_and_in_a_copy_that_was_made_before_the_list_grew() {
        let mut list = FileList::default();
        let mut copies = Vec::new();
        for number in 0..3 * PART + 7 {
            if number % 700 == 0 {
                copies.push(list.clone());
            }
            list.push(&entry(number)).expect("it fits");
        }
        assert_eq!(list.len(), 3 * PART + 7);
        assert_eq!(list.get(list.len()), None);
        for (index, copy) in copies.iter().enumerate() {
            assert_eq!(copy.len(), index * 700);
        }
        for list in copies.iter().chain([&list]) {
            assert_eq!(list.iter().count(), list.len());
            assert!(list.iter().enumerate().all(|(index, found)| found == entry(index)));
            assert!((0..list.len()).all(|index| list.get(index) == Some(entry(index))));
            assert!((0..list.len()).all(|index| list.link(index) == &*entry(index).link));
        }
    }

    #[test]
    fn a_part_that_points_out_of_itself_or_follows_one_that_is_not_full_is_refused() {
        let mut list = FileList::default();
        for number in 0..=PART {
            list.push(&entry(number)).expect("it fits");
        }
        let part = |index: usize| (*list.parts[index]).clone();
        let mut read = FileList::default();
        assert_eq!(read.add_part(part(0), 0), Some(()));
        assert_eq!(read.add_part(part(1), 0), Some(()));
        assert_eq!(read, list);
        assert_eq!(read.add_part(part(1), 0), None);
        let change = |change: fn(&mut Record)| {
            let mut part = part(0);
            change(&mut part.records[1]);
            FileList::default().add_part(part, 10)
        };
        assert_eq!(change(|_| {}), Some(()));
        assert_eq!(change(|record| record.link_length = u16::MAX), None);
        assert_eq!(change(|record| record.sha256 = 1_024), None);
        assert_eq!(change(|record| record.access = 1_024), None);
        assert_eq!(change(|record| (record.size, record.mtime) = (WIDE, 1_024)), None);
        assert_eq!(change(|record| record.directory = 1_024), None);
        assert_eq!(change(|record| (record.place, record.data) = (Place::Chunks, 10 << 32 | 1)), None);
        assert_eq!(FileList::default().add_part(ListPart::default(), 0), None);
    }
}
