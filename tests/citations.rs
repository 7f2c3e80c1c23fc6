//! Citations of documents: each leads to a file, and to a section, a row or a fault that is there.
//!
//! A comment cites a document by its path, and the places right behind it, on one line. A list that goes on in the next
//! line names the document again.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The parts of a document that can be cited.
#[derive(Debug, Default)]
struct Document {
    /// The numbers at the beginning of its headings: `4.8`, `1.G`.
    sections: HashSet<String>,
    /// The numbered rows of its tables, each with the section that it is in.
    rows: HashSet<(String, u32)>,
    /// The rows of its tables that begin with a letter and a number: `B3`.
    faults: HashSet<String>,
    /// The names of its headings in links.
    anchors: HashSet<String>,
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// The document itself.
    Whole,
    /// A section by its number.
    Section(String),
    /// A row of the table of a section.
    Row(String, u32),
    /// A fault.
    Fault(String),
}

/// A file whose text cites documents.
struct Source {
    /// Its path from the root of the project, for messages.
    name: String,
    /// The folder that its links start from.
    folder: PathBuf,
    /// Everything in it.
    text: String,
    /// The document that it is, whose own sections it may name without a path.
    own: Option<String>,
    /// Whether only its comments count.
    is_code: bool,
}

#[test]
fn every_citation_leads_to_a_section_of_a_document() {
    let documents = documents();
    let mut nowhere = Vec::new();
    let mut count = 0;
    for source in sources() {
        for (line, text) in source.lines() {
            for (file, place) in citations(text, source.own.as_deref()).0 {
                count += 1;
                let problem = problem(&documents, &file, &place);
                nowhere.extend(problem.map(|problem| format!("{}:{line}: {problem}", source.name)));
            }
        }
    }
    assert!(count > 0, "nothing is cited");
    assert!(nowhere.is_empty(), "{}", nowhere.join("\n"));
}

#[test]
fn no_comment_cites_a_document_without_its_path() {
    let documents = documents();
    let mut without = Vec::new();
    for source in sources() {
        for (line, text) in source.lines() {
            let at = format!("{}:{line}", source.name);
            let stray = citations(text, source.own.as_deref()).1;
            without.extend(stray.into_iter().map(|place| format!("{at}: `{place}` of which document?")));
            if source.is_code {
                let names = documents.keys().filter(|file| is_named_alone(text, file));
                without.extend(names.map(|file| format!("{at}: `{file}` without its path")));
            }
        }
    }
    assert!(without.is_empty(), "{}", without.join("\n"));
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut nowhere = Vec::new();
    for source in sources().into_iter().filter(|source| !source.is_code) {
        for (line, text) in source.lines() {
            let problems = links(text).into_iter().filter_map(|link| broken(&source, &link));
            nowhere.extend(problems.map(|problem| format!("{}:{line}: {problem}", source.name)));
        }
    }
    assert!(nowhere.is_empty(), "{}", nowhere.join("\n"));
}

#[test]
fn every_test_that_a_promise_names_exists() {
    let text = read(&root().join("docs/RELIABILITY.md"));
    let mut count = 0;
    let mut missing = Vec::new();
    for (line, text) in prose(&text) {
        for path in spans(text).filter(|span| is_test_path(span)) {
            count += 1;
            if !has_function(path) {
                missing.push(format!("docs/RELIABILITY.md:{line}: there is no test `{path}`"));
            }
        }
    }
    assert!(count > 0, "no test is named");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn a_citation_that_leads_nowhere_would_be_found() {
    let text = "# Title\n\n## 4. Names, `and` more\n\n### 4.8 A file\n\n## 1.G Races\n\n| 7 | a row |\n| B3 | a fault |\n";
    let documents = HashMap::from([("docs/A.md".to_string(), Document::read(text))]);
    let found = |text: &str, own: Option<&str>| -> Vec<String> {
        let (cited, stray) = citations(text, own);
        let problems = cited.iter().filter_map(|(file, place)| problem(&documents, file, place));
        problems.chain(stray.into_iter().map(|place| format!("stray {place}"))).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(found("docs/A.md", None), none);
    assert_eq!(found("as in docs/A.md §4.8, §4 and §1.G row 7; docs/A.md B3, and more. C1", None), none);
    assert_eq!(found("docs/A.md §4.8. More", None), none);
    assert_eq!(found("this is in §4.8", Some("docs/A.md")), none);
    assert_eq!(
        found("RFC 9110 § 14.4, at/docs/A.md §9", Some("docs/A.md")),
        ["`docs/A.md` has no section 9"]
    );
    assert_eq!(found("docs/B.md", None), ["there is no `docs/B.md`"]);
    assert_eq!(
        found("docs/A.md §4.8, §5", None),
        ["`docs/A.md` has no section 5"],
        "of several places each counts"
    );
    assert_eq!(
        found("docs/A.md §1.G rows 6 to 8", None),
        ["`docs/A.md` has no row 6 in section 1.G", "`docs/A.md` has no row 8 in section 1.G"]
    );
    assert_eq!(found("docs/A.md B2 to B4", None), ["`docs/A.md` has no row B2", "`docs/A.md` has no row B4"]);
    assert_eq!(found("in §4.8", None), ["stray §4.8"]);
    assert!(is_named_alone("see a.md for it", "docs/A.md") && !is_named_alone("docs/A.md", "docs/A.md"));
    assert!(documents["docs/A.md"].anchors.contains("4-names-and-more"));
    assert_eq!(links("`[no](x)` [a `b`](c.md#d) ![e](f \"g\")\n"), ["c.md#d", "f"]);
    assert!(is_test_path("client::auth::a_login") && !is_test_path("::1") && !is_test_path("model::Next"));
}

impl Document {
    fn read(text: &str) -> Document {
        let mut document = Document::default();
        let mut section = String::new();
        for (_, line) in prose(text) {
            if let Some(title) = heading(line) {
                if let Some((number, _)) = number_of(title) {
                    section = number.to_string();
                    document.sections.insert(section.clone());
                }
                let anchor = anchor(title);
                // Of several headings that read alike, the later ones are numbered.
                let mut names = std::iter::once(anchor.clone()).chain((1..).map(|n| format!("{anchor}-{n}")));
                let free = names.find(|name| !document.anchors.contains(name));
                document.anchors.extend(free);
            } else if let Some(cell) = line.strip_prefix("| ").and_then(|row| row.split('|').next()) {
                let cell = cell.trim();
                if let Ok(row) = cell.parse::<u32>() {
                    document.rows.insert((section.clone(), row));
                } else if fault(cell).is_some_and(|(_, rest)| rest.is_empty()) {
                    document.faults.insert(cell.to_string());
                }
            }
        }
        document
    }
}

impl Source {
    /// Returns the lines that count, with their numbers.
    fn lines(&self) -> Vec<(usize, &str)> {
        if self.is_code { comments(&self.text) } else { prose(&self.text) }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All documents by the path that they are cited by.
fn documents() -> HashMap<String, Document> {
    let files = files_in(&root().join("docs"), "md");
    let documents: HashMap<String, Document> =
        files.iter().map(|path| (cited_as(path), Document::read(&read(path)))).collect();
    assert!(!documents.is_empty(), "there are no documents");
    documents
}

fn cited_as(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!("docs/{name}")
}

/// All files that may cite a document.
fn sources() -> Vec<Source> {
    let code =
        ["src", "tests", "benches"].into_iter().flat_map(|folder| files_in(&root().join(folder), "rs"));
    let documents = files_in(&root().join("docs"), "md");
    let paths = code.chain(documents).chain([root().join("README.md")]);
    paths
        .map(|path| {
            let folder = path.parent().unwrap_or(root()).to_path_buf();
            let is_document = folder == root().join("docs");
            Source {
                name: path.strip_prefix(root()).unwrap_or(&path).display().to_string(),
                text: read(&path),
                own: is_document.then(|| cited_as(&path)),
                is_code: path.extension().is_some_and(|extension| extension == "rs"),
                folder,
            }
        })
        .collect()
}

/// The files with this extension below a folder.
fn files_in(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => files.push(path),
            }
        }
    }
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

/// The comment of each line that has one.
fn comments(code: &str) -> Vec<(usize, &str)> {
    let lines = code.lines().enumerate();
    lines.filter_map(|(index, line)| Some((index + 1, line.split_once("//")?.1))).collect()
}

/// The lines of a document outside of blocks of code.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// The title of a heading.
fn heading(line: &str) -> Option<&str> {
    let title = line.trim_start_matches('#');
    if title.len() == line.len() { None } else { title.strip_prefix(' ').map(str::trim) }
}

/// Returns the name of a heading in links, as GitHub makes it.
fn anchor(title: &str) -> String {
    let title = title.to_lowercase();
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Returns the citations of a text, each with the path of its document; and the places that it names without one.
fn citations(text: &str, own: Option<&str>) -> (Vec<(String, Place)>, Vec<String>) {
    let (mut cited, mut stray) = (Vec::new(), Vec::new());
    let mut at = 0;
    loop {
        let (path, sign) = (text[at..].find("docs/"), text[at..].find('§'));
        let Some(next) = path.into_iter().chain(sign).min() else { return (cited, stray) };
        let start = at + next;
        if path == Some(next) {
            at = start + "docs/".len();
            let is_longer = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
            let name = document_name(&text[at..]).filter(|_| !text[..start].ends_with(is_longer));
            let Some(name) = name else { continue };
            let file = format!("docs/{name}");
            at += name.len();
            cited.push((file.clone(), Place::Whole));
            if let Some(list) = text[at..].strip_prefix(' ') {
                let (places, rest) = places(list);
                if !places.is_empty() {
                    at = text.len() - rest.len();
                    cited.extend(places.into_iter().map(|place| (file.clone(), place)));
                }
            }
        } else {
            let (places, rest) = places(&text[start..]);
            if places.is_empty() {
                at = start + '§'.len_utf8();
                continue;
            }
            at = text.len() - rest.len();
            match own {
                Some(own) => cited.extend(places.into_iter().map(|place| (own.to_string(), place))),
                None => stray.push(text[start..at].to_string()),
            }
        }
    }
}

/// The name of a document that a text begins with.
fn document_name(text: &str) -> Option<&str> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let stem = text.bytes().take_while(is_part).count();
    let is_document = stem > 0 && text[stem..].starts_with(".md");
    is_document.then(|| &text[..stem + ".md".len()])
}

/// The places that a text begins with, several in a list; and the rest of the text.
fn places(text: &str) -> (Vec<Place>, &str) {
    let mut places = Vec::new();
    let mut rest = text;
    let mut ahead = Some((text, false));
    while let Some((start, is_range)) = ahead {
        let Some(after) = take_place(start, is_range, &mut places) else { break };
        rest = after;
        ahead = after_separator(rest);
    }
    (places, rest)
}

/// Returns the text after a separator of a list, and whether it stands between the ends of a range.
fn after_separator(text: &str) -> Option<(&str, bool)> {
    let rest = text.strip_prefix(", ").or_else(|| text.strip_prefix(" and "));
    rest.map(|rest| (rest, false)).or_else(|| text.strip_prefix(" to ").map(|rest| (rest, true)))
}

/// Takes one place, or several rows of a section, or the faults of a range after its first one.
fn take_place<'a>(text: &'a str, is_range: bool, places: &mut Vec<Place>) -> Option<&'a str> {
    if let Some((number, rest)) = text.strip_prefix('§').and_then(number_of) {
        places.push(Place::Section(number.to_string()));
        return Some(take_rows(number, rest, places));
    }
    let (last, rest) = fault(text)?;
    let between = match places.last() {
        Some(Place::Fault(first)) if is_range => faults_between(first, last),
        _ => Vec::new(),
    };
    places.extend(between);
    places.push(Place::Fault(last.to_string()));
    Some(rest)
}

fn take_rows<'a>(section: &str, text: &'a str, places: &mut Vec<Place>) -> &'a str {
    let list = text.strip_prefix(" rows ").or_else(|| text.strip_prefix(" row "));
    let mut ahead = list.map(|list| (list, false));
    let (mut rest, mut last) = (text, 0);
    while let Some((start, is_range)) = ahead {
        let digits = start.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(row) = start[..digits].parse::<u32>() else { break };
        let first = if is_range { last + 1 } else { row };
        places.extend((first..=row).map(|row| Place::Row(section.to_string(), row)));
        (rest, last) = (&start[digits..], row);
        ahead = after_separator(rest);
    }
    rest
}

/// The number of a section that a text begins with (`4`, `4.10`, `1.G`), and the rest.
fn number_of(text: &str) -> Option<(&str, &str)> {
    let mut end = text.bytes().take_while(u8::is_ascii_digit).count();
    if end == 0 {
        return None;
    }
    while let Some(after) = text[end..].strip_prefix('.') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let mut bytes = after.bytes();
        let is_letter = bytes.next().is_some_and(|byte| byte.is_ascii_uppercase())
            && bytes.next().is_none_or(|byte| !byte.is_ascii_alphanumeric());
        match digits.max(usize::from(is_letter)) {
            0 => break,
            length => end += 1 + length,
        }
    }
    Some(text.split_at(end))
}

/// The name of a fault that a text begins with: a letter and a number.
fn fault(text: &str) -> Option<(&str, &str)> {
    let digits = text.get(1..)?.bytes().take_while(u8::is_ascii_digit).count();
    let is_fault = text.starts_with(|first: char| first.is_ascii_uppercase()) && digits > 0;
    let (name, rest) = text.split_at_checked(1 + digits)?;
    (is_fault && !rest.starts_with(char::is_alphanumeric)).then_some((name, rest))
}

/// The faults between two of the same letter.
fn faults_between(first: &str, last: &str) -> Vec<Place> {
    let number = |fault: &str| fault[1..].parse::<u32>().ok();
    match (number(first), number(last)) {
        (Some(from), Some(to)) if first[..1] == last[..1] => {
            (from + 1..to).map(|number| Place::Fault(format!("{}{number}", &first[..1]))).collect()
        }
        _ => Vec::new(),
    }
}

/// Why a citation leads nowhere, if it does.
fn problem(documents: &HashMap<String, Document>, file: &str, place: &Place) -> Option<String> {
    let Some(document) = documents.get(file) else { return Some(format!("there is no `{file}`")) };
    let (is_there, place) = match place {
        Place::Whole => return None,
        Place::Section(number) => (document.sections.contains(number), format!("section {number}")),
        Place::Row(section, row) => {
            let is_there = document.rows.contains(&(section.clone(), *row));
            (is_there, format!("row {row} in section {section}"))
        }
        Place::Fault(name) => (document.faults.contains(name), format!("row {name}")),
    };
    (!is_there).then(|| format!("`{file}` has no {place}"))
}

/// Whether a text names a document without the folder before it, in any case of letters.
fn is_named_alone(text: &str, file: &str) -> bool {
    let (text, file) = (text.to_ascii_lowercase(), file.to_ascii_lowercase());
    let name = file.strip_prefix("docs/").unwrap_or(&file);
    let is_longer = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let mut places = text.match_indices(name);
    places.any(|(at, _)| !text[..at].ends_with("docs/") && !text[..at].ends_with(is_longer))
}

/// The targets of the links of a line, those in code left out.
fn links(line: &str) -> Vec<String> {
    let outside: String = line.split('`').step_by(2).collect();
    let targets = outside.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter_map(|target| target.split_whitespace().next()).map(str::to_string).collect()
}

/// Why a link leads nowhere, if it does. Links to other places than files of the project are not followed.
fn broken(source: &Source, link: &str) -> Option<String> {
    if link.contains(':') {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let file = source.folder.join(path);
    if !file.exists() {
        return Some(format!("there is no `{path}`"));
    }
    let is_there = anchor.is_none_or(|anchor| {
        let text = if path.is_empty() { source.text.clone() } else { read(&file) };
        Document::read(&text).anchors.contains(anchor)
    });
    (!is_there).then(|| format!("there is no `{link}`"))
}

/// The pieces of code in a line.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Whether a piece of code is the path of a function in small letters.
fn is_test_path(code: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    code.contains("::") && code.split("::").all(is_part)
}

/// Whether there is a function of that path, in the tests or in the program.
fn has_function(path: &str) -> bool {
    let parts: Vec<&str> = path.split("::").collect();
    let Some((function, modules)) = parts.split_last() else { return false };
    let function = format!("fn {function}(");
    ["tests", "src"].into_iter().any(|base| {
        // The innermost modules may be written inside of a file.
        let files = (1..=modules.len()).rev().map(|length| modules[..length].join("/"));
        let mut files = files.map(|file| root().join(base).join(file).with_extension("rs"));
        files.find(|file| file.is_file()).is_some_and(|file| read(&file).contains(&function))
    })
}
