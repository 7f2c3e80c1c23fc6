//! The terminal closes: the process ends too, and does not spin.

use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use portable_pty::CommandBuilder;

use crate::support::pty::{HOME, Pty, bare, regtui};

/// How long the end may take before the test gives up.
const LONGEST: Duration = Duration::from_secs(120);

#[test]
fn a_closed_window_ends_it() {
    let pty = Pty::open(120, 30);
    let program = pty.start(regtui(&["--demo"]));
    pty.wait_for("base/alpine");
    drop(pty);
    let code = program.wait().expect("it ends by itself");
    assert!([129, 130].contains(&code), "{code}");
}

#[test]
fn a_closed_window_ends_it_also_when_it_was_told_to_ignore_that() {
    let pty = Pty::open(120, 30);
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", &format!("trap '' HUP; exec {} --demo", env!("CARGO_BIN_EXE_regtui"))]);
    bare(&mut command);
    let program = pty.start(command);
    pty.wait_for("base/alpine");
    drop(pty);
    let code = program.wait().expect("it ends by itself");
    assert!([129, 130].contains(&code), "{code}");
}

#[test]
fn a_terminal_that_goes_without_a_signal_ends_it_too() {
    let pty = Pty::open(120, 30);
    let end = || Stdio::from(pty.device());
    // Started by this process, it is not controlled by the terminal: no SIGHUP comes.
    let mut child = Command::new(env!("CARGO_BIN_EXE_regtui"))
        .args(["--demo"])
        .env_clear()
        .env("REGTUI_SYSTEM_REGISTRIES", "false")
        .envs([("TERM", "xterm-256color"), ("HOME", HOME)])
        .stdin(end())
        .stdout(end())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    pty.wait_for("base/alpine");
    drop(pty);
    let (sender, ended) = channel();
    std::thread::spawn(move || sender.send(child.wait().expect("it ends").code()));
    let code = ended.recv_timeout(LONGEST).expect("it ends by itself");
    assert!(code == Some(129) || code == Some(130), "{code:?}");
}
