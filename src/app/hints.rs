//! The hints of the bottom line: the keys of the focused pane that can be used now.

use super::State;
use super::actions::{ACTIONS, Action};
use crate::model::columns;

/// An entry of the hint bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hint {
    /// The key.
    pub(crate) key: String,
    /// The action in a word.
    pub(crate) label: &'static str,
    /// The action that a click on the hint asks for.
    pub(crate) action: &'static Action,
}

/// Returns the hints for the focused pane: only actions that have a key, are available now, and have a visible effect.
fn available_hints(state: &State) -> Vec<Hint> {
    let hint = |action: &&'static Action| {
        let label = action.command.hint?;
        let is_of_pane = action.pane.is_none_or(|pane| pane == state.focus);
        let is_useful = is_of_pane && (action.check)(state).is_ok() && (action.is_visible)(state);
        let key = state.settings.keys.of(&action.command).first().filter(|_| is_useful)?;
        Some(Hint { key: key.to_string(), label, action })
    };
    ACTIONS.iter().filter_map(hint).collect()
}

/// Returns the hints that fit, with their columns in the bar. If not all fit, those with the lowest rank get room
/// first. Returns none under a dialog: a dialog names its keys itself, and the keys of the pane do not apply.
pub(crate) fn visible_hints(state: &State) -> Vec<(Hint, std::ops::Range<u16>)> {
    if !state.dialogs.is_empty() {
        return Vec::new();
    }
    let mut hints: Vec<(usize, Hint)> = available_hints(state).into_iter().enumerate().collect();
    let width = |hint: &Hint| columns::width(&hint.key) + columns::width(hint.label) + 3;
    let mut room = usize::from(state.size.0).saturating_sub(1);
    hints.sort_by_key(|(_, hint)| hint.action.rank);
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
