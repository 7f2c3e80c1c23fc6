//! The rows of the Referrers tab: everything that is attached to the image, and its scans by programs of this machine.

use jiff::Timestamp;

use super::Detail;
use crate::app::State;
use crate::model::attached::facts::AttachedFacts;
use crate::model::inspection::{ListedReferrer, Variant};
use crate::model::scan::report::ScanFacts;
use crate::model::size;
use crate::model::text::SafeText;

/// A row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ReferrerRow<'a> {
    /// An artifact, and the image of an index that it refers to.
    Attached(Option<&'a Variant>, &'a ListedReferrer),
    /// The last scan of an image.
    Scan(&'a ScanFacts),
}

/// The cells of a row, safe to draw.
#[derive(Debug)]
pub(crate) struct ReferrerCells {
    /// The kinds, and the image of an index that they refer to.
    pub(crate) kind: String,
    /// The content in a few words; until it is read, the digest.
    pub(crate) summary: String,
    /// Whether the digest stands there, or nothing is known.
    pub(crate) is_unread: bool,
    /// The signer that a signature claims.
    pub(crate) signer: String,
    /// The bytes.
    pub(crate) size: String,
    /// The source that listed it.
    pub(crate) place: String,
}

impl Detail {
    /// Returns the rows of the Referrers tab without a filter.
    pub(crate) fn referrer_rows(&self) -> Vec<ReferrerRow<'_>> {
        let attached = self.inspection.value.iter().flat_map(|inspection| inspection.all_referrers());
        let attached = attached.map(|(variant, referrer)| ReferrerRow::Attached(variant, referrer));
        attached.chain(self.local_scans.iter().map(ReferrerRow::Scan)).collect()
    }

    /// Returns the row under the cursor.
    pub(crate) fn selected_referrer(&self) -> Option<ReferrerRow<'_>> {
        self.referrer_rows().into_iter().nth(self.referrers.selected()?)
    }

    /// Returns the facts about the documents of an artifact, if they were read.
    fn facts_of(&self, referrer: &ListedReferrer) -> Option<&AttachedFacts> {
        self.attached_facts.get(&referrer.descriptor.digest?)
    }
}

impl ReferrerRow<'_> {
    /// Returns the cells.
    pub(crate) fn cells(&self, detail: &Detail) -> ReferrerCells {
        match self {
            ReferrerRow::Attached(variant, referrer) => {
                let facts = detail.facts_of(referrer);
                let kinds: Vec<String> = referrer.kinds.iter().map(|kind| kind.short_name()).collect();
                let of = variant.map(|variant| format!(" of {}", variant.name())).unwrap_or_default();
                let digest = || referrer.descriptor.digest.map(|digest| digest.short()).unwrap_or_default();
                let summary = facts.map(|facts| facts.summary.to_string()).filter(|text| !text.is_empty());
                ReferrerCells {
                    kind: SafeText::from(format!("{}{of}", kinds.join(" + "))).to_string(),
                    is_unread: summary.is_none(),
                    summary: summary.unwrap_or_else(digest),
                    signer: facts
                        .and_then(|facts| facts.signer.as_ref())
                        .map(SafeText::to_string)
                        .unwrap_or_default(),
                    size: referrer.descriptor.size.map(size::bytes).unwrap_or_default(),
                    place: referrer.found.label().into(),
                }
            }
            ReferrerRow::Scan(facts) => {
                let platform = facts.platform.as_ref().filter(|_| detail.has_several_images());
                let of = platform.map(|platform| format!(" of {platform}")).unwrap_or_default();
                ReferrerCells {
                    kind: SafeText::from(format!("local scan{of}")).to_string(),
                    summary: format!("{}, by {}{}", facts.counts.describe(), facts.by(), facts.source_note()),
                    is_unread: false,
                    signer: String::new(),
                    size: String::new(),
                    place: "this machine".into(),
                }
            }
        }
    }

    /// Returns the date of the newest document, or of the scan.
    pub(crate) fn created(&self, detail: &Detail) -> Option<Timestamp> {
        match self {
            ReferrerRow::Attached(_, referrer) => detail.facts_of(referrer)?.created,
            ReferrerRow::Scan(facts) => Some(facts.at),
        }
    }

    /// Returns the whole row as text, with the whole digest.
    fn line(&self, detail: &Detail) -> String {
        let cells = self.cells(detail);
        let digest = match self {
            ReferrerRow::Attached(_, referrer) => referrer.descriptor.digest,
            ReferrerRow::Scan(facts) => Some(facts.digest),
        };
        let digest = digest.map(|digest| digest.to_string()).unwrap_or_default();
        let summary = if cells.is_unread { String::new() } else { cells.summary };
        let texts = [cells.kind, digest, cells.size, cells.place, summary, cells.signer];
        SafeText::from(texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("  "))
            .to_string()
    }
}

/// Returns the lines of the tab as text, and a note about missing artifacts.
pub(crate) fn lines(state: &State) -> Vec<String> {
    let Some(inspection) = &state.detail.inspection.value else { return Vec::new() };
    rows(&state.detail)
        .into_iter()
        .chain(inspection.missing_referrers().map(|missing| missing.to_string()))
        .collect()
}

/// Returns the line of each row.
pub(crate) fn rows(detail: &Detail) -> Vec<String> {
    detail.referrer_rows().iter().map(|row| row.line(detail)).collect()
}
