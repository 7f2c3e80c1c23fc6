//! The request log: the newest request at the bottom, below the headings of its columns.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::requests::{RequestEffect, RequestLog, RequestRow};
use crate::app::keys::{DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::request_line::RequestLine;
use crate::model::{columns, size};
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The least width, in columns, at which a request shows its duration and its number of bytes.
const WITH_NUMBERS: u16 = 70;

impl Canvas<'_, '_> {
    /// Draws the last requests.
    pub(crate) fn requests(&mut self, log: &RequestLog) {
        let rows = log.rows(self.state);
        let (ended, unanswered) = (self.state.requests.len(), self.state.awaited.len());
        let shown = if log.is_filtered() { format!("{} of ", rows.len()) } else { String::new() };
        let awaited = if unanswered == 0 { String::new() } else { format!(", {unanswered} awaited") };
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.hint(RequestLog::BINDINGS, RequestEffect::Yank),
            keys.hint(RequestLog::BINDINGS, RequestEffect::Search),
            keys.scroll_hint(DIALOG_BINDINGS, "move"),
            keys.cancel_hint(DIALOG_BINDINGS, if log.is_filtered() { "show all" } else { "leave" }),
        ]);
        let area = layout::log(self.state);
        let inner = self.overlay(area, &format!("Requests {shown}{}{awaited}", ended + unanswered), &hints);
        let place = log.rows_area(self.state);
        if rows.is_empty() {
            let text = if log.is_filtered() { "no request contains that" } else { "no requests yet" };
            self.draw_text(place, &[(Role::Dim, text.into())]);
        } else {
            self.draw_line(Rect { height: 1, ..inner }, self.request_headings(inner.width));
        }
        let cursor = log.cursor(rows.len());
        let first = first_row(cursor, rows.len(), place.height.into());
        let filter = log.filter();
        for (row, request) in rows.iter().enumerate().skip(first).take(place.height.into()) {
            let area = Rect::new(place.x, place.y + (row - first) as u16, place.width, 1);
            if row == cursor {
                let style = self.style(Role::Cursor);
                self.frame.buffer_mut().set_style(area, style);
            }
            let line = self.request(*request, place.width, row == cursor);
            self.draw_line(area, Line::from(self.matched_line(filter.as_ref(), line.spans)));
        }
        self.scrollbar(area, place, first, rows.len());
        if log.is_typing || log.is_filtered() {
            let foot = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
            if log.is_typing {
                self.input(
                    foot,
                    " /",
                    &log.input,
                    Role::Dim,
                    "method, part of the URL, status, or `awaited`",
                );
            } else {
                let style = self.style(Role::Warn);
                self.draw_line(foot, Line::styled(format!(" /{}", log.input.value()), style));
            }
        }
    }

    fn request_headings(&self, width: u16) -> Line<'static> {
        let mut text = format!(" {:<8} {:<6} {:<3}", "TIME", "METHOD", "ANS");
        if width >= WITH_NUMBERS {
            text.push_str(&format!("{}{}", columns::right("TOOK", 10), columns::right("SIZE", 10)));
        }
        text.push_str("  URL");
        Line::styled(text, self.style(Role::Heading))
    }

    /// Returns the line of a request: time, method, result, and the end of the URL. If the URL is too long, its
    /// beginning is cut off, because its end says most.
    fn request(&self, row: RequestRow<'_>, width: u16, is_cursor: bool) -> Line<'static> {
        let line = match row {
            RequestRow::Ended(line) => line.clone(),
            RequestRow::Awaited(request) => RequestLine {
                at: request.at,
                method: request.method,
                url: request.url.clone(),
                status: None,
                took: request.waited,
                bytes: 0,
                attempt: request.attempt,
                failure: None,
                budget: None,
            },
        };
        let (status, role) = match line.status {
            Some(status @ 200..=399) => (status.to_string(), Role::Good),
            Some(status @ (401 | 404)) => (status.to_string(), Role::Warn),
            Some(status) => (status.to_string(), Role::Bad),
            None if line.failure.is_none() => ("...".into(), Role::Dim),
            None => ("---".into(), Role::Bad),
        };
        let style = |role| if is_cursor { self.style(Role::Cursor) } else { self.style(role) };
        let mut spans = vec![
            Span::styled(if is_cursor { "▌" } else { " " }, style(Role::Marker)),
            Span::styled(format!("{} ", line.at.strftime("%H:%M:%S")), style(Role::Dim)),
            Span::styled(format!("{} ", columns::left(line.method, 6)), style(Role::Text)),
            Span::styled(status, style(role)),
        ];
        if width >= WITH_NUMBERS {
            let took = format!("{} ms", line.took.as_millis());
            let bytes = match row {
                RequestRow::Ended(_) => size::bytes(line.bytes),
                RequestRow::Awaited(_) => String::new(),
            };
            spans.push(Span::styled(columns::right(&took, 10), style(Role::Dim)));
            spans.push(Span::styled(columns::right(&bytes, 10), style(Role::Number)));
        }
        if line.attempt > 1 {
            spans.push(Span::styled(format!(" try {}", line.attempt), style(Role::Warn)));
        }
        if let Some(why) = &line.failure {
            spans.push(Span::styled(format!(" {why}"), style(Role::Bad)));
        }
        let used: usize = spans.iter().map(Span::width).sum();
        let room = usize::from(width).saturating_sub(used + 3);
        spans.push(Span::styled(
            format!("  {}", columns::cut_front(line.url.as_str(), room)),
            style(Role::Text),
        ));
        Line::from(spans)
    }
}

/// Returns the first of the rows that are shown: as low as possible, so that the newest are in sight.
fn first_row(cursor: usize, rows: usize, height: usize) -> usize {
    rows.saturating_sub(height).min(cursor)
}
