//! The tabs of the dialog: their order, their tables, and the way from one to another.

use super::reading::DiffTableKind;
use super::table::DiffTable;
use super::{DiffDialog, DiffSubject};
use crate::app::update::Update;

/// A tab of the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiffTab {
    /// The facts and the layers.
    Summary,
    /// The differences between the configs.
    Config,
    /// The files that differ.
    Files,
    /// The packages that differ.
    Packages,
}

impl DiffTab {
    /// Returns the title.
    pub(crate) fn title(self) -> &'static str {
        match self {
            DiffTab::Summary => "Summary",
            DiffTab::Config => "Config",
            DiffTab::Files => "Files",
            DiffTab::Packages => "Packages",
        }
    }

    /// Returns the table of the tab, if it has one.
    pub(super) fn table(self) -> Option<DiffTableKind> {
        match self {
            DiffTab::Summary | DiffTab::Config => None,
            DiffTab::Files => Some(DiffTableKind::Files),
            DiffTab::Packages => Some(DiffTableKind::Packages),
        }
    }
}

impl DiffDialog {
    /// Returns the tabs in their order. Two layers have neither a config nor packages.
    pub(crate) fn tabs(&self) -> &'static [DiffTab] {
        if matches!(self.subject, DiffSubject::Images(_)) {
            &[DiffTab::Summary, DiffTab::Config, DiffTab::Files, DiffTab::Packages]
        } else {
            &[DiffTab::Summary, DiffTab::Files]
        }
    }

    /// Returns the table of the open tab, if it has one.
    pub(crate) fn table(&self) -> Option<&DiffTable> {
        self.tab.table().map(|kind| match kind {
            DiffTableKind::Files => &self.files,
            DiffTableKind::Packages => &self.packages,
        })
    }

    pub(super) fn table_mut(&mut self) -> Option<&mut DiffTable> {
        self.tab.table().map(|kind| self.table_of(kind))
    }

    pub(super) fn table_of(&mut self, kind: DiffTableKind) -> &mut DiffTable {
        match kind {
            DiffTableKind::Files => &mut self.files,
            DiffTableKind::Packages => &mut self.packages,
        }
    }

    pub(super) fn open_tab(&mut self, update: &mut Update<'_>, tab: DiffTab) {
        if tab == self.tab {
            return;
        }
        // A tab that was only passed reads nothing.
        if let Some(kind) = self.tab.table() {
            let table = self.table_of(kind);
            if table.is_reading() && table.progress.is_none() {
                self.give_up(update, kind);
            }
        }
        self.tab = tab;
        self.lay_out();
        self.begin_open_table(update);
    }

    pub(super) fn step_tab(&mut self, update: &mut Update<'_>, by: isize) {
        let tabs = self.tabs();
        let at = tabs.iter().position(|tab| *tab == self.tab).unwrap_or(0) as isize + by;
        self.open_tab(update, tabs[at.rem_euclid(tabs.len() as isize) as usize]);
    }
}
