//! Comparing two images.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::Action;
use super::availability::{Why, check_arranged, check_image_exists, no_image_chosen, refuse_unless};
use crate::app::dialogs::image_diff::DiffedPath;
use crate::app::dialogs::image_diff::layer_side::LayerSide;
use crate::app::dialogs::{diff_prompt, image_diff, layer_choice};
use crate::app::keys::chords;
use crate::app::panes::details::Tab;
use crate::app::selection::{selected_images, selection_repository};
use crate::app::update::Update;
use crate::app::{Pane, State};
use crate::model::reference::{Reference, Repository, Selector};
use crate::model::version_order;

/// Compares two images: the marked ones, the marked one and that under the cursor, or that under the cursor and one that
/// is asked for. In Layers likewise two layers.
pub(crate) static DIFF: Action = Action::new(
    "tags.diff",
    chords!["D"],
    "compare two images: the marked ones, or this one and another; in Layers two layers, in Files a file of both",
    diff_selected,
)
.about_rows()
.available_if(check_diff)
.with_entry("diff ", "compare the image with another one, also files and packages");

/// Fails if there is no image, or more than two are marked.
pub(crate) fn check_diff(state: &State) -> Result<(), Why> {
    check_image_exists(state).and(check_arranged(state))?;
    selection_repository(state).ok_or_else(|| no_image_chosen(state))?;
    if is_in_tab(state, Tab::Layers) {
        return check_layers(state);
    }
    match state.tags.list.marks.len() {
        marked if marked > 2 && state.focus == Pane::Tags => {
            Err(format!("two images at a time; {marked} are marked").into())
        }
        _ => Ok(()),
    }
}

/// Fails if there is no layer, or more than two are marked.
fn check_layers(state: &State) -> Result<(), Why> {
    let detail = &state.detail;
    match detail.layers.marks.len() {
        2 => Ok(()),
        marked if marked > 2 => Err(format!("two layers at a time; {marked} are marked").into()),
        _ => refuse_unless(detail.layer_under_cursor().is_some(), "this step made no layer"),
    }
    .and_then(|()| refuse_unless(detail.files_image().is_some(), "the layers of this image are not read"))
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

/// Whether a tab of Details has the keys.
fn is_in_tab(state: &State, tab: Tab) -> bool {
    state.focus == Pane::Details && state.detail.tab == tab
}

/// Returns the build date of a tag, if its row was read.
fn created(state: &State, selector: &Selector) -> Option<Timestamp> {
    let Selector::Tag(tag) = selector else { return None };
    state.tags.summary_of(tag)?.created
}

fn diff_selected(update: &mut Update<'_>) {
    if is_in_tab(update.state, Tab::Layers) {
        return diff_layers(update);
    }
    let Some((repository, mut images)) = selected_images(update.state) else { return };
    if is_in_tab(update.state, Tab::Files)
        && let Some(path) = update.state.detail.files.browser.selected_path()
        && let Some(image) = images.pop()
    {
        let target = update.state.detail.files.browser.linked_path();
        return diff_prompt::show_path(update, reference(repository, image), DiffedPath { path, target });
    }
    let is_marked = update.state.focus == Pane::Tags && !update.state.tags.list.marks.is_empty();
    let cursor = update.state.tags.selector().filter(|_| is_marked && images.len() == 1);
    images.extend(cursor.filter(|cursor| !images.contains(cursor)));
    // The older one is the left one: by its date, then by its version.
    let state = &*update.state;
    images.sort_by(|one, other| {
        let dates = created(state, one).zip(created(state, other));
        let by_date = dates.map_or(Ordering::Equal, |(one, other)| one.cmp(&other));
        by_date.then_with(|| match (one, other) {
            (Selector::Tag(one), Selector::Tag(other)) => {
                version_order::compare(one.as_str(), other.as_str())
            }
            _ => Ordering::Equal,
        })
    });
    let mut images = images.into_iter().map(|image| reference(repository.clone(), image));
    match (images.next(), images.next()) {
        (Some(left), Some(right)) => image_diff::show(update, left, right),
        (Some(image), None) => diff_prompt::show(update, image),
        (None, _) => {}
    }
}

/// Compares the marked layers, or the marked one and that under the cursor. Otherwise asks for the other one.
fn diff_layers(update: &mut Update<'_>) {
    let detail = &update.state.detail;
    let mut numbers = detail.marked_layers();
    if numbers.len() < 2 {
        numbers.extend(detail.layer_under_cursor().filter(|number| !numbers.contains(number)));
    }
    // The lower one is the left one.
    numbers.sort_unstable();
    let mut sides = numbers.into_iter().filter_map(|number| LayerSide::shown(detail, number));
    match (sides.next(), sides.next()) {
        (Some(left), Some(right)) => image_diff::show_layers(update, [left, right]),
        (Some(side), None) => layer_choice::show(update.state, side),
        (None, _) => {}
    }
}
