//! The tabs of the Details pane: when each is shown, its title, and its number of lines.

use jiff::Timestamp;

use super::{Detail, overview};
use crate::app::State;

/// The tabs of the Details pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tab {
    /// The overview of the image.
    #[default]
    Overview,
    /// The layers of the image and the commands that made them.
    Layers,
    /// The config of the image.
    Config,
    /// The manifest of the image.
    Manifest,
    /// The referrers of the image.
    Referrers,
}

impl Tab {
    /// All tabs, from left to right.
    pub(crate) const ALL: [Tab; 5] = [Tab::Overview, Tab::Layers, Tab::Config, Tab::Manifest, Tab::Referrers];

    /// Returns the title of the tab.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Tab::Overview => "Overview",
            Tab::Layers => "Layers",
            Tab::Config => "Config",
            Tab::Manifest => "Manifest",
            Tab::Referrers => "Referrers",
        }
    }

    /// Returns whether the image has something to show in the tab. While an image is loaded, the tabs of most images
    /// are shown, so that nothing jumps when it arrives.
    fn is_shown(self, detail: &Detail) -> bool {
        let inspection = detail.inspection.value.as_ref();
        let is_usual = inspection.is_none() && detail.image.is_some();
        match self {
            Tab::Overview => true,
            Tab::Layers => {
                is_usual || detail.selected_variant().is_some_and(|variant| !variant.layers.rows.is_empty())
            }
            Tab::Config => is_usual || !detail.config.is_empty(),
            Tab::Manifest => is_usual || inspection.is_some(),
            Tab::Referrers => inspection.is_some_and(|inspection| !inspection.referrers.is_empty()),
        }
    }
}

/// Returns the tabs that the Details pane shows now, in order: those that have something to show.
pub(crate) fn shown_tabs(detail: &Detail) -> Vec<Tab> {
    Tab::ALL.into_iter().filter(|tab| tab.is_shown(detail)).collect()
}

/// Returns the number of lines of the open tab in a pane whose rows have this number of columns.
pub(crate) fn count_lines(state: &State, columns: u16, now: Timestamp) -> usize {
    let detail = &state.detail;
    match detail.tab {
        Tab::Overview => overview::rows(state, usize::from(columns).saturating_sub(2), now).len(),
        Tab::Layers => detail.layers.rows.len(),
        Tab::Config => detail.config.len(),
        Tab::Manifest => detail.manifest.len(),
        Tab::Referrers => detail.inspection.value.as_ref().map_or(0, |inspection| {
            inspection.referrers.len() + usize::from(!inspection.referrers.is_whole())
        }),
    }
}
