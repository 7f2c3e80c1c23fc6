//! `registries.conf` and its drop-ins: containers-registries.conf(5), containers-registries.conf.d(5).

use std::collections::HashSet;
use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{FileLine, SystemRegistries, file_of_user, folder};
use crate::client::credentials::is_helper_name;
use crate::client::{Location, MirrorPulls, MirrorRoute, Route, RoutePrefix};
use crate::model::redact;
use crate::model::reference::{Host, Reference, Repository};
use crate::model::text::SafeText;

const MAIN: &str = "containers/registries.conf";
const DROP_INS: &str = "containers/registries.conf.d";

/// Reads the main file and the drop-ins. Without a file of the user the drop-ins of the system and those of the user are
/// read; with one only those of the user.
pub(super) fn read(system: &mut SystemRegistries, variable: &impl Fn(&str) -> Option<OsString>) {
    let etc = Path::new("/etc");
    let of_user = file_of_user(variable, MAIN);
    let has_own = of_user.as_ref().is_some_and(|file| file.exists());
    let named = folder(variable, "CONTAINERS_REGISTRIES_CONF");
    let reads_own = named.is_none() && has_own;
    let main = match (named, of_user) {
        (Some(named), _) => named,
        (None, Some(own)) if has_own => own,
        _ => etc.join(MAIN),
    };
    let own_drop_ins = file_of_user(variable, DROP_INS);
    let drop_ins: Vec<PathBuf> = match folder(variable, "CONTAINERS_REGISTRIES_CONF_DIR") {
        Some(named) => vec![named],
        None if reads_own => own_drop_ins.into_iter().collect(),
        None => std::iter::once(etc.join(DROP_INS)).chain(own_drop_ins).collect(),
    };
    system.places.push(main.clone());
    system.places.extend(drop_ins.iter().cloned());
    read_one(system, &main);
    for folder in drop_ins {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "conf"));
        files.sort();
        files.iter().for_each(|file| read_one(system, file));
    }
}

fn read_one(system: &mut SystemRegistries, file: &Path) {
    let Some(text) = system.read_file(file) else { return };
    let mut reader = Reader { system, file, text: &text };
    let (table, errors) = DeTable::parse_recoverable(&text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        // The message of the library may quote a value.
        reader.problem(at..at, "it is not valid TOML");
    }
    reader.read(table.get_ref());
}

type Value<'i> = Spanned<DeValue<'i>>;

/// Reads one file.
struct Reader<'a> {
    system: &'a mut SystemRegistries,
    file: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or_default().matches('\n').count() + 1
    }

    fn problem(&mut self, span: Range<usize>, why: impl AsRef<str>) {
        let why = format!("line {}: {}", self.line(span.start), why.as_ref());
        self.system.add_problem(self.file, why);
    }

    fn read(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "registry" => self.registries(value),
                "aliases" => self.aliases(value),
                "unqualified-search-registries" => self.search(value),
                "short-name-mode" => {
                    let mode = value.get_ref().as_str();
                    if !matches!(mode, Some("" | "enforcing" | "permissive" | "disabled")) {
                        let why = "`short-name-mode`: `enforcing`, `permissive` or `disabled` is expected";
                        self.problem(value.span(), why);
                    }
                }
                "credential-helpers" => self.credential_helpers(value),
                // Layers are not stored.
                "additional-layer-store-auth-helper" => {}
                "registries" => {
                    let why = "`[registries]` is the format of version 1, which regtui does not read";
                    self.problem(key.span(), why);
                }
                other => self.unknown(key.span(), other),
            }
        }
    }

    fn unknown(&mut self, span: Range<usize>, key: &str) {
        self.problem(span, format!("`{}` is not a setting", SafeText::clean(&redact::secrets(key))));
        if let Some(problem) = self.system.problems.last_mut() {
            problem.is_unknown_key = true;
        }
    }

    fn search(&mut self, value: &Value<'_>) {
        let mut found = Vec::new();
        let Some(items) = value.get_ref().as_array() else {
            return self.problem(value.span(), "`unqualified-search-registries`: a list is expected");
        };
        for item in items {
            match item.get_ref().as_str().and_then(|text| Host::parse(text).ok()) {
                Some(host) => found.push(host),
                None => self.problem(item.span(), "a registry is expected: `host`, `host:port`"),
            }
        }
        let line = self.line(value.span().start);
        self.system.search_line = Some(FileLine { file: self.file.to_path_buf(), line });
        self.system.search = found;
    }

    /// Reads the order of the sources of logins. An empty list counts as none, as for podman.
    fn credential_helpers(&mut self, value: &Value<'_>) {
        let Some(items) = value.get_ref().as_array() else {
            return self.problem(value.span(), "`credential-helpers`: a list is expected");
        };
        let mut names = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                // A name that is a path is refused when its helper is asked, too.
                Some(name) if is_helper_name(name) => names.push(name.to_string()),
                _ => {
                    self.problem(item.span(), "`containers-auth.json` or the name of a helper is expected");
                }
            }
        }
        if !names.is_empty() {
            let line = FileLine { file: self.file.to_path_buf(), line: self.line(value.span().start) };
            self.system.credential_helpers = Some((names, line));
        }
    }

    fn aliases(&mut self, value: &Value<'_>) {
        let Some(table) = value.get_ref().as_table() else {
            return self.problem(value.span(), "`aliases`: a table is expected");
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let is_short = name
                .split('/')
                .next()
                .is_some_and(|first| !first.contains(['.', ':']) && first != "localhost")
                && Repository::parse(name).is_ok();
            match value.get_ref().as_str() {
                _ if !is_short => {
                    self.problem(key.span(), "the name of an alias has neither a registry nor a tag");
                }
                Some("") => {
                    self.system.aliases.remove(name);
                }
                Some(text) => match alias_target(text) {
                    Some(repository) => {
                        self.system.aliases.insert(name.into(), repository);
                    }
                    None => self.problem(value.span(), "`registry/name` without a tag is expected"),
                },
                None => self.problem(value.span(), "`registry/name` is expected"),
            }
        }
    }

    fn registries(&mut self, value: &Value<'_>) {
        let Some(items) = value.get_ref().as_array() else {
            return self.problem(value.span(), "`[[registry]]` is expected");
        };
        let mut seen = HashSet::new();
        for item in items {
            let Some(table) = item.get_ref().as_table() else {
                self.problem(item.span(), "`[[registry]]` is expected");
                continue;
            };
            if let Some((route, line)) = self.route(item.span(), table) {
                if !seen.insert(route.prefix.to_string()) {
                    self.problem(item.span(), format!("`{}` is listed twice", route.prefix));
                    continue;
                }
                self.system.add_route(route, line);
            }
        }
    }

    /// Reads a route. Whatever cannot be read makes it stricter, never looser: `blocked` stays, and the rest falls away.
    fn route(&mut self, span: Range<usize>, table: &DeTable<'_>) -> Option<(Route, FileLine)> {
        const KEYS: [&str; 6] =
            ["prefix", "location", "insecure", "blocked", "mirror", "mirror-by-digest-only"];
        self.check_keys(table, &KEYS);
        let prefix_text = self.text_of(table, "prefix");
        let location_text = self.text_of(table, "location");
        let (named, at) = match (&prefix_text, &location_text) {
            (Some((prefix, at)), _) if !prefix.is_empty() => (prefix.clone(), at.clone()),
            (_, Some((location, at))) if !location.is_empty() => (location.clone(), at.clone()),
            _ => {
                self.problem(span, "`prefix` or `location` is expected");
                return None;
            }
        };
        let prefix = match RoutePrefix::parse(named.trim_end_matches('/')) {
            Ok(prefix) => prefix,
            Err(bad) => {
                self.problem(at, format!("{bad}; a prefix with a tag or a digest is not supported"));
                return None;
            }
        };
        let location = location_text.filter(|(text, _)| !text.is_empty() && *text != named);
        let location = location.and_then(|(text, at)| self.location(&text, at));
        let location = location.filter(|location| RoutePrefix::Within(location.clone()) != prefix);
        let is_digest_only = self.flag_of(table, "mirror-by-digest-only");
        let line = FileLine { file: self.file.to_path_buf(), line: self.line(at.start) };
        let route = Route {
            prefix,
            location,
            insecure: self.flag_of(table, "insecure"),
            blocked: self.flag_of(table, "blocked"),
            mirrors: self.mirrors(table, is_digest_only),
            source: SafeText::from(line.to_string()),
        };
        Some((route, line))
    }

    fn mirrors(&mut self, table: &DeTable<'_>, is_digest_only: bool) -> Vec<MirrorRoute> {
        let mut mirrors = Vec::new();
        let Some(value) = get(table, "mirror") else { return mirrors };
        let Some(items) = value.get_ref().as_array() else {
            self.problem(value.span(), "`[[registry.mirror]]` is expected");
            return mirrors;
        };
        for item in items {
            let Some(table) = item.get_ref().as_table() else {
                self.problem(item.span(), "`[[registry.mirror]]` is expected");
                continue;
            };
            self.check_keys(table, &["location", "insecure", "pull-from-mirror"]);
            let Some((text, at)) = self.text_of(table, "location") else {
                self.problem(item.span(), "a mirror needs a `location`");
                continue;
            };
            let pulls = match self.text_of(table, "pull-from-mirror") {
                None => None,
                Some((text, at)) => match text.as_str() {
                    "" | "all" => Some(MirrorPulls::All),
                    "digest-only" => Some(MirrorPulls::DigestOnly),
                    "tag-only" => Some(MirrorPulls::TagOnly),
                    _ => {
                        self.problem(
                            at,
                            "`pull-from-mirror`: `all`, `digest-only` or `tag-only` is expected",
                        );
                        continue;
                    }
                },
            };
            if is_digest_only && pulls.is_some_and(|pulls| pulls != MirrorPulls::All) {
                let why = "`pull-from-mirror` and `mirror-by-digest-only` exclude each other";
                self.problem(item.span(), why);
                continue;
            }
            let pulls = if is_digest_only { MirrorPulls::DigestOnly } else { pulls.unwrap_or_default() };
            if let Some(location) = self.location(&text, at) {
                mirrors.push(MirrorRoute { location, insecure: self.flag_of(table, "insecure"), pulls });
            }
        }
        mirrors
    }

    fn location(&mut self, text: &str, at: Range<usize>) -> Option<Location> {
        match Location::parse(text.trim_end_matches('/')) {
            Ok(location) => Some(location),
            Err(bad) => {
                self.problem(at, format!("`location`: {bad}"));
                None
            }
        }
    }

    fn check_keys(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for (key, _) in table {
            if !known.contains(&key.get_ref().as_ref()) {
                self.unknown(key.span(), key.get_ref());
            }
        }
    }

    /// Returns the text of a key, and its place.
    fn text_of(&mut self, table: &DeTable<'_>, key: &str) -> Option<(String, Range<usize>)> {
        let value = get(table, key)?;
        let text = value.get_ref().as_str().map(|text| (text.to_string(), value.span()));
        if text.is_none() {
            self.problem(value.span(), format!("`{key}`: a text is expected"));
        }
        text
    }

    fn flag_of(&mut self, table: &DeTable<'_>, key: &str) -> bool {
        let Some(value) = get(table, key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.problem(value.span(), format!("`{key}`: `true` or `false` is expected"));
            // A block that cannot be read blocks.
            key == "blocked"
        })
    }
}

fn get<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<&'t Value<'i>> {
    table.iter().find(|(found, _)| found.get_ref() == key).map(|(_, value)| value)
}

/// Returns the repository that an alias means. It has a registry and no tag.
fn alias_target(text: &str) -> Option<Repository> {
    let (host, name) = text.split_once('/')?;
    if !host.contains(['.', ':']) && host != "localhost" {
        return None;
    }
    let reference = Reference::parse_in(Host::parse(host).ok()?, name).ok()?;
    (reference.tag.is_none() && reference.digest.is_none()).then_some(reference.repository)
}

#[cfg(test)]
mod tests;
