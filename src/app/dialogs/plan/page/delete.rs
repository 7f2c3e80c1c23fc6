//! The lines of a plan to delete: the method, the tags and images that go, stay or break, and the bytes freed.

use std::collections::HashSet;

use super::rows::{Becomes, Pair};
use super::{PlanPage, Tone, joined};
use crate::model::change::delete::{
    Along, AtStake, DeleteMethod, DeletePlan, ImageToDelete, PlannedReferrer,
};
use crate::model::digest::Digest;
use crate::model::plural::counted;
use crate::model::server::{Ability, Cleanup};
use crate::model::size;

impl PlanPage {
    pub(crate) fn delete(&mut self, plan: &DeletePlan, along: Along) {
        self.field("repository", Tone::Plain, &plan.repository.to_string());
        self.methods(&plan.common.methods, plan.method, !plan.common.loss.is_at_risk());
        self.summary(plan);
        if let (Some(blocked), Some(why)) = (plan.common.blocked.as_ref(), blocked_reason(plan)) {
            self.blank();
            self.field("blocked", Tone::Bad, &why);
            self.hint(blocked.hint.as_ref());
        }
        self.loss(&plan.common.loss);
        self.add_include_switches(plan, along);
        self.blank();
        self.images(plan);
        self.blank();
        if !plan.unknown.is_empty() {
            let text =
                format!("{} did not say their digest: they may share one of these", joined(&plan.unknown));
            self.field("unknown", Tone::Warn, &text);
        }
        self.add_unresolved(&plan.common.unresolved);
        for note in &plan.common.notes {
            self.field("note", Tone::Warn, note.as_str());
        }
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
                self.field("goes", Tone::Plain, &text);
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
        self.field("goes", tone, &text);
    }

    /// Adds the switches for the manifests that can go along, if there are any.
    fn add_include_switches(&mut self, plan: &DeletePlan, along: Along) {
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
            self.switch(label, 'C', along.children, &text);
            label = "";
        }
        if referrers > 0 {
            let text = counted(referrers, "that refers to it", "that refer to it");
            let text = format!("{text}: signatures, attestations");
            self.switch(label, 'R', along.referrers, &text);
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
        let pair = |image: &&ImageToDelete| {
            let kind = if image.media_type.is_index() { "  index" } else { "" };
            let becomes = Becomes::of(&image.info, (Tone::Dim, format!("{}{kind}", image.digest.short())));
            Pair { name: (going, name(image)), becomes }
        };
        let pairs: Vec<Pair> = images.iter().map(pair).collect();
        let columns = self.columns_of(&pairs);
        for (image, pair) in images.into_iter().zip(pairs) {
            self.pair(pair, columns);
            self.add_dependents(plan, image, &at_stake);
        }
    }

    /// Adds the lines about everything attached to an image: other tags, indexes that list it, children, referrers.
    fn add_dependents(&mut self, plan: &DeletePlan, image: &ImageToDelete, at_stake: &AtStake) {
        let goes = plan.method == DeleteMethod::Image;
        if !image.others.is_empty() {
            let names = joined(&image.others);
            match goes {
                true => self.indented(2, "also goes", Tone::Bad, &names),
                false => self.indented(2, "stays", Tone::Good, &names),
            }
        }
        if goes {
            self.add_children(plan, image, at_stake);
        }
        if plan.leaves_no_tag(image) {
            self.referrers(plan, image);
        }
    }

    /// Adds the lines about indexes that stay and list an image that goes, and about the children of that image.
    fn add_children(&mut self, plan: &DeletePlan, image: &ImageToDelete, at_stake: &AtStake) {
        for parent in image.broken_indexes(at_stake) {
            let name = match parent.tags.is_empty() {
                true => parent.digest.short(),
                false => joined(&parent.tags),
            };
            self.indented(2, "breaks", Tone::Bad, &format!("{name}: an index that lists it"));
        }
        let spare = image.removable_children().count();
        if spare > 0 {
            match plan.along.children {
                true => {
                    let text = counted(spare, "goes along", "go along");
                    self.indented(2, "children", Tone::Warn, &text);
                }
                false => {
                    let (tone, text) = match plan.common.loss.cleanup {
                        Cleanup::Later => (
                            Tone::Plain,
                            counted(spare, "stays, and nothing names it", "stay, and nothing names them"),
                        ),
                        _ => (
                            Tone::Warn,
                            counted(
                                spare,
                                "may go with it: nothing else names it",
                                "may go with it: nothing else names them",
                            ),
                        ),
                    };
                    self.indented(2, "children", tone, &text);
                }
            }
        }
        if !image.needed_children.is_empty() {
            let needed = image.needed_children.len();
            let text = counted(needed, "stays: something else needs it", "stay: something else needs them");
            self.indented(2, "children", Tone::Good, &text);
        }
    }

    fn referrers(&mut self, plan: &DeletePlan, image: &ImageToDelete) {
        let going: HashSet<Digest> = plan.referrers_that_go(image).map(|referrer| referrer.digest).collect();
        let (go, stay): (Vec<&PlannedReferrer>, Vec<&PlannedReferrer>) =
            image.referrers.iter().partition(|referrer| going.contains(&referrer.digest));
        let goes = (Tone::Warn, ["goes along", "go along"], go);
        let stays = match plan.common.loss.is_at_risk() {
            false => (Tone::Plain, ["stays behind", "stay behind"], stay),
            true => (Tone::Warn, ["may go with it", "may go with it"], stay),
        };
        for (tone, [one, many], referrers) in [goes, stays] {
            let kinds: Vec<String> = referrers
                .iter()
                .map(|referrer| format!("{} {}", referrer.kind, referrer.digest.short()))
                .collect();
            if !kinds.is_empty() {
                let what = if kinds.len() == 1 { one } else { many };
                self.indented(2, "referrers", tone, &format!("{}: {what}", kinds.join(", ")));
            }
        }
    }

    fn add_freed_bytes(&mut self, plan: &DeletePlan) {
        let shared = match (plan.shared.filter(|bytes| *bytes > 0), plan.shared_with) {
            (None, _) => String::new(),
            (Some(bytes), 0) => format!("; {} needed by what stays untagged", size::bytes(bytes)),
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
                    (true, _) => "once the tags go that keep the images",
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
        self.field("frees", Tone::Number, &text);
    }

    fn server(&mut self, plan: &DeletePlan) {
        for (label, what, ability) in [
            ("server", "delete by tag", &plan.deletes.by_tag),
            ("", "delete by digest", &plan.deletes.by_digest),
        ] {
            let (tone, text) = match ability {
                Ability::Yes => (Tone::Dim, "yes".into()),
                Ability::Unknown => (Tone::Dim, "not known before it is tried".into()),
                Ability::No(why) => (Tone::Warn, format!("no: {why}")),
            };
            self.field(label, tone, &format!("{what}: {text}"));
        }
    }
}

/// Returns the reason why the method is not possible. The answer of the server is left out of it, because it is in the
/// lines about the server.
pub fn blocked_reason(plan: &DeletePlan) -> Option<String> {
    let mut why = plan.common.blocked.as_ref()?.why.to_string();
    for ability in [&plan.deletes.by_tag, &plan.deletes.by_digest] {
        if let Ability::No(said) = ability {
            why = why.replace(&format!(" ({said})"), "");
        }
    }
    Some(why)
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
