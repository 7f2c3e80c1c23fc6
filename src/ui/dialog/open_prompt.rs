//! The prompt for a name.

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::dialog::Open;
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// Columns of the box.
const WIDTH: u16 = 72;
/// Lines of the prompt and of what is wrong with what is typed.
const PROMPT: usize = 2;

impl Canvas<'_, '_> {
    /// Draws the prompt, why there is no list, and names that fit.
    pub fn open_prompt(&mut self, open: &Open) {
        let registry = self.state.registries.selected();
        let failure = registry.and_then(|registry| registry.repositories.names.failure.as_ref());
        let mut about: Vec<(Role, String)> = Vec::new();
        if let (Some(registry), Some(failure)) = (registry, failure) {
            about.push((Role::Dim, format!("{} lists no repositories: {}", registry.host, failure.why)));
        }
        match registry {
            Some(registry) => about
                .push((Role::Dim, format!("a repository of {}, or any name with its host", registry.host))),
            None => about.push((Role::Dim, "localhost:5000, ghcr.io/org/app, nginx:1.27".into())),
        }
        let screen = self.frame.area();
        let room = usize::from(WIDTH.min(screen.width.saturating_sub(2))).saturating_sub(4);
        let mut lines: Vec<(Role, String)> = about
            .into_iter()
            .flat_map(|(role, text)| columns::wrap(&text, room).into_iter().map(move |line| (role, line)))
            .collect();
        // However long the reason is, there is room to type.
        lines.truncate(usize::from(screen.height).saturating_sub(2 + PROMPT + 2));
        let height = lines.len() + open.suggestions.len() + PROMPT + 2;
        let area = layout::over(self.state, WIDTH, u16::try_from(height).unwrap_or(u16::MAX));
        let inner = self.overlay(area, "Open", "Enter open  Esc leave");
        self.say(inner, &lines);
        let mut y = inner.y + lines.len() as u16;
        let prompt = Rect::new(inner.x + 1, y, inner.width.saturating_sub(2), 1);
        if let Some(problem) = &open.problem {
            let style = self.style(Role::Bad);
            let place = Rect { y: y + 1, ..prompt };
            self.put(place, Line::styled(columns::cut(problem, place.width.into()), style));
        }
        y += PROMPT as u16;
        for (row, name) in open.suggestions.iter().enumerate() {
            if y >= inner.bottom() {
                break;
            }
            let is_cursor = open.cursor == Some(row);
            let style = if is_cursor { self.style(Role::Cursor) } else { self.style(Role::Text) };
            let text = format!("{}{name}", if is_cursor { "▌ " } else { "  " });
            let place = Rect::new(inner.x, y, inner.width, 1);
            self.put(place, Line::styled(columns::left(&text, inner.width.into()), style));
            y += 1;
        }
        self.input(prompt, "> ", &open.input, Role::Dim, "");
    }
}
