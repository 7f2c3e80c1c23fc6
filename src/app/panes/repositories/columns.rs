//! The columns after the names of repositories. They are left out one by one before a name is cut.

use super::RepositorySortBy;

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

/// Columns between two cells.
pub(crate) const GUTTER: usize = 2;

/// The least width of the names: that of their heading.
const LEAST_NAME: usize = 10;

/// The columns after the name, the most important first. Their cells are aligned to the right.
const COLUMNS: [RepositoryColumn; 3] = [
    RepositoryColumn { title: "TAGS", by: RepositorySortBy::Tags, width: 5 },
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_disappear_one_by_one_before_a_name_is_cut() {
        // The room, the longest name, the width of the names and the number of columns after them.
        let table = [
            (25, 10, 18, 1),
            (25, 18, 18, 1),
            (25, 19, 25, 0),
            (25, 60, 25, 0),
            (30, 10, 12, 2),
            (16, 1, 16, 0),
            (60, 10, 32, 3),
            (0, 0, 0, 0),
        ];
        for (room, longest, name, count) in table {
            let columns = RepositoryColumns::fit(room, longest);
            assert_eq!((columns.name, columns.shown.len()), (name, count), "{room} {longest}");
        }
    }
}
