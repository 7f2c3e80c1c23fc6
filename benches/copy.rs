//! Copies between two of distribution's registries on loopback, beside `skopeo copy` and `crane copy`.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::peers::{self, Usage};
use super::servers::{self, Distribution};

const MIB: usize = 1024 * 1024;
const RUNS: usize = 5;
const TAGS: usize = 50;

/// One large layer, five layers, and many tags that share layers.
pub fn run() {
    let Some(source) = servers::distribution(0) else { return };
    let source = source.host();
    servers::push(&source, "large", &[noise(1, 256 * MIB)]);
    beside_peers(&source, "one layer of 256 MiB", "large");
    let sizes = [64, 32, 16, 8, 4];
    let layers: Vec<Vec<u8>> = (2..).zip(sizes).map(|(seed, size)| noise(seed, size * MIB)).collect();
    servers::push(&source, "five", &layers);
    beside_peers(&source, "five layers of 124 MiB", "five");
    many_tags();
}

/// An empty registry to copy to. Each copy gets its own: skopeo remembers forever which registry has which blob.
fn empty() -> Distribution {
    servers::distribution(0).expect("the source was started as well")
}

/// Runs each tool in turn, without a memory of the last run.
fn beside_peers(source: &str, what: &str, tag: &str) {
    println!("  {what}");
    let tools: Vec<Tool> =
        [Tool::Regtui, Tool::Skopeo, Tool::Crane].into_iter().filter(|tool| tool.is_there()).collect();
    let mut all: Vec<Vec<Usage>> = tools.iter().map(|_| Vec::new()).collect();
    for run in 0..=RUNS {
        for (used, tool) in all.iter_mut().zip(&tools) {
            let home = tempfile::tempdir().expect("a folder");
            let destination = empty();
            let (from, to) = (format!("{source}/bench/app"), format!("{}/bench/app", destination.host()));
            let usage = peers::usage(&mut tool.copy(&from, &to, tag, home.path()));
            if run > 0 {
                used.push(usage);
            }
        }
    }
    for (tool, used) in tools.iter().zip(&all) {
        println!("    {:6} copy  {}", tool.name(), median(used));
    }
}

/// A whole repository by one process, and each of its tags by one of skopeo's.
fn many_tags() {
    let source = empty();
    let shared: Vec<Vec<u8>> = (10..).zip([16, 4, 1]).map(|(seed, size)| noise(seed, size * MIB)).collect();
    for (number, seed) in (0..TAGS).zip(100..) {
        let own = noise(seed, 64 * 1024);
        servers::push(&source.host(), &servers::tag(number), &[shared.clone(), vec![own]].concat());
    }
    let from = format!("{}/bench/app", source.host());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..=3 {
        let home = tempfile::tempdir().expect("a folder");
        let took = [Tool::Regtui, Tool::Skopeo].map(|tool| {
            let destination = empty();
            let to = format!("{}/bench/app", destination.host());
            tool.is_there().then(|| all_tags(tool, &from, &to, home.path()))
        });
        if run > 0 {
            let [us, them] = took;
            ours.extend(us);
            theirs.extend(them);
        }
    }
    let ours = peers::Figures::of(ours).median().as_secs_f64();
    println!("  {TAGS} tags that share 21 MiB of layers\n    regtui copy --all-tags  {ours:.2} s");
    if !theirs.is_empty() {
        let theirs = peers::Figures::of(theirs).median().as_secs_f64();
        println!(
            "    {TAGS} times skopeo copy    {theirs:.2} s: regtui is {:.1} times faster",
            theirs / ours
        );
    }
}

fn all_tags(tool: Tool, from: &str, to: &str, home: &Path) -> Duration {
    let start = Instant::now();
    match tool {
        Tool::Regtui => {
            let mut command = peers::quiet(peers::REGTUI, home);
            peers::usage(command.args(["copy", "--all-tags", "--yes", from, to]));
        }
        _ => {
            for number in 0..TAGS {
                peers::usage(&mut tool.copy(from, to, &servers::tag(number), home));
            }
        }
    }
    start.elapsed()
}

#[derive(Clone, Copy)]
enum Tool {
    Regtui,
    Skopeo,
    Crane,
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Tool::Regtui => "regtui",
            Tool::Skopeo => "skopeo",
            Tool::Crane => "crane",
        }
    }

    fn is_there(self) -> bool {
        matches!(self, Tool::Regtui) || peers::find(self.name()).is_some()
    }

    /// One image to another repository, its tag kept.
    fn copy(self, from: &str, to: &str, tag: &str, home: &Path) -> Command {
        let (from, to) = (format!("{from}:{tag}"), format!("{to}:{tag}"));
        match self {
            Tool::Regtui => {
                let mut command = peers::quiet(peers::REGTUI, home);
                command.args(["copy", "--yes", &from, &to]);
                command
            }
            Tool::Skopeo => {
                let mut command = peers::quiet("skopeo", home);
                command.args([
                    "copy",
                    "--insecure-policy",
                    "--src-tls-verify=false",
                    "--dest-tls-verify=false",
                ]);
                command.args([format!("docker://{from}"), format!("docker://{to}")]);
                command
            }
            Tool::Crane => {
                let mut command = peers::quiet("crane", home);
                command.args(["copy", &from, &to]);
                command
            }
        }
    }
}

/// The median of each figure.
fn median(used: &[Usage]) -> String {
    let middle = |values: Vec<Duration>| peers::Figures::of(values).median().as_secs_f64();
    let took = middle(used.iter().map(|usage| usage.took).collect());
    let processor = middle(used.iter().map(|usage| usage.processor).collect());
    let memory = used.iter().map(|usage| usage.memory).fold(0.0, f64::max);
    format!("{took:.2} s, {processor:.2} s of processors, at most {memory:.0} MiB")
}

/// Bytes that cannot be compressed.
pub fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
