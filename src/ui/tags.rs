//! The Tags pane: what is known of each tag, in columns that give way one by one.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Canvas;
use super::kind::short;
use super::theme::Role;
use crate::app::tags::{SortBy, Tags};
use crate::app::{Pane, layout};
use crate::model::failure::FailureKind;
use crate::model::page::Listed;
use crate::model::summary::Summary;
use crate::model::{columns, size, time};

/// The columns behind the tag, with their widths; the first to give way last.
const SIZE: (&str, usize) = ("SIZE", 8);
const CREATED: (&str, usize) = ("CREATED", 12);
const DIGEST: (&str, usize) = ("DIGEST", 12);
const PLATFORMS: (&str, usize) = ("PLATFORMS", 11);
const KIND: (&str, usize) = ("KIND", 10);
/// The sign of a shared digest, behind the tag.
const SIGN: usize = 2;
/// The narrowest useful column of tags.
const LEAST_TAG: usize = 12;
/// The widest.
const MOST_TAG: usize = 40;

/// Which columns there are, and how wide the tag's is.
struct Columns {
    tag: usize,
    digest: bool,
    size: bool,
    created: bool,
    platforms: usize,
    kind: bool,
}

impl Columns {
    /// For so many columns, with tags of that length.
    fn fit(room: usize, longest: usize) -> Columns {
        let tag = longest.clamp(LEAST_TAG, MOST_TAG).min(room.saturating_sub(SIGN));
        let mut left = room.saturating_sub(tag + SIGN);
        let mut take = |(_, width): (&str, usize)| {
            let fits = left > width;
            left -= if fits { width + 1 } else { 0 };
            fits
        };
        let (size, created, digest) = (take(SIZE), take(CREATED), take(DIGEST));
        let has_platforms = take(PLATFORMS);
        let kind = take(KIND);
        let extra_platforms = if has_platforms { left.min(20) } else { 0 };
        let spare = left - extra_platforms;
        let platforms = if has_platforms { PLATFORMS.1 + extra_platforms } else { 0 };
        Columns { tag: tag + spare.min(MOST_TAG.saturating_sub(tag)), digest, size, created, platforms, kind }
    }
}

impl Canvas<'_, '_> {
    /// Draws the tags of the repository under the cursor.
    pub fn tags(&mut self, area: Rect) {
        let tags = &self.state.tags;
        self.frame_of(Pane::Tags, area, self.tags_title(tags));
        self.filter_of(area, &tags.list);
        let rows = layout::rows(self.state, &layout::of(self.state), Pane::Tags);
        if tags.list.rows.is_empty() {
            return self.no_tags(rows, tags);
        }
        let shown =
            || tags.list.window().filter_map(|row| tags.tags.items.get(*tags.list.rows.get(row)? as usize));
        let longest = shown().map(|tag| columns::width(tag.text())).max().unwrap_or(0);
        let widths = Columns::fit(usize::from(rows.width).saturating_sub(2), longest);
        let heading = Rect::new(rows.x, rows.y.saturating_sub(1), rows.width, 1);
        self.tags_heading(heading, &widths);
        for (line, row) in tags.list.window().enumerate() {
            let place = Rect::new(rows.x, rows.y + line as u16, rows.width, 1);
            let cells = self.tag_cells(tags, row, &widths);
            self.row(Pane::Tags, place, &tags.list, row, cells);
        }
        self.scrollbar(area, rows, tags.list.offset, tags.list.rows.len());
        if layout::has_foot(self.state, Pane::Tags) {
            match (&tags.tags.failure, &tags.tags.incomplete) {
                (Some(failure), _) => self.foot(area, Role::Bad, &format!("not refreshed: {}", failure.why)),
                (None, Some(why)) => self.foot(area, Role::Warn, &format!("may be incomplete: {why}")),
                (None, None) => {}
            }
        }
    }

    fn tags_title(&self, tags: &Tags) -> Vec<Span<'static>> {
        if tags.repository.is_none() {
            return vec![Span::raw("Tags")];
        }
        let hidden = tags.hidden();
        let all = tags.tags.items.len() - hidden;
        let mut title =
            vec![Span::raw(format!("Tags {}", Self::count(&tags.list, all, tags.tags.is_loading())))];
        title.extend(self.marks(&tags.list));
        // Down is from the newest or the largest on, or from Z to A.
        let arrow = if (tags.sort.by == SortBy::Name) == tags.sort.reversed { "↓" } else { "↑" };
        title.push(Span::styled(" ── ", self.style(Role::Border)));
        title.push(Span::styled(format!("by {} {arrow}", tags.sort.by.word()), self.style(Role::Dim)));
        if hidden > 0 {
            title.push(Span::styled(format!(" · {hidden} hidden"), self.style(Role::Dim)));
        }
        title
    }

    fn tags_heading(&mut self, area: Rect, widths: &Columns) {
        let mut line = format!("  {}", columns::left("TAG", widths.tag + SIGN));
        if widths.digest {
            line.push_str(&columns::left(&format!(" {}", DIGEST.0), DIGEST.1 + 1));
        }
        if widths.size {
            line.push_str(&columns::right(SIZE.0, SIZE.1 + 1));
        }
        if widths.created {
            line.push_str(&columns::left(&format!(" {}", CREATED.0), CREATED.1 + 1));
        }
        if widths.platforms > 0 {
            line.push_str(&columns::left(&format!(" {}", PLATFORMS.0), widths.platforms + 1));
        }
        if widths.kind {
            line.push_str(&columns::left(&format!(" {}", KIND.0), KIND.1 + 1));
        }
        let style = self.style(Role::Heading);
        self.put(area, Line::styled(line, style));
    }

    fn tag_cells(&self, tags: &Tags, row: usize, widths: &Columns) -> Vec<Span<'static>> {
        let Some(item) = tags.list.rows.get(row) else { return Vec::new() };
        let Some(tag) = tags.tags.items.get(*item as usize) else { return Vec::new() };
        let name = match tag {
            Listed::Named(name) => {
                Span::styled(columns::left(name.as_str(), widths.tag), self.style(Role::Text))
            }
            Listed::Odd(text) => {
                Span::styled(columns::left(text.as_str(), widths.tag), self.style(Role::Warn))
            }
        };
        let remote = tags.summaries.get(item);
        match remote.and_then(|remote| remote.value.as_ref()) {
            Some(summary) => {
                let mut cells = vec![name];
                self.summary_cells(&mut cells, tags, summary, widths);
                cells
            }
            None => {
                let (text, role) = match remote.and_then(|remote| remote.failure.as_ref()) {
                    Some(failure) => (failure.why.to_string(), Role::Bad),
                    None if tag.name().is_none() => ("malformed name".to_string(), Role::Warn),
                    None => ("…".to_string(), Role::Dim),
                };
                vec![name, Span::raw("   "), Span::styled(text, self.style(role))]
            }
        }
    }

    fn summary_cells(
        &self,
        cells: &mut Vec<Span<'static>>,
        tags: &Tags,
        summary: &Summary,
        widths: &Columns,
    ) {
        let sign = if tags.is_shared(&summary.digest) { " =" } else { "  " };
        cells.push(Span::styled(sign, self.style(Role::Shared)));
        if widths.digest {
            cells.push(Span::styled(format!(" {}", summary.digest.short()), self.style(Role::Dim)));
        }
        if widths.size {
            let text = summary.size.map_or_else(|| "-".into(), size::bytes);
            cells.push(Span::styled(columns::right(&text, SIZE.1 + 1), self.style(Role::Number)));
        }
        if widths.created {
            let text = summary.created.map_or_else(|| "-".into(), |created| time::age(created, self.now));
            cells.push(Span::styled(
                columns::left(&format!(" {text}"), CREATED.1 + 1),
                self.style(Role::Date),
            ));
        }
        if widths.platforms > 0 {
            let text = platforms(summary, widths.platforms);
            cells.push(Span::styled(
                columns::left(&format!(" {text}"), widths.platforms + 1),
                self.style(Role::Platform),
            ));
        }
        if widths.kind {
            cells.push(Span::styled(
                format!(" {}", columns::cut(&short(&summary.kind), KIND.1)),
                self.style(Role::Dim),
            ));
        }
    }

    fn no_tags(&mut self, rows: Rect, tags: &Tags) {
        if tags.repository.is_none() {
            return self.say(rows, &[(Role::Dim, "choose a repository".into())]);
        }
        if tags.list.is_filtered() && !tags.tags.items.is_empty() {
            return self.say(
                rows,
                &[(Role::Text, "nothing fits the filter".into()), (Role::Dim, "Esc drops it".into())],
            );
        }
        match &tags.tags.failure {
            Some(failure) if failure.kind == FailureKind::NotFound => self.failure(
                rows,
                failure,
                "the repository is empty, was deleted, or is hidden from this login; r asks again",
            ),
            Some(failure) => self.failure(rows, failure, "r asks again"),
            None if tags.tags.is_loading() => self.say(rows, &[(Role::Dim, "loading…".into())]),
            None if !tags.tags.items.is_empty() => self.say(
                rows,
                &[
                    (Role::Text, "only digest tags: they hold what belongs to images".into()),
                    (Role::Dim, ". shows them".into()),
                ],
            ),
            None => self.say(rows, &[(Role::Text, "no tags".into()), (Role::Dim, "r asks again".into())]),
        }
    }
}

/// The platforms in so many columns: without `linux/` where all have it, then as a count.
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
                let widths = Columns::fit(room, longest);
                let taken = |has: bool, (_, width): (&str, usize)| if has { width + 1 } else { 0 };
                let platforms = if widths.platforms > 0 { widths.platforms + 1 } else { 0 };
                let used = widths.tag
                    + if room > SIGN { SIGN } else { 0 }
                    + taken(widths.digest, DIGEST)
                    + taken(widths.size, SIZE)
                    + taken(widths.created, CREATED)
                    + platforms
                    + taken(widths.kind, KIND);
                assert!(used <= room, "{room} {longest}: {used}");
            }
        }
        let narrow = Columns::fit(36, 10);
        assert!(narrow.size && narrow.created && !narrow.digest);
    }
}
