//! Plans in words: everything that will happen, before it happens. The screen lays these rows out, and the command line
//! prints them, so that both say the same.

mod copy;
mod delete;
mod loss;
mod methods;
mod retag;
mod rows;
mod undo;

pub(crate) use methods::method_label;
pub(crate) use rows::{Fact, ImageRow, Methods, PlanOption, PlanRow, Switch, Tone};

use super::copy::ManifestFormat;
use super::delete::{Along, DeleteMethod, DeletePlan};
use super::progress::Unresolved;
use super::{ChangePlan, ChangeRequest};
use crate::model::digest::Digest;
use crate::model::plural::counted;
use crate::model::reference::Repository;
use crate::model::text::SafeText;

/// The explanation of the replacement, which is confirmed separately because images are briefly replaced by others.
pub(crate) const REPLACEMENT: [&str; 2] = [
    "The registry cannot delete by tag. So each tag is put on a copy of its manifest with one more annotation, and \
     that copy is deleted by its digest: the tag goes, and no request deletes the image or its other tags.",
    "It is tried only if images can be deleted. If the second request is refused anyway, the tag is put back \
     byte for byte.",
];

/// The last request of the user, if the plan that is shown is older: its switches show the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Requested {
    /// The method.
    pub(crate) method: Option<DeleteMethod>,
    /// Whether images that lose their last tag are kept.
    pub(crate) keep: Option<bool>,
    /// The further manifests to delete.
    pub(crate) along: Option<Along>,
    /// Whether referrers are copied along.
    pub(crate) referrers: Option<bool>,
    /// The format of the copied manifests.
    pub(crate) format: Option<ManifestFormat>,
}

impl From<&ChangeRequest> for Requested {
    fn from(request: &ChangeRequest) -> Requested {
        Requested {
            method: request.method(),
            keep: Some(request.keeps_images()),
            along: match request {
                ChangeRequest::Delete(request) => Some(request.along),
                _ => None,
            },
            referrers: match request {
                ChangeRequest::Copy(request) => Some(request.referrers),
                _ => None,
            },
            format: match request {
                ChangeRequest::Copy(request) => Some(request.format),
                _ => None,
            },
        }
    }
}

/// Returns the name of a change: the title of its dialog.
pub(crate) fn title(request: Option<&ChangeRequest>) -> &'static str {
    match request {
        Some(ChangeRequest::Retag(request)) if request.mode.moves() => "Rename",
        Some(ChangeRequest::Retag(_)) => "Retag",
        Some(ChangeRequest::Delete(_)) => "Delete",
        Some(ChangeRequest::Copy(_)) => "Copy",
        Some(ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_)) => "Undo",
        None => "Looking it up",
    }
}

/// Returns the repositories of a request, and everything that is looked up before its plan is shown.
pub(crate) fn lookups(request: Option<&ChangeRequest>) -> (Vec<Fact>, &'static [&'static str]) {
    let at = |label, repository: &Repository| Fact::new(label, Tone::Plain, repository.to_string());
    match request {
        Some(ChangeRequest::Delete(request)) => (
            vec![at("repository", &request.repository)],
            &[
                "the digests of the tags, and other tags that share them",
                "their indexes, children and referrers",
                "the bytes that only they hold",
                "whether the server deletes, tried on random names",
            ],
        ),
        Some(ChangeRequest::Retag(request)) => (
            vec![at("repository", &request.from)],
            &["the digests of the tags", "whether the new tags are free"],
        ),
        Some(ChangeRequest::Copy(request)) => (
            vec![at("from", &request.from), at("to", &request.to)],
            &[
                "the manifests and layers of the images",
                "the parts that are there already",
                "the tags that would be replaced",
            ],
        ),
        Some(ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_)) => (
            Vec::new(),
            &["the manifests before the change, and those of now", "whether its blobs are still there"],
        ),
        None => (Vec::new(), &["the last change"]),
    }
}

/// Returns all rows of a plan.
pub(crate) fn rows(plan: &ChangePlan, requested: Requested) -> Vec<PlanRow> {
    let mut rows = Rows { rows: Vec::new(), requested };
    if let Some(refused) = &plan.common().refused {
        rows.fact("refused", Tone::Bad, refused.why.as_str());
        rows.hint(refused.hint.as_ref());
        rows.blank();
    }
    for need in &plan.common().needs {
        let (tone, verdict) = if need.fits() { (Tone::Plain, "") } else { (Tone::Warn, ": too few") };
        rows.fact("needs", tone, format!("{need}{verdict}"));
    }
    match plan {
        ChangePlan::Retag(plan) => rows.retag(plan),
        ChangePlan::Delete(plan) => rows.delete(plan),
        ChangePlan::Copy(plan) => rows.copy(plan),
        ChangePlan::Undo(plan) => rows.undo(plan),
    }
    rows.rows
}

/// Returns the text of the button that carries the plan out.
pub(crate) fn confirm_label(plan: &ChangePlan) -> String {
    let by_replacement = if plan.replaces_images() { " by replacement" } else { "" };
    match plan {
        ChangePlan::Retag(plan) => {
            let verb = if plan.mode.moves() { "Rename" } else { "Retag" };
            format!("{verb} {}{by_replacement}", counted(plan.steps.len(), "tag", "tags"))
        }
        ChangePlan::Delete(plan) if plan.method == DeleteMethod::Image => {
            let tags = plan.tags_that_go().count();
            let tags = (tags > 0).then(|| counted(tags, "tag", "tags"));
            let images = counted(plan.images.len(), "image", "images");
            let parts: Vec<String> = [images].into_iter().chain(included_counts(plan)).chain(tags).collect();
            format!("Delete {}", parts.join(", "))
        }
        ChangePlan::Delete(plan) => {
            let tags = plan.images.iter().map(|image| image.named.len()).sum();
            format!("Untag {}{by_replacement}", counted(tags, "tag", "tags"))
        }
        ChangePlan::Copy(plan) => format!("Copy {}", plan.count()),
        ChangePlan::Undo(_) => format!("Undo it{by_replacement}"),
    }
}

/// Returns the reason why the plan cannot or need not be carried out, if there is one.
pub(crate) fn impediment(plan: &ChangePlan) -> Option<SafeText> {
    if let Some(refused) = &plan.common().refused {
        return Some(refused.why.clone());
    }
    match plan {
        ChangePlan::Delete(plan) => match (&plan.common.blocked, plan.images.is_empty()) {
            (Some(blocked), _) => Some(blocked.why.clone()),
            (None, true) => Some("there is nothing to delete".into()),
            (None, false) => None,
        },
        ChangePlan::Retag(plan) => {
            let done = plan.is_done().then(|| "nothing would change: the tags are in place already".into());
            plan.common.blocked.as_ref().map(|blocked| blocked.why.clone()).or(done)
        }
        ChangePlan::Copy(plan) => {
            plan.is_done().then(|| "nothing would change: everything is there already".into())
        }
        ChangePlan::Undo(plan) => plan.is_impossible().then(|| "no part of it can be put back".into()),
    }
}

/// Returns the counts of the manifests that are deleted along with images: `6 children`, `1 referrer`.
fn included_counts(plan: &DeletePlan) -> Vec<String> {
    let at_stake = plan.at_stake();
    let children = (at_stake.children.len(), "child", "children");
    let referrers = (at_stake.referrers.len(), "referrer", "referrers");
    let some = [children, referrers].into_iter().filter(|(count, ..)| *count > 0);
    some.map(|(count, one, many)| counted(count, one, many)).collect()
}

/// The rows of a plan while they are written.
struct Rows {
    rows: Vec<PlanRow>,
    requested: Requested,
}

impl Rows {
    fn blank(&mut self) {
        self.rows.push(PlanRow::Blank);
    }

    fn fact(&mut self, label: &'static str, tone: Tone, text: impl Into<String>) {
        self.rows.push(PlanRow::Fact(Fact::new(label, tone, text)));
    }

    fn hint(&mut self, hint: Option<&SafeText>) {
        self.rows.extend(hint.map(|hint| PlanRow::Hint(hint.to_string())));
    }

    fn switch(&mut self, label: &'static str, option: PlanOption, is_on: bool, text: impl Into<String>) {
        self.rows.push(PlanRow::Switch(Switch { label, option, is_on, text: text.into() }));
    }

    /// Adds the unresolved images: they were asked for and cannot be part of the plan.
    fn unresolved(&mut self, unresolved: &[Unresolved]) {
        for Unresolved { name, failure, .. } in unresolved {
            self.fact("fails", Tone::Bad, format!("{name}: {}", failure.why));
        }
    }

    fn notes(&mut self, label: &'static str, notes: &[SafeText]) {
        for note in notes {
            self.fact(label, Tone::Warn, note.as_str());
        }
    }
}

impl Fact {
    fn new(label: &'static str, tone: Tone, text: impl Into<String>) -> Fact {
        Fact { label, tone, text: text.into(), is_list: false }
    }

    fn list<T: ToString>(label: &'static str, tone: Tone, names: &[T]) -> Fact {
        Fact { is_list: true, ..Fact::new(label, tone, joined(names)) }
    }
}

/// Returns the change of the digest of a tag: new, replaced by another one, or the same.
fn describe_change(replaces: Option<&Digest>, digest: &Digest) -> (Tone, String) {
    match replaces {
        None => (Tone::Good, format!("new  {}", digest.short())),
        Some(same) if same == digest => (Tone::Dim, "is that already".into()),
        Some(old) => (Tone::Warn, format!("replaces {} → {}", old.short(), digest.short())),
    }
}

fn joined<T: ToString>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{
        copy_plan, copy_request, delete_plan, delete_request, digest, image_to_copy, image_to_delete,
        refusal, retag_plan, retag_request, retag_step, signature, tag, undo_plan, undo_step,
    };
    use crate::model::change::copy::{ImageToCopy, What};
    use crate::model::change::delete::DeleteMethod::{Image, Replace, Untag};
    use crate::model::change::delete::ImageToDelete;
    use crate::model::change::journal::EntryId;
    use crate::model::change::retag::RetagMode::{Add, Move, MoveByReplacement};
    use crate::model::change::retag::{RetagMode, RetagStep};
    use crate::model::change::undo::UndoStep;

    fn retag(mode: RetagMode) -> ChangePlan {
        ChangePlan::Retag(retag_plan(mode, vec![retag_step("1", "2")]))
    }

    fn delete(method: DeleteMethod, images: Vec<ImageToDelete>) -> ChangePlan {
        ChangePlan::Delete(delete_plan(method, images))
    }

    fn undo(step: UndoStep) -> ChangePlan {
        ChangePlan::Undo(undo_plan(vec![step]))
    }

    /// An index with two tags, a child and a signature.
    fn index() -> ImageToDelete {
        ImageToDelete {
            others: vec![tag("latest")],
            children: vec![digest("x")],
            referrers: vec![signature("s", "a")],
            ..image_to_delete("a", &["1"])
        }
    }

    #[test]
    fn the_button_says_everything_that_its_key_does() {
        let along = |children, referrers| {
            let along = Along { children, referrers };
            ChangePlan::Delete(DeletePlan { along, ..delete_plan(Image, vec![index()]) })
        };
        let two = || vec![image_to_delete("a", &["1", "2"]), image_to_delete("b", &["3"])];
        let replacing = UndoStep { by_replacement: true, ..undo_step("1", None, Some("a")) };
        let copies = copy_plan(vec![image_to_copy("1"), image_to_copy("@")]);
        let table = [
            (retag(Add), "Retag 1 tag"),
            (retag(Move), "Rename 1 tag"),
            (retag(MoveByReplacement), "Rename 1 tag by replacement"),
            (delete(Untag, two()), "Untag 3 tags"),
            (delete(Replace, two()), "Untag 3 tags by replacement"),
            (delete(Image, vec![image_to_delete("a", &[])]), "Delete 1 image"),
            (delete(Image, two()), "Delete 2 images, 3 tags"),
            (along(false, false), "Delete 1 image, 2 tags"),
            (along(true, true), "Delete 1 image, 1 child, 1 referrer, 2 tags"),
            (ChangePlan::Copy(copies), "Copy 1 tag and 1 image"),
            (undo(undo_step("1", Some("a"), None)), "Undo it"),
            (undo(replacing), "Undo it by replacement"),
        ];
        for (plan, label) in table {
            assert_eq!(confirm_label(&plan), label);
        }
    }

    #[test]
    fn a_plan_that_cannot_or_need_not_be_carried_out_says_why() {
        let refused = |mut plan: ChangePlan| {
            plan.common_mut().refused = Some(refusal("r.test is read-only"));
            plan
        };
        let blocked = |mut plan: ChangePlan| {
            plan.common_mut().blocked = Some(refusal("the server does not delete by tag"));
            plan
        };
        let image = || vec![image_to_delete("a", &["1"])];
        let in_place = RetagStep { replaces: Some(digest("a")), ..retag_step("1", "2") };
        let in_place = || ChangePlan::Retag(retag_plan(Add, vec![in_place.clone()]));
        let copied = ImageToCopy { replaces: Some(digest("a")), ..image_to_copy("1") };
        let step = || undo_step("1", Some("a"), None);
        let lost = UndoStep { impossible: Some("1 of its blobs is gone".into()), ..step() };
        let (cannot, done) =
            ("the server does not delete by tag", "nothing would change: the tags are in place already");
        let table = [
            ("a rule", refused(retag(Add)), Some("r.test is read-only")),
            (
                "a rule before the server",
                refused(blocked(delete(Untag, image()))),
                Some("r.test is read-only"),
            ),
            ("a blocked delete", blocked(delete(Untag, image())), Some(cannot)),
            ("an empty delete", delete(Untag, vec![]), Some("there is nothing to delete")),
            ("a delete", delete(Untag, image()), None),
            ("a blocked rename", blocked(retag(Move)), Some(cannot)),
            ("tags in place", in_place(), Some(done)),
            ("a retag", retag(Add), None),
            (
                "a copy that is there",
                ChangePlan::Copy(copy_plan(vec![copied])),
                Some("nothing would change: everything is there already"),
            ),
            ("a copy", ChangePlan::Copy(copy_plan(vec![image_to_copy("1")])), None),
            ("an impossible undo", undo(lost), Some("no part of it can be put back")),
            ("an undo", undo(step()), None),
        ];
        for (case, plan, why) in table {
            assert_eq!(impediment(&plan).as_ref().map(SafeText::as_str), why, "{case}");
        }
    }

    #[test]
    fn a_dialog_is_named_and_says_the_lookups_before_its_plan() {
        let entry = || EntryId("1".into());
        let requests = [
            (Some(ChangeRequest::Retag(retag_request(Add, &[("1", "2")]))), "Retag", 1),
            (Some(ChangeRequest::Retag(retag_request(Move, &[("1", "2")]))), "Rename", 1),
            (Some(ChangeRequest::Delete(delete_request(&["1"]))), "Delete", 1),
            (Some(ChangeRequest::Copy(copy_request(What::AllTags))), "Copy", 2),
            (Some(ChangeRequest::Undo(entry())), "Undo", 0),
            (Some(ChangeRequest::UndoByReplacement(entry())), "Undo", 0),
            (None, "Looking it up", 0),
        ];
        for (request, name, repositories) in requests {
            let (facts, steps) = lookups(request.as_ref());
            assert_eq!((title(request.as_ref()), facts.len()), (name, repositories));
            assert!(!steps.is_empty(), "{name}");
        }
    }
}
