//! `regtui ls --long` on 1,000 tags with distinct configs, beside wrk on the same manifests and configs, and crane on the
//! same tags.

use std::path::Path;
use std::time::Duration;

use regtui::model::digest::Digest;

use super::{peers, servers};

const TAGS: usize = 1_000;

/// The tags are on distribution, which keeps its contents on disk as most registries do.
pub fn run() {
    let Some(server) = servers::distribution(TAGS) else { return };
    let host = server.host();
    let home = tempfile::tempdir().expect("a folder");
    let reference = format!("{host}/bench/app");
    let manifests: Vec<String> = (0..TAGS).map(servers::manifest_path).collect();
    let configs: Vec<String> =
        (0..TAGS).map(|n| format!("bench/app/blobs/{}", Digest::sha256(&servers::image(n).0))).collect();
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for run in 0..6 {
        let cold = tempfile::tempdir().expect("a folder");
        let rates = (
            peers::wrk(&host, home.path(), "GET", &manifests),
            peers::wrk(&host, home.path(), "GET", &configs),
        );
        let took = peers::time(peers::quiet(peers::REGTUI, cold.path()).args(["ls", "--long", &reference]));
        let warm = peers::time(peers::quiet(peers::REGTUI, cold.path()).args(["ls", "--long", &reference]));
        if run > 0 {
            ours.push((took, warm));
            theirs.extend(rates.0.zip(rates.1));
        }
    }
    ours.sort();
    let (cold, warm) = ours[ours.len() / 2];
    let rate = 2.0 * TAGS as f64 / cold.as_secs_f64();
    println!(
        "  regtui ls --long      {:.2} s, {rate:.0} requests/s; cached {:.2} s",
        cold.as_secs_f64(),
        warm.as_secs_f64()
    );
    if !theirs.is_empty() {
        let median = |mut rates: Vec<f64>| {
            rates.sort_by(f64::total_cmp);
            rates[rates.len() / 2]
        };
        let manifests = median(theirs.iter().map(|rates| rates.0).collect());
        let configs = median(theirs.iter().map(|rates| rates.1).collect());
        // As many of the one as of the other.
        let both = 2.0 / (1.0 / manifests + 1.0 / configs);
        println!(
            "  wrk -c8               {manifests:.0} manifests/s, {configs:.0} configs/s, so {both:.0} requests/s of \
             these: regtui has {:.2} of it, {:.2} of manifests alone",
            rate / both,
            rate / manifests
        );
    }
    if let Some(theirs) = crane(&reference, home.path()) {
        println!(
            "  crane, xargs -P8      {:.1} s: regtui is {:.1} times faster",
            theirs.as_secs_f64(),
            theirs.as_secs_f64() / cold.as_secs_f64()
        );
    }
}

/// `crane manifest` and `crane config` for each tag, eight tags at a time.
fn crane(reference: &str, home: &Path) -> Option<Duration> {
    let crane = peers::find("crane")?;
    let crane = crane.display();
    let script = format!(
        "seq 0 {} | xargs -P8 -I@ sh -c '{crane} manifest {reference}:1.@.0 && {crane} config {reference}:1.@.0'",
        TAGS - 1
    );
    Some(peers::time(peers::quiet("sh", home).args(["-c", &script])))
}
