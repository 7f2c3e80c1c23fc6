//! Changes that are carried out in the background: begun, watched, stopped, and closed before the end.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::threads;
use crate::app::jobs::JobId;
use crate::app::msg::Msg;
use crate::model::change::ChangePlan;
use crate::model::change::progress::Progress;
use crate::ops::work::{self, ChangeContext, JobControl};

/// The longest that the end waits for jobs that were told to stop: they close what they began, uploads above all.
const LONGEST_CLOSING: Duration = Duration::from_secs(10);

/// The jobs that run.
pub struct JobRunner {
    context: ChangeContext,
    inbox: UnboundedSender<Msg>,
    running: BTreeMap<JobId, RunningJob>,
}

struct RunningJob {
    progress: watch::Receiver<Progress>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl JobRunner {
    /// None runs yet.
    pub fn new(context: ChangeContext, inbox: UnboundedSender<Msg>) -> JobRunner {
        JobRunner { context, inbox, running: BTreeMap::new() }
    }

    /// Begins a job: exactly the work that was confirmed.
    pub fn start(&mut self, id: JobId, work: Box<ChangePlan>) {
        let (sender, progress) = watch::channel(Progress::default());
        let stop = CancellationToken::new();
        let watch = JobControl { progress: sender, stop: stop.clone() };
        let (context, inbox) = (self.context.clone(), self.inbox.clone());
        let task = tokio::spawn(async move {
            threads::give_way();
            let report = work::run(&context, &work, &watch).await;
            // When the loop has ended nobody waits for it.
            inbox.send(Msg::JobEnded(id, report)).ok();
        });
        self.running.insert(id, RunningJob { progress, stop, task });
    }

    /// Tells a job to stop as soon as nothing is half done.
    pub fn stop(&self, id: JobId) {
        if let Some(job) = self.running.get(&id) {
            job.stop.cancel();
        }
    }

    /// Notes that a job has ended.
    pub fn ended(&mut self, id: JobId) {
        self.running.remove(&id);
    }

    /// Whether one runs.
    pub fn are_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// How far those are that came further since this was asked the last time.
    pub fn progress(&mut self) -> Vec<(JobId, Progress)> {
        let news = |(id, job): (&JobId, &mut RunningJob)| {
            // A job that has just ended tells the rest in its report.
            let is_new = job.progress.has_changed().unwrap_or(false);
            is_new.then(|| (*id, job.progress.borrow_and_update().clone()))
        };
        self.running.iter_mut().filter_map(news).collect()
    }

    /// Stops all and waits for them, but not for ever.
    pub async fn close(&mut self) {
        self.running.values().for_each(|job| job.stop.cancel());
        let jobs = std::mem::take(&mut self.running);
        let closed = async {
            for (_, job) in jobs {
                // One that panicked has closed all that it ever will.
                job.task.await.ok();
            }
        };
        tokio::time::timeout(LONGEST_CLOSING, closed).await.ok();
    }
}
