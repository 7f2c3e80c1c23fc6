//! `regtui config path`: lists the files that regtui reads and writes.

use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::cli::print::{self, Table};
use crate::cli::{Cli, CliError};
use crate::client::certificate_places;
use crate::client::credentials::Credentials;
use crate::config::{Config, ConfigText, paths};
use crate::files::foreign::{describe, open_regular};
use crate::store::schema::{CACHE, STATE};

/// List the files that regtui reads and writes
#[derive(Debug, Args)]
pub(super) struct PathCommand {
    /// Print one JSON document a line
    #[arg(long)]
    json: bool,
}

/// A file or a folder, and its use.
#[derive(Debug, Serialize)]
struct FileRow {
    purpose: &'static str,
    path: PathBuf,
    /// `read`, `read, write`.
    access: &'static str,
    /// `present`, `absent`, or the reason why it cannot be read.
    state: String,
}

impl FileRow {
    fn new(purpose: &'static str, access: &'static str, path: PathBuf) -> FileRow {
        let state = match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => std::fs::read_dir(&path).map(drop),
            Ok(_) => open_regular(&path).map(drop),
            Err(error) => Err(error),
        };
        let state = match state {
            Ok(()) => "present".into(),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                "absent".into()
            }
            Err(error) => format!("unreadable: {}", describe(&error)),
        };
        FileRow { purpose, path, access, state }
    }
}

impl PathCommand {
    /// Prints the files.
    pub(super) fn run(&self, cli: &Cli) -> Result<(), CliError> {
        let rows = rows(cli);
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            for row in &rows {
                print::json(&mut out, row)?;
            }
        } else {
            let mut table = Table::new(&["PURPOSE", "ACCESS", "STATE", "PATH"], &[]);
            for row in rows {
                let path = print::safe_line(&row.path.display().to_string());
                table.row(vec![row.purpose.into(), row.access.into(), row.state, path]);
            }
            table.print(&mut out)?;
        }
        Ok(out.flush()?)
    }
}

fn rows(cli: &Cli) -> Vec<FileRow> {
    let named = cli.options.config.as_deref();
    let mut rows = Vec::new();
    let mut add = |purpose, access, path: PathBuf| rows.push(FileRow::new(purpose, access, path));
    if let Some(file) = ConfigText::path(named) {
        add("configuration", "read", file);
    }
    // A configuration with an error names no files.
    let config = cli.unchecked_config().unwrap_or_else(|_| Config::default());
    let of_registries = config.registries.values().filter_map(|registry| registry.ca_file.clone());
    for file in config.ca_file.iter().cloned().chain(of_registries) {
        add("certificate authorities", "read", file);
    }
    let variable = |name: &str| std::env::var_os(name);
    let logins =
        Credentials::from_env_in_order(variable, &config.system.containers_logins(), Duration::ZERO).files();
    for place in config.system.places {
        add("registries of the system", "read", place);
    }
    for file in logins {
        add("logins", "read, write", file);
    }
    let mut folders = certificate_places();
    let mut seen = std::collections::HashSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    for folder in folders {
        add("certificates", "read", folder);
    }
    if let Some(folder) = paths::state() {
        add("journal, opened names", "read, write", folder.join(STATE.file));
    }
    if let Some(folder) = paths::cache().filter(|_| config.cache) {
        add("cache", "read, write", folder.join(CACHE.file));
    }
    if let Some(file) = config.log_file {
        add("log", "write", file);
    }
    rows
}
