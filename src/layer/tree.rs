//! Layers on top of each other: each path with all of its versions. Image-spec, `layer.md` § Applying Changesets.
//!
//! A path keeps every version that a layer brought, so the tree tells which layer a file is from, which versions it
//! hides, and which layer removed it. Removals of a layer come before its additions, whatever their order in the tar.
//! As in the programs that unpack images, an entry below a symbolic link to a directory is put into that directory.
//!
//! | module | purpose |
//! |---|---|
//! | `paths` | the names below names |
//! | `version` | the versions of a path |
//! | `lookup` | questions to a tree |

mod lookup;
mod paths;
mod version;

use super::entry::{EntryKind, LayerEntry};
use super::list::FileList;
use super::path::split;
pub use paths::PathId;
use paths::TreePaths;
use version::StoredVersion;
pub use version::{FileVersion, Hidden};

/// Most paths in a tree. A layer may have two million entries, each with directories that have none of their own.
const MOST_PATHS: usize = 8_000_000;
/// Most steps that removals may take for each path, in addition to a million.
const STEPS_A_PATH: u64 = 64;
/// Most symbolic links that are followed on the way to one directory.
const MOST_LINKS: usize = 40;
/// The number that stands for none.
const NONE: u32 = u32::MAX;

/// The reason why layers cannot be put on top of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// More paths than allowed.
    #[error("the image has more than {MOST_PATHS} paths")]
    ManyPaths,
    /// More layers than can be numbered.
    #[error("the image has more than 65,534 layers")]
    ManyLayers,
    /// The same paths are removed again and again.
    #[error("the layers replace the same directories too often")]
    ManyRemovals,
}

/// The paths of an image.
#[derive(Debug, Default)]
pub struct FileTree {
    paths: TreePaths,
    versions: Vec<StoredVersion>,
    /// The layers, which share their memory with the lists that were added.
    lists: Vec<FileList>,
    steps: u64,
}

impl FileTree {
    /// Puts a layer on top of the others. After an error the tree is of no use.
    pub fn add_layer(&mut self, list: &FileList) -> Result<(), TreeError> {
        if self.lists.len() >= usize::from(u16::MAX) - 1 {
            return Err(TreeError::ManyLayers);
        }
        self.lists.push(list.clone());
        for entry in list.iter() {
            match entry.kind {
                EntryKind::Whiteout => {
                    let (parent, name) = split(&entry.path);
                    let target =
                        self.existing_directory(parent).and_then(|parent| self.paths.child(parent, name));
                    if let Some(target) = target {
                        self.remove(target, Hidden::Whiteout)?;
                    }
                }
                EntryKind::OpaqueMarker => {
                    if let Some(directory) = self.existing_directory(&entry.path) {
                        let layer = self.layers();
                        let node = self.paths.node_mut(directory);
                        if std::mem::replace(&mut node.opaque_in, layer) != layer {
                            self.remove_below(directory, Hidden::Opaque)?;
                        }
                    }
                }
                _ => {}
            }
        }
        for (index, entry) in list.iter().enumerate() {
            if !matches!(entry.kind, EntryKind::Whiteout | EntryKind::OpaqueMarker) {
                self.add_entry(&entry, u32::try_from(index).unwrap_or(NONE))?;
            }
        }
        Ok(())
    }

    /// Gives back memory that was set aside for further paths.
    pub fn shrink(&mut self) {
        self.paths.shrink();
        self.versions.shrink_to_fit();
    }

    /// Returns the bytes of memory that the tree uses besides the lists of its layers.
    pub fn memory(&self) -> usize {
        self.paths.memory() + self.versions.capacity() * size_of::<StoredVersion>()
    }

    fn add_entry(&mut self, entry: &LayerEntry<'_>, index: u32) -> Result<(), TreeError> {
        let (parent, name) = split(&entry.path);
        let node = if name.is_empty() {
            0
        } else {
            let parent = self.make_directory(parent)?;
            self.paths.child_or_new(parent, name)?
        };
        let is_directory = entry.kind == EntryKind::Directory;
        if let Some(newest) = self.live(node) {
            self.hide(newest, Hidden::Replaced);
            if self.versions[newest as usize].kind == EntryKind::Directory && !is_directory {
                self.remove_below(node, Hidden::Shadowed)?;
            }
        }
        self.add_version(node, entry.kind, index)
    }

    fn add_version(&mut self, node: u32, kind: EntryKind, index: u32) -> Result<(), TreeError> {
        let version = u32::try_from(self.versions.len()).map_err(|_| TreeError::ManyPaths)?;
        if self.versions.len() >= MOST_PATHS {
            return Err(TreeError::ManyPaths);
        }
        self.versions.push(StoredVersion {
            entry: index,
            older: self.paths.node(node).newest,
            layer: self.layers(),
            hidden_by: 0,
            hidden_how: Hidden::Replaced,
            kind,
        });
        self.paths.node_mut(node).newest = version;
        Ok(())
    }

    /// Returns the newest version of a node if it is in the image.
    fn live(&self, node: u32) -> Option<u32> {
        some(self.paths.node(node).newest).filter(|version| self.versions[*version as usize].hidden_by == 0)
    }

    fn hide(&mut self, version: u32, how: Hidden) {
        let layer = self.layers();
        let stored = &mut self.versions[version as usize];
        (stored.hidden_by, stored.hidden_how) = (layer, how);
    }

    /// Removes a path and everything below it.
    fn remove(&mut self, node: u32, how: Hidden) -> Result<(), TreeError> {
        let Some(version) = self.live(node) else { return Ok(()) };
        self.hide(version, how);
        self.remove_below(node, how)
    }

    /// Removes everything below a path. Below a removed path there is nothing in the image.
    fn remove_below(&mut self, node: u32, how: Hidden) -> Result<(), TreeError> {
        let mut directories = vec![node];
        while let Some(directory) = directories.pop() {
            let mut child = self.paths.node(directory).first_child;
            while child != NONE {
                self.steps += 1;
                if self.steps > 1_000_000 + STEPS_A_PATH * self.paths.len() as u64 {
                    return Err(TreeError::ManyRemovals);
                }
                if let Some(version) = self.live(child) {
                    self.hide(version, how);
                    directories.push(child);
                }
                child = self.paths.node(child).next_sibling;
            }
        }
        Ok(())
    }

    /// Returns the node of a directory that exists, behind symbolic links too.
    fn existing_directory(&self, path: &[u8]) -> Option<u32> {
        let (node, rest) = self.walk(path);
        rest.is_empty().then_some(node)
    }

    /// Returns the node of a directory. Missing ones are made; files in the place of one are replaced.
    fn make_directory(&mut self, path: &[u8]) -> Result<u32, TreeError> {
        let (mut node, rest) = self.walk(path);
        for name in rest {
            node = self.paths.child_or_new(node, &name)?;
            if let Some(version) = self.live(node) {
                if self.versions[version as usize].kind == EntryKind::Directory {
                    continue;
                }
                self.hide(version, Hidden::Replaced);
            }
            // A directory that only its content implies.
            self.add_version(node, EntryKind::Directory, NONE)?;
        }
        Ok(node)
    }

    /// Walks as far as directories exist. Returns the last one and the components that are left.
    fn walk(&self, path: &[u8]) -> (u32, Vec<Vec<u8>>) {
        let mut node = 0;
        let mut links = 0;
        let mut rest: Vec<Vec<u8>> = components(path).rev().collect();
        while let Some(name) = rest.pop() {
            if name == b".." {
                node = some(self.paths.node(node).parent).unwrap_or(0);
                continue;
            }
            let child = self.paths.child(node, &name);
            let version = child.and_then(|child| self.live(child));
            match (child, version, version.map(|version| self.versions[version as usize].kind)) {
                (Some(child), _, Some(EntryKind::Directory)) => node = child,
                (_, Some(version), Some(EntryKind::Symlink)) if links < MOST_LINKS => {
                    links += 1;
                    let target = self.link(version);
                    if target.starts_with(b"/") {
                        node = 0;
                    }
                    rest.extend(components(target).rev());
                }
                _ => {
                    rest.push(name);
                    break;
                }
            }
        }
        // A link may lead to a directory that does not exist, and then up again.
        rest.retain(|name| name != b"..");
        rest.reverse();
        (node, rest)
    }

    /// Returns the target of a version that is a symbolic link.
    fn link(&self, version: u32) -> &[u8] {
        let stored = &self.versions[version as usize];
        let list = usize::from(stored.layer).checked_sub(1).and_then(|index| self.lists.get(index));
        list.map_or(b"", |list| list.link(stored.entry as usize))
    }
}

fn some(number: u32) -> Option<u32> {
    (number != NONE).then_some(number)
}

fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = Vec<u8>> + '_ {
    let names = path.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
    names.map(<[u8]>::to_vec)
}
