//! The rows of a plan to copy: the blobs that are moved, the tags that are put, and the tags that are replaced.

use super::{ImageRow, PlanOption, PlanRow, Rows, Tone, describe_change};
use crate::model::change::copy::{CopyPlan, ImageToCopy, ReferrerList};

impl Rows {
    pub(super) fn copy(&mut self, plan: &CopyPlan) {
        self.fact("from", Tone::Plain, plan.from.to_string());
        self.fact("to", Tone::Plain, plan.to.to_string());
        // The destination was not contacted if a rule forbids the copy.
        if plan.common.refused.is_none() {
            self.fact("moves", Tone::Number, plan.summary().as_str());
        }
        if plan.common.loss.is_offered() {
            self.loss(&plan.common.loss);
        }
        let referrers = self.requested.referrers.unwrap_or(plan.request.referrers);
        let text = "referrers: signatures, attestations";
        self.switch("along", PlanOption::Referrers, referrers, text);
        self.blank();
        let row = |image: &ImageToCopy| ImageRow {
            name: (Tone::Plain, image.selector.to_string()),
            new_name: Some(target(image)),
            info: Some(image.info),
            result: result(image, plan.common.refused.is_some()),
            facts: Vec::new(),
        };
        self.rows.push(PlanRow::Images(plan.images.iter().map(row).collect()));
        if plan.digests_change {
            self.blank();
            for platforms in plan.platforms() {
                self.fact("platforms", Tone::Strong, platforms);
            }
            let text = "only some platforms are copied, so the digest there differs";
            self.fact("changes", Tone::Warn, text);
        }
        self.add_copied_referrers(plan);
        for left_out in &plan.left_out {
            self.fact("left out", Tone::Warn, left_out.as_str());
        }
        self.unresolved(&plan.common.unresolved);
        for exposed in plan.exposure_warnings() {
            self.fact("login", Tone::Warn, exposed.as_str());
        }
        self.notes("note", &plan.common.notes);
    }
}

impl Rows {
    /// Adds the referrers of the images that come along, and the fallback tags that list them.
    fn add_copied_referrers(&mut self, plan: &CopyPlan) {
        let Some(coming) = plan.describe_referrers() else { return };
        self.blank();
        self.fact("referrers", Tone::Plain, coming);
        let row = |list: &ReferrerList| {
            let tone = if list.replaces.is_some() || list.unknown { Tone::Warn } else { Tone::Good };
            ImageRow {
                name: (Tone::Strong, list.short_tag()),
                new_name: None,
                info: None,
                result: (tone, list.change()),
                facts: Vec::new(),
            }
        };
        if !plan.lists.is_empty() {
            self.rows.push(PlanRow::Images(plan.lists.iter().map(row).collect()));
        }
    }
}

/// Returns the change of the tag. If the digest differs from that at the source, names both.
fn result(image: &ImageToCopy, is_refused: bool) -> (Tone, String) {
    let (tone, text) = match image.unknown {
        _ if is_refused => (Tone::Dim, format!("not asked  {}", image.digest.short())),
        true => (Tone::Warn, format!("current image not known  {}", image.digest.short())),
        false => describe_change(image.replaces.as_ref(), &image.digest),
    };
    match image.source == image.digest {
        true => (tone, text),
        false => (tone, format!("{text} (was {})", image.source.short())),
    }
}

fn target(image: &ImageToCopy) -> String {
    image.tag.as_ref().map_or("by digest".into(), ToString::to_string)
}
