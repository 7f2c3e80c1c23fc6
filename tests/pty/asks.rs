//! A subcommand that changes something asks on its terminal, and accepts nothing but an answer.

use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{self, Demo, Store};

use crate::support::pty::{Program, Pty, regtui};
use crate::support::shell::changes;

/// `regtui delete` of these tags of `app`, in a terminal; the registry has 1 and 2, and no answer comes through a closed
/// gate.
async fn deleting(tags: &[&str], gate: Option<Gate>) -> (Demo, Pty, Program, tempfile::TempDir) {
    let store = Store::new();
    store.image("app").tag("1").label("number", "1").push();
    store.image("app").tag("2").label("number", "2").push();
    let demo = Demo::start(demo::DemoSettings::default(), store).await.expect("a port");
    if let Some(gate) = gate {
        demo.fault(move |_, _| Some(Fault::Gate(gate.clone())));
    }
    let images: Vec<String> = tags.iter().map(|tag| format!("{}/app:{tag}", demo.address())).collect();
    let home = tempfile::tempdir().expect("a folder");
    let pty = Pty::open(100, 40);
    let arguments: Vec<&str> = ["delete"].into_iter().chain(images.iter().map(String::as_str)).collect();
    let mut command = regtui(&arguments);
    command.env("HOME", home.path());
    let program = pty.start(command);
    (demo, pty, program, home)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_is_a_yes_and_anything_else_is_a_no() {
    for (answer, code, left) in [("y\r", 0, 1), ("n\r", 1, 2), ("\r", 1, 2), ("Dy\r", 1, 2), ("\x04", 1, 2)] {
        let (demo, mut pty, program, _home) = deleting(&["1"], None).await;
        pty.wait_for("go on? [y/N]");
        pty.press(answer);
        assert_eq!(program.wait(), Ok(code), "{answer:?}: {}", pty.text());
        assert_eq!(demo.store().tags("app").len(), left, "{answer:?}");
        pty.assert_given_back();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_typed_before_the_question_are_no_answer() {
    let gate = Gate::new();
    let (demo, mut pty, program, _home) = deleting(&["1"], Some(gate.clone())).await;
    gate.reached_by(1).await;
    pty.press("y\ry\ryes\r");
    pty.wait_for("yes");
    gate.open();
    pty.wait_for("go on? [y/N]");
    pty.press("\r");
    assert_eq!(program.wait(), Ok(1), "{}", pty.text());
    assert_eq!(changes(&demo), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_one_image_asks_for_the_name() {
    for (answer, code) in [("y\r", 1), ("yes\r", 1), ("ap\r", 1), ("app\r", 0)] {
        let (demo, mut pty, program, _home) = deleting(&["1", "2"], None).await;
        pty.wait_for("type `app` to go on:");
        pty.press(answer);
        assert_eq!(program.wait(), Ok(code), "{answer:?}: {}", pty.text());
        assert_eq!(demo.store().tags("app").is_empty(), code == 0, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paste_at_the_question_changes_nothing() {
    let (demo, mut pty, program, _home) = deleting(&["1"], None).await;
    pty.wait_for("go on? [y/N]");
    pty.press(&"Dy\ny\nyes\n".repeat(300));
    assert_eq!(program.wait(), Ok(1), "{}", pty.text());
    assert_eq!(changes(&demo), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paste_that_began_before_the_question_changes_nothing() {
    let lines = "Dy\ry\ryes\r";
    // More than a terminal takes at once: the rest comes after the beginning was thrown away, and its first characters
    // depend on the place of the cut.
    for shift in [0, 1, 3, 4] {
        let text = format!("{}{}", &lines[shift..], lines.repeat(64 * 1024 / lines.len()));
        let gate = Gate::new();
        let (demo, mut keys, program, _home) = deleting(&["1"], Some(gate.clone())).await;
        gate.reached_by(1).await;
        // No process reads the rest if the program ends too early, so the test does not wait for that.
        let (begun, begins) = std::sync::mpsc::channel();
        let _pasting = std::thread::spawn(move || {
            keys.press(&text[..100]);
            keys.wait_for("yes");
            begun.send(()).expect("somebody waits");
            keys.press(&text[100..]);
            keys.wait_for("go on? [y/N]");
            keys.press("n\r");
            keys
        });
        begins.recv().expect("it begins");
        gate.open();
        assert_eq!(program.wait(), Ok(1), "from {shift}");
        assert_eq!(changes(&demo), [""; 0], "from {shift}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_with_more_behind_it_is_a_no() {
    let (demo, mut pty, program, _home) = deleting(&["1"], None).await;
    pty.wait_for("go on? [y/N]");
    pty.press(&"y\r".repeat(1000));
    assert_eq!(program.wait(), Ok(1), "{}", pty.text());
    assert_eq!(changes(&demo), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn control_c_at_the_question_changes_nothing() {
    let (demo, mut pty, program, _home) = deleting(&["1"], None).await;
    pty.wait_for("go on? [y/N]");
    pty.press("\x03");
    assert_eq!(program.wait(), Ok(130), "{}", pty.text());
    assert_eq!(changes(&demo), [""; 0]);
    pty.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_one_line_that_goes_away() {
    let (demo, mut pty, program, _home) = deleting(&["1"], None).await;
    pty.wait_for("go on? [y/N]");
    let gate = Gate::new();
    let hold = gate.clone();
    demo.fault(move |request, _| (request.method == "DELETE").then(|| Fault::Gate(hold.clone())));
    pty.press("y\r");
    pty.wait_for("0 of 1");
    gate.open();
    assert_eq!(program.wait(), Ok(0));
    pty.wait_until("the line is gone", |screen| !screen.contents().contains("0 of 1"));
    pty.wait_for("regtui undo");
    pty.assert_given_back();
}
