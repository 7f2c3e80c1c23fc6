//! The Tags pane: the facts about each tag, in columns that are left out one by one in a narrow pane.

use jiff::Timestamp;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::panes::tags::opened::{OPENED, OpenedImage};
use crate::app::panes::tags::{SortBy, TagsPane};
use crate::app::{Pane, layout};
use crate::model::failure::FailureKind;
use crate::model::summary::Summary;
use crate::model::{columns, size, time};
use crate::ui::Canvas;
use crate::ui::kind::short;
use crate::ui::theme::Role;

/// The columns after the tag, with their widths and their gutters. SIZE is the last to be left out.
const SIZE: Column = Column { title: "SIZE", gutter: 2, width: 8 };
const CREATED: Column = Column { title: "CREATED", gutter: 2, width: 9 };
const DIGEST: Column = Column { title: "DIGEST", gutter: 1, width: 12 };
const PLATFORMS: Column = Column { title: "PLATFORMS", gutter: 2, width: 11 };
const KIND: Column = Column { title: "KIND", gutter: 2, width: 10 };
/// Columns of the sign behind the tag that marks a shared digest.
const SIGN: usize = 2;
/// The least width of the tag's column: that of its title.
const LEAST_TAG: usize = 8;
/// The width that long tags have before the other columns are placed.
const FIRST_TAG: usize = 12;
/// The greatest width of the tag's column.
const MOST_TAG: usize = 40;
/// Columns that long lists of platforms may take beyond the least width.
const MORE_PLATFORMS: usize = 20;

/// A column after the tag.
#[derive(Clone, Copy)]
struct Column {
    title: &'static str,
    gutter: usize,
    width: usize,
}

impl Column {
    fn all(self) -> usize {
        self.gutter + self.width
    }

    /// Returns a cell with its gutter, aligned to the left.
    fn left(self, text: &str) -> String {
        format!("{}{}", " ".repeat(self.gutter), columns::left(text, self.width))
    }

    /// Returns a cell with its gutter, aligned to the right.
    fn right(self, text: &str) -> String {
        format!("{}{}", " ".repeat(self.gutter), columns::right(text, self.width))
    }
}

/// The columns that are shown, and the width of the tag's column.
struct TagColumns {
    room: usize,
    tag: usize,
    digest: bool,
    size: bool,
    created: bool,
    platforms: usize,
    kind: bool,
}

impl TagColumns {
    /// Distributes `room` columns for tags that are at most `longest` columns wide. Long tags get only a share until
    /// size, age and digest are placed. The rest goes to the platforms, then to the tags, then to the kind. The first
    /// of these columns that does not fit ends the list.
    fn fit(room: usize, longest: usize) -> TagColumns {
        let whole = longest.clamp(LEAST_TAG, MOST_TAG);
        let mut tag = whole.min(FIRST_TAG.max(room / 4)).min(room.saturating_sub(SIGN));
        let mut left = room.saturating_sub(tag + SIGN);
        let mut take = |column: Column, after: bool| {
            let fits = after && left >= column.all();
            left -= if fits { column.all() } else { 0 };
            fits
        };
        let size = take(SIZE, true);
        let created = take(CREATED, size);
        let digest = take(DIGEST, created);
        let has_platforms = take(PLATFORMS, digest);
        let more = left.min(whole.saturating_sub(tag));
        tag += more;
        left -= more;
        let kind = has_platforms && left >= KIND.all();
        left -= if kind { KIND.all() } else { 0 };
        let extra = if has_platforms { left.min(MORE_PLATFORMS) } else { 0 };
        let platforms = if has_platforms { PLATFORMS.width + extra } else { 0 };
        tag += (left - extra).min(MOST_TAG.saturating_sub(tag));
        TagColumns { room, tag, digest, size, created, platforms, kind }
    }

    fn platforms(&self) -> Column {
        Column { width: self.platforms, ..PLATFORMS }
    }
}

impl Canvas<'_, '_> {
    /// Draws the tags of the repository under the cursor.
    pub(crate) fn tags(&mut self, area: Rect) {
        let tags = &self.state.tags;
        self.draw_frame(Pane::Tags, area, self.tags_title(tags));
        self.draw_filter(area, &tags.list);
        let rows = layout::rows(self.state, &layout::of(self.state), Pane::Tags);
        if tags.list.rows.is_empty() {
            self.no_tags(rows, tags);
            return self.tags_foot(area, tags);
        }
        // The marker and the mark stand in front of the cells. One column before the border stays free.
        let widths = TagColumns::fit(usize::from(rows.width).saturating_sub(3), tags.longest);
        let heading = Rect::new(rows.x, rows.y.saturating_sub(1), rows.width, 1);
        self.tags_heading(heading, &widths);
        for (line, row) in tags.list.visible_rows().enumerate() {
            let place = Rect::new(rows.x, rows.y + line as u16, rows.width, 1);
            let cells = self.tag_cells(tags, row, &widths);
            self.row(Pane::Tags, place, &tags.list, row, cells);
        }
        self.scrollbar(area, rows, tags.list.offset, tags.list.rows.len());
        self.tags_foot(area, tags);
    }

    /// Draws the line below the tags.
    fn tags_foot(&mut self, area: Rect, tags: &TagsPane) {
        if layout::has_foot(self.state, Pane::Tags) {
            match (&tags.tags.failure, &tags.tags.incomplete) {
                (Some(failure), _) => {
                    let what = if tags.tags.at.is_some() { "not refreshed" } else { "no list" };
                    self.foot(area, Role::Bad, &format!("{what}: {}", failure.why));
                }
                (None, Some(why)) => self.foot(area, Role::Warn, &format!("may be incomplete: {why}")),
                (None, None) => match tags.known_count_text() {
                    Some(known) if tags.is_in_order() => {
                        self.foot(area, Role::Warn, &format!("{known}; the rest stands below"));
                    }
                    Some(known) => self.foot(area, Role::Warn, &known),
                    None => {
                        let text = tags.unfiltered_details_text().unwrap_or_default();
                        self.foot(area, Role::Warn, &text);
                    }
                },
            }
        }
    }

    fn tags_title(&self, tags: &TagsPane) -> Vec<Span<'static>> {
        if tags.repository.is_none() {
            return vec![Span::raw("Tags")];
        }
        let hidden = tags.hidden();
        let all = tags.list.order.len().saturating_sub(hidden);
        let mut title = vec![Span::raw(Self::title_with_count("Tags", &tags.list, all, &tags.tags))];
        // `↓` means from the newest or the largest on, or from Z to A.
        let arrow = if (tags.sort.by == SortBy::Name) == tags.sort.reversed { "↓" } else { "↑" };
        title.push(Span::styled(" ── ", self.style(Role::Border)));
        title.push(Span::styled(format!("by {} {arrow}", tags.sort.by.word()), self.style(Role::Dim)));
        if let Some(doing) = tags.current_operation() {
            title.push(Span::styled(format!(" {doing}…"), self.style(Role::Dim)));
        }
        if hidden > 0 {
            title.push(Span::styled(format!(" · {hidden} hidden"), self.style(Role::Dim)));
        }
        title
    }

    fn tags_heading(&mut self, area: Rect, widths: &TagColumns) {
        let mut line = format!("  {}", columns::left("TAG", widths.tag + SIGN));
        if widths.digest {
            line.push_str(&DIGEST.left(DIGEST.title));
        }
        if widths.size {
            line.push_str(&SIZE.right(SIZE.title));
        }
        if widths.created {
            line.push_str(&CREATED.left(CREATED.title));
        }
        if widths.platforms > 0 {
            line.push_str(&widths.platforms().left(PLATFORMS.title));
        }
        if widths.kind {
            line.push_str(&KIND.left(KIND.title));
        }
        let style = self.style(Role::Heading);
        self.draw_line(area, Line::styled(line, style));
    }

    fn tag_cells(&self, tags: &TagsPane, row: usize, widths: &TagColumns) -> Vec<Span<'static>> {
        let Some(item) = tags.list.rows.get(row) else { return Vec::new() };
        if let Some(opened) = tags.opened.as_ref().filter(|_| *item == OPENED) {
            return self.opened_cells(tags, opened, widths);
        }
        let Some(tag) = tags.tags.items.get(*item as usize) else { return Vec::new() };
        let role = if tag.name().is_some() { Role::Text } else { Role::Warn };
        // Long tags often differ only at their ends: `sha256-….sig`.
        let text = columns::cut_middle(tag.text(), widths.tag);
        let name = Span::styled(columns::left(&text, widths.tag), self.style(role));
        let mut cells = self.matched_name(&tags.list, tag.text(), name);
        let remote = tags.summaries.get(item);
        match remote.and_then(|remote| remote.value.as_ref()) {
            Some(summary) => {
                self.summary_cells(&mut cells, tags, summary, widths);
                cells
            }
            None => {
                let (text, role) = match remote.and_then(|remote| remote.failure.as_ref()) {
                    Some(failure) => (failure.why.to_string(), Role::Bad),
                    None if tag.name().is_none() => ("malformed name".to_string(), Role::Warn),
                    None => ("…".to_string(), Role::Dim),
                };
                let text = columns::cut(&text, widths.room.saturating_sub(widths.tag + 3));
                cells.extend([Span::raw("   "), Span::styled(text, self.style(role))]);
                cells
            }
        }
    }

    /// Returns the cells of the image that was opened by name.
    fn opened_cells(&self, tags: &TagsPane, opened: &OpenedImage, widths: &TagColumns) -> Vec<Span<'static>> {
        let name = columns::left(&columns::cut_middle(&opened.name(), widths.tag), widths.tag);
        let mut cells = vec![Span::styled(name, self.style(Role::Strong))];
        let (text, role) = match (&opened.failure, &opened.summary) {
            (Some(_), _) if opened.is_missing() => ("not there".to_string(), Role::Bad),
            (Some(failure), _) => (failure.why.to_string(), Role::Bad),
            (None, Some(summary)) => {
                self.summary_cells(&mut cells, tags, summary, widths);
                return cells;
            }
            (None, None) => ("…".to_string(), Role::Dim),
        };
        let text = columns::cut(&text, widths.room.saturating_sub(widths.tag + 3));
        cells.extend([Span::raw("   "), Span::styled(text, self.style(role))]);
        cells
    }

    fn summary_cells(
        &self,
        cells: &mut Vec<Span<'static>>,
        tags: &TagsPane,
        summary: &Summary,
        widths: &TagColumns,
    ) {
        let sign = if tags.is_shared(&summary.digest) { " =" } else { "  " };
        cells.push(Span::styled(sign, self.style(Role::Shared)));
        if widths.digest {
            let digest = Span::styled(DIGEST.left(&summary.digest.short()), self.style(Role::Dim));
            cells.extend(self.matched_details(&tags.list, DIGEST.gutter, digest));
        }
        if widths.size {
            let text = summary.size.map_or_else(|| "-".into(), size::bytes);
            cells.push(Span::styled(SIZE.right(&text), self.style(Role::Number)));
        }
        if widths.created {
            let text = summary.created.map_or_else(|| "-".into(), |created| age(created, self.now));
            cells.push(Span::styled(CREATED.left(&text), self.style(Role::Date)));
        }
        if widths.platforms > 0 {
            let text = platforms(summary, widths.platforms);
            let platforms = Span::styled(widths.platforms().left(&text), self.style(Role::Platform));
            cells.extend(self.matched_details(&tags.list, PLATFORMS.gutter, platforms));
        }
        if widths.kind {
            cells.push(Span::styled(KIND.left(&short(&summary.kind)), self.style(Role::Dim)));
        }
    }

    fn no_tags(&mut self, rows: Rect, tags: &TagsPane) {
        if tags.repository.is_none() {
            return self.draw_text(rows, &[(Role::Dim, "choose a repository".into())]);
        }
        if tags.list.is_filtered() && !tags.tags.items.is_empty() {
            return self.draw_text(
                rows,
                &[
                    (Role::Text, "nothing fits the filter".into()),
                    (Role::Dim, self.key_hint("panes.back", "drops it")),
                ],
            );
        }
        match &tags.tags.failure {
            Some(failure) if failure.kind == FailureKind::NotFound => {
                let again = self.key_hint("panes.refresh", "asks again");
                let why = "the repository is empty, was deleted, or is hidden from this login";
                self.failure(rows, failure, &format!("{why}; {again}"));
            }
            Some(failure) => self.failure(rows, failure, &self.key_hint("panes.refresh", "asks again")),
            None if tags.tags.is_loading() => {
                self.loading(rows, tags.repository.as_ref().map(|repository| &repository.host));
            }
            None if !tags.tags.items.is_empty() => self.draw_text(
                rows,
                &[
                    (Role::Text, "only digest tags: signatures and the like of images".into()),
                    (Role::Dim, self.key_hint("tags.hidden", "shows them")),
                ],
            ),
            None => self.draw_text(
                rows,
                &[(Role::Text, "no tags".into()), (Role::Dim, self.key_hint("panes.refresh", "asks again"))],
            ),
        }
    }
}

/// Returns an age in the words that fit a narrow column.
fn age(created: Timestamp, now: Timestamp) -> String {
    if time::is_reproducible(created) { "no date".into() } else { time::age(created, now) }
}

/// Returns the platforms in `room` columns, without the prefix `linux/`. If several do not fit, returns only their
/// number.
fn platforms(summary: &Summary, room: usize) -> String {
    let names: Vec<String> = summary.platforms.iter().map(ToString::to_string).collect();
    let short: Vec<&str> = names.iter().map(|name| name.strip_prefix("linux/").unwrap_or(name)).collect();
    match short.as_slice() {
        [] => "-".into(),
        short if short.join(" ").len() <= room => short.join(" "),
        [only] => columns::cut(only, room),
        short => format!("{} platforms", short.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_give_way_one_by_one_and_never_overflow() {
        for room in 0..160 {
            for longest in [0, 6, 20, 128] {
                let widths = TagColumns::fit(room, longest);
                let taken = |has: bool, column: Column| if has { column.all() } else { 0 };
                let used = widths.tag
                    + if room > SIGN { SIGN } else { 0 }
                    + taken(widths.digest, DIGEST)
                    + taken(widths.size, SIZE)
                    + taken(widths.created, CREATED)
                    + taken(widths.platforms > 0, widths.platforms())
                    + taken(widths.kind, KIND);
                assert!(used <= room, "{room} {longest}: {used}");
                let placed = [widths.size, widths.created, widths.digest, widths.platforms > 0, widths.kind];
                assert!(placed.is_sorted_by(|first, next| first >= next), "{room} {longest}: {placed:?}");
            }
        }
        let narrow = TagColumns::fit(36, 10);
        assert!(narrow.size && narrow.created && !narrow.digest);
    }

    #[test]
    fn one_long_tag_takes_no_column_away_that_says_more() {
        let narrow = TagColumns::fit(35, 52);
        assert!(narrow.size && narrow.created);
        let usual = TagColumns::fit(49, 52);
        assert!(usual.size && usual.created && usual.digest && usual.platforms == 0);
        assert!(TagColumns::fit(65, 16).platforms > 0);
    }
}
