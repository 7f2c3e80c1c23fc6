//! Flags, the environment and the configuration: their positions and their precedence.

use std::process::{Output, Stdio};

use regtui::demo::faults::Fault;
use regtui::demo::{self, Demo, Store};
use tokio::process::Command;

/// A registry with one image, and a home with this configuration.
async fn open(config: &str) -> (Demo, tempfile::TempDir) {
    let store = Store::new();
    store.image("app").tag("1").push();
    let demo = Demo::start(demo::DemoSettings::default(), store).await.expect("a port");
    let home = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(home.path().join(".config/regtui")).expect("a folder");
    std::fs::write(home.path().join(".config/regtui/config.toml"), config).expect("a file");
    (demo, home)
}

fn regtui(home: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_regtui"));
    command
        .args(arguments)
        .env_clear()
        .env("REGTUI_SYSTEM_REGISTRIES", "false")
        .env("HOME", home.path())
        .stdin(Stdio::null());
    command
}

async fn outcome(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().await.expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

#[tokio::test]
async fn options_stand_before_a_subcommand_and_after_it() {
    let (demo, home) = open("").await;
    let host = demo.address().to_string();
    for arguments in [
        &["--plain-http", "--no-cache", "ls", &host][..],
        &["ls", "--plain-http", "--no-cache", &host],
        &["ls", &host, "--read-only", "--color", "never"],
        &["--theme", "dark", "ls", &host],
    ] {
        let found = outcome(regtui(&home, arguments)).await;
        assert_eq!(found, (Some(0), "app\n".into(), String::new()), "{arguments:?}");
    }
}

#[tokio::test]
async fn options_of_the_ui_are_refused_beside_a_subcommand() {
    let (demo, home) = open("").await;
    let host = demo.address().to_string();
    let (code, stdout, stderr) = outcome(regtui(&home, &["--demo", "ls", &host])).await;
    assert!(code == Some(2) && stdout.is_empty() && stderr.contains("regtui ls TARGET"), "{code:?} {stderr}");
}

#[tokio::test]
async fn the_environment_goes_before_the_file_and_a_flag_before_both() {
    let (demo, home) = open("log_file = \"/nonexistent/folder/of-the-file\"").await;
    let host = demo.address().to_string();
    let (_, _, of_file) = outcome(regtui(&home, &["ls", &host])).await;
    assert!(of_file.contains("/nonexistent/folder/of-the-file"), "{of_file}");
    let environment = |arguments: &[&str]| {
        let mut command = regtui(&home, arguments);
        command.env("REGTUI_LOG_FILE", "/nonexistent/folder/of-the-environment");
        command
    };
    let (code, _, of_environment) = outcome(environment(&["ls", &host])).await;
    assert!(
        code == Some(2) && of_environment.contains("/nonexistent/folder/of-the-environment"),
        "{of_environment}"
    );
    let log = home.path().join("log");
    let log = log.to_str().expect("a path");
    let (code, ..) = outcome(environment(&["ls", &host, "--log-file", log])).await;
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn wrong_settings_are_said_before_anything_is_done() {
    let (demo, home) = open("mose = true").await;
    let host = demo.address().to_string();
    let (code, _, stderr) = outcome(regtui(&home, &["ls", &host])).await;
    assert!(code == Some(2) && stderr.contains("config.toml") && stderr.contains("mose"), "{stderr}");
    let (demo, home) = open("timeout = 0").await;
    let host = demo.address().to_string();
    let (code, _, stderr) = outcome(regtui(&home, &["ls", &host])).await;
    assert!(code == Some(2) && stderr.contains("timeout = 0: 1 to 3600 seconds"), "{stderr}");
    let (demo, home) = open("").await;
    let host = demo.address().to_string();
    for (arguments, said) in [
        (&["ls", "--ca-file", "/nonexistent/folder/ca.pem", &host][..], "/nonexistent/folder/ca.pem"),
        (&["ls", "--sort", "date", &format!("{host}/app")], "needs `--long`"),
        (&["ls", "--log-file", "/dev/null", "--log-level", "loud", &host], "loud"),
        (&["ls", &format!("{host}/app:1")], "regtui inspect"),
        (&["ls", "--timeout", "0", &host], "--timeout"),
    ] {
        let (code, stdout, stderr) = outcome(regtui(&home, arguments)).await;
        assert!(code == Some(2) && stdout.is_empty() && stderr.contains(said), "{arguments:?}: {stderr}");
    }
    assert_eq!(demo.requests().len(), 0);
}

#[tokio::test]
async fn a_tag_that_cannot_be_read_costs_its_own_line_and_the_exit_code() {
    let (demo, home) = open("").await;
    demo.store().image("app").tag("2").label("number", "2").push();
    demo.fault(|request, _| (request.path == "/v2/app/manifests/2").then(|| Fault::status(404)));
    let target = format!("{}/app", demo.address());
    let (code, stdout, stderr) = outcome(regtui(&home, &["ls", "--long", &target])).await;
    let rows: Vec<&str> = stdout.lines().collect();
    assert!(code == Some(1) && rows.len() == 3 && rows[1].starts_with("2    ?"), "{stdout}");
    assert!(rows[2].starts_with("1    ") && stderr.contains("app:2"), "{stdout}{stderr}");
    let (code, stdout, _) = outcome(regtui(&home, &["ls", "--long", "--json", &target])).await;
    let lines: Vec<serde_json::Value> =
        stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((code, lines.len(), &lines[0]["tag"]), (Some(1), 2, &"2".into()));
    assert!(lines[0]["error"]["what"].is_string() && lines[1]["digest"].is_string(), "{stdout}");
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupted_subcommand_exits_with_130() {
    use regtui::demo::faults::Gate;
    use rustix::process::{Pid, Signal, kill_process};

    let (demo, home) = open("").await;
    let gate = Gate::new();
    let held = gate.clone();
    demo.fault(move |_, _| Some(Fault::Gate(held.clone())));
    let mut child = regtui(&home, &["ls", &demo.address().to_string()]).spawn().expect("it runs");
    gate.reached_by(1).await;
    let id = child.id().and_then(|id| Pid::from_raw(id as i32)).expect("it runs");
    kill_process(id, Signal::INT).expect("it runs");
    assert_eq!(child.wait().await.expect("it ends").code(), Some(130));
}

#[cfg(unix)]
#[tokio::test]
async fn names_are_printed_as_soon_as_their_page_arrives() {
    use regtui::demo::faults::Gate;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

    let store = Store::new();
    (0..300).for_each(|number| store.create(&format!("r{number:03}")));
    let demo = Demo::start(demo::DemoSettings::default(), store).await.expect("a port");
    let (gate, home) = (Gate::new(), tempfile::tempdir().expect("a folder"));
    let held = gate.clone();
    demo.fault(move |request, nth| {
        (request.path == "/v2/_catalog" && nth > 1).then(|| Fault::Gate(held.clone()))
    });
    let host = demo.address().to_string();
    let mut child = regtui(&home, &["ls", &host]).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut printed = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut first = String::new();
    printed.read_line(&mut first).await.expect("a line while the second page is held");
    assert_eq!(first, "r000\n");
    gate.open();
    let mut rest = String::new();
    printed.read_to_string(&mut rest).await.expect("the rest");
    assert_eq!(rest.lines().count(), 299);
}

/// Every kind of missing terminal, except the one that only a terminal shows (`tests/pty`).
#[tokio::test]
async fn without_a_terminal_the_ui_refuses_in_one_line_and_writes_no_escapes() {
    let (demo, home) = open("").await;
    let host = demo.address().to_string();
    for arguments in [&["--demo"][..], &[&host], &[]] {
        for term in ["xterm-256color", "dumb", ""] {
            let mut command = regtui(&home, arguments);
            command.env("TERM", term);
            let (code, stdout, stderr) = outcome(command).await;
            assert_eq!((code, stdout.as_str(), stderr.lines().count()), (Some(2), "", 1), "{stderr}");
            assert!(stderr.contains("regtui ls TARGET") && !stderr.contains('\u{1b}'), "{stderr}");
        }
    }
    assert_eq!(demo.requests().len(), 0);
}

#[tokio::test]
async fn a_refusal_names_the_flag_or_the_variable_that_forbids_every_change() {
    let (demo, home) = open("").await;
    let image = format!("{}/app:1", demo.address());
    for (flag, variable, named) in [(true, false, "`--read-only`"), (false, true, "`REGTUI_READ_ONLY`")] {
        let mut arguments = vec!["tag", &image, "2", "--yes"];
        arguments.extend(flag.then_some("--read-only"));
        let mut command = regtui(&home, &arguments);
        if variable {
            command.env("REGTUI_READ_ONLY", "1");
        }
        let (code, _, said) = outcome(command).await;
        assert!(code != Some(0) && said.contains(&format!("{named} refuses every change")), "{said}");
    }
}
