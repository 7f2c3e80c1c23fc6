//! The bottom line: the hints, a toast, or a typed line.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use tui_input::Input;

use super::Canvas;
use super::theme::Role;
use crate::app::dialogs::command_line::{CommandLine, CommandLineEffect};
use crate::app::dialogs::filter_line::{FilterEffect, FilterLine};
use crate::app::dialogs::{Dialog, KeyedDialog};
use crate::app::hints;
use crate::app::keys::{PROMPT_BINDINGS, command_of, join_hints};
use crate::app::notices::{Level, Notice};
use crate::model::columns;

/// The most lines that a message takes.
const MOST_LINES: usize = 3;

impl Canvas<'_, '_> {
    /// Draws the bottom line.
    pub(crate) fn bar(&mut self, area: Rect) {
        match self.state.dialogs.last() {
            Some(Dialog::Filter(line)) => {
                let keys = &self.state.settings.keys;
                let hints = join_hints([
                    keys.hint(FilterLine::BINDINGS, FilterEffect::Keep),
                    keys.cancel_hint(PROMPT_BINDINGS, "drop"),
                ]);
                let problem = self.state.filter_problem();
                let (role, about) = problem.map_or((Role::Dim, hints.as_str()), |why| (Role::Bad, why));
                self.input(area, "/", &line.input, role, about);
                if line.is_selected {
                    let width = columns::width(line.input.value()) as u16;
                    let text = Rect { x: area.x + 1, width, ..area }.intersection(area);
                    self.frame.buffer_mut().set_style(text, Style::new().reversed());
                }
            }
            Some(Dialog::CommandLine(line)) => {
                self.command_line(area, line);
            }
            _ => match &self.state.notices.toast {
                Some(toast) => self.toast(area, &toast.notice),
                None => self.hints(area),
            },
        }
    }

    /// Draws the command line with its completions or its problem to the right. A problem that is too long for the line
    /// is drawn above it.
    fn command_line(&mut self, area: Rect, line: &CommandLine) {
        self.input(area, ":", &line.input, Role::Dim, "");
        // The command is already typed, so a completion shows only the rest of the line.
        let typed = line.input.value().split_once(' ').map_or("", |(command, _)| command);
        let news = |completion: &String| match completion.split_once(' ') {
            Some((command, rest)) if command == typed => rest.to_string(),
            _ => completion.clone(),
        };
        let completions: Vec<String> = line.completions.iter().map(news).collect();
        let keys = &self.state.settings.keys;
        let run = keys.hint(CommandLine::BINDINGS, CommandLineEffect::Run);
        let leave = keys.cancel_hint(PROMPT_BINDINGS, "leave");
        let next = if completions.is_empty() {
            join_hints([run, leave.clone()])
        } else {
            let run = run.filter(|_| line.selected_completion.is_some());
            let complete = command_of(CommandLine::BINDINGS, CommandLineEffect::Complete);
            let key = complete.map(|complete| keys.name(complete)).unwrap_or_default();
            join_hints([run, Some(format!("{key}: {}", completions.join("  ")))])
        };
        let leave = leave.unwrap_or_default();
        let (role, about) = match (&line.problem, line.missing_argument()) {
            (Some(problem), _) if completions.is_empty() => (Role::Bad, problem.clone()),
            (Some(problem), _) => (Role::Warn, format!("{problem}  {next}")),
            (None, Some(needs)) if completions.is_empty() => (Role::Dim, format!("{needs}  {leave}")),
            (None, Some(needs)) => (Role::Dim, format!("{needs}  {next}")),
            (None, None) => (Role::Dim, next),
        };
        let typed = u16::try_from(columns::width(line.input.value())).unwrap_or(u16::MAX);
        let used = typed.saturating_add(4).min(area.width);
        let beside = Rect { x: area.x + used, width: area.width - used, ..area };
        let room = usize::from(beside.width);
        if line.problem.is_some() && columns::width(&about) > room {
            let lines = columns::wrap_into(&about, usize::from(area.width).saturating_sub(2), MOST_LINES);
            return self.draw_upwards(area.y.saturating_sub(1), role, lines);
        }
        let style = self.style(role);
        self.draw_line(beside, Line::styled(columns::cut(&about, room), style));
    }

    /// Draws lines over the screen, the last of them in `row`.
    fn draw_upwards(&mut self, row: u16, role: Role, lines: Vec<String>) {
        let style = self.style(role);
        let (top, width) = ((row + 1).saturating_sub(lines.len() as u16), self.state.size.0);
        for (line, y) in lines.into_iter().zip(top..) {
            let place = Rect::new(0, y, width, 1);
            self.frame.render_widget(Clear, place);
            self.draw_line(place, Line::styled(format!(" {line}"), style));
        }
    }

    /// Draws a line of typed text with the terminal's cursor in it, and `about` at the right.
    pub(crate) fn input(&mut self, area: Rect, prompt: &str, input: &Input, role: Role, about: &str) {
        let room = usize::from(area.width).saturating_sub(columns::width(prompt) + 1).max(1);
        let scroll = input.visual_scroll(room);
        let value = input.value();
        let shown: String = skip_columns(value, scroll);
        let style = self.style(Role::Key);
        let line =
            Line::from(vec![Span::styled(prompt.to_string(), style), Span::raw(columns::cut(&shown, room))]);
        let used = line.width();
        self.draw_line(area, line);
        let free = usize::from(area.width).saturating_sub(used + 3);
        if free > 8 && !about.is_empty() {
            let style = self.style(role);
            self.draw_line(area, Line::styled(columns::cut(about, free), style).right_aligned());
        }
        let column = columns::width(prompt) + input.visual_cursor().saturating_sub(scroll);
        let x = area.x.saturating_add(column as u16).min(area.right().saturating_sub(1));
        self.frame.set_cursor_position(Position::new(x, area.y));
    }

    fn toast(&mut self, area: Rect, notice: &Notice) {
        let (role, word) = match notice.level {
            Level::Done => (Role::Good, ""),
            Level::Partly => (Role::Warn, ""),
            Level::Refused => (Role::Warn, "not now: "),
            Level::Failed => (Role::Bad, "failed: "),
        };
        let room = usize::from(area.width).saturating_sub(2);
        let text = format!("{word}{}", notice.text);
        let hint = notice.hint.as_ref().map(|hint| format!("hint: {hint}"));
        let beside =
            hint.as_ref().map(|hint| format!("{text} · {hint}")).filter(|all| columns::width(all) <= room);
        let lines = match (beside, hint) {
            (Some(all), _) => vec![all],
            (None, None) => columns::wrap_into(&text, room, MOST_LINES),
            (None, Some(hint)) => {
                let hint = columns::wrap_into(&hint, room, MOST_LINES - 1);
                let mut lines = columns::wrap_into(&text, room, MOST_LINES - hint.len());
                lines.extend(hint);
                lines
            }
        };
        self.draw_upwards(area.y, role, lines);
    }

    fn hints(&mut self, area: Rect) {
        let mut spans = vec![Span::raw(" ")];
        for (hint, _) in hints::visible_hints(self.state) {
            spans.push(Span::styled(hint.key, self.style(Role::Key)));
            spans.push(Span::styled(format!(" {}  ", hint.label), self.style(Role::Dim)));
        }
        self.draw_line(area, Line::from(spans));
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
