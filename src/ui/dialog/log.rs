//! The request log and the messages: the newest at the end.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::notices::{Level, Notice};
use crate::model::request::RequestLine;
use crate::model::{columns, size};
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the last requests.
    pub fn requests(&mut self, scroll: usize) {
        let all = self.state.requests.len();
        let inner = self.log_box(&format!("Requests {all}"));
        let lines: Vec<Line> = window(all, scroll, inner.height)
            .filter_map(|row| self.state.requests.get(row))
            .map(|line| self.request(line))
            .collect();
        self.log_lines(inner, lines, "no requests yet");
    }

    /// Draws the last messages.
    pub fn messages(&mut self, scroll: usize) {
        let all = self.state.notices.all.len();
        let inner = self.log_box(&format!("Messages {all}"));
        let lines: Vec<Line> = window(all, scroll, inner.height)
            .filter_map(|row| self.state.notices.all.get(row))
            .map(|notice| self.notice(notice))
            .collect();
        self.log_lines(inner, lines, "no messages yet");
    }

    fn log_box(&mut self, title: &str) -> Rect {
        let screen = self.frame.area();
        self.overlay(
            screen.width.saturating_sub(4),
            screen.height.saturating_sub(4),
            title,
            "j k scroll  Esc leave",
        )
    }

    fn log_lines(&mut self, inner: Rect, lines: Vec<Line<'_>>, nothing: &str) {
        if lines.is_empty() {
            return self.say(inner, &[(Role::Dim, nothing.into())]);
        }
        for (row, line) in lines.into_iter().enumerate() {
            self.frame.render_widget(line, Rect::new(inner.x, inner.y + row as u16, inner.width, 1));
        }
    }

    fn request(&self, line: &RequestLine) -> Line<'static> {
        let (status, role) = match line.status {
            Some(status @ 200..=399) => (status.to_string(), Role::Good),
            Some(status @ (401 | 404)) => (status.to_string(), Role::Warn),
            Some(status) => (status.to_string(), Role::Bad),
            None => ("---".into(), Role::Bad),
        };
        let tries = if line.attempt > 1 { format!("  try {}", line.attempt) } else { String::new() };
        let failure = line.failure.as_ref().map(|why| format!("  {why}")).unwrap_or_default();
        Line::from(vec![
            Span::styled(format!(" {} ", line.at.strftime("%H:%M:%S")), self.style(Role::Dim)),
            Span::styled(columns::left(line.method, 5), self.style(Role::Text)),
            Span::styled(format!("{status} "), self.style(role)),
            Span::styled(columns::right(&format!("{} ms", line.took.as_millis()), 8), self.style(Role::Dim)),
            Span::styled(columns::right(&size::bytes(line.bytes), 10), self.style(Role::Number)),
            Span::styled(format!("  {}", line.url), self.style(Role::Text)),
            Span::styled(format!("{tries}{failure}"), self.style(Role::Warn)),
        ])
    }

    fn notice(&self, notice: &Notice) -> Line<'static> {
        let (word, role) = match notice.level {
            Level::Done => ("done", Role::Good),
            Level::Refused => ("not now", Role::Warn),
            Level::Failed => ("failed", Role::Bad),
        };
        let hint = notice.hint.as_ref().map(|hint| format!(" · hint: {hint}")).unwrap_or_default();
        Line::from(vec![
            Span::styled(format!(" {} ", notice.at.strftime("%H:%M:%S")), self.style(Role::Dim)),
            Span::styled(columns::left(word, 8), self.style(role)),
            Span::styled(format!("{}{hint}", notice.text), self.style(Role::Text)),
        ])
    }
}

/// The rows that fit, `scroll` away from the end.
fn window(all: usize, scroll: usize, height: u16) -> std::ops::Range<usize> {
    let height = usize::from(height);
    let end = all - scroll.min(all.saturating_sub(height));
    end.saturating_sub(height)..end
}
