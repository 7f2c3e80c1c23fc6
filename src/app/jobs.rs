//! Changes that were confirmed: those that are carried out now, and how the earlier ones ended.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::change::progress::{Progress, ProgressItem, Report};
use crate::model::change::{ChangePlan, ChangeRequest, copy};
use crate::model::reference::{Host, Repository, Selector, Tag};
use crate::model::text::SafeText;

/// Jobs that are kept after their end.
const MOST_ENDED: usize = 50;
/// Over how much time the speed is measured.
const WINDOW: Duration = Duration::from_secs(5);
/// Measurements that are kept of it.
const MOST_SAMPLES: usize = 64;

/// Names a job of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u32);

/// All jobs, the oldest first.
#[derive(Debug, Default)]
pub struct Jobs {
    /// In the order in which they were begun.
    pub all: Vec<Job>,
    /// Whether regtui is left when the last of them has ended.
    pub leaving: bool,
    last: u32,
}

/// One job.
#[derive(Debug)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What it does: `copy team/app:1.4.2 → prod.example/team/app:1.4.2`.
    pub title: SafeText,
    /// What was asked for, to be planned again for what failed.
    pub request: ChangeRequest,
    /// The registries that it changes, where the title does not say.
    pub place: SafeText,
    /// The registries where taking it back means to delete tags.
    pub undone_by_untagging: Vec<Host>,
    /// Whether taking it back puts something back, too.
    pub puts_back: bool,
    /// The repositories that look different afterwards.
    pub changes: Vec<Repository>,
    /// When it was begun.
    pub begun: Timestamp,
    /// How far it is.
    pub progress: Progress,
    /// Whether it runs.
    pub stage: JobStage,
    /// When how many bytes had been moved.
    samples: VecDeque<(Timestamp, u64)>,
}

/// Whether a job runs.
#[derive(Debug)]
pub enum JobStage {
    /// It runs.
    Running,
    /// It was told to stop and has not yet.
    Stopping,
    /// It ended.
    Ended(Timestamp, Report),
}

impl Jobs {
    /// Adds a job that begins now.
    pub fn begin(&mut self, request: ChangeRequest, work: &ChangePlan, now: Timestamp) -> JobId {
        self.last += 1;
        let id = JobId(self.last);
        let (undone_by_untagging, puts_back) = work.taken_back_by();
        let request = confirmed(request, work);
        self.all.push(Job {
            id,
            title: work.title(),
            place: place(work),
            undone_by_untagging,
            puts_back,
            request,
            changes: work.changes(),
            begun: now,
            progress: Progress::default(),
            stage: JobStage::Running,
            samples: VecDeque::from([(now, 0)]),
        });
        let ended = self.all.iter().filter(|job| !job.is_running()).count();
        if ended > MOST_ENDED
            && let Some(oldest) = self.all.iter().position(|job| !job.is_running())
        {
            self.all.remove(oldest);
        }
        id
    }

    /// The job of that name.
    pub fn of(&mut self, id: JobId) -> Option<&mut Job> {
        self.all.iter_mut().find(|job| job.id == id)
    }

    /// Whether one of them runs.
    pub fn are_running(&self) -> bool {
        self.running().next().is_some()
    }

    /// Those that run, the oldest first.
    pub fn running(&self) -> impl Iterator<Item = &Job> {
        self.all.iter().filter(|job| job.is_running())
    }

    /// Notes how far jobs are.
    pub fn progressed(&mut self, all: Vec<(JobId, Progress)>, now: Timestamp) {
        for (id, progress) in all {
            if let Some(job) = self.of(id).filter(|job| job.is_running()) {
                job.progressed(progress, now);
            }
        }
    }
}

impl Job {
    /// When it ended, if it has.
    pub fn ended_at(&self) -> Option<Timestamp> {
        match &self.stage {
            JobStage::Ended(at, _) => Some(*at),
            JobStage::Running | JobStage::Stopping => None,
        }
    }

    /// Whether it has not ended.
    pub fn is_running(&self) -> bool {
        !matches!(self.stage, JobStage::Ended(..))
    }

    /// Whether it was told to stop and still runs.
    pub fn is_stopping(&self) -> bool {
        matches!(self.stage, JobStage::Stopping)
    }

    /// Which registry it waits for, if it does.
    pub fn waits(&self) -> Option<&SafeText> {
        Some(&self.progress.waits).filter(|waits| self.is_running() && !waits.is_empty())
    }

    /// How it ended, if it did.
    pub fn report(&self) -> Option<&Report> {
        match &self.stage {
            JobStage::Ended(_, report) => Some(report),
            JobStage::Running | JobStage::Stopping => None,
        }
    }

    /// Its parts, each with its outcome as far as there is one.
    pub fn items(&self) -> &[ProgressItem] {
        self.report().map_or(&self.progress.items, |report| &report.items)
    }

    /// Bytes moved a second, over the last seconds; `None` where none moved.
    pub fn speed(&self) -> Option<u64> {
        let ((from, before), (to, after)) = (self.samples.front()?, self.samples.back()?);
        let took = to.duration_since(*from).as_secs_f64();
        let moved = after.saturating_sub(*before);
        (took > 0.0 && moved > 0).then(|| (moved as f64 / took) as u64)
    }

    /// Seconds that the rest takes at this speed.
    pub fn seconds_left(&self) -> Option<u64> {
        let rest = self.progress.bytes.saturating_sub(self.progress.moved);
        Some(rest.div_ceil(self.speed()?)).filter(|_| self.progress.bytes > 0)
    }

    /// How much of it is done, of a thousand: by bytes where it moves some, else by parts.
    pub fn permille(&self) -> u64 {
        let (done, all) = match (self.progress.bytes, self.progress.items.len() as u64) {
            (0, items) => (self.progress.ended() as u64, items),
            (bytes, _) => (self.progress.moved, bytes),
        };
        done.min(all).saturating_mul(1000).checked_div(all).unwrap_or(0)
    }

    fn progressed(&mut self, progress: Progress, now: Timestamp) {
        self.samples.push_back((now, progress.moved));
        let is_old = |at: &Timestamp| now.duration_since(*at).unsigned_abs() > WINDOW;
        while self.samples.len() > 2 && self.samples.front().is_some_and(|(at, _)| is_old(at))
            || self.samples.len() > MOST_SAMPLES
        {
            self.samples.pop_front();
        }
        self.progress = progress;
    }
}

/// From its plan on, a request for all tags is one for those that the plan named: what comes later was never confirmed, and
/// is none of what is planned again.
fn confirmed(mut request: ChangeRequest, work: &ChangePlan) -> ChangeRequest {
    if let (ChangeRequest::Copy(request), ChangePlan::Copy(plan)) = (&mut request, work)
        && request.what == copy::What::AllTags
    {
        let tagged = plan.images.iter().filter(|image| image.tag.is_some());
        let missed = plan.unresolved.iter().filter_map(|missed| Tag::parse(missed.name.as_str()).ok());
        let all = tagged.map(|image| image.selector.clone()).chain(missed.map(Selector::Tag));
        request.what = copy::What::Images(all.collect());
    }
    request
}

/// The registries that a change is about, where its title does not name them.
fn place(work: &ChangePlan) -> SafeText {
    let title = work.title();
    let mut hosts: Vec<String> = work.changes().iter().map(|place| place.host.to_string()).collect();
    hosts.dedup();
    hosts.retain(|host| !title.as_str().contains(host.as_str()));
    SafeText::from(hosts.join(", "))
}
