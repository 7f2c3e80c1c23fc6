//! The jobs, the newest first, or one of them with its parts.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialog::jobs::{self, Jobs};
use crate::app::jobs::Job;
use crate::app::layout;
use crate::model::columns;
use crate::model::text::SafeText;
use crate::model::work::progress::{Item, Outcome};
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// Columns of the word that says how a part ended.
const WORD: usize = 9;

impl Canvas<'_, '_> {
    /// Draws the jobs.
    pub fn jobs(&mut self, dialog: &Jobs) {
        let state = self.state;
        let opened = dialog.open.and_then(|id| state.jobs.all.iter().find(|job| job.id == id));
        match opened {
            Some(job) => self.job(job, dialog.scroll),
            None => self.job_list(dialog.cursor),
        }
    }

    fn job_list(&mut self, cursor: usize) {
        let state = self.state;
        let running = state.jobs.running().count();
        let title = format!("Jobs {}, {running} running", state.jobs.all.len());
        let chosen = state.jobs.all.iter().rev().nth(cursor);
        let hints = format!("{}Esc leave", chosen.map_or(String::new(), |job| hints(job, "Enter parts  ")));
        let inner = self.overlay(layout::log(state), &title, &hints);
        if state.jobs.all.is_empty() {
            let text = "no jobs yet: deleting, retagging, copying and undoing run here".to_string();
            return self.say(inner, &[(Role::Dim, text)]);
        }
        let height = usize::from(inner.height);
        let offset = layout::offset(cursor, inner.height);
        for (row, job) in state.jobs.all.iter().rev().enumerate().skip(offset).take(height) {
            let place = Rect::new(inner.x, inner.y + (row - offset) as u16, inner.width, 1);
            self.job_row(place, job, row == cursor);
        }
    }

    fn job_row(&mut self, area: Rect, job: &Job, is_cursor: bool) {
        let base = self.style(if is_cursor { Role::Cursor } else { Role::Text });
        if is_cursor {
            self.frame.buffer_mut().set_style(area, base);
        }
        let plain = |span: Span<'static>| if is_cursor { span.style(base) } else { span };
        let numbers: Vec<Span> =
            self.numbers(job, area.width / 2).into_iter().map(plain).chain([Span::raw(" ")]).collect();
        let numbers = Line::from(numbers);
        let room = usize::from(area.width).saturating_sub(numbers.width() + 3);
        let marker = if is_cursor { "▌ " } else { "  " };
        let begun = job.begun.strftime("%H:%M");
        let place = if job.place.is_empty() { String::new() } else { format!(" · {}", job.place) };
        let about = format!(" · {begun}{place}");
        let title = columns::cut(job.title.as_str(), room);
        let about = columns::cut(&about, room.saturating_sub(columns::width(&title)));
        let dim = self.style(Role::Dim);
        let line = Line::from(vec![Span::raw(marker), Span::raw(title), plain(Span::styled(about, dim))]);
        self.put(area, line.style(base));
        self.put(area, numbers.right_aligned());
    }

    fn job(&mut self, job: &Job, scroll: usize) {
        let hints = format!("{}Esc back", hints(job, ""));
        let inner = self.overlay(layout::log(self.state), "Job", &hints);
        let head = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), height: 1, ..inner };
        let place = if job.place.is_empty() { String::new() } else { format!(" · {}", job.place) };
        let title = format!("{} · {}{place}", job.title, job.begun.strftime("%H:%M:%S"));
        let title = columns::cut(&title, head.width.into());
        let style = self.style(Role::Strong);
        self.put(head, Line::styled(title, style));
        let numbers = Line::from(self.numbers(job, head.width));
        self.put(Rect { y: head.y + 1, ..head }, numbers);
        if !job.progress.now.is_empty() && job.is_running() {
            let style = self.style(Role::Dim);
            let now = columns::cut(job.progress.now.as_str(), head.width.into());
            self.put(Rect { y: head.y + 2, ..head }, Line::styled(now, style));
        }
        let body = Rect { y: head.y + 3, height: inner.height.saturating_sub(3), ..head };
        let lines = jobs::lines(job);
        let (all, height) = (lines.len(), usize::from(body.height));
        let scroll = scroll.min(all.saturating_sub(height));
        let names = job.items().iter().map(|item| columns::width(item.name.as_str())).max().unwrap_or(0);
        let names = names.min(usize::from(body.width) / 2);
        for (row, line) in lines.into_iter().skip(scroll).take(height).enumerate() {
            let place = Rect::new(body.x, body.y + row as u16, body.width, 1);
            let line = self.part(&line, names, body.width.into());
            self.put(place, line);
        }
        self.scrollbar(Rect { width: body.width + 2, ..body }, body, scroll, all);
    }

    fn part(&self, line: &jobs::Line, names: usize, width: usize) -> Line<'static> {
        let indent = " ".repeat(WORD);
        match line {
            jobs::Line::Item(item) => self.item(item, names, width),
            jobs::Line::Hint(hint) => {
                Line::styled(columns::cut(&format!("{indent}hint: {hint}"), width), self.style(Role::Warn))
            }
            jobs::Line::Remark(text) => {
                let text = format!("{}{text}", columns::left("note", WORD));
                Line::styled(columns::cut(&text, width), self.style(Role::Warn))
            }
        }
    }

    fn item(&self, item: &Item, names: usize, width: usize) -> Line<'static> {
        let nothing = SafeText::default();
        let (role, word, about) = match &item.outcome {
            None => (Role::Dim, "waits", &nothing),
            Some(Outcome::Done(about)) => (Role::Good, "done", about),
            Some(Outcome::Already(about)) => (Role::Good, "already", about),
            Some(Outcome::Left(about)) => (Role::Warn, "left", about),
            Some(Outcome::Pending(about)) => (Role::Warn, "pending", about),
            Some(Outcome::Failed(failure)) => (Role::Bad, "failed", &failure.why),
            Some(Outcome::Stopped) => (Role::Warn, "stopped", &nothing),
        };
        let room = width.saturating_sub(WORD + names + 2);
        Line::from(vec![
            Span::styled(columns::left(word, WORD), self.style(role)),
            Span::styled(columns::left(item.name.as_str(), names), self.style(Role::Text)),
            Span::raw("  "),
            Span::styled(columns::cut(about.as_str(), room), self.style(Role::Dim)),
        ])
    }
}

/// The keys that do something with a job now.
fn hints(job: &Job, first: &str) -> String {
    let stop = if job.is_running() && !job.is_stopping() { "s stop  " } else { "" };
    let again = if jobs::is_unfinished(job) { "r what failed again  " } else { "" };
    format!("{first}{stop}{again}")
}
