//! Real registries, each in a process of its own on a free loopback port, with a folder that goes with it; and the servers
//! that stand between them and their users.

pub mod nginx;
mod process;
pub mod token_server;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use process::{Process, in_path};
use regtui::model::digest::Digest;
use regtui::model::reference::Host;

/// A generous bound, in bytes, of everything that all servers keep which run side by side.
#[cfg(target_os = "linux")]
const ROOM: u64 = 1024 * 1024 * 1024;

/// The login that servers with logins accept, `user:password`.
pub const LOGIN: &str = "ann:CANARY7";

/// The same as a file for servers: bcrypt, with the least cost that it has.
pub const HTPASSWD: &str = "ann:$2y$05$abcdefghijklmnopqrstuu3dsp5f.RErFSRDdLNIJnPe.dKIM2qwS\n";

/// A running registry. It ends when this value is dropped.
pub struct Server {
    pub name: &'static str,
    pub host: Host,
    process: Process,
}

impl Server {
    fn start(name: &'static str, parent: &Path, command: impl FnOnce(&Path, u16) -> Command) -> Server {
        let process = Process::start(name, parent, command);
        Server { name, host: process.host(), process }
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// Returns the digest that a tag has, as the folder of distribution shows it.
    pub fn digest_of(&self, repository: &str, tag: &str) -> Option<Digest> {
        let repositories = self.process.folder().join("data/docker/registry/v2/repositories");
        let link = repositories.join(repository).join("_manifests/tags").join(tag).join("current/link");
        Some(std::fs::read_to_string(link).ok()?.parse().expect("a digest"))
    }

    /// How many uploads into a repository are open, as the server's folder shows it.
    pub fn open_uploads(&self, repository: &str) -> usize {
        // The folders in which servers keep their repositories.
        let data = self.process.folder().join("data");
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

/// A kind of registry: its name, its programs, and how it is told its address and its folder.
struct Kind {
    name: &'static str,
    programs: &'static [&'static str],
    start: fn(&PathBuf, &Path, u16) -> Command,
}

/// The programs that are no registries, as `REGTUI_REQUIRE_SERVERS` names them.
pub const NGINX: &str = "nginx";
pub const TOKEN_SERVER: &str = "token-server";
pub const CONFORMANCE: &str = "conformance";

/// A fresh installation: nothing can be deleted.
const UNDELETABLE: Kind = Kind {
    name: "distribution2 without deletes",
    programs: &["docker-registry"],
    start: distribution_without_deletes,
};

/// go-containerregistry's, as crane serves it: a delete by digest leaves the tags, which still serve the image. It
/// keeps all in memory and resumes no upload that broke.
const KEEPS_TAGS: Kind = Kind { name: "crane", programs: &["crane"], start: crane };

const DISTRIBUTIONS: [Kind; 2] = [
    Kind { name: "distribution2", programs: &["docker-registry"], start: distribution },
    Kind { name: "distribution3", programs: &["registry"], start: distribution },
];

const OTHERS: [Kind; 2] = [
    Kind { name: "zot", programs: &["zot"], start: zot },
    Kind { name: "olareg", programs: &["olareg"], start: olareg },
];

impl Kind {
    /// Returns the program of it that is in `PATH`. One must be if the kind is required.
    fn program(&self) -> Option<PathBuf> {
        let program = self.programs.iter().find_map(|program| in_path(program));
        assert!(program.is_some() || !is_required(self.name), "{} is required and not in PATH", self.name);
        program
    }
}

/// How a registry of distribution differs from a fresh one that allows deletes.
pub struct Options {
    /// Whether manifests can be deleted.
    pub deletes: bool,
    /// The certificate that it serves with, and its key, PEM.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// The section `auth` of its configuration.
    pub auth: String,
}

impl Default for Options {
    fn default() -> Options {
        Options { deletes: true, tls: None, auth: String::new() }
    }
}

impl Options {
    /// A registry that requires [`LOGIN`].
    pub fn with_login(folder: &Path) -> Options {
        let file = folder.join("htpasswd");
        std::fs::write(&file, HTPASSWD).expect("a file");
        let auth = format!("auth:\n  htpasswd:\n    realm: registry\n    path: {}\n", file.display());
        Options { auth, ..Options::default() }
    }
}

/// The servers that must be there, as `REGTUI_REQUIRE_SERVERS` names them: none if any selection will do.
pub fn required() -> Vec<String> {
    let names = std::env::var("REGTUI_REQUIRE_SERVERS").unwrap_or_default();
    names.split(',').map(|name| name.trim().to_string()).filter(|name| !name.is_empty()).collect()
}

fn is_required(name: &str) -> bool {
    required().iter().any(|required| required == name)
}

/// Returns the file of a program in `PATH`. Says so if there is none, which it must be if it is required.
pub fn program(name: &str) -> Option<PathBuf> {
    let program = in_path(name);
    assert!(program.is_some() || !is_required(name), "{name} is required and not in PATH");
    if program.is_none() {
        println!("skipped: {name} is not in PATH");
    }
    program
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
    let kinds = DISTRIBUTIONS.iter().chain(&OTHERS);
    for name in &required {
        let mut known = kinds.clone().chain([&KEEPS_TAGS]).map(|kind| kind.name).chain([
            NGINX,
            TOKEN_SERVER,
            CONFORMANCE,
            "podman",
            "skopeo",
            "oras",
            "docker",
        ]);
        assert!(known.any(|known| known == name), "REGTUI_REQUIRE_SERVERS: there is no server `{name}`");
    }
    let servers = kinds.filter_map(|kind| Some(start(kind, &kind.program()?, folder)));
    let servers: Vec<Server> = servers.collect();
    let names: Vec<&str> = servers.iter().map(|server| server.name).collect();
    println!("real registries: {}", if names.is_empty() { "none in PATH".into() } else { names.join(", ") });
    servers
}

/// Starts distribution 2 and 3, those that are in `PATH`, with these options; they may put files into the folder.
pub fn registries_of_distribution(options: impl Fn(&Path) -> Options) -> Vec<Server> {
    let start = |kind: &Kind| {
        let program = kind.program()?;
        let command = |folder: &Path, port| distribution_with(&options(folder), &program, folder, port);
        Some(Server::start(kind.name, &in_memory(), command))
    };
    let servers: Vec<Server> = DISTRIBUTIONS.iter().filter_map(start).collect();
    if servers.is_empty() {
        println!("skipped: no registry of distribution is in PATH");
    }
    servers
}

/// Starts distribution 2 with these options, if it is in `PATH`.
pub fn distribution2(options: &Options) -> Option<Server> {
    let kind = &DISTRIBUTIONS[0];
    let program = kind.program()?;
    Some(Server::start(kind.name, &in_memory(), |folder, port| {
        distribution_with(options, &program, folder, port)
    }))
}

/// The registry that deletes nothing, if it is in PATH.
pub fn undeletable() -> Option<Server> {
    Some(start(&UNDELETABLE, &UNDELETABLE.program()?, &in_memory()))
}

/// The registry whose tags outlive their digest, if it is in PATH. It must be if it is required.
pub fn keeps_tags() -> Option<Server> {
    Some(start(&KEEPS_TAGS, &KEEPS_TAGS.program()?, &in_memory()))
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
    Server::start(kind.name, folder, |folder, port| (kind.start)(program, folder, port))
}

fn distribution(program: &PathBuf, folder: &Path, port: u16) -> Command {
    distribution_with(&Options::default(), program, folder, port)
}

fn distribution_without_deletes(program: &PathBuf, folder: &Path, port: u16) -> Command {
    distribution_with(&Options { deletes: false, ..Options::default() }, program, folder, port)
}

fn distribution_with(options: &Options, program: &PathBuf, folder: &Path, port: u16) -> Command {
    let file = folder.join("config.yml");
    let tls = options.tls.as_ref().map(|(certificate, key)| {
        format!("  tls:\n    certificate: {}\n    key: {}\n", certificate.display(), key.display())
    });
    let text = format!(
        "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: {}\nhttp:\n  addr: 127.0.0.1:{port}\n{}{}",
        folder.join("data").display(),
        options.deletes,
        tls.unwrap_or_default(),
        options.auth,
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
