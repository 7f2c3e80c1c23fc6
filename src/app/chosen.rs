//! Which images a key is about: the marked ones, else the one under the cursor.

use super::{Pane, State};
use crate::model::reference::{Repository, Selector};

/// The images that the focused pane is about, and their repository. None in Registries and Repositories.
pub fn chosen(state: &State) -> Option<(Repository, Vec<Selector>)> {
    match state.focus {
        Pane::Registries | Pane::Repositories => None,
        Pane::Tags => marked(state).or_else(|| shown(state)),
        Pane::Details => shown(state),
    }
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
