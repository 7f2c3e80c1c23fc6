//! Comparing two images.

use super::Action;
use super::availability::{Why, check_arranged, check_image_exists, no_image_chosen};
use crate::app::dialogs::{diff_prompt, image_diff};
use crate::app::keys::chords;
use crate::app::selection::{selected_images, selection_repository};
use crate::app::update::Update;
use crate::app::{Pane, State};
use crate::model::reference::{Reference, Repository, Selector};
use crate::model::version_order;

/// Compares two images: the marked ones, the marked one and that under the cursor, or that under the cursor and one that
/// is asked for.
pub(crate) static DIFF: Action = Action::new(
    "tags.diff",
    chords!["D"],
    "compare two images: the marked ones, or this one and another",
    diff_selected,
)
.about_rows()
.available_if(check_diff)
.with_entry("diff ", "compare the image with another one: layers and config");

/// Fails if there is no image, or more than two are marked.
pub(crate) fn check_diff(state: &State) -> Result<(), Why> {
    check_image_exists(state).and(check_arranged(state))?;
    selection_repository(state).ok_or_else(|| no_image_chosen(state))?;
    match state.tags.list.marks.len() {
        marked if marked > 2 && state.focus == Pane::Tags => {
            Err(format!("two images at a time; {marked} are marked").into())
        }
        _ => Ok(()),
    }
}

/// Returns the image that the keys act on, if it is one.
pub(crate) fn selected_image(state: &State) -> Option<Reference> {
    let (repository, mut images) = selected_images(state)?;
    let image = images.pop()?;
    images.is_empty().then(|| reference(repository, image))
}

fn reference(repository: Repository, selector: Selector) -> Reference {
    match selector {
        Selector::Tag(tag) => Reference { repository, tag: Some(tag), digest: None },
        Selector::Digest(digest) => Reference { repository, tag: None, digest: Some(digest) },
    }
}

fn diff_selected(update: &mut Update<'_>) {
    let Some((repository, mut images)) = selected_images(update.state) else { return };
    let is_marked = update.state.focus == Pane::Tags && !update.state.tags.list.marks.is_empty();
    let cursor = update.state.tags.selector().filter(|_| is_marked && images.len() == 1);
    images.extend(cursor.filter(|cursor| !images.contains(cursor)));
    // The older version is the left one.
    images.sort_by(|one, other| match (one, other) {
        (Selector::Tag(one), Selector::Tag(other)) => version_order::compare(one.as_str(), other.as_str()),
        _ => std::cmp::Ordering::Equal,
    });
    let mut images = images.into_iter().map(|image| reference(repository.clone(), image));
    match (images.next(), images.next()) {
        (Some(left), Some(right)) => image_diff::show(update, left, right),
        (Some(image), None) => diff_prompt::show(update.state, image),
        (None, _) => {}
    }
}
