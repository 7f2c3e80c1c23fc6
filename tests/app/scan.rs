//! Scans from the panes, with a registry in memory and small programs in the place of scanners.

use std::os::unix::fs::PermissionsExt;

use regtui::app::msg::Msg;
use regtui::app::settings::{AppSettings, FoundScanner};
use regtui::client::ClientSettings;
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::reference::Target;
use regtui::ops::scan::find_scanner;
use tempfile::TempDir;

use crate::cli::scan::TRIVY;
use crate::support::app::App;
use crate::support::harness::{Harness, key_of};
use crate::support::{programs, registry};

/// A folder with a program `trivy`. It notes each run, and then does what the script says.
struct Programs(TempDir);

impl Programs {
    fn new(script: &str) -> Programs {
        let programs = Programs(tempfile::tempdir().expect("a folder"));
        programs.install(script);
        programs
    }

    fn install(&self, script: &str) {
        let folder = self.0.path();
        let path = folder.join("trivy");
        let version = "[ \"$1\" = --version ] && echo 'Version: 0.70.1' && exit";
        let note = format!("echo \"$@\" >> {}/runs", folder.display());
        std::fs::write(&path, format!("#!/bin/sh\n{version}\n{note}\n{script}\n")).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    fn found(&self) -> FoundScanner {
        find_scanner(None, 60, self.0.path().as_os_str()).into()
    }

    fn runs(&self) -> usize {
        std::fs::read_to_string(self.0.path().join("runs")).map_or(0, |text| text.lines().count())
    }
}

fn reports() -> String {
    format!("cat <<'END'\n{TRIVY}\nEND")
}

/// Opens `app` with the tags 1 and 2, which can be scanned.
async fn open(programs: &Programs) -> Harness {
    let store = Store::new();
    store.image("app").label("n", "1").tag("1").push();
    store.image("app").label("n", "2").tag("2").push();
    let mut harness = Harness::open(DemoSettings::default(), store, "/app").await;
    harness.state.settings.scanner = programs.found();
    harness.press("3").await;
    harness.resize(150, 42).await;
    harness
}

/// Goes to the Referrers tab.
async fn to_referrers(harness: &mut Harness) {
    harness.press("4").await;
    for _ in 0..6 {
        if harness.screen().contains("local scan") {
            return;
        }
        harness.press("]").await;
    }
}

#[tokio::test]
async fn a_scan_runs_as_a_job_and_its_result_stays_with_the_image() {
    let programs = Programs::new(&reports());
    let mut harness = open(&programs).await;
    harness.press("V").await;
    harness.shows("1 high, 1 low, by trivy 0.70.1 · scan app:2");
    to_referrers(&mut harness).await;
    harness.shows("local scan");
    harness.shows("this machine");
    harness.press("Enter").await;
    for text in ["SEVERITY", "CVE-2026-0001", "openssl", "3.5.2-r0", "trivy 0.70.1", "2 findings"] {
        harness.shows(text);
    }
    harness.press("/").await;
    harness.type_text("zlib").await;
    harness.shows("CVE-2026-0003");
    harness.does_not_show("CVE-2026-0001");
    harness.press("Enter y").await;
    assert_eq!(harness.copied, ["CVE-2026-0003"]);
    harness.press("Esc").await;
    harness.shows("CVE-2026-0001");
    harness.press("Esc").await;
    assert_eq!(programs.runs(), 1, "a look at the result runs nothing");
    harness.press("V").await;
    assert_eq!(programs.runs(), 2, "the key scans again");
}

#[tokio::test]
async fn a_result_is_kept_for_the_next_run() {
    let programs = Programs::new(&reports());
    let cache = tempfile::tempdir().expect("a folder");
    let open = async || {
        let store = Store::new();
        store.image("app").tag("1").push();
        let demo = Demo::start(DemoSettings::default(), store).await.expect("a port");
        let target = Target::parse(&format!("{}/app", demo.address())).expect("a target");
        let settings = AppSettings { scanner: programs.found(), ..AppSettings::default() };
        let client = ClientSettings { cache: Some(cache.path().into()), ..registry::settings() };
        let mut harness = Harness::with(demo, vec![target], settings, client).await;
        harness.press("3").await;
        harness.press("# s").await;
        harness
    };
    let mut first = open().await;
    first.press("V").await;
    first.shows("   0   1   0   1");
    open().await.shows("   0   1   0   1");
    assert_eq!(programs.runs(), 1);
}

#[tokio::test]
async fn marked_images_are_scanned_and_their_findings_stand_in_a_column() {
    let programs = Programs::new(&reports());
    let mut harness = open(&programs).await;
    harness.press("# s").await;
    harness.shows("C   H   M   L");
    harness.press("Space Space V").await;
    harness.shows("done: scan 2 images of app");
    assert_eq!(programs.runs(), 2);
    let screen = harness.screen();
    let rows = screen.lines().filter(|line| line.contains("   0   1   0   1"));
    assert_eq!(rows.count(), 2, "{screen}");
    harness.press("w Enter").await;
    harness.shows("1 high, 1 low, by trivy 0.70.1");
    harness.press("Esc Esc").await;
    harness.press(":").await;
    harness.type_text("columns scan").await;
    harness.press("Enter").await;
    harness.does_not_show("C   H   M   L");
    harness.press(":").await;
    harness.type_text("columns odd").await;
    harness.press("Enter").await;
    harness.shows("the columns are `base` and `scan`");
}

#[tokio::test]
async fn a_scan_that_failed_says_why_and_is_tried_again_from_the_jobs() {
    let programs = Programs::new("echo 'unauthorized: log in first' >&2; exit 1");
    let mut harness = open(&programs).await;
    harness.press("V").await;
    harness.shows("unauthorized: log in first");
    programs.install(&reports());
    harness.press("w r").await;
    assert_eq!(programs.runs(), 2);
    harness.press("Esc").await;
    harness.shows("1 high, 1 low");
}

#[tokio::test]
async fn a_scan_is_stopped_with_its_program() {
    let programs = Programs::new("echo $$ > \"$0.pid\"; exec sleep 3600");
    let mut harness = open(&programs).await;
    harness.wait(300);
    harness.take(Msg::Key(key_of("V")));
    let file = programs.0.path().join("trivy.pid");
    let pid = programs::until_started(&file).await;
    harness.press("w s").await;
    harness.shows("stopped, 1 of 1 not done");
    programs::until_over(&pid).await;
}

#[tokio::test]
async fn many_bytes_are_scanned_only_after_a_question() {
    let programs = Programs::new(&reports());
    let mut harness = Harness::sample().await;
    harness.state.settings.scanner = programs.found();
    harness.press("/").await;
    harness.type_text("base/debian").await;
    harness.press("Enter l V").await;
    harness.shows("trivy may pull up to");
    harness.press("c").await;
    assert_eq!(programs.runs(), 0);
    harness.press("V s").await;
    assert_eq!(programs.runs(), 1);
}

#[test]
fn without_a_scanner_the_key_says_why() {
    let mut app = App::at_tags();
    app.state.settings.scanner = FoundScanner::Missing("neither `trivy` nor `grype` is in PATH".into());
    app.press("V");
    assert_eq!(app.toast(), "neither `trivy` nor `grype` is in PATH");
    assert!(app.cmds().is_empty());
}
