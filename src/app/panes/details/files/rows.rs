//! The rows of the tree: the content of each open directory below it. They are computed in parts, because a directory may
//! have a hundred thousand files.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::order::FileSort;
use super::scene::Scene;
use crate::app::list::incremental_sort::Sorting;
use crate::layer::PathId;

/// Number of comparisons and rows in one part.
pub(super) const STEPS: usize = 16_384;

/// The sorted content of directories, by the number of the directory.
pub(crate) type SortedContents = HashMap<u32, Arc<[u32]>>;

/// The directories whose content is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OpenDirectories<'a> {
    /// Those with these numbers.
    These(&'a HashSet<u32>),
    /// All of them.
    All,
}

impl OpenDirectories<'_> {
    fn has(self, number: u32) -> bool {
        match self {
            OpenDirectories::These(these) => these.contains(&number),
            OpenDirectories::All => true,
        }
    }
}

/// Rows that are being computed.
#[derive(Debug)]
pub(crate) struct RowBuilder {
    /// The open directories on the way to the next row, each with its content and the number of paths of it that have
    /// been added.
    stack: Vec<(Arc<[u32]>, usize)>,
    /// The directory whose content is being sorted.
    sorting: Option<(u32, Sorting)>,
    rows: Vec<u32>,
}

impl RowBuilder {
    /// Begins with the root.
    pub(crate) fn new(scene: &Scene, contents: &SortedContents) -> RowBuilder {
        let mut builder = RowBuilder { stack: Vec::new(), sorting: None, rows: Vec::new() };
        builder.enter(scene, PathId::ROOT.number(), contents);
        builder
    }

    /// Returns the rows so far.
    #[cfg(test)]
    pub(crate) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Returns all rows, once [`RowBuilder::add_next`] has returned true.
    pub(crate) fn into_rows(self) -> Vec<u32> {
        self.rows
    }

    /// Continues for about this number of steps, and returns whether all rows are there. Steps are comparisons, and rows
    /// that are added. `contents` keeps the content of directories that were sorted.
    pub(crate) fn add_next(
        &mut self,
        scene: &Scene,
        sort: FileSort,
        open: OpenDirectories<'_>,
        contents: &mut SortedContents,
        most: usize,
    ) -> bool {
        let mut left = most;
        loop {
            if let Some((directory, mut sorting)) = self.sorting.take() {
                let compare = |one, other| match (scene.id(one), scene.id(other)) {
                    (Some(one), Some(other)) => sort.compare(scene, one, other),
                    _ => one.cmp(&other),
                };
                if !sorting.sort_next(left, compare) {
                    self.sorting = Some((directory, sorting));
                    return false;
                }
                let sorted: Arc<[u32]> = sorting.into_items().into();
                let count = sorted.len();
                left = left.saturating_sub(count * (count.max(1).ilog2() as usize + 1));
                if matches!(open, OpenDirectories::These(_)) {
                    contents.insert(directory, sorted.clone());
                }
                self.stack.push((sorted, 0));
            }
            let Some((content, next)) = self.stack.last_mut() else { return true };
            if left == 0 {
                return false;
            }
            left -= 1;
            let Some(number) = content.get(*next).copied() else {
                self.stack.pop();
                continue;
            };
            *next += 1;
            self.rows.push(number);
            if open.has(number) && scene.id(number).is_some_and(|id| scene.sums.has_shown(id)) {
                self.enter(scene, number, contents);
            }
        }
    }

    fn enter(&mut self, scene: &Scene, number: u32, contents: &SortedContents) {
        if let Some(content) = contents.get(&number) {
            return self.stack.push((content.clone(), 0));
        }
        let Some(id) = scene.id(number) else { return };
        let shown = scene.tree.children(id).filter(|child| scene.sums.is_shown(*child));
        self.sorting = Some((number, Sorting::of(shown.map(PathId::number).collect())));
    }
}
