//! The lines of an entry: a running number, a checksum, and a JSON document.
//!
//! The numbers reveal a missing line and keep the others in their places. The checksum reveals a line that was altered.
//! Entries of earlier versions consist of the documents alone.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::change::ChangeRequest;
use crate::model::change::journal::{JournalItem, Reached, Saved, SavedManifest, SavedRole};
use crate::model::digest::Digest;
use crate::model::reference::{Repository, Selector, Tag};

/// The version of entries whose lines have numbers and checksums.
pub const VERSION: u32 = 2;
/// The version before, of documents alone.
pub const OLD_VERSION: u32 = 1;
/// The number of hexadecimal digits of a checksum.
const SUM: usize = 16;

/// The content of a line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalLine<'a> {
    /// The first line.
    Entry {
        version: u32,
        at: Timestamp,
        #[serde(borrow)]
        title: Cow<'a, str>,
        #[serde(alias = "wish")]
        request: Option<Cow<'a, ChangeRequest>>,
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
        repository: Cow<'a, Repository>,
        selector: Cow<'a, Selector>,
        before: Option<Digest>,
        after: Option<Digest>,
    },
    /// A manifest that the change does not touch, and that may disappear with one that it does.
    Saved { repository: Cow<'a, Repository>, role: SavedRole, digest: Digest },
    /// A manifest with its bytes, as it was before the change.
    Held {
        digest: Digest,
        #[serde(borrow)]
        media_type: Cow<'a, str>,
        #[serde(borrow)]
        base64: Cow<'a, str>,
    },
    /// The digests before and after an item as they turned out, because another client was faster than the change.
    Revised { index: usize, before: Option<Digest>, after: Option<Digest> },
    /// A throw-away tag that is about to be put, and its manifest.
    Probing { repository: Cow<'a, Repository>, tag: Cow<'a, Tag>, digest: Digest },
    /// The throw-away tag is gone.
    Probed { repository: Cow<'a, Repository>, tag: Cow<'a, Tag> },
    /// The outcome of an item, and how often the item was revised before.
    Done {
        index: usize,
        /// `true` if the item is unconfirmed.
        done: bool,
        /// Whether the change was sent and is not visible. It is not known then whether it was done, or will be.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unconfirmed: bool,
        #[serde(default)]
        revised: usize,
    },
    /// The entry is over. Contains the number of lines before this one.
    Ended {
        #[serde(default)]
        lines: u64,
    },
    /// The entry was undone.
    Undone {},
}

/// Two lines in the form of earlier versions.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OldLine {
    Ended,
    Undone,
}

impl<'a> JournalLine<'a> {
    /// Returns the line of an item.
    pub fn of(item: &'a JournalItem) -> JournalLine<'a> {
        JournalLine::Item {
            repository: Cow::Borrowed(&item.repository),
            selector: Cow::Borrowed(&item.selector),
            before: item.before.as_ref().map(|held| held.digest),
            after: item.after,
        }
    }

    /// Returns the line of a manifest that the change does not touch.
    pub fn of_saved(saved: &'a Saved) -> JournalLine<'a> {
        let repository = Cow::Borrowed(&saved.repository);
        JournalLine::Saved { repository, role: saved.role, digest: saved.held.digest }
    }

    /// Returns the line of a manifest with its bytes.
    pub fn of_manifest(held: &'a SavedManifest) -> JournalLine<'a> {
        JournalLine::Held {
            digest: held.digest,
            media_type: Cow::Borrowed(&held.media_type),
            base64: STANDARD.encode(&held.bytes).into(),
        }
    }

    /// Parses a document.
    pub fn parse(text: &'a str) -> Option<JournalLine<'a>> {
        serde_json::from_str(text).ok().or_else(|| match serde_json::from_str(text).ok()? {
            OldLine::Ended => Some(JournalLine::Ended { lines: 0 }),
            OldLine::Undone => Some(JournalLine::Undone {}),
        })
    }
}

/// The number of the next line of a file, or `None` for a file in the form of earlier versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextNumber(pub Option<u64>);

impl NextNumber {
    /// Writes a line.
    pub fn write(&mut self, to: &mut impl Write, line: &JournalLine<'_>) -> io::Result<()> {
        match (&mut self.0, line) {
            (None, JournalLine::Ended { .. }) => writeln!(to, "\"ended\"")?,
            (None, JournalLine::Undone {}) => writeln!(to, "\"undone\"")?,
            (None, line) => writeln!(to, "{}", serde_json::to_string(line)?)?,
            (Some(number), line) => {
                let text = match line {
                    JournalLine::Ended { .. } => {
                        serde_json::to_string(&JournalLine::Ended { lines: *number })?
                    }
                    line => serde_json::to_string(line)?,
                };
                writeln!(to, "{number} {} {text}", checksum(*number, &text))?;
                *number += 1;
            }
        }
        Ok(())
    }

    /// Appends a line to a file and syncs it.
    pub fn append(&mut self, file: &mut File, line: &JournalLine<'_>) -> io::Result<()> {
        // All of it is one write. It begins with a line break, so that it starts on a line of its own even if the line
        // before was torn.
        let (mut bytes, mut next) = (vec![b'\n'], *self);
        next.write(&mut bytes, line)?;
        file.write_all(&bytes)?;
        *self = next;
        file.sync_data()
    }
}

/// Splits a numbered line. Returns `None` if the checksum does not match or the line has another form.
pub fn verify_checksum(line: &str) -> Option<(u64, &str)> {
    let (number, rest) = line.split_once(' ')?;
    let (found, text) = rest.split_at_checked(SUM)?;
    let text = text.strip_prefix(' ')?;
    let number: u64 = number.parse().ok()?;
    (found == checksum(number, text)).then_some((number, text))
}

fn checksum(number: u64, text: &str) -> String {
    let mut hex = Digest::sha256(format!("{number} {text}").as_bytes()).hex().to_string();
    hex.truncate(SUM);
    hex
}
