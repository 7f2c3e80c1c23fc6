//! demo.tape, replayed against the real program: each command of the script is one that VHS knows, and each thing it
//! waits for comes.

use crate::support::pty::{Pty, regtui};

/// The text that regtui shows when a key comes too early.
const REFUSED: &str = "press the key again";

/// A line of the script that has an effect here.
#[derive(Debug, PartialEq)]
enum Step {
    Keys(String),
    Wait(String),
    Nothing,
}

/// Reads a line as VHS does. The error names any command that VHS would not understand either.
fn read(line: &str) -> Result<Step, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let times =
        || rest.parse().or(if rest.is_empty() { Ok(1) } else { Err(format!("`{line}`: not a number")) });
    Ok(match word {
        "" | "#" | "Output" | "Require" | "Set" | "Sleep" | "Hide" | "Show" => Step::Nothing,
        _ if line.starts_with('#') => Step::Nothing,
        "Type" => {
            let text = rest.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            Step::Keys(text.ok_or(format!("`{line}`: not in quotes"))?.into())
        }
        "Enter" => Step::Keys("\r".repeat(times()?)),
        "Escape" => Step::Keys("\u{1b}".repeat(times()?)),
        "Down" => Step::Keys("\u{1b}[B".repeat(times()?)),
        "Up" => Step::Keys("\u{1b}[A".repeat(times()?)),
        "Wait+Screen" => {
            let pattern = rest.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
            Step::Wait(pattern.ok_or(format!("`{line}`: no pattern"))?.replace('\\', ""))
        }
        _ => return Err(format!("`{line}`: not a command of VHS that is used here")),
    })
}

#[test]
fn the_demo_follows_its_script() {
    let script = include_str!("../demo.tape");
    let steps: Vec<Step> = script.lines().map(|line| read(line).expect("VHS understands it")).collect();
    let start = Step::Keys("regtui --demo".into());
    let at = steps.iter().position(|step| *step == start).expect("it starts regtui");
    let mut pty = Pty::open(150, 42);
    let home = tempfile::tempdir().expect("a folder");
    let mut command = regtui(&["--demo"]);
    command.env("HOME", home.path());
    let program = pty.start(command);
    // The line that starts it and its Enter are the shell's.
    let steps: Vec<&Step> = steps[at + 2..].iter().filter(|step| **step != Step::Nothing).collect();
    for (number, step) in steps.iter().enumerate() {
        match step {
            // A dialog takes no Enter right after it appeared: the script sleeps there, this test presses again.
            Step::Keys(keys) if keys == "\r" => match (&steps[number - 1], steps.get(number + 1)) {
                (Step::Wait(shown), Some(Step::Wait(pattern))) => pty.press_until(keys, shown, pattern),
                _ => pty.press(keys),
            },
            // Escape and a key in one breath would be Alt and that key.
            Step::Keys(keys) if keys == "\u{1b}" => {
                let Step::Wait(shown) = steps[number - 1] else {
                    panic!("Escape closes what was waited for")
                };
                pty.press(keys);
                pty.wait_until("Escape closes it", |screen| !screen.contents().contains(shown));
            }
            Step::Keys(keys) => {
                let was_refused = pty.text().contains(REFUSED);
                pty.press(keys);
                // A row takes no key right after the cursor came to it: the script sleeps there, this presses again.
                if let Some(Step::Wait(pattern)) = steps.get(number + 1).filter(|_| !was_refused) {
                    let is_shown = |contents: &str| pattern.split('|').any(|text| contents.contains(text));
                    pty.wait_until(pattern, |screen| {
                        is_shown(&screen.contents()) || screen.contents().contains(REFUSED)
                    });
                    if !is_shown(&pty.text()) {
                        pty.press_until(keys, REFUSED, pattern);
                    }
                }
            }
            Step::Wait(pattern) => pty.wait_until(pattern, |screen| {
                let contents = screen.contents();
                pattern.split('|').any(|text| contents.contains(text))
            }),
            Step::Nothing => {}
        }
    }
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
    // The registry is gone, and with it all that could be taken back.
    let state = crate::support::state::connect(&home.path().join(".local/state/regtui"));
    let entries: i64 = state.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).expect("a number");
    assert_eq!(entries, 0);
}
