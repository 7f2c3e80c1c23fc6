//! The image under the cursor: platforms, layers, and the tabs: when each is shown, its title, and its number of lines.

pub mod files;
pub(crate) mod overview;
pub(crate) mod referrers;
pub(crate) mod search;
mod text;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::app::State;
use crate::app::list::{List, Move};
use crate::app::remote::{Remote, Ticket};
use crate::app::scans::Scans;
use crate::model::attached::facts::AttachedFacts;
use crate::model::digest::Digest;
use crate::model::image::LayerRow;
use crate::model::inspection::{Inspection, Variant};
use crate::model::json::{JsonLine, JsonToken};
use crate::model::reference::{Repository, Selector};
use crate::model::scan::report::ScanFacts;
use crate::model::text::SafeText;
use files::FilesTab;
pub(crate) use search::TextSearch;
pub(crate) use text::{Text, TextPart};

/// The greatest number of artifacts about which something is known. Beyond it, the next ones are read anew.
const MOST_FACTS: usize = 5_000;

/// The tabs of the Details pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tab {
    /// The overview of the image.
    #[default]
    Overview,
    /// The layers of the image and the commands that made them.
    Layers,
    /// The files of the image.
    Files,
    /// The config of the image.
    Config,
    /// The manifest of the image.
    Manifest,
    /// The referrers of the image.
    Referrers,
}

impl Tab {
    /// All tabs, from left to right.
    pub(crate) const ALL: [Tab; 6] =
        [Tab::Overview, Tab::Layers, Tab::Files, Tab::Config, Tab::Manifest, Tab::Referrers];

    /// Returns the title of the tab.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Tab::Overview => "Overview",
            Tab::Layers => "Layers",
            Tab::Files => "Files",
            Tab::Config => "Config",
            Tab::Manifest => "Manifest",
            Tab::Referrers => "Referrers",
        }
    }

    /// Returns whether the tab shows a list with a cursor, and not a text.
    pub(crate) fn is_list(self) -> bool {
        matches!(self, Tab::Layers | Tab::Files | Tab::Referrers)
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
            Tab::Files => is_usual || detail.files_image().is_some(),
            Tab::Config => is_usual || !detail.config.is_empty(),
            Tab::Manifest => is_usual || inspection.is_some(),
            Tab::Referrers => inspection.is_some_and(|inspection| {
                let has_scans = !detail.local_scans.is_empty();
                let is_kept = detail.tab == Tab::Referrers && inspection.are_referrers_awaited;
                is_kept
                    || has_scans
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
        Tab::Files => detail.files.browser.list.rows.len(),
        Tab::Config => detail.config.len(),
        Tab::Manifest => detail.manifest.len(),
        Tab::Referrers => detail.inspection.value.as_ref().map_or(0, |inspection| {
            detail.referrer_rows().len() + usize::from(inspection.missing_referrers().is_some())
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
    /// The manifest whose layers are marked.
    layers_of: Option<Digest>,
    /// The Files tab.
    pub(crate) files: FilesTab,
    /// The rows of the Referrers tab.
    pub(crate) referrers: List,
    /// The last scans of the images shown.
    pub(crate) local_scans: Vec<ScanFacts>,
    /// The facts about artifacts that were read, of this image and of others, by the digest of the artifact.
    pub(crate) attached_facts: HashMap<Digest, AttachedFacts>,
    /// The ticket of the open question for more of them.
    pub(crate) awaited_facts: Option<Ticket>,
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
        self.inspection.is_loading()
            || self.awaited_referrers.is_some()
            || self.awaited_facts.is_some()
            || self.files.is_reading()
    }

    /// Returns whether the image is an index of several images.
    pub(crate) fn has_several_images(&self) -> bool {
        self.inspection.value.as_ref().is_some_and(|inspection| inspection.variants.len() > 1)
    }

    /// Shows the scans of the image as soon as all are known. Until then those of the last look stay.
    pub(crate) fn set_local_scans(&mut self, scans: &Scans) {
        let variants = self.inspection.value.iter().flat_map(|inspection| &inspection.variants);
        let digests: Vec<Digest> =
            variants.filter_map(|variant| Some(variant.manifest.as_ref().ok()?.digest)).collect();
        if !digests.iter().all(|digest| scans.is_known(digest)) {
            return;
        }
        let found: Vec<ScanFacts> = digests.iter().filter_map(|digest| scans.of(digest)).cloned().collect();
        if found != self.local_scans {
            self.local_scans = found;
            self.show_referrers();
        }
    }

    /// Returns whether documents of artifacts are to be read now for their rows.
    pub(crate) fn needs_attached_facts(&self) -> bool {
        let is_open = self.tab == Tab::Referrers && self.awaited_facts.is_none();
        let ready =
            self.inspection.value.as_ref().filter(|inspection| is_open && !inspection.are_referrers_awaited);
        ready.is_some_and(|inspection| {
            let mut digests =
                inspection.all_referrers().filter_map(|(_, referrer)| referrer.descriptor.digest);
            digests.any(|digest| !self.attached_facts.contains_key(&digest))
        })
    }

    /// Takes the facts about artifacts.
    pub(crate) fn take_attached_facts(&mut self, ticket: Ticket, facts: Vec<(Digest, AttachedFacts)>) {
        if self.awaited_facts != Some(ticket) {
            return;
        }
        self.awaited_facts = None;
        if self.attached_facts.len() > MOST_FACTS {
            self.attached_facts.clear();
        }
        self.attached_facts.extend(facts);
        self.show_referrers();
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
        let lines = referrers::rows(self);
        self.referrers.order = (0..lines.len() as u32).collect();
        self.referrers.refilter(|item| lines.get(item as usize).map(String::as_str));
    }

    fn show_layers(&mut self) {
        let inspection = self.inspection.value.as_ref();
        let rows = inspection.and_then(|inspection| inspection.variants.get(self.variant));
        let manifest =
            rows.and_then(|variant| variant.manifest.as_ref().ok()).map(|manifest| manifest.digest);
        if self.layers_of != manifest {
            self.layers.unmark();
            self.layers_of = manifest;
        }
        let rows = rows.map(|variant| &variant.layers.rows[..]).unwrap_or_default();
        let is_empty = |(_, row): &(u32, &LayerRow)| row.layer.is_none();
        self.layers.unmarkable = (0..).zip(rows).filter(is_empty).map(|(item, _)| item).collect();
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
        self.layers.unmark();
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
        self.local_scans.clear();
        self.scroll = 0;
        self.search = None;
        self.layers.set_filter("");
        self.layers.unmark();
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
