//! What the user chose, as far as behaviour depends on it.

use std::collections::BTreeMap;

use crate::model::change::rules::Rules;
use crate::model::reference::{Host, KnownRegistries, RepositoryName};

/// Flags and configuration, layered and checked before the screen is taken.
#[derive(Debug, Clone, Default)]
pub struct AppSettings {
    /// What must not be changed.
    pub rules: Rules,
    /// Registries that are configured or have a login.
    pub known: KnownRegistries,
    /// Name of the theme.
    pub theme: String,
    /// Names of the themes that can be chosen.
    pub themes: Vec<String>,
    /// Repositories that were opened by name before, newest first, for registries without a catalog.
    pub remembered: BTreeMap<Host, Vec<RepositoryName>>,
    /// The program that pull commands are written for: `docker`, `podman`.
    pub pull_with: String,
    /// Show repositories as a tree at start.
    pub tree: bool,
}
