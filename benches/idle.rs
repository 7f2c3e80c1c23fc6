//! The cost of regtui while no key is pressed.

use std::time::Duration;

use super::screen::Screen;
use super::{peers, servers};

/// Clock ticks of processor time in ten seconds.
pub fn run() {
    let home = tempfile::tempdir().expect("a folder");
    let registry = servers::memory(50, 20);
    let host = registry.host();
    let screen = Screen::start(&[&host], home.path());
    screen.wait(|screen| screen.contains("Tags 20"));
    std::thread::sleep(Duration::from_secs(3));
    let before = peers::ticks(screen.process());
    std::thread::sleep(Duration::from_secs(10));
    println!("  {} clock ticks of 10 ms in ten idle seconds", peers::ticks(screen.process()) - before);
}
