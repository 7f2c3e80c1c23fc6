//! Content in a few append-only files, since creating a file for each manifest costs more than fetching it does.
//!
//! A pack is a row of records: a line `<digest> <length>`, the bytes, a line break. One process appends to a pack,
//! which it has locked; another process begins a pack of its own. A record that a crash left half written ends the pack
//! for readers, and the next writer cuts it off.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::client::cache::LARGEST;
use crate::files;
use crate::model::digest::Digest;

/// A pack of this many bytes is full.
const FULL: u64 = 8 * 1024 * 1024;
/// Longest line before the bytes: a sha512 digest, a length, and the media type that earlier versions wrote after it.
const LONGEST_LINE: u64 = 512;

/// The position of content: a record of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPosition {
    pack: u32,
    at: u64,
    length: u32,
}

/// The positions of all content.
pub type Index = HashMap<Digest, RecordPosition>;

/// The pack that this process appends to.
#[derive(Debug)]
pub struct Pack {
    number: u32,
    file: File,
    end: u64,
}

/// Returns the index of everything in the folder. Later records win, so that damaged content can be written again.
pub fn index(folder: &Path) -> Index {
    let mut index = Index::new();
    for number in numbers(folder) {
        if let Ok(file) = files::read(&path(folder, number)) {
            scan(&file, |digest, at, length| {
                index.insert(digest, RecordPosition { pack: number, at, length });
            });
        }
    }
    index
}

/// Reads a record. Returns `None` if it does not match its digest.
pub fn read(folder: &Path, place: RecordPosition, digest: &Digest) -> Option<Bytes> {
    let mut file = files::read(&path(folder, place.pack)).ok()?;
    file.seek(SeekFrom::Start(place.at)).ok()?;
    let mut record = Vec::with_capacity(place.length as usize);
    file.take(u64::from(place.length)).read_to_end(&mut record).ok()?;
    let record = Bytes::from(record);
    let line = record.iter().position(|byte| *byte == b'\n')?;
    let header = Header::parse(&record[..line])?;
    let bytes = record.slice(line + 1..record.len().checked_sub(1)?);
    (header.digest == *digest && digest.same_algorithm_of(&bytes) == *digest).then_some(bytes)
}

/// Removes the oldest packs until no more than `most` bytes are left.
pub fn prune(folder: &Path, most: u64) {
    let length = |number: &u32| fs::metadata(path(folder, *number)).map_or(0, |about| about.len());
    let numbers = numbers(folder);
    let mut total: u64 = numbers.iter().map(length).sum();
    for number in numbers {
        if total <= most {
            return;
        }
        let length = length(&number);
        if fs::remove_file(path(folder, number)).is_ok() {
            total -= length;
        }
    }
}

impl Pack {
    /// Opens the newest pack if it has room and no other process appends to it, otherwise a new one.
    pub fn open(folder: &Path) -> io::Result<Pack> {
        let newest = numbers(folder).last().copied();
        if let Some(number) = newest
            && let Some(pack) = Pack::take(folder, number).or_else(|error| match files::distrust(&error) {
                Some(_) => Ok(None),
                None => Err(error),
            })?
        {
            return Ok(pack);
        }
        let mut number = newest.unwrap_or(0);
        loop {
            number = number.checked_add(1).ok_or(io::ErrorKind::StorageFull)?;
            match files::open(&path(folder, number), private().create_new(true)) {
                Ok(file) if file.try_lock().is_ok() => return Ok(Pack { number, file, end: 0 }),
                Err(error)
                    if error.kind() != io::ErrorKind::AlreadyExists && files::distrust(&error).is_none() =>
                {
                    return Err(error);
                }
                // Another process was quicker, or another file has this name.
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn take(folder: &Path, number: u32) -> io::Result<Option<Pack>> {
        let mut file = files::open(&path(folder, number), &mut private())?;
        if file.metadata()?.len() >= FULL || file.try_lock().is_err() {
            return Ok(None);
        }
        let end = scan(&file, |_, _, _| {});
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        Ok(Some(Pack { number, file, end }))
    }

    /// Returns whether the next record belongs into another pack.
    pub fn is_full(&self) -> bool {
        self.end >= FULL
    }

    /// Appends a record.
    pub fn append(&mut self, digest: &Digest, content: &Bytes) -> io::Result<RecordPosition> {
        let header = Header { digest: *digest, length: content.len() };
        let mut record = header.line().into_bytes();
        record.extend_from_slice(content);
        record.push(b'\n');
        let length = u32::try_from(record.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        // One write, so that another process sees the whole record or, if this one ends here, a tail that is cut off
        // later.
        self.file.write_all(&record)?;
        let place = RecordPosition { pack: self.number, at: self.end, length };
        self.end += u64::from(length);
        Ok(place)
    }
}

/// The line before the bytes.
struct Header {
    digest: Digest,
    length: usize,
}

impl Header {
    fn parse(line: &[u8]) -> Option<Header> {
        let mut parts = std::str::from_utf8(line).ok()?.splitn(3, ' ');
        let digest = parts.next()?.parse().ok()?;
        let length = parts.next()?.parse().ok().filter(|length| *length <= LARGEST)?;
        Some(Header { digest, length })
    }

    fn line(&self) -> String {
        // The blank is for earlier versions, which read a media type after it.
        format!("{} {} \n", self.digest, self.length)
    }
}

/// Calls `found` with the digest, position and length of each record. Returns the end of the last whole record.
fn scan(file: &File, mut found: impl FnMut(Digest, u64, u32)) -> u64 {
    let all = file.metadata().map_or(0, |about| about.len());
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    let mut line = Vec::new();
    let mut at = 0;
    loop {
        line.clear();
        let Ok(read) = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) else { return at };
        let Some(header) = line.strip_suffix(b"\n").and_then(Header::parse) else { return at };
        let length = (read + header.length + 1) as u64;
        let Ok(step) = i64::try_from(header.length + 1) else { return at };
        if at + length > all || reader.seek_relative(step).is_err() {
            return at;
        }
        found(header.digest, at, length as u32);
        at += length;
    }
}

/// Returns the numbers of the existing packs, the oldest first.
fn numbers(folder: &Path) -> Vec<u32> {
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.strip_suffix(".pack")?.parse().ok();
    let mut numbers: Vec<u32> =
        fs::read_dir(folder).into_iter().flatten().flatten().filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number}.pack"))
}

/// Returns the options for opening a pack for writing.
fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> (Digest, Bytes) {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        (Digest::sha256(&bytes), bytes)
    }

    fn append(pack: &mut Pack, text: &str) -> Digest {
        let (digest, content) = content(text);
        pack.append(&digest, &content).expect("it is written");
        digest
    }

    fn text_of(folder: &Path, digest: &Digest) -> Option<Bytes> {
        let place = *index(folder).get(digest)?;
        read(folder, place, digest)
    }

    #[test]
    fn a_half_record_hides_nothing_and_is_cut_off_by_the_next_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut pack = Pack::open(folder.path()).expect("a pack");
        let first = append(&mut pack, "first\n\n");
        let second = append(&mut pack, "second");
        let whole = pack.end;
        pack.file.set_len(whole - 3).expect("it is cut");
        drop(pack);
        assert!(text_of(folder.path(), &first).is_some());
        assert!(text_of(folder.path(), &second).is_none());
        let mut pack = Pack::open(folder.path()).expect("a pack");
        let third = append(&mut pack, "third");
        assert_eq!(pack.number, 1);
        assert_eq!(text_of(folder.path(), &first).as_deref(), Some(b"first\n\n".as_slice()));
        assert_eq!(text_of(folder.path(), &third).as_deref(), Some(b"third".as_slice()));
    }

    #[test]
    fn a_record_of_an_earlier_version_is_read_without_its_media_type() {
        let folder = tempfile::tempdir().expect("a folder");
        let (digest, bytes) = content("{}");
        let record = format!("{digest} {} application/vnd.wrong+json\n{{}}\n", bytes.len());
        fs::write(path(folder.path(), 1), record).expect("it is written");
        assert_eq!(text_of(folder.path(), &digest), Some(bytes));
    }

    #[test]
    fn two_writers_never_share_a_pack() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut one = Pack::open(folder.path()).expect("a pack");
        let mut two = Pack::open(folder.path()).expect("a pack");
        assert_ne!(one.number, two.number);
        let digests = [append(&mut one, "1"), append(&mut two, "2"), append(&mut one, "3")];
        assert!(digests.iter().all(|digest| text_of(folder.path(), digest).is_some()));
    }

    #[test]
    fn a_full_folder_loses_its_oldest_packs() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut packs: Vec<Pack> = (0..3).map(|_| Pack::open(folder.path()).expect("a pack")).collect();
        let digests: Vec<Digest> =
            packs.iter_mut().map(|pack| append(pack, &pack.number.to_string())).collect();
        let each = packs[0].end;
        prune(folder.path(), 2 * each);
        let is_left = |digest: &Digest| text_of(folder.path(), digest).is_some();
        assert_eq!(digests.iter().map(is_left).collect::<Vec<_>>(), [false, true, true]);
    }
}
