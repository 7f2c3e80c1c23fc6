//! The rows of a plan to copy: the blobs that are moved, the tags that are put, and the tags that are replaced.

use super::{ImageRow, PlanOption, PlanRow, Rows, Tone, describe_change};
use crate::model::change::copy::{ConvertedManifest, CopyPlan, ImageToCopy, ManifestFormat, ReferrerList};

/// The loss that comes with every conversion.
const LOST_BY_CONVERSION: &str = "signatures and attestations name the old digests: they do not match the new ones, and those that \
     refer to a converted manifest are not copied";

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
        if plan.can_be_converted {
            let format = self.requested.format.unwrap_or(plan.request.format);
            let text = "Docker's manifests to OCI: digests change, layers stay";
            self.switch("convert", PlanOption::Convert, format == ManifestFormat::Oci, text);
        }
        self.blank();
        let row = |image: &ImageToCopy| ImageRow {
            name: (Tone::Plain, image.selector.to_string()),
            new_name: Some(target(image)),
            info: Some(image.info),
            result: result(image, plan.common.refused.is_some()),
            facts: Vec::new(),
        };
        self.rows.push(PlanRow::Images(plan.images.iter().map(row).collect()));
        let has_all_platforms = plan.images.iter().all(|image| image.takes.is_empty());
        if plan.digests_change && (plan.converted.is_empty() || !has_all_platforms) {
            self.blank();
            for platforms in plan.platforms() {
                self.fact("platforms", Tone::Strong, platforms);
            }
            let text = "only some platforms are copied, so the digest there differs";
            self.fact("changes", Tone::Warn, text);
        }
        self.add_conversion(plan);
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
    /// Adds the manifests that are converted, each with its digest before and after, and the loss that comes with it. The
    /// rows of the images show their own digests already.
    fn add_conversion(&mut self, plan: &CopyPlan) {
        let Some(text) = plan.conversion() else { return };
        self.blank();
        self.fact("changes", Tone::Warn, text);
        let row = |converted: &ConvertedManifest| ImageRow {
            name: (Tone::Plain, converted.source.short()),
            new_name: None,
            info: None,
            result: (Tone::Warn, format!("→ {}", converted.digest.short())),
            facts: Vec::new(),
        };
        let children: Vec<ImageRow> = plan.converted_children().map(row).collect();
        if !children.is_empty() {
            self.rows.push(PlanRow::Images(children));
        }
        self.fact("loses", Tone::Warn, LOST_BY_CONVERSION);
    }

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
    if image.source == image.digest {
        (tone, text)
    } else {
        (tone, format!("{text} (was {})", image.source.short()))
    }
}

fn target(image: &ImageToCopy) -> String {
    image.tag.as_ref().map_or("by digest".into(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use crate::model::change::ChangePlan;
    use crate::model::change::builders::{copy_plan, digest, image_to_copy, refusal};
    use crate::model::change::copy::CopyPlan;
    use crate::model::change::rules::Refusal;
    use crate::model::change::wording::{PlanOption, PlanRow, Requested, rows};

    fn plan(names: &[&str]) -> CopyPlan {
        copy_plan(names.iter().map(|name| image_to_copy(name)).collect())
    }

    fn refused(mut plan: CopyPlan) -> CopyPlan {
        plan.common.refused = Some(Refusal { hint: None, ..refusal("b.test is read-only") });
        plan
    }

    fn labels(rows: &[PlanRow]) -> Vec<&'static str> {
        let label = |row: &PlanRow| match row {
            PlanRow::Fact(fact) => Some(fact.label),
            _ => None,
        };
        rows.iter().filter_map(label).collect()
    }

    /// The result of each image.
    fn results(rows: &[PlanRow]) -> Vec<String> {
        let images = |row: &PlanRow| match row {
            PlanRow::Images(images) => images.iter().map(|image| image.result.1.clone()).collect(),
            _ => Vec::new(),
        };
        rows.iter().flat_map(images).collect()
    }

    #[test]
    fn a_refused_copy_tells_nothing_about_the_destination_that_was_not_asked() {
        let all = rows(&ChangePlan::Copy(refused(plan(&["1", "2"]))), Requested::default());
        assert_eq!(labels(&all), ["refused", "from", "to"]);
        assert!(results(&all).iter().all(|text| text.starts_with("not asked  ")), "{all:?}");
        let all = rows(&ChangePlan::Copy(plan(&["1", "2"])), Requested::default());
        assert_eq!(labels(&all), ["from", "to", "moves"]);
    }

    #[test]
    fn each_image_has_its_result() {
        let (digest, other) = (digest("a"), digest("other"));
        let (one, old) = (digest.short(), other.short());
        let table = [
            (None, false, digest, format!("new  {one}")),
            (Some(digest), false, digest, "is that already".to_string()),
            (Some(other), false, digest, format!("replaces {old} → {one}")),
            (None, true, digest, format!("current image not known  {one}")),
            (None, false, other, format!("new  {one} (was {old})")),
        ];
        for (replaces, unknown, source, expected) in table {
            let mut plan = plan(&["1"]);
            let image = &mut plan.images[0];
            (image.replaces, image.unknown, image.source) = (replaces, unknown, source);
            assert_eq!(results(&rows(&ChangePlan::Copy(plan), Requested::default())), [expected]);
        }
    }

    #[test]
    fn the_switch_of_referrers_shows_the_last_request_and_otherwise_the_plan() {
        for planned in [true, false] {
            for (requested, is_on) in [(None, planned), (Some(true), true), (Some(false), false)] {
                let mut plan = plan(&["1"]);
                plan.request.referrers = planned;
                let requested = Requested { referrers: requested, ..Requested::default() };
                let rows = rows(&ChangePlan::Copy(plan), requested);
                let switches = rows.iter().filter_map(|row| match row {
                    PlanRow::Switch(switch) => Some((switch.option, switch.is_on)),
                    _ => None,
                });
                assert_eq!(switches.collect::<Vec<_>>(), [(PlanOption::Referrers, is_on)]);
            }
        }
    }
}
