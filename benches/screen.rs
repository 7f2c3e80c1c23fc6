//! A terminal with regtui in it: keys in, a screen out, and the time of each change.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longest wait for something that must appear.
const PATIENCE: Duration = Duration::from_secs(60);

/// regtui in a terminal of 150 × 42.
pub struct Screen {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    shared: Arc<(Mutex<vt100::Parser>, Condvar)>,
    started: Instant,
    _master: Box<dyn MasterPty + Send>,
}

impl Screen {
    /// Starts regtui with these arguments, its home in `home`.
    pub fn start(arguments: &[&str], home: &Path) -> Screen {
        let mut command = CommandBuilder::new(super::peers::REGTUI);
        command.args(arguments);
        Screen::of(command, home)
    }

    /// Starts regtui from a shell that has just sent another command into the background; `done` is there when that has
    /// ended.
    pub fn start_beside(other: &[&str], done: &Path, arguments: &[&str], home: &Path) -> Screen {
        let mut words = vec![super::peers::REGTUI];
        words.extend(arguments);
        Screen::beside(other, done, r#"exec "$@""#, &words, home)
    }

    /// Starts a program that only echoes each byte that is typed, in the place of regtui.
    pub fn echo_beside(other: &[&str], done: &Path, home: &Path) -> Screen {
        Screen::beside(other, done, "stty raw -echo; echo ready; exec cat", &[], home)
    }

    fn beside(other: &[&str], done: &Path, then: &str, words: &[&str], home: &Path) -> Screen {
        let mut command = CommandBuilder::new("sh");
        let other = other.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
        let script = format!(r#"{{ {other} </dev/null >/dev/null 2>&1; : > "$0"; }} & {then}"#);
        command.args(["-c", &script]);
        command.arg(done);
        command.args(words);
        Screen::of(command, home)
    }

    fn of(mut command: CommandBuilder, home: &Path) -> Screen {
        let size = PtySize { rows: 42, cols: 150, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pty");
        command.env("TERM", "xterm-256color");
        command.env("HOME", home);
        for (name, folder) in
            [("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache"), ("XDG_STATE_HOME", "state")]
        {
            command.env(name, home.join(folder));
        }
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).expect("regtui starts");
        drop(pair.slave);
        let reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let (rows, columns) = (42.try_into().expect("not zero"), 150.try_into().expect("not zero"));
        let shared = Arc::new((Mutex::new(vt100::Parser::new(rows, columns, 0)), Condvar::new()));
        let of_reader = Arc::clone(&shared);
        std::thread::spawn(move || read_all(reader, &of_reader));
        Screen { child, writer, shared, started, _master: pair.master }
    }

    /// The process.
    pub fn process(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// The time since regtui was started.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Types, and returns the time until the screen fulfilled the condition.
    pub fn press(&mut self, keys: &str, is_wanted: impl Fn(&str) -> bool) -> Duration {
        let start = Instant::now();
        self.writer.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.writer.flush().expect("the terminal takes keys");
        self.wait(is_wanted);
        start.elapsed()
    }

    /// Whether this is on the screen now.
    pub fn shows(&self, text: &str) -> bool {
        self.shared.0.lock().expect("the reader lives").screen().contents().contains(text)
    }

    /// As [`Screen::press`] with the whole picture, colours among it; `None` after `at_most`.
    pub fn press_for(
        &mut self,
        keys: &str,
        at_most: Duration,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Option<Duration> {
        self.press_at_most(keys, at_most, |screen| is_wanted(&screen.contents_formatted()))
    }

    /// As [`Screen::press`]; `None` after `at_most`.
    pub fn press_at_most(
        &mut self,
        keys: &str,
        at_most: Duration,
        is_wanted: impl Fn(&vt100::Screen) -> bool,
    ) -> Option<Duration> {
        let start = Instant::now();
        self.writer.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.writer.flush().expect("the terminal takes keys");
        let (parser, changed) = &*self.shared;
        let mut parser = parser.lock().expect("the reader lives");
        while !is_wanted(parser.screen()) {
            let left = at_most.saturating_sub(start.elapsed());
            if left.is_zero() {
                return None;
            }
            parser = changed.wait_timeout(parser, left).expect("the reader lives").0;
        }
        Some(start.elapsed())
    }

    /// Returns the text on the screen.
    pub fn contents(&self) -> String {
        self.shared.0.lock().expect("the reader lives").screen().contents()
    }

    /// Returns the text on the screen with its colours.
    pub fn picture(&self) -> String {
        self.shared.0.lock().expect("the reader lives").screen().contents_formatted()
    }

    /// Waits until nothing has changed for half a second.
    pub fn rest(&self) {
        let deadline = Instant::now() + PATIENCE;
        let mut before = self.picture();
        let mut since = Instant::now();
        while since.elapsed() < Duration::from_millis(500) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
            let now = self.picture();
            if now != before {
                before = now;
                since = Instant::now();
            }
        }
    }

    /// Waits until the screen fulfils the condition.
    pub fn wait(&self, is_wanted: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let (parser, changed) = &*self.shared;
        let mut parser = parser.lock().expect("the reader lives");
        loop {
            let contents = parser.screen().contents();
            if is_wanted(&contents) {
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain on:\n{contents}");
            parser = changed.wait_timeout(parser, left).expect("the reader lives").0;
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn read_all(mut reader: Box<dyn Read + Send>, shared: &(Mutex<vt100::Parser>, Condvar)) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        shared.0.lock().expect("nobody panics with it").process(&buffer[..count]);
        shared.1.notify_all();
    }
}
