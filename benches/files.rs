//! The files of an image: a layer that is read whole beside `curl | zcat | tar t`, tables of contents by the bytes that
//! they take, and a second look.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use regtui::model::digest::Digest;

use super::delay::Delay;
use super::peers::{self, Figures};
use super::servers;

/// Files of the large layer, and the bytes of each on average.
const FILES: usize = 15_000;
const SIZE: usize = 16 * 1024;
const RUNS: usize = 7;

/// Prints all figures.
pub fn run() {
    let Some(server) = servers::distribution(0) else { return };
    let host = server.host();
    let home = tempfile::tempdir().expect("a folder");
    let tar = tar(FILES, SIZE);
    let packed = gzip(&tar, home.path());
    println!(
        "  {FILES} files, {:.1} MB of tar, {:.1} MB of gzip",
        tar.len() as f64 / 1e6,
        packed.len() as f64 / 1e6
    );
    let layer = Digest::sha256(&packed);
    servers::push_with(&host, "gzip", &[packed], &[Digest::sha256(&tar)]);
    let image = format!("{host}/bench/app:gzip");
    let url = format!("http://{host}/v2/bench/app/blobs/{layer}");
    beside_tar(&image, &url, home.path());
    second_look(&image, home.path());
    table_of_contents(&host, home.path());
}

/// The whole layer, nothing kept.
fn beside_tar(image: &str, url: &str, home: &Path) {
    let ours = || {
        let mut command = peers::quiet(peers::REGTUI, home);
        command.args(["--no-cache", "files", image]);
        command
    };
    let theirs = || {
        let mut command = peers::quiet("sh", home);
        command.args(["-c", &format!("curl -s {url} | zcat | tar t")]);
        command
    };
    let [us, them] = peers::in_turn(RUNS, ours, theirs);
    println!("    regtui files           {us}");
    println!("    curl | zcat | tar t    {them}");
    let speed = them.median().as_secs_f64() / us.median().as_secs_f64();
    let memory = peers::usage(&mut ours()).memory;
    println!("    {speed:.2} of its speed, {memory:.1} MiB");
}

/// The same with the list that the first look kept.
fn second_look(image: &str, home: &Path) {
    let look = || {
        let mut command = peers::quiet(peers::REGTUI, home);
        command.args(["files", image]);
        command
    };
    peers::time(&mut look());
    let again = Figures::of((0..RUNS).map(|_| peers::time(&mut look())).collect());
    println!("    a second look          {again}");
}

/// The table of a zstd:chunked layer, as skopeo makes it: bytes of the server, and one file.
fn table_of_contents(host: &str, home: &Path) {
    let Some(skopeo) = peers::find("skopeo") else { return };
    let mut copy = peers::quiet(skopeo, home);
    copy.args([
        "copy",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        "-f",
        "oci",
        "--dest-compress-format",
    ]);
    // Another repository of another registry: skopeo would reuse the layers of gzip.
    let Some(other) = servers::distribution(0) else { return };
    let to = format!("docker://{}/bench/chunked:1", other.host());
    peers::usage(copy.args(["zstd:chunked", &format!("docker://{host}/bench/app:gzip"), &to]));
    let line = Delay::before(&other.host(), Duration::ZERO);
    let image = format!("{}/bench/chunked:1", line.host());
    let run = |arguments: &[&str]| {
        let mut command = peers::quiet(peers::REGTUI, home);
        peers::usage(command.args(["--plain-http"]).args(arguments));
        line.take_carried()
    };
    let both = run(&["cat", &image, "dir-000/file-00000"]);
    let tree = run(&["--no-cache", "files", &image]);
    let file = run(&["cat", &image, "dir-000/file-00042"]);
    let output =
        peers::quiet(peers::REGTUI, home).args(["--plain-http", "inspect", "--json", &image]).output();
    let document: serde_json::Value =
        serde_json::from_slice(&output.expect("regtui runs").stdout).expect("JSON");
    let size = document["size"].as_u64().expect("a size");
    println!(
        "  zstd:chunked: the tree {:.2} % of {:.1} MB, the tree and a file {both} bytes, one more file {file}",
        tree as f64 / size as f64 * 100.0,
        size as f64 / 1e6
    );
}

/// A tar of files whose contents compress as programs and texts do.
fn tar(files: usize, size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let paths = (0..files).map(|number| {
        let length = size / 2 + next() as usize % size;
        let mut content = Vec::with_capacity(length + 6);
        while content.len() < length {
            // Words of a small vocabulary and a few bytes of noise, as in machine code.
            let word = next();
            content.extend_from_slice(&(word % 4_096).to_le_bytes()[..2]);
            content.extend_from_slice(&[0x48, 0x8b, (word >> 16) as u8, 0x0f]);
        }
        content.truncate(length);
        (format!("dir-{:03}/file-{number:05}", number / 100), content)
    });
    tar_of(paths)
}

/// A tar of these files.
pub fn tar_of(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut out = Vec::new();
    for (path, content) in files {
        let mut header = [0; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[108..115].copy_from_slice(b"0000000");
        header[116..123].copy_from_slice(b"0000000");
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[136..147].copy_from_slice(b"14000000000");
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(&content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// The bytes as `gzip` packs them.
pub fn gzip(bytes: &[u8], home: &Path) -> Vec<u8> {
    let file = home.join("layer.tar");
    std::fs::File::create(&file).and_then(|mut file| file.write_all(bytes)).expect("it is written");
    let packed = Command::new("gzip").args(["-6", "-c"]).arg(&file).output().expect("gzip runs");
    packed.stdout
}
