//! The app without a runtime: messages in, state and commands out. The test gives each answer, or lets a small registry
//! of plain data give the usual ones.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use regtui::app::cmd::Cmd;
use regtui::app::jobs::JobId;
use regtui::app::msg::Msg;
use regtui::app::questions::{Answer, Ask, Slot};
use regtui::app::remote::Ticket;
use regtui::app::settings::AppSettings;
use regtui::app::{self, State};
use regtui::model::change::delete::DeleteMethod;
use regtui::model::change::progress::Report;
use regtui::model::change::{ChangePlan, ChangeRequest};
use regtui::model::failure::Failure;
use regtui::model::inspection::Inspection;
use regtui::model::media_type::{MediaType, OCI_MANIFEST};
use regtui::model::page::{ListedName, NextPage, Page};
use regtui::model::reference::{Host, Repository, RepositoryName, Selector, Tag, Target};
use regtui::model::repository_facts::RepositoryFacts;
use regtui::model::server::{Ability, Identity, Server, Transport};
use regtui::model::summary::{Kind, Summary};
use regtui::ui::{self, theme::Theme};

use super::harness::{handle, key_of, now};
use super::plans::{all_deletes, digest, empty_manifest, tag};

/// The repositories of the registry, each with [`TAGS`].
pub const REPOSITORIES: [&str; 3] = ["a", "b", "c"];
/// The tags in the order in which they are shown.
pub const TAGS: [&str; 3] = ["3", "2", "1"];

/// A question that the app asked.
#[derive(Debug)]
pub struct Question {
    slot: Slot,
    ticket: Ticket,
    /// The pause before the runtime sends the request.
    pub delay: Duration,
    pub ask: Ask,
}

pub struct App {
    pub state: State,
    /// The questions that are neither answered nor aborted, the oldest first.
    open: Vec<Question>,
    asked: Vec<String>,
    asked_facts: Vec<String>,
    aborted: Vec<String>,
    cmds: Vec<Cmd>,
    /// The sessions, bookmarks and registries that were to be stored.
    pub kept: Vec<Cmd>,
    clock: Timestamp,
}

impl App {
    /// `regtui TARGET` at its start.
    pub fn new(target: &str) -> App {
        App::with(AppSettings::default(), vec![Target::parse(target).expect("a target")])
    }

    /// The start with other settings.
    pub fn with(settings: AppSettings, targets: Vec<Target>) -> App {
        let settings = AppSettings { theme: "terminal".into(), ..settings };
        let (state, cmds) = app::init(settings, targets, (120, 40), now());
        let (open, asked, asked_facts, aborted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (kept, commands, clock) = (Vec::new(), Vec::new(), now());
        let mut app = App { state, open, asked, asked_facts, aborted, cmds: commands, kept, clock };
        app.obey(cmds);
        app
    }

    /// `regtui r.test` with every question answered: the cursor is on the first repository.
    pub fn loaded() -> App {
        let mut app = App::new("r.test");
        app.answer_all();
        app.asked.clear();
        app
    }

    /// The same with the cursor on the first tag of the first repository.
    pub fn at_tags() -> App {
        let mut app = App::loaded();
        app.press("l");
        app
    }

    pub fn send(&mut self, msg: Msg) {
        let cmds = handle(&mut self.state, self.clock, msg);
        self.obey(cmds);
    }

    /// Does with questions as the runtime does: a newer one for a slot aborts the older one.
    fn obey(&mut self, cmds: Vec<Cmd>) {
        for cmd in cmds {
            match cmd {
                Cmd::Load { slot, ticket, delay, ask } => {
                    self.abort(&slot);
                    let is_about_row = matches!(ask, Ask::RepositoryFacts(..) | Ask::KeptScans(..));
                    let all = if is_about_row { &mut self.asked_facts } else { &mut self.asked };
                    all.push(describe(&ask));
                    self.open.push(Question { slot, ticket, delay, ask });
                }
                Cmd::Cancel(slot) => self.abort(&slot),
                Cmd::Bookmark(..) | Cmd::RecordRegistry(..) | Cmd::KeepSession(_) => self.kept.push(cmd),
                other => self.cmds.push(other),
            }
        }
    }

    fn abort(&mut self, slot: &Slot) {
        self.aborted
            .extend(self.open.extract_if(.., |open| open.slot == *slot).map(|open| describe(&open.ask)));
    }

    /// Presses keys, named as in the key table and separated by spaces. The pauses are those of a user that reads the
    /// screen first.
    pub fn press(&mut self, keys: &str) {
        self.wait(300);
        for key in keys.split(' ') {
            self.wait(40);
            self.press_at_once(key);
        }
    }

    /// Presses a key in the same instant as whatever happened before.
    pub fn press_at_once(&mut self, key: &str) {
        self.send(Msg::Key(key_of(key)));
    }

    /// Types text, letter by letter.
    pub fn type_text(&mut self, text: &str) {
        self.wait(300);
        for character in text.chars() {
            self.wait(40);
            self.send(Msg::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
        }
    }

    /// Lets time go on, in milliseconds.
    pub fn wait(&mut self, milliseconds: i64) {
        self.clock += SignedDuration::from_millis(milliseconds);
    }

    /// Returns the questions since the last call, in words: `tags a`, `row a:3`, `image a:3`.
    pub fn asked(&mut self) -> Vec<String> {
        std::mem::take(&mut self.asked)
    }

    /// Returns the questions for rows of the Repositories pane since the last call: `facts a`.
    pub fn asked_facts(&mut self) -> Vec<String> {
        std::mem::take(&mut self.asked_facts)
    }

    /// Returns the questions that were given up since the last call.
    pub fn aborted(&mut self) -> Vec<String> {
        std::mem::take(&mut self.aborted)
    }

    /// Returns the other commands since the last call.
    pub fn cmds(&mut self) -> Vec<Cmd> {
        std::mem::take(&mut self.cmds)
    }

    /// Returns the plans that were confirmed since the last call.
    pub fn started(&mut self) -> Vec<(JobId, ChangePlan)> {
        let started = self.cmds.extract_if(.., |cmd| matches!(cmd, Cmd::StartJob(..)));
        let plan = |cmd| match cmd {
            Cmd::StartJob(id, plan) => (id, *plan),
            other => panic!("{other:?}"),
        };
        started.map(plan).collect()
    }

    /// Takes an open question, so that the test can answer it whenever it likes, as an answer that was on its way when
    /// the question was aborted.
    #[track_caller]
    pub fn question(&mut self, text: &str) -> Question {
        let at = self.open.iter().position(|open| describe(&open.ask) == text);
        let all: Vec<String> = self.open.iter().map(|open| describe(&open.ask)).collect();
        self.open.remove(at.unwrap_or_else(|| panic!("`{text}` is not an open question: {all:?}")))
    }

    pub fn answer(&mut self, question: Question, answer: Answer) {
        self.send(Msg::Answered(question.slot, question.ticket, answer));
    }

    /// Answers an open question as the registry does.
    #[track_caller]
    pub fn answer_usually(&mut self, text: &str) {
        let question = self.question(text);
        let answer = usual_answer(&question.ask).expect("a question about the registry");
        self.answer(question, answer);
    }

    /// Answers an open question for a plan.
    #[track_caller]
    pub fn answer_plan(&mut self, text: &str, plan: ChangePlan) {
        let question = self.question(text);
        self.answer(question, Answer::Plan(Ok(Box::new(plan))));
    }

    /// Answers all questions about the registry as it does, also those that follow from answers.
    pub fn answer_all(&mut self) {
        while let Some(at) = self.open.iter().position(|open| usual_answer(&open.ask).is_some()) {
            let question = self.open.remove(at);
            let answer = usual_answer(&question.ask).expect("it is one of those");
            self.answer(question, answer);
        }
    }

    pub fn end_job(&mut self, id: JobId, report: Report) {
        self.send(Msg::JobEnded(id, report));
    }

    /// The repository whose tags are shown.
    pub fn repository(&self) -> Option<&str> {
        self.state.tags.repository.as_ref().map(|repository| repository.name.as_str())
    }

    /// The tags of all rows.
    pub fn rows(&self) -> Vec<&str> {
        let tags = &self.state.tags;
        let items = tags.list.rows.iter().filter_map(|item| tags.tags.items.get(*item as usize));
        items.map(ListedName::text).collect()
    }

    /// The tag under the cursor.
    pub fn cursor(&self) -> Option<&str> {
        self.state.tags.selected().map(Tag::as_str)
    }

    /// The tags that are marked.
    pub fn marked(&self) -> Vec<&str> {
        let tags = &self.state.tags;
        tags.list
            .marked()
            .iter()
            .filter_map(|item| tags.tags.items.get(*item))
            .map(ListedName::text)
            .collect()
    }

    /// Checks that the screen shows this.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        let screen = self.screen();
        assert!(screen.contains(text), "`{text}` is not on the screen:\n{screen}");
    }

    /// Returns the text of the screen.
    pub fn screen(&self) -> String {
        let (columns, rows) = self.state.size;
        let Ok(mut terminal) = Terminal::new(TestBackend::new(columns, rows));
        let theme = Theme::of("terminal", true);
        let Ok(_) = terminal.draw(|frame| ui::view(frame, &self.state, &theme, self.clock));
        terminal.backend().to_string()
    }

    /// The message at the foot, or nothing.
    pub fn toast(&self) -> &str {
        self.state.notices.toast.as_ref().map_or("", |toast| toast.notice.text.as_str())
    }
}

/// A question in words, without the registry, since there is only one.
fn describe(ask: &Ask) -> String {
    let more = |next: &Option<Box<NextPage>>| if next.is_some() { "more " } else { "" };
    match ask {
        Ask::Server(host) => format!("server {host}"),
        Ask::Repositories(host, _, next) => format!("{}repositories {host}", more(next)),
        Ask::VendorTags(repository, _) => format!("vendor's tags {}", repository.name),
        Ask::Search(host, words) => format!("search {host} for {words}"),
        Ask::Tags(repository, next) => format!("{}tags {}", more(next), repository.name),
        Ask::Summary(repository, tag) => format!("row {}:{tag}", repository.name),
        Ask::RepositoryFacts(repository, _) => format!("facts {}", repository.name),
        Ask::Inspection(repository, Selector::Tag(tag)) => format!("image {}:{tag}", repository.name),
        Ask::Inspection(repository, Selector::Digest(digest)) => {
            format!("image {}@{}", repository.name, digest.short())
        }
        Ask::Referrers(inspection, _) => format!("referrers {}", inspection.repository.name),
        Ask::Files(image, _) => format!("files {}", image.repository.name),
        Ask::FileContent(request) => format!("file {} of layer {}", request.entry, request.layer),
        Ask::ExtractionPrice(request) => format!("price of an extraction to {}", request.to),
        Ask::Findings(files) => format!("findings {}", files.image.repository.name),
        Ask::Packages(files, _) => format!("packages {}", files.image.repository.name),
        Ask::Plan(request) => format!("plan {}", describe_request(request)),
        Ask::BeyondBudget(ask) => format!("{} beyond the budget", describe(ask)),
        Ask::Journal => "journal".into(),
        Ask::InterruptedChanges(_) => "interrupted changes".into(),
        Ask::ResumeRequest(entry) => format!("rest of {entry}"),
        Ask::ResumePlan(entry, request) => {
            format!("plan of the rest of {entry}: {}", describe_request(request))
        }
        Ask::Comparison(left, right) => format!("comparison {} {}", left.name, right.name),
        Ask::Attached(question) => format!("attached to {}", question.repository.name),
        Ask::AttachedFacts(inspection, _) => format!("attached facts of {}", inspection.repository.name),
        Ask::KeptScans(host, _) => format!("kept scans of {host}"),
        Ask::ScanPage(_, digest) => format!("scan of {}", digest.short()),
        Ask::Base(repository, digest, _) => format!("base of {}@{}", repository.name, digest.short()),
        Ask::Save(path, _) => format!("save {}", path.display()),
        Ask::Since(request, _) => format!("since {}", request.repository.name),
        Ask::VendorImage(image) => format!("vendor's facts about {}", image.digest.short()),
        Ask::TagHistory(subject) => format!("past of {}", subject.repository.name),
        Ask::ImageDiff(question) => format!("diff {} {}", question.left, question.right),
        Ask::DiffRead(question) => format!("{:?} that differ", question.kind),
        Ask::FileSides(_) => "both sides".into(),
        Ask::SharedLayers(question) => format!("layers shared with {}", question.left),
        Ask::LoginFacts(host) => format!("login at {host}"),
        Ask::Login(request) => format!("log in: {request:?}"),
        Ask::Trust(host) => format!("certificate of {host}"),
        Ask::DecideTrust(request) => format!("decide: {request:?}"),
        Ask::SavedLogins => "saved logins".into(),
    }
}

fn describe_request(request: &ChangeRequest) -> String {
    let list = |selectors: &[Selector]| selectors.iter().map(Selector::short).collect::<Vec<_>>().join(" ");
    match request {
        ChangeRequest::Delete(request) => {
            let method = match request.method {
                None => "delete",
                Some(DeleteMethod::Untag) => "untag",
                Some(DeleteMethod::Image) => "delete image",
                Some(DeleteMethod::Replace) => "replace",
                Some(DeleteMethod::OwnApi) => "untag by the own API:",
            };
            if request.all_tags {
                format!("{method} all tags of {}", request.repository.name)
            } else {
                format!("{method} {}", list(&request.selectors))
            }
        }
        ChangeRequest::Retag(request) => {
            let items = request.items.iter().map(|(old, _, new)| format!("{}→{new}", old.short()));
            format!("retag {}", items.collect::<Vec<_>>().join(" "))
        }
        ChangeRequest::Copy(request) => format!("copy to {}", request.to),
        ChangeRequest::Undo(entry) => format!("undo {entry}"),
        ChangeRequest::UndoByReplacement(entry) => format!("undo {entry} by replacement"),
    }
}

/// The answer of the registry, or `None` to a question about a change.
fn usual_answer(ask: &Ask) -> Option<Answer> {
    Some(match ask {
        Ask::Server(_) => Answer::Server(Ok(server())),
        Ask::Repositories(..) => repositories(&REPOSITORIES),
        Ask::Tags(..) => tags(&TAGS),
        Ask::Summary(repository, tag) => Answer::Summary(Ok(summary(repository, tag.as_str()))),
        Ask::RepositoryFacts(..) => Answer::RepositoryFacts(Ok(RepositoryFacts {
            tags: TAGS.len(),
            is_complete: true,
            newest: None,
            is_newest_read: true,
            size: None,
        })),
        Ask::Inspection(repository, selector) => Answer::Inspection(Ok(inspection(repository, selector))),
        Ask::InterruptedChanges(_) => Answer::InterruptedChanges(Vec::new(), Vec::new()),
        _ => return None,
    })
}

/// The properties of a registry whose vendor has no API of its own.
pub fn server() -> Server {
    Server {
        product: Some("distribution".into()),
        asks_login: false,
        transport: Transport::Https,
        identity: Identity::Anonymous,
        catalog: Ability::Yes,
        referrers: Ability::Yes,
        deletes: all_deletes(),
        proxy: None,
        own_api: Default::default(),
        route: None,
    }
}

/// The whole list of repositories.
pub fn repositories(names: &[&str]) -> Answer {
    let name = |text: &&str| ListedName::Named(RepositoryName::parse(text).expect("a name"));
    Answer::Repositories(Ok(page(names.iter().map(name).collect(), None)))
}

/// The whole list of tags.
pub fn tags(names: &[&str]) -> Answer {
    tags_page(names, None)
}

/// A page of tags, which is not the last one.
pub fn first_tags(names: &[&str]) -> Answer {
    tags_page(names, Some(NextPage::default()))
}

fn tags_page(names: &[&str], next: Option<NextPage>) -> Answer {
    Answer::Tags(Ok(page(names.iter().map(|name| ListedName::Named(tag(name))).collect(), next)))
}

fn page<T>(items: Vec<ListedName<T>>, next: Option<NextPage>) -> Page<T> {
    Page { items, next, incomplete: None, source: None }
}

/// The row of a tag. Each tag has an image of its own, and a higher number is a later date.
pub fn summary(repository: &Repository, name: &str) -> Summary {
    let number: i64 = name.parse().unwrap_or_default();
    Summary {
        unreadable: Vec::new(),
        digest: digest(&format!("{}:{name}", repository.name)),
        media_type: MediaType::new(OCI_MANIFEST),
        kind: Kind::Image,
        size: Some(1_000_000),
        created: Timestamp::from_second(1_700_000_000 + number).ok(),
        platforms: Vec::new(),
    }
}

/// The image of a tag or digest.
pub fn inspection(repository: &Repository, selector: &Selector) -> Arc<Inspection> {
    let summary = match selector {
        Selector::Tag(tag) => summary(repository, tag.as_str()),
        Selector::Digest(digest) => Summary { digest: *digest, ..summary(repository, "0") },
    };
    Arc::new(Inspection {
        repository: repository.clone(),
        summary,
        manifest: Arc::new(empty_manifest()),
        variants: Vec::new(),
        referrers: Vec::new().into(),
        referrers_incomplete: None,
        are_referrers_awaited: false,
        referrers_api: Ability::Unknown,
        left_out: 0,
    })
}

/// A repository of the registry.
pub fn repository(name: &str) -> Repository {
    let name = RepositoryName::parse(name).expect("a name");
    Repository { host: Host::parse("r.test").expect("a host"), name }
}

pub fn failed_tags(failure: Failure) -> Answer {
    Answer::Tags(Err(failure))
}
