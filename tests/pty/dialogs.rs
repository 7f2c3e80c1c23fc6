//! The dialogs about files, packages and differences in a terminal of 80 columns: they open, move and close.

use crate::support::pty::{Program, Pty, regtui};

/// An image of the sample, with its files on the screen.
fn at_files() -> (Pty, Program) {
    let mut pty = Pty::open(80, 24);
    let program = pty.start(regtui(&["--demo"]));
    pty.wait_for("base/alpine");
    pty.press("/base/debian\rl");
    pty.wait_for("platform 1 of 2");
    pty.press_until("f", "CREATED", "whole image");
    (pty, program)
}

/// Opens a dialog, moves in it to its end and its beginning, and closes it.
fn open_move_close(pty: &mut Pty, key: &str, title: &str, text: &str) {
    // The keys of dialogs wait until all files are read.
    pty.press_until(key, "whole image", title);
    move_close(pty, title, text);
}

/// Moves in a dialog to its end and its beginning, and closes it.
fn move_close(pty: &mut Pty, title: &str, text: &str) {
    pty.wait_for(text);
    pty.press("Gg");
    pty.press("j");
    pty.wait_for(title);
    pty.press("\x1b");
    pty.wait_until("the dialog is closed", |screen| !screen.contents().contains(title));
}

#[test]
fn findings_packages_history_and_preview_open_move_and_close() {
    let (mut pty, program) = at_files();
    open_move_close(&mut pty, "i", "Findings", "hidden (");
    open_move_close(&mut pty, "P", "Packages", "ECOSYSTEM");
    pty.press("/os-release\r");
    pty.wait_for("os-release");
    open_move_close(&mut pty, "H", "History of", "layer 1");
    open_move_close(&mut pty, "\r", "╭ usr/lib/os-release", "PRETTY_NAME");
    pty.press("q");
    assert_eq!(program.wait(), Ok(0), "{}", pty.text());
    pty.assert_given_back();
}

#[test]
fn the_diff_opens_moves_and_closes() {
    let mut pty = Pty::open(80, 24);
    let program = pty.start(regtui(&["--demo"]));
    pty.wait_for("base/alpine");
    pty.press("/team/app\rl");
    pty.wait_for("› 1.4.2");
    pty.press("D");
    pty.wait_for("compare");
    pty.press("\r");
    pty.wait_for("Summary");
    pty.press("]");
    move_close(&mut pty, "Summary", "Config");
    pty.press("q");
    assert_eq!(program.wait(), Ok(0), "{}", pty.text());
    pty.assert_given_back();
}
