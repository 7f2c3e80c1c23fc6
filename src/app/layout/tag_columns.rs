//! The columns of the Tags pane, which are left out one by one in a narrow pane, and the order that a click on their
//! headings chooses.

use crate::app::panes::tags::{Sort, SortBy, TagsPane};
use crate::app::settings::ExtraColumns;
use crate::model::columns;

/// The columns after the tag, with their widths and their gutters. This one is the last to be left out.
pub(crate) const SIZE: Column = Column { title: "SIZE", gutter: 1, width: 8 };
/// See [`SIZE`].
pub(crate) const CREATED: Column = Column { title: "CREATED", gutter: 2, width: 9 };
/// The time of the last push, in the place of [`CREATED`] if the vendor lists it.
pub(crate) const PUSHED: Column = Column { title: "PUSHED", gutter: 2, width: 9 };
/// The time of the last pull, if the vendor lists it.
pub(crate) const PULLED: Column = Column { title: "PULLED", gutter: 2, width: 9 };
/// The time that is left to a tag, if the vendor lists it.
pub(crate) const EXPIRES: Column = Column { title: "EXPIRES", gutter: 2, width: 9 };
/// See [`SIZE`].
pub(crate) const DIGEST: Column = Column { title: "DIGEST", gutter: 1, width: 12 };
/// See [`SIZE`].
pub(crate) const PLATFORMS: Column = Column { title: "PLATFORMS", gutter: 2, width: 11 };
/// See [`SIZE`].
pub(crate) const KIND: Column = Column { title: "KIND", gutter: 2, width: 10 };
/// The findings of the last scan, shown if the user asks for them: four numbers.
pub(crate) const SCAN: Column = Column { title: "C   H   M   L", gutter: 1, width: 16 };
/// The base, shown if the user asks for it.
pub(crate) const BASE: Column = Column { title: "BASE", gutter: 2, width: 14 };
/// The greatest width of BASE: `debian:12 −2 layers, 14 d behind`, or a longer name.
const MOST_BASE: usize = 36;
/// Columns of the marker and the mark in front of the cells.
const BEFORE_CELLS: u16 = 2;
/// Columns of the sign behind the tag that marks a shared digest: ` =a`.
pub(crate) const SIGN: usize = 3;
/// The least width of the tag's column: that of its title.
const LEAST_TAG: usize = 8;
/// The width that long tags have before the other columns are placed.
const FIRST_TAG: usize = 11;
/// The greatest width of the tag's column.
const MOST_TAG: usize = 40;
/// The width of PLATFORMS that other columns leave it before the lists of platforms are known: `amd64 arm64 arm/v7`.
const USUAL_PLATFORMS: usize = 18;
/// The greatest width of PLATFORMS.
const MOST_PLATFORMS: usize = 40;

/// A column after the tag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    title: &'static str,
    /// Columns in front of the cells.
    pub(crate) gutter: usize,
    width: usize,
}

impl Column {
    fn all(self) -> usize {
        self.gutter + self.width
    }

    /// Returns a cell with its gutter, aligned to the left.
    pub(crate) fn left(self, text: &str) -> String {
        format!("{}{}", " ".repeat(self.gutter), columns::left(text, self.width))
    }

    /// Returns a cell with its gutter, aligned to the right.
    pub(crate) fn right(self, text: &str) -> String {
        format!("{}{}", " ".repeat(self.gutter), columns::right(text, self.width))
    }
}

/// The columns that are shown, and the width of the tag's column.
#[derive(Debug)]
pub(crate) struct TagColumns {
    /// Columns of all cells.
    pub(crate) room: usize,
    /// Columns of the tag.
    pub(crate) tag: usize,
    /// Whether the digest is shown.
    pub(crate) digest: bool,
    /// Whether the size is shown.
    pub(crate) size: bool,
    /// Whether the findings of the last scan are shown.
    pub(crate) scan: bool,
    /// Columns of the base, or 0 if it is not shown.
    pub(crate) base: usize,
    /// Whether the age is shown.
    pub(crate) created: bool,
    /// Whether the age is that of the last push, and not that of the image.
    pub(crate) pushed: bool,
    /// Whether the last pull is shown.
    pub(crate) pulled: bool,
    /// Whether the end of a tag is shown.
    pub(crate) expires: bool,
    /// Columns of the platforms, or 0 if they are not shown.
    pub(crate) platforms: usize,
    /// Whether the kind is shown.
    pub(crate) kind: bool,
}

/// The columns that only the vendor of the registry can fill.
#[derive(Debug, Clone, Copy, Default)]
struct VendorColumns {
    pushed: bool,
    pulled: bool,
    expires: bool,
}

impl VendorColumns {
    fn of(tags: &TagsPane) -> VendorColumns {
        VendorColumns {
            pushed: tags.shows_pushes(),
            pulled: tags.vendor.has_pulls(),
            expires: tags.vendor.has_expiry(),
        }
    }
}

impl TagColumns {
    /// Returns the columns of a pane whose rows have this width. The marker and the mark stand in front of the cells.
    /// One column before the border stays free.
    pub(crate) fn of(tags: &TagsPane, extras: ExtraColumns, width: u16) -> TagColumns {
        let vendor = VendorColumns::of(tags);
        TagColumns::fit_with(
            usize::from(width).saturating_sub(usize::from(BEFORE_CELLS) + 1),
            tags.longest,
            tags.longest_platforms,
            extras,
            vendor,
        )
    }

    #[cfg(test)]
    fn fit(room: usize, longest: usize, longest_platforms: usize, extras: ExtraColumns) -> TagColumns {
        TagColumns::fit_with(room, longest, longest_platforms, extras, VendorColumns::default())
    }

    /// Returns the cells of the heading, each with the order that a click on it chooses. The column of the order has an
    /// arrow.
    pub(crate) fn headings(&self, sort: Sort) -> Vec<(String, Option<SortBy>)> {
        let titled = |title: &str, by: SortBy| {
            if sort.by == by { format!("{title} {}", sort.arrow()) } else { title.to_string() }
        };
        let of_name = if sort.by == SortBy::Name { SortBy::Name } else { SortBy::Version };
        let (platforms, base) = (self.platforms(), self.base());
        let cells = [
            (true, columns::left(&titled("TAG", of_name), self.tag + SIGN), Some(of_name)),
            (self.digest, DIGEST.left(DIGEST.title), None),
            (self.size, SIZE.right(&titled(SIZE.title, SortBy::Size)), Some(SortBy::Size)),
            (self.scan, SCAN.right(SCAN.title), None),
            (self.created && self.pushed, PUSHED.left(PUSHED.title), Some(SortBy::Date)),
            (
                self.created && !self.pushed,
                CREATED.left(&titled(CREATED.title, SortBy::Date)),
                Some(SortBy::Date),
            ),
            (self.pulled, PULLED.left(PULLED.title), None),
            (self.expires, EXPIRES.left(EXPIRES.title), None),
            (self.base > 0, base.left(base.title), None),
            (self.platforms > 0, platforms.left(platforms.title), None),
            (self.kind, KIND.left(KIND.title), None),
        ];
        cells.into_iter().filter(|(is_shown, ..)| *is_shown).map(|(_, cell, by)| (cell, by)).collect()
    }

    /// Returns the order that a click on this column of the heading chooses.
    pub(crate) fn sort_at(&self, sort: Sort, column: u16) -> Option<SortBy> {
        let mut end = usize::from(BEFORE_CELLS);
        let mut cells = self.headings(sort).into_iter();
        let under = cells.find(|(cell, _)| {
            end += columns::width(cell);
            usize::from(column) < end
        });
        under.and_then(|(_, by)| by)
    }

    /// Distributes `room` columns for tags that are at most `longest` columns wide, and lists of platforms that are at
    /// most `longest_platforms` wide. Long tags get only a share until size, age, digest and platforms are placed. Then
    /// both get as much as they need, the tags first, and the kind comes last. The first of these columns that does not
    /// fit ends the list. The columns that the user asked for come before all of them.
    fn fit_with(
        room: usize,
        longest: usize,
        longest_platforms: usize,
        extras: ExtraColumns,
        vendor: VendorColumns,
    ) -> TagColumns {
        let whole = longest.clamp(LEAST_TAG, MOST_TAG);
        let mut tag = whole.min(FIRST_TAG.max(room / 4)).min(room.saturating_sub(SIGN));
        let mut left = room.saturating_sub(tag + SIGN);
        let mut take = |column: Column, after: bool| {
            let fits = after && left >= column.all();
            left -= if fits { column.all() } else { 0 };
            fits
        };
        let scan = take(SCAN, extras.scan);
        let has_base = take(BASE, extras.base);
        let size = take(SIZE, true);
        let created = take(CREATED, size);
        let expires = take(EXPIRES, created && vendor.expires);
        let pulled = take(PULLED, created && vendor.pulled);
        let digest = take(DIGEST, created);
        let has_platforms = take(PLATFORMS, digest);
        let more = left.min(whole.saturating_sub(tag));
        tag += more;
        left -= more;
        let more = if has_base { left.min(MOST_BASE - BASE.width) } else { 0 };
        let base = if has_base { BASE.width + more } else { 0 };
        left -= more;
        let needed = longest_platforms.clamp(USUAL_PLATFORMS, MOST_PLATFORMS) - PLATFORMS.width;
        let more = if has_platforms { left.min(needed) } else { 0 };
        let platforms = if has_platforms { PLATFORMS.width + more } else { 0 };
        left -= more;
        let kind = has_platforms && left >= KIND.all();
        left -= if kind { KIND.all() } else { 0 };
        tag += left.min(MOST_TAG.saturating_sub(tag));
        let pushed = vendor.pushed;
        TagColumns { room, tag, digest, size, scan, base, created, pushed, pulled, expires, platforms, kind }
    }

    /// Returns the column of the base.
    pub(crate) fn base(&self) -> Column {
        Column { width: self.base, ..BASE }
    }

    /// Returns the column of the platforms.
    pub(crate) fn platforms(&self) -> Column {
        Column { width: self.platforms, ..PLATFORMS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_give_way_one_by_one_and_never_overflow() {
        for room in 0..160 {
            let extras = [(false, false), (true, false), (false, true), (true, true)];
            let names = [(0, 0), (6, 18), (20, 30), (128, 128)];
            let all = extras.into_iter().flat_map(|extras| names.map(|names| (extras, names)));
            for ((base, scan), (longest, platforms)) in all {
                let widths = TagColumns::fit(room, longest, platforms, ExtraColumns { base, scan });
                let taken = |has: bool, column: Column| if has { column.all() } else { 0 };
                let used = widths.tag
                    + if room > SIGN { SIGN } else { 0 }
                    + taken(widths.digest, DIGEST)
                    + taken(widths.size, SIZE)
                    + taken(widths.scan, SCAN)
                    + taken(widths.base > 0, widths.base())
                    + taken(widths.created, CREATED)
                    + taken(widths.platforms > 0, widths.platforms())
                    + taken(widths.kind, KIND);
                assert!(used <= room, "{room} {longest}: {used}");
                let placed = [widths.size, widths.created, widths.digest, widths.platforms > 0, widths.kind];
                assert!(placed.is_sorted_by(|first, next| first >= next), "{room} {longest}: {placed:?}");
            }
        }
        let narrow = TagColumns::fit(37, 10, 18, ExtraColumns::default());
        assert!(narrow.size && narrow.created && !narrow.digest);
    }

    #[test]
    fn columns_that_the_user_asked_for_come_before_the_others() {
        let both = ExtraColumns { base: true, scan: true };
        let narrow = TagColumns::fit(30, 10, 18, both);
        assert!(narrow.scan && narrow.base == 0 && !narrow.size);
        let usual = TagColumns::fit(46, 10, 18, both);
        assert!(usual.scan && usual.base >= 14 && !usual.size);
        let wide = TagColumns::fit(130, 10, 18, both);
        assert!(wide.scan && wide.base == MOST_BASE && wide.digest && wide.platforms >= 18);
        let heading: String = usual.headings(Sort::default()).into_iter().map(|(cell, _)| cell).collect();
        assert!(heading.contains("C   H   M   L  BASE"), "{heading}");
    }

    #[test]
    fn one_long_tag_takes_no_column_away_that_says_more() {
        let narrow = TagColumns::fit(36, 52, 18, ExtraColumns::default());
        assert!(narrow.size && narrow.created);
        let usual = TagColumns::fit(50, 52, 18, ExtraColumns::default());
        assert!(usual.size && usual.created && usual.digest && usual.platforms == 0);
        assert!(TagColumns::fit(66, 16, 18, ExtraColumns::default()).platforms > 0);
    }

    /// At 150 columns the pane had 70 for its rows, ten of which stayed empty beside `3 platforms`.
    #[test]
    fn platforms_are_written_out_before_any_column_stays_empty() {
        let wide = TagColumns::fit(70, 10, 18, ExtraColumns::default());
        assert!(wide.platforms >= 18 && !wide.kind);
        assert_eq!(TagColumns::fit(79, 10, 30, ExtraColumns::default()).platforms, 30);
        let widest = TagColumns::fit(90, 10, 18, ExtraColumns::default());
        assert!(widest.platforms == 18 && widest.kind);
    }

    #[test]
    fn a_click_on_a_heading_chooses_the_order_of_its_column() {
        let widths = TagColumns::fit(60, 10, 18, ExtraColumns::default());
        let by = |by, reversed| Sort { by, reversed };
        let heading = |sort| widths.headings(sort).into_iter().map(|(cell, _)| cell).collect::<String>();
        let line = heading(by(SortBy::Size, false));
        assert!(line.contains("SIZE ↓") && line.starts_with("TAG "), "{line}");
        assert!(heading(by(SortBy::Version, true)).starts_with("TAG ↑"));
        assert!(heading(by(SortBy::Name, false)).starts_with("TAG ↑"));
        let at = |title: &str, sort| {
            let column = line.find(title).expect("a heading") as u16 + BEFORE_CELLS;
            widths.sort_at(sort, column)
        };
        let sort = by(SortBy::Size, false);
        assert_eq!(at("SIZE", sort), Some(SortBy::Size));
        assert_eq!(at("TAG", sort), Some(SortBy::Version));
        assert_eq!(at("TAG", by(SortBy::Name, true)), Some(SortBy::Name));
        assert_eq!(at("DIGEST", sort), None);
        assert_eq!(widths.sort_at(sort, 200), None);
    }
}
