//! The columns of the Tags pane that are shown only if the user asks for them.

use super::Action;
use crate::app::Pane;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::menu::{Choice, Menu, MenuEntry};
use crate::app::keys::chords;
use crate::app::update::Update;

/// Shows or hides more columns.
pub(crate) static COLUMNS: Action = Action::new(
    "tags.columns",
    chords!["#"],
    "more columns: the base of each image, the findings of its last scan",
    open_columns_menu,
)
.only_in(Pane::Tags)
.with_entry("columns ", "show or hide a column of the tags: base, scan");

fn open_columns_menu(update: &mut Update<'_>) {
    let columns = update.state.columns;
    let entry = |key, name: &'static str, is_shown, shows: &'static str| MenuEntry {
        key,
        label: name,
        preview: if is_shown { "hide".into() } else { shows.into() },
        choice: Choice::ToggleColumn(name),
    };
    let entries = vec![
        entry('b', "base", columns.base, "show; hundreds of requests, also to registries of bases"),
        entry('s', "scan", columns.scan, "show: critical, high, medium and low findings of the last scan"),
    ];
    update.state.dialogs.push(Dialog::Menu(Menu { title: "Columns of the tags".into(), entries, cursor: 0 }));
}
