//! The JSON of docker's `config.json` and podman's `auth.json`, which is one format with two ways to write a key:
//! <https://github.com/docker/cli/tree/v28.5.1/cli/config/configfile>, containers-auth.json(5).

mod edit;
mod entry;
mod key;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

pub(crate) use self::edit::{EditError, put_login, remove_login};
use self::entry::LoginEntry;
pub(crate) use self::key::KeyRule;
use self::key::{Key, is_browser_token, rank, registries};
pub(super) use self::key::{registry_of_login, server_key};
use super::helper::Helpers;
use super::keychain::LoginLookup;
use super::login::Login;
use super::problem::LoginProblem;
use crate::files::foreign::{describe, is_missing, read_regular_text};
use crate::model::redact;
use crate::model::reference::{Host, RepositoryName};
use crate::model::text::SafeText;

/// Most bytes of a file that are read.
const CAP: u64 = 4 * 1024 * 1024;

/// A file of logins. Only parts that can be read are in it.
#[derive(Debug, Default)]
pub(crate) struct File {
    auths: BTreeMap<String, LoginEntry>,
    creds_store: Option<String>,
    /// The helpers by registry. `None` for one whose name is not a text.
    cred_helpers: BTreeMap<String, Option<String>>,
    /// The parts of a wrong type that are about every registry.
    bad_parts: Vec<BadPart>,
}

/// A part of a file that cannot be used: its name, and its fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadPart {
    /// The name of the part: `auths."r.test".auth`.
    entry: SafeText,
    /// The fault, as the end of a sentence: `is not a text`.
    why: &'static str,
}

/// The login that a file has for a registry, or the helper that has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FileLogin {
    /// The login itself.
    Login(Login),
    /// The helper that has the login.
    Helper {
        /// The helper is `docker-credential-<suffix>`.
        suffix: String,
        /// The setting that names the helper.
        setting: &'static str,
        /// The servers to ask it for, one after another until it has a login.
        servers: Vec<String>,
    },
}

impl File {
    /// Reads a file. The error is the line and the column at which the text is no JSON. A part of a wrong type is left
    /// out, so that it does not hide the logins of other registries.
    pub(crate) fn parse(text: &str) -> Result<File, (usize, usize)> {
        let text = text.trim_start_matches('\u{feff}');
        // Docker reads an empty file as one without logins.
        if text.trim().is_empty() {
            return Ok(File::default());
        }
        let value: Value = serde_json::from_str(text).map_err(|error| (error.line(), error.column()))?;
        let mut file = File::default();
        let Value::Object(mut parts) = value else {
            file.add_bad_part("the whole text", "is not a JSON object");
            return Ok(file);
        };
        for (key, entry) in file.map(&mut parts, "auths") {
            file.auths.insert(key, LoginEntry::of(entry));
        }
        for (key, suffix) in file.map(&mut parts, "credHelpers") {
            let suffix = match suffix {
                Value::Null => continue,
                Value::String(suffix) => Some(suffix),
                _ => None,
            };
            file.cred_helpers.insert(key, suffix);
        }
        match parts.remove("credsStore") {
            None | Some(Value::Null) => {}
            Some(Value::String(suffix)) => {
                file.creds_store = Some(suffix).filter(|suffix| !suffix.is_empty());
            }
            Some(_) => file.add_bad_part("credsStore", "is not a text"),
        }
        Ok(file)
    }

    /// Takes an object out of the text. One of another type is noted as a bad part.
    fn map(&mut self, parts: &mut Map<String, Value>, name: &'static str) -> Map<String, Value> {
        match parts.remove(name) {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(map)) => map,
            Some(_) => {
                self.add_bad_part(name, "is not a JSON object");
                Map::new()
            }
        }
    }

    fn add_bad_part(&mut self, entry: &'static str, why: &'static str) {
        self.bad_parts.push(BadPart { entry: entry.into(), why });
    }

    /// Returns the login for a repository, or for the registry, in docker's order: a helper of this registry, the
    /// helper for all, the logins in the file. The key that fits best is used, and another one if that has no login. An
    /// empty name of a helper means that the logins in the file are used. The parts of the file about this registry that
    /// have a wrong type are returned beside it.
    pub(crate) fn find(
        &self,
        rule: KeyRule,
        host: &Host,
        repository: Option<&RepositoryName>,
    ) -> (Option<FileLogin>, Vec<BadPart>) {
        let mut bad = self.bad_parts.clone();
        let entries = ranked(&self.auths, |key| rank(key, rule, host, repository));
        let helpers = ranked(&self.cred_helpers, |key| Key::of(key).registry_rank(key, host));
        let mut named = None;
        for (key, suffix) in helpers {
            match suffix {
                Some(suffix) => {
                    named = Some((key, suffix));
                    break;
                }
                None => bad.push(bad_entry("credHelpers", key, "", "is not a text")),
            }
        }
        let helper = match (named, &self.creds_store) {
            (Some((_, suffix)), _) if suffix.is_empty() => None,
            (Some((key, suffix)), _) => Some((suffix, "credHelpers", vec![key.clone()])),
            (None, Some(suffix)) => {
                let keys = entries.iter().map(|(key, _)| (*key).clone()).collect();
                Some((suffix, "credsStore", keys))
            }
            (None, None) => None,
        };
        if let Some((suffix, setting, mut servers)) = helper {
            let usual = server_key(host);
            if !servers.contains(&usual) {
                servers.push(usual);
            }
            return (Some(FileLogin::Helper { suffix: suffix.clone(), setting, servers }), bad);
        }
        for (key, entry) in entries {
            match entry.login() {
                Ok(Some(login)) => return (Some(FileLogin::Login(login)), bad),
                Ok(None) => {}
                Err((field, why)) => bad.push(bad_entry("auths", key, field, why)),
            }
        }
        (None, bad)
    }

    /// Returns whether docker keeps the tokens of a login by browser for a registry, which are no login but lead to one.
    pub(crate) fn has_browser_tokens(&self, rule: KeyRule, host: &Host) -> bool {
        self.auths.keys().any(|key| is_browser_token(key, rule, host))
    }

    /// Returns the registries that the keys of a file name. Blocks. A file that cannot be read names none: that is reported
    /// when a login is looked up.
    pub(crate) fn registries_in(path: &Path) -> Vec<Host> {
        let text = read_blocking(path).ok().flatten();
        text.map(|text| File::registries_of(&text)).unwrap_or_default()
    }

    /// Returns the registries that the keys of a text name.
    pub(crate) fn registries_of(text: &str) -> Vec<Host> {
        File::parse(text).map(|file| file.registries()).unwrap_or_default()
    }

    /// Returns the registries that have a login in the text itself, or a helper of their own. Entries without a login
    /// do not count: tools write such ones for logins that a helper keeps.
    fn saved(&self, rule: KeyRule) -> Vec<Host> {
        let has_login = |entry: &LoginEntry| matches!(entry.login(), Ok(Some(_)));
        let in_text = self.auths.iter().filter(|(_, entry)| self.creds_store.is_none() && has_login(entry));
        let by_helper = self
            .cred_helpers
            .iter()
            .filter(|(_, suffix)| suffix.as_ref().is_some_and(|suffix| !suffix.is_empty()));
        let keys = in_text.map(|(key, _)| key).chain(by_helper.map(|(key, _)| key));
        keys.filter_map(|key| registry_of_login(key, rule)).collect()
    }

    /// Returns the registries that its keys name.
    fn registries(&self) -> Vec<Host> {
        self.auths.keys().chain(self.cred_helpers.keys()).flat_map(|key| registries(key)).collect()
    }
}

/// Returns the entries whose keys have a rank, the best one first.
fn ranked<T, R: Ord>(map: &BTreeMap<String, T>, rank: impl Fn(&str) -> Option<R>) -> Vec<(&String, &T)> {
    let mut fitting: Vec<_> = map.iter().filter_map(|(key, value)| Some((rank(key)?, key, value))).collect();
    fitting.sort_by(|(a, key_a, _), (b, key_b, _)| a.cmp(b).then_with(|| key_a.cmp(key_b)));
    fitting.into_iter().map(|(_, key, value)| (key, value)).collect()
}

/// Names a part of the entry of a registry. Keys are quoted without secrets.
fn bad_entry(part: &str, key: &str, field: &str, why: &'static str) -> BadPart {
    let dot = if field.is_empty() { "" } else { "." };
    let entry = SafeText::clean(&format!("{part}.\"{}\"{dot}{field}", redact::secrets(key)));
    BadPart { entry, why }
}

/// A file of logins that is searched, and the helpers that it may name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AuthFile<'a> {
    /// The path or the name of the file, for messages.
    pub(crate) source: &'a Path,
    /// The meaning of its keys.
    pub(crate) rule: KeyRule,
    /// The helpers.
    pub(crate) helpers: &'a Helpers,
}

impl AuthFile<'_> {
    /// Looks up a login in the text of the file, or asks the helper that the text names. A file without text has none.
    pub(crate) async fn login(
        self,
        text: Result<Option<String>, SafeText>,
        host: &Host,
        repository: Option<&RepositoryName>,
    ) -> LoginLookup {
        let source = SafeText::from(self.source.display().to_string());
        let without = |problem| LoginLookup { problems: vec![problem], ..LoginLookup::default() };
        let text = match text {
            Ok(Some(text)) => text,
            Ok(None) => return LoginLookup::default(),
            Err(why) => return without(LoginProblem::Unreadable { source, why }),
        };
        let file = match File::parse(&text) {
            Ok(file) => file,
            Err((line, column)) => return without(LoginProblem::NotJson { source, line, column }),
        };
        let (found, bad) = file.find(self.rule, host, repository);
        let name = |BadPart { entry, why }| LoginProblem::BadEntry { source: source.clone(), entry, why };
        let mut problems: Vec<LoginProblem> = bad.into_iter().map(name).collect();
        let login = match found {
            None => None,
            Some(FileLogin::Login(login)) => Some(login),
            Some(FileLogin::Helper { suffix, setting, servers }) => {
                match self.helpers.login(&suffix, &servers).await {
                    Ok(login) => login,
                    Err(why) => {
                        let program = SafeText::from(format!("docker-credential-{suffix}"));
                        problems.push(LoginProblem::Helper { source, setting, program, why });
                        None
                    }
                }
            }
        };
        LoginLookup { login, source: None, problems }
    }
}

/// Most servers of a helper that are taken.
pub(super) const MOST_SERVERS: usize = 1000;

impl AuthFile<'_> {
    /// Returns the registries for which the text has a login. The helper for all registries is asked for its servers. If
    /// it does not name them, the keys of the text do.
    pub(crate) async fn saved(self, text: Result<Option<String>, SafeText>) -> Vec<Host> {
        let Ok(Some(text)) = text else { return Vec::new() };
        let Ok(file) = File::parse(&text) else { return Vec::new() };
        let mut hosts = file.saved(self.rule);
        if let Some(suffix) = &file.creds_store {
            let servers = self.helpers.list(suffix).await.unwrap_or_else(|why| {
                tracing::debug!(suffix, %why, "a helper does not name its servers");
                file.auths.keys().cloned().collect()
            });
            let servers = servers.iter().take(MOST_SERVERS);
            hosts.extend(servers.filter_map(|server| registry_of_login(server, self.rule)));
        }
        hosts
    }
}

/// Reads the text of a file, at most [`CAP`] bytes of it. Returns `None` if it does not exist.
pub(crate) async fn read(path: &Path) -> Result<Option<String>, SafeText> {
    let path = path.to_path_buf();
    let read = tokio::task::spawn_blocking(move || read_blocking(&path)).await;
    read.unwrap_or_else(|_| Err("the reader stopped".into()))
}

/// Reads the text of a file like [`read`], but blocks.
pub(crate) fn read_blocking(path: &Path) -> Result<Option<String>, SafeText> {
    match read_regular_text(path, CAP) {
        Ok(text) => Ok(Some(text)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(SafeText::from(describe(&error))),
    }
}

#[cfg(test)]
mod tests;
