//! The last line: hints, or a message, or what is typed.

use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use tui_input::Input;

use super::Canvas;
use super::theme::Role;
use crate::app::dialog::Dialog;
use crate::app::layout;
use crate::app::notices::Level;
use crate::model::columns;

impl Canvas<'_, '_> {
    /// Draws the bar.
    pub fn bar(&mut self, area: Rect) {
        match self.state.dialogs.last() {
            Some(Dialog::Filter(input)) => {
                self.input(area, "/", input, Role::Dim, "Enter keep  Esc drop");
            }
            Some(Dialog::CommandLine(line)) => {
                let (role, about) = match (&line.problem, line.completions.as_slice()) {
                    (Some(problem), _) => (Role::Bad, problem.clone()),
                    (None, []) => (Role::Dim, "Enter run  Esc leave".into()),
                    (None, completions) => (Role::Dim, completions.join("  ")),
                };
                self.input(area, ":", &line.input, role, &about);
            }
            _ if self.state.notices.toast_until.is_some() => self.toast(area),
            _ => self.hints(area),
        }
    }

    /// A line of typed text with the terminal's cursor in it, and something about it at its right.
    pub fn input(&mut self, area: Rect, prompt: &str, input: &Input, role: Role, about: &str) {
        let room = usize::from(area.width).saturating_sub(columns::width(prompt) + 1).max(1);
        let scroll = input.visual_scroll(room);
        let value = input.value();
        let shown: String = skip_columns(value, scroll);
        let style = self.style(Role::Key);
        let line =
            Line::from(vec![Span::styled(prompt.to_string(), style), Span::raw(columns::cut(&shown, room))]);
        let used = line.width();
        self.put(area, line);
        let free = usize::from(area.width).saturating_sub(used + 3);
        if free > 8 && !about.is_empty() {
            let style = self.style(role);
            self.put(area, Line::styled(columns::cut(about, free), style).right_aligned());
        }
        let column = columns::width(prompt) + input.visual_cursor().saturating_sub(scroll);
        let x = area.x.saturating_add(column as u16).min(area.right().saturating_sub(1));
        self.frame.set_cursor_position(Position::new(x, area.y));
    }

    fn toast(&mut self, area: Rect) {
        let Some(notice) = self.state.notices.all.back() else { return };
        let (role, word) = match notice.level {
            Level::Done => (Role::Good, ""),
            Level::Partly => (Role::Warn, ""),
            Level::Refused => (Role::Warn, "not now: "),
            Level::Failed => (Role::Bad, "failed: "),
        };
        let hint = notice.hint.as_ref().map(|hint| format!(" · hint: {hint}")).unwrap_or_default();
        let text = columns::cut(&format!(" {word}{}{hint}", notice.text), area.width.into());
        let style = self.style(role);
        self.put(area, Line::styled(text, style));
    }

    fn hints(&mut self, area: Rect) {
        let mut spans = vec![Span::raw(" ")];
        for (hint, _) in layout::hints(self.state) {
            spans.push(Span::styled(hint.keys, self.style(Role::Key)));
            spans.push(Span::styled(format!(" {}  ", hint.label), self.style(Role::Dim)));
        }
        self.put(area, Line::from(spans));
    }
}

fn skip_columns(text: &str, skipped: usize) -> String {
    use unicode_segmentation::UnicodeSegmentation;
    let mut column = 0;
    let pieces = text.graphemes(true).skip_while(|piece| {
        let is_skipped = column < skipped;
        column += columns::width(piece);
        is_skipped
    });
    pieces.collect()
}
