//! From starting the process to the first frame, and to the first repositories, through a pty.

use super::peers::{self, Figures};
use super::screen::Screen;
use super::servers;

/// Starts regtui thirty times on a registry of 2,000 repositories.
pub fn run() {
    let home = tempfile::tempdir().expect("a folder");
    let registry = servers::memory(2_000, 0);
    let host = registry.host();
    let (mut frames, mut rows) = (Vec::new(), Vec::new());
    for _ in 0..30 {
        let screen = Screen::start(&[&host], home.path());
        screen.wait(|screen| screen.contains("Repositories"));
        frames.push(screen.age());
        screen.wait(|screen| screen.contains(&servers::repository(0)));
        rows.push(screen.age());
    }
    println!("  start to first frame         {}", Figures::of(frames));
    println!("  start to first repositories  {}", Figures::of(rows));
    if let Some(crane) = peers::find("crane") {
        let times = (0..10).map(|_| peers::time(peers::quiet(&crane, home.path()).arg("version"))).collect();
        println!("  crane version, for scale     {}", Figures::of(times));
    }
}
