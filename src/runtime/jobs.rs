//! The jobs: they are started, report their progress, are stopped, and are closed before the program ends.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{extraction, threads};
use crate::app::jobs::JobId;
use crate::app::msg::Msg;
use crate::app::panes::details::files::reading::ExtractRequest;
use crate::model::change::ChangePlan;
use crate::model::change::progress::{Progress, Report};
use crate::model::scan::ScanRequest;
use crate::model::scan::command::Scanner;
use crate::ops::context::{ChangeContext, JobControl};
use crate::ops::files::pause::Pause;
use crate::ops::{change, scan};

/// The longest time that the program waits at its end for jobs that were told to stop. They close the uploads and other
/// parts that they began, and remove the files that they did not finish.
const LONGEST_CLOSING: Duration = Duration::from_secs(10);

/// The running jobs.
pub(crate) struct JobRunner {
    context: ChangeContext,
    inbox: UnboundedSender<Msg>,
    running: BTreeMap<JobId, RunningJob>,
}

struct RunningJob {
    progress: watch::Receiver<Progress>,
    /// Pauses the job, if it is an extraction.
    pause: Pause,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl JobRunner {
    /// Creates a runner without jobs.
    pub(crate) fn new(context: ChangeContext, inbox: UnboundedSender<Msg>) -> JobRunner {
        JobRunner { context, inbox, running: BTreeMap::new() }
    }

    /// Starts a job, which carries out exactly the confirmed plan.
    pub(crate) fn start(&mut self, id: JobId, change_plan: Box<ChangePlan>) {
        let context = self.context.clone();
        self.spawn(id, async move |control| change::run(&context, &change_plan, &control).await);
    }

    /// Begins to scan images.
    pub(crate) fn start_scan(&mut self, id: JobId, request: Box<ScanRequest>, scanner: Box<Scanner>) {
        let pool = self.context.pool.clone();
        self.spawn(id, async move |control| scan::scan_all(&pool, &scanner, &request, &control).await);
    }

    /// Starts an extraction.
    pub(crate) fn start_extraction(&mut self, id: JobId, request: Box<ExtractRequest>) {
        let (pool, pause) = (self.context.pool.clone(), Pause::default());
        let switch = pause.clone();
        self.spawn(id, async move |control| extraction::run(&pool, *request, &control, &pause).await);
        self.running.entry(id).and_modify(|job| job.pause = switch);
    }

    fn spawn<F>(&mut self, id: JobId, carry_out: impl FnOnce(JobControl) -> F)
    where
        F: Future<Output = Report> + Send + 'static,
    {
        let (sender, progress) = watch::channel(Progress::default());
        let stop = CancellationToken::new();
        let running = carry_out(JobControl { progress: sender, stop: stop.clone() });
        let inbox = self.inbox.clone();
        let task = tokio::spawn(async move {
            threads::deprioritize();
            let report = running.await;
            // The loop has ended if the receiver is gone; the report is not needed then.
            inbox.send(Msg::JobEnded(id, report)).ok();
        });
        self.running.insert(id, RunningJob { progress, pause: Pause::default(), stop, task });
    }

    /// Pauses an extraction, or lets it go on.
    pub(crate) fn pause(&self, id: JobId, is_paused: bool) {
        if let Some(job) = self.running.get(&id) {
            job.pause.set(is_paused);
        }
    }

    /// Tells a job to stop as soon as nothing is half done.
    pub(crate) fn stop(&self, id: JobId) {
        if let Some(job) = self.running.get(&id) {
            job.stop.cancel();
        }
    }

    /// Records that a job has ended.
    pub(crate) fn record_end(&mut self, id: JobId) {
        self.running.remove(&id);
    }

    /// Returns whether a job runs.
    pub(crate) fn are_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// Returns the progress of the jobs that advanced since the last call.
    pub(crate) fn progress(&mut self) -> Vec<(JobId, Progress)> {
        let news = |(id, job): (&JobId, &mut RunningJob)| {
            // A job that has just ended tells the rest in its report.
            let is_new = job.progress.has_changed().unwrap_or(false);
            is_new.then(|| (*id, job.progress.borrow_and_update().clone()))
        };
        self.running.iter_mut().filter_map(news).collect()
    }

    /// Stops all jobs and waits for their end, for a limited time.
    pub(crate) async fn close(&mut self) {
        self.running.values().for_each(|job| job.stop.cancel());
        let jobs = std::mem::take(&mut self.running);
        let closed = async {
            for (_, job) in jobs {
                // A job that panicked cannot close anything more.
                job.task.await.ok();
            }
        };
        tokio::time::timeout(LONGEST_CLOSING, closed).await.ok();
    }
}
