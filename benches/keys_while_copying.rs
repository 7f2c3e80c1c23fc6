//! From a key to the frame that shows what it did, through a pty, while four layers of 256 MiB are copied between two of
//! distribution's registries on loopback, as fast as they can: by regtui itself, and, to tell its own part from that of
//! two registries on the same processors, by crane while regtui only looks.

use std::process::{Child, Stdio};
use std::time::Duration;

use super::copy::noise;
use super::peers::{self, Figures};
use super::screen::Screen;
use super::servers::{self, Distribution};

const TAGS: usize = 500;
const LAYERS: u32 = 4;
const MIB: usize = 1024 * 1024;

/// Goes down the list of tags as long as a copy runs.
pub fn run() {
    let Some(source) = servers::distribution(TAGS) else { return };
    let layers: Vec<Vec<u8>> = (1..=LAYERS).map(|seed| noise(seed, 256 * MIB)).collect();
    servers::push(&source.host(), "large", &layers);
    drop(layers);
    println!("  one row down while regtui copies  {}", while_regtui_copies(&source));
    if peers::find("crane").is_some() {
        println!("  one row down while crane copies   {}", while_crane_copies(&source));
    }
}

fn while_regtui_copies(source: &Distribution) -> Figures {
    let destination = servers::distribution(0).expect("the source was started as well");
    let home = tempfile::tempdir().expect("a folder");
    let mut screen = Screen::start(&[&image(source), &destination.host()], home.path());
    screen.wait(|screen| screen.contains("› large"));
    screen.press("c", |screen| screen.contains("for one image"));
    screen.press(&format!("{}/copied/app", destination.host()), |screen| screen.contains("copied/app"));
    screen.press("\r", |screen| screen.contains("Copy 1 image"));
    // What has just appeared takes no key.
    std::thread::sleep(Duration::from_millis(500));
    screen.press("\r", |screen| screen.contains("1 job"));
    down_while(&mut screen, |screen| screen.shows("1 job"))
}

fn while_crane_copies(source: &Distribution) -> Figures {
    let destination = servers::distribution(0).expect("the source was started as well");
    let home = tempfile::tempdir().expect("a folder");
    let mut screen = Screen::start(&[&image(source), &destination.host()], home.path());
    screen.wait(|screen| screen.contains("› large"));
    let to = format!("{}/copied/app:large", destination.host());
    let mut crane = peers::quiet("crane", home.path());
    let crane = crane.args(["copy", &image(source), &to]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut crane: Child = crane.expect("crane starts");
    let figures = down_while(&mut screen, |_| matches!(crane.try_wait(), Ok(None)));
    crane.wait().expect("it ended");
    figures
}

fn image(source: &Distribution) -> String {
    format!("{}/bench/app:large", source.host())
}

fn down_while(screen: &mut Screen, mut is_running: impl FnMut(&Screen) -> bool) -> Figures {
    let tag = |number: usize| format!("› {} ", servers::tag(number));
    screen.press("g", |screen| screen.contains(&tag(TAGS - 1)));
    let mut times = Vec::new();
    for number in (0..TAGS - 1).rev() {
        if !is_running(screen) {
            break;
        }
        times.push(screen.press("j", |screen| screen.contains(&tag(number))));
        // As fast as a held key repeats.
        std::thread::sleep(Duration::from_millis(20));
    }
    Figures::of(times)
}
