//! Real registries, each in a process of its own on a free loopback port, with a folder that goes with it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use regtui::model::reference::Host;

/// Longer than any of them takes to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A generous bound, in bytes, of everything that all servers keep which run side by side.
#[cfg(target_os = "linux")]
const ROOM: u64 = 1024 * 1024 * 1024;

/// A running registry. It ends when this value is dropped.
pub struct Server {
    pub name: &'static str,
    pub host: Host,
    child: Child,
    folder: tempfile::TempDir,
}

impl Server {
    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.host.as_str().parse().expect("an address")
    }

    /// How many uploads into a repository are open, as the server's folder shows it.
    pub fn open_uploads(&self, repository: &str) -> usize {
        // The folders in which servers keep their repositories.
        let data = self.folder.path().join("data");
        let roots = [data.join("docker/registry/v2/repositories"), data];
        let folders = roots
            .iter()
            .flat_map(|root| [".uploads", "_uploads"].map(|name| root.join(repository).join(name)));
        // A file that goes while the folder is read is not open.
        let uploads = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        uploads.filter(|upload| is_open(&upload.path())).count()
    }
}

/// distribution keeps a folder for each upload. Its version 3 leaves an empty shell of those that are closed, without the
/// file that says when they began (the state of the hash is written once more on the way out). The others keep a file.
fn is_open(upload: &Path) -> bool {
    upload.is_file() || upload.join("startedat").exists()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A kind of registry: its name, its programs, and how it is told its address and its folder.
struct Kind {
    name: &'static str,
    programs: &'static [&'static str],
    start: fn(&PathBuf, &Path, u16) -> Command,
}

/// A fresh installation: nothing can be deleted.
const UNDELETABLE: Kind = Kind {
    name: "distribution2 without deletes",
    programs: &["docker-registry"],
    start: distribution_without_deletes,
};

/// go-containerregistry's, as crane serves it: a delete by digest leaves the tags, which still serve the image. It
/// keeps all in memory and resumes no upload that broke.
const KEEPS_TAGS: Kind = Kind { name: "crane", programs: &["crane"], start: crane };

const KINDS: [Kind; 4] = [
    Kind { name: "distribution2", programs: &["docker-registry"], start: distribution },
    Kind { name: "distribution3", programs: &["registry"], start: distribution },
    Kind { name: "zot", programs: &["zot"], start: zot },
    Kind { name: "olareg", programs: &["olareg"], start: olareg },
];

/// The servers that must be there, as `REGTUI_REQUIRE_SERVERS` names them: none if any selection will do.
pub fn required() -> Vec<String> {
    let names = std::env::var("REGTUI_REQUIRE_SERVERS").unwrap_or_default();
    names.split(',').map(|name| name.trim().to_string()).filter(|name| !name.is_empty()).collect()
}

/// Starts every registry that is in PATH. Those that `REGTUI_REQUIRE_SERVERS` names must be. Their content is in memory
/// if there is room, since they wait for a disk with each blob.
pub fn all() -> Vec<Server> {
    all_in(&in_memory())
}

/// Starts the same registries with their content on disk, since it may be more than memory holds.
pub fn all_on_disk() -> Vec<Server> {
    all_in(&std::env::temp_dir())
}

fn all_in(folder: &Path) -> Vec<Server> {
    let required = required();
    for name in &required {
        assert!(
            KINDS.iter().chain([&KEEPS_TAGS]).any(|kind| kind.name == name),
            "REGTUI_REQUIRE_SERVERS: there is no server `{name}`"
        );
    }
    let mut servers = Vec::new();
    for kind in &KINDS {
        match kind.programs.iter().find_map(|program| in_path(program)) {
            Some(program) => servers.push(start(kind, &program, folder)),
            None => assert!(
                !required.iter().any(|name| name == kind.name),
                "{} is required and not in PATH",
                kind.name
            ),
        }
    }
    let names: Vec<&str> = servers.iter().map(|server| server.name).collect();
    println!("real registries: {}", if names.is_empty() { "none in PATH".into() } else { names.join(", ") });
    servers
}

/// The registry that deletes nothing, if it is in PATH.
pub fn undeletable() -> Option<Server> {
    let program = UNDELETABLE.programs.iter().find_map(|program| in_path(program))?;
    Some(start(&UNDELETABLE, &program, &in_memory()))
}

/// The registry whose tags outlive their digest, if it is in PATH. It must be if it is required.
pub fn keeps_tags() -> Option<Server> {
    let Some(program) = KEEPS_TAGS.programs.iter().find_map(|program| in_path(program)) else {
        assert!(!required().iter().any(|name| name == KEEPS_TAGS.name), "{} is not in PATH", KEEPS_TAGS.name);
        return None;
    };
    Some(start(&KEEPS_TAGS, &program, &in_memory()))
}

/// A folder in memory with more room than all of these tests fill at once, or else the one for temporary files.
fn in_memory() -> PathBuf {
    #[cfg(target_os = "linux")]
    {
        let memory = PathBuf::from("/dev/shm");
        let free = rustix::fs::statvfs(&memory).map_or(0, |about| about.f_bavail * about.f_frsize);
        if free >= ROOM && tempfile::tempdir_in(&memory).is_ok() {
            return memory;
        }
    }
    std::env::temp_dir()
}

fn start(kind: &Kind, program: &PathBuf, folder: &Path) -> Server {
    let folder = tempfile::tempdir_in(folder).expect("a folder");
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port();
    let log = std::fs::File::create(folder.path().join("log")).expect("a log");
    let mut command = (kind.start)(program, folder.path(), port);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut child = command.spawn().expect("it starts");
    let end = Instant::now() + PATIENCE;
    while std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        let log = || std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        let is_over = child.try_wait().expect("a status").is_some();
        assert!(!is_over && Instant::now() < end, "{} does not listen:\n{}", kind.name, log());
        std::thread::yield_now();
    }
    let host = Host::parse(&format!("127.0.0.1:{port}")).expect("a host");
    Server { name: kind.name, host, child, folder }
}

fn distribution(program: &PathBuf, folder: &Path, port: u16) -> Command {
    distribution_with(true, program, folder, port)
}

fn distribution_without_deletes(program: &PathBuf, folder: &Path, port: u16) -> Command {
    distribution_with(false, program, folder, port)
}

fn distribution_with(deletes: bool, program: &PathBuf, folder: &Path, port: u16) -> Command {
    let file = folder.join("config.yml");
    let text = format!(
        "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: {deletes}\nhttp:\n  addr: 127.0.0.1:{port}\n",
        folder.join("data").display()
    );
    std::fs::write(&file, text).expect("a configuration");
    let mut command = Command::new(program);
    command.arg("serve").arg(file).env("OTEL_TRACES_EXPORTER", "none");
    command
}

fn zot(program: &PathBuf, folder: &Path, port: u16) -> Command {
    let file = folder.join("config.json");
    let text = format!(
        r#"{{"distSpecVersion":"1.1.0","storage":{{"rootDirectory":"{}"}},"http":{{"address":"127.0.0.1","port":"{port}","compat":["docker2s2"]}},"log":{{"level":"error"}}}}"#,
        folder.join("data").display()
    );
    std::fs::write(&file, text).expect("a configuration");
    let mut command = Command::new(program);
    command.arg("serve").arg(file);
    command
}

fn olareg(program: &PathBuf, folder: &Path, port: u16) -> Command {
    let mut command = Command::new(program);
    command.args([
        "serve",
        "--addr",
        "127.0.0.1",
        "--port",
        &port.to_string(),
        "--api-delete",
        "--store-type",
        "dir",
        "--dir",
    ]);
    command.arg(folder.join("data"));
    command
}

fn crane(program: &PathBuf, folder: &Path, port: u16) -> Command {
    let mut command = Command::new(program);
    command.args(["registry", "serve", "--address", &format!("127.0.0.1:{port}")]).env("HOME", folder);
    command
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
