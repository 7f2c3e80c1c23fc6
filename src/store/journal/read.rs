//! Reads an entry of the journal, and finds out which parts of it cannot be read any more.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{File, TryLockError};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::line::{self, JournalLine, NextNumber};
use super::old_files::path;
use crate::files;
use crate::model::change::ChangeRequest;
use crate::model::change::journal::{
    Damage, EntryId, EntryState, JournalEntry, JournalItem, Probe, Reached, Saved, SavedManifest,
};
use crate::model::digest::Digest;
use crate::model::manifest::Manifest;
use crate::model::text::SafeText;

/// The number of lines that a note names one by one.
const MOST_NAMED: usize = 8;

/// Whether the bytes of the manifests are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes {
    /// They are read and checked.
    Read,
    /// They are skipped.
    Skipped,
}

/// An entry as it was read.
#[derive(Debug)]
pub struct Read {
    /// The entry.
    pub entry: JournalEntry,
    /// The request of the change.
    pub request: Option<ChangeRequest>,
    /// The number of the next line.
    pub next: NextNumber,
}

/// Reads an entry and its request. Fails if there is no such entry, or if its first line cannot be read.
pub fn read(folder: &Path, id: &EntryId, bytes: Bytes) -> io::Result<Read> {
    let file = files::read(&path(folder, id)?)?;
    // The lock is tested before the file is read: a process that ends meanwhile has written so at the end of the file.
    // The lock is shared, so that two readers at the same time do not take each other for the process that carries out
    // the entry.
    let is_running = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let mut reading = Reading::new(bytes);
    let mut lines = JournalLines { reader: BufReader::new(file), line: Vec::new() };
    while let Some(line) = lines.next()? {
        reading.read_line(line);
    }
    let mut read = reading.end(id)?;
    if is_running && read.entry.state == EntryState::Open {
        read.entry.state = EntryState::Running;
    }
    Ok(read)
}

/// Returns an entry of which only the name is known.
pub fn unreadable(id: &EntryId, error: &io::Error) -> JournalEntry {
    let damage = Damage { notes: vec![SafeText::from(error.to_string())], ..Damage::default() };
    JournalEntry {
        id: id.clone(),
        at: begin_time(id).unwrap_or(Timestamp::UNIX_EPOCH),
        title: "a change that cannot be read".into(),
        state: EntryState::Unreadable,
        reached: Vec::new(),
        items: Vec::new(),
        saved: Vec::new(),
        probes: Vec::new(),
        unconfirmed: Vec::new(),
        damage,
    }
}

/// Returns the time at which an entry was begun, from its name.
fn begin_time(id: &EntryId) -> Option<Timestamp> {
    let (time, _) = id.0.rsplit_once('-')?;
    let time = time.strip_suffix('Z')?;
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S%.f", time).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

/// The first line of an entry.
struct EntryHeader {
    at: Timestamp,
    title: SafeText,
    request: Option<ChangeRequest>,
    reached: Vec<Reached>,
    is_old: bool,
    items: usize,
    saved: usize,
    held: usize,
}

/// An entry while its lines are read.
struct Reading {
    bytes: Bytes,
    head: Option<EntryHeader>,
    /// Whether any line was read.
    is_begun: bool,
    /// The numbers of the lines that could be read.
    numbers: BTreeSet<u64>,
    /// The number of lines that could not be read. The next field says whether the last line is one of them.
    unreadable: usize,
    last_is_unreadable: bool,
    items: HashMap<usize, JournalItem>,
    saved: Vec<(u64, Saved)>,
    manifests: HashMap<Digest, (String, bytes::Bytes)>,
    revised: HashMap<usize, usize>,
    /// How often each item had been revised, according to its outcome.
    done: HashMap<usize, usize>,
    /// Items that are unconfirmed.
    unconfirmed: HashSet<usize>,
    /// The lines after the items, which are processed in the order of their numbers.
    later: Vec<(u64, String)>,
    probes: Vec<Probe>,
    state: EntryState,
}

impl Reading {
    fn new(bytes: Bytes) -> Reading {
        Reading {
            bytes,
            head: None,
            is_begun: false,
            numbers: BTreeSet::new(),
            unreadable: 0,
            last_is_unreadable: false,
            items: HashMap::new(),
            saved: Vec::new(),
            manifests: HashMap::new(),
            revised: HashMap::new(),
            done: HashMap::new(),
            unconfirmed: HashSet::new(),
            later: Vec::new(),
            probes: Vec::new(),
            state: EntryState::Open,
        }
    }

    fn is_old(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.is_old)
    }

    fn read_line(&mut self, bytes: &[u8]) {
        self.last_is_unreadable = false;
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        let text = std::str::from_utf8(bytes).unwrap_or_default().trim();
        let is_plain = if is_first { text.starts_with('{') } else { self.is_old() };
        let (number, text) = match is_plain {
            // Entries of earlier versions have no numbers: their lines are counted.
            true => (self.numbers.len() as u64, text),
            false => match line::verify_checksum(text) {
                Some(found) => found,
                None => return self.note_unreadable(),
            },
        };
        if self.bytes == Bytes::Skipped && text.starts_with(r#"{"held""#) {
            self.numbers.insert(number);
            return;
        }
        let Some(line) = JournalLine::parse(text) else { return self.note_unreadable() };
        // A repeated line is ignored.
        if !self.numbers.insert(number) {
            return;
        }
        match line {
            JournalLine::Entry { .. }
            | JournalLine::Item { .. }
            | JournalLine::Saved { .. }
            | JournalLine::Held { .. } => self.apply_line(number, line, is_plain),
            _ => self.later.push((number, text.to_string())),
        }
    }

    fn note_unreadable(&mut self) {
        self.unreadable += 1;
        self.last_is_unreadable = true;
    }

    fn apply_line(&mut self, number: u64, line: JournalLine<'_>, is_plain: bool) {
        match line {
            JournalLine::Entry { version, at, title, request, reached, items, saved, held }
                if number == 0 =>
            {
                let expected = if is_plain { line::OLD_VERSION } else { line::VERSION };
                if version == expected {
                    let (title, request) = (SafeText::clean(&title), request.map(Cow::into_owned));
                    self.head = Some(EntryHeader {
                        at,
                        title,
                        request,
                        reached,
                        is_old: is_plain,
                        items,
                        saved,
                        held,
                    });
                }
            }
            JournalLine::Entry { .. } => {}
            JournalLine::Item { repository, selector, before, after } => {
                let at = if is_plain { self.items.len() } else { (number as usize).saturating_sub(1) };
                let (repository, selector) = (repository.into_owned(), selector.into_owned());
                let item = JournalItem {
                    repository,
                    selector,
                    before: before.map(manifest_without_bytes),
                    after,
                    done: None,
                };
                self.items.insert(at, item);
            }
            JournalLine::Saved { repository, role, digest } => {
                let saved =
                    Saved { repository: repository.into_owned(), role, held: manifest_without_bytes(digest) };
                self.saved.push((number, saved));
            }
            JournalLine::Held { digest, media_type, base64 } => {
                let bytes = STANDARD.decode(base64.as_bytes()).unwrap_or_default().into();
                if matches_digest(&bytes, &media_type, digest) {
                    self.manifests.insert(digest, (media_type.into_owned(), bytes));
                }
            }
            JournalLine::Revised { index, before, after } => {
                *self.revised.entry(index).or_default() += 1;
                if let Some(item) = self.items.get_mut(&index) {
                    (item.before, item.after) = (before.map(manifest_without_bytes), after);
                }
            }
            JournalLine::Done { index, done, unconfirmed, revised } => {
                self.done.insert(index, revised);
                if let Some(item) = self.items.get_mut(&index) {
                    item.done = (!unconfirmed).then_some(done);
                }
                match unconfirmed {
                    true => self.unconfirmed.insert(index),
                    false => self.unconfirmed.remove(&index),
                };
            }
            JournalLine::Probing { repository, tag, digest } => {
                let (repository, tag) = (repository.into_owned(), tag.into_owned());
                self.probes.push(Probe { repository, tag, digest });
            }
            JournalLine::Probed { repository, tag } => {
                self.probes.retain(|probe| probe.tag != *tag || probe.repository != *repository);
            }
            JournalLine::Ended { .. } if self.state == EntryState::Open => self.state = EntryState::Ended,
            JournalLine::Ended { .. } => {}
            JournalLine::Undone {} => self.state = EntryState::Undone,
        }
    }

    fn end(mut self, id: &EntryId) -> io::Result<Read> {
        let mut later = std::mem::take(&mut self.later);
        later.sort_by_key(|(number, _)| *number);
        for (number, text) in &later {
            if let Some(line) = JournalLine::parse(text) {
                self.apply_line(*number, line, false);
            }
        }
        let Some(head) = self.head.take() else {
            let why = match self.is_begun {
                true => "its first line is damaged, or it is no entry of the journal",
                false => "it is empty",
            };
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        };
        let damage = match head.is_old {
            true => self.damage_of_old(),
            false => self.damage(&head),
        };
        let next = NextNumber((!head.is_old).then(|| self.numbers.last().map_or(0, |last| last + 1)));
        self.saved.sort_by_key(|(number, _)| *number);
        let mut saved: Vec<Saved> = self.saved.into_iter().map(|(_, saved)| saved).collect();
        let (mut uncertain, mut unconfirmed) = (Vec::new(), Vec::new());
        let mut items: Vec<(usize, JournalItem)> = self.items.into_iter().collect();
        items.sort_by_key(|(at, _)| *at);
        for (place, (at, _)) in items.iter().enumerate() {
            if damage.uncertain.contains(at) {
                uncertain.push(place);
            }
            if self.unconfirmed.contains(at) {
                unconfirmed.push(place);
            }
        }
        let before = items.iter_mut().filter_map(|(_, item)| item.before.as_mut());
        for held in before.chain(saved.iter_mut().map(|saved| &mut saved.held)) {
            if let Some((media_type, bytes)) = self.manifests.get(&held.digest) {
                held.media_type.clone_from(media_type);
                held.bytes = bytes::Bytes::clone(bytes);
            }
        }
        let entry = JournalEntry {
            id: id.clone(),
            at: head.at,
            title: head.title,
            state: self.state,
            reached: head.reached,
            items: items.into_iter().map(|(_, item)| item).collect(),
            saved,
            probes: self.probes,
            unconfirmed,
            damage: Damage { uncertain, ..damage },
        };
        Ok(Read { entry, request: head.request, next })
    }

    /// Determines the damage from the missing numbers. A last line that a crash tore has no number yet, so it does not
    /// count as missing.
    fn damage(&mut self, head: &EntryHeader) -> Damage {
        let [first_saved, first_held, first_outcome] =
            [0, head.saved, head.saved + head.held].map(|before| (1 + head.items + before) as u64);
        let end = self.numbers.last().map_or(0, |last| last + 1).max(first_outcome);
        let missing: Vec<u64> = (0..end).filter(|number| !self.numbers.contains(number)).collect();
        if missing.is_empty() {
            return Damage::default();
        }
        let count =
            |range: std::ops::Range<u64>| missing.iter().filter(|number| range.contains(number)).count();
        let (lost, saved) = (count(1..first_saved), count(first_saved..first_held));
        let manifests = count(first_held..first_outcome);
        let outcomes = count(first_outcome..end);
        let named: Vec<String> =
            missing.iter().take(MOST_NAMED).map(|number| (number + 1).to_string()).collect();
        let more = if missing.len() > MOST_NAMED { ", …" } else { "" };
        let of = if end == 1 { "line" } else { "lines" };
        let mut notes = vec![format!(
            "its entry in the journal is damaged: {} of {end} {of} cannot be read ({}{more})",
            missing.len(),
            named.join(", ")
        )];
        if lost > 0 {
            notes.push(format!("which tags or digests {lost} of {} items are is not known", head.items));
        }
        if saved > 0 {
            notes.push(format!(
                "{saved} of {} children or referrers that may be gone are not known",
                head.saved
            ));
        }
        if manifests > 0 {
            notes.push(format!("{manifests} of {} manifests to put back are lost", head.held));
        }
        let mut uncertain = Vec::new();
        if outcomes > 0 {
            notes.push(
                "the outcomes of some items, or the manifests that they replaced after all, are not known"
                    .into(),
            );
            // A missing line may be the one that revised an item.
            let is_sure = |at: &usize| {
                self.done.get(at).is_some_and(|times| *times == self.revised.get(at).copied().unwrap_or(0))
            };
            uncertain = self.items.keys().copied().filter(|at| !is_sure(at)).collect();
        }
        let notes = notes.into_iter().map(SafeText::from).collect();
        Damage { notes, uncertain, lost: lost + saved }
    }

    /// Determines the damage of an entry of an earlier version, whose lines have no numbers. If one cannot be read,
    /// outcomes may be assigned to the wrong items. They are ignored then, and an undo looks at the registry itself.
    fn damage_of_old(&mut self) -> Damage {
        let torn = usize::from(self.last_is_unreadable && self.state == EntryState::Open);
        let unreadable = self.unreadable - torn;
        if unreadable == 0 {
            return Damage::default();
        }
        self.items.values_mut().for_each(|item| item.done = None);
        let note = format!(
            "its entry in the journal is damaged: {unreadable} of its lines cannot be read, and an earlier version wrote \
             it without saying what they were"
        );
        let uncertain: HashSet<usize> =
            if self.revised.is_empty() { HashSet::new() } else { self.items.keys().copied().collect() };
        Damage {
            notes: vec![SafeText::from(note)],
            uncertain: uncertain.into_iter().collect(),
            lost: unreadable,
        }
    }
}

/// Returns a manifest without its bytes, which are on another line.
fn manifest_without_bytes(digest: Digest) -> SavedManifest {
    SavedManifest { digest, media_type: String::new(), bytes: bytes::Bytes::new() }
}

/// Returns whether the bytes match their digest. Bytes that a damaged file altered are never put back.
fn matches_digest(bytes: &bytes::Bytes, media_type: &str, digest: Digest) -> bool {
    Manifest::parse(bytes.clone(), Some(media_type)).is_ok_and(|manifest| manifest.verify(digest).is_ok())
}

/// The lines of a file, without empty ones.
struct JournalLines {
    reader: BufReader<File>,
    line: Vec<u8>,
}

impl JournalLines {
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            self.line.clear();
            if self.reader.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(self.line.trim_ascii()));
            }
        }
    }
}
