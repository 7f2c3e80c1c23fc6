//! The lines of a plan to copy: the blobs that are moved, the tags that are put, and the tags that are replaced.

use super::rows::{Becomes, Pair, Renamed};
use super::{PlanPage, Tone, change};
use crate::model::change::copy::{BlobTransfer, CopyPlan, ImageToCopy, ReferrerList};

impl PlanPage {
    pub(crate) fn copy(&mut self, plan: &CopyPlan, referrers: bool) {
        self.field("from", Tone::Plain, &plan.from.to_string());
        self.field("to", Tone::Plain, &plan.to.to_string());
        self.field("moves", Tone::Number, plan.summary().as_str());
        if plan.common.loss.is_offered() {
            self.loss(&plan.common.loss);
        }
        self.switch("along", 'R', referrers, "what refers to the images: signatures, attestations");
        self.blank();
        let row = |image: &ImageToCopy| Renamed {
            old: image.selector.to_string(),
            new: target(image),
            becomes: Becomes::of(&image.info, becomes(image)),
        };
        self.renamed(plan.images.iter().map(row).collect());
        if plan.digests_change {
            self.blank();
            for platforms in plan.platforms() {
                self.field("platforms", Tone::Strong, &platforms);
            }
            let text = "only some platforms come along, so the digest there is another one";
            self.field("changes", Tone::Warn, text);
        }
        self.add_copied_referrers(plan);
        for left_out in &plan.left_out {
            self.field("left out", Tone::Warn, left_out.as_str());
        }
        self.add_unresolved(&plan.common.unresolved);
        for exposed in plan.exposure_warnings() {
            self.field("login", Tone::Warn, exposed.as_str());
        }
        for note in &plan.common.notes {
            self.field("note", Tone::Warn, note.as_str());
        }
    }
}

impl PlanPage {
    /// Adds the referrers of the images that come along, and the fallback tags that list them.
    fn add_copied_referrers(&mut self, plan: &CopyPlan) {
        let Some(coming) = plan.describe_referrers() else { return };
        self.blank();
        self.field("referrers", Tone::Plain, &coming);
        let pair = |list: &ReferrerList| {
            let tone = if list.replaces.is_some() || list.unknown { Tone::Warn } else { Tone::Good };
            Pair { name: (Tone::Strong, list.short_tag()), becomes: (tone, list.change()).into() }
        };
        let pairs: Vec<Pair> = plan.lists.iter().map(pair).collect();
        let columns = self.columns_of(&pairs);
        pairs.into_iter().for_each(|pair| self.pair(pair, columns));
    }
}

/// Returns the change of the tag. If the digest differs from that at the source, names both.
fn becomes(image: &ImageToCopy) -> (Tone, String) {
    let (tone, text) = match image.unknown {
        true => (Tone::Warn, format!("what is there is not known  {}", image.digest.short())),
        false => change(image.replaces.as_ref(), &image.digest),
    };
    match image.source == image.digest {
        true => (tone, text),
        false => (tone, format!("{text} (was {})", image.source.short())),
    }
}

fn target(image: &ImageToCopy) -> String {
    image.tag.as_ref().map_or("by digest".into(), ToString::to_string)
}

/// Returns whether an existing tag would be another image afterwards.
pub fn replaces(image: &ImageToCopy) -> bool {
    image.replaces.is_some_and(|old| old != image.digest)
}

/// Returns whether nothing is left to do.
pub fn is_done(plan: &CopyPlan) -> bool {
    plan.manifests.is_empty()
        && plan.blobs.iter().all(|blob| blob.transfer == BlobTransfer::There)
        && plan.images.iter().all(|image| image.tag.is_some() && image.replaces == Some(image.digest))
}
