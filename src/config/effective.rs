//! The values that are in effect, each with its origin.

use std::fmt;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::lines::KeyLines;
use super::system::FileLine;
use super::{Config, ConfigText};
use crate::client::MirrorPulls;
use crate::model::reference::Host;

/// The origin of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nothing sets it.
    Default,
    /// A line of a file.
    File(PathBuf, usize),
    /// An environment variable.
    Variable(&'static str),
    /// A flag of the command line.
    Flag(&'static str),
    /// A decision of the user that is kept in the state.
    Decision,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::File(file, line) => write!(f, "{}:{line}", file.display()),
            Source::Variable(name) => write!(f, "environment variable {name}"),
            Source::Flag(name) => f.write_str(name),
            Source::Decision => f.write_str("regtui trust"),
        }
    }
}

/// A setting with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    /// The key, as the file may hold it.
    pub(crate) key: String,
    /// The value. `Null` if it is not set and has no default.
    pub(crate) value: Value,
    /// The origin of the value.
    pub(crate) source: Source,
}

/// A setting that a flag or an environment variable replaces.
#[derive(Debug, Clone)]
pub(crate) struct Override {
    /// The key.
    pub(crate) key: &'static str,
    /// The flag or the variable.
    pub(crate) source: Source,
}

/// The settings of a run with everything that tells their origins.
#[derive(Debug)]
pub(crate) struct Effective<'a> {
    config: &'a Config,
    file: Option<PathBuf>,
    lines: KeyLines,
    overrides: Vec<Override>,
}

impl<'a> Effective<'a> {
    /// Puts the settings of a run together with the text that they were read from.
    pub(crate) fn new(
        config: &'a Config,
        text: Option<&ConfigText>,
        overrides: Vec<Override>,
    ) -> Effective<'a> {
        let lines = text.map(|read| KeyLines::of(&read.text)).unwrap_or_default();
        Effective { config, file: text.map(|read| read.file.clone()), lines, overrides }
    }

    /// Returns every setting. Registries that the file does not name have none of their own.
    pub(crate) fn all(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (key, value) in object(self.config) {
            match value {
                Value::Object(keys) if key == "keys" => {
                    for (command, chords) in keys {
                        let source = self.in_file(&["keys", &command]);
                        let source = source.unwrap_or(Source::Default);
                        settings.push(Setting { key: format!("keys.{command}"), value: chords, source });
                    }
                }
                Value::Object(_) if key == "registries" => {}
                value => settings.push(Setting { source: self.source(&key), key, value }),
            }
        }
        for (host, registry) in &self.config.registries {
            for (name, value) in object(registry) {
                let source = self.source_for(host, &name);
                if source != Source::Default {
                    settings.push(Setting { key: format!("registries.{host:?}.{name}"), value, source });
                }
            }
        }
        let system = &self.config.system;
        if let Some((search, line)) = system.search() {
            let hosts = search.iter().map(|host| host.as_str().into()).collect();
            settings.push(of_system("system.unqualified-search-registries", Value::Array(hosts), line));
        }
        if let Some((names, line)) = system.credential_helpers() {
            let names = names.iter().map(|name| name.as_str().into()).collect();
            settings.push(of_system("system.credential-helpers", Value::Array(names), line));
        }
        settings.extend(self.routes(None));
        settings
    }

    /// Returns the routes by the files of the system, or those that concern a registry.
    fn routes(&self, host: Option<&Host>) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (route, line) in self.config.system.routes_of(host) {
            let mut add = |name: &str, value: Value| {
                settings.push(of_system(
                    &format!("system.{:?}.{name}", route.prefix.to_string()),
                    value,
                    line,
                ));
            };
            if let Some(location) = &route.location {
                add("location", location.to_string().into());
            }
            if route.insecure {
                add("insecure", true.into());
            }
            if route.blocked {
                add("blocked", true.into());
            }
            for mirror in &route.mirrors {
                let pulls = match mirror.pulls {
                    MirrorPulls::All => "",
                    MirrorPulls::DigestOnly => " (digest-only)",
                    MirrorPulls::TagOnly => " (tag-only)",
                };
                let insecure = if mirror.insecure { " (insecure)" } else { "" };
                add("mirror", format!("{}{pulls}{insecure}", mirror.location).into());
            }
        }
        settings
    }

    /// Returns the settings that hold for a registry. Where it has none of its own they are those for all registries.
    pub(crate) fn of_registry(&self, host: &Host) -> Vec<Setting> {
        let for_all = object(self.config);
        let own = self.config.registries.get(host).cloned();
        let mut settings = Vec::new();
        for (name, value) in object(&own.unwrap_or_default()) {
            let own_source = self.source_for(host, &name);
            let (value, source) = match for_all.get(&name) {
                // A prohibition for all registries holds for each.
                Some(Value::Bool(true)) if name == "read_only" => (Value::Bool(true), self.source(&name)),
                Some(for_all) if value.is_null() => (for_all.clone(), self.source(&name)),
                _ => (value, own_source),
            };
            let is_own = source != Source::Default;
            settings.push(Setting { key: name, value, source });
            let last = settings.last_mut().filter(|setting| setting.key == "insecure" && !is_own);
            // The file of the system that makes the registry insecure is the origin.
            if let Some(setting) = last.filter(|_| self.is_insecure_by_system(host)) {
                let mut routes = self.config.system.routes_of(Some(host));
                let line = routes.find(|(route, _)| route.insecure).map(|(_, line)| line);
                setting.value = Value::Bool(true);
                setting.source =
                    line.map_or(Source::Default, |line| Source::File(line.file.clone(), line.line));
            }
        }
        settings.extend(self.routes(Some(host)));
        settings
    }

    /// Returns whether a file of the system makes a registry insecure, and the own configuration does not object.
    fn is_insecure_by_system(&self, host: &Host) -> bool {
        self.config.client_settings().trust_of(host).may_be_plain
    }

    /// Returns the origin of a setting for all registries.
    fn source(&self, key: &str) -> Source {
        self.overridden(key).or_else(|| self.in_file(&[key])).unwrap_or(Source::Default)
    }

    /// Returns the origin of a registry's own setting.
    fn source_for(&self, host: &Host, name: &str) -> Source {
        // Only these two flags change the settings of single registries.
        let flag = self.overridden(name).filter(|_| matches!(name, "plain_http" | "insecure"));
        flag.or_else(|| self.in_file(&["registries", host.as_str(), name])).unwrap_or(Source::Default)
    }

    fn overridden(&self, key: &str) -> Option<Source> {
        self.overrides.iter().find(|found| found.key == key).map(|found| found.source.clone())
    }

    fn in_file(&self, key: &[&str]) -> Option<Source> {
        Some(Source::File(self.file.clone()?, self.lines.line(key)?))
    }
}

fn of_system(key: &str, value: Value, line: &FileLine) -> Setting {
    Setting { key: key.into(), value, source: Source::File(line.file.clone(), line.line) }
}

/// Returns the fields of a value that is written as an object.
fn object(value: &impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// Returns every problem of a file: all unknown keys, otherwise the first error.
pub(crate) fn problems_of(text: &str) -> Vec<String> {
    let unknown = KeyLines::of(text).unknown();
    let first = Config::parse(text).err().filter(|why| unknown.is_empty() || !why.contains("unknown field"));
    let unknown = unknown.into_iter().map(|(line, key)| format!("line {line}: `{key}` is not a setting"));
    unknown.chain(first).collect()
}
