//! The tabs and platforms of the Details pane.

use super::Action;
use crate::app::actions::availability::{Why, refuse_unless};
use crate::app::keys::chords;
use crate::app::panes::details::shown_tabs;
use crate::app::{Pane, State, layout};

/// Opens the next tab.
pub(crate) static NEXT_TAB: Action =
    Action::new("details.next-tab", chords!["]"], "next tab of Details", |update| cycle_tab(update.state, 1))
        .with_hint("tab", 4)
        .available_if(check_image)
        .hinted_if(is_details_visible);
/// Opens the previous tab.
pub(crate) static PREVIOUS_TAB: Action =
    Action::new("details.previous-tab", chords!["["], "previous tab of Details", |update| {
        cycle_tab(update.state, -1);
    })
    .available_if(check_image);
/// Chooses the next platform of an index.
pub(crate) static NEXT_PLATFORM: Action =
    Action::new("details.next-platform", chords!["}"], "next platform of an index", |update| {
        cycle_platform(update.state, 1);
    })
    .with_hint("platform", 4)
    .available_if(check_platforms)
    .hinted_if(is_details_visible);
/// Chooses the previous platform of an index.
pub(crate) static PREVIOUS_PLATFORM: Action =
    Action::new("details.previous-platform", chords!["{"], "previous platform", |update| {
        cycle_platform(update.state, -1);
    })
    .available_if(check_platforms);

/// Goes to the next line with the text searched for.
pub(crate) static NEXT_MATCH: Action =
    Action::new("details.next-match", chords!["n"], "next line with the text searched for", |update| {
        update.state.detail.step_search(1);
    })
    .only_in(Pane::Details)
    .with_hint("next", 2)
    .hinted_if(|state| check_search(state).is_ok())
    .available_if(check_search);
/// Goes to the previous line with the text searched for.
pub(crate) static PREVIOUS_MATCH: Action = Action::new(
    "details.previous-match",
    chords!["N"],
    "previous line with the text searched for",
    |update| {
        update.state.detail.step_search(-1);
    },
)
.only_in(Pane::Details)
.available_if(check_search);

fn check_search(state: &State) -> Result<(), Why> {
    refuse_unless(state.detail.search.is_some() && !state.detail.tab.is_list(), "no text is searched for")
}

fn check_image(state: &State) -> Result<(), Why> {
    refuse_unless(state.detail.image.is_some(), "no image is shown")
}

fn check_platforms(state: &State) -> Result<(), Why> {
    refuse_unless(count_platforms(state) > 1, "the image has one platform")
}

fn is_details_visible(state: &State) -> bool {
    layout::of(state).details.is_some() && state.focus != Pane::Registries
}

fn count_platforms(state: &State) -> usize {
    state.detail.inspection.value.as_ref().map_or(0, |inspection| inspection.variants.len())
}

fn cycle_tab(state: &mut State, by: isize) {
    let tabs = shown_tabs(&state.detail);
    let at = tabs.iter().position(|tab| *tab == state.detail.tab).unwrap_or(0) as isize;
    let next = (at + by).rem_euclid(tabs.len() as isize) as usize;
    state.detail.open_tab(tabs[next]);
}

fn cycle_platform(state: &mut State, by: isize) {
    let count = count_platforms(state);
    if count > 0 {
        let next = (state.detail.variant as isize + by).rem_euclid(count as isize);
        state.detail.select_variant(next as usize);
    }
}
