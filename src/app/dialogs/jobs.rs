//! The jobs: the progress of each and the outcomes of its parts. A job can be stopped, and its failed parts can be
//! planned again.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Choice, Dialog, Menu, MenuEntry, move_row};
use crate::app::cmd::Cmd;
use crate::app::dialogs::plan::page::{PlanLine, Tone};
use crate::app::jobs::{Job, JobId};
use crate::app::layout;
use crate::app::update::Update;
use crate::model::change::ChangeRequest;
use crate::model::change::progress::{Alike, Outcome, ProgressItem, group_alike};
use crate::model::columns;

/// Columns of the outcome word: in general, and if a part of the job is unconfirmed.
const WORDS: [usize; 2] = [9, 13];
/// If fewer columns than these are left beside a part, the text about it stands below it.
const NARROW: usize = 24;
/// Columns of `1000 items`, the text for several parts with the same outcome.
const MANY: usize = 10;
/// Largest number of lines of the title of a job.
const TITLE: usize = 2;

/// The list of jobs, or one of them.
#[derive(Debug, Default)]
pub struct JobsDialog {
    /// The row under the cursor. The newest job is the first.
    pub cursor: usize,
    /// The job whose parts are shown.
    pub open: Option<JobId>,
    /// First part drawn.
    pub scroll: usize,
}

impl Update<'_> {
    /// Shows the jobs.
    pub fn open_jobs(&mut self) {
        self.state.dialogs.push(Dialog::Jobs(JobsDialog::default()));
    }

    pub(crate) fn key_in_jobs(&mut self, mut jobs: JobsDialog, key: KeyEvent) -> Option<Dialog> {
        let count = self.state.jobs.all.len();
        let chosen = self.state.jobs.all.iter().rev().nth(jobs.cursor).map(|job| job.id);
        match key.code {
            KeyCode::Esc | KeyCode::Char('h' | 'q' | 'w') | KeyCode::Left if jobs.open.is_none() => {
                return None;
            }
            KeyCode::Char('w') => return None,
            KeyCode::Esc | KeyCode::Char('h' | 'q') | KeyCode::Left => jobs.open = None,
            KeyCode::Enter | KeyCode::Char('l') | KeyCode::Right => {
                jobs.open = chosen;
                jobs.scroll = 0;
            }
            KeyCode::Char('s') => chosen.into_iter().for_each(|id| self.stop_job(id)),
            KeyCode::Char('r') => {
                if let Some(request) = self.request_unfinished(chosen) {
                    self.state.dialogs.push(Dialog::Jobs(jobs));
                    self.plan(request);
                    return None;
                }
            }
            _ => match jobs.open.and_then(|id| self.max_job_scroll(id)) {
                Some(furthest) => jobs.scroll = move_row(jobs.scroll.min(furthest), furthest + 1, key),
                None => jobs.cursor = move_row(jobs.cursor, count, key),
            },
        }
        Some(Dialog::Jobs(jobs))
    }

    /// Returns how far an opened job scrolls.
    fn max_job_scroll(&self, id: JobId) -> Option<usize> {
        let job = self.state.jobs.all.iter().find(|job| job.id == id)?;
        let inner = layout::inside(layout::log(self.state));
        let page = JobPage::of(job, inner.width.saturating_sub(2).into());
        Some(page.lines.len().saturating_sub(page.rows(inner.height.into())))
    }

    /// Returns the request for the parts of a job that were not done. Tells the user the reason if there is nothing to
    /// plan again.
    fn request_unfinished(&mut self, id: Option<JobId>) -> Option<ChangeRequest> {
        let job = self.state.jobs.of(id?)?;
        let request = job.report().and_then(|report| job.request.unfinished(&report.items));
        if request.is_none() {
            let why = if job.is_running() { "it still runs" } else { "no part of it failed" };
            self.refuse(why);
        }
        request
    }

    /// Asks the user about the running jobs before regtui is left.
    pub fn ask_about_jobs(&mut self) {
        let entry = |key, label, preview: &'static str, choice| MenuEntry {
            key,
            label,
            preview: preview.into(),
            choice,
        };
        let entries = vec![
            entry('c', "stay", "go on; the jobs run on", Choice::Stay),
            entry('w', "wait", "leave when all have ended", Choice::QuitAfterJobs),
            entry('s', "stop", "stop them safely, then leave", Choice::StopAndQuit),
        ];
        self.state.dialogs.retain(|dialog| !matches!(dialog, Dialog::Menu(menu) if menu.title == LEAVING));
        self.state.dialogs.push(Dialog::Menu(Menu { title: LEAVING.into(), entries, cursor: 0 }));
    }

    /// Returns whether the dialog on top asks about the running jobs.
    pub fn is_asking_about_jobs(&self) -> bool {
        matches!(self.state.dialogs.last(), Some(Dialog::Menu(menu)) if menu.title == LEAVING)
    }

    /// Stops every running job and leaves after the last one has ended. Leaves at once if all were told to stop
    /// already.
    pub fn stop_jobs_and_quit(&mut self) {
        self.quit_after_jobs();
        let running: Vec<JobId> =
            self.state.jobs.running().filter(|job| !job.is_stopping()).map(|job| job.id).collect();
        if running.is_empty() {
            self.cmds.push(Cmd::Quit);
        }
        running.into_iter().for_each(|id| self.stop_job(id));
    }
}

/// The title of the question about running jobs.
const LEAVING: &str = "Jobs are running";

/// An opened job, laid out here because scrolling needs the number of lines.
#[derive(Debug)]
pub struct JobPage {
    /// The title of the job, the time when it began and the registries that the title does not name.
    pub title: Vec<String>,
    /// The parts, each with its failure and hint if it failed, followed by the notes of the report. Nothing is cut.
    pub lines: Vec<PlanLine>,
    columns: usize,
    /// Columns of the outcome word.
    word: usize,
}

impl JobPage {
    /// Lays a job out for this number of columns.
    pub fn of(job: &Job, columns: usize) -> JobPage {
        let place =
            if job.registry_names.is_empty() { String::new() } else { format!(" · {}", job.registry_names) };
        let title = format!("{} · {}{place}", job.title, job.started_at.strftime("%H:%M:%S"));
        let title = columns::wrap_into(&title, columns, TITLE);
        let names = job.items().iter().map(|item| columns::width(item.name.as_str())).max().unwrap_or(0);
        let is_unconfirmed = |item: &ProgressItem| matches!(item.outcome, Some(Outcome::Unconfirmed(_)));
        let [short, long] = WORDS;
        let word = if job.items().iter().any(is_unconfirmed) { long } else { short };
        let mut page = JobPage { title, lines: Vec::new(), columns, word };
        for alike in group_alike(job.items()) {
            page.part(&alike, names.max(MANY).min(columns / 2));
        }
        for note in job.report().into_iter().flat_map(|report| &report.notes) {
            page.add_word_with_text((Tone::Warn, "note"), Tone::Warn, note.as_str());
        }
        page
    }

    /// Returns the rows left for the parts if the page has `all` rows. Below the title stand the numbers and the
    /// current activity.
    pub fn rows(&self, all: usize) -> usize {
        all.saturating_sub(self.title.len() + 2)
    }

    fn part(&mut self, alike: &Alike<'_>, names: usize) {
        let (tone, word, about) = match alike.outcome {
            None => (Tone::Dim, "not yet", ""),
            Some(Outcome::Done(about)) => (Tone::Good, "done", about.as_str()),
            Some(Outcome::Unchanged(about)) => (Tone::Good, "already", about.as_str()),
            Some(Outcome::Skipped(about)) => (Tone::Warn, "skipped", about.as_str()),
            Some(Outcome::Unconfirmed(failure)) => (Tone::Bad, "unconfirmed", failure.why.as_str()),
            Some(Outcome::Failed(failure)) => (Tone::Bad, "failed", failure.why.as_str()),
            Some(Outcome::Stopped) => (Tone::Warn, "stopped", ""),
        };
        let room = self.columns.saturating_sub(self.word + names + 2);
        let is_beside = room >= NARROW || columns::width(about) <= room;
        let mut beside = if is_beside { columns::wrap(about, room) } else { vec![String::new()] }.into_iter();
        let name = match alike.names.as_slice() {
            [name] => name.to_string(),
            several => format!("{} items", several.len()),
        };
        self.row(vec![
            (tone, columns::left(word, self.word)),
            (Tone::Plain, columns::left(&name, names)),
            (Tone::Dim, format!("  {}", beside.next().unwrap_or_default())),
        ]);
        for line in beside {
            self.row(vec![(Tone::Dim, format!("{}{line}", " ".repeat(self.word + names + 2)))]);
        }
        if !is_beside {
            self.add_word_with_text((Tone::Plain, ""), Tone::Dim, about);
        }
        if let Some(Outcome::Failed(failure) | Outcome::Unconfirmed(failure)) = alike.outcome
            && let Some(hint) = &failure.hint
        {
            self.add_word_with_text((Tone::Plain, ""), Tone::Warn, &format!("hint: {hint}"));
        }
        if alike.names.len() > 1 {
            let names: Vec<&str> = alike.names.iter().map(|name| name.as_str()).collect();
            self.add_word_with_text((Tone::Plain, ""), Tone::Plain, &names.join(", "));
        }
    }

    /// Adds a word with its text beside it, in as many lines as the text needs.
    fn add_word_with_text(&mut self, word: (Tone, &str), tone: Tone, text: &str) {
        let mut word = (word.0, columns::left(word.1, self.word));
        for line in columns::wrap(text, self.columns.saturating_sub(self.word)) {
            let next = (Tone::Plain, " ".repeat(self.word));
            self.row(vec![std::mem::replace(&mut word, next), (tone, line)]);
        }
    }

    fn row(&mut self, pieces: Vec<(Tone, String)>) {
        self.lines.push(PlanLine { pieces, on_click: None });
    }
}

/// Returns whether a part of a job is left to be planned again.
pub fn is_unfinished(job: &Job) -> bool {
    job.report().is_some_and(|report| job.request.unfinished(&report.items).is_some())
}
