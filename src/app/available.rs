//! Why a key is greyed: whether an action makes sense now, and if not, why.

use super::action::Action;
use super::{Pane, State};

/// Whether the action can be done now; else why not, in words for the user.
pub fn available(action: Action, state: &State) -> Result<(), &'static str> {
    let refuse_unless = |holds: bool, why: &'static str| if holds { Ok(()) } else { Err(why) };
    match action {
        Action::Sort => refuse_unless(state.tags.repository.is_some(), "there are no tags to sort"),
        Action::Filter => refuse_unless(state.focus != Pane::Details, "only lists can be filtered"),
        Action::Mark | Action::MarkRange | Action::MarkAll | Action::Unmark => refuse_unless(
            matches!(state.focus, Pane::Repositories | Pane::Tags),
            "only repositories and tags can be marked",
        ),
        Action::NextTab | Action::PreviousTab => {
            refuse_unless(state.detail.of.is_some(), "no image is shown")
        }
        Action::NextPlatform | Action::PreviousPlatform => {
            let variants =
                state.detail.inspection.value.as_ref().map_or(0, |inspection| inspection.variants.len());
            refuse_unless(variants > 1, "the image has one platform")
        }
        Action::Enter => refuse_unless(state.focus != Pane::Details, "there is nothing further in"),
        Action::Yank | Action::Pager => refuse_unless(!state.registries.items.is_empty(), "nothing is open"),
        Action::Refresh | Action::Reload => {
            refuse_unless(!state.registries.items.is_empty(), "nothing is open")
        }
        Action::Tree => refuse_unless(state.registries.selected().is_some(), "nothing is open"),
        _ => Ok(()),
    }
}
