//! The search for repositories: in the registry, or by the names that are known of it if it cannot search.

use std::time::Duration;

use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::{Dialog, KeyedDialog, click, edit_input, move_row};
use crate::app::cmd::Cmd;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::questions::{Ask, Slot};
use crate::app::remote::Ticket;
use crate::app::update::Update;
use crate::app::{State, layout, open};
use crate::model::reference::{Host, Reference, Repository, RepositoryName, Target};
use crate::model::vendor_lists::SearchHit;

/// How long the text must rest before the registry is asked.
const REST: Duration = Duration::from_millis(300);
/// Shortest text for which a registry is asked while the user types.
const SHORTEST: usize = 2;
/// Most names of the local list.
const MOST_NAMES: usize = 200;
/// The registry that can be searched although it is not open.
const ELSEWHERE: &str = "docker.io";
/// Lines above the rows: the field, the state, the heading.
const LINES_ABOVE: u16 = 3;

/// A search for repositories.
#[derive(Debug)]
pub struct SearchDialog {
    /// The registry that is searched.
    pub(crate) host: Host,
    /// The words.
    pub(crate) input: Input,
    /// The words that were searched for last, with the results.
    pub(crate) found: Option<Found>,
    /// The ticket of the awaited results, and their words.
    pending: Option<(Ticket, String)>,
    /// The row under the cursor.
    pub(crate) cursor: usize,
}

/// The results for some words.
#[derive(Debug)]
pub(crate) struct Found {
    /// The words.
    words: String,
    /// The repositories.
    pub(crate) hits: Vec<SearchHit>,
    /// Whether they are only names that were known before, because the registry did not search.
    pub(crate) is_local: bool,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SearchEffect {
    /// Opens the repository under the cursor, or searches at once.
    Open,
    /// Searches another registry.
    Switch,
}

/// Opens the search of the registry under the cursor.
pub(crate) fn show(update: &mut Update<'_>) {
    search_for(update, "");
}

/// Opens the search with these words.
pub(crate) fn search_for(update: &mut Update<'_>, words: &str) {
    let here = update.state.registries.selected().map(|registry| registry.host.clone());
    let Some(host) = here.or_else(|| Host::parse(ELSEWHERE).ok()) else { return };
    let mut dialog = SearchDialog { host, input: words.into(), found: None, pending: None, cursor: 0 };
    dialog.ask(update, Duration::ZERO);
    update.state.dialogs.push(Dialog::Search(Box::new(dialog)));
}

/// Takes the results of a search. Without any the names that are known of the registry are searched.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, hits: Option<Vec<SearchHit>>) {
    let awaits = |dialog: &Dialog| match dialog {
        Dialog::Search(search) => search.pending.as_ref().is_some_and(|(awaited, _)| *awaited == ticket),
        _ => false,
    };
    let Some(at) = update.state.dialogs.iter().position(awaits) else { return };
    let Some(Dialog::Search(search)) = update.state.dialogs.get_mut(at) else { return };
    let Some((_, words)) = search.pending.take() else { return };
    search.cursor = 0;
    match hits {
        Some(hits) => search.found = Some(Found { words, hits, is_local: false }),
        None => {
            let host = search.host.clone();
            let hits = known_names(update.state, &host, &words);
            if let Some(Dialog::Search(search)) = update.state.dialogs.get_mut(at) {
                search.found = Some(Found { words, hits, is_local: true });
            }
        }
    }
}

/// Returns the names that are listed in a registry or were opened there, and contain all words.
fn known_names(state: &State, host: &Host, words: &str) -> Vec<SearchHit> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let registry = state.registries.items.iter().find(|registry| registry.host == *host);
    let listed = registry.into_iter().flat_map(|registry| &registry.repositories.names.items);
    let listed = listed.filter_map(|listed| listed.name());
    let opened = state.settings.remembered.get(host).into_iter().flatten();
    let mut names: Vec<&RepositoryName> = listed
        .chain(opened)
        .filter(|name| words.iter().all(|word| name.as_str().contains(word.as_str())))
        .collect();
    names.sort_by(|a, b| (a.as_str().len(), a.as_str()).cmp(&(b.as_str().len(), b.as_str())));
    names.dedup();
    names.into_iter().take(MOST_NAMES).cloned().map(SearchHit::of).collect()
}

impl SearchDialog {
    /// Returns whether results are awaited.
    pub(crate) fn is_loading(&self) -> bool {
        self.pending.is_some()
    }

    /// Returns the results shown.
    pub(crate) fn hits(&self) -> &[SearchHit] {
        self.found.as_ref().map(|found| found.hits.as_slice()).unwrap_or_default()
    }

    /// Returns the box of the dialog with its border.
    pub(crate) fn area(state: &State) -> Rect {
        layout::log(state)
    }

    /// Returns the place of the results.
    pub(crate) fn rows(state: &State) -> Rect {
        layout::below(layout::inside(SearchDialog::area(state)), LINES_ABOVE)
    }

    /// Opens the repository under the click.
    pub(super) fn click(mut self: Box<Self>, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let area = SearchDialog::rows(update.state);
        let offset = layout::offset(self.cursor, area.height);
        match click::row_at(area, at, offset, self.hits().len()) {
            Some(row) => {
                self.cursor = row;
                self.open(update)
            }
            None => Some(Dialog::Search(self)),
        }
    }

    fn words(&self) -> &str {
        self.input.value().trim()
    }

    /// Asks for the results after a pause, in which the text may change. A registry that cannot search is not asked.
    fn ask(&mut self, update: &mut Update<'_>, after: Duration) {
        let words = self.words().to_string();
        let is_short = !after.is_zero() && words.chars().count() < SHORTEST;
        if words.is_empty() || is_short {
            self.cancel(update);
            return;
        }
        let registry = update.state.registries.items.iter().find(|registry| registry.host == self.host);
        let server = registry.and_then(|registry| registry.server.value.as_ref());
        if server.is_some_and(|server| !server.own_api.search) {
            let hits = known_names(update.state, &self.host, &words);
            self.found = Some(Found { words, hits, is_local: true });
            self.cursor = 0;
            return;
        }
        let ask = Ask::Search(self.host.clone(), words.clone());
        self.pending = Some((update.ask(Slot::Search, after, ask), words));
    }

    /// Gives up the awaited results. Returns whether there were some.
    fn cancel(&mut self, update: &mut Update<'_>) -> bool {
        let was_awaited = self.pending.take().is_some();
        if was_awaited {
            update.cmds.push(Cmd::Cancel(Slot::Search));
        }
        was_awaited
    }

    /// Opens the repository under the cursor if the results are those of the text, otherwise searches at once.
    fn open(mut self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        let is_current = self.found.as_ref().is_some_and(|found| found.words == self.words());
        let hit = self.hits().get(self.cursor).filter(|_| is_current).cloned();
        if let Some(hit) = hit {
            self.cancel(update);
            let repository = Repository { host: self.host, name: hit.repository };
            // Only a search for a digest finds tags.
            let target = match hit.tags.into_iter().next() {
                Some(tag) => Target::Image(Reference { repository, tag: Some(tag), digest: None }),
                None => Target::Repository(repository),
            };
            open::open(update, target);
            return None;
        }
        self.ask(update, Duration::ZERO);
        Some(Dialog::Search(self))
    }

    /// Goes to the next open registry, or to Docker Hub.
    fn switch(&mut self, update: &mut Update<'_>) {
        let mut hosts: Vec<Host> =
            update.state.registries.items.iter().map(|registry| registry.host.clone()).collect();
        hosts.extend(Host::parse(ELSEWHERE).ok().filter(|host| !hosts.contains(host)));
        let at = hosts.iter().position(|host| *host == self.host).map_or(0, |at| at + 1);
        let Some(host) = hosts.get(at % hosts.len().max(1)).cloned() else { return };
        self.cancel(update);
        (self.host, self.found, self.cursor) = (host, None, 0);
        self.ask(update, Duration::ZERO);
    }
}

impl KeyedDialog for Box<SearchDialog> {
    type Effect = SearchEffect;

    const TITLE: &'static str = "Search";

    const BINDINGS: &'static [Binding<SearchEffect>] = &[
        Binding::new(
            "search.open",
            chords!["Enter"],
            "open the repository, or search at once",
            SearchEffect::Open,
        )
        .with_hint("open"),
        Binding::new("search.registry", chords!["Tab"], "search another registry", SearchEffect::Switch)
            .with_hint("another registry"),
    ];

    const IS_PROMPT: bool = true;

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<SearchEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) => {
                if !self.cancel(update) {
                    return None;
                }
            }
            Pressed::Own(SearchEffect::Open) => return self.open(update),
            Pressed::Own(SearchEffect::Switch) => self.switch(update),
            Pressed::Text(key) if edit_input(&mut self.input, key) => self.ask(update, REST),
            Pressed::Shared(SharedEffect::Move(to)) => {
                self.cursor = move_row(self.cursor, self.hits().len(), to);
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::Search(self))
    }
}
