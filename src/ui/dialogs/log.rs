//! The message log, the newest line at the bottom.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::keys::{DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::app::notices::{BEFORE_TEXT, Level, Notice};
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the last messages.
    pub(crate) fn messages(&mut self, scroll: usize) {
        let inner = self.log_box(&format!("Messages {}", self.state.notices.all.len()));
        let all = self.state.notices.lines(inner.width.into());
        let lines: Vec<Line> = all[window(all.len(), scroll, inner.height)]
            .iter()
            .map(|(notice, text)| self.notice(*notice, text))
            .collect();
        self.log_lines(inner, lines, "no messages yet");
    }

    fn log_box(&mut self, title: &str) -> Rect {
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.scroll_hint(DIALOG_BINDINGS, "scroll"),
            keys.cancel_hint(DIALOG_BINDINGS, "leave"),
        ]);
        self.overlay(layout::log(self.state), title, &hints)
    }

    fn log_lines(&mut self, inner: Rect, lines: Vec<Line<'_>>, nothing: &str) {
        if lines.is_empty() {
            return self.draw_text(inner, &[(Role::Dim, nothing.into())]);
        }
        for (row, line) in lines.into_iter().enumerate() {
            self.draw_line(Rect::new(inner.x, inner.y + row as u16, inner.width, 1), line);
        }
    }

    fn notice(&self, notice: Option<&Notice>, text: &str) -> Line<'static> {
        let text = Span::styled(text.to_string(), self.style(Role::Text));
        let Some(notice) = notice else { return Line::from(vec![Span::raw(" ".repeat(BEFORE_TEXT)), text]) };
        let (word, role) = match notice.level {
            Level::Done => ("done", Role::Good),
            Level::Partly => ("in part", Role::Warn),
            Level::Refused => ("not now", Role::Warn),
            Level::Failed => ("failed", Role::Bad),
        };
        Line::from(vec![
            Span::styled(format!(" {} ", notice.at.strftime("%H:%M:%S")), self.style(Role::Dim)),
            Span::styled(columns::left(word, 8), self.style(role)),
            text,
        ])
    }
}

/// Returns the rows that fit, `scroll` rows above the end.
fn window(all: usize, scroll: usize, height: u16) -> std::ops::Range<usize> {
    let height = usize::from(height);
    let end = all - scroll.min(all.saturating_sub(height));
    end.saturating_sub(height)..end
}
