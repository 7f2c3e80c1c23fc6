//! The conformance suite of the distribution-spec against the in-memory registry, which most tests trust.

use regtui::demo::{Demo, DemoSettings, Store};
use tokio::process::Command;

use crate::support::servers::{self, CONFORMANCE};

/// How many of its 858 tests pass, fail, break, are skipped and are disabled. A mount without a source and a range that
/// runs backwards may be refused, and are skipped then; closing an upload is part of no published version yet.
const COUNTS: [(&str, u32); 5] = [("Pass", 852), ("FAIL", 0), ("Error", 0), ("Skip", 4), ("Disabled", 2)];

#[tokio::test]
async fn the_in_memory_registry_passes_the_conformance_suite_of_the_distribution_spec() {
    let Some(program) = servers::program(CONFORMANCE) else { return };
    let demo = Demo::start(DemoSettings::default(), Store::new()).await.expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let mut suite = Command::new(program);
    suite.env_clear().current_dir(folder.path()).kill_on_drop(true);
    suite.env("OCI_REGISTRY", demo.address().to_string()).env("OCI_TLS", "disabled");
    suite.env("OCI_REPO1", "conformance/repo1").env("OCI_REPO2", "conformance/repo2");
    suite.env("OCI_RESULTS_DIR", folder.path());
    let ended = suite.output().await.expect("it runs");
    let text = String::from_utf8_lossy(&ended.stdout);
    // `  Pass..........................:        852`
    let count = |status: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(&format!("{status}...")))?;
        line.rsplit(' ').next()?.parse::<u32>().ok()
    };
    let counts = COUNTS.map(|(status, _)| (status, count(status)));
    println!("conformance: {counts:?}");
    let failed: Vec<&str> = text.lines().filter(|line| line.ends_with(": FAIL")).collect();
    assert!(ended.status.success() && failed.is_empty(), "{failed:#?}\n{text}");
    assert_eq!(counts, COUNTS.map(|(status, number)| (status, Some(number))), "{text}");
}
