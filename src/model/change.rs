//! Changes to registries as plain values.
//!
//! A [`ChangeRequest`] is planned, and the [`ChangePlan`] is shown to the user. Once the user confirms the plan,
//! exactly that plan is carried out.
//!
//! Requests and plans share this file, although it is long: a new kind of change adds its variants in one place.

pub mod comparison;
pub mod copy;
pub mod delete;
pub mod image_info;
pub mod journal;
pub mod loss;
pub mod progress;
pub(crate) mod remainder;
pub(crate) mod requests;
pub mod retag;
pub mod rules;
pub mod undo;
pub(crate) mod wording;

use serde::{Deserialize, Serialize};

use super::reference::{Host, Repository, RepositoryName};
use super::request_budget::RequestNeed;
use super::text::SafeText;
use rules::Refusal;

/// The request of a change, as the user made it. Nothing is known about it yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeRequest {
    /// Gives images other tags.
    Retag(retag::RetagRequest),
    /// Removes tags or images.
    Delete(delete::DeleteRequest),
    /// Copies images to another repository or registry.
    Copy(copy::CopyRequest),
    /// Undoes the change that a journal entry records.
    Undo(journal::EntryId),
    /// Undoes a change as [`ChangeRequest::Undo`] does, and removes new tags by replacements if the server cannot
    /// delete them by name: see [`delete::DeleteMethod::Replace`].
    UndoByReplacement(journal::EntryId),
}

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Images got other tags.
    Retag,
    /// Tags or images were removed.
    Delete,
    /// Images were copied.
    Copy,
    /// An earlier change was undone.
    Undo,
}

impl ChangeKind {
    /// Returns the word by which JSON and the database name the kind.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ChangeKind::Retag => "retag",
            ChangeKind::Delete => "delete",
            ChangeKind::Copy => "copy",
            ChangeKind::Undo => "undo",
        }
    }
}

impl ChangeRequest {
    /// Returns the kind of the change.
    pub(crate) fn kind(&self) -> ChangeKind {
        match self {
            ChangeRequest::Retag(_) => ChangeKind::Retag,
            ChangeRequest::Delete(_) => ChangeKind::Delete,
            ChangeRequest::Copy(_) => ChangeKind::Copy,
            ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_) => ChangeKind::Undo,
        }
    }

    /// Returns the journal entry that the request undoes, if it undoes one.
    pub fn undoes(&self) -> Option<&journal::EntryId> {
        match self {
            ChangeRequest::Undo(entry) | ChangeRequest::UndoByReplacement(entry) => Some(entry),
            ChangeRequest::Retag(_) | ChangeRequest::Delete(_) | ChangeRequest::Copy(_) => None,
        }
    }

    /// Returns the repository that the request reads images from, if it is not the one that it changes.
    pub(crate) fn source(&self) -> Option<&Repository> {
        match self {
            ChangeRequest::Copy(request) => Some(&request.from),
            ChangeRequest::Retag(_)
            | ChangeRequest::Delete(_)
            | ChangeRequest::Undo(_)
            | ChangeRequest::UndoByReplacement(_) => None,
        }
    }

    /// Returns the content that a change brought to a repository and that stays there after its tags are removed. Undo
    /// removes names, never content, because others may use it by now.
    pub(crate) fn added_content(&self) -> Option<(&'static str, &Repository)> {
        match self {
            ChangeRequest::Copy(request) if request.referrers => {
                Some(("the images, their referrers and their blobs", &request.to))
            }
            ChangeRequest::Copy(request) => Some(("the images and their blobs", &request.to)),
            ChangeRequest::Retag(request) => {
                let to = request.items.iter().map(|(_, to, _)| to).find(|to| **to != request.from)?;
                Some(("the images and their blobs", to))
            }
            ChangeRequest::Delete(_) | ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_) => None,
        }
    }

    /// Returns the method by which the request removes tags, if it names one.
    pub fn method(&self) -> Option<delete::DeleteMethod> {
        match self {
            ChangeRequest::Retag(request) => request.mode.method(),
            ChangeRequest::Delete(request) => request.method,
            ChangeRequest::Copy(_) => None,
            ChangeRequest::Undo(_) => Some(delete::DeleteMethod::Untag),
            ChangeRequest::UndoByReplacement(_) => Some(delete::DeleteMethod::Replace),
        }
    }

    /// Returns whether images that lose a tag are to be kept under a tag of their own.
    pub fn keeps_images(&self) -> bool {
        match self {
            ChangeRequest::Retag(request) => request.keep,
            ChangeRequest::Delete(request) => request.keep,
            ChangeRequest::Copy(request) => request.keep,
            ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_) => false,
        }
    }

    /// Sets whether images that lose a tag are kept. An undo keeps none.
    pub fn set_keep(&mut self, keep: bool) {
        match self {
            ChangeRequest::Retag(request) => request.keep = keep,
            ChangeRequest::Delete(request) => request.keep = keep,
            ChangeRequest::Copy(request) => request.keep = keep,
            ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_) => {}
        }
    }

    /// Sets the method by which tags are removed. Does nothing for copies and for retags that keep the old tags, since
    /// they remove none.
    pub(crate) fn use_method(&mut self, method: delete::DeleteMethod) {
        if let Some(entry) = self.undoes().cloned() {
            *self = match method {
                delete::DeleteMethod::Replace => ChangeRequest::UndoByReplacement(entry),
                delete::DeleteMethod::Untag | delete::DeleteMethod::OwnApi | delete::DeleteMethod::Image => {
                    ChangeRequest::Undo(entry)
                }
            };
            return;
        }
        match self {
            ChangeRequest::Delete(request) => request.method = Some(method),
            ChangeRequest::Retag(request) if request.mode.moves() => {
                request.mode = retag::RetagMode::with_method(method);
            }
            _ => {}
        }
    }
}

/// A plan: everything that the change will do. It is made by asking the registries, before anything is changed, and is
/// carried out once it is confirmed.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ChangePlan {
    /// Tags to put.
    Retag(retag::RetagPlan),
    /// Tags or images to remove.
    Delete(delete::DeletePlan),
    /// Images to copy.
    Copy(copy::CopyPlan),
    /// Manifests and tags to put back.
    Undo(undo::UndoPlan),
}

/// The parts that plans of every kind have.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PlanCommon {
    /// The rule that forbids the change, if there is one.
    pub refused: Option<Refusal>,
    /// The reason why the server cannot do the change by this method, and a hint that makes it possible. Other methods
    /// may work.
    pub blocked: Option<Refusal>,
    /// The methods by which tags can be removed, if there is a choice.
    pub methods: Vec<delete::DeleteMethod>,
    /// The images that lose a tag, and how the registry treats them. An undo has none: it loses no image that the
    /// change itself had not announced.
    pub loss: loss::Loss,
    /// Images that were asked for and cannot be part of the plan, each with the reason.
    pub unresolved: Vec<progress::Unresolved>,
    /// Other facts that the user should know before confirming.
    pub notes: Vec<SafeText>,
    /// The repository name that the user must type to confirm, if much is at stake or a rule protects the repository.
    pub name_to_type: Option<RepositoryName>,
    /// The counted requests that carrying it out needs at each registry, where that is worth being stated.
    #[serde(skip)]
    pub needs: Vec<RequestNeed>,
}

impl PlanCommon {
    /// Returns the reason why nothing of the plan can be carried out: a rule, or the server.
    pub(crate) fn obstacle(&self) -> Option<&Refusal> {
        self.refused.as_ref().or(self.blocked.as_ref())
    }
}

impl ChangePlan {
    /// Returns the parts that plans of every kind have.
    pub fn common(&self) -> &PlanCommon {
        match self {
            ChangePlan::Retag(plan) => &plan.common,
            ChangePlan::Delete(plan) => &plan.common,
            ChangePlan::Copy(plan) => &plan.common,
            ChangePlan::Undo(plan) => &plan.common,
        }
    }

    /// Returns the same, to be changed.
    pub(crate) fn common_mut(&mut self) -> &mut PlanCommon {
        match self {
            ChangePlan::Retag(plan) => &mut plan.common,
            ChangePlan::Delete(plan) => &mut plan.common,
            ChangePlan::Copy(plan) => &mut plan.common,
            ChangePlan::Undo(plan) => &mut plan.common,
        }
    }

    /// Returns the plan in a few words: `retag team/app:1.4.2 → stable`.
    pub fn title(&self) -> SafeText {
        match self {
            ChangePlan::Retag(plan) => plan.title(),
            ChangePlan::Delete(plan) => plan.title(),
            ChangePlan::Copy(plan) => plan.title(),
            ChangePlan::Undo(plan) => plan.title(),
        }
    }

    /// Returns the method by which the plan removes tags, if it removes any.
    pub fn method(&self) -> Option<delete::DeleteMethod> {
        match self {
            ChangePlan::Retag(plan) => plan.mode.method(),
            ChangePlan::Delete(plan) => Some(plan.method),
            ChangePlan::Copy(_) => None,
            ChangePlan::Undo(plan) => Some(plan.method),
        }
    }

    /// Returns whether the plan neither replaces nor removes anything that exists now.
    pub(crate) fn is_harmless(&self) -> bool {
        match self {
            ChangePlan::Retag(plan) => {
                let replaces = |step: &retag::RetagStep| step.replaces.is_some() && !step.is_done();
                !plan.mode.moves() && !plan.steps.iter().any(replaces)
            }
            ChangePlan::Copy(plan) => !plan.images.iter().any(copy::ImageToCopy::replaces_image),
            ChangePlan::Delete(_) | ChangePlan::Undo(_) => false,
        }
    }

    /// Returns whether tags are removed by replacements, which the user confirms separately.
    pub fn replaces_images(&self) -> bool {
        match self {
            ChangePlan::Retag(plan) => plan.mode == retag::RetagMode::MoveByReplacement,
            ChangePlan::Delete(plan) => plan.method == delete::DeleteMethod::Replace,
            ChangePlan::Copy(_) => false,
            ChangePlan::Undo(plan) => plan.steps.iter().any(|step| step.by_replacement),
        }
    }

    /// Returns the registries on which the plan makes new tags, which an undo deletes again, and whether an undo has
    /// something to put back as well.
    pub(crate) fn undo_needs(&self) -> (Vec<Host>, bool) {
        match self {
            ChangePlan::Retag(plan) => {
                let (new, old): (Vec<_>, Vec<_>) = plan
                    .steps
                    .iter()
                    .filter(|step| !step.is_done())
                    .partition(|step| step.replaces.is_none());
                let puts_back = !old.is_empty() || plan.mode.moves();
                (new.into_iter().map(|step| step.to.host.clone()).collect(), puts_back)
            }
            ChangePlan::Copy(plan) => {
                let (old, new): (Vec<_>, Vec<_>) = plan
                    .images
                    .iter()
                    .filter(|image| !image.is_done())
                    .partition(|image| image.replaces_image());
                let hosts = if new.is_empty() { Vec::new() } else { vec![plan.to.host.clone()] };
                (hosts, !old.is_empty())
            }
            ChangePlan::Delete(_) | ChangePlan::Undo(_) => (Vec::new(), true),
        }
    }

    /// Returns the repositories that look different after the change.
    pub(crate) fn changed_repositories(&self) -> Vec<Repository> {
        let mut all: Vec<Repository> = match self {
            ChangePlan::Retag(plan) => {
                plan.steps.iter().map(|step| step.to.clone()).chain([plan.from.clone()]).collect()
            }
            ChangePlan::Delete(plan) => vec![plan.repository.clone()],
            ChangePlan::Copy(plan) => vec![plan.to.clone()],
            ChangePlan::Undo(plan) => plan.steps.iter().map(|step| step.repository.clone()).collect(),
        };
        all.sort_by_key(Repository::to_string);
        all.dedup();
        all
    }
}

/// Builders of plans and journal entries, for all unit tests and for `tests/`.
#[cfg(test)]
#[path = "../../tests/support/plans.rs"]
#[expect(unreachable_pub, reason = "the tests in `tests/` use it too")]
pub(crate) mod builders;

#[cfg(test)]
mod tests {
    use super::builders::*;
    use super::copy::{CopyRequest, ImageToCopy, What};
    use super::delete::DeleteMethod::{Image, Replace, Untag};
    use super::retag::RetagMode::{Add, Move, MoveByReplacement};
    use super::retag::RetagStep;
    use super::undo::UndoStep;
    use super::*;

    fn retag(mode: retag::RetagMode, replaces: &[Option<&str>]) -> ChangePlan {
        let step = |replaced: &Option<&str>| RetagStep {
            replaces: replaced.map(digest),
            ..retag_step("1.4.2", "stable")
        };
        ChangePlan::Retag(retag_plan(mode, replaces.iter().map(step).collect()))
    }

    fn delete(method: delete::DeleteMethod) -> ChangePlan {
        ChangePlan::Delete(delete_plan(method, vec![image_to_delete("a", &["1.4.2"])]))
    }

    fn copy(replaces: &[Option<&str>]) -> ChangePlan {
        let image =
            |replaced: &Option<&str>| ImageToCopy { replaces: replaced.map(digest), ..image_to_copy("1") };
        ChangePlan::Copy(copy_plan(replaces.iter().map(image).collect()))
    }

    fn undo(by_replacement: bool) -> ChangePlan {
        ChangePlan::Undo(undo_plan(vec![UndoStep { by_replacement, ..undo_step("1.4.2", None, Some("a")) }]))
    }

    /// The new image is `a` in all of them.
    #[test]
    fn only_plans_that_replace_and_remove_nothing_are_harmless() {
        let (a, b) = (Some("a"), Some("b"));
        let table = [
            ("a new tag", retag(Add, &[None]), true),
            ("a tag that has the image already", retag(Add, &[a]), true),
            ("one of two tags has another image", retag(Add, &[None, b]), false),
            ("the old tag goes", retag(Move, &[None]), false),
            ("the old tag goes by replacement", retag(MoveByReplacement, &[None]), false),
            ("a copy to a free tag", copy(&[None]), true),
            ("a copy of an image that is there", copy(&[a]), true),
            ("a copy over another image", copy(&[a, b]), false),
            ("an untagging", delete(Untag), false),
            ("an undo", undo(false), false),
        ];
        for (case, plan, is_harmless) in table {
            assert_eq!(plan.is_harmless(), is_harmless, "{case}");
        }
    }

    #[test]
    fn every_plan_that_uses_replacements_says_so() {
        let table = [
            ("an added tag", retag(Add, &[None]), None, false),
            ("a rename", retag(Move, &[None]), Some(Untag), false),
            ("a rename by replacement", retag(MoveByReplacement, &[None]), Some(Replace), true),
            ("an untagging", delete(Untag), Some(Untag), false),
            ("a deleted image", delete(Image), Some(Image), false),
            ("an untagging by replacement", delete(Replace), Some(Replace), true),
            ("a copy", copy(&[Some("b")]), None, false),
            ("an undo", undo(false), Some(Untag), false),
            ("an undo with a step by replacement", undo(true), Some(Untag), true),
        ];
        for (case, plan, method, replaces) in table {
            assert_eq!((plan.method(), plan.replaces_images()), (method, replaces), "{case}");
        }
    }

    #[test]
    fn an_undo_deletes_the_tags_that_were_new_and_puts_back_those_that_were_replaced() {
        let (a, b) = (Some("a"), Some("b"));
        let table: [(&str, ChangePlan, &[&str], bool); 9] = [
            ("a new tag", retag(Add, &[None]), &["r.test"], false),
            ("a replaced tag", retag(Add, &[b]), &[], true),
            ("a tag in place already", retag(Add, &[a]), &[], false),
            ("a rename", retag(Move, &[None]), &["r.test"], true),
            ("a copy to a free tag", copy(&[None]), &["b.test"], false),
            ("a copy over another image", copy(&[b]), &[], true),
            ("a copy of both kinds", copy(&[None, b, a]), &["b.test"], true),
            ("a delete", delete(Image), &[], true),
            ("an undo", undo(false), &[], true),
        ];
        for (case, plan, hosts, puts_back) in table {
            let (untags, restores) = plan.undo_needs();
            let untags: Vec<&str> = untags.iter().map(Host::as_str).collect();
            assert_eq!((untags.as_slice(), restores), (hosts, puts_back), "{case}");
        }
    }

    #[test]
    fn each_repository_that_changes_is_named_once() {
        let elsewhere = |name: &str| RetagStep { to: repository(name), ..retag_step("1", "2") };
        let steps = vec![elsewhere("r.test/z"), elsewhere("r.test/b"), elsewhere("r.test/b")];
        let both = [undo_step("1", None, Some("a")), undo_step("2", None, Some("a"))];
        let table: [(&str, ChangePlan, &[&str]); 4] = [
            (
                "a retag",
                ChangePlan::Retag(retag_plan(Add, steps)),
                &["r.test/b", "r.test/team/app", "r.test/z"],
            ),
            ("a delete", delete(Untag), &["r.test/team/app"]),
            ("a copy", copy(&[None]), &["b.test/team/app"]),
            ("an undo", ChangePlan::Undo(undo_plan(both.into())), &["r.test/team/app"]),
        ];
        for (case, plan, expected) in table {
            let changed: Vec<String> =
                plan.changed_repositories().iter().map(Repository::to_string).collect();
            assert_eq!(changed, expected, "{case}");
        }
    }

    #[test]
    fn a_rule_is_named_before_the_reason_of_the_server() {
        let (rule, server) = (refusal("r.test is read-only"), refusal("405"));
        let common = |refused: &Option<Refusal>, blocked: &Option<Refusal>| PlanCommon {
            refused: refused.clone(),
            blocked: blocked.clone(),
            ..PlanCommon::default()
        };
        let (rule, server) = (Some(rule), Some(server));
        for (refused, blocked, obstacle) in
            [(&None, &None, &None), (&rule, &None, &rule), (&None, &server, &server), (&rule, &server, &rule)]
        {
            assert_eq!(common(refused, blocked).obstacle(), obstacle.as_ref());
        }
    }

    #[test]
    fn a_request_takes_the_methods_that_it_knows() {
        let entry = journal::EntryId("1".into());
        let retag = |mode| ChangeRequest::Retag(retag_request(mode, &[("1", "2")]));
        let delete = |method| {
            ChangeRequest::Delete(delete::DeleteRequest { method: Some(method), ..delete_request(&["1"]) })
        };
        let copy = || ChangeRequest::Copy(copy_request(What::AllTags));
        let (undo, replacing) =
            (ChangeRequest::Undo(entry.clone()), ChangeRequest::UndoByReplacement(entry.clone()));
        // The request, the method that is chosen, and the request afterwards.
        let table = [
            (delete(Untag), Image, delete(Image)),
            (delete(Image), Replace, delete(Replace)),
            (retag(Move), Replace, retag(MoveByReplacement)),
            (retag(MoveByReplacement), Untag, retag(Move)),
            // An image never goes with its old tag, and a tag that is added removes none.
            (retag(MoveByReplacement), Image, retag(Move)),
            (retag(Add), Replace, retag(Add)),
            (copy(), Image, copy()),
            (undo.clone(), Replace, replacing.clone()),
            (replacing, Untag, undo),
        ];
        for (before, method, after) in table {
            let mut request = before.clone();
            request.use_method(method);
            assert_eq!(request, after, "{before:?} by {method:?}");
        }
    }

    #[test]
    fn an_undo_keeps_no_images_and_every_other_change_can() {
        let mut requests = [
            (ChangeRequest::Retag(retag_request(Add, &[("1", "2")])), true),
            (ChangeRequest::Delete(delete_request(&["1"])), true),
            (ChangeRequest::Copy(copy_request(What::AllTags)), true),
            (ChangeRequest::Undo(journal::EntryId("1".into())), false),
        ];
        for (request, can_keep) in &mut requests {
            request.set_keep(true);
            assert_eq!(request.keeps_images(), *can_keep, "{request:?}");
        }
    }

    #[test]
    fn content_that_an_undo_leaves_behind_is_named_with_its_repository() {
        let retag = |to: &str| {
            let mut request = retag_request(Add, &[("1", "2"), ("1", "3")]);
            request.items[1].1 = repository(to);
            ChangeRequest::Retag(request)
        };
        let copy = |referrers| ChangeRequest::Copy(CopyRequest { referrers, ..copy_request(What::AllTags) });
        let table = [
            (retag("r.test/team/app"), None),
            (retag("r.test/b"), Some(("the images and their blobs", "r.test/b"))),
            (copy(false), Some(("the images and their blobs", "b.test/team/app"))),
            (copy(true), Some(("the images, their referrers and their blobs", "b.test/team/app"))),
            (ChangeRequest::Delete(delete_request(&["1"])), None),
            (ChangeRequest::Undo(journal::EntryId("1".into())), None),
        ];
        for (request, expected) in table {
            let added = request.added_content().map(|(what, place)| (what, place.to_string()));
            assert_eq!(added, expected.map(|(what, place)| (what, place.to_string())), "{request:?}");
        }
    }
}
