//! The Referrers tab: the artifacts that refer to the image, and how each was found.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::Pane;
use crate::model::inspection::{ListedReferrer, Variant};
use crate::model::text::SafeText;
use crate::model::{columns, size};
use crate::ui::Canvas;
use crate::ui::kind::short;
use crate::ui::theme::Role;

/// Columns of a short digest.
const DIGEST: usize = 13;
/// Columns of a size.
const SIZE: usize = 10;
/// Columns of the word that says how a referrer was found.
const FOUND: usize = 15;
/// Columns of a kind that are enough to recognise it.
const ENOUGH: usize = 14;

impl Canvas<'_, '_> {
    /// Draws the referrers that fit.
    pub(crate) fn referrers(&mut self, pane: Rect, area: Rect) {
        let Some(inspection) = &self.state.detail.inspection.value else { return };
        let list = &self.state.detail.referrers;
        let all: Vec<_> = inspection.all_referrers().collect();
        let at = |row: usize| list.rows.get(row).and_then(|item| all.get(*item as usize)).copied();
        let shown = || list.visible_rows().filter_map(|row| Some((row, at(row)?)));
        let names: Vec<String> = shown().map(|(_, (variant, referrer))| name_of(variant, referrer)).collect();
        let longest = names.iter().map(|name| columns::width(name)).max().unwrap_or(0);
        let room = usize::from(area.width).saturating_sub(2 + DIGEST + SIZE);
        let has_found = room > longest.min(ENOUGH) + FOUND;
        let kinds = longest.min(room.saturating_sub(if has_found { FOUND } else { 0 }));
        for (line, ((row, (_, referrer)), kind)) in shown().zip(&names).enumerate() {
            let place = Rect::new(area.x, area.y + line as u16, area.width, 1);
            let digest = referrer.descriptor.digest.map(|digest| digest.short()).unwrap_or_default();
            let bytes = referrer.descriptor.size.map(size::bytes).unwrap_or_default();
            let mut spans = vec![
                Span::styled(columns::left(kind, kinds), self.style(Role::Text)),
                Span::styled(columns::left(&format!(" {digest}"), DIGEST), self.style(Role::Dim)),
                Span::styled(columns::right(&bytes, SIZE), self.style(Role::Number)),
            ];
            if has_found {
                spans.push(Span::styled(format!("  {}", referrer.found.label()), self.style(Role::Dim)));
            }
            self.row(Pane::Details, place, list, row, spans);
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
}

/// Returns the kinds of a referrer, and the image of an index that it refers to.
fn name_of(variant: Option<&Variant>, referrer: &ListedReferrer) -> String {
    let kinds = referrer.kinds.iter().map(short).collect::<Vec<_>>().join(" + ");
    match variant {
        Some(variant) => SafeText::from(format!("{kinds} of {}", variant.name())).to_string(),
        None => SafeText::from(kinds).to_string(),
    }
}
