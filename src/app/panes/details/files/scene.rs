//! A tree as it is shown: as of a layer, with the sizes of its directories.

use std::collections::HashSet;
use std::sync::Arc;

use super::sums::FileSums;
use super::view::{LayerView, ShownVersion};
use crate::layer::files::beside_root;
use crate::layer::{EntryKind, FileTree, FileVersion, LayerEntry, LayerFiles, PathId, WINDOWS_ROOT};
use crate::model::text::SafeText;

/// The lists of the layers, bottom first. `None` for those that were not read to their end.
pub(crate) type LayerLists = Arc<[Option<Arc<LayerFiles>>]>;

/// A tree, and the part of it that is shown.
#[derive(Debug)]
pub(crate) struct Scene {
    /// The paths with all of their versions.
    pub(crate) tree: Arc<FileTree>,
    /// The lists of the layers.
    pub(crate) lists: LayerLists,
    /// The part that is shown.
    pub(crate) view: LayerView,
    /// The paths of that part and their sizes.
    pub(crate) sums: FileSums,
    /// The numbers of the directories that are open.
    pub(crate) open: HashSet<u32>,
}

impl Scene {
    /// Begins a scene, whose paths are examined later.
    pub(crate) fn of(
        tree: &Arc<FileTree>,
        lists: &LayerLists,
        view: LayerView,
        open: &HashSet<Vec<u8>>,
    ) -> Scene {
        let open = open.iter().filter_map(|path| tree.find(path)).map(PathId::number).collect();
        Scene { tree: tree.clone(), lists: lists.clone(), view, sums: FileSums::of(tree), open }
    }

    /// Returns the path of a row.
    pub(crate) fn id(&self, row: u32) -> Option<PathId> {
        self.tree.path_at(row)
    }

    /// Returns the version that is shown.
    pub(crate) fn version(&self, id: PathId) -> Option<ShownVersion> {
        self.view.version(&self.tree, id)
    }

    /// Whether the path is shown only because of the paths below it.
    pub(crate) fn is_context(&self, id: PathId) -> bool {
        self.view.own_version(&self.tree, id).is_none()
    }

    /// Whether the path is a directory.
    pub(crate) fn is_directory(&self, id: PathId) -> bool {
        let kind = self.version(id).map(|shown| shown.version().kind);
        kind == Some(EntryKind::Directory) || self.sums.has_shown(id)
    }

    /// Returns the bytes in the column of sizes: of a removed path those that stay in the image.
    pub(crate) fn listed_size(&self, id: PathId) -> u64 {
        if self.sums.is_removed(id) { self.sums.removed_size(id) } else { self.size(id) }
    }

    /// Returns the bytes of a file, or of the files below a directory that are in the image.
    pub(crate) fn size(&self, id: PathId) -> u64 {
        match self.view.own_version(&self.tree, id) {
            Some(ShownVersion::Present(version)) if version.kind != EntryKind::Directory => version.size,
            _ => self.sums.below(id),
        }
    }

    /// Returns the time of the last change, in seconds since 1970.
    pub(crate) fn mtime(&self, id: PathId) -> i64 {
        self.version(id).map(|shown| shown.version().mtime).unwrap_or_default()
    }

    /// Returns the layer that brought or removed the path.
    pub(crate) fn layer(&self, id: PathId) -> u16 {
        self.version(id).map(|shown| shown.layer()).unwrap_or_default()
    }

    /// Returns the note beside the path.
    pub(crate) fn note(&self, id: PathId) -> Option<String> {
        let note = || self.view.note(&self.tree, id, self.sums.removed_size(id));
        if self.is_context(id) { None } else { note() }.or_else(|| self.windows_note(id))
    }

    /// Returns the purpose of a directory of Windows that is no part of the files of the image.
    fn windows_note(&self, id: PathId) -> Option<String> {
        let is_windows = self.lists.iter().flatten().any(|files| files.root == WINDOWS_ROOT);
        if !is_windows || self.tree.parent(id) != Some(PathId::ROOT) {
            return None;
        }
        match beside_root(self.tree.name(id))? {
            b"Hives" => Some("the registry of Windows".to_string()),
            b"UtilityVM" => Some("for containers with a kernel of their own".to_string()),
            _ => None,
        }
    }

    /// Returns the number of directories above a path, without the root.
    pub(crate) fn depth(&self, id: PathId) -> usize {
        std::iter::successors(self.tree.parent(id), |id| self.tree.parent(*id)).count().saturating_sub(1)
    }

    /// Writes the whole path into a buffer, in place of its content.
    pub(crate) fn write_path(&self, id: PathId, path: &mut Vec<u8>) {
        path.clear();
        // From the end to the beginning, each name turned around, so that one turn of the whole puts all in order.
        for at in std::iter::successors(Some(id), |id| self.tree.parent(*id)) {
            if at == PathId::ROOT {
                break;
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend(self.tree.name(at).iter().rev());
        }
        path.reverse();
    }

    /// Returns the list of a layer, from 1.
    pub(crate) fn list(&self, layer: u16) -> Option<&Arc<LayerFiles>> {
        self.lists.get(usize::from(layer).checked_sub(1)?)?.as_ref()
    }

    /// Returns the version that holds the content of a version: itself, or the target of a hard link.
    pub(crate) fn content_of(&self, id: PathId, version: FileVersion) -> Option<(PathId, FileVersion)> {
        let content = self.tree.linked_version(id, &version);
        content.filter(|(_, content)| content.kind == EntryKind::File)
    }

    /// Returns the target of a link, if its layer was read.
    pub(crate) fn link(&self, version: &FileVersion) -> Option<SafeText> {
        let entry = self.list(version.layer)?.list.get(version.entry? as usize)?;
        (!entry.link.is_empty()).then(|| SafeText::clean(&String::from_utf8_lossy(&entry.link)))
    }

    /// Returns the entry of the version that is shown, if its layer was read.
    pub(crate) fn entry(&self, id: PathId) -> Option<LayerEntry<'_>> {
        let version = *self.version(id)?.version();
        self.list(version.layer)?.list.get(version.entry? as usize)
    }
}
