//! One notion, one word: `docs/GLOSSARY.md` holds the words, and these tests refuse the others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Most types that may share their name with another one, in percent.
const MOST_SHARED: usize = 6;

/// Most doc comments that may hold one of [`RIDDLES`], in thousandths.
const MOST_RIDDLES: usize = 15;
/// Words that stand for an actor or a thing that a comment or a text should name.
const RIDDLES: &[&str] = &["what", "where", "who", "whoever", "somebody", "nobody"];

/// Most words in a name that the glossary governs. Longer names are the sentences that tests are called by.
const MOST_WORDS: usize = 4;

/// Names that are refused elsewhere: the file, the name, and the reason.
const PLAIN_NAMES: &[(&str, &str, &str)] = &[
    ("cli.rs", "work", "the future of a whole command"),
    ("cli/change/interrupts.rs", "work", "any future that Ctrl-C may end"),
    ("ops/copy/run.rs", "work", "a future"),
    ("ops/journal.rs", "work", "a closure for another thread"),
    ("ops/retag.rs", "work", "a future"),
    ("ops/steps/report_while.rs", "work", "any future that is reported on"),
    ("runtime/input.rs", "work", "a closure for another thread"),
];

/// How far the glossary refuses a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// In every name and every text.
    Everywhere,
    /// As a whole name, and in the names of types.
    Name,
    /// In the names of types.
    Type,
    /// In texts: several words.
    Phrase,
}

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
fn refused() -> BTreeMap<String, Refusal> {
    let glossary = include_str!("../docs/GLOSSARY.md");
    let rows = glossary.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    let last = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    let cells = last.flat_map(|cell| cell.split(',')).map(|word| word.trim().to_lowercase());
    cells.filter(|word| !word.is_empty() && word != "not").map(|word| refusal_of(&word)).collect()
}

/// `work (name)` as the word and the refusal.
fn refusal_of(cell: &str) -> (String, Refusal) {
    match (cell.strip_suffix(" (name)"), cell.strip_suffix(" (type)")) {
        (Some(word), _) => (word.to_string(), Refusal::Name),
        (_, Some(word)) => (word.to_string(), Refusal::Type),
        _ if cell.contains(' ') => (cell.to_string(), Refusal::Phrase),
        _ => (cell.to_string(), Refusal::Everywhere),
    }
}

/// The refused words of a text.
fn refused_in(text: &str, refused: &BTreeMap<String, Refusal>) -> Vec<String> {
    let text = text.to_lowercase();
    let words: BTreeSet<&str> = text.split(|character: char| !character.is_alphanumeric()).collect();
    let is_in = |(word, refusal): &(&String, &Refusal)| match refusal {
        Refusal::Everywhere => words.contains(word.as_str()),
        Refusal::Phrase => text.contains(word.as_str()),
        Refusal::Name | Refusal::Type => false,
    };
    refused.iter().filter(is_in).map(|(word, _)| word.clone()).collect()
}

/// Whether a text leaves an actor or a thing to be guessed.
fn is_riddle(text: &str) -> bool {
    let mut words = text.split(|character: char| !character.is_alphanumeric());
    words.any(|word| RIDDLES.iter().any(|riddle| word.eq_ignore_ascii_case(riddle)))
}

/// The code of a file without its comments and literals, line for line, and its literals of text, each with the number
/// of the line that it begins on.
fn split_literals(code: &str) -> (String, Vec<(usize, String)>) {
    let all: Vec<char> = code.chars().collect();
    let at = |index: usize| all.get(index).copied().unwrap_or('\n');
    let (mut plain, mut literals) = (String::new(), Vec::new());
    let (mut index, mut line) = (0, 1);
    while index < all.len() {
        let start = index;
        let raw = if is_raw_start(&all, start) {
            (start + 1..).take_while(|index| at(*index) == '#').count()
        } else {
            0
        };
        if at(index) == '/' && at(index + 1) == '/' {
            while index < all.len() && at(index) != '\n' {
                index += 1;
            }
        } else if is_raw_start(&all, start) {
            // To the quotation mark that as many hashes follow.
            let is_end = |end: usize| at(end) == '"' && (1..=raw).all(|hash| at(end + hash) == '#');
            let first = start + raw + 2;
            let end = (first..all.len()).find(|end| is_end(*end)).unwrap_or(all.len());
            literals.push((line, all.iter().take(end).skip(first).collect()));
            index = end + raw + 1;
        } else if at(index) == '"' {
            let mut end = start + 1;
            while end < all.len() && at(end) != '"' {
                end += if at(end) == '\\' { 2 } else { 1 };
            }
            literals.push((line, all.iter().take(end).skip(start + 1).collect()));
            index = end + 1;
        } else if at(index) == '\'' && at(index + 1) == '\\' {
            // `'\''` and `'\u{1b}'`: the third character never ends it.
            index = (start + 3..all.len()).find(|end| at(*end) == '\'').unwrap_or(all.len()) + 1;
        } else if at(index) == '\'' && at(index + 2) == '\'' {
            index += 3;
        } else {
            plain.push(at(index));
            index += 1;
            line += usize::from(at(start) == '\n');
            continue;
        }
        let skipped = (start..index.min(all.len())).filter(|index| at(*index) == '\n').count();
        plain.extend(std::iter::once(' ').chain(std::iter::repeat_n('\n', skipped)));
        line += skipped;
    }
    (plain, literals)
}

/// Whether a raw literal begins there: `r"`, `r#"`, `br"`.
fn is_raw_start(all: &[char], index: usize) -> bool {
    let at = |index: usize| all.get(index).copied().unwrap_or('\n');
    if at(index) != 'r' {
        return false;
    }
    let is_part = |index: usize| at(index).is_alphanumeric() || at(index) == '_';
    let before = match index.checked_sub(1) {
        Some(byte) if at(byte) == 'b' => byte.checked_sub(1),
        before => before,
    };
    let marks = (index + 1..).find(|index| at(*index) != '#').unwrap_or(index);
    at(marks) == '"' && !before.is_some_and(is_part)
}

/// The code before the tests at the end of a file.
fn without_tests(code: &str) -> &str {
    code.split("\nmod tests {").next().unwrap_or(code)
}

/// The texts in the literals of a file, each with its line: without tests, placeholders and line breaks, and without
/// the names of earlier versions that a reader of files still takes.
fn texts(code: &str) -> Vec<(usize, String)> {
    let code = without_tests(code);
    let lines: Vec<&str> = code.lines().collect();
    let is_alias = |line: usize| lines.get(line - 1).is_some_and(|line| line.contains("alias = "));
    let literals = split_literals(code).1.into_iter().filter(|(line, _)| !is_alias(*line));
    literals.map(|(line, text)| (line, without_placeholders(&text))).collect()
}

/// A text without `{placeholders}` and escapes, with one space between words.
fn without_placeholders(text: &str) -> String {
    let mut parts = text.split('{');
    let first = parts.next().unwrap_or_default().to_string();
    let rest = parts.map(|part| part.split_once('}').map_or(part, |(_, after)| after));
    let text = rest.fold(first, |text, part| text + part);
    let text = text.replace("\\n", " ").replace('\\', " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The names in a line of code. A name of a path is left out: it is checked in the file that defines it.
fn names(line: &str) -> Vec<&str> {
    let is_part = |character: char| character.is_alphanumeric() || "_:".contains(character);
    let pieces = line.split(|character: char| !is_part(character)).filter(|piece| !piece.contains("::"));
    let names = pieces.flat_map(|piece| piece.split(':'));
    names.filter(|name| name.starts_with(|first: char| first.is_alphabetic() || first == '_')).collect()
}

/// The words of a name of any kind: `list_tags`, `ListTags`, `MOST_TAGS`.
fn words_of_any(name: &str) -> Vec<String> {
    let pieces = name.split('_').filter(|piece| !piece.is_empty());
    let words = pieces.map(|piece| {
        if piece.contains(char::is_lowercase) { words_of(piece) } else { vec![piece.to_lowercase()] }
    });
    words.flatten().collect()
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
    assert_eq!(refused.get("wish"), Some(&Refusal::Everywhere), "{refused:?}");
    let types = types();
    let called =
        types.iter().filter(|(name, _)| words_of(name).iter().any(|word| refused.contains_key(word)));
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
            if is_riddle(line) {
                riddles.push(format!("{file}: {line}"));
            }
        }
    }
    assert!(riddles.len() * 1000 < lines * MOST_RIDDLES, "{} of {lines}: {riddles:#?}", riddles.len());
}

#[test]
fn no_name_is_a_word_that_the_glossary_refuses() {
    let refused = refused();
    let mut found = BTreeSet::new();
    let mut plain_names = BTreeSet::new();
    for (file, code) in code() {
        let (code, _) = split_literals(&code);
        for (index, line) in code.lines().enumerate() {
            for name in names(line) {
                let words = words_of_any(name);
                let is_refused = words.iter().any(|word| match refused.get(word) {
                    Some(Refusal::Everywhere) => words.len() <= MOST_WORDS,
                    Some(Refusal::Name) => words.len() == 1,
                    Some(Refusal::Type | Refusal::Phrase) | None => false,
                });
                if PLAIN_NAMES.iter().any(|plain| (plain.0, plain.1) == (file.as_str(), name)) {
                    plain_names.insert((file.clone(), name.to_string()));
                } else if is_refused {
                    found.insert(format!("{file}:{}: `{name}`", index + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(plain_names.len(), PLAIN_NAMES.len(), "each exception is needed: {plain_names:?}");
}

#[test]
fn texts_of_the_program_have_the_words_of_the_glossary() {
    let refused = refused();
    let (mut count, mut found) = (0, Vec::new());
    for (file, code) in code().into_iter().filter(|(file, _)| !file.starts_with("demo")) {
        let helps = code.lines().enumerate().map(|(index, line)| (index + 1, line.trim().to_string()));
        let is_cli = file == "cli.rs" || file.starts_with("cli/");
        let helps = helps.filter(|(_, line)| is_cli && line.starts_with("///"));
        for (line, text) in texts(&code).into_iter().chain(helps) {
            count += 1;
            let words = refused_in(&text, &refused);
            found.extend(words.iter().map(|word| format!("{file}:{line}: `{word}` in {text}")));
        }
    }
    assert!(count > 2000, "{count}");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn texts_of_the_program_name_their_actors() {
    let (mut count, mut riddles) = (0, Vec::new());
    for (file, code) in code().into_iter().filter(|(file, _)| !file.starts_with("demo")) {
        for (line, text) in texts(&code).into_iter().filter(|(_, text)| text.contains(' ')) {
            if file.starts_with("store/") && is_statement(&text) {
                continue;
            }
            count += 1;
            riddles.extend(is_riddle(&text).then(|| format!("{file}:{line}: {text}")));
        }
    }
    assert!(riddles.len() * 1000 < count * MOST_RIDDLES, "{} of {count}: {riddles:#?}", riddles.len());
}

/// Whether the text is SQL.
fn is_statement(text: &str) -> bool {
    ["SELECT ", "INSERT ", "DELETE ", "UPDATE ", "CREATE "].iter().any(|word| text.starts_with(word))
}

#[test]
fn documents_have_the_words_of_the_glossary() {
    let refused = refused();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = fs::read_dir(root.join("docs")).expect("the folder can be read");
    let documents = folder.map(|entry| entry.expect("an entry").path());
    let documents = documents.filter(|path| path.extension().is_some_and(|end| end == "md"));
    let documents = documents.filter(|path| !path.ends_with("GLOSSARY.md"));
    let mut found = Vec::new();
    for path in documents.chain([root.join("README.md")]) {
        let text = fs::read_to_string(&path).expect("a document");
        let mut is_code = false;
        for (index, line) in text.lines().enumerate() {
            is_code ^= line.trim_start().starts_with("```");
            // Every other part of a line is code between backquotes.
            let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
            let words = if is_code { Vec::new() } else { refused_in(&prose, &refused) };
            found.extend(words.iter().map(|word| format!("{}:{}: `{word}`", path.display(), index + 1)));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn literals_are_told_from_code() {
    let code = "let a = \"one \\\" {two} three\"; // \"no\"\nlet b = ('\"', '\\'', 'x', r#\"raw \" text\"#);\nfn f<'a>() {}\nlet c = \"last\";";
    let (plain, literals) = split_literals(code);
    let expected = [(1, "one \\\" {two} three"), (2, "raw \" text"), (4, "last")];
    assert_eq!(literals, expected.map(|(line, text)| (line, text.to_string())));
    assert!(!plain.contains("no") && plain.contains("fn f<'a>()") && plain.lines().count() == 4, "{plain}");
    assert_eq!(without_placeholders("a {b}c{}\\n  d \\\n   e"), "a c d e");
    assert_eq!(names("let work: Vec<u8> = watch::channel(a_b, 1u8);"), ["let", "work", "Vec", "u8", "a_b"]);
    assert_eq!(words_of_any("MOST_SHARED"), ["most", "shared"]);
    assert_eq!(words_of_any("is_ChangePlan"), ["is", "change", "plan"]);
    let refused = BTreeMap::from(["way", "made (name)", "takes it back"].map(refusal_of));
    assert_eq!(refused_in("The way is made, and undo takes it back", &refused), ["takes it back", "way"]);
    assert!(is_riddle("nobody knows") && !is_riddle("whatever"));
}

#[test]
fn types_and_words_are_read_as_they_are_written() {
    assert_eq!(type_of("pub struct ChangePlan {"), Some("ChangePlan"));
    assert_eq!(type_of("    enum Wish<'a> {"), Some("Wish"));
    assert_eq!(type_of("pub(super) trait Registry: Send {"), Some("Registry"));
    assert_eq!(type_of("let structure = 1;"), None);
    assert_eq!(words_of("ChangePlan"), ["change", "plan"]);
}
