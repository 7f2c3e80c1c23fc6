//! The paths of a tree: names below names. The name of a path stands in the list of the layer that brought it first; only
//! the names of directories that no layer lists are kept here.

use std::hash::{BuildHasher, RandomState};

use super::{MOST_PATHS, NONE, TreeError, some};
use crate::layer::list::{FileList, is_long_text};

/// A path of the tree. The root is [`PathId::ROOT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(pub(super) u32);

impl PathId {
    /// The root of the image.
    pub const ROOT: PathId = PathId(0);

    /// Returns the number of the path in its tree, from 0. A directory has a smaller one than everything in it.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// A path.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathNode {
    /// The number of the entry with the name in its list, or the place among the other names.
    name: u32,
    /// The directory above.
    pub(super) parent: u32,
    /// The first path below.
    pub(super) first_child: u32,
    /// The next path in the same directory.
    pub(super) next_sibling: u32,
    /// The newest version.
    pub(super) newest: u32,
    /// The layer whose list has the name, from 1; 0 if none has.
    named_in: u16,
    /// The last layer with an opaque marker for it; 0 if there is none.
    pub(super) opaque_in: u16,
}

/// The paths of a tree, found by parent and name.
#[derive(Debug)]
pub(super) struct TreePaths {
    /// The layers, which share their memory with the lists that were added.
    lists: Vec<FileList>,
    /// The names that no list has, each behind its length.
    names: Vec<u8>,
    nodes: Vec<PathNode>,
    /// A hash table of nodes. Its length is a power of two.
    table: Vec<u32>,
    hashes: RandomState,
}

impl Default for TreePaths {
    fn default() -> TreePaths {
        let root = PathNode {
            name: 0,
            parent: NONE,
            first_child: NONE,
            next_sibling: NONE,
            newest: NONE,
            named_in: 0,
            opaque_in: 0,
        };
        TreePaths {
            lists: Vec::new(),
            names: Vec::new(),
            nodes: vec![root],
            table: vec![NONE; 1_024],
            hashes: RandomState::new(),
        }
    }
}

impl TreePaths {
    /// Returns the lists of the layers.
    pub(super) fn lists(&self) -> &[FileList] {
        &self.lists
    }

    /// Adds the list of a layer, so that paths can have names in it.
    pub(super) fn add_list(&mut self, list: &FileList) {
        self.lists.push(list.clone());
    }

    /// Returns the number of paths, with the root.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns a path by its number.
    pub(super) fn node(&self, node: u32) -> &PathNode {
        &self.nodes[node as usize]
    }

    /// Returns a path to change it.
    pub(super) fn node_mut(&mut self, node: u32) -> &mut PathNode {
        &mut self.nodes[node as usize]
    }

    /// Returns the last component of a path.
    pub(super) fn name(&self, node: u32) -> &[u8] {
        let node = self.node(node);
        match usize::from(node.named_in).checked_sub(1) {
            Some(layer) => self.lists.get(layer).map_or(b"", |list| list.name(node.name as usize)),
            None => kept_name(&self.names, node.name as usize).unwrap_or(b""),
        }
    }

    /// Returns the path of this name in a directory.
    pub(super) fn child(&self, parent: u32, name: &[u8]) -> Option<u32> {
        let mut place = self.hash(parent, name);
        while let Some(node) = some(self.table[place]) {
            if self.node(node).parent == parent && self.name(node) == name {
                return Some(node);
            }
            place = (place + 1) & (self.table.len() - 1);
        }
        None
    }

    /// The same. It is added if it does not exist. `entry` is the number of the entry of the last list with this name.
    pub(super) fn child_or_new(
        &mut self,
        parent: u32,
        name: &[u8],
        entry: Option<u32>,
    ) -> Result<u32, TreeError> {
        if let Some(node) = self.child(parent, name) {
            return Ok(node);
        }
        if self.nodes.len() >= MOST_PATHS {
            return Err(TreeError::ManyPaths);
        }
        let node = self.nodes.len() as u32;
        let (place, named_in) = match entry {
            // More layers than can be numbered are refused.
            Some(entry) => (entry, self.lists.len() as u16),
            None => (self.keep_name(name)?, 0),
        };
        self.nodes.push(PathNode {
            name: place,
            parent,
            first_child: NONE,
            next_sibling: self.node(parent).first_child,
            newest: NONE,
            named_in,
            opaque_in: 0,
        });
        self.node_mut(parent).first_child = node;
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

    /// Keeps a name that no list has. Returns its place.
    fn keep_name(&mut self, name: &[u8]) -> Result<u32, TreeError> {
        if is_long_text(self.names.len() as u64 + name.len() as u64, self.nodes.len()) {
            return Err(TreeError::LongNames);
        }
        let length = u16::try_from(name.len()).map_err(|_| TreeError::LongNames)?;
        let at = u32::try_from(self.names.len()).map_err(|_| TreeError::LongNames)?;
        self.names.extend_from_slice(&length.to_le_bytes());
        self.names.extend_from_slice(name);
        Ok(at)
    }

    /// Gives back memory that was set aside for further paths.
    pub(super) fn shrink(&mut self) {
        self.names.shrink_to_fit();
        self.nodes.shrink_to_fit();
    }

    /// Returns the bytes of memory that the paths use.
    pub(super) fn memory(&self) -> usize {
        self.names.capacity()
            + self.nodes.capacity() * size_of::<PathNode>()
            + self.table.capacity() * size_of::<u32>()
    }

    fn hash(&self, parent: u32, name: &[u8]) -> usize {
        self.hashes.hash_one((parent, name)) as usize & (self.table.len() - 1)
    }

    fn enter(&mut self, node: u32) {
        let mut place = self.hash(self.node(node).parent, self.name(node));
        while self.table[place] != NONE {
            place = (place + 1) & (self.table.len() - 1);
        }
        self.table[place] = node;
    }
}

/// Returns the name at a place among those that no list has.
fn kept_name(names: &[u8], at: usize) -> Option<&[u8]> {
    let (length, rest) = names.get(at..)?.split_first_chunk()?;
    rest.get(..usize::from(u16::from_le_bytes(*length)))
}
