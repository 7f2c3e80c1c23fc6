//! One notion, one word: `docs/GLOSSARY.md` holds the words, and these tests refuse the others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Most types that may share their name with another one, in percent.
const MOST_SHARED: usize = 6;

/// Most doc comments that may hold one of [`RIDDLES`], in thousandths.
const MOST_RIDDLES: usize = 15;
/// Words that stand for an actor or a thing that a comment should name.
const RIDDLES: &[&str] = &["what", "where", "who"];

/// Name and file of every type of the program. Two of one name in one file are alternatives for two systems.
fn types() -> BTreeSet<(String, String)> {
    let mut types = BTreeSet::new();
    for (file, code) in code() {
        types.extend(code.lines().filter_map(type_of).map(|name| (name.to_string(), file.clone())));
    }
    assert!(types.len() > 300, "{}", types.len());
    types
}

/// Every file of the program: its path below `src`, and its text.
fn code() -> Vec<(String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut all, mut folders) = (Vec::new(), vec![source.clone()]);
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).expect("the folder can be read");
        let paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        let (below, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
        folders.extend(below);
        for path in files.iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
            let file = path.strip_prefix(&source).expect("it is below").display().to_string();
            all.push((file, fs::read_to_string(path).expect("a file")));
        }
    }
    all
}

/// The type that a line defines.
fn type_of(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
    if !["struct", "enum", "trait"].contains(&words.next()?) {
        return None;
    }
    let name = words.next()?;
    let end = name.find(|character: char| !character.is_alphanumeric()).unwrap_or(name.len());
    name.get(..end).filter(|name| name.starts_with(char::is_uppercase))
}

/// The words that the glossary refuses: the last column of its tables.
fn refused() -> BTreeSet<String> {
    let glossary = include_str!("../docs/GLOSSARY.md");
    let rows = glossary.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    let last = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    let words = last.flat_map(|cell| cell.split(',')).map(|word| word.trim().to_lowercase());
    words.filter(|word| !word.is_empty() && word != "not").collect()
}

/// `ChangePlan` as `change`, `plan`.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for character in name.chars() {
        match (character.is_uppercase(), words.last_mut()) {
            (false, Some(word)) => word.push(character),
            _ => words.push(character.to_lowercase().collect()),
        }
    }
    words
}

#[test]
fn hardly_two_types_share_a_name() {
    let types = types();
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, file) in &types {
        files.entry(name).or_default().push(file);
    }
    let shared: Vec<_> = files.iter().filter(|(_, files)| files.len() > 1).collect();
    let count: usize = shared.iter().map(|(_, files)| files.len()).sum();
    assert!(count * 100 < types.len() * MOST_SHARED, "{count} of {}: {shared:#?}", types.len());
}

#[test]
fn no_type_is_called_by_a_word_that_the_glossary_refuses() {
    let refused = refused();
    assert!(refused.contains("wish") && refused.contains("workshop"), "{refused:?}");
    let types = types();
    let called = types.iter().filter(|(name, _)| words_of(name).iter().any(|word| refused.contains(word)));
    let called: Vec<_> = called.collect();
    assert!(called.is_empty(), "{called:#?}");
}

#[test]
fn doc_comments_name_their_actors() {
    let (mut lines, mut riddles) = (0, Vec::new());
    for (file, code) in code() {
        for line in
            code.lines().map(str::trim).filter(|line| line.starts_with("///") || line.starts_with("//!"))
        {
            lines += 1;
            let mut words = line.split(|character: char| !character.is_alphanumeric());
            if words.any(|word| RIDDLES.iter().any(|riddle| word.eq_ignore_ascii_case(riddle))) {
                riddles.push(format!("{file}: {line}"));
            }
        }
    }
    assert!(riddles.len() * 1000 < lines * MOST_RIDDLES, "{} of {lines}: {riddles:#?}", riddles.len());
}

#[test]
fn types_and_words_are_read_as_they_are_written() {
    assert_eq!(type_of("pub struct ChangePlan {"), Some("ChangePlan"));
    assert_eq!(type_of("    enum Wish<'a> {"), Some("Wish"));
    assert_eq!(type_of("pub(super) trait Registry: Send {"), Some("Registry"));
    assert_eq!(type_of("let structure = 1;"), None);
    assert_eq!(words_of("ChangePlan"), ["change", "plan"]);
}
