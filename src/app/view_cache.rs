//! The cache of repositories and images that the cursor left. They are shown at once when it comes back, and refreshed
//! if they are old.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use super::panes::tags::TagsPane;
use super::remote::Remote;
use crate::model::inspection::Inspection;
use crate::model::reference::{Host, Repository, Selector};
use crate::model::session::KeptCursor;

/// Largest number of repositories whose tags are kept.
const MOST_TAGS: usize = 32;
/// Largest size of all kept tags in bytes.
const MOST_TAG_BYTES: usize = 8 * 1024 * 1024;
/// Largest number of images that are kept.
const MOST_IMAGES: usize = 64;
/// Largest size of all kept images in bytes.
const MOST_IMAGE_BYTES: usize = 16 * 1024 * 1024;
/// The age up to which kept data counts as fresh, in seconds.
const FRESH: i64 = 60;

/// The name of an image.
type Image = (Repository, Selector);

/// The views that the cursor left, the newest at the front.
#[derive(Debug, Default)]
pub(crate) struct ViewCache {
    tags: VecDeque<TagsPane>,
    images: VecDeque<(Image, Remote<Arc<Inspection>>)>,
    wanted_images: HashMap<Repository, Selector>,
    /// The cursors of an earlier session in repositories that were not shown yet.
    pub(crate) restored_images: HashMap<Repository, KeptCursor<Selector>>,
}

impl ViewCache {
    /// Keeps the tags of a repository that the cursor leaves. Answers still awaited are given up.
    pub(crate) fn keep_tags(&mut self, mut tags: TagsPane) {
        if let (Some(repository), Some(opened), false) = (&tags.repository, &tags.opened, tags.tags.complete)
        {
            self.wanted_images.insert(repository.clone(), opened.selector.clone());
        }
        if tags.repository.is_none() || !tags.tags.complete {
            return;
        }
        tags.tags.pending = None;
        tags.tags.incoming = None;
        tags.awaited_rows.clear();
        tags.summaries.retain(|_, summary| summary.value.is_some());
        for summary in tags.summaries.values_mut() {
            summary.cancel();
        }
        self.tags.push_front(tags);
        self.tags.truncate(MOST_TAGS);
        while self.tags.iter().map(TagsPane::weight).sum::<usize>() > MOST_TAG_BYTES {
            self.tags.pop_back();
        }
    }

    /// Takes the tags of a repository out of the cache, if they were kept.
    pub(crate) fn take_tags(&mut self, repository: &Repository) -> Option<TagsPane> {
        let at = self.tags.iter().position(|tags| tags.repository.as_ref() == Some(repository))?;
        self.tags.remove(at)
    }

    /// Takes the image that was to be shown in a repository whose tags had not arrived when the cursor left.
    pub(crate) fn take_wanted_image(&mut self, repository: &Repository) -> Option<Selector> {
        self.wanted_images.remove(repository)
    }

    /// Keeps an image that the cursor leaves.
    pub(crate) fn keep_image(&mut self, of: Image, mut inspection: Remote<Arc<Inspection>>) {
        if inspection.value.is_some() {
            inspection.cancel();
            self.images.push_front((of, inspection));
            self.images.truncate(MOST_IMAGES);
            let weight = |(_, kept): &(Image, Remote<Arc<Inspection>>)| {
                kept.value.as_ref().map_or(0, |one| one.memory_size())
            };
            while self.images.iter().map(weight).sum::<usize>() > MOST_IMAGE_BYTES {
                self.images.pop_back();
            }
        }
    }

    /// Takes an image out of the cache, if it was kept.
    pub(crate) fn take_image(&mut self, of: &Image) -> Option<Remote<Arc<Inspection>>> {
        let at = self.images.iter().position(|(kept, _)| kept == of)?;
        self.images.remove(at).map(|(_, inspection)| inspection)
    }

    /// Forgets everything about a repository.
    pub(crate) fn forget_repository(&mut self, repository: &Repository) {
        self.tags.retain(|tags| tags.repository.as_ref() != Some(repository));
        self.images.retain(|((of, _), _)| of != repository);
    }

    /// Forgets everything about a registry.
    pub(crate) fn forget_registry(&mut self, host: &Host) {
        self.tags.retain(|tags| tags.repository.as_ref().is_some_and(|repository| repository.host != *host));
        self.images.retain(|((repository, _), _)| repository.host != *host);
    }
}

/// Returns whether data that came `at` this time has to be asked for again.
pub(crate) fn is_stale(at: Option<Timestamp>, now: Timestamp) -> bool {
    at.is_none_or(|at| now.as_second() - at.as_second() > FRESH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::panes::tags::Sort;
    use crate::model::page::ListedName;
    use crate::model::reference::Tag;

    fn tags(repository: &str, count: usize) -> TagsPane {
        let repository = Repository::parse(repository).expect("a repository");
        let mut tags = TagsPane::of(repository, Sort::default(), false, 10);
        let names =
            (0..count).map(|number| ListedName::Named(Tag::parse(&format!("v{number}")).expect("a tag")));
        tags.take(names.collect(), None, None, Timestamp::UNIX_EPOCH);
        tags
    }

    #[test]
    fn lists_of_tags_are_kept_by_their_weight_the_newest_longest() {
        let mut store = ViewCache::default();
        let names = ["r.test/a", "r.test/b", "r.test/c"];
        names.iter().for_each(|name| store.keep_tags(tags(name, 60_000)));
        let mut is_kept = |name| store.take_tags(&Repository::parse(name).expect("a repository")).is_some();
        assert_eq!(names.map(&mut is_kept), [false, true, true]);
        store.keep_tags(tags("r.test/huge", 300_000));
        assert_eq!(store.tags.len(), 0, "what is too heavy alone is asked for again");
    }
}
