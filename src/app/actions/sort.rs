//! The order of the tags.

use super::Action;
use super::availability::refuse_unless;
use crate::app::Pane;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::menu::{Choice, Menu, MenuEntry};
use crate::app::keys::chords;
use crate::app::layout;
use crate::app::panes::tags::SortBy;
use crate::app::update::Update;

/// Chooses the order of tags.
pub(crate) static SORT: Action = Action::new(
    "tags.sort",
    chords!["s"],
    "sort menu: version, name, date, size; again reverses",
    open_sort_menu,
)
.with_hint("sort", 3)
.hinted_if(|state| layout::of(state).tags.is_some() && state.focus != Pane::Registries)
.with_entry("sort ", "sort the tags by version, name, date or size")
.available_if(|state| refuse_unless(state.tags.repository.is_some(), "there are no tags to sort"));

/// Opens the sort menu.
fn open_sort_menu(update: &mut Update<'_>) {
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
