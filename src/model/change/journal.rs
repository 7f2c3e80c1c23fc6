//! What was changed, and what was there before.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::model::reference::{Host, Repository, Selector, Tag};
use crate::model::text::SafeText;

/// The number of the first entry that has one. What earlier versions wrote in its place kept two entries of the same instant
/// apart, and was smaller.
pub const FIRST_SEQUENCE: u64 = 1000;

/// Names an entry: the time at which it was begun, and its number in the order of all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub String);

impl EntryId {
    /// Its number in the order in which entries were begun, whatever the clock said; zero for entries of earlier versions,
    /// which have none and were all begun before.
    pub fn sequence(&self) -> u64 {
        self.number().filter(|number| *number >= FIRST_SEQUENCE).unwrap_or_default()
    }

    /// Whether it has the form of such a name.
    pub fn is_entry(&self) -> bool {
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

/// One change, as the journal view lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalEntry {
    /// Its name.
    pub id: EntryId,
    /// When it was begun.
    pub at: Timestamp,
    /// What it was: `untag team/app:1.4.2`.
    pub title: SafeText,
    /// How far it came.
    pub state: EntryState,
    /// Registries that it reached otherwise than over checked HTTPS. Taking it back reaches them in the same way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Reached>,
    /// Every tag or manifest that it touched or was about to touch.
    pub items: Vec<JournalItem>,
    /// Manifests that were not to be touched and may disappear with what was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub saved: Vec<Saved>,
    /// Throw-away tags that it put and that were not seen to go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<Probe>,
    /// Items, by their places, that were sent and not seen: they may still arrive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unconfirmed: Vec<usize>,
    /// What of it cannot be read any more.
    #[serde(skip_serializing_if = "Damage::is_none")]
    pub damage: Damage,
}

/// How a registry was reached because the user said so: by `http://` in front of its name, or by an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The registry.
    pub host: Host,
    /// Whether over plain HTTP.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain_http: bool,
    /// Whether its certificate was not checked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
}

impl Reached {
    /// `r.test is reached over plain HTTP, as for the change`.
    pub fn said(&self) -> SafeText {
        let how = match self.plain_http {
            true => "over plain HTTP",
            false => "without a check of its certificate",
        };
        SafeText::from(format!("{} is reached {how}, as for the change", self.host))
    }
}

/// A throw-away tag, put to try out a way before any other tag is touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// Where.
    pub repository: Repository,
    /// The tag.
    pub tag: Tag,
    /// Its manifest, which nothing else has.
    pub digest: Digest,
}

/// What of an entry cannot be read any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// In words; empty if all of it can be read.
    pub notes: Vec<SafeText>,
    /// Items, by their places, of which it is not known how they ended or what they replaced.
    pub uncertain: Vec<usize>,
    /// How many items cannot be read at all.
    pub lost: usize,
}

impl Damage {
    /// Whether anything cannot be read.
    pub fn is_any(&self) -> bool {
        !self.notes.is_empty()
    }

    fn is_none(&self) -> bool {
        !self.is_any()
    }
}

impl JournalEntry {
    /// Whether it changed something that was not taken back.
    pub fn can_be_undone(&self) -> bool {
        let changed = self.items.is_empty()
            || self.damage.lost > 0
            || !self.probes.is_empty()
            || self.items.iter().any(|item| item.done != Some(false));
        matches!(self.state, EntryState::Open | EntryState::Ended) && changed
    }

    /// How far it came, in words.
    pub fn outcome(&self) -> SafeText {
        let count = |done| self.items.iter().filter(|item| item.done == done).count();
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

    /// Its title, with the registries that it does not name.
    pub fn whole_title(&self) -> SafeText {
        let title = self.title.as_str();
        let hosts = self.hosts().into_iter().filter(|host| !title.contains(host.as_str()));
        let hosts: Vec<&str> = hosts.map(|host| host.as_str()).collect();
        match hosts.is_empty() {
            true => self.title.clone(),
            false => SafeText::from(format!("{title} · {}", hosts.join(", "))),
        }
    }

    /// The registries that it touched.
    pub fn hosts(&self) -> Vec<&Host> {
        let mut hosts: Vec<&Host> = self.items.iter().map(|item| &item.repository.host).collect();
        hosts.sort_by_key(|host| host.as_str());
        hosts.dedup();
        hosts
    }

    /// The tags that it put to keep images: where each is, and the image.
    pub fn kept(&self) -> impl Iterator<Item = (&Repository, &Tag, Digest)> {
        self.items.iter().filter(|item| item.done != Some(false)).filter_map(|item| match &item.selector {
            Selector::Tag(tag) if tag.keeps_image() && item.before.is_none() => {
                Some((&item.repository, tag, item.after?))
            }
            _ => None,
        })
    }

    /// Whether it took another change back: undoing one after the other goes further back than that.
    pub fn is_undo(&self) -> bool {
        self.title.as_str().starts_with("undo: ")
    }
}

/// How far a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// It was begun and never ended: the program went down in the middle of it.
    Open,
    /// Somebody carries it out: this program or another one.
    Running,
    /// It ended.
    Ended,
    /// It was taken back.
    Undone,
    /// It is there and cannot be read.
    Unreadable,
}

/// A tag or a manifest before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalItem {
    /// Where.
    pub repository: Repository,
    /// The tag or digest.
    pub selector: Selector,
    /// What was there; `None` where nothing was.
    pub before: Option<SavedManifest>,
    /// What should be there afterwards; `None` where it was to be removed.
    pub after: Option<Digest>,
    /// Whether that was done: `None` as long as nobody knows.
    pub done: Option<bool>,
}

/// A manifest that belongs to what an entry changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Saved {
    /// The repository that it is in.
    pub repository: Repository,
    /// What it is to what was changed.
    pub role: SavedRole,
    /// The manifest.
    pub held: SavedManifest,
}

/// What a manifest is to one that is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SavedRole {
    /// An index that is changed lists it.
    Child,
    /// It refers to an image that is changed.
    Referrer,
}

/// A manifest as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SavedManifest {
    /// Its digest.
    pub digest: Digest,
    /// Its media type, as it was put; empty in a list, which reads no manifests.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub media_type: String,
    /// Its bytes.
    #[serde(skip)]
    pub bytes: Bytes,
}
