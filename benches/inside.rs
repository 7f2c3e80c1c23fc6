//! What is inside of an image, beside the programs that pull it: the tree beside `crane export | tar tv`, packages beside
//! syft, hidden bytes beside a count over the tars (`judge_waste.py`), and a comparison beside two pulls by skopeo and
//! `diff -rq`. The image is made of files of this Debian machine.
//!
//! Tables of contents are made by skopeo (zstd:chunked) and by `estargz IN OUT`, which is `estargz.Build` of the
//! stargz-snapshotter and prints the size, the digest of the table and the diff_id.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use regtui::model::digest::Digest;
use serde_json::Value;

use super::copy::noise;
use super::delay::Delay;
use super::files::{gzip, tar_of};
use super::peers;
use super::servers::{self, PushedLayer};

/// The files of the base layer: a Debian root with everything that names packages, and enough beside it.
const ROOT: &[&str] = &[
    "etc/os-release",
    "usr/lib/os-release",
    "usr/lib/python3",
    "usr/share/doc",
    "usr/share/man",
    "var/lib/dpkg/status",
];
const MIB: usize = 1024 * 1024;
const RUNS: usize = 3;

/// Prints all figures.
pub fn run() {
    if !Path::new("/var/lib/dpkg/status").exists() {
        println!("  no Debian machine: left out");
        return;
    }
    let Some(server) = servers::distribution(0) else { return };
    let (host, home) = (server.host(), tempfile::tempdir().expect("a folder"));
    let layers = layers(home.path());
    let tars: Vec<Vec<u8>> = layers.iter().map(|layer| std::fs::read(layer).expect("a tar")).collect();
    let packed: Vec<Vec<u8>> = tars.iter().map(|tar| gzip(tar, home.path())).collect();
    let diff_ids: Vec<Digest> = tars.iter().map(|tar| Digest::sha256(tar)).collect();
    for (tag, with) in [("left", [0, 1, 2]), ("right", [0, 1, 3])] {
        let blobs: Vec<Vec<u8>> = with.iter().map(|layer| packed[*layer].clone()).collect();
        let ids: Vec<Digest> = with.iter().map(|layer| diff_ids[*layer]).collect();
        servers::push_with(&host, tag, &blobs, &ids);
    }
    let sizes: Vec<usize> = packed.iter().map(Vec::len).collect();
    println!("  layers of {} bytes of gzip; the last two differ between the tags", numbers(&sizes));
    tree(&host, home.path());
    waste(&host, &layers[..3], home.path());
    diff(&host, sizes[2] + sizes[3], home.path());
    packages(&host, &tars[0], home.path());
}

fn numbers(of: &[usize]) -> String {
    of.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// Four layers as tars: a Debian root, changes of it, and two versions of a program.
fn layers(home: &Path) -> Vec<PathBuf> {
    let file = |name: &str| home.join(name);
    let base = file("base.tar");
    let mut tar = Command::new("tar");
    tar.args(["-C", "/", "--numeric-owner", "--sort=name", "-cf"]).arg(&base).args(ROOT);
    assert!(tar.stderr(std::process::Stdio::null()).status().expect("tar runs").success(), "tar failed");
    let listed = peers::output(Command::new("tar").arg("tf").arg(&base));
    let is_plain = |path: &&str| path.is_ascii() && path.len() < 90 && !path.ends_with('/');
    let paths: Vec<&str> = listed.lines().filter(is_plain).collect();
    let folders = ["usr/share/man/man3", "usr/share/doc/bash", "usr/share/doc/perl"];
    let is_below = |path: &str| folders.iter().any(|folder| path.starts_with(folder));
    let changed = paths.iter().enumerate().filter(|(_, path)| !is_below(path) && path.contains("/share/"));
    let changes = changed.filter_map(|(number, path)| match number % 23 {
        // Another content, or a whiteout.
        0 => Some((path.to_string(), noise(number as u32, 1_000 + number % 5_000))),
        1 => Some((whiteout(path), Vec::new())),
        _ => None,
    });
    let changes: Vec<_> = changes.chain(folders.iter().map(|path| (whiteout(path), Vec::new()))).collect();
    let mut all = vec![base];
    let program = |seed: u32| vec![("opt/app/blob.bin".to_string(), noise(seed, 8 * MIB))];
    for (name, files) in [("changes", changes), ("left", program(1)), ("right", program(2))] {
        std::fs::write(file(name), tar_of(files)).expect("it is written");
        all.push(file(name));
    }
    all
}

fn whiteout(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/.wh.{name}"),
        None => format!(".wh.{path}"),
    }
}

/// The output of regtui with these arguments.
fn regtui(home: &Path, arguments: &[&str]) -> String {
    peers::output(peers::quiet(peers::REGTUI, home).arg("--plain-http").args(arguments))
}

/// The tree, equal to that of another program.
fn tree(host: &str, home: &Path) {
    let Some(crane) = peers::find("crane") else { return };
    let image = format!("{host}/bench/app:left");
    let script = format!(
        "{} export --insecure {image} - | tar tv --numeric-owner --quoting-style=literal",
        crane.display()
    );
    let theirs = peers::output(peers::quiet("sh", home).args(["-c", &script]));
    let theirs: BTreeSet<String> = theirs.lines().filter_map(tar_row).collect();
    let ours = regtui(home, &["--no-cache", "files", "--json", &image]);
    let ours: BTreeSet<String> = ours.lines().filter_map(json_row).collect();
    let (only_ours, only_theirs) = (ours.difference(&theirs).count(), theirs.difference(&ours).count());
    println!(
        "  tree beside `crane export | tar tv`: {} equal rows, {only_ours} only here, {only_theirs} only there",
        ours.intersection(&theirs).count()
    );
    for row in ours.symmetric_difference(&theirs).take(4) {
        println!("    {row}");
    }
}

/// A row of `tar tv`: mode, owner, size, date, time, path.
fn tar_row(line: &str) -> Option<String> {
    let mut rest = line;
    let mut words = Vec::new();
    for _ in 0..5 {
        let (word, after) = rest.trim_start().split_once(' ')?;
        words.push(word);
        rest = after;
    }
    let (mode, owner, size) = (words[0], words[1], words[2]);
    let size = if mode.starts_with('-') { size } else { "0" };
    Some(format!("{mode} {owner} {size} {}", rest.trim_end_matches('/').replace(" link to ", " -> ")))
}

fn json_row(line: &str) -> Option<String> {
    let row: Value = serde_json::from_str(line).ok()?;
    let (kind, number) = (row["type"].as_str()?, |name: &str| row[name].as_u64().unwrap_or_default());
    // A directory that only its content implies has no entry in a tar.
    if row["mtime"].is_null() {
        return None;
    }
    let letter = match kind {
        "directory" => 'd',
        "symlink" => 'l',
        "hardlink" => 'h',
        _ => '-',
    };
    let bits = number("mode");
    let mut mode: Vec<char> =
        (0..9).rev().map(|bit| if bits >> bit & 1 == 1 { ['x', 'w', 'r'][bit % 3] } else { '-' }).collect();
    for (bit, place, set) in [(0o4000, 2, 's'), (0o2000, 5, 's'), (0o1000, 8, 't')] {
        if bits & bit != 0 {
            mode[place] = if mode[place] == 'x' { set } else { set.to_ascii_uppercase() };
        }
    }
    let mode: String = mode.into_iter().collect();
    let link = row["link"].as_str().map(|link| format!(" -> {link}")).unwrap_or_default();
    let path = row["path"].as_str()?;
    Some(format!("{letter}{mode} {}/{} {} {path}{link}", number("uid"), number("gid"), number("size")))
}

/// The hidden bytes, equal to those of a count.
fn waste(host: &str, layers: &[PathBuf], home: &Path) {
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/judge_waste.py");
    let counted = peers::output(Command::new("python3").arg(judge).args(layers));
    let image = format!("{host}/bench/app:left");
    let document: Value =
        serde_json::from_str(&regtui(home, &["waste", "--json", &image])).expect("a document");
    let ours = format!("{} {}", document["file_bytes"], document["hidden_bytes"]);
    let verdict = if ours == counted.trim() { "equal" } else { "NOT EQUAL" };
    println!(
        "  bytes of files and hidden bytes: {ours}, counted over the tars {}: {verdict}",
        counted.trim()
    );
}

/// Two tags that share all layers but one.
fn diff(host: &str, different: usize, home: &Path) {
    let Some(skopeo) = peers::find("skopeo") else { return };
    let ours = |host: &str| {
        let mut command = peers::quiet(peers::REGTUI, home);
        let (left, right) = (format!("{host}/bench/app:left"), format!("{host}/bench/app:right"));
        command.args(["--plain-http", "--no-cache", "diff", "--files", &left, &right]);
        command
    };
    let theirs = || {
        let work = home.join("pulled");
        let script = format!(
            "set -e; rm -rf {0}; mkdir -p {0}; for t in left right; do \
             {1} copy --quiet --src-tls-verify=false docker://{host}/bench/app:$t dir:{0}/$t-image; mkdir {0}/$t; \
             for layer in $(python3 -c 'import json,sys; print(*[l[\"digest\"][7:] for l in json.load(sys.stdin)[\"layers\"]])' < {0}/$t-image/manifest.json); do \
             tar -C {0}/$t -xzf {0}/$t-image/$layer; done; done; diff -rq --no-dereference {0}/left {0}/right || true",
            work.display(),
            skopeo.display()
        );
        let mut command = peers::quiet("sh", home);
        command.args(["-c", &script]);
        command
    };
    let [us, them] = peers::in_turn(RUNS, || ours(host), theirs);
    let line = Delay::before(host, Duration::ZERO);
    peers::usage(&mut ours(&line.host()));
    let read = line.take_carried();
    println!("  diff --files of two tags  {us}");
    println!("    two pulls and diff -rq  {them}");
    println!(
        "    {:.1} times as fast; {read} bytes read, the two layers that differ have {different}",
        them.median().as_secs_f64() / us.median().as_secs_f64()
    );
}

/// The packages of images with tables of contents, by the bytes that they take.
fn packages(host: &str, base: &[u8], home: &Path) {
    let theirs = syft(&format!("{host}/bench/app:left"), home);
    for (name, server) in [("zstd:chunked", chunked(host, home)), ("eStargz", estargz(base, home))] {
        let Some(server) = server else { continue };
        let line = Delay::before(&server.host(), Duration::ZERO);
        let image = format!("{}/bench/app:toc", line.host());
        let size = image_size(&image, home);
        line.take_carried();
        let ours = packages_of(&regtui(home, &["--no-cache", "packages", "--json", &image]));
        let read = line.take_carried();
        let tree = {
            regtui(home, &["--no-cache", "files", &image]);
            line.take_carried()
        };
        println!(
            "  {name}: {} packages by {:.2} % of {:.1} MB, the tree alone {:.2} %",
            ours.len(),
            read as f64 / size as f64 * 100.0,
            size as f64 / 1e6,
            tree as f64 / size as f64 * 100.0
        );
        if let Some(theirs) = &theirs {
            for ecosystem in ["deb", "pypi"] {
                let of = |all: &BTreeSet<Package>| -> BTreeSet<Package> {
                    all.iter().filter(|package| package.0 == ecosystem).cloned().collect()
                };
                let (ours, theirs) = (of(&ours), of(theirs));
                let both = ours.intersection(&theirs).count();
                let (only_ours, only_theirs) = (ours.len() - both, theirs.len() - both);
                println!(
                    "    {ecosystem}: {both} as syft lists them, {only_ours} only here, {only_theirs} only there"
                );
                for package in ours.symmetric_difference(&theirs).take(6) {
                    println!("      {package:?}");
                }
            }
        }
    }
}

/// Ecosystem, name and version.
type Package = (String, String, String);

fn packages_of(lines: &str) -> BTreeSet<Package> {
    lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|row| package(&row, "ecosystem"))
        .collect()
}

/// A package. Names of Python's packages are compared as PEP 503 says.
fn package(row: &Value, ecosystem: &str) -> Package {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_string();
    match (text(ecosystem).as_str(), text("name"), text("version")) {
        ("pypi" | "python", name, version) => {
            let name = name.to_lowercase();
            let words: Vec<&str> = name.split(['-', '_', '.']).filter(|word| !word.is_empty()).collect();
            ("pypi".to_string(), words.join("-"), version)
        }
        (other, name, version) => (other.to_string(), name, version),
    }
}

/// The packages as syft lists them, with the names of ecosystems that package URLs have.
fn syft(image: &str, home: &Path) -> Option<BTreeSet<Package>> {
    let syft = peers::find("syft")?;
    let mut command = peers::quiet(syft, home);
    command.env("SYFT_REGISTRY_INSECURE_USE_HTTP", "true").env("SYFT_CHECK_FOR_APP_UPDATE", "false");
    let started = std::time::Instant::now();
    let output = peers::output(command.args(["scan", "--quiet", "-o", "json", &format!("registry:{image}")]));
    println!("  syft: {:.1} s, by pulling the image", started.elapsed().as_secs_f64());
    let document: Value = serde_json::from_str(&output).expect("syft prints JSON");
    let rows = document["artifacts"].as_array().cloned().unwrap_or_default();
    Some(rows.iter().map(|row| package(row, "type")).collect())
}

fn image_size(image: &str, home: &Path) -> u64 {
    let document: Value = serde_json::from_str(&regtui(home, &["inspect", "--json", image])).expect("JSON");
    document["size"].as_u64().expect("a size")
}

/// The image as skopeo packs it anew. Another registry: skopeo would reuse the layers of gzip.
fn chunked(host: &str, home: &Path) -> Option<servers::Distribution> {
    let skopeo = peers::find("skopeo")?;
    let other = servers::distribution(0)?;
    let to = format!("docker://{}/bench/app:toc", other.host());
    let from = format!("docker://{host}/bench/app:left");
    let mut copy = peers::quiet(skopeo, home);
    copy.args(["copy", "--src-tls-verify=false", "--dest-tls-verify=false", "-f", "oci"]);
    peers::usage(copy.args(["--dest-compress-format", "zstd:chunked", &from, &to]));
    Some(other)
}

/// The base layer as eStargz.
fn estargz(base: &[u8], home: &Path) -> Option<servers::Distribution> {
    let program = peers::find("estargz")?;
    let other = servers::distribution(0)?;
    let (tar, packed) = (home.join("estargz.tar"), home.join("estargz.tar.gz"));
    std::fs::write(&tar, base).expect("it is written");
    let printed = peers::output(Command::new(program).arg(&tar).arg(&packed));
    let words: Vec<&str> = printed.split_whitespace().collect();
    let [_, table, diff_id] = words[..] else { panic!("estargz printed {printed}") };
    let annotations = [("containerd.io/snapshot/stargz/toc.digest".to_string(), table.to_string())];
    servers::push_layers(
        &other.host(),
        "toc",
        vec![PushedLayer {
            bytes: std::fs::read(&packed).expect("it was written"),
            diff_id: diff_id.parse().expect("a digest"),
            annotations: annotations.into(),
        }],
    );
    Some(other)
}
