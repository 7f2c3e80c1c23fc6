//! Names and what becomes of them, lined up below each other. Names are never cut: they are what is decided about. One
//! that is much longer than the others has lines of its own, and pushes nothing aside.

use super::{Page, Tone};
use crate::model::columns::{left, width};

/// Columns between a name and what becomes of it.
const GAP: usize = 2;
/// What stands between an old name and a new one.
const ARROW: &str = " → ";
/// Columns of the arrow.
const ARROW_COLUMNS: usize = 3;
/// Where what becomes of names begins below them, when there is no room beside them.
const BELOW: usize = 4;

/// A name and what becomes of it.
pub(super) struct Pair {
    /// The name.
    pub name: (Tone, String),
    /// What becomes of it.
    pub becomes: (Tone, String),
}

/// An old name, a new one, and what that changes.
pub(super) struct Renamed {
    /// The name that it has.
    pub old: String,
    /// The name that it gets.
    pub new: String,
    /// What that changes.
    pub becomes: (Tone, String),
}

/// Columns of names; those that are longer have lines of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    /// Of the name, or the old one.
    first: usize,
    /// Of the new one with the arrow before it; 0 where there is none.
    second: usize,
}

impl Columns {
    /// Where what becomes of names begins.
    fn behind(self) -> usize {
        match self.first + self.second {
            0 => BELOW,
            columns => columns + GAP,
        }
    }
}

impl Page {
    /// Columns for these names.
    pub(super) fn columns_of(&self, pairs: &[Pair]) -> Columns {
        let beside = widest(pairs.iter().map(|pair| &pair.becomes.1));
        let room = self.width.saturating_sub(beside + GAP);
        let names: Vec<usize> = pairs.iter().map(|pair| width(&pair.name.1)).collect();
        // What many short names stand beside is not pushed to the far end by a long one.
        let most = if names.len() > 1 { room.min(self.width / 2) } else { room };
        Columns { first: longest(&names, most), second: 0 }
    }

    /// One of the names that the columns are for.
    pub(super) fn pair(&mut self, pair: Pair, columns: Columns) {
        let Pair { name, becomes } = pair;
        if width(&name.1) > columns.first {
            self.text(name.0, &name.1);
            return self.becomes(becomes, columns.behind());
        }
        let gap = (Tone::Plain, " ".repeat(GAP));
        self.row(vec![(name.0, left(&name.1, columns.first)), gap, becomes]);
    }

    /// All of these, lined up.
    pub(super) fn renamed(&mut self, rows: Vec<Renamed>) {
        let columns = self.columns_of_renamed(&rows);
        for row in rows {
            self.renamed_row(row, columns);
        }
    }

    /// Columns that leave room beside them for what becomes of the names, if half of them then fit; else it stands
    /// below those where it has no room.
    fn columns_of_renamed(&self, rows: &[Renamed]) -> Columns {
        let beside = widest(rows.iter().map(|row| &row.becomes.1));
        let with = names_within(rows, self.width.saturating_sub(ARROW_COLUMNS + GAP + beside));
        let fitting = rows.iter().filter(|row| row.fits(with.0, with.1)).count();
        let (old, new) = match 2 * fitting >= rows.len() {
            true => with,
            false => names_within(rows, self.width.saturating_sub(ARROW_COLUMNS)),
        };
        Columns { first: old, second: new + ARROW_COLUMNS }
    }

    fn renamed_row(&mut self, row: Renamed, columns: Columns) {
        let (old, new) = (columns.first, columns.second.saturating_sub(ARROW_COLUMNS));
        if !row.fits(old, new) {
            self.text(Tone::Plain, &row.old);
            self.text(Tone::Strong, &format!("  → {}", row.new));
            return self.becomes(row.becomes, columns.behind());
        }
        let mut names = vec![
            (Tone::Plain, left(&row.old, old)),
            (Tone::Dim, ARROW.into()),
            (Tone::Strong, left(&row.new, new)),
        ];
        if columns.behind() + width(&row.becomes.1) <= self.width {
            names.extend([(Tone::Plain, " ".repeat(GAP)), row.becomes]);
            return self.row(names);
        }
        self.row(names);
        self.becomes(row.becomes, BELOW);
    }

    /// What becomes of the name above.
    fn becomes(&mut self, (tone, text): (Tone, String), column: usize) {
        let indent = if column + width(&text) <= self.width { column } else { BELOW };
        for line in crate::model::columns::wrap(&text, self.width.saturating_sub(indent)) {
            self.row(vec![(Tone::Plain, " ".repeat(indent)), (tone, line)]);
        }
    }
}

impl Renamed {
    fn fits(&self, old: usize, new: usize) -> bool {
        width(&self.old) <= old && width(&self.new) <= new
    }
}

/// Columns for old and new names that take so many together; where they do not, for those of them that take half.
fn names_within(rows: &[Renamed], room: usize) -> (usize, usize) {
    let old: Vec<usize> = rows.iter().map(|row| width(&row.old)).collect();
    let new: Vec<usize> = rows.iter().map(|row| width(&row.new)).collect();
    let all = (longest(&old, usize::MAX), longest(&new, usize::MAX));
    match all.0 + all.1 <= room {
        true => all,
        false => (longest(&old, room / 2), longest(&new, room / 2)),
    }
}

/// The longest of those that are not longer than `most`.
fn longest(widths: &[usize], most: usize) -> usize {
    widths.iter().copied().filter(|columns| *columns <= most).max().unwrap_or(0)
}

fn widest<'a>(texts: impl Iterator<Item = &'a String>) -> usize {
    texts.map(|text| width(text)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Size;

    use super::*;

    fn drawn(page: Page) -> Vec<String> {
        let text = |line: &super::super::Line| line.pieces.iter().map(|(_, text)| text.as_str()).collect();
        page.lines.iter().map(text).collect()
    }

    fn becomes(text: &str) -> (Tone, String) {
        (Tone::Dim, text.into())
    }

    fn pairs(names: &[&str], columns: u16) -> Vec<String> {
        let mut page = Page::new(Size::new(columns, 30));
        let pair =
            |name: &&str| Pair { name: (Tone::Plain, name.to_string()), becomes: becomes("0123456789ab") };
        let pairs: Vec<Pair> = names.iter().map(pair).collect();
        let columns = page.columns_of(&pairs);
        pairs.into_iter().for_each(|pair| page.pair(pair, columns));
        drawn(page)
    }

    fn renamed(names: &[(&str, &str)], text: &str, columns: u16) -> Vec<String> {
        let mut page = Page::new(Size::new(columns, 30));
        let row = |(old, new): &(&str, &str)| Renamed {
            old: old.to_string(),
            new: new.to_string(),
            becomes: becomes(text),
        };
        page.renamed(names.iter().map(row).collect());
        drawn(page)
    }

    #[test]
    fn a_long_name_pushes_nothing_aside_and_is_not_cut() {
        let long = "a-name-that-is-longer-than-half-a-line";
        assert_eq!(
            pairs(&["1.4", long, "latest"], 50),
            ["1.4     0123456789ab", long, "        0123456789ab", "latest  0123456789ab"]
        );
        assert_eq!(
            pairs(&["1.4", "0123456789"], 30),
            ["1.4         0123456789ab", "0123456789  0123456789ab"]
        );
    }

    #[test]
    fn a_name_alone_has_the_line_if_it_fits() {
        let long = "a-name-that-is-longer-than-half-a-line";
        assert_eq!(pairs(&[long], 60), [format!("{long}  0123456789ab")]);
        assert_eq!(pairs(&[long], 40), [long.to_string(), "    0123456789ab".into()]);
    }

    #[test]
    fn old_and_new_names_and_what_they_change_are_lined_up() {
        let long = "2026-11-21-nightly-of-a-branch";
        let rows = renamed(&[("1", "v1"), (long, "v2"), ("10", "v10")], "new  0123456789ab", 50);
        let expected = [
            "1  → v1   new  0123456789ab",
            long,
            "  → v2",
            "          new  0123456789ab",
            "10 → v10  new  0123456789ab",
        ];
        assert_eq!(rows, expected);
        let replaces = "replaces 0123456789ab → ba9876543210";
        let rows = renamed(&[("1.4.2", "1.4.2-stable"), ("1", "1-stable")], replaces, 46);
        let expected = [
            "1.4.2 → 1.4.2-stable".to_string(),
            format!("    {replaces}"),
            "1     → 1-stable    ".into(),
            format!("    {replaces}"),
        ];
        assert_eq!(rows, expected);
    }

    proptest::proptest! {
        #[test]
        fn no_row_is_wider_than_the_page(
            names in proptest::collection::vec(("[a-z0-9.-]{1,90}", "[a-z0-9.-]{1,90}"), 1..8),
            columns in 30u16..100,
        ) {
            let text = "replaces 0123456789ab → ba9876543210";
            let both: Vec<(&str, &str)> = names.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect();
            let old: Vec<&str> = names.iter().map(|(old, _)| old.as_str()).collect();
            for line in renamed(&both, text, columns).into_iter().chain(pairs(&old, columns)) {
                proptest::prop_assert!(width(&line) <= usize::from(columns), "{line:?}");
            }
        }
    }
}
