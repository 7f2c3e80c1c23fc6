//! The Tags pane: the facts about each tag, in columns that are left out one by one in a narrow pane.

use jiff::Timestamp;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::layout::tag_columns::{
    CREATED, DIGEST, EXPIRES, KIND, PLATFORMS, PULLED, PUSHED, SCAN, SIGN, SIZE, TagColumns,
};
use crate::app::panes::tags::TagsPane;
use crate::app::panes::tags::opened::{OPENED, OpenedImage};
use crate::app::{Pane, layout};
use crate::model::base_image::BaseStatus;
use crate::model::digest::Digest;
use crate::model::failure::FailureKind;
use crate::model::platform::Platform;
use crate::model::scan::Severity;
use crate::model::summary::{Summary, list_platforms};
use crate::model::vendor_lists::VendorTag;
use crate::model::{columns, size, time};
use crate::ui::Canvas;
use crate::ui::kind::short;
use crate::ui::theme::Role;

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
        let widths = TagColumns::of(tags, self.state.columns, rows.width);
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
        let arrow = tags.sort.arrow();
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
        let cells = widths.headings(self.state.tags.sort).into_iter().map(|(cell, _)| cell);
        let style = self.style(Role::Heading);
        self.draw_line(area, Line::styled(format!("  {}", cells.collect::<String>()), style));
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
                self.summary_cells(&mut cells, tags, summary, tags.vendor_tag(*item), widths);
                cells
            }
            None if tags.vendor_tag(*item).is_some() => {
                self.vendor_cells(&mut cells, tags, tags.vendor_tag(*item), widths);
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
                self.summary_cells(&mut cells, tags, summary, None, widths);
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
        told: Option<&VendorTag>,
        widths: &TagColumns,
    ) {
        let sign = tags.groups.letter(&summary.digest).map(|letter| format!(" ={letter}"));
        cells.push(Span::styled(columns::left(&sign.unwrap_or_default(), SIGN), self.style(Role::Shared)));
        if widths.digest {
            let digest = Span::styled(DIGEST.left(&summary.digest.short()), self.style(Role::Dim));
            cells.extend(self.matched_details(&tags.list, DIGEST.gutter, digest));
        }
        if widths.size {
            let text = summary.size.map_or_else(|| "-".into(), size::bytes);
            cells.push(Span::styled(SIZE.right(&text), self.style(Role::Number)));
        }
        if widths.scan {
            cells.push(self.scan_cell(&summary.digest));
        }
        if widths.created && !widths.pushed {
            let text =
                summary.created.map_or_else(|| "-".into(), |created| time::short_age(created, self.now));
            cells.push(Span::styled(CREATED.left(&text), self.style(Role::Date)));
        }
        self.vendor_dates(cells, told, widths);
        if widths.base > 0 {
            cells.push(self.base_cell(&summary.digest, widths));
        }
        if widths.platforms > 0 {
            let text = platforms(&summary.platforms, widths.platforms);
            let platforms = Span::styled(widths.platforms().left(&text), self.style(Role::Platform));
            cells.extend(self.matched_details(&tags.list, PLATFORMS.gutter, platforms));
        }
        if widths.kind {
            cells.push(Span::styled(KIND.left(&short(&summary.kind)), self.style(Role::Dim)));
        }
    }

    /// Adds the cells of a row whose image was not read, as the vendor tells of it. Its size is marked as such, because
    /// vendors count in different ways.
    fn vendor_cells(
        &self,
        cells: &mut Vec<Span<'static>>,
        tags: &TagsPane,
        told: Option<&VendorTag>,
        widths: &TagColumns,
    ) {
        let Some(tag) = told else { return };
        cells.push(Span::raw(" ".repeat(SIGN)));
        let dim = self.style(Role::Dim);
        if widths.digest {
            let text = tag.digest.map_or_else(|| "-".into(), |digest| digest.short());
            let digest = Span::styled(DIGEST.left(&text), dim);
            cells.extend(self.matched_details(&tags.list, DIGEST.gutter, digest));
        }
        if widths.size {
            let text = tag.size.map_or_else(|| "-".into(), |bytes| format!("~{}", size::bytes(bytes)));
            cells.push(Span::styled(SIZE.right(&text), self.style(Role::Number)));
        }
        if widths.scan {
            cells.push(Span::styled(SCAN.right("-"), dim));
        }
        if widths.created && !widths.pushed {
            cells.push(Span::styled(CREATED.left("-"), dim));
        }
        self.vendor_dates(cells, told, widths);
        if widths.base > 0 {
            cells.push(Span::styled(widths.base().left("-"), dim));
        }
        if widths.platforms > 0 {
            let text = platforms(&tag.platforms, widths.platforms);
            cells.push(Span::styled(widths.platforms().left(&text), self.style(Role::Platform)));
        }
        if widths.kind {
            cells.push(Span::styled(KIND.left("-"), dim));
        }
    }

    /// Adds the dates that only the vendor knows.
    fn vendor_dates(&self, cells: &mut Vec<Span<'static>>, told: Option<&VendorTag>, widths: &TagColumns) {
        let age =
            |time: Option<Timestamp>| time.map_or_else(|| "-".into(), |time| time::short_age(time, self.now));
        let style = self.style(Role::Date);
        if widths.created && widths.pushed {
            cells.push(Span::styled(PUSHED.left(&age(told.and_then(|tag| tag.pushed))), style));
        }
        if widths.pulled {
            cells.push(Span::styled(PULLED.left(&age(told.and_then(|tag| tag.pulled))), style));
        }
        if widths.expires {
            let left = told.and_then(|tag| tag.expires).map(|end| time::short_left(end, self.now));
            cells.push(Span::styled(EXPIRES.left(&left.unwrap_or_else(|| "-".into())), style));
        }
    }

    /// Returns the findings of the last scan: four numbers, each at the right of its heading.
    fn scan_cell(&self, image: &Digest) -> Span<'static> {
        let Some(facts) = self.state.scans.of(image) else {
            return Span::styled(SCAN.right("-"), self.style(Role::Dim));
        };
        let number = |severity| match facts.counts.of_severity(severity) {
            count @ ..1000 => columns::right(&count.to_string(), 4),
            count => columns::right(&format!("{}k", (count / 1000).min(999)), 4),
        };
        let role = if facts.counts.critical > 0 { Role::Bad } else { Role::Number };
        Span::styled(SCAN.right(&Severity::ALL.map(number).concat()), self.style(role))
    }

    /// Returns the base of an image, and whether the image contains it as it is now.
    fn base_cell(&self, image: &Digest, widths: &TagColumns) -> Span<'static> {
        let Some(report) = self.state.bases.of(image) else {
            return Span::styled(widths.base().left("…"), self.style(Role::Dim));
        };
        let role = match report.status {
            BaseStatus::Current => Role::Good,
            BaseStatus::Behind => Role::Warn,
            BaseStatus::Unknown => Role::Dim,
        };
        Span::styled(widths.base().left(&report.cell(widths.base)), self.style(role))
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
            Some(failure) => self.failure(rows, failure, &self.keys_after(failure)),
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

/// Returns the platforms in `room` columns, without the prefix `linux/`. If several do not fit, returns only their
/// number.
fn platforms(listed: &[Platform], room: usize) -> String {
    let all = list_platforms(listed);
    match listed.len() {
        0 => "-".into(),
        1 => columns::cut(&all, room),
        _ if columns::width(&all) <= room => all,
        count => format!("{count} platforms"),
    }
}
