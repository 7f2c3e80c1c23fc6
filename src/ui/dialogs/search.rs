//! The search for repositories.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::search::{SearchDialog, SearchEffect};
use crate::app::keys::{Binding, PROMPT_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::columns;
use crate::model::plural::{counted, short_count};
use crate::model::vendor_lists::SearchHit;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The keys of the dialog.
const BINDINGS: &[Binding<SearchEffect>] = <Box<SearchDialog>>::BINDINGS;
/// Columns of the mark in front of a row.
const MARK: usize = 2;
/// Columns of a number, with its gutter.
const NUMBER: usize = 7;
/// Columns of the mark of official images, with its gutter.
const OFFICIAL: usize = 10;
/// The least width of names, and of descriptions.
const LEAST: usize = 16;

/// The columns of the results.
struct HitColumns {
    name: usize,
    official: bool,
    stars: bool,
    pulls: bool,
    description: usize,
}

impl HitColumns {
    /// Distributes `room` columns. Columns that no result fills are left out.
    fn of(room: usize, hits: &[SearchHit]) -> HitColumns {
        let longest =
            hits.iter().map(|hit| columns::width(hit.repository.as_str())).max().unwrap_or_default();
        let mut left = room.saturating_sub(MARK);
        let mut name = longest.max(LEAST).min(left);
        left -= name;
        let mut take = |is_filled: bool, columns: usize| {
            // A long name gives way to the columns behind it.
            let more = columns.saturating_sub(left).min(name.saturating_sub(2 * LEAST));
            let fits = is_filled && left + more >= columns;
            if fits {
                name -= more;
                left = left + more - columns;
            }
            fits
        };
        let stars = take(hits.iter().any(|hit| hit.stars.is_some()), NUMBER);
        let pulls = take(hits.iter().any(|hit| hit.pulls.is_some()), NUMBER);
        let official = take(hits.iter().any(|hit| hit.official), OFFICIAL);
        let has_text = hits.iter().any(|hit| !hit.about().as_str().is_empty());
        let description = if has_text && left >= LEAST + 2 { left } else { 0 };
        HitColumns { name, official, stars, pulls, description }
    }

    /// Returns the texts of a row in their columns.
    fn row(&self, [name, stars, pulls, official, description]: [&str; 5]) -> String {
        let mut text = columns::left(&columns::cut_middle(name, self.name), self.name);
        let numbers = [(self.stars, stars), (self.pulls, pulls)];
        for (_, number) in numbers.into_iter().filter(|(is_shown, _)| *is_shown) {
            text.push_str(&columns::right(number, NUMBER));
        }
        if self.official {
            text.push_str(&format!("  {}", columns::left(official, OFFICIAL - 2)));
        }
        if self.description > 0 {
            text.push_str(&format!("  {}", columns::cut(description, self.description - 2)));
        }
        text
    }
}

impl Canvas<'_, '_> {
    /// Draws the search.
    pub(crate) fn search(&mut self, search: &SearchDialog) {
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.hint(BINDINGS, SearchEffect::Open),
            keys.hint(BINDINGS, SearchEffect::Switch),
            keys.cancel_hint(PROMPT_BINDINGS, if search.is_loading() { "stop" } else { "leave" }),
        ]);
        let area = SearchDialog::area(self.state);
        let room = usize::from(area.width).saturating_sub(4);
        let title = columns::cut(&format!("Search {}", search.host), room);
        let inner = self.overlay(area, &title, &hints);
        let (text, role) = self.search_state(search);
        self.draw_line(layout::row(inner, 1), Line::styled(text, self.style(role)));
        let hits = search.hits();
        let rows = SearchDialog::rows(self.state);
        let widths = HitColumns::of(rows.width.into(), hits);
        if !hits.is_empty() {
            let heading = widths.row(["NAME", "STARS", "PULLS", "", "DESCRIPTION"]);
            let line = Line::styled(format!("{}{heading}", " ".repeat(MARK)), self.style(Role::Heading));
            self.draw_line(layout::row(inner, 2), line);
        }
        let offset = layout::offset(search.cursor, rows.height);
        for (line, (at, hit)) in hits.iter().enumerate().skip(offset).take(rows.height.into()).enumerate() {
            let is_cursor = at == search.cursor;
            let style = self.style(if is_cursor { Role::Cursor } else { Role::Text });
            let number = |count: Option<u64>| count.map_or_else(|| "-".into(), short_count);
            let (stars, pulls) = (number(hit.stars), number(hit.pulls));
            let official = if hit.official { "official" } else { "" };
            let name = hit.repository.as_str();
            let text = widths.row([name, &stars, &pulls, official, hit.about().as_str()]);
            let mark = if is_cursor { "▌ " } else { "  " };
            let text = columns::left(&format!("{mark}{text}"), rows.width.into());
            self.draw_line(layout::row(rows, line as u16), Line::from(Span::styled(text, style)));
        }
        self.scrollbar(area, rows, offset, hits.len());
        self.input(Rect { height: inner.height.min(1), ..inner }, "> ", &search.input, Role::Dim, "");
    }

    /// Returns the state of the search in words.
    fn search_state(&self, search: &SearchDialog) -> (String, Role) {
        match &search.found {
            _ if search.is_loading() => (format!("searching {}", self.spinner_frame()), Role::Dim),
            None => ("type words: the registry is searched as soon as you rest".into(), Role::Dim),
            Some(found) => {
                let what = match (found.hits.len(), found.is_local) {
                    (0, false) => "nothing found".to_string(),
                    (0, true) => "nothing found among known names".to_string(),
                    (count, false) => counted(count, "repository", "repositories"),
                    (count, true) => counted(count, "known name", "known names"),
                };
                if found.is_local {
                    (format!("{what}: the registry did not search"), Role::Warn)
                } else {
                    (what, Role::Dim)
                }
            }
        }
    }
}
