//! The images that a key acts on: the marked ones, or the one under the cursor if none is marked.

use super::{Pane, State};
use crate::model::change::copy::What;
use crate::model::reference::{Repository, Selector};
use crate::model::text::SafeText;

/// Images that were taken, to be put into another repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenImages {
    /// The repository of the images.
    pub(crate) from: Repository,
    /// The images.
    pub(crate) what: What,
    /// The names of those that no row showed when they were taken.
    pub(crate) hidden: Vec<SafeText>,
}

/// Returns the repository of the images that [`selected_images`] returns, without examining each mark: the availability of keys
/// is checked for every frame.
pub(crate) fn selection_repository(state: &State) -> Option<&Repository> {
    let shown = state.detail.image.as_ref().map(|(repository, _)| repository);
    match state.focus {
        Pane::Registries | Pane::Repositories => None,
        Pane::Tags if !state.tags.list.marks.is_empty() => state.tags.repository.as_ref().or(shown),
        Pane::Tags | Pane::Details => shown,
    }
}

/// Returns the images that the focused pane is about, with their repository. Returns `None` in Registries and
/// Repositories.
pub(crate) fn selected_images(state: &State) -> Option<(Repository, Vec<Selector>)> {
    match state.focus {
        Pane::Registries | Pane::Repositories => None,
        Pane::Tags if !state.tags.list.marks.is_empty() => marked_images(state),
        Pane::Tags => {
            let (repository, selector) = state.tags.repository.clone().zip(state.tags.selector())?;
            Some((repository, vec![selector]))
        }
        Pane::Details => shown_image(state),
    }
}

/// Returns the names of the marked images or repositories that a key acts on although a filter or a closed namespace
/// hides them.
pub fn hidden_selected_names(state: &State) -> Vec<SafeText> {
    match state.focus {
        Pane::Registries | Pane::Details => Vec::new(),
        Pane::Repositories => {
            let Some(registry) = state.registries.selected() else { return Vec::new() };
            let names = registry.repositories.list.hidden_marked();
            let names = names.filter_map(|item| registry.repositories.listed_at(item)?.name());
            names.map(SafeText::from).collect()
        }
        Pane::Tags => {
            let names = state.tags.list.hidden_marked();
            let names = names.filter_map(|item| state.tags.tags.items.get(item)?.name());
            names.map(SafeText::from).collect()
        }
    }
}

/// Returns the message that the image opened by name does not exist, if keys act on that image.
pub(crate) fn missing_image_message(state: &State) -> Option<SafeText> {
    let is_about_it = match state.focus {
        Pane::Registries | Pane::Repositories => false,
        Pane::Tags => state.tags.list.marks.is_empty(),
        Pane::Details => true,
    };
    let opened = state.tags.opened_under_cursor().filter(|opened| is_about_it && opened.is_missing())?;
    Some(opened.missing_message(&state.tags.repository.as_ref()?.name))
}

fn marked_images(state: &State) -> Option<(Repository, Vec<Selector>)> {
    let tags = &state.tags;
    let marked = tags.list.marked().into_iter();
    let named = marked.filter_map(|item| tags.tags.items.get(item)?.name().cloned());
    let selectors: Vec<Selector> = named.map(Selector::Tag).collect();
    let repository = tags.repository.clone()?;
    (!selectors.is_empty()).then_some((repository, selectors))
}

fn shown_image(state: &State) -> Option<(Repository, Vec<Selector>)> {
    state.detail.image.clone().map(|(repository, selector)| (repository, vec![selector]))
}

/// Returns the images that copying acts on: the chosen images or, in Repositories, all tags of the marked repository or
/// of the one under the cursor.
pub(crate) fn images_to_copy(state: &State) -> Option<(Repository, What)> {
    match state.focus {
        Pane::Registries => None,
        Pane::Repositories => selected_repository(state).map(|repository| (repository, What::AllTags)),
        Pane::Tags | Pane::Details => {
            selected_images(state).map(|(from, images)| (from, What::Images(images)))
        }
    }
}

/// Returns whether there is something to copy.
pub(crate) fn can_copy(state: &State) -> bool {
    match state.focus {
        Pane::Repositories => selected_repository(state).is_some(),
        _ => selection_repository(state).is_some(),
    }
}

/// Returns the number of marked repositories, if keys act on them.
pub(crate) fn marked_repositories(state: &State) -> usize {
    match (state.focus, state.registries.selected()) {
        (Pane::Repositories, Some(registry)) => registry.repositories.list.marks.len(),
        _ => 0,
    }
}

/// Returns the one marked repository, or the one under the cursor if none is marked. Returns `None` if several are
/// marked.
pub(crate) fn selected_repository(state: &State) -> Option<Repository> {
    let registry = state.registries.selected()?;
    let item = match registry.repositories.list.marked().as_slice() {
        [] => return repository_under_cursor(state),
        [only] => *only,
        _ => return None,
    };
    let name = registry.repositories.listed_at(item)?.name()?.clone();
    Some(Repository { host: registry.host.clone(), name })
}

/// Returns the destination of the taken images: the repository under the cursor or, if none is chosen, the one in the
/// registry under the cursor that has the name of the source.
pub(crate) fn put_destination(state: &State, taken: &TakenImages) -> Option<Repository> {
    let host = state.registries.selected()?.host.clone();
    let chosen = match state.focus {
        Pane::Registries => None,
        Pane::Repositories => repository_under_cursor(state),
        Pane::Tags | Pane::Details => state.tags.repository.clone(),
    };
    chosen.or(Some(Repository { host, name: taken.from.name.clone() }))
}

/// Returns the repository under the cursor.
fn repository_under_cursor(state: &State) -> Option<Repository> {
    let registry = state.registries.selected()?;
    let name = registry.repositories.selected()?.clone();
    Some(Repository { host: registry.host.clone(), name })
}
