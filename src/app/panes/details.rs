//! The image under the cursor: platforms, layers, and the tabs: when each is shown, its title, and its number of lines.

pub(crate) mod overview;
pub(crate) mod referrers;
pub(crate) mod search;
mod text;

use std::sync::Arc;

use jiff::Timestamp;

use crate::app::State;
use crate::app::list::{List, Move};
use crate::app::remote::{Remote, Ticket};
use crate::model::image::LayerRow;
use crate::model::inspection::{Inspection, Variant};
use crate::model::json::{JsonLine, JsonToken};
use crate::model::reference::{Repository, Selector};
use crate::model::text::SafeText;
pub(crate) use search::TextSearch;
pub(crate) use text::{Text, TextPart};

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

    /// Returns whether the tab shows a list with a cursor, and not a text.
    pub(crate) fn is_list(self) -> bool {
        matches!(self, Tab::Layers | Tab::Referrers)
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
            Tab::Referrers => inspection.is_some_and(|inspection| {
                let is_kept = detail.tab == Tab::Referrers && inspection.are_referrers_awaited;
                is_kept
                    || inspection.all_referrers().next().is_some()
                    || inspection.missing_referrers().is_some()
            }),
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
            inspection.all_referrers().count() + usize::from(inspection.missing_referrers().is_some())
        }),
    }
}

/// The Details pane.
#[derive(Debug, Default)]
pub struct Detail {
    /// The image shown.
    pub image: Option<(Repository, Selector)>,
    /// The inspection of the image.
    pub inspection: Remote<Arc<Inspection>>,
    /// The ticket of the open question for the referrers.
    pub(crate) awaited_referrers: Option<Ticket>,
    /// The tab that is open.
    pub tab: Tab,
    /// The platform chosen: an index into the inspection's variants.
    pub(crate) variant: usize,
    /// The rows of the Layers tab.
    pub(crate) layers: List,
    /// The rows of the Referrers tab.
    pub(crate) referrers: List,
    /// First line drawn of the Overview, Config and Manifest tabs. After each message it is brought back
    /// into the text.
    pub(crate) scroll: usize,
    /// Number of lines that fit, from the last layout.
    pub(crate) height: usize,
    /// The search in the text of the open tab.
    pub(crate) search: Option<TextSearch>,
    /// The config of the chosen platform, pretty-printed.
    pub(crate) config: Text,
    /// The manifest of the chosen platform, pretty-printed, after the manifest of its index.
    pub(crate) manifest: Text,
    /// The line of `manifest` at which the manifest of the chosen platform begins: 0 if there is no other one.
    pub(crate) manifest_start_line: usize,
}

impl Detail {
    /// Returns the image of the chosen platform.
    pub(crate) fn selected_variant(&self) -> Option<&Variant> {
        self.inspection.value.as_ref()?.variants.get(self.variant)
    }

    /// Returns whether an answer about the image is awaited.
    pub(crate) fn is_loading(&self) -> bool {
        self.inspection.is_loading() || self.awaited_referrers.is_some()
    }

    /// Opens a tab.
    pub(crate) fn open_tab(&mut self, tab: Tab) {
        self.tab = tab;
        self.scroll = 0;
        self.restart_search();
    }

    /// Searches the text, or drops the search if there is nothing to search for. While the text is typed, each search
    /// starts from the same line as the first one.
    pub(crate) fn search(&mut self, typed: &str) {
        let origin = self.search.as_ref().map_or(self.scroll, TextSearch::origin);
        if self.search.as_ref().is_none_or(|search| search.typed() != typed) {
            self.search = (!typed.is_empty()).then(|| TextSearch::of(typed, origin));
        }
    }

    /// Goes to the next line with the text searched for, or the previous one.
    pub(crate) fn step_search(&mut self, by: isize) {
        let scroll = self.scroll;
        if let Some(line) = self.search.as_mut().and_then(|search| search.step(by, scroll)) {
            self.show_line(line);
        }
    }

    /// Searches again because the text has changed.
    pub(crate) fn restart_search(&mut self) {
        self.search.iter_mut().for_each(TextSearch::restart);
    }

    /// Returns whether a part of the text is left to be searched.
    pub(crate) fn is_searching(&self) -> bool {
        !self.tab.is_list() && self.search.as_ref().is_some_and(TextSearch::is_searching)
    }

    /// Scrolls so that a line is in sight, with some lines above it.
    fn show_line(&mut self, line: usize) {
        if !(self.scroll..self.scroll + self.height.max(1)).contains(&line) {
            self.scroll = line.saturating_sub(self.height / 3);
        }
    }

    /// Filters the layers by their commands.
    pub(crate) fn filter_layers(&mut self, typed: &str) {
        self.layers.set_filter(typed);
        self.show_layers();
    }

    /// Filters the referrers by their lines.
    pub(crate) fn filter_referrers(&mut self, typed: &str) {
        self.referrers.set_filter(typed);
        self.show_referrers();
    }

    /// Shows the referrers of the image.
    pub(crate) fn show_referrers(&mut self) {
        let found = self.inspection.value.as_deref();
        let lines: Vec<String> = found.map(referrers::rows).unwrap_or_default();
        self.referrers.order = (0..lines.len() as u32).collect();
        self.referrers.refilter(|item| lines.get(item as usize).map(String::as_str));
    }

    fn show_layers(&mut self) {
        let inspection = self.inspection.value.as_ref();
        let rows = inspection.and_then(|inspection| inspection.variants.get(self.variant));
        let rows = rows.map(|variant| &variant.layers.rows[..]).unwrap_or_default();
        self.layers.order = (0..rows.len() as u32).collect();
        self.layers.refilter(|item| rows.get(item as usize).map(LayerRow::step));
    }

    /// Scrolls the text.
    pub(crate) fn scroll_to(&mut self, to: Move) {
        let half = (self.height / 2).max(1) as isize;
        self.scroll = match to {
            Move::By(lines) => self.scroll.saturating_add_signed(lines),
            Move::HalfPages(pages) => self.scroll.saturating_add_signed(pages * half),
            Move::First => 0,
            Move::Last => usize::MAX,
            Move::To(line) => line,
        };
    }

    /// Chooses a platform.
    pub(crate) fn select_variant(&mut self, variant: usize) {
        self.variant = variant;
        self.scroll = 0;
        self.layers.is_user_selected = false;
        self.lay_out();
        if self.tab == Tab::Manifest {
            self.scroll = self.manifest_start_line;
        }
    }

    /// Shows another image. The open tab stays, and so does the platform if the new image has as many.
    pub(crate) fn show_image(
        &mut self,
        of: Option<(Repository, Selector)>,
        inspection: Remote<Arc<Inspection>>,
    ) {
        self.image = of;
        self.inspection = inspection;
        self.scroll = 0;
        self.search = None;
        self.layers.set_filter("");
        self.layers.is_user_selected = false;
        self.referrers.set_filter("");
        self.referrers.is_user_selected = false;
        self.lay_out();
    }

    /// Lays out the contents of the tabs after the inspection or the platform changed.
    pub(crate) fn lay_out(&mut self) {
        let count = self.inspection.value.as_ref().map_or(0, |inspection| inspection.variants.len());
        self.variant = self.variant.min(count.saturating_sub(1));
        self.show_layers();
        self.show_referrers();
        let config = self.selected_variant().and_then(|variant| variant.config.as_ref()?.as_ref().ok());
        self.config = config
            .map(|config| Text::of(vec![TextPart::json(&config.raw, config.outline())]))
            .unwrap_or_default();
        (self.manifest, self.manifest_start_line) = self.lay_out_manifest();
        self.restart_search();
    }

    /// Returns the text of the manifest, after that of its index if it has one, and the line at which the manifest
    /// begins.
    fn lay_out_manifest(&self) -> (Text, usize) {
        let Some(inspection) = &self.inspection.value else { return Default::default() };
        let top = TextPart::json(&inspection.manifest.raw, inspection.manifest.outline());
        let Some(variant) = self.selected_variant() else { return (Text::of(vec![top]), 0) };
        let child = variant.manifest.as_ref().ok();
        let Some(child) = child.filter(|child| child.digest != inspection.manifest.digest) else {
            return (Text::of(vec![top]), 0);
        };
        let name = variant.name();
        let begins = top.lines() + 2;
        let empty = TextPart::Line(JsonLine { indent: 0, pieces: Vec::new() });
        let child = TextPart::json(&child.raw, child.outline());
        (Text::of(vec![heading("index"), top, empty, heading(&name), child]), begins)
    }
}

/// Returns a line that stands above the JSON of one of several manifests.
fn heading(text: &str) -> TextPart {
    TextPart::Line(JsonLine {
        indent: 0,
        pieces: vec![(JsonToken::Mark, SafeText::from(format!("── {text} ──")))],
    })
}
