//! One entry as a file: a line of JSON for what it is, for each item, for each manifest that was there, and for each
//! outcome. Lines that cannot be read, as the last one after a crash, are skipped.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::model::manifest::Manifest;
use crate::model::reference::{Repository, Selector};
use crate::model::text::SafeText;
use crate::model::work::Wish;
use crate::model::work::journal::{Entry, EntryId, Held, Item, Role, Saved, State};

/// The end of every entry's name on disk.
pub const EXTENSION: &str = "jsonl";
/// The only form of entries that there has been.
const VERSION: u32 = 1;
/// Entries that may be begun in the same microsecond.
const MOST_AT_ONCE: u32 = 1000;

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line<'a> {
    /// The first one.
    Entry {
        version: u32,
        at: Timestamp,
        #[serde(borrow)]
        title: Cow<'a, str>,
        wish: Option<Cow<'a, Wish>>,
    },
    /// An item.
    Item {
        repository: Cow<'a, Repository>,
        selector: Cow<'a, Selector>,
        before: Option<Digest>,
        after: Option<Digest>,
    },
    /// A manifest that is not to be touched and may disappear with what is.
    Saved { repository: Cow<'a, Repository>, role: Role, digest: Digest },
    /// A manifest that was there.
    Held {
        digest: Digest,
        #[serde(borrow)]
        media_type: Cow<'a, str>,
        #[serde(borrow)]
        base64: Cow<'a, str>,
    },
    /// What an item replaces after all, and what by: somebody else was faster than what was planned.
    Revised { index: usize, before: Option<Digest>, after: Option<Digest> },
    /// The outcome of an item.
    Done { index: usize, done: bool },
    /// It is over.
    Ended,
    /// It was taken back.
    Undone,
}

/// Whether the bytes of the manifests are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes {
    /// They are, and checked.
    Read,
    /// They are not.
    Skipped,
}

/// Writes a new entry and syncs it and its folder. The file is locked and open for more lines.
pub fn create(
    folder: &Path,
    at: Timestamp,
    title: &str,
    wish: Option<&Wish>,
    items: &[Item],
    saved: &[Saved],
) -> io::Result<(EntryId, File)> {
    create_private(folder)?;
    let mut temporary = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    {
        let mut lines = BufWriter::new(temporary.as_file_mut());
        let wish = wish.map(Cow::Borrowed);
        write(&mut lines, &Line::Entry { version: VERSION, at, title: title.into(), wish })?;
        let saved_lines = saved.iter().map(saved_line);
        for line in items.iter().map(line_of).chain(saved_lines).chain(held(items, saved)) {
            write(&mut lines, &line)?;
        }
        lines.flush()?;
    }
    temporary.as_file().try_lock().map_err(io::Error::from)?;
    temporary.as_file().sync_all()?;
    for number in 0..MOST_AT_ONCE {
        let id = EntryId(format!("{}-{number}", at.strftime("%Y%m%dT%H%M%S.%6fZ")));
        match temporary.persist_noclobber(path(folder, &id)?) {
            Ok(file) => {
                sync_folder(folder)?;
                return Ok((id, file));
            }
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => temporary = error.file,
            Err(error) => return Err(error.error),
        }
    }
    Err(io::Error::other("too many entries in one moment"))
}

/// Adds a line and syncs it.
pub fn append(file: &mut File, line: &Line<'_>) -> io::Result<()> {
    // One write for all of it. Were the line before torn, this one would begin on a line of its own.
    let mut bytes = vec![b'\n'];
    write(&mut bytes, line)?;
    file.write_all(&bytes)?;
    file.sync_data()
}

/// The names of all entries, oldest first.
pub fn ids(folder: &Path) -> Vec<EntryId> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let id = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let stem = name.strip_suffix(EXTENSION)?.strip_suffix('.')?;
        is_name(stem).then(|| EntryId(stem.to_string()))
    };
    let mut ids: Vec<EntryId> = files.filter_map(id).collect();
    ids.sort();
    ids
}

/// Where an entry is. A name from outside leads nowhere else.
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

/// Reads an entry and what was wished.
pub fn read(folder: &Path, id: &EntryId, bytes: Bytes) -> io::Result<(Entry, Option<Wish>)> {
    let file = File::open(path(folder, id)?)?;
    // Asked before it is read: who ends meanwhile has said so at the end. Shared, so that two who look at the same time do
    // not take each other for who carries it out.
    let is_running = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let mut lines = Lines { reader: BufReader::new(file), line: String::new() };
    let no_entry = || io::Error::new(io::ErrorKind::InvalidData, "it is not an entry of the journal");
    let first = lines.next()?.ok_or_else(no_entry)?;
    let Ok(Line::Entry { version: VERSION, at, title, wish }) = serde_json::from_str(first) else {
        return Err(no_entry());
    };
    let title = SafeText::clean(&title);
    let mut entry =
        Entry { id: id.clone(), at, title, state: State::Open, items: Vec::new(), saved: Vec::new() };
    let wish = wish.map(Cow::into_owned);
    let mut manifests = HashMap::new();
    while let Some(line) = lines.next()? {
        if bytes == Bytes::Skipped && line.starts_with(r#"{"held""#) {
            continue;
        }
        if let Ok(line) = serde_json::from_str(line) {
            take(&mut entry, &mut manifests, line);
        }
    }
    let before = entry.items.iter_mut().filter_map(|item| item.before.as_mut());
    for held in before.chain(entry.saved.iter_mut().map(|saved| &mut saved.held)) {
        if let Some((media_type, bytes)) = manifests.get(&held.digest) {
            held.media_type.clone_from(media_type);
            held.bytes = bytes::Bytes::clone(bytes);
        }
    }
    if is_running && entry.state == State::Open {
        entry.state = State::Running;
    }
    Ok((entry, wish))
}

fn take(entry: &mut Entry, manifests: &mut HashMap<Digest, (String, bytes::Bytes)>, line: Line<'_>) {
    match line {
        Line::Entry { .. } => {}
        Line::Item { repository, selector, before, after } => {
            let held = |digest| Held { digest, media_type: String::new(), bytes: bytes::Bytes::new() };
            let (repository, selector) = (repository.into_owned(), selector.into_owned());
            entry.items.push(Item { repository, selector, before: before.map(held), after, done: None });
        }
        Line::Saved { repository, role, digest } => {
            let held = Held { digest, media_type: String::new(), bytes: bytes::Bytes::new() };
            entry.saved.push(Saved { repository: repository.into_owned(), role, held });
        }
        Line::Held { digest, media_type, base64 } => {
            let bytes = STANDARD.decode(base64.as_bytes()).unwrap_or_default().into();
            if is_what_it_says(&bytes, &media_type, digest) {
                manifests.insert(digest, (media_type.into_owned(), bytes));
            }
        }
        Line::Revised { index, before, after } => {
            let held = |digest| Held { digest, media_type: String::new(), bytes: bytes::Bytes::new() };
            if let Some(item) = entry.items.get_mut(index) {
                (item.before, item.after) = (before.map(held), after);
            }
        }
        Line::Done { index, done } => {
            if let Some(item) = entry.items.get_mut(index) {
                item.done = Some(done);
            }
        }
        Line::Ended if entry.state == State::Open => entry.state = State::Ended,
        Line::Ended => {}
        Line::Undone => entry.state = State::Undone,
    }
}

/// A file rots like any other: bytes that are not what their digest says are never put back.
fn is_what_it_says(bytes: &bytes::Bytes, media_type: &str, digest: Digest) -> bool {
    Manifest::parse(bytes.clone(), Some(media_type)).is_ok_and(|manifest| manifest.checked(digest).is_ok())
}

fn line_of(item: &Item) -> Line<'_> {
    Line::Item {
        repository: Cow::Borrowed(&item.repository),
        selector: Cow::Borrowed(&item.selector),
        before: item.before.as_ref().map(|held| held.digest),
        after: item.after,
    }
}

/// The manifests that were there, each once.
fn held<'a>(items: &'a [Item], saved: &'a [Saved]) -> impl Iterator<Item = Line<'a>> {
    let mut seen = std::collections::HashSet::new();
    let before = items.iter().filter_map(|item| item.before.as_ref());
    let all = before.chain(saved.iter().map(|saved| &saved.held));
    all.filter(move |held| seen.insert(held.digest)).map(held_line)
}

fn saved_line(saved: &Saved) -> Line<'_> {
    let repository = Cow::Borrowed(&saved.repository);
    Line::Saved { repository, role: saved.role, digest: saved.held.digest }
}

/// A manifest as a line.
pub fn held_line(held: &Held) -> Line<'_> {
    Line::Held {
        digest: held.digest,
        media_type: Cow::Borrowed(&held.media_type),
        base64: STANDARD.encode(&held.bytes).into(),
    }
}

fn write(to: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *to, line)?;
    to.write_all(b"\n")
}

/// The lines of a file, those that are no text left out.
struct Lines {
    reader: BufReader<File>,
    line: String,
}

impl Lines {
    fn next(&mut self) -> io::Result<Option<&str>> {
        loop {
            let mut bytes = std::mem::take(&mut self.line).into_bytes();
            bytes.clear();
            if self.reader.read_until(b'\n', &mut bytes)? == 0 {
                return Ok(None);
            }
            self.line = String::from_utf8(bytes).unwrap_or_default();
            if !self.line.trim().is_empty() {
                return Ok(Some(self.line.trim()));
            }
        }
    }
}

/// Creates a folder that only this user can read.
fn create_private(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)
}

/// Makes names in a folder last.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
