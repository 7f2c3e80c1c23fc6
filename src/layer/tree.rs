//! Layers on top of each other: each path with all of its versions. Image-spec, `layer.md` § Applying Changesets.
//!
//! A path keeps every version that a layer brought, so the tree tells which layer a file is from, which versions it
//! hides, and which layer removed it. Removals of a layer come before its additions, whatever their order in the tar.
//! As in the programs that unpack images, an entry below a symbolic link to a directory is put into that directory.

mod lookup;

use std::hash::{BuildHasher, RandomState};

use super::entry::{EntryKind, LayerEntry};
use super::list::FileList;
use super::path::split;

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

/// A path of the tree. The root is [`PathId::ROOT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(u32);

impl PathId {
    /// The root of the image.
    pub const ROOT: PathId = PathId(0);

    /// Returns the number of the path in its tree, from 0. A directory has a smaller one than everything in it.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// The reason why a version is not in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hidden {
    /// Another version of the same path replaced it.
    Replaced,
    /// A whiteout of it or of a directory above removed it.
    Whiteout,
    /// An opaque marker of a directory above removed it.
    Opaque,
    /// Something else than a directory replaced a directory above.
    Shadowed,
}

/// A version of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileVersion {
    /// The size in bytes.
    pub size: u64,
    /// The time of the last change, in seconds since 1970.
    pub mtime: i64,
    /// The number of the owner.
    pub uid: u32,
    /// The number of the group.
    pub gid: u32,
    /// The number of the entry in the list of its layer, from 0. `None` for a directory that only its content implies.
    pub entry: Option<u32>,
    /// Permissions.
    pub mode: u16,
    /// The layer, from 1.
    pub layer: u16,
    /// The kind.
    pub kind: EntryKind,
    /// The layer that hides it, and how. `None` if it is in the image.
    pub hidden: Option<(u16, Hidden)>,
}

/// A version as it is stored.
#[derive(Debug, Clone, Copy)]
struct Stored {
    size: u64,
    mtime: i64,
    uid: u32,
    gid: u32,
    entry: u32,
    older: u32,
    mode: u16,
    layer: u16,
    hidden_by: u16,
    hidden_how: Hidden,
    kind: EntryKind,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    name: u32,
    parent: u32,
    first_child: u32,
    next_sibling: u32,
    newest: u32,
    name_length: u16,
    /// The last layer with an opaque marker for it; 0 if there is none.
    opaque_in: u16,
}

/// The paths of an image.
#[derive(Debug)]
pub struct FileTree {
    names: Vec<u8>,
    nodes: Vec<Node>,
    versions: Vec<Stored>,
    /// Targets of symbolic links in `names`, by version: needed to find directories behind them.
    links: Vec<(u32, u32, u16)>,
    /// A hash table of nodes by parent and name. Its length is a power of two.
    table: Vec<u32>,
    hashes: RandomState,
    layers: u16,
    steps: u64,
}

impl Default for FileTree {
    fn default() -> FileTree {
        let root = Node {
            name: 0,
            parent: NONE,
            first_child: NONE,
            next_sibling: NONE,
            newest: NONE,
            name_length: 0,
            opaque_in: 0,
        };
        FileTree {
            names: Vec::new(),
            nodes: vec![root],
            versions: Vec::new(),
            links: Vec::new(),
            table: vec![NONE; 1_024],
            hashes: RandomState::new(),
            layers: 0,
            steps: 0,
        }
    }
}

impl FileTree {
    /// Puts a layer on top of the others. After an error the tree is of no use.
    pub fn add_layer(&mut self, list: &FileList) -> Result<(), TreeError> {
        self.layers =
            self.layers.checked_add(1).filter(|layer| *layer < u16::MAX).ok_or(TreeError::ManyLayers)?;
        for entry in list.iter() {
            match entry.kind {
                EntryKind::Whiteout => {
                    let (parent, name) = split(&entry.path);
                    let target = self.existing_directory(parent).and_then(|parent| self.child(parent, name));
                    if let Some(target) = target {
                        self.remove(target, Hidden::Whiteout)?;
                    }
                }
                EntryKind::OpaqueMarker => {
                    if let Some(directory) = self.existing_directory(&entry.path) {
                        let layer = self.layers;
                        let node = &mut self.nodes[directory as usize];
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
        self.names.shrink_to_fit();
        self.nodes.shrink_to_fit();
        self.versions.shrink_to_fit();
        self.links.shrink_to_fit();
    }

    /// Returns the bytes of memory that the tree uses.
    pub fn memory(&self) -> usize {
        self.names.capacity()
            + self.nodes.capacity() * size_of::<Node>()
            + self.versions.capacity() * size_of::<Stored>()
            + self.links.capacity() * size_of::<(u32, u32, u16)>()
            + self.table.capacity() * size_of::<u32>()
    }

    fn add_entry(&mut self, entry: &LayerEntry<'_>, index: u32) -> Result<(), TreeError> {
        let (parent, name) = split(&entry.path);
        let node = if name.is_empty() {
            0
        } else {
            let parent = self.make_directory(parent)?;
            self.child_or_new(parent, name)?
        };
        let is_directory = entry.kind == EntryKind::Directory;
        if let Some(newest) = self.live(node) {
            self.hide(newest, Hidden::Replaced);
            if self.versions[newest as usize].kind == EntryKind::Directory && !is_directory {
                self.remove_below(node, Hidden::Shadowed)?;
            }
        }
        self.add_version(node, entry, index)
    }

    fn add_version(&mut self, node: u32, entry: &LayerEntry<'_>, index: u32) -> Result<(), TreeError> {
        let version = u32::try_from(self.versions.len()).map_err(|_| TreeError::ManyPaths)?;
        if self.versions.len() >= MOST_PATHS {
            return Err(TreeError::ManyPaths);
        }
        if entry.kind == EntryKind::Symlink {
            let at = self.add_name(&entry.link)?;
            self.links.push((version, at, u16::try_from(entry.link.len()).unwrap_or_default()));
        }
        self.versions.push(Stored {
            size: entry.size,
            mtime: entry.mtime,
            uid: entry.uid,
            gid: entry.gid,
            entry: index,
            older: self.nodes[node as usize].newest,
            mode: entry.mode,
            layer: self.layers,
            hidden_by: 0,
            hidden_how: Hidden::Replaced,
            kind: entry.kind,
        });
        self.nodes[node as usize].newest = version;
        Ok(())
    }

    /// Returns the newest version of a node if it is in the image.
    fn live(&self, node: u32) -> Option<u32> {
        some(self.nodes[node as usize].newest)
            .filter(|version| self.versions[*version as usize].hidden_by == 0)
    }

    fn hide(&mut self, version: u32, how: Hidden) {
        let stored = &mut self.versions[version as usize];
        (stored.hidden_by, stored.hidden_how) = (self.layers, how);
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
            let mut child = self.nodes[directory as usize].first_child;
            while child != NONE {
                self.steps += 1;
                if self.steps > 1_000_000 + STEPS_A_PATH * self.nodes.len() as u64 {
                    return Err(TreeError::ManyRemovals);
                }
                if let Some(version) = self.live(child) {
                    self.hide(version, how);
                    directories.push(child);
                }
                child = self.nodes[child as usize].next_sibling;
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
            node = self.child_or_new(node, &name)?;
            if let Some(version) = self.live(node) {
                if self.versions[version as usize].kind == EntryKind::Directory {
                    continue;
                }
                self.hide(version, Hidden::Replaced);
            }
            let implied = LayerEntry {
                path: b"".into(),
                kind: EntryKind::Directory,
                size: 0,
                mode: 0o755,
                uid: 0,
                gid: 0,
                mtime: 0,
                link: b"".into(),
                sha256: None,
                data: None,
            };
            self.add_version(node, &implied, NONE)?;
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
                node = some(self.nodes[node as usize].parent).unwrap_or(0);
                continue;
            }
            let child = self.child(node, &name);
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

    fn link(&self, version: u32) -> &[u8] {
        let found = self.links.binary_search_by_key(&version, |(version, ..)| *version);
        let Ok(index) = found else { return b"" };
        let (_, at, length) = self.links[index];
        &self.names[at as usize..at as usize + usize::from(length)]
    }

    fn hash(&self, parent: u32, name: &[u8]) -> usize {
        self.hashes.hash_one((parent, name)) as usize & (self.table.len() - 1)
    }

    fn child(&self, parent: u32, name: &[u8]) -> Option<u32> {
        let mut place = self.hash(parent, name);
        while let Some(node) = some(self.table[place]) {
            if self.nodes[node as usize].parent == parent && self.name(PathId(node)) == name {
                return Some(node);
            }
            place = (place + 1) & (self.table.len() - 1);
        }
        None
    }

    fn child_or_new(&mut self, parent: u32, name: &[u8]) -> Result<u32, TreeError> {
        if let Some(node) = self.child(parent, name) {
            return Ok(node);
        }
        if self.nodes.len() >= MOST_PATHS {
            return Err(TreeError::ManyPaths);
        }
        let node = self.nodes.len() as u32;
        let at = self.add_name(name)?;
        self.nodes.push(Node {
            name: at,
            parent,
            first_child: NONE,
            next_sibling: self.nodes[parent as usize].first_child,
            newest: NONE,
            name_length: u16::try_from(name.len()).map_err(|_| TreeError::ManyPaths)?,
            opaque_in: 0,
        });
        self.nodes[parent as usize].first_child = node;
        if self.nodes.len() * 4 > self.table.len() * 3 {
            self.table = vec![NONE; self.table.len() * 2];
            for node in 1..self.nodes.len() as u32 {
                self.enter(node);
            }
        } else {
            self.enter(node);
        }
        Ok(node)
    }

    fn enter(&mut self, node: u32) {
        let mut place = self.hash(self.nodes[node as usize].parent, self.name(PathId(node)));
        while self.table[place] != NONE {
            place = (place + 1) & (self.table.len() - 1);
        }
        self.table[place] = node;
    }

    fn add_name(&mut self, name: &[u8]) -> Result<u32, TreeError> {
        let at = u32::try_from(self.names.len()).map_err(|_| TreeError::ManyPaths)?;
        self.names.extend_from_slice(name);
        Ok(at)
    }
}

impl Stored {
    fn public(&self) -> FileVersion {
        FileVersion {
            size: self.size,
            mtime: self.mtime,
            uid: self.uid,
            gid: self.gid,
            entry: some(self.entry),
            mode: self.mode,
            layer: self.layer,
            kind: self.kind,
            hidden: (self.hidden_by != 0).then_some((self.hidden_by, self.hidden_how)),
        }
    }
}

fn some(number: u32) -> Option<u32> {
    (number != NONE).then_some(number)
}

fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = Vec<u8>> + '_ {
    let names = path.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
    names.map(<[u8]>::to_vec)
}
