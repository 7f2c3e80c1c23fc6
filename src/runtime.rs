//! The main loop: one event, one update, its commands, one frame. All waiting is done here or in `effects`.

mod clipboard;
pub mod effects;
mod extraction;
mod hangup;
mod image_diffs;
mod image_files;
mod image_tables;
mod input;
mod jobs;
pub(crate) mod log;
mod pager;
mod panic;
mod session;
mod signals;
mod since;
mod terminal;
pub(crate) mod threads;

use std::io::Write;
use std::time::Duration;

use crossterm::event::{Event, MouseEventKind};
use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use crate::app::cmd::Cmd;
use crate::app::dialogs::Dialog;
use crate::app::msg::Msg;
use crate::app::{self, State, settings::AppSettings};
use crate::client::http::log::Sink;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::Target;
use crate::ops::context::ChangeContext;
use crate::store::state::StateStore;
use crate::ui;
use crate::ui::theme::Theme;
use clipboard::ClipboardMethod;
use effects::Effects;
use input::Input;
use pager::Left;
use signals::{Signal, Signals};
use terminal::Terminal;

pub use panic::install as install_panic_hook;

/// The shortest time between two frames, unless a key, a new size or the end of deferred work asks for one.
const FRAME: Duration = Duration::from_millis(16);
/// The time between two steps of the spinner.
const TICK: Duration = Duration::from_millis(100);
/// The time after the pager or the shell during which a SIGINT is ignored: it may be the one that ended the pager.
const ECHO: Duration = Duration::from_secs(1);
/// The most messages that are taken before the next frame, so that keys never have to wait.
const MOST_AT_ONCE: usize = 256;

/// The messages that do not come from the terminal: answers, and requests that ended.
#[derive(Debug)]
pub struct Inbox {
    sender: UnboundedSender<Msg>,
    receiver: UnboundedReceiver<Msg>,
}

impl Default for Inbox {
    fn default() -> Inbox {
        let (sender, receiver) = unbounded_channel();
        Inbox { sender, receiver }
    }
}

impl Inbox {
    /// Shows a failure on the screen as soon as there is one.
    pub(crate) fn show_failure(&self, failure: Failure) {
        // This struct holds the receiver, so sending cannot fail.
        self.sender.send(Msg::Failed(failure)).ok();
    }

    /// Returns a function that does the same while the program runs.
    pub(crate) fn failure_sender(&self) -> impl Fn(Failure) + Send + Sync + use<> {
        let sender = self.sender.clone();
        // Once the loop has ended, the screen is gone.
        move |failure| drop(sender.send(Msg::Failed(failure)))
    }

    /// Returns the sink to which the clients report their requests.
    pub(crate) fn sink(&self) -> Sink {
        let sender = self.sender.clone();
        // The loop has ended if the receiver is gone; the line is not needed then.
        Sink::new(move |line| drop(sender.send(Msg::Requested(line))))
    }
}

/// How the UI ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The user quit.
    Quit,
    /// The process received SIGINT, SIGTERM, SIGQUIT or SIGHUP, or the terminal is gone.
    Signal,
}

/// The options of the loop.
#[derive(Debug)]
pub struct RuntimeOptions {
    /// The settings of the application.
    pub settings: AppSettings,
    /// The registries, repositories and images to open at the start.
    pub targets: Vec<Target>,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Whether colours are used.
    pub colour: bool,
    /// The place for names, bookmarks and the session.
    pub memory: StateStore,
}

/// Runs the UI until it ends. The terminal is given back in any case.
pub async fn run(options: RuntimeOptions, context: ChangeContext, inbox: Inbox) -> color_eyre::Result<Exit> {
    let signals = Signals::listen()?;
    let mut terminal = Terminal::enter(options.mouse)?;
    hangup::watch_terminal();
    let size = terminal.resize()?;
    let (state, cmds) = app::init(options.settings, options.targets, size, Timestamp::now());
    let pool = context.pool.clone();
    let effects = Effects::new(context, inbox.sender).keeping_names_in(options.memory);
    let mut run = Run {
        theme: Theme::of(&state.settings.theme, options.colour),
        colour: options.colour,
        state,
        terminal,
        effects,
        signals,
        input: Input::start(),
        suspension: None,
        resumed_at: None,
        is_dirty: false,
        drawn_at: Instant::now(),
        end: None,
    };
    run.draw()?;
    run.dispatch(cmds)?;
    let end = run.run_until_end(inbox.receiver).await;
    run.terminal.leave();
    run.close().await;
    drop(run);
    pool.flush().await;
    match panic::take_report() {
        Some(report) => Err(color_eyre::eyre::eyre!("{report}")),
        // The SIGHUP and the error of the drawing may come in either order.
        None if end.is_err() && hangup::is_gone() => Ok(Exit::Signal),
        None => end,
    }
}

struct Run {
    state: State,
    terminal: Terminal,
    effects: Effects,
    signals: Signals,
    input: Input,
    suspension: Option<Loan>,
    /// When the terminal was last taken back.
    resumed_at: Option<Instant>,
    theme: Theme,
    colour: bool,
    is_dirty: bool,
    drawn_at: Instant,
    end: Option<Exit>,
}

/// The program that gets the terminal for a while.
enum Loan {
    /// The pager, with this text.
    Pager(String),
    /// The shell.
    Shell,
}

/// The event that woke the loop.
enum Wake {
    Signal(Signal),
    Input(Option<Event>),
    Msg(Option<Box<Msg>>),
    Tick,
    Frame,
    Rest,
    Panic,
}

impl Run {
    async fn run_until_end(&mut self, mut inbox: UnboundedReceiver<Msg>) -> color_eyre::Result<Exit> {
        let mut tick = Instant::now() + TICK;
        loop {
            let wake = self.wake(&mut inbox, tick).await;
            let mut is_urgent = false;
            match wake {
                Wake::Signal(Signal::Stop) => self.suspension = Some(Loan::Shell),
                Wake::Signal(Signal::Continue) => self.resume()?,
                Wake::Signal(Signal::Resize) => {
                    is_urgent = true;
                    self.resize()?;
                }
                Wake::Signal(Signal::Interrupt) if self.resumed_at.is_some_and(|at| at.elapsed() < ECHO) => {}
                Wake::Signal(Signal::End | Signal::Interrupt) => return Ok(Exit::Signal),
                Wake::Panic => return Ok(Exit::Quit),
                Wake::Input(Some(event)) => {
                    is_urgent = true;
                    self.handle_event(event)?;
                    for _ in 0..MOST_AT_ONCE {
                        let Some(event) = self.input.try_next() else { break };
                        self.handle_event(event)?;
                    }
                }
                // The terminal is gone or cannot be read, so no user can be reached.
                Wake::Input(None) | Wake::Msg(None) => return Ok(Exit::Signal),
                Wake::Msg(Some(msg)) => {
                    self.handle_message(*msg)?;
                    for _ in 0..MOST_AT_ONCE {
                        let Ok(msg) = inbox.try_recv() else { break };
                        self.handle_message(msg)?;
                    }
                }
                Wake::Tick => {
                    tick = Instant::now() + TICK;
                    let progress = self.effects.progress();
                    if !progress.is_empty() {
                        self.handle_message(Msg::Progressed(progress))?;
                    }
                    if let Some(lookups) = self.effects.lookups() {
                        self.handle_message(Msg::LookedUp(lookups))?;
                    }
                    let awaited = self.effects.awaited_requests();
                    if awaited != self.state.awaited {
                        self.handle_message(Msg::Awaited(awaited))?;
                    }
                    self.handle_message(Msg::Ticked)?;
                }
                Wake::Frame => is_urgent = true,
                Wake::Rest => {
                    self.handle_message(Msg::Idle)?;
                    is_urgent = !app::has_more_to_do(&self.state);
                }
            }
            if let Some(loan) = self.suspension.take() {
                self.suspend(loan).await?;
            }
            if let Some(end) = self.end {
                return Ok(end);
            }
            if self.is_dirty && (is_urgent || self.drawn_at.elapsed() >= FRAME) {
                self.draw()?;
            }
        }
    }

    async fn wake(&mut self, inbox: &mut UnboundedReceiver<Msg>, tick: Instant) -> Wake {
        let next_frame = self.drawn_at + FRAME;
        tokio::select! {
            biased;
            () = panic::wait_for_panic() => Wake::Panic,
            signal = self.signals.next() => Wake::Signal(signal),
            event = self.input.next() => Wake::Input(event),
            () = tokio::time::sleep_until(next_frame), if self.is_dirty => Wake::Frame,
            msg = inbox.recv() => Wake::Msg(msg.map(Box::new)),
            () = tokio::time::sleep_until(tick), if app::needs_ticks(&self.state) => Wake::Tick,
            () = tokio::task::yield_now(), if app::has_more_to_do(&self.state) => Wake::Rest,
        }
    }

    fn handle_event(&mut self, event: Event) -> color_eyre::Result<()> {
        match event {
            Event::Key(key) => self.handle_message(Msg::Key(key)),
            // No part of the screen depends on the position of the mouse. A frame for each cell that it crosses would
            // be wasted.
            Event::Mouse(mouse) if mouse.kind == MouseEventKind::Moved => Ok(()),
            Event::Mouse(mouse) => self.handle_message(Msg::Mouse(mouse)),
            Event::Paste(text) => self.handle_message(Msg::Pasted(text)),
            Event::Resize(..) => self.resize(),
            Event::FocusGained | Event::FocusLost => Ok(()),
        }
    }

    fn handle_message(&mut self, msg: Msg) -> color_eyre::Result<()> {
        self.effects.record_end(&msg);
        let is_seen = match &msg {
            Msg::Requested(_) => matches!(self.state.dialogs.last(), Some(Dialog::Requests(_))),
            _ => true,
        };
        self.is_dirty |= is_seen;
        let cmds = app::update(&mut self.state, Timestamp::now(), msg);
        self.dispatch(cmds)
    }

    fn dispatch(&mut self, cmds: Vec<Cmd>) -> color_eyre::Result<()> {
        for cmd in cmds {
            match cmd {
                Cmd::Quit => self.end = Some(Exit::Quit),
                Cmd::Repaint => drop(self.terminal.resize()?),
                Cmd::Suspend => self.suspension = Some(Loan::Shell),
                Cmd::ShowInPager(text) => self.suspension = Some(Loan::Pager(text)),
                Cmd::Copy(text) => {
                    let method = ClipboardMethod::detect();
                    let was_sent = self.terminal.copy(&text, method)?;
                    self.effects.copy(text, method, was_sent);
                }
                other => self.effects.start(other),
            }
        }
        Ok(())
    }

    /// Lends the terminal to another program, and takes it back afterwards.
    async fn suspend(&mut self, loan: Loan) -> color_eyre::Result<()> {
        if matches!(loan, Loan::Shell) && !signals::can_stop() {
            return self.handle_message(Msg::Failed(no_shell()));
        }
        std::mem::replace(&mut self.input, Input::silent()).stop().await;
        self.terminal.leave();
        let left = match loan {
            Loan::Pager(text) => pager::show(text, &mut self.signals).await,
            Loan::Shell => {
                signals::stop_job();
                Ok(Left::ByReader)
            }
        };
        if left == Ok(Left::BySignal) {
            self.end = Some(Exit::Signal);
            return Ok(());
        }
        self.resume()?;
        self.resumed_at = Some(Instant::now());
        self.input = Input::start();
        match left {
            Ok(_) => Ok(()),
            Err(failure) => self.handle_message(Msg::Failed(failure)),
        }
    }

    /// Takes the terminal back after another program had it, and draws everything again.
    fn resume(&mut self) -> color_eyre::Result<()> {
        self.terminal.resume()?;
        self.resize()
    }

    /// Adopts the current size of the terminal.
    fn resize(&mut self) -> color_eyre::Result<()> {
        let (columns, rows) = self.terminal.resize()?;
        self.handle_message(Msg::Resized(columns, rows))
    }

    /// Waits until the jobs and writes have ended, unless a signal asks to end at once. The terminal has already been
    /// given back.
    async fn close(&mut self) {
        if self.effects.has_jobs() && !hangup::is_gone() {
            // An error is ignored: no user can read the message then.
            writeln!(
                std::io::stderr(),
                "regtui: closing the uploads and files of the jobs; Ctrl-C ends at once"
            )
            .ok();
        }
        let mut finished = std::pin::pin!(self.effects.finish());
        loop {
            tokio::select! {
                () = &mut finished => return,
                signal = self.signals.next() => match signal {
                    Signal::End | Signal::Interrupt => return,
                    Signal::Stop => signals::stop_job(),
                    Signal::Continue | Signal::Resize => {}
                },
            }
        }
    }

    fn draw(&mut self) -> color_eyre::Result<()> {
        if self.theme.name() != self.state.settings.theme {
            self.theme = Theme::of(&self.state.settings.theme, self.colour);
        }
        let (state, theme, now) = (&self.state, &self.theme, Timestamp::now());
        self.terminal.draw(|frame| ui::view(frame, state, theme, now))?;
        self.is_dirty = false;
        self.drawn_at = Instant::now();
        Ok(())
    }
}

fn no_shell() -> Failure {
    Failure {
        what: "cannot stop".into(),
        why: "regtui was not started from a shell, so nothing would wake it".into(),
        hint: None,
        kind: FailureKind::Local,
    }
}
