//! Copying images to another repository: by a prompt, by taking and putting them, or by a comparison.

use std::borrow::Cow;

use super::availability::{
    Why, check_arranged, check_image_exists, no_image_chosen, refusal_text, refuse_unless,
};
use super::{Action, quoted_key};
use crate::app::State;
use crate::app::dialogs::copy_prompt::{self, describe_images};
use crate::app::dialogs::{compare_prompt, comparison, plan};
use crate::app::keys::chords;
use crate::app::selection::{
    TakenImages, can_copy, hidden_selected_names, images_to_copy, marked_repositories, put_destination,
};
use crate::app::update::Update;
use crate::model::change::{ChangeRequest, copy};
use crate::model::reference::Repository;

/// Asks for the destination of the chosen images.
pub(crate) static COPY: Action =
    Action::new("tags.copy", chords!["c"], "copy to another repository or registry", |update| {
        copy_prompt::show_selected(update.state, "");
    })
    .with_hint("copy", 1)
    .about_rows()
    .available_if(check_copy)
    .with_entry("copy ", "copy the chosen images to another repository or registry");
/// Takes the chosen images, to be put into another repository.
pub(crate) static TAKE: Action =
    Action::new("tags.take", chords!["Y"], "take the marked images; in Repositories, all tags", take_images)
        .about_rows()
        .available_if(check_copy)
        .with_entry("take", "take the chosen images, to put them elsewhere");
/// Puts the taken images into the repository or registry under the cursor.
pub(crate) static PUT: Action = Action::new(
    "tags.put",
    chords!["p"],
    "put the taken images into the repository or registry under the cursor",
    plan_put,
)
.with_hint("put", 1)
.about_rows()
.available_if(check_put)
.with_entry("put", "put the taken images here");
/// Compares the repository with the same one in another registry.
pub(crate) static COMPARE: Action = Action::new(
    "repositories.compare",
    chords!["C"],
    "compare the repository with another registry's, and copy over",
    compare_shown_repository,
)
.available_if(|state| refuse_unless(state.tags.repository.is_some(), "no repository is chosen"))
.with_entry("compare ", "compare the repository with another one, and copy over");

/// Fails if there is nothing to copy, or not exactly one repository to copy from.
fn check_copy(state: &State) -> Result<(), Why> {
    match marked_repositories(state) {
        0 | 1 => check_image_exists(state)
            .and(check_arranged(state))
            .and_then(|()| if can_copy(state) { Ok(()) } else { Err(no_image_chosen(state)) }),
        marked => Err(format!("one repository at a time; {marked} are marked").into()),
    }
}

/// Fails if no image was taken or if a rule forbids the copy to the place of the cursor.
fn check_put(state: &State) -> Result<(), Why> {
    let keys = &state.settings.keys;
    let nothing = || format!("nothing was taken: {} takes the marked images", quoted_key(keys, "tags.take"));
    let taken = state.taken.as_ref().ok_or_else(|| Why::from(nothing()))?;
    let to = put_destination(state, taken).ok_or(Cow::Borrowed("no registry is open"))?;
    if to == taken.from {
        return Err(Cow::Borrowed("the images are from here: go to the destination first"));
    }
    state.settings.rules.may_copy(&taken.from, &to).map_err(|refusal| refusal_text(&refusal))
}

fn take_images(update: &mut Update<'_>) {
    let Some((from, what)) = images_to_copy(update.state) else { return };
    let hidden = hidden_selected_names(update.state);
    let among = match hidden.len() {
        0 => String::new(),
        some => format!(", {some} hidden"),
    };
    let put = quoted_key(&update.state.settings.keys, "tags.put");
    update
        .say_done(format!("took {} of {from}{among}; {put} puts them at the cursor", describe_images(&what)));
    update.state.taken = Some(TakenImages { from, what, hidden });
}

/// Shows the plan to copy the taken images to the place of the cursor.
fn plan_put(update: &mut Update<'_>) {
    let Some(taken) = update.state.taken.clone() else { return };
    let Some(to) = put_destination(update.state, &taken) else { return };
    let TakenImages { from, what, hidden } = taken;
    let request = copy::CopyRequest::with_referrers(from, what, to);
    plan::show_with_hidden(update, ChangeRequest::Copy(request), hidden);
}

/// Compares the repository shown with the one of that name in the other registry. If there is not exactly one other
/// registry, asks for the repository.
fn compare_shown_repository(update: &mut Update<'_>) {
    let Some(left) = update.state.tags.repository.clone() else { return };
    let hosts = update.state.registries.items.iter().map(|registry| &registry.host);
    let others: Vec<_> = hosts.filter(|host| **host != left.host).cloned().collect();
    match <[_; 1]>::try_from(others) {
        Ok([host]) => {
            let right = Repository { host, name: left.name.clone() };
            comparison::show(update, left, right);
        }
        Err(_) => compare_prompt::show(update.state, left),
    }
}
