//! The way in which the panes show their rows.

use super::Action;
use crate::app::actions::availability::refuse_unless;
use crate::app::keys::chords;
use crate::app::panes::details::Tab;
use crate::app::update::Update;
use crate::app::{Pane, State, layout};

/// Shows the focused pane alone, or all panes again.
pub(crate) static ZOOM: Action =
    Action::new("panes.zoom", chords!["+", "_"], "zoom the pane, and back", |update| {
        update.state.zoomed = !update.state.zoomed;
    })
    .with_entry("zoom", "zoom the pane, and back");
/// Moves the border of the focused pane to the left.
pub(crate) static BORDER_LEFT: Action =
    Action::new("panes.border-left", chords!["Ctrl-Left", "("], "move the border left", |update| {
        move_border(update, -BORDER_STEP);
    })
    .available_if(|state| refuse_unless(border(state).is_some(), "the pane stands alone"))
    .with_entry("border-left", "move the border of the pane left");
/// Moves the border of the focused pane to the right.
pub(crate) static BORDER_RIGHT: Action =
    Action::new("panes.border-right", chords!["Ctrl-Right", ")"], "move the border right", |update| {
        move_border(update, BORDER_STEP);
    })
    .available_if(|state| refuse_unless(border(state).is_some(), "the pane stands alone"))
    .with_entry("border-right", "move the border of the pane right");
/// Puts all borders back.
pub(crate) static BORDERS_RESET: Action =
    Action::new("panes.border-reset", chords!["="], "put all borders back", |update| {
        update.state.borders.reset();
    })
    .available_if(|state| refuse_unless(state.borders.are_moved(), "no border was moved"))
    .with_entry("border-reset", "put all borders back");
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
    Action::new("tags.hidden", chords!["."], "show hidden rows; in Files removed ones", toggle_hidden)
        .with_entry("hidden", "show hidden rows, and back");

/// Columns by which a key moves a border.
const BORDER_STEP: i16 = 4;

/// Returns the border that keys move, by the pane to its left.
fn border(state: &State) -> Option<Pane> {
    layout::of(state).border_of(state.focus)
}

fn move_border(update: &mut Update<'_>, by: i16) {
    let layout = layout::of(update.state);
    let Some(left) = layout.border_of(update.state.focus) else { return };
    let Some(place) = layout.pane(left).map(|area| area.right()) else { return };
    if !place_border(update.state, left, place.saturating_add_signed(by)) {
        update.refuse("the pane beside the border cannot be narrower");
    }
}

/// Puts the border to the right of a pane to this column, or as near to it as the least widths of the panes allow.
/// Returns whether it has moved.
pub(crate) fn place_border(state: &mut State, left: Pane, column: u16) -> bool {
    let place = |state: &State| layout::of(state).pane(left).map(|area| area.right());
    let before = place(state);
    let kept = state.borders.clone();
    state.borders.place(left, column, state.size.0);
    match place(state) {
        after if after == before => state.borders = kept,
        Some(after) => state.borders.place(left, after, state.size.0),
        None => {}
    }
    place(state) != before
}

fn toggle_hidden(update: &mut Update<'_>) {
    let state = &mut *update.state;
    if state.focus == Pane::Details && state.detail.tab == Tab::Files {
        let are_shown = state.detail.files.browser.toggle_removed();
        let text = if are_shown { "removed files are shown" } else { "removed files are hidden" };
        return update.say_done(text);
    }
    state.show_hidden = !state.show_hidden;
    state.tags.show_hidden = state.show_hidden;
    state.tags.refilter();
    let hidden = if state.show_hidden { "hidden tags are shown" } else { "digest tags are hidden" };
    update.say_done(hidden);
}
