//! What is known of the tags of a list by their names alone, kept beside them: a list may hold a million.

use crate::app::list::items::Items;
use crate::model::columns;
use crate::model::page::ListedName;
use crate::model::reference::Tag;
use crate::model::version_order::Rank;

/// What the names of a list tell, by index of the tag.
#[derive(Debug, Default)]
pub struct NameRanks {
    /// What each sorts by as a version.
    ranks: Vec<Rank>,
    /// Those that only hold what belongs to images.
    digest_tags: Vec<u32>,
    /// Those whose names can only be shown.
    odd: Items,
    /// Columns of the longest tag, and of the longest digest tag.
    longest: [usize; 2],
}

impl NameRanks {
    /// Looks at the tags of the list that it has not looked at yet.
    pub fn extend(&mut self, tags: &[ListedName<Tag>]) {
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

    /// What a tag sorts by as a version.
    pub fn rank(&self, item: u32) -> Option<Rank> {
        self.ranks.get(item as usize).copied()
    }

    /// The tags that only hold what belongs to images, in the order of the server.
    pub fn digest_tags(&self) -> &[u32] {
        &self.digest_tags
    }

    /// Whether a tag can be asked for.
    pub fn is_named(&self, item: u32) -> bool {
        (item as usize) < self.ranks.len() && !self.odd.contains(item)
    }

    /// Columns of the longest tag, digest tags among them or not.
    pub fn longest(&self, with_digest_tags: bool) -> usize {
        let [plain, digest_tag] = self.longest;
        if with_digest_tags { plain.max(digest_tag) } else { plain }
    }
}

/// Columns of a name: most are ASCII by their grammar, and quick to measure.
fn columns_of(name: &str) -> usize {
    if name.is_ascii() { name.len() } else { columns::width(name) }
}
