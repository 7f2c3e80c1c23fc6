//! Data derived from the names of tags alone. It is kept beside the list, because a list may hold a million names.

use crate::app::list::items::Items;
use crate::model::columns;
use crate::model::page::ListedName;
use crate::model::reference::Tag;
use crate::model::version_order::Rank;

/// The data derived from the names of a list, by index of the tag.
#[derive(Debug, Default)]
pub(crate) struct NameRanks {
    /// The ranks of the tags as versions.
    ranks: Vec<Rank>,
    /// The tags that only hold data that belongs to images.
    digest_tags: Vec<u32>,
    /// The tags whose names can be shown but not used in requests.
    odd: Items,
    /// Columns of the longest tag, and of the longest digest tag.
    longest: [usize; 2],
}

impl NameRanks {
    /// Adds the tags of the list that were not processed yet.
    pub(crate) fn extend(&mut self, tags: &[ListedName<Tag>]) {
        for tag in tags.iter().skip(self.ranks.len()) {
            let is_digest_tag = tag.name().is_some_and(Tag::is_digest_tag);
            let longest = &mut self.longest[usize::from(is_digest_tag)];
            *longest = columns_of(tag.text()).max(*longest);
            let item = self.ranks.len() as u32;
            self.digest_tags.extend(is_digest_tag.then_some(item));
            self.odd.extend(tag.name().is_none().then_some(item));
            self.ranks.push(Rank::of(tag.text()));
        }
    }

    /// Returns the rank of a tag as a version.
    pub(crate) fn rank(&self, item: u32) -> Option<Rank> {
        self.ranks.get(item as usize).copied()
    }

    /// Returns the tags that only hold data that belongs to images, in the order of the server.
    pub(crate) fn digest_tags(&self) -> &[u32] {
        &self.digest_tags
    }

    /// Returns whether the name of a tag can be used in requests.
    pub(crate) fn is_named(&self, item: u32) -> bool {
        (item as usize) < self.ranks.len() && !self.odd.contains(item)
    }

    /// Returns the columns of the longest tag, with or without digest tags.
    pub(crate) fn longest(&self, with_digest_tags: bool) -> usize {
        let [plain, digest_tag] = self.longest;
        if with_digest_tags { plain.max(digest_tag) } else { plain }
    }
}

/// Returns the columns of a name. Most names are ASCII by their grammar, and quick to measure.
fn columns_of(name: &str) -> usize {
    if name.is_ascii() { name.len() } else { columns::width(name) }
}
