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
mod tests {
    use super::key::HUB_KEY;
    use super::*;
    use crate::model::secret::Secret;

    fn found(text: &str, host: &str) -> Option<FileLogin> {
        let host = Host::parse(host).expect("a host");
        File::parse(text).expect("a file").find(KeyRule::Docker, &host, None).0
    }

    /// Returns the user of the login, or nothing.
    fn user(text: &str, rule: KeyRule, host: &str, repository: &str) -> String {
        let host = Host::parse(host).expect("a host");
        let name = RepositoryName::parse(repository).expect("a name");
        match File::parse(text).expect("a file").find(rule, &host, Some(&name)).0 {
            Some(FileLogin::Login(Login::Password { user, .. })) => user,
            _ => String::new(),
        }
    }

    /// Writes `auths` with these keys. The user of each is its place, and `-` before a key leaves out its login.
    fn auths(keys: &[&str]) -> String {
        let entry = |(place, key): (usize, &&str)| match key.strip_prefix('-') {
            Some(key) => format!("\"{key}\":{{}}"),
            None => format!("\"{key}\":{{\"username\":\"{place}\",\"password\":\"p\"}}"),
        };
        let entries: Vec<String> = keys.iter().enumerate().map(entry).collect();
        format!("{{\"auths\":{{{}}}}}", entries.join(","))
    }

    fn password(user: &str, password: &str) -> Option<FileLogin> {
        Some(FileLogin::Login(Login::Password { user: user.into(), password: Secret::new(password) }))
    }

    /// docs/REGISTRIES.md §4.8.
    #[test]
    fn logins_are_found_as_docker_finds_them() {
        let hub = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYTpzcw=="}}}"#;
        assert_eq!(found(hub, "docker.io"), password("user", "pa:ss"));
        assert_eq!(found(hub, "ghcr.io"), None);
        let plain = r#"{"auths":{"R.test:5000":{"username":"u","password":"p"}}}"#;
        assert_eq!(found(plain, "r.test:5000"), password("u", "p"));
        assert_eq!(found(plain, "r.test"), None);
        assert_eq!(found(r#"{"auths":{"r.test:443":{"auth":"dTpw"}}}"#, "r.test"), password("u", "p"));
        assert_eq!(
            found(r#"{"auths":{"https://r.test/v1/":{"auth":" dTpwAAA "}}}"#, "r.test"),
            password("u", "p")
        );
        assert_eq!(found(r#"{"auths":{"r.test":{"auth":"OnA="}}}"#, "r.test"), None, "a user without a name");
        assert_eq!(found(r#"{"auths":{"r.test":{}}}"#, "r.test"), None);
        assert_eq!(found(r#"{"auths":null,"credHelpers":null,"x":[1]}"#, "r.test"), None);
        let token = r#"{"auths":{"r.test":{"auth":"dTpw","identitytoken":"t"}}}"#;
        assert_eq!(found(token, "r.test"), Some(FileLogin::Login(Login::Identity(Secret::new("t")))));
        let token = r#"{"auths":{"r.test":{"registrytoken":"t"}}}"#;
        assert_eq!(found(token, "r.test"), Some(FileLogin::Login(Login::Bearer(Secret::new("t")))));
    }

    #[test]
    fn a_helper_goes_before_a_login_in_the_file() {
        let file = r#"{"auths":{"r.test":{"auth":"dTpw"},"https://index.docker.io/v1/":{}},"credsStore":"pass",
            "credHelpers":{"gcr.io":"gcloud"}}"#;
        let helper = |suffix: &str, setting: &'static str, servers: &[&str]| {
            let servers = servers.iter().map(ToString::to_string).collect();
            Some(FileLogin::Helper { suffix: suffix.into(), setting, servers })
        };
        assert_eq!(found(file, "gcr.io"), helper("gcloud", "credHelpers", &["gcr.io"]));
        assert_eq!(found(file, "r.test"), helper("pass", "credsStore", &["r.test"]));
        assert_eq!(found(file, "docker.io"), helper("pass", "credsStore", &[HUB_KEY]));
        assert_eq!(found(r#"{"credsStore":"pass"}"#, "docker.io"), helper("pass", "credsStore", &[HUB_KEY]));
        let spelled = r#"{"auths":{"https://r.test/v1/":{},"r.test":{}},"credsStore":"pass"}"#;
        assert_eq!(found(spelled, "r.test"), helper("pass", "credsStore", &["r.test", "https://r.test/v1/"]));
        let spelled = r#"{"auths":{"https://r.test/v1/":{}},"credsStore":"pass"}"#;
        assert_eq!(found(spelled, "r.test"), helper("pass", "credsStore", &["https://r.test/v1/", "r.test"]));
    }

    #[test]
    fn the_name_of_a_helper_that_is_empty_means_the_file() {
        let file = r#"{"auths":{"r.test":{"auth":"dTpw"}},"credsStore":"pass","credHelpers":{"r.test":""}}"#;
        assert_eq!(found(file, "r.test"), password("u", "p"));
        let file = r#"{"auths":{"r.test":{"auth":"dTpw"}},"credsStore":""}"#;
        assert_eq!(found(file, "r.test"), password("u", "p"));
    }

    #[test]
    fn the_exact_key_goes_before_other_spellings_and_an_empty_entry_hides_none() {
        let docker = |keys: &[&str], host: &str| user(&auths(keys), KeyRule::Docker, host, "team/app");
        for (keys, host, expected) in [
            (&["https://r.test", "r.test", "https://r.test/v1/"][..], "r.test", "1"),
            (&["https://r.test/v2/", "R.test/", "r.test:443"], "r.test", "1"),
            (&["-r.test", "https://r.test"], "r.test", "1"),
            (&["-https://r.test", "r.test"], "r.test", "1"),
            (&["-r.test", "-https://r.test", "r.test:443"], "r.test", "2"),
            (&["r.test"], "r.test:443", "0"),
            (&["r.test:443", "r.test"], "r.test:443", "0"),
            (&["r.test:5000"], "r.test", ""),
            (&["docker.io", HUB_KEY], "docker.io", "1"),
            (&["index.docker.io"], "docker.io", "0"),
            (&["HTTP://r.test/"], "r.test", "0"),
            (&["r.test/v1/"], "r.test", "0"),
            (&["r.test/v2"], "r.test", "0"),
        ] {
            assert_eq!(docker(keys, host), expected, "{keys:?}");
        }
    }

    /// docs/REGISTRIES.md §4.8.
    #[test]
    fn tokens_that_docker_keeps_beside_a_login_are_no_logins() {
        let keys = [
            "https://index.docker.io/v1/access-token",
            "https://index.docker.io/v1/refresh-token",
            "docker.io/access-token",
        ];
        for rule in [KeyRule::Docker, KeyRule::Podman] {
            assert_eq!(user(&auths(&keys[..2]), rule, "docker.io", "me/app"), "");
            let with_login = auths(&[keys[0], keys[1], HUB_KEY]);
            assert_eq!(user(&with_login, rule, "docker.io", "me/app"), "2");
        }
        assert_eq!(user(&auths(&keys), KeyRule::Docker, "docker.io", "me/app"), "");
        let stored = auths(&[keys[0], keys[1], HUB_KEY]).replace("}}}", "}},\"credsStore\":\"x\"}");
        let Some(FileLogin::Helper { servers, .. }) = found(&stored, "docker.io") else { panic!("a helper") };
        assert_eq!(servers, [HUB_KEY]);
        let podman = auths(&["r.test/team/access-token"]);
        assert_eq!(user(&podman, KeyRule::Podman, "r.test", "team/access-token"), "0", "a repository");
    }

    #[test]
    fn a_key_with_a_path_counts_for_the_registry_in_the_file_of_docker_alone() {
        for key in ["r.test/group/project", "https://r.test/group/project", "https://r.test/group/project/"] {
            for repository in ["group/project", "group/project/app", "other/app"] {
                assert_eq!(user(&auths(&[key]), KeyRule::Docker, "r.test", repository), "0", "{key}");
            }
        }
        let podman = |repository| user(&auths(&["r.test/team"]), KeyRule::Podman, "r.test", repository);
        assert_eq!([podman("team/app"), podman("other/app")], ["0", ""]);
        let both = auths(&["r.test/team", "https://r.test/v1/"]);
        assert_eq!(user(&both, KeyRule::Docker, "r.test", "team/app"), "1", "a key without a path is better");
        assert_eq!(user(&auths(&["r.test.evil/r.test"]), KeyRule::Docker, "r.test", "team/app"), "");
    }

    #[test]
    fn one_part_of_a_wrong_type_does_not_discard_the_rest() {
        let host = Host::parse("r.test").expect("a host");
        let login = r#""r.test":{"auth":"dTpw"}"#;
        for (text, problem) in [
            (format!(r#"{{"auths":{{"x.test":null,"y.test":5,{login}}},"credHelpers":{{"z":null}}}}"#), ""),
            (format!(r#"{{"auths":{{{login}}},"credHelpers":[]}}"#), "credHelpers is not a JSON object"),
            (format!(r#"{{"auths":{{{login}}},"credsStore":null,"HttpHeaders":7}}"#), ""),
            (format!(r#"{{"auths":{{{login}}},"credsStore":7}}"#), "credsStore is not a text"),
            (
                format!(r#"{{"auths":{{{login}}},"credHelpers":{{"r.test":7}}}}"#),
                "credHelpers.\"r.test\" is not a text",
            ),
            (format!(r#"{{"auths":{{"https://r.test":{{"auth":5}},{login}}}}}"#), ""),
            (r#"{"auths":{"r.test":{"auth":null,"username":"u","password":"p","email":3}}}"#.into(), ""),
            (r#"{"auths":{"r.test":{"auth":"%","username":"u","password":"p"}}}"#.into(), ""),
        ] {
            let (found, bad) = File::parse(&text).expect("a file").find(KeyRule::Docker, &host, None);
            assert_eq!(found, password("u", "p"), "{text}");
            let bad: Vec<String> = bad.iter().map(|bad| format!("{} {}", bad.entry, bad.why)).collect();
            assert_eq!(bad.join("; "), problem, "{text}");
        }
        for (text, problem) in [
            (r#"["CANARY7"]"#, "the whole text is not a JSON object"),
            (r#"{"auths":"CANARY7"}"#, "auths is not a JSON object"),
            (r#"{"auths":{"r.test":"CANARY7"}}"#, "auths.\"r.test\" is not a JSON object"),
            (r#"{"auths":{"r.test":{"auth":["CANARY7"]}}}"#, "auths.\"r.test\".auth is not a text"),
            (
                r#"{"auths":{"r.test":{"auth":"CANARY7"}}}"#,
                "auths.\"r.test\".auth is not `user:password` in base64",
            ),
        ] {
            let (found, bad) = File::parse(text).expect("a file").find(KeyRule::Docker, &host, None);
            let bad: Vec<String> = bad.iter().map(|bad| format!("{} {}", bad.entry, bad.why)).collect();
            assert_eq!((found, bad), (None, vec![problem.to_string()]), "{text}");
        }
    }

    #[test]
    fn an_empty_file_and_a_byte_order_mark_are_no_faults() {
        assert!(File::parse("").is_ok_and(|file| file.auths.is_empty()));
        assert!(File::parse(" \n").is_ok());
        assert_eq!(
            found("\u{feff}{\"auths\":{\"r.test\":{\"auth\":\"dTpw\"}}}", "r.test"),
            password("u", "p")
        );
        assert_eq!(File::parse("{\"auths\":\n  {\"r.test\":{},}}").err(), Some((2, 16)));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        assert_eq!(read(&path).await, Ok(None));
        assert_eq!(read(&path.join("below")).await, Ok(None));
        assert_eq!(read(folder.path()).await, Err("is a directory".into()));
        std::fs::write(&path, b"\xff\xfe{\0").expect("a file");
        assert_eq!(read(&path).await, Err("it is not UTF-8 text".into()));
        let helpers = Helpers::default();
        let file = AuthFile { source: &path, rule: KeyRule::Docker, helpers: &helpers };
        let host = Host::parse("r.test").expect("a host");
        let problem = file.login(read(&path).await, &host, None).await.problems.remove(0).to_string();
        assert_eq!(problem, format!("`{}` cannot be read: it is not UTF-8 text", path.display()));
    }

    #[test]
    fn the_longest_key_wins_and_a_prefix_is_no_key() {
        let file = r#"{"auths":{"r.test":{"auth":"YTph"},"r.test/team":{"auth":"Yjpi"},"r.test/team/app":{"auth":"Yzpj"}}}"#;
        let user = |name: &str| user(file, KeyRule::Podman, "r.test", name);
        assert_eq!(
            [user("team/app/x"), user("team/other"), user("teams/app"), user("app")],
            ["c", "b", "a", "a"]
        );
        assert_eq!(found(file, "r.test.evil"), None);
    }

    #[test]
    fn every_key_names_its_registry() {
        let file = r#"{"auths":{"vm:6101":{},"https://index.docker.io/v1/":null,"http://plain/":{},"r.test/team/app":{},
            "tls:443":{},"not a host":{}},"credHelpers":{"gcr.io":"gcloud"}}"#;
        let mut names: Vec<String> =
            File::parse(file).expect("a file").registries().iter().map(ToString::to_string).collect();
        names.sort();
        assert_eq!(names, ["docker.io", "gcr.io", "plain", "r.test", "tls", "tls:443", "vm:6101"]);
    }

    #[test]
    fn a_broken_file_is_no_panic_and_tells_no_secret() {
        assert_eq!(File::parse("{\"auths\":{\"r.test\":{\"auth\":\"CANARY7").err(), Some((1, 35)));
        let file = File::parse(r#"{"auths":{"r.test":{"auth":"CANARY7"}}}"#).expect("a file");
        assert!(!format!("{file:?}").contains("CANARY7"));
    }
}
