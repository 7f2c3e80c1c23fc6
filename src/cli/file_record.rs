//! The members that every line of JSON about a file has.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::digest::Digest;

/// The facts about a file in JSON.
#[derive(Serialize)]
pub(super) struct FileMembers {
    /// The type, as `EntryKind::name` has it.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// The size in bytes.
    pub(super) size: u64,
    /// Permissions.
    pub(super) mode: u16,
    /// The number of the owner.
    pub(super) uid: u32,
    /// The number of the group.
    pub(super) gid: u32,
    /// The time of the last change.
    pub(super) mtime: Option<Timestamp>,
    /// The target of a link.
    pub(super) link: Option<String>,
    /// The sha256 of the content in hexadecimal.
    pub(super) sha256: Option<String>,
}

impl FileMembers {
    /// Returns the target of a link as text. Bytes that are not UTF-8 are replaced.
    pub(super) fn link(target: &[u8]) -> Option<String> {
        (!target.is_empty()).then(|| String::from_utf8_lossy(target).into_owned())
    }

    /// Returns a sha256 in hexadecimal.
    pub(super) fn sha256(bytes: Option<[u8; 32]>) -> Option<String> {
        bytes.map(|bytes| Digest::Sha256(bytes).hex())
    }
}
