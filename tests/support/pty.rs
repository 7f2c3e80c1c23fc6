//! A terminal for one program: a pseudo-terminal with an emulator behind it, which notes everything that it is told.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use vt100::{Callbacks, MouseProtocolMode, Parser, Screen};

/// How long a test waits for a text before it gives up: never reached when all is well.
const LONGEST: Duration = Duration::from_secs(120);

/// How long a key may take to show before it is pressed again, if it may not have counted.
const AGAIN: Duration = Duration::from_millis(800);

/// A home without settings.
pub const HOME: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/home");

/// Everything that the terminal saw.
struct Seen {
    parser: Parser<Told>,
    is_closed: bool,
}

/// Everything that programs tell terminals besides text.
#[derive(Default)]
pub struct Told {
    /// The texts that were put on the clipboard, decoded.
    pub clipboard: Vec<String>,
    /// Sequences that mean something else: titles, reports, bells.
    pub odd: Vec<String>,
}

impl Callbacks for Told {
    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], data: &[u8]) {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.decode(data).expect("base64");
        self.clipboard.push(String::from_utf8(text).expect("text"));
    }

    fn audible_bell(&mut self, _: &mut Screen) {
        self.odd.push("bell".into());
    }

    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        self.odd.push(format!("title {title:?}"));
    }

    fn unhandled_csi(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, params: &[&[u16]], end: char) {
        // Synchronized updates are not known to the emulator; `6n` would be a question for the cursor.
        if end == 'n' {
            self.odd.push(format!("report {params:?}"));
        }
    }

    fn unhandled_osc(&mut self, _: &mut Screen, params: &[&[u8]]) {
        self.odd.push(format!("osc {params:?}"));
    }
}

/// The terminal. Dropping it hangs up.
pub struct Pty {
    master: Box<dyn MasterPty + Send>,
    slave: Box<dyn SlavePty + Send>,
    keys: Box<dyn Write + Send>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    reader: Option<JoinHandle<()>>,
    before: String,
}

/// A program in the terminal. Dropping it ends it.
pub struct Program {
    id: Pid,
    killer: Box<dyn portable_pty::ChildKiller + Send + Sync>,
    ended: std::sync::mpsc::Receiver<ExitStatus>,
}

impl Pty {
    pub fn open(columns: u16, rows: u16) -> Pty {
        let pair = native_pty_system().openpty(size(columns, rows)).expect("a pseudo-terminal");
        let mut output = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its keys");
        let parser = Parser::new_with_callbacks(cells(rows), cells(columns), 0, Told::default());
        let seen = Arc::new((Mutex::new(Seen { parser, is_closed: false }), Condvar::new()));
        let shared = seen.clone();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 64 * 1024];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                let mut seen = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                if seen.is_closed {
                    return;
                }
                seen.parser.process(&buffer[..length]);
                shared.1.notify_all();
            }
        });
        let (master, slave, reader) = (pair.master, pair.slave, Some(reader));
        let mut pty = Pty { master, slave, keys, seen, reader, before: String::new() };
        pty.before = pty.modes();
        pty
    }

    pub fn start(&self, command: CommandBuilder) -> Program {
        let mut child = self.slave.spawn_command(command).expect("the program starts");
        let id = child.process_id().and_then(|id| Pid::from_raw(id as i32)).expect("a process");
        let killer = child.clone_killer();
        let (sender, ended) = channel();
        std::thread::spawn(move || sender.send(child.wait().expect("it ends")));
        Program { id, killer, ended }
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("somebody reads keys");
        self.keys.flush().expect("somebody reads keys");
    }

    /// Presses keys again and again while the one text is on the screen, until the other one is. For dialogs and rows
    /// that take no key right after they appeared.
    pub fn press_until(&mut self, keys: &str, shown: &str, text: &str) {
        let end = Instant::now() + LONGEST;
        loop {
            self.press(keys);
            let is_over = |screen: &str| screen.contains(text) || !screen.contains(shown);
            if self.is_so_within(AGAIN, is_over) {
                return self.wait_for(text);
            }
            assert!(Instant::now() < end, "{keys:?} does not lead to `{text}`:\n{}", self.text());
        }
    }

    /// Returns whether the screen becomes so within this time.
    fn is_so_within(&self, most: Duration, is_so: impl Fn(&str) -> bool) -> bool {
        let end = Instant::now() + most;
        let mut seen = self.lock();
        while !is_so(&seen.parser.screen().contents()) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            seen = self.seen.1.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.lock().parser.set_size(cells(rows), cells(columns));
        self.master.resize(size(columns, rows)).expect("another size");
    }

    /// Tells the program another size than the one that is shown.
    pub fn claim_size(&self, columns: u16, rows: u16) {
        self.master.resize(size(columns, rows)).expect("another size");
    }

    /// Waits until the text is on the screen.
    pub fn wait_for(&self, text: &str) {
        self.wait_until(&format!("`{text}` is on the screen"), |screen| screen.contents().contains(text));
    }

    /// Waits until the screen fulfils the condition.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&Screen) -> bool) {
        let end = Instant::now() + LONGEST;
        let mut seen = self.lock();
        while !is_so(seen.parser.screen()) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not so: {what}:\n{}", seen.parser.screen().contents());
            seen = self.seen.1.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub fn text(&self) -> String {
        self.lock().parser.screen().contents()
    }

    /// Looks at everything that the terminal was told.
    pub fn told<T>(&self, look: impl FnOnce(&Told) -> T) -> T {
        look(self.lock().parser.callbacks())
    }

    /// Waits until everything that was written so far is on the screen, and checks that the terminal is restored.
    pub fn assert_given_back(&self) {
        self.write("\r\n‹end›");
        self.wait_for("‹end›");
        let seen = self.lock();
        let screen = seen.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left:\n{}", screen.contents());
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "bracketed paste is off");
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None, "the mouse is free");
        assert_eq!(seen.parser.callbacks().odd, [""; 0], "nothing odd was written");
        drop(seen);
        assert_eq!(self.modes(), self.before, "the modes of the line are as before");
    }

    /// Writes to the terminal, as another program that shares it would.
    pub fn write(&self, text: &str) {
        self.device().write_all(text.as_bytes()).expect("the terminal is there");
    }

    /// The terminal as a file, for programs that are to have it without being controlled by it.
    pub fn device(&self) -> File {
        let path: PathBuf = self.master.tty_name().expect("a name");
        OpenOptions::new().read(true).write(true).open(path).expect("the terminal is there")
    }

    /// The modes of the line: echo, signals and the like.
    fn modes(&self) -> String {
        let modes = rustix::termios::tcgetattr(self.device()).expect("its modes");
        let mut text = String::new();
        write!(
            text,
            "{:?} {:?} {:?} {:?}",
            modes.input_modes, modes.output_modes, modes.control_modes, modes.local_modes
        )
        .expect("a string");
        text
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).is_closed = true;
        // The reader holds the terminal open until it has something to read.
        self.write(" ");
        self.reader.take().map(JoinHandle::join);
    }
}

impl Program {
    /// The peak of its memory so far, in MiB.
    #[cfg(target_os = "linux")]
    pub fn peak(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id.as_raw_nonzero()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells it");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.id, signal).expect("it runs");
    }

    /// Waits for the end. Returns the exit code, or the name of the signal that killed the program.
    pub fn wait(&self) -> Result<u32, String> {
        let status = self.ended.recv_timeout(LONGEST).expect("it ends");
        match status.signal() {
            Some(signal) => Err(signal.to_owned()),
            None => Ok(status.exit_code()),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already, as a rule.
        self.killer.kill().ok();
    }
}

/// regtui as it is built, with none of this machine's settings.
pub fn regtui(arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_regtui"));
    command.args(arguments);
    bare(&mut command);
    command
}

/// Clears the environment except for the variables that a terminal needs.
pub fn bare(command: &mut CommandBuilder) {
    std::fs::create_dir_all(HOME).expect("a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear();
    command.env("REGTUI_SYSTEM_REGISTRIES", "false");
    command.env("PATH", path);
    command.env("TERM", "xterm-256color");
    command.env("HOME", HOME);
    command.env("RUST_BACKTRACE", "0");
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a size")
}
