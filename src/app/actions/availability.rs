//! The availability of actions: whether an action makes sense now, and the reason if it does not.

use std::borrow::Cow;

use super::Action;
use crate::app::list::Paged;
use crate::app::selection::{
    can_copy, marked_repositories, missing_image_message, put_destination, selection_repository,
};
use crate::app::{Pane, State};
use crate::model::change::rules::Refusal;
use crate::model::plural::group_thousands;

/// The reason in words for the user.
pub type Why = Cow<'static, str>;

/// Fails if the action cannot be done now, with the reason in words for the user.
pub fn check_available(action: Action, state: &State) -> Result<(), Why> {
    let refuse_unless = |holds: bool, why: &'static str| if holds { Ok(()) } else { Err(Cow::Borrowed(why)) };
    match action {
        Action::Sort => refuse_unless(state.tags.repository.is_some(), "there are no tags to sort"),
        Action::Filter => refuse_unless(state.focus != Pane::Details, "only lists can be filtered"),
        Action::Mark | Action::MarkRange | Action::MarkAll | Action::Unmark => {
            let can_be_marked = matches!(state.focus, Pane::Repositories | Pane::Tags);
            refuse_unless(can_be_marked, "only repositories and tags can be marked")?;
            let is_opened = state.focus == Pane::Tags && state.tags.opened_under_cursor().is_some();
            let is_listed = action != Action::Mark && action != Action::MarkRange || !is_opened;
            refuse_unless(
                is_listed,
                "this row is not a listed tag and cannot be marked: keys act on it directly",
            )?;
            check_marks(action, state)
        }
        Action::NextTab | Action::PreviousTab => {
            refuse_unless(state.detail.image.is_some(), "no image is shown")
        }
        Action::NextPlatform | Action::PreviousPlatform => {
            let variants =
                state.detail.inspection.value.as_ref().map_or(0, |inspection| inspection.variants.len());
            refuse_unless(variants > 1, "the image has one platform")
        }
        Action::Enter => refuse_unless(state.focus != Pane::Details, "there is nothing to go into"),
        Action::Yank | Action::Pager => refuse_unless(!state.registries.items.is_empty(), "nothing is open"),
        Action::Refresh | Action::Reload => {
            refuse_unless(!state.registries.items.is_empty(), "nothing is open")
        }
        Action::Tree => refuse_unless(state.registries.selected().is_some(), "nothing is open"),
        Action::Retag | Action::Delete => check_change(state),
        Action::Copy | Action::Take => match marked_repositories(state) {
            0 | 1 => check_image_exists(state)
                .and(check_arranged(state))
                .and(refuse_unless(can_copy(state), "no image is chosen: go to Tags first")),
            marked => Err(format!("one repository at a time; {marked} are marked").into()),
        },
        Action::Put => check_put(state),
        Action::Compare => refuse_unless(state.tags.repository.is_some(), "no repository is chosen"),
        _ => Ok(()),
    }
}

/// Fails if something that marks depend on is not known yet: the order of neighbouring rows, or for ranges the whole
/// list.
fn check_marks(action: Action, state: &State) -> Result<(), Why> {
    let is_one = action == Action::Mark;
    let (list, shown) = match (state.focus, state.registries.selected()) {
        (Pane::Tags, _) => (Loaded::of(&state.tags.tags), &state.tags.list),
        (Pane::Repositories, Some(registry)) => {
            (Loaded::of(&registry.repositories.names), &registry.repositories.list)
        }
        _ => return Ok(()),
    };
    if action == Action::Unmark || action == Action::MarkRange && shown.range_start.is_some() {
        return Ok(());
    }
    match list {
        // Tags that came last may not be in their place yet.
        Loaded::Complete if state.focus == Pane::Tags && state.tags.is_arranging() && !is_one => {
            return Err(Cow::Borrowed(
                "the list is being sorted: ranges and `*` have to wait, press the key again",
            ));
        }
        Loaded::Complete => {}
        _ if is_one => {}
        Loaded::Partial(so_far) => {
            let why = format!(
                "the list is still loading, {} so far: ranges and `*` wait for the rest",
                group_thousands(so_far)
            );
            return Err(format!("{why}; Space marks one").into());
        }
        Loaded::Incomplete => {
            return Err(Cow::Borrowed(
                "a part of the list is missing, so ranges and `*` would be incomplete: `r` asks again; Space marks one",
            ));
        }
    }
    check_arranged(state)?;
    match state.tags.known_count_text().filter(|_| state.focus == Pane::Tags && !state.tags.is_in_order()) {
        Some(known) => {
            Err(format!("{known}; marks wait until the order is complete, or sort by name: `s` `n`").into())
        }
        None => Ok(()),
    }
}

/// Fails while the rows do not yet match the last filter and order. The list must be filtered and sorted completely
/// before a key acts on the row under the cursor and those around it.
fn check_arranged(state: &State) -> Result<(), Why> {
    let registry = state.registries.selected().map(|registry| &registry.repositories);
    let doing = match (state.focus, registry) {
        (Pane::Tags, _) => {
            state.tags.current_operation().map(|doing| (doing, state.tags.tags.items.len(), "tags"))
        }
        (Pane::Repositories, Some(all)) if all.is_filtering() => {
            Some(("filtering", all.names.items.len(), "repositories"))
        }
        _ => None,
    };
    match doing {
        Some((doing, count, what)) => {
            let count = group_thousands(count);
            Err(format!("still {doing} {count} {what}: press the key again when that is done").into())
        }
        None => Ok(()),
    }
}

/// The part of a list that has arrived.
enum Loaded {
    /// All of it, or as much as will ever arrive.
    Complete,
    /// This number of items; others will arrive.
    Partial(usize),
    /// A part of it, and no more will arrive by itself.
    Incomplete,
}

impl Loaded {
    fn of<T>(list: &Paged<T>) -> Loaded {
        match (list.complete, list.at) {
            (false, _) if list.is_loading() => Loaded::Partial(list.items.len()),
            (false, Some(_)) => Loaded::Incomplete,
            _ => Loaded::Complete,
        }
    }
}

/// Fails if the image that the keys act on is known to be missing.
fn check_image_exists(state: &State) -> Result<(), Why> {
    missing_image_message(state).map_or(Ok(()), |missing| Err(missing.to_string().into()))
}

/// Fails if no image is chosen or if a rule forbids changes of the repository.
fn check_change(state: &State) -> Result<(), Why> {
    check_image_exists(state).and(check_arranged(state))?;
    let repository =
        selection_repository(state).ok_or(Cow::Borrowed("no image is chosen: go to Tags first"))?;
    state.settings.rules.may_change(repository).map_err(|refusal| refusal_text(&refusal))
}

/// Fails if no image was taken or if a rule forbids the copy to the place of the cursor.
fn check_put(state: &State) -> Result<(), Why> {
    let taken =
        state.taken.as_ref().ok_or(Cow::Borrowed("nothing was taken: `Y` takes the marked images"))?;
    let to = put_destination(state, taken).ok_or(Cow::Borrowed("no registry is open"))?;
    if to == taken.from {
        return Err(Cow::Borrowed("the images are from here: go to the destination first"));
    }
    state.settings.rules.may_copy(&taken.from, &to).map_err(|refusal| refusal_text(&refusal))
}

/// Returns the refusal of a rule in one line.
pub fn refusal_text(refusal: &Refusal) -> Why {
    let hint = refusal.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{}{hint}", refusal.why).into()
}
