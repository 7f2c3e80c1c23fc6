//! From a key to the frame that shows its effect, through a pty, in a directory of 100,000 files while another layer of
//! the image is still read.

use std::time::Duration;

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

/// Goes down the directory as long as the large layer is read.
pub fn run() {
    let Some(server) = servers::distribution(0) else { return };
    let (host, home) = (server.host(), tempfile::tempdir().expect("a folder"));
    let name = |number: usize| format!("f-{number:06}");
    let small = tar_of((0..FILES).map(|number| (format!("d/{}", name(number)), b"content".to_vec())));
    let large = tar_of([("large".to_string(), noise(1, 1024 * MIB))]);
    let packed = gzip(&small, home.path());
    let diff_ids = [Digest::sha256(&small), Digest::sha256(&large)];
    servers::push_with(&host, "files", &[packed, large], &diff_ids);
    let mut screen = Screen::start(&[&format!("{host}/bench/app:files")], home.path());
    screen.wait(|screen| screen.contains("› files"));
    screen.press("f", |screen| screen.contains("Enter begins"));
    screen.press("\r", |screen| screen.contains("entries so far") && screen.contains("▸ d"));
    screen.press("l", |screen| screen.contains(&name(0)));
    let mut times = Vec::new();
    let is_at = |screen: &str, number: usize| {
        screen.lines().any(|line| line.contains('▌') && line.contains(&name(number)))
    };
    while screen.shows("so far") && times.len() < 2_000 {
        let number = times.len();
        times.push(screen.press("j", |screen| is_at(screen, number)));
        std::thread::sleep(REPEAT);
    }
    println!("  one row down while a layer is read  {}", Figures::of(times));
    println!("  memory                              {:.1} MiB", peers::peak(screen.process()));
}
