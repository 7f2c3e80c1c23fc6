//! Input of the terminal that is no key: answers to questions of other programs, late or cut in the middle.

use crate::support::pty::{Program, Pty, regtui};

/// Answers as terminals give them: colours, clipboard, names and versions, attributes, positions, modes, graphics.
const ANSWERS: [&str; 16] = [
    "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
    "\x1b]10;rgb:dddd/dddd/dddd\x07",
    "\x1b]52;c;ZGRkZA==\x07",
    "\x1bP>|tmux 3.4\x1b\\",
    "\x1bP!|00000000\x1b\\",
    "\x1bP1+r544e=787465726d\x1b\\",
    "\x1b[?62;22;52c",
    "\x1b[>41;354;0c",
    "\x1b[12;40R",
    "\x1b[?2026;2$y",
    "\x1b[?0u",
    "\x1b[?997;1n",
    "\x1b[8;30;120t",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b^private\x1b\\",
    "\x1b[48;30;120;600;1200t",
];

/// Sequences that are cut in the middle.
const HALVES: [&str; 6] =
    ["\x1b[<0;10;", "\x1b[?2026;2$", "\x1b]11;rgb:1e1e/", "\x1bP>|tm", "\x1b_Gi=31;O", "\x1b[200~pasted"];

const FIRST: &str = "▌ base/alpine";
const LAST: &str = "▌ windows/agent";

fn opened() -> (Pty, Program) {
    let pty = Pty::open(120, 30);
    let program = pty.start(regtui(&["--demo"]));
    wait_for_cursor(&pty, FIRST);
    (pty, program)
}

/// Waits until the cursor is in this row and in no other: a frame may come in several pieces.
fn wait_for_cursor(pty: &Pty, row: &str) {
    pty.wait_until(row, |screen| {
        let text = screen.contents();
        [FIRST, LAST].iter().all(|place| text.contains(place) == (*place == row))
    });
}

#[test]
fn late_answers_of_the_terminal_are_no_keys() {
    let (mut pty, program) = opened();
    for answer in ANSWERS {
        // Keys move the cursor only if no dialog and no command line has taken them.
        pty.press(answer);
        pty.press("G");
        wait_for_cursor(&pty, LAST);
        pty.press("g");
        pty.press(answer);
        wait_for_cursor(&pty, FIRST);
    }
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[test]
fn half_a_sequence_does_not_keep_the_keys_that_follow() {
    let (mut pty, program) = opened();
    for half in HALVES {
        pty.press(half);
        pty.press_until("G", FIRST, LAST);
        wait_for_cursor(&pty, LAST);
        pty.press("g");
        wait_for_cursor(&pty, FIRST);
    }
    pty.press("q");
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[test]
fn control_c_ends_half_a_sequence_at_once() {
    for half in &HALVES[..5] {
        let (mut pty, program) = opened();
        pty.press(half);
        pty.press("\x03");
        assert_eq!(program.wait(), Ok(0), "{half:?}");
        pty.assert_given_back();
    }
}
