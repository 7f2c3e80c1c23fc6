//! Logins that other tools stored, and those that they find after regtui stored them: docs/REGISTRIES.md §4.8, §4.9.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::support::servers::{self, LOGIN, Options, Server};
use crate::support::shell::{Ended, Shell};
use crate::support::tour::Source;

/// A tool that logs in, by the arguments before the name of the registry, and those that read the tags of a repository.
struct Tool {
    name: &'static str,
    login: &'static [&'static str],
    tags: &'static [&'static str],
}

const TOOLS: [Tool; 5] = [
    Tool {
        name: "podman",
        login: &["login", "--tls-verify=false"],
        tags: &["search", "--list-tags", "--tls-verify=false"],
    },
    Tool {
        name: "skopeo",
        login: &["login", "--tls-verify=false"],
        tags: &["list-tags", "--tls-verify=false"],
    },
    Tool { name: "crane", login: &["auth", "login"], tags: &["ls", "--insecure"] },
    Tool { name: "oras", login: &["login", "--plain-http"], tags: &["repo", "tags", "--plain-http"] },
    Tool { name: "docker", login: &["login"], tags: &[] },
];

impl Tool {
    /// Returns the program, if it is in `PATH`. It must be if it is required.
    fn program(&self) -> Option<PathBuf> {
        servers::program(self.name)
    }

    /// Logs in as a user does who follows its manual.
    async fn log_in(&self, program: &Path, shell: &Shell, host: &str) {
        let (user, password) = LOGIN.split_once(':').expect("a login");
        let mut command = in_home(Command::new(program), shell);
        command.args(self.login).args(["--username", user, "--password-stdin", host]);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("the tool runs");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(password.as_bytes()).await.expect("the tool reads");
        drop(input);
        let ended = child.wait_with_output().await.expect("the tool ends");
        assert!(ended.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&ended.stderr));
    }

    /// Returns whether it can read the tags of a repository.
    async fn reads(&self, program: &Path, shell: &Shell, repository: &str) -> bool {
        let name = match self.name {
            "skopeo" => format!("docker://{repository}"),
            _ => repository.to_string(),
        };
        let mut command = in_home(Command::new(program), shell);
        command.args(self.tags).arg(name);
        let ended = command.output().await.expect("the tool runs");
        ended.status.success() && String::from_utf8_lossy(&ended.stdout).contains("1.0")
    }
}

/// Gives a command the home of a shell, where all tools keep their files.
fn in_home(mut command: Command, shell: &Shell) -> Command {
    let home = shell.home.path();
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", home).env("XDG_RUNTIME_DIR", home.join("run"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs regtui in the same home.
async fn regtui(shell: &Shell, arguments: &[&str], input: &str) -> Ended {
    let mut command = in_home(shell.command(arguments), shell);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    // A program that reads nothing may have ended already.
    let _ = pipe.write_all(input.as_bytes()).await;
    drop(pipe);
    let ended = child.wait_with_output().await.expect("the program ends");
    Ended {
        code: ended.status.code(),
        stdout: String::from_utf8_lossy(&ended.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&ended.stderr).into_owned(),
    }
}

/// Starts a registry with passwords that holds `team/app:1.0`.
async fn private() -> Option<Server> {
    let server = servers::registries_of_distribution(Options::with_login).pop()?;
    let shell = Shell::new();
    shell.log_in(&server.host, LOGIN);
    let source = Source::small().await;
    let image = format!("{}/team/app:1.0", server.host);
    shell.run(&["copy", "--yes", &source.image(), &image]).await.assert_code(0);
    Some(server)
}

#[tokio::test]
async fn logins_that_other_tools_stored_are_used_and_removed() {
    let Some(server) = private().await else { return };
    let repository = format!("{}/team/app", server.host);
    for tool in &TOOLS {
        let Some(program) = tool.program() else { continue };
        let shell = Shell::new();
        std::fs::create_dir(shell.home.path().join("run")).expect("a folder");
        regtui(&shell, &["ls", &repository], "").await.assert_code(1).assert_says("401");
        tool.log_in(&program, &shell, server.host.as_str()).await;
        let listed = regtui(&shell, &["ls", &repository], "").await;
        assert!(listed.assert_code(0).stdout.contains("1.0"), "{}: {listed:?}", tool.name);
        regtui(&shell, &["logout", server.host.as_str()], "").await.assert_code(0);
        regtui(&shell, &["ls", &repository], "").await.assert_code(1).assert_says("401");
        assert!(tool.tags.is_empty() || !tool.reads(&program, &shell, &repository).await, "{}", tool.name);
    }
}

#[tokio::test]
async fn other_tools_find_the_logins_that_regtui_stores() {
    let Some(server) = private().await else { return };
    let repository = format!("{}/team/app", server.host);
    let (user, password) = LOGIN.split_once(':').expect("a login");
    let login = ["login", "--username", user, "--password-stdin", server.host.as_str()];
    for tool in TOOLS.iter().filter(|tool| !tool.tags.is_empty()) {
        let Some(program) = tool.program() else { continue };
        let shell = Shell::new();
        std::fs::create_dir(shell.home.path().join("run")).expect("a folder");
        assert!(!tool.reads(&program, &shell, &repository).await, "{}", tool.name);
        regtui(&shell, &login, password).await.assert_code(0);
        assert!(tool.reads(&program, &shell, &repository).await, "{}", tool.name);
    }
}
