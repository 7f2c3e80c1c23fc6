//! Reads an entry of the journal, and finds out which parts of it cannot be read any more.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::line::{self, JournalLine};
use crate::model::change::journal::{
    Damage, EntryId, EntryState, JournalEntry, JournalItem, Probe, Reached, Saved, SavedManifest,
};
use crate::model::change::{ChangeKind, ChangeRequest};
use crate::model::digest::Digest;
use crate::model::manifest::Manifest;
use crate::model::text::SafeText;

/// The number of lines that a note names one by one.
const MOST_NAMED: usize = 8;

/// Whether the bytes of the manifests are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ManifestBytes {
    /// They are read and checked.
    Read,
    /// They are skipped.
    Skipped,
}

/// An entry as it was read.
#[derive(Debug)]
pub(crate) struct EntryRead {
    /// The entry.
    pub(crate) entry: JournalEntry,
    /// The request of the change.
    pub(crate) request: Option<ChangeRequest>,
}

/// Returns an entry of which only the name is known.
pub(crate) fn unreadable(id: &EntryId, error: &io::Error) -> JournalEntry {
    let damage = Damage { notes: vec![SafeText::from(error.to_string())], ..Damage::default() };
    JournalEntry {
        id: id.clone(),
        at: begin_time(id).unwrap_or(Timestamp::UNIX_EPOCH),
        title: "a change that cannot be read".into(),
        kind: None,
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
    kind: Option<ChangeKind>,
    reached: Vec<Reached>,
    items: usize,
    saved: usize,
    held: usize,
}

/// An entry while its lines are read.
pub(crate) struct EntryReader {
    number: i64,
    bytes: ManifestBytes,
    head: Option<EntryHeader>,
    /// Whether any line was read.
    is_begun: bool,
    /// The numbers of the lines that could be read.
    numbers: BTreeSet<u64>,
    items: HashMap<usize, JournalItem>,
    saved: Vec<(u64, Saved)>,
    manifests: HashMap<Digest, (String, bytes::Bytes)>,
    revised: HashMap<usize, usize>,
    /// How often each item had been revised, according to its outcome.
    done: HashMap<usize, usize>,
    /// Items that are unconfirmed.
    unconfirmed: HashSet<usize>,
    probes: Vec<Probe>,
    state: EntryState,
}

impl EntryReader {
    /// Begins to read the entry of that number.
    pub(crate) fn new(number: i64, bytes: ManifestBytes) -> EntryReader {
        EntryReader {
            number,
            bytes,
            head: None,
            is_begun: false,
            numbers: BTreeSet::new(),
            items: HashMap::new(),
            saved: Vec::new(),
            manifests: HashMap::new(),
            revised: HashMap::new(),
            done: HashMap::new(),
            unconfirmed: HashSet::new(),
            probes: Vec::new(),
            state: EntryState::Open,
        }
    }

    /// Reads the next line: its number, checksum, document and bytes. The lines come in the order of their numbers. A
    /// line that was altered counts as missing.
    pub(crate) fn read_row(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        self.is_begun = true;
        let number: i64 = row.get(0)?;
        let (ValueRef::Text(checksum), ValueRef::Text(document)) = (row.get_ref(1)?, row.get_ref(2)?) else {
            return Ok(());
        };
        let bytes = match row.get_ref(3)? {
            ValueRef::Blob(bytes) => Some(bytes),
            _ => None,
        };
        if let Ok(document) = std::str::from_utf8(document)
            && line::checksum(self.number, number, document, bytes).as_bytes() == checksum
            && let Ok(number) = u64::try_from(number)
            && let Some(line) = JournalLine::parse(document)
        {
            self.numbers.insert(number);
            self.apply_line(number, line, bytes.unwrap_or_default());
        }
        Ok(())
    }

    fn apply_line(&mut self, number: u64, line: JournalLine<'_>, bytes: &[u8]) {
        match line {
            JournalLine::Entry { version, at, title, request, kind, reached, items, saved, held }
                if number == 0 =>
            {
                if version == line::VERSION {
                    let (title, request) = (SafeText::clean(&title), request.map(Cow::into_owned));
                    let kind = kind.or_else(|| kind_in_earlier_version(request.as_ref(), &title));
                    self.head = Some(EntryHeader { at, title, request, kind, reached, items, saved, held });
                }
            }
            JournalLine::Entry { .. } => {}
            JournalLine::Item { repository, selector, before, after } => {
                let at = (number as usize).saturating_sub(1);
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
            JournalLine::Held { .. } if self.bytes == ManifestBytes::Skipped => {}
            JournalLine::Held { digest, media_type } => {
                let bytes = bytes::Bytes::copy_from_slice(bytes);
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
                if unconfirmed {
                    self.unconfirmed.insert(index)
                } else {
                    self.unconfirmed.remove(&index)
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

    /// Returns the entry. Fails if its first line cannot be read.
    pub(crate) fn end(mut self, id: &EntryId, is_running: bool) -> io::Result<EntryRead> {
        let Some(head) = self.head.take() else {
            let why = if self.is_begun {
                "its first line is damaged, or it is no entry of the journal"
            } else {
                "it is empty"
            };
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        };
        if is_running && self.state == EntryState::Open {
            self.state = EntryState::Running;
        }
        let damage = self.damage(&head);
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
            kind: head.kind,
            state: self.state,
            reached: head.reached,
            items: items.into_iter().map(|(_, item)| item).collect(),
            saved,
            probes: self.probes,
            unconfirmed,
            damage: Damage { uncertain, ..damage },
        };
        Ok(EntryRead { entry, request: head.request })
    }

    /// Determines the damage from the missing numbers.
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
}

/// Returns the kind of a change whose entry an earlier version wrote: the kind of its request, or the one that its title
/// names.
fn kind_in_earlier_version(request: Option<&ChangeRequest>, title: &SafeText) -> Option<ChangeKind> {
    let named = || match title.as_str().split([' ', ':']).next() {
        Some("retag" | "rename") => Some(ChangeKind::Retag),
        Some("delete" | "untag") => Some(ChangeKind::Delete),
        Some("copy") => Some(ChangeKind::Copy),
        Some("undo") => Some(ChangeKind::Undo),
        _ => None,
    };
    request.map(ChangeRequest::kind).or_else(named)
}

/// Returns a manifest without its bytes, which are beside another line.
fn manifest_without_bytes(digest: Digest) -> SavedManifest {
    SavedManifest { digest, media_type: String::new(), bytes: bytes::Bytes::new() }
}

/// Returns whether the bytes match their digest. Bytes that a damaged file altered are never put back.
fn matches_digest(bytes: &bytes::Bytes, media_type: &str, digest: Digest) -> bool {
    Manifest::parse(bytes.clone(), Some(media_type)).is_ok_and(|manifest| manifest.verify(digest).is_ok())
}
