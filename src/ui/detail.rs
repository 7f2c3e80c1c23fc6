//! The Details pane and its tabs.

mod layers;
mod overview;
mod raw;
mod referrers;

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Canvas;
use super::theme::Role;
use crate::app::detail::Tab;
use crate::app::{Pane, layout};
use crate::model::columns;

impl Canvas<'_, '_> {
    /// Draws the image under the cursor.
    pub fn detail(&mut self, area: Rect) {
        let detail = &self.state.detail;
        self.frame_of(Pane::Details, area, self.tab_titles());
        let rows = layout::rows(self.state, &layout::of(self.state), Pane::Details);
        let inspection = &detail.inspection;
        if inspection.value.is_none() {
            match (&detail.of, &inspection.failure) {
                (None, _) => self.say(rows, &[(Role::Dim, "choose a tag".into())]),
                (Some(_), Some(failure)) => self.failure(rows, failure, "r asks again"),
                (Some(_), None) => self.say(rows, &[(Role::Dim, "loading…".into())]),
            }
            return;
        }
        if layout::has_heading(self.state, Pane::Details) {
            self.platform_line(Rect::new(rows.x, rows.y.saturating_sub(1), rows.width, 1));
        }
        match detail.tab {
            Tab::Overview => self.overview(area, rows),
            Tab::Layers => self.layers(area, rows),
            Tab::Config => self.raw(area, rows, &detail.config),
            Tab::Manifest => self.raw(area, rows, &detail.manifest),
            Tab::Referrers => self.referrers(area, rows),
        }
        if let Some(failure) = inspection.failure.as_ref() {
            self.foot(area, Role::Bad, &format!("not refreshed: {}", failure.why));
        }
    }

    fn tab_titles(&self) -> Vec<Span<'static>> {
        let mut titles = Vec::new();
        for tab in layout::tabs(self.state) {
            if !titles.is_empty() {
                titles.push(Span::styled(" │ ", self.style(Role::Border)));
            }
            let style = if tab == self.state.detail.tab {
                self.style(Role::TitleFocused)
            } else {
                self.style(Role::Dim)
            };
            titles.push(Span::styled(tab.title(), style));
        }
        titles
    }

    /// Which platform of an index the tabs show.
    fn platform_line(&mut self, area: Rect) {
        let Some(inspection) = &self.state.detail.inspection.value else { return };
        let Some(variant) = self.state.detail.chosen() else { return };
        let name = variant.platform.as_ref().map_or_else(|| variant.kind.to_string(), ToString::to_string);
        let count = format!("{} of {}", self.state.detail.variant + 1, inspection.variants.len());
        let name = columns::cut(
            &crate::model::text::SafeText::from(name).to_string(),
            usize::from(area.width).saturating_sub(25),
        );
        let line = Line::from(vec![
            Span::styled(format!("  {name}"), self.style(Role::Platform)),
            Span::styled(format!("  platform {count}  "), self.style(Role::Dim)),
            Span::styled("{ }", self.style(Role::Key)),
        ]);
        self.put(area, line);
    }
}
