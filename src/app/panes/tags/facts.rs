//! The facts about the repository whose tags are shown, for its row in the Repositories pane.

use std::collections::HashSet;

use jiff::Timestamp;

use super::TagsPane;
use crate::model::repository_facts::RepositoryFacts;

/// The data from which facts about a repository were last summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FactSources {
    /// The time when the list of tags came.
    at: Option<Timestamp>,
    /// Number of listed tags.
    tags: usize,
    /// Number of tags whose details were asked for.
    details: usize,
    /// Whether details are awaited.
    awaits_details: bool,
}

impl TagsPane {
    /// Returns the facts about the repository, as far as the tags were read, or `None` if no list of them has come.
    /// Details are summed up only when none is awaited. Returns `None` too if nothing has come since the last call: there
    /// may be a million details.
    pub(crate) fn new_facts(&mut self, before: Option<&RepositoryFacts>) -> Option<RepositoryFacts> {
        let known = FactSources {
            at: Some(self.tags.at?),
            tags: self.tags.items.len(),
            details: self.summaries.len(),
            awaits_details: !self.awaited_rows.is_empty(),
        };
        let is_same = std::mem::replace(&mut self.fact_sources, known) == known;
        if is_same && before.is_some() {
            return None;
        }
        let tags = self.count_without_digest_tags();
        let is_complete = self.tags.complete && self.tags.incomplete.is_none();
        if !self.awaited_rows.is_empty() || self.summaries.is_empty() && tags > 0 {
            let before = before.copied().filter(|before| before.tags == tags).unwrap_or_default();
            return Some(RepositoryFacts { tags, is_complete, ..before });
        }
        let known = self.summaries.values().filter_map(|summary| summary.value.as_ref());
        let newest = known.clone().filter_map(|summary| summary.date()).max();
        let mut seen = HashSet::new();
        let (mut count, mut size) = (0, Some(0_u64));
        for summary in known {
            count += 1;
            if seen.insert(summary.digest) {
                size = size.zip(summary.size).and_then(|(sum, one)| sum.checked_add(one));
            }
        }
        let size = size.filter(|_| is_complete && count == self.tags.items.len());
        let newest = newest.or(before.filter(|before| before.tags == tags).and_then(|before| before.newest));
        Some(RepositoryFacts { tags, is_complete, newest, is_newest_read: true, size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::panes::tags::Sort;
    use crate::app::remote::Remote;
    use crate::model::digest::Digest;
    use crate::model::media_type::{MediaType, OCI_MANIFEST};
    use crate::model::page::ListedName;
    use crate::model::reference::{Repository, Tag};
    use crate::model::summary::{Kind, Summary};

    #[test]
    fn a_size_is_known_if_all_details_are_and_counts_an_image_with_two_tags_once() {
        let mut pane =
            TagsPane::of(Repository::parse("r.test/app").expect("a repository"), Sort::default(), false, 9);
        assert_eq!(pane.new_facts(None), None, "no list has come");
        let names = ["1", "2", "alias"].map(|name| ListedName::Named(Tag::parse(name).expect("a tag")));
        pane.take(names.to_vec(), None, None, Timestamp::UNIX_EPOCH);
        let known = pane.new_facts(None).expect("facts");
        assert_eq!((known.tags, known.is_complete, known.newest, known.size), (3, true, None, None));
        assert_eq!(pane.new_facts(Some(&known)), None, "nothing has come since");
        for (item, content, day) in [(0, "one", 1), (1, "two", 9), (2, "two", 9)] {
            let created = Timestamp::from_second(1_700_000_000 + day * 86_400).ok();
            let summary = Summary {
                unreadable: Vec::new(),
                digest: Digest::sha256(content.as_bytes()),
                media_type: MediaType::new(OCI_MANIFEST),
                kind: Kind::Image,
                size: Some(100),
                created,
                platforms: Vec::new(),
            };
            pane.summaries.insert(item, Remote { value: Some(summary), ..Remote::default() });
            let facts = pane.new_facts(Some(&known)).expect("facts");
            assert_eq!((facts.newest, facts.size), (created, (item == 2).then_some(200)), "{item}");
        }
    }
}
