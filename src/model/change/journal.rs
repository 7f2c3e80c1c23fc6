//! Entries of the journal: each change, and the state before it.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ChangeKind;
use crate::model::digest::Digest;
use crate::model::reference::{Host, Repository, Selector, Tag};
use crate::model::text::SafeText;

/// The number of the first entry that has one. Earlier versions wrote a smaller number in its place, only to keep two
/// entries of the same instant apart.
pub(crate) const FIRST_SEQUENCE: u64 = 1000;

/// The name of an entry: the time at which the change began, and the entry's number in the order of all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub String);

impl EntryId {
    /// Returns the number of the entry in the order in which changes began, whatever the clock said. Entries of earlier
    /// versions have no such number and give zero: they all began before the others.
    pub fn sequence(&self) -> u64 {
        self.number().filter(|number| *number >= FIRST_SEQUENCE).unwrap_or_default()
    }

    /// Returns whether the text has the form of an entry's name.
    pub(crate) fn is_entry(&self) -> bool {
        self.number().is_some()
    }

    fn number(&self) -> Option<u64> {
        let (time, number) = self.0.rsplit_once('-')?;
        let is_time = time.ends_with('Z') && time.starts_with(|first: char| first.is_ascii_digit());
        number.parse().ok().filter(|_| is_time)
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A change, as the journal view lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalEntry {
    /// The name of the entry.
    pub id: EntryId,
    /// The time at which the change began.
    pub at: Timestamp,
    /// The change in a few words: `untag team/app:1.4.2`.
    pub title: SafeText,
    /// The kind of the change; `None` if the entry cannot be read or does not record it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ChangeKind>,
    /// The state of the change.
    pub state: EntryState,
    /// Registries that the change reached otherwise than over HTTPS with a checked certificate. An undo reaches them in
    /// the same way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Reached>,
    /// Every tag or manifest that the change touched or was about to touch.
    pub items: Vec<JournalItem>,
    /// Manifests that the change was not to touch, but that may disappear along with those it touched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub saved: Vec<Saved>,
    /// Probes that the change put and that were not seen to disappear.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<Probe>,
    /// Items, by their positions, that were sent to the server and not visible afterwards. They may still become
    /// visible.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unconfirmed: Vec<usize>,
    /// The parts of the entry that cannot be read any more.
    #[serde(skip_serializing_if = "Damage::is_none")]
    pub damage: Damage,
}

/// How a registry was reached because the user said so, by `http://` in front of its name or by an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The registry.
    pub(crate) host: Host,
    /// Whether plain HTTP was used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) plain_http: bool,
    /// Whether the certificate was not checked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) insecure: bool,
}

impl Reached {
    /// Returns this in words: `r.test is reached over plain HTTP, as for the change`.
    pub(crate) fn describe(&self) -> SafeText {
        let how = if self.plain_http { "over plain HTTP" } else { "without a check of its certificate" };
        SafeText::from(format!("{} is reached {how}, as for the change", self.host))
    }
}

/// A throw-away tag, put to try a method before any other tag is touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// The repository of the tag.
    pub(crate) repository: Repository,
    /// The tag.
    pub(crate) tag: Tag,
    /// The digest of its manifest, which no other tag has.
    pub(crate) digest: Digest,
}

/// The parts of an entry that cannot be read any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The damage in words. Empty if the whole entry can be read.
    pub notes: Vec<SafeText>,
    /// Items, by their positions, whose outcome or former content is not known.
    pub uncertain: Vec<usize>,
    /// The number of items that cannot be read at all.
    pub lost: usize,
}

impl Damage {
    /// Returns whether any part cannot be read.
    pub fn is_any(&self) -> bool {
        !self.notes.is_empty()
    }

    fn is_none(&self) -> bool {
        !self.is_any()
    }
}

impl JournalEntry {
    /// Returns whether the change changed something that was not undone.
    pub fn can_be_undone(&self) -> bool {
        let changed = self.items.is_empty()
            || self.damage.lost > 0
            || !self.probes.is_empty()
            || self.items.iter().any(|item| item.done != Some(false));
        matches!(self.state, EntryState::Open | EntryState::Ended) && changed
    }

    /// Returns the state of the change in words.
    pub fn outcome(&self) -> SafeText {
        // An item that had nothing to change is as it was to be, and counts as done beside others that changed.
        let has_done = self.items.iter().any(|item| item.done == Some(true));
        let done = |item: &JournalItem| match item.done {
            Some(false) if has_done && item.changes_nothing() => Some(true),
            done => done,
        };
        let count = |wanted| self.items.iter().filter(|item| done(item) == wanted).count();
        match (self.state, count(Some(true)), count(Some(false))) {
            (EntryState::Unreadable, ..) => "cannot be read".into(),
            (EntryState::Open | EntryState::Ended, ..) if self.damage.is_any() => "damaged".into(),
            (EntryState::Running, ..) => "runs".into(),
            (EntryState::Open, ..) => "cut off".into(),
            (EntryState::Undone, ..) => "undone".into(),
            (EntryState::Ended, done, _) if done == self.items.len() => "done".into(),
            (EntryState::Ended, 0, not_done) if not_done == self.items.len() => "nothing done".into(),
            (EntryState::Ended, 0, _) => "not known".into(),
            (EntryState::Ended, done, _) => SafeText::from(format!("{done} of {} done", self.items.len())),
        }
    }

    /// Returns the title, followed by the registries that it does not name.
    pub(crate) fn whole_title(&self) -> SafeText {
        let title = self.title.as_str();
        let hosts = self.hosts().into_iter().filter(|host| !title.contains(host.as_str()));
        let hosts: Vec<&str> = hosts.map(|host| host.as_str()).collect();
        if hosts.is_empty() {
            self.title.clone()
        } else {
            SafeText::from(format!("{title} · {}", hosts.join(", ")))
        }
    }

    /// Returns the registries that the change touched.
    pub(crate) fn hosts(&self) -> Vec<&Host> {
        let mut hosts: Vec<&Host> = self.items.iter().map(|item| &item.repository.host).collect();
        hosts.sort_by_key(|host| host.as_str());
        hosts.dedup();
        hosts
    }

    /// Returns the tags that the change put to keep images, each with its repository and the image.
    pub(crate) fn kept_tags(&self) -> impl Iterator<Item = (&Repository, &Tag, Digest)> {
        self.items.iter().filter(|item| item.done != Some(false)).filter_map(|item| match &item.selector {
            Selector::Tag(tag) if tag.keeps_image() && item.before.is_none() => {
                Some((&item.repository, tag, item.after?))
            }
            _ => None,
        })
    }

    /// Returns whether the change was an undo. An undo of the last change skips such entries, so that one undo after
    /// another goes further back.
    pub fn is_undo(&self) -> bool {
        self.kind == Some(ChangeKind::Undo)
    }
}

/// The state of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// The change began and never ended: the program ended in the middle of it.
    Open,
    /// The change is being carried out, by this program or another one.
    Running,
    /// The change ended.
    Ended,
    /// The change was undone.
    Undone,
    /// The entry exists and cannot be read.
    Unreadable,
}

/// A tag or manifest, before and after the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalItem {
    /// The repository.
    pub repository: Repository,
    /// The tag or digest.
    pub selector: Selector,
    /// The manifest before the change; `None` if there was none.
    pub before: Option<SavedManifest>,
    /// The digest that the change was to leave there; `None` if it was to remove the tag or manifest.
    pub after: Option<Digest>,
    /// Whether this part of the change was done; `None` as long as that is not known.
    pub done: Option<bool>,
}

impl JournalItem {
    /// Returns whether the item was to be left as it was: an undo of a part that was as before.
    fn changes_nothing(&self) -> bool {
        self.before.as_ref().map(|before| before.digest) == self.after
    }
}

/// A manifest that belongs to one that a change touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Saved {
    /// The repository of the manifest.
    pub(crate) repository: Repository,
    /// The relation of the manifest to the one that was changed.
    pub role: SavedRole,
    /// The manifest.
    pub(crate) held: SavedManifest,
}

/// The relation of a manifest to one that is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SavedRole {
    /// An index that is changed lists the manifest.
    Child,
    /// The manifest refers to an image that is changed.
    Referrer,
}

/// A manifest as it was before the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SavedManifest {
    /// The digest of the manifest.
    pub digest: Digest,
    /// The media type with which the manifest was put. Empty in a list of entries, which reads no manifests.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub media_type: String,
    /// The bytes of the manifest.
    #[serde(skip)]
    pub bytes: Bytes,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{app, digest, journal_entry, journal_item, repository, tag};

    const YES: Option<bool> = Some(true);
    const NO: Option<bool> = Some(false);

    fn items(done: &[Option<bool>]) -> Vec<JournalItem> {
        let item = |done: &Option<bool>| JournalItem { done: *done, ..journal_item("1", Some("a"), None) };
        done.iter().map(item).collect()
    }

    #[test]
    fn an_entry_says_how_much_of_a_change_was_done_and_whether_it_can_be_undone() {
        let table: [(EntryState, &[Option<bool>], &str, bool); 10] = [
            (EntryState::Ended, &[YES, YES], "done", true),
            (EntryState::Ended, &[], "done", true),
            (EntryState::Ended, &[YES, NO, NO], "1 of 3 done", true),
            (EntryState::Ended, &[NO, NO], "nothing done", false),
            (EntryState::Ended, &[None, NO], "not known", true),
            (EntryState::Open, &[YES, None], "cut off", true),
            (EntryState::Open, &[NO, NO], "cut off", false),
            (EntryState::Running, &[YES, None], "runs", false),
            (EntryState::Undone, &[YES, YES], "undone", false),
            (EntryState::Unreadable, &[YES], "cannot be read", false),
        ];
        for (state, done, word, can_be_undone) in table {
            let entry = journal_entry(state, items(done));
            assert_eq!((entry.outcome().as_str(), entry.can_be_undone()), (word, can_be_undone), "{done:?}");
        }
    }

    #[test]
    fn an_item_that_had_nothing_to_change_counts_as_done_beside_others() {
        let changed = JournalItem { done: YES, ..journal_item("1", Some("a"), Some("b")) };
        let unchanged = JournalItem { done: NO, ..journal_item("2", Some("a"), Some("a")) };
        let failed = JournalItem { done: NO, ..journal_item("3", Some("a"), Some("b")) };
        let table = [
            (vec![changed.clone(), unchanged.clone()], "done"),
            (vec![changed, unchanged.clone(), failed], "2 of 3 done"),
            (vec![unchanged], "nothing done"),
        ];
        for (items, word) in table {
            assert_eq!(journal_entry(EntryState::Ended, items).outcome().as_str(), word);
        }
    }

    /// Something may be left to undo even if no item that can be read was done.
    #[test]
    fn a_damaged_entry_says_so_and_lost_items_and_throw_away_tags_can_be_undone() {
        let nothing = || journal_entry(EntryState::Ended, items(&[NO]));
        let lost = Damage { notes: vec!["a line is lost".into()], lost: 1, ..Damage::default() };
        let entry = JournalEntry { damage: lost, ..nothing() };
        assert_eq!((entry.outcome().as_str(), entry.can_be_undone()), ("damaged", true));
        let probe = Probe { repository: app(), tag: tag("probe"), digest: digest("p") };
        let entry = JournalEntry { probes: vec![probe], ..nothing() };
        assert_eq!((entry.outcome().as_str(), entry.can_be_undone()), ("nothing done", true));
    }

    #[test]
    fn a_title_is_followed_by_the_registries_that_it_does_not_name() {
        let at =
            |name: &str| JournalItem { repository: repository(name), ..journal_item("1", None, Some("a")) };
        let table = [
            (vec![], "untag team/app:1.4.2"),
            (vec![at("r.test/a"), at("r.test/b")], "untag team/app:1.4.2 · r.test"),
            (vec![at("s.test/a"), at("r.test/b")], "untag team/app:1.4.2 · r.test, s.test"),
        ];
        for (items, title) in table {
            assert_eq!(journal_entry(EntryState::Ended, items).whole_title().as_str(), title);
        }
        let named = JournalEntry {
            title: "copy a → s.test/a:1".into(),
            ..journal_entry(EntryState::Ended, vec![at("s.test/a"), at("r.test/b")])
        };
        assert_eq!(named.whole_title().as_str(), "copy a → s.test/a:1 · r.test");
    }

    #[test]
    fn kept_tags_are_new_tags_of_that_name_that_were_or_may_have_been_put() {
        let kept = Tag::kept_tag(&digest("a"), 1).to_string();
        let item = |name: &str, before, done| JournalItem { done, ..journal_item(name, before, Some("a")) };
        let table = [
            ("put", item(&kept, None, YES), true),
            ("not known", item(&kept, None, None), true),
            ("not put", item(&kept, None, NO), false),
            ("it was there before", item(&kept, Some("b"), YES), false),
            ("another tag", item("1", None, YES), false),
        ];
        for (case, item, is_kept) in table {
            let entry = journal_entry(EntryState::Ended, vec![item]);
            assert_eq!(entry.kept_tags().next().is_some(), is_kept, "{case}");
        }
    }

    #[test]
    fn the_name_of_an_entry_tells_its_place_in_the_order_of_all() {
        let table = [
            ("2026-11-21T12:00:00Z-1000", true, 1000),
            ("2026-11-21T12:00:00Z-1234", true, 1234),
            // Entries of earlier versions come before all others.
            ("2026-11-21T12:00:00Z-7", true, 0),
            ("2026-11-21T12:00:00Z", false, 0),
            ("journal-1234", false, 0),
            ("Z-1234", false, 0),
            ("", false, 0),
        ];
        for (name, is_entry, sequence) in table {
            let id = EntryId(name.into());
            assert_eq!((id.is_entry(), id.sequence()), (is_entry, sequence), "{name}");
        }
    }
}
