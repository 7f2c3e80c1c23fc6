//! The rows of a plan to delete: the method, the tags and images that go, stay or break, and the bytes freed.

use std::collections::HashSet;

use super::{Fact, ImageRow, PlanOption, PlanRow, Rows, Tone, joined};
use crate::model::change::delete::{AtStake, DeleteMethod, DeletePlan, ImageToDelete, PlannedReferrer};
use crate::model::digest::Digest;
use crate::model::plural::counted;
use crate::model::server::{Ability, Cleanup};
use crate::model::size;

impl Rows {
    pub(super) fn delete(&mut self, plan: &DeletePlan) {
        self.fact("repository", Tone::Plain, plan.repository.to_string());
        let images_stay = !plan.common.loss.is_at_risk();
        self.methods(&plan.common.methods, plan.method, images_stay, plan.own_api.as_ref());
        self.summary(plan);
        if let Some(blocked) = &plan.common.blocked {
            self.blank();
            self.fact("blocked", Tone::Bad, blocked.why.as_str());
            self.hint(blocked.hint.as_ref());
        }
        self.loss(&plan.common.loss);
        self.add_include_switches(plan);
        self.blank();
        self.images(plan);
        self.blank();
        if !plan.unknown.is_empty() {
            let text =
                format!("{} without a known digest: they may share one of these", joined(&plan.unknown));
            self.fact("unknown", Tone::Warn, text);
        }
        self.unresolved(&plan.common.unresolved);
        self.notes("note", &plan.common.notes);
        self.add_freed_bytes(plan);
        self.server(plan);
    }

    /// Adds the totals, if more goes than can be seen at once.
    fn summary(&mut self, plan: &DeletePlan) {
        let named: usize = plan.images.iter().map(|image| image.named.len()).sum();
        let others: usize = plan.images.iter().map(|image| image.others.len()).sum();
        let images = counted(plan.images.len(), "image", "images");
        if plan.method != DeleteMethod::Image {
            if named > 1 {
                let keeping = counted(plan.images.len(), "image, which keeps", "images, which keep");
                let kept = match others {
                    0 => "no tag".to_string(),
                    _ => counted(others, "other tag", "other tags"),
                };
                let text = format!("{named} tags of {keeping} {kept}");
                self.fact("goes", Tone::Plain, text);
            }
            return;
        }
        let going = plan.tags_that_go().count();
        let unnamed = going.saturating_sub(named);
        let at_stake = plan.at_stake();
        let broken = plan.images.iter().flat_map(|image| image.broken_indexes(&at_stake));
        let broken: HashSet<Digest> = broken.map(|parent| parent.digest).collect();
        let mut text = format!("{images} · {}", counted(going, "tag", "tags"));
        if unnamed > 0 {
            text.push_str(&format!(", {unnamed} of them not named"));
        }
        text.extend(super::included_counts(plan).iter().map(|along| format!(" · {along}")));
        if !broken.is_empty() {
            text.push_str(&format!(" · {}", counted(broken.len(), "index breaks", "indexes break")));
        }
        if let Some(bytes) = plan.frees.filter(|bytes| *bytes > 0) {
            text.push_str(&format!(" · frees up to {}", size::bytes(bytes)));
        }
        let tone = if unnamed > 0 || !broken.is_empty() { Tone::Bad } else { Tone::Warn };
        self.fact("goes", tone, text);
    }

    /// Adds the switches for the manifests that can go along, if there are any.
    fn add_include_switches(&mut self, plan: &DeletePlan) {
        let along = self.requested.along.unwrap_or(plan.along);
        let children: HashSet<&Digest> =
            plan.images.iter().flat_map(ImageToDelete::removable_children).collect();
        let children = children.len();
        let referrers = plan.images.iter().flat_map(|image| {
            let can_go = |referrer: &&PlannedReferrer| plan.can_go_along(image, referrer);
            image.referrers.iter().filter(can_go).map(|referrer| referrer.digest)
        });
        let referrers = referrers.collect::<HashSet<Digest>>().len();
        let mut label = "along";
        if children > 0 && plan.method == DeleteMethod::Image {
            let text = format!("{} that nothing else needs", counted(children, "child", "children"));
            self.switch(label, PlanOption::Children, along.children, text);
            label = "";
        }
        if referrers > 0 {
            let text = counted(referrers, "that refers to it", "that refer to it");
            let text = format!("{text}: signatures, attestations");
            self.switch(label, PlanOption::Referrers, along.referrers, text);
        }
    }

    fn images(&mut self, plan: &DeletePlan) {
        let at_stake = plan.at_stake();
        let mut images: Vec<&ImageToDelete> = plan.images.iter().collect();
        if plan.method == DeleteMethod::Image {
            // Images that take others along come first: the rest is exactly the named images.
            images.sort_by_key(|image| {
                image.others.is_empty() && image.broken_indexes(&at_stake).next().is_none()
            });
        }
        let going = if plan.method == DeleteMethod::Image { Tone::Warn } else { Tone::Strong };
        let row = |image: &ImageToDelete| {
            let kind = if image.media_type.is_index() { "  index" } else { "" };
            ImageRow {
                name: (going, name(image)),
                new_name: None,
                info: Some(image.info),
                result: (Tone::Dim, format!("{}{kind}", image.digest.short())),
                facts: dependents(plan, image, &at_stake),
            }
        };
        self.rows.push(PlanRow::Images(images.into_iter().map(row).collect()));
    }

    fn add_freed_bytes(&mut self, plan: &DeletePlan) {
        let shared = match (plan.shared.filter(|bytes| *bytes > 0), plan.shared_with) {
            (None, _) => String::new(),
            (Some(bytes), 0) => format!("; {} needed by untagged manifests", size::bytes(bytes)),
            (Some(bytes), 1) => format!("; {} shared with 1 tag", size::bytes(bytes)),
            (Some(bytes), tags) => format!("; {} shared with {tags} tags", size::bytes(bytes)),
        };
        let text = match plan.frees {
            None => "not known".into(),
            Some(0) if plan.method != DeleteMethod::Image => {
                let keeps = plan.images.iter().all(|image| !image.others.is_empty());
                let why = if keeps { ": the images keep other tags" } else { "" };
                format!("nothing{why}{shared}")
            }
            Some(0) => format!("nothing{shared}"),
            Some(bytes) if plan.method != DeleteMethod::Image => {
                let when = match (plan.common.loss.keep, plan.common.loss.cleanup) {
                    (true, _) => "once the tags that keep the images are gone",
                    (false, Cleanup::AtOnce) if has_no_index(plan) => "at once",
                    (false, _) => "if untagged manifests are collected",
                };
                format!("{}{shared}; {when}, unless other repositories hold it", size::bytes(bytes))
            }
            Some(bytes) => {
                let when = match plan.common.loss.cleanup {
                    Cleanup::AtOnce if has_no_index(plan) => "at once",
                    _ => "after garbage collection",
                };
                format!("{}{shared}; returns {when}, unless other repositories hold it", size::bytes(bytes))
            }
        };
        self.fact("frees", Tone::Number, text);
    }

    fn server(&mut self, plan: &DeletePlan) {
        for (label, what, ability) in [
            ("server", "delete by tag", &plan.deletes.by_tag),
            ("", "delete by digest", &plan.deletes.by_digest),
        ] {
            let (tone, text) = match ability {
                Ability::Yes => (Tone::Dim, "yes".into()),
                Ability::Unknown => (Tone::Dim, "not known until it is tried".into()),
                Ability::No(why) => (Tone::Warn, format!("no: {why}")),
            };
            self.fact(label, tone, format!("{what}: {text}"));
        }
    }
}

/// Returns the facts about everything attached to an image: other tags, indexes that list it, children, referrers.
fn dependents(plan: &DeletePlan, image: &ImageToDelete, at_stake: &AtStake) -> Vec<Fact> {
    let mut facts = Vec::new();
    let goes = plan.method == DeleteMethod::Image;
    if !image.others.is_empty() {
        let (label, tone) = if goes { ("also goes", Tone::Bad) } else { ("stays", Tone::Good) };
        facts.push(Fact::list(label, tone, &image.others));
    }
    if goes {
        facts.extend(children(plan, image, at_stake));
    }
    if plan.leaves_no_tag(image) {
        facts.extend(referrers(plan, image));
    }
    facts
}

/// Returns the facts about indexes that stay and list an image that goes, and about the children of that image.
fn children(plan: &DeletePlan, image: &ImageToDelete, at_stake: &AtStake) -> Vec<Fact> {
    let mut facts = Vec::new();
    for parent in image.broken_indexes(at_stake) {
        let name = if parent.tags.is_empty() { parent.digest.short() } else { joined(&parent.tags) };
        facts.push(Fact::new("breaks", Tone::Bad, format!("{name}: an index that lists it")));
    }
    let spare = image.removable_children().count();
    if spare > 0 {
        if plan.along.children {
            let text = counted(spare, "goes along", "go along");
            facts.push(Fact::new("children", Tone::Warn, text));
        } else {
            let (tone, text) = match plan.common.loss.cleanup {
                Cleanup::Later => {
                    (Tone::Plain, counted(spare, "stays without a name", "stay without a name"))
                }
                _ => (
                    Tone::Warn,
                    counted(
                        spare,
                        "may go with it: nothing else names it",
                        "may go with it: nothing else names them",
                    ),
                ),
            };
            facts.push(Fact::new("children", tone, text));
        }
    }
    if !image.needed_children.is_empty() {
        let needed = image.needed_children.len();
        let text = counted(needed, "stays: something else needs it", "stay: something else needs them");
        facts.push(Fact::new("children", Tone::Good, text));
    }
    facts
}

/// Returns the facts about the referrers of an image.
fn referrers(plan: &DeletePlan, image: &ImageToDelete) -> Vec<Fact> {
    let mut facts = Vec::new();
    let going: HashSet<Digest> = plan.referrers_that_go(image).map(|referrer| referrer.digest).collect();
    let (go, stay): (Vec<&PlannedReferrer>, Vec<&PlannedReferrer>) =
        image.referrers.iter().partition(|referrer| going.contains(&referrer.digest));
    let goes = (Tone::Warn, ["goes along", "go along"], go);
    let stays = if !plan.common.loss.is_at_risk() {
        (Tone::Plain, ["stays behind", "stay behind"], stay)
    } else {
        (Tone::Warn, ["may go with it", "may go with it"], stay)
    };
    for (tone, [one, many], referrers) in [goes, stays] {
        let kinds: Vec<String> = referrers
            .iter()
            .map(|referrer| format!("{} {}", referrer.kind, referrer.digest.short()))
            .collect();
        if !kinds.is_empty() {
            let what = if kinds.len() == 1 { one } else { many };
            facts.push(Fact::new("referrers", tone, format!("{}: {what}", kinds.join(", "))));
        }
    }
    facts
}

/// Returns whether the deleted manifests only have blobs of their own. The blobs of an index belong to the images that
/// it lists, and those may stay.
fn has_no_index(plan: &DeletePlan) -> bool {
    !plan.images.iter().any(|image| image.media_type.is_index())
}

/// Returns the tags or digest by which an image was named.
fn name(image: &ImageToDelete) -> String {
    match (image.named.as_slice(), image.by_digest) {
        ([], _) => "by digest".into(),
        (tags, false) => joined(tags),
        (tags, true) => format!("{}, by digest", joined(tags)),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::change::ChangePlan;
    use crate::model::change::PlanCommon;
    use crate::model::change::builders::{delete_plan, digest, image_to_delete, signature, tag};
    use crate::model::change::delete::{
        Along, DeleteMethod, DeletePlan, ImageToDelete, Parent, PlannedReferrer,
    };
    use crate::model::change::loss::Loss;
    use crate::model::change::wording::{PlanRow, Requested, rows};
    use crate::model::media_type::{MediaType, OCI_INDEX};
    use crate::model::server::Cleanup;

    /// An index with another tag, an index above it, two children of which one is needed, and a signature.
    fn image() -> ImageToDelete {
        ImageToDelete {
            media_type: MediaType::new(OCI_INDEX),
            others: vec![tag("latest")],
            parents: vec![Parent { digest: digest("p"), tags: vec![tag("all")] }],
            children: vec![digest("x"), digest("y")],
            needed_children: vec![digest("y")],
            referrers: vec![PlannedReferrer { tag: Some(tag("sha256-a.sig")), ..signature("s", "a") }],
            ..image_to_delete("a", &["1.4.2"])
        }
    }

    fn plan(method: DeleteMethod, along: Along) -> DeletePlan {
        let loss = Loss { cleanup: Cleanup::Later, ..Loss::default() };
        DeletePlan {
            common: PlanCommon { loss, ..PlanCommon::default() },
            along,
            unknown: vec![tag("odd")],
            own_api: None,
            frees: Some(1_300_000_000),
            shared: Some(2_800_000_000),
            shared_with: 14,
            ..delete_plan(method, vec![image()])
        }
    }

    /// The rows as text, one a line.
    fn text(plan: DeletePlan) -> String {
        let mut lines = Vec::new();
        for row in rows(&ChangePlan::Delete(plan), Requested::default()) {
            match row {
                PlanRow::Fact(fact) => lines.push(format!("{}: {}", fact.label, fact.text)),
                PlanRow::Switch(switch) => lines.push(format!("{}: {}", switch.label, switch.text)),
                PlanRow::Images(rows) => {
                    for row in rows {
                        lines.push(format!("{} {}", row.name.1, row.result.1));
                        lines.extend(row.facts.iter().map(|fact| format!("  {}: {}", fact.label, fact.text)));
                    }
                }
                PlanRow::Blank | PlanRow::Hint(_) | PlanRow::Methods(_) => {}
            }
        }
        lines.join("\n")
    }

    fn assert_has(text: &str, parts: &[&str], others: &[&str]) {
        for part in parts {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
        for part in others {
            assert!(!text.contains(part), "{part} is in:\n{text}");
        }
    }

    const ALL: Along = Along { children: true, referrers: true };

    #[test]
    fn untagging_names_the_tags_that_stay_and_nothing_that_does_not_change() {
        let text = text(plan(DeleteMethod::Untag, Along::default()));
        assert_has(&text, &["  stays: latest", "unknown: odd"], &["breaks", "referrers", "children"]);
    }

    #[test]
    fn deleting_an_image_names_tags_that_go_indexes_that_break_and_children_that_stay() {
        let parts = [
            "goes: 1 image · 2 tags, 1 of them not named · 1 index breaks · frees up to 1.3 GB",
            "along: 1 child that nothing else needs",
            "  also goes: latest",
            "  breaks: all: an index that lists it",
            "  children: 1 stays without a name",
            "  children: 1 stays: something else needs it",
            "stays behind",
            "frees: 1.3 GB; 2.8 GB shared with 14 tags; returns after garbage collection, unless other",
        ];
        assert_has(&text(plan(DeleteMethod::Image, Along::default())), &parts, &["goes along"]);
        let along = text(plan(DeleteMethod::Image, ALL));
        assert_has(&along, &["  children: 1 goes along", ": goes along"], &["stays behind"]);
    }

    #[test]
    fn an_index_that_goes_too_does_not_break() {
        for is_named in [true, false] {
            let mut plan = plan(DeleteMethod::Image, Along::default());
            let index = ImageToDelete {
                digest: digest("p"),
                named: vec![tag("all")],
                others: Vec::new(),
                parents: Vec::new(),
                ..image()
            };
            plan.images.extend(is_named.then_some(index));
            assert_eq!(text(plan).contains("breaks"), !is_named);
        }
    }

    #[test]
    fn referrers_of_an_image_that_loses_its_last_tag_stay_behind_or_go_along() {
        let bare = |method, along| {
            let mut plan = plan(method, along);
            plan.images[0].others.clear();
            plan.images[0].referrers.push(PlannedReferrer { kind: "SBOM".into(), ..signature("b", "a") });
            text(plan)
        };
        let (signature, sbom) =
            (format!("signature {}", digest("s").short()), format!("SBOM {}", digest("b").short()));
        let both = format!("{signature}, {sbom}: stay behind");
        assert_has(&bare(DeleteMethod::Untag, Along::default()), &[&both], &["goes along"]);
        let one = [&*format!("{signature}: goes along"), &*format!("{sbom}: stays behind")].map(String::from);
        assert_has(&bare(DeleteMethod::Untag, ALL), &[&one[0], &one[1]], &[]);
        assert_has(&bare(DeleteMethod::Replace, ALL), &[&both], &["goes along"]);
        assert_has(&text(plan(DeleteMethod::Untag, ALL)), &[], &["referrers", "goes along"]);
    }
}
