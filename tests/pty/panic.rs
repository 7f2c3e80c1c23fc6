//! Panics, in the loop and in a task: the terminal is given back, and the report can be read.
//!
//! regtui has no panic of its own, so a program with one is run: this test binary, in a terminal, with one of its
//! ignored tests.

use portable_pty::CommandBuilder;
use regtui::app::settings::AppSettings;
use regtui::client::http::log::Sink;
use regtui::client::{self, Pool};
use regtui::demo::{self, Demo};
use regtui::model::change::rules::Rules;
use regtui::model::reference::Target;
use regtui::ops::context::ChangeContext;
use regtui::ops::journal::Journal;
use regtui::runtime::{self, Inbox, RuntimeOptions};
use regtui::store::state::StateStore;
use tokio::sync::Notify;

use crate::support::pty::{Pty, bare};

#[test]
fn a_panic_in_the_loop_gives_the_terminal_back_and_is_reported() {
    let pty = Pty::open(120, 30);
    let child = pty.start(this("pty::panic::the_loop_panics"));
    assert_eq!(child.wait(), Ok(101));
    pty.assert_given_back();
    assert!(pty.text().contains("the loop panics on purpose"), "{}", pty.text());
}

#[test]
fn a_panic_in_a_task_gives_the_terminal_back_and_is_reported() {
    let pty = Pty::open(120, 30);
    let child = pty.start(this("pty::panic::a_task_panics"));
    assert_eq!(child.wait(), Ok(101));
    pty.assert_given_back();
    assert!(pty.text().contains("a task panics on purpose"), "{}", pty.text());
}

/// One test of this binary as a program.
fn this(test: &str) -> CommandBuilder {
    let program = std::env::current_exe().expect("this test");
    let mut command = CommandBuilder::new(program);
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    bare(&mut command);
    command
}

// The panic hook belongs to a process of its own with a terminal: the tests above start this binary again with `--ignored` and
// the name of one of these two. As tests of this process they would end it.
#[test]
#[ignore = "a program for another test, which gives it a terminal"]
fn the_loop_panics() {
    run(|()| panic!("the loop panics on purpose"), |()| {});
}

#[test]
#[ignore = "a program for another test, which gives it a terminal"]
fn a_task_panics() {
    run(|()| {}, |()| panic!("a task panics on purpose"));
}

/// Runs the UI. After the first request, calls one function in the loop and the other one in the task of the request.
fn run(in_loop: impl Fn(()), in_task: impl Fn(()) + Send + Sync + 'static) {
    static ASKED: Notify = Notify::const_new();

    runtime::install_panic_hook().expect("the first hook");
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = tokio.expect("a runtime").block_on(async {
        let demo = Demo::start(demo::DemoSettings::default(), demo::content::sample()).await.expect("a port");
        let target = Target::parse(&demo.address().to_string()).expect("a registry");
        let sink = Sink::new(move |_| {
            ASKED.notify_one();
            in_task(());
        });
        let pool = Pool::new(client::ClientSettings { sink, ..client::ClientSettings::default() });
        let journal = Journal::new(StateStore::new(None));
        let context = ChangeContext { pool, rules: Rules::default(), journal };
        let settings = AppSettings { theme: "terminal".into(), ..AppSettings::default() };
        let options = RuntimeOptions {
            settings,
            targets: vec![target],
            mouse: true,
            colour: true,
            memory: StateStore::new(None),
        };
        let after_request = async {
            ASKED.notified().await;
            in_loop(());
            std::future::pending().await
        };
        tokio::select! {
            outcome = runtime::run(options, context, Inbox::default()) => outcome,
            never = after_request => never,
        }
    });
    outcome.expect("it ends with a panic");
}
