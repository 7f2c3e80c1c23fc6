//! The tabs *Files* and *Packages*: the rows in columns, the facts below them, and the state of the reading.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::BINDINGS;
use crate::app::dialogs::image_diff::places::DiffPlaces;
use crate::app::dialogs::image_diff::table::{DiffRows, DiffTable};
use crate::app::dialogs::image_diff::{DiffDialog, DiffEffect};
use crate::app::keys::{DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::app::panes::details::files::FilesLoad;
use crate::layer::diff::{DiffedFile, FileChange};
use crate::model::columns;
use crate::model::image_diff::packages::{PackageChange, PackageDifference};
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// Columns of the sizes.
const SIZE: usize = 9;
/// Columns of the modes of both sides.
const MODES: usize = 23;
/// Columns of the names of ecosystems.
const ECOSYSTEM: usize = 9;
/// The least width at which both sizes of a file, or the ecosystem of a package, are shown.
const WITH_BOTH: usize = 60;
/// The least width at which modes that differ are shown.
const WITH_MODES: usize = 100;

impl Canvas<'_, '_> {
    /// Draws files or packages, or the state of their reading.
    pub(super) fn diff_table(&mut self, dialog: &DiffDialog, table: &DiffTable, places: &DiffPlaces) {
        let Some(rows) = &table.rows else { return self.diff_reading(dialog, table, places.rows) };
        let style = self.style(Role::Dim);
        for (at, line) in places.summary_lines.iter().enumerate() {
            self.draw_line(layout::row(places.summary, at as u16), Line::styled(line.clone(), style));
        }
        let width = usize::from(places.rows.width).saturating_sub(2);
        let heading = match rows {
            DiffRows::Files(_) => file_heading(width),
            DiffRows::Packages(packages) => {
                let cells = PackageDifference::HEADINGS.map(String::from);
                package_line(&cells, &fit(packages.widths, width), width)
            }
        };
        let style = self.style(Role::Heading);
        self.draw_line(places.heading, Line::styled(format!("  {heading}"), style));
        if table.len() == 0 && !table.is_arranging() {
            let text = if table.is_filtered() { "no row contains that" } else { "nothing differs" };
            self.draw_text(places.rows, &[(Role::Dim, text.into())]);
        }
        let offset = layout::offset(table.cursor, places.rows.height);
        let filter = table.filter();
        let shown = table.len().saturating_sub(offset).min(places.rows.height.into());
        for place in offset..offset + shown {
            let Some(row) = table.row(place) else { continue };
            let cells = match rows {
                DiffRows::Files(files) => files.diff.get(row).map(|file| file_cells(&file, width)),
                DiffRows::Packages(packages) => packages.rows.get(row).map(|package| {
                    let role = package_role(package.change);
                    let line = package_line(&package.cells(), &fit(packages.widths, width), width);
                    vec![(role, line)]
                }),
            };
            let is_cursor = place == table.cursor;
            self.diff_row(places.rows, place - offset, is_cursor, cells.unwrap_or_default(), filter.as_ref());
        }
        self.scrollbar(places.area, places.rows, offset, table.len());
        self.diff_foot(table, rows, places);
    }

    /// Draws the facts about the row under the cursor, and the words of the filter.
    fn diff_foot(&mut self, table: &DiffTable, rows: &DiffRows, places: &DiffPlaces) {
        let width = usize::from(places.facts.width).saturating_sub(2);
        let facts = table.row(table.cursor).and_then(|row| match rows {
            DiffRows::Files(files) => files.diff.get(row).map(|file| {
                let path = columns::cut_front(&file.shown_path(), width);
                (path, file_facts(&file))
            }),
            DiffRows::Packages(packages) => packages.rows.get(row).map(|package| {
                let [_, name, left, right, ecosystem] = package.cells();
                (format!("{ecosystem} {name}"), versions_text(package.change.word(), &left, &right))
            }),
        });
        if let Some((first, second)) = facts.filter(|_| places.facts.height > 1) {
            let (text, dim) = (self.style(Role::Text), self.style(Role::Dim));
            let line = |text: String| format!("  {}", columns::cut(&text, width));
            self.draw_line(layout::row(places.facts, 0), Line::styled(line(first), text));
            self.draw_line(layout::row(places.facts, 1), Line::styled(line(second), dim));
        }
        if table.is_typing {
            self.input(places.words, " /", &table.input, Role::Dim, "part of a path or a name");
        } else if table.is_filtered() {
            let style = self.style(Role::Warn);
            self.draw_line(places.words, Line::styled(format!(" /{}", table.input.value()), style));
        }
    }

    /// Draws the price, the progress or the failure of a reading.
    fn diff_reading(&mut self, dialog: &DiffDialog, table: &DiffTable, area: Rect) {
        let keys = &self.state.settings.keys;
        let open = |label| keys.hint_as(BINDINGS, DiffEffect::Open, label).unwrap_or_default();
        let cancel = |label| keys.cancel_hint(DIALOG_BINDINGS, label).unwrap_or_default();
        let progress = || {
            let progress = table.progress.as_ref();
            progress.map(|progress| progress.text(table.rate.per_second()))
        };
        let lines = match &table.load {
            FilesLoad::Failed(failure) => {
                let hints = join_hints([Some(open("asks again")), Some(cancel("leave"))]);
                return self.failure(area, failure, &hints);
            }
            FilesLoad::Priced(price) => {
                let hints = join_hints([Some(open("begins")), Some(cancel("leave"))]);
                let need = |host| self.state.request_need(price, host, self.now);
                let needs = dialog.hosts().into_iter().filter_map(need);
                let needs = needs.map(|need| {
                    let role = if need.fits() { Role::Text } else { Role::Warn };
                    (role, format!("needs {need}"))
                });
                [(Role::Text, price.text())].into_iter().chain(needs).chain([(Role::Dim, hints)]).collect()
            }
            FilesLoad::Reading { is_paused: true, .. } => {
                let text = progress().unwrap_or_else(|| "nothing was read yet".into());
                let hints = join_hints([Some(open("goes on")), Some(cancel("leave"))]);
                vec![(Role::Text, format!("paused: {text}")), (Role::Dim, hints)]
            }
            FilesLoad::Reading { .. } => {
                let text = progress().unwrap_or_else(|| "reading the lists of files…".into());
                vec![(Role::Text, text), (Role::Dim, cancel("pauses"))]
            }
            FilesLoad::Unasked | FilesLoad::Read => Vec::new(),
        };
        self.draw_text(area, &lines);
    }
}

fn file_role(change: FileChange) -> Role {
    match change {
        FileChange::Added | FileChange::AddedOrChanged => Role::Good,
        FileChange::Removed | FileChange::RemovedOrChanged => Role::Bad,
        FileChange::Changed => Role::Warn,
        FileChange::Unknown => Role::Dim,
    }
}

fn package_role(change: PackageChange) -> Role {
    match change {
        PackageChange::Added => Role::Good,
        PackageChange::Removed => Role::Bad,
        PackageChange::Up | PackageChange::Down | PackageChange::Changed => Role::Warn,
    }
}

fn file_heading(width: usize) -> String {
    let mut text = "   ".to_string();
    if width >= WITH_BOTH {
        text.push_str(&columns::right("LEFT", SIZE));
        text.push_str("  ");
        text.push_str(&columns::right("RIGHT", SIZE));
    } else {
        text.push_str(&columns::right("SIZE", SIZE));
    }
    text.push_str("  ");
    if width >= WITH_MODES {
        text.push_str(&columns::left("MODE", MODES + 2));
    }
    text + "PATH"
}

/// Returns the cells of a file. On a narrow screen one size is shown: that on the right, if it has one.
fn file_cells(file: &DiffedFile, width: usize) -> Vec<(Role, String)> {
    let [left, right] = file.sizes();
    let mut cells = vec![(file_role(file.change), columns::left(file.change.sign(), 3))];
    let sizes = if width >= WITH_BOTH {
        format!("{}  {}  ", columns::right(&left, SIZE), columns::right(&right, SIZE))
    } else {
        let size = if right.is_empty() { left } else { right };
        columns::right(&size, SIZE) + "  "
    };
    cells.push((Role::Number, sizes));
    if width >= WITH_MODES {
        let modes = if file.has_other_mode() { file.modes() } else { String::new() };
        cells.push((Role::Warn, columns::left(&modes, MODES + 2)));
    }
    let room = width.saturating_sub(cells.iter().map(|(_, text)| columns::width(text)).sum());
    let (path, notes) = (file.shown_path(), file.notes());
    // The lines below the table have the notes if there is no room for them here.
    let notes = if columns::width(&path) + columns::width(&notes) <= room { notes } else { String::new() };
    let path = columns::cut_middle(&path, room);
    cells.extend([(Role::Text, path), (Role::Dim, notes)]);
    cells
}

/// Returns the facts about a file in one line.
fn file_facts(file: &DiffedFile) -> String {
    let [left, right] = file.sizes();
    let sizes = match (left.is_empty(), right.is_empty(), left == right) {
        (true, _, _) => right,
        (_, true, _) | (_, _, true) => left,
        _ => format!("{left} → {right}"),
    };
    let mut parts = vec![file.change.word().to_string(), sizes, file.modes(), file.owners()];
    parts.push(file.notes().trim().to_string());
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

/// Returns the versions of a package in words.
fn versions_text(word: &str, left: &str, right: &str) -> String {
    match (left.is_empty(), right.is_empty()) {
        (false, false) => format!("{word}: {left} → {right}"),
        _ => format!("{word}: {left}{right}"),
    }
}

/// Returns the columns of the name and both versions in this width. The widest give way.
fn fit(mut widths: [usize; 3], width: usize) -> [usize; 3] {
    let ecosystem = if width >= WITH_BOTH { ECOSYSTEM + 2 } else { 0 };
    let room = width.saturating_sub(2 + ecosystem + 4);
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max().filter(|widest| **widest > 1) {
            Some(widest) => *widest -= 1,
            None => break,
        }
    }
    widths
}

/// Returns the cells of a package in one line.
fn package_line(cells: &[String; 5], widths: &[usize; 3], width: usize) -> String {
    let [sign, name, left, right, ecosystem] = cells;
    let mut text = columns::left(sign, 2);
    if width >= WITH_BOTH {
        text.push_str(&columns::left(ecosystem, ECOSYSTEM + 2));
    }
    let columns = [name, left, right].into_iter().zip(widths);
    let columns: Vec<String> = columns.map(|(cell, width)| columns::left(cell, *width)).collect();
    text + &columns.join("  ")
}
