//! The lines of an entry: a running number, a checksum, and a document of JSON.
//!
//! The number tells that a line is missing, and keeps the others in their places; the checksum tells that one is not what
//! was written. Entries of earlier versions have the documents alone.

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

/// The form of entries whose lines have numbers and checksums.
pub const VERSION: u32 = 2;
/// The form before, of documents alone.
pub const OLD_VERSION: u32 = 1;
/// Hexadecimal digits of a checksum.
const SUM: usize = 16;

/// What a line says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalLine<'a> {
    /// The first one.
    Entry {
        version: u32,
        at: Timestamp,
        #[serde(borrow)]
        title: Cow<'a, str>,
        #[serde(alias = "wish")]
        request: Option<Cow<'a, ChangeRequest>>,
        /// Registries that are reached otherwise than over checked HTTPS.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reached: Vec<Reached>,
        /// How many items follow.
        #[serde(default)]
        items: usize,
        /// How many follow those that are not to be touched.
        #[serde(default)]
        saved: usize,
        /// How many manifests follow those.
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
    /// A manifest that is not to be touched and may disappear with what is.
    Saved { repository: Cow<'a, Repository>, role: SavedRole, digest: Digest },
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
    /// A throw-away tag that is about to be put, and its manifest.
    Probing { repository: Cow<'a, Repository>, tag: Cow<'a, Tag>, digest: Digest },
    /// It is gone.
    Probed { repository: Cow<'a, Repository>, tag: Cow<'a, Tag> },
    /// The outcome of an item, and how often it was revised before.
    Done {
        index: usize,
        /// Of one that is not confirmed: true.
        done: bool,
        /// Whether it was sent and is not seen: whether it was done, or will be, is not known.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unconfirmed: bool,
        #[serde(default)]
        revised: usize,
    },
    /// It is over; so many lines stand before this one.
    Ended {
        #[serde(default)]
        lines: u64,
    },
    /// It was taken back.
    Undone {},
}

/// The forms of two lines in earlier versions.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OldLine {
    Ended,
    Undone,
}

impl<'a> JournalLine<'a> {
    /// An item as a line.
    pub fn of(item: &'a JournalItem) -> JournalLine<'a> {
        JournalLine::Item {
            repository: Cow::Borrowed(&item.repository),
            selector: Cow::Borrowed(&item.selector),
            before: item.before.as_ref().map(|held| held.digest),
            after: item.after,
        }
    }

    /// What is not to be touched as a line.
    pub fn saved(saved: &'a Saved) -> JournalLine<'a> {
        let repository = Cow::Borrowed(&saved.repository);
        JournalLine::Saved { repository, role: saved.role, digest: saved.held.digest }
    }

    /// A manifest as a line.
    pub fn held(held: &'a SavedManifest) -> JournalLine<'a> {
        JournalLine::Held {
            digest: held.digest,
            media_type: Cow::Borrowed(&held.media_type),
            base64: STANDARD.encode(&held.bytes).into(),
        }
    }

    /// Reads a document.
    pub fn parse(text: &'a str) -> Option<JournalLine<'a>> {
        serde_json::from_str(text).ok().or_else(|| match serde_json::from_str(text).ok()? {
            OldLine::Ended => Some(JournalLine::Ended { lines: 0 }),
            OldLine::Undone => Some(JournalLine::Undone {}),
        })
    }
}

/// Which number the next line of a file has: none in the form of earlier versions.
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
                writeln!(to, "{number} {} {text}", sum(*number, &text))?;
                *number += 1;
            }
        }
        Ok(())
    }

    /// Adds a line to a file and syncs it.
    pub fn append(&mut self, file: &mut File, line: &JournalLine<'_>) -> io::Result<()> {
        // One write for all of it. Were the line before torn, this one would begin on a line of its own.
        let (mut bytes, mut next) = (vec![b'\n'], *self);
        next.write(&mut bytes, line)?;
        file.write_all(&bytes)?;
        *self = next;
        file.sync_data()
    }
}

/// Takes a line with a number apart; `None` if it is not what was written.
pub fn checked(line: &str) -> Option<(u64, &str)> {
    let (number, rest) = line.split_once(' ')?;
    let (found, text) = rest.split_at_checked(SUM)?;
    let text = text.strip_prefix(' ')?;
    let number: u64 = number.parse().ok()?;
    (found == sum(number, text)).then_some((number, text))
}

fn sum(number: u64, text: &str) -> String {
    let mut hex = Digest::sha256(format!("{number} {text}").as_bytes()).hex().to_string();
    hex.truncate(SUM);
    hex
}
