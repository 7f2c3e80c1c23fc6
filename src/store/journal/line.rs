//! The lines of an entry: a running number, a checksum, a JSON document, and the bytes of a manifest.
//!
//! The numbers reveal a missing line and keep the others in their places. The checksum reveals a line that was altered,
//! or that belongs to another entry.

use std::borrow::Cow;
use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::change::journal::{JournalItem, Reached, Saved, SavedManifest, SavedRole};
use crate::model::change::{ChangeKind, ChangeRequest};
use crate::model::digest::Digest;
use crate::model::reference::{Repository, Selector, Tag};

/// The version of the documents.
pub(crate) const VERSION: u32 = 2;
/// The number of hexadecimal digits of a checksum.
const SUM: usize = 16;

/// The content of a line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JournalLine<'a> {
    /// The first line.
    Entry {
        /// The version of the document.
        version: u32,
        /// The time at which the change began.
        at: Timestamp,
        /// The change in a few words.
        #[serde(borrow)]
        title: Cow<'a, str>,
        /// The request that the user made, to be planned again if the program ends before the change does.
        #[serde(alias = "wish")]
        request: Option<Cow<'a, ChangeRequest>>,
        /// The kind of the change. Earlier versions wrote none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<ChangeKind>,
        /// Registries that are not reached over checked HTTPS.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reached: Vec<Reached>,
        /// The number of items that follow.
        #[serde(default)]
        items: usize,
        /// The number of manifests after them that the change does not touch.
        #[serde(default)]
        saved: usize,
        /// The number of manifests with their bytes after those.
        #[serde(default)]
        held: usize,
    },
    /// An item.
    Item {
        /// The repository of the tag or manifest.
        repository: Cow<'a, Repository>,
        /// The tag or digest.
        selector: Cow<'a, Selector>,
        /// The digest before the change; `None` if there was none.
        before: Option<Digest>,
        /// The digest that the change gives it; `None` if it removes it.
        after: Option<Digest>,
    },
    /// A manifest that the change does not touch, and that may disappear with one that it does.
    Saved {
        /// The repository of the manifest.
        repository: Cow<'a, Repository>,
        /// The relation of the manifest to the one that is changed.
        role: SavedRole,
        /// The digest of the manifest.
        digest: Digest,
    },
    /// A manifest as it was before the change. Its bytes are beside the document.
    Held {
        /// The digest of the manifest.
        digest: Digest,
        /// The media type with which the manifest was put.
        #[serde(borrow)]
        media_type: Cow<'a, str>,
    },
    /// The digests before and after an item as they turned out, because another client was faster than the change.
    Revised {
        /// The position of the item.
        index: usize,
        /// The digest before the change.
        before: Option<Digest>,
        /// The digest that the change gives it.
        after: Option<Digest>,
    },
    /// A throw-away tag that is about to be put, and its manifest.
    Probing {
        /// The repository of the tag.
        repository: Cow<'a, Repository>,
        /// The throw-away tag.
        tag: Cow<'a, Tag>,
        /// The digest of its manifest.
        digest: Digest,
    },
    /// The throw-away tag is gone.
    Probed {
        /// The repository of the tag.
        repository: Cow<'a, Repository>,
        /// The throw-away tag.
        tag: Cow<'a, Tag>,
    },
    /// The outcome of an item, and how often the item was revised before.
    Done {
        /// The position of the item.
        index: usize,
        /// `true` if the item is unconfirmed.
        done: bool,
        /// Whether the change was sent and is not visible. It is not known then whether it was done, or will be.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unconfirmed: bool,
        /// How often the item was revised before.
        #[serde(default)]
        revised: usize,
    },
    /// The entry is over.
    Ended {
        /// The number of lines before this one.
        #[serde(default)]
        lines: u64,
    },
    /// The entry was undone.
    Undone {},
}

impl<'a> JournalLine<'a> {
    /// Returns the line of an item.
    pub(crate) fn of(item: &'a JournalItem) -> JournalLine<'a> {
        JournalLine::Item {
            repository: Cow::Borrowed(&item.repository),
            selector: Cow::Borrowed(&item.selector),
            before: item.before.as_ref().map(|held| held.digest),
            after: item.after,
        }
    }

    /// Returns the line of a manifest that the change does not touch.
    pub(crate) fn of_saved(saved: &'a Saved) -> JournalLine<'a> {
        let repository = Cow::Borrowed(&saved.repository);
        JournalLine::Saved { repository, role: saved.role, digest: saved.held.digest }
    }

    /// Returns the line of a manifest, without its bytes.
    pub(crate) fn of_manifest(held: &'a SavedManifest) -> JournalLine<'a> {
        JournalLine::Held { digest: held.digest, media_type: Cow::Borrowed(&held.media_type) }
    }

    /// Parses a document.
    pub(crate) fn parse(text: &'a str) -> Option<JournalLine<'a>> {
        serde_json::from_str(text).ok()
    }

    /// Returns the document of a line of that number.
    pub(crate) fn document(&self, number: i64) -> io::Result<String> {
        let document = match self {
            JournalLine::Ended { .. } => {
                serde_json::to_string(&JournalLine::Ended { lines: number.unsigned_abs() })
            }
            line => serde_json::to_string(line),
        };
        document.map_err(io::Error::from)
    }
}

/// Returns the checksum of a line.
pub(crate) fn checksum(entry: i64, number: i64, document: &str, bytes: Option<&[u8]>) -> String {
    let mut whole = format!("{entry} {number} {document}").into_bytes();
    if let Some(bytes) = bytes {
        whole.push(0);
        whole.extend_from_slice(bytes);
    }
    let mut hex = Digest::sha256(&whole).hex();
    hex.truncate(SUM);
    hex
}
