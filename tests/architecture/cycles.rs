//! No two files of the program need each other, directly or through others. A folder and its files may: a parent
//! declares its children, and they share its types.
//!
//! The imports are read from the text: every `use` and every path that begins with `crate`, `super`, `self` or a child.
//! A name that a module re-exports counts for the file that defines it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The path of a module, or of an item in it.
type Segments = Vec<String>;

/// The modules of a program, each with its code.
#[derive(Default)]
struct Modules {
    code: BTreeMap<Segments, String>,
    /// The names that modules re-export, and the items behind them.
    exports: HashMap<(Segments, String), Segments>,
}

impl Modules {
    /// Returns the modules of all files below a folder. Tests at the end of a file and comments are left out.
    fn read(source: &Path) -> Modules {
        let mut modules = Modules::default();
        let mut folders = vec![source.to_path_buf()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(folder).expect("the folder can be read");
            let paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
            let (below, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
            folders.extend(below);
            for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "rs")) {
                let name = file.strip_prefix(source).expect("it is below").with_extension("");
                let name: Segments = name.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                if !["lib", "main"].contains(&name[0].as_str()) {
                    modules.add(name, &fs::read_to_string(file).expect("a file"));
                }
            }
        }
        modules.find_exports();
        modules
    }

    fn add(&mut self, name: Segments, text: &str) {
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
        let lines: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or(line)).collect();
        self.code.insert(name, lines.join("\n"));
    }

    fn find_exports(&mut self) {
        let mut exports = HashMap::new();
        for (module, code) in &self.code {
            for import in imports(code).filter(|import| import.is_public) {
                if let Some(target) = self.absolute(module, &import.path) {
                    exports.insert((module.clone(), import.name), target);
                }
            }
        }
        self.exports = exports;
    }

    /// Returns a path from the root of the crate, or `None` if it leads out of the crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Segments> {
        let (first, rest) = path.split_first()?;
        let child = || [module, std::slice::from_ref(first)].concat();
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "super" => {
                let ups = path.iter().take_while(|part| *part == "super").count();
                let base = &module[..module.len().checked_sub(ups)?];
                Some([base, &path[ups..]].concat())
            }
            _ if self.code.contains_key(&child()) => Some([module, path].concat()),
            _ => None,
        }
    }

    /// Returns the module that a path leads to, and whether it names the module itself.
    fn module_of(&self, path: &[String]) -> Option<(Segments, bool)> {
        let mut path = path.to_vec();
        // Re-exports of re-exports end somewhere.
        for _ in 0..8 {
            let length = (1..=path.len()).rev().find(|length| self.code.contains_key(&path[..*length]))?;
            let exported = path.get(length).and_then(|name| {
                self.exports.get(&(path[..length].to_vec(), name.clone())).map(|target| (target, length))
            });
            match exported {
                Some((target, length)) => path = [target.as_slice(), &path[length + 1..]].concat(),
                None => return Some((path[..length].to_vec(), length == path.len())),
            }
        }
        None
    }

    /// Returns the modules that a module needs, without those above and below it.
    fn needs(&self, module: &Segments) -> BTreeSet<Segments> {
        let code = &self.code[module];
        let mut needed = BTreeSet::new();
        let mut paths: Vec<Segments> = paths(code);
        for import in imports(code).filter(|import| !import.is_public) {
            let Some(target) = self.absolute(module, &import.path) else { continue };
            if let Some((_, true)) = self.module_of(&target) {
                // The module is imported for names in it.
                let below = paths.iter().filter(|path| path[0] == import.name);
                let below: Vec<Segments> =
                    below.map(|path| [target.as_slice(), &path[1..]].concat()).collect();
                needed.extend(below.iter().filter_map(|path| self.module_of(path)).map(|(at, _)| at));
            } else {
                needed.extend(self.module_of(&target).map(|(at, _)| at));
            }
        }
        paths.retain(|path| path.len() > 1);
        for path in paths.iter().filter_map(|path| self.absolute(module, path)) {
            needed.extend(self.module_of(&path).filter(|(_, is_module)| !is_module).map(|(at, _)| at));
        }
        needed.retain(|other| !other.starts_with(module) && !module.starts_with(other));
        needed
    }

    /// Returns the circles: modules that need each other, each circle in the order of their names.
    fn circles(&self) -> Vec<Vec<String>> {
        let needs: BTreeMap<&Segments, BTreeSet<Segments>> =
            self.code.keys().map(|module| (module, self.needs(module))).collect();
        let reach = |from: &Segments| {
            let (mut reached, mut next) = (HashSet::new(), vec![from.clone()]);
            while let Some(module) = next.pop() {
                next.extend(needs[&module].iter().filter(|other| reached.insert((*other).clone())).cloned());
            }
            reached
        };
        let reached: BTreeMap<&Segments, HashSet<Segments>> =
            needs.keys().map(|module| (*module, reach(module))).collect();
        let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
        for (module, reaches) in &reached {
            if reaches.contains(*module) {
                let members = reaches.iter().filter(|other| reached[other].contains(*module));
                let mut members: Vec<String> = members.map(|member| member.join("/")).collect();
                members.sort();
                circles.insert(members);
            }
        }
        circles.into_iter().collect()
    }
}

/// One name that a `use` brings in.
struct Import {
    is_public: bool,
    path: Segments,
    name: String,
}

/// Returns every name of every `use` of a file.
fn imports(code: &str) -> impl Iterator<Item = Import> {
    let mut all = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let line_begins = code[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let before = code[line_begins..at].trim();
        if !(before.is_empty() || before.starts_with("pub")) {
            continue;
        }
        let Some((tree, _)) = code[at + 4..].split_once(';') else { continue };
        let tree: String = tree.split_whitespace().collect::<Vec<_>>().join(" ");
        unfold(&[], &tree, &mut |path, name| {
            all.push(Import { is_public: before.starts_with("pub"), path, name });
        });
    }
    all.into_iter()
}

/// Calls `found` for each path of a `use` tree such as `a::{self, b::C as D}`.
fn unfold(before: &[String], tree: &str, found: &mut impl FnMut(Segments, String)) {
    let tree = tree.trim();
    if let Some((head, group)) = tree.split_once('{') {
        let head = head.split("::").map(str::trim).filter(|part| !part.is_empty()).map(String::from);
        let before: Segments = before.iter().cloned().chain(head).collect();
        for part in split(group.trim_end_matches('}').trim_end(), tree.ends_with('}')) {
            unfold(&before, &part, found);
        }
        return;
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias)));
    let path = path
        .split("::")
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "self" || before.is_empty());
    let path: Segments = before.iter().cloned().chain(path.map(String::from)).collect();
    let name = alias.map(|alias| alias.trim().to_string()).or_else(|| path.last().cloned());
    if let Some(name) = name {
        found(path, name);
    }
}

/// Splits a group at the commas that stand in no inner group. `closed` tells that the braces at its end were cut off.
fn split(group: &str, closed: bool) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0_usize);
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("there is a part").push(character);
    }
    // The braces of inner groups at the very end were cut off together with the outer one.
    if closed && let Some(last) = parts.last_mut() {
        last.push_str(&"}".repeat(depth));
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Returns every path with `::` in the code, outside of `use`.
fn paths(code: &str) -> Vec<Segments> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut all = Vec::new();
    let code = without_imports(code);
    for token in code.split(|character: char| !is_word(character) && character != ':') {
        let token = token.trim_matches(':');
        if token.contains("::") && token.starts_with(|first: char| first.is_lowercase()) {
            all.push(token.split("::").map(String::from).collect());
        }
    }
    all
}

fn without_imports(code: &str) -> String {
    let mut rest = code;
    let mut kept = String::new();
    while let Some(at) = rest.find("use ") {
        let line_begins = rest[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let before = rest[line_begins..at].trim();
        let is_import = before.is_empty() || before.starts_with("pub");
        let end =
            if is_import { rest[at..].find(';').map_or(rest.len(), |end| at + end + 1) } else { at + 4 };
        kept.push_str(if is_import { &rest[..line_begins] } else { &rest[..end] });
        rest = &rest[end..];
    }
    kept + rest
}

#[test]
fn no_two_files_need_each_other() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let modules = Modules::read(&source);
    assert!(modules.code.len() > 200, "{}", modules.code.len());
    let circles = modules.circles();
    assert!(circles.is_empty(), "{circles:#?}");
}

/// Returns the circles of a small program.
fn circles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let mut modules = Modules::default();
    for (name, text) in files {
        modules.add(name.split('/').map(String::from).collect(), text);
    }
    modules.find_exports();
    modules.circles()
}

#[test]
fn a_circle_is_found_in_every_form_of_import() {
    let circle = [vec!["a".to_string(), "b".to_string()]];
    let back = ("b", "use crate::a::A;\npub struct B;");
    for there in [
        "use super::b::B;\npub struct A;",
        "use crate::{b::{B}};\npub struct A;",
        "use crate::b::{self, B};\npub struct A;",
        "use crate::b;\npub struct A(b::B);",
        "use crate::b as other;\npub struct A(other::B);",
        "pub struct A(crate::b::B);",
        "use crate::c::B;\npub struct A;",
    ] {
        let found = circles_of(&[("a", there), back, ("c", "pub use super::b::B;")]);
        assert_eq!(found, circle, "{there}");
    }
}

#[test]
fn longer_circles_are_found_and_shared_parents_are_none() {
    let long = circles_of(&[("a", "use crate::b::B;"), ("b", "use crate::c::C;"), ("c", "use crate::a::A;")]);
    assert_eq!(long, [["a", "b", "c"]]);
    let family =
        circles_of(&[("a", "mod b;\nuse b::B;\npub struct A;"), ("a/b", "use super::A;\npub struct B;")]);
    assert_eq!(family, [[""; 0]; 0]);
    let text = circles_of(&[("a", "// use crate::b::B;\n"), ("b", "use crate::a::A;")]);
    assert_eq!(text, [[""; 0]; 0]);
}
