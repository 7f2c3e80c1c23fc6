//! The row under the cursor: the way to another difference, and both sides of the row.

use super::table::DiffRows;
use super::{DiffDialog, DiffTone, sides};
use crate::app::dialogs::file_sides;
use crate::app::update::Update;
use crate::model::text::SafeText;

impl DiffDialog {
    /// Opens both sides of the row under the cursor.
    pub(super) fn open_row(&self, update: &mut Update<'_>) {
        let Some(pair) = &self.pair.value else { return };
        let Some(table) = self.table() else {
            if let Some(line) = self.lines.get(self.cursor()) {
                file_sides::show_lines(update, self.tab.title().into(), line.whole.clone());
            }
            return;
        };
        let row = table.row(table.cursor);
        match (row, &table.rows) {
            (Some(row), Some(DiffRows::Files(files))) => sides::show(update, pair, files, row),
            (Some(row), Some(DiffRows::Packages(packages))) => {
                let Some(package) = packages.rows.get(row) else { return };
                let [_, name, left, right, ecosystem] = package.cells();
                let word = package.change.word();
                let lines = vec![
                    (DiffTone::Heading, SafeText::from(format!("{ecosystem} {name}: {word}"))),
                    (DiffTone::Removed, SafeText::from(format!("- {left}"))),
                    (DiffTone::Added, SafeText::from(format!("+ {right}"))),
                ];
                file_sides::show_lines(update, SafeText::from(name), lines);
            }
            _ => {}
        }
    }

    /// Opens the path that the dialog was asked for, once the files are known.
    pub(super) fn open_goal(&mut self, update: &mut Update<'_>) {
        let Some(DiffRows::Files(files)) = &self.files.rows else { return };
        let files = files.clone();
        let Some(goal) = self.goal.take() else { return };
        let find = |path: &[u8]| files.diff.iter().position(|file| file.path == path);
        let below: Vec<u8> = goal.path.iter().copied().chain([b'/']).collect();
        let safe = |path: &[u8]| SafeText::clean(&String::from_utf8_lossy(path));
        let path = safe(&goal.path);
        let target = goal.target.as_deref();
        if let Some(row) = find(&goal.path) {
            self.files.cursor = row;
            self.open_row(update);
        } else if let Some((target, row)) = target.and_then(|target| Some((target, find(target)?))) {
            self.files.cursor = row;
            self.open_row(update);
            update.say_done(format!("{path} is the same link: it leads to {}", safe(target)));
        } else if let Some(row) = files.diff.iter().position(|file| file.path.starts_with(&below)) {
            self.files.cursor = row;
        } else if let Some(target) = target {
            update.say_done(format!("neither {path} nor {}, to which it leads, differs", safe(target)));
        } else {
            update.say_done(format!("{path} does not differ"));
        }
    }

    /// Goes to another difference.
    pub(super) fn step_difference(&mut self, update: &mut Update<'_>, by: isize) {
        let is_difference =
            |row: &usize| self.table().is_some() || self.lines.get(*row).is_some_and(|line| line.is_first);
        let (cursor, len) = (self.cursor(), self.len());
        let found = match by {
            1.. => (cursor + 1..len).find(is_difference),
            _ => (0..cursor.min(len)).rev().find(is_difference),
        };
        match found {
            Some(row) => *self.cursor_mut() = row,
            None if by > 0 => update.refuse("this is the last difference"),
            None => update.refuse("this is the first difference"),
        }
    }
}
