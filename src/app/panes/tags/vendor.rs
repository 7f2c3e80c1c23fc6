//! The facts that the vendor of a registry lists about tags, so that visible rows need no request each. They are not
//! proved: as soon as an image is read, its own facts stand in its row.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{SortBy, TagsPane};
use crate::app::remote::Ticket;
use crate::model::reference::Tag;
use crate::model::vendor_lists::{VendorPosition, VendorTag, VendorTags};

/// Most parts that are asked for. Rows beyond them are read one by one.
const MOST_PARTS: u32 = 20;
/// Most tags about which facts are kept. Rows beyond them are read one by one.
const MOST_FACTS: usize = 100_000;
/// How long rows wait for parts that tell nothing of them, before they are read one by one.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(1);

/// The facts that the vendor lists, as far as they were asked for.
#[derive(Debug, Default)]
pub(crate) struct VendorFacts {
    facts: HashMap<Tag, VendorTag>,
    /// The position of the next part.
    next: Option<Box<VendorPosition>>,
    /// The ticket of the awaited part.
    pending: Option<Ticket>,
    /// The number of parts that were asked for.
    parts: u32,
    /// The time since which visible rows wait for facts.
    waits_since: Option<Timestamp>,
    /// Whether rows wait for the part that is awaited.
    holds_rows: bool,
    /// Whether rows wait for the registry to show whether its vendor lists facts.
    waits_for_server: bool,
    /// Whether it is known of any tag when it was pushed, when it was pulled, and when it expires.
    known: KnownFacts,
}

/// The kinds of facts that are known of any tag.
#[derive(Debug, Clone, Copy, Default)]
struct KnownFacts {
    pushed: bool,
    pulled: bool,
    expires: bool,
}

impl VendorFacts {
    /// Notes that a part is awaited from now on. Returns its position.
    pub(crate) fn ask(&mut self, ticket: Ticket, now: Timestamp) -> Option<Box<VendorPosition>> {
        let since = *self.waits_since.get_or_insert(now);
        self.holds_rows = now.duration_since(since) < LONGEST_WAIT;
        self.pending = Some(ticket);
        self.parts += 1;
        self.next.take()
    }

    /// Notes whether the registry has yet to show whether its vendor lists facts. Rows wait for that a short time, so that
    /// those that the vendor tells of are not read one by one.
    pub(crate) fn wait_for_server(&mut self, is_awaited: bool, now: Timestamp) {
        let mut is_early = || now.duration_since(*self.waits_since.get_or_insert(now)) < LONGEST_WAIT;
        self.waits_for_server = is_awaited && is_early();
    }

    /// Returns whether rows wait for the registry.
    pub(crate) fn is_waiting_for_server(&self) -> bool {
        self.waits_for_server
    }

    /// Takes a part, if it is the awaited one. Without one the vendor is not asked again.
    pub(crate) fn take(&mut self, ticket: Ticket, part: Option<VendorTags>) {
        if self.pending != Some(ticket) {
            return;
        }
        self.pending = None;
        let Some(part) = part else { return };
        self.next = part.next;
        for tag in part.tags {
            if self.facts.len() >= MOST_FACTS && !self.facts.contains_key(&tag.name) {
                continue;
            }
            self.known.pushed |= tag.pushed.is_some();
            self.known.pulled |= tag.pulled.is_some();
            self.known.expires |= tag.expires.is_some();
            self.facts.insert(tag.name.clone(), tag);
        }
        if self.facts.len() >= MOST_FACTS {
            self.next = None;
        }
    }

    /// Notes that no visible row waits for facts.
    pub(crate) fn end_wait(&mut self) {
        self.waits_since = None;
    }

    /// Notes that the facts may be outdated. They stay until newer ones come.
    pub(crate) fn mark_outdated(&mut self) {
        (self.next, self.pending, self.parts) = (None, None, 0);
    }

    /// Gives up the part that is awaited. Returns whether one was.
    pub(crate) fn cancel(&mut self) -> bool {
        self.pending.take().is_some()
    }

    /// Returns whether a part is awaited.
    pub(crate) fn is_loading(&self) -> bool {
        self.pending.is_some()
    }

    /// Returns the facts about a tag.
    pub(crate) fn of(&self, tag: &Tag) -> Option<&VendorTag> {
        self.facts.get(tag)
    }

    /// Returns whether facts are known that the columns of the vendor show.
    pub(crate) fn has_dates(&self) -> bool {
        self.known.pushed
    }

    /// Returns whether it is known of any tag when it was pulled.
    pub(crate) fn has_pulls(&self) -> bool {
        self.known.pulled
    }

    /// Returns whether any tag expires.
    pub(crate) fn has_expiry(&self) -> bool {
        self.known.expires
    }

    /// Returns the approximate number of bytes that the facts take.
    pub(crate) fn weight(&self) -> usize {
        self.facts.len() * 2 * size_of::<VendorTag>()
    }
}

impl TagsPane {
    /// Returns the facts of the vendor about a row.
    pub(crate) fn vendor_tag(&self, item: u32) -> Option<&VendorTag> {
        self.vendor.of(self.tags.items.get(item as usize)?.name()?)
    }

    /// Returns whether the column of dates shows when tags were pushed, and not when images were made. In the order of
    /// dates all images are read, so that theirs are known.
    pub(crate) fn shows_pushes(&self) -> bool {
        self.sort.by != SortBy::Date && self.vendor.has_dates()
    }

    /// Returns whether the next part of the vendor's facts is to be asked for: the first one, or one that may be about
    /// visible rows of which nothing is known.
    pub(crate) fn needs_vendor_part(&self) -> bool {
        let vendor = &self.vendor;
        if vendor.is_loading() || vendor.parts >= MOST_PARTS || self.sort.by.needs_details() {
            return false;
        }
        if vendor.parts == 0 {
            return true;
        }
        let mut visible = self.list.visible_rows().filter_map(|row| self.list.rows.get(row));
        let is_unknown = |item: &u32| !self.summaries.contains_key(item) && self.vendor_tag(*item).is_none();
        vendor.next.is_some() && visible.any(is_unknown)
    }

    /// Returns whether the image of a row need not be read, because the vendor told of it or may be about to.
    pub(super) fn is_told_by_vendor(&self, item: u32) -> bool {
        let is_awaited = self.vendor.is_loading() && self.vendor.holds_rows;
        self.vendor.waits_for_server || self.uses_vendor && (is_awaited || self.vendor_tag(item).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::panes::tags::Sort;
    use crate::app::remote::Tickets;
    use crate::model::page::ListedName;
    use crate::model::reference::Repository;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn tag(name: &str) -> Tag {
        Tag::parse(name).expect("a tag")
    }

    fn pane(names: &[&str]) -> TagsPane {
        let repository = Repository::parse("r.test/app").expect("a repository");
        let mut pane = TagsPane::of(repository, Sort::default(), false, 9);
        let names = names.iter().map(|name| ListedName::Named(tag(name)));
        pane.take(names.collect(), None, None, jiff::Timestamp::UNIX_EPOCH);
        pane
    }

    #[test]
    fn rows_that_the_vendor_told_of_are_not_read_one_by_one() {
        let mut tickets = Tickets::default();
        let mut pane = pane(&["1", "2"]);
        pane.uses_vendor = true;
        assert!(pane.needs_vendor_part());
        let first = tickets.issue();
        assert!(pane.vendor.ask(first, AT).is_none());
        assert!(pane.rows_to_load(9).is_empty(), "they wait for the vendor");
        let next = Some(Box::default());
        pane.vendor.take(first, Some(VendorTags { tags: vec![VendorTag::of(tag("1"))], next }));
        assert_eq!(pane.rows_to_load(9).len(), 1, "the vendor has told of one");
        assert!(pane.needs_vendor_part(), "the other one may be in the next part");
        let second = tickets.issue();
        assert!(pane.vendor.ask(second, AT).is_some());
        pane.vendor.take(first, None);
        assert!(pane.vendor.is_loading(), "a late answer to another question changes nothing");
        pane.vendor.take(second, None);
        assert!(!pane.needs_vendor_part());
        assert_eq!(pane.rows_to_load(9).len(), 1, "the rest is read as ever");
    }

    /// A vendor may answer slowly, part after part, and never tell of the visible rows.
    #[test]
    fn rows_do_not_wait_long_for_parts_that_tell_nothing_of_them() {
        let mut tickets = Tickets::default();
        let mut pane = pane(&["1", "2"]);
        pane.uses_vendor = true;
        let other = || VendorTags { tags: vec![VendorTag::of(tag("other"))], next: Some(Box::default()) };
        let mut ask = |pane: &mut TagsPane, milliseconds: i64| {
            let ticket = tickets.issue();
            assert!(pane.needs_vendor_part());
            pane.vendor.ask(ticket, AT + SignedDuration::from_millis(milliseconds));
            let waits = pane.rows_to_load(9).is_empty();
            pane.vendor.take(ticket, Some(other()));
            waits
        };
        assert_eq!([0, 300, 1_500, 1_800].map(|at| ask(&mut pane, at)), [true, true, false, false]);
        // All rows were told of or read meanwhile, and others are visible now.
        pane.vendor.end_wait();
        assert!(ask(&mut pane, 60_000));
    }

    #[test]
    fn facts_about_endless_tags_are_not_kept() {
        let mut tickets = Tickets::default();
        let mut pane = pane(&["1", "2"]);
        pane.uses_vendor = true;
        let ticket = tickets.issue();
        pane.vendor.ask(ticket, AT);
        let endless = (0..MOST_FACTS + 9).map(|n| VendorTag::of(tag(&format!("t{n}"))));
        pane.vendor.take(ticket, Some(VendorTags { tags: endless.collect(), next: Some(Box::default()) }));
        assert_eq!(pane.vendor.facts.len(), MOST_FACTS);
        assert!(!pane.needs_vendor_part(), "nothing more is asked for");
    }

    #[test]
    fn without_a_vendor_all_rows_are_read() {
        let mut pane = pane(&["1", "2"]);
        pane.vendor.take(Tickets::default().issue(), Some(VendorTags::default()));
        assert_eq!(pane.rows_to_load(9).len(), 2);
    }
}
