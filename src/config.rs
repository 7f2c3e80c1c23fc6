//! The settings: the defaults, then the file, then the environment, then the flags. They are checked before the
//! terminal is taken.

pub(crate) mod effective;
mod keys;
mod lines;
pub(crate) mod paths;
mod rules;
pub(crate) mod system;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::app::settings::{ExtraColumns, PaneWidths};
use crate::client::{self, AllowedOrigin, ApiAddress, HostSettings, Trust, VendorName};
use crate::files::foreign::{open_regular, read_regular_text};
use crate::model::redact;
use crate::model::reference::{BadName, Host, Scheme};
use crate::model::scan::command::{ScanCommand, Scanner};
use crate::model::text::SafeText;
use crate::ops::scan::find_scanner;
pub(crate) use keys::KeySettings;
pub(crate) use rules::{Prefix, RepositoryRules};
use system::SystemRegistries;

/// All settings. The names are those of the file; `assets/config.toml` shows and explains them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The name of the theme.
    pub(crate) theme: String,
    /// Whether the mouse is used.
    pub(crate) mouse: bool,
    /// Whether repositories are shown as a tree at start.
    pub(crate) tree: bool,
    /// The rule for the widths of the panes.
    pub(crate) widths: PaneWidths,
    /// The columns of the Tags pane that are shown besides the usual ones.
    pub(crate) columns: ExtraColumns,
    /// Whether the last session is restored if no target is named.
    pub(crate) restore: bool,
    /// The program that pull commands are written for.
    pub(crate) pull_with: String,
    /// Whether every change is refused.
    pub(crate) read_only: bool,
    /// Whether content is kept on disk between runs.
    pub(crate) cache: bool,
    /// The file to which requests and faults are logged. Nothing is logged if it is not set.
    pub(crate) log_file: Option<PathBuf>,
    /// The level of the log: `error`, `warn`, `info`, `debug`, `trace`.
    pub(crate) log_level: String,
    /// The seconds to wait for a server that stays silent, before another try waits longer.
    pub(crate) timeout: u32,
    /// The command that scans an image. If it is not set, that of trivy or grype is used.
    pub(crate) scan: Option<ScanCommand>,
    /// The seconds that a scan may take.
    pub(crate) scan_timeout: u32,
    /// Whether every registry is reached without TLS.
    pub(crate) plain_http: bool,
    /// Whether certificates are accepted unchecked, for every registry.
    pub(crate) insecure: bool,
    /// A PEM file with additional certificate authorities for every registry.
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether the system's files about registries are used: `registries.conf` of containers, docker's `daemon.json`.
    pub(crate) system_registries: bool,
    /// Everything that these files say.
    #[serde(skip)]
    pub(crate) system: SystemRegistries,
    /// The keys of some commands.
    pub keys: KeySettings,
    /// The settings of single registries.
    #[serde(deserialize_with = "by_host")]
    pub(crate) registries: BTreeMap<Host, RegistryConfig>,
}

/// The settings of one registry. They replace those for all registries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RegistryConfig {
    /// Whether the registry is reached without TLS. If it is not set, the setting for all registries applies.
    pub(crate) plain_http: Option<bool>,
    /// Whether the certificate of the registry is accepted unchecked. If it is not set, the setting for all registries
    /// applies.
    pub(crate) insecure: Option<bool>,
    /// A PEM file with additional certificate authorities. If it is not set, the setting for all registries applies.
    pub(crate) ca_file: Option<PathBuf>,
    /// Hosts of other domains that may receive the login of this registry if it names them as token services.
    pub(crate) realm_allow: Vec<String>,
    /// Other origins to which uploads may be sent if this registry names them.
    pub(crate) upload_allow: Vec<AllowedOrigin>,
    /// The address of the vendor's own API, if it is not at the vendor's usual place.
    pub(crate) api: Option<ApiAddress>,
    /// The vendor whose own API the registry has, if neither its name nor its answers say so.
    pub(crate) vendor: Option<VendorName>,
    /// Whether every change in this registry is refused.
    pub(crate) read_only: bool,
    /// Whether the name of a repository must be typed before a change in it.
    pub(crate) protect: bool,
    /// The destinations to which images of this registry may be copied. If it is not set, every destination is allowed.
    pub(crate) promote: Option<Vec<Prefix>>,
    /// Rules for some of its repositories.
    pub(crate) repositories: Vec<RepositoryRules>,
}

/// The name of a registry in the file. It may be written as users type it: `vm:6101/`, `http://vm:6101`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct HostKey(Host, Option<Scheme>);

impl TryFrom<String> for HostKey {
    type Error = String;

    fn try_from(text: String) -> Result<HostKey, String> {
        let read = || {
            let (scheme, host) = Scheme::split(&text)?;
            Ok(HostKey(Host::parse(host.strip_suffix('/').unwrap_or(host))?, scheme))
        };
        let quoted = || redact::secrets(&text).into_owned();
        read().map_err(|bad: BadName| format!("{:?}: {bad}", quoted()))
    }
}

/// Reads the registries by their names. One registry may be written in several forms, but it may occur only once.
fn by_host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Host, RegistryConfig>, D::Error> {
    struct ByHost;

    impl<'de> Visitor<'de> for ByHost {
        type Value = BTreeMap<Host, RegistryConfig>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("registries by their names")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all = BTreeMap::new();
            while let Some((HostKey(host, scheme), mut registry)) =
                map.next_entry::<HostKey, RegistryConfig>()?
            {
                if let Some(scheme) = scheme {
                    let is_plain = scheme == Scheme::Http;
                    if registry.plain_http.replace(is_plain).is_some_and(|said| said != is_plain) {
                        let text = format_args!("`{scheme}://{host}` and `plain_http` contradict each other");
                        return Err(Error::custom(text));
                    }
                }
                if all.insert(host.clone(), registry).is_some() {
                    return Err(Error::custom(format_args!("`{host}` is listed twice")));
                }
            }
            Ok(all)
        }
    }

    deserializer.deserialize_map(ByHost)
}

impl Default for Config {
    fn default() -> Config {
        Config {
            theme: "terminal".into(),
            mouse: true,
            tree: false,
            widths: PaneWidths::default(),
            columns: ExtraColumns::default(),
            restore: false,
            pull_with: "docker".into(),
            read_only: false,
            cache: true,
            log_file: None,
            log_level: "info".into(),
            timeout: 30,
            scan: None,
            scan_timeout: 600,
            plain_http: false,
            insecure: false,
            ca_file: None,
            system_registries: true,
            system: SystemRegistries::default(),
            keys: KeySettings::default(),
            registries: BTreeMap::new(),
        }
    }
}

/// The reasons why there is no configuration, for stderr.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The file cannot be read.
    #[error("cannot read the configuration `{}`: {why}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The error of the system.
        why: std::io::Error,
    },
    /// The certificate authorities cannot be read.
    #[error("cannot read the certificate authorities `{}`: {why}", .file.display())]
    NoAuthorities {
        /// The file.
        file: PathBuf,
        /// The error of the system.
        why: std::io::Error,
    },
    /// The file contains an error.
    #[error("the configuration `{}` has an error:\n{why}", .file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The line, the column, and the expected contents.
        why: String,
    },
}

/// Most bytes of the file of the configuration.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// The file of the configuration, and its text.
#[derive(Debug)]
pub(crate) struct ConfigText {
    /// The file.
    pub(crate) file: PathBuf,
    /// Its text.
    pub(crate) text: String,
}

impl ConfigText {
    /// Returns the file that the user named, or the usual file. `None` if there is no place for it.
    pub(crate) fn path(named: Option<&Path>) -> Option<PathBuf> {
        named.map(Path::to_path_buf).or_else(|| Some(paths::config()?.join("config.toml")))
    }

    /// Reads the file that the user named, or the usual file. Returns `None` if the usual file does not exist.
    pub(crate) fn read(named: Option<&Path>) -> Result<Option<ConfigText>, Problem> {
        let Some(file) = ConfigText::path(named) else { return Ok(None) };
        match read_regular_text(&file, MOST_BYTES) {
            Ok(text) => Ok(Some(ConfigText { file, text })),
            // If the home or the folder of the configuration is no folder, as with services, there is no file either.
            Err(why) if named.is_none() && is_absent(why.kind()) => Ok(None),
            Err(why) => Err(Problem::Unreadable { file, why }),
        }
    }
}

impl Config {
    /// Reads the file that the user named, or the usual file. The usual file may be missing.
    pub(crate) fn load(named: Option<&Path>) -> Result<Config, Problem> {
        match ConfigText::read(named)? {
            None => Ok(Config::default()),
            Some(ConfigText { file, text }) => {
                Config::parse(&text).map_err(|why| Problem::Invalid { file, why })
            }
        }
    }

    /// Parses and checks the text of a file.
    pub fn parse(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|error| describe_error(text, &error))?;
        if !crate::ui::theme::NAMES.contains(&config.theme.as_str()) {
            return Err(format!(
                "theme = {:?}: the themes are {}",
                config.theme,
                crate::ui::theme::NAMES.join(", ")
            ));
        }
        if !(1..=3600).contains(&config.timeout) {
            return Err(format!("timeout = {}: 1 to 3600 seconds are possible", config.timeout));
        }
        if !(1..=86_400).contains(&config.scan_timeout) {
            return Err(format!("scan_timeout = {}: 1 to 86400 seconds are possible", config.scan_timeout));
        }
        config.keys.check().map_err(|(span, problem)| describe_place(text, span.start, &problem))?;
        Ok(config)
    }

    /// Applies flags to every registry for this run, over the settings of single registries in the file.
    pub(crate) fn set_transport_for_all(&mut self, plain_http: bool, insecure: bool) {
        self.plain_http |= plain_http;
        self.insecure |= insecure;
        for registry in self.registries.values_mut() {
            registry.plain_http = if plain_http { Some(true) } else { registry.plain_http };
            registry.insecure = if insecure { Some(true) } else { registry.insecure };
        }
    }

    /// Checks that the files named in the settings can be read. The user sees such an error at the start instead of in
    /// a pane.
    pub(crate) fn check_files(&self) -> Result<(), Problem> {
        self.file_problems().next().map_or(Ok(()), Err)
    }

    /// Returns a problem for each file named in the settings that cannot be read.
    pub(crate) fn file_problems(&self) -> impl Iterator<Item = Problem> {
        let of_registries = self.registries.values().filter_map(|registry| registry.ca_file.as_ref());
        self.ca_file.iter().chain(of_registries).filter_map(|file| {
            let why = open_regular(file).err()?;
            Some(Problem::NoAuthorities { file: file.clone(), why })
        })
    }

    /// Returns the scanner of this machine, or the reason why there is none.
    pub(crate) fn find_scanner(&self) -> Result<Scanner, SafeText> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        find_scanner(self.scan.as_ref(), self.scan_timeout, &path)
    }

    /// Returns the settings of the clients.
    pub(crate) fn client_settings(&self) -> client::ClientSettings {
        let trust = Trust {
            plain_http: self.plain_http,
            insecure: self.insecure,
            ca_file: self.ca_file.clone(),
            ..Trust::default()
        };
        let routes = self.system.routes();
        let host = |(host, registry): (&Host, &RegistryConfig)| {
            // The own configuration of the registry wins over the files of the system.
            let has_own = registry.insecure.is_some() || registry.plain_http.is_some();
            let is_insecure = !has_own && routes.is_insecure(host);
            let trust = Trust {
                plain_http: registry.plain_http.unwrap_or(trust.plain_http),
                insecure: registry.insecure.unwrap_or(trust.insecure),
                ca_file: registry.ca_file.clone().or_else(|| trust.ca_file.clone()),
                ..Trust::default()
            };
            (
                host.clone(),
                HostSettings {
                    trust: trust.with_leave(is_insecure),
                    is_for_this_run: false,
                    realm_allow: registry.realm_allow.clone(),
                    upload_allow: registry.upload_allow.clone(),
                    api: registry.api.clone(),
                    vendor: registry.vendor,
                },
            )
        };
        let hosts: HashMap<Host, HostSettings> = self.registries.iter().map(host).collect();
        let cache = paths::cache().filter(|_| self.cache);
        let short_names = self.system.short_names();
        client::ClientSettings {
            trust,
            hosts,
            cache,
            routes,
            short_names,
            ..client::ClientSettings::default()
        }
    }
}

/// Returns the error in a file with its line. Only the key of the line is quoted, because the value may be a password
/// in the wrong file.
fn describe_error(text: &str, error: &toml::de::Error) -> String {
    let message = match error.message().split_once(" string \"") {
        // `invalid type: string "the value", expected a boolean`
        Some((before, after)) => match after.rsplit_once("\", expected") {
            Some((_, expected)) => format!("{before} string, expected{expected}"),
            None => format!("{before} string"),
        },
        None => redact::secrets(error.message()).into_owned(),
    };
    match error.span() {
        Some(span) => describe_place(text, span.start, &message),
        None => message,
    }
}

/// Returns a message with the line and the column of a place in the file.
fn describe_place(text: &str, at: usize, message: &str) -> String {
    let Some(before) = text.get(..at) else { return message.into() };
    let number = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let line = text.lines().nth(number).unwrap_or_default();
    let key = if line.trim_start().starts_with('[') {
        redact::secrets(line)
    } else {
        line.split('=').next().unwrap_or_default().into()
    };
    match key.trim() {
        "" => format!("line {}, column {column}: {message}", number + 1),
        key => format!("line {}, column {column}, `{key}`: {message}", number + 1),
    }
}

/// Returns whether the error means that the file does not exist.
fn is_absent(kind: std::io::ErrorKind) -> bool {
    matches!(kind, std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../assets/config.toml");

    #[test]
    fn the_shipped_file_shows_every_setting_at_its_default() {
        assert_eq!(Config::parse(SHIPPED), Ok(Config::default()));
        let uncommented: String = SHIPPED
            .lines()
            .filter_map(|line| {
                line.strip_prefix("# ").filter(|line| line.contains(" = ") || line.starts_with('['))
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let config = Config::parse(&uncommented).expect("every commented setting is one");
        let shown = Host::parse("registry.example:5000").expect("a host");
        let registry = config.registries.get(&shown).expect("a registry is shown");
        assert!(config.scan.is_some());
        let shown = Config {
            registries: BTreeMap::new(),
            log_file: None,
            ca_file: None,
            scan: None,
            ..config.clone()
        };
        assert_eq!(shown, Config::default());
        assert_eq!(registry.realm_allow, ["sso.example"]);
        assert_eq!(registry.upload_allow, ["storage.example".parse().expect("an origin")]);
        assert!(registry.api.is_some() && registry.vendor.is_some());
        assert!(registry.promote.is_some() && registry.repositories.len() == 1);
    }

    #[test]
    fn invalid_settings_are_named_with_their_line() {
        let problem = Config::parse("theme = \"terminal\"\nmose = false\n").expect_err("a typing error");
        assert!(problem.contains("line 2") && problem.contains("mose"), "{problem}");
        let problem =
            Config::parse("mouse = true\nscan = [\"scan\", \"{image}\"]").expect_err("no placeholder");
        assert!(problem.contains("line 2") && problem.contains("`{digest_reference}`"), "{problem}");
        assert!(Config::parse("scan_timeout = 0").is_err() && Config::parse("scan = []").is_err());
        let problem = Config::parse("theme = \"pink\"").expect_err("no such theme");
        assert!(problem.contains("terminal"), "{problem}");
        let problem = Config::parse("mouse = true\nwidths = \"wide\"\n").expect_err("no such rule");
        assert!(problem.contains("line 2") && problem.contains("`fixed`"), "{problem}");
        assert_eq!(Config::parse("widths = \"fixed\"").map(|config| config.widths), Ok(PaneWidths::Fixed));
        assert!(Config::parse("[registries.\"a b\"]").is_err());
        let text = "[registries.\"r.test\"]\nupload_allow = [\"https://storage.test/path\"]\n";
        let problem = Config::parse(text).expect_err("a path is no part of an origin");
        assert!(problem.contains("line 2") && problem.contains("host:port"), "{problem}");
    }

    #[test]
    fn a_password_in_the_file_is_not_quoted() {
        for text in [
            "theme = \"terminal\"\npassword = \"CANARY7\"\n",
            "mouse = \"CANARY7\"\n",
            "widths = \"CANARY7\"\n",
            "password = CANARY7\n",
            "[registries.\"me:CANARY7@r.test\"]\n",
            "[registries.\"r.test\"]\nrealm_allow = { token = \"CANARY7\" }\n",
            "[registries.\"r.test\"]\nrealm_allow = \"CANARY7\"\n",
            "[registries.\"r.test\"]\npassword = \"CANARY7\n",
            "registries = \"CANARY7\\\" x, expected\"\n",
        ] {
            let problem = Config::parse(text).expect_err(text);
            assert!(!problem.contains("CANARY7") && problem.contains("line "), "{text}: {problem}");
        }
    }

    #[test]
    fn a_registry_is_named_as_it_is_typed() {
        let text =
            "[registries.\"vm:6101/\"]\n[registries.\"HTTP://plain:6102\"]\n[registries.\"https://tls\"]\n";
        let config = Config::parse(text).expect("a configuration");
        let plain = |name: &str| config.registries[&Host::parse(name).expect("a host")].plain_http;
        assert_eq!((plain("vm:6101"), plain("plain:6102"), plain("tls")), (None, Some(true), Some(false)));
        for bad in [
            "[registries.\"http://a\"]\nplain_http = false",
            "[registries.\"docker://a\"]",
            "[registries.\"http://a/app\"]",
            "[registries.\"http://a\"]\n[registries.\"a/\"]",
        ] {
            assert!(Config::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_registry_can_be_exempt_from_a_global_setting_but_not_from_a_flag() {
        let text = "plain_http = true\ninsecure = true\n[registries.\"safe.test\"]\nplain_http = false\ninsecure = false\n";
        let mut config = Config::parse(text).expect("a configuration");
        let safe = Host::parse("safe.test").expect("a host");
        let trust = config.client_settings().hosts[&safe].trust.clone();
        assert!(!trust.plain_http && !trust.insecure);
        config.set_transport_for_all(true, false);
        let trust = config.client_settings().hosts[&safe].trust.clone();
        assert!(trust.plain_http && !trust.insecure);
    }

    #[test]
    fn a_registry_has_its_own_transport() {
        let config = Config::parse("[registries.\"R.test\"]\nplain_http = true\n").expect("a configuration");
        let settings = config.client_settings();
        let host = Host::parse("r.test").expect("a host");
        assert!(settings.hosts[&host].trust.plain_http && !settings.trust.plain_http);
    }
}
