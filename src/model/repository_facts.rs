//! The facts about a repository that a row of a list shows.

use jiff::Timestamp;

/// The facts about a repository, as far as its tags were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RepositoryFacts {
    /// Number of tags that were listed, without digest tags.
    pub tags: usize,
    /// Whether these are all of its tags.
    pub is_complete: bool,
    /// The date of the newest image of those whose date is known.
    pub newest: Option<Timestamp>,
    /// Whether the date was looked for. Otherwise only the tags were listed.
    pub is_newest_read: bool,
    /// The compressed size of its images in bytes, each counted once, if all sizes are known.
    pub size: Option<u64>,
}
