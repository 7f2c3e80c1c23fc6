//! The choices of the user that influence behaviour.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use super::keys::Keys;
use crate::model::bookmark::Bookmarks;
use crate::model::change::rules::Rules;
use crate::model::reference::{Host, KnownRegistries, RepositoryName};
use crate::model::scan::command::Scanner;
use crate::model::session::Session;
use crate::model::text::SafeText;

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
    /// The bookmarks.
    pub bookmarks: Bookmarks,
    /// The registries that were used lately, the last one first.
    pub recent_registries: Vec<Host>,
    /// The registries that the configuration has settings for.
    pub configured: Vec<Host>,
    /// Whether the last session is restored if no target is named.
    pub restores: bool,
    /// The last session, if there is one and it is to be restored.
    pub session: Option<Session>,
    /// The program that pull commands are written for: `docker`, `podman`.
    pub pull_with: String,
    /// The keys of all commands.
    pub keys: Keys,
    /// Whether repositories are shown as a tree at start.
    pub tree: bool,
    /// The rule for the widths of the panes.
    pub widths: PaneWidths,
    /// The program that scans images.
    pub scanner: FoundScanner,
    /// The columns of the Tags pane that are shown besides the usual ones at start.
    pub columns: ExtraColumns,
}

/// The program that scans images, or the reason why there is none.
#[derive(Debug, Clone)]
pub enum FoundScanner {
    /// It was found at the start.
    Found(Box<Scanner>),
    /// There is none.
    Missing(SafeText),
}

impl Default for FoundScanner {
    fn default() -> FoundScanner {
        FoundScanner::Missing("no scanner was looked for".into())
    }
}

impl From<Result<Scanner, SafeText>> for FoundScanner {
    fn from(found: Result<Scanner, SafeText>) -> FoundScanner {
        match found {
            Ok(scanner) => FoundScanner::Found(Box::new(scanner)),
            Err(why) => FoundScanner::Missing(why),
        }
    }
}

/// The columns of the Tags pane that are shown only if the user asks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct ExtraColumns {
    /// Whether the base of each image is shown. Its registry is asked for it.
    pub base: bool,
    /// Whether the findings of the last scan are shown.
    pub scan: bool,
}

impl ExtraColumns {
    /// The names of the columns.
    pub(crate) const NAMES: [&str; 2] = ["base", "scan"];

    /// Returns the setting of a column by its name.
    pub(crate) fn of(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "base" => Some(&mut self.base),
            "scan" => Some(&mut self.scan),
            _ => None,
        }
    }
}

impl Serialize for ExtraColumns {
    /// Writes the names of the columns that are shown.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut columns = *self;
        let is_shown = |name: &&str| columns.of(name).is_some_and(|shown| *shown);
        serializer.collect_seq(ExtraColumns::NAMES.into_iter().filter(is_shown))
    }
}

impl TryFrom<Vec<String>> for ExtraColumns {
    type Error = &'static str;

    /// Reads the names of columns. The error does not quote the text, which may be a password in the wrong file.
    fn try_from(names: Vec<String>) -> Result<ExtraColumns, &'static str> {
        let mut columns = ExtraColumns::default();
        for name in names {
            *columns.of(&name).ok_or("the columns are `base` and `scan`")? = true;
        }
        Ok(columns)
    }
}

/// The rule for the widths of the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
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
