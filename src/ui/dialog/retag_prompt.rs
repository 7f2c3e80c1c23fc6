//! The prompt for new tags, with what comes of what is typed.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialog::retag_prompt::{OLD_TAG, Retag};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// Columns of the box.
const WIDTH: u16 = 76;
/// Lines above the list of what comes of it.
const HEAD: u16 = 6;
/// Most lines of that list.
const MOST_SHOWN: usize = 12;

impl Canvas<'_, '_> {
    /// Draws the prompt.
    pub fn retag_prompt(&mut self, prompt: &Retag) {
        let shown = prompt.images.len().min(MOST_SHOWN) as u16;
        let area = layout::over(self.state, WIDTH, HEAD + shown + 2);
        let title = if prompt.moves { "Rename" } else { "Retag" };
        let inner = self.overlay(area, title, "Enter plan  Tab switch  Esc leave");
        let line = |row: u16| Rect::new(inner.x + 1, inner.y + row, inner.width.saturating_sub(2), 1);
        let about = match prompt.images.as_slice() {
            [image] => format!("{}:{image}", prompt.from),
            images => format!("{} images of {}", images.len(), prompt.from),
        };
        let (dim, text) = (self.style(Role::Dim), self.style(Role::Text));
        self.put(line(0), Line::styled(columns::cut_front(&about, line(0).width.into()), text));
        let hint = match prompt.images.len() {
            1 => "a new tag, or repository:tag in the same registry".to_string(),
            _ => format!("{OLD_TAG} stands for the old tag; or repository:{OLD_TAG} in the same registry"),
        };
        match &prompt.problem {
            Some(problem) => {
                let style = self.style(Role::Bad);
                self.put(line(2), Line::styled(columns::cut(problem, line(2).width.into()), style));
            }
            None => self.put(line(2), Line::styled(columns::cut(&hint, line(2).width.into()), dim)),
        }
        self.switch(line(3), prompt.moves, prompt.on_switch, "untag the old name afterwards: rename");
        let rows = Rect { y: inner.y + HEAD - 1, height: inner.height.saturating_sub(HEAD - 1), ..line(0) };
        self.new_names(prompt, rows);
        self.input(line(1), "> ", &prompt.input, Role::Dim, "");
    }

    /// A switch of a prompt.
    pub fn switch(&mut self, area: Rect, is_on: bool, is_cursor: bool, text: &str) {
        let base = self.style(if is_cursor { Role::Cursor } else { Role::Text });
        let marker = if is_cursor { "▌" } else { " " };
        let sign = if is_on { "[x]" } else { "[ ]" };
        let about = if is_cursor { "  Space switches" } else { "" };
        let text = columns::left(&format!("{marker}{sign} {text}{about}"), area.width.into());
        self.put(area, Line::styled(text, base));
    }

    fn new_names(&mut self, prompt: &Retag, area: Rect) {
        let Ok(targets) = prompt.targets() else { return };
        let names = targets.iter().map(|(old, ..)| columns::width(&old.to_string())).max().unwrap_or(0);
        let names = names.min(usize::from(area.width) / 2);
        let height = usize::from(area.height);
        let shown = if targets.len() > height { height.saturating_sub(1) } else { targets.len() };
        for (row, (old, repository, tag)) in targets.iter().take(shown).enumerate() {
            let new = match *repository == prompt.from {
                true => tag.to_string(),
                false => format!("{}:{tag}", repository.name),
            };
            let line = Line::from(vec![
                Span::styled(columns::left(&old.to_string(), names), self.style(Role::Text)),
                Span::styled(" → ", self.style(Role::Dim)),
                Span::styled(new, self.style(Role::Strong)),
            ]);
            self.put(Rect::new(area.x, area.y + row as u16, area.width, 1), line);
        }
        if shown < targets.len() && height > 0 {
            let text = format!("and {} more", targets.len() - shown);
            let style = self.style(Role::Dim);
            self.put(Rect::new(area.x, area.y + shown as u16, area.width, 1), Line::styled(text, style));
        }
    }
}
