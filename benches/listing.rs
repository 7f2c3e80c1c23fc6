//! All of a registry's 2,000 repositories, beside `crane catalog`.

use super::{peers, servers};

/// `regtui ls` and `crane catalog` in turn.
pub fn run() {
    let Some(crane) = peers::find("crane") else { return };
    let home = tempfile::tempdir().expect("a folder");
    let registry = servers::memory(2_000, 0);
    let host = registry.host();
    let ours = || {
        let mut command = peers::quiet(peers::REGTUI, home.path());
        command.args(["ls", &host]);
        command
    };
    let theirs = || {
        let mut command = peers::quiet(&crane, home.path());
        command.args(["catalog", &host]);
        command
    };
    let [ours, theirs] = peers::in_turn(15, ours, theirs);
    println!("  regtui ls      {ours}");
    println!("  crane catalog  {theirs}");
    println!(
        "  regtui takes {:.2} of crane's time",
        ours.median().as_secs_f64() / theirs.median().as_secs_f64()
    );
}
