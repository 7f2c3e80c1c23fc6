//! From a key to the frame that shows its effect, through a pty, with 100,000 repositories listed while details load.

use regtui::app::filter::Filter;

use super::peers::Figures;
use super::screen::Screen;
use super::servers;

/// Moves through the list, then filters it, letter by letter.
pub fn run() {
    let home = tempfile::tempdir().expect("a folder");
    let registry = servers::memory(100_000, 10);
    let host = registry.host();
    let mut screen = Screen::start(&[&host], home.path());
    screen.wait(|screen| screen.contains("Repositories 100000"));
    println!("  100,000 repositories listed after {:.1} s", screen.age().as_secs_f64());
    println!("  one row down      {}", moves(&mut screen));
    println!("  a filter's letter {}", filters(&mut screen));
}

/// Each `j` puts the next repository's name into the breadcrumbs.
fn moves(screen: &mut Screen) -> Figures {
    let first = screen_position(screen);
    let times = (first + 1..first + 501).map(|row| {
        let name = format!("› {}", servers::repository(row));
        screen.press("j", |screen| screen.lines().next().is_some_and(|line| line.contains(&name)))
    });
    Figures::of(times.collect())
}

fn screen_position(screen: &mut Screen) -> usize {
    screen.press("g", |screen| {
        screen.lines().next().is_some_and(|line| line.contains(&servers::repository(0)))
    });
    0
}

/// Each letter changes the count of rows in the pane's title, which has room in the zoomed pane; Esc takes the filter
/// away before the next word.
fn filters(screen: &mut Screen) -> Figures {
    screen.press("+", |screen| !screen.contains("Tags"));
    let names: Vec<String> = (0..100_000).map(servers::repository).collect();
    let mut times = Vec::new();
    for _ in 0..10 {
        screen.press("/", |screen| screen.contains("Enter keep"));
        let mut typed = String::new();
        for letter in ["9", "8", "7", "6"] {
            typed.push_str(letter);
            let filter = Filter::parse(&typed).expect("a filter");
            let left = filter.rows((0..).zip(names.iter().map(String::as_str))).len();
            let title = format!("Repositories {left} of 100000");
            times.push(screen.press(letter, |screen| screen.contains(&title)));
        }
        screen.press("\x1b", |screen| screen.contains("Repositories 100000"));
    }
    Figures::of(times)
}
