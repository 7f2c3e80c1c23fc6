//! The image under the cursor: tabs, platforms, layers.

use std::sync::Arc;

use super::list::List;
use super::remote::Remote;
use crate::model::inspection::{Inspection, Variant};
use crate::model::json::Line;
use crate::model::reference::{Repository, Selector};

/// The Details pane.
#[derive(Debug, Default)]
pub struct Detail {
    /// What it shows.
    pub of: Option<(Repository, Selector)>,
    /// What is known of it.
    pub inspection: Remote<Arc<Inspection>>,
    /// The tab that is open.
    pub tab: Tab,
    /// The platform chosen: an index into the inspection's variants.
    pub variant: usize,
    /// The rows of the Layers tab.
    pub layers: List,
    /// First line drawn of the Overview, Config, Manifest and Referrers tabs.
    pub scroll: usize,
    /// Lines that fit, from the last layout.
    pub height: usize,
    /// The config of the chosen platform, pretty-printed.
    pub config: Vec<Line>,
    /// The manifest of the chosen platform, pretty-printed; of the index while the first platform is not chosen.
    pub manifest: Vec<Line>,
}

/// The tabs of the Details pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tab {
    /// What it is.
    #[default]
    Overview,
    /// What it is made of, and how.
    Layers,
    /// Its config.
    Config,
    /// Its manifest.
    Manifest,
    /// What belongs to it.
    Referrers,
}

impl Detail {
    /// The chosen platform's image.
    pub fn chosen(&self) -> Option<&Variant> {
        self.inspection.value.as_ref()?.variants.get(self.variant)
    }
}
