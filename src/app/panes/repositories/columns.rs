//! The columns after the names of repositories. They are left out one by one before a name is cut.

use super::{RepositorySort, RepositorySortBy};
use crate::model::columns;

/// A column after the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RepositoryColumn {
    /// The heading.
    pub(crate) title: &'static str,
    /// The order that a click on the heading chooses.
    pub(crate) by: RepositorySortBy,
    /// Columns of the cells, without the gutter before them.
    pub(crate) width: usize,
}

/// Columns of the marker and the mark in front of the names.
const BEFORE_NAMES: usize = 2;
/// Columns between two cells.
const GUTTER: usize = 2;

impl RepositoryColumn {
    /// Returns a cell with its gutter, aligned to the right.
    pub(crate) fn right(self, text: &str) -> String {
        format!("{}{}", " ".repeat(GUTTER), columns::right(text, self.width))
    }
}

/// The least width of the names: that of their heading.
const LEAST_NAME: usize = 10;

/// The columns after the name, the most important first. Their cells are aligned to the right.
const COLUMNS: [RepositoryColumn; 3] = [
    RepositoryColumn { title: "TAGS", by: RepositorySortBy::Tags, width: 6 },
    RepositoryColumn { title: "NEWEST", by: RepositorySortBy::Newest, width: 9 },
    RepositoryColumn { title: "SIZE", by: RepositorySortBy::Size, width: 8 },
];

/// The columns that are shown, and the width of the names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RepositoryColumns {
    /// Columns of the names.
    pub(crate) name: usize,
    /// The columns after the names.
    pub(crate) shown: Vec<RepositoryColumn>,
}

impl RepositoryColumns {
    /// Distributes `room` columns for names that are at most `longest` columns wide. The first column that does not fit
    /// ends the list.
    pub(crate) fn fit(room: usize, longest: usize) -> RepositoryColumns {
        let mut left = room.saturating_sub(longest.max(LEAST_NAME));
        let mut shown = Vec::new();
        for column in COLUMNS {
            let Some(rest) = left.checked_sub(GUTTER + column.width) else { break };
            left = rest;
            shown.push(column);
        }
        let taken: usize = shown.iter().map(|column| GUTTER + column.width).sum();
        RepositoryColumns { name: room - taken, shown }
    }

    /// Returns whether the column of an order is shown.
    pub(crate) fn shows(&self, by: RepositorySortBy) -> bool {
        self.shown.iter().any(|column| column.by == by)
    }

    /// Returns the cells of the heading, each with the order that a click on it chooses. The column of the order has an
    /// arrow.
    pub(crate) fn headings(&self, sort: RepositorySort) -> Vec<(String, RepositorySortBy)> {
        let titled = |title: &str, by: RepositorySortBy| {
            let is_usual = sort == RepositorySort::default();
            if sort.by == by && !is_usual { format!("{title} {}", sort.arrow()) } else { title.to_string() }
        };
        let name = columns::left(&titled("REPOSITORY", RepositorySortBy::Name), self.name);
        let cell = |column: &RepositoryColumn| (column.right(&titled(column.title, column.by)), column.by);
        std::iter::once((name, RepositorySortBy::Name)).chain(self.shown.iter().map(cell)).collect()
    }

    /// Returns the order that a click on this column of the heading chooses.
    pub(crate) fn sort_at(&self, sort: RepositorySort, column: u16) -> Option<RepositorySortBy> {
        let mut end = BEFORE_NAMES;
        let mut cells = self.headings(sort).into_iter();
        let under = cells.find(|(cell, _)| {
            end += columns::width(cell);
            usize::from(column) < end
        });
        under.map(|(_, by)| by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_disappear_one_by_one_before_a_name_is_cut() {
        // The room, the longest name, the width of the names and the number of columns after them.
        let table = [
            (25, 10, 17, 1),
            (25, 17, 17, 1),
            (25, 18, 25, 0),
            (25, 60, 25, 0),
            (30, 10, 11, 2),
            (16, 1, 16, 0),
            (60, 10, 31, 3),
            (0, 0, 0, 0),
        ];
        for (room, longest, name, count) in table {
            let columns = RepositoryColumns::fit(room, longest);
            assert_eq!((columns.name, columns.shown.len()), (name, count), "{room} {longest}");
        }
    }
}
