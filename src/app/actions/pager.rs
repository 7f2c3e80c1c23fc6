//! The contents of the focused pane in the user's pager.

use super::Action;
use super::availability::check_open;
use crate::app::Pane;
use crate::app::cmd::Cmd;
use crate::app::keys::chords;
use crate::app::panes::details::{Tab, Text};
use crate::app::update::Update;
use crate::model::page::ListedName;

/// Largest number of lines passed to the pager.
const MOST_PAGED: usize = 100_000;

/// Shows the text of the focused pane in the pager.
pub(crate) static PAGER: Action =
    Action::new("panes.pager", chords!["o"], "open the current view in $PAGER", show_in_pager)
        .with_entry("pager", "open the current view in $PAGER")
        .available_if(check_open);

/// Shows the contents of the focused pane in the pager. In Details, this is the config on the Config tab and the
/// manifest on all others.
fn show_in_pager(update: &mut Update<'_>) {
    let state = &*update.state;
    let text = match state.focus {
        Pane::Registries => names(state.registries.items.iter().map(|registry| registry.host.as_str())),
        Pane::Repositories => names(state.registries.selected().into_iter().flat_map(|registry| {
            let repositories = &registry.repositories;
            repositories
                .list
                .rows
                .iter()
                .filter_map(|item| repositories.listed_at(*item as usize))
                .map(ListedName::text)
        })),
        Pane::Tags => {
            let items =
                state.tags.list.rows.iter().filter_map(|item| state.tags.tags.items.get(*item as usize));
            names(items.map(ListedName::text))
        }
        Pane::Details if state.detail.tab == Tab::Config => lines(&state.detail.config),
        Pane::Details => lines(&state.detail.manifest),
    };
    if text.is_empty() {
        update.refuse("nothing to show here");
    } else {
        update.cmds.push(Cmd::ShowInPager(text));
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.fold(String::new(), |text, name| text + name + "\n")
}

fn lines(of: &Text) -> String {
    let mut text = String::new();
    for line in of.window(0, MOST_PAGED) {
        text.extend(std::iter::repeat_n(' ', line.indent.into()));
        line.pieces.iter().for_each(|(_, piece)| text.push_str(piece.as_str()));
        text.push('\n');
    }
    if of.len() > MOST_PAGED {
        text.push_str(&format!("… and {} more lines\n", of.len() - MOST_PAGED));
    }
    text
}
