//! The hints of the bottom line: the keys of the focused pane that can be used now.

use super::actions::Action;
use super::actions::availability::check_available;
use super::keymap::{BINDINGS, Binding, Context};
use super::layout::{self, Layout};
use super::{Pane, State};
use crate::model::columns;

/// An entry of the hint bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// The key.
    pub keys: &'static str,
    /// The action in a word.
    pub label: &'static str,
    /// The action that a click on the hint asks for.
    pub action: Action,
}

/// Returns the hints for the focused pane: only actions that are available now.
fn available_hints(state: &State) -> Vec<Hint> {
    let holds = |binding: &&Binding| match binding.context {
        Context::Everywhere => true,
        Context::In(pane) => pane == state.focus,
    };
    let layout = layout::of(state);
    let hinted =
        BINDINGS.iter().filter(holds).filter(|binding| check_available(binding.action, state).is_ok());
    let hinted = hinted.filter(|binding| is_effect_visible(binding.action, state.focus, &layout));
    hinted
        .filter_map(|binding| {
            let keys = if binding.action == Action::Enter { "Enter" } else { binding.keys.first()? };
            Some(Hint { keys, label: binding.hint?, action: binding.action })
        })
        .collect()
}

/// Returns whether the effect of an action is visible on the screen.
fn is_effect_visible(action: Action, focus: Pane, layout: &Layout) -> bool {
    match action {
        Action::NextTab | Action::NextPlatform => layout.details.is_some() && focus != Pane::Registries,
        Action::Sort => layout.tags.is_some() && focus != Pane::Registries,
        _ => true,
    }
}

impl Hint {
    /// Returns the rank of the hint, which counts if there is no room for all. The key that leads to all others comes
    /// first, then the keys for changes.
    pub fn rank(&self) -> usize {
        match self.action {
            Action::Help => 0,
            Action::Retag | Action::Copy | Action::Put | Action::Delete => 1,
            Action::Enter | Action::Filter => 2,
            Action::NextTab | Action::NextPlatform => 4,
            _ => 3,
        }
    }
}

/// Returns the hints that fit, with their columns in the bar. If not all fit, those with the lowest rank get room
/// first. Returns none under a dialog: a dialog names its keys itself, and the keys of the pane do not apply.
pub fn visible_hints(state: &State) -> Vec<(Hint, std::ops::Range<u16>)> {
    if !state.dialogs.is_empty() {
        return Vec::new();
    }
    let mut hints: Vec<(usize, Hint)> = available_hints(state).into_iter().enumerate().collect();
    let width = |hint: &Hint| columns::width(hint.keys) + columns::width(hint.label) + 3;
    let mut room = usize::from(state.size.0).saturating_sub(1);
    hints.sort_by_key(|(_, hint)| hint.rank());
    hints.retain(|(_, hint)| {
        let left = room.checked_sub(width(hint));
        room = left.unwrap_or(room);
        left.is_some()
    });
    hints.sort_by_key(|(place, _)| *place);
    let mut x = 1;
    let place = |(_, hint): (usize, Hint)| {
        let start = x;
        x += width(&hint) as u16;
        (hint, start..x)
    };
    hints.into_iter().map(place).collect()
}
