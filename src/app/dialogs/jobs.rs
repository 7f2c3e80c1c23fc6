//! The jobs: the progress of each and the outcomes of its parts. A job can be stopped, and its failed parts can be
//! planned again.

pub(crate) mod page;

use ratatui::layout::Position;

use super::menu::{Choice, Menu, MenuEntry};
use super::{Dialog, KeyedDialog, click, move_row, plan};
use crate::app::State;
use crate::app::jobs::{Job, JobId, JobRequest};
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::layout;
use crate::app::scans::start_scan;
use crate::app::update::Update;
use page::JobPage;

/// The list of jobs, or one of them.
#[derive(Debug, Default)]
pub struct JobsDialog {
    /// The row under the cursor. The newest job is the first.
    pub(crate) cursor: usize,
    /// The job whose parts are shown.
    pub(crate) open: Option<JobId>,
    /// First part drawn.
    pub(crate) scroll: usize,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobsEffect {
    /// Shows the parts of the job.
    Open,
    /// Goes back to the list, or leaves.
    Back,
    /// Leaves.
    Close,
    /// Pauses an extraction, or lets it go on.
    Pause,
    /// Stops the job.
    Stop,
    /// Plans again the parts of the job that were not done.
    Again,
}

/// Shows the jobs.
pub(crate) fn show(state: &mut State) {
    state.dialogs.push(Dialog::Jobs(JobsDialog::default()));
}

/// Asks the user about the running jobs before regtui is left.
pub(crate) fn ask_about_running(state: &mut State) {
    let entry =
        |key, label, preview: &'static str, choice| MenuEntry { key, label, preview: preview.into(), choice };
    let waits = if state.jobs.running().any(Job::is_paused) {
        "let the paused ones go on, and leave when all have ended"
    } else {
        "leave when all have ended"
    };
    let entries = vec![
        entry('c', "stay", "go on; the jobs run on", Choice::Stay),
        entry('w', "wait", waits, Choice::QuitAfterJobs),
        entry('s', "stop", "stop them safely, then leave", Choice::StopAndQuit),
    ];
    state.dialogs.retain(|dialog| !matches!(dialog, Dialog::Menu(menu) if menu.title == LEAVING));
    state.dialogs.push(Dialog::Menu(Menu { title: LEAVING.into(), entries, cursor: 0 }));
}

/// Returns whether the dialog on top asks about the running jobs.
pub(crate) fn is_asking_about_running(state: &State) -> bool {
    matches!(state.dialogs.last(), Some(Dialog::Menu(menu)) if menu.title == LEAVING)
}

/// The title of the question about running jobs.
const LEAVING: &str = "Jobs are running";

impl JobsDialog {
    /// Returns the job under the cursor.
    fn selected(&self, state: &State) -> Option<JobId> {
        state.jobs.all.iter().rev().nth(self.cursor).map(|job| job.id)
    }

    fn open(&mut self, state: &State) {
        self.open = self.selected(state);
        self.scroll = 0;
    }

    /// Moves the cursor to the job under the click. A second click opens it.
    pub(super) fn click(mut self, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let rows = layout::inside(layout::log(update.state));
        let count = update.state.jobs.all.len();
        if self.open.is_none() && click::select_row(&mut self.cursor, rows, at, count) {
            self.open(update.state);
        }
        Some(Dialog::Jobs(self))
    }
}

impl KeyedDialog for JobsDialog {
    type Effect = JobsEffect;

    const TITLE: &'static str = "Jobs";

    const BINDINGS: &'static [Binding<JobsEffect>] = &[
        Binding::new(
            "jobs.open",
            chords!["Enter", "l", "Right"],
            "show the parts of the job",
            JobsEffect::Open,
        )
        .with_hint("parts"),
        Binding::new(
            "jobs.pause",
            chords!["Space"],
            "pause an extraction, or let it go on where it stopped",
            JobsEffect::Pause,
        )
        .with_hint("pause"),
        Binding::new(
            "jobs.stop",
            chords!["s"],
            "stop the job as soon as nothing is half done",
            JobsEffect::Stop,
        )
        .with_hint("stop"),
        Binding::new(
            "jobs.again",
            chords!["r"],
            "retry failed parts: shows the plan of a change first",
            JobsEffect::Again,
        )
        .with_hint("retry failed"),
        Binding::new("jobs.back", chords!["q", "h", "Left"], "go back, or leave", JobsEffect::Back),
        Binding::new("jobs.close", chords!["w"], "leave", JobsEffect::Close),
    ];

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<JobsEffect>) -> Option<Dialog> {
        let chosen = self.selected(update.state);
        match pressed {
            Pressed::Own(JobsEffect::Close) => return None,
            Pressed::Shared(SharedEffect::Cancel) | Pressed::Own(JobsEffect::Back) => {
                self.open.take()?;
            }
            Pressed::Own(JobsEffect::Open) => self.open(update.state),
            Pressed::Own(JobsEffect::Pause) => pause(update, chosen),
            Pressed::Own(JobsEffect::Stop) => {
                update.cmds.extend(chosen.and_then(|id| update.state.jobs.stop(id)));
            }
            Pressed::Own(JobsEffect::Again) => match request_unfinished(update, chosen) {
                Some(JobRequest::Change(request)) => plan::show(update, request),
                Some(JobRequest::Scan(request)) => start_scan(update, request),
                Some(JobRequest::Extraction(_)) | None => {}
            },
            Pressed::Shared(SharedEffect::Move(to)) => {
                match self.open.and_then(|id| furthest_scroll(update.state, id)) {
                    Some(furthest) => self.scroll = move_row(self.scroll.min(furthest), furthest + 1, to),
                    None => self.cursor = move_row(self.cursor, update.state.jobs.all.len(), to),
                }
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::Jobs(self))
    }
}

/// Pauses an extraction, or lets it go on. Tells the user the reason if the job cannot be paused.
fn pause(update: &mut Update<'_>, id: Option<JobId>) {
    let Some(job) = id.and_then(|id| update.state.jobs.of(id)) else { return };
    let why = match &job.request {
        _ if !job.is_running() => "it has ended",
        JobRequest::Change(_) | JobRequest::Scan(_) => "only an extraction can be paused",
        JobRequest::Extraction(_) if job.is_stopping() => "it stops already",
        JobRequest::Extraction(_) => {
            let (id, pauses) = (job.id, !job.is_paused());
            update.cmds.extend(update.state.jobs.pause(id, pauses, update.now));
            return;
        }
    };
    update.refuse(why);
}

/// Returns how far an opened job scrolls.
fn furthest_scroll(state: &State, id: JobId) -> Option<usize> {
    let job = state.jobs.all.iter().find(|job| job.id == id)?;
    let inner = layout::inside(layout::log(state));
    let page = JobPage::of(job, inner.width.saturating_sub(2).into());
    Some(page.lines.len().saturating_sub(page.rows(inner.height.into())))
}

/// Returns the request for the parts of a job that were not done. Tells the user the reason if there is nothing to plan
/// again.
fn request_unfinished(update: &mut Update<'_>, id: Option<JobId>) -> Option<JobRequest> {
    let job = update.state.jobs.of(id?)?;
    let request = unfinished(job);
    if request.is_none() {
        let why = match &job.request {
            _ if job.is_running() => "it still runs",
            JobRequest::Change(_) | JobRequest::Scan(_) => "no part of it failed",
            JobRequest::Extraction(_) => {
                "an extraction is begun again where it was begun: in the files of the image"
            }
        };
        update.refuse(why);
    }
    request
}

/// Returns whether a part of a job is left to be planned again.
pub(crate) fn is_unfinished(job: &Job) -> bool {
    unfinished(job).is_some()
}

fn unfinished(job: &Job) -> Option<JobRequest> {
    job.request.unfinished(&job.report()?.items)
}
