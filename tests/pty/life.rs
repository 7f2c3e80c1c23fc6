//! From start to end, as a user sees it: it starts, takes keys, follows the size, and gives the terminal back.

use portable_pty::CommandBuilder;
use rustix::process::Signal;

use crate::support::pty::{Pty, bare, regtui};

/// A repository and a tag of the sample that `--demo` opens.
const REPOSITORY: &str = "base/alpine";
const TAG: &str = "3.22.2";

fn opened() -> (Pty, crate::support::pty::Program) {
    let pty = Pty::open(120, 30);
    let program = pty.start(regtui(&["--demo"]));
    pty.wait_for(REPOSITORY);
    (pty, program)
}

#[test]
fn it_starts_shows_the_sample_and_quits() {
    let (mut pty, program) = opened();
    pty.wait_for(TAG);
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[test]
fn keys_typed_ahead_are_obeyed() {
    let mut pty = Pty::open(120, 30);
    let program = pty.start(regtui(&["--demo"]));
    pty.wait_until("the screen is taken", |screen| screen.alternate_screen());
    pty.press("/postgres\r");
    pty.wait_for("1 of 22");
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[test]
fn every_key_counts_also_when_nothing_else_happens() {
    let (mut pty, _program) = opened();
    pty.press("/team/app\rl");
    pty.wait_for("1.4.2");
    for expected in ["› 1.4.1", "› 1.4.0", "› 1.4"] {
        pty.press("j");
        pty.wait_for(expected);
    }
    pty.press("?");
    pty.wait_for("Help: Tags");
    pty.press("\x1b");
    pty.wait_until("the help is closed", |screen| !screen.contents().contains("Help: Tags"));
}

#[test]
fn control_c_quits() {
    let (mut pty, program) = opened();
    pty.press("\x03");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[test]
fn it_follows_the_size_of_the_terminal() {
    let (mut pty, program) = opened();
    pty.resize(60, 12);
    pty.wait_until("the bar is in the last of 12 lines", |screen| {
        screen.rows(0, 60).nth(11).is_some_and(|line| line.contains("Enter"))
    });
    pty.resize(30, 8);
    pty.wait_for("40");
    pty.resize(150, 40);
    pty.wait_until("the bar is in the last of 40 lines", |screen| {
        screen.rows(0, 150).nth(39).is_some_and(|line| line.contains("help"))
    });
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

/// The terminal reports both at once; crossterm's usual source of events forgets the key until the next one.
#[test]
fn a_key_pressed_while_the_size_changes_is_not_lost() {
    let (mut pty, program) = opened();
    for number in 0..50 {
        let (key, cursor) =
            if number % 2 == 0 { ("G", "▌ windows/agent") } else { ("g", "▌ base/alpine") };
        (0..4).for_each(|more| pty.claim_size(120, 29 + more % 2));
        pty.press(key);
        pty.wait_for(cursor);
    }
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
}

#[test]
fn a_terminal_that_claims_an_absurd_size_does_no_harm() {
    let (mut pty, program) = opened();
    pty.claim_size(u16::MAX, u16::MAX);
    pty.claim_size(0, 0);
    pty.claim_size(1, 1);
    pty.resize(100, 20);
    pty.wait_until("the bar is in the last of 20 lines", |screen| {
        screen.rows(0, 100).nth(19).is_some_and(|line| line.contains("help"))
    });
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[test]
fn text_of_another_program_goes_when_everything_is_drawn_again() {
    let (mut pty, program) = opened();
    pty.write("\x1b[5;5Hrubbish from elsewhere");
    pty.wait_for("rubbish from elsewhere");
    pty.press("\x0c");
    pty.wait_until("the rubbish is gone", |screen| !screen.contents().contains("rubbish"));
    pty.wait_for(REPOSITORY);
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[test]
fn signals_that_end_it_leave_the_terminal_as_it_was() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        for keys in ["", "?", "/al"] {
            let (mut pty, program) = opened();
            pty.press(keys);
            program.signal(signal);
            assert_eq!(program.wait(), Ok(130), "{signal:?} after `{keys}`");
            pty.assert_given_back();
        }
    }
}

#[test]
fn the_shell_has_the_terminal_while_it_is_suspended() {
    let mut pty = Pty::open(120, 30);
    let mut command = CommandBuilder::new("sh");
    command.arg("-i");
    bare(&mut command);
    command.env("PS1", "ready> ");
    command.env("ENV", "");
    let shell = pty.start(command);
    pty.wait_for("ready>");
    pty.press(&format!("{} --demo\r", env!("CARGO_BIN_EXE_regtui")));
    pty.wait_for(REPOSITORY);
    pty.press("\x1a");
    pty.wait_until("the shell is back", |screen| {
        !screen.alternate_screen() && screen.contents().contains("Stopped")
    });
    pty.press("echo $((6 * 7))th\r");
    pty.wait_for("42th");
    pty.wait_until("the cursor and the mouse are the shell's", |screen| {
        !screen.hide_cursor() && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    });
    pty.resize(100, 25);
    pty.press("fg\r");
    pty.wait_until("it is back and as wide as the terminal", |screen| {
        screen.alternate_screen()
            && screen.rows(0, 100).nth(24).is_some_and(|line| line.contains("help"))
            && screen.contents().contains(REPOSITORY)
    });
    pty.press("q");
    pty.wait_until("the shell asks again", |screen| {
        !screen.alternate_screen() && screen.contents().trim_end().ends_with("ready>")
    });
    pty.press("exit 7\r");
    assert_eq!(shell.wait(), Ok(7));
}

#[test]
fn it_is_not_suspended_if_no_shell_would_wake_it() {
    let (mut pty, program) = opened();
    pty.press("\x1a");
    pty.wait_for("cannot stop");
    program.signal(Signal::TSTP);
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[test]
fn woken_from_outside_it_draws_everything_again() {
    let (mut pty, program) = opened();
    program.signal(Signal::STOP);
    pty.write("\x1b[5;5Hrubbish from elsewhere");
    pty.wait_for("rubbish from elsewhere");
    program.signal(Signal::CONT);
    pty.wait_until("the rubbish is gone", |screen| !screen.contents().contains("rubbish"));
    pty.wait_for(REPOSITORY);
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[test]
fn no_mouse_leaves_the_mouse_to_the_terminal() {
    let mut pty = Pty::open(120, 30);
    let program = pty.start(regtui(&["--demo", "--no-mouse"]));
    pty.wait_for(REPOSITORY);
    pty.wait_until("the mouse is the terminal's", |screen| {
        screen.alternate_screen() && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    });
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
}

#[test]
fn without_colour_there_is_no_colour() {
    for (flags, variable) in [(&["--demo", "--color", "never"][..], ""), (&["--demo"], "1")] {
        let pty = Pty::open(120, 30);
        let mut command = regtui(flags);
        command.env("NO_COLOR", variable);
        let _program = pty.start(command);
        pty.wait_for(TAG);
        pty.wait_until("no cell has a colour", |screen| {
            let cells = (0..30).flat_map(|row| (0..120).map(move |column| (row, column)));
            let mut cells = cells.filter_map(|(row, column)| screen.cell(row, column));
            cells.all(|cell| cell.fgcolor() == vt100::Color::Default)
        });
    }
}

#[test]
fn a_terminal_that_is_half_there_is_refused() {
    let program = env!("CARGO_BIN_EXE_regtui");
    for line in [
        format!("TERM=dumb {program} --demo"),
        format!("{program} --demo < /dev/null"),
        format!("{program} --demo | cat; exit 2"),
        format!("{program} < /dev/null"),
        format!("{program} --last | cat; exit 2"),
    ] {
        let pty = Pty::open(120, 30);
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", &line]);
        bare(&mut command);
        let shell = pty.start(command);
        assert_eq!(shell.wait(), Ok(2), "{line}");
        pty.assert_given_back();
        assert!(pty.text().starts_with("regtui: the terminal UI needs a terminal"), "{line}: {}", pty.text());
    }
}
