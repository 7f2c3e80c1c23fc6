//! The rows of the Overview tab: the description of an image, in labelled lines.

use jiff::Timestamp;

use crate::app::{State, vendor_images};
use crate::model::capped::Capped;
use crate::model::image::ImageConfig;
use crate::model::inspection::{Inspection, ListedReferrer, Variant};
use crate::model::manifest::Manifest;
use crate::model::reference::Selector;
use crate::model::summary::Kind;
use crate::model::text::{LONGEST_FIELD, SafeText};
use crate::model::vendor_image::SCAN;
use crate::model::{annotations, columns, plural, size, time};

/// Columns of the labels.
pub(crate) const LABELS: usize = 12;

/// Columns of a size.
const SIZES: usize = 9;
/// Columns of the longest platform that others are aligned with.
const LONGEST_PLATFORM: usize = 24;
/// Largest number of entries shown of one list: environment, labels, annotations.
const MOST_OF_A_LIST: usize = 100;

/// The label of an image after which Quay gives its tag an end.
const EXPIRY_LABEL: &str = "quay.expires-after";

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OverviewRow {
    /// The label of the row; empty if the row continues the one above.
    pub(crate) label: SafeText,
    /// The text of the row.
    pub(crate) text: SafeText,
    /// The look of the row.
    pub(crate) tone: RowTone,
}

impl OverviewRow {
    /// Returns the row as text: the label, and the text behind it.
    pub(crate) fn line(&self) -> String {
        match self.tone {
            RowTone::Heading | RowTone::Listed => format!("  {}{}", self.label, self.text),
            RowTone::Plain | RowTone::Warn => {
                format!("  {}{}", columns::left(self.label.as_str(), LABELS), self.text)
            }
        }
    }
}

/// The look of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowTone {
    /// Plain text.
    Plain,
    /// A heading above the following rows.
    Heading,
    /// An entry of a list under a heading. The label has all the room, and the text after it is something to note.
    Listed,
    /// Something to note.
    Warn,
}

/// Lays rows out for a width.
struct OverviewPage {
    rows: Vec<OverviewRow>,
    width: usize,
}

/// Returns the rows for a width in columns.
pub(crate) fn rows(state: &State, width: usize, now: Timestamp) -> Vec<OverviewRow> {
    let mut page = OverviewPage { rows: Vec::new(), width: width.saturating_sub(LABELS).max(8) };
    let Some(inspection) = &state.detail.inspection.value else { return page.rows };
    page.names(state, inspection);
    page.summary(inspection, now);
    page.vendor(state, now);
    if inspection.variants.len() > 1 {
        page.platforms(inspection, state.detail.variant);
    }
    if let Some(variant) = state.detail.selected_variant() {
        page.variant(variant, inspection.variants.len() > 1);
        page.annotations(&inspection.manifest, variant);
    }
    if inspection.left_out > 0 {
        page.warn("left out", &format!("{} more images of the index", inspection.left_out));
    }
    page.referrers(inspection);
    page.rows
}

impl OverviewPage {
    fn field(&mut self, label: &str, text: &str) {
        self.toned(label, text, RowTone::Plain);
    }

    fn warn(&mut self, label: &str, text: &str) {
        self.toned(label, text, RowTone::Warn);
    }

    fn toned(&mut self, label: &str, text: &str, tone: RowTone) {
        let mut label = SafeText::clean(label);
        for line in columns::wrap(SafeText::clean(text).as_str(), self.width) {
            self.rows.push(OverviewRow {
                label: std::mem::take(&mut label),
                text: SafeText::from(line),
                tone,
            });
        }
    }

    fn heading(&mut self, text: &str) {
        self.rows.push(OverviewRow {
            label: SafeText::default(),
            text: SafeText::default(),
            tone: RowTone::Plain,
        });
        self.rows.push(OverviewRow {
            label: SafeText::clean(text),
            text: SafeText::default(),
            tone: RowTone::Heading,
        });
    }

    fn names(&mut self, state: &State, inspection: &Inspection) {
        if let Some((repository, selector)) = &state.detail.image {
            match selector {
                Selector::Tag(tag) => self.field("image", &format!("{repository}:{tag}")),
                Selector::Digest(_) => self.field("image", &repository.to_string()),
            }
        }
        self.field("digest", &inspection.summary.digest.to_string());
        let digest = &inspection.summary.digest;
        if state.tags.is_shared(digest) {
            self.field("tags", &state.tags.aliases(digest).join(", "));
        }
    }

    fn summary(&mut self, inspection: &Inspection, now: Timestamp) {
        let summary = &inspection.summary;
        let kind = match (&summary.kind, inspection.variants.len()) {
            (Kind::Index, 1) => "index of 1 image".into(),
            (Kind::Index, count) => format!("index of {count} images"),
            (Kind::ReferrerList, count) => {
                format!("list of {}", plural::counted(count, "referrer", "referrers"))
            }
            (kind, _) => kind.to_string(),
        };
        self.field("kind", &kind);
        self.field("type", summary.media_type.as_str());
        match summary.size {
            Some(bytes) if summary.kind == Kind::Index => {
                self.field("size", &format!("{} compressed, all platforms", size::bytes(bytes)));
            }
            Some(bytes) => self.field("size", &format!("{} compressed", size::bytes(bytes))),
            None => self.field("size", "not known"),
        }
        match summary.created {
            Some(created) if time::is_reproducible(created) => {
                self.field("created", &format!("reproducible ({})", time::absolute(created)));
            }
            Some(created) => {
                let (at, age) = (time::absolute(created), format!("({})", time::age(created, now)));
                if columns::width(&at) + 1 + columns::width(&age) <= self.width {
                    self.field("created", &format!("{at} {age}"));
                } else {
                    self.field("created", &at);
                    self.field("", &age);
                }
            }
            None => {}
        }
    }

    /// Adds the facts of the registry's vendor.
    fn vendor(&mut self, state: &State, now: Timestamp) {
        let facts = vendor_images::shown_facts(state).unwrap_or_default();
        for (label, text) in facts.lines(now) {
            let tone =
                if label == SCAN && facts.has_grave_findings() { RowTone::Warn } else { RowTone::Plain };
            self.toned(label, &text, tone);
        }
        if facts.expires.is_none()
            && let Some(after) = expiry_label(state)
        {
            self.field(
                "expires",
                &format!("{} after its push, by the label {EXPIRY_LABEL}", first_of(after)),
            );
        }
    }

    fn platforms(&mut self, inspection: &Inspection, chosen: usize) {
        self.heading("platforms");
        let names: Vec<String> = inspection.variants.iter().map(Variant::name).collect();
        let longest = names.iter().map(|name| columns::width(name)).max().unwrap_or(0).min(LONGEST_PLATFORM);
        for (number, (variant, name)) in inspection.variants.iter().zip(&names).enumerate() {
            let mark = if number == chosen { "▸" } else { " " };
            let bytes = variant.size.map(size::bytes).unwrap_or_default();
            let digest =
                variant.manifest.as_ref().map(|manifest| manifest.digest.short()).unwrap_or_default();
            let referring = match variant.referrers.count() {
                0 => String::new(),
                count => format!("  {}", plural::counted(count, "referrer", "referrers")),
            };
            let failure = variant.manifest.as_ref().err();
            let failed = failure.map(|failure| format!("! {}", failure.why)).unwrap_or_default();
            let name = columns::left(name, longest);
            let row = format!("{mark} {name} {}  {digest}{referring}", columns::right(&bytes, SIZES));
            self.rows.push(OverviewRow {
                label: SafeText::from(columns::cut(&row, self.width + LABELS)),
                text: SafeText::from(failed),
                tone: RowTone::Listed,
            });
        }
    }

    fn variant(&mut self, variant: &Variant, is_of_index: bool) {
        if is_of_index {
            self.heading(&variant.name());
            if let Ok(manifest) = &variant.manifest {
                self.field("digest", &manifest.digest.to_string());
            }
        } else if let Some(platform) = &variant.platform {
            self.field("platform", &platform.to_string());
        }
        for index in &variant.within {
            self.field("in index", &index.to_string());
        }
        let referring: Vec<String> = variant.referrers.iter().map(ListedReferrer::name).collect();
        if !referring.is_empty() {
            self.field("referrers", &joined_by(&referring, ", "));
        }
        let layers = variant.layers.rows.iter().filter(|row| row.layer.is_some()).count();
        let more = variant.manifest.as_ref().map_or(0, |manifest| manifest.layers_left_out());
        match (variant.layers.size(), layers) {
            (_, 0) => {}
            (_, count) if more > 0 => {
                self.field("layers", &format!("{count}, and {more} more that are not shown"));
            }
            (Some(bytes), 1) => self.field("layers", &format!("1, {}", size::bytes(bytes))),
            (Some(bytes), count) => self.field("layers", &format!("{count}, {}", size::bytes(bytes))),
            (None, count) => self.field("layers", &count.to_string()),
        }
        let config_failure = variant.config.as_ref().and_then(|config| config.as_ref().err());
        for failure in variant.manifest.as_ref().err().into_iter().chain(config_failure) {
            self.warn("missing", &format!("{}: {}", failure.what, failure.why));
            if let Some(hint) = &failure.hint {
                self.warn("", &format!("hint: {hint}"));
            }
        }
        if let Some(Ok(config)) = &variant.config {
            self.config(config);
        }
    }

    fn config(&mut self, config: &ImageConfig) {
        let words = [
            ("entrypoint", joined(&config.entrypoint)),
            ("cmd", joined(&config.cmd)),
            ("user", config.user.clone().unwrap_or_default()),
            ("workdir", config.working_dir.clone().unwrap_or_default()),
            ("ports", joined(&config.exposed_ports)),
            ("volumes", joined(&config.volumes)),
            ("stop signal", config.stop_signal.clone().unwrap_or_default()),
            ("healthcheck", joined(&config.healthcheck)),
            ("author", config.author.clone().unwrap_or_default()),
        ];
        for (label, text) in words.iter().filter(|(_, text)| !text.is_empty()) {
            self.field(label, text);
        }
        self.list("env", config.env.count(), config.env.iter().map(|text| first_of(text).to_string()));
        let labels = config.labels.iter().map(|(key, value)| pair(key, value));
        self.list("labels", config.labels.count(), labels);
    }

    /// Adds at most `MOST_OF_A_LIST` of `all` texts. The other tabs show all of them.
    fn list(&mut self, mut label: &str, all: usize, texts: impl Iterator<Item = String>) {
        for text in texts.take(MOST_OF_A_LIST) {
            self.field(std::mem::take(&mut label), &text);
        }
        if all > MOST_OF_A_LIST {
            self.warn("", &format!("and {} more: see the other tabs", all - MOST_OF_A_LIST));
        }
    }

    /// Adds the annotations of the image: the well-known ones with their short names, then the others.
    fn annotations(&mut self, manifest: &Manifest, variant: &Variant) {
        let child = variant.manifest.as_ref().ok().and_then(|manifest| manifest.annotations());
        let own = manifest.annotations();
        let sources: Vec<_> = own.into_iter().chain(child).collect();
        let known = annotations::well_known(&sources);
        let others = own.into_iter().flatten().filter(|(key, _)| !annotations::is_well_known(key));
        let others: Vec<_> = others.collect();
        if known.is_empty() && others.is_empty() {
            return;
        }
        self.heading("annotations");
        for (label, value) in known {
            self.field(label, value);
        }
        let left_out = manifest.capped_annotations().map_or(0, Capped::left_out);
        let all = others.len().saturating_add(left_out);
        self.list("", all, others.into_iter().map(|(key, value)| pair(key, value)));
    }

    fn referrers(&mut self, inspection: &Inspection) {
        let count = inspection.all_referrers().count();
        if count == 0 {
            return;
        }
        self.heading("belongs to it");
        for (variant, referrer) in inspection.all_referrers().take(MOST_OF_A_LIST) {
            let bytes = referrer.descriptor.size.map(size::bytes).unwrap_or_default();
            let short = referrer.descriptor.digest.map(|digest| digest.short()).unwrap_or_default();
            let of = variant.map(|variant| format!(" of {}", variant.name())).unwrap_or_default();
            let row = format!("  {short} {}  {}{of}", columns::right(&bytes, SIZES), referrer.name());
            let label = SafeText::from(columns::cut(&row, self.width + LABELS));
            self.rows.push(OverviewRow { label, text: SafeText::default(), tone: RowTone::Listed });
        }
        let all = count.saturating_add(inspection.referrers_left_out());
        let more = all.saturating_sub(MOST_OF_A_LIST);
        if more > 0 {
            self.warn("", &format!("and {more} more: see the Referrers tab"));
        }
    }
}

/// Returns the time after which Quay removes the tag, by a label of the image. Other registries do not read it.
fn expiry_label(state: &State) -> Option<&str> {
    let (repository, _) = state.detail.image.as_ref()?;
    let registry = state.registries.items.iter().find(|registry| registry.host == repository.host)?;
    let product = registry.server.value.as_ref()?.product.as_ref()?;
    let config = state.detail.selected_variant()?.config.as_ref()?.as_ref().ok()?;
    let after = config.labels.iter().find(|(key, _)| key.as_str() == EXPIRY_LABEL);
    after.map(|(_, after)| after.as_str()).filter(|after| product.as_str() == "Quay" && !after.is_empty())
}

/// Joins words up to the length that is shown.
fn joined(words: &[String]) -> String {
    joined_by(words, " ")
}

fn joined_by(words: &[String], gap: &str) -> String {
    let mut text = String::new();
    for word in words {
        if !text.is_empty() {
            text.push_str(gap);
        }
        text.push_str(first_of(word));
        if text.len() > LONGEST_FIELD {
            break;
        }
    }
    text
}

/// Returns a label with its value, up to the length that is shown.
fn pair(key: &str, value: &str) -> String {
    format!("{}={}", first_of(key), first_of(value))
}

/// Returns the part of a text that is shown and a little more, so that the cut is visible.
fn first_of(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_FIELD + 8)]
}
