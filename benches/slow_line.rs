//! A registry at a distance: `regtui ls --long` of 1,000 tags over a line with a round trip of 100 ms, beside wrk with 32
//! connections and crane; and the round trips from the start to the first details.

use std::time::Duration;

use regtui::model::digest::Digest;

use super::delay::Delay;
use super::screen::Screen;
use super::{peers, servers};

const TAGS: usize = 1_000;
/// The tags that crane is given; its time is scaled up.
const TAGS_OF_CRANE: usize = 100;
const ONE_WAY: Duration = Duration::from_millis(50);

/// The tags are on distribution behind the line.
pub fn run() {
    let Some(server) = servers::distribution(TAGS) else { return };
    let line = Delay::before(&server.host(), ONE_WAY);
    let host = line.host();
    let home = tempfile::tempdir().expect("a folder");
    let reference = format!("{host}/bench/app");
    let manifests: Vec<String> = (0..TAGS).map(servers::manifest_path).collect();
    let configs: Vec<String> =
        (0..TAGS).map(|n| format!("bench/app/blobs/{}", Digest::sha256(&servers::image(n).0))).collect();
    let wrk = |paths: &[String]| peers::wrk_with(32, &host, home.path(), "GET", paths);
    let mut times = Vec::new();
    for _ in 0..3 {
        let cold = tempfile::tempdir().expect("a folder");
        times.push(peers::time(peers::quiet(peers::REGTUI, cold.path()).args(["ls", "--long", &reference])));
    }
    times.sort();
    let ours = times[times.len() / 2].as_secs_f64();
    println!("  regtui ls --long      {ours:.1} s for {TAGS} tags, a round trip takes {:?}", 2 * ONE_WAY);
    if let Some((manifests, configs)) = wrk(&manifests).zip(wrk(&configs)) {
        let theirs = TAGS as f64 / manifests + TAGS as f64 / configs;
        println!(
            "  wrk -c32              {theirs:.1} s for these requests: regtui takes {:.2} of it",
            ours / theirs
        );
    }
    if let Some(crane) = peers::find("crane") {
        let crane = crane.display();
        let script = format!(
            "seq 0 {} | xargs -P8 -I@ sh -c '{crane} manifest {reference}:1.@.0 && {crane} config {reference}:1.@.0'",
            TAGS_OF_CRANE - 1
        );
        let took = peers::time(peers::quiet("sh", home.path()).args(["-c", &script]));
        let theirs = took.as_secs_f64() * (TAGS / TAGS_OF_CRANE) as f64;
        println!(
            "  crane, xargs -P8      {theirs:.0} s, scaled up from {TAGS_OF_CRANE} tags: regtui is {:.1} times faster",
            theirs / ours
        );
    }
    // Only a loopback address is greeted with TLS first, which costs two round trips.
    for (arguments, how) in [(&["--plain-http"][..], "as elsewhere"), (&[], "with the check for TLS")] {
        let arguments: Vec<&str> = arguments.iter().copied().chain([reference.as_str()]).collect();
        let mut starts: Vec<Duration> = (0..5).map(|_| time_to_details(&arguments)).collect();
        starts.sort();
        let middle = starts[starts.len() / 2];
        let trips = middle.as_secs_f64() / (2 * ONE_WAY).as_secs_f64();
        println!(
            "  start to first details  {:.0} ms: {trips:.1} round trips, {how}",
            middle.as_secs_f64() * 1e3
        );
    }
}

/// The time from the start of the program to the config's command on the screen.
fn time_to_details(arguments: &[&str]) -> Duration {
    let home = tempfile::tempdir().expect("a folder");
    let screen = Screen::start(arguments, home.path());
    screen.wait(|text| text.contains("linux/amd64"));
    screen.age()
}
