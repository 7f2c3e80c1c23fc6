//! The files of an image as they are browsed: the layer, the open directories, the order, the filter and the cursor.
//!
//! A tree may be replaced by a newer one while its layers are read. Open directories and the cursor are therefore known by
//! their paths. The previous rows stay until the new ones are complete.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::filter::{FileFilter, FileSearch};
use super::flattening::{Flattening, flatten};
use super::order::FileSort;
use super::rows::{OpenDirectories, RowBuilder, STEPS, SortedContents};
use super::scene::{LayerLists, Scene};
use super::view::LayerView;
use crate::app::list::{List, Move};
use crate::layer::{EntryKind, FileTree, PathId};

/// Number of paths that are summed up in one part.
const SUMMED: usize = 65_536;
/// Number of paths that a filter examines in one part.
const FILTERED: usize = 16_384;

/// The files of an image as they are browsed.
#[derive(Debug, Default)]
pub(crate) struct FileBrowser {
    /// The rows. Their items are the numbers of paths in the tree that is shown.
    pub(crate) list: List,
    /// The order.
    pub(crate) sort: FileSort,
    /// The layer that the user chose, from 1. Without one it is the last.
    layer: Option<u16>,
    is_own: bool,
    shows_removed: bool,
    shown: Option<Scene>,
    /// The scene that replaces the one shown as soon as its rows are complete.
    next: Option<Scene>,
    /// The paths of the open directories.
    open: HashSet<Vec<u8>>,
    /// Whether the rows do not yet match the rest.
    is_stale: bool,
    building: Option<RowBuilder>,
    contents: SortedContents,
    /// All paths that are shown, in order, if a filter needed them.
    flat: Option<Vec<u32>>,
    flattening: Option<Flattening>,
    search: Option<FileSearch>,
    /// The filter that the rows follow: the last one that could be parsed.
    filter: Option<Arc<FileFilter>>,
    /// The reason why the text of the filter is none.
    filter_problem: Option<String>,
    /// The path that gets the cursor when the rows are complete.
    goal: Option<Vec<u8>>,
}

impl FileBrowser {
    /// Creates a browser of nothing, with this order.
    pub(crate) fn sorted(sort: FileSort) -> FileBrowser {
        FileBrowser { sort, ..FileBrowser::default() }
    }

    /// Returns the scene that is shown.
    pub(crate) fn scene(&self) -> Option<&Scene> {
        self.shown.as_ref()
    }

    /// Returns the scene that is shown, or the one that will be.
    fn target(&self) -> Option<&Scene> {
        self.next.as_ref().or(self.shown.as_ref())
    }

    /// Returns the path under the cursor.
    pub(crate) fn selected(&self) -> Option<PathId> {
        self.scene()?.id(u32::try_from(self.list.selected()?).ok()?)
    }

    /// Returns the part of a tree to show.
    fn view_of(&self, tree: &FileTree) -> LayerView {
        let top = tree.layers();
        let layer = self.layer.map_or(top, |layer| layer.clamp(1, top.max(1)));
        LayerView { layer, is_own: self.is_own, shows_removed: self.shows_removed }
    }

    /// Shows another tree: a newer one of the same image, or that of another image.
    pub(crate) fn set_tree(&mut self, tree: &Arc<FileTree>, lists: &LayerLists) {
        self.next = Some(Scene::of(tree, lists, self.view_of(tree), &self.open));
        self.begin_scene();
    }

    /// Chooses the layer to show, and whether only its own changes are.
    pub(crate) fn show_layer(&mut self, layer: Option<u16>, is_own: bool) {
        (self.layer, self.is_own) = (layer, is_own);
        self.reshow();
    }

    /// Shows the layer before or after. Returns whether there is one.
    pub(crate) fn step_layer(&mut self, by: i32) -> bool {
        let Some((view, top)) = self.target().map(|scene| (scene.view, scene.tree.layers())) else {
            return false;
        };
        let layer = (i32::from(view.layer) + by).clamp(1, i32::from(top).max(1)) as u16;
        self.layer = Some(layer);
        self.reshow();
        layer != view.layer
    }

    /// Goes from the whole image up to the layer to the layer's own changes, or back.
    pub(crate) fn toggle_own(&mut self) {
        self.is_own = !self.is_own;
        self.reshow();
    }

    /// Shows removed files in the whole image, or hides them. Returns whether they are shown now.
    pub(crate) fn toggle_removed(&mut self) -> bool {
        self.shows_removed = !self.shows_removed;
        self.reshow();
        self.shows_removed
    }

    /// Puts the files into another order.
    pub(crate) fn set_sort(&mut self, sort: FileSort) {
        self.sort = sort;
        self.forget_order();
        self.restart();
    }

    /// Shows the paths that match a text, as a list of whole paths, or the tree again. A path that was found stays under
    /// the cursor.
    pub(crate) fn set_filter(&mut self, typed: &str) {
        if self.list.filter == typed {
            return;
        }
        if typed.is_empty()
            && self.list.is_user_selected
            && let Some(path) = self.selected_path()
        {
            self.reveal(&path);
        }
        let is_user_selected = self.list.is_user_selected;
        self.list.set_filter(typed);
        match FileFilter::parse(typed) {
            Ok(filter) => {
                self.filter = (!typed.is_empty()).then(|| Arc::new(filter));
                self.filter_problem = None;
                self.restart();
            }
            // The rows of the text before stay, and the cursor on them.
            Err(problem) => {
                self.filter_problem = Some(problem);
                self.list.is_user_selected = is_user_selected;
            }
        }
    }

    /// Returns the filter that the rows follow. They are then a list of whole paths, not a tree.
    pub(crate) fn filter(&self) -> Option<&FileFilter> {
        self.filter.as_deref()
    }

    /// Returns the reason why the text of the filter is none, so that the rows follow the one before.
    pub(crate) fn filter_problem(&self) -> Option<&str> {
        self.filter_problem.as_deref()
    }

    /// Ends the list of whole paths.
    fn drop_filter(&mut self) {
        self.list.set_filter("");
        (self.filter, self.filter_problem) = (None, None);
    }

    /// Opens the directories above a path, and puts the cursor on it.
    pub(crate) fn reveal(&mut self, path: &[u8]) {
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        for directory in ends.filter_map(|end| path.get(..end)).map(<[u8]>::to_vec) {
            self.set_open(directory, true);
        }
        self.goal = Some(path.to_vec());
        self.list.is_user_selected = true;
    }

    /// Leaves a filtered list and goes to a path of the tree.
    pub(crate) fn go_to(&mut self, path: &[u8]) {
        self.reveal(path);
        self.drop_filter();
        self.restart();
    }

    /// Opens a directory.
    pub(crate) fn open_directory(&mut self, path: Vec<u8>) {
        self.goal = Some(path.clone());
        self.set_open(path, true);
        self.restart();
    }

    /// Opens the directory under the cursor or closes it; in a filtered list, goes to it in the tree. Returns the path
    /// under the cursor if it is a file.
    pub(crate) fn enter(&mut self) -> Option<PathId> {
        let id = self.selected()?;
        let scene = self.scene()?;
        if !scene.is_directory(id) {
            return Some(id);
        }
        let (path, is_open) = (scene.tree.path(id), scene.open.contains(&id.number()));
        if self.filter.is_some() {
            self.reveal(&path);
            self.set_open(path, true);
            self.drop_filter();
        } else {
            self.set_open(path, !is_open);
        }
        self.restart();
        None
    }

    /// Closes the directory under the cursor, or goes to the one above it. Returns whether there was anything to do.
    pub(crate) fn leave(&mut self) -> bool {
        let Some((scene, id)) = self.scene().zip(self.selected()) else { return false };
        if self.filter.is_some() {
            return false;
        }
        if scene.open.contains(&id.number()) {
            let path = scene.tree.path(id);
            self.set_open(path, false);
            self.restart();
            return true;
        }
        let above = scene.tree.parent(id).filter(|above| *above != PathId::ROOT);
        let row = above.and_then(|above| self.list.rows.iter().position(|row| *row == above.number()));
        if let Some(row) = row {
            self.list.move_cursor(Move::To(row));
        }
        row.is_some()
    }

    fn set_open(&mut self, path: Vec<u8>, is_open: bool) {
        for scene in self.shown.iter_mut().chain(&mut self.next) {
            let number = scene.tree.find(&path).map(PathId::number);
            match number {
                Some(number) if is_open => {
                    scene.open.insert(number);
                }
                Some(number) => {
                    scene.open.remove(&number);
                }
                None => {}
            }
        }
        if is_open {
            self.open.insert(path);
        } else {
            self.open.remove(&path);
        }
    }

    /// Returns the path under the cursor.
    pub(crate) fn selected_path(&self) -> Option<Vec<u8>> {
        Some(self.scene()?.tree.path(self.selected()?))
    }

    /// Returns the path that the symbolic link under the cursor leads to inside the image.
    pub(crate) fn linked_path(&self) -> Option<Vec<u8>> {
        let (tree, id) = (&self.scene()?.tree, self.selected()?);
        let is_link = tree.current(id)?.kind == EntryKind::Symlink;
        let target = tree.resolve(&tree.path(id), true).filter(|target| is_link && *target != id)?;
        Some(tree.path(target))
    }

    /// Shows another part of the same tree.
    fn reshow(&mut self) {
        let Some(scene) = self.target() else { return };
        let view = self.view_of(&scene.tree);
        if view != scene.view {
            self.next = Some(Scene::of(&scene.tree, &scene.lists, view, &self.open));
            self.begin_scene();
        }
    }

    fn begin_scene(&mut self) {
        self.contents.clear();
        self.forget_order();
        self.restart();
    }

    fn forget_order(&mut self) {
        self.contents.clear();
        (self.flat, self.flattening) = (None, None);
    }

    /// Computes the rows again: the first part now, the others between keys.
    fn restart(&mut self) {
        (self.building, self.search) = (None, None);
        self.is_stale = true;
        self.arrange_next_part();
    }

    /// Whether other rows or another order will appear by themselves. [`FileBrowser::arrange_next_part`] continues.
    pub(crate) fn is_arranging(&self) -> bool {
        self.is_stale && self.target().is_some()
    }

    /// Continues with the rows.
    pub(crate) fn arrange_next_part(&mut self) {
        if !self.is_stale {
            return;
        }
        let Some(scene) = self.next.as_mut().or(self.shown.as_mut()) else { return };
        if !scene.sums.is_finished() {
            let tree = scene.tree.clone();
            scene.sums.examine_next(&tree, scene.view, SUMMED);
            if !scene.sums.is_finished() {
                return;
            }
            if scene.view.is_own {
                // The few changes of a layer are seen without opening directory after directory.
                scene.open.extend(scene.sums.few_directories());
            }
        }
        let scene = &*scene;
        if self.filter.is_some() {
            self.filter_next_part();
        } else {
            let mut building = self.building.take().unwrap_or_else(|| RowBuilder::new(scene, &self.contents));
            let open = OpenDirectories::These(&scene.open);
            if building.add_next(scene, self.sort, open, &mut self.contents, STEPS) {
                self.finish(building.into_rows());
            } else {
                self.building = Some(building);
            }
        }
    }

    fn filter_next_part(&mut self) {
        let Some(scene) = self.next.as_ref().or(self.shown.as_ref()) else { return };
        if self.flat.is_none() {
            let flattening = self
                .flattening
                .take()
                .unwrap_or_else(|| Flattening::Tree(RowBuilder::new(scene, &SortedContents::new())));
            match flatten(flattening, scene, self.sort) {
                ControlFlow::Break(flat) => self.flat = Some(flat),
                ControlFlow::Continue(flattening) => {
                    self.flattening = Some(flattening);
                    return;
                }
            }
        }
        let Some(filter) = &self.filter else { return };
        let flat = self.flat.as_deref().unwrap_or_default();
        let mut search = self.search.take().unwrap_or_else(|| FileSearch::of(filter));
        if search.examine_next(scene, flat, FILTERED) {
            return self.finish(search.into_rows());
        }
        if self.next.is_none() {
            self.list.show_matches(search.found().to_vec());
        }
        self.search = Some(search);
    }

    /// Shows rows that are complete.
    fn finish(&mut self, rows: Vec<u32>) {
        self.is_stale = false;
        let mut goal = self.goal.take();
        if let Some(next) = self.next.take() {
            goal = goal.or_else(|| self.selected_path().filter(|_| self.list.is_user_selected));
            let line = self.list.cursor.saturating_sub(self.list.offset);
            self.shown = Some(next);
            self.list.forget_rows();
            self.list.show(rows);
            if goal.is_none() {
                self.list.cursor = 0;
            }
            self.put_cursor(goal, line);
        } else if goal.is_some() {
            self.list.show(rows);
            self.put_cursor(goal, self.list.height / 3);
        } else {
            self.list.show_matches(rows);
        }
    }

    /// Puts the cursor on a path, or on the nearest directory above it that is shown.
    fn put_cursor(&mut self, goal: Option<Vec<u8>>, line: usize) {
        let Some(scene) = &self.shown else { return };
        let mut path = goal.unwrap_or_default();
        while !path.is_empty() {
            let number = scene.tree.find(&path).map(PathId::number);
            let row = number.and_then(|number| self.list.rows.iter().position(|row| *row == number));
            if let Some(row) = row {
                self.list.cursor = row;
                self.list.offset = row.saturating_sub(line);
                break;
            }
            let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
            path.truncate(end);
        }
        self.list.show_cursor();
    }
}

#[cfg(test)]
mod tests;
