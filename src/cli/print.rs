//! The output of the subcommands: aligned columns, and JSON without characters that a terminal would obey.

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::client::Registry;
use crate::client::registry::own_api::OwnApi;
use crate::model::redact;
use crate::model::text::{SafeText, is_unsafe};

/// Prints a problem on stderr. Ignores an error of the writing, because there is no other place to report it.
pub(crate) fn print_problem(problem: impl Display) {
    writeln!(io::stderr(), "regtui: {}", fit_to_print(&problem.to_string())).ok();
}

/// Prints on stderr why the own API of a registry's vendor was given up, once.
pub(crate) fn own_api_notice(registry: &dyn Registry) {
    registry.own_api().and_then(OwnApi::take_notice).iter().for_each(print_problem);
}

/// Removes secrets and all characters that a terminal would obey, except line ends. Messages quote files and arguments.
fn fit_to_print(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in redact::secrets(text).chars() {
        if is_unsafe(character) && character != '\n' {
            out.push_str(SafeText::clean(character.encode_utf8(&mut [0; 4])).as_str());
        } else {
            out.push(character);
        }
    }
    out
}

/// Returns a line with visible marks in place of all characters that a terminal would obey. Tabs stay, and nothing is cut:
/// the line may be part of a file.
pub(crate) fn safe_line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for character in line.chars() {
        if is_unsafe(character) && character != '\t' {
            out.push_str(SafeText::clean(character.encode_utf8(&mut [0; 4])).as_str());
        } else {
            out.push(character);
        }
    }
    out
}

/// Prints a value as one line of JSON. Characters that a terminal might obey are escaped, so that a parser reads the
/// same text back.
pub(crate) fn json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(value)?;
    let mut line = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if is_unsafe(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            line.push(character);
        }
    }
    line.push('\n');
    out.write_all(line.as_bytes())
}

/// Rows of cells, printed in columns that are as wide as their widest cell.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<TableRow>,
    right: &'static [usize],
}

#[derive(Debug)]
enum TableRow {
    Cells(Vec<String>),
    /// A line that stands between the rows and is no part of a column.
    Line(String),
}

impl Table {
    /// Creates a table with a heading. The columns in `right` hold numbers and are aligned to the right.
    pub(crate) fn new(heading: &[&str], right: &'static [usize]) -> Table {
        Table { rows: vec![TableRow::Cells(heading.iter().map(ToString::to_string).collect())], right }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(TableRow::Cells(cells));
    }

    /// Adds lines that are no part of a column below the last row.
    pub(crate) fn lines(&mut self, lines: impl IntoIterator<Item = String>) {
        self.rows.extend(lines.into_iter().map(TableRow::Line));
    }

    /// Prints the table.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let mut columns = TableColumns::new(self.right);
        for row in &self.rows {
            if let TableRow::Cells(cells) = row {
                columns.measure(cells);
            }
        }
        for row in &self.rows {
            match row {
                TableRow::Cells(cells) => columns.print(out, cells)?,
                TableRow::Line(line) => writeln!(out, "{}", line.trim_end())?,
            }
        }
        Ok(())
    }
}

/// The widths of the columns of a table. A table of very many rows makes each row twice, to measure it and to print it,
/// and keeps none.
#[derive(Debug)]
pub(crate) struct TableColumns {
    widths: Vec<usize>,
    right: &'static [usize],
}

impl TableColumns {
    /// Creates columns without a width. Those in `right` are aligned to the right.
    pub(crate) fn new(right: &'static [usize]) -> TableColumns {
        TableColumns { widths: Vec::new(), right }
    }

    /// Makes the columns as wide as these cells.
    pub(crate) fn measure<T: AsRef<str>>(&mut self, cells: &[T]) {
        self.widths.resize(self.widths.len().max(cells.len()), 0);
        for (width, cell) in self.widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.as_ref().width());
        }
    }

    /// Prints cells that were measured.
    pub(crate) fn print<T: AsRef<str>>(&self, out: &mut impl Write, cells: &[T]) -> io::Result<()> {
        let mut line = String::new();
        for (column, (cell, width)) in cells.iter().map(AsRef::as_ref).zip(&self.widths).enumerate() {
            let room = " ".repeat(width.saturating_sub(cell.width()));
            let gap = if column == 0 { "" } else { "  " };
            line.push_str(gap);
            if self.right.contains(&column) {
                line.extend([room.as_str(), cell]);
            } else {
                line.extend([cell, room.as_str()]);
            }
        }
        writeln!(out, "{}", line.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_nothing_that_a_terminal_obeys_and_reads_back_the_same() {
        let value = "a\u{9b}31m\u{202e}\u{1b}[2J\u{7f}é";
        let mut out = Vec::new();
        json(&mut out, &value).expect("it is written");
        let line = String::from_utf8(out).expect("text");
        assert!(line.trim_end().chars().all(|character| character == ' ' || !is_unsafe(character)), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).expect("json"), value);
    }

    #[test]
    fn a_complaint_quotes_no_password_and_moves_no_cursor() {
        let text = fit_to_print("`me:CANARY7@r.test\u{1b}[2J`: not a host\nhint: none\u{202e}");
        assert_eq!(text, "`…@r.test␛[2J`: not a host\nhint: none‹U+202E›");
    }

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["TAG", "SIZE", "X"], &[1]);
        table.row(vec!["latest".into(), "1 B".into(), "y".into()]);
        let mut out = Vec::new();
        table.print(&mut out).expect("it is written");
        assert_eq!(String::from_utf8(out).expect("text"), "TAG     SIZE  X\nlatest   1 B  y\n");
    }
}
