//! The effects of commands: loads in their slots, and small tasks outside of the terminal.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

use super::clipboard::{self, ClipboardMethod};
use super::extraction;
use super::image_diffs;
use super::image_files::{self, ShownReading};
use super::image_tables;
use super::jobs::JobRunner;
use super::session::SessionKeeper;
use super::since;
use crate::app::cmd::Cmd;
use crate::app::dialogs::saved_content::SavedContent;
use crate::app::jobs::JobId;
use crate::app::msg::Msg;
use crate::app::questions::{Answer, Ask, Slot};
use crate::app::remote::Ticket;
use crate::client::Priority;
use crate::client::registry::connection::Connection;
use crate::files;
use crate::model::attached::page::AttachedPage;
use crate::model::change::journal::EntryId;
use crate::model::change::progress::{Lookups, Progress};
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::clip::ClipText;
use crate::model::failure::Failure;
use crate::model::reference::{Host, Repository, Selector};
use crate::model::request_line::AwaitedRequest;
use crate::model::server::Identity;
use crate::model::text::SafeText;
use crate::ops;
use crate::ops::base_image::BaseLookups;
use crate::ops::context::ChangeContext;
use crate::ops::planning::{self, stop_at_shortage};
use crate::ops::resume::Rest;
use crate::ops::since::SinceReading;
use crate::store::state::StateStore;
use crate::store::{self, bookmarks, recent_registries, remembered};

/// The longest time that the program waits for the disk at its end.
const LONGEST_END: Duration = Duration::from_secs(1);
/// Most results of a search.
const MOST_HITS: usize = 100;

/// The tasks that run in the background.
pub struct Effects {
    context: ChangeContext,
    inbox: UnboundedSender<Msg>,
    slots: HashMap<Slot, (Ticket, AbortHandle)>,
    /// The identity at each registry that was last reported.
    identities: Arc<Mutex<HashMap<Host, Identity>>>,
    jobs: JobRunner,
    /// The count of the tags that are looked up for the plan that was asked for last.
    lookups: watch::Receiver<Lookups>,
    /// The digests of bases that were looked up.
    bases: Arc<BaseLookups>,
    /// The question since which tag images have something.
    since: Arc<SinceReading>,
    /// The readings of layers that the screen shows.
    readings: HashMap<Slot, ShownReading>,
    /// The place for names, bookmarks and the session.
    memory: StateStore,
    /// The session that is to be written.
    session: SessionKeeper,
    /// The last write of names and bookmarks. Each write waits for the one before it.
    remembering: Option<JoinHandle<()>>,
}

impl Effects {
    /// Creates the effects; nothing runs yet.
    pub fn new(context: ChangeContext, inbox: UnboundedSender<Msg>) -> Effects {
        let jobs = JobRunner::new(context.clone(), inbox.clone());
        let (slots, identities) = (HashMap::new(), Arc::default());
        let memory = context.journal.state().clone();
        Effects {
            context,
            session: SessionKeeper::new(memory.clone()),
            memory,
            inbox,
            slots,
            identities,
            jobs,
            lookups: watch::channel(Lookups::default()).1,
            bases: Arc::default(),
            since: Arc::default(),
            readings: HashMap::new(),
            remembering: None,
        }
    }

    /// Keeps names, bookmarks and the session in this place instead of that of the journal.
    pub(crate) fn keeping_names_in(mut self, memory: StateStore) -> Effects {
        self.session = SessionKeeper::new(memory.clone());
        self.memory = memory;
        self
    }

    /// Starts the effect of a command. The loop itself handles the commands about the terminal and the end.
    pub fn start(&mut self, cmd: Cmd) {
        match cmd {
            Cmd::Load { slot, ticket, delay: after, ask } => self.load(slot, ticket, after, ask),
            Cmd::Cancel(slot) => self.drop_slot(&slot),
            Cmd::PauseSince(is_paused) => self.since.pause(is_paused),
            Cmd::PauseReading(slot, is_paused) => {
                self.readings.entry(slot).or_default().pause(is_paused);
            }
            Cmd::Forget(host) => {
                let registry = self.context.pool.registry(&host);
                registry.connection().into_iter().for_each(Connection::forget);
            }
            Cmd::RereadLogins(host) => {
                let registry = self.context.pool.registry(&host);
                registry.connection().into_iter().for_each(Connection::reread_logins);
            }
            Cmd::SetScheme(host, scheme) => {
                self.context.pool.set_transport(&host, |trust| trust.set_scheme(scheme));
            }
            Cmd::Remember(host, names) => {
                self.write(move |state| remembered::write(state, &host, &names));
            }
            Cmd::Bookmark(target, is_kept) => self.write(move |state| {
                let written = bookmarks::write(state, &target, is_kept);
                written.map_err(|error| store::error::failure("cannot store the bookmark", &error))
            }),
            Cmd::RecordRegistry(host, is_kept) => self.write(move |state| {
                let written = recent_registries::write(state, &host, is_kept);
                written.map_err(|error| store::error::failure("cannot remember the registry", &error))
            }),
            Cmd::KeepSession(session) => self.session.keep(*session),
            Cmd::StartJob(id, change_plan) => self.jobs.start(id, change_plan),
            Cmd::StartScan(id, request, scanner) => self.jobs.start_scan(id, request, scanner),
            Cmd::StartExtraction(id, request) => self.jobs.start_extraction(id, request),
            Cmd::PauseJob(id, is_paused) => self.jobs.pause(id, is_paused),
            Cmd::StopJob(id) => self.jobs.stop(id),
            Cmd::Copy(_) | Cmd::ShowInPager(_) | Cmd::Suspend | Cmd::Repaint | Cmd::Quit => {}
        }
    }

    /// Puts text on the clipboard of the desktop or of tmux, and tells the user the result. `was_sent` tells whether
    /// the text was written to the terminal.
    pub(super) fn copy(&self, text: ClipText, method: ClipboardMethod, was_sent: bool) {
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let msg = match clipboard::put(&text, method, was_sent).await {
                Some(put) => Msg::Copied(clipboard::message(&text, put)),
                None => Msg::Failed(clipboard::copy_failure(method)),
            };
            // The loop has ended if the receiver is gone; the message is not needed then.
            inbox.send(msg).ok();
        });
    }

    /// Returns the progress of the jobs that advanced since the last call.
    pub(crate) fn progress(&mut self) -> Vec<(JobId, Progress)> {
        self.jobs.progress()
    }

    /// Returns the count of the tags that are looked up for a plan, if it changed since the last call.
    pub(crate) fn lookups(&mut self) -> Option<Lookups> {
        // The sender is gone when the plan is complete.
        self.lookups.has_changed().unwrap_or(false).then(|| self.lookups.borrow_and_update().clone())
    }

    /// Returns the requests whose answers are awaited, the oldest first.
    pub(crate) fn awaited_requests(&self) -> Vec<AwaitedRequest> {
        self.context.pool.awaited_requests()
    }

    /// Returns whether a job runs.
    pub(crate) fn has_jobs(&self) -> bool {
        self.jobs.are_running()
    }

    /// Waits, for a limited time, until everything that must not be lost is done. Jobs are told to stop and close the
    /// uploads that they began.
    pub(crate) async fn finish(&mut self) {
        self.jobs.close().await;
        tokio::time::timeout(LONGEST_END, self.session.finish()).await.ok();
        if let Some(last) = self.remembering.take() {
            tokio::time::timeout(LONGEST_END, last).await.ok();
        }
    }

    /// Returns whether a load or a job has not ended yet.
    pub fn is_busy(&self) -> bool {
        !self.slots.is_empty() || self.has_jobs()
    }

    /// Records that a load or a job has ended. The loop must pass every message here before it handles it.
    pub fn record_end(&mut self, msg: &Msg) {
        match msg {
            Msg::Answered(slot, ticket, _)
                if self.slots.get(slot).is_some_and(|(current, _)| current == ticket) =>
            {
                self.slots.remove(slot);
            }
            Msg::JobEnded(id, _) => self.jobs.record_end(*id),
            _ => {}
        }
    }

    fn load(&mut self, slot: Slot, ticket: Ticket, after: Duration, ask: Ask) {
        self.drop_slot(&slot);
        let (context, inbox, place) = (self.context.clone(), self.inbox.clone(), slot.clone());
        let (identities, bases) = (self.identities.clone(), self.bases.clone());
        let reading = ShownReading::default();
        if matches!(
            ask,
            Ask::Files(..) | Ask::DiffRead(_) | Ask::FileContent(_) | Ask::FileSides(_) | Ask::Packages(..)
        ) {
            self.readings.insert(slot.clone(), reading.clone());
        }
        if slot == Slot::Since {
            self.since = Arc::default();
        }
        let since_reading = self.since.clone();
        let (sender, lookups) = watch::channel(Lookups::default());
        if slot == Slot::Plan {
            self.lookups = lookups;
        }
        let task = tokio::spawn(async move {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            let host = ask.host().cloned();
            let answer = match ask {
                Ask::Files(image, is_agreed) => {
                    let read = image_files::read(&context.pool, &image, is_agreed, ticket, &inbox, &reading);
                    Answer::Files(read.await)
                }
                Ask::Since(request, agreed) => {
                    let found = since::find(&context.pool, &request, agreed, ticket, &inbox, &since_reading);
                    Answer::Since(found.await)
                }
                Ask::DiffRead(question) => {
                    let read = image_diffs::read(&context.pool, &question, ticket, &inbox, &reading);
                    Answer::DiffRead(read.await)
                }
                Ask::FileContent(request) => {
                    let read = image_files::read_content(&context.pool, &request, ticket, &inbox, &reading);
                    Answer::FileContent(read.await)
                }
                Ask::FileSides(requests) => {
                    let read = image_diffs::read_sides(&context.pool, *requests, ticket, &inbox, &reading);
                    Answer::FileSides(read.await)
                }
                Ask::Packages(files, is_agreed) => {
                    let asked = (*files, is_agreed);
                    let found = image_tables::find_packages(&context.pool, asked, ticket, &inbox, &reading);
                    Answer::Packages(found.await)
                }
                Ask::BeyondBudget(ask) => {
                    let answered = planning::beyond_budget(answer(&context, &bases, *ask));
                    planning::report_lookups(sender, answered).await
                }
                ask => planning::report_lookups(sender, answer(&context, &bases, ask)).await,
            };
            if let Some(notice) = host.as_ref().and_then(|host| own_api_notice(&context, host)) {
                inbox.send(Msg::Failed(notice)).ok();
            }
            if let Some(identified) = host.and_then(|host| identify(&context, &identities, host)) {
                inbox.send(identified).ok();
            }
            // The loop has ended if the receiver is gone; the answer is not needed then.
            inbox.send(Msg::Answered(place, ticket, answer)).ok();
        });
        self.slots.insert(slot, (ticket, task.abort_handle()));
    }

    /// Writes something into the state, after everything before it.
    fn write(&mut self, write: impl FnOnce(&StateStore) -> Result<(), Failure> + Send + 'static) {
        let (before, inbox, state) = (self.remembering.take(), self.inbox.clone(), self.memory.clone());
        self.remembering = Some(tokio::spawn(async move {
            if let Some(before) = before {
                before.await.ok();
            }
            let written = tokio::task::spawn_blocking(move || write(&state)).await;
            if let Ok(Err(failure)) = written {
                inbox.send(Msg::Failed(failure)).ok();
            }
        }));
    }

    fn drop_slot(&mut self, slot: &Slot) {
        if let Some((_, task)) = self.slots.remove(slot) {
            task.abort();
        }
    }
}

impl Drop for Effects {
    fn drop(&mut self) {
        self.slots.values().for_each(|(_, task)| task.abort());
    }
}

/// Returns the message about the identity at a registry, if it is another than the one last reported.
fn identify(context: &ChangeContext, identities: &Mutex<HashMap<Host, Identity>>, host: Host) -> Option<Msg> {
    let identity = context.pool.registry(&host).connection()?.identity();
    let before =
        identities.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone(), identity.clone());
    (before.as_ref() != Some(&identity)).then_some(Msg::Identified(host, identity))
}

/// Returns the reason why the own API of a registry's vendor was given up, if the user was not told yet.
fn own_api_notice(context: &ChangeContext, host: &Host) -> Option<Failure> {
    context.pool.registry(host).own_api()?.take_notice()
}

/// Returns the failure of a question that only a task with a progress answers.
fn unread(what: &str) -> Failure {
    Failure::local(format!("cannot read {what}"), "no task reads it")
}

async fn answer(context: &ChangeContext, bases: &BaseLookups, ask: Ask) -> Answer {
    let pool = &context.pool;
    match ask {
        // They are read by a task that reports their progress.
        Ask::Files(..) => Answer::Files(Err(unread("files"))),
        Ask::Since(..) => Answer::Since(Err(Failure::local("cannot ask the images", "no task asks them"))),
        Ask::DiffRead(_) => Answer::DiffRead(Err(unread("files"))),
        Ask::Server(host) => {
            let server = pool.registry(&host).ping().await;
            Answer::Server(server.map_err(|error| error.failure(format!("cannot open {host}"))))
        }
        Ask::Repositories(host, near, next) => {
            let registry = pool.registry(&host);
            let page = ops::list::repository_page(&*registry, &near, next.map(|next| *next)).await;
            Answer::Repositories(page.map_err(|error| error.catalog_failure()))
        }
        Ask::Tags(repository, next) => {
            let page = pool.registry(&repository.host).tags(&repository.name, next.map(|next| *next)).await;
            Answer::Tags(
                page.map_err(|error| error.failure(format!("cannot list the tags of {}", repository.name))),
            )
        }
        Ask::VendorTags(repository, next) => {
            let registry = pool.registry(&repository.host);
            let facts = match registry.own_api() {
                Some(api) => api.tag_facts(&repository.name, next).await,
                None => None,
            };
            Answer::VendorTags(facts)
        }
        Ask::Search(host, words) => {
            let registry = pool.registry(&host);
            let hits = match registry.own_api() {
                Some(api) => api.search(&words, MOST_HITS).await,
                None => None,
            };
            Answer::Search(hits)
        }
        Ask::VendorImage(image) => {
            let registry = pool.registry_for_reading(&image.repository.host);
            let tag = match &image.selector {
                Selector::Tag(tag) => Some(tag),
                Selector::Digest(_) => None,
            };
            let facts = match registry.own_api() {
                Some(api) => api.image_facts(&image.repository.name, tag, image.digest).await,
                None => None,
            };
            Answer::VendorImage(facts.map(Box::new))
        }
        Ask::TagHistory(subject) => {
            let registry = pool.registry(&subject.repository.host);
            let history = ops::tag_history::read(&*registry, &subject, jiff::Timestamp::now()).await;
            Answer::TagHistory(history)
        }
        Ask::Summary(repository, tag) => {
            let registry = pool.registry_for_reading(&repository.host);
            let summary =
                ops::summary::of_tag(&*registry, &repository.name, &tag, Priority::Background).await;
            Answer::Summary(
                summary.map_err(|error| error.failure(format!("cannot read {}:{tag}", repository.name))),
            )
        }
        Ask::RepositoryFacts(repository, reads_newest) => {
            let registry = pool.registry_for_reading(&repository.host);
            let facts = ops::repository_facts::read(&*registry, &repository.name, reads_newest).await;
            let what = || format!("cannot list the tags of {}", repository.name);
            Answer::RepositoryFacts(facts.map_err(|error| error.failure(what())))
        }
        Ask::FileContent(_) => Answer::FileContent(Err(unread("a file"))),
        Ask::ExtractionPrice(request) => Answer::ExtractionPrice(extraction::price(*request).await),
        Ask::Findings(files) => Answer::Findings(image_tables::find_findings(*files).await),
        Ask::Packages(..) => Answer::Packages(Err(unread("the packages"))),
        // The task asks the question within.
        Ask::BeyondBudget(_) => Answer::Plan(Err(unread("a question"))),
        Ask::Plan(request) => {
            let planning = stop_at_shortage(ops::change::plan(context, &request));
            Answer::Plan(planning.await.map(Box::new))
        }
        Ask::Journal => Answer::Journal(context.journal.list().await),
        Ask::InterruptedChanges(hosts) => {
            let entries = context.journal.entries().await;
            let removed = ops::steps::probe::remove_leftovers(context, &entries, Some(&hosts)).await;
            let entries = if removed.is_empty() { entries } else { context.journal.entries().await };
            Answer::InterruptedChanges(entries, removed)
        }
        Ask::ResumeRequest(entry) => {
            Answer::ResumeRequest(context.journal.resume(&entry).await.map(Box::new))
        }
        Ask::ResumePlan(entry, request) => {
            Answer::Plan(stop_at_shortage(plan_rest(context, &entry, &request)).await)
        }
        Ask::Attached(question) => {
            let registry = pool.registry_for_reading(&question.repository.host);
            let (name, image) = (&question.repository.name, question.image.as_deref());
            Answer::Attached(ops::attached::read_pages(&*registry, name, &question.artifact, image).await)
        }
        Ask::AttachedFacts(inspection, known) => {
            let registry = pool.registry_for_reading(&inspection.repository.host);
            Answer::AttachedFacts(ops::attached::read_facts(&*registry, &inspection, &known).await)
        }
        Ask::KeptScans(host, images) => {
            Answer::KeptScans(ops::scan::read_facts(&*pool.registry_for_reading(&host), &images).await)
        }
        Ask::ScanPage(host, image) => {
            let kept = ops::scan::read_kept(&*pool.registry_for_reading(&host), &image).await;
            let gone = || Failure::local("cannot show the scan", "its result is not kept any more");
            Answer::Attached(kept.ok_or_else(gone).map(|report| vec![AttachedPage::of_scan(&report)]))
        }
        Ask::Base(repository, image, generation) => {
            bases.begin(generation);
            let report = ops::base_image::report_recorded_base(pool, bases, &repository, image).await;
            Answer::Base(Box::new(report))
        }
        Ask::Save(path, content) => Answer::Saved(save(path, content).await),
        Ask::Comparison(left, right) => {
            let comparing = stop_at_shortage(ops::compare::compare(pool, &left, &right));
            Answer::Comparison(comparing.await)
        }
        Ask::ImageDiff(question) => Answer::ImageDiff(image_diffs::compare(pool, &question).await),
        Ask::FileSides(_) => Answer::FileSides(Err(unread("files"))),
        Ask::SharedLayers(question) => Answer::SharedLayers(image_diffs::count_shared(pool, &question).await),
        Ask::LoginFacts(host) => Answer::LoginFacts(ops::login::login_facts(pool, &host).await),
        Ask::SavedLogins => Answer::SavedLogins(ops::login::saved_logins(pool).await),
        Ask::Login(request) => Answer::Login(ops::login::log_in(pool, &request).await),
        Ask::Trust(host) => Answer::Trust(ops::trust::ask_trust(pool, &host).await),
        Ask::DecideTrust(request) => Answer::TrustDecided(ops::trust::decide(pool, *request).await),
        Ask::Inspection(repository, selector) => {
            let registry = pool.registry_for_reading(&repository.host);
            let inspection = ops::inspect::inspect_image(&*registry, &repository, &selector).await;
            let inspection = inspection.map(Arc::new);
            Answer::Inspection(
                inspection
                    .map_err(|error| error.failure(format!("cannot read {}", image(&repository, &selector)))),
            )
        }
        Ask::Referrers(inspection, digest_tags) => {
            let registry = pool.registry_for_reading(&inspection.repository.host);
            Answer::Referrers(
                ops::inspect::find_referrers(&*registry, &inspection, digest_tags.as_deref()).await,
            )
        }
    }
}

/// Saves bytes as a new file. Returns a sentence about it.
async fn save(path: PathBuf, content: SavedContent) -> Result<SafeText, Failure> {
    let shown = path.display().to_string();
    let failed = |why: String| Failure::local(format!("cannot save `{shown}`"), why);
    let saved = tokio::task::spawn_blocking(move || files::save_new(&path, &content.into_bytes())).await;
    match saved.map_err(std::io::Error::other).flatten() {
        Ok(()) => Ok(SafeText::from(format!("saved `{shown}`"))),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(failed("the file exists, and is never written over".into()))
        }
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Plans the rest of a change. Marks the journal entry as ended if nothing of the change is left to do.
async fn plan_rest(
    context: &ChangeContext,
    entry: &EntryId,
    request: &ChangeRequest,
) -> Result<Box<ChangePlan>, Failure> {
    let title = context.journal.entry(entry).await?.title;
    // Leftover probes were removed at the start, or are removed when the entry is undone.
    let rest = ops::resume::plan(context, entry, request).await?;
    if matches!(rest, Rest::NothingLeft(_)) {
        context.journal.mark_ended(entry).await?;
    }
    rest.into_plan(&title)
}

fn image(repository: &Repository, selector: &Selector) -> String {
    format!("{}{}", repository.name, selector.suffix())
}
