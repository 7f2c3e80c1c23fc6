//! The files in which two images differ.
//!
//! Layers at the bottom that both images share need not be read: whatever they hold, both have it. A path that only one
//! image touches in its further layers is then compared with something that is not known, and the result says so: the
//! path is *added or changed*, or *removed or changed*. A whiteout proves that the path existed. Directories between
//! symbolic links are not followed into layers that were not read.

use std::sync::Arc;

use super::entry::{EntryKind, LayerEntry};
use super::files::LayerFiles;
use super::list::FileList;
use super::tree::{FileTree, FileVersion, PathId, TreeError};

mod compare;
mod stand_ins;
mod wording;

pub use compare::Aspects;
use stand_ins::stand_ins;
pub(crate) use wording::describe_unread;

/// The relation of a path in the right image to the left one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileChange {
    /// Only on the right.
    Added,
    /// Only on the left.
    Removed,
    /// On both sides, and different.
    Changed,
    /// On both sides; whether the contents differ is not known, because their sizes are equal and a digest is missing, or
    /// because it is a directory that one image emptied of files of layers that were not read. Or on neither side, if a
    /// layer that was not read does not have it.
    Unknown,
    /// On the right. The left side has it only in layers that were not read, or not at all.
    AddedOrChanged,
    /// On the left. The right side has it only in layers that were not read, or not at all.
    RemovedOrChanged,
}

/// The state of a path in one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// It is not there.
    Absent,
    /// It is as the layers that were not read have it, if they have it. Layers that could not be read are among them.
    Unread,
    /// It is there.
    Present(FileFacts),
}

/// The facts about a file of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// The kind. A hard link to a file that is known counts as that file.
    pub kind: EntryKind,
    /// The size in bytes.
    pub size: u64,
    /// Permissions.
    pub mode: u16,
    /// The number of the owner.
    pub uid: u32,
    /// The number of the group.
    pub gid: u32,
    /// The time of the last change, in seconds since 1970.
    pub mtime: i64,
    /// The target of a link, otherwise empty.
    pub link: Vec<u8>,
    /// The sha256 of the content.
    pub sha256: Option<[u8; 32]>,
    /// The number of its layer in the image, from 1.
    pub layer: usize,
}

/// A path in which the images differ, or may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffedFile {
    /// The path without a slash at its beginning.
    pub path: Vec<u8>,
    /// The change.
    pub change: FileChange,
    /// The aspects that differ, if the path is on both sides.
    pub aspects: Aspects,
    /// The left side.
    pub left: FileState,
    /// The right side.
    pub right: FileState,
}

/// One of the two images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffOperand {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

/// The place of the content that a program would read at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentPlace {
    /// There is nothing.
    Absent,
    /// A layer that was not read may have it.
    Unread,
    /// It is no file.
    NoFile(EntryKind),
    /// It is a file.
    File {
        /// The index among the layers that were read, from 0.
        layer: usize,
        /// The number of its entry.
        entry: u32,
        /// Its size in bytes.
        size: u64,
    },
}

/// A row: the path on both sides, without its facts.
#[derive(Debug, Clone, Copy)]
struct DiffRow {
    left: Option<PathId>,
    right: Option<PathId>,
    /// Whether each side is as layers that were not read have it.
    is_unread: [bool; 2],
    depth: u16,
    change: FileChange,
    aspects: Aspects,
}

/// One of the images.
#[derive(Debug)]
struct DiffTree {
    tree: FileTree,
    /// The layers above those that both images share, bottom first. `None` for those that could not be read.
    layers: Vec<Option<Arc<LayerFiles>>>,
    /// The number of layers below them.
    unread: usize,
    /// The highest layer of the tree that could not be read; 0 if all were.
    missing: u16,
    /// The number of all layers below them in their image.
    below: usize,
}

/// The differences between the files of two images.
#[derive(Debug)]
pub struct FileDiff {
    left: DiffTree,
    right: DiffTree,
    rows: Vec<DiffRow>,
    same: usize,
    hidden: Vec<Vec<u8>>,
}

impl FileDiff {
    /// Compares two images by the files of their layers, bottom first. `unread` is the number of layers that both share
    /// at the bottom and that are left out. Takes a moment for many files.
    pub fn of(
        left: Vec<Arc<LayerFiles>>,
        right: Vec<Arc<LayerFiles>>,
        unread: usize,
    ) -> Result<FileDiff, TreeError> {
        let all = |layers: Vec<Arc<LayerFiles>>| layers.into_iter().map(Some).collect();
        FileDiff::of_readable(all(left), all(right), unread)
    }

    /// Compares two images as [`FileDiff::of`] does, also if some layers could not be read, which are `None`. They count as
    /// empty, but a path that is only on the other side may be in them.
    pub fn of_readable(
        left: Vec<Option<Arc<LayerFiles>>>,
        right: Vec<Option<Arc<LayerFiles>>>,
        unread: usize,
    ) -> Result<FileDiff, TreeError> {
        let stand_ins = (unread > 0).then(|| stand_ins(&left, &right));
        let empty = FileList::default();
        let tree = |layers: Vec<Option<Arc<LayerFiles>>>| {
            let (mut tree, mut missing) = (FileTree::default(), 0);
            stand_ins.iter().try_for_each(|list| tree.add_layer(list))?;
            for layer in &layers {
                tree.add_layer(layer.as_ref().map_or(&empty, |layer| &layer.list))?;
                if layer.is_none() {
                    missing = tree.layers();
                }
            }
            tree.shrink();
            Ok(DiffTree { tree, layers, unread, missing, below: unread })
        };
        let (left, right) = (tree(left)?, tree(right)?);
        let mut diff = FileDiff { left, right, rows: Vec::new(), same: 0, hidden: Vec::new() };
        diff.compare();
        Ok(diff)
    }

    /// Names the layers by their numbers in their images if each side is only one of them, from 1.
    pub fn of_single_layers(mut self, [left, right]: [usize; 2]) -> FileDiff {
        (self.left.below, self.right.below) = (left.saturating_sub(1), right.saturating_sub(1));
        self
    }

    /// Returns the place of the content at a path of one image. Symbolic links are followed inside the image.
    pub fn locate(&self, operand: DiffOperand, path: &[u8]) -> ContentPlace {
        self.side(operand).locate(path)
    }

    /// Returns whether no layer that could not be read may have another file at a path of one image, or remove it.
    pub fn is_sure_of(&self, operand: DiffOperand, path: &[u8]) -> bool {
        self.side(operand).is_sure_of(path)
    }

    /// Returns the layer of a place of an image: its number in the image, from 1, and its files.
    pub fn layer(&self, operand: DiffOperand, index: usize) -> Option<(usize, &Arc<LayerFiles>)> {
        let side = self.side(operand);
        Some((index + side.below + 1, side.layers.get(index)?.as_ref()?))
    }

    fn side(&self, operand: DiffOperand) -> &DiffTree {
        match operand {
            DiffOperand::Left => &self.left,
            DiffOperand::Right => &self.right,
        }
    }

    /// Returns the number of paths that differ, or may differ.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no path differs as far as it is known.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the number of paths that are the same in the layers that were read.
    pub fn same(&self) -> usize {
        self.same
    }

    /// Returns the number of paths with this change.
    pub fn count(&self, change: FileChange) -> usize {
        self.rows.iter().filter(|row| row.change == change).count()
    }

    /// Returns the directories whose content in the layers that were not read only one of the images shows: the other one
    /// removed everything in them. What is below one of these is not among them. Each has a row, too.
    pub fn hidden_directories(&self) -> &[Vec<u8>] {
        &self.hidden
    }

    /// Returns whether the shared layers that were not read could tell more.
    pub fn is_uncertain(&self) -> bool {
        let is_unread = |row: &DiffRow| row.is_unread.contains(&true);
        self.left.unread > 0 && (!self.hidden.is_empty() || self.rows.iter().any(is_unread))
    }

    /// Returns a difference by its number, from 0, in the order of a tree.
    pub fn get(&self, index: usize) -> Option<DiffedFile> {
        let row = self.rows.get(index)?;
        Some(DiffedFile {
            path: self.path(row.left, row.right),
            change: row.change,
            aspects: row.aspects,
            left: self.left.state(row.left, row.is_unread[0]),
            right: self.right.state(row.right, row.is_unread[1]),
        })
    }

    fn path(&self, left: Option<PathId>, right: Option<PathId>) -> Vec<u8> {
        let left = left.map(|id| self.left.tree.path(id));
        left.or_else(|| right.map(|id| self.right.tree.path(id))).unwrap_or_default()
    }

    /// Returns all differences in the order of a tree.
    pub fn iter(&self) -> impl Iterator<Item = DiffedFile> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl DiffTree {
    fn locate(&self, path: &[u8]) -> ContentPlace {
        let missing =
            if self.unread > 0 || self.missing > 0 { ContentPlace::Unread } else { ContentPlace::Absent };
        let Some(id) = self.tree.resolve(path, true) else {
            // Only a path that a layer removed is known to be absent.
            let is_removed = |id: &PathId| self.tree.current(*id).is_none() && !self.is_missing(Some(*id));
            return self.tree.find(path).filter(is_removed).map_or(missing, |_| ContentPlace::Absent);
        };
        let Some(version) = self.tree.current(id).filter(|_| !self.is_unread(id)) else { return missing };
        let (_, content) = self.content(id, &version);
        match (content.kind, self.layer_index(&content), content.entry) {
            (EntryKind::File, Some(layer), Some(entry)) => {
                ContentPlace::File { layer, entry, size: content.size }
            }
            (EntryKind::HardLink, ..) => missing,
            (kind, ..) => ContentPlace::NoFile(kind),
        }
    }

    fn is_sure_of(&self, path: &[u8]) -> bool {
        match self.tree.resolve(path, true) {
            Some(id) => self.tree.current(id).is_none_or(|version| version.layer > self.missing),
            None => !self.is_missing(self.tree.find(path)),
        }
    }

    /// Returns whether a path that is not there may be in a layer that could not be read: none above it removed the path.
    fn is_missing(&self, id: Option<PathId>) -> bool {
        let removed_in = id.and_then(|id| self.tree.removed_in(id));
        self.missing > 0 && removed_in.is_none_or(|layer| layer < self.missing)
    }

    /// Returns whether the path is as the layers that were not read have it.
    fn is_unread(&self, id: PathId) -> bool {
        self.unread > 0 && self.tree.current(id).is_some_and(|version| version.layer == 1)
    }

    /// Returns the index of the layer of a version. `None` for a stand-in.
    fn layer_index(&self, version: &FileVersion) -> Option<usize> {
        usize::from(version.layer).checked_sub(1 + usize::from(self.unread > 0))
    }

    fn entry(&self, version: &FileVersion) -> Option<LayerEntry<'_>> {
        let layer = self.layers.get(self.layer_index(version)?)?.as_ref()?;
        layer.list.get(version.entry? as usize)
    }

    fn state(&self, id: Option<PathId>, is_unread: bool) -> FileState {
        let version = id.and_then(|id| Some((id, self.tree.current(id)?)));
        match version {
            _ if is_unread => FileState::Unread,
            Some((id, version)) => FileState::Present(self.facts(id, &version)),
            None => FileState::Absent,
        }
    }

    fn facts(&self, id: PathId, version: &FileVersion) -> FileFacts {
        let (_, content) = self.content(id, version);
        let entry = self.entry(&content);
        FileFacts {
            kind: content.kind,
            size: content.size,
            mode: version.mode,
            uid: version.uid,
            gid: version.gid,
            mtime: version.mtime,
            sha256: entry.as_ref().and_then(|entry| entry.sha256),
            link: entry.map(|entry| entry.link.into_owned()).unwrap_or_default(),
            layer: self.layer_index(version).map_or(0, |index| index + self.below + 1),
        }
    }

    /// Returns the version that holds the content: the target of a hard link if it is known, otherwise the version.
    fn content(&self, id: PathId, version: &FileVersion) -> (PathId, FileVersion) {
        if version.kind != EntryKind::HardLink {
            return (id, *version);
        }
        let target = self.tree.linked_version(id, version);
        target.filter(|(_, target)| self.layer_index(target).is_some()).unwrap_or((id, *version))
    }
}
