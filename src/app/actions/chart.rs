//! The keys that lead to the parts of a Helm chart.

use super::Action;
use super::availability::{Why, no_image_chosen, refuse_unless};
use super::files::show_content;
use crate::app::keys::chords;
use crate::app::panes::details::Tab;
use crate::app::panes::details::files::FilesLoad;
use crate::app::panes::details::files::chart::{self, ChartPart};
use crate::app::update::Update;
use crate::app::{Pane, State};

/// Opens the values of the chart.
pub(crate) static VALUES: Action =
    Action::new("chart.values", chords!["$"], "the values.yaml of a Helm chart", |update| {
        show(update, ChartPart::Values);
    })
    .only_in(Pane::Details)
    .with_hint("values", 3)
    .hinted_if(is_chart)
    .with_entry("values", "show the values.yaml of the Helm chart")
    .available_if(check_chart);
/// Opens the README of the chart.
pub(crate) static README: Action =
    Action::new("chart.readme", chords!["#"], "the README of a Helm chart", |update| {
        show(update, ChartPart::Readme);
    })
    .only_in(Pane::Details)
    .with_hint("readme", 4)
    .hinted_if(is_chart)
    .with_entry("readme", "show the README of the Helm chart")
    .available_if(check_chart);
/// Goes to the templates of the chart.
pub(crate) static TEMPLATES: Action =
    Action::new("chart.templates", chords!["%"], "the templates of a Helm chart", |update| {
        show(update, ChartPart::Templates);
    })
    .only_in(Pane::Details)
    .with_hint("templates", 4)
    .hinted_if(is_chart)
    .with_entry("templates", "go to the templates of the Helm chart")
    .available_if(check_chart);

/// Goes to a part of the chart now, or as soon as its files are there.
fn show(update: &mut Update<'_>, part: ChartPart) {
    let detail = &mut update.state.detail;
    if detail.tab != Tab::Files {
        detail.open_files(None);
    }
    detail.files.awaited_part = Some(part);
    show_awaited(update);
}

/// Goes to the part of the chart that is awaited if the files are there.
pub(crate) fn show_awaited(update: &mut Update<'_>) {
    let files = &mut update.state.detail.files;
    if !matches!(files.load, FilesLoad::Read) {
        return;
    }
    let Some(part) = files.awaited_part.take() else { return };
    let path = files.browser.scene().and_then(|scene| chart::path_of(&scene.tree, part));
    let Some(path) = path else {
        return update.refuse(format!("the chart has no {}", part.name()));
    };
    files.browser.show_layer(None, false);
    files.browser.go_to(&path);
    if part == ChartPart::Templates {
        files.browser.open_directory(path);
        return;
    }
    let id = files.browser.scene().and_then(|scene| scene.tree.find(&path));
    if let Some(id) = id {
        show_content(update, id, false);
    }
}

fn is_chart(state: &State) -> bool {
    state.focus == Pane::Details && state.detail.files_image().is_some_and(|image| image.is_chart())
}

/// Fails if the image in Details is no chart.
fn check_chart(state: &State) -> Result<(), Why> {
    if state.detail.image.is_none() {
        return Err(no_image_chosen(state));
    }
    refuse_unless(state.detail.files_image().is_some_and(|image| image.is_chart()), "this is no Helm chart")
}
