//! The whole program without a terminal: keys in, screens out, real HTTP in between.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use regtui::app::cmd::Cmd;
use regtui::app::msg::Msg;
use regtui::app::settings::AppSettings;
use regtui::app::{self, State};
use regtui::client::{self, Pool};
use regtui::demo::{self, Demo, Store};
use regtui::model::reference::{Host, RepositoryName, Target};
use regtui::ops::context::ChangeContext;
use regtui::ops::journal::Journal;
use regtui::runtime::effects::Effects;
use regtui::ui::{self, theme::Theme};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{registry, samples};

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Harness {
    pub state: State,
    pub demo: Demo,
    effects: Effects,
    inbox: UnboundedReceiver<Msg>,
    _journal: TempDir,
    /// The texts that went to the clipboard.
    pub copied: Vec<String>,
    /// The texts that went to the pager.
    pub paged: Vec<String>,
    /// The repositories opened by name that were to be remembered.
    pub remembered: Vec<(Host, Vec<RepositoryName>)>,
    /// The sessions, bookmarks and registries that were to be stored.
    pub kept: Vec<Cmd>,
    pub quit: bool,
    /// The time: it goes on only while keys are pressed.
    clock: Timestamp,
}

/// The time at which all tests begin.
pub fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a date")
}

/// Handles a message, and then the rest of the work as the runtime does when nothing else happens.
pub fn handle(state: &mut State, clock: Timestamp, msg: Msg) -> Vec<Cmd> {
    let mut cmds = app::update(state, clock, msg);
    while app::has_more_to_do(state) {
        cmds.extend(app::update(state, clock, Msg::Idle));
    }
    cmds
}

impl Harness {
    /// The sample registry, 120 × 40, everything loaded.
    pub async fn sample() -> Harness {
        Harness::open(demo::DemoSettings::default(), samples::sample(), "").await
    }

    /// A registry, opened at `path` in it.
    pub async fn open(settings: demo::DemoSettings, store: Store, path: &str) -> Harness {
        let demo = Demo::start(settings, store).await.expect("a free port");
        let target = Target::parse(&format!("{}{path}", demo.address())).expect("a target");
        Harness::with(demo, vec![target], AppSettings::default(), registry::settings()).await
    }

    pub async fn with(
        demo: Demo,
        targets: Vec<Target>,
        settings: AppSettings,
        client: client::ClientSettings,
    ) -> Harness {
        let mut harness = Harness::start(demo, targets, settings, client);
        harness.settle().await;
        harness
    }

    pub fn start(
        demo: Demo,
        targets: Vec<Target>,
        settings: AppSettings,
        client: client::ClientSettings,
    ) -> Harness {
        let themes = ui::theme::NAMES.iter().map(ToString::to_string).collect();
        let settings =
            AppSettings { theme: "terminal".into(), themes, pull_with: "docker".into(), ..settings };
        let (sender, inbox) = unbounded_channel();
        let journal = tempfile::tempdir().expect("a folder");
        let context = ChangeContext {
            pool: Pool::new(client),
            rules: settings.rules.clone(),
            journal: Journal::open(journal.path().join("journal")),
        };
        let effects = Effects::new(context, sender);
        let (state, cmds) = app::init(settings, targets, (120, 40), now());
        let (copied, paged, remembered) = (Vec::new(), Vec::new(), Vec::new());
        let mut harness = Harness {
            state,
            demo,
            effects,
            inbox,
            _journal: journal,
            copied,
            paged,
            remembered,
            kept: Vec::new(),
            quit: false,
            clock: now(),
        };
        harness.obey(cmds);
        harness
    }

    /// The same, without waiting for any answer.
    pub fn begin(
        demo: Demo,
        targets: Vec<Target>,
        settings: AppSettings,
        client: client::ClientSettings,
    ) -> Harness {
        Harness::start(demo, targets, settings, client)
    }

    /// Presses a key, and waits for nothing.
    pub fn key(&mut self, key: &str) {
        self.wait(300);
        self.take(Msg::Key(key_of(key)));
    }

    /// Waits until the condition holds.
    pub async fn until(&mut self, holds: impl Fn(&Harness) -> bool) {
        while !holds(self) {
            self.next().await;
        }
    }

    async fn next(&mut self) {
        let msg = tokio::time::timeout(PATIENCE, self.inbox.recv()).await;
        self.take(msg.expect("an answer").expect("an inbox"));
    }

    /// Waits until nothing is loading any more and no job runs.
    pub async fn settle(&mut self) {
        while self.effects.is_busy() {
            self.next().await;
        }
        self.take(Msg::Ticked);
    }

    /// Handles one message.
    pub fn take(&mut self, msg: Msg) {
        self.effects.record_end(&msg);
        let cmds = handle(&mut self.state, self.clock, msg);
        self.obey(cmds);
    }

    fn obey(&mut self, cmds: Vec<Cmd>) {
        for cmd in cmds {
            match cmd {
                Cmd::Copy(text) => self.copied.push(text.as_str().to_owned()),
                Cmd::ShowInPager(text) => self.paged.push(text),
                Cmd::Quit => self.quit = true,
                Cmd::Remember(host, names) => self.remembered.push((host, names)),
                Cmd::Bookmark(..) | Cmd::RecordRegistry(..) | Cmd::KeepSession(_) => self.kept.push(cmd),
                Cmd::Repaint | Cmd::Suspend => {}
                // Each test lets the cursor rest after its keys, so most of the pause would only be waited out.
                Cmd::Load { slot, ticket, delay, ask } => {
                    self.effects.start(Cmd::Load { slot, ticket, delay: delay / 20, ask });
                }
                other => self.effects.start(other),
            }
        }
    }

    /// Presses keys, named as in the key table and separated by spaces, and waits for everything that they set going.
    pub async fn press(&mut self, keys: &str) -> &mut Harness {
        self.wait(300);
        for key in keys.split(' ') {
            self.wait(40);
            self.take(Msg::Key(key_of(key)));
        }
        self.settle().await;
        self
    }

    /// Lets time go on, in milliseconds: a user needs some to read the screen.
    pub fn wait(&mut self, milliseconds: i64) {
        self.clock += SignedDuration::from_millis(milliseconds);
    }

    /// Types text, letter by letter.
    pub async fn type_text(&mut self, text: &str) -> &mut Harness {
        self.wait(300);
        for character in text.chars() {
            self.take(Msg::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
        }
        self.settle().await;
        self
    }

    pub async fn click(&mut self, column: u16, row: u16) {
        let kind = MouseEventKind::Down(MouseButton::Left);
        self.take(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        self.settle().await;
    }

    /// Column and row at which a text begins on the screen.
    pub fn place_of(&self, text: &str) -> (u16, u16) {
        let screen = self.screen();
        let mut lines = screen.lines().enumerate();
        let found = lines.find_map(|(row, line)| line.find(text).map(|at| (line[..at].chars().count(), row)));
        let (column, row) = found.unwrap_or_else(|| panic!("`{text}` is not on the screen:\n{screen}"));
        (column as u16, row as u16)
    }

    pub async fn resize(&mut self, columns: u16, rows: u16) {
        self.take(Msg::Resized(columns, rows));
        self.settle().await;
    }

    /// The text on the screen, line by line, without the port of the registry.
    pub fn screen(&self) -> String {
        let (columns, rows) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a terminal");
        let theme = Theme::of("terminal", true);
        terminal.draw(|frame| ui::view(frame, &self.state, &theme, now())).expect("a frame");
        let buffer = terminal.backend().buffer();
        let mut screen = String::new();
        for row in 0..rows {
            let line: String = (0..columns).map(|column| buffer[(column, row)].symbol()).collect();
            screen.push_str(line.trim_end());
            screen.push('\n');
        }
        let port = self.demo.address().port().to_string();
        screen.replace(&port, &"0".repeat(port.len()))
    }

    /// Checks that the screen shows this.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        let screen = self.screen();
        assert!(screen.contains(text), "`{text}` is not on the screen:\n{screen}");
    }

    #[track_caller]
    pub fn does_not_show(&self, text: &str) {
        let screen = self.screen();
        assert!(!screen.contains(text), "`{text}` is on the screen:\n{screen}");
    }
}

/// A key by the name that help and README give it.
pub fn key_of(name: &str) -> KeyEvent {
    let (name, modifiers) = match name.strip_prefix("Ctrl-") {
        Some(name) => (name, KeyModifiers::CONTROL),
        None => (name, KeyModifiers::NONE),
    };
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Shift-Tab" => KeyCode::BackTab,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "F1" => KeyCode::F(1),
        "F8" => KeyCode::F(8),
        "Space" => KeyCode::Char(' '),
        "Backspace" => KeyCode::Backspace,
        other => KeyCode::Char(other.chars().next().expect("a key")),
    };
    KeyEvent::new(code, modifiers)
}
