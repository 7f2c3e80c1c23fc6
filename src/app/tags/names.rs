//! What is known of the tags of a list by their names alone, kept beside them: a list may hold a million.

use std::cmp::Ordering;

use crate::model::columns;
use crate::model::page::Listed;
use crate::model::reference::Tag;
use crate::model::version_order::Rank;

/// What the names of a list tell, by index of the tag.
#[derive(Debug, Default)]
pub struct Names {
    /// What each sorts by as a version.
    ranks: Vec<Rank>,
    /// Those that only hold what belongs to images.
    digest_tags: Vec<u32>,
    /// Columns of the longest tag, and of the longest digest tag.
    longest: [usize; 2],
}

impl Names {
    /// Looks at the tags of the list that it has not looked at yet.
    pub fn extend(&mut self, tags: &[Listed<Tag>]) {
        for tag in tags.iter().skip(self.ranks.len()) {
            let is_digest_tag = tag.name().is_some_and(Tag::is_digest_tag);
            let longest = &mut self.longest[usize::from(is_digest_tag)];
            *longest = columns_of(tag.text()).max(*longest);
            self.digest_tags.extend(is_digest_tag.then_some(self.ranks.len() as u32));
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

/// Puts `new`, which is sorted, into `sorted`; behind those that it is equal to.
pub fn merge(sorted: &mut Vec<u32>, new: &[u32], compare: impl Fn(u32, u32) -> Ordering) {
    let mut end = sorted.len();
    sorted.resize(end + new.len(), 0);
    for (before, item) in new.iter().enumerate().rev() {
        let at = sorted[..end].partition_point(|other| compare(*other, *item) != Ordering::Greater);
        sorted.copy_within(at..end, at + before + 1);
        sorted[at + before] = *item;
        end = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn merging_gives_what_sorting_gives(mut sorted in proptest::collection::vec(0u32..50, 0..20), mut new in proptest::collection::vec(0u32..50, 0..20)) {
            // By tens, so that many are equal and the order among these shows.
            let compare = |a: u32, b: u32| (a / 10).cmp(&(b / 10));
            sorted.sort_by(|a, b| compare(*a, *b));
            new.sort_by(|a, b| compare(*a, *b));
            let mut all = [sorted.clone(), new.clone()].concat();
            all.sort_by(|a, b| compare(*a, *b));
            merge(&mut sorted, &new, compare);
            proptest::prop_assert_eq!(sorted, all);
        }
    }
}
