//! The clipboard, the pager, and the file for the next run.

use std::os::unix::fs::PermissionsExt;

use regtui::demo::auth::{Account, AuthMode};
use regtui::demo::faults::Fault;
use regtui::demo::{self, Demo};

use crate::support::pty::{Program, Pty, regtui};

/// The UI on the sample with this pager, a shell script.
fn opened(pager: &str) -> (Pty, Program, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("a pager");
    std::fs::write(&script, format!("#!/bin/sh\n{pager}\n")).expect("it is written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let pty = Pty::open(120, 30);
    let mut command = regtui(&["--demo"]);
    command.env("PAGER", format!("'{}' --plain", script.display()));
    let program = pty.start(command);
    pty.wait_for("base/alpine");
    (pty, program, folder)
}

#[test]
fn a_copied_name_is_put_on_the_clipboard_of_the_terminal() {
    let (mut pty, program, _folder) = opened("cat");
    pty.wait_for("3.22.2");
    pty.press("yr");
    pty.wait_for("sent to the terminal for its clipboard");
    let copied = pty.told(|told| told.clipboard.clone());
    assert!(copied.len() == 1 && copied[0].contains("/base/alpine"), "{copied:?}");
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

/// A program that treats its buffer as tmux does, or fails.
fn with_tmux(script: &str) -> (Pty, Program, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let tmux = folder.path().join("tmux");
    std::fs::write(&tmux, format!("#!/bin/sh\n{script}\n")).expect("it is written");
    std::fs::set_permissions(&tmux, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let pty = Pty::open(120, 30);
    let mut command = regtui(&["--demo"]);
    let path = std::env::var("PATH").expect("a path");
    command.env("PATH", format!("{}:{path}", folder.path().display()));
    command.env("TMUX", "/tmp/tmux-1/default,1,0");
    let program = pty.start(command);
    pty.wait_for("3.22.2");
    (pty, program, folder)
}

#[test]
fn inside_of_tmux_its_buffer_takes_the_copied_text() {
    for knows_option in [true, false] {
        let script = r#"case "$1 $2" in "load-buffer -w") REFUSED ;; esac
            case "$1" in load-buffer) cat > "$0.buffer" ;; save-buffer) cat "$0.buffer" ;; *) exit 1 ;; esac"#;
        let script = script.replace("REFUSED", if knows_option { ":" } else { "exit 1" });
        let (mut pty, program, folder) = with_tmux(&script);
        pty.press("yr");
        pty.wait_for("to tmux's buffer");
        let buffer = std::fs::read_to_string(folder.path().join("tmux.buffer")).expect("a buffer");
        assert!(buffer.ends_with("/base/alpine:3.22.2") || buffer.ends_with("/base/alpine"), "{buffer}");
        assert!(pty.told(|told| told.clipboard.is_empty()), "tmux would drop OSC 52");
        pty.press("q");
        assert_eq!(program.wait(), Ok(0));
    }
}

#[test]
fn nothing_is_said_to_be_copied_if_tmux_does_not_have_it() {
    for script in
        ["exit 1", "cat > /dev/null", "case $1 in load-buffer) cat > /dev/null ;; *) echo another ;; esac"]
    {
        let (mut pty, program, _folder) = with_tmux(script);
        pty.press("yr");
        pty.wait_for("tmux does not accept the text");
        assert!(!pty.text().contains("copied"), "{}", pty.text());
        pty.press("q");
        assert_eq!(program.wait(), Ok(0));
    }
}

#[test]
fn the_pager_has_the_terminal_and_its_keys_and_then_gives_it_back() {
    let (mut pty, program, folder) =
        opened(r#"echo "told $1"; cat; read line < /dev/tty; echo "read $line" > "$0.read""#);
    pty.press("o");
    pty.wait_until("the names are on the first screen", |screen| {
        !screen.alternate_screen()
            && screen.contents().contains("told --plain")
            && screen.contents().contains("windows/agent")
    });
    pty.press("a key\r");
    pty.wait_until("regtui is back", |screen| {
        screen.alternate_screen() && screen.contents().contains("Repositories")
    });
    let read = std::fs::read_to_string(folder.path().join("a pager.read"));
    assert_eq!(read.expect("the pager ended"), "read a key\n");
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[test]
fn control_c_in_the_pager_ends_the_pager_alone() {
    let (mut pty, program, _folder) = opened("cat; echo ready; exec sleep 1000");
    pty.press("o");
    pty.wait_for("ready");
    pty.press("\x03");
    pty.wait_until("regtui is back", |screen| {
        screen.alternate_screen() && screen.contents().contains("Repositories")
    });
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[test]
fn a_signal_ends_the_pager_too() {
    let (mut pty, program, _folder) = opened("cat; echo ready; exec sleep 1000");
    pty.press("o");
    pty.wait_for("ready");
    program.signal(rustix::process::Signal::TERM);
    assert_eq!(program.wait(), Ok(130));
    pty.assert_given_back();
}

#[test]
fn it_is_not_suspended_beside_the_pager_if_no_shell_would_wake_it() {
    let (mut pty, program, _folder) = opened("cat; echo ready; read line < /dev/tty");
    pty.press("o");
    pty.wait_for("ready");
    program.signal(rustix::process::Signal::TSTP);
    pty.press("\r");
    pty.wait_until("regtui is back", |screen| {
        screen.alternate_screen() && screen.contents().contains("Repositories")
    });
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[test]
fn a_pager_that_does_not_exist_is_said_and_nothing_is_lost() {
    let pty = Pty::open(120, 30);
    let mut command = regtui(&["--demo"]);
    command.env("PAGER", "no-such-pager-here");
    let program = pty.start(command);
    pty.wait_for("base/alpine");
    let mut pty = pty;
    pty.press("o");
    pty.wait_for("no-such-pager-here");
    pty.wait_for("base/alpine");
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_catalog_repositories_opened_by_name_are_listed_in_the_next_run() {
    let demo = Demo::start(demo::DemoSettings::default(), demo::content::sample()).await.expect("a port");
    demo.fault(|request, _| (request.path == "/v2/_catalog").then(|| Fault::status(404)));
    let home = tempfile::tempdir().expect("a folder");
    let host = demo.address().to_string();
    for (target, wanted) in [(format!("{host}/team/app"), "1.4.2"), (host.clone(), "team/app")] {
        let mut pty = Pty::open(120, 30);
        let mut command = regtui(&[&target]);
        command.env("HOME", home.path());
        let program = pty.start(command);
        pty.wait_for(wanted);
        pty.press("\x03");
        assert_eq!(program.wait(), Ok(0));
    }
}

/// The bytes of all files of the state.
fn state_bytes(home: &std::path::Path) -> Vec<u8> {
    let folder = home.join(".local/state/regtui");
    let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let files = files.filter(|file| file.path().is_file());
    files.flat_map(|file| std::fs::read(file.path()).expect("it is read")).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A session, a bookmark and a recent registry are there in the next run, and `--last` restores the cursor. Neither what
/// was typed nor a login gets into the state.
#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_restores_the_session_and_the_state_holds_no_secret() {
    let auth = AuthMode::Basic(Account::new("ann", "CANARY7"));
    let settings = demo::DemoSettings { auth, ..demo::DemoSettings::default() };
    let demo = Demo::start(settings, demo::content::sample()).await.expect("a port");
    let home = tempfile::tempdir().expect("a folder");
    let host = demo.address().to_string();
    std::fs::create_dir_all(home.path().join(".docker")).expect("a folder");
    let login = format!(r#"{{"auths":{{"{host}":{{"auth":"YW5uOkNBTkFSWTc="}}}}}}"#);
    std::fs::write(home.path().join(".docker/config.json"), login).expect("it is written");
    let start = |arguments: &[&str]| {
        let pty = Pty::open(120, 30);
        let mut command = regtui(arguments);
        command.env("HOME", home.path());
        let program = pty.start(command);
        (pty, program)
    };

    let (mut pty, program) = start(&[]);
    pty.wait_for("login");
    pty.press(&format!("/http://ann:CANARY8@{host}/\r"));
    pty.wait_for("not a registry host");
    pty.press("\x15");
    pty.wait_until("the text is gone", |screen| !screen.contents().contains("CANARY8"));
    pty.press(&format!("{host}/\r"));
    pty.wait_for("base/alpine");
    pty.press("/CANARY9");
    pty.wait_for("nothing fits the filter");
    pty.press("\x1b");
    pty.wait_for("base/alpine");
    pty.press("/team/app\rl");
    pty.wait_for("› team/app › 1.4.2");
    pty.press_until("j", "› 1.4.2", "› 1.4.1");
    pty.press_until("B", "› 1.4.1", "bookmarked");
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));

    let (mut pty, program) = start(&["--last"]);
    pty.wait_for("› team/app › 1.4.1");
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));

    let (mut pty, program) = start(&[]);
    pty.wait_for(&format!("bookmark    {host}/team/app:1.4.1"));
    pty.wait_for(&format!("recent      {host}"));
    pty.press("\x03");
    assert_eq!(program.wait(), Ok(0));

    let state = state_bytes(home.path());
    assert!(holds(&state, &host) && holds(&state, "team/app"));
    for secret in ["CANARY", "YW5uOkNBTkFSWTc", "ann:"] {
        assert!(!holds(&state, secret), "{secret} is in the state");
    }
}

/// The demo shows nothing of other runs and leaves nothing for them.
#[test]
fn the_demo_leaves_no_names_and_no_session_behind() {
    let home = tempfile::tempdir().expect("a folder");
    let mut pty = Pty::open(120, 30);
    let mut command = regtui(&["--demo"]);
    command.env("HOME", home.path());
    let program = pty.start(command);
    pty.wait_for("base/alpine");
    pty.press_until("B", "base/alpine", "bookmarked");
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    let state = state_bytes(home.path());
    for name in ["127.0.0.1", "localhost", "base/alpine"] {
        assert!(!holds(&state, name), "{name} is in the state");
    }
}

#[test]
fn a_damaged_state_is_said_on_the_screen_and_browsing_goes_on() {
    let home = tempfile::tempdir().expect("a folder");
    let state = home.path().join(".local/state/regtui");
    std::fs::create_dir_all(&state).expect("a folder");
    std::fs::write(state.join("state.db"), [0xa5; 9000]).expect("it is written");
    for is_said in [true, false] {
        let mut pty = Pty::open(120, 30);
        let mut command = regtui(&["--demo"]);
        command.env("HOME", home.path());
        let program = pty.start(command);
        if is_said {
            pty.wait_for("the journal was damaged");
        }
        pty.wait_for("base/alpine");
        assert!(is_said || !pty.text().contains("damaged"), "{}", pty.text());
        pty.press("q");
        assert_eq!(program.wait(), Ok(0));
        pty.assert_given_back();
    }
    assert!(state.join("state.db.damaged-1").exists());
}
