//! The progress of jobs: numbers for the list of jobs, and the line above the hints.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Canvas;
use super::theme::Role;
use crate::app::actions::files::{ExtractionKey, shown_job};
use crate::app::jobs::{Job, JobStage};
use crate::model::change::progress::Outcome;
use crate::model::{columns, size};

/// Columns of a progress bar.
const BAR: u64 = 10;
/// Columns of the percentage.
const PERCENT: usize = 6;
/// Columns of `154.6 MB of 999.9 MB`.
const BYTES: usize = 22;
/// Columns of a speed.
const SPEED: usize = 13;
/// Columns of the word for a job that is paused.
const PAUSE: usize = 8;
/// The least columns of the title of a job in the line above the hints, with those around it.
const TITLE: u16 = 19;
/// The sign of a job that is paused, in the place of the spinner.
const PAUSED: &str = "‖";
/// Columns of the time left.
const LEFT: usize = 14;

impl Canvas<'_, '_> {
    /// Draws the line above the hints: the oldest running job, and the number of running jobs.
    pub(crate) fn job_line(&mut self, area: Rect) {
        let count = self.state.jobs.running().count();
        let Some((job, key)) = shown_job(self.state) else { return };
        let act = key.map(|key| match key {
            ExtractionKey::Pauses => self.key_hint("panes.back", "pauses"),
            ExtractionKey::GoesOn => self.key_hint("files.pause", "goes on"),
        });
        let jobs = match count {
            1 => act.is_none().then(|| "1 job".into()),
            _ => Some(format!("{count} jobs")),
        };
        let leaving = self.state.jobs.quits_when_idle.then(|| "leaving at its end".into());
        let about = [leaving, jobs, act].into_iter().flatten().map(|part| format!("{part} · "));
        let about = format!("   {}", about.collect::<String>());
        let room = area.width.saturating_sub(columns::width(&about) as u16 + TITLE);
        let mut right = self.numbers_or_wait(job, room);
        right.push(Span::styled(about, self.style(Role::Dim)));
        right.push(Span::styled("w ", self.style(Role::Key)));
        let right = Line::from(right);
        let room = usize::from(area.width).saturating_sub(right.width() + 5);
        let title = columns::cut(job.title.as_str(), room);
        let sign = if job.is_paused() { PAUSED } else { self.spinner_frame() };
        let left = vec![
            Span::styled(format!(" {sign} "), self.style(Role::TitleFocused)),
            Span::styled(title, self.style(Role::Text)),
        ];
        self.draw_line(area, Line::from(left));
        self.draw_line(area, right.right_aligned());
    }

    /// Returns the progress of a job. If the job waits for a registry, the reason is shown instead of the numbers,
    /// because nothing else changes meanwhile.
    pub(crate) fn numbers_or_wait(&self, job: &Job, room: u16) -> Vec<Span<'static>> {
        let waits = job.waiting_for().filter(|_| !job.is_stopping());
        let Some(waits) = waits else { return self.numbers(job, room) };
        let percent = format!("{} %  ", job.permille() / 10);
        let room = usize::from(room).saturating_sub(percent.len());
        vec![
            Span::styled(percent, self.style(Role::Text)),
            Span::styled(columns::cut(waits.as_str(), room), self.style(Role::Warn)),
        ]
    }

    /// Returns the progress of a job, or its outcome if it has ended. As many columns are shown as fit, each with the
    /// same width in every row.
    pub(crate) fn numbers(&self, job: &Job, room: u16) -> Vec<Span<'static>> {
        match &job.stage {
            JobStage::Ended(..) => self.result_spans(job),
            JobStage::Paused => self.paused_spans(job, room.into()),
            JobStage::Running | JobStage::Stopping => self.progress_spans(job, room.into()),
        }
    }

    /// Returns how far a job came that is paused.
    fn paused_spans(&self, job: &Job, room: usize) -> Vec<Span<'static>> {
        let room = room.saturating_sub(PERCENT + PAUSE);
        let has_bytes = room >= BYTES && job.progress.total_bytes > 0;
        let mut spans = Vec::new();
        if room >= BAR as usize + if has_bytes { BYTES } else { 0 } {
            spans.extend(self.bar_spans(job));
        }
        spans.push(self.percent_span(job));
        spans.push(Span::styled(columns::right("paused", PAUSE), self.style(Role::Warn)));
        if has_bytes {
            let (moved, all) = (size::bytes(job.progress.moved), size::bytes(job.progress.total_bytes));
            let text = columns::right(&format!("{moved} of {all}"), BYTES);
            spans.push(Span::styled(text, self.style(Role::Number)));
        }
        spans
    }

    fn bar_spans(&self, job: &Job) -> [Span<'static>; 2] {
        let full = (job.permille() * BAR / 1000) as usize;
        [
            Span::styled("━".repeat(full), self.style(Role::Good)),
            Span::styled("─".repeat(BAR as usize - full), self.style(Role::Dim)),
        ]
    }

    fn percent_span(&self, job: &Job) -> Span<'static> {
        let percent = columns::right(&format!("{} %", job.permille() / 10), PERCENT);
        Span::styled(percent, self.style(Role::Text))
    }

    fn progress_spans(&self, job: &Job, room: usize) -> Vec<Span<'static>> {
        let mut room = room.saturating_sub(PERCENT);
        let mut fits = |columns: usize| {
            let fits = columns <= room;
            room = room.saturating_sub(columns);
            fits
        };
        let mut spans = Vec::new();
        if fits(BAR as usize) {
            spans.extend(self.bar_spans(job));
        }
        spans.push(self.percent_span(job));
        if job.is_stopping() {
            spans.push(Span::styled("  stopping", self.style(Role::Warn)));
            return spans;
        }
        let (moved, bytes) = (job.progress.moved, job.progress.total_bytes);
        let left = job.seconds_left().map(|seconds| format!("{} left", duration(seconds)));
        let speed = job.speed().map(|speed| format!("{}/s", size::bytes(speed)));
        let (of, short) = match bytes {
            0 => (format!("{} of {}", job.progress.ended(), job.progress.items.len()), String::new()),
            bytes => {
                let all = size::bytes(bytes);
                (format!("{} of {all}", size::bytes(moved)), format!("of {all}"))
            }
        };
        let [has_left, has_speed, has_of] = [LEFT, SPEED, BYTES].map(fits);
        // If neither the speed nor the time left is known, their columns show the total. The other columns then keep
        // their places when these numbers become known.
        if left.is_none() && speed.is_none() && !(has_of && bytes > 0) {
            let width = [(has_left, LEFT), (has_speed, SPEED), (has_of, BYTES)];
            let width = width.into_iter().filter(|(is_shown, _)| *is_shown).map(|(_, width)| width).sum();
            let text = if columns::width(&of) + 2 <= width { of } else { short };
            spans.push(Span::styled(columns::right(&text, width), self.style(Role::Number)));
            return spans;
        }
        let parts = [
            (has_of, Some(of), BYTES, Role::Number),
            (has_speed, speed, SPEED, Role::Number),
            (has_left, left, LEFT, Role::Text),
        ];
        for (_, text, width, role) in parts.into_iter().filter(|(is_shown, ..)| *is_shown) {
            spans.push(Span::styled(columns::right(&text.unwrap_or_default(), width), self.style(role)));
        }
        spans
    }

    fn result_spans(&self, job: &Job) -> Vec<Span<'static>> {
        let Some(report) = job.report() else { return Vec::new() };
        let all = report.items.len();
        let failed = report.failures().count();
        let stopped =
            report.items.iter().filter(|item| matches!(item.outcome, None | Some(Outcome::Stopped))).count();
        let left =
            report.items.iter().filter(|item| matches!(item.outcome, Some(Outcome::Skipped(_)))).count();
        let unconfirmed = report.unconfirmed().count();
        let (role, text) = match (failed, stopped) {
            // The parts of an extraction are itself and the paths that were left out.
            (1.., _) if job.request.is_extraction() => (Role::Bad, "failed".into()),
            (0, 1..) if job.request.is_extraction() => (Role::Warn, "stopped".into()),
            (0, 0) if job.request.is_extraction() && left > 0 => (Role::Warn, "partly".into()),
            (0, 0) if job.request.is_extraction() => (Role::Good, "done".into()),
            (0, _) if unconfirmed > 0 => (Role::Bad, format!("{unconfirmed} of {all} unconfirmed")),
            (0, 0) if left > 0 => (Role::Warn, format!("{left} of {all} skipped")),
            (0, 0) => (Role::Good, format!("{} of {all} done", report.done())),
            (0, stopped) => (Role::Warn, format!("stopped, {stopped} of {all} not done")),
            (failed, _) => (Role::Bad, format!("{failed} of {all} failed")),
        };
        let mut spans = vec![Span::styled(text, self.style(role))];
        if report.moved > 0 {
            spans
                .push(Span::styled(columns::right(&size::bytes(report.moved), 11), self.style(Role::Number)));
        }
        spans
    }
}

/// Formats a duration: `0:05`, `12:40`, `1:02:03`.
fn duration(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}
