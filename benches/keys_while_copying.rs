//! From a key to the frame that shows its effect, through a pty, while eight layers of 256 MiB are copied between two
//! of distribution's registries on loopback, as fast as they can.
//!
//! First with registries that take only the idle time of the processors, as those of another machine. Then with
//! registries that take their full share: there keys wait for the scheduler, no matter which program copies; so crane
//! copies as well, in the session of a regtui that only looks, and in another.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::copy::noise;
use super::peers::{self, Figures};
use super::screen::Screen;
use super::servers::{self, Distribution};

const TAGS: usize = 1000;
const LAYERS: u32 = 8;
const MIB: usize = 1024 * 1024;
/// The time from one key to the next: as fast as a held key repeats.
const REPEAT: Duration = Duration::from_millis(20);

/// Copies an image to a registry while regtui shows it, and returns the times of its keys. Both use this home.
type Copier = fn(&str, &str, &Path) -> Figures;

/// Goes down the list of tags as long as a copy runs.
pub fn run() {
    let layers: Vec<Vec<u8>> = (1..=LAYERS).map(|seed| noise(seed, 256 * MIB)).collect();
    let has_crane = peers::find("crane").is_some();
    for (name, start) in [
        ("registries that take what is left", servers::distant as fn(usize) -> Option<Distribution>),
        ("registries that take their share", servers::distribution),
    ] {
        let Some(source) = start(TAGS) else { return };
        servers::push(&source.host(), "large", &layers);
        println!("  {name}");
        let copiers: [(&str, Copier); 5] = [
            ("one row down while regtui copies", while_regtui_copies),
            ("an echo while regtui copies in its session", echo_while_regtui_copies),
            ("an echo while crane copies in its session", echo_while_crane_copies),
            ("one row down while crane copies in its session", while_crane_copies_beside),
            ("one row down while crane copies in another", while_crane_copies),
        ];
        for (name, copy) in &copiers[..if has_crane { 5 } else { 2 }] {
            let destination = start(0).expect("the source was started as well");
            let home = tempfile::tempdir().expect("a folder");
            let image = format!("{}/bench/app:large", source.host());
            println!("    {name:<47}{}", copy(&image, &destination.host(), home.path()));
        }
    }
}

fn while_regtui_copies(image: &str, destination: &str, home: &Path) -> Figures {
    let mut screen = Screen::start(&[image, destination], home);
    screen.wait(|screen| screen.contains("› large"));
    screen.press("c", |screen| screen.contains("for one image"));
    screen.press(&format!("{destination}/copied/app"), |screen| screen.contains("copied/app"));
    screen.press("\r", |screen| screen.contains("Copy 1 tag"));
    // A plan takes no key right after it appeared.
    std::thread::sleep(Duration::from_millis(500));
    screen.press("\r", |screen| screen.contains("1 job"));
    down_while(&mut screen, |screen| screen.shows("1 job"))
}

fn echo_while_regtui_copies(image: &str, destination: &str, home: &Path) -> Figures {
    let to = format!("{destination}/copied/app:large");
    echo_while(&[peers::REGTUI, "copy", "--yes", image, &to], home)
}

fn echo_while_crane_copies(image: &str, destination: &str, home: &Path) -> Figures {
    echo_while(&["crane", "copy", image, &format!("{destination}/copied/app:large")], home)
}

/// The time of a key that has no effect: the least that the scheduler and the terminal take.
fn echo_while(copy: &[&str], home: &Path) -> Figures {
    let done = home.join("done");
    let mut screen = Screen::echo_beside(copy, &done, home);
    screen.wait(|screen| screen.contains("ready"));
    let mut times = Vec::new();
    while !done.exists() {
        // Into the corner, in the place of the one before.
        let word = format!("key {} ", times.len());
        times.push(screen.press(&format!("\x1b[H{word}"), |screen| screen.contains(&word)));
        std::thread::sleep(REPEAT);
    }
    Figures::of(times)
}

fn while_crane_copies_beside(image: &str, destination: &str, home: &Path) -> Figures {
    let done = home.join("done");
    let to = format!("{destination}/copied/app:large");
    let mut screen = Screen::start_beside(&["crane", "copy", image, &to], &done, &[image, destination], home);
    screen.wait(|screen| screen.contains("› large"));
    down_while(&mut screen, |_| !done.exists())
}

fn while_crane_copies(image: &str, destination: &str, home: &Path) -> Figures {
    let mut screen = Screen::start(&[image, destination], home);
    screen.wait(|screen| screen.contains("› large"));
    let mut crane = peers::quiet("crane", home);
    crane.args(["copy", image, &format!("{destination}/copied/app:large")]);
    let mut crane = crane.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("crane starts");
    let figures = down_while(&mut screen, |_| matches!(crane.try_wait(), Ok(None)));
    crane.wait().expect("it ended");
    figures
}

fn down_while(screen: &mut Screen, mut is_running: impl FnMut(&Screen) -> bool) -> Figures {
    let tag = |number: usize| format!("› {} ", servers::tag(number));
    // The image that was opened by name is on the screen before the others are listed.
    screen.wait(|screen| screen.contains(&format!("Tags {} ", TAGS + 1)));
    screen.press("g", |screen| screen.contains(&tag(TAGS - 1)));
    let mut times = Vec::new();
    for number in (0..TAGS - 1).rev() {
        if !is_running(screen) {
            break;
        }
        times.push(screen.press("j", |screen| screen.contains(&tag(number))));
        std::thread::sleep(REPEAT);
    }
    Figures::of(times)
}
