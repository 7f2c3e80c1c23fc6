//! Resident memory with 100,000 repositories and 10,000 tags listed.

use super::screen::Screen;
use super::{peers, servers};

/// Lists both and asks the kernel for the memory.
pub fn run() {
    let home = tempfile::tempdir().expect("a folder");
    let registry = servers::memory(100_000, 10_000);
    let host = registry.host();
    let screen = Screen::start(&[&host], home.path());
    screen.wait(|screen| screen.contains("Repositories 100000"));
    screen.wait(|screen| screen.contains("Tags 10000"));
    println!("  {:.1} MiB resident", peers::resident(screen.process()));
}
