//! The Details pane and its tabs.

mod files;
mod layers;
mod overview;
mod raw;
mod referrers;

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::actions::details::{NEXT_PLATFORM, PREVIOUS_PLATFORM};
use crate::app::panes::details::{Tab, TextSearch, shown_tabs};
use crate::app::{Pane, layout};
use crate::model::columns;
use crate::model::page::ListedName;
use crate::model::text::SafeText;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the details of the image under the cursor.
    pub(crate) fn detail(&mut self, area: Rect) {
        let detail = &self.state.detail;
        self.draw_frame(Pane::Details, area, self.tab_titles(area));
        let rows = layout::rows(self.state, &layout::of(self.state), Pane::Details);
        let inspection = &detail.inspection;
        if inspection.value.is_none() {
            match (&detail.image, &inspection.failure) {
                (None, _) => self.no_image(rows),
                (Some(_), Some(failure)) => {
                    self.failure(rows, failure, &self.keys_after(failure));
                }
                (Some((repository, _)), None) => self.loading(rows, Some(&repository.host)),
            }
            return;
        }
        if layout::has_heading(self.state, Pane::Details) {
            self.platform_line(Rect::new(rows.x, rows.y.saturating_sub(1), rows.width, 1));
        }
        match detail.tab {
            Tab::Overview => self.overview(area, rows),
            Tab::Layers => self.layers(area, rows),
            Tab::Files => self.files(area, rows),
            Tab::Config => self.raw(area, rows, &detail.config),
            Tab::Manifest => self.raw(area, rows, &detail.manifest),
            Tab::Referrers => self.referrers(area, rows),
        }
        match (detail.tab, &detail.search) {
            (Tab::Layers, _) => self.draw_filter(area, &detail.layers),
            (Tab::Files, _) => self.draw_filter(area, &detail.files.browser.list),
            (Tab::Referrers, _) => self.draw_filter(area, &detail.referrers),
            (_, Some(search)) => self.draw_search(area, search),
            (_, None) => {}
        }
        if let Some(failure) = inspection.failure.as_ref() {
            self.foot(area, Role::Bad, &format!("not refreshed: {}", failure.why));
        }
    }

    /// Draws a line of a text, with highlights of the text that is searched for.
    fn draw_searched(&mut self, area: Rect, number: usize, line: Vec<Span<'_>>) {
        let search = self.state.detail.search.as_ref();
        let is_current = search.is_some_and(|search| search.line() == Some(number));
        let line = self.searched(search.map(TextSearch::word), is_current, line);
        self.draw_line(area, Line::from(line));
    }

    fn no_image(&mut self, rows: Rect) {
        let tags = &self.state.tags;
        let under_cursor = tags.list.selected().and_then(|item| tags.tags.items.get(item));
        match under_cursor {
            Some(ListedName::Malformed(_)) => self.draw_text(
                rows,
                &[
                    (Role::Warn, "a malformed name: no tag can be called that".into()),
                    (Role::Dim, "it is shown, and never sent back to the registry".into()),
                ],
            ),
            _ => self.draw_text(rows, &[(Role::Dim, "choose a tag".into())]),
        }
    }

    fn tab_titles(&self, area: Rect) -> Vec<Span<'static>> {
        let columns = layout::tab_columns(self.state, area);
        let hides_some = columns.first().is_some_and(|(tab, _)| *tab != Tab::Overview);
        let hides_next =
            columns.last().map(|(tab, _)| *tab) != shown_tabs(&self.state.detail).last().copied();
        let mut titles = Vec::new();
        if hides_some {
            titles.push(Span::styled("‹ ", self.style(Role::Dim)));
        }
        for (number, (tab, columns)) in columns.into_iter().enumerate() {
            if number > 0 {
                titles.push(Span::styled(" │ ", self.style(Role::Border)));
            }
            let is_open = tab == self.state.detail.tab;
            let style = self.style(if is_open { Role::TitleFocused } else { Role::Dim });
            titles.push(Span::styled(columns::cut(tab.title(), columns.len()), style));
        }
        if hides_next {
            titles.push(Span::styled(" ›", self.style(Role::Dim)));
        }
        titles
    }

    /// Draws the line that names the platform of an index that the tabs show.
    fn platform_line(&mut self, area: Rect) {
        let Some(inspection) = &self.state.detail.inspection.value else { return };
        let Some(variant) = self.state.detail.selected_variant() else { return };
        let name = variant.name();
        let count =
            format!("  platform {} of {}  ", self.state.detail.variant + 1, inspection.variants.len());
        let keys = [&PREVIOUS_PLATFORM, &NEXT_PLATFORM];
        let keys = keys.map(|action| self.state.settings.keys.name(&action.command)).join(" ");
        let room = usize::from(area.width).saturating_sub(columns::width(&count) + 3 + columns::width(&keys));
        let name = columns::cut(SafeText::from(name).as_str(), room);
        let line = Line::from(vec![
            Span::styled(format!("  {name}"), self.style(Role::Platform)),
            Span::styled(count, self.style(Role::Dim)),
            Span::styled(keys, self.style(Role::Key)),
        ]);
        self.draw_line(area, line);
    }
}
