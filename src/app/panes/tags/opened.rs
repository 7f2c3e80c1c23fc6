//! The image that was opened by name. It has a row of its own above the tags as long as they do not list it, so that
//! keys act only on the highlighted row.

use super::TagsPane;
use crate::app::list::Move;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::Selector;
use crate::model::summary::Summary;
use crate::model::text::SafeText;

/// The row of the image that was opened by name. It stands for no listed tag and cannot be marked.
pub(crate) const OPENED: u32 = u32::MAX;

/// An image that was opened by name and that has no row in the list.
#[derive(Debug, Clone)]
pub(crate) struct OpenedImage {
    /// The tag or digest that was given.
    pub(crate) selector: Selector,
    /// The summary of the image, if it is known.
    pub(crate) summary: Option<Summary>,
    /// The reason why the image could not be inspected.
    pub(crate) failure: Option<Failure>,
    /// The tag of the list that is this image.
    listed_item: Option<u32>,
    /// Number of tags of the list that were compared with it.
    searched_count: usize,
}

impl OpenedImage {
    /// Searches the list again, because it has other tags now.
    pub(crate) fn search_again(&mut self) {
        (self.listed_item, self.searched_count) = (None, 0);
    }

    /// Returns the name in the row: the tag, or the digest after an `@`.
    pub(crate) fn name(&self) -> String {
        match &self.selector {
            Selector::Tag(tag) => tag.to_string(),
            Selector::Digest(digest) => format!("@{}", digest.short()),
        }
    }

    /// Returns whether the registry said that the image does not exist.
    pub(crate) fn is_missing(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::NotFound)
    }

    /// Returns the message that the image does not exist.
    pub(crate) fn missing_message(&self, repository: &impl std::fmt::Display) -> SafeText {
        SafeText::from(match &self.selector {
            Selector::Tag(tag) => format!("there is no tag `{tag}` in {repository}"),
            Selector::Digest(digest) => format!("there is no image {} in {repository}", digest.short()),
        })
    }
}

impl TagsPane {
    /// Goes to an image: to its tag if that is listed, otherwise to a row of its own.
    pub(crate) fn open(&mut self, selector: Selector) {
        self.list.filter.clear();
        self.list.pinned = Some((OPENED, selector.to_string()));
        self.opened = Some(OpenedImage {
            selector,
            summary: None,
            failure: None,
            listed_item: None,
            searched_count: 0,
        });
        self.show();
        self.list.move_cursor(Move::To(0));
        self.select_when_listed();
    }

    /// Returns the tag or digest of the row under the cursor.
    pub fn selector(&self) -> Option<Selector> {
        match self.opened_under_cursor() {
            Some(opened) => Some(opened.selector.clone()),
            None => self.selected().cloned().map(Selector::Tag),
        }
    }

    /// Returns the tag or digest of an item of the list.
    pub(crate) fn selector_of(&self, item: u32) -> Option<Selector> {
        match &self.opened {
            Some(opened) if item == OPENED => Some(opened.selector.clone()),
            _ => self.tags.items.get(item as usize)?.name().cloned().map(Selector::Tag),
        }
    }

    /// Returns the image that was opened by name, if its row is under the cursor.
    pub(crate) fn opened_under_cursor(&self) -> Option<&OpenedImage> {
        let is_here = self.list.selected() == Some(OPENED as usize);
        self.opened.as_ref().filter(|_| is_here)
    }

    /// Takes the summary of the image whose own row is under the cursor. An image that existed and is gone loses its
    /// row.
    pub(crate) fn take_opened_summary(&mut self, found: Result<Summary, Failure>) {
        let Some(opened) = self.opened.as_mut() else { return };
        match found {
            Ok(summary) => (opened.summary, opened.failure) = (Some(summary), None),
            Err(failure) if failure.kind == FailureKind::NotFound && opened.summary.is_some() => {
                self.remove_opened_row();
            }
            Err(failure) => opened.failure = Some(failure),
        }
    }

    /// Removes the row of the image.
    fn remove_opened_row(&mut self) {
        self.opened = None;
        self.list.pinned = None;
        self.show();
    }

    /// Replaces the row of the image by the row of its tag as soon as that is listed. Returns whether the cursor went
    /// there.
    pub(crate) fn select_when_listed(&mut self) -> bool {
        let Some(opened) = self.opened.as_mut() else { return false };
        let Selector::Tag(goal) = &opened.selector else { return false };
        if opened.listed_item.is_none() {
            let new = self.tags.items.iter().enumerate().skip(opened.searched_count);
            let found = new.filter(|(_, tag)| tag.name() == Some(goal)).map(|(item, _)| item as u32).next();
            (opened.listed_item, opened.searched_count) = (found, self.tags.items.len());
        }
        let Some(item) = opened.listed_item.filter(|item| self.list.rows.contains(item)) else {
            return false;
        };
        let was_here = self.opened_under_cursor().is_some();
        self.remove_opened_row();
        let row = self.list.rows.iter().position(|shown| *shown == item).filter(|_| was_here);
        if let Some(row) = row {
            self.list.move_cursor(Move::To(row));
        }
        row.is_some()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::app::panes::tags::Sort;
    use crate::app::remote::Tickets;
    use crate::model::digest::Digest;
    use crate::model::page::ListedName;
    use crate::model::reference::{Repository, Tag};

    fn tag(text: &str) -> Tag {
        Tag::parse(text).expect("a tag")
    }

    fn page(names: &[&str]) -> Vec<ListedName<Tag>> {
        names.iter().map(|name| ListedName::Named(tag(name))).collect()
    }

    fn tags(names: &[&str]) -> TagsPane {
        let repository = Repository::parse("r.test/app").expect("a repository");
        let mut tags = TagsPane::of(repository, Sort::default(), false, 9);
        tags.take(page(names), None, None, Timestamp::UNIX_EPOCH);
        tags
    }

    fn here(tags: &TagsPane) -> String {
        tags.selector().map_or("nothing".into(), |selector| selector.to_string())
    }

    #[test]
    fn a_digest_has_a_row_of_its_own_which_the_cursor_can_leave_and_come_back_to() {
        let digest = Selector::Digest(Digest::sha256(b"one"));
        let mut tags = tags(&["1", "2"]);
        tags.open(digest.clone());
        assert_eq!(here(&tags), digest.to_string());
        tags.list.move_cursor(Move::By(1));
        assert_eq!(here(&tags), "2");
        tags.list.move_cursor(Move::By(-1));
        assert_eq!(here(&tags), digest.to_string());
        tags.list.toggle_mark();
        assert!(tags.list.marks.is_empty(), "it is no tag of the list");
    }

    #[test]
    fn a_tag_that_is_not_listed_has_a_row_of_its_own_until_it_is() {
        let mut tickets = Tickets::default();
        let mut tags = tags(&["1", "2"]);
        tags.open(Selector::Tag(tag("0.9")));
        assert_eq!((here(&tags).as_str(), tags.list.rows.len()), ("0.9", 3));
        for names in [&["1", "2"][..], &["0.9", "1", "2"]] {
            tags.tags.begin(tickets.issue());
            tags.take(page(names), None, None, Timestamp::UNIX_EPOCH);
            assert_eq!(here(&tags), "0.9", "{names:?}");
        }
        assert!(tags.opened.is_none() && tags.list.rows.len() == 3);
        assert_eq!(tags.list.cursor, 2, "its own place in the list");
    }

    #[test]
    fn a_listed_tag_that_is_opened_needs_no_row_of_its_own() {
        let mut tags = tags(&["1", "2", "3"]);
        tags.list.set_filter("3");
        tags.refilter();
        tags.open(Selector::Tag(tag("1")));
        assert_eq!((here(&tags).as_str(), tags.list.rows.len()), ("1", 3));
    }

    #[test]
    fn the_cursor_stays_on_the_chosen_row_when_the_opened_tag_is_listed() {
        let mut tickets = Tickets::default();
        let mut tags = tags(&["1", "2"]);
        tags.open(Selector::Tag(tag("3")));
        tags.list.move_cursor(Move::To(2));
        assert_eq!(here(&tags), "1");
        tags.tags.begin(tickets.issue());
        tags.take(page(&["1", "2", "3"]), None, None, Timestamp::UNIX_EPOCH);
        assert_eq!(here(&tags), "1");
    }

    #[test]
    fn a_filter_hides_the_row_unless_it_fits() {
        let mut tags = tags(&["1", "2"]);
        tags.open(Selector::Tag(tag("nightly")));
        for (filter, expected) in [("2", "2"), ("night", "nightly"), ("x", "nothing")] {
            tags.list.set_filter(filter);
            tags.refilter();
            assert_eq!(here(&tags), expected, "{filter}");
        }
    }

    #[test]
    fn a_tag_that_went_loses_its_row_and_a_tag_that_never_existed_keeps_it() {
        let gone = || Failure {
            what: "cannot look into it".into(),
            why: "404".into(),
            hint: None,
            kind: FailureKind::NotFound,
        };
        let mut tags = tags(&["1", "2"]);
        tags.open(Selector::Tag(tag("0.9")));
        tags.take_opened_summary(Err(gone()));
        assert!(tags.opened_under_cursor().is_some_and(OpenedImage::is_missing));
        tags.take_opened_summary(Err(gone()));
        assert_eq!(here(&tags), "0.9");
    }
}
