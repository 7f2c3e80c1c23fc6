//! Moving the cursor and the focus.

use super::availability::{Why, refuse_unless};
use super::{Action, base_image, files};
use crate::app::dialogs::{attached, open_prompt};
use crate::app::keys::chords;
use crate::app::list::{List, Move};
use crate::app::panes::details::Tab;
use crate::app::reconcile::cancel_long_wait;
use crate::app::update::Update;
use crate::app::{Pane, State};

/// Moves one row down.
pub(crate) static DOWN: Action =
    Action::new("list.down", chords!["j", "Down"], "down", |update| update.state.move_cursor(Move::By(1)));
/// Moves one row up.
pub(crate) static UP: Action =
    Action::new("list.up", chords!["k", "Up"], "up", |update| update.state.move_cursor(Move::By(-1)));
/// Moves to the first row.
pub(crate) static FIRST: Action = Action::new("list.first", chords!["g", "Home"], "first row", |update| {
    update.state.move_cursor(Move::First);
});
/// Moves to the last row.
pub(crate) static LAST: Action =
    Action::new("list.last", chords!["G", "End"], "last row", |update| update.state.move_cursor(Move::Last));
/// Moves half a page down.
pub(crate) static PAGE_DOWN: Action =
    Action::new("list.page-down", chords!["Ctrl-d", "PgDn"], "half a page down", |update| {
        update.state.move_cursor(Move::HalfPages(1));
    });
/// Moves half a page up.
pub(crate) static PAGE_UP: Action =
    Action::new("list.page-up", chords!["Ctrl-u", "PgUp"], "half a page up", |update| {
        update.state.move_cursor(Move::HalfPages(-1));
    });
/// Enters the item under the cursor.
pub(crate) static ENTER: Action = Action::new("panes.enter", chords!["Enter", "l", "Right"], "go in", enter)
    .with_hint("open", 2)
    .available_if(check_enter);
/// Backs out: first of a long wait, of a filter, of marks or of a message.
pub(crate) static BACK: Action = Action::new(
    "panes.back",
    chords!["Esc", "h", "Left"],
    "go back; first removes a message, cancels a long wait, pauses the reading of files, clears a filter, pauses an extraction, clears a search or marks",
    |update| {
        if !step_back(update) && !files::pause_extraction(update) {
            leave(update);
        }
    },
);
/// Closes a directory or goes to the one above; elsewhere in Details goes back.
pub(crate) static CLOSE_DIRECTORY: Action = Action::new(
    "files.close",
    chords!["h", "Left"],
    "in Files close the directory, or go to the one above; else go back",
    |update| {
        let is_in_files = update.state.detail.tab == Tab::Files;
        let closes = is_in_files && update.state.detail.files.browser.leave();
        // An extraction is not paused by a key that closes one directory after the other.
        if !closes && !step_back(update) {
            leave(update);
        }
    },
)
.only_in(Pane::Details);
/// Goes to the next pane.
pub(crate) static NEXT_PANE: Action =
    Action::new("panes.next", chords!["Tab"], "next pane", |update| update.state.cycle_pane(1));
/// Goes to the previous pane.
pub(crate) static PREVIOUS_PANE: Action =
    Action::new("panes.previous", chords!["Shift-Tab"], "previous pane", |update| {
        update.state.cycle_pane(-1);
    });
/// Goes to Registries.
pub(crate) static REGISTRIES: Action =
    Action::new("panes.registries", chords!["1"], "Registries", |update| {
        update.state.focus_pane(Pane::Registries);
    });
/// Goes to Repositories.
pub(crate) static REPOSITORIES: Action =
    Action::new("panes.repositories", chords!["2"], "Repositories", |update| {
        update.state.focus_pane(Pane::Repositories);
    });
/// Goes to Tags.
pub(crate) static TAGS: Action =
    Action::new("panes.tags", chords!["3"], "Tags", |update| update.state.focus_pane(Pane::Tags));
/// Goes to Details.
pub(crate) static DETAILS: Action =
    Action::new("panes.details", chords!["4"], "Details", |update| update.state.focus_pane(Pane::Details));

fn enter(update: &mut Update<'_>) {
    let state = &mut *update.state;
    match state.focus {
        Pane::Registries => state.focus_pane(Pane::Repositories),
        Pane::Repositories => {
            let Some(registry) = state.registries.selected_mut() else {
                return open_prompt::show(update);
            };
            if registry.repositories.toggle_namespace() {
                return;
            }
            match registry.repositories.listed().map(|listed| listed.name().is_some()) {
                Some(true) => state.focus_pane(Pane::Tags),
                Some(false) => update.refuse("this name is malformed, so it is never sent"),
                None if registry.repositories.names.failure.is_some() => open_prompt::show(update),
                None => {}
            }
        }
        Pane::Tags if state.detail.image.is_some() => state.focus_pane(Pane::Details),
        Pane::Details if state.detail.tab == Tab::Layers => {
            let layer = state.detail.layer_under_cursor();
            state.detail.open_files(layer);
        }
        Pane::Details if state.detail.tab == Tab::Files => files::enter(update),
        Pane::Details if state.detail.tab == Tab::Overview => update.perform(&base_image::OPEN_BASE),
        Pane::Details => attached::show(update),
        Pane::Tags => {}
    }
}

/// Fails if there is nothing to go into.
fn check_enter(state: &State) -> Result<(), Why> {
    let detail = &state.detail;
    match (state.focus, detail.tab) {
        (Pane::Details, Tab::Layers) => {
            let has_files = detail.layer_under_cursor().is_some() && detail.files_image().is_some();
            refuse_unless(has_files, "this step made no layer, so it has no files")
        }
        (Pane::Details, Tab::Files) => Ok(()),
        (Pane::Details, Tab::Overview) => base_image::check_base(state),
        (Pane::Details, Tab::Referrers) => {
            refuse_unless(detail.referrers.selected().is_some(), "there is nothing to go into")
        }
        (Pane::Details, _) => refuse_unless(false, "there is nothing to go into"),
        _ => Ok(()),
    }
}

/// Removes a message, cancels a long wait, pauses the reading of files, or removes a filter. Returns whether there was one.
fn step_back(update: &mut Update<'_>) -> bool {
    if update.state.notices.toast.take().is_some() || cancel_long_wait(update) || files::pause(update) {
        return true;
    }
    let is_filtered = update.state.focused_list().is_some_and(|list| list.is_filtered());
    if is_filtered {
        update.state.filter("");
    }
    is_filtered
}

/// Removes a search or marks, or leaves a namespace, if there is one. Otherwise goes one pane to the left.
fn leave(update: &mut Update<'_>) {
    let state = &mut *update.state;
    if state.focus == Pane::Details && !state.detail.tab.is_list() && state.detail.search.take().is_some() {
        return;
    }
    if state.focused_list().is_some_and(List::unmark) {
        return;
    }
    if state.focus == Pane::Repositories
        && state.registries.selected_mut().is_some_and(|registry| registry.repositories.leave_namespace())
    {
        return;
    }
    match state.focus {
        Pane::Registries if state.zoomed => state.zoomed = false,
        Pane::Registries => {}
        Pane::Repositories => state.focus_pane(Pane::Registries),
        Pane::Tags => state.focus_pane(Pane::Repositories),
        Pane::Details => {
            if std::mem::take(&mut state.detail.files.ends_zoom) {
                state.zoomed = false;
            }
            state.focus_pane(Pane::Tags);
        }
    }
}
