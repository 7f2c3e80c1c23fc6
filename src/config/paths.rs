//! The folders of files: the XDG variables on every system, else the conventions of the system.

use std::path::PathBuf;

use directories::ProjectDirs;

/// Returns the folder of `config.toml`.
pub(crate) fn config() -> Option<PathBuf> {
    of("XDG_CONFIG_HOME", |dirs| Some(dirs.config_dir().into()))
}

/// Returns the folder for content that can be fetched again.
pub(crate) fn cache() -> Option<PathBuf> {
    of("XDG_CACHE_HOME", |dirs| Some(dirs.cache_dir().into()))
}

/// Returns the folder for data that is kept between runs.
pub(crate) fn state() -> Option<PathBuf> {
    of("XDG_STATE_HOME", |dirs| Some(dirs.state_dir().unwrap_or(dirs.data_local_dir()).into()))
}

fn of(variable: &str, custom: impl Fn(&ProjectDirs) -> Option<PathBuf>) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_absolute());
    named.map(|folder| folder.join("regtui")).or_else(|| custom(&ProjectDirs::from("", "", "regtui")?))
}
