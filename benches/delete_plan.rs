//! The plan of a delete in a repository of 1,000 tags: every tag is asked for its digest by HEAD. Beside wrk, which waits
//! for the body that an answer to HEAD announces and does not have, so it gets the same small manifests.

use super::{peers, servers};

const TAGS: usize = 1_000;

/// Only plans: `--dry-run`.
pub fn run() {
    let Some(server) = servers::distribution(TAGS) else { return };
    let host = server.host();
    let home = tempfile::tempdir().expect("a folder");
    let paths: Vec<String> = (0..TAGS).map(servers::manifest_path).collect();
    let reference = format!("{host}/bench/app:{}", servers::tag(0));
    let plan = ["delete", "--image", "--dry-run", "--no-cache", &reference];
    let mut runs = Vec::new();
    let mut peer = Vec::new();
    for _ in 0..5 {
        peer.extend(peers::wrk(&host, home.path(), "GET", &paths));
        runs.push(peers::time(peers::quiet(peers::REGTUI, home.path()).args(plan)));
    }
    runs.sort();
    peer.sort_by(f64::total_cmp);
    let took = runs[runs.len() / 2].as_secs_f64();
    let rate = TAGS as f64 / took;
    println!("  plan of a delete, 1,000 tags  {took:.2} s, {rate:.0} tags/s");
    if let Some(theirs) = peer.get(peer.len() / 2) {
        println!(
            "  wrk -c8, the same by GET      {theirs:.0} requests/s: regtui has {:.2} of it",
            rate / theirs
        );
    }
}
