//! The files by which the system configures registries: `registries.conf` of containers with its drop-ins, and docker's
//! `daemon.json`. docs/REGISTRIES.md §4.12.
//!
//! A file with an error is used as far as it can be read, and each error is kept with its line.

mod containers;
mod docker;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::client::credentials::ContainersLogins;
use crate::client::{Route, Routes};
use crate::files::foreign::{describe, read_regular_text};
use crate::model::reference::{Host, Repository, ShortNames};

/// The switch that a variable of the environment sets.
const SWITCH: &str = "REGTUI_SYSTEM_REGISTRIES";
/// The variable that names another file of docker.
const DOCKER_VARIABLE: &str = "REGTUI_DOCKER_DAEMON";

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileLine {
    /// The file.
    pub(crate) file: PathBuf,
    /// The number of the line, from 1 on.
    pub(crate) line: usize,
}

impl fmt::Display for FileLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// An error in a file of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SystemProblem {
    /// The file.
    pub(crate) file: PathBuf,
    /// The error, with its line.
    pub(crate) why: String,
    /// Whether it is only a key that regtui does not know, as later versions of the other programs may have it.
    pub(crate) is_unknown_key: bool,
}

impl fmt::Display for SystemProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.file.display(), self.why)
    }
}

/// Everything that the files of the system say about registries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SystemRegistries {
    /// The files and folders that are looked for, whether they exist or not.
    pub(crate) places: Vec<PathBuf>,
    /// The files that were read.
    pub(crate) files: Vec<PathBuf>,
    /// The routes, each with the line that it stands in.
    routes: Vec<(Route, FileLine)>,
    networks: Vec<(IpAddr, u8)>,
    aliases: BTreeMap<String, Repository>,
    search: Vec<Host>,
    search_line: Option<FileLine>,
    /// The sources of logins that containers ask, in their order, and the line that lists them.
    credential_helpers: Option<(Vec<String>, FileLine)>,
    /// The errors.
    pub(crate) problems: Vec<SystemProblem>,
}

impl SystemRegistries {
    /// Reads the files that the environment names. `variable` looks a variable up.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<OsString>) -> SystemRegistries {
        let mut system = SystemRegistries::default();
        containers::read(&mut system, &variable);
        docker::read(&mut system, &variable);
        system
    }

    /// Returns whether the environment turns the files off.
    pub(crate) fn is_off(variable: impl Fn(&str) -> Option<OsString>) -> bool {
        variable(SWITCH).is_some_and(|value| value == "false" || value == "0")
    }

    /// Returns the routes.
    pub(crate) fn routes(&self) -> Routes {
        Routes::new(self.routes.iter().map(|(route, _)| route.clone()).collect(), self.networks.clone())
    }

    /// Returns all routes, or those that concern a registry, each with its line.
    pub(crate) fn routes_of<'a>(
        &'a self,
        host: Option<&Host>,
    ) -> impl Iterator<Item = &'a (Route, FileLine)> {
        self.routes.iter().filter(move |(route, _)| host.is_none_or(|host| route.prefix.concerns(host)))
    }

    /// Returns the registries in which names without a registry are looked for, and their line.
    pub(crate) fn search(&self) -> Option<(&[Host], &FileLine)> {
        Some((&self.search, self.search_line.as_ref()?))
    }

    /// Returns the order in which podman's files and helpers are asked for logins.
    pub(crate) fn containers_logins(&self) -> ContainersLogins {
        match &self.credential_helpers {
            Some((names, line)) => ContainersLogins::listed(names.clone(), line.to_string()),
            None => ContainersLogins::default(),
        }
    }

    /// Returns the same as `registries.conf` lists it, and the line.
    pub(crate) fn credential_helpers(&self) -> Option<(&[String], &FileLine)> {
        self.credential_helpers.as_ref().map(|(names, line)| (names.as_slice(), line))
    }

    /// Returns the rules for names without a registry.
    pub(crate) fn short_names(&self) -> ShortNames {
        ShortNames::new(self.aliases.clone(), self.search.clone())
    }

    /// Adds a route. One with the same prefix is replaced.
    fn add_route(&mut self, route: Route, line: FileLine) {
        self.routes.retain(|(before, _)| before.prefix != route.prefix);
        self.routes.push((route, line));
    }

    fn add_problem(&mut self, file: &Path, why: impl Into<String>) {
        self.problems.push(SystemProblem {
            file: file.to_path_buf(),
            why: why.into(),
            is_unknown_key: false,
        });
    }

    /// Reads a file. One that does not exist or is not readable is no problem: it may be for root only.
    fn read_file(&mut self, file: &Path) -> Option<String> {
        /// Most bytes of a file.
        const CAP: u64 = 4 * 1024 * 1024;
        match read_regular_text(file, CAP) {
            Ok(text) => {
                self.files.push(file.to_path_buf());
                Some(text)
            }
            Err(error) => {
                // An error in regtui's own words is about the content, not about rights.
                if error.get_ref().is_some() {
                    self.add_problem(file, describe(&error));
                }
                None
            }
        }
    }
}

/// Returns a folder that a variable names.
fn folder(variable: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<PathBuf> {
    variable(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Returns a file of the user's configurations. Earlier versions of the other programs read `~/.config` even if
/// `XDG_CONFIG_HOME` is set, so it is looked at if the file is not in the folder of the variable.
fn file_of_user(variable: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<PathBuf> {
    let named = folder(variable, "XDG_CONFIG_HOME").filter(|folder| folder.is_absolute());
    let home = folder(variable, "HOME").map(|home| home.join(".config"));
    let files: Vec<PathBuf> = [named, home].into_iter().flatten().map(|folder| folder.join(name)).collect();
    files.iter().find(|file| file.exists()).or(files.first()).cloned()
}
