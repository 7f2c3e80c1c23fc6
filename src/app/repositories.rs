//! The repositories of a registry: flat, or a tree by namespace.

use std::collections::HashSet;

use super::list::{List, Paged};
use crate::model::page::Listed;
use crate::model::reference::RepositoryName;

/// The Repositories pane of one registry.
#[derive(Debug, Default)]
pub struct Repositories {
    /// The catalog, then what was opened by name, sorted by name.
    pub names: Paged<Listed<RepositoryName>>,
    /// What is shown of it. In a flat list the rows are the names; in a tree, `branches`.
    pub list: List,
    /// Whether namespaces are folded into a tree.
    pub tree: bool,
    /// The rows of the tree, when it is one.
    pub branches: Vec<Branch>,
    /// The namespaces that are open, with their trailing slash.
    pub open: HashSet<String>,
}

/// A row of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Namespaces above it.
    pub depth: u16,
    /// What it is.
    pub node: Node,
}

/// A namespace or a repository in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// `team/`, with the number of repositories below.
    Namespace {
        /// Whole path with its trailing slash.
        path: String,
        /// Whether what is below is shown.
        open: bool,
        /// Repositories below, at any depth.
        count: usize,
    },
    /// A repository: an index into `names`.
    Repository(u32),
}
