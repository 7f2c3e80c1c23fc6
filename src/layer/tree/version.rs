//! The versions of the paths of a tree.

use super::some;
use crate::layer::entry::EntryKind;
use crate::layer::list::{EntryFacts, FileList};

/// The reason why a version is not in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hidden {
    /// Another version of the same path replaced it.
    Replaced,
    /// A whiteout of it or of a directory above removed it.
    Whiteout,
    /// An opaque marker of a directory above removed it.
    Opaque,
    /// Something else than a directory replaced a directory above.
    Shadowed,
}

/// A version of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileVersion {
    /// The size in bytes.
    pub size: u64,
    /// The time of the last change, in seconds since 1970.
    pub mtime: i64,
    /// The number of the owner.
    pub uid: u32,
    /// The number of the group.
    pub gid: u32,
    /// The number of the entry in the list of its layer, from 0. `None` for a directory that only its content implies.
    pub entry: Option<u32>,
    /// Permissions.
    pub mode: u16,
    /// The layer, from 1.
    pub layer: u16,
    /// The kind.
    pub kind: EntryKind,
    /// The layer that hides it, and how. `None` if it is in the image.
    pub hidden: Option<(u16, Hidden)>,
}

/// A version as it is stored: everything else stands in the list of its layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredVersion {
    /// The number of the entry in the list of its layer.
    pub(super) entry: u32,
    /// The version before.
    pub(super) older: u32,
    /// The layer, from 1.
    pub(super) layer: u16,
    /// The layer that hides it; 0 if there is none.
    pub(super) hidden_by: u16,
    /// How it hides it.
    pub(super) hidden_how: Hidden,
    /// The kind.
    pub(super) kind: EntryKind,
}

impl StoredVersion {
    /// Returns the version with what the list of its layer says about it.
    pub(super) fn public(&self, lists: &[FileList]) -> FileVersion {
        let list = usize::from(self.layer).checked_sub(1).and_then(|index| lists.get(index));
        // A directory that only its content implies has no entry.
        let implied = EntryFacts { size: 0, mtime: 0, uid: 0, gid: 0, mode: 0o755 };
        let facts = some(self.entry).and_then(|entry| list?.facts(entry as usize)).unwrap_or(implied);
        FileVersion {
            size: facts.size,
            mtime: facts.mtime,
            uid: facts.uid,
            gid: facts.gid,
            entry: some(self.entry),
            mode: facts.mode,
            layer: self.layer,
            kind: self.kind,
            hidden: (self.hidden_by != 0).then_some((self.hidden_by, self.hidden_how)),
        }
    }
}
