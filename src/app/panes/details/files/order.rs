//! The order of files.

use std::cmp::Ordering;
use std::cmp::Reverse;

use super::scene::Scene;
use crate::layer::PathId;

/// The sort keys of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FileSortBy {
    /// By path, as the tree has them.
    #[default]
    Path,
    /// By size; of directories the size of everything in them.
    Size,
    /// By name. In the tree it is the same as by path.
    Name,
    /// By the time of the last change.
    Time,
    /// By the layer that brought or removed them.
    Layer,
}

impl FileSortBy {
    /// All sort keys, in the order of the menu.
    pub(crate) const ALL: [FileSortBy; 5] =
        [FileSortBy::Path, FileSortBy::Size, FileSortBy::Name, FileSortBy::Time, FileSortBy::Layer];

    /// Returns the word for the title.
    pub(crate) fn word(self) -> &'static str {
        match self {
            FileSortBy::Path => "path",
            FileSortBy::Size => "size",
            FileSortBy::Name => "name",
            FileSortBy::Time => "time",
            FileSortBy::Layer => "layer",
        }
    }
}

/// The order of files: among those of a directory, or of a filtered list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FileSort {
    /// The sort key.
    pub(crate) by: FileSortBy,
    /// Whether the order is the opposite of the usual one: A to Z, the largest first, the newest first.
    pub(crate) is_reversed: bool,
}

impl FileSort {
    /// Returns the order after a choice in the menu. The same sort key again reverses it.
    pub(crate) fn choose(self, by: FileSortBy) -> FileSort {
        FileSort { by, is_reversed: self.by == by && !self.is_reversed }
    }

    /// Whether this is the order at the start.
    pub(crate) fn is_usual(self) -> bool {
        self == FileSort::default()
    }

    /// Whether files stand as in the tree.
    pub(crate) fn is_by_path(self) -> bool {
        self.by == FileSortBy::Path
    }

    /// Compares two files. Those with equal keys are compared by name.
    pub(crate) fn compare(self, scene: &Scene, one: PathId, other: PathId) -> Ordering {
        let names = || scene.tree.name(one).cmp(scene.tree.name(other));
        let order = match self.by {
            FileSortBy::Path | FileSortBy::Name => names(),
            FileSortBy::Size => scene.listed_size(other).cmp(&scene.listed_size(one)),
            FileSortBy::Time => scene.mtime(other).cmp(&scene.mtime(one)),
            FileSortBy::Layer => Reverse(scene.layer(one)).cmp(&Reverse(scene.layer(other))),
        };
        let order = if self.is_reversed { order.reverse() } else { order };
        order.then_with(names)
    }
}
