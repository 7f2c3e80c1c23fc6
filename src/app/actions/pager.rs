//! The contents of the focused pane in the user's pager.

use jiff::Timestamp;

use super::availability::check_open;
use super::{Action, files};
use crate::app::keys::chords;
use crate::app::panes::details::files::FilesTab;
use crate::app::panes::details::search::text_lines;
use crate::app::panes::details::{Detail, Tab};
use crate::app::panes::tags::TagsPane;
use crate::app::update::Update;
use crate::app::{Pane, State};
use crate::layer::entry::mode_text;
use crate::model::text::SafeText;
use crate::model::{columns, size, time};

/// Largest number of lines passed to the pager.
const MOST_PAGED: usize = 100_000;
/// Columns that texts are laid out for.
const COLUMNS: usize = 200;
/// Columns of a size.
const SIZE: usize = 9;
/// Columns of an age.
const AGE: usize = 12;

/// Shows the text of the focused pane in the pager.
pub(crate) static PAGER: Action =
    Action::new("panes.pager", chords!["o"], "open the current view in $PAGER", show_in_pager)
        .with_entry("pager", "open the current view in $PAGER")
        .available_if(check_open);

/// Shows everything that the focused pane shows in the pager.
fn show_in_pager(update: &mut Update<'_>) {
    if files::show_in_pager(update) {
        return;
    }
    let text = pane_text(update.state, update.now);
    update.show_in_pager(text);
}

/// Returns the rows or the text of the focused pane.
fn pane_text(state: &State, now: Timestamp) -> String {
    match state.focus {
        Pane::Registries => {
            let rows = state.registries.list.rows.iter();
            let shown = rows.filter_map(|item| state.registries.items.get(*item as usize));
            join(shown.map(|registry| registry.host.to_string()))
        }
        Pane::Repositories => join(state.registries.selected().into_iter().flat_map(|registry| {
            let repositories = &registry.repositories;
            let rows = repositories.list.rows.iter();
            rows.filter_map(|item| Some(repositories.listed_at(*item as usize)?.text().to_string()))
        })),
        Pane::Tags => join(tag_lines(&state.tags, now)),
        Pane::Details if state.detail.tab == Tab::Layers => join(layer_lines(&state.detail, now)),
        Pane::Details if state.detail.tab == Tab::Files => join(file_lines(&state.detail.files)),
        Pane::Details => details_text(state, now),
    }
}

/// Returns the rows of the Tags pane. A tag whose details are not known has only its name.
fn tag_lines(tags: &TagsPane, now: Timestamp) -> impl Iterator<Item = String> {
    let items =
        || tags.list.rows.iter().filter_map(|item| Some((item, tags.tags.items.get(*item as usize)?)));
    let longest = items().map(|(_, tag)| columns::width(tag.text())).max().unwrap_or(0);
    items().map(move |(item, tag)| {
        let summary = tags.summaries.get(item).and_then(|remote| remote.value.as_ref());
        let Some(summary) = summary else { return tag.text().to_string() };
        let bytes = summary.size.map_or("-".into(), size::bytes);
        let age = summary.created.map_or("-".into(), |created| time::age(created, now));
        let platforms: Vec<String> = summary.platforms.iter().map(ToString::to_string).collect();
        format!(
            "{}  {}  {}  {}  {}  {}",
            columns::left(tag.text(), longest),
            summary.digest,
            columns::right(&bytes, SIZE),
            columns::left(&age, AGE),
            summary.kind.short_name(),
            platforms.join(" ")
        )
    })
}

/// Returns the rows of the Layers tab, each with its whole command.
fn layer_lines(detail: &Detail, now: Timestamp) -> impl Iterator<Item = String> {
    let rows = detail.selected_variant().map(|variant| &variant.layers.rows[..]).unwrap_or_default();
    let shown = detail.layers.rows.iter().filter_map(|item| rows.get(*item as usize));
    shown.map(move |row| {
        let layer = row.layer.as_ref();
        let bytes = layer.and_then(|layer| layer.size).map(size::bytes).unwrap_or_default();
        let age = row.created.map(|created| time::age(created, now)).unwrap_or_default();
        let digest = layer.map(|layer| layer.digest_text.as_str()).unwrap_or_default();
        let step = row.step();
        format!("{}  {}  {digest}  {step}", columns::right(&bytes, SIZE), columns::left(&age, AGE))
    })
}

/// Returns the rows of the Files tab, each with its whole path.
fn file_lines(files: &FilesTab) -> impl Iterator<Item = String> {
    let rows = files.browser.list.rows.iter().take(MOST_PAGED);
    let ids = rows.filter_map(|row| Some((files.browser.scene()?, files.browser.scene()?.id(*row)?)));
    ids.map(|(scene, id)| {
        let shown = scene.version(id);
        let mode =
            shown.map(|shown| mode_text(shown.version().kind, shown.version().mode)).unwrap_or_default();
        let bytes = columns::right(&size::bytes(scene.listed_size(id)), SIZE);
        let note = scene.note(id).map(|note| format!("  ({note})")).unwrap_or_default();
        format!(
            "{bytes}  {mode}  {:>3}  {}{note}",
            scene.layer(id),
            String::from_utf8_lossy(&scene.tree.path(id))
        )
    })
}

/// Returns the text of a tab.
fn details_text(state: &State, now: Timestamp) -> String {
    let text = join(text_lines(state, state.detail.tab, 0, MOST_PAGED, COLUMNS, now).into_iter());
    let all = match state.detail.tab {
        Tab::Config => state.detail.config.len(),
        Tab::Manifest => state.detail.manifest.len(),
        Tab::Overview | Tab::Layers | Tab::Files | Tab::Referrers => 0,
    };
    match all.saturating_sub(MOST_PAGED) {
        0 => text,
        more => format!("{text}… and {more} more lines\n"),
    }
}

/// Returns lines as one text. Each is made safe for a terminal.
fn join(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |mut text, line| {
        text.push_str(SafeText::clean(line.trim_end()).as_str());
        text.push('\n');
        text
    })
}
