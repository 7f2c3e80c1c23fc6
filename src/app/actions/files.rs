//! The keys of the Files tab.

use super::availability::{Why, check_image_exists, no_image_chosen, refuse_unless};
use super::{Action, quoted_key};
use crate::app::cmd::Cmd;
use crate::app::dialogs::path_table::{self, PathTableKind};
use crate::app::dialogs::{extract_prompt, file_history, file_preview};
use crate::app::jobs::{Job, JobId};
use crate::app::keys::chords;
use crate::app::panes::details::Tab;
use crate::app::panes::details::files::FilesLoad;
use crate::app::questions::Slot;
use crate::app::reconcile::load_files;
use crate::app::update::Update;
use crate::app::{Pane, State};
use crate::layer::{EntryKind, PathId};

/// Opens the files of the image.
pub(crate) static OPEN: Action = Action::new("files.open", chords!["f"], "the files of the image", open)
    .with_hint("files", 3)
    .hinted_if(|state| matches!(state.focus, Pane::Tags | Pane::Details) && state.detail.tab != Tab::Files)
    .with_entry("files", "show the files of the image")
    .available_if(check_files);
/// Shows the image up to the layer before.
pub(crate) static LAYER_BEFORE: Action =
    Action::new("files.layer-before", chords!["<"], "the files as of the layer before", |update| {
        step_layer(update, -1);
    })
    .only_in(Pane::Details)
    .available_if(check_in_files);
/// Shows the image up to the layer after.
pub(crate) static LAYER_AFTER: Action =
    Action::new("files.layer-after", chords![">"], "the files as of the layer after", |update| {
        step_layer(update, 1);
    })
    .only_in(Pane::Details)
    .with_hint("layer", 2)
    .hinted_if(|state| state.detail.files.browser.scene().is_some_and(|scene| scene.tree.layers() > 1))
    .available_if(check_in_files);
/// Shows the changes of the layer alone, or the whole image up to it.
pub(crate) static OWN_CHANGES: Action = Action::new(
    "files.own-changes",
    chords!["a"],
    "the whole image up to the layer, or the changes of the layer alone",
    |update| update.state.detail.files.browser.toggle_own(),
)
.only_in(Pane::Details)
.with_hint("all/own", 2)
.available_if(check_in_files);

/// Shows all versions of the path under the cursor.
pub(crate) static HISTORY: Action =
    Action::new("files.history", chords!["H"], "the versions of the file in all layers", |update| {
        file_history::show(update.state);
    })
    .only_in(Pane::Details)
    .with_hint("history", 3)
    .available_if(check_file);
/// Shows the findings of the image.
pub(crate) static FINDINGS: Action = Action::new(
    "files.findings",
    chords!["i"],
    "hidden bytes, likely secrets and other findings",
    |update| {
        path_table::show(update, PathTableKind::Findings);
    },
)
.only_in(Pane::Details)
.with_hint("findings", 3)
.with_entry("findings", "show hidden bytes, likely secrets and other findings")
.available_if(check_read);
/// Shows the packages of the image.
pub(crate) static PACKAGES: Action =
    Action::new("files.packages", chords!["P"], "the packages of the image", |update| {
        path_table::show(update, PathTableKind::Packages);
    })
    .only_in(Pane::Details)
    .with_hint("packages", 3)
    .with_entry("packages", "show the packages of the image")
    .available_if(check_read);
/// Writes the path under the cursor to this machine's disk.
pub(crate) static EXTRACT: Action =
    Action::new("files.extract", chords!["x"], "extract the file or directory", |update| {
        extract_prompt::show(update);
    })
    .only_in(Pane::Details)
    .with_hint("extract", 2)
    .with_entry("extract", "extract the file or directory to this machine")
    .available_if(check_file);

/// Pauses the extractions of the image, or lets them go on.
pub(crate) static PAUSE: Action = Action::new(
    "files.pause",
    chords!["X"],
    "pause the extraction of the image, or let it go on where it stopped",
    |update| {
        let pauses = has_moving_extraction(update.state);
        pause_extractions(update, pauses);
    },
)
.only_in(Pane::Details)
.with_hint("pause/go on", 3)
.with_entry("pause", "pause the extraction of the image, or let it go on")
.available_if(|state| {
    refuse_unless(is_in_files(state), "no files are shown")?;
    refuse_unless(extractions(state).next().is_some(), "no extraction of this image runs")
});

/// Opens the files of the image under the cursor in the whole screen.
fn open(update: &mut Update<'_>) {
    let state = &mut *update.state;
    state.focus_pane(Pane::Details);
    state.detail.files.ends_zoom |= !state.zoomed;
    state.zoomed = true;
    state.detail.open_files(None);
}

/// Begins or continues the reading, or enters the path under the cursor.
pub(super) fn enter(update: &mut Update<'_>) {
    let files = &mut update.state.detail.files;
    if matches!(files.load, FilesLoad::Priced(_)) {
        load_files(update);
    } else if files.pause(false) {
        update.cmds.push(Cmd::PauseReading(Slot::Files, false));
    } else {
        let Some(id) = files.browser.enter() else { return };
        show_content(update, id, false);
    }
}

/// Shows the content of a path. A symbolic link to a directory leads there.
pub(super) fn show_content(update: &mut Update<'_>, id: PathId, is_for_pager: bool) {
    let browser = &mut update.state.detail.files.browser;
    let Some(scene) = browser.scene() else { return };
    let Some(version) = scene.version(id).map(|shown| *shown.version()) else { return };
    let target =
        scene.tree.resolve(&scene.tree.path(id), true).filter(|_| version.kind == EntryKind::Symlink);
    let target = target.and_then(|target| Some((target, *scene.version(target)?.version())));
    match target {
        Some((target, at)) if at.kind == EntryKind::Directory => {
            let path = scene.tree.path(target);
            browser.go_to(&path);
        }
        Some((target, at)) => file_preview::show(update, target, at, is_for_pager),
        None => file_preview::show(update, id, version, is_for_pager),
    }
}

/// Shows the file under the cursor in the pager. Returns whether there is one.
pub(super) fn show_in_pager(update: &mut Update<'_>) -> bool {
    let browser = &update.state.detail.files.browser;
    let file = browser.scene().zip(browser.selected()).filter(|(scene, id)| !scene.is_directory(*id));
    match file.map(|(_, id)| id).filter(|_| is_in_files(update.state)) {
        Some(id) => {
            show_content(update, id, true);
            true
        }
        None => false,
    }
}

/// Pauses the reading if the Files tab has the keys. Returns whether there is one.
pub(super) fn pause(update: &mut Update<'_>) -> bool {
    let is_paused = is_in_files(update.state) && update.state.detail.files.pause(true);
    if is_paused {
        update.cmds.push(Cmd::PauseReading(Slot::Files, true));
    }
    is_paused
}

/// Pauses the extractions of the image if the Files tab has the keys. Returns whether one runs.
pub(super) fn pause_extraction(update: &mut Update<'_>) -> bool {
    is_in_files(update.state) && pause_extractions(update, true)
}

/// Pauses the extractions of the image, or lets them go on. Returns whether there was one to change.
fn pause_extractions(update: &mut Update<'_>, pauses: bool) -> bool {
    let (now, all): (_, Vec<JobId>) = (update.now, extractions(update.state).map(|job| job.id).collect());
    let jobs = &mut update.state.jobs;
    let changed: Vec<Cmd> = all.into_iter().filter_map(|id| jobs.pause(id, pauses, now)).collect();
    let is_changed = !changed.is_empty();
    update.cmds.extend(changed);
    is_changed
}

/// Returns the extractions of the image that run or are paused.
fn extractions(state: &State) -> impl Iterator<Item = &Job> {
    state.detail.files.image.iter().flat_map(|image| state.jobs.extractions_of(image))
}

fn has_moving_extraction(state: &State) -> bool {
    extractions(state).any(|job| !job.is_paused())
}

/// The job that the line above the hints shows, and what the keys of the Files tab do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtractionKey {
    /// The key that goes back pauses it.
    Pauses,
    /// The key that pauses lets it go on.
    GoesOn,
}

/// Returns the job for the line above the hints: in the Files tab an extraction of its image, else the oldest one.
/// Returns also the effect of the next key on it, if no dialog, message, filter or reading of files has that key.
pub(crate) fn shown_job(state: &State) -> Option<(&Job, Option<ExtractionKey>)> {
    let oldest = || state.jobs.running().next();
    if !is_in_files(state) || !state.dialogs.is_empty() {
        return oldest().map(|job| (job, None));
    }
    let moving = extractions(state).find(|job| !job.is_paused());
    if let Some(job) = moving {
        let files = &state.detail.files;
        let is_next =
            state.notices.toast.is_none() && !files.is_reading() && !files.browser.list.is_filtered();
        return Some((job, is_next.then_some(ExtractionKey::Pauses)));
    }
    let paused = extractions(state).next().map(|job| (job, Some(ExtractionKey::GoesOn)));
    paused.or_else(|| oldest().map(|job| (job, None)))
}

fn step_layer(update: &mut Update<'_>, by: i32) {
    if !update.state.detail.files.browser.step_layer(by) {
        update.refuse(if by < 0 { "this is the first layer" } else { "this is the last layer" });
    }
}

fn is_in_files(state: &State) -> bool {
    state.focus == Pane::Details && state.detail.tab == Tab::Files
}

/// Fails if the image has no files.
fn check_files(state: &State) -> Result<(), Why> {
    check_image_exists(state)?;
    if state.detail.image.is_none() {
        return Err(no_image_chosen(state));
    }
    let is_known = state.detail.inspection.value.is_some();
    refuse_unless(!is_known || state.detail.files_image().is_some(), "it has no layers, so it has no files")
}

/// Fails if no file is under the cursor.
fn check_file(state: &State) -> Result<(), Why> {
    check_in_files(state)?;
    refuse_unless(state.detail.files.browser.selected().is_some(), "no file is under the cursor")
}

/// Fails if the files of the image are not read yet.
fn check_read(state: &State) -> Result<(), Why> {
    check_in_files(state)?;
    refuse_unless(state.detail.files.read_files().is_some(), "the files are not all read yet")
}

/// Fails if the Files tab does not have the keys or shows nothing.
fn check_in_files(state: &State) -> Result<(), Why> {
    if !is_in_files(state) {
        let open = quoted_key(&state.settings.keys, OPEN.command.name);
        return Err(format!("this key acts on files: {open} shows them").into());
    }
    refuse_unless(state.detail.files.browser.scene().is_some(), "there are no files yet")
}
