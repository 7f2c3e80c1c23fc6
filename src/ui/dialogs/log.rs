//! The request log and the message log, the newest line at the bottom.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::keys::{DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::app::notices::{BEFORE_TEXT, Level, Notice};
use crate::model::request_line::RequestLine;
use crate::model::{columns, size};
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The least width, in columns, at which a request shows its duration and its number of bytes.
const WITH_NUMBERS: u16 = 70;

impl Canvas<'_, '_> {
    /// Draws the last requests.
    pub(crate) fn requests(&mut self, scroll: usize) {
        let all = self.state.requests.len();
        let inner = self.log_box(&format!("Requests {all}"));
        let lines: Vec<Line> = window(all, scroll, inner.height)
            .filter_map(|row| self.state.requests.get(row))
            .map(|line| self.request(line, inner.width))
            .collect();
        self.log_lines(inner, lines, "no requests yet");
    }

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

    /// Returns the line of a request: time, method, result, and the end of the URL. If the URL is too long, its
    /// beginning is cut off, because its end says most.
    fn request(&self, line: &RequestLine, width: u16) -> Line<'static> {
        let (status, role) = match line.status {
            Some(status @ 200..=399) => (status.to_string(), Role::Good),
            Some(status @ (401 | 404)) => (status.to_string(), Role::Warn),
            Some(status) => (status.to_string(), Role::Bad),
            None => ("---".into(), Role::Bad),
        };
        let mut spans = vec![
            Span::styled(format!(" {} ", line.at.strftime("%H:%M:%S")), self.style(Role::Dim)),
            Span::styled(columns::left(line.method, 5), self.style(Role::Text)),
            Span::styled(status, self.style(role)),
        ];
        if width >= WITH_NUMBERS {
            let took = format!("{} ms", line.took.as_millis());
            spans.push(Span::styled(columns::right(&took, 10), self.style(Role::Dim)));
            spans.push(Span::styled(columns::right(&size::bytes(line.bytes), 10), self.style(Role::Number)));
        }
        if line.attempt > 1 {
            spans.push(Span::styled(format!(" try {}", line.attempt), self.style(Role::Warn)));
        }
        if let Some(why) = &line.failure {
            spans.push(Span::styled(format!(" {why}"), self.style(Role::Bad)));
        }
        let used: usize = spans.iter().map(Span::width).sum();
        let room = usize::from(width).saturating_sub(used + 2);
        spans.push(Span::styled(
            format!(" {}", columns::cut_front(line.url.as_str(), room)),
            self.style(Role::Text),
        ));
        Line::from(spans)
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
