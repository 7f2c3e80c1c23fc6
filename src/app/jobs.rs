//! The changes that were confirmed, the scans and the extractions: those that run, and the results of the earlier ones.

pub(crate) mod id;

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::cmd::Cmd;
use super::panes::details::files::reading::{ExtractRequest, FilesImage};
use crate::model::change::progress::{Progress, ProgressItem, Report};
use crate::model::change::{ChangePlan, ChangeRequest, copy};
use crate::model::reference::{Host, Repository, Selector, Tag};
use crate::model::scan::ScanRequest;
use crate::model::scan::command::Scanner;
use crate::model::text::SafeText;
pub use id::JobId;

/// Largest number of ended jobs that are kept.
const MOST_ENDED: usize = 50;
/// The period over which the speed is measured.
const WINDOW: Duration = Duration::from_secs(5);
/// Largest number of speed measurements that are kept.
const MOST_SAMPLES: usize = 64;

/// All jobs, the oldest first.
#[derive(Debug, Default)]
pub struct Jobs {
    /// The jobs in the order in which they began.
    pub all: Vec<Job>,
    /// Whether regtui is left when the last of them has ended.
    pub(crate) quits_when_idle: bool,
    last: u32,
}

/// A job.
#[derive(Debug)]
pub struct Job {
    /// The name of the job.
    pub(crate) id: JobId,
    /// The title: `copy team/app:1.4.2 → prod.example/team/app:1.4.2`.
    pub(crate) title: SafeText,
    /// The request, kept so that failed parts can be tried again.
    pub(crate) request: JobRequest,
    /// The registries that the job changes, if the title does not name them.
    pub(crate) registry_names: SafeText,
    /// The registries in which undoing the job means deleting tags.
    pub(crate) undo_untags_in: Vec<Host>,
    /// Whether undoing the job also puts something back.
    pub(crate) undo_restores: bool,
    /// The repositories that look different afterwards.
    pub(crate) changed_repositories: Vec<Repository>,
    /// The time when the job began.
    pub(crate) started_at: Timestamp,
    /// The progress of the job.
    pub(crate) progress: Progress,
    /// Whether the job runs.
    pub(crate) stage: JobStage,
    /// The number of bytes that had been moved at several times.
    samples: VecDeque<(Timestamp, u64)>,
}

/// The request that a job carries out.
#[derive(Debug, Clone)]
pub(crate) enum JobRequest {
    /// A change.
    Change(ChangeRequest),
    /// A scan, which changes nothing.
    Scan(ScanRequest),
    /// An extraction of this image, which changes nothing in a registry. It is begun again where it was begun.
    Extraction(FilesImage),
}

impl JobRequest {
    /// Returns whether it undoes another change.
    pub(crate) fn is_undo(&self) -> bool {
        matches!(self, JobRequest::Change(request) if request.undoes().is_some())
    }

    /// Returns whether it writes files of an image to the disk.
    pub(crate) fn is_extraction(&self) -> bool {
        matches!(self, JobRequest::Extraction(_))
    }

    /// Returns the request for the parts that were not done, if there are any.
    pub(crate) fn unfinished(&self, items: &[ProgressItem]) -> Option<JobRequest> {
        match self {
            JobRequest::Change(request) => request.unfinished(items).map(JobRequest::Change),
            JobRequest::Scan(request) => request.unfinished(items).map(JobRequest::Scan),
            JobRequest::Extraction(_) => None,
        }
    }
}

/// Whether a job runs.
#[derive(Debug)]
pub(crate) enum JobStage {
    /// The job runs.
    Running,
    /// The job was told to pause. It keeps everything so far, and goes on with the rest.
    Paused,
    /// The job was told to stop and has not stopped yet.
    Stopping,
    /// The job ended.
    Ended(Timestamp, Report),
}

impl Jobs {
    /// Begins to carry out the confirmed plan.
    pub(crate) fn start(
        &mut self,
        request: ChangeRequest,
        change_plan: Box<ChangePlan>,
        now: Timestamp,
    ) -> Cmd {
        let (undone_by_untagging, puts_back) = change_plan.undo_needs();
        let id = self.add(Job {
            title: change_plan.title(),
            registry_names: registries_of(&change_plan),
            undo_untags_in: undone_by_untagging,
            undo_restores: puts_back,
            changed_repositories: change_plan.changed_repositories(),
            ..Job::new(JobRequest::Change(limit_to_planned_tags(request, &change_plan)), now)
        });
        Cmd::StartJob(id, change_plan)
    }

    /// Begins to scan images.
    pub(crate) fn start_scan(&mut self, request: ScanRequest, scanner: Box<Scanner>, now: Timestamp) -> Cmd {
        let id = self.add(Job {
            title: request.title(),
            registry_names: SafeText::from(&request.repository.host),
            ..Job::new(JobRequest::Scan(request.clone()), now)
        });
        Cmd::StartScan(id, Box::new(request), scanner)
    }

    /// Begins an extraction.
    pub(crate) fn start_extraction(&mut self, request: Box<ExtractRequest>, now: Timestamp) -> Cmd {
        let id = self.add(Job {
            title: request.title(),
            registry_names: SafeText::from(request.image.repository.to_string()),
            ..Job::new(JobRequest::Extraction(request.image.clone()), now)
        });
        Cmd::StartExtraction(id, request)
    }

    /// Pauses an extraction that runs, or lets one go on that is paused.
    pub(crate) fn pause(&mut self, id: JobId, pauses: bool, now: Timestamp) -> Option<Cmd> {
        let job = self.of(id).filter(|job| job.request.is_extraction())?;
        job.stage = match (&job.stage, pauses) {
            (JobStage::Running, true) => JobStage::Paused,
            (JobStage::Paused, false) => JobStage::Running,
            _ => return None,
        };
        job.samples = VecDeque::from([(now, job.progress.moved)]);
        Some(Cmd::PauseJob(id, pauses))
    }

    /// Returns the extractions of an image that run or are paused, the oldest first.
    pub(crate) fn extractions_of<'a>(&'a self, image: &'a FilesImage) -> impl Iterator<Item = &'a Job> {
        self.running().filter(move |job| match &job.request {
            JobRequest::Extraction(of) => of.is_same(image) && !job.is_stopping(),
            JobRequest::Change(_) | JobRequest::Scan(_) => false,
        })
    }

    /// Tells a job to stop, if it runs.
    pub(crate) fn stop(&mut self, id: JobId) -> Option<Cmd> {
        let job = self.of(id).filter(|job| job.is_running())?;
        job.stage = JobStage::Stopping;
        Some(Cmd::StopJob(id))
    }

    /// Leaves regtui when no job runs any more. Lets those that are paused go on, or they would never end.
    pub(crate) fn quit_when_idle(&mut self, now: Timestamp) -> Vec<Cmd> {
        self.quits_when_idle = true;
        if !self.are_running() {
            return vec![Cmd::Quit];
        }
        let paused: Vec<JobId> = self.running().filter(|job| job.is_paused()).map(|job| job.id).collect();
        paused.into_iter().filter_map(|id| self.pause(id, false, now)).collect()
    }

    /// Stops every running job and leaves regtui after the last one has ended. Leaves at once if all were told to stop
    /// already.
    pub(crate) fn stop_all_and_quit(&mut self) -> Vec<Cmd> {
        self.quits_when_idle = true;
        let running: Vec<JobId> = self.running().filter(|job| !job.is_stopping()).map(|job| job.id).collect();
        if running.is_empty() {
            return vec![Cmd::Quit];
        }
        running.into_iter().filter_map(|id| self.stop(id)).collect()
    }

    /// Adds a job under a new name.
    fn add(&mut self, job: Job) -> JobId {
        self.last += 1;
        let id = JobId(self.last);
        self.all.push(Job { id, ..job });
        let ended = self.all.iter().filter(|job| !job.is_running()).count();
        if ended > MOST_ENDED
            && let Some(oldest) = self.all.iter().position(|job| !job.is_running())
        {
            self.all.remove(oldest);
        }
        id
    }

    /// Returns the job of that name.
    pub(crate) fn of(&mut self, id: JobId) -> Option<&mut Job> {
        self.all.iter_mut().find(|job| job.id == id)
    }

    /// Returns whether any job runs.
    pub fn are_running(&self) -> bool {
        self.running().next().is_some()
    }

    /// Returns whether any job runs that is not paused, or has not come to rest yet.
    pub(crate) fn are_moving(&self) -> bool {
        self.running().any(|job| !(job.is_paused() && job.progress.is_paused))
    }

    /// Returns the jobs that run or are paused, the oldest first.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Job> {
        self.all.iter().filter(|job| job.is_running())
    }

    /// Updates the progress of jobs.
    pub(crate) fn update_progress(&mut self, all: Vec<(JobId, Progress)>, now: Timestamp) {
        for (id, progress) in all {
            if let Some(job) = self.of(id).filter(|job| job.is_running()) {
                job.update_progress(progress, now);
            }
        }
    }
}

impl Job {
    /// Creates a job that begins now. It has no name yet.
    fn new(request: JobRequest, now: Timestamp) -> Job {
        Job {
            id: JobId(0),
            title: SafeText::default(),
            request,
            registry_names: SafeText::default(),
            undo_untags_in: Vec::new(),
            undo_restores: false,
            changed_repositories: Vec::new(),
            started_at: now,
            progress: Progress::default(),
            stage: JobStage::Running,
            samples: VecDeque::from([(now, 0)]),
        }
    }

    /// Returns the time when the job ended, if it has.
    pub(crate) fn ended_at(&self) -> Option<Timestamp> {
        match &self.stage {
            JobStage::Ended(at, _) => Some(*at),
            JobStage::Running | JobStage::Paused | JobStage::Stopping => None,
        }
    }

    /// Returns whether the job has not ended.
    pub(crate) fn is_running(&self) -> bool {
        !matches!(self.stage, JobStage::Ended(..))
    }

    /// Returns whether the job is paused.
    pub(crate) fn is_paused(&self) -> bool {
        matches!(self.stage, JobStage::Paused)
    }

    /// Returns whether the job was told to stop and still runs.
    pub(crate) fn is_stopping(&self) -> bool {
        matches!(self.stage, JobStage::Stopping)
    }

    /// Returns the registry that the job waits for, if it waits.
    pub(crate) fn waiting_for(&self) -> Option<&SafeText> {
        let is_moving = self.is_running() && !self.is_paused();
        Some(&self.progress.waiting).filter(|waits| is_moving && !waits.is_empty())
    }

    /// Returns the report of the job, if it has ended.
    pub(crate) fn report(&self) -> Option<&Report> {
        match &self.stage {
            JobStage::Ended(_, report) => Some(report),
            JobStage::Running | JobStage::Paused | JobStage::Stopping => None,
        }
    }

    /// Returns the parts of the job, each with its outcome if it has one.
    pub(crate) fn items(&self) -> &[ProgressItem] {
        self.report().map_or(&self.progress.items, |report| &report.items)
    }

    /// Returns the bytes moved per second over the last seconds, or `None` if none moved or the job is paused.
    pub(crate) fn speed(&self) -> Option<u64> {
        if self.is_paused() {
            return None;
        }
        let ((from, before), (to, after)) = (self.samples.front()?, self.samples.back()?);
        let took = to.duration_since(*from).as_secs_f64();
        let moved = after.saturating_sub(*before);
        (took > 0.0 && moved > 0).then(|| (moved as f64 / took) as u64)
    }

    /// Returns the seconds that the rest takes at the present speed.
    pub(crate) fn seconds_left(&self) -> Option<u64> {
        let rest = self.progress.total_bytes.saturating_sub(self.progress.moved);
        Some(rest.div_ceil(self.speed()?)).filter(|_| self.progress.total_bytes > 0)
    }

    /// Returns the progress in thousandths: by bytes if the job moves any, otherwise by parts.
    pub(crate) fn permille(&self) -> u64 {
        let (done, all) = match (self.progress.total_bytes, self.progress.items.len() as u64) {
            (0, items) => (self.progress.ended() as u64, items),
            (bytes, _) => (self.progress.moved, bytes),
        };
        done.min(all).saturating_mul(1000).checked_div(all).unwrap_or(0)
    }

    fn update_progress(&mut self, progress: Progress, now: Timestamp) {
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

/// Returns the request with all tags replaced by those that the plan named. Tags that appear after the plan were never
/// confirmed, and are not part of a new plan for the rest.
fn limit_to_planned_tags(mut request: ChangeRequest, change_plan: &ChangePlan) -> ChangeRequest {
    if let (ChangeRequest::Delete(request), ChangePlan::Delete(plan)) = (&mut request, change_plan)
        && request.all_tags
    {
        let planned = plan.images.iter().flat_map(|image| &image.named).cloned();
        let unresolved = plan.common.unresolved.iter();
        let unresolved = unresolved.filter_map(|unresolved| Tag::parse(unresolved.name.as_str()).ok());
        request.selectors = planned.chain(unresolved).map(Selector::Tag).collect();
        request.all_tags = false;
    }
    if let (ChangeRequest::Copy(request), ChangePlan::Copy(plan)) = (&mut request, change_plan)
        && request.what == copy::What::AllTags
    {
        let tagged = plan.images.iter().filter(|image| image.tag.is_some());
        let unresolved =
            plan.common.unresolved.iter().filter_map(|unresolved| Tag::parse(unresolved.name.as_str()).ok());
        let all = tagged.map(|image| image.selector.clone()).chain(unresolved.map(Selector::Tag));
        request.what = copy::What::Images(all.collect());
    }
    request
}

/// Returns the registries that a change is about, if its title does not name them.
fn registries_of(change_plan: &ChangePlan) -> SafeText {
    let title = change_plan.title();
    let mut hosts: Vec<String> =
        change_plan.changed_repositories().iter().map(|place| place.host.to_string()).collect();
    hosts.dedup();
    hosts.retain(|host| !title.as_str().contains(host.as_str()));
    SafeText::from(hosts.join(", "))
}
