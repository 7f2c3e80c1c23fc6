//! A session: the open registries with their orders and cursors, kept so that a later run can restore it.

use serde::{Deserialize, Serialize};

use super::reference::{Host, RepositoryName, Selector};

/// The state of the panes. It holds names only: no text that was typed, such as a filter, and nothing of a login.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// The open registries, in the order shown.
    pub registries: Vec<SessionRegistry>,
    /// The registry under the cursor.
    pub selected: Option<Host>,
    /// The title of the pane that has the keys.
    pub pane: String,
    /// The order of tags.
    pub tag_sort: SessionSort,
}

/// An open registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRegistry {
    /// Its name.
    pub host: Host,
    /// Whether its repositories are a tree.
    #[serde(default)]
    pub tree: bool,
    /// The order of its repositories.
    #[serde(default)]
    pub sort: SessionSort,
    /// The cursor among its repositories.
    #[serde(default)]
    pub repository: Option<KeptCursor<RepositoryName>>,
    /// The cursor among the tags of that repository.
    #[serde(default)]
    pub image: Option<KeptCursor<Selector>>,
}

/// An order: the word for its sort key, and whether it is reversed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionSort {
    /// The word.
    pub by: String,
    /// Whether the order is reversed.
    pub reversed: bool,
}

/// A cursor, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCursor<T> {
    /// The name under the cursor.
    pub name: T,
    /// The names around it, the nearest first: one of them takes the cursor if the name is gone.
    #[serde(default = "Vec::new")]
    pub near: Vec<T>,
}
