//! Jobs, as a user of a terminal meets them: leaving while one runs, and pasted text that looks like keys.

use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{self, Demo, Store};

use crate::support::pty::{Program, Pty, regtui};
use crate::support::shell::changes;

/// The tags of `app`, with the cursor on one; a home that lasts as long as the program.
async fn opened() -> (Demo, Pty, Program, tempfile::TempDir) {
    let store = Store::new();
    let image = store.image("app").tag("1").label("number", "1").push();
    store.tag("app", "latest", image.digest);
    let demo = Demo::start(demo::DemoSettings::default(), store).await.expect("a port");
    let home = tempfile::tempdir().expect("a folder");
    let pty = Pty::open(120, 30);
    let target = format!("{}/app:1", demo.address());
    let mut command = regtui(&[&target]);
    command.env("HOME", home.path());
    let program = pty.start(command);
    pty.wait_until("both tags are listed", |screen| {
        let text = screen.contents();
        text.contains("latest") && text.contains("› 1")
    });
    (demo, pty, program, home)
}

/// Confirms the untag of the tag under the cursor, and waits until its DELETE waits at the gate.
async fn held_job(demo: &Demo, pty: &mut Pty) -> Gate {
    let gate = Gate::new();
    let hold = gate.clone();
    demo.fault(move |request, _| {
        (request.method == "DELETE" && request.path.ends_with("/manifests/1"))
            .then(|| Fault::Gate(hold.clone()))
    });
    pty.press("d");
    pty.wait_for("nothing is changed yet");
    pty.press_until("l", "nothing is changed yet", "▌Untag");
    pty.press_until("\r", "▌Untag", "1 job");
    gate.reached_by(1).await;
    gate
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_while_a_job_runs_asks_and_can_be_cancelled() {
    let (demo, mut pty, program, _home) = opened().await;
    let gate = held_job(&demo, &mut pty).await;
    pty.press("q");
    pty.wait_for("Jobs are running");
    pty.press("c");
    pty.wait_until("the question is gone", |screen| !screen.contents().contains("Jobs are running"));
    gate.open();
    pty.wait_for("`z` undoes it");
    pty.press("q");
    assert_eq!(program.wait(), Ok(0), "nothing runs, nothing is asked");
    assert_eq!(demo.store().tags("app"), ["latest"]);
    pty.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_leaves_when_the_last_job_has_ended() {
    let (demo, mut pty, program, _home) = opened().await;
    let gate = held_job(&demo, &mut pty).await;
    pty.press("q");
    pty.wait_for("Jobs are running");
    pty.press("w");
    gate.open();
    assert_eq!(program.wait(), Ok(0));
    assert_eq!(demo.store().tags("app"), ["latest"]);
    pty.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn control_c_asks_and_a_second_one_stops_and_leaves() {
    let (demo, mut pty, program, _home) = opened().await;
    let gate = held_job(&demo, &mut pty).await;
    pty.press("\x03");
    pty.wait_for("Jobs are running");
    pty.press("\x03");
    pty.wait_until("the question is gone", |screen| !screen.contents().contains("Jobs are running"));
    gate.open();
    assert_eq!(program.wait(), Ok(0));
    pty.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn insisting_leaves_although_a_job_does_not_end() {
    let (demo, mut pty, program, _home) = opened().await;
    let _gate = held_job(&demo, &mut pty).await;
    for _ in 0..2 {
        pty.press("\x03");
        pty.wait_for("Jobs are running");
        pty.press("\x03");
        pty.wait_until("the question is gone", |screen| !screen.contents().contains("Jobs are running"));
    }
    pty.wait_for("Ctrl-C ends at once");
    program.signal(rustix::process::Signal::INT);
    assert!(program.wait().is_ok());
    pty.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_gives_the_terminal_back_and_lets_a_job_finish_its_request() {
    let (demo, mut pty, program, _home) = opened().await;
    let gate = held_job(&demo, &mut pty).await;
    program.signal(rustix::process::Signal::TERM);
    pty.wait_for("closing the uploads and files of the jobs");
    gate.open();
    assert_eq!(program.wait(), Ok(130));
    pty.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_suspended_while_it_closes_if_no_shell_would_wake_it() {
    let (demo, mut pty, program, _home) = opened().await;
    let gate = held_job(&demo, &mut pty).await;
    program.signal(rustix::process::Signal::TERM);
    pty.wait_for("closing the uploads and files of the jobs");
    program.signal(rustix::process::Signal::TSTP);
    gate.open();
    assert_eq!(program.wait(), Ok(130));
    pty.assert_given_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_waits_until_the_files_of_an_extraction_are_removed() {
    use crate::support::layered::{StoredLayer, push_image};
    use crate::support::tars::Tar;

    let store = Store::new();
    let tar = Tar::default().directory(b"d/").file(b"d/file", b"content").end();
    push_image(&store, "1", &[StoredLayer::gzip(&tar)]);
    let demo = Demo::start(demo::DemoSettings::default(), store).await.expect("a port");
    let home = tempfile::tempdir().expect("a folder");
    let folder = tempfile::tempdir().expect("a folder");
    let mut pty = Pty::open(120, 30);
    let mut command = regtui(&[&format!("{}/app:1", demo.address())]);
    command.env("HOME", home.path());
    let program = pty.start(command);
    pty.wait_for("linux/amd64");
    pty.press("f");
    pty.wait_for("whole image, 1 layer");
    let gate = Gate::new();
    let hold = gate.clone();
    demo.fault(move |request, _| request.path.contains("/blobs/").then(|| Fault::Gate(hold.clone())));
    pty.press("x");
    pty.wait_for("nothing is written over");
    pty.press(&format!("\x15{}/out\r", folder.path().display()));
    pty.wait_for("Esc pauses");
    gate.reached_by(1).await;
    let names = || std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(names(), 1, "the part");
    pty.press("q");
    pty.wait_for("Jobs are running");
    pty.press("s");
    assert_eq!(program.wait(), Ok(0));
    assert_eq!(names(), 0);
    pty.assert_given_back();
}

/// 12 KiB of keys that would confirm much if a user pressed them: more than a terminal holds, and many times the amount
/// that is read between two frames.
fn paste() -> String {
    "Dy\ny\nyes\n".repeat(12 * 1024 / 9)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paste_sends_no_change() {
    for (opening, before, after) in [("", "", ""), ("", "\x1b[200~", "\x1b[201~"), ("d", "", "")] {
        let (demo, mut pty, program, _home) = opened().await;
        pty.press(opening);
        pty.press(&format!("{before}{}{after}", paste()));
        // Keys are taken in their order: when this one has ended it, all the others were taken before.
        pty.press("\x03");
        assert_eq!(program.wait(), Ok(0), "after `{opening}`, {before:?}");
        assert_eq!(changes(&demo), [""; 0], "after `{opening}`, {before:?}");
        assert_eq!(demo.store().tags("app"), ["1", "latest"], "after `{opening}`, {before:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paste_into_a_plan_that_is_shown_sends_no_change() {
    for (before, after) in [("\x1b[200~", "\x1b[201~"), ("", "")] {
        let (demo, mut pty, program, _home) = opened().await;
        pty.press("d");
        pty.wait_for("nothing is changed yet");
        pty.press_until("l", "nothing is changed yet", "▌Untag");
        pty.press(&format!("{before}{}{after}", paste()));
        pty.press("\x03");
        assert_eq!(program.wait(), Ok(0), "{before:?}");
        assert_eq!(changes(&demo), [""; 0], "{before:?}");
    }
}
