//! The versions of a file in all layers of the image.

use ratatui::layout::{Position, Rect};

use super::file_sides::{self, SideContent};
use super::image_diff::DiffTone;
use super::{Dialog, KeyedDialog, click, file_preview, move_row, since};
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::update::Update;
use crate::app::{State, layout};
use crate::layer::entry::mode_text;
use crate::layer::{EntryKind, FileVersion, Hidden, PathId};
use crate::model::image_diff::text::LARGEST;
use crate::model::text::SafeText;
use crate::model::{columns, size};

/// Columns of the sizes.
const SIZE: usize = 9;

/// The versions of a file.
#[derive(Debug)]
pub struct FileHistory {
    /// The path.
    pub(crate) title: SafeText,
    path: Vec<u8>,
    id: PathId,
    versions: Vec<(FileVersion, String)>,
    /// The version under the cursor, the newest first.
    pub(crate) cursor: usize,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileHistoryEffect {
    /// Shows the content of the version.
    Show,
    /// Finds the tag since which the images have the path.
    Since,
    /// Compares the version with the one before.
    Diff,
    /// Closes the dialog.
    Close,
}

/// Shows the versions of the path under the cursor.
pub(crate) fn show(state: &mut State) {
    let browser = &state.detail.files.browser;
    let Some((scene, id)) = browser.scene().zip(browser.selected()) else { return };
    let versions = scene.tree.versions(id).map(|version| {
        let step = state.detail.instruction_of(version.layer).map(SafeText::clean);
        (version, line(&version, scene.link(&version), step.as_ref()))
    });
    let versions = versions.collect();
    let path = scene.tree.path(id);
    let title = SafeText::clean(&String::from_utf8_lossy(&path));
    state.dialogs.push(Dialog::FileHistory(FileHistory { title, path, id, versions, cursor: 0 }));
}

/// Returns a version in one line: its layer, its facts, the target of a link, whether a later layer hides it, and the step
/// that made the layer.
fn line(version: &FileVersion, link: Option<SafeText>, step: Option<&SafeText>) -> String {
    let fate = match version.hidden {
        None => "in the image".to_string(),
        Some((layer, Hidden::Replaced)) => format!("replaced in layer {layer}"),
        Some((layer, Hidden::Whiteout)) => format!("removed in layer {layer}"),
        Some((layer, Hidden::Opaque)) => format!("removed in layer {layer} with its directory's content"),
        Some((layer, Hidden::Shadowed)) => format!("hidden in layer {layer} by a file above it"),
    };
    let mut text = format!(
        "layer {:<3} {}  {}  {}:{}  {fate}",
        version.layer,
        columns::right(&size::bytes(version.size), SIZE),
        mode_text(version.kind, version.mode),
        version.uid,
        version.gid
    );
    if let Some(link) = link {
        text.push_str(&format!("  -> {link}"));
    }
    if let Some(step) = step {
        text.push_str(&format!("  · {step}"));
    }
    text
}

impl FileHistory {
    /// Returns the versions as lines, the newest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.versions.iter().map(|(_, line)| line.clone()).collect()
    }

    /// Compares the version under the cursor with the one before, which is the left one.
    fn diff(&self, update: &mut Update<'_>) {
        let versions = self.versions.get(self.cursor).zip(self.versions.get(self.cursor + 1));
        let Some(((newer, line), (older, older_line))) = versions else {
            return update.refuse("there is no version before");
        };
        let about = [(DiffTone::Removed, "-", older_line), (DiffTone::Added, "+", line)];
        let about = about.map(|(tone, sign, line)| (tone, SafeText::from(format!("{sign} {line}"))));
        let files = &update.state.detail.files;
        let sides = [older, newer].map(|version| match version.kind {
            EntryKind::File if version.size > LARGEST as u64 => SideContent::Large,
            EntryKind::File | EntryKind::HardLink => files
                .content_request(self.id, *version, LARGEST as u64)
                .map_or_else(SideContent::Unknown, |request| SideContent::File(Box::new(request))),
            _ => SideContent::NoFile,
        });
        file_sides::show(update, self.title.clone(), about.into(), sides);
    }

    /// Selects the version under the click, or shows it if it was selected already.
    pub(super) fn click(mut self, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let rows: Rect = layout::inside(layout::log(update.state));
        if click::select_row(&mut self.cursor, rows, at, self.versions.len()) {
            return self.press(update, Pressed::Own(FileHistoryEffect::Show));
        }
        Some(Dialog::FileHistory(self))
    }
}

impl KeyedDialog for FileHistory {
    type Effect = FileHistoryEffect;

    const TITLE: &'static str = "History of a file";

    const BINDINGS: &'static [Binding<FileHistoryEffect>] = &[
        Binding::new(
            "file-history.show",
            chords!["Enter", "l", "Right"],
            "show this version",
            FileHistoryEffect::Show,
        )
        .with_hint("show"),
        Binding::new(
            "file-history.since",
            chords!["W"],
            "since which tag the images have the file",
            FileHistoryEffect::Since,
        )
        .with_hint("since"),
        Binding::new(
            "file-history.diff",
            chords!["D"],
            "compare with the version before",
            FileHistoryEffect::Diff,
        )
        .with_hint("diff"),
        Binding::new("file-history.close", chords!["q", "h", "Left", "H"], "leave", FileHistoryEffect::Close),
    ];

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<FileHistoryEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Own(FileHistoryEffect::Close) | Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(FileHistoryEffect::Show) => {
                if let Some((version, _)) = self.versions.get(self.cursor) {
                    file_preview::show(update, self.id, *version, false);
                }
            }
            Pressed::Own(FileHistoryEffect::Since) => since::show_file(update, &self.path),
            Pressed::Own(FileHistoryEffect::Diff) => self.diff(update),
            Pressed::Shared(SharedEffect::Move(to)) => {
                self.cursor = move_row(self.cursor, self.versions.len(), to);
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::FileHistory(self))
    }
}
