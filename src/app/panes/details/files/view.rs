//! The image as of a layer: which version of a path is shown, and the note beside it.

use crate::layer::{EntryKind, FileTree, FileVersion, Hidden, PathId};
use crate::model::size;

/// Names at the root that tools put there for themselves. They are no files of the image:
/// <https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md>.
const LANDMARKS: [&[u8]; 3] = [b".prefetch.landmark", b".no.prefetch.landmark", b"stargz.index.json"];

/// The part of an image that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LayerView {
    /// The layer, from 1.
    pub(crate) layer: u16,
    /// Whether only the changes of the layer are shown, and not the whole image up to it.
    pub(crate) is_own: bool,
    /// Whether files that a layer removed are shown in the whole image too. A layer's own removals always are.
    pub(crate) shows_removed: bool,
}

/// The version of a path that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShownVersion {
    /// It is in the image up to the layer.
    Present(FileVersion),
    /// A layer removed it.
    Removed {
        /// The last version before.
        last: FileVersion,
        /// The layer that removed it.
        layer: u16,
    },
}

impl ShownVersion {
    /// Returns the version: of a removed path the last one before.
    pub(crate) fn version(&self) -> &FileVersion {
        match self {
            ShownVersion::Present(version) | ShownVersion::Removed { last: version, .. } => version,
        }
    }

    /// Returns the layer that brought the version or removed it.
    pub(crate) fn layer(&self) -> u16 {
        match self {
            ShownVersion::Present(version) => version.layer,
            ShownVersion::Removed { layer, .. } => *layer,
        }
    }
}

impl LayerView {
    /// Returns the newest version up to the layer, present or removed.
    fn as_of(self, tree: &FileTree, id: PathId) -> Option<ShownVersion> {
        let newest = tree.versions(id).find(|version| version.layer <= self.layer)?;
        Some(match newest.hidden {
            Some((layer, _)) if layer <= self.layer => ShownVersion::Removed { last: newest, layer },
            Some(_) | None => ShownVersion::Present(newest),
        })
    }

    /// Returns the version of a path that the view is about, or `None` if the path is not part of it. It may still have
    /// to be shown because of the paths below it.
    pub(crate) fn own_version(self, tree: &FileTree, id: PathId) -> Option<ShownVersion> {
        let shown = self.as_of(tree, id)?;
        if !self.shows_removed && self.is_landmark(tree, id) {
            return None;
        }
        let is_part = match shown {
            _ if self.is_own => shown.layer() == self.layer,
            ShownVersion::Present(_) => true,
            ShownVersion::Removed { .. } => self.shows_removed,
        };
        Some(shown).filter(|_| is_part)
    }

    /// Returns the version of a path that is shown, for its own sake or because of the paths below it.
    pub(crate) fn version(self, tree: &FileTree, id: PathId) -> Option<ShownVersion> {
        self.as_of(tree, id)
    }

    fn is_landmark(self, tree: &FileTree, id: PathId) -> bool {
        tree.parent(id) == Some(PathId::ROOT) && LANDMARKS.contains(&tree.name(id))
    }

    /// Returns the note beside a path: the version that it replaces, or the bytes that stay in the image although it was
    /// removed. `hidden_bytes` is the size of everything that was removed with it.
    pub(crate) fn note(self, tree: &FileTree, id: PathId, hidden_bytes: u64) -> Option<String> {
        match self.version(tree, id)? {
            ShownVersion::Present(version) => {
                let by_it = Some((version.layer, Hidden::Replaced));
                let replaced = tree.versions(id).find(|older| older.hidden == by_it)?;
                match (replaced.kind, version.kind) {
                    (EntryKind::Directory, EntryKind::Directory) => None,
                    (EntryKind::Directory, _) => {
                        Some(format!("replaces a directory of layer {}", replaced.layer))
                    }
                    (EntryKind::File, _) => {
                        let bytes = size::bytes(replaced.size);
                        Some(format!("replaces {bytes} of layer {}", replaced.layer))
                    }
                    _ => Some(format!("replaces that of layer {}", replaced.layer)),
                }
            }
            ShownVersion::Removed { last, layer } => {
                let mut note = if layer == self.layer {
                    "removed here".to_string()
                } else {
                    format!("removed in layer {layer}")
                };
                if hidden_bytes > 0 {
                    note.push_str(&format!(", {}", size::bytes(hidden_bytes)));
                    if last.kind != EntryKind::Directory {
                        note.push_str(&format!(" of layer {}", last.layer));
                    }
                    note.push_str(" stay in the image");
                }
                Some(note)
            }
        }
    }
}
