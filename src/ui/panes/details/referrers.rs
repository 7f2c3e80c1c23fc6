//! The Referrers tab: the artifacts that refer to the image with their contents, and the scans of the image.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::Pane;
use crate::app::panes::details::referrers::{ReferrerCells, ReferrerRow};
use crate::model::{columns, time};
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// Columns of an age.
const AGE: usize = 10;
/// Columns of a size.
const SIZE: usize = 10;
/// Columns of the word that says how a referrer was found.
const FOUND: usize = 15;
/// The greatest number of columns of a signer.
const SIGNER: usize = 26;
/// Columns of a kind that are not cut for the age or the source.
const ENOUGH: usize = 40;
/// Columns of the content that are enough to say something.
const SUMMARY: usize = 14;

/// The columns of each cell; 0 for a column that is left out.
#[derive(Debug, PartialEq, Eq)]
struct ReferrerColumns {
    kind: usize,
    summary: usize,
    signer: usize,
    age: usize,
    found: usize,
}

impl ReferrerColumns {
    /// Distributes `room` columns. The age is left out last, the source and the signer before it. Kind and content share
    /// the rest.
    fn fit(room: usize, longest_kind: usize, longest_signer: usize) -> ReferrerColumns {
        let mut left = room.saturating_sub(SIZE);
        let least = longest_kind.min(ENOUGH) + 2 + SUMMARY;
        let mut take = |columns: usize| {
            let fits = left >= least + columns;
            left -= if fits { columns } else { 0 };
            if fits { columns } else { 0 }
        };
        let age = take(AGE);
        let found = take(FOUND);
        let signer = match longest_signer {
            0 => 0,
            longest => take(longest.min(SIGNER) + 2),
        };
        let kind = longest_kind.min((left / 2).max(left.saturating_sub(2 + SUMMARY)));
        ReferrerColumns { kind, summary: left.saturating_sub(kind), signer, age, found }
    }
}

impl Canvas<'_, '_> {
    /// Draws the rows that fit.
    pub(crate) fn referrers(&mut self, pane: Rect, area: Rect) {
        let detail = &self.state.detail;
        let Some(inspection) = &detail.inspection.value else { return };
        let list = &detail.referrers;
        let all = detail.referrer_rows();
        let at = |row: usize| list.rows.get(row).and_then(|item| all.get(*item as usize));
        let shown: Vec<(usize, &ReferrerRow<'_>)> =
            list.visible_rows().filter_map(|row| Some((row, at(row)?))).collect();
        let cells: Vec<ReferrerCells> = shown.iter().map(|(_, row)| row.cells(detail)).collect();
        let longest = |of: fn(&ReferrerCells) -> &str| {
            cells.iter().map(|cells| columns::width(of(cells))).max().unwrap_or(0)
        };
        let room = usize::from(area.width).saturating_sub(2);
        let widths = ReferrerColumns::fit(room, longest(|cells| &cells.kind), longest(|cells| &cells.signer));
        for (line, ((row, referrer), cells)) in shown.iter().zip(&cells).enumerate() {
            let place = Rect::new(area.x, area.y + line as u16, area.width, 1);
            let age = referrer.created(detail).map(|at| time::short_age(at, self.now)).unwrap_or_default();
            let spans = self.referrer_spans(cells, &age, &widths);
            self.row(Pane::Details, place, list, *row, spans);
        }
        if list.rows.is_empty() && list.is_filtered() {
            let hint = self.key_hint("panes.back", "drops it");
            self.draw_text(area, &[(Role::Text, "nothing fits the filter".into()), (Role::Dim, hint)]);
        }
        let searches = inspection.are_referrers_awaited && all.is_empty();
        let missing = if searches { Some("searching …".into()) } else { inspection.missing_referrers() };
        let below = list.rows.len().saturating_sub(list.offset).min(list.height);
        if let Some(missing) = &missing
            && !list.is_filtered()
            && below < usize::from(area.height)
        {
            let place = Rect::new(area.x, area.y + below as u16, area.width, 1);
            let text = columns::cut(&format!("  {missing}"), area.width.into());
            let role = if searches { Role::Dim } else { Role::Warn };
            self.draw_line(place, Line::styled(text, self.style(role)));
        }
        self.scrollbar(pane, area, list.offset, list.rows.len());
    }

    fn referrer_spans(
        &self,
        cells: &ReferrerCells,
        age: &str,
        widths: &ReferrerColumns,
    ) -> Vec<Span<'static>> {
        let role = if cells.is_unread { Role::Dim } else { Role::Text };
        let summary = columns::left(&cells.summary, widths.summary.saturating_sub(2));
        let mut spans = vec![
            Span::styled(
                columns::left(&columns::cut_middle(&cells.kind, widths.kind), widths.kind),
                self.style(Role::Strong),
            ),
            Span::styled(format!("  {summary}"), self.style(role)),
        ];
        if widths.signer > 0 {
            let signer = columns::left(&cells.signer, widths.signer - 2);
            spans.push(Span::styled(format!("  {signer}"), self.style(Role::Dim)));
        }
        if widths.age > 0 {
            spans.push(Span::styled(columns::right(age, widths.age), self.style(Role::Date)));
        }
        spans.push(Span::styled(columns::right(&cells.size, SIZE), self.style(Role::Number)));
        if widths.found > 0 {
            let place = columns::left(&cells.place, widths.found - 2);
            spans.push(Span::styled(format!("  {place}"), self.style(Role::Dim)));
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_give_way_and_never_overflow() {
        for room in 0..160 {
            for (kind, signer) in [(0, 0), (9, 12), (30, 80), (60, 3)] {
                let widths = ReferrerColumns::fit(room, kind, signer);
                let used = widths.kind + widths.summary + widths.signer + widths.age + widths.found + SIZE;
                assert!(used <= room.max(SIZE), "{room} {kind} {signer}: {widths:?}");
            }
        }
        let narrow = ReferrerColumns::fit(46, 20, 0);
        assert!(narrow.age == 0 && narrow.found == 0 && narrow.kind == 20 && narrow.summary >= SUMMARY);
        let wide = ReferrerColumns::fit(120, 20, 30);
        assert!(wide.age > 0 && wide.found > 0 && wide.signer > 0 && wide.summary > 30);
    }
}
