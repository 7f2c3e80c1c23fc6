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
use super::list::{FileList, is_long_text};
use super::path::split;
pub use paths::PathId;
use paths::TreePaths;
use version::StoredVersion;
pub use version::{FileVersion, Hidden};

/// Most paths in a tree. A layer may have two million entries, each with directories that have none of their own.
const MOST_PATHS: usize = 8_000_000;
/// Most steps of removals, and on the ways that symbolic links lead, for each path and each entry,
const STEPS_A_PATH: u64 = 64;
/// in addition to this number.
const STEPS: u64 = 1_000_000;
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
    /// Many entries below symbolic links with long targets.
    #[error("the symbolic links lead through too many directories")]
    LongLinks,
    /// Names that together are longer than allowed.
    #[error("the names of the files are longer than 64 MiB together, and 256 bytes for each")]
    LongNames,
}

/// The paths of an image.
#[derive(Debug, Default)]
pub struct FileTree {
    paths: TreePaths,
    versions: Vec<StoredVersion>,
    /// The entries of hard links whose target was there when they were added, in the order of layers and entries.
    hard_links: Vec<HardLink>,
    /// The entries of all layers.
    entries: u64,
    /// The bytes of all paths and links of the layers.
    text: u64,
    steps: u64,
}

/// An entry that is another name of a file.
#[derive(Debug, Clone, Copy)]
struct HardLink {
    layer: u16,
    entry: u32,
    /// The path and the version of the file, which is no hard link itself.
    node: u32,
    version: u32,
}

impl FileTree {
    /// Puts a layer on top of the others. After an error the tree is of no use.
    pub fn add_layer(&mut self, list: &FileList) -> Result<(), TreeError> {
        if self.paths.lists().len() >= usize::from(u16::MAX) - 1 {
            return Err(TreeError::ManyLayers);
        }
        self.paths.add_list(list);
        self.entries += list.len() as u64;
        self.text += list.text();
        if is_long_text(self.text, self.entries as usize) {
            return Err(TreeError::LongNames);
        }
        for entry in list.iter() {
            match entry.kind {
                EntryKind::Whiteout => {
                    let (parent, name) = split(&entry.path);
                    let parent = self.existing_directory(parent)?;
                    let target = parent.and_then(|parent| self.paths.child(parent, name));
                    if let Some(target) = target {
                        self.remove(target, Hidden::Whiteout)?;
                    }
                }
                EntryKind::OpaqueMarker => {
                    if let Some(directory) = self.existing_directory(&entry.path)? {
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
        self.hard_links.shrink_to_fit();
    }

    /// Returns the bytes of memory that the tree uses besides the lists of its layers.
    pub fn memory(&self) -> usize {
        self.paths.memory()
            + self.versions.capacity() * size_of::<StoredVersion>()
            + self.hard_links.capacity() * size_of::<HardLink>()
    }

    fn add_entry(&mut self, entry: &LayerEntry<'_>, index: u32) -> Result<(), TreeError> {
        if entry.kind == EntryKind::HardLink {
            self.add_hard_link(&entry.link, index)?;
        }
        let (parent, name) = split(&entry.path);
        let node = if name.is_empty() {
            0
        } else {
            let parent = self.make_directory(parent)?;
            self.paths.child_or_new(parent, name, Some(index))?
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

    /// Notes the file that a hard link names: what is at that path right before the entry, as for the programs that
    /// unpack images. A last symbolic link is not followed, and directories are no targets.
    fn add_hard_link(&mut self, link: &[u8], index: u32) -> Result<(), TreeError> {
        let (parent, name) = split(link);
        let target = self.existing_directory(parent)?.and_then(|parent| self.paths.child(parent, name));
        let Some((node, version)) = target.and_then(|node| Some((node, self.live(node)?))) else {
            return Ok(());
        };
        let (node, version) = match self.versions[version as usize].kind {
            EntryKind::HardLink => match self.linked(version) {
                Some(target) => (target.node, target.version),
                None => return Ok(()),
            },
            EntryKind::Directory | EntryKind::Whiteout | EntryKind::OpaqueMarker => return Ok(()),
            _ => (node, version),
        };
        self.hard_links.push(HardLink { layer: self.layers(), entry: index, node, version });
        Ok(())
    }

    /// Returns the target of a version that is a hard link.
    fn linked(&self, version: u32) -> Option<&HardLink> {
        let StoredVersion { layer, entry, .. } = self.versions[version as usize];
        self.hard_link(layer, entry)
    }

    /// Returns the target of a hard link by its layer and the number of its entry.
    fn hard_link(&self, layer: u16, entry: u32) -> Option<&HardLink> {
        let found = self.hard_links.binary_search_by_key(&(layer, entry), |link| (link.layer, link.entry));
        found.ok().and_then(|at| self.hard_links.get(at))
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
                self.take_steps(1, TreeError::ManyRemovals)?;
                if let Some(version) = self.live(child) {
                    self.hide(version, how);
                    directories.push(child);
                }
                child = self.paths.node(child).next_sibling;
            }
        }
        Ok(())
    }

    /// Counts steps that an honest image does not need for its entries. Fails with `error` if they are too many.
    fn take_steps(&mut self, steps: usize, error: TreeError) -> Result<(), TreeError> {
        self.steps += steps as u64;
        let most = STEPS + STEPS_A_PATH * (self.paths.len() as u64 + self.entries);
        if self.steps > most { Err(error) } else { Ok(()) }
    }

    /// Returns the node of a directory that exists, behind symbolic links too.
    fn existing_directory(&mut self, path: &[u8]) -> Result<Option<u32>, TreeError> {
        let (node, rest) = self.walk(path)?;
        Ok(rest.is_empty().then_some(node))
    }

    /// Returns the node of a directory. Missing ones are made; files in the place of one are replaced.
    fn make_directory(&mut self, path: &[u8]) -> Result<u32, TreeError> {
        let (mut node, rest) = self.walk(path)?;
        for name in rest {
            node = self.paths.child_or_new(node, &name, None)?;
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

    /// Walks as far as directories exist. Returns the last one and the components that are left. The components of
    /// symbolic links are counted, because many entries may be below one of them.
    fn walk(&mut self, path: &[u8]) -> Result<(u32, Vec<Vec<u8>>), TreeError> {
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
            let target = version.filter(|_| links < MOST_LINKS).and_then(|version| self.link(version));
            match (child, version.map(|version| self.versions[version as usize].kind), target) {
                (Some(child), Some(EntryKind::Directory), _) => node = child,
                (_, _, Some(target)) => {
                    links += 1;
                    if target.starts_with(b"/") {
                        node = 0;
                    }
                    let before = rest.len();
                    rest.extend(components(target).rev());
                    self.take_steps(rest.len() - before, TreeError::LongLinks)?;
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
        Ok((node, rest))
    }

    /// Returns the target of a version that is a symbolic link, or a further name of one.
    fn link(&self, version: u32) -> Option<&[u8]> {
        let mut stored = &self.versions[version as usize];
        if stored.kind == EntryKind::HardLink {
            stored = &self.versions[self.linked(version)?.version as usize];
        }
        let list = usize::from(stored.layer).checked_sub(1).and_then(|index| self.paths.lists().get(index));
        list.filter(|_| stored.kind == EntryKind::Symlink).map(|list| list.link(stored.entry as usize))
    }
}

fn some(number: u32) -> Option<u32> {
    (number != NONE).then_some(number)
}

fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = Vec<u8>> + '_ {
    let names = path.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
    names.map(<[u8]>::to_vec)
}
