//! The choices of the user that influence behaviour.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::keys::Keys;
use crate::model::change::rules::Rules;
use crate::model::reference::{Host, KnownRegistries, RepositoryName};

/// Flags and configuration, layered and checked before the screen is taken over.
#[derive(Debug, Clone, Default)]
pub struct AppSettings {
    /// The rules about changes that are forbidden.
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
    /// The keys of all commands.
    pub keys: Keys,
    /// Whether repositories are shown as a tree at start.
    pub tree: bool,
    /// The rule for the widths of the panes.
    pub widths: PaneWidths,
}

/// The rule for the widths of the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub enum PaneWidths {
    /// The focused pane gets the larger share of the room.
    #[default]
    Focus,
    /// The widths stay when another pane gets the focus.
    Fixed,
}

impl TryFrom<String> for PaneWidths {
    type Error = &'static str;

    /// Reads the name of a rule. The error does not quote the text, which may be a password in the wrong file.
    fn try_from(text: String) -> Result<PaneWidths, &'static str> {
        match text.as_str() {
            "focus" => Ok(PaneWidths::Focus),
            "fixed" => Ok(PaneWidths::Fixed),
            _ => Err("`focus` or `fixed` is expected"),
        }
    }
}
