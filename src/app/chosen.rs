//! The images that a key acts on: the marked ones, or the one under the cursor if none is marked.

use super::{Pane, State};
use crate::model::change::copy::What;
use crate::model::reference::{Repository, Selector};
use crate::model::text::SafeText;

/// Images that were taken, to be put into another repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenImages {
    /// The repository of the images.
    pub from: Repository,
    /// The images.
    pub what: What,
    /// The names of those that no row showed when they were taken.
    pub hidden: Vec<SafeText>,
}

/// Returns the repository of the images that [`chosen`] returns, without examining each mark: the availability of keys
/// is checked for every frame.
pub fn place_of_chosen(state: &State) -> Option<&Repository> {
    let shown = state.detail.of.as_ref().map(|(repository, _)| repository);
    match state.focus {
        Pane::Registries | Pane::Repositories => None,
        Pane::Tags if !state.tags.list.marks.is_empty() => state.tags.repository.as_ref().or(shown),
        Pane::Tags | Pane::Details => shown,
    }
}

/// Returns the images that the focused pane is about, with their repository. Returns `None` in Registries and
/// Repositories.
pub fn chosen(state: &State) -> Option<(Repository, Vec<Selector>)> {
    match state.focus {
        Pane::Registries | Pane::Repositories => None,
        Pane::Tags if !state.tags.list.marks.is_empty() => marked(state),
        Pane::Tags => {
            let (repository, selector) = state.tags.repository.clone().zip(state.tags.selector())?;
            Some((repository, vec![selector]))
        }
        Pane::Details => shown(state),
    }
}

/// Returns the names of the marked images or repositories that a key acts on although a filter or a closed namespace
/// hides them.
pub fn hidden(state: &State) -> Vec<SafeText> {
    match state.focus {
        Pane::Registries | Pane::Details => Vec::new(),
        Pane::Repositories => {
            let Some(registry) = state.registries.selected() else { return Vec::new() };
            let names = registry.repositories.list.hidden();
            let names = names.filter_map(|item| registry.repositories.listed_at(item)?.name());
            names.map(SafeText::from).collect()
        }
        Pane::Tags => {
            let names = state.tags.list.hidden();
            let names = names.filter_map(|item| state.tags.tags.items.get(item)?.name());
            names.map(SafeText::from).collect()
        }
    }
}

/// Returns the message that the image opened by name does not exist, if keys act on that image.
pub fn missing(state: &State) -> Option<SafeText> {
    let is_about_it = match state.focus {
        Pane::Registries | Pane::Repositories => false,
        Pane::Tags => state.tags.list.marks.is_empty(),
        Pane::Details => true,
    };
    let opened = state.tags.opened_here().filter(|opened| is_about_it && opened.is_missing())?;
    Some(opened.missing(&state.tags.repository.as_ref()?.name))
}

fn marked(state: &State) -> Option<(Repository, Vec<Selector>)> {
    let tags = &state.tags;
    let marked = tags.list.marked().into_iter();
    let named = marked.filter_map(|item| tags.tags.items.get(item)?.name().cloned());
    let selectors: Vec<Selector> = named.map(Selector::Tag).collect();
    let repository = tags.repository.clone()?;
    (!selectors.is_empty()).then_some((repository, selectors))
}

fn shown(state: &State) -> Option<(Repository, Vec<Selector>)> {
    state.detail.of.clone().map(|(repository, selector)| (repository, vec![selector]))
}

/// Returns the images that copying acts on: the chosen images or, in Repositories, all tags of the marked repository or
/// of the one under the cursor.
pub fn copied(state: &State) -> Option<(Repository, What)> {
    match state.focus {
        Pane::Registries => None,
        Pane::Repositories => meant(state).map(|repository| (repository, What::AllTags)),
        Pane::Tags | Pane::Details => chosen(state).map(|(from, images)| (from, What::Images(images))),
    }
}

/// Returns whether there is something to copy.
pub fn is_copyable(state: &State) -> bool {
    match state.focus {
        Pane::Repositories => meant(state).is_some(),
        _ => place_of_chosen(state).is_some(),
    }
}

/// Returns the number of marked repositories, if keys act on them.
pub fn marked_repositories(state: &State) -> usize {
    match (state.focus, state.registries.selected()) {
        (Pane::Repositories, Some(registry)) => registry.repositories.list.marks.len(),
        _ => 0,
    }
}

/// Returns the one marked repository, or the one under the cursor if none is marked. Returns `None` if several are
/// marked.
fn meant(state: &State) -> Option<Repository> {
    let registry = state.registries.selected()?;
    let item = match registry.repositories.list.marked().as_slice() {
        [] => return here(state),
        [only] => *only,
        _ => return None,
    };
    let name = registry.repositories.listed_at(item)?.name()?.clone();
    Some(Repository { host: registry.host.clone(), name })
}

/// Returns the destination of the taken images: the repository under the cursor or, if none is chosen, the one in the
/// registry under the cursor that has the name of the source.
pub fn place(state: &State, taken: &TakenImages) -> Option<Repository> {
    let host = state.registries.selected()?.host.clone();
    let chosen = match state.focus {
        Pane::Registries => None,
        Pane::Repositories => here(state),
        Pane::Tags | Pane::Details => state.tags.repository.clone(),
    };
    chosen.or(Some(Repository { host, name: taken.from.name.clone() }))
}

/// Returns the repository under the cursor.
fn here(state: &State) -> Option<Repository> {
    let registry = state.registries.selected()?;
    let name = registry.repositories.selected()?.clone();
    Some(Repository { host: registry.host.clone(), name })
}
