//! From a key to the frame that shows what it did, through a pty, while four layers of 256 MiB are copied between two of
//! distribution's registries on loopback, as fast as they can.

use std::time::Duration;

use super::copy::noise;
use super::peers::Figures;
use super::screen::Screen;
use super::servers;

const TAGS: usize = 500;
const LAYERS: u32 = 4;
const MIB: usize = 1024 * 1024;

/// Goes down the list of tags as long as the copy runs.
pub fn run() {
    let (Some(source), Some(destination)) = (servers::distribution(TAGS), servers::distribution(0)) else {
        return;
    };
    let layers: Vec<Vec<u8>> = (1..=LAYERS).map(|seed| noise(seed, 256 * MIB)).collect();
    servers::push(&source.host(), "large", &layers);
    drop(layers);
    let home = tempfile::tempdir().expect("a folder");
    let image = format!("{}/bench/app:large", source.host());
    let mut screen = Screen::start(&[&image, &destination.host()], home.path());
    screen.wait(|screen| screen.contains("› large"));
    screen.press("c", |screen| screen.contains("for one image"));
    screen.press(&format!("{}/copied/app", destination.host()), |screen| screen.contains("copied/app"));
    screen.press("\r", |screen| screen.contains("Copy 1 image"));
    // What has just appeared takes no key.
    std::thread::sleep(Duration::from_millis(500));
    screen.press("\r", |screen| screen.contains("1 job"));
    let tag = |number: usize| format!("› {} ", servers::tag(number));
    screen.press("g", |screen| screen.contains(&tag(TAGS - 1)));
    let mut times = Vec::new();
    for number in (0..TAGS - 1).rev() {
        if !screen.shows("1 job") {
            break;
        }
        times.push(screen.press("j", |screen| screen.contains(&tag(number))));
        // As fast as a held key repeats.
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("  one row down while a copy runs  {}", Figures::of(times));
}
