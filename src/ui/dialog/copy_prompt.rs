//! The prompt for the destination of a copy.

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::dialog::copy_prompt::{Copy, Row, counted};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// Columns of the box.
const WIDTH: u16 = 76;
/// Lines above the rows: what is copied, what is typed, what is wrong with it.
const HEAD: usize = 3;

impl Canvas<'_, '_> {
    /// Draws the prompt.
    pub fn copy_prompt(&mut self, prompt: &Copy) {
        let rows = prompt.rows();
        // Room for the names that fit is kept, so that nothing jumps while they come and go.
        let height = HEAD + 6 + rows.len() - prompt.suggestions.len();
        let area = layout::over(self.state, WIDTH, u16::try_from(height + 1).unwrap_or(u16::MAX));
        let inner = self.overlay(area, "Copy", "Enter plan  ↑ ↓ choose  Esc leave");
        let line =
            |row: usize| Rect::new(inner.x + 1, inner.y + row as u16, inner.width.saturating_sub(2), 1);
        let width = usize::from(line(0).width);
        let what = if prompt.all_tags { "all tags".into() } else { counted(&prompt.what) };
        let about = columns::cut(&format!("{what} of {}", prompt.from), width);
        let style = self.style(Role::Text);
        self.put(line(0), Line::styled(about, style));
        let (role, text) = match &prompt.problem {
            Some(problem) => (Role::Bad, problem.as_str()),
            None => (Role::Dim, "a registry, a repository, or repository:tag for one image"),
        };
        let style = self.style(role);
        self.put(line(2), Line::styled(columns::cut(text, width), style));
        let body =
            Rect { y: inner.y + HEAD as u16, height: inner.height.saturating_sub(HEAD as u16), ..line(0) };
        let height = usize::from(body.height);
        let listed = rows.iter().enumerate().skip(1);
        // The switches stand at the bottom, the names that fit above them; where all have no room, those around the
        // cursor are drawn.
        let offset = prompt.cursor.saturating_sub(height);
        let switches = rows.len() - 1 - prompt.suggestions.len();
        let gap = height.saturating_sub(rows.len() - 1);
        for (at, row) in listed.skip(offset) {
            let shift = if at > prompt.suggestions.len() && switches > 0 { gap } else { 0 };
            let y = at - 1 - offset + shift;
            if y < height {
                self.copy_row(
                    prompt,
                    *row,
                    at == prompt.cursor,
                    Rect { y: body.y + y as u16, height: 1, ..body },
                );
            }
        }
        self.input(line(1), "> ", &prompt.input, Role::Dim, "");
    }

    fn copy_row(&mut self, prompt: &Copy, row: Row, is_cursor: bool, area: Rect) {
        match row {
            Row::Destination => {}
            Row::Suggestion(at) => {
                let name = prompt.suggestions.get(at).map(String::as_str).unwrap_or_default();
                let style = self.style(if is_cursor { Role::Cursor } else { Role::Text });
                let text = format!("{}{name}", if is_cursor { "▌ " } else { "  " });
                self.put(area, Line::styled(columns::left(&text, area.width.into()), style));
            }
            Row::Referrers => {
                let text = "what refers to the images: signatures, attestations";
                self.switch(area, prompt.referrers, is_cursor, text);
            }
            Row::AllTags => self.switch(area, prompt.all_tags, is_cursor, "all tags of the repository"),
            Row::Platform(at) => {
                if let Some((platform, comes)) = prompt.platforms.get(at) {
                    self.switch(area, *comes, is_cursor, &platform.to_string());
                }
            }
        }
    }
}
