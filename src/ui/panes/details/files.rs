//! The Files tab: the tree of an image as of a layer, with the notes beside files, and the state of the reading.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::list::List;
use crate::app::panes::details::files::FilesLoad;
use crate::app::panes::details::files::scene::Scene;
use crate::app::panes::details::files::view::ShownVersion;
use crate::app::{Pane, layout};
use crate::layer::entry::mode_text;
use crate::layer::{Compression, EntryKind, LayerFiles, LayerFormat, PathId};
use crate::model::plural::{counted, group_thousands};
use crate::model::text::SafeText;
use crate::model::{columns, size};
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// Columns of the sizes.
const SIZE: usize = 9;
/// Columns of the modes.
const MODE: usize = 10;
/// Columns of the owners.
const OWNER: usize = 11;
/// Columns of the numbers of layers.
const LAYER: usize = 3;
/// The least width at which the layers, the modes and the owners are shown.
const WITH: [usize; 3] = [54, 84, 96];
/// The least columns that a note beside a name needs.
const NOTE: usize = 16;
/// Columns of each level of the tree.
const INDENT: usize = 3;

/// The columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileColumns {
    has_layer: bool,
    has_mode: bool,
    has_owner: bool,
    /// Columns for the name and the note.
    room: usize,
}

impl FileColumns {
    /// Returns the columns for rows of this width.
    fn of(width: u16) -> FileColumns {
        let width = usize::from(width);
        let [has_layer, has_mode, has_owner] = WITH.map(|least| width >= least);
        // The marker and the mark stand in front, and one column behind stays free.
        let mut room = width.saturating_sub(2 + SIZE + 2 + 1);
        for (has, columns) in [(has_layer, LAYER + 2), (has_mode, MODE + 2), (has_owner, OWNER + 1)] {
            room = room.saturating_sub(if has { columns } else { 0 });
        }
        FileColumns { has_layer, has_mode, has_owner, room }
    }

    fn heading(self) -> String {
        let mut text = format!("  {}  ", columns::right("SIZE", SIZE));
        if self.has_mode {
            text.push_str(&columns::left("MODE", MODE + 2));
        }
        if self.has_owner {
            text.push_str(&columns::left("OWNER", OWNER + 1));
        }
        if self.has_layer {
            text.push_str(&columns::right("L", LAYER));
            text.push_str("  ");
        }
        text + "NAME"
    }
}

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
        let list = &browser.list;
        let names = NameColumns::of(scene, list.is_filtered(), visible(scene, list), table.room);
        for (line, row) in list.visible_rows().enumerate() {
            let Some(id) = list.rows.get(row).and_then(|number| scene.id(*number)) else { continue };
            let place = layout::row(places.rows, line as u16);
            let cells = self.file_cells(scene, id, table, &names);
            self.row(Pane::Details, place, list, row, cells);
        }
        if list.rows.is_empty() && !browser.is_arranging() {
            let text = if list.is_filtered() {
                "nothing fits the filter"
            } else if scene.view.is_own {
                "this layer changes no files"
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
        let layer = view.layer;
        let mut parts = vec![match (view.is_own, layer == all) {
            (true, _) => format!("changes of layer {layer} of {all}"),
            (false, true) => format!("whole image, {}", counted(all.into(), "layer", "layers")),
            (false, false) => format!("image up to layer {layer} of {all}"),
        }];
        let bytes = size::bytes(scene.sums.size(PathId::ROOT));
        parts.push(format!("{}, {bytes}", counted(scene.sums.files, "file", "files")));
        let browser = &self.state.detail.files.browser;
        if !browser.sort.is_usual() {
            let sign = if browser.sort.is_reversed { " reversed" } else { "" };
            parts.push(format!("by {}{sign}", browser.sort.by.word()));
        }
        if browser.is_arranging() {
            parts.push(if browser.list.is_filtered() { "filtering…" } else { "sorting…" }.into());
        } else if browser.list.is_filtered() {
            parts.push(format!("{} shown", group_thousands(browser.list.rows.len())));
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
        let list = &self.state.detail.files.browser.list;
        let shown = scene.version(id);
        let version = shown.as_ref().map(ShownVersion::version);
        let is_removed = scene.sums.is_removed(id);
        let is_dim = is_removed || scene.is_context(id);
        let role = |role| if is_dim { Role::Dim } else { role };
        let is_directory = scene.is_directory(id);
        let has_size = is_directory || version.is_some_and(|version| version.kind == EntryKind::File);
        let bytes = match (is_removed, has_size) {
            (true, _) | (_, false) => "-".into(),
            (false, true) => size::bytes(scene.sums.size(id)),
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
        let FileName { lead, name, link } = FileName::of(scene, id, list.is_filtered(), names.room);
        cells.push(Span::styled(lead.clone(), self.style(Role::Border)));
        let room = names.name.saturating_sub(columns::width(&lead));
        let cut =
            if list.is_filtered() { columns::cut_middle(&name, room) } else { columns::cut(&name, room) };
        let used = columns::width(&cut);
        let style = self.style(role(if is_directory { Role::Namespace } else { Role::Text }));
        cells.extend(self.matched_name(list, &name, Span::styled(cut, style)));
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
        match &files.load {
            FilesLoad::Failed(failure) => {
                let hint = self.key_hint("panes.refresh", "asks again");
                return (Role::Bad, format!("{}: {}; {hint}", failure.what, failure.why));
            }
            FilesLoad::Reading { .. } => return (Role::Warn, self.reading_text()),
            FilesLoad::Unasked | FilesLoad::Priced(_) | FilesLoad::Read => {}
        }
        if let Some((layer, why)) = files.refused.first() {
            let more = match files.refused.len() {
                1 => String::new(),
                all => format!(", and {} more", counted(all - 1, "layer", "layers")),
            };
            return (Role::Bad, format!("layer {layer} is missing: {why}{more}"));
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

/// The columns of names and notes, which follow from the rows on the screen.
struct NameColumns {
    /// Columns for names with their links.
    name: usize,
    /// Columns for notes with the gap before them; 0 if there is no room or no note.
    note: usize,
    /// Columns for both.
    room: usize,
}

impl NameColumns {
    fn of(scene: &Scene, is_filtered: bool, ids: impl Iterator<Item = PathId>, room: usize) -> NameColumns {
        let (mut widest, mut has_note) = (0, false);
        for id in ids {
            let FileName { lead, name, link } = FileName::of(scene, id, is_filtered, room);
            widest = widest.max(columns::width(&lead) + columns::width(&name) + columns::width(&link));
            has_note |= scene.note(id).is_some();
        }
        let name = widest.min(room.saturating_sub(room / 3));
        let note = room.saturating_sub(name);
        if has_note && note >= NOTE {
            NameColumns { name, note, room }
        } else {
            NameColumns { name: room, note: 0, room }
        }
    }
}

/// The text of a path in its row.
struct FileName {
    /// The lines of the tree, and the sign of a directory.
    lead: String,
    /// The name, or the whole path in a filtered list.
    name: String,
    /// The target of a link.
    link: String,
}

impl FileName {
    fn of(scene: &Scene, id: PathId, is_filtered: bool, room: usize) -> FileName {
        let entry = scene.entry(id).filter(|entry| !entry.link.is_empty());
        let link = entry.map(|entry| {
            let arrow = if entry.kind == EntryKind::HardLink { "=" } else { "→" };
            format!(" {arrow} {}", SafeText::clean(&String::from_utf8_lossy(&entry.link)))
        });
        let bytes = if is_filtered { scene.tree.path(id) } else { scene.tree.name(id).to_vec() };
        let name = SafeText::clean(&String::from_utf8_lossy(&bytes)).to_string();
        let lead = if is_filtered {
            String::new()
        } else {
            let levels = scene.depth(id).min(room / 2 / INDENT);
            let sign = match (scene.sums.has_shown(id), scene.open.contains(&id.number())) {
                (true, true) => "▾ ",
                (true, false) => "▸ ",
                (false, _) => "  ",
            };
            "│  ".repeat(levels) + sign
        };
        FileName { lead, name, link: link.unwrap_or_default() }
    }
}

/// Returns the paths of the rows on the screen.
fn visible<'a>(scene: &'a Scene, list: &'a List) -> impl Iterator<Item = PathId> + 'a {
    list.visible_rows().filter_map(|row| scene.id(*list.rows.get(row)?))
}

/// Joins the parts of the line about the files, as many as fit.
fn cut_about(parts: &[String], width: u16) -> String {
    let mut text = String::from("  ");
    for (number, part) in parts.iter().enumerate() {
        let gap = if number == 0 { "" } else { " · " };
        if number > 0 && columns::width(&text) + columns::width(part) + 3 > usize::from(width) {
            break;
        }
        text.push_str(gap);
        text.push_str(part);
    }
    text
}

/// Returns how the files of a layer became known, and whether that is doubtful.
fn layer_text(files: &LayerFiles) -> (Role, String) {
    let format = match files.format {
        LayerFormat::Tar(Compression::None) => "tar",
        LayerFormat::Tar(Compression::Gzip) => "tar, gzip",
        LayerFormat::Tar(Compression::Zstd) => "tar, zstd",
        LayerFormat::Estargz => "eStargz, by its table of contents",
        LayerFormat::ZstdChunked => "zstd:chunked, by its table of contents",
        LayerFormat::Blob => "a single file",
    };
    match (&files.refused_table, files.is_proved) {
        (Some(why), _) => {
            let why = SafeText::clean(why);
            (Role::Warn, format!("{format}; its table of contents was refused: {why}"))
        }
        (None, false) => (Role::Warn, format!("{format}, not attested by the manifest")),
        (None, true) => (Role::Dim, format.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_left_out_one_by_one_in_a_narrow_pane() {
        let headings = [48, 60, 90, 120].map(|width| FileColumns::of(width).heading());
        let words = headings.map(|heading| heading.split_whitespace().map(String::from).collect::<Vec<_>>());
        assert_eq!(words[0], ["SIZE", "NAME"]);
        assert_eq!(words[1], ["SIZE", "L", "NAME"]);
        assert_eq!(words[2], ["SIZE", "MODE", "L", "NAME"]);
        assert_eq!(words[3], ["SIZE", "MODE", "OWNER", "L", "NAME"]);
    }
}
