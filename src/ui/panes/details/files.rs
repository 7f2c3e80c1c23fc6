//! The Files tab: the tree of an image as of a layer, with the notes beside files, and the state of the reading.

mod table;
mod wording;

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::list::List;
use crate::app::panes::details::files::FilesLoad;
use crate::app::panes::details::files::scene::Scene;
use crate::app::panes::details::files::view::ShownVersion;
use crate::app::{Pane, layout};
use crate::layer::entry::mode_text;
use crate::layer::{EntryKind, PathId};
use crate::model::plural::{counted, group_thousands};
use crate::model::text::SafeText;
use crate::model::{columns, size};
use crate::ui::Canvas;
use crate::ui::theme::Role;
use table::{FileColumns, FileName, LAYER, MODE, NameColumns, OWNER, SIZE};
use wording::{cut_about, layer_text};

impl Canvas<'_, '_> {
    /// Draws the files of the chosen platform.
    pub(super) fn files(&mut self, pane: Rect, area: Rect) {
        let places = layout::files(area);
        let files = &self.state.detail.files;
        let browser = &files.browser;
        let Some(scene) = browser.scene() else { return self.no_files(area) };
        let about = cut_about(&self.about_text(scene), places.about.width);
        let style = self.style(Role::Dim);
        self.draw_line(places.about, Line::styled(about, style));
        let table = FileColumns::of(places.rows.width);
        let style = self.style(Role::Heading);
        self.draw_line(places.heading, Line::styled(table.heading(), style));
        let (list, is_flat) = (&browser.list, browser.filter().is_some());
        let names = NameColumns::of(scene, is_flat, visible(scene, list), table.room);
        for (line, row) in list.visible_rows().enumerate() {
            let Some(id) = list.rows.get(row).and_then(|number| scene.id(*number)) else { continue };
            let place = layout::row(places.rows, line as u16);
            let cells = self.file_cells(scene, id, table, &names);
            self.row(Pane::Details, place, list, row, cells);
        }
        if list.rows.is_empty() && !browser.is_arranging() {
            let text = if is_flat {
                "nothing fits the filter"
            } else if files.refused.iter().any(|missing| missing.layer == scene.view.layer) {
                "this layer was not read"
            } else if scene.view.is_own {
                "this layer changes no files"
            } else if matches!(files.load, FilesLoad::Read) {
                "there are no files"
            } else {
                "no files yet"
            };
            self.draw_text(places.rows, &[(Role::Dim, text.into())]);
        }
        self.scrollbar(pane, places.rows, list.offset, list.rows.len());
        let selected = browser.selected().map(|id| (scene, id, &names));
        let (role, text) = self.files_foot(selected);
        let style = self.style(role);
        self.draw_line(places.foot, Line::styled(format!(" {text}"), style));
    }

    /// Draws the reason why there are no files, and the key that helps.
    fn no_files(&mut self, area: Rect) {
        let files = &self.state.detail.files;
        let lines = match &files.load {
            FilesLoad::Failed(failure) => {
                let hint = self.key_hint("panes.refresh", "asks again");
                return self.failure(area, failure, &hint);
            }
            FilesLoad::Priced(price) => vec![
                (Role::Text, format!("listing the files {}", price.text())),
                (Role::Dim, self.key_hint("panes.enter", "begins")),
            ],
            FilesLoad::Reading { .. } => vec![(Role::Text, self.reading_text())],
            FilesLoad::Unasked if self.state.detail.files_image().is_none() => {
                vec![(Role::Dim, "there are no layers, so there are no files".into())]
            }
            FilesLoad::Unasked | FilesLoad::Read => {
                vec![(Role::Dim, self.key_hint("panes.details", "goes to the files and reads their list"))]
            }
        };
        self.draw_text(area, &lines);
    }

    /// Returns the line about the layer, the number of files and the order.
    fn about_text(&self, scene: &Scene) -> Vec<String> {
        let (view, all) = (scene.view, scene.tree.layers());
        let (layer, files) = (view.layer, &self.state.detail.files);
        let missing = files.refused.iter().filter(|missing| missing.layer <= layer).count();
        let mut parts = vec![match (view.is_own, layer == all) {
            (true, _) => format!("changes of layer {layer} of {all}"),
            (false, true) if missing > 0 => {
                format!("{} of {all} layers", usize::from(all).saturating_sub(missing))
            }
            (false, true) => format!("whole image, {}", counted(all.into(), "layer", "layers")),
            (false, false) if missing > 0 => {
                format!("image up to layer {layer} of {all}, {} missing", counted(missing, "layer", "layers"))
            }
            (false, false) => format!("image up to layer {layer} of {all}"),
        }];
        let bytes = size::bytes(scene.sums.below(PathId::ROOT));
        parts.push(format!("{}, {bytes}", counted(scene.sums.files, "file", "files")));
        let browser = &self.state.detail.files.browser;
        if !browser.sort.is_usual() {
            let sign = if browser.sort.is_reversed { " reversed" } else { "" };
            parts.push(format!("by {}{sign}", browser.sort.by.word()));
        }
        if browser.is_arranging() {
            parts.push(if browser.filter().is_some() { "filtering…" } else { "sorting…" }.into());
        } else if browser.filter().is_some() {
            parts.push(format!("{} shown", group_thousands(browser.list.rows.len())));
        }
        if files.image.as_ref().is_some_and(|image| image.is_windows()) {
            parts.push("Windows: the files of `Files/`".into());
        }
        if view.shows_removed && !view.is_own {
            parts.push("with removed ones".into());
        }
        parts
    }

    fn file_cells(
        &self,
        scene: &Scene,
        id: PathId,
        table: FileColumns,
        names: &NameColumns,
    ) -> Vec<Span<'static>> {
        let filter = self.state.detail.files.browser.filter();
        let shown = scene.version(id);
        let version = shown.as_ref().map(ShownVersion::version);
        let is_removed = scene.sums.is_removed(id);
        let is_dim = is_removed || scene.is_context(id);
        let role = |role| if is_dim { Role::Dim } else { role };
        let is_directory = scene.is_directory(id);
        let has_size = is_directory || version.is_some_and(|version| version.kind == EntryKind::File);
        let bytes = match (is_removed, has_size) {
            (true, _) | (_, false) => "-".into(),
            (false, true) => size::bytes(scene.size(id)),
        };
        let mut cells =
            vec![Span::styled(format!("{}  ", columns::right(&bytes, SIZE)), self.style(role(Role::Number)))];
        if table.has_mode {
            let text = version.map(|version| mode_text(version.kind, version.mode)).unwrap_or_default();
            let is_special =
                version.is_some_and(|version| version.kind == EntryKind::File && version.mode & 0o6000 != 0);
            let style = self.style(if is_special { Role::Warn } else { Role::Dim });
            cells.push(Span::styled(columns::left(&text, MODE + 2), style));
        }
        if table.has_owner {
            let text = version.map(|version| format!("{}:{}", version.uid, version.gid)).unwrap_or_default();
            cells.push(Span::styled(columns::left(&text, OWNER) + " ", self.style(Role::Dim)));
        }
        if table.has_layer {
            let text = shown.map(|shown| shown.layer().to_string()).filter(|_| !scene.is_context(id));
            let text = columns::right(&text.unwrap_or_default(), LAYER) + "  ";
            cells.push(Span::styled(text, self.style(role(Role::Date))));
        }
        let FileName { lead, name, link } = FileName::of(scene, id, filter.is_some(), names.room);
        cells.push(Span::styled(lead.clone(), self.style(Role::Border)));
        let room = names.name.saturating_sub(columns::width(&lead));
        let cut = if filter.is_some() { columns::cut_middle(&name, room) } else { columns::cut(&name, room) };
        let used = columns::width(&cut);
        let style = self.style(role(if is_directory { Role::Namespace } else { Role::Text }));
        let places = filter.map(|filter| filter.places_in(&name)).unwrap_or_default();
        cells.extend(self.found_in_name(&places, &name, Span::styled(cut, style)));
        let link = columns::cut(&link, room.saturating_sub(used));
        let free = room.saturating_sub(used + columns::width(&link));
        cells.push(Span::styled(link, self.style(Role::Dim)));
        if let Some(note) = scene.note(id).filter(|_| names.note > 0) {
            let gap = " ".repeat(free + 2);
            let style = self.style(if is_removed { Role::Warn } else { Role::Dim });
            cells.push(Span::styled(gap + &columns::cut(&note, names.note.saturating_sub(2)), style));
        }
        cells
    }

    /// Returns the line below the rows: a failure, the progress of the reading, or facts about the path under the cursor.
    fn files_foot(&self, selected: Option<(&Scene, PathId, &NameColumns)>) -> (Role, String) {
        let files = &self.state.detail.files;
        if let Some(problem) = files.browser.filter_problem() {
            return (
                Role::Bad,
                format!("no regular expression: {problem}; the rows are those of the filter before"),
            );
        }
        match &files.load {
            FilesLoad::Failed(failure) => {
                let hint = self.key_hint("panes.refresh", "asks again");
                return (Role::Bad, format!("{}: {}; {hint}", failure.what, failure.why));
            }
            FilesLoad::Reading { .. } => return (Role::Warn, self.reading_text()),
            FilesLoad::Priced(price) => {
                let begins = self.key_hint("panes.enter", "begins");
                return (Role::Warn, format!("the rest {}; {begins}", price.text()));
            }
            FilesLoad::Unasked | FilesLoad::Read => {}
        }
        if let Some(text) = self.missing_text() {
            return text;
        }
        let Some((scene, id, names)) = selected else { return (Role::Dim, String::new()) };
        let note = scene.note(id).filter(|_| names.note == 0);
        let layer = scene.layer(id);
        let (role, about) = scene.list(layer).map_or((Role::Dim, String::new()), |list| layer_text(list));
        let step = self.state.detail.instruction_of(layer).map(SafeText::clean);
        let mut text = note.map(|note| format!("{note} · ")).unwrap_or_default();
        text.push_str(&format!("layer {layer}: {about}"));
        if let Some(step) = step {
            text.push_str(&format!(" · {step}"));
        }
        (role, text)
    }

    /// Returns the layers that are missing, first those that another try may bring, with the key for it.
    fn missing_text(&self) -> Option<(Role, String)> {
        let missing = &self.state.detail.files.refused;
        let first = missing.iter().find(|layer| layer.can_retry).or(missing.first())?;
        let (role, tries) = if first.can_retry {
            (Role::Bad, format!("; {}", self.key_hint("panes.refresh", "tries again")))
        } else {
            (Role::Warn, String::new())
        };
        let mut text = format!("layer {} is missing{tries}: {}", first.layer, first.why);
        if missing.len() > 1 {
            text.push_str(&format!(", and {} more", counted(missing.len() - 1, "layer", "layers")));
        }
        Some((role, text))
    }

    /// Returns the progress of the reading, and the key that pauses it or lets it go on.
    fn reading_text(&self) -> String {
        let files = &self.state.detail.files;
        let is_paused = !files.is_reading();
        let progress = files.progress.as_ref().map(|progress| progress.text(files.rate.per_second()));
        let progress = progress.unwrap_or_else(|| "reading the list of files…".into());
        if is_paused {
            return format!("paused: {progress}; {}", self.key_hint("panes.enter", "goes on"));
        }
        format!("{progress}; {}", self.key_hint("panes.back", "pauses"))
    }
}

/// Returns the paths of the rows on the screen.
fn visible<'a>(scene: &'a Scene, list: &'a List) -> impl Iterator<Item = PathId> + 'a {
    list.visible_rows().filter_map(|row| scene.id(*list.rows.get(row)?))
}
