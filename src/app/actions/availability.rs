//! The checks that several actions share: whether an action makes sense now, and the reason if it does not.

use std::borrow::Cow;

use crate::app::selection::{missing_image_message, selection_repository};
use crate::app::{Pane, State};
use crate::model::change::rules::Refusal;
use crate::model::plural::group_thousands;

/// The reason in words for the user.
pub(crate) type Why = Cow<'static, str>;

/// Fails with the reason unless the condition holds.
pub(crate) fn refuse_unless(holds: bool, why: &'static str) -> Result<(), Why> {
    if holds { Ok(()) } else { Err(Cow::Borrowed(why)) }
}

/// Fails if no registry is open.
pub(crate) fn check_open(state: &State) -> Result<(), Why> {
    refuse_unless(!state.registries.items.is_empty(), "nothing is open")
}

/// Fails while the rows do not yet match the last filter and order. The list must be filtered and sorted completely
/// before a key acts on the row under the cursor and those around it.
pub(crate) fn check_arranged(state: &State) -> Result<(), Why> {
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

/// Fails if the image that the keys act on is known to be missing.
pub(crate) fn check_image_exists(state: &State) -> Result<(), Why> {
    missing_image_message(state).map_or(Ok(()), |missing| Err(missing.to_string().into()))
}

/// Fails if no image is chosen or if a rule forbids changes of the repository.
pub(crate) fn check_change(state: &State) -> Result<(), Why> {
    check_image_exists(state).and(check_arranged(state))?;
    let repository = selection_repository(state).ok_or_else(|| no_image_chosen(state))?;
    state.settings.rules.may_change(repository).map_err(|refusal| refusal_text(&refusal))
}

/// Returns the reason why there is no image that a key could act on.
pub(crate) fn no_image_chosen(state: &State) -> Why {
    if state.tags.tags.is_loading() {
        "no image is chosen: the tags are still loading".into()
    } else if state.focus == Pane::Tags {
        "no tag is under the cursor".into()
    } else {
        "no image is chosen: go to Tags first".into()
    }
}

/// Returns the refusal of a rule in one line.
pub(crate) fn refusal_text(refusal: &Refusal) -> Why {
    let hint = refusal.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{}{hint}", refusal.why).into()
}
