//! The Referrers tab: what belongs to the image, and how it was found.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::inspection::Found;
use crate::model::text::SafeText;
use crate::model::{columns, size};
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the referrers that fit.
    pub fn referrers(&mut self, pane: Rect, area: Rect) {
        let Some(inspection) = &self.state.detail.inspection.value else { return };
        let scroll = self.state.detail.scroll;
        for (line, referrer) in inspection.referrers.iter().skip(scroll).take(area.height.into()).enumerate()
        {
            let place = Rect::new(area.x, area.y + line as u16, area.width, 1);
            let kind = SafeText::from(referrer.kind.to_string());
            let digest = referrer.descriptor.digest.map(|digest| digest.short()).unwrap_or_default();
            let bytes = referrer.descriptor.size.map(size::bytes).unwrap_or_default();
            let found = match referrer.found {
                Found::Api => "referrers API",
                Found::FallbackTag => "fallback tag",
                Found::DigestTag => "digest tag",
            };
            let spans = vec![
                Span::styled(format!("  {}", columns::left(kind.as_str(), 14)), self.style(Role::Text)),
                Span::styled(format!(" {digest}"), self.style(Role::Dim)),
                Span::styled(columns::right(&bytes, 10), self.style(Role::Number)),
                Span::styled(format!("  {found}"), self.style(Role::Dim)),
            ];
            self.put(place, Line::from(spans));
        }
        self.scrollbar(pane, area, scroll, inspection.referrers.len());
    }
}
