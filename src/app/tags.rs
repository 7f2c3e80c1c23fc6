//! The tags of a repository, with what is known of each.

use std::collections::HashMap;

use super::list::{List, Paged};
use super::remote::Remote;
use crate::model::digest::Digest;
use crate::model::page::Listed;
use crate::model::reference::{Repository, Tag};
use crate::model::summary::Summary;

/// The Tags pane.
#[derive(Debug, Default)]
pub struct Tags {
    /// The repository whose tags are shown.
    pub repository: Option<Repository>,
    /// Its tags.
    pub tags: Paged<Listed<Tag>>,
    /// What is shown of them.
    pub list: List,
    /// One for each tag, by index; empty until its row was looked at.
    pub summaries: HashMap<u32, Remote<Summary>>,
    /// How many tags share a digest, among those whose digest is known.
    pub shared: HashMap<Digest, u32>,
    /// By what they are sorted.
    pub sort: Sort,
}

/// The order of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sort {
    /// By what.
    pub by: SortBy,
    /// Whether the other way round: for versions and dates, newest first is not reversed.
    pub reversed: bool,
}

/// What tags can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// By version, newest first.
    #[default]
    Version,
    /// By name, A to Z.
    Name,
    /// By date, newest first. Needs every tag's details.
    Date,
    /// By compressed size, largest first. Needs every tag's details.
    Size,
}
