//! The lines of the Referrers tab as text.

use crate::app::State;
use crate::model::inspection::{Inspection, ListedReferrer, Variant};
use crate::model::size;
use crate::model::text::SafeText;

/// Returns the lines: each referrer with its whole digest, and a note about missing ones.
pub(crate) fn lines(state: &State) -> Vec<String> {
    let Some(inspection) = &state.detail.inspection.value else { return Vec::new() };
    rows(inspection)
        .into_iter()
        .chain(inspection.missing_referrers().map(|missing| missing.to_string()))
        .collect()
}

/// Returns the line of each referrer.
pub(crate) fn rows(inspection: &Inspection) -> Vec<String> {
    inspection.all_referrers().map(|(variant, referrer)| line(variant, referrer)).collect()
}

fn line(variant: Option<&Variant>, referrer: &ListedReferrer) -> String {
    let kinds = referrer.kinds.iter().map(|kind| kind.short_name()).collect::<Vec<_>>().join(" + ");
    let of = variant.map(|variant| format!(" of {}", variant.name())).unwrap_or_default();
    let digest = referrer.descriptor.digest.map(|digest| digest.to_string()).unwrap_or_default();
    let bytes = referrer.descriptor.size.map(size::bytes).unwrap_or_default();
    let text = format!("{kinds}{of}  {digest}  {bytes}  {}", referrer.found.label());
    SafeText::clean(&text).to_string()
}
