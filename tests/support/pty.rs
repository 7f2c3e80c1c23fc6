//! The real program in a real terminal.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Pty {
    pub child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    /// Dropped to make the reader let go of the terminal.
    reading: Option<std::sync::mpsc::Sender<()>>,
    screen: Arc<(Mutex<Output>, Condvar)>,
    _home: tempfile::TempDir,
}

/// What came from the program.
pub struct Output {
    pub parser: vt100::Parser,
    pub raw: Vec<u8>,
    is_over: bool,
}

impl Pty {
    /// Starts `regtui` with these arguments.
    pub fn regtui(arguments: &[&str]) -> Pty {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_regtui"));
        command.args(arguments);
        Pty::start(command)
    }

    /// Starts a program on 100 columns and 30 rows.
    pub fn start(mut command: CommandBuilder) -> Pty {
        let home = tempfile::tempdir().expect("a folder");
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        for name in
            ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY"]
        {
            command.env_remove(name);
        }
        let size = PtySize { rows: 30, cols: 100, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let child = pair.slave.spawn_command(command).expect("it starts");
        drop(pair.slave);
        let parser = vt100::Parser::new(cells(30), cells(100), 0);
        let screen =
            Arc::new((Mutex::new(Output { parser, raw: Vec::new(), is_over: false }), Condvar::new()));
        let shared = screen.clone();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let mut reader = reader_of(pair.master.as_ref());
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            loop {
                if matches!(stopped.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected)) {
                    return;
                }
                if !is_ready(&reader) {
                    continue;
                }
                let count = reader.read(&mut bytes).unwrap_or(0);
                let mut output = shared.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                output.parser.process(&bytes[..count]);
                output.raw.extend_from_slice(&bytes[..count]);
                output.is_over = count == 0;
                shared.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().expect("a writer");
        Pty { child, master: Some(pair.master), keys: Some(keys), reading: Some(stop), screen, _home: home }
    }

    pub fn id(&self) -> rustix::process::Pid {
        let id = self.child.process_id().expect("it runs");
        rustix::process::Pid::from_raw(id as i32).expect("an id")
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        let writer = self.keys.as_mut().expect("the terminal is there");
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).expect("it is taken");
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.screen.0.lock().expect("a lock").parser.screen_mut().set_size(cells(rows), cells(columns));
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().expect("the terminal is there").resize(size).expect("a size");
    }

    /// Waits until the screen is as wished.
    #[track_caller]
    pub fn wait(&self, what: &str, is_so: impl Fn(&Output) -> bool) {
        let end = Instant::now() + PATIENCE;
        let mut output = self.screen.0.lock().expect("a lock");
        while !is_so(&output) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !output.is_over,
                "{what} did not come:\n{}",
                output.parser.screen().contents()
            );
            (output, _) = self.screen.1.wait_timeout(output, left).expect("a lock");
        }
    }

    /// Waits for a text on the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait(text, |output| output.parser.screen().contents().contains(text));
    }

    /// Takes the terminal away.
    pub fn hang_up(&mut self) {
        self.keys = None;
        self.reading = None;
        self.master = None;
    }

    /// Waits for the end of the program; gives its exit code.
    #[track_caller]
    pub fn wait_for_end(&mut self) -> u32 {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status.exit_code();
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.contents());
            std::thread::yield_now();
        }
    }

    pub fn contents(&self) -> String {
        self.screen.0.lock().expect("a lock").parser.screen().contents()
    }

    /// Whether everything that was taken from the terminal is given back.
    #[track_caller]
    pub fn assert_restored(&self) {
        let end = Instant::now() + PATIENCE;
        let mut output = self.screen.0.lock().expect("a lock");
        while !output.is_over && Instant::now() < end {
            (output, _) = self.screen.1.wait_timeout(output, Duration::from_millis(200)).expect("a lock");
            if is_restored(&output) {
                break;
            }
        }
        assert!(
            is_restored(&output),
            "the terminal is not given back: {:?}",
            String::from_utf8_lossy(&output.raw[output.raw.len().saturating_sub(300)..])
        );
    }
}

pub fn is_restored(output: &Output) -> bool {
    let screen = output.parser.screen();
    !screen.alternate_screen()
        && !screen.hide_cursor()
        && !screen.bracketed_paste()
        && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
}

/// A reader that lets go when it is told to: the terminal is only gone when nobody holds it.
fn reader_of(master: &(dyn MasterPty + Send)) -> std::fs::File {
    use std::os::fd::BorrowedFd;
    let fd = master.as_raw_fd().expect("a descriptor");
    // SAFETY: the master is open, and stays so during this call, which makes a descriptor of its own.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    rustix::io::dup(fd).expect("a copy").into()
}

/// Waits a little for something to read.
fn is_ready(reader: &std::fs::File) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let wait = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    poll(&mut [PollFd::new(reader, PollFlags::IN)], Some(&wait)).is_ok_and(|ready| ready > 0)
}

fn cells(count: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(count).expect("a terminal has cells")
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
