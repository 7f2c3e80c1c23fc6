//! The cursor of an earlier session: it goes to its tag as soon as that has a row, unless the user chose a row before.

use super::TagsPane;
use crate::app::list::Move;
use crate::model::page::ListedName;
use crate::model::reference::{Selector, Tag};
use crate::model::session::KeptCursor;

/// A tag that the cursor is to go to.
#[derive(Debug, Clone)]
pub(crate) struct RestoredTag {
    /// The tag, and those around it.
    cursor: KeptCursor<Tag>,
    /// Its index, once it is listed.
    item: Option<u32>,
    /// Number of listed tags that were compared with it.
    searched: usize,
}

impl TagsPane {
    /// Goes to an image of an earlier session. A digest is listed nowhere and has a row of its own.
    pub(crate) fn restore(&mut self, image: KeptCursor<Selector>) {
        let tag = match image.name {
            Selector::Tag(tag) => tag,
            digest @ Selector::Digest(_) => return self.open(digest),
        };
        let near = image.near.into_iter().filter_map(|near| match near {
            Selector::Tag(tag) => Some(tag),
            Selector::Digest(_) => None,
        });
        let cursor = KeptCursor { name: tag, near: near.collect() };
        self.restored = Some(RestoredTag { cursor, item: None, searched: 0 });
    }

    /// Returns the image that the cursor is to go to and has not reached yet.
    pub(crate) fn arriving(&self) -> Option<KeptCursor<Selector>> {
        let KeptCursor { name, near } = &self.restored.as_ref()?.cursor;
        let near = near.iter().cloned().map(Selector::Tag).collect();
        Some(KeptCursor { name: Selector::Tag(name.clone()), near })
    }

    /// Goes to the tag if it has a row.
    pub(crate) fn select_restored(&mut self) {
        let Some(mut restored) = self.restored.take() else { return };
        if self.list.is_user_selected || self.list.is_filtered() {
            return;
        }
        let new = self.tags.items.iter().enumerate().skip(restored.searched);
        let is_it = |listed: &ListedName<Tag>| listed.name() == Some(&restored.cursor.name);
        let found = new.filter(|(_, listed)| is_it(listed)).map(|(item, _)| item as u32).next();
        restored.item = restored.item.or(found);
        restored.searched = self.tags.items.len();
        let row = restored.item.and_then(|item| self.list.rows.iter().position(|shown| *shown == item));
        match row {
            Some(row) => drop(self.list.move_cursor(Move::To(row))),
            None => self.restored = Some(restored),
        }
    }

    /// If all tags are listed and the tag is not one of them, goes to the nearest one that is left. Returns the tag then.
    pub(crate) fn settle_restored(&mut self) -> Option<Tag> {
        let restored = self.restored.take_if(|restored| restored.item.is_none())?;
        let KeptCursor { name, near } = restored.cursor;
        let is_listed = |tag: &Tag| self.tags.items.iter().any(|listed| listed.name() == Some(tag));
        if let Some(nearest) = near.into_iter().find(is_listed) {
            self.restore(KeptCursor { name: Selector::Tag(nearest), near: Vec::new() });
            self.select_restored();
        }
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::app::panes::tags::Sort;
    use crate::app::remote::Tickets;
    use crate::model::reference::Repository;

    fn tag(text: &str) -> Tag {
        Tag::parse(text).expect("a tag")
    }

    fn restored(goal: &str, near: &[&str]) -> TagsPane {
        let repository = Repository::parse("r.test/app").expect("a repository");
        let mut tags = TagsPane::of(repository, Sort::default(), false, 9);
        let selector = |text: &&str| Selector::Tag(tag(text));
        tags.restore(KeptCursor { name: selector(&goal), near: near.iter().map(selector).collect() });
        tags
    }

    fn take(tags: &mut TagsPane, names: impl IntoIterator<Item = String>, is_last: bool) {
        let page = names.into_iter().map(|name| ListedName::Named(tag(&name))).collect();
        let next = (!is_last).then(|| Tickets::default().issue());
        tags.take(page, next, None, Timestamp::UNIX_EPOCH);
    }

    fn here(tags: &TagsPane) -> &str {
        tags.selected().map_or("nothing", Tag::as_str)
    }

    #[test]
    fn the_cursor_goes_to_its_tag_when_a_page_brings_it() {
        let mut tags = restored("1", &[]);
        take(&mut tags, ["3".to_string(), "2".into()], false);
        assert_eq!(here(&tags), "3");
        take(&mut tags, ["1".to_string()], true);
        assert_eq!(tags.settle_restored(), None);
        assert_eq!(here(&tags), "1");
    }

    #[test]
    fn the_cursor_stays_where_the_user_has_moved_it() {
        let mut tags = restored("1", &["2"]);
        take(&mut tags, ["3".to_string(), "2".into()], false);
        tags.list.move_cursor(Move::To(0));
        take(&mut tags, ["1".to_string()], true);
        assert_eq!(tags.settle_restored(), None);
        assert_eq!(here(&tags), "3");
    }

    #[test]
    fn a_tag_that_is_gone_is_told_and_the_nearest_that_is_left_takes_the_cursor() {
        let mut tags = restored("2", &["1", "3"]);
        take(&mut tags, ["4".to_string(), "3".into()], true);
        assert_eq!(tags.settle_restored(), Some(tag("2")));
        assert_eq!(here(&tags), "3");
    }

    #[test]
    fn a_tag_far_down_a_long_list_is_reached_once_its_part_is_sorted() {
        let mut tags = restored("v7", &[]);
        take(&mut tags, (0..5_000).map(|number| format!("v{number}")), true);
        assert_eq!(tags.settle_restored(), None, "it is listed, and only has no row yet");
        while tags.is_arranging() {
            tags.arrange_next_part();
        }
        assert_eq!(here(&tags), "v7");
    }
}
