//! The list of jobs, the newest first, or one job with its parts.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::plan::role;
use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::jobs::page::JobPage;
use crate::app::dialogs::jobs::{self, JobsDialog, JobsEffect};
use crate::app::jobs::Job;
use crate::app::keys::{DIALOG_BINDINGS, Keys, join_hints};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the jobs.
    pub(crate) fn jobs(&mut self, dialog: &JobsDialog) {
        let state = self.state;
        let opened = dialog.open.and_then(|id| state.jobs.all.iter().find(|job| job.id == id));
        match opened {
            Some(job) => self.job(job, dialog.scroll),
            None => self.job_list(dialog.cursor),
        }
    }

    fn job_list(&mut self, cursor: usize) {
        let state = self.state;
        let paused = state.jobs.running().filter(|job| job.is_paused()).count();
        let running = state.jobs.running().count() - paused;
        let paused = if paused == 0 { String::new() } else { format!(", {paused} paused") };
        let title = format!("Jobs {}, {running} running{paused}", state.jobs.all.len());
        let chosen = state.jobs.all.iter().rev().nth(cursor);
        let hints = hints(&state.settings.keys, chosen, false);
        let inner = self.overlay(layout::log(state), &title, &hints);
        if state.jobs.all.is_empty() {
            let text = "no jobs yet: deleting, retagging, copying, undoing, scanning and extracting run here"
                .to_string();
            return self.draw_text(inner, &[(Role::Dim, text)]);
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
        let numbers = match job.waiting_for() {
            Some(_) => self.numbers_or_wait(job, area.width * 3 / 4),
            None => self.numbers(job, area.width / 2),
        };
        let numbers: Vec<Span> = numbers.into_iter().map(plain).chain([Span::raw(" ")]).collect();
        let numbers = Line::from(numbers);
        let room = usize::from(area.width).saturating_sub(numbers.width() + 3);
        let marker = if is_cursor { "▌ " } else { "  " };
        let begun = job.started_at.strftime("%H:%M");
        let place =
            if job.registry_names.is_empty() { String::new() } else { format!(" · {}", job.registry_names) };
        let about = format!(" · {begun}{place}");
        let title = columns::cut(job.title.as_str(), room);
        let about = columns::cut(&about, room.saturating_sub(columns::width(&title)));
        let dim = self.style(Role::Dim);
        let line = Line::from(vec![Span::raw(marker), Span::raw(title), plain(Span::styled(about, dim))]);
        self.draw_line(area, line.style(base));
        self.draw_line(area, numbers.right_aligned());
    }

    fn job(&mut self, job: &Job, scroll: usize) {
        let hints = hints(&self.state.settings.keys, Some(job), true);
        let inner = self.overlay(layout::log(self.state), "Job", &hints);
        let area = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        let page = JobPage::of(job, area.width.into());
        let below = page.title.len() as u16;
        for (row, line) in page.title.iter().enumerate() {
            let style = self.style(Role::Strong);
            self.draw_line(layout::row(area, row as u16), Line::styled(line.clone(), style));
        }
        let numbers = Line::from(self.numbers(job, area.width));
        self.draw_line(layout::row(area, below), numbers);
        let now = Some((&job.progress.now, Role::Dim)).filter(|_| job.is_running());
        if let Some((text, role)) = job.waiting_for().map(|waits| (waits, Role::Warn)).or(now) {
            let style = self.style(role);
            let now = columns::cut(text.as_str(), area.width.into());
            self.draw_line(layout::row(area, below + 1), Line::styled(now, style));
        }
        let (all, height) = (page.lines.len(), page.rows(area.height.into()));
        let body = Rect { y: area.bottom() - height as u16, height: height as u16, ..area };
        let scroll = scroll.min(all.saturating_sub(height));
        for (row, line) in page.lines.into_iter().skip(scroll).take(height).enumerate() {
            let pieces =
                line.pieces.into_iter().map(|(tone, text)| Span::styled(text, self.style(role(tone))));
            let line = pieces.collect::<Line>();
            self.draw_line(layout::row(body, row as u16), line);
        }
        self.scrollbar(Rect { width: body.width + 2, ..body }, body, scroll, all);
    }
}

/// Returns the hints for the keys that can act on a job now.
fn hints(keys: &Keys, job: Option<&Job>, is_open: bool) -> String {
    let hint = |effect, counts: fn(&Job) -> bool| {
        keys.hint(JobsDialog::BINDINGS, effect).filter(|_| job.is_some_and(counts))
    };
    join_hints([
        hint(JobsEffect::Open, |_| true).filter(|_| !is_open),
        keys.hint_as(JobsDialog::BINDINGS, JobsEffect::Pause, "go on")
            .filter(|_| job.is_some_and(Job::is_paused)),
        hint(JobsEffect::Pause, |job| {
            job.request.is_extraction() && job.is_running() && !job.is_paused() && !job.is_stopping()
        }),
        hint(JobsEffect::Stop, |job| job.is_running() && !job.is_stopping()),
        hint(JobsEffect::Again, jobs::is_unfinished),
        keys.cancel_hint(DIALOG_BINDINGS, if is_open { "back" } else { "leave" }),
    ])
}
