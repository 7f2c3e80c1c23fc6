//! Draws the state on the screen. Only what is visible is drawn. This module knows no network and never changes the
//! state. It has one file per noun of `app`.

mod bar;
mod dialogs;
mod failure;
mod header;
mod job_line;
mod kind;
mod panes;
mod sanitize;
pub mod theme;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Paragraph;

use crate::app::layout::{self, LEAST_COLUMNS, LEAST_ROWS};
use crate::app::{Pane, State};
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

    fn draw_line(&mut self, area: Rect, line: ratatui::text::Line<'_>) {
        self.frame.render_widget(line, area);
    }
}
