//! The availability of actions: whether an action makes sense now, and the reason if it does not.

use std::borrow::Cow;

use super::action::Action;
use super::chosen::{is_copyable, marked_repositories, missing, place, place_of_chosen};
use super::list::Paged;
use super::{Pane, State};
use crate::model::change::rules::Refusal;
use crate::model::plural::grouped;

/// The reason in words for the user.
pub type Why = Cow<'static, str>;

/// Fails if the action cannot be done now, with the reason in words for the user.
pub fn available(action: Action, state: &State) -> Result<(), Why> {
    let refuse_unless = |holds: bool, why: &'static str| if holds { Ok(()) } else { Err(Cow::Borrowed(why)) };
    match action {
        Action::Sort => refuse_unless(state.tags.repository.is_some(), "there are no tags to sort"),
        Action::Filter => refuse_unless(state.focus != Pane::Details, "only lists can be filtered"),
        Action::Mark | Action::MarkRange | Action::MarkAll | Action::Unmark => {
            let can_be_marked = matches!(state.focus, Pane::Repositories | Pane::Tags);
            refuse_unless(can_be_marked, "only repositories and tags can be marked")?;
            let is_opened = state.focus == Pane::Tags && state.tags.opened_here().is_some();
            let is_listed = action != Action::Mark && action != Action::MarkRange || !is_opened;
            refuse_unless(
                is_listed,
                "this row is no listed tag, so it takes no mark: keys act on it as it is",
            )?;
            marks(action, state)
        }
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
        Action::Retag | Action::Delete => changes(state),
        Action::Copy | Action::Take => match marked_repositories(state) {
            0 | 1 => is_there(state)
                .and(arranged(state))
                .and(refuse_unless(is_copyable(state), "no image is chosen: go to Tags first")),
            marked => Err(format!("one repository at a time; {marked} are marked").into()),
        },
        Action::Put => puts(state),
        Action::Compare => refuse_unless(state.tags.repository.is_some(), "no repository is chosen"),
        _ => Ok(()),
    }
}

/// Fails if something that marks depend on is not known yet: the order of neighbouring rows, or for ranges the whole
/// list.
fn marks(action: Action, state: &State) -> Result<(), Why> {
    let is_one = action == Action::Mark;
    let (list, shown) = match (state.focus, state.registries.selected()) {
        (Pane::Tags, _) => (Loaded::of(&state.tags.tags), &state.tags.list),
        (Pane::Repositories, Some(registry)) => {
            (Loaded::of(&registry.repositories.names), &registry.repositories.list)
        }
        _ => return Ok(()),
    };
    if action == Action::Unmark || action == Action::MarkRange && shown.range_from.is_some() {
        return Ok(());
    }
    match list {
        // Tags that came last may not be in their place yet.
        Loaded::Wholly if state.focus == Pane::Tags && state.tags.is_arranging() && !is_one => {
            return Err(Cow::Borrowed(
                "the list is being sorted: ranges and `*` wait for it, press it again",
            ));
        }
        Loaded::Wholly => {}
        _ if is_one => {}
        Loaded::InPart(so_far) => {
            let why = format!(
                "the list is still loading, {} so far: ranges and `*` wait for the rest",
                grouped(so_far)
            );
            return Err(format!("{why}; Space marks one").into());
        }
        Loaded::CutOff => {
            return Err(Cow::Borrowed(
                "a part of the list did not come, so ranges and `*` would miss it: `r` asks again; Space marks one",
            ));
        }
    }
    arranged(state)?;
    match state.tags.known_so_far().filter(|_| state.focus == Pane::Tags && !state.tags.is_in_order()) {
        Some(known) => {
            Err(format!("{known}; marks wait until the order is complete, or sort by name: `s` `n`").into())
        }
        None => Ok(()),
    }
}

/// Fails while the rows do not yet match the last filter and order. The list must be filtered and sorted completely
/// before a key acts on the row under the cursor and those around it.
fn arranged(state: &State) -> Result<(), Why> {
    let registry = state.registries.selected().map(|registry| &registry.repositories);
    let doing = match (state.focus, registry) {
        (Pane::Tags, _) => state.tags.arranging().map(|doing| (doing, state.tags.tags.items.len(), "tags")),
        (Pane::Repositories, Some(all)) if all.is_filtering() => {
            Some(("filtering", all.names.items.len(), "repositories"))
        }
        _ => None,
    };
    match doing {
        Some((doing, count, what)) => {
            let count = grouped(count);
            Err(format!("still {doing} {count} {what}: this key waits for it, press it again").into())
        }
        None => Ok(()),
    }
}

/// The part of a list that has arrived.
enum Loaded {
    /// All of it, or as much as will ever arrive.
    Wholly,
    /// This number of items; others will arrive.
    InPart(usize),
    /// A part of it, and no more will arrive by itself.
    CutOff,
}

impl Loaded {
    fn of<T>(list: &Paged<T>) -> Loaded {
        match (list.complete, list.at) {
            (false, _) if list.is_loading() => Loaded::InPart(list.items.len()),
            (false, Some(_)) => Loaded::CutOff,
            _ => Loaded::Wholly,
        }
    }
}

/// Fails if the image that the keys act on is known to be missing.
fn is_there(state: &State) -> Result<(), Why> {
    missing(state).map_or(Ok(()), |missing| Err(missing.to_string().into()))
}

/// Fails if no image is chosen or if a rule forbids changes of the repository.
fn changes(state: &State) -> Result<(), Why> {
    is_there(state).and(arranged(state))?;
    let repository = place_of_chosen(state).ok_or(Cow::Borrowed("no image is chosen: go to Tags first"))?;
    state.settings.rules.may_change(repository).map_err(|refusal| said(&refusal))
}

/// Fails if no image was taken or if a rule forbids the copy to the place of the cursor.
fn puts(state: &State) -> Result<(), Why> {
    let taken =
        state.taken.as_ref().ok_or(Cow::Borrowed("nothing was taken: `Y` takes the marked images"))?;
    let to = place(state, taken).ok_or(Cow::Borrowed("no registry is open"))?;
    if to == taken.from {
        return Err(Cow::Borrowed("the images are from here: go where they are to be put"));
    }
    state.settings.rules.may_copy(&taken.from, &to).map_err(|refusal| said(&refusal))
}

/// Returns the refusal of a rule in one line.
pub fn said(refusal: &Refusal) -> Why {
    let hint = refusal.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{}{hint}", refusal.why).into()
}
