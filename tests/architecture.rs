//! The boundaries between modules: which module may use which. `docs/ARCHITECTURE.md` says why.

mod cycles;

use std::fs;
use std::path::{Path, PathBuf};

/// The modules that not every module may use. All may use `model` and `files`.
const MODULES: &[&str] =
    &["app", "cli", "client", "config", "demo", "layer", "ops", "packages", "runtime", "store", "ui"];

/// A module, the other modules that it may use, and further words that its code may not contain.
const WALLS: &[(&str, &[&str], &[&str])] = &[
    ("model", &[], &["tokio", "reqwest", "ratatui", "crossterm", "Timestamp::now"]),
    ("client", &["store"], &["ratatui", "crossterm"]),
    (
        "ops",
        &["client", "layer", "packages", "store"],
        // Operations take any registry, not only the client of a server.
        &["crate::client::Client", "&Client", " Client", "pool.client", "ratatui", "crossterm"],
    ),
    (
        "app",
        // It browses the trees of files that the runtime hands over, and reads nothing itself.
        &["layer"],
        &[
            "tokio",
            "reqwest",
            "ratatui::widgets",
            "ratatui::Frame",
            "Timestamp::now",
            "Instant::now",
            "SystemTime",
        ],
    ),
    ("ui", &["app", "layer"], &["tokio", "reqwest", "&mut State", "Timestamp::now", "Instant::now"]),
    ("packages", &[], &["tokio", "reqwest", "ratatui", "crossterm", "std::fs", "Timestamp::now"]),
    ("layer", &[], &["tokio", "reqwest", "ratatui", "crossterm", "std::fs", "Timestamp::now"]),
    ("store", &[], &["reqwest", "ratatui", "crossterm"]),
    ("demo", &[], &["ratatui", "crossterm"]),
];

#[test]
fn no_module_reaches_through_a_wall() {
    let mut breaches = Vec::new();
    for (module, may_use, words) in WALLS {
        let others = MODULES.iter().filter(|other| *other != module && !may_use.contains(other));
        let others: Vec<String> = others.map(|other| format!("crate::{other}")).collect();
        let forbidden: Vec<&str> = others.iter().map(String::as_str).chain(words.iter().copied()).collect();
        let files = files_of(module);
        assert!(!files.is_empty(), "there is no module `{module}`");
        for file in files {
            breaches.extend(breaches_in(&file, &forbidden));
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn a_breach_would_be_found() {
    let code = "use crate::{model::digest, client};\n// crate::ui in a comment is fine\nlet now = Timestamp::now();\n";
    let found: Vec<_> = breaches_of(code, &["crate::client", "crate::ui", "Timestamp::now"]).collect();
    assert_eq!(found, [(1, "crate::client"), (3, "Timestamp::now")]);
}

fn files_of(module: &str) -> Vec<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source.join(format!("{module}.rs"))];
    let mut folders = vec![source.join(module)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => files.push(path),
            }
        }
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs") && path.exists());
    files
}

fn breaches_in(file: &Path, forbidden: &[&str]) -> Vec<String> {
    let code = fs::read_to_string(file).unwrap_or_default();
    breaches_of(&code, forbidden).map(|(line, word)| format!("{}:{line}: `{word}`", file.display())).collect()
}

/// Tests inside a module may use any module: only the code above `mod tests` counts.
fn breaches_of<'a>(code: &'a str, forbidden: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
    let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or(code);
    code.lines().enumerate().flat_map(move |(index, line)| {
        let line = line.split("//").next().unwrap_or(line);
        let uses = move |word: &str| names(line, word) || grouped_import(line, word);
        forbidden.iter().filter(move |word| uses(word)).map(move |word| (index + 1, *word))
    })
}

/// Whether the line has the word, not only as the beginning of a longer one.
fn names(line: &str, word: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    line.match_indices(word).any(|(at, _)| !goes_on(&line[at + word.len()..]))
}

/// `use crate::{client, …}` reaches as far as `use crate::client`.
fn grouped_import(line: &str, word: &str) -> bool {
    let Some(module) = word.strip_prefix("crate::") else { return false };
    let Some((_, group)) = line.split_once("use crate::{") else { return false };
    group.split(['{', '}', ',', ' ', ':']).any(|part| part == module)
}
