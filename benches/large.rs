//! The largest answers that servers may send, on one screen: the peak of memory, and the time from a key to its frame.
//! Peers read the same answers, each in a process of its own.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use regtui::demo::Store;
use regtui::model::digest::Digest;
use regtui::model::media_type::{OCI_CONFIG, OCI_INDEX, OCI_MANIFEST};

use super::endless::Endless;
use super::peers::{self, Figures};
use super::screen::Screen;
use super::servers;

/// Bytes of a document, a little less than the largest that is read.
const SIZE: usize = 8 * 1024 * 1024 - 4096;
/// Images of each kind.
const IMAGES: usize = 16;
/// Keys that move between these images.
const MOVES: usize = 200;
/// How long a key that moves nothing is waited for.
const LONGEST_MOVE: Duration = Duration::from_secs(2);
/// Tags of a list that is shown completely.
const MILLION: usize = 1_000_000;

/// The elements that fill a document.
type Document = fn(&Store, usize) -> Digest;

/// Name and content of each kind.
const KINDS: &[(&str, Document)] = &[
    ("manifests, 2.8 million layers", |store, number| image(store, number, &filled("{}"), "{}")),
    ("manifests, 62,000 real layers", |store, number| image(store, number, &real_layers(), "{}")),
    ("indexes, 2.8 million children", |store, number| {
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","n":{number},"manifests":[{}]}}"#,
            filled("{}")
        );
        store.put_manifest("app", OCI_INDEX, text)
    }),
    ("configs, 2.8 million steps", |store, number| {
        let config = format!(r#"{{"os":"linux","n":{number},"history":[{}]}}"#, filled("{}"));
        image(store, number, "", &config)
    }),
    ("configs, 750,000 labels", |store, number| {
        let config = format!(r#"{{"os":"linux","n":{number},"config":{{"Labels":{{{}}}}}}}"#, labels());
        image(store, number, "", &config)
    }),
];

/// Each kind alone, then lists of tags.
pub fn run() {
    for (name, document) in KINDS {
        let store = Store::new();
        for number in 0..IMAGES {
            let digest = document(&store, number);
            store.tag("app", &servers::tag(number), digest);
        }
        documents(name, store);
    }
    tags("one million tags in one answer", MILLION, MILLION);
    tags("five million tags in pages", 5 * MILLION, 10_000);
    peers_on_tags();
}

fn documents(name: &str, store: Store) {
    let home = tempfile::tempdir().expect("a folder");
    let registry = servers::of(store);
    let host = registry.host();
    let mut screen = Screen::start(&[&format!("{host}/app")], home.path());
    screen.wait(|screen| screen.contains(&format!("Tags {IMAGES}")));
    println!("  {name}");
    let mut times = Vec::new();
    for key in 0..MOVES {
        let (down, row) = ((key / (IMAGES - 1)).is_multiple_of(2), key % (IMAGES - 1));
        times.extend(breadcrumbs(&mut screen, if down { "j" } else { "k" }));
        // Long enough for the image to be asked for, at every fifth.
        if row % 5 == 0 {
            std::thread::sleep(Duration::from_millis(300));
        }
    }
    println!("    moves while they load {}", Figures::of(times));
    screen.rest();
    let mut times = Vec::new();
    for _ in 0..4 {
        times.extend(any(&mut screen, "]"));
    }
    any(&mut screen, "4");
    for _ in 0..5 {
        for key in ["G", "k", "k", "\x15", "g", "j", "j", "\x04", "\x04", "["] {
            times.extend(any(&mut screen, key));
        }
    }
    println!("    tabs and text         {}", Figures::of(times));
    println!("    peak {:.0} MiB", peers::peak(screen.process()));
    drop(screen);
    for (peer, words) in
        [("crane", &["manifest"][..]), ("skopeo", &["inspect", "--raw", "--tls-verify=false"])]
    {
        let Some(program) = peers::find(peer) else { continue };
        let reference = format!("{host}/app:{}", servers::tag(0));
        let reference = if peer == "skopeo" { format!("docker://{reference}") } else { reference };
        told(peer, &program, home.path(), words, &reference);
    }
}

/// Lists `count` tags, of which one million are shown.
fn tags(name: &str, count: usize, page: usize) {
    let home = tempfile::tempdir().expect("a folder");
    let registry = Endless::start(count, page);
    let mut screen = Screen::start(&[&format!("{}/app", registry.host())], home.path());
    println!("  {name}");
    screen.wait(|screen| screen.contains("Tags 1") || screen.contains("Tags 4"));
    screen.press("3", |_| true);
    let mut times = Vec::new();
    while !screen.shows("Tags 1000000 ") && times.len() < 5_000 {
        for key in ["j", "j", "\x04", "k", "G", "k", "g"] {
            times.extend(breadcrumbs(&mut screen, key));
        }
    }
    println!("    moves while it loads  {}", Figures::of(times));
    screen.wait(|screen| screen.contains("Tags 1000000 "));
    println!(
        "    listed after {:.1} s; peak {:.0} MiB",
        screen.age().as_secs_f64(),
        peers::peak(screen.process())
    );
    any(&mut screen, "+");
    moves(&mut screen, "moves");
    let (mut letters, mut ends, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..5 {
        screen.press("/", |screen| screen.contains("Enter keep"));
        let mut typed = String::new();
        for letter in ["1", "2", "7", "."] {
            typed.push_str(letter);
            let title = format!("Tags {} of", matching(&typed));
            let start = std::time::Instant::now();
            letters.push(screen.press(letter, |screen| screen.contains(&format!("/{typed}"))));
            screen.wait(|screen| screen.contains(&title));
            rows.push(start.elapsed());
        }
        ends.push(screen.press("\x1b", |screen| !screen.contains("Enter keep")));
        screen.wait(|screen| screen.contains("Tags 1000000 "));
    }
    println!("    a filter's letter     {}", Figures::of(letters));
    println!("    until its rows        {}", Figures::of(rows));
    // Escape alone waits 50 ms for the rest of a sequence.
    println!("    the filter away       {}", Figures::of(ends));
    let (mut keys, mut orders) = (Vec::new(), Vec::new());
    for (key, word) in [("n", "name"), ("n", "name"), ("v", "version"), ("d", "date"), ("v", "version")] {
        let start = std::time::Instant::now();
        keys.push(screen.press("s", |screen| screen.contains("Sort")));
        keys.push(screen.press(key, |screen| screen.contains(&format!("by {word} "))));
        keys.extend(breadcrumbs(&mut screen, "j"));
        keys.extend(breadcrumbs(&mut screen, "j"));
        if word == "date" {
            // The details of a million tags take longer than anybody waits.
            std::thread::sleep(Duration::from_secs(2));
            moves(&mut screen, "moves, by date");
            screen.wait(|screen| !screen.contains("sorting…"));
        } else {
            screen.wait(|screen| !screen.contains("sorting…"));
            orders.push(start.elapsed());
        }
    }
    println!("    sorting's keys        {}", Figures::of(keys));
    println!("    until sorted          {}", Figures::of(orders));
    any(&mut screen, "g");
    let mut times = Vec::new();
    for _ in 0..10 {
        times.push(screen.press("*", |screen| screen.contains("1000000 marked")));
        times.extend(breadcrumbs(&mut screen, "j"));
        times.push(screen.press(" ", |screen| screen.contains("999999 marked")));
        times.push(screen.press("u", |screen| !screen.contains(" marked")));
        times.push(screen.press("v", |screen| screen.contains("1 marked")));
        times.extend(breadcrumbs(&mut screen, "G"));
        times.extend(breadcrumbs(&mut screen, "k"));
        times.push(screen.press("u", |screen| !screen.contains(" marked")));
        times.extend(breadcrumbs(&mut screen, "g"));
    }
    println!("    marks                 {}", Figures::of(times));
    println!("    peak {:.0} MiB", peers::peak(screen.process()));
}

fn moves(screen: &mut Screen, name: &str) {
    let mut times = Vec::new();
    for _ in 0..20 {
        for key in ["j", "j", "\x04", "k", "\x04", "\x15", "G", "k", "\x15", "g"] {
            times.extend(breadcrumbs(screen, key));
        }
    }
    println!("    {name:<21} {}", Figures::of(times));
}

/// How many names of the million contain this.
fn matching(typed: &str) -> usize {
    (0..MILLION).filter(|number| super::endless::tag(*number).contains(typed)).count()
}

/// crane and skopeo list as many tags.
fn peers_on_tags() {
    let registry = Endless::start(MILLION, 10_000);
    let home = tempfile::tempdir().expect("a folder");
    println!("  one million tags in pages, by commands");
    let reference = format!("{}/app", registry.host());
    told("regtui", Path::new(peers::REGTUI), home.path(), &["ls"], &reference);
    if let Some(crane) = peers::find("crane") {
        told("crane", &crane, home.path(), &["ls"], &reference);
    }
    if let Some(skopeo) = peers::find("skopeo") {
        let words = ["list-tags", "--tls-verify=false"];
        told("skopeo", &skopeo, home.path(), &words, &format!("docker://{reference}"));
    }
}

/// Prints the time and memory that a command takes.
fn told(name: &str, program: &Path, home: &Path, words: &[&str], reference: &str) {
    let (usage, status) = peers::usage_of_any(peers::quiet(program, home).args(words).arg(reference));
    println!(
        "    {name} {}{}: {:.2} s, {:.2} s of a processor, {:.0} MiB",
        words[0],
        if status.success() { "" } else { " (refuses it)" },
        usage.took.as_secs_f64(),
        usage.processor.as_secs_f64(),
        usage.memory
    );
}

/// A key that moves the cursor of a list: another tag is in the breadcrumbs. `None` if nothing moved: while rows are sorted
/// again, the cursor may have been moved to the end already.
fn breadcrumbs(screen: &mut Screen, key: &str) -> Option<Duration> {
    let first = |screen: &str| screen.lines().next().map(str::to_owned);
    let before = first(&screen.contents());
    screen.press_at_most(key, LONGEST_MOVE, |screen| first(&screen.contents()) != before)
}

/// The time of a key that changes the screen at rest; `None` if it changed nothing.
fn any(screen: &mut Screen, key: &str) -> Option<Duration> {
    let before = screen.picture();
    screen.press_for(key, Duration::from_millis(200), |screen| screen != before)
}

/// As many of these elements as fill a document.
fn filled(element: &str) -> String {
    vec![element; SIZE / (element.len() + 1)].join(",")
}

fn real_layers() -> String {
    let mut layers = String::new();
    for number in 0..62_000_usize {
        let comma = if number > 0 { "," } else { "" };
        write!(layers, r#"{comma}{{"digest":"{}","size":5}}"#, Digest::sha256(&number.to_be_bytes())).ok();
    }
    layers
}

fn labels() -> String {
    let labels: Vec<String> = (0..750_000).map(|number| format!(r#""{number:x}":"""#)).collect();
    labels.join(",")
}

fn image(store: &Store, number: usize, layers: &str, config: &str) -> Digest {
    let config_digest = store.put_blob("app", config.to_string());
    let length = config.len();
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","n":{number},"config":{{"mediaType":"{OCI_CONFIG}","digest":"{config_digest}","size":{length}}},"layers":[{layers}]}}"#
    );
    store.put_manifest("app", OCI_MANIFEST, text)
}
