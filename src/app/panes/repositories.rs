//! The repositories of a registry: flat, or a tree by namespace.

pub(crate) mod columns;
mod facts;
mod restored;
pub(crate) mod tree;

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::app::list::incremental_filter::IncrementalFilter;
use crate::app::list::incremental_sort::merge;
use crate::app::list::{List, Move, PageChange, Paged};
use crate::app::remote::{Remote, Ticket};
use crate::model::columns::width;
use crate::model::page::ListedName;
use crate::model::reference::RepositoryName;
use crate::model::repository_facts::RepositoryFacts;
use crate::model::session::KeptCursor;
use crate::model::tag_order;
use crate::model::text::SafeText;
use columns::RepositoryColumns;
use tree::Branch;

/// The Repositories pane of one registry.
#[derive(Debug, Default)]
pub struct Repositories {
    /// The catalog and the repositories opened by name, each once.
    pub names: Paged<ListedName<RepositoryName>>,
    /// The rows shown, sorted. They are indices into `names`; in a tree, the rows of namespaces are headings.
    pub(crate) list: List,
    /// Whether namespaces are folded into a tree. A filter makes the list flat.
    pub(crate) tree: bool,
    /// The rows of the tree, if it is one: as many as `list.rows`.
    pub(crate) branches: Vec<Branch>,
    /// The namespaces that are open, with their trailing slash.
    pub(crate) open: HashSet<String>,
    /// The words that name the list of the vendor's own API, if the names are from there and not from a catalog.
    pub(crate) source: Option<SafeText>,
    /// The repositories opened by name, newest first.
    pub(crate) opened: Vec<RepositoryName>,
    /// Those of them about which the registry has not answered yet.
    pub(crate) unanswered: HashSet<RepositoryName>,
    /// The repositories that a change has created, whether the catalog lists them or not.
    pub(crate) created: HashSet<RepositoryName>,
    /// The filter in progress, if there is one.
    pub(crate) filtering: Option<IncrementalFilter>,
    /// Columns of the longest name that was listed so far. It only grows, so that a refresh does not move a border.
    pub(crate) longest: usize,
    /// The repository to go to once it is listed.
    pub(crate) pending_selection: Option<RepositoryName>,
    /// The cursor of an earlier session, until it has arrived.
    pub(crate) restored: Option<KeptCursor<RepositoryName>>,
    /// The order of the rows.
    pub(crate) sort: RepositorySort,
    /// All names, sorted by name: indices into `names`.
    by_name: Vec<u32>,
    /// The facts about repositories whose tags were read or whose rows were visible.
    facts: HashMap<RepositoryName, Remote<RepositoryFacts>>,
    /// The repositories whose facts are awaited.
    awaited_facts: HashSet<RepositoryName>,
    /// Number of names whose sort key is known, if it is a fact.
    known_keys: usize,
}

/// The order of repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RepositorySort {
    /// The sort key.
    pub(crate) by: RepositorySortBy,
    /// Whether the order is reversed. For dates, newest first is not reversed.
    pub(crate) reversed: bool,
}

impl RepositorySort {
    /// Returns the arrow of the order: `↓` means from the newest or the largest on, or from Z to A.
    pub(crate) fn arrow(self) -> &'static str {
        if (self.by == RepositorySortBy::Name) == self.reversed { "↓" } else { "↑" }
    }
}

/// The sort keys of repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum RepositorySortBy {
    /// By name, A to Z.
    #[default]
    Name,
    /// By number of tags, most first.
    Tags,
    /// By the date of the newest image, newest first.
    Newest,
    /// By size, largest first.
    Size,
}

impl RepositorySortBy {
    /// All sort keys, in the order of the menu.
    pub(crate) const ALL: [RepositorySortBy; 4] =
        [RepositorySortBy::Name, RepositorySortBy::Tags, RepositorySortBy::Newest, RepositorySortBy::Size];

    /// Returns the word for the sort key.
    pub(crate) fn word(self) -> &'static str {
        match self {
            RepositorySortBy::Name => "name",
            RepositorySortBy::Tags => "tags",
            RepositorySortBy::Newest => "newest",
            RepositorySortBy::Size => "size",
        }
    }
}

/// The selection and the marks, kept during a refresh.
struct KeptSelection {
    /// The repositories that may take the cursor, the one under it first.
    near: Vec<RepositoryName>,
    marked: HashSet<String>,
}

/// Number of names that a filter examines between two keys.
const FILTERED: usize = 65_536;
/// Largest number of repositories opened by name that are remembered.
pub(crate) const MOST_OPENED: usize = 50;

impl Repositories {
    /// Returns the name under the cursor, as the server listed it.
    pub(crate) fn listed(&self) -> Option<&ListedName<RepositoryName>> {
        self.listed_at(self.list.selected()?)
    }

    /// Returns the name for an entry of `list.rows`, or `None` for a namespace.
    pub(crate) fn listed_at(&self, item: usize) -> Option<&ListedName<RepositoryName>> {
        self.names.items.get(item)
    }

    /// Returns the repository under the cursor.
    pub fn selected(&self) -> Option<&RepositoryName> {
        self.listed()?.name()
    }

    /// Takes a page of the catalog. Repositories opened by name stay.
    pub(crate) fn take(
        &mut self,
        page: Vec<ListedName<RepositoryName>>,
        next: Option<Ticket>,
        incomplete: Option<SafeText>,
        now: Timestamp,
    ) {
        let brings_restored = self.brings_restored(&page);
        let opened: HashSet<&RepositoryName> = self.opened.iter().chain(&self.created).collect();
        let is_new =
            |listed: &ListedName<RepositoryName>| listed.name().is_none_or(|name| !opened.contains(name));
        let page = page.into_iter().filter(is_new).collect();
        let is_last_of_refresh = next.is_none() && self.names.incoming.is_some();
        let before = is_last_of_refresh.then(|| self.record_selection());
        let change = self.names.take(page, next, now);
        self.names.incomplete = incomplete;
        match (change, before) {
            (PageChange::Added(from), _) => self.sort_in_new(from),
            (PageChange::Replaced, Some(before)) => self.apply_refresh(before),
            (PageChange::Nothing | PageChange::Replaced, _) => {}
        }
        if brings_restored {
            self.select_restored();
        }
    }

    /// Adds a repository that was opened by name, and goes to it.
    pub(crate) fn open_by_name(&mut self, name: &RepositoryName) {
        self.opened.retain(|known| known != name);
        self.opened.insert(0, name.clone());
        self.opened.truncate(MOST_OPENED);
        if !self.names.items.iter().any(|listed| listed.name() == Some(name)) {
            self.names.items.push(ListedName::Named(name.clone()));
            self.sort_in_new(self.names.items.len() - 1);
        }
        self.pending_selection = Some(name.clone());
        self.select_when_listed();
    }

    /// Returns whether another repository is listed in the namespace that a name is in, or stands for.
    pub(crate) fn lists_beside(&self, name: &RepositoryName) -> bool {
        // `docker.io/bitnami` is read as `docker.io/library/bitnami`.
        let components: Vec<&str> = name.components().collect();
        let namespace = match components.as_slice() {
            ["library", name] => name,
            [namespace, ..] => namespace,
            [] => return false,
        };
        let is_beside = |listed: &RepositoryName| {
            listed != name
                && listed.as_str().strip_prefix(namespace).is_some_and(|rest| rest.starts_with('/'))
        };
        self.names.items.iter().filter_map(ListedName::name).any(is_beside)
    }

    /// Lists a repository that exists now, without going to it.
    pub(crate) fn add_created(&mut self, name: &RepositoryName) {
        if !self.names.items.iter().any(|listed| listed.name() == Some(name)) {
            self.created.insert(name.clone());
            self.names.items.push(ListedName::Named(name.clone()));
            self.sort_in_new(self.names.items.len() - 1);
        }
    }

    /// Sorts the names after the first `from` into the list, and shows them.
    fn sort_in_new(&mut self, from: usize) {
        let names = &self.names.items;
        let compare = |a: u32, b: u32| names[a as usize].text().cmp(names[b as usize].text());
        let mut new: Vec<u32> = (from as u32..names.len() as u32).collect();
        new.sort_by(|a, b| compare(*a, *b));
        merge(&mut self.by_name, &new, compare);
        self.measure(from);
        self.arrange();
        self.select_when_listed();
    }

    /// Takes the names after the first `from` into account for the longest one. Most names are ASCII by their grammar, and
    /// quick to measure.
    fn measure(&mut self, from: usize) {
        for listed in &self.names.items[from..] {
            self.longest = self.longest.max(columns_of(listed.text()));
        }
    }

    /// Records the selection and the marks by name, since a refresh gives every name another index.
    fn record_selection(&self) -> KeptSelection {
        let marked = self.list.marks.iter().filter_map(|item| self.listed_at(item as usize));
        let near = self.list.cursor_candidates();
        KeptSelection {
            near: near.filter_map(|item| self.listed_at(item as usize)?.name().cloned()).collect(),
            marked: marked.map(|listed| listed.text().to_string()).collect(),
        }
    }

    fn apply_refresh(&mut self, before: KeptSelection) {
        let listed: HashSet<&RepositoryName> = self.names.items.iter().filter_map(ListedName::name).collect();
        let unlisted: Vec<_> = self
            .opened
            .iter()
            .chain(self.created.iter().filter(|name| !self.opened.contains(name)))
            .filter(|name| !listed.contains(name))
            .cloned()
            .collect();
        self.names.items.extend(unlisted.into_iter().map(ListedName::Named));
        let items = self.names.items.iter().enumerate();
        let marked = items.filter(|(_, listed)| before.marked.contains(listed.text()));
        self.list.marks = marked.map(|(item, _)| item as u32).collect();
        self.by_name = (0..self.names.items.len() as u32).collect();
        self.measure(0);
        self.mark_all_facts_outdated();
        self.filtering = None;
        self.list.forget_rows();
        self.sort_names();
        let listed: HashSet<&RepositoryName> = self.names.items.iter().filter_map(ListedName::name).collect();
        let near = before.near.into_iter().find(|name| listed.contains(name));
        if let Some(name) = near {
            self.go_to(&name);
        }
        self.select_when_listed();
    }

    fn sort_names(&mut self) {
        let names = &self.names.items;
        let name = |item: &u32| names[*item as usize].text();
        if !self.by_name.is_sorted_by(|a, b| name(a) <= name(b)) {
            self.by_name.sort_by(|a, b| name(a).cmp(name(b)));
        }
        self.arrange();
    }

    /// Sorts by `by`. If the repositories are sorted by it already, reverses the order.
    pub(crate) fn sort_by(&mut self, by: RepositorySortBy) {
        let reversed = self.sort.by == by && !self.sort.reversed;
        self.sort = RepositorySort { by, reversed };
        self.list.range_start = None;
        self.arrange();
    }

    /// Puts the names in the order of the pane, and shows them. Names with an unknown sort key are the last, by name.
    fn arrange(&mut self) {
        let mut order = std::mem::take(&mut self.list.order);
        order.clear();
        if self.sort.by == RepositorySortBy::Name {
            order.extend_from_slice(&self.by_name);
            if self.sort.reversed {
                order.reverse();
            }
            self.known_keys = order.len();
        } else {
            let keys = self.by_name.iter().map(|item| (*item, self.fact_key(*item)));
            let (mut known, unknown): (Vec<_>, Vec<_>) = keys.partition(|(_, key)| key.is_some());
            let reversed = self.sort.reversed;
            known.sort_by(|(_, a), (_, b)| tag_order::compare_by(*a, *b, reversed, || Ordering::Equal));
            self.known_keys = known.len();
            order.extend(known.into_iter().chain(unknown).map(|(item, _)| item));
        }
        self.list.order = order;
        self.show();
    }

    /// Sorts again if the order depends on facts, none of which is awaited.
    fn resort_if_idle(&mut self) {
        if self.sort.by == RepositorySortBy::Name || !self.awaited_facts.is_empty() {
            return;
        }
        let before = self.list.range_start.map(|_| self.list.rows.clone());
        self.arrange();
        if before.is_some_and(|before| self.list.rows != before) {
            // A range only covers rows that the user has seen.
            self.list.range_start = None;
        }
    }

    /// Returns the columns for rows of this width.
    pub(crate) fn columns(&self, room: usize) -> RepositoryColumns {
        if self.names.items.is_empty() {
            return RepositoryColumns { name: room, ..RepositoryColumns::default() };
        }
        let longest = if self.is_tree() { self.longest_branch() } else { self.longest };
        RepositoryColumns::fit(room, longest)
    }

    /// Shows the rows according to filter and tree. If the filter is removed, the cursor stays on the match.
    pub(crate) fn refilter(&mut self) {
        let is_unfiltered = self.is_tree() && self.branches.is_empty();
        let found = self.selected().filter(|_| is_unfiltered && self.list.is_user_selected).cloned();
        self.show();
        if let Some(name) = found {
            self.go_to(&name);
        }
        self.select_when_listed();
    }

    fn show(&mut self) {
        if self.is_tree() {
            self.show_branches();
        } else {
            let was_tree = !std::mem::take(&mut self.branches).is_empty();
            self.show_names();
            if was_tree && self.is_filtering() {
                // The rows shown so far were branches.
                self.list.show_all();
            }
        }
    }

    /// Shows the names that the filter matches. A long list is filtered in parts; until all names are examined, the
    /// previous rows stay.
    fn show_names(&mut self) {
        if !self.list.is_filtered() {
            self.filtering = None;
            return self.list.show_all();
        }
        let (names, typed) = (&self.names.items, &self.list.filter);
        let filter = self.filtering.take().filter(|filter| filter.is_for(typed, true));
        let mut filter = filter.unwrap_or_else(|| IncrementalFilter::of(typed, true));
        filter.examine_next(FILTERED, names.len(), |item| names.get(item as usize).map(ListedName::text));
        if filter.is_finished(names.len()) {
            let mut rows = self.list.take_spare_rows();
            filter.append_matches(&self.list.order, &mut rows);
            self.list.show_matches(rows);
        }
        self.filtering = Some(filter);
    }

    /// Returns whether the filter has not examined all names yet. [`Repositories::filter_next_part`] continues.
    pub(crate) fn is_filtering(&self) -> bool {
        self.filtering.as_ref().is_some_and(|filter| !filter.is_finished(self.names.items.len()))
    }

    /// Filters another part.
    pub(crate) fn filter_next_part(&mut self) {
        if self.is_filtering() {
            self.show();
            self.select_when_listed();
        }
    }

    /// Goes to the goal, if there is one and it is listed.
    fn select_when_listed(&mut self) {
        if let Some(goal) = self.pending_selection.clone()
            && self.go_to(&goal)
        {
            self.pending_selection = None;
        }
    }

    fn go_to(&mut self, name: &RepositoryName) -> bool {
        if self.is_tree() && self.open_to(name) {
            self.show_branches();
        }
        let row = self
            .list
            .rows
            .iter()
            .position(|item| self.listed_at(*item as usize).and_then(ListedName::name) == Some(name));
        if let Some(row) = row {
            self.list.move_cursor(Move::To(row));
        }
        row.is_some()
    }
}

/// Returns the columns of a name. Most names are ASCII by their grammar, and quick to measure.
fn columns_of(name: &str) -> usize {
    if name.is_ascii() { name.len() } else { width(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::panes::repositories::tree::BranchNode;
    use crate::app::remote::Tickets;

    pub(super) fn name(text: &str) -> RepositoryName {
        RepositoryName::parse(text).expect("a name")
    }

    pub(super) fn page(names: &[&str]) -> Vec<ListedName<RepositoryName>> {
        names.iter().map(|text| ListedName::Named(name(text))).collect()
    }

    pub(super) fn shown(repositories: &Repositories) -> Vec<String> {
        let text = |(row, item): (usize, &u32)| match repositories.listed_at(*item as usize) {
            Some(listed) => listed.text().to_string(),
            None => match &repositories.branches[row].node {
                BranchNode::Namespace { path, open, count, .. } => {
                    format!("{}{path} {count}", if *open { "-" } else { "+" })
                }
                BranchNode::Repository(_) => "?".into(),
            },
        };
        repositories.list.rows.iter().enumerate().map(text).collect()
    }

    pub(super) fn marked(repositories: &Repositories) -> Vec<&str> {
        let items = repositories.list.marked().into_iter();
        items.filter_map(|item| repositories.listed_at(item)).map(ListedName::text).collect()
    }

    #[test]
    fn cursor_and_marks_stay_on_their_names_when_a_refresh_brings_others() {
        let mut tickets = Tickets::default();
        let mut repositories = Repositories::default();
        repositories.take(page(&["a", "b", "c"]), None, None, Timestamp::UNIX_EPOCH);
        repositories.list.move_cursor(Move::To(1));
        repositories.list.toggle_mark();
        repositories.list.move_cursor(Move::To(1));
        repositories.names.begin(tickets.issue());
        repositories.take(page(&["0", "a", "b", "c"]), None, None, Timestamp::UNIX_EPOCH);
        assert_eq!(repositories.selected(), Some(&name("b")));
        assert_eq!(marked(&repositories), ["b"]);
        repositories.toggle_tree();
        repositories.names.begin(tickets.issue());
        repositories.take(page(&["b", "c"]), None, None, Timestamp::UNIX_EPOCH);
        assert_eq!(repositories.selected(), Some(&name("b")));
        assert_eq!(marked(&repositories), ["b"]);
    }

    #[test]
    fn the_cursor_goes_to_the_row_that_takes_the_place_of_a_deleted_one() {
        // The rows that are gone after a refresh, the filter, and the row under the cursor then; it was on `c`.
        let table: [(&[&str], &str, &str); 5] = [
            (&["c"], "", "d"),
            (&["a", "b", "c"], "", "d"),
            (&["c", "d", "e"], "", "b"),
            (&["a"], "", "c"),
            (&["c"], "!b", "d"),
        ];
        for (gone, filter, expected) in table {
            let mut tickets = Tickets::default();
            let mut repositories = Repositories::default();
            let all = ["a", "b", "c", "d", "e"];
            repositories.take(page(&all), None, None, Timestamp::UNIX_EPOCH);
            repositories.list.set_filter(filter);
            repositories.refilter();
            let row = shown(&repositories).iter().position(|name| name == "c").expect("a row");
            repositories.list.move_cursor(Move::To(row));
            repositories.names.begin(tickets.issue());
            let left: Vec<&str> = all.into_iter().filter(|name| !gone.contains(name)).collect();
            repositories.take(page(&left), None, None, Timestamp::UNIX_EPOCH);
            assert_eq!(repositories.selected(), Some(&name(expected)), "{gone:?} {filter}");
        }
    }

    #[test]
    fn a_repository_opened_during_a_refresh_is_listed_once() {
        let mut tickets = Tickets::default();
        let mut repositories = Repositories::default();
        repositories.take(page(&["a", "b"]), None, None, Timestamp::UNIX_EPOCH);
        repositories.names.begin(tickets.issue());
        repositories.take(page(&["a"]), Some(tickets.issue()), None, Timestamp::UNIX_EPOCH);
        repositories.open_by_name(&name("a"));
        repositories.take(page(&["b"]), None, None, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(&repositories), ["a", "b"]);
    }

    #[test]
    fn a_repository_made_by_a_copy_is_listed_once_even_if_the_catalog_comes_later() {
        let mut tickets = Tickets::default();
        let mut repositories = Repositories::default();
        repositories.add_created(&name("b"));
        repositories.take(page(&["a", "b"]), None, None, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(&repositories), ["a", "b"]);
        repositories.names.begin(tickets.issue());
        repositories.take(page(&["a"]), None, None, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(&repositories), ["a", "b"]);
    }

    #[test]
    fn pages_add_up_sorted_and_each_name_comes_once() {
        let mut tickets = Tickets::default();
        let mut repositories = Repositories::default();
        repositories.open_by_name(&name("m"));
        repositories.names.begin(tickets.issue());
        repositories.take(page(&["b", "z"]), Some(tickets.issue()), None, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(&repositories), ["b", "m", "z"]);
        assert_eq!(repositories.selected(), Some(&name("m")), "the cursor stays on what was opened");
        repositories.take(page(&["a", "m"]), None, None, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(&repositories), ["a", "b", "m", "z"]);
        assert!(repositories.names.complete);
    }

    #[test]
    fn a_refresh_replaces_the_names_only_when_it_is_complete() {
        let mut tickets = Tickets::default();
        let mut repositories = Repositories::default();
        repositories.take(page(&["a", "b", "c"]), None, None, Timestamp::UNIX_EPOCH);
        repositories.list.move_cursor(Move::Last);
        repositories.names.begin(tickets.issue());
        repositories.take(page(&["0"]), Some(tickets.issue()), None, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(&repositories), ["a", "b", "c"]);
        repositories.take(page(&["c"]), None, None, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(&repositories), ["0", "c"]);
        assert_eq!(repositories.selected(), Some(&name("c")));
    }
}
