//! The paths that are shown, and the sizes of directories: computed in parts, because an image may have millions of
//! paths.

use std::collections::HashMap;

use super::view::{LayerView, ShownVersion};
use crate::layer::{EntryKind, FileTree, PathId};

/// Fewer paths than this can all be shown at once.
const FEW: usize = 200;
/// The path is shown.
const SHOWN: u8 = 1;
/// A path below it is shown.
const HAS_SHOWN: u8 = 2;
/// It was removed.
const REMOVED: u8 = 4;

/// The paths that are shown of a tree, with their sizes.
#[derive(Debug, Default)]
pub(crate) struct FileSums {
    flags: Vec<u8>,
    /// The bytes of everything below each directory that has any, without removed files. Sizes of files stand in the tree.
    below: HashMap<u32, u64>,
    /// The bytes of the files that were removed, by the paths that have any.
    removed: HashMap<u32, u64>,
    /// The paths before this one have not been examined.
    left: usize,
    /// The number of files.
    pub(crate) files: usize,
    /// The number of paths.
    pub(crate) paths: usize,
    /// The directories with something below them, unless these are many.
    directories: Vec<u32>,
}

impl FileSums {
    /// Begins to sum up a tree.
    pub(crate) fn of(tree: &FileTree) -> FileSums {
        let count = tree.path_count();
        FileSums { flags: vec![0; count], left: count, ..FileSums::default() }
    }

    /// Whether all paths were examined.
    pub(crate) fn is_finished(&self) -> bool {
        self.left == 0
    }

    /// Returns the number of paths that were not examined yet.
    #[cfg(test)]
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Examines at most `most` further paths. Everything in a directory comes before the directory itself.
    pub(crate) fn examine_next(&mut self, tree: &FileTree, view: LayerView, most: usize) {
        let end = self.left.saturating_sub(most);
        for number in (end..self.left).rev() {
            if let Some(id) = tree.path_at(number as u32) {
                self.examine(tree, view, id, number);
            }
        }
        self.left = end;
    }

    fn examine(&mut self, tree: &FileTree, view: LayerView, id: PathId, number: usize) {
        let own = view.own_version(tree, id);
        let Some(flags) = self.flags.get_mut(number) else { return };
        if own.is_none() && *flags & HAS_SHOWN == 0 {
            return;
        }
        *flags |= SHOWN;
        self.paths += usize::from(number > 0);
        if *flags & HAS_SHOWN != 0 && self.directories.len() < FEW {
            self.directories.push(number as u32);
        }
        let kind = own.map(|own| own.version().kind);
        let is_file = !matches!(kind, None | Some(EntryKind::Directory));
        let mut size = self.below.get(&(number as u32)).copied().unwrap_or_default();
        match own {
            Some(ShownVersion::Removed { last, .. }) => {
                *flags |= REMOVED;
                if is_file && last.size > 0 {
                    *self.removed.entry(number as u32).or_default() += last.size;
                }
            }
            Some(ShownVersion::Present(version)) if is_file => {
                self.files += 1;
                size = version.size;
            }
            Some(ShownVersion::Present(_)) | None => {}
        }
        let Some(parent) = tree.parent(id).map(PathId::number) else { return };
        if size > 0 {
            let sum = self.below.entry(parent).or_default();
            *sum = sum.saturating_add(size);
        }
        if let Some(removed) = self.removed.get(&(number as u32)).copied() {
            let sum = self.removed.entry(parent).or_default();
            *sum = sum.saturating_add(removed);
        }
        if let Some(flags) = self.flags.get_mut(parent as usize) {
            *flags |= HAS_SHOWN;
        }
    }

    /// Returns the directories with something below them if only a few paths are shown.
    pub(crate) fn few_directories(&self) -> &[u32] {
        if self.paths < FEW { &self.directories } else { &[] }
    }

    /// Whether the path is shown.
    pub(crate) fn is_shown(&self, id: PathId) -> bool {
        self.has(id, SHOWN)
    }

    /// Whether paths below it are shown.
    pub(crate) fn has_shown(&self, id: PathId) -> bool {
        self.has(id, HAS_SHOWN)
    }

    /// Whether the path is shown as removed.
    pub(crate) fn is_removed(&self, id: PathId) -> bool {
        self.has(id, REMOVED)
    }

    fn has(&self, id: PathId, flag: u8) -> bool {
        self.flags.get(id.number() as usize).is_some_and(|flags| flags & flag != 0)
    }

    /// Returns the bytes of the files below a directory that are in the image.
    pub(crate) fn below(&self, id: PathId) -> u64 {
        self.below.get(&id.number()).copied().unwrap_or_default()
    }

    /// Returns the bytes of a file that was removed, or of those below a directory.
    pub(crate) fn removed_size(&self, id: PathId) -> u64 {
        self.removed.get(&id.number()).copied().unwrap_or_default()
    }
}
