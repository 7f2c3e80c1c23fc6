//! The terminal is taken, lent, and always given back: reliability.md H1 to H6.

use portable_pty::CommandBuilder;
use rustix::process::{Signal, kill_process};

use crate::support::pty::{Output, Pty, is_restored};

fn demo() -> Pty {
    let pty = Pty::regtui(&["--demo"]);
    pty.wait_for("base/alpine");
    pty
}

#[test]
fn it_starts_takes_keys_and_quits() {
    let mut pty = demo();
    pty.send("/team/app\r");
    pty.wait_for("1 of 22");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
    pty.assert_restored();
}

#[test]
fn every_key_counts_also_when_nothing_else_happens() {
    let mut pty = demo();
    pty.send("/team/app\rl");
    pty.wait_for("1.4.2");
    for expected in ["› 1.4.1", "› 1.4.0", "› 1.4"] {
        pty.send("j");
        pty.wait_for(expected);
    }
    pty.send("?");
    pty.wait_for("Help: Tags");
    pty.send("\u{1b}");
    pty.wait("no help", |output| !output.parser.screen().contents().contains("Help: Tags"));
}

#[test]
fn it_follows_the_size_of_the_terminal() {
    let pty = demo();
    pty.resize(50, 15);
    pty.wait("one pane", |output| {
        let contents = output.parser.screen().contents();
        contents.contains("Repositories") && !contents.contains("Overview")
    });
    pty.resize(30, 8);
    pty.wait_for("regtui needs");
    pty.resize(150, 42);
    pty.wait_for("Overview");
}

#[test]
fn signals_end_it_and_the_terminal_is_given_back() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut pty = demo();
        kill_process(pty.id(), signal).expect("it runs");
        assert_eq!(pty.wait_for_end(), 130, "{signal:?}");
        pty.assert_restored();
    }
}

#[test]
fn ctrl_c_quits() {
    let mut pty = demo();
    pty.send("\u{3}");
    assert_eq!(pty.wait_for_end(), 0);
    pty.assert_restored();
}

/// Under a shell with job control: without one, SIGTSTP is discarded.
#[test]
fn it_is_suspended_and_comes_back_with_its_screen() {
    let mut command = CommandBuilder::new("bash");
    command.args(["--norc", "--noprofile", "-i"]);
    command.env("PS1", "shell> ");
    let mut pty = Pty::start(command);
    pty.wait_for("shell>");
    pty.send(&format!("{} --demo\r", env!("CARGO_BIN_EXE_regtui")));
    pty.wait_for("base/alpine");
    pty.send("\u{1a}");
    // The shell turns bracketed paste on for itself.
    let is_away = |output: &Output| {
        let screen = output.parser.screen();
        !screen.alternate_screen() && !screen.hide_cursor()
    };
    pty.wait("the shell", |output| is_away(output) && output.parser.screen().contents().contains("Stopped"));
    pty.send("fg\r");
    pty.wait("the screen", |output| {
        let screen = output.parser.screen();
        screen.alternate_screen() && screen.contents().contains("base/alpine")
    });
    pty.send("q");
    pty.wait("the shell", is_away);
}

#[test]
fn the_pager_has_the_terminal_and_gives_it_back() {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_regtui"));
    command.args(["--demo"]);
    command.env("PAGER", "bash -c 'cat; echo PAGED; read key </dev/tty'");
    let mut pty = Pty::start(command);
    pty.wait_for("base/alpine");
    pty.send("o");
    pty.wait("the pager", |output| {
        is_restored(output) && output.parser.screen().contents().contains("PAGED")
    });
    pty.send("x\r");
    pty.wait("the screen", |output| {
        output.parser.screen().alternate_screen()
            && output.parser.screen().contents().contains("Repositories 22")
    });
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn it_ends_when_its_terminal_is_gone() {
    let mut pty = demo();
    pty.hang_up();
    assert_ne!(pty.wait_for_end(), 0);
}

/// As under `nohup`, where no signal tells.
#[test]
fn it_ends_when_its_terminal_is_gone_without_a_signal() {
    let mut command = CommandBuilder::new("bash");
    let line = format!("trap '' HUP; exec {} --demo", env!("CARGO_BIN_EXE_regtui"));
    command.args(["-c", &line]);
    let mut pty = Pty::start(command);
    pty.wait_for("base/alpine");
    pty.hang_up();
    assert_ne!(pty.wait_for_end(), 0);
}

#[test]
fn the_clipboard_is_written_through_the_terminal() {
    let mut pty = demo();
    pty.send("yr");
    pty.wait("OSC 52", |output| String::from_utf8_lossy(&output.raw).contains("\u{1b}]52;c;"));
    pty.wait_for("copied");
}

#[test]
fn without_colour_there_is_no_colour() {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_regtui"));
    command.args(["--demo", "--color", "never"]);
    let pty = Pty::start(command);
    pty.wait_for("base/alpine");
    pty.wait("no colour", |output| {
        let screen = output.parser.screen();
        let cells = (0..30).flat_map(|row| (0..100).map(move |column| (row, column)));
        cells
            .filter_map(|(row, column)| screen.cell(row, column))
            .all(|cell| cell.fgcolor() == vt100::Color::Default)
    });
}

#[test]
fn the_mouse_is_left_to_the_terminal_on_request() {
    let pty = Pty::regtui(&["--demo", "--no-mouse"]);
    pty.wait_for("base/alpine");
    pty.wait("no mouse", |output| {
        output.parser.screen().mouse_protocol_mode() == vt100::MouseProtocolMode::None
    });
}
