//! Questions to a tree: its paths, their versions, and the path or the file that a link leads to.

use super::{FileTree, FileVersion, Hidden, MOST_LINKS, NONE, PathId, components, some};
use crate::layer::entry::EntryKind;

impl FileTree {
    /// Returns the number of layers.
    pub fn layers(&self) -> u16 {
        // More than can be numbered are refused.
        self.paths.lists().len() as u16
    }

    /// Returns the number of paths, with the root and the removed ones.
    pub fn path_count(&self) -> usize {
        self.paths.len()
    }

    /// Returns the path with this number: see [`PathId::number`].
    pub fn path_at(&self, number: u32) -> Option<PathId> {
        ((number as usize) < self.paths.len()).then_some(PathId(number))
    }

    /// Returns the path with these components, also if it was removed.
    pub fn find(&self, path: &[u8]) -> Option<PathId> {
        let mut components = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty());
        components.try_fold(0, |node, name| self.paths.child(node, name)).map(PathId)
    }

    /// Returns the path of this name directly below another one, also if it was removed.
    pub fn child(&self, id: PathId, name: &[u8]) -> Option<PathId> {
        self.paths.child(id.0, name).map(PathId)
    }

    /// Returns the last component; empty for the root.
    pub fn name(&self, id: PathId) -> &[u8] {
        self.paths.name(id.0)
    }

    /// Returns the whole path without a slash at its beginning.
    pub fn path(&self, id: PathId) -> Vec<u8> {
        let mut ids = Vec::new();
        let mut at = id.0;
        while at != NONE && at != 0 {
            ids.push(PathId(at));
            at = self.paths.node(at).parent;
        }
        let names: Vec<&[u8]> = ids.iter().rev().map(|id| self.name(*id)).collect();
        names.join(&b'/')
    }

    /// Returns the directory above; `None` for the root.
    pub fn parent(&self, id: PathId) -> Option<PathId> {
        some(self.paths.node(id.0).parent).map(PathId)
    }

    /// Returns the paths directly below, also removed ones, in no order.
    pub fn children(&self, id: PathId) -> impl Iterator<Item = PathId> {
        let next = |node: &PathId| some(self.paths.node(node.0).next_sibling).map(PathId);
        std::iter::successors(some(self.paths.node(id.0).first_child).map(PathId), next)
    }

    /// Returns all paths except the root, also removed ones, in no order.
    pub fn paths(&self) -> impl Iterator<Item = PathId> {
        (1..self.paths.len()).map(|index| PathId(index as u32))
    }

    /// Returns the versions, the newest first. The root may have none.
    pub fn versions(&self, id: PathId) -> impl Iterator<Item = FileVersion> {
        let older = |index: &u32| some(self.versions[*index as usize].older);
        let indexes = std::iter::successors(some(self.paths.node(id.0).newest), older);
        indexes.map(|index| self.versions[index as usize].public(self.paths.lists()))
    }

    /// Returns the version that is in the image, or `None` if the path was removed.
    pub fn current(&self, id: PathId) -> Option<FileVersion> {
        self.versions(id).next().filter(|version| version.hidden.is_none())
    }

    /// Returns the layers whose versions the current one replaces, the newest first.
    pub fn replaces(&self, id: PathId) -> Vec<u16> {
        let Some(current) = self.current(id) else { return Vec::new() };
        let by_it = Some((current.layer, Hidden::Replaced));
        self.versions(id).filter(|version| version.hidden == by_it).map(|version| version.layer).collect()
    }

    /// Returns the layer that removed the path, or `None` if it is in the image.
    pub fn removed_in(&self, id: PathId) -> Option<u16> {
        self.versions(id).next().and_then(|version| version.hidden).map(|(layer, _)| layer)
    }

    /// Returns whether a layer above the lowest one emptied the directory: an opaque marker, the removal of its path, or
    /// anything but a directory in its place, if only for a time. Directories above it are not looked at.
    pub(in crate::layer) fn was_emptied(&self, id: PathId) -> bool {
        let empties = |version: FileVersion| {
            let is_removed = version.hidden.is_some_and(|(_, how)| how != Hidden::Replaced);
            is_removed || (version.layer > 1 && version.kind != EntryKind::Directory)
        };
        self.paths.node(id.0).opaque_in > 1 || self.versions(id).any(empties)
    }

    /// Returns the path that a program would open in the image: symbolic links are followed, also the last one if
    /// `follows_last` says so. They do not lead out of the image. Returns `None` if it does not exist, or after 40 links.
    pub fn resolve(&self, path: &[u8], follows_last: bool) -> Option<PathId> {
        let mut node = 0;
        let mut links = 0;
        let mut rest: Vec<Vec<u8>> = components(path).rev().collect();
        while let Some(name) = rest.pop() {
            if node != 0 && self.versions[self.live(node)? as usize].kind != EntryKind::Directory {
                return None;
            }
            if name == b".." {
                node = some(self.paths.node(node).parent).unwrap_or(0);
                continue;
            }
            let child = self.paths.child(node, &name)?;
            let version = self.live(child)?;
            let target = self.link(version).filter(|_| follows_last || !rest.is_empty());
            if let Some(target) = target {
                links += 1;
                if links > MOST_LINKS {
                    return None;
                }
                if target.starts_with(b"/") {
                    node = 0;
                }
                rest.extend(components(target).rev());
            } else {
                node = child;
            }
        }
        Some(PathId(node))
    }

    /// Returns the version whose content a version is: itself, or that which a hard link names. That was in the image when
    /// the link was added, and may be hidden now. Returns `None` for a hard link that names nothing.
    pub fn linked_version(&self, id: PathId, version: &FileVersion) -> Option<(PathId, FileVersion)> {
        if version.kind != EntryKind::HardLink {
            return Some((id, *version));
        }
        let link = self.hard_link(version.layer, version.entry?)?;
        Some((PathId(link.node), self.versions[link.version as usize].public(self.paths.lists())))
    }
}
