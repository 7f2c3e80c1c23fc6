//! The way in which the panes show their rows.

use super::Action;
use crate::app::Pane;
use crate::app::actions::availability::refuse_unless;
use crate::app::keys::chords;
use crate::app::update::Update;

/// Shows the focused pane alone, or all panes again.
pub(crate) static ZOOM: Action =
    Action::new("panes.zoom", chords!["+", "_"], "zoom the pane, and back", |update| {
        update.state.zoomed = !update.state.zoomed;
    })
    .with_entry("zoom", "zoom the pane, and back");
/// Shows repositories as a tree, or flat again.
pub(crate) static TREE: Action =
    Action::new("repositories.tree", chords!["T"], "as a tree by namespace, and flat", |update| {
        if let Some(registry) = update.state.registries.selected_mut() {
            registry.repositories.toggle_tree();
        }
    })
    .only_in(Pane::Repositories)
    .with_hint("tree", 3)
    .available_if(|state| refuse_unless(state.registries.selected().is_some(), "nothing is open"))
    .with_entry("tree", "repositories as a tree by namespace, and flat");
/// Shows hidden items, or hides them again.
pub(crate) static HIDDEN: Action =
    Action::new("tags.hidden", chords!["."], "show hidden rows", toggle_hidden)
        .with_entry("hidden", "show hidden rows, and back");

fn toggle_hidden(update: &mut Update<'_>) {
    let state = &mut *update.state;
    state.show_hidden = !state.show_hidden;
    state.tags.show_hidden = state.show_hidden;
    state.tags.refilter();
    let hidden = if state.show_hidden { "hidden tags are shown" } else { "digest tags are hidden" };
    update.say_done(hidden);
}
