//! The facts about repositories. They come from the tags that were read, and are asked for only for visible rows.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{Repositories, RepositorySortBy};
use crate::app::remote::{Remote, Ticket};
use crate::model::failure::Failure;
use crate::model::page::ListedName;
use crate::model::plural::group_thousands;
use crate::model::reference::RepositoryName;
use crate::model::repository_facts::RepositoryFacts;

impl Repositories {
    /// Returns the facts about a repository, if they are known.
    pub(crate) fn facts_of(&self, name: &RepositoryName) -> Option<&RepositoryFacts> {
        self.facts.get(name)?.value.as_ref()
    }

    /// Returns whether the order depends on facts.
    pub(crate) fn is_sorted_by_facts(&self) -> bool {
        self.sort.by != RepositorySortBy::Name
    }

    /// Returns the number of repositories whose facts are awaited.
    pub(crate) fn count_awaited_facts(&self) -> usize {
        self.awaited_facts.len()
    }

    /// Returns at most `most` repositories whose facts are to be asked for next. These are visible, and not the one
    /// whose tags are read anyway.
    pub(crate) fn facts_to_load(
        &self,
        most: usize,
        read: Option<&RepositoryName>,
        needs_newest: bool,
    ) -> Vec<RepositoryName> {
        let lacks_newest = |remote: &Remote<RepositoryFacts>| {
            let is_read = remote.value.is_none_or(|facts| facts.is_newest_read);
            needs_newest && !is_read && remote.pending.is_none() && remote.failure.is_none()
        };
        let is_wanted = |name: &&RepositoryName| {
            Some(*name) != read
                && self.facts.get(*name).is_none_or(|remote| remote.is_unasked() || lacks_newest(remote))
        };
        self.visible_names().filter(is_wanted).take(most).cloned().collect()
    }

    /// Notes that the facts about a repository are asked for.
    pub(crate) fn ask_facts(&mut self, name: &RepositoryName, ticket: Ticket) {
        self.facts.entry(name.clone()).or_default().ask(ticket);
        self.awaited_facts.insert(name.clone());
    }

    /// Gives up the facts about repositories that are not visible any more, and returns these.
    pub(crate) fn give_up_hidden_facts(&mut self) -> Vec<RepositoryName> {
        if self.awaited_facts.is_empty() {
            return Vec::new();
        }
        let visible: HashSet<&RepositoryName> = self.visible_names().collect();
        let hidden: Vec<RepositoryName> =
            self.awaited_facts.iter().filter(|name| !visible.contains(name)).cloned().collect();
        for name in &hidden {
            self.awaited_facts.remove(name);
            self.facts.get_mut(name).into_iter().for_each(Remote::cancel);
        }
        hidden
    }

    fn visible_names(&self) -> impl Iterator<Item = &RepositoryName> {
        let rows = self.list.rows.get(self.list.visible_rows()).unwrap_or_default();
        rows.iter().filter_map(|item| self.listed_at(*item as usize)?.name())
    }

    /// Takes the facts about a repository. The rows are sorted again when none is awaited any more, or they would jump
    /// about.
    pub(crate) fn take_facts(
        &mut self,
        name: &RepositoryName,
        ticket: Ticket,
        answer: Result<RepositoryFacts, Failure>,
        now: Timestamp,
    ) {
        let Some(remote) = self.facts.get_mut(name) else { return };
        if remote.answer(ticket, answer, now) {
            self.awaited_facts.remove(name);
            self.resort_if_idle();
        }
    }

    /// Takes over the facts about a repository whose tags are shown.
    pub(crate) fn set_facts(&mut self, name: &RepositoryName, facts: RepositoryFacts, now: Timestamp) {
        let remote = self.facts.entry(name.clone()).or_default();
        let before = remote.value.replace(facts);
        remote.at = Some(now);
        remote.failure = None;
        if before != Some(facts) {
            self.resort_if_idle();
        }
    }

    /// Notes that the facts about a repository may be outdated.
    pub(crate) fn mark_facts_outdated(&mut self, name: &RepositoryName) {
        self.facts.get_mut(name).into_iter().for_each(Remote::mark_outdated);
    }

    /// Notes that all facts may be outdated.
    pub(super) fn mark_all_facts_outdated(&mut self) {
        self.awaited_facts.clear();
        self.facts.values_mut().for_each(Remote::mark_outdated);
    }

    /// Returns the number of listed repositories with a known sort key and the number of all: `8 of 120 known`. Returns
    /// `None` if all are known, or if the order depends on names alone.
    pub(crate) fn known_count_text(&self) -> Option<String> {
        let (known, all) = (self.known_keys, self.list.order.len());
        let is_partial = self.sort.by != RepositorySortBy::Name && known < all;
        is_partial.then(|| format!("{} of {} known", group_thousands(known), group_thousands(all)))
    }

    /// Returns the sort key of a listed name if it is a known fact.
    pub(super) fn fact_key(&self, item: u32) -> Option<i128> {
        let facts = self.facts_of(self.names.items.get(item as usize).and_then(ListedName::name)?)?;
        match self.sort.by {
            RepositorySortBy::Name => None,
            RepositorySortBy::Tags => Some(facts.tags as i128),
            RepositorySortBy::Newest => Some(facts.newest?.as_second().into()),
            RepositorySortBy::Size => facts.size.map(i128::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{name, page, shown};
    use super::*;
    use crate::app::remote::Tickets;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn listed(names: &[&str], height: usize) -> Repositories {
        let mut repositories = Repositories::default();
        repositories.list.height = height;
        repositories.take(page(names), None, None, NOW);
        repositories
    }

    fn facts(tags: usize, day: Option<i64>) -> RepositoryFacts {
        let newest = day.map(|day| Timestamp::from_second(1_700_000_000 + day * 86_400).expect("a date"));
        RepositoryFacts { tags, is_complete: true, newest, is_newest_read: true, size: None }
    }

    #[test]
    fn repositories_with_unknown_facts_are_last_by_name_and_are_counted() {
        let mut repositories = listed(&["a", "b", "c", "d", "e"], 9);
        for (text, known) in [("b", facts(2, Some(9))), ("d", facts(40, None)), ("e", facts(0, Some(1)))] {
            repositories.set_facts(&name(text), known, NOW);
        }
        let tags = Some("3 of 5 known");
        let table = [
            (RepositorySortBy::Tags, ["d", "b", "e", "a", "c"], tags),
            (RepositorySortBy::Tags, ["e", "b", "d", "a", "c"], tags),
            (RepositorySortBy::Newest, ["b", "e", "a", "c", "d"], Some("2 of 5 known")),
            (RepositorySortBy::Size, ["a", "b", "c", "d", "e"], Some("0 of 5 known")),
            (RepositorySortBy::Name, ["a", "b", "c", "d", "e"], None),
            (RepositorySortBy::Name, ["e", "d", "c", "b", "a"], None),
        ];
        for (by, rows, known) in table {
            repositories.sort_by(by);
            assert_eq!(shown(&repositories), rows, "{by:?}");
            assert_eq!(repositories.known_count_text().as_deref(), known, "{by:?}");
        }
    }

    #[test]
    fn facts_are_asked_for_visible_rows_only_and_given_up_when_these_are_scrolled_away() {
        let mut repositories = listed(&["a", "b", "c", "d", "e", "f"], 3);
        assert_eq!(repositories.facts_to_load(9, Some(&name("b")), true), [name("a"), name("c")]);
        assert_eq!(repositories.facts_to_load(1, None, true), [name("a")]);
        let mut tickets = Tickets::default();
        for text in ["a", "c"] {
            repositories.ask_facts(&name(text), tickets.issue());
        }
        assert_eq!(repositories.facts_to_load(9, None, true), [name("b")]);
        repositories.list.scroll(2);
        assert_eq!(repositories.give_up_hidden_facts(), [name("a")]);
        assert_eq!(repositories.facts_to_load(9, None, true), [name("d"), name("e")]);
        repositories.names.begin(tickets.issue());
        repositories.take(page(&["c"]), None, None, NOW);
        assert_eq!(repositories.facts_to_load(9, None, true), [name("c")], "a refresh asks again");
    }

    #[test]
    fn dates_are_asked_for_only_where_they_are_shown() {
        let mut repositories = listed(&["a", "b"], 3);
        let facts = |tags| RepositoryFacts { tags, is_complete: true, ..RepositoryFacts::default() };
        repositories.set_facts(&name("a"), facts(3), NOW);
        assert_eq!(repositories.facts_to_load(9, Some(&name("b")), false), []);
        assert_eq!(repositories.facts_to_load(9, Some(&name("b")), true), [name("a")]);
        repositories.set_facts(&name("a"), RepositoryFacts { is_newest_read: true, ..facts(3) }, NOW);
        assert_eq!(
            repositories.facts_to_load(9, Some(&name("b")), true),
            [],
            "a date that is not known is not asked twice"
        );
    }

    #[test]
    fn rows_are_sorted_again_when_no_fact_is_awaited_any_more() {
        let mut repositories = listed(&["a", "b", "c"], 9);
        repositories.sort_by(RepositorySortBy::Tags);
        let mut tickets = Tickets::default();
        let [first, second] = [tickets.issue(), tickets.issue()];
        repositories.ask_facts(&name("b"), first);
        repositories.ask_facts(&name("c"), second);
        repositories.take_facts(&name("c"), second, Ok(facts(3, None)), NOW);
        assert_eq!(shown(&repositories), ["a", "b", "c"]);
        repositories.take_facts(&name("b"), first, Ok(facts(1, None)), NOW);
        assert_eq!(shown(&repositories), ["c", "b", "a"]);
    }
}
