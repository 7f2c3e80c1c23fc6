//! All paths that are shown, as one list in order: for filters, which search closed directories too.

use std::ops::ControlFlow;

use super::order::FileSort;
use super::rows::{OpenDirectories, RowBuilder, STEPS, SortedContents};
use super::scene::Scene;
use crate::app::list::incremental_sort::Sorting;

/// All paths that are shown, as a list that is being put in order.
#[derive(Debug)]
pub(super) enum Flattening {
    /// The tree with all directories open.
    Tree(RowBuilder),
    /// These paths by another sort key.
    Sort(Sorting),
}

/// Continues to put all paths in order. Returns them when they are.
pub(super) fn flatten(
    flattening: Flattening,
    scene: &Scene,
    sort: FileSort,
) -> ControlFlow<Vec<u32>, Flattening> {
    match flattening {
        Flattening::Tree(mut builder) => {
            let by_path =
                FileSort { is_reversed: sort.is_reversed && sort.is_by_path(), ..FileSort::default() };
            let contents = &mut SortedContents::new();
            if !builder.add_next(scene, by_path, OpenDirectories::All, contents, STEPS) {
                return ControlFlow::Continue(Flattening::Tree(builder));
            }
            let rows = builder.into_rows();
            if sort.is_by_path() {
                ControlFlow::Break(rows)
            } else {
                ControlFlow::Continue(Flattening::Sort(Sorting::of(rows)))
            }
        }
        Flattening::Sort(mut sorting) => {
            let compare = |one, other| match (scene.id(one), scene.id(other)) {
                (Some(one), Some(other)) => sort.compare(scene, one, other),
                _ => one.cmp(&other),
            };
            if sorting.sort_next(STEPS, compare) {
                ControlFlow::Break(sorting.into_items())
            } else {
                ControlFlow::Continue(Flattening::Sort(sorting))
            }
        }
    }
}
