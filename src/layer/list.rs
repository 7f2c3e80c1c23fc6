//! The entries of one layer in little memory: one buffer for all paths and links, and 56 bytes for each entry.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::entry::{DataPosition, EntryKind, LayerEntry};
use super::error::LayerError;
use super::path::below;

/// An entry without its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    size: u64,
    mtime: i64,
    /// The position in the stream, or the first chunk and the number of chunks.
    data: u64,
    /// The place of the path, which the link follows.
    text: u32,
    uid: u32,
    gid: u32,
    /// The index of the sha256 plus 1; 0 if there is none.
    sha256: u32,
    path_length: u16,
    link_length: u16,
    mode: u16,
    kind: EntryKind,
    place: Place,
}

/// The meaning of [`Record::data`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    None,
    Stream,
    Chunks,
}

/// The entries of a layer in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileList {
    text: Vec<u8>,
    records: Vec<Record>,
    sums: Vec<[u8; 32]>,
}

impl FileList {
    /// Adds an entry.
    pub fn push(&mut self, entry: &LayerEntry<'_>) -> Result<(), LayerError> {
        let text = u32::try_from(self.text.len()).map_err(|_| LayerError::LongPaths)?;
        let length = |text: &[u8]| u16::try_from(text.len()).map_err(|_| LayerError::LongPaths);
        let (path_length, link_length) = (length(&entry.path)?, length(&entry.link)?);
        let (data, place) = match entry.data {
            None => (0, Place::None),
            Some(DataPosition::Stream(at)) => (at, Place::Stream),
            Some(DataPosition::Chunks { first, count }) => {
                (u64::from(first) << 32 | u64::from(count), Place::Chunks)
            }
        };
        self.sums.extend(entry.sha256);
        let sha256 = entry.sha256.map_or(Ok(0), |_| u32::try_from(self.sums.len()));
        self.text.extend_from_slice(&entry.path);
        self.text.extend_from_slice(&entry.link);
        self.records.push(Record {
            size: entry.size,
            mtime: entry.mtime,
            data,
            text,
            uid: entry.uid,
            gid: entry.gid,
            sha256: sha256.map_err(|_| LayerError::LongPaths)?,
            path_length,
            link_length,
            mode: entry.mode,
            kind: entry.kind,
            place,
        });
        Ok(())
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns an entry by its number, from 0.
    pub fn get(&self, index: usize) -> Option<LayerEntry<'_>> {
        self.records.get(index).map(|record| self.entry(record))
    }

    /// Returns all entries in the order of the layer.
    pub fn iter(&self) -> impl Iterator<Item = LayerEntry<'_>> {
        self.records.iter().map(|record| self.entry(record))
    }

    /// Returns whether all records of a list that was read from a disk point into it, and into `chunks` chunks.
    pub(super) fn is_valid(&self, chunks: usize) -> bool {
        let fits = |record: &Record| {
            let end =
                record.text as usize + usize::from(record.path_length) + usize::from(record.link_length);
            let has_chunks = match record.place {
                Place::None | Place::Stream => true,
                Place::Chunks => (record.data >> 32) + (record.data & u64::from(u32::MAX)) <= chunks as u64,
            };
            end <= self.text.len() && record.sha256 as usize <= self.sums.len() && has_chunks
        };
        self.records.iter().all(fits)
    }

    /// Returns the same entries with the content of a directory at the root. Entries keep their numbers.
    pub(super) fn below(&self, directory: &[u8]) -> Result<FileList, LayerError> {
        let mut list = FileList::default();
        for mut entry in self.iter() {
            let path = below(directory, &entry.path).to_vec();
            if entry.kind == EntryKind::HardLink {
                entry.link = below(directory, &entry.link).to_vec().into();
            }
            list.push(&LayerEntry { path: path.into(), ..entry })?;
        }
        list.shrink();
        Ok(list)
    }

    /// Whether there is anything in a directory.
    pub(super) fn has_any_in(&self, directory: &[u8]) -> bool {
        self.iter().any(|entry| below(directory, &entry.path).len() < entry.path.len())
    }

    /// Gives back memory that was set aside for further entries.
    pub fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.records.shrink_to_fit();
        self.sums.shrink_to_fit();
    }

    /// Returns the bytes of memory that the list uses.
    pub fn memory(&self) -> usize {
        self.text.capacity()
            + self.records.capacity() * size_of::<Record>()
            + self.sums.capacity() * size_of::<[u8; 32]>()
    }

    fn entry(&self, record: &Record) -> LayerEntry<'_> {
        let path_end = record.text as usize + usize::from(record.path_length);
        let link_end = path_end + usize::from(record.link_length);
        LayerEntry {
            path: Cow::Borrowed(&self.text[record.text as usize..path_end]),
            kind: record.kind,
            size: record.size,
            mode: record.mode,
            uid: record.uid,
            gid: record.gid,
            mtime: record.mtime,
            link: Cow::Borrowed(&self.text[path_end..link_end]),
            sha256: (record.sha256 as usize).checked_sub(1).and_then(|index| self.sums.get(index)).copied(),
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
