//! The program as a shell runs it, with a home of its own that lasts as long as the test.

use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use regtui::demo::{self, Demo, Store};
use regtui::model::digest::Digest;
use regtui::model::reference::Host;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

pub struct Shell {
    pub home: TempDir,
}

/// The end of a run.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Returns the single document that was printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub fn assert_code(&self, code: i32) -> &Ended {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    #[track_caller]
    pub fn assert_says(&self, text: &str) -> &Ended {
        assert!(self.stderr.contains(text), "`{text}` is not said: {self:?}");
        self
    }
}

impl Shell {
    pub fn new() -> Shell {
        Shell { home: tempfile::tempdir().expect("a folder") }
    }

    /// A shell with this configuration.
    pub fn configured(config: &str) -> Shell {
        let shell = Shell::new();
        shell.write(".config/regtui/config.toml", config);
        shell
    }

    /// Writes a file of the home, with the folders that it is in.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.home.path().join(path);
        let folder = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    /// Keeps a login (`user:password`) for a registry in the file that `docker login` uses.
    pub fn log_in(&self, host: &Host, login: &str) {
        let auth = base64::engine::general_purpose::STANDARD.encode(login);
        let config = json!({"auths": {host.as_str(): {"auth": auth}}});
        self.write(".docker/config.json", config.to_string());
    }

    /// Returns the paths of the files of the home that hold this text.
    pub fn files_with(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.home.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).contains(text) {
                    let path = path.strip_prefix(self.home.path()).expect("it is in the home");
                    found.push(path.display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_regtui"));
        command
            .args(arguments)
            .env_clear()
            .env("REGTUI_SYSTEM_REGISTRIES", "false")
            .env("HOME", self.home.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs the program with this text on its standard input.
    pub async fn run_with(&self, arguments: &[&str], input: &str) -> Ended {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("it runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        // A program that ends before it reads its input closes the pipe.
        stdin.write_all(input.as_bytes()).await.ok();
        drop(stdin);
        ended(child).await
    }

    pub async fn run(&self, arguments: &[&str]) -> Ended {
        let child = self.command(arguments).spawn().expect("it runs");
        ended(child).await
    }
}

/// Sends SIGINT.
#[cfg(unix)]
pub fn interrupt(child: &tokio::process::Child) {
    use rustix::process::{Pid, Signal, kill_process};

    let id = child.id().and_then(|id| Pid::from_raw(id as i32)).expect("it runs");
    kill_process(id, Signal::INT).expect("it runs");
}

/// Waits until the program prints this on stderr.
#[cfg(unix)]
pub async fn until_said(child: &mut tokio::process::Child, text: &str) {
    use tokio::io::AsyncReadExt;

    let stderr = child.stderr.as_mut().expect("a pipe");
    let (mut said, mut buffer) = (String::new(), [0; 1024]);
    while !said.contains(text) {
        let length = tokio::time::timeout(Duration::from_secs(30), stderr.read(&mut buffer)).await;
        let length = length.expect("it is said").expect("a pipe");
        assert!(length > 0, "`{text}` is not said: {said}");
        said.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
}

pub async fn ended(child: tokio::process::Child) -> Ended {
    let output = child.wait_with_output().await.expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

pub async fn open(settings: demo::DemoSettings, store: Store) -> Demo {
    Demo::start(settings, store).await.expect("a port")
}

/// The requests that change something, `METHOD path` each. A delete of a digest that never existed, to probe the
/// server, changes nothing.
pub fn changes(demo: &Demo) -> Vec<String> {
    let requests = demo.requests();
    let is_change = |request: &&demo::SeenRequest| {
        !matches!(request.method.as_str(), "GET" | "HEAD") && request.path != "/token"
    };
    let mut lines: Vec<String> = requests.iter().filter(is_change).map(|request| request.line()).collect();
    let probes: Vec<String> =
        lines.iter().filter_map(|line| Some(line.split_once("/regtui-probe-")?.1.to_string())).collect();
    lines.retain(|line| !probes.iter().any(|probe| line.starts_with("DELETE") && line.contains(probe)));
    lines
}

#[track_caller]
pub fn digest(demo: &Demo, repository: &str, tag: &str) -> Digest {
    demo.store().digest_of(repository, tag).unwrap_or_else(|| panic!("there is no {repository}:{tag}"))
}
