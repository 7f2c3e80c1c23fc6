//! Draws the state on the screen. Only what is visible is drawn. This module knows no network and never changes the
//! state. It has one file per noun of `app`.

mod bar;
mod dialogs;
mod failure;
mod header;
mod highlight;
mod job_line;
mod kind;
mod panes;
mod sanitize;
pub mod theme;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::app::layout::{self, LEAST_COLUMNS, LEAST_ROWS};
use crate::app::{Pane, State};
use crate::model::columns;
use theme::{Role, Theme};

/// The frame, the state, the theme and the time that every part of the screen is drawn with.
struct Canvas<'a, 'f> {
    frame: &'a mut Frame<'f>,
    state: &'a State,
    theme: &'a Theme,
    now: Timestamp,
}

/// Draws the whole screen.
pub fn view(frame: &mut Frame, state: &State, theme: &Theme, now: Timestamp) {
    let mut canvas = Canvas { frame, state, theme, now };
    canvas.draw_all();
    sanitize::sanitize(canvas.frame.buffer_mut());
}

impl Canvas<'_, '_> {
    fn draw_all(&mut self) {
        let area = self.frame.area();
        // A frame may be drawn before the state knows the new size.
        let layout = layout::of(self.state);
        let fits = self.state.size == (area.width, area.height);
        if layout.too_small || !fits {
            let text = format!("regtui needs {LEAST_COLUMNS} × {LEAST_ROWS}");
            let text = if fits { text.as_str() } else { "" };
            self.frame.render_widget(Paragraph::new(text), area);
            return;
        }
        self.header(layout.header);
        for pane in Pane::ALL {
            if let Some(area) = layout.pane(pane) {
                match pane {
                    Pane::Registries => self.registries(area),
                    Pane::Repositories => self.repositories(area),
                    Pane::Tags => self.tags(area),
                    Pane::Details => self.detail(area),
                }
            }
        }
        self.dragged_border(&layout);
        if let Some(area) = layout.jobs {
            self.job_line(area);
        }
        self.bar(layout.bar);
        self.dialogs();
    }

    fn style(&self, role: Role) -> ratatui::style::Style {
        self.theme.style(role)
    }

    /// Draws a line. Text that does not fit ends in `…`.
    fn draw_line(&mut self, area: Rect, line: Line<'_>) {
        self.frame.render_widget(cut_line(line, area.width.into()), area);
    }
}

/// Returns the line, with `…` in the last of `room` columns if any text is beyond them. Blanks at the end are no text.
fn cut_line(mut line: Line<'_>, room: usize) -> Line<'_> {
    if line.width() <= room {
        return line;
    }
    let is_blank = |span: &Span<'_>| span.content.trim_end().is_empty();
    while line.spans.last().is_some_and(is_blank) {
        line.spans.pop();
    }
    let mut used = 0;
    for at in 0..line.spans.len() {
        let is_last = at + 1 == line.spans.len();
        let Some(span) = line.spans.get_mut(at) else { break };
        let text = if is_last { span.content.trim_end() } else { &span.content };
        let width = columns::width(text);
        if used + width > room || (used + width == room && !is_last) {
            // A longer text than the span's own, so that it is cut even if the span itself would fit.
            span.content = columns::cut(&format!("{text}……"), room - used).into();
            line.spans.truncate(at + 1);
            break;
        }
        used += width;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_does_not_fit_ends_in_an_ellipsis_wherever_it_is_cut() {
        let cut = |spans: &[&str], room| {
            cut_line(Line::from(spans.iter().map(|span| Span::raw(*span)).collect::<Vec<_>>()), room)
                .to_string()
        };
        assert_eq!(cut(&["abc", "def"], 6), "abcdef");
        assert_eq!(cut(&["abc", "def"], 5), "abcd…");
        assert_eq!(cut(&["abc", "def"], 3), "ab…");
        assert_eq!(cut(&["abc", "def"], 2), "a…");
        assert_eq!(cut(&["abc", "def"], 1), "…");
        assert_eq!(cut(&["abc", "def"], 0), "");
        assert_eq!(cut(&["abc", "  ", " "], 3), "abc");
        assert_eq!(cut(&["ab   "], 3), "ab   ");
        assert_eq!(cut(&["日本", "語"], 5), "日本…");
        assert_eq!(cut(&["日本", "語"], 4), "日…");
    }
}
