//! A screen over a registry of plain data: each request is answered at once, or held back until the test lets the
//! answer come.

use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use regtui::app::cmd::Cmd;
use regtui::app::dialogs::image_diff::reading::{DiffQuestion, DiffReadAnswer, DiffReadQuestion, DiffedPair};
use regtui::app::jobs::JobId;
use regtui::app::msg::Msg;
use regtui::app::panes::details::files::reading::{FilesAnswer, PackagesAnswer};
use regtui::app::questions::{Answer, Ask};
use regtui::app::settings::AppSettings;
use regtui::app::{self, State};
use regtui::model::attached::facts::AttachedFacts;
use regtui::model::base_image::{BaseReport, BaseStatus};
use regtui::model::change::comparison::Comparison;
use regtui::model::change::journal::JournalEntry;
use regtui::model::change::{ChangePlan, ChangeRequest};
use regtui::model::digest::Digest;
use regtui::model::extraction::ExtractionPrice;
use regtui::model::failure::{Failure, FailureKind};
use regtui::model::login::LoginFacts;
use regtui::model::page::{ListedName, NextPage, Page};
use regtui::model::price::Price;
use regtui::model::reference::{Host, Reference, RepositoryName, Selector, Tag, Target};
use regtui::model::repository_facts::RepositoryFacts;
use regtui::model::scan::report::{ScanFacts, SeverityCounts};
use regtui::model::server::{Ability, Deletes, Identity, Server, Transport};
use regtui::model::server_trust::ServerTrust;
use regtui::model::since::PricedSince;
use regtui::model::tag_history::{HistorySubject, TagHistory};
use regtui::model::text::SafeText;
use regtui::model::vendor_image::VendorImage;
use regtui::model::vendor_lists::{SearchHit, VendorTags};
use regtui::ui;
use regtui::ui::theme::Theme;

use super::images::Image;
use crate::support::harness::key_of;

/// The sizes of the pictures.
pub const SIZES: [(u16, u16); 3] = [(40, 10), (80, 24), (120, 40)];

/// The answers of the registry.
pub struct Registry {
    pub server: Result<Server, Failure>,
    pub catalog: Result<Vec<String>, Failure>,
    pub images: BTreeMap<String, Result<Vec<(String, Image)>, Failure>>,
    /// Names on one page.
    pub page: usize,
    /// Returns the plan of a request.
    pub plan: fn(&ChangeRequest) -> Result<ChangePlan, Failure>,
    /// Returns the files of any image. The argument tells whether the user agreed to read many bytes.
    pub files: fn(bool) -> Result<FilesAnswer, Failure>,
    /// Returns the packages of any image, likewise.
    pub packages: fn(bool) -> Result<PackagesAnswer, Failure>,
    /// Returns the answers to any question since which tag images have something. The argument is what the user agreed to.
    pub since: fn(Price) -> PricedSince,
    /// Returns the files or packages of any two images that differ.
    pub diff_read: fn(&DiffReadQuestion) -> Result<DiffReadAnswer, Failure>,
    /// The price of any extraction.
    pub extraction_price: ExtractionPrice,
    pub journal: Vec<JournalEntry>,
    pub comparison: Result<Comparison, Failure>,
    /// The facts that the vendor lists about the tags of any repository.
    pub vendor_tags: Option<VendorTags>,
    /// The results of any search.
    pub hits: Option<Vec<SearchHit>>,
    /// The facts of the vendor about any image.
    pub vendor_image: Option<VendorImage>,
    /// Returns the past of any tag or repository.
    pub history: fn(&HistorySubject) -> Result<TagHistory, Failure>,
    /// The registries with a saved login.
    pub logins: Vec<Host>,
    /// The facts about its certificate.
    pub trust: Option<ServerTrust>,
}

impl Default for Registry {
    fn default() -> Registry {
        let server = Server {
            product: Some("distribution".into()),
            asks_login: false,
            transport: Transport::Plain,
            identity: Identity::Anonymous,
            catalog: Ability::Yes,
            referrers: Ability::No("404".into()),
            deletes: Deletes::default(),
            proxy: None,
            own_api: Default::default(),
            route: None,
        };
        Registry {
            server: Ok(server),
            catalog: Ok(Vec::new()),
            images: BTreeMap::new(),
            page: usize::MAX,
            plan: |_| Err(failure(FailureKind::Unsupported)),
            files: |_| Ok(super::files::sample_files()),
            packages: |_| Ok(PackagesAnswer::Packages(super::files::sample_packages())),
            since: |_| super::since::sample(),
            diff_read: |question| Ok(super::image_diff::sample_read(question)),
            extraction_price: ExtractionPrice::default(),
            journal: Vec::new(),
            comparison: Err(failure(FailureKind::Unsupported)),
            vendor_tags: None,
            hits: None,
            vendor_image: None,
            history: |_| Err(failure(FailureKind::Unsupported)),
            logins: Vec::new(),
            trust: None,
        }
    }
}

impl Registry {
    pub fn with(mut self, repository: &str, images: Vec<(&str, Image)>) -> Registry {
        if let Ok(catalog) = &mut self.catalog {
            catalog.push(repository.into());
        }
        let images = images.into_iter().map(|(tag, image)| (tag.to_string(), image)).collect();
        self.images.insert(repository.into(), Ok(images));
        self
    }

    pub fn failing(mut self, repository: &str, failure: Failure) -> Registry {
        if let Ok(catalog) = &mut self.catalog {
            catalog.push(repository.into());
        }
        self.images.insert(repository.into(), Err(failure));
        self
    }

    fn answer(&self, ask: &Ask) -> Answer {
        match ask {
            Ask::Server(_) => Answer::Server(self.server.clone()),
            Ask::Repositories(_, _, next) => Answer::Repositories(
                self.catalog
                    .clone()
                    .map(|names| self.page_of(&names, next.as_deref(), RepositoryName::parse)),
            ),
            Ask::Tags(repository, next) => Answer::Tags(self.images(&repository.name).map(|images| {
                let names: Vec<String> = images.iter().map(|(tag, _)| tag.clone()).collect();
                self.page_of(&names, next.as_deref(), Tag::parse)
            })),
            Ask::VendorTags(..) => Answer::VendorTags(self.vendor_tags.clone()),
            Ask::VendorImage(_) => Answer::VendorImage(self.vendor_image.clone().map(Box::new)),
            Ask::TagHistory(subject) => Answer::TagHistory((self.history)(subject)),
            Ask::Search(..) => Answer::Search(self.hits.clone()),
            Ask::Summary(repository, tag) => {
                Answer::Summary(self.image(&repository.name, tag.as_str()).map(|image| image.summary()))
            }
            Ask::RepositoryFacts(repository, reads_newest) => {
                Answer::RepositoryFacts(self.images(&repository.name).map(|images| RepositoryFacts {
                    tags: images.len(),
                    is_complete: true,
                    is_newest_read: *reads_newest,
                    ..RepositoryFacts::default()
                }))
            }
            Ask::Plan(request) | Ask::ResumePlan(_, request) => {
                Answer::Plan((self.plan)(request).map(Box::new))
            }
            Ask::BeyondBudget(ask) => self.answer(ask),
            Ask::Files(_, is_agreed) => Answer::Files((self.files)(*is_agreed)),
            Ask::FileContent(request) => {
                let entry = request.files.list.get(request.entry as usize).expect("a file");
                Answer::FileContent(Ok(super::files::content_of(&entry.path)))
            }
            Ask::ExtractionPrice(_) => Answer::ExtractionPrice(Ok(self.extraction_price.clone())),
            Ask::Findings(files) => Answer::Findings(Ok(Box::new(super::files::findings_of(&files.files)))),
            Ask::Packages(_, is_agreed) => Answer::Packages((self.packages)(*is_agreed)),
            Ask::Journal => Answer::Journal(Ok(self.journal.clone())),
            Ask::InterruptedChanges(_) => Answer::InterruptedChanges(self.journal.clone(), Vec::new()),
            Ask::ResumeRequest(_) => Answer::ResumeRequest(Err(failure(FailureKind::Unsupported))),
            Ask::Comparison(..) => Answer::Comparison(self.comparison.clone()),
            Ask::Attached(_) => Answer::Attached(Err(failure(FailureKind::Unsupported))),
            Ask::AttachedFacts(inspection, _) => {
                let digests = inspection
                    .referrers
                    .iter()
                    .chain(inspection.variants.iter().flat_map(|variant| variant.referrers.iter()))
                    .filter_map(|referrer| referrer.descriptor.digest);
                Answer::AttachedFacts(digests.map(|digest| (digest, attached_facts())).collect())
            }
            Ask::KeptScans(_, images) => {
                Answer::KeptScans(images.iter().map(|image| (*image, scan_of(image))).collect())
            }
            Ask::ScanPage(..) => Answer::Attached(Err(failure(FailureKind::Unsupported))),
            Ask::Base(_, image, _) => Answer::Base(Box::new(base_of(image))),
            Ask::Save(..) => Answer::Saved(Err(failure(FailureKind::Local))),
            Ask::Since(_, agreed) => Answer::Since(Ok((self.since)(*agreed))),
            Ask::ImageDiff(question) => Answer::ImageDiff(self.diff(question)),
            Ask::DiffRead(question) => Answer::DiffRead((self.diff_read)(question)),
            Ask::FileSides(_) => Answer::FileSides(Ok(Box::new(super::image_diff::sample_lines()))),
            Ask::SharedLayers(question) => {
                Answer::SharedLayers(self.diff(question).map(|pair| super::image_diff::shared_layers(&pair)))
            }
            Ask::LoginFacts(_) => Answer::LoginFacts(LoginFacts {
                current: None,
                place: Ok("`/home/ann/.docker/config.json`, where it is not encrypted".into()),
            }),
            Ask::Trust(_) => {
                Answer::Trust(self.trust.clone().ok_or_else(|| failure(FailureKind::Unreachable)))
            }
            Ask::DecideTrust(_) => Answer::TrustDecided(Err(failure(FailureKind::Local))),
            Ask::SavedLogins => Answer::SavedLogins(self.logins.clone()),
            Ask::Login(_) => Answer::Login(Err(failure(FailureKind::Denied))),
            Ask::Inspection(repository, selector) => {
                let found = match selector {
                    Selector::Tag(tag) => self.image(&repository.name, tag.as_str()),
                    Selector::Digest(digest) => self.image_of(&repository.name, digest),
                };
                Answer::Inspection(found.map(|image| image.inspection(repository).into()))
            }
            Ask::Referrers(inspection, _) => {
                let image = self.image_of(&inspection.repository.name, &inspection.summary.digest);
                Answer::Referrers(image.expect("it was shown").found_referrers())
            }
        }
    }

    /// Compares two images, which are named as `host/repository:tag`.
    fn diff(&self, question: &DiffQuestion) -> Result<Arc<DiffedPair>, Failure> {
        let image = |reference: &Reference| {
            let text = reference.to_string();
            let name = text.split_once('/').map_or("", |(_, name)| name);
            let (name, digest) = name.split_once('@').unwrap_or((name, ""));
            let (repository, tag) = name.split_once(':').unwrap_or((name, ""));
            let repository = RepositoryName::parse(repository).expect("a repository");
            match Digest::from_str(digest) {
                Ok(digest) => self.image_of(&repository, &digest),
                Err(_) => self.image(&repository, tag),
            }
        };
        let (left, right) = (image(&question.left)?, image(&question.right)?);
        Ok(super::image_diff::pair([&question.left, &question.right], [left, right]))
    }

    fn images(&self, repository: &RepositoryName) -> Result<&Vec<(String, Image)>, Failure> {
        match self.images.get(repository.as_str()) {
            Some(images) => images.as_ref().map_err(Clone::clone),
            None => Err(failure(FailureKind::NotFound)),
        }
    }

    fn image(&self, repository: &RepositoryName, tag: &str) -> Result<&Image, Failure> {
        let images = self.images(repository)?;
        let found = images.iter().find(|(name, _)| name == tag);
        let image = found.map(|(_, image)| image).ok_or_else(|| failure(FailureKind::NotFound))?;
        image.failure.clone().map_or(Ok(image), Err)
    }

    fn image_of(&self, repository: &RepositoryName, digest: &Digest) -> Result<&Image, Failure> {
        let mut images = self.images(repository)?.iter().map(|(_, image)| image);
        images.find(|image| image.summary().digest == *digest).ok_or_else(|| failure(FailureKind::NotFound))
    }

    fn page_of<T, E>(
        &self,
        names: &[String],
        next: Option<&NextPage>,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Page<T> {
        let number = next.map_or(0, |next| next.pages as usize);
        let mut pages = names.chunks(self.page);
        let items = pages.nth(number).unwrap_or_default();
        let next = pages.next().map(|_| NextPage { pages: number as u32 + 1, ..NextPage::default() });
        let listed = |name: &String| match parse(name) {
            Ok(name) => ListedName::Named(name),
            Err(_) => ListedName::Malformed(SafeText::clean(name)),
        };
        Page { items: items.iter().map(listed).collect(), next, incomplete: None, source: None }
    }
}

/// Returns whether a digest begins with a low digit, so that images differ.
fn is_low(image: &Digest) -> bool {
    image.hex().starts_with(|first: char| first < '8')
}

/// The last scan of some images.
fn scan_of(image: &Digest) -> Option<ScanFacts> {
    let counts = SeverityCounts { critical: 1, high: 22, medium: 131, low: 1204, other: 3 };
    is_low(image).then(|| ScanFacts {
        digest: *image,
        platform: None,
        scanner: "trivy".into(),
        scanner_version: Some("0.70.1".into()),
        at: now(),
        is_of_sbom: false,
        counts,
        total: 1361,
    })
}

/// The base of an image.
fn base_of(image: &Digest) -> BaseReport {
    let known = BaseReport { base: Some("docker.io/library/debian:12".into()), ..BaseReport::unknown("") };
    if is_low(image) {
        return BaseReport { status: BaseStatus::Current, ..known };
    }
    BaseReport { status: BaseStatus::Behind, layers_behind: Some(2), days_behind: Some(14), ..known }
}

/// The content of an attached artifact in a row.
fn attached_facts() -> AttachedFacts {
    AttachedFacts {
        summary: "214 packages".into(),
        signer: Some("key 5f70bf18a086".into()),
        created: "2026-11-18T12:00:00Z".parse().ok(),
    }
}

/// A failure to show.
pub fn failure(kind: FailureKind) -> Failure {
    let (what, why, hint): (&str, &str, Option<&str>) = match kind {
        FailureKind::Denied => (
            "cannot list the repositories of localhost:5000",
            "401 UNAUTHORIZED: authentication required",
            Some("log in with `regtui login localhost:5000`"),
        ),
        FailureKind::NotFound => {
            ("cannot list the tags of team/gone", "404 NAME_UNKNOWN: repository name not known", None)
        }
        FailureKind::Unreachable => (
            "cannot reach localhost:5000",
            "connection refused",
            Some("is the registry running, and on this port?"),
        ),
        _ => ("cannot read team/app:broken", "the manifest is not a JSON object", None),
    };
    Failure {
        what: what.to_string().into(),
        why: why.to_string().into(),
        hint: hint.map(|hint| hint.to_string().into()),
        kind,
    }
}

/// The state, the registry behind it, and the requests that wait for an answer.
pub struct Screen {
    pub state: State,
    pub registry: Registry,
    pub open: VecDeque<Cmd>,
    /// The plans that were confirmed.
    pub started: Vec<(JobId, Box<ChangePlan>)>,
    /// The extractions that were begun, with their destinations.
    pub extractions: Vec<(JobId, String)>,
    pub stopped: Vec<JobId>,
    /// The extractions that were paused, or let go on.
    pub job_pauses: Vec<(JobId, bool)>,
    pub quit: bool,
    /// The time: it goes on only while keys are pressed.
    pub clock: Timestamp,
    pub theme: Theme,
}

impl Screen {
    /// The screen of `regtui localhost:5000` before any answer.
    pub fn asked(registry: Registry, size: (u16, u16)) -> Screen {
        Screen::of(registry, size, &["localhost:5000"])
    }

    /// The screen after every answer.
    pub fn new(registry: Registry, size: (u16, u16)) -> Screen {
        let mut screen = Screen::asked(registry, size);
        screen.settle();
        screen
    }

    pub fn of(registry: Registry, size: (u16, u16), targets: &[&str]) -> Screen {
        Screen::with(AppSettings::default(), registry, size, targets)
    }

    pub fn with(settings: AppSettings, registry: Registry, size: (u16, u16), targets: &[&str]) -> Screen {
        let targets = targets.iter().map(|text| Target::parse(text).expect("a target")).collect();
        let settings = AppSettings {
            theme: "terminal".into(),
            themes: ui::theme::NAMES.iter().map(|name| name.to_string()).collect(),
            pull_with: "docker".into(),
            ..settings
        };
        let (state, cmds) = app::init(settings, targets, size, now());
        Screen {
            state,
            registry,
            open: cmds.into(),
            started: Vec::new(),
            extractions: Vec::new(),
            stopped: Vec::new(),
            job_pauses: Vec::new(),
            quit: false,
            clock: now(),
            theme: Theme::of("terminal", true),
        }
    }

    pub fn send(&mut self, msg: Msg) {
        self.take(msg);
        while app::has_more_to_do(&self.state) {
            self.take(Msg::Idle);
        }
    }

    fn take(&mut self, msg: Msg) {
        for cmd in app::update(&mut self.state, self.clock, msg) {
            match cmd {
                Cmd::StartJob(id, work) => self.started.push((id, work)),
                Cmd::StartExtraction(id, request) => self.extractions.push((id, request.to)),
                Cmd::StopJob(id) => self.stopped.push(id),
                Cmd::PauseJob(id, pauses) => self.job_pauses.push((id, pauses)),
                Cmd::Quit => self.quit = true,
                other => self.open.push_back(other),
            }
        }
    }

    /// Answers the next request; returns whether there was one.
    pub fn answer_one(&mut self) -> bool {
        while let Some(cmd) = self.open.pop_front() {
            if let Cmd::Load { slot, ticket, ask, .. } = cmd {
                let answer = self.registry.answer(&ask);
                self.send(Msg::Answered(slot, ticket, answer));
                return true;
            }
        }
        false
    }

    /// Answers all requests, also those that follow from answers.
    pub fn settle(&mut self) {
        while self.answer_one() {}
    }

    /// Presses keys, named as in help and separated by spaces, and answers the requests that follow.
    pub fn press(&mut self, keys: &str) -> &mut Screen {
        self.wait(300);
        for key in keys.split_whitespace() {
            self.wait(40);
            self.send(Msg::Key(key_of(key)));
            self.settle();
        }
        self
    }

    /// Clicks on the first place that shows this text.
    #[track_caller]
    pub fn click(&mut self, text: &str) -> &mut Screen {
        let shown = self.text();
        let place = shown.lines().enumerate().find_map(|(row, line)| {
            let before = line.split_once(text)?.0;
            Some((regtui::model::columns::width(before) as u16, row as u16))
        });
        let place = place.unwrap_or_else(|| panic!("`{text}` is not on the screen:\n{shown}"));
        self.click_at(place)
    }

    /// Clicks on a cell: column and row.
    pub fn click_at(&mut self, (column, row): (u16, u16)) -> &mut Screen {
        self.wait(300);
        let kind = MouseEventKind::Down(MouseButton::Left);
        self.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        self.settle();
        self
    }

    /// Types text.
    pub fn write(&mut self, text: &str) -> &mut Screen {
        for character in text.chars() {
            self.wait(1);
            self.send(Msg::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
        }
        self.settle();
        self
    }

    /// Lets time go on, in milliseconds.
    pub fn wait(&mut self, milliseconds: i64) {
        self.clock += SignedDuration::from_millis(milliseconds);
    }

    /// Resizes the terminal.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.send(Msg::Resized(size.0, size.1));
        self.settle();
    }

    /// The cells, and the position of the terminal's cursor if it is shown.
    pub fn draw(&self) -> (Buffer, Option<(u16, u16)>) {
        let (columns, rows) = self.state.size;
        let backend = TestBackend::new(columns, rows);
        let Ok(mut terminal) = Terminal::new(backend);
        let mut cursor = None;
        let Ok(_) = terminal.draw(|frame| ui::view(frame, &self.state, &self.theme, now()));
        if terminal.backend().cursor_visible() {
            let position = terminal.backend().cursor_position();
            cursor = Some((position.x, position.y));
        }
        (terminal.backend().buffer().clone(), cursor)
    }

    /// The picture as text, the terminal's cursor as `█`.
    pub fn text(&self) -> String {
        let (buffer, cursor) = self.draw();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut skipped = 0;
            for x in 0..buffer.area.width {
                if skipped > 0 {
                    skipped -= 1;
                    continue;
                }
                let symbol = buffer[(x, y)].symbol();
                skipped = regtui::model::columns::width(symbol).saturating_sub(1);
                line.push_str(if cursor == Some((x, y)) { "█" } else { symbol });
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// The clock of all pictures.
pub fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

/// Compares the pictures of a situation at every size with the snapshots.
pub fn picture(name: &str, situation: impl FnMut((u16, u16)) -> Screen) {
    picture_at(name, &SIZES, situation);
}

/// Compares the pictures at other sizes.
pub fn picture_at(name: &str, sizes: &[(u16, u16)], mut situation: impl FnMut((u16, u16)) -> Screen) {
    let mut text = String::new();
    for size in sizes.iter().copied() {
        text.push_str(&format!("{} × {}\n{}\n", size.0, size.1, situation(size).text()));
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}
