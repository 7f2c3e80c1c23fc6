//! Giving the chosen images another tag.

use super::Action;
use super::availability::check_change;
use crate::app::dialogs::retag_prompt;
use crate::app::keys::chords;

/// Asks for the new tag of the chosen images.
pub(crate) static RETAG: Action = Action::new(
    "tags.retag",
    chords!["t"],
    "retag: a new tag here, or a full reference; a pattern for marked tags",
    |update| retag_prompt::show(update.state, ""),
)
.with_hint("retag", 1)
.about_rows()
.available_if(check_change)
.with_entry("retag ", "give the chosen images another tag; `{tag}` stands for the old one");
