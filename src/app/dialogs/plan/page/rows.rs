//! Names with their results, aligned below each other. Names are never cut: the decision is about them. A name that is
//! much longer than the others has lines of its own and pushes nothing aside. The date and the size of the image stand
//! between a name and its result.

use super::{PlanPage, Tone};
use crate::model::change::image_info::ImageInfo;
use crate::model::change::wording::ImageRow;
use crate::model::columns::{left, right, width};

/// Columns between a name and its result.
const GAP: usize = 2;
/// The text between an old name and a new one.
const ARROW: &str = " → ";
/// Columns of the arrow.
const ARROW_COLUMNS: usize = 3;
/// The column at which results begin below names, if there is no room beside them.
const BELOW: usize = 2;

/// Columns of a date.
const DATE: usize = 10;
/// Columns of a size.
const SIZE: usize = 8;

/// The result for a name, after the date and the size of the image if there is one.
pub(crate) struct Becomes {
    info: Option<[String; 2]>,
    tone: Tone,
    text: String,
}

impl Becomes {
    /// Creates the result for a name, which may stand for an image.
    pub(crate) fn new(info: Option<ImageInfo>, (tone, text): (Tone, String)) -> Becomes {
        let info = info.map(|info| [left(&info.date(), DATE), right(&info.bytes(), SIZE)]);
        Becomes { info, tone, text }
    }

    fn width(&self) -> usize {
        let info = self.info.as_ref().map_or(0, |[date, size]| width(date) + width(size) + 2 * GAP);
        info + width(&self.text)
    }

    fn pieces(self) -> Vec<(Tone, String)> {
        let gap = || (Tone::Plain, " ".repeat(GAP));
        let info = self.info.map(|[date, size]| [(Tone::Dim, date), gap(), (Tone::Number, size), gap()]);
        info.into_iter().flatten().chain([(self.tone, self.text)]).collect()
    }

    /// Wraps the result into lines of this number of columns.
    fn wrapped(self, columns: usize) -> Vec<Vec<(Tone, String)>> {
        if self.width() <= columns {
            return vec![self.pieces()];
        }
        let wrap = |text: &str| crate::model::columns::wrap(text, columns);
        let info = self.info.map(|[date, size]| format!("{}  {}", date.trim_end(), size.trim_start()));
        let info = info.iter().flat_map(|info| wrap(info)).map(|line| (Tone::Dim, line));
        info.chain(wrap(&self.text).into_iter().map(|line| (self.tone, line)))
            .map(|piece| vec![piece])
            .collect()
    }
}

impl From<ImageRow> for Renamed {
    fn from(row: ImageRow) -> Renamed {
        let becomes = Becomes::new(row.info, row.result);
        Renamed { old: row.name.1, new: row.new_name.unwrap_or_default(), becomes }
    }
}

/// A name and its result.
pub(crate) struct Pair {
    /// The name.
    pub(crate) name: (Tone, String),
    /// The result.
    pub(crate) becomes: Becomes,
}

/// An old name, a new name, and the result of the renaming.
pub(crate) struct Renamed {
    /// The old name.
    pub(crate) old: String,
    /// The new name.
    pub(crate) new: String,
    /// The result.
    pub(crate) becomes: Becomes,
}

/// Columns of names. Longer names have lines of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowColumns {
    /// Columns of the name, or of the old name.
    first: usize,
    /// Columns of the new name with the arrow before it; 0 if there is none.
    second: usize,
    /// Whether there is room for the results beside the names. Otherwise they stand below them.
    has_room: bool,
}

impl RowColumns {
    /// Returns the column at which results begin.
    fn results_column(self) -> usize {
        if self.has_room { self.first + self.second + GAP } else { BELOW }
    }
}

impl PlanPage<'_> {
    /// Returns the columns for these names.
    pub(crate) fn columns_of(&self, pairs: &[Pair]) -> RowColumns {
        let beside = widest_result(pairs.iter().map(|pair| &pair.becomes));
        let room = self.width.saturating_sub(beside + GAP);
        let names: Vec<usize> = pairs.iter().map(|pair| width(&pair.name.1)).collect();
        // A long name must not push the results of many short names to the far end of the line.
        let most = if names.len() > 1 { room.min(self.width / 2) } else { room };
        let first = longest(&names, most);
        RowColumns { first, second: 0, has_room: first > 0 }
    }

    /// Adds one of the names that the columns were computed for.
    pub(crate) fn pair(&mut self, pair: Pair, columns: RowColumns) {
        let Pair { name, becomes } = pair;
        if width(&name.1) > columns.first {
            self.text(name.0, &name.1);
            return self.add_result(becomes, columns.results_column());
        }
        let gap = (Tone::Plain, " ".repeat(GAP));
        let name = (name.0, left(&name.1, columns.first));
        self.row([name, gap].into_iter().chain(becomes.pieces()).collect());
    }

    /// Adds all these rows, aligned.
    pub(crate) fn renamed(&mut self, rows: Vec<Renamed>) {
        let columns = self.columns_of_renamed(&rows);
        for row in rows {
            self.renamed_row(row, columns);
        }
    }

    /// Returns columns that leave room for the results beside the names, if most of the names then fit. Otherwise the
    /// results stand below the names.
    fn columns_of_renamed(&self, rows: &[Renamed]) -> RowColumns {
        let beside = widest_result(rows.iter().map(|row| &row.becomes));
        let with = columns_within(rows, self.width.saturating_sub(ARROW_COLUMNS + GAP + beside));
        let fitting = rows.iter().filter(|row| row.fits(with.0, with.1)).count();
        let has_room = 2 * fitting > rows.len();
        let (old, new) =
            if has_room { with } else { columns_within(rows, self.width.saturating_sub(ARROW_COLUMNS)) };
        RowColumns { first: old, second: new + ARROW_COLUMNS, has_room }
    }

    fn renamed_row(&mut self, row: Renamed, columns: RowColumns) {
        let (old, new) = (columns.first, columns.second.saturating_sub(ARROW_COLUMNS));
        if !row.fits(old, new) {
            self.text(Tone::Plain, &row.old);
            self.text(Tone::Strong, &format!("  → {}", row.new));
            return self.add_result(row.becomes, columns.results_column());
        }
        let mut names = vec![
            (Tone::Plain, left(&row.old, old)),
            (Tone::Dim, ARROW.into()),
            (Tone::Strong, left(&row.new, new)),
        ];
        if columns.has_room && columns.results_column() + row.becomes.width() <= self.width {
            names.push((Tone::Plain, " ".repeat(GAP)));
            names.extend(row.becomes.pieces());
            return self.row(names);
        }
        self.row(names);
        self.add_result(row.becomes, BELOW);
    }

    /// Adds the result for the name above.
    fn add_result(&mut self, becomes: Becomes, column: usize) {
        let indent = if column + becomes.width() <= self.width { column } else { BELOW };
        for line in becomes.wrapped(self.width.saturating_sub(indent)) {
            self.row([(Tone::Plain, " ".repeat(indent))].into_iter().chain(line).collect());
        }
    }
}

impl Renamed {
    fn fits(&self, old: usize, new: usize) -> bool {
        width(&self.old) <= old && width(&self.new) <= new
    }
}

/// Returns the columns for old and new names that together take at most this room. If they do not fit, returns the
/// columns for those names that take at most half of it.
fn columns_within(rows: &[Renamed], room: usize) -> (usize, usize) {
    let old: Vec<usize> = rows.iter().map(|row| width(&row.old)).collect();
    let new: Vec<usize> = rows.iter().map(|row| width(&row.new)).collect();
    let all = (longest(&old, usize::MAX), longest(&new, usize::MAX));
    if all.0 + all.1 <= room { all } else { (longest(&old, room / 2), longest(&new, room / 2)) }
}

/// Returns the largest of the widths that are at most `most`.
fn longest(widths: &[usize], most: usize) -> usize {
    widths.iter().copied().filter(|columns| *columns <= most).max().unwrap_or(0)
}

fn widest_result<'a>(all: impl Iterator<Item = &'a Becomes>) -> usize {
    all.map(Becomes::width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Size;

    use super::*;
    use crate::app::keys::Keys;

    fn drawn(page: PlanPage<'_>) -> Vec<String> {
        let text = |line: &crate::app::dialogs::plan::page::PlanLine| {
            line.pieces.iter().map(|(_, text)| text.as_str()).collect()
        };
        page.lines.iter().map(text).collect()
    }

    fn becomes(text: &str) -> Becomes {
        Becomes::new(None, (Tone::Dim, text.into()))
    }

    fn pairs(names: &[&str], columns: u16) -> Vec<String> {
        let keys = Keys::default();
        let mut page = PlanPage::new(Size::new(columns, 30), &keys);
        let pair =
            |name: &&str| Pair { name: (Tone::Plain, name.to_string()), becomes: becomes("0123456789ab") };
        let pairs: Vec<Pair> = names.iter().map(pair).collect();
        let columns = page.columns_of(&pairs);
        pairs.into_iter().for_each(|pair| page.pair(pair, columns));
        drawn(page)
    }

    fn renamed(names: &[(&str, &str)], text: &str, columns: u16) -> Vec<String> {
        let keys = Keys::default();
        let mut page = PlanPage::new(Size::new(columns, 30), &keys);
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
        assert_eq!(pairs(&[long], 40), [long.to_string(), "  0123456789ab".into()]);
    }

    #[test]
    fn old_names_new_names_and_their_changes_are_lined_up() {
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
            format!("  {replaces}"),
            "1     → 1-stable    ".into(),
            format!("  {replaces}"),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn dates_and_sizes_stand_in_columns_of_their_own_and_are_never_cut() {
        let info = |created: &str, size| ImageInfo { created: created.parse().ok(), size: Some(size) };
        let row = |old: &str, info: &ImageInfo| Renamed {
            old: old.into(),
            new: format!("v{old}"),
            becomes: Becomes::new(Some(*info), (Tone::Good, "new  0123456789ab".into())),
        };
        let rows = |columns| {
            let keys = Keys::default();
            let mut page = PlanPage::new(Size::new(columns, 30), &keys);
            let dated = info("2026-11-20T10:00:00Z", 1_204_500_000);
            page.renamed(vec![row("1.10", &dated), row("2", &info("-", 900))]);
            drawn(page)
        };
        assert_eq!(
            rows(60),
            [
                "1.10 → v1.10  2026-11-20    1.2 GB  new  0123456789ab",
                "2    → v2     -              900 B  new  0123456789ab",
            ]
        );
        assert_eq!(
            rows(44),
            [
                "1.10 → v1.10",
                "  2026-11-20    1.2 GB  new  0123456789ab",
                "2    → v2   ",
                "  -              900 B  new  0123456789ab",
            ]
        );
        assert_eq!(
            rows(30),
            [
                "1.10 → v1.10",
                "  2026-11-20  1.2 GB",
                "  new  0123456789ab",
                "2    → v2   ",
                "  -  900 B",
                "  new  0123456789ab",
            ]
        );
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
