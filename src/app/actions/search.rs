//! Searching a registry for repositories.

use super::Action;
use crate::app::dialogs::search;
use crate::app::keys::chords;

/// Searches the registry, or another one.
pub(crate) static SEARCH: Action =
    Action::new("registries.search", chords!["S"], "search the registry for repositories", search::show)
        .with_entry("search ", "search the registry for repositories");
