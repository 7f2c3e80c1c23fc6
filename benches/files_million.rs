//! The peak of memory with a million files: in the UI while they are read, found and sorted, in the UI of a later run, and
//! of commands. Allowed are 60 MiB and 120 bytes for each file.

use regtui::model::digest::Digest;

use super::files::{gzip, tar_of};
use super::peers;
use super::screen::Screen;
use super::servers;

const DIRECTORIES: usize = 1_000;
const FILES: usize = 1_000_000;

/// Reads the files once in the UI, and again in a later run and by commands.
pub fn run() {
    let Some(server) = servers::distribution(0) else { return };
    let (host, home) = (server.host(), tempfile::tempdir().expect("a folder"));
    // Paths of 69 bytes.
    let path = |number: usize| {
        let directory = number / (FILES / DIRECTORIES);
        format!("usr/share/packages/package-{directory:04}/documentation/chapter-{number:07}.html.gz")
    };
    let files = tar_of((0..FILES).map(|number| (path(number), Vec::new())));
    let packed = gzip(&files, home.path());
    servers::push_with(&host, "files", &[packed], &[Digest::sha256(&files)]);
    drop(files);
    println!(
        "  allowed                             {:.1} MiB",
        60.0 + (FILES * 120) as f64 / (1 << 20) as f64
    );
    let image = format!("{host}/bench/app:files");
    let mut screen = Screen::start(&[&image], home.path());
    screen.wait(|screen| screen.contains("› files"));
    println!("  before                              {:.1} MiB", peers::peak(screen.process()));
    screen.press("f", |screen| screen.contains("▸ usr") && !screen.contains("so far"));
    println!("  read                                {:.1} MiB", peers::peak(screen.process()));
    screen.press("/", |screen| screen.contains("Enter keep"));
    screen.press("0099999", |screen| screen.contains("1 shown"));
    println!("  found by name                       {:.1} MiB", peers::peak(screen.process()));
    screen.press("\x1b", |screen| !screen.contains("Enter keep") && !screen.contains("shown"));
    screen.press("s", |screen| screen.contains("Sort files by"));
    screen.press("n", |screen| !screen.contains("Sort files by"));
    screen.wait(|screen| screen.contains("by name"));
    println!("  sorted                              {:.1} MiB", peers::peak(screen.process()));
    drop(screen);
    let mut screen = Screen::start(&[&image], home.path());
    screen.wait(|screen| screen.contains("› files"));
    let took = screen.press("f", |screen| screen.contains("▸ usr") && !screen.contains("so far"));
    println!(
        "  a later run: {:.0} ms               {:.1} MiB",
        took.as_secs_f64() * 1e3,
        peers::peak(screen.process())
    );
    drop(screen);
    for arguments in [&["--no-cache", "files"][..], &["files"], &["files", "-l"], &["waste"], &["packages"]] {
        let mut command = peers::quiet(peers::REGTUI, home.path());
        let usage = peers::usage(command.args(arguments).arg(&image));
        println!("  regtui {}: {:.1} MiB", arguments.join(" "), usage.memory);
    }
}
