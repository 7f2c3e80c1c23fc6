//! The tags of a repository, with the details known of each.

mod facts;
mod groups;
mod names;
pub(crate) mod opened;
mod order;
mod progress;
mod restored;
mod vendor;

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::app::list::incremental_filter::IncrementalFilter;
use crate::app::list::incremental_sort::Sorting;
use crate::app::list::items::Items;
use crate::app::list::{List, PageChange, Paged};
use crate::app::remote::{Remote, Ticket};
use crate::model::columns;
use crate::model::digest::Digest;
use crate::model::page::ListedName;
use crate::model::reference::{Repository, Tag};
use crate::model::summary::Summary;
use crate::model::text::SafeText;
use crate::model::version_order::Rank;
use facts::FactSources;
use groups::DigestGroups;
use names::NameRanks;
use opened::OpenedImage;
use progress::OrderProgress;
use restored::RestoredTag;
use vendor::VendorFacts;

/// The Tags pane.
#[derive(Debug, Default)]
pub struct TagsPane {
    /// The repository whose tags are shown.
    pub repository: Option<Repository>,
    /// The tags of the repository.
    pub tags: Paged<ListedName<Tag>>,
    /// The rows shown.
    pub list: List,
    /// The summaries of tags, by index; a tag has none until its row was visible.
    pub summaries: HashMap<u32, Remote<Summary>>,
    /// The rows whose summary is awaited.
    pub(crate) awaited_rows: HashMap<Ticket, u32>,
    /// The tags that share a digest, among those whose digest is known.
    pub(crate) groups: DigestGroups,
    /// The order of the tags.
    pub sort: Sort,
    /// Whether digest tags are shown.
    pub(crate) show_hidden: bool,
    /// The image that was opened by name and is not listed (yet). It has a row of its own.
    pub(crate) opened: Option<OpenedImage>,
    /// The cursor of an earlier session, until it has arrived.
    pub(crate) restored: Option<RestoredTag>,
    /// Columns of the longest tag that is not hidden, whether a filter matches it or not, so that scrolling does not
    /// move the columns.
    pub(crate) longest: usize,
    /// Columns of the longest list of platforms that is known. Rows that are scrolled away still count, so that scrolling
    /// does not move the columns.
    pub(crate) longest_platforms: usize,
    /// The data from which the facts about the repository were last summed up.
    pub(crate) fact_sources: FactSources,
    /// The facts that the vendor of the registry lists.
    pub(crate) vendor: VendorFacts,
    /// Whether the facts of the vendor are enough for rows, so that their images need not be read.
    pub(crate) uses_vendor: bool,
    /// The data derived from the names.
    names: NameRanks,
    /// The data derived from the names that a refresh has brought so far.
    incoming_names: NameRanks,
    /// The progress of loading details, if the order depends on them.
    progress: OrderProgress,
    /// The order that is being computed; until then the rows are shown in the previous order.
    sorting: Option<Sorting>,
    /// The filter in progress, if there is one.
    filtering: Option<IncrementalFilter>,
    /// The sort keys that tags had when they were put in place, if the order depends on details.
    sort_keys: HashMap<u32, i128>,
    /// Tags whose details came later and may change their place.
    stale_items: Items,
    /// Whether a job may have removed the last tag. If so, a list that the registry does not find counts as empty.
    pub(crate) may_be_empty: bool,
}

/// The order of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sort {
    /// The sort key.
    pub by: SortBy,
    /// Whether the order is reversed. For versions and dates, newest first is not reversed.
    pub(crate) reversed: bool,
}

impl Sort {
    /// Returns the arrow of the order: `↓` means from the newest or the largest on, or from Z to A.
    pub(crate) fn arrow(self) -> &'static str {
        if (self.by == SortBy::Name) == self.reversed { "↓" } else { "↑" }
    }
}

/// The sort keys of tags.
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

impl SortBy {
    /// All sort keys, in the order of the menu.
    pub(crate) const ALL: [SortBy; 4] = [SortBy::Version, SortBy::Name, SortBy::Date, SortBy::Size];

    /// Returns the word for the sort key.
    pub(crate) fn word(self) -> &'static str {
        match self {
            SortBy::Version => "version",
            SortBy::Name => "name",
            SortBy::Date => "date",
            SortBy::Size => "size",
        }
    }

    /// Returns whether the sort key needs the details of every tag.
    pub(crate) fn needs_details(self) -> bool {
        matches!(self, SortBy::Date | SortBy::Size)
    }
}

impl TagsPane {
    /// Returns the summary of a tag, if its row was read.
    pub(crate) fn summary_of(&self, tag: &Tag) -> Option<&Summary> {
        let is_it =
            |item: u32| self.tags.items.get(item as usize).and_then(|listed| listed.name()) == Some(tag);
        self.summaries.iter().find(|(item, _)| is_it(**item))?.1.value.as_ref()
    }

    /// Creates the pane for a repository about which nothing is known.
    pub(crate) fn of(repository: Repository, sort: Sort, show_hidden: bool, height: usize) -> TagsPane {
        let list = List { height, ..List::default() };
        TagsPane { repository: Some(repository), sort, show_hidden, list, ..TagsPane::default() }
    }

    /// Creates the pane for the time when no repository is under the cursor.
    pub(crate) fn of_nothing(sort: Sort) -> TagsPane {
        TagsPane { sort, ..TagsPane::default() }
    }

    /// Returns the tag under the cursor, if its name can be used in a request.
    pub fn selected(&self) -> Option<&Tag> {
        self.tags.items.get(self.list.selected()?)?.name()
    }

    /// Returns the summary of the row under the cursor.
    pub(crate) fn summary(&self) -> Option<&Summary> {
        if let Some(opened) = self.opened_under_cursor() {
            return opened.summary.as_ref();
        }
        self.summaries.get(&(self.list.selected()? as u32))?.value.as_ref()
    }

    /// Returns whether another tag of the list is known to have the same digest.
    pub(crate) fn is_shared(&self, digest: &Digest) -> bool {
        self.groups.is_shared(digest)
    }

    /// Returns the approximate number of bytes that the pane takes.
    pub(crate) fn weight(&self) -> usize {
        let long = |tag: &ListedName<Tag>| Some(tag.text().len()).filter(|length| *length > size_of::<Tag>());
        let text: usize = self.tags.items.iter().filter_map(long).sum();
        let each = size_of::<ListedName<Tag>>() + size_of::<Rank>() + 2 * size_of::<u32>();
        text + self.vendor.weight()
            + self.tags.items.len() * each
            + self.summaries.len() * 2 * size_of::<Remote<Summary>>()
    }

    /// Returns the tags known to have this digest, in the order shown.
    pub(crate) fn aliases(&self, digest: &Digest) -> Vec<&str> {
        let known = self.summaries.iter();
        let has_it =
            known.filter(|(_, summary)| summary.value.as_ref().is_some_and(|value| value.digest == *digest));
        let mut items: Vec<u32> = has_it.map(|(item, _)| *item).collect();
        items.sort_by(|a, b| self.compare(*a, *b));
        items
            .into_iter()
            .filter_map(|item| self.tags.items.get(item as usize))
            .map(ListedName::text)
            .collect()
    }

    /// Takes a page of tags. Returns whether it brought the tag that was opened by name, so that the cursor went there.
    pub(crate) fn take(
        &mut self,
        page: Vec<ListedName<Tag>>,
        next: Option<Ticket>,
        incomplete: Option<SafeText>,
        now: Timestamp,
    ) -> bool {
        let old = if next.is_none() && self.tags.incoming.is_some() {
            self.tags_with_details()
        } else {
            HashMap::new()
        };
        self.may_be_empty &= next.is_some();
        let length = page.len();
        let change = self.tags.take(page, next, now);
        if let Some(incoming) = &self.tags.incoming {
            if incoming.len() == length {
                self.incoming_names = NameRanks::default();
            }
            self.incoming_names.extend(incoming);
        }
        self.tags.incomplete = incomplete;
        match change {
            PageChange::Nothing => {}
            PageChange::Added(_) => self.sort_in_new(),
            PageChange::Replaced => self.apply_refresh(&old),
        }
        self.select_restored();
        self.select_when_listed()
    }

    /// Returns the tags about which more than the name is known, and those that may take the cursor, with their indices in the list.
    fn tags_with_details(&self) -> HashMap<ListedName<Tag>, u32> {
        let near = self.list.cursor_candidates();
        let items = self.summaries.keys().copied().chain(self.list.marks.iter()).chain(near);
        items.filter_map(|item| Some((self.tags.items.get(item as usize)?.clone(), item))).collect()
    }

    /// Takes over the tags of a complete refresh. Known summaries are kept, but count as old, so that a tag is asked
    /// again when its row is visible.
    fn apply_refresh(&mut self, old: &HashMap<ListedName<Tag>, u32>) {
        self.names = std::mem::take(&mut self.incoming_names);
        self.names.extend(&self.tags.items);
        let places = self.new_indices_of(old);
        let new_place = |item: u32| places.get(&item).copied();
        let near: Vec<u32> = match self.opened_under_cursor() {
            Some(_) => Vec::new(),
            None => self.list.cursor_candidates().filter_map(new_place).collect(),
        };
        let summaries = std::mem::take(&mut self.summaries);
        self.summaries = summaries
            .into_iter()
            .filter_map(|(item, summary)| {
                Some((new_place(item)?, Remote { at: None, pending: None, failure: None, ..summary }))
            })
            .collect();
        self.list.marks = self.list.marks.iter().filter_map(new_place).collect();
        self.awaited_rows.clear();
        self.list.order = (0..self.tags.items.len() as u32).collect();
        self.filtering = None;
        self.opened.iter_mut().for_each(OpenedImage::search_again);
        self.count_shared();
        self.list.forget_rows();
        self.sort();
        if self.is_arranging() {
            // Until the order is computed, the order of the server is shown.
            self.show();
        }
        self.list.select_first_shown(&near);
    }

    /// Returns the new indices of these tags. Only names that may be one of them are looked up: the list may be long,
    /// and these tags are few.
    fn new_indices_of(&self, old: &HashMap<ListedName<Tag>, u32>) -> HashMap<u32, u32> {
        let sketches: Items = old.keys().map(|tag| Rank::of(tag.text()).sketch().into()).collect();
        let may_be =
            |item: &u32| self.names.rank(*item).is_some_and(|rank| sketches.contains(rank.sketch().into()));
        let items = (0..self.tags.items.len() as u32).filter(may_be);
        items.filter_map(|item| Some((*old.get(self.tags.items.get(item as usize)?)?, item))).collect()
    }

    fn count_shared(&mut self) {
        let mut known: Vec<(u32, Digest)> = self
            .summaries
            .iter()
            .filter_map(|(item, summary)| Some((*item, summary.value.as_ref()?.digest)))
            .collect();
        known.sort_unstable_by_key(|(item, _)| *item);
        self.groups.count_again(known.into_iter().map(|(_, digest)| digest));
    }

    /// Takes the summary of a row and returns whether it was awaited.
    pub(crate) fn take_summary(
        &mut self,
        ticket: Ticket,
        answer: Result<Summary, crate::model::failure::Failure>,
        now: Timestamp,
    ) -> bool {
        let Some(item) = self.awaited_rows.remove(&ticket) else { return false };
        let Some(remote) = self.summaries.get_mut(&item) else { return false };
        let before = remote.value.as_ref().map(|summary| summary.digest);
        let has_failed = answer.is_err();
        let is_awaited = remote.answer(ticket, answer, now);
        let after = remote.value.as_ref().map(|summary| summary.digest);
        self.update_digest_count(item, before, after);
        if is_awaited {
            self.record_answer(item, has_failed);
        }
        is_awaited
    }

    /// Updates the row of a tag from the inspection of the whole image.
    pub(crate) fn update_summary(&mut self, tag: &Tag, summary: &Summary, now: Timestamp) {
        let is_it = |item: &usize| self.tags.items.get(*item).and_then(ListedName::name) == Some(tag);
        let here = self.list.selected().filter(is_it);
        let Some(item) = here.or_else(|| (0..self.tags.items.len()).find(is_it)) else { return };
        let remote = self.summaries.entry(item as u32).or_default();
        let before = remote.value.as_ref().map(|summary| summary.digest);
        let pending = remote.pending;
        *remote = Remote { value: Some(summary.clone()), failure: None, pending, at: Some(now) };
        self.update_digest_count(item as u32, before, Some(summary.digest));
        self.record_answer(item as u32, false);
    }

    fn update_digest_count(&mut self, item: u32, before: Option<Digest>, after: Option<Digest>) {
        if before == after {
            return;
        }
        before.iter().for_each(|digest| self.groups.remove(digest));
        after.into_iter().for_each(|digest| self.groups.add(digest));
        let summary = self.summaries.get(&item).and_then(|summary| summary.value.as_ref());
        let platforms = summary.map_or(0, |summary| columns::width(&summary.listed_platforms()));
        self.longest_platforms = self.longest_platforms.max(platforms);
        self.refilter_item(item);
        self.queue_resort(item);
    }

    /// Returns the digests of the visible rows, as far as they are known.
    pub(crate) fn visible_digests(&self) -> Vec<Digest> {
        let rows = self.list.visible_rows().filter_map(|row| self.list.rows.get(row));
        let opened_summary = self.opened.as_ref().and_then(|opened| opened.summary.as_ref());
        let digest = |item: &u32| match *item {
            opened::OPENED => Some(opened_summary?.digest),
            item => Some(self.summaries.get(&item)?.value.as_ref()?.digest),
        };
        rows.filter_map(digest).collect()
    }

    /// Gives the new groups of tags their letters, in the order of the visible rows.
    pub(crate) fn settle_groups(&mut self) {
        let rows = self.list.visible_rows().filter_map(|row| self.list.rows.get(row));
        let digest = |item: &u32| Some(self.summaries.get(item)?.value.as_ref()?.digest);
        let shown: Vec<Digest> = rows.filter_map(digest).collect();
        self.groups.settle(shown);
    }

    /// Returns the number of tags that are hidden because they only hold data that belongs to images.
    pub(crate) fn hidden(&self) -> usize {
        if self.show_hidden { 0 } else { self.names.digest_tags().len() }
    }

    /// Returns the number of tags, without those that only hold data that belongs to images.
    pub(crate) fn count_without_digest_tags(&self) -> usize {
        self.tags.items.len().saturating_sub(self.names.digest_tags().len())
    }

    /// Returns the tags that only hold data that belongs to images, in the order of the server.
    pub(crate) fn digest_tags(&self) -> impl Iterator<Item = &Tag> {
        let items = self.names.digest_tags().iter();
        items.filter_map(|item| self.tags.items.get(*item as usize)?.name())
    }

    /// Returns at most `most` rows whose details are to be loaded next: the visible ones first, then those beside them.
    /// If the order depends on details, all rows that the filter matches follow.
    pub(crate) fn rows_to_load(&self, most: usize) -> Vec<u32> {
        let shown = self.list.visible_rows();
        let beyond = shown.end..(shown.end + shown.len() / 2).min(self.list.rows.len());
        let before = shown.start.saturating_sub(shown.len() / 2)..shown.start;
        let near = shown.chain(beyond).chain(before).filter_map(|row| self.list.rows.get(row));
        let rest = self.progress.unanswered.iter();
        let is_wanted = |item: &u32| match self.summaries.get(item) {
            Some(remote) => remote.pending.is_none() && remote.failure.is_none() && remote.at.is_none(),
            None => self.tags.items.get(*item as usize).is_some_and(|tag| tag.name().is_some()),
        };
        let mut seen = HashSet::new();
        let near = near.copied().filter(|item| !self.is_told_by_vendor(*item));
        near.chain(rest).filter(|item| is_wanted(item) && seen.insert(*item)).take(most).collect()
    }

    /// Returns the rows that are being loaded although they are no longer near the visible ones.
    pub(crate) fn rows_to_cancel(&self) -> Vec<(Ticket, u32)> {
        if self.sort.by.needs_details() {
            return Vec::new();
        }
        let shown = self.list.visible_rows();
        let margin = shown.len();
        let near = shown.start.saturating_sub(margin)..(shown.end + margin).min(self.list.rows.len());
        let near: HashSet<u32> = near.filter_map(|row| self.list.rows.get(row).copied()).collect();
        self.awaited_rows
            .iter()
            .filter(|(_, item)| !near.contains(item))
            .map(|(ticket, item)| (*ticket, *item))
            .collect()
    }
}
