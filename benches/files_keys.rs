//! From a key to the frame that shows its effect, through a pty, in a directory of 100,000 files while another layer of
//! the image is still read. Also the time from the request for a layer to its first rows, and the peak of memory.

use std::time::{Duration, Instant};

use regtui::app::filter::Filter;
use regtui::model::digest::Digest;

use super::copy::noise;
use super::files::{gzip, tar_of};
use super::peers::{self, Figures};
use super::screen::Screen;
use super::servers;

const FILES: usize = 100_000;
const MIB: usize = 1024 * 1024;
/// The time from one key to the next: as fast as a held key repeats.
const REPEAT: Duration = Duration::from_millis(20);
/// Rows that the cursor goes down.
const MOVES: usize = 100;
/// Images whose first rows are awaited.
const OPENED: usize = 11;

/// Goes down the directory and filters it as long as the large layer is read.
pub fn run() {
    let Some(server) = servers::distribution(0) else { return };
    let (host, home) = (server.host(), tempfile::tempdir().expect("a folder"));
    let paths: Vec<String> = (0..FILES).map(|number| format!("d/{}", name(number))).collect();
    let small = tar_of(paths.iter().map(|path| (path.clone(), b"content".to_vec())));
    let large = tar_of([("large".to_string(), noise(1, 2048 * MIB))]);
    let packed = gzip(&small, home.path());
    let diff_ids = [Digest::sha256(&small), Digest::sha256(&large)];
    servers::push_with(&host, "files", &[packed, large], &diff_ids);
    drop(small);
    first_rows(&host, home.path());
    let mut screen = Screen::start(&[&format!("{host}/bench/app:files")], home.path());
    screen.wait(|screen| screen.contains("› files"));
    println!("  memory before the files are read    {:.1} MiB", peers::peak(screen.process()));
    screen.press("f", |screen| screen.contains("Enter begins"));
    screen.press("\r", |screen| screen.contains("entries so far") && screen.contains("▸ d"));
    screen.press("l", |screen| screen.contains(&name(0)));
    let is_at = |screen: &str, number: usize| {
        screen.lines().any(|line| line.contains('▌') && line.contains(&name(number)))
    };
    let (mut times, mut work) = (Vec::new(), Vec::new());
    while screen.shows("so far") && times.len() < MOVES {
        let (number, before) = (times.len(), peers::worked(screen.process()));
        times.push(screen.press("j", |screen| is_at(screen, number)));
        work.push(peers::worked(screen.process()).saturating_sub(before));
        std::thread::sleep(REPEAT);
    }
    println!("  one row down while a layer is read  {}", Figures::of(times));
    println!("    work of the thread that draws     {}", Figures::of(work));
    let FilterTimes { shown, found, work } = filters(&mut screen, &paths);
    println!("  a letter of the filter: on screen   {}", Figures::of(shown));
    println!("    work of the thread that draws     {}", Figures::of(work));
    println!("                          all found   {}", Figures::of(found));
    screen.wait(|screen| !screen.contains("so far"));
    println!("  memory                              {:.1} MiB", peers::peak(screen.process()));
    drop(screen);
    again(&host, home.path());
}

/// A count as the screen shows it. Here it is below a million.
fn with_commas(count: usize) -> String {
    if count < 1_000 { count.to_string() } else { format!("{},{:03}", count / 1_000, count % 1_000) }
}

fn name(number: usize) -> String {
    format!("f-{number:06}")
}

/// The times of letters.
#[derive(Default)]
struct FilterTimes {
    /// Until the letter is in the line of the filter.
    shown: Vec<Duration>,
    /// Until everything that it matches is found.
    found: Vec<Duration>,
    /// The work until the letter is in the line.
    work: Vec<Duration>,
}

/// Types words into the filter.
fn filters(screen: &mut Screen, paths: &[String]) -> FilterTimes {
    let mut times = FilterTimes::default();
    'words: for word in ["9876", "1234", "55", "077", "31", "4242"].iter().cycle() {
        screen.press("/", |screen| screen.contains("Enter keep"));
        let mut typed = String::new();
        for letter in word.chars() {
            typed.push(letter);
            let filter = Filter::parse(&typed).expect("a filter");
            let left = filter.rows((0..).zip(paths.iter().map(String::as_str))).len();
            let title = format!("{} shown", with_commas(left));
            let line = format!("/{typed}");
            let (start, before) = (Instant::now(), peers::worked(screen.process()));
            screen.press(&letter.to_string(), |screen| screen.contains(&line));
            times.shown.push(start.elapsed());
            times.work.push(peers::worked(screen.process()).saturating_sub(before));
            screen.wait(|screen| screen.contains(&title));
            times.found.push(start.elapsed());
            std::thread::sleep(REPEAT);
            if !screen.shows("so far") || times.shown.len() >= MOVES {
                break 'words;
            }
        }
        screen.press("\x1b", |screen| !screen.contains("Enter keep") && !screen.contains("shown"));
    }
    screen.press("\x1b", |screen| !screen.contains("Enter keep") && !screen.contains("shown"));
    times
}

/// The time from the key that asks for the files to the first rows, of layers that take seconds. It contains the request.
fn first_rows(host: &str, home: &std::path::Path) {
    let mut times = Vec::new();
    for _ in 0..OPENED {
        let empty = tempfile::tempdir_in(home).expect("a folder");
        let mut screen = Screen::start(&[&format!("{host}/bench/app:files")], empty.path());
        screen.wait(|screen| screen.contains("› files"));
        screen.press("f", |screen| screen.contains("Enter begins"));
        times.push(screen.press("\r", |screen| screen.contains("▸ d")));
    }
    println!("  from the request to the first rows  {}", Figures::of(times));
}

/// The memory of a later run, and of `regtui files`.
fn again(host: &str, home: &std::path::Path) {
    let image = format!("{host}/bench/app:files");
    let mut screen = Screen::start(&[&image], home);
    screen.wait(|screen| screen.contains("› files"));
    let took = screen.press("f", |screen| screen.contains("▸ d") && screen.contains("large"));
    println!("  a second look: {:.1} ms, {:.1} MiB", took.as_secs_f64() * 1e3, peers::peak(screen.process()));
    for arguments in
        [&["files"][..], &["files", "-l"], &["--no-cache", "files"], &["--no-cache", "files", "--json"]]
    {
        let mut command = peers::quiet(peers::REGTUI, home);
        let usage = peers::usage(command.args(arguments).arg(&image));
        println!("  regtui {}: {:.1} MiB", arguments.join(" "), usage.memory);
    }
}
