//! The order of the tags, and of the repositories.

use super::Action;
use super::availability::{Why, refuse_unless};
use crate::app::dialogs::Dialog;
use crate::app::dialogs::menu::{Choice, Menu, MenuEntry};
use crate::app::keys::chords;
use crate::app::layout;
use crate::app::panes::details::Tab;
use crate::app::panes::details::files::order::FileSortBy;
use crate::app::panes::repositories::RepositorySortBy;
use crate::app::panes::tags::SortBy;
use crate::app::update::Update;
use crate::app::{Pane, State};

/// Chooses the order of tags, or of repositories.
pub(crate) static SORT: Action = Action::new(
    "tags.sort",
    chords!["s"],
    "sort menu; in Repositories and Files that of their rows",
    open_sort_menu,
)
.with_hint("sort", 3)
.hinted_if(|state| layout::of(state).tags.is_some() && state.focus != Pane::Registries)
.with_entry("sort ", "sort the tags, or the repositories in their pane")
.available_if(check_sort);

/// Opens the sort menu.
fn open_sort_menu(update: &mut Update<'_>) {
    if update.state.focus == Pane::Repositories {
        return open_repositories_menu(update);
    }
    if is_in_files(update.state) {
        return open_files_menu(update);
    }
    let sort = update.state.tags.sort;
    let entry = |by: SortBy| {
        let (key, label, order) = match by {
            SortBy::Version => ('v', "version", ["newest first", "oldest first"]),
            SortBy::Name => ('n', "name", ["A to Z", "Z to A"]),
            SortBy::Date => ('d', "date", ["newest first", "oldest first"]),
            SortBy::Size => ('s', "size", ["largest first", "smallest first"]),
        };
        let reverses = sort.by == by && !sort.reversed;
        MenuEntry { key, label, preview: order[usize::from(reverses)].into(), choice: Choice::Sort(by) }
    };
    let entries = SortBy::ALL.into_iter().map(entry).collect();
    let cursor = SortBy::ALL.iter().position(|by| *by == sort.by).unwrap_or(0);
    update.state.dialogs.push(Dialog::Menu(Menu { title: "Sort by".into(), entries, cursor }));
}

/// Opens the sort menu of repositories.
fn open_repositories_menu(update: &mut Update<'_>) {
    let Some(registry) = update.state.registries.selected() else { return };
    let sort = registry.repositories.sort;
    let entry = |by: RepositorySortBy| {
        let (key, label, order) = match by {
            RepositorySortBy::Name => ('n', "name", ["A to Z", "Z to A"]),
            RepositorySortBy::Tags => ('t', "tags", ["most first", "fewest first"]),
            RepositorySortBy::Newest => ('d', "newest image", ["newest first", "oldest first"]),
            RepositorySortBy::Size => ('s', "size", ["largest first", "smallest first"]),
        };
        let reverses = sort.by == by && !sort.reversed;
        let preview = order[usize::from(reverses)].into();
        MenuEntry { key, label, preview, choice: Choice::SortRepositories(by) }
    };
    let entries = RepositorySortBy::ALL.into_iter().map(entry).collect();
    let cursor = RepositorySortBy::ALL.iter().position(|by| *by == sort.by).unwrap_or(0);
    let title = "Sort repositories by".into();
    update.state.dialogs.push(Dialog::Menu(Menu { title, entries, cursor }));
}

/// Whether the Files tab has the keys.
fn is_in_files(state: &State) -> bool {
    state.focus == Pane::Details && state.detail.tab == Tab::Files
}

/// Opens the sort menu of files.
fn open_files_menu(update: &mut Update<'_>) {
    let sort = update.state.detail.files.browser.sort;
    let entry = |by: FileSortBy| {
        let (key, label, order) = match by {
            FileSortBy::Path => ('p', "path", ["A to Z", "Z to A"]),
            FileSortBy::Size => ('s', "size", ["largest first", "smallest first"]),
            FileSortBy::Name => ('n', "name", ["A to Z", "Z to A"]),
            FileSortBy::Time => ('t', "time", ["newest first", "oldest first"]),
            FileSortBy::Layer => ('l', "layer", ["last first", "first first"]),
        };
        let preview = order[usize::from(sort.choose(by).is_reversed)].into();
        MenuEntry { key, label, preview, choice: Choice::SortFiles(by) }
    };
    let entries = FileSortBy::ALL.into_iter().map(entry).collect();
    let cursor = FileSortBy::ALL.iter().position(|by| *by == sort.by).unwrap_or(0);
    update.state.dialogs.push(Dialog::Menu(Menu { title: "Sort files by".into(), entries, cursor }));
}

/// Fails if there is nothing to sort.
fn check_sort(state: &State) -> Result<(), Why> {
    match (state.focus, state.registries.selected()) {
        (Pane::Repositories, Some(registry)) => {
            let has_names = !registry.repositories.names.items.is_empty();
            refuse_unless(has_names, "there are no repositories to sort")
        }
        _ if is_in_files(state) => Ok(()),
        _ => refuse_unless(state.tags.repository.is_some(), "there are no tags to sort"),
    }
}
