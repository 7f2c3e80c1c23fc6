//! A server as a child process: on a free loopback port, with a folder that goes with it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use regtui::model::reference::Host;

/// Longer than any server takes to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// The ports of servers.
const PORTS: Range<u16> = 10_000..30_000;

/// A running server. It ends when this value is dropped.
pub struct Process {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Process {
    /// Starts the server that `command` describes for a folder and a port, and waits until it listens. The folder is
    /// made inside of `parent`.
    pub fn start(name: &str, parent: &Path, command: impl FnOnce(&Path, u16) -> Command) -> Process {
        let folder = tempfile::tempdir_in(parent).expect("a folder");
        let port = free_port();
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let mut command = command(folder.path(), port);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().expect("it starts");
        let mut process = Process { child, port, folder };
        let end = Instant::now() + PATIENCE;
        while !is_open(process.address()) {
            let is_over = process.child.try_wait().expect("a status").is_some();
            assert!(!is_over && Instant::now() < end, "{name} does not listen:\n{}", process.read("log"));
            std::thread::yield_now();
        }
        process
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The address as users write it.
    pub fn host(&self) -> Host {
        Host::parse(&self.address().to_string()).expect("a host")
    }

    /// The folder of the server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The text of a file in the folder, empty if there is no such file.
    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder().join(file)).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A port that nothing listens on. It is below those that the system gives away by itself: one of these could go to another
/// test before the server listens on it, or to the very connection that looks whether it does.
fn free_port() -> u16 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(997);
    let mut ports = std::iter::repeat_with(|| {
        let number = start.wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed));
        PORTS.start + (number % PORTS.len() as u32) as u16
    });
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    ports.by_ref().take(PORTS.len()).find(is_free).expect("a free port")
}

/// Whether a server listens. A connection from a port to itself is none.
fn is_open(address: SocketAddr) -> bool {
    let connection = TcpStream::connect(address);
    connection.is_ok_and(|connection| connection.local_addr().is_ok_and(|local| local != address))
}

/// The file of a program in `PATH`.
pub fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
